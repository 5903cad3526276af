"""Augmentations that change colors: each replaces a color by a matrix times it, plus an offset."""

import math

import torch
from torch import Tensor

from designer.engine.augmentation.pictures import Pictures
from designer.errors import DesignerError
from designer.recipe.augmentations import Augmentation

_GRAY = (0.299, 0.587, 0.114)  # of red, green and blue, ITU-R BT.601
_U, _V = 0.492111, 0.877283  # of blue - gray and red - gray, ITU-R BT.470


def _gray(pictures: Pictures) -> Tensor:
    """Return how much each channel counts for the gray of a color, (channels,)."""
    if pictures.channels == 3:
        return torch.tensor(_GRAY, device=pictures.device)
    return torch.full((pictures.channels,), 1 / pictures.channels, device=pictures.device)


def _factor(pictures: Pictures, most: float) -> Tensor:
    """Return factors of up to so much less or more than 1, (n, 1, 1)."""
    return pictures.uniform(1 - most, 1 + most, 1, 1)


def brightness(pictures: Pictures, settings: Augmentation) -> None:
    """Multiply by a random factor."""
    pictures.recolor(_factor(pictures, settings.brightness))


def contrast(pictures: Pictures, settings: Augmentation) -> None:
    """Multiply the differences to the mean gray by a random factor."""
    factor = _factor(pictures, settings.contrast)
    mean = pictures.channel_means() @ _gray(pictures)
    offset = (1 - factor[:, 0]) * mean[:, None]
    pictures.recolor(factor, offset.expand(-1, pictures.channels))


def saturation(pictures: Pictures, settings: Augmentation) -> None:
    """Multiply the differences between a color and its gray by a random factor."""
    factor = _factor(pictures, settings.saturation)
    if pictures.channels != 3:
        return
    to_gray = _gray(pictures).expand(3, 3)
    pictures.recolor(torch.lerp(to_gray, torch.eye(3, device=pictures.device), factor))


def hue(pictures: Pictures, settings: Augmentation) -> None:
    """Turn the color differences by a random angle."""
    angle = pictures.uniform(-settings.hue, settings.hue) * (2 * math.pi)
    if pictures.channels != 3:
        return
    device = pictures.device
    gray = torch.tensor(_GRAY)
    of_color = torch.eye(3) - gray
    to_yuv = torch.stack([gray, _U * of_color[2], _V * of_color[0]])
    turn = torch.zeros(pictures.count, 3, 3, device=device)
    turn[:, 0, 0] = 1
    turn[:, 1, 1] = turn[:, 2, 2] = angle.cos()
    turn[:, 2, 1] = angle.sin()
    turn[:, 1, 2] = -angle.sin()
    pictures.recolor(to_yuv.inverse().to(device) @ turn @ to_yuv.to(device))


def color_noise(pictures: Pictures, settings: Augmentation) -> None:
    """Add the principal components of the colors, each by a random amount."""
    if pictures.components is None:
        raise DesignerError(
            "augmentation.color_noise needs the principal components of the training part's "
            "colors, which are not known here: set it to 0."
        )
    amounts = pictures.normal(pictures.channels) * settings.color_noise
    one = torch.ones(pictures.count, 1, 1, device=pictures.device)
    pictures.recolor(one, amounts @ pictures.components)
