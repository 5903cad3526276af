"""What a plot is made of: lines, bars, and marks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Line:
    """A line or a cloud of points; NaN interrupts a line.

    Attributes
    ----------
    name
        In the legend, "" for none.
    x, y
        Its points.
    color
        Of the line, and of its name.
    words
        Returns what the read-out says of a point, by its place in the line.
    points
        Whether only the points are drawn.
    faint
        Whether it is thin and dashed, as a line to compare with; it has no read-out.
    low, high
        The ends of an upright bar at each point, such as an interval; None for no bars.
    dots
        Whether the points of a line are drawn, too.
    size
        Of its points, in pixels.
    strength
        From 0, which is invisible, to 1; None for what suits: of points, those that overlap are
        darker.
    """

    name: str
    x: Array
    y: Array
    color: str
    words: Callable[[int], str] = lambda _: ""
    points: bool = False
    faint: bool = False
    low: Array | None = None
    high: Array | None = None
    dots: bool = False
    size: int = 5
    strength: float | None = None


@dataclass(frozen=True)
class Mark:
    """A point with a label, such as the break-even point."""

    x: float
    y: float
    color: str
    text: str


@dataclass(frozen=True, eq=False)
class Bars:
    """Bars that stand side by side.

    Attributes
    ----------
    left, right, bottom, top
        The edges of each.
    color
        Of all.
    strength
        From 0, which is invisible, to 1.
    """

    left: Array
    right: Array
    bottom: Array
    top: Array
    color: str
    strength: float = 1.0
