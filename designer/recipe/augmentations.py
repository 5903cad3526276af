"""The augmentations: one row each; what applies them stands in `designer.engine.augmentation`."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec

from designer.recipe.settings import Group, Setting


class AugmentationKind(msgspec.Struct, frozen=True, kw_only=True):
    """A random change of the training images.

    Attributes
    ----------
    name
        By which the engine finds what applies it.
    settings
        The settings it uses. It is applied where one of them is not at its default, which is off.
    """

    name: str
    settings: tuple[str, ...]


# In the order in which they are applied.
_ROWS = (
    AugmentationKind(name="affine", settings=("rotation", "shift")),
    AugmentationKind(name="crop", settings=("crop_padding",)),
    AugmentationKind(name="horizontal_flip", settings=("horizontal_flip",)),
    AugmentationKind(name="vertical_flip", settings=("vertical_flip",)),
)

AUGMENTATIONS: Mapping[str, AugmentationKind] = {row.name: row for row in _ROWS}


class Augmentation(Group, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Random changes of the training images, drawn for each image anew; all off by default."""

    prefix: ClassVar[str] = "augmentation."

    horizontal_flip: Annotated[
        bool,
        Setting(
            title="Horizontal flip",
            help="Mirrors half of the images left to right; wrong for digits and letters.",
            form="essential",
        ),
    ] = False
    vertical_flip: Annotated[
        bool,
        Setting(title="Vertical flip", help="Mirrors half of the images top to bottom."),
    ] = False
    crop_padding: Annotated[
        int,
        Setting(
            title="Crop",
            help="Shifts by cropping after so many pixels of black border.",
            unit="pixels",
            low=0,
            high=4096,
            form="essential",
        ),
    ] = 0
    shift: Annotated[
        float,
        Setting(
            title="Shift",
            help="Moves images by up to this fraction of their size, in each direction.",
            low=0.0,
            high=1.0,
            form="essential",
        ),
    ] = 0.0
    rotation: Annotated[
        float,
        Setting(
            title="Rotation",
            help="Turns images by up to so many degrees, in each direction.",
            unit="degrees",
            low=0.0,
            high=180.0,
            form="essential",
        ),
    ] = 0.0

    @property
    def active(self) -> bool:
        """Whether anything is changed at all."""
        return self != Augmentation()


def active(settings: Augmentation) -> list[AugmentationKind]:
    """Return the augmentations that the settings switch on, in the order of application."""
    off = Augmentation()
    return [
        row
        for row in AUGMENTATIONS.values()
        if any(getattr(settings, name) != getattr(off, name) for name in row.settings)
    ]
