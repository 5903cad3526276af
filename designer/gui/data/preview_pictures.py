"""Some training pictures for the previews: as they are, and in the forms a network may take."""

from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from designer.data.augmentation_sample import AugmentationSample, augmentation_sample
from designer.data.columns import Column, PictureColumn, Shape, TakenColumn
from designer.data.parts import Part, evenly
from designer.data.pictures import Array, Fit, PictureForm
from designer.errors import DesignerError
from designer.gui.data.contents import Contents
from designer.recipe.augmentations import Augmentation, enlargement

FITS: tuple[Fit, ...] = get_args(Fit)
_LOOKED_AT = 48  # pictures among which those of telling proportions are chosen
_LARGEST = 480  # pixels of a side of an original


@dataclass(frozen=True)
class Fitted:
    """A picture as it is, and in each of `FITS`; each (channels, height, width)."""

    words: str
    height: int
    width: int
    original: Array
    fits: dict[Fit, Array]


def fitted_pictures(contents: Contents, form: PictureForm, *, count: int) -> list[Fitted]:
    """Return training pictures, from the flattest to the tallest of a sample.

    Pictures that cannot be read are passed over; where none can be read, there are none.
    """
    part = contents.parts["train"]
    shapes: dict[int, Shape] = {}
    for index in map(int, evenly(len(part), _LOOKED_AT)):
        try:
            shapes[index] = _shape(part.images, index)
        except DesignerError:
            continue
    by_proportions = sorted(shapes, key=lambda index: shapes[index][0] / shapes[index][1])
    found: list[Fitted] = []
    for place in evenly(len(by_proportions), count):
        index = by_proportions[int(place)]
        height, width, _ = shapes[index]
        shrink = min(1.0, _LARGEST / max(height, width))
        whole = PictureForm(
            form.channels, max(1, round(height * shrink)), max(1, round(width * shrink)), "stretch"
        )
        try:
            fits = {fit: _one(part, index, replace(form, fit=fit)) for fit in FITS}
            original = _one(part, index, whole)
        except DesignerError:
            continue
        words = f"{contents.name('train', index)}\n{contents.label('train', index)}"
        found.append(Fitted(f"{words}\n{height}×{width}", height, width, original, fits))
    return found


@dataclass(frozen=True)
class Tried:
    """Training pictures to try an augmentation on.

    Attributes
    ----------
    sample
        The pictures.
    words
        The name and the label of each.
    labels
        The label alone, as captions have it.
    """

    sample: AugmentationSample
    words: list[str]
    labels: list[str]


def tried_pictures(
    contents: Contents, form: PictureForm, settings: Augmentation, *, count: int
) -> Tried:
    """Return training pictures as a training reads them before it changes them.

    Raises
    ------
    DesignerError
        None of the pictures looked at can be read.
    """
    sample = augmentation_sample(
        contents.parts["train"],
        form,
        enlargement=enlargement(settings),
        colors=settings.needs_colors,
        count=count,
    )
    labels = [contents.caption("train", index) for index in sample.indices]
    words = [
        f"{contents.name('train', index)}\n{contents.label('train', index)}"
        for index in sample.indices
    ]
    return Tried(sample, words, labels)


def _one(part: Part, index: int, form: PictureForm) -> Array:
    image: Array = part.images.read([index], form)[0]
    return image


def _shape(column: Column, index: int) -> Shape:
    """Return the (height, width, channels) of a picture."""
    if isinstance(column, TakenColumn):
        return _shape(column.column, int(column.indices[index]))
    return column.shape(index) if isinstance(column, PictureColumn) else column.shapes()[0]


def as_bytes(images: Array) -> Array:
    """Return pictures as uint8; those in float32 reach from 0 to 1."""
    if images.dtype == np.uint8:
        return images
    pixels: Array = (np.clip(images, 0, 1) * 255).round().astype(np.uint8)
    return pixels
