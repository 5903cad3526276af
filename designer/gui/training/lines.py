"""The curves of a plot as data: which of their points are drawn, and which values are shown."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from designer.gui.worker.history import Array

MIDDLE = 0.5  # the mean of an epoch is drawn at its middle, half an epoch before its end
POINTS_PER_PIXEL = 2  # the lowest and the highest of the points that fall on a pixel
_BLOCK = 64  # points per pair of extremes in the coarse copy of a long curve
# A value is an outlier only if it is _FAR times the next lower one, and only a few can be: one of
# each curve, or this share of a long one. A curve that falls smoothly has none.
_FAR, _FEW = 10.0, 0.02


@dataclass(frozen=True, eq=False)
class Line:
    """One curve over the epochs.

    Attributes
    ----------
    name
        The name in the header, as ``training``; "" for a curve whose values are not shown there.
    detail
        What kind of value it is, added to the name where there is room: ``mean of each epoch``.
    x
        The epochs of the points, ascending.
    epochs
        For one point an epoch, the number of each one's epoch, by which points of several curves
        are compared; None for a curve of single steps.
    faint
        Whether it is the raw curve, drawn behind its smoothed one.
    marked
        Whether each point gets a dot, as long as there are few.
    mark
        pyqtgraph's name of the form of these dots.
    """

    name: str
    color: str
    x: Array
    y: Array
    faint: bool = False
    marked: bool = False
    mark: str = "o"
    dashed: bool = False
    detail: str = ""
    epochs: Array | None = None

    def seen(self, low: float, high: float, pixels: int) -> tuple[Array, Array]:
        """Return the points to draw between two epochs at a width in pixels."""
        count = np.searchsorted(self.x, high) - np.searchsorted(self.x, low)
        coarse = count > 2 * POINTS_PER_PIXEL * _BLOCK * pixels
        x, y = self._coarse if coarse else (self.x, self.y)
        first = max(int(np.searchsorted(x, low, "left")) - 1, 0)
        last = int(np.searchsorted(x, high, "right")) + 1
        x, y = x[first:last], y[first:last]
        return extremes(x, y, len(x) // max(pixels, 1))

    @cached_property
    def _coarse(self) -> tuple[Array, Array]:
        return extremes(self.x, self.y, _BLOCK)


def extremes(x: Array, y: Array, size: int) -> tuple[Array, Array]:
    """Return the lowest and the highest of every `size` points, in their order.

    The last point is always kept; below `size` 4, all points are.
    """
    if size < 2 * POINTS_PER_PIXEL:
        return x, y
    whole = len(x) // size * size
    table = y[:whole].reshape(-1, size)
    order = np.sort(np.stack((table.argmin(1), table.argmax(1)), 1), 1)
    chosen = (order + np.arange(0, whole, size)[:, None]).ravel()
    if chosen[-1] != len(x) - 1:
        chosen = np.append(chosen, len(x) - 1)
    return x[chosen], y[chosen]


def usual_top(curves: Sequence[Array]) -> float | None:
    """Return the largest value that is no outlier, None if there are no outliers.

    Parameters
    ----------
    curves
        The finite values of each curve, shape (n,); one curve at least has a value.
    """
    values = np.concatenate(curves)
    most = min(sum(max(1, int(_FEW * len(y))) for y in curves), len(values) - 1)
    if not most:
        return None
    # Sorting only the largest is faster than sorting all of a million steps.
    largest = np.sort(np.partition(values, -most - 1)[-most - 1 :])
    below, above = largest[:-1], largest[1:]
    for at in np.flatnonzero((below > 0) & (above > _FAR * below)):
        top = float(below[at])
        if all(int((y > top).sum()) <= max(1, _FEW * len(y)) for y in curves):
            return top
    return None


def epoch_at(x: float) -> int:
    """Return the epoch whose points, at its middle and at its end, are nearest to a position."""
    return max(1, math.floor(x + 0.75))


def nearest(line: Line, x: float) -> int | None:
    """Return the number of the point to show at a position in epochs, None if there is none."""
    if line.epochs is not None:
        found = np.flatnonzero(line.epochs == epoch_at(x))
        return int(found[-1]) if len(found) else None
    index = int(np.searchsorted(line.x, x))
    if index == len(line.x) or (index and x - line.x[index - 1] < line.x[index] - x):
        index -= 1
    return index
