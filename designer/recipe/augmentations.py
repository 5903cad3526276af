"""The augmentations: one row each; what applies them stands in `designer.engine.augmentation`."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec

from designer.errors import DesignerError
from designer.recipe.settings import Group, Setting

_MARGIN = 256 / 224
"""How much larger than the network's input pictures are read for a random resized crop."""


class AugmentationKind(msgspec.Struct, frozen=True, kw_only=True):
    """A random change of the training images.

    Attributes
    ----------
    name
        By which the engine finds what applies it.
    section
        The heading above its settings beside the preview.
    settings
        The settings it uses. It is applied where the first is not at its default, which is off; the
        others have an effect only then.
    mixes
        Whether it mixes pictures of a batch with one another, and their targets, too.
    crops
        Whether it takes pieces of pictures, for which these are read larger; see `enlargement`.
    colors
        Whether it needs the mean color of the training part or the principal components.
    """

    name: str
    section: str
    settings: tuple[str, ...]
    mixes: bool = False
    crops: bool = False
    colors: bool = False


_PLACE, _COLORS, _DETAILS, _MIXING = "Size and place", "Colors", "Details", "Mixed images"

# In the order in which they are applied, which is also that of the settings.
_ROWS = (
    AugmentationKind(
        name="resized_crop",
        section=_PLACE,
        settings=("resized_crop", "resized_crop_aspect"),
        crops=True,
    ),
    AugmentationKind(name="scale_jitter", section=_PLACE, settings=("scale_jitter",), crops=True),
    AugmentationKind(name="shear", section=_PLACE, settings=("shear",)),
    AugmentationKind(name="rotation", section=_PLACE, settings=("rotation",)),
    AugmentationKind(name="shift", section=_PLACE, settings=("shift",)),
    AugmentationKind(name="horizontal_flip", section=_PLACE, settings=("horizontal_flip",)),
    AugmentationKind(name="vertical_flip", section=_PLACE, settings=("vertical_flip",)),
    AugmentationKind(name="crop", section=_PLACE, settings=("crop_padding",)),
    AugmentationKind(name="brightness", section=_COLORS, settings=("brightness",)),
    AugmentationKind(name="contrast", section=_COLORS, settings=("contrast",)),
    AugmentationKind(name="saturation", section=_COLORS, settings=("saturation",)),
    AugmentationKind(name="hue", section=_COLORS, settings=("hue",)),
    AugmentationKind(name="color_noise", section=_COLORS, settings=("color_noise",), colors=True),
    AugmentationKind(name="blur", section=_DETAILS, settings=("blur",)),
    AugmentationKind(name="noise", section=_DETAILS, settings=("noise",)),
    AugmentationKind(name="erasing", section=_DETAILS, settings=("erasing",), colors=True),
    AugmentationKind(name="cutout", section=_DETAILS, settings=("cutout",), colors=True),
    AugmentationKind(name="mixup", section=_MIXING, settings=("mixup",), mixes=True),
    AugmentationKind(name="cutmix", section=_MIXING, settings=("cutmix",), mixes=True),
)

AUGMENTATIONS: Mapping[str, AugmentationKind] = {row.name: row for row in _ROWS}


class Augmentation(Group, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Random changes of the training images, drawn for each image anew; all off by default.

    Raises
    ------
    DesignerError
        A value is out of its range, or the first of two is larger than the second.
    """

    prefix: ClassVar[str] = "augmentation."
    title: ClassVar[str] = "Augmentation"

    resized_crop: Annotated[
        tuple[float, float],
        Setting(
            title="Random resized crop",
            help="Scales a random piece of each training picture to the network's input; the share "
            "of the picture's area is drawn between these two: 0.08, 1 is usual for photos, 1, 1 "
            "is off.",
            low=0.0,
            high=1.0,
            open_low=True,
            source="Szegedy and others, 2015: Going deeper with convolutions",
        ),
    ] = (1.0, 1.0)
    resized_crop_aspect: Annotated[
        tuple[float, float],
        Setting(
            title="Aspect of the piece",
            help="Width / height of the piece of a random resized crop, as drawn between these two "
            "on a logarithmic scale and times that of the input.",
            low=0.1,
            high=10.0,
            source="Szegedy and others, 2015: Going deeper with convolutions",
            reason="3/4 to 4/3, as in the paper",
        ),
    ] = (0.75, 1.3333)
    scale_jitter: Annotated[
        tuple[float, float],
        Setting(
            title="Scale jitter",
            help="Scales each training picture to a size drawn between these multiples of the "
            "network's input, and takes a random piece of the input's size: 1.14, 2.29 are VGG's "
            "256 to 512 pixels for 224, 1, 1 is off. Large ones take memory.",
            low=1.0,
            high=8.0,
            source="Simonyan and Zisserman, 2015: Very deep convolutional networks for "
            "large-scale image recognition",
        ),
    ] = (1.0, 1.0)
    shear: Annotated[
        float,
        Setting(
            title="Shear",
            help="Slants images by up to so many degrees, to the left or to the right.",
            unit="degrees",
            low=0.0,
            high=80.0,
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
            title="Pad and crop",
            help="Adds so many pixels of black border on each side, and takes a piece of the size "
            "before at a random place.",
            unit="pixels",
            low=0,
            high=4096,
            form="essential",
        ),
    ] = 0
    brightness: Annotated[
        float,
        Setting(
            title="Brightness",
            help="Multiplies all values by a factor of up to so much less or more than 1. Values "
            "are cut to black and white once, after all changes of colors.",
            low=0.0,
            high=1.0,
            formula="x ← b · x, b from 1 − brightness to 1 + brightness",
        ),
    ] = 0.0
    contrast: Annotated[
        float,
        Setting(
            title="Contrast",
            help="Multiplies the differences to the image's mean gray by a factor of up to so much "
            "less or more than 1.",
            low=0.0,
            high=1.0,
            formula="x ← m + c · (x − m), c from 1 − contrast to 1 + contrast",
        ),
    ] = 0.0
    saturation: Annotated[
        float,
        Setting(
            title="Saturation",
            help="Multiplies the differences between a color and its gray, 0.299 red + 0.587 green "
            "+ 0.114 blue, by a factor of up to so much less or more than 1; no effect on images "
            "without three channels.",
            low=0.0,
            high=1.0,
            formula="x ← gray + s · (x − gray), s from 1 − saturation to 1 + saturation",
        ),
    ] = 0.0
    hue: Annotated[
        float,
        Setting(
            title="Hue",
            help="Turns the two color differences U and V of a color by up to this fraction of a "
            "full turn; its gray stays the same. No effect on images without three channels.",
            low=0.0,
            high=0.5,
            formula="(U, V) ← R(2π · h) · (U, V), h from −hue to hue; U = 0.492 · (blue − gray), "
            "V = 0.877 · (red − gray)",
            source="ITU-R, 1998: Recommendation BT.470-6, Conventional television systems",
        ),
    ] = 0.0
    color_noise: Annotated[
        float,
        Setting(
            title="PCA color noise",
            help="Adds to all pixels of an image the principal components of the training part's "
            "colors, each times its variance and a normal number of this deviation; 0.1 for "
            "AlexNet.",
            low=0.0,
            high=100.0,
            formula="x ← x + Σ pᵢ · λᵢ · αᵢ, αᵢ from N(0, color_noise²)",
            source="Krizhevsky, Sutskever and Hinton, 2012: ImageNet classification with deep "
            "convolutional neural networks",
        ),
    ] = 0.0
    blur: Annotated[
        float,
        Setting(
            title="Blur",
            help="Blurs images with a Gaussian whose deviation is up to so many pixels.",
            unit="pixels",
            low=0.0,
            high=32.0,
        ),
    ] = 0.0
    noise: Annotated[
        float,
        Setting(
            title="Gaussian noise",
            help="Adds to each value a normal number of this deviation, where black is 0 and white "
            "is 1.",
            low=0.0,
            high=1.0,
        ),
    ] = 0.0
    erasing: Annotated[
        float,
        Setting(
            title="Random erasing",
            help="Probability that a rectangle is filled with the training part's mean color: 2 to "
            "40 % of the area, its height / width from 0.3 to 3.3.",
            low=0.0,
            high=1.0,
            source="Zhong and others, 2020: Random erasing data augmentation",
        ),
    ] = 0.0
    cutout: Annotated[
        int,
        Setting(
            title="Cutout",
            help="Fills a square of so many pixels with the training part's mean color; its center "
            "is any pixel, so that a part of it may lie outside.",
            unit="pixels",
            low=0,
            high=4096,
            source="DeVries and Taylor, 2017: Improved regularization of convolutional neural "
            "networks with cutout",
        ),
    ] = 0
    mixup: Annotated[
        float,
        Setting(
            title="Mixup",
            help="Mixes each image and its target with those of another image of the batch; this "
            "is alpha: 0.2 keeps most images nearly as they are, 1 draws all shares alike. "
            "Training accuracy is then that on mixed images.",
            low=0.0,
            high=100.0,
            formula="x ← λ · x₁ + (1 − λ) · x₂, loss ← λ · L(y₁) + (1 − λ) · L(y₂), λ from "
            "Beta(alpha, alpha)",
            source="Zhang and others, 2018: mixup: beyond empirical risk minimization",
        ),
    ] = 0.0
    cutmix: Annotated[
        float,
        Setting(
            title="Cutmix",
            help="Puts a rectangle of another image of the batch into each image; the targets are "
            "mixed by the shares of the area. This is alpha, as for mixup; 1 is usual. With both, "
            "each batch gets one of the two.",
            low=0.0,
            high=100.0,
            formula="area of the rectangle 1 − λ, λ from Beta(alpha, alpha)",
            source="Yun and others, 2019: CutMix: regularization strategy to train strong "
            "classifiers with localizable features",
        ),
    ] = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, tuple) and value[0] > value[1]:
                raise DesignerError(
                    f"augmentation.{name} is {value[0]:g}, {value[1]:g}: give the smaller number "
                    "first."
                )

    @property
    def active(self) -> bool:
        """Whether anything is changed at all."""
        return bool(active(self))

    @property
    def mixes(self) -> bool:
        """Whether images are mixed with one another, and their targets."""
        return any(row.mixes for row in active(self))

    @property
    def needs_colors(self) -> bool:
        """Whether the colors of the training part are needed."""
        return any(row.colors for row in active(self))


def _default(name: str) -> Any:
    """Return the default of a setting."""
    fields = Augmentation.__struct_fields__
    return Augmentation.__struct_defaults__[fields.index(name)]


def active(settings: Augmentation) -> list[AugmentationKind]:
    """Return the augmentations that the settings switch on, in the order of application."""
    return [
        row
        for row in AUGMENTATIONS.values()
        if getattr(settings, row.settings[0]) != _default(row.settings[0])
    ]


def on_mixed_images(settings: Augmentation, targets: str) -> str:
    """Return the sentence on what training accuracy is where images are mixed; "" if they are not.

    ``targets`` says what the data have: classes, labels or numbers.
    """
    if not settings.mixes or targets == "numbers":
        return ""
    names = " or ".join(row.name for row in active(settings) if row.mixes)
    return (
        f"Training accuracy is measured on mixed images ({names}), against the label of the larger "
        "share: it may well stay below that of validation, whose images are not mixed."
    )


def without_pictures(settings: Augmentation, network: str) -> str:
    """Return the sentence on settings that a network without pictures does not use; "" for none."""
    names = [f"augmentation.{row.settings[0]}" for row in active(settings)]
    if not names:
        return ""
    return (
        f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} for pictures, but {network} "
        f"takes none: training goes on without {'it' if len(names) == 1 else 'them'}."
    )


def has_effect(settings: Augmentation, name: str) -> bool:
    """Return whether a setting changes anything with the others as they are, or may switch on."""
    return all(
        name == row.settings[0] or row in active(settings)
        for row in AUGMENTATIONS.values()
        if name in row.settings
    )


def enlargement(settings: Augmentation) -> float:
    """Return how many times as large as the network's input training pictures are to be read."""
    rows = {row.name for row in active(settings) if row.crops}
    margin = _MARGIN if rows else 1.0
    return max(margin, settings.scale_jitter[1]) if "scale_jitter" in rows else margin
