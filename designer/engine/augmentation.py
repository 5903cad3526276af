"""Random changes of training images, a batch at a time, with a draw for each image."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from designer.recipe.augmentations import Augmentation, active

Size = tuple[int, int]
"""Height and width of the images, in pixels."""


def _affine(kornia: Any, settings: Augmentation, _: Size) -> nn.Module:
    """Return rotation and shift in one, so that pixels are interpolated once."""
    shift = (settings.shift, settings.shift) if settings.shift else None
    affine: nn.Module = kornia.RandomAffine(settings.rotation, translate=shift, p=1.0)
    return affine


BUILDERS: Mapping[str, Callable[[Any, Augmentation, Size], nn.Module]] = {
    "affine": _affine,
    "crop": lambda kornia, settings, size: kornia.RandomCrop(
        size, padding=settings.crop_padding, p=1.0
    ),
    "horizontal_flip": lambda kornia, settings, size: kornia.RandomHorizontalFlip(p=0.5),
    "vertical_flip": lambda kornia, settings, size: kornia.RandomVerticalFlip(p=0.5),
}
"""What makes the module of each row of `designer.recipe.augmentations.AUGMENTATIONS`.

Of kornia's augmentations, the settings, and the size of the images.
"""


class Augmenter:
    """Applies the augmentations of a recipe to images (n, channels, height, width) in float.

    Everything is drawn from torch's generator on the CPU. What enters at the borders is 0, which is
    black in images that are not standardized yet.
    """

    def __init__(self, settings: Augmentation, *, height: int, width: int) -> None:
        import kornia.augmentation as kornia  # takes seconds, and most recipes augment nothing

        size = (height, width)
        self._steps = [BUILDERS[kind.name](kornia, settings, size) for kind in active(settings)]

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Return the images changed, each by its own draw."""
        for step in self._steps:
            images = step(images)
        return images
