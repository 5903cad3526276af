"""The stores of a training's parts: which pictures stay in memory, and which are cached on disk."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from designer.data.columns import Column, PictureColumn
from designer.data.decoding import budget
from designer.data.decoding.cache_sets import cache_set
from designer.data.decoding.decoders import Decoders
from designer.data.decoding.encoded import ArrayPictures, EncodedPictures
from designer.data.decoding.store import RING_BATCHES, PictureStore
from designer.data.pictures import PictureForm


@dataclass(frozen=True)
class StoreSettings:
    """What a recipe and the machine say of decoding.

    Attributes
    ----------
    memory
        ``data.memory`` of the recipe, in GiB; None for a share of what is free.
    cache
        ``data.cache`` of the recipe: never, needed or always.
    workers
        ``data.workers`` of the recipe; None for as many as there are cores.
    batch
        Pictures in a batch.
    processes
        How many processes of the training are on this machine.
    """

    memory: float | None = None
    cache: str = "needed"
    workers: int | None = None
    batch: int = 64
    processes: int = 1


class Stores:
    """The stores of the parts whose pictures are in files, and the decoders that fill them.

    Parameters
    ----------
    columns
        The pictures of each part by its name, the most important part first. Columns in memory
        get no store.
    form
        What the network takes.
    settings
        How they are decoded.
    source
        Where the data set is.

    Raises
    ------
    DesignerError
        There is not enough memory.
    """

    def __init__(
        self,
        columns: Mapping[str, Column],
        form: PictureForm,
        settings: StoreSettings,
        *,
        source: Path,
    ) -> None:
        encoded = {
            name: column for name, column in columns.items() if isinstance(column, PictureColumn)
        }
        self._form = form
        self._batch = settings.batch
        self._stores: dict[str, PictureStore] = {}
        self._decoders: Decoders | None = None
        if not encoded:
            return
        pictures = sum(map(len, encoded.values()))
        count = budget.decoder_count(
            settings.workers, pictures=pictures, processes=settings.processes
        )
        self._decoders = Decoders(count)
        shape = form.height, form.width, form.channels
        memory = budget.memory_bytes(settings.memory, processes=settings.processes)
        dtype = next(iter(encoded.values())).dtype
        row = math.prod(shape) * dtype.itemsize
        cached = settings.cache == "always" or (
            settings.cache == "needed" and pictures * row > memory
        )
        levels = next(iter(encoded.values())).levels
        cache = None
        if cached:
            cache = cache_set(
                source,
                form=repr((form, levels, np.dtype(dtype).str)),
                rows=pictures,
                row=row,
                writers=max(1, count) * settings.processes,
            )
        # A part that does not fit needs a ring, for which the parts before it leave room.
        rings = [min(len(column), RING_BATCHES * settings.batch) for column in encoded.values()]
        for number, (name, column) in enumerate(encoded.items(), start=1):
            self._stores[name] = PictureStore(
                self._decoders,
                EncodedPictures(column, form),
                shape=shape,
                dtype=dtype.str,
                memory=max(0, memory - sum(rings[number:]) * row),
                batch=settings.batch,
                cache=cache,
            )
            memory = max(0, memory - self._stores[name].rows.nbytes)

    def get(self, part: str) -> PictureStore | None:
        """Return the store of a part, None if its pictures are in memory."""
        return self._stores.get(part)

    def resized(self, column: Column) -> PictureStore:
        """Return a store for pictures in memory that do not fit there at the network's size.

        Raises
        ------
        DesignerError
            There is not enough memory for some batches.
        """
        if self._decoders is None:
            self._decoders = Decoders(0)  # a thread: the pictures are in this process's memory
        return PictureStore(
            self._decoders,
            ArrayPictures(column, self._form),
            shape=(self._form.height, self._form.width, self._form.channels),
            dtype=column.dtype.str,
            memory=0,
            batch=self._batch,
        )

    def close(self) -> None:
        """End the decoders."""
        if self._decoders is not None:
            self._decoders.close()
