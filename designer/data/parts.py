"""The parts of a data set: images with labels, in memory, in files, or a subset of another part."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from designer.data.pictures import Array, fit, picture_shape, read_picture
from designer.errors import DesignerError

Indices = Sequence[int] | NDArray[np.integer[Any]]
Shape = tuple[int, int, int]  # height, width, channels

_SHAPES_SAMPLE = 64  # picture files whose headers are read to find the sizes of all
_DIGEST = 8  # bytes
_ALL_READ, _SMALLEST_READ, _LARGEST_READ = 2**32, 2**12, 2**20  # bytes of all files, of each
_READERS = 8  # threads, since opening and hashing files leave Python's lock


class Part(Protocol):
    """Images with labels, such as the training, validation or test part of a data set."""

    @property
    def labels(self) -> Array:
        """Class numbers, int64 (n,), or targets for regression, float32 (n, targets)."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the images: uint8, or float32 where the data set itself holds floats."""
        ...

    @property
    def in_memory(self) -> bool:
        """False where reading an image means decoding a file."""
        ...

    def __len__(self) -> int: ...

    def read(self, indices: Indices, *, height: int, width: int, channels: int) -> Array:
        """Return the images at ``indices`` as (n, channels, height, width) in ``dtype``.

        Raises
        ------
        DesignerError
            A file cannot be read, or its channels cannot be converted to ``channels``.
        """
        ...

    def shapes(self) -> list[Shape]:
        """Return the distinct (height, width, channels) of the images; for files, of a sample."""
        ...

    @property
    def names(self) -> tuple[str, ...] | None:
        """A name for each example that stays when others are added; None if they are numbered."""
        ...

    def digests(self, indices: Indices) -> NDArray[np.uint64]:
        """Return a hash of each example at ``indices`` with its label, uint64 (n,).

        64 bits are enough, as examples are compared one by one. Of large files the hash covers
        the size and both ends: as much as makes 4 GiB for all of ``indices``, which is read in
        seconds, and at least 4 KiB of each. Pictures are compressed, so that another picture of
        equal size with equal ends is most unlikely.

        Raises
        ------
        DesignerError
            A file cannot be read.
        """
        ...


@dataclass(frozen=True, eq=False)
class ArrayPart:
    """Images in memory.

    Attributes
    ----------
    images
        (n, height, width, channels), uint8 or float32.
    labels
        As in `Part`.
    """

    images: Array
    labels: Array

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.images.dtype

    @property
    def in_memory(self) -> bool:
        return True

    def __len__(self) -> int:
        return len(self.images)

    def read(self, indices: Indices, *, height: int, width: int, channels: int) -> Array:
        chosen = self.images[np.asarray(indices, np.intp)]
        return fit(chosen, height=height, width=width, channels=channels)

    def shapes(self) -> list[Shape]:
        """Return the one (height, width, channels) of all images."""
        height, width, channels = self.images.shape[1:]
        return [(height, width, channels)]

    @property
    def names(self) -> None:
        return None

    def digests(self, indices: Indices) -> NDArray[np.uint64]:
        start = hashlib.blake2b(
            f"{self.images.dtype}{self.images.shape[1:]}".encode(), digest_size=_DIGEST
        )
        labels = np.ascontiguousarray(self.labels)

        def digest(index: int) -> bytes:
            found = start.copy()
            found.update(np.ascontiguousarray(self.images[index]).data)
            found.update(labels[index].data)
            return found.digest()

        return _joined(map(digest, indices))


@dataclass(frozen=True, eq=False)
class FilePart:
    """Picture files, each decoded when it is read.

    Attributes
    ----------
    root
        The folder of all files.
    names
        Their paths within the folder.
    labels
        The class number of each file, int64 (n,).
    """

    root: Path
    names: tuple[str, ...]
    labels: Array

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.uint8)

    @property
    def in_memory(self) -> bool:
        return False

    def __len__(self) -> int:
        return len(self.names)

    def read(self, indices: Indices, *, height: int, width: int, channels: int) -> Array:
        images = np.empty((len(indices), channels, height, width), self.dtype)
        for i, index in enumerate(indices):
            path = self.root / self.names[index]
            image = read_picture(path, height=height, width=width, channels=channels)
            deep = image.dtype != np.uint8  # scaled to 0 to 1 by its own range
            images[i] = np.rint(image * 255) if deep else image
        return images

    def shapes(self) -> list[Shape]:
        """Return the distinct shapes among at most 64 pictures, evenly spaced."""
        sample = evenly(len(self), _SHAPES_SAMPLE)
        return sorted({picture_shape(self.root / self.names[index]) for index in sample})

    def digests(self, indices: Indices) -> NDArray[np.uint64]:
        most = min(_LARGEST_READ, max(_SMALLEST_READ, _ALL_READ // max(1, len(indices))))

        def digest(index: int) -> bytes:
            path = self.root / self.names[index]
            return _file_digest(path, most=most, label=self.labels[index].tobytes())

        with ThreadPoolExecutor(_READERS) as readers:
            return _joined(readers.map(digest, indices))


@dataclass(frozen=True, eq=False)
class Subset:
    """A subset of another part: image ``i`` is image ``indices[i]`` of ``part``."""

    part: Part
    indices: NDArray[np.int64]

    @property
    def labels(self) -> Array:
        return self.part.labels[self.indices]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.part.dtype

    @property
    def in_memory(self) -> bool:
        return self.part.in_memory

    def __len__(self) -> int:
        return len(self.indices)

    def read(self, indices: Indices, *, height: int, width: int, channels: int) -> Array:
        chosen = self.indices[np.asarray(indices, np.intp)]
        return self.part.read(chosen, height=height, width=width, channels=channels)

    def shapes(self) -> list[Shape]:
        """Return the shapes of the whole part."""
        return self.part.shapes()

    @property
    def names(self) -> tuple[str, ...] | None:
        names = self.part.names
        return None if names is None else tuple(names[index] for index in self.indices)

    def digests(self, indices: Indices) -> NDArray[np.uint64]:
        return self.part.digests(self.indices[np.asarray(indices, np.intp)])


def _joined(digests: Iterable[bytes]) -> NDArray[np.uint64]:
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)


def _file_digest(path: Path, *, most: int, label: bytes) -> bytes:
    """Return the hash of a file's size, its label and at most ``most`` bytes from both ends."""
    try:
        with path.open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            found = hashlib.blake2b(size.to_bytes(8, "little") + label, digest_size=_DIGEST)
            if size <= most:
                found.update(file.read())
            else:
                found.update(file.read(most // 2))
                file.seek(size - most // 2)
                found.update(file.read(most // 2))
    except OSError as error:
        raise DesignerError(
            f"{path} cannot be read ({error.strerror}): check that it is there and that you may "
            "read it."
        ) from error
    return found.digest()


def evenly(length: int, count: int) -> NDArray[np.int64]:
    """Return at most ``count`` distinct, evenly spaced indices into ``length`` items."""
    return np.linspace(0, length - 1, min(count, length)).astype(np.int64)
