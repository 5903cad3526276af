"""Augmentations that move pixels: crops, flips, shift, rotation and shear."""

import math

import torch
from torch import Tensor

from designer.engine.augmentation.pictures import Pictures
from designer.engine.augmentation.rectangles import rectangles
from designer.recipe.augmentations import Augmentation


def resized_crop(pictures: Pictures, settings: Augmentation) -> None:
    """Take a piece of random size and proportions at a random place."""
    share, _ = rectangles(pictures, area=settings.resized_crop, aspect=settings.resized_crop_aspect)
    _take(pictures, share)


def scale_jitter(pictures: Pictures, settings: Augmentation) -> None:
    """Scale by a random factor and take a piece of the input's size at a random place."""
    scale = pictures.uniform(*settings.scale_jitter, 1)
    _take(pictures, (1 / scale).expand(-1, 2))


def _take(pictures: Pictures, share: Tensor) -> None:
    """Take a piece with these shares of width and height, (n, 2), from a random place."""
    size = torch.tensor([pictures.width, pictures.height], device=pictures.device)
    offset = pictures.uniform(-0.5, 0.5, 2) * (1 - share) * size
    pictures.move(torch.diag_embed(share), offset, beyond=False)


def shear(pictures: Pictures, settings: Augmentation) -> None:
    """Slant by a random angle."""
    matrix = torch.eye(2, device=pictures.device).repeat(pictures.count, 1, 1)
    matrix[:, 0, 1] = _angles(pictures, settings.shear).tan()
    pictures.move(matrix)


def rotation(pictures: Pictures, settings: Augmentation) -> None:
    """Turn by a random angle about the center."""
    angle = _angles(pictures, settings.rotation)
    cos, sin = angle.cos(), angle.sin()
    pictures.move(torch.stack([cos, sin, -sin, cos], 1).view(-1, 2, 2))


def _angles(pictures: Pictures, most: float) -> Tensor:
    """Return angles of up to so many degrees in each direction, in radians, (n,)."""
    return pictures.uniform(-math.radians(most), math.radians(most))


def shift(pictures: Pictures, settings: Augmentation) -> None:
    """Move by random fractions of width and height."""
    size = torch.tensor([pictures.width, pictures.height], device=pictures.device)
    offset = pictures.uniform(-settings.shift, settings.shift, 2) * size
    pictures.move(torch.eye(2, device=pictures.device).expand(pictures.count, 2, 2), offset)


def horizontal_flip(pictures: Pictures, _: Augmentation) -> None:
    """Mirror about half of the images left to right."""
    pictures.flip(3, pictures.uniform(0, 1) < 0.5)


def vertical_flip(pictures: Pictures, _: Augmentation) -> None:
    """Mirror about half of the images top to bottom."""
    pictures.flip(2, pictures.uniform(0, 1) < 0.5)


def crop(pictures: Pictures, settings: Augmentation) -> None:
    """Add a black border and take a piece of the old size at a random place."""
    padding = settings.crop_padding
    pictures.crop(pictures.whole(2 * padding + 1, 2), padding)
