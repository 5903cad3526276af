"""The data that a training begins with: cut into parts, at the network's size, with statistics.

A process that waits for a training reads them before they are asked for, and keeps the last.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from designer.data.dataset import DataSet
from designer.data.opening import locate, open_dataset
from designer.data.parts import ArrayPart, Part
from designer.data.splitting import Split, split
from designer.data.summary import channel_statistics, memory_bytes

LARGEST = 256 * 2**20  # bytes of images that are scaled all at once, or kept ahead of their use

_Stamp = tuple[tuple[str, int, int], ...]  # of each file: name, bytes, time of its last change


@dataclass(frozen=True)
class DataRequest:
    """Which data, how divided (see ``split``), and the (channels, height, width) to give."""

    source: str
    validation: float
    test: float
    limit: int | None
    seed: int
    shape: tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class PreparedData:
    """A data set divided into parts; what takes long is done when it is first asked for."""

    data: DataSet
    parts: Split
    shape: tuple[int, int, int]

    @cached_property
    def small(self) -> bool:
        """Whether all images are in memory and, at the network's size, take no more than a bit."""
        channels, height, width = self.shape
        parts = [part for part in self._all if part is not None]
        size = sum(memory_bytes(p, height=height, width=width, channels=channels) for p in parts)
        return size <= LARGEST and all(part.in_memory for part in parts)

    @cached_property
    def sized(self) -> Split:
        """The parts, those of small data with images of the network's size.

        Raises
        ------
        DesignerError
            the images have channels that cannot become the network's.
        """
        if not self.small:
            return self.parts
        train, validation, test = (
            None if part is None else self._sized(part) for part in self._all
        )
        assert train is not None
        return Split(train, validation, test)

    @cached_property
    def statistics(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of each channel; see ``channel_statistics``.

        Raises
        ------
        DesignerError
            a picture cannot be read or converted.
        """
        channels, height, width = self.shape
        train = self.sized.train
        return channel_statistics(train, height=height, width=width, channels=channels)

    @property
    def _all(self) -> tuple[Part, Part | None, Part | None]:
        return self.parts.train, self.parts.validation, self.parts.test

    def _sized(self, part: Part) -> Part:
        channels, height, width = self.shape
        if part.shapes() == [(height, width, channels)]:
            return part
        images = part.read(np.arange(len(part)), height=height, width=width, channels=channels)
        return ArrayPart(images.transpose(0, 2, 3, 1), part.labels)


def material(wish: DataRequest) -> PreparedData:
    """Read and divide a data set, or return what ``read_ahead`` kept of it, which is kept no more.

    Raises
    ------
    DesignerError
        the data set cannot be read or divided.
    """
    try:
        return _read(wish, _stamp(wish.source))
    finally:
        _read.cache_clear()


def read_ahead(wish: DataRequest) -> None:
    """Read a data set, work out all of its material, and keep that until it is asked for.

    Only one is kept, and none whose files or images take more than ``LARGEST`` bytes, or that lies
    in sub-folders, since a change of pictures there would not be seen.

    Raises
    ------
    DesignerError
        the data set cannot be read, divided or brought to the network's size.
    """
    stamp = _stamp(wish.source)
    if not stamp or sum(size for _, size, _ in stamp) > LARGEST:
        _read.cache_clear()
        return
    ahead = _read(wish, stamp)
    if ahead.small:
        _ = ahead.statistics
    else:
        _read.cache_clear()


@lru_cache(maxsize=1)
def _read(wish: DataRequest, _: _Stamp) -> PreparedData:
    data = open_dataset(wish.source)
    parts = split(
        data, validation=wish.validation, test=wish.test, seed=wish.seed, limit=wish.limit
    )
    return PreparedData(data, parts, wish.shape)


def _stamp(source: str) -> _Stamp:
    """Return what is another when the files of a data set are; nothing if that is not known."""
    path = locate(source)
    try:
        files = [path] if path.is_file() else sorted(path.iterdir())
        if not all(file.is_file() for file in files):
            return ()
        stats = [(file.name, file.stat()) for file in files]
    except OSError:
        return ()
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)
