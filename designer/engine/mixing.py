"""Mixing the images of a batch with one another, and their targets likewise: mixup and cutmix."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from designer.engine.augmentation.rectangles import in_rectangles
from designer.recipe.augmentations import Augmentation, active


class Mixed(NamedTuple):
    """The targets of mixed images.

    Attributes
    ----------
    first, second
        The targets of the two images that each was made of: class numbers (n,), or labels or
        values (n, k).
    share
        How much of an image, and of its loss, belongs to ``first``: (n,), from 0 to 1.
    """

    first: Tensor
    second: Tensor
    share: Tensor

    @property
    def heavier(self) -> Tensor:
        """The targets with the larger share."""
        share = self.share.view(-1, *(1,) * (self.first.ndim - 1))
        return torch.where(share >= 0.5, self.first, self.second)


Targets = Tensor | Mixed


def _mixup(images: Tensor, others: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    return torch.lerp(others, images, share.view(-1, 1, 1, 1)), share


def _cutmix(images: Tensor, others: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """Put rectangles of other images into images; a part that would lie outside is left out."""
    size = images.shape[2:]
    sides = torch.tensor(size, device=images.device)
    lengths = ((1 - share).sqrt()[:, None] * sides).round().long()
    centers = torch.rand(len(images), 2).to(images.device, non_blocking=True) * sides
    first = centers.long() - lengths // 2
    taken = in_rectangles((size[0], size[1]), first, first + lengths)
    return torch.where(taken, others, images), 1 - taken.float().mean((1, 2, 3))


MIXERS: Mapping[str, Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]] = {
    "mixup": _mixup,
    "cutmix": _cutmix,
}
"""What mixes, for each row of the table that does: of images, others, and wanted shares (n,).

It returns mixed images and the shares that they have.
"""


class Mixing:
    """Mixes each image of a batch with the one before it, by a share drawn for each.

    Everything is drawn from torch's generator on the CPU.

    Parameters
    ----------
    settings
        The augmentations, of which at least one mixes. Of several, one is drawn for each batch.
    """

    def __init__(self, settings: Augmentation) -> None:
        rows = [row for row in active(settings) if row.mixes]
        self._mixers = [(MIXERS[row.name], getattr(settings, row.name)) for row in rows]

    @torch.no_grad()
    def __call__(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Mixed]:
        """Return images (n, channels, height, width) mixed, and their targets."""
        chosen = torch.randint(len(self._mixers), ()).item() if len(self._mixers) > 1 else 0
        mix, alpha = self._mixers[int(chosen)]
        share = torch.distributions.Beta(alpha, alpha).sample((len(images),)).to(images.device)
        mixed, share = mix(images, torch.roll(images, 1, 0), share)
        return mixed, Mixed(targets, torch.roll(targets, 1, 0), share)
