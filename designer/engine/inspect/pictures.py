"""Pictures as a network sees them: files or examples of data, in its size, and standardized."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from designer.data import Part
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
from designer.engine.batches import finish, form_of
from designer.engine.inspect.subject import Loaded
from designer.engine.preparation import data_request
from designer.errors import DesignerError
from designer.runs.begin import network_info
from designer.runs.inspection import Picture, recipe_of

Views = Callable[[Tensor], Tensor] | None


def read(pictures: Sequence[Picture], loaded: Loaded, *, form: PictureForm | None = None) -> Array:
    """Return pictures in the size and channels of the network's input, not yet standardized.

    Parameters
    ----------
    pictures
        Files or examples.
    loaded
        The network, with its preprocessing.
    form
        Another size than that of the network's input.

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
    check_takes_pictures(loaded)
    if any(each.row is not None or each.cells for each in pictures):
        raise DesignerError(
            f"{loaded.analysis.design.name} takes pictures, no rows of a table: choose a picture."
        )
    form = form or form_of(preprocessing)
    levels = Levels(*preprocessing.gray_range) if preprocessing.gray_range else None
    return np.stack(
        [
            _in_file(each, form, levels) if each.file else _example(each, loaded, form)
            for each in pictures
        ]
    )


def network_input(images: Array, loaded: Loaded, *, views: Views = None) -> Tensor:
    """Return pictures of `read` as the network's input (n, channels, height, width), float32.

    Parameters
    ----------
    images, loaded
        The pictures and the network.
    views
        Makes several views of a batch of pictures before they are standardized; see
        `designer.engine.passes.Passes.views`.
    """
    stored = torch.from_numpy(images).to(loaded.device)
    return finish(loaded.preprocessing, device=loaded.device, augment=views)(stored)


def seen(images: Array) -> Array:
    """Return pictures of `read` as uint8 (n, height, width, channels), to be shown."""
    pixels = images if images.dtype == np.uint8 else (images.clip(0, 1) * 255).round()
    shown: Array = pixels.astype(np.uint8).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(shown)


def averaged(seen: Array, size: Sequence[int]) -> Array:
    """Return uint8 pictures (n, height, width, channels) in a size that is not larger."""
    if list(seen.shape[1:3]) == list(size):
        return seen
    planes = torch.from_numpy(seen).permute(0, 3, 1, 2).float()
    small = functional.interpolate(planes, list(size), mode="area").round().byte()
    smaller: Array = small.permute(0, 2, 3, 1).numpy()
    return smaller


def _example(picture: Picture, loaded: Loaded, form: PictureForm) -> Array:
    """Return an example of the data of a run, or of a design's recipe."""
    part = part_of(picture, loaded)
    image: Array = part.images.read(np.array([picture.index]), form)[0]
    return image


def part_of(picture: Picture, loaded: Loaded) -> Part:
    """Return the part of the data that has an example.

    Raises
    ------
    DesignerError
        There is none, or the data cannot be read.
    """
    recipe = recipe_of(loaded.subject)
    request = data_request(recipe, network_info(loaded.analysis))
    part: Part | None = getattr(_divided(request).parts, picture.part, None)
    if part is None or not 0 <= picture.index < len(part):
        raise DesignerError(
            f"The data {recipe.data.source} has no {picture.mention}: choose another, or a file."
        )
    return part


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


def check_takes_pictures(loaded: Loaded) -> tuple[int, int, int]:
    """Return channels, height and width of the picture that a network takes.

    Raises
    ------
    DesignerError
        It takes something else; the sentence says how a text is continued.
    """
    if loaded.preprocessing.vocabulary is not None:
        return loaded.preprocessing.picture
    return network_info(loaded.analysis).picture
