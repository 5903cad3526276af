"""Where the values of a field lie along an axis, and which color each has."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from designer.gui.base import color_map
from designer.gui.base.contrast import legible
from designer.gui.base.theme import colors
from designer.gui.studies import wording
from designer.studies.answers.table import Row
from designer.studies.grids import choices_of
from designer.studies.spec import Choice, Varied

Array = NDArray[np.float64]
_LOG_RATIO = 20  # positive numbers whose largest is so many times the smallest lie by ratios
_MARKED = 8  # different numbers, up to which they stand along the axis
_FREE = 0.06  # share of an axis beside the outermost values


@dataclass(frozen=True)
class Scale:
    """An axis.

    Attributes
    ----------
    names
        The values in words, which lie at 0, 1, 2 ...; empty for numbers.
    log
        Whether positions of numbers are logarithms to the base ten.
    ends
        The lowest and the highest position to show.
    marks
        Positions with what stands there; empty for round numbers.
    """

    names: tuple[str, ...]
    log: bool
    ends: tuple[float, float]
    marks: tuple[tuple[float, str], ...] = ()

    def at(self, value: Choice) -> float:
        """Return the position of a value, NaN if it has none."""
        if self.names:
            text = wording.value(value)
            return float(self.names.index(text)) if text in self.names else math.nan
        if not _is_number(value):
            return math.nan
        if self.log:
            return math.log10(value) if value > 0 else math.nan
        return float(value)

    def share(self, value: Choice) -> float:
        """Return where a value lies between the ends, from 0 to 1."""
        low, high = self.ends
        return (self.at(value) - low) / (high - low)

    def color(self, value: Choice) -> str:
        """Return the color of a value: by its place between the ends."""
        share = self.share(value)
        if not math.isfinite(share):
            return colors().faint_text
        palette = color_map.palette()
        step = round(min(max(share, 0.0), 1.0) * (len(palette) - 1))
        return legible(palette[step].name(), colors().window)


def _is_number(value: Choice) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def of_field(varied: Varied, rows: Sequence[Row]) -> Scale:
    """Return the axis of a field, with room for all values that were tried.

    Parameters
    ----------
    varied
        The field.
    rows
        The candidates.
    """
    tried: list[Choice] = [row.values.get(varied.name) for row in rows]
    known: list[Choice] = [] if varied.range is not None else list(choices_of(varied))
    if tried and all(map(_is_number, [*tried, *known])):
        log = None if varied.range is None else varied.range.log
        tried += known
        found = of_numbers(tried, log=log)
        different = sorted(set(tried))
        if len(different) > _MARKED:
            return found
        marks = tuple((found.at(each), wording.value(each)) for each in different)
        return replace(found, marks=marks)
    names = tuple(dict.fromkeys(map(wording.value, [*known, *tried])))
    marks = tuple((float(place), name) for place, name in enumerate(names))
    return Scale(names, False, (-0.5, max(len(names), 1) - 0.5), marks)


def of_numbers(values: Sequence[float], *, log: bool | None = None) -> Scale:
    """Return the axis of numbers.

    Parameters
    ----------
    values
        What is shown; those that are not finite do not count.
    log
        Whether it is logarithmic; None for what suits the values.
    """
    finite = [float(value) for value in values if math.isfinite(value)]
    positive = bool(finite) and min(finite) > 0
    if log is None:
        log = positive and max(finite) / min(finite) >= _LOG_RATIO
    if log and positive:
        finite = [math.log10(value) for value in finite]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    free = _FREE * (high - low) if high > low else abs(high) * 0.1 or 0.5
    return Scale((), log and positive, (low - free, high + free))
