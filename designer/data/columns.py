"""The inputs of examples: one column for each, in memory or in files, of values of any rank."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from designer.data.files import Files
from designer.data.pictures import (
    HEAD,
    Array,
    Levels,
    PictureForm,
    check_beginning,
    decode,
    fitted,
    read_facts,
)
from designer.errors import DesignerError
from designer.recipe.columns import ValueColumn

Indices = Sequence[int] | NDArray[np.integer[Any]]
Shape = tuple[int, ...]

_LARGE = 2**24  # bytes of a picture file that are not read before its beginning
_SHAPES_SAMPLE = 64  # picture files whose headers are read to find the sizes of all
_DIGEST = 8  # bytes
_ALL_READ, _SMALLEST_READ, _LARGEST_READ = 2**32, 2**12, 2**20  # bytes of all files, of each
_READERS = 8  # threads, since opening and hashing files leave Python's lock


class Column(Protocol):
    """One input of all examples, such as a picture, a vector or a volume."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the values: of pictures, uint8, or float32 where they hold more than that."""
        ...

    @property
    def in_memory(self) -> bool:
        """False where reading a value means decoding a file."""
        ...

    def __len__(self) -> int: ...

    def read(self, indices: Indices, form: PictureForm | None = None) -> Array:
        """Return the values at `indices`, (n, ...).

        Pictures come as (n, channels, height, width) in the form asked for, other values as they
        are.

        Raises
        ------
        DesignerError
            A file cannot be read, or pictures cannot be converted to the form.
        """
        ...

    def shapes(self) -> list[Shape]:
        """Return the distinct shapes of the values; for files, of a sample.

        Pictures have (height, width, channels).
        """
        ...

    def digests(self, indices: Indices, labels: Sequence[bytes]) -> NDArray[np.uint64]:
        """Return a hash of each value at `indices` with its label, uint64 (n,).

        64 bits are enough, as examples are compared one by one. Of large files the hash covers the
        size and both ends: as much as makes 4 GiB for all of `indices`, which is read in seconds,
        and at least 4 KiB of each. Pictures are compressed, so that another picture of equal size
        with equal ends is most unlikely.

        Raises
        ------
        DesignerError
            A file cannot be read.
        """
        ...


@dataclass(frozen=True, eq=False)
class ArrayColumn:
    """Values in memory.

    Attributes
    ----------
    values
        (n, ...); pictures are (n, height, width, channels), uint8 or float32.
    columns
        The columns of a table that rows of values (n, k) are from; none for other values.
    """

    values: Array
    columns: tuple[ValueColumn, ...] = ()

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    @property
    def in_memory(self) -> bool:
        return True

    def __len__(self) -> int:
        return len(self.values)

    def read(self, indices: Indices, form: PictureForm | None = None) -> Array:
        chosen = self.values[np.asarray(indices, np.intp)]
        return chosen if form is None else fitted(chosen, form)

    def shapes(self) -> list[Shape]:
        return [self.values.shape[1:]]

    def digests(self, indices: Indices, labels: Sequence[bytes]) -> NDArray[np.uint64]:
        start = hashlib.blake2b(
            f"{self.values.dtype}{self.values.shape[1:]}".encode(), digest_size=_DIGEST
        )

        def digest(index: int, label: bytes) -> bytes:
            found = start.copy()
            found.update(np.ascontiguousarray(self.values[index]).data)
            found.update(label)
            return found.digest()

        return _joined(map(digest, indices, labels))


@dataclass(frozen=True, eq=False)
class PictureColumn:
    """Picture files, each decoded when it is read.

    Attributes
    ----------
    files
        Where they are.
    names
        Their names there.
    levels
        The range of grays of more than 8 bits; None if the pictures have 8.
    """

    files: Files
    names: tuple[str, ...]
    levels: Levels | None = None

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.uint8 if self.levels is None else np.float32)

    @property
    def in_memory(self) -> bool:
        return False

    def __len__(self) -> int:
        return len(self.names)

    def content(self, index: int) -> bytes:
        """Return the bytes of a picture's file.

        Raises
        ------
        DesignerError
            The file cannot be read.
        """
        name = self.names[index]
        if self.files.size(name) > _LARGE:  # it may unpack to gigabytes that are no picture
            check_beginning(self.files.read(name, HEAD), self.files.where(name))
        return self.files.read(name)

    def decode(self, index: int, form: PictureForm, out: Array | None = None) -> Array:
        """Return a picture as (channels, height, width), in the array `out` if one is given.

        Raises
        ------
        DesignerError
            The file cannot be read, or is no usable picture.
        """
        where = self.files.where(self.names[index])
        return decode(self.content(index), where, form, levels=self.levels, out=out)

    def read(self, indices: Indices, form: PictureForm | None = None) -> Array:
        assert form is not None, "pictures in files have no form of their own"
        images = np.empty((len(indices), form.channels, form.height, form.width), self.dtype)
        for i, index in enumerate(indices):
            images[i] = self.decode(int(index), form)
        return images

    def shapes(self) -> list[Shape]:
        """Return the distinct shapes among at most 64 pictures, evenly spaced.

        Those that cannot be read are passed over.

        Raises
        ------
        DesignerError
            None of them can be read.
        """
        found: set[Shape] = set()
        broken: DesignerError | None = None
        for index in evenly(len(self), _SHAPES_SAMPLE):
            try:
                found.add(self.shape(int(index)))
            except DesignerError as error:
                broken = broken or error
        if not found and broken is not None:
            raise broken
        return sorted(found)

    def shape(self, index: int) -> Shape:
        """Return the (height, width, channels) of a picture, from its header.

        Raises
        ------
        DesignerError
            The file cannot be read, or is no usable picture.
        """
        name = self.names[index]
        facts = read_facts(lambda most: self.files.read(name, most), self.files.where(name))
        return facts.height, facts.width, facts.channels

    def digests(self, indices: Indices, labels: Sequence[bytes]) -> NDArray[np.uint64]:
        most = min(_LARGEST_READ, max(_SMALLEST_READ, _ALL_READ // max(1, len(indices))))

        def digest(index: int, label: bytes) -> bytes:
            return _file_digest(self.files, self.names[index], most=most, label=label)

        from concurrent.futures import ThreadPoolExecutor  # decoder processes start sooner without

        with ThreadPoolExecutor(_READERS) as readers:
            return _joined(readers.map(digest, indices, labels))


@dataclass(frozen=True, eq=False)
class TakenColumn:
    """Some values of another column: value ``i`` is its value ``indices[i]``."""

    column: Column
    indices: NDArray[np.int64]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.column.dtype

    @property
    def in_memory(self) -> bool:
        return self.column.in_memory

    def __len__(self) -> int:
        return len(self.indices)

    def read(self, indices: Indices, form: PictureForm | None = None) -> Array:
        return self.column.read(self.indices[np.asarray(indices, np.intp)], form)

    def shapes(self) -> list[Shape]:
        """Return the shapes of the whole column."""
        return self.column.shapes()

    def digests(self, indices: Indices, labels: Sequence[bytes]) -> NDArray[np.uint64]:
        return self.column.digests(self.indices[np.asarray(indices, np.intp)], labels)


def take(column: Column, indices: NDArray[np.int64]) -> Column:
    """Return the values of a column at some indices, without copying them."""
    if isinstance(column, PictureColumn):
        return PictureColumn(
            column.files, tuple(column.names[index] for index in indices), column.levels
        )
    if isinstance(column, TakenColumn):
        return TakenColumn(column.column, column.indices[indices])
    return TakenColumn(column, indices)


def joined(first: Column, second: Column) -> Column | None:
    """Return the values of two columns of a data set, one after the other; None if it cannot be.

    Values in memory are copied. Pictures can be joined if they are in the same folder or archive.
    """
    if isinstance(first, PictureColumn) and isinstance(second, PictureColumn):
        if first.files is not second.files or first.levels != second.levels:
            return None
        return PictureColumn(first.files, first.names + second.names, first.levels)
    if not (first.in_memory and second.in_memory) or first.shapes() != second.shapes():
        return None
    values = [column.read(np.arange(len(column))) for column in (first, second)]
    whole = first.column if isinstance(first, TakenColumn) else first
    columns = whole.columns if isinstance(whole, ArrayColumn) else ()
    return ArrayColumn(np.concatenate(values), columns)


def evenly(length: int, count: int) -> NDArray[np.int64]:
    """Return at most ``count`` distinct, evenly spaced indices into ``length`` items."""
    return np.linspace(0, length - 1, min(count, length)).astype(np.int64)


def _joined(digests: Iterable[bytes]) -> NDArray[np.uint64]:
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)


def _file_digest(files: Files, name: str, *, most: int, label: bytes) -> bytes:
    """Return the hash of a file's size, its label and at most ``most`` bytes from both ends."""
    size = files.size(name)
    found = hashlib.blake2b(size.to_bytes(8, "little") + label, digest_size=_DIGEST)
    if size <= most:
        found.update(files.read(name))
    else:
        with files.open(name) as file:
            found.update(file.read(most // 2))
            file.seek(size - most // 2)
            found.update(file.read(most // 2))
    return found.digest()
