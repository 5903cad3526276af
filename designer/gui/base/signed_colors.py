"""Numbers around zero as colors: zero is nearly black, positive is orange, negative is blue.

Both sides get lighter with the absolute value, so that they are told apart in both themes and by
people who are color-blind, and what is small stays in the background.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from designer.runs.inspection import ZERO_LEVEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEVELS = 255 - ZERO_LEVEL  # on each side of it

_ANCHORS = (
    (-1.0, "#beebff"), (-0.6, "#3c8cdc"), (-0.25, "#143c78"), (0.0, "#0c0c0e"),
    (0.25, "#78370f"), (0.6, "#eb8228"), (1.0, "#ffebbe"),
)  # fmt: skip


@cache
def palette() -> "NDArray[Any]":
    """Return the color of each level, uint8 (256, 3): of 0 at `ZERO_LEVEL`, of 1 at 255."""
    import numpy as np  # the window's start avoids it

    at = (np.arange(256) - ZERO_LEVEL) / _LEVELS
    known = [place for place, _ in _ANCHORS]
    parts = np.array([[int(color[i : i + 2], 16) for i in (1, 3, 5)] for _, color in _ANCHORS])
    mixed = np.stack([np.interp(at, known, parts[:, each]) for each in range(3)], axis=1)
    colors: NDArray[Any] = mixed.round().astype(np.uint8)
    colors.setflags(write=False)
    return colors


def color(value: float) -> str:
    """Return the color of a value from -1 to 1 as #rrggbb."""
    red, green, blue = palette()[round(ZERO_LEVEL + value * _LEVELS)].tolist()
    return f"#{red:02x}{green:02x}{blue:02x}"
