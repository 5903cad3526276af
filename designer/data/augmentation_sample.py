"""A few training pictures to try an augmentation on, with what it must know of all of them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from designer.data.color_components import color_components
from designer.data.parts import Part, evenly
from designer.data.pictures import Array, PictureForm, enlarged
from designer.errors import DesignerError

_FOR_COLORS = 64  # pictures whose colors stand for those of the whole training part


@dataclass(frozen=True)
class AugmentationSample:
    """Training pictures, as a training reads them before it changes them at random.

    Attributes
    ----------
    indices
        Which pictures of the training part they are.
    images
        (n, channels, height, width), of the network's size or larger: uint8, or float32 of 0 to 1.
    size
        Height and width that the network takes.
    mean
        The mean of each channel, of a sample of the part, 0 to 1.
    components
        The principal components of its colors; see `color_components`.
    """

    indices: tuple[int, ...]
    images: Array
    size: tuple[int, int]
    mean: tuple[float, ...]
    components: tuple[tuple[float, ...], ...]


def larger_form(part: Part, form: PictureForm, enlargement: float) -> PictureForm:
    """Return the form in which training pictures are read, of which the network gets pieces."""
    if enlargement == 1:
        return form
    return enlarged(form, enlargement, ((height, width) for height, width, _ in part.shapes()))


def augmentation_sample(
    part: Part, form: PictureForm, *, enlargement: float, colors: bool, count: int
) -> AugmentationSample:
    """Return training pictures, evenly spaced; those that cannot be read are passed over.

    Parameters
    ----------
    part
        The training part.
    form
        What the network takes.
    enlargement
        How many times as large they are read, as far as they have pixels for it.
    colors
        Whether the colors of the part are wanted, for which more pictures are read; without, its
        mean is 0.
    count
        Pictures at most.

    Raises
    ------
    DesignerError
        None of them can be read.
    """
    larger = larger_form(part, form, enlargement)
    wanted = map(int, evenly(len(part), 2 * count)[:: 2 if len(part) >= 2 * count else 1])
    found = _read(part, wanted, larger)
    some = dict(list(found.items())[:count])
    mean = np.zeros(form.channels)
    components = np.zeros((form.channels, form.channels))
    if colors:
        chosen = map(int, evenly(len(part), _FOR_COLORS))
        images = np.stack(list(_read(part, chosen, larger).values()))
        mean = images.mean((0, 2, 3)) / (255 if images.dtype == np.uint8 else 1)
        components = color_components([images], form.channels)
    return AugmentationSample(
        tuple(some),
        np.stack(list(some.values())),
        (form.height, form.width),
        tuple(map(float, mean)),
        tuple(tuple(map(float, row)) for row in components),
    )


def _read(part: Part, indices: Iterable[int], form: PictureForm) -> dict[int, Array]:
    """Return the pictures that can be read by their indices; raise if none can."""
    images: dict[int, Array] = {}
    error: DesignerError | None = None
    for index in indices:
        try:
            images[index] = part.images.read([index], form)[0]
        except DesignerError as caught:
            error = caught
    if not images:
        raise error or DesignerError("The training part has no pictures: choose other data.")
    return images


def mixed_caption(share: float, own: str, other: str) -> str:
    """Return what a mixed picture shows: "0.70 cat + 0.30 dog", or one alone from 0.995 on."""
    if share >= 0.995 or own == other:
        return own
    if share < 0.005:
        return other
    return f"{share:.2f} {own} + {1 - share:.2f} {other}"
