"""The parts of a data set: named inputs and targets of examples."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.data.columns import (
    ArrayColumn,
    Column,
    Indices,
    PictureColumn,
    Shape,
    TakenColumn,
    evenly,
    joined,
    take,
)
from designer.data.files import Files
from designer.data.pictures import Array, Fit, Levels, PictureForm

__all__ = ["Part", "array_part", "evenly", "picture_part"]

PICTURES = "image"
"""The name of the only input of pictures."""

_PICTURE_AXES = 4  # examples, height, width, channels


@dataclass(frozen=True, eq=False)
class Part:
    """Examples, such as the training, validation or test part of a data set.

    Attributes
    ----------
    inputs
        The columns of values that a network takes, by name.
    targets
        What it is to predict, by name: class numbers, int64 (n,); labels or numbers, float32
        (n, k). See `designer.data.targets`.
    names
        A name for each example that stays when others are added; None if they are numbered.
    origin, indices
        The part that this one is taken from, and where in it; None for a whole part.
    """

    inputs: Mapping[str, Column]
    targets: Mapping[str, Array]
    names: tuple[str, ...] | None = None
    origin: "Part | None" = field(default=None, repr=False)
    indices: NDArray[np.int64] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    @property
    def images(self) -> Column:
        """Its only input."""
        (column,) = self.inputs.values()
        return column

    @property
    def pictures(self) -> bool:
        """Whether its only input are pictures."""
        if len(self.inputs) != 1:
            return False
        ((name, column),) = self.inputs.items()
        while isinstance(column, TakenColumn):
            column = column.column
        if isinstance(column, ArrayColumn):
            return name == PICTURES and column.values.ndim == _PICTURE_AXES
        return isinstance(column, PictureColumn)

    @property
    def labels(self) -> Array:
        """The values of its only target."""
        (values,) = self.targets.values()
        return values

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of its only input."""
        return self.images.dtype

    @property
    def in_memory(self) -> bool:
        """Whether all inputs are in memory, rather than in files."""
        return all(column.in_memory for column in self.inputs.values())

    def read(
        self, indices: Indices, *, height: int, width: int, channels: int, fit: Fit = "crop"
    ) -> Array:
        """Return pictures of its only input as (n, channels, height, width).

        Raises
        ------
        DesignerError
            A file cannot be read, or its channels cannot be converted.
        """
        return self.images.read(indices, PictureForm(channels, height, width, fit))

    def shapes(self) -> list[Shape]:
        """Return the distinct (height, width, channels) of its only input; see `Column.shapes`."""
        return self.images.shapes()

    def digests(self, indices: Indices) -> NDArray[np.uint64]:
        """Return a hash of each example at `indices` with its targets, uint64 (n,).

        Raises
        ------
        DesignerError
            A file cannot be read.
        """
        every = [np.ascontiguousarray(values) for values in self.targets.values()]
        labels = [b"".join(values[index].tobytes() for values in every) for index in indices]
        columns = [column.digests(indices, labels) for column in self.inputs.values()]
        found = columns[0]
        for more in columns[1:]:
            found = found * np.uint64(0x9E3779B97F4A7C15) + more  # modulo 2**64
        return found

    def take(self, indices: NDArray[np.int64]) -> "Part":
        """Return the examples at `indices`, in that order, without copying their inputs."""
        return Part(
            {name: take(column, indices) for name, column in self.inputs.items()},
            {name: values[indices] for name, values in self.targets.items()},
            None if self.names is None else tuple(self.names[index] for index in indices),
            self,
            indices,
        )


def joined_parts(first: Part, second: Part) -> Part | None:
    """Return the examples of two parts as one part; None if their columns cannot be joined.

    Pictures get the names of their files, since both parts may name theirs within a folder.
    """
    inputs = {}
    for name, column in first.inputs.items():
        both = joined(column, second.inputs[name])
        if both is None:
            return None
        inputs[name] = both
    targets = {
        name: np.concatenate([values, second.targets[name]])
        for name, values in first.targets.items()
    }
    files = [column.names for column in inputs.values() if isinstance(column, PictureColumn)]
    return Part(inputs, targets, files[0] if files else None)


def array_part(images: Array, labels: Array, *, target: str = "class") -> Part:
    """Return a part of values in memory; see `ArrayColumn` and `Part.targets`."""
    return Part({PICTURES: ArrayColumn(images)}, {target: labels})


def picture_part(
    files: Files,
    names: tuple[str, ...],
    labels: Array,
    *,
    target: str = "class",
    levels: Levels | None = None,
) -> Part:
    """Return a part of picture files, by their names in `files`."""
    return Part({PICTURES: PictureColumn(files, names, levels)}, {target: labels}, names)
