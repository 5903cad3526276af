"""Pictures: decoding files, resizing, and changing the number of channels.

Pictures are never stretched: each is scaled until it covers the target size, and what exceeds it
is cut off evenly at both ends. Scaling uses Pillow's bilinear filter, whose support grows when a
picture shrinks (antialiasing).
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from designer.errors import DesignerError

Array = NDArray[Any]

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"})

# Only these decoders are tried. Pillow chooses by a file's content, not its name, and some of its
# other decoders are dangerous: EPS starts Ghostscript.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
_BANDS = 4  # of Pillow's mode CMYK, the only one with four independent bands
_ORIENTATION = 0x0112  # the EXIF tag; from 5 on, height and width are exchanged


def fit(images: Array, *, height: int, width: int, channels: int) -> Array:
    """Return ``images`` (n, H, W, C) as (n, channels, height, width) of the same dtype.

    One channel becomes three by repetition; three become one by luminance (ITU-R 601-2, as in
    Pillow's mode ``L``).

    Raises
    ------
    DesignerError
        The number of channels would have to change in any other way.
    """
    own = images.shape[3]
    if (own, channels) == (3, 1):
        images = _luminance(images)
    elif own != channels and (own, channels) != (1, 3):
        raise DesignerError(
            f"Images cannot be converted from {own} to {channels} channels: set the channels of "
            f"the network's input to {own}."
        )
    planes = images.transpose(0, 3, 1, 2)
    if planes.shape[2:] != (height, width):
        planes = _resized(planes, height=height, width=width)
    if planes.shape[1] != channels:
        planes = np.repeat(planes, channels, axis=1)
    return np.ascontiguousarray(planes)


def read_picture(path: Path, *, height: int, width: int, channels: int) -> Array:
    """Return the picture in the file ``path`` as uint8 (channels, height, width).

    The first frame is taken and turned as its EXIF orientation says; palettes are resolved, 16 bits
    become 8, and transparent pixels become white.

    Raises
    ------
    DesignerError
        The file is damaged, too large or unusable, or ``channels`` is not 1 or 3.
    """
    if channels not in (1, 3):
        raise DesignerError(
            f"Picture files can be read with 1 or 3 channels, not {channels}: "
            "give the network's input 1 or 3 channels."
        )
    with _opened(path) as file:
        # A JPEG can be decoded at a fraction of its size, several times faster. Twice the target
        # size leaves the antialiasing to the resize below.
        side = 2 * max(height, width)
        file.draft(None, (side, side))
        image = ImageOps.exif_transpose(file)
        image = _flattened(image, path).convert("L" if channels == 1 else "RGB")
        if image.size != (width, height):
            box = _covering_box(image.size, (width, height))
            image = image.resize((width, height), Image.Resampling.BILINEAR, box=box)
        pixels = np.array(image)
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def picture_shape(path: Path) -> tuple[int, int, int]:
    """Return (height, width, channels) of the picture in a file, from its header.

    Raises
    ------
    DesignerError
        The file is damaged or too large.
    """
    with _opened(path) as image:
        width, height = image.size
        if image.getexif().get(_ORIENTATION, 1) >= 5:
            width, height = height, width
        gray = image.mode in ("1", "L", "LA") or image.mode.startswith("I")
        return height, width, 1 if gray else 3


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open a picture file; any error while it is in use becomes a DesignerError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about odd metadata, which we do not use
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(path, formats=_FORMATS) as image:
                yield image
        except DesignerError:
            raise
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise DesignerError(
                f"The picture {path} has more than {Image.MAX_IMAGE_PIXELS:,} pixels: "
                "shrink it or remove it."
            ) from error
        except UnidentifiedImageError as error:
            raise DesignerError(
                f"{path} is not a picture in one of the formats {', '.join(_FORMATS)}: "
                "remove it or replace it."
            ) from error
        except Exception as error:  # decoders raise almost anything on damaged files
            raise DesignerError(
                f"The picture {path} cannot be read ({error}): remove it or replace it."
            ) from error


def _flattened(image: Image.Image, path: Path) -> Image.Image:
    """Return the picture without alpha and with 8 bits a channel."""
    if image.mode == "F":
        raise DesignerError(
            f"The picture {path} has floating-point pixels of unknown scale: "
            "save it with 8 or 16 bits, or save the images as a NumPy archive (.npz)."
        )
    if image.mode.startswith("I"):  # 16 bits, which Pillow also opens as 32
        return Image.fromarray((np.asarray(image).clip(0, 0xFFFF) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        canvas = Image.new("RGBA", image.size, "white")
        canvas.alpha_composite(image.convert("RGBA"))
        return canvas.convert("RGB")
    return image


def _resized(planes: Array, *, height: int, width: int) -> Array:
    """Return (n, C, H, W) as (n, C, height, width), each plane scaled separately."""
    n, channels, own_height, own_width = planes.shape
    box = _covering_box((own_width, own_height), (width, height))
    single = planes.reshape(-1, own_height, own_width)
    result = np.empty((len(single), height, width), planes.dtype)
    if planes.dtype == np.uint8:
        # Four planes are scaled as one picture, whose bands Pillow scales independently: for small
        # images, most of the time is the fixed cost of a call.
        whole = len(single) // _BANDS * _BANDS
        packed = np.ascontiguousarray(
            single[:whole].reshape(-1, _BANDS, own_height, own_width).transpose(0, 2, 3, 1)
        )
        scaled = result[:whole].reshape(-1, _BANDS, height, width)
        for index, bands in enumerate(packed):
            picture = Image.fromarray(bands, "CMYK")
            shrunk = picture.resize((width, height), Image.Resampling.BILINEAR, box=box)
            scaled[index] = np.asarray(shrunk).transpose(2, 0, 1)
    else:
        whole = 0
    for index in range(whole, len(single)):
        plane = Image.fromarray(np.ascontiguousarray(single[index]))
        result[index] = plane.resize((width, height), Image.Resampling.BILINEAR, box=box)
    return result.reshape(n, channels, height, width)


def _covering_box(
    size: tuple[int, int], target: tuple[int, int]
) -> tuple[float, float, float, float]:
    """Return the largest centered box (left, top, right, bottom) with the proportions of target.

    Both sizes are (width, height).
    """
    scale = min(size[0] / target[0], size[1] / target[1])
    # Rounding may give -1e-15, and Pillow refuses a box outside of the picture.
    left, top = (
        max(0.0, (own - wanted * scale) / 2) for own, wanted in zip(size, target, strict=True)
    )
    return left, top, size[0] - left, size[1] - top


def _luminance(images: Array) -> Array:
    """Return (n, H, W, 3) as (n, H, W, 1), rounded as Pillow rounds for uint8."""
    if images.dtype == np.uint8:
        red, green, blue = np.moveaxis(images.astype(np.uint32), 3, 0)
        gray = ((19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16).astype(np.uint8)
    else:
        gray = images @ np.array([0.299, 0.587, 0.114], images.dtype)
    return np.expand_dims(gray, 3)
