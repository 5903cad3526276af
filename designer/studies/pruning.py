"""Stopping trainings that fall behind: a row for each rule."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence

import msgspec

from designer.studies.spec import Pruning

Curve = Sequence[float]
"""Losses on the validation part after each epoch."""
Behind = Callable[[Pruning, Curve, Sequence[Curve]], bool]


class Pruner(msgspec.Struct, frozen=True, kw_only=True):
    """A rule.

    Attributes
    ----------
    name
        In files and on the command line.
    title
        For people.
    help
        One sentence.
    behind
        Tells by the curve of a training and those of trials that have ended whether it is stopped.
    source
        The paper or the program that the rule is from.
    """

    name: str
    title: str
    help: str
    behind: Behind
    source: str = ""


def _median(pruning: Pruning, curve: Curve, others: Sequence[Curve]) -> bool:
    epoch = len(curve)
    best = [min(each[:epoch]) for each in others if len(each) >= epoch]
    return len(best) >= pruning.trials and min(curve) > statistics.median(best)


def _halving(pruning: Pruning, curve: Curve, others: Sequence[Curve]) -> bool:
    """Go on with the best half after 1, 2, 4 ... epochs beyond the first ones."""
    epoch = len(curve)
    rung = epoch - pruning.warmup
    if rung < 1 or rung & (rung - 1):
        return False
    return _median(pruning, curve, others)


_ROWS = (
    Pruner(name="none", title="Never", help="Every training goes to its end.",
           behind=lambda *_: False),
    Pruner(
        name="median",
        title="Below the median",
        help="After each epoch, a training is stopped whose lowest validation loss is above the "
        "median of those of the others after as many epochs.",
        behind=_median,
        source="Golovin et al., 2017: Google Vizier: a service for black-box optimization",
    ),
    Pruner(
        name="halving",
        title="Successive halving",
        help="After 1, 2, 4, 8 ... epochs beyond the first ones, the worse half is stopped.",
        behind=_halving,
        source="Li et al., 2020: A system for massively parallel hyperparameter tuning",
    ),
)  # fmt: skip
PRUNERS: Mapping[str, Pruner] = {row.name: row for row in _ROWS}
"""All rows by their names."""


def falls_behind(pruning: Pruning, curve: Curve, others: Sequence[Curve]) -> bool:
    """Tell whether a training is to be stopped.

    Parameters
    ----------
    pruning
        The settings.
    curve
        Its validation losses up to now; losses that are not finite count as infinite.
    others
        Those of trials that have ended.
    """
    if len(curve) <= pruning.warmup:
        return False
    finite = [each if math.isfinite(each) else math.inf for each in curve]
    return PRUNERS[pruning.name].behind(pruning, finite, others)
