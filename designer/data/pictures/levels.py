"""Deep grays: the range of gray values of more than 8 bits, and scaling by it.

A file of 16 or 32 bits, or of floats, rarely says which value is white: a camera of 12 bits stores
0 to 4095 in 16 bits. So the range is that of the whole data set, or one that the user gives.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile

from designer.data.pictures.files import BrokenPicture, is_deep, opened
from designer.data.pictures.portable import binary_values, white_of
from designer.errors import DesignerError

_BITS, _WHITE_IS, _SAMPLE_FORMAT = 258, 262, 339  # TIFF tags
_UNSIGNED = 1  # value of the last; the first value of the second is that zero is white


@dataclass(frozen=True)
class Levels:
    """The range of deep grays: ``low`` becomes 0, ``high`` becomes 1.

    What lies outside is black or white. If ``low`` is ``high``, as in a single picture of one
    value, there is nothing to tell apart, and that value becomes 0.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.low) and np.isfinite(self.high) and self.low <= self.high):
            raise DesignerError(
                f"Gray values cannot be scaled by the range from {self.low} to {self.high}: give "
                "two finite numbers, the lower one first (data.gray_range)."
            )

    def scaled(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Return ``values`` of any shape as float32 between 0 and 1."""
        # In float64, as 32-bit values that lie close together would be one in float32.
        shifted: NDArray[np.float64] = np.subtract(values, self.low, dtype=np.float64)
        shifted /= (self.high - self.low) or 1.0
        np.clip(shifted, 0, 1, out=shifted)
        return shifted.astype(np.float32)


def levels_of(contents: Iterable[tuple[str, bytes]]) -> Levels | None:
    """Return the range of all deep pictures among (name, content) pairs, None if there are none.

    Raises
    ------
    BrokenPicture
        A picture cannot be read.
    """
    return joined(picture_levels(content, name) for name, content in contents)


def picture_levels(content: bytes, name: str) -> Levels | None:
    """Return the range of a picture's values; None if it is not deep, known from its header.

    Raises
    ------
    BrokenPicture
        The picture cannot be read.
    """
    with opened(content, name) as image:
        if not is_deep(image):
            return None
        return range_of(deep_values(image, name))


def joined(ranges: Iterable[Levels | None]) -> Levels | None:
    """Return the smallest range that holds all ``ranges``, None if there are none."""
    found = [levels for levels in ranges if levels is not None]
    if not found:
        return None
    return Levels(min(levels.low for levels in found), max(levels.high for levels in found))


def range_of(values: NDArray[Any]) -> Levels:
    """Return the range from the least to the greatest of ``values``."""
    return Levels(float(values.min()), float(values.max()))


def deep_values(image: ImageFile, name: str) -> NDArray[Any]:
    """Return the values of a deep picture as its file holds them, (height, width).

    Raises
    ------
    BrokenPicture
        There are floats that are no finite numbers.
    """
    portable = binary_values(image)
    if portable is not None:
        return portable
    white = white_of(image)
    values = np.asarray(image)
    if white is not None:
        return np.rint(values * (white / 0xFFFF)).astype(np.uint16)
    if image.mode == "F":
        if not np.isfinite(values).all():
            raise BrokenPicture(name, "among its floating-point values are NaN or infinity")
        return values
    tags = getattr(image, "tag_v2", {})  # of TIFF files
    if tags.get(_BITS) == (32,) and tags.get(_SAMPLE_FORMAT, (_UNSIGNED,)) == (_UNSIGNED,):
        values = values.view(np.uint32)  # Pillow reads them as signed
    if tags.get(_BITS) == (16,) and tags.get(_WHITE_IS) == 0:
        values = 0xFFFF - values  # Pillow does so for 8 bits only
    return values


def as_image(values: NDArray[np.float32]) -> Image.Image:
    """Return floats (height, width) as a picture of Pillow's mode F."""
    return Image.fromarray(np.ascontiguousarray(values))
