"""The examples of one part that is evaluated; of images, all views that the network is shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from designer.data import Part
from designer.data.decoding.stores import Stores, StoreSettings
from designer.engine.batches import Images, form_of, images
from designer.engine.named_batches import OwnTargets, named_inputs
from designer.engine.passes import Passes
from designer.engine.text_windows import text_windows
from designer.recipe.data import Data
from designer.runs.preprocessing import Preprocessing


@contextmanager
def part_images(
    part: Part,
    preprocessing: Preprocessing,
    settings: Data,
    *,
    passes: Passes,
    device: torch.device,
    batch: int,
    source: Path,
) -> Iterator[Images]:
    """Give the images of a part, and end its decoder processes afterwards.

    Parameters
    ----------
    part
        The examples, whose pictures are of any size.
    preprocessing
        What is done to them.
    settings
        How much memory and how many processes decode pictures.
    passes
        The views that a batch has of each image; see `Passes.views`.
    device
        Where batches are wanted.
    batch
        Images in a batch.
    source
        Where the data set is.

    Raises
    ------
    DesignerError
        An image cannot be read or cannot become the network's input.
    """
    if preprocessing.vocabulary is not None:
        yield text_windows(part, preprocessing, device=device)
        return
    if preprocessing.inputs:
        found = named_inputs(part, preprocessing, device=device)
        yield OwnTargets(found) if preprocessing.gives_input else found
        return
    own = form_of(preprocessing)
    form = passes.form(own)
    stores = Stores(
        {"part": part.images},
        form,
        StoreSettings(memory=settings.memory, cache="never", workers=settings.workers, batch=batch),
        source=source,
    )
    try:
        found = images(
            part,
            "part",
            preprocessing,
            device=device,
            stores=stores,
            augment=passes.views(own),
            form=form,
        )
        yield OwnTargets(found) if preprocessing.gives_input else found
    finally:
        stores.close()
