"""Pictures whose draws are given, to compare one change with another library's."""

from typing import Any

import torch
from torch import Tensor

from designer.engine.augmentation import FUNCTIONS
from designer.engine.augmentation.pictures import Pictures
from designer.recipe.augmentations import Augmentation


class Given(Pictures):
    """Takes its draws from a list, instead of drawing them."""

    draws: list[Any]

    def uniform(self, low: float, high: float, *more: int) -> Tensor:
        drawn = torch.as_tensor(self.draws.pop(0), dtype=torch.float32).view(self.count, *more)
        assert drawn.min() >= low - 1e-6 and drawn.max() <= high + 1e-6
        return drawn

    def normal(self, *more: int) -> Tensor:
        return torch.as_tensor(self.draws.pop(0), dtype=torch.float32).view(self.count, *more)

    def whole(self, high: Tensor | int, *more: int) -> Tensor:
        drawn = torch.as_tensor(self.draws.pop(0)).view(self.count, *more)
        assert (drawn >= 0).all() and (drawn < high).all()
        return drawn


def changed(
    images: Tensor, settings: Augmentation, draws: dict[str, list[Any]], **more: Any
) -> Tensor:
    """Return images changed by some rows of the table, with the draws of each."""
    size = more.pop("size", tuple(images.shape[2:]))
    pictures = Given(images, size, **more)
    for name, given in draws.items():
        pictures.draws = list(given)
        FUNCTIONS[name](pictures, settings)
        assert not pictures.draws
    return pictures.pixels()


def photo(count: int = 3, height: int = 20, width: int = 24, channels: int = 3) -> Tensor:
    """Return smooth pictures in float, with values from 0.2 to 0.7."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(count, channels, 5, 6, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)
    return 0.2 + 0.5 * smooth
