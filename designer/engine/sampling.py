"""The order in which an epoch takes the training images: shuffled, or every class equally often.

It depends on seed and epoch alone, so that a resumed training goes on exactly.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

_SEEDS = 2**63
_CLASS_STREAM, _CYCLE = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9  # odd: they mix seeds well


@dataclass(frozen=True)
class Shuffled:
    """Every image once an epoch, in random order; those that fill no batch are left out.

    Attributes
    ----------
    count
        The number of images.
    length
        How many an epoch takes: whole batches.
    seed
        The recipe's.
    """

    count: int
    length: int
    seed: int

    def order(self, epoch: int) -> Tensor:
        """Return the indices of the images that an epoch (from 0) takes, int64 (length,)."""
        return torch.randperm(self.count, generator=_generator(self.seed, epoch))[: self.length]


class Balanced:
    """Every class equally often an epoch, in random order; images of rare classes repeat.

    Over all epochs the classes take turns without end, and so do the images of each class, which
    are shuffled anew at each turn: at any time the classes have come equally often, and the images
    of a class, too, each up to one. An epoch takes the next `length` images of that sequence and
    shuffles them. Where `length` is a multiple of the number of classes, these come exactly equally
    often in each epoch. This is the label shuffle of the ImageNet challenge of 2016, with epochs of
    the usual length.

    Parameters
    ----------
    labels
        The class number of each image, int64 (n,). Classes without images are left out.
    length
        How many images an epoch takes.
    seed
        The recipe's.
    """

    def __init__(self, labels: Tensor, *, length: int, seed: int) -> None:
        self._members = [torch.nonzero(labels == each)[:, 0] for each in sorted({*labels.tolist()})]
        self._length = length
        self._seed = seed

    def order(self, epoch: int) -> Tensor:
        """Return the indices of the images that an epoch (from 0) takes, int64 (length,)."""
        classes = len(self._members)
        begin, end = epoch * self._length, (epoch + 1) * self._length
        drawn = [
            # Of the positions below p, (p - number + classes - 1) // classes belong to the class.
            self._turns(
                number,
                (begin - number + classes - 1) // classes,
                (end - number + classes - 1) // classes,
            )
            for number in range(classes)
        ]
        found = torch.cat(drawn)
        return found[torch.randperm(len(found), generator=_generator(self._seed, epoch))]

    def _turns(self, number: int, begin: int, end: int) -> Tensor:
        """Return the images at the turns ``begin`` to ``end`` of a class."""
        members = self._members[number]
        size = len(members)
        cycles = range(begin // size, -(-end // size))
        shuffled = [self._cycle(number, cycle) for cycle in cycles]
        if not shuffled:
            return members[:0]
        skipped = cycles[0] * size
        return torch.cat(shuffled)[begin - skipped : end - skipped]

    def _cycle(self, number: int, cycle: int) -> Tensor:
        """Return the images of a class in the order of their turn with the number ``cycle``."""
        members = self._members[number]
        seed = (self._seed * 1_000_003 + number * _CLASS_STREAM + (cycle + 1) * _CYCLE) % _SEEDS
        generator = torch.Generator().manual_seed(seed)
        return members[torch.randperm(len(members), generator=generator)]


Sampling = Shuffled | Balanced


def _generator(seed: int, epoch: int) -> torch.Generator:
    return torch.Generator().manual_seed((seed * 1_000_003 + epoch) % _SEEDS)
