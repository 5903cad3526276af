"""The parts of a data set: images with labels, in memory, in files, or a subset of another part."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from designer.data.pictures import Array, fit, picture_shape, read_picture

Indices = Sequence[int] | NDArray[np.integer[Any]]
Shape = tuple[int, int, int]  # height, width, channels

_SHAPES_SAMPLE = 64  # picture files whose headers are read to find the sizes of all


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
            images[i] = read_picture(path, height=height, width=width, channels=channels)
        return images

    def shapes(self) -> list[Shape]:
        """Return the distinct shapes among at most 64 pictures, evenly spaced."""
        sample = evenly(len(self), _SHAPES_SAMPLE)
        return sorted({picture_shape(self.root / self.names[index]) for index in sample})


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


def evenly(length: int, count: int) -> NDArray[np.int64]:
    """Return at most ``count`` distinct, evenly spaced indices into ``length`` items."""
    return np.linspace(0, length - 1, min(count, length)).astype(np.int64)
