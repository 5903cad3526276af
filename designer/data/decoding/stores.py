"""The stores of a training's parts: which pictures stay in memory, and which are cached on disk."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from designer.data.columns import Column, PictureColumn
from designer.data.decoding import budget
from designer.data.decoding.cache import CacheSet
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
    larger
        The forms of parts that are wanted larger, by their names.
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
        larger: Mapping[str, PictureForm] | None = None,
    ) -> None:
        encoded = {
            name: column for name, column in columns.items() if isinstance(column, PictureColumn)
        }
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
        forms = {name: (larger or {}).get(name, form) for name in encoded}
        memory = budget.memory_bytes(settings.memory, processes=settings.processes)
        dtype = next(iter(encoded.values())).dtype
        shapes = {name: (each.height, each.width, each.channels) for name, each in forms.items()}
        rows = {name: math.prod(shape) * dtype.itemsize for name, shape in shapes.items()}
        whole = sum(len(column) * rows[name] for name, column in encoded.items())
        cached = settings.cache == "always" or (settings.cache == "needed" and whole > memory)
        levels = next(iter(encoded.values())).levels
        caches: dict[PictureForm, CacheSet] = {}
        if cached:
            for each in dict.fromkeys(forms.values()):
                names = [name for name in encoded if forms[name] == each]
                caches[each] = cache_set(
                    source,
                    form=repr((each, levels, np.dtype(dtype).str)),
                    rows=sum(len(encoded[name]) for name in names),
                    row=rows[names[0]],
                    writers=max(1, count) * settings.processes,
                )
        # A part that does not fit needs a ring, for which the parts before it leave room.
        rings = [
            min(len(column), RING_BATCHES * settings.batch) * rows[name]
            for name, column in encoded.items()
        ]
        for number, (name, column) in enumerate(encoded.items(), start=1):
            self._stores[name] = PictureStore(
                self._decoders,
                EncodedPictures(column, forms[name]),
                shape=shapes[name],
                dtype=dtype.str,
                memory=max(0, memory - sum(rings[number:])),
                batch=settings.batch,
                cache=caches.get(forms[name]),
            )
            memory = max(0, memory - self._stores[name].rows.nbytes)

    def get(self, part: str) -> PictureStore | None:
        """Return the store of a part, None if its pictures are in memory."""
        return self._stores.get(part)

    def resized(self, column: Column, form: PictureForm) -> PictureStore:
        """Return a store for pictures in memory that do not fit there in a form.

        Raises
        ------
        DesignerError
            There is not enough memory for some batches.
        """
        if self._decoders is None:
            self._decoders = Decoders(0)  # a thread: the pictures are in this process's memory
        return PictureStore(
            self._decoders,
            ArrayPictures(column, form),
            shape=(form.height, form.width, form.channels),
            dtype=column.dtype.str,
            memory=0,
            batch=self._batch,
        )

    def close(self) -> None:
        """End the decoders."""
        if self._decoders is not None:
            self._decoders.close()
