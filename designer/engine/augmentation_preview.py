"""What random changes make of a few pictures: draws to look at before a training."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from designer.data.pictures import Array
from designer.engine.augmentation import Augmenter
from designer.engine.mixing import Mixing
from designer.errors import DesignerError
from designer.recipe.augmentations import Augmentation


class Draws(NamedTuple):
    """Pictures as a network gets them, before they are standardized.

    Attributes
    ----------
    pictures
        (count, n, channels, height, width), uint8.
    partners
        (n,): the number of the picture that each is mixed with.
    shares
        (count, n): how much of it is its own; 1 if nothing mixes pictures.
    """

    pictures: Array
    partners: Array
    shares: Array


def draws(
    images: Array,
    settings: Augmentation,
    *,
    count: int,
    seed: int,
    size: tuple[int, int] | None = None,
    mean: Sequence[float] = (),
    components: Sequence[Sequence[float]] = (),
) -> Draws:
    """Return pictures as a network gets them in so many epochs, before they are standardized.

    One thread is used, and neither the generator nor the threads of a later training are changed.

    Parameters
    ----------
    images
        Pictures, (n, channels, height, width), of the network's size or larger: uint8, or float32
        from 0 to 1.
    settings
        The random changes.
    count
        Draws of each picture.
    seed
        Of the draws.
    size
        Height and width that the network takes; None for those of the pictures.
    mean, components
        The mean of the training part's channels, and the principal components of its colors.
    """
    height, width = size or images.shape[2:]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            augment = Augmenter(
                settings, height=height, width=width, mean=mean, components=components
            )
            mixing = Mixing(settings) if settings.mixes else None
            stored, numbers = torch.from_numpy(images), torch.arange(len(images))
            found, partners, shares = [], numbers, []
            for _ in range(count):
                changed, share = augment(stored), torch.ones(len(stored))
                if mixing is not None:
                    changed, (_, partners, share) = mixing(changed, numbers)
                found.append(changed.clamp(0, 1).mul(255).round().to(torch.uint8).numpy())
                shares.append(share.numpy())
        return Draws(np.stack(found), partners.numpy(), np.stack(shares))
    finally:
        torch.set_num_threads(threads)


def write_draws(
    source: Path,
    target: Path,
    settings: Augmentation,
    *,
    count: int,
    seed: int,
    size: tuple[int, int] | None = None,
    mean: Sequence[float] = (),
    components: Sequence[Sequence[float]] = (),
) -> None:
    """Read pictures from an npy file and write the arrays of `Draws` to an npz file; see `draws`.

    Raises
    ------
    DesignerError
        A file cannot be read or written.
    """
    try:
        images = np.load(source, allow_pickle=False)
        found = draws(
            images, settings, count=count, seed=seed, size=size, mean=mean, components=components
        )
        np.savez(target, **found._asdict())
    except (OSError, ValueError) as error:
        raise DesignerError(
            f"The preview of the augmentation cannot be made ({error}): draw again."
        ) from error
