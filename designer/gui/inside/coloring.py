"""Numbers as colors: those of maps on the canvas, and colors to be laid over a picture.

``BLUE_TO_RED`` is ColorBrewer's RdBu (Cynthia Brewer, Mark Harrower and The Pennsylvania State
University, Apache License 2.0), and ``HEAT`` is inferno (Nathaniel Smith and Stefan van der Walt,
CC0); people who are color-blind can read both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from designer.gui.base import numbers, signed_colors

_BLUE_TO_RED = (
    "#053061", "#2166ac", "#4393c3", "#92c5de", "#d1e5f0", "#f7f7f7",
    "#fddbc7", "#f4a582", "#d6604d", "#b2182b", "#67001f",
)  # fmt: skip
_HEAT = (
    "#000004", "#1b0c41", "#4a0c6b", "#781c6d", "#a52c60",
    "#cf4446", "#ed6925", "#fb9b06", "#f7d13d", "#fcffa4",
)  # fmt: skip
_SIGNED = tuple(signed_colors.color(each / 20 - 1) for each in range(41))
_FROM_ZERO = _SIGNED[20:]
_LAST = 254  # an even number, so that zero of a signed scale is a color of its own

Values = NDArray[np.generic]


@dataclass(frozen=True)
class Scale:
    """Which values are the first and the last color.

    Attributes
    ----------
    low, high
        These values; a scale around zero has it in the middle.
    """

    low: float
    high: float

    @property
    def signed(self) -> bool:
        """Whether it goes from blue to orange, around zero."""
        return self.low < 0

    @property
    def words(self) -> str:
        """What the colors mean, in a few words."""
        if self.signed:
            return f"blue {figure(self.low)}, black 0, orange {figure(self.high)}"
        return f"black {figure(self.low)}, orange {figure(self.high)}"


def scale_of(*values: Values) -> Scale:
    """Return the scale of some arrays together.

    Values that are nowhere below zero, as behind a ReLU, go from zero to the largest; others are
    spread evenly to both sides of zero. Values that are NaN or infinite do not count.
    """
    lows, highs = zip(*map(_ends, values), strict=True)
    low, high = min(lows), max(highs)
    if low < 0:
        most = max(-low, high)
        return Scale(-most, most)
    return Scale(0.0, high)


def colored(values: Values, scale: Scale) -> QImage:
    """Return a map (height, width) in the colors of a scale, which are those of the canvas."""
    return _image(values, scale, _table(_SIGNED if scale.signed else _FROM_ZERO))


def heat(values: Values, scale: Scale, opacity: float) -> QImage:
    """Return a map (height, width) to be laid over a picture.

    The largest values cover the picture by `opacity`, from 0 to 1, those near zero hardly at all.
    """
    colors = np.array(_table(_BLUE_TO_RED if scale.signed else _HEAT), np.int64) & 0xFFFFFF
    at = np.linspace(-1.0 if scale.signed else 0.0, 1.0, len(colors))
    alpha = (255 * opacity * np.sqrt(np.abs(at))).round().astype(np.int64)
    return _image(values, scale, (colors | alpha << 24).tolist())


def picture(values: Values, scale: Scale | None = None) -> QImage:
    """Return an image (3, height, width) in its colors, from the lowest to the highest value."""
    low, high = (scale.low, scale.high) if scale else _ends(values)
    spread = np.nan_to_num((values.astype(np.float64) - low) * (255 / ((high - low) or 1)))
    return shown(spread.clip(0, 255).round().astype(np.uint8).transpose(1, 2, 0))


def shown(pixels: NDArray[np.uint8]) -> QImage:
    """Return an image of pixels, uint8 (height, width, channels) of 1 or 3 channels."""
    rows = np.ascontiguousarray(pixels)
    height, width, channels = rows.shape
    kind = QImage.Format.Format_Grayscale8 if channels == 1 else QImage.Format.Format_RGB888
    return QImage(rows.tobytes(), width, height, width * channels, kind).copy()


def figure(value: float | None) -> str:
    """Return a measured value with three significant digits; None, which is JSON's NaN, as nan."""
    return "nan" if value is None else numbers.local(f"{value:.3g}")


def _ends(values: Values) -> tuple[float, float]:
    """Return the smallest and the largest value that is a finite number, 0 where there is none."""
    low, high = float(values.min()), float(values.max())
    if np.isfinite(low) and np.isfinite(high):
        return low, high
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _image(values: Values, scale: Scale, table: list[int]) -> QImage:
    span = (scale.high - scale.low) or 1.0
    spread = (values.astype(np.float32) - scale.low) * (_LAST / span)
    indices = np.nan_to_num(spread).clip(0, _LAST).round().astype(np.uint8)
    height, width = indices.shape
    image = QImage(indices.tobytes(), width, height, width, QImage.Format.Format_Indexed8)
    image.setColorTable(table)
    return image.copy()  # the bytes end with this function


@cache
def _table(anchors: Sequence[str]) -> list[int]:
    """Return the colors from the first to the last value, as 0xffRRGGBB."""
    colors = np.array([QColor(each).getRgb()[:3] for each in anchors], np.float64)
    at = np.linspace(0, len(anchors) - 1, _LAST + 1)
    red, green, blue = (
        np.interp(at, range(len(anchors)), colors[:, each]).round().astype(np.int64)
        for each in range(3)
    )
    mixed: list[int] = (0xFF << 24 | red << 16 | green << 8 | blue).tolist()
    return mixed
