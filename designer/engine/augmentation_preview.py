"""What random changes make of a few pictures: draws to look at before a training."""

from pathlib import Path

import numpy as np
import torch

from designer.data.pictures import Array
from designer.engine.augmentation import Augmenter
from designer.errors import DesignerError
from designer.recipe.augmentations import Augmentation


def draws(images: Array, settings: Augmentation, *, count: int, seed: int) -> Array:
    """Return pictures as a network gets them in so many epochs, before they are standardized.

    One thread is used, and neither the generator nor the threads of a later training are changed.

    Parameters
    ----------
    images
        Pictures in the form of the network, (n, channels, height, width): uint8, or float32 from 0
        to 1.
    settings
        The random changes.
    count
        Draws of each picture.
    seed
        Of the draws.

    Returns
    -------
    Array
        (count, n, channels, height, width), uint8.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            augment = Augmenter(settings, height=images.shape[2], width=images.shape[3])
            stored = torch.from_numpy(images)
            floats = stored.float().div(255) if stored.dtype == torch.uint8 else stored
            found = torch.stack([augment(floats.clone()) for _ in range(count)])
        pixels: Array = found.clamp(0, 1).mul(255).round().to(torch.uint8).numpy()
        return pixels
    finally:
        torch.set_num_threads(threads)


def write_draws(
    source: Path, target: Path, settings: Augmentation, *, count: int, seed: int
) -> None:
    """Read pictures from an npy file and write their draws to another; see `draws`.

    Raises
    ------
    DesignerError
        A file cannot be read or written.
    """
    try:
        images = np.load(source, allow_pickle=False)
        np.save(target, draws(images, settings, count=count, seed=seed))
    except (OSError, ValueError) as error:
        raise DesignerError(
            f"The preview of the augmentation cannot be made ({error}): draw again."
        ) from error
