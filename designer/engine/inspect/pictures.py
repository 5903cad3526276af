"""Pictures as a network sees them: files or examples of data, in its size, and standardized."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from designer.data.pictures import (
    Array,
    BrokenPicture,
    Levels,
    PictureForm,
    decode,
    file_content,
    picture_levels,
)
from designer.data.preparation import DataRequest, PreparedData, read_divided
from designer.engine.batches import finish
from designer.engine.inspect.subject import Loaded
from designer.engine.preparation import data_request
from designer.errors import DesignerError
from designer.runs.inspection import Picture, recipe_of


def read(pictures: Sequence[Picture], loaded: Loaded) -> Array:
    """Return pictures in the size and channels of the network's input, not yet standardized.

    Parameters
    ----------
    pictures
        Files or examples.
    loaded
        The network, with its preprocessing.

    Returns
    -------
    Array
        (n, channels, height, width): uint8, or float32 from 0 to 1 where the network learned from
        pictures of more than 8 bits.

    Raises
    ------
    DesignerError
        A picture cannot be read.
    """
    preprocessing = loaded.preprocessing
    form = PictureForm(*preprocessing.input, preprocessing.fit)  # type: ignore[arg-type]
    levels = Levels(*preprocessing.gray_range) if preprocessing.gray_range else None
    return np.stack(
        [_in_file(each, form, levels) if each.file else _example(each, loaded) for each in pictures]
    )


def network_input(images: Array, loaded: Loaded) -> Tensor:
    """Return pictures of `read` as the network's input (n, channels, height, width), float32."""
    stored = torch.from_numpy(images).to(loaded.device)
    return finish(loaded.preprocessing, device=loaded.device)(stored)


def seen(images: Array) -> Array:
    """Return pictures of `read` as uint8 (n, height, width, channels), to be shown."""
    pixels = images if images.dtype == np.uint8 else (images.clip(0, 1) * 255).round()
    shown: Array = pixels.astype(np.uint8).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(shown)


def _example(picture: Picture, loaded: Loaded) -> Array:
    """Return an example of the data of a run, or of a design's recipe."""
    recipe, shape = recipe_of(loaded.subject), loaded.preprocessing.input
    request = data_request(recipe, (shape[0], shape[1], shape[2]))
    part = getattr(_divided(request).parts, picture.part, None)
    if part is None or not 0 <= picture.index < len(part):
        raise DesignerError(
            f"The data {recipe.data.source} has no example {picture.name}: choose another, or a "
            "picture file."
        )
    image: Array = part.images.read(np.array([picture.index]), request.form)[0]
    return image


@lru_cache(maxsize=1)  # as long as the examples of one data set are looked at
def _divided(request: DataRequest) -> PreparedData:
    return read_divided(request)


def _in_file(picture: Picture, form: PictureForm, levels: Levels | None) -> Array:
    path = Path(picture.file)
    try:
        content = file_content(path)
        own = levels or picture_levels(content, str(path))
        image = decode(content, str(path), form, levels=own)
    except BrokenPicture as error:  # its remedies are those for a data set
        raise DesignerError(
            f"The picture {error.name} cannot be read ({error.reason}): choose another."
        ) from error
    if levels is None and image.dtype != np.uint8:  # a deep picture for a network of 8 bits
        image = (image * 255).round().astype(np.uint8)
    return image
