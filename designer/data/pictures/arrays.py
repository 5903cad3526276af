"""Pictures in arrays: brought into the form that a network takes, as decoded ones are."""

import numpy as np
from PIL import Image

from designer.data.pictures.form import Array, PictureForm, inner, placement
from designer.errors import DesignerError

_BANDS = 4  # of Pillow's mode CMYK, the only one with four independent bands


def fitted(images: Array, form: PictureForm) -> Array:
    """Return ``images`` (n, H, W, C) as (n, channels, height, width) of the same dtype.

    One channel becomes three by repetition; three become one by luminance (ITU-R 601-2, as in
    Pillow's mode ``L``). The result for uint8 is that of `decode` for the same picture in a PNG
    file.

    Raises
    ------
    DesignerError
        The number of channels would have to change in any other way.
    """
    own = images.shape[3]
    if (own, form.channels) == (3, 1):
        images = _luminance(images)
    elif own != form.channels and (own, form.channels) != (1, 3):
        raise DesignerError(
            f"Images cannot be converted from {own} to {form.channels} channels: set the channels "
            f"of the network's input to {own}."
        )
    planes = images.transpose(0, 3, 1, 2)
    if planes.shape[2:] != (form.height, form.width):
        planes = _resized(planes, form)
    if planes.shape[1] != form.channels:
        planes = np.repeat(planes, form.channels, axis=1)
    return np.ascontiguousarray(planes)


def fit(images: Array, *, height: int, width: int, channels: int) -> Array:
    """Return ``images`` (n, H, W, C) cropped to (n, channels, height, width); see `fitted`."""
    return fitted(images, PictureForm(channels, height, width))


def _resized(planes: Array, form: PictureForm) -> Array:
    """Return (n, C, H, W) as (n, C, height, width), each plane scaled separately."""
    n, channels, own_height, own_width = planes.shape
    box, size = placement((own_width, own_height), form)
    single = planes.reshape(-1, own_height, own_width)
    covered = size == (form.width, form.height)
    make = np.empty if covered else np.zeros
    result = make((len(single), form.height, form.width), planes.dtype)
    scaled = inner(result, size)
    if planes.dtype == np.uint8:
        # Four planes are scaled as one picture, whose bands Pillow scales independently: for small
        # images, most of the time is the fixed cost of a call.
        whole = len(single) // _BANDS * _BANDS
        packed = np.ascontiguousarray(
            single[:whole].reshape(-1, _BANDS, own_height, own_width).transpose(0, 2, 3, 1)
        )
        for index, bands in enumerate(packed):
            picture = Image.fromarray(bands, "CMYK")
            shrunk = picture.resize(size, Image.Resampling.BILINEAR, box=box)
            first = index * _BANDS
            scaled[first : first + _BANDS] = np.asarray(shrunk).transpose(2, 0, 1)
    else:
        whole = 0
    for index in range(whole, len(single)):
        plane = Image.fromarray(np.ascontiguousarray(single[index]))
        scaled[index] = plane.resize(size, Image.Resampling.BILINEAR, box=box)
    return result.reshape(n, channels, form.height, form.width)


def _luminance(images: Array) -> Array:
    """Return (n, H, W, 3) as (n, H, W, 1), rounded as Pillow rounds for uint8."""
    if images.dtype == np.uint8:
        red, green, blue = np.moveaxis(images.astype(np.uint32), 3, 0)
        gray = ((19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16).astype(np.uint8)
    else:
        gray = images @ np.array([0.299, 0.587, 0.114], images.dtype)
    return np.expand_dims(gray, 3)
