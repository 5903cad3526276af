"""Augmentations that need the pixels themselves: blur, noise, and rectangles that are filled."""

import math

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from designer.engine.augmentation.pictures import Pictures
from designer.engine.augmentation.rectangles import inside, rectangles
from designer.recipe.augmentations import Augmentation

_REACH = 3  # deviations of a Gaussian that its kernel covers to each side
_ERASED_AREA, _ERASED_ASPECT = (0.02, 0.4), (0.3, 1 / 0.3)  # Zhong et al. 2020; height / width


def blur(pictures: Pictures, settings: Augmentation) -> None:
    """Blur with a Gaussian of random deviation."""
    deviations = pictures.uniform(0, settings.blur)
    images = pictures.pixels()
    n, channels, *sides = images.shape
    rows = images.reshape(1, n * channels, *sides)
    for axis, side in enumerate(sides):
        reach = min(math.ceil(_REACH * settings.blur), side - 1)
        kernels = _gaussians(deviations, reach).repeat_interleave(channels, 0)
        kernels = kernels[:, None, :, None] if axis == 0 else kernels[:, None, None, :]
        border = (0, 0, reach, reach) if axis == 0 else (reach, reach, 0, 0)
        rows = F.conv2d(F.pad(rows, border, "reflect"), kernels, groups=n * channels)
    pictures.replace(rows.view(images.shape))


def _gaussians(deviations: Tensor, reach: int) -> Tensor:
    """Return kernels that sum to 1, (n, 2 · reach + 1)."""
    at = torch.arange(-reach, reach + 1, device=deviations.device)
    weights = torch.exp(-0.5 * (at / deviations.clamp(min=1e-3)[:, None]) ** 2)
    return weights / weights.sum(1, keepdim=True)


def noise(pictures: Pictures, settings: Augmentation) -> None:
    """Add a normal number to each value."""
    images = pictures.pixels()
    pictures.replace(torch.add(images, pictures.normal(*images.shape[1:]), alpha=settings.noise))


def erasing(pictures: Pictures, settings: Augmentation) -> None:
    """Fill a random rectangle of some images."""
    chosen = pictures.uniform(0, 1) < settings.erasing
    # The bounds are of height / width in pixels, those of `rectangles` of width / height in shares.
    square = pictures.height / pictures.width
    low, high = _ERASED_ASPECT
    share, found = rectangles(pictures, area=_ERASED_AREA, aspect=(square / high, square / low))
    sides = torch.tensor([pictures.height, pictures.width], device=pictures.device)
    sizes = (share.flip(1) * sides).round().long()
    corners = pictures.whole(sides - sizes + 1, 2)
    _fill(pictures, inside(pictures, corners, sizes) & (chosen & found).view(-1, 1, 1, 1))


def cutout(pictures: Pictures, settings: Augmentation) -> None:
    """Fill a square about a random pixel."""
    sides = torch.tensor([pictures.height, pictures.width], device=pictures.device)
    corners = pictures.whole(sides, 2) - settings.cutout // 2
    _fill(pictures, inside(pictures, corners, torch.full_like(corners, settings.cutout)))


def _fill(pictures: Pictures, where: Tensor) -> None:
    """Fill pixels, bool (n, 1, height, width), with the mean color of the training part."""
    mean = pictures.mean.view(1, -1, 1, 1)
    pictures.replace(torch.where(where, mean, pictures.pixels()))
