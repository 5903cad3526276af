"""Decoding one encoded picture to the form that a network takes."""

import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from designer.data.pictures.files import (
    TURNS,
    BrokenPicture,
    is_deep,
    opened,
    orientation,
)
from designer.data.pictures.form import Array, PictureForm, inner, placement
from designer.data.pictures.levels import Levels, as_image, deep_values, range_of
from designer.data.pictures.portable import as_eight_bits
from designer.errors import DesignerError

_MARGIN = 2  # times the size that is wanted: the least at which a JPEG file is decoded


def decode(
    content: bytes,
    name: str,
    form: PictureForm,
    *,
    levels: Levels | None = None,
    out: Array | None = None,
) -> Array:
    """Return an encoded picture in the form that a network takes.

    The first frame is taken and turned as its EXIF orientation says; palettes are resolved, and
    transparent pixels become white. Scaling uses Pillow's bilinear filter, whose support grows when
    a picture shrinks (antialiasing).

    Parameters
    ----------
    content, name
        The file's bytes, and what errors call it.
    form
        What is wanted, with 1 or 3 channels.
    levels
        The range of the gray values of deep pictures, of more than 8 bits.
    out
        An array (channels, height, width) to write into, of the type that is returned.

    Returns
    -------
    Array
        (channels, height, width): uint8 without ``levels``; with them float32 between 0 and 1, also
        of pictures of 8 bits, whose white is then 255.

    Raises
    ------
    BrokenPicture
        The picture cannot be read.
    DesignerError
        ``form`` has neither 1 nor 3 channels, or the picture is deep and ``levels`` is None.
    """
    _check_channels(form)
    dtype = np.uint8 if levels is None else np.float32
    if out is None:
        out = np.empty((form.channels, form.height, form.width), dtype)
    elif out.dtype != dtype:
        raise TypeError(f"out is {out.dtype} where the picture is {np.dtype(dtype)}")
    with opened(content, name) as file:
        if is_deep(file):
            if levels is None:
                raise DesignerError(
                    f"The picture {name} has gray values of more than 8 bits: say which of them "
                    "are black and white (data.gray_range)."
                )
            image = as_image(levels.scaled(deep_values(file, name)))
            _place(image, image.size, file, form, out)
        else:
            own = _drafted(file, form)
            image = _eight_bits(file, form)
            _place(image, own or image.size, file, form, out)
            if levels is not None:
                out /= 255
    return out


def read_picture(path: Path, *, height: int, width: int, channels: int) -> Array:
    """Return the picture in a file, cropped to (channels, height, width).

    It is uint8; a deep picture, of more than 8 bits, is float32, scaled by its own range.

    Raises
    ------
    DesignerError
        The file cannot be read, or ``channels`` is not 1 or 3.
    """
    form = PictureForm(channels, height, width)
    _check_channels(form)
    content = file_content(path)
    with opened(content, str(path)) as file:
        levels = range_of(deep_values(file, str(path))) if is_deep(file) else None
    return decode(content, str(path), form, levels=levels)


def file_content(path: Path, most: int | None = None) -> bytes:
    """Return the bytes of a picture file, or at most ``most`` from its start.

    Raises
    ------
    BrokenPicture
        The file cannot be read, or is a device or a pipe, which might never end.
    """
    try:
        mode = path.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # a folder has a reason of its own
            raise BrokenPicture(str(path), "it is a device or a pipe, not a file")
        with path.open("rb") as file:
            return file.read(-1 if most is None else most)
    except OSError as error:
        raise BrokenPicture(str(path), error.strerror or str(error)) from error


def _check_channels(form: PictureForm) -> None:
    if form.channels not in (1, 3):
        raise DesignerError(
            f"Picture files can be read with 1 or 3 channels, not {form.channels}: "
            "give the network's input 1 or 3 channels."
        )


def _eight_bits(file: ImageFile, form: PictureForm) -> Image.Image:
    """Return a picture with 8 bits a channel, of mode L for one channel, else of L or RGB."""
    image = as_eight_bits(file)
    if image is None:
        file.load()  # which turns TIFF files
        image = file
    if file.has_transparency_data:
        canvas = Image.new("RGBA", file.size, "white")
        canvas.alpha_composite(file.convert("RGBA"))
        return canvas.convert("L" if form.channels == 1 else "RGB")
    if image.mode == "1":
        image = image.convert("L")
    elif image.mode not in ("L", "RGB"):
        image = image.convert("RGB")  # modes such as LAB cannot be converted to L at once
    return image.convert("L") if form.channels == 1 and image.mode == "RGB" else image


def _drafted(file: ImageFile, form: PictureForm) -> tuple[float, float] | None:
    """Let a large JPEG file be decoded at a fraction of its size; return (width, height) of that.

    The size is rounded up to whole pixels when the file is decoded, so it is returned unrounded.
    None is returned for other files, which are decoded as they are.
    """
    if not isinstance(file, JpegImageFile):
        return None
    # Decoding at a half or a quarter is several times faster. Twice the size that is wanted leaves
    # the antialiasing to the resize that follows. Luminance is stored by itself, so that for one
    # channel no colors need to be decoded.
    width, height = placement(file.size, _lying(form, file)).size
    mode = "L" if form.channels == 1 else None
    drafted = file.draft(mode, (_MARGIN * width, _MARGIN * height))
    return None if drafted is None else drafted[1][2:]


def _place(
    image: Image.Image, own: tuple[float, float], file: ImageFile, form: PictureForm, out: Array
) -> None:
    """Scale ``own`` (width, height) of a picture, turn it, write it into (channels, height, width).

    It is turned last, since it is smaller then.
    """
    box, size = placement(own, _lying(form, file))
    if image.size != size or box != (0, 0, *size):
        image = image.resize(size, Image.Resampling.BILINEAR, box=box)
    turn = TURNS.get(orientation(file))
    if turn is not None:
        image = image.transpose(turn)
    pixels = np.asarray(image)
    if image.size != (form.width, form.height):
        out[:] = 0
    inner(out, image.size)[:] = pixels if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def _lying(form: PictureForm, file: ImageFile) -> PictureForm:
    """Return the form with height and width exchanged if the picture is stored on its side."""
    if orientation(file) < 5:
        return form
    return replace(form, height=form.width, width=form.height)
