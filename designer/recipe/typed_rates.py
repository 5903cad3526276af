"""What a learning rate that is typed during a training does to the schedule: it goes on scaled."""

from typing import NamedTuple

import msgspec

from designer.recipe.schedules import Position, Schedule, rate_at

_MOST = 1000  # rates that are looked at to find the highest, before the steps around it
_TOP = 0.98  # of the highest of them: between two, a rate hardly rises more
_EQUAL = 1.001  # a rate up to so many times as large counts as the same
_LARGEST = 1e12  # factor by which a schedule may be scaled


class TypedRate(NamedTuple):
    """A learning rate that was typed, and what follows.

    Attributes
    ----------
    rate
        The rate of the next step.
    factor
        By how much all rates of the schedule are multiplied; None where the schedule cannot be
        scaled to the rate, which is held then.
    peak, peak_step
        The highest rate from the next step on, and the first step that has it.
    lowest
        The lowest one.
    """

    rate: float
    factor: float | None
    peak: float
    peak_step: int
    lowest: float


def typed_rate(schedule: Schedule, at: Position, rate: float) -> TypedRate:
    """Return what follows where a rate is typed.

    Parameters
    ----------
    schedule, at
        The schedule and the next step.
    rate
        The rate typed.
    """
    planned = rate_at(schedule, at)
    if planned * _LARGEST < rate:
        return TypedRate(rate, None, rate, at.step, rate)
    factor = rate / planned

    def scaled(step: int) -> float:
        return factor * rate_at(schedule, msgspec.structs.replace(at, step=step))

    # Rates in even distances, then all steps around those that are the highest of their neighbors.
    steps = max(at.steps, at.step + 1)
    stride = max((steps - at.step) // _MOST, 1)
    looked_at = range(at.step, steps, stride)
    rates = [scaled(step) for step in looked_at]
    tops = [
        step
        for step, before, own, after in zip(
            looked_at, (0.0, *rates), rates, (*rates[1:], 0.0), strict=False
        )
        if before < own >= after and own > _TOP * max(rates)
    ]
    around = (
        each
        for top in tops
        for each in range(max(top - stride, at.step), min(top + stride + 1, steps))
    )
    peak = max(around, key=scaled)
    return TypedRate(rate, factor, scaled(peak), peak, min(rates))


def sentence(typed: TypedRate, *, steps_per_epoch: int) -> str:
    """Return what a typed rate does to the schedule, as a sentence."""
    if typed.factor is None:
        return (
            "The schedule's own rate is almost 0 here and cannot be scaled: the rate is held until "
            "the schedule is followed again."
        )
    if typed.peak > typed.rate * _EQUAL:
        epoch = typed.peak_step // steps_per_epoch + 1
        return f"The schedule goes on scaled: it will peak at {typed.peak:.3g} in epoch {epoch}."
    if typed.lowest * _EQUAL < typed.rate:
        return "The schedule goes on scaled: it will not rise above this rate."
    return "The schedule goes on from this rate."
