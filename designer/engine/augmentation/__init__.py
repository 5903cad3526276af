"""Random changes of training images, a batch at a time, with a draw for each image.

A batch is a `Pictures`, which collects what the rows of the table draw and applies it in as few
passes over the pixels as it can. What mixes images is in `designer.engine.mixing`.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from designer.engine.augmentation import colors, movements, pixels
from designer.engine.augmentation.pictures import Pictures
from designer.recipe.augmentations import Augmentation, active
from designer.runs.preprocessing import Preprocessing

FUNCTIONS: Mapping[str, Callable[[Pictures, Augmentation], None]] = {
    "resized_crop": movements.resized_crop,
    "scale_jitter": movements.scale_jitter,
    "shear": movements.shear,
    "rotation": movements.rotation,
    "shift": movements.shift,
    "horizontal_flip": movements.horizontal_flip,
    "vertical_flip": movements.vertical_flip,
    "crop": movements.crop,
    "brightness": colors.brightness,
    "contrast": colors.contrast,
    "saturation": colors.saturation,
    "hue": colors.hue,
    "color_noise": colors.color_noise,
    "blur": pixels.blur,
    "noise": pixels.noise,
    "erasing": pixels.erasing,
    "cutout": pixels.cutout,
}
"""What applies each row of `designer.recipe.augmentations.AUGMENTATIONS` that mixes no images."""


def augmenter(settings: Augmentation, preprocessing: Preprocessing) -> "Augmenter | None":
    """Return what changes the images of a training, None if nothing but mixing does."""
    if all(row.mixes for row in active(settings)):
        return None
    _, height, width = preprocessing.picture
    return Augmenter(
        settings,
        height=height,
        width=width,
        mean=preprocessing.color_mean or preprocessing.mean,
        components=preprocessing.color_components,
    )


class Augmenter:
    """Applies the augmentations of a recipe that mix no images.

    Everything is drawn from torch's generator on the CPU. What enters at the borders is 0, which is
    black in images that are not standardized yet.

    Parameters
    ----------
    settings
        The augmentations.
    height, width
        The size that images get. Those that come may be larger.
    mean, components
        As in `Pictures`.
    """

    def __init__(
        self,
        settings: Augmentation,
        *,
        height: int,
        width: int,
        mean: Sequence[float] = (),
        components: Sequence[Sequence[float]] = (),
    ) -> None:
        self._settings = settings
        self._size = (height, width)
        self._mean, self._components = mean, components
        self._functions = [FUNCTIONS[row.name] for row in active(settings) if not row.mixes]

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Return images (n, channels, height, width) changed, each by its own draw, in float.

        Parameters
        ----------
        images
            uint8, or float with black 0 and white 1.
        """
        pictures = Pictures(images, self._size, mean=self._mean, components=self._components)
        for function in self._functions:
            function(pictures, self._settings)
        return pictures.pixels()
