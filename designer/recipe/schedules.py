"""The schedules of the learning rate: one row each, with the rate as a function of the step."""

import math
from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar

import msgspec

from designer.recipe.settings import Group, Setting, titles

_START = 25.0  # one_cycle begins at peak / 25, as torch's OneCycleLR does by default
_END = 1e4  # and ends at 1 / 10,000 of its beginning


class Position(msgspec.Struct, frozen=True):
    """A step of a training, and what its learning rate depends on.

    Attributes
    ----------
    step
        The step, from 0.
    steps, steps_per_epoch
        Steps of the whole training and of an epoch.
    base
        ``optimizer.learning_rate``.
    warmup
        Steps of the warm-up.
    reduction
        The factor to which the plateaus of the validation loss so far have reduced the rate.
    """

    step: int
    steps: int
    steps_per_epoch: int
    base: float
    warmup: int = 0
    reduction: float = 1.0


class ScheduleKind(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule.

    Attributes
    ----------
    name, title
        Its name in a recipe, and for people.
    help
        One sentence that says what it does.
    settings
        The settings it uses; one with ``warmup_epochs`` among them rises linearly from zero first.
    rate
        The learning rate at a position, before the warm-up is applied.
    """

    name: str
    title: str
    help: str
    settings: tuple[str, ...]
    rate: Callable[["Schedule", Position], float]


def _step(schedule: "Schedule", at: Position) -> float:
    """Torch's StepLR: the rate is multiplied by `factor` every `step_epochs` epochs."""
    epoch = at.step // at.steps_per_epoch
    return float(at.base * schedule.factor ** (epoch // schedule.step_epochs))


def _cosine(schedule: "Schedule", at: Position) -> float:
    """Torch's CosineAnnealingLR over all steps behind the warm-up (Loshchilov and Hutter, 2017)."""
    done = max(at.step - at.warmup, 0) / max(at.steps - at.warmup, 1)
    return _half_wave(at.base, schedule.minimum, min(done, 1.0))


def _one_cycle(schedule: "Schedule", at: Position) -> float:
    """Smith and Topin's cycle in two phases, as torch's OneCycleLR with cosine annealing."""
    peak_at = max(schedule.rise * at.steps - 1, 0.0)
    start = at.base / _START
    if at.step < peak_at:
        return _half_wave(start, at.base, at.step / peak_at)
    fall = max(at.steps - 1 - peak_at, 1e-9)
    return _half_wave(at.base, start / _END, min((at.step - peak_at) / fall, 1.0))


def _half_wave(start: float, end: float, done: float) -> float:
    """Return the value between `start` and `end` on half a cosine wave, `done` in 0 to 1."""
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2


def _reduced(schedule: "Schedule", at: Position) -> float:
    """Torch's ReduceLROnPlateau; the training counts the plateaus and passes the reduction."""
    return max(at.base * at.reduction, min(schedule.minimum, at.base))


_ROWS = (
    ScheduleKind(
        name="constant",
        title="constant",
        help="The rate stays as it is.",
        settings=("warmup_epochs",),
        rate=lambda _, at: at.base,
    ),
    ScheduleKind(
        name="step",
        title="in steps",
        help="The rate is reduced by a factor every so many epochs.",
        settings=("warmup_epochs", "step_epochs", "factor"),
        rate=_step,
    ),
    ScheduleKind(
        name="cosine",
        title="cosine",
        help="The rate falls along half a cosine wave.",
        settings=("warmup_epochs", "minimum"),
        rate=_cosine,
    ),
    ScheduleKind(
        name="one_cycle",
        title="one cycle",
        help="The rate rises to its peak and falls far below its beginning.",
        settings=("rise",),
        rate=_one_cycle,
    ),
    ScheduleKind(
        name="reduce_on_plateau",
        title="reduce on plateau",
        help="The rate is reduced by a factor when the validation loss stops falling.",
        settings=("warmup_epochs", "factor", "patience", "minimum"),
        rate=_reduced,
    ),
)

SCHEDULES: Mapping[str, ScheduleKind] = {row.name: row for row in _ROWS}


class Schedule(Group, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the learning rate changes from ``optimizer.learning_rate`` on."""

    prefix: ClassVar[str] = "schedule."
    kinds: ClassVar[Mapping[str, ScheduleKind]] = SCHEDULES

    name: Annotated[
        str,
        Setting(
            title="Schedule",
            help="How the learning rate changes during the training.",
            choices=titles(SCHEDULES),
            reason="best accuracy within a fixed, small number of epochs",
            form="essential",
        ),
    ] = "one_cycle"
    warmup_epochs: Annotated[
        float,
        Setting(
            title="Warm-up",
            help="Epochs in which the rate rises linearly from zero.",
            unit="epochs",
            low=0.0,
        ),
    ] = 0.0
    step_epochs: Annotated[
        int,
        Setting(title="Step length", help="Epochs between two reductions.", unit="epochs", low=1),
    ] = 10
    factor: Annotated[
        float,
        Setting(
            title="Factor",
            help="What the rate is multiplied by at a reduction.",
            low=0.0,
            high=1.0,
            open_low=True,
        ),
    ] = 0.1
    patience: Annotated[
        int,
        Setting(
            title="Patience",
            help="Epochs without a better validation loss before a reduction.",
            unit="epochs",
            low=0,
        ),
    ] = 5
    minimum: Annotated[
        float,
        Setting(
            title="Lowest rate",
            help="The rate never goes below this.",
            low=0.0,
            high=1e6,
        ),
    ] = 0.0
    rise: Annotated[
        float,
        Setting(
            title="Rise",
            help="Share of the training in which the rate rises.",
            low=0.0,
            high=1.0,
        ),
    ] = 0.3


def warmup_steps(schedule: Schedule, *, steps_per_epoch: int) -> int:
    """Return the steps in which the rate rises; 0 for a schedule that has no warm-up."""
    used = "warmup_epochs" in SCHEDULES[schedule.name].settings
    return round(schedule.warmup_epochs * steps_per_epoch) if used else 0


def rate_at(schedule: Schedule, at: Position) -> float:
    """Return the learning rate of a step, the warm-up applied."""
    rate = SCHEDULES[schedule.name].rate(schedule, at)
    return rate * min(1.0, (at.step + 1) / at.warmup) if at.warmup else rate
