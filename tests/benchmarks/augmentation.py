"""Augmented pictures a second, beside torchvision's transforms in a DataLoader of two workers.

Both sides take the same pictures from memory, as bytes, and give standardized batches, ours by the
very objects that a training iterates over, with the threads that torch has. They take turns, so
that other processes slow both alike; a row is the median over the turns. The transforms of
torchvision are those of the second version, each applied to a picture by itself, as in its
references. Where other programs keep the cores busy, torch's threads wait for one another: set
``OMP_NUM_THREADS=1`` there. ``python -m tests.benchmarks augmentation`` prints the table.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from designer.data import PictureForm, array_part
from designer.data.decoding.stores import Stores, StoreSettings
from designer.engine.augmentation import augmenter
from designer.engine.batches import images
from designer.recipe.augmentations import Augmentation
from designer.runs.preprocessing import Preprocessing

TURNS = 7
WORKERS = 2
MEAN, DEVIATION = (0.49, 0.48, 0.45), (0.25, 0.24, 0.26)

Row = tuple[str, float, float, float, str]


class Case(NamedTuple):
    """A recipe on both sides.

    Attributes
    ----------
    title
        Of its row.
    stored, side
        Pixels of a side of the pictures in memory, and of those that the network takes.
    batch
        Pictures in a batch.
    ours, theirs
        Batches in a turn of each side; torchvision's is slower.
    settings, transforms
        The recipe: ours, and torchvision's before pictures are standardized and erased.
    erasing
        The probability of random erasing.
    """

    title: str
    stored: int
    side: int
    batch: int
    ours: int
    theirs: int
    settings: dict[str, Any]
    transforms: tuple[v2.Transform, ...]
    erasing: float = 0.0


COLORS = {"brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 0.1}
PAD_CROP_FLIP = {"crop_padding": 4, "horizontal_flip": True}
RESIZED = {"resized_crop": (0.08, 1.0), "horizontal_flip": True}

CASES = (
    Case(
        "32x32: pad, crop, flip",
        *(32, 32, 128, 60, 10),
        PAD_CROP_FLIP,
        (v2.RandomCrop(32, padding=4), v2.RandomHorizontalFlip()),
    ),
    Case(
        "32x32: pad, crop, flip, colors, erasing",
        *(32, 32, 128, 40, 6),
        {**PAD_CROP_FLIP, **COLORS, "erasing": 0.25},
        (
            v2.RandomCrop(32, padding=4),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(0.4, 0.4, 0.4, 0.1),
        ),
        0.25,
    ),
    Case(
        "224x224: random resized crop, flip, colors, erasing",
        *(256, 224, 32, 6, 4),
        {**RESIZED, **COLORS, "erasing": 0.25},
        (
            v2.RandomResizedCrop(224, antialias=True),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(0.4, 0.4, 0.4, 0.1),
        ),
        0.25,
    ),
)


def run() -> Iterator[Row]:
    """Yield (label, ours, the peer's value, ratio, goal) for every recipe."""
    for case in CASES:
        ours, theirs = _turns(case)
        ratio = median(one / other for one, other in zip(ours, theirs, strict=True))
        yield f"{case.title}: pictures/s", median(ours), median(theirs), ratio, ">= 1"


def _turns(case: Case) -> tuple[list[float], list[float]]:
    """Return the pictures a second of both sides in each turn."""
    count = max(case.batch * 2, 512 if case.stored > 64 else 5120)
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (count, case.stored, case.stored, 3), np.uint8)
    with closing(_stores()) as stores:
        sides = ((_ours(case, pictures, stores), case.ours), (_theirs(case, pictures), case.theirs))
        found: tuple[list[float], list[float]] = ([], [])
        for _ in range(TURNS + 1):
            for (batches, wanted), rates in zip(sides, found, strict=True):
                rates.append(_rate(batches, wanted, case.batch))
    return found[0][1:], found[1][1:]  # without the turn in which workers start and caches fill


def _rate(batches: Callable[[], Iterator[Any]], wanted: int, size: int) -> float:
    """Return the pictures a second of some batches; the first one is waited for, but not counted.

    torchvision's workers begin with an epoch: what they did before is none of the time.
    """
    coming = batches()
    next(coming)
    begun = time.perf_counter()
    for _ in range(wanted):
        next(coming)
    return wanted * size / (time.perf_counter() - begun)


def _stores() -> Stores:
    """Return stores of no picture files."""
    return Stores({}, PictureForm(3, 1, 1), StoreSettings(), source=Path())


def _ours(case: Case, pictures: np.ndarray, stores: Stores) -> Callable[[], Iterator[Any]]:
    """Return what gives our batches, without end."""
    preprocessing = Preprocessing(
        input=(3, case.side, case.side), mean=MEAN, deviation=DEVIATION, classes=()
    )
    source = images(
        array_part(pictures, np.zeros(len(pictures), np.int64)),
        "train",
        preprocessing,
        device=torch.device("cpu"),
        stores=stores,
        augment=augmenter(Augmentation(**case.settings), preprocessing),
        form=PictureForm(3, case.stored, case.stored),
    )

    def batches() -> Iterator[Any]:
        while True:
            order = torch.randperm(len(pictures))
            yield from source.batches(order[: len(order) // case.batch * case.batch], case.batch)

    return batches


class _Pictures(Dataset[tuple[torch.Tensor, int]]):
    """Pictures in memory, each changed by torchvision's transforms."""

    def __init__(self, pictures: np.ndarray, transform: Callable[[torch.Tensor], torch.Tensor]):
        self.pictures = torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy())
        self.transform = transform

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(self.pictures[index]), 0


def _theirs(case: Case, pictures: np.ndarray) -> Callable[[], Iterator[Any]]:
    """Return what gives torchvision's batches, of at least as many as a turn takes."""
    transform = v2.Compose(
        [
            *case.transforms,
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(MEAN, DEVIATION),
            *([v2.RandomErasing(case.erasing)] if case.erasing else []),
        ]
    )
    loader = DataLoader(
        _Pictures(pictures, transform),
        batch_size=case.batch,
        shuffle=True,
        drop_last=True,
        num_workers=WORKERS,
        persistent_workers=True,
    )

    def batches() -> Iterator[Any]:
        while True:
            yield from loader

    return batches
