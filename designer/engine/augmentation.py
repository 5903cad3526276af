"""Random changes of training images, a batch at a time, with a draw for each image."""

import torch
from torch import Tensor, nn

from designer.runs.recipe import Augmentation


class Augmenter:
    """Applies the augmentation of a recipe to images (n, channels, height, width) in float.

    Everything is drawn from torch's generator on the CPU. What enters at the borders is 0, which is
    black in images that are not standardized yet.
    """

    def __init__(self, recipe: Augmentation, *, height: int, width: int) -> None:
        import kornia.augmentation as kornia  # slow to import, and most recipes do without

        steps: list[nn.Module] = []
        if recipe.rotation or recipe.shift:  # at once, so that pixels are interpolated once
            shift = (recipe.shift, recipe.shift) if recipe.shift else None
            steps.append(kornia.RandomAffine(recipe.rotation, translate=shift, p=1.0))
        if recipe.crop_padding:
            size, padding = (height, width), recipe.crop_padding
            steps.append(kornia.RandomCrop(size, padding=padding, p=1.0))
        if recipe.horizontal_flip:
            steps.append(kornia.RandomHorizontalFlip(p=0.5))
        if recipe.vertical_flip:
            steps.append(kornia.RandomVerticalFlip(p=0.5))
        self._steps = steps

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Return the images changed, each by its own draw."""
        for step in self._steps:
            images = step(images)
        return images
