"""Random rectangles in images: pieces that are taken, and places that are filled."""

import math

import torch
from torch import Tensor

from designer.engine.augmentation.pictures import Pictures

_TRIES = 10  # as torchvision's transforms have


def rectangles(
    pictures: Pictures, *, area: tuple[float, float], aspect: tuple[float, float]
) -> tuple[Tensor, Tensor]:
    """Return random rectangles that fit into an image, and for which images one was found.

    The area is drawn between its bounds, width / height between its own on a logarithmic scale, up
    to ten times, until the rectangle fits; where none does, it is the largest with the proportions
    closest to those of the image.

    Parameters
    ----------
    pictures
        Of which size they are, and what draws.
    area
        Bounds of the share of the image's area.
    aspect
        Bounds of width / height, relative to that of the image.

    Returns
    -------
    Tensor
        The shares of width and height, (n, 2).
    Tensor
        bool (n,).
    """
    areas = pictures.uniform(*area, _TRIES)
    aspects = pictures.uniform(math.log(aspect[0]), math.log(aspect[1]), _TRIES).exp()
    shares = torch.stack([(areas * aspects).sqrt(), (areas / aspects).sqrt()], 2)
    fits = (shares <= 1).all(2)
    first = fits.int().argmax(1)
    found = shares[torch.arange(len(shares), device=shares.device), first]
    any_fits = fits.any(1)
    closest = min(max(1.0, aspect[0]), aspect[1])
    largest = torch.tensor([min(1.0, closest), min(1.0, 1 / closest)], device=shares.device)
    return torch.where(any_fits[:, None], found, largest), any_fits


def inside(pictures: Pictures, corners: Tensor, sizes: Tensor) -> Tensor:
    """Return which pixels lie in rectangles, bool (n, 1, height, width).

    Parameters
    ----------
    pictures
        Of which size they are.
    corners, sizes
        Upper left corners and sizes in pixels, (row, column) and (height, width): (n, 2). They may
        reach out of the image.
    """
    return in_rectangles((pictures.height, pictures.width), corners, corners + sizes)


def in_rectangles(size: tuple[int, int], first: Tensor, end: Tensor) -> Tensor:
    """Return which pixels of images of a (height, width) lie from ``first`` to before ``end``.

    Both are (row, column), (n, 2); the result is bool (n, 1, height, width).
    """
    along = []
    for axis, side in enumerate(size):
        at = torch.arange(side, device=first.device)
        along.append((at >= first[:, axis, None]) & (at < end[:, axis, None]))
    return (along[0][:, :, None] & along[1][:, None, :])[:, None]
