"""The form of the pictures that a network takes, and where a picture of another size goes in it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, get_args

from numpy.typing import NDArray

from designer.errors import DesignerError

Array = NDArray[Any]

Fit = Literal["crop", "pad", "stretch"]
FITS: tuple[Fit, ...] = get_args(Fit)

Size = tuple[int, int]  # width, height, in Pillow's order
Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class PictureForm:
    """The form that every picture is brought into before a network takes it.

    Attributes
    ----------
    channels, height, width
        Of the network's input.
    fit
        What is done with a picture of other proportions. ``crop``: it is scaled until it covers
        the form, and what exceeds the form is cut off evenly at both ends. ``pad``: it is scaled
        until it fits into the form, and lies in the middle on black. ``stretch``: its height and
        its width are scaled separately.
    """

    channels: int
    height: int
    width: int
    fit: Fit = "crop"

    def __post_init__(self) -> None:
        if self.fit not in FITS:
            raise DesignerError(
                f"Pictures cannot be fitted by {self.fit!r}: use one of {', '.join(FITS)}."
            )
        if min(self.channels, self.height, self.width) < 1:
            raise DesignerError(
                f"Pictures of {self.channels} channels, height {self.height} and width "
                f"{self.width} cannot be made: make all three at least 1."
            )


def enlarged(form: PictureForm, factor: float, sizes: Iterable[tuple[int, int]]) -> PictureForm:
    """Return a form so many times as large, as far as pictures have pixels for it.

    Parameters
    ----------
    form
        The form, whose proportions remain.
    factor
        At least 1.
    sizes
        (height, width) of some pictures. The form is no larger than the largest of them, fitted.
    """
    which = min if form.fit == "crop" else max
    most = max((which(h / form.height, w / form.width) for h, w in sizes), default=1.0)
    scale = max(1.0, min(factor, most))
    return replace(form, height=round(scale * form.height), width=round(scale * form.width))


class Placement(NamedTuple):
    """Which box of a picture is scaled to which size."""

    box: Box  # in pixels of the picture
    size: Size  # in pixels of the form


def placement(own: tuple[float, float], form: PictureForm) -> Placement:
    """Return how a picture of the (width, height) ``own``, in pixels, is scaled for the form."""
    target = (form.width, form.height)
    whole = (0.0, 0.0, own[0], own[1])
    if form.fit == "crop":
        return Placement(_covering_box(own, target), target)
    if form.fit == "stretch":
        return Placement(whole, target)
    scale = min(target[0] / own[0], target[1] / own[1])
    # A line of 1000x1 pixels remains visible, though it scales to less than a pixel.
    width, height = (max(1, round(side * scale)) for side in own)
    return Placement(whole, (width, height))


def inner(pictures: Array, size: Size) -> Array:
    """Return the middle of ``pictures`` (..., height, width), of the (width, height) ``size``."""
    left, top = (pictures.shape[-1] - size[0]) // 2, (pictures.shape[-2] - size[1]) // 2
    return pictures[..., top : top + size[1], left : left + size[0]]


def _covering_box(own: tuple[float, float], target: Size) -> Box:
    """Return the largest centered box with the proportions of ``target``."""
    scale = min(own[0] / target[0], own[1] / target[1])
    # Rounding may give -1e-15, and Pillow refuses a box outside of the picture.
    left, top = (
        max(0.0, (side - wanted * scale) / 2) for side, wanted in zip(own, target, strict=True)
    )
    return left, top, own[0] - left, own[1] - top
