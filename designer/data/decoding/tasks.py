"""What a decoder process is told and what it answers: pictures to decode and where they go."""

import pickle
import struct
from dataclasses import dataclass
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from designer.data.decoding.cache import CacheSet
from designer.data.decoding.shared_memory import Region

Array = NDArray[Any]

_LENGTH = struct.Struct("<Q")


class Pictures(Protocol):
    """Encoded pictures, numbered from 0; a value that can be pickled, to be used by processes."""

    def __len__(self) -> int: ...

    def name(self, index: int) -> str:
        """Return the name by which a sentence speaks of a picture."""
        ...

    def content(self, index: int) -> bytes:
        """Return the bytes of a picture file.

        Raises
        ------
        DesignerError
            It cannot be read.
        """
        ...

    def decode_into(self, row: Array, content: bytes, index: int) -> None:
        """Decode a picture from its bytes into ``row`` (height, width, channels).

        Raises
        ------
        DesignerError
            The picture is damaged or cannot be used.
        """
        ...


@dataclass(frozen=True)
class Job:
    """Pictures, and the rows in shared memory that they are decoded into.

    Attributes
    ----------
    number
        What tasks call it.
    pictures
        The pictures.
    region
        The memory of all rows.
    shape, dtype
        The (height, width, channels) of a row, and its type: uint8 or float32.
    cache
        Where decoded pictures are stored on disk; None for nowhere.
    """

    number: int
    pictures: Pictures
    region: Region
    shape: tuple[int, int, int]
    dtype: str
    cache: CacheSet | None


@dataclass(frozen=True)
class Task:
    """Some pictures of a job to be decoded: picture ``indices[i]`` into row ``rows[i]``."""

    job: int
    indices: tuple[int, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Answer:
    """What became of a task.

    Attributes
    ----------
    errors
        The error of each picture that could not be decoded, by its position in the task.
    seconds
        How long it took.
    """

    errors: dict[int, Exception]
    seconds: float


def rows_of(region: Region, shape: tuple[int, int, int], dtype: str) -> Array:
    """Return the rows in a piece of shared memory, (rows, height, width, channels)."""
    row = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = region.map()
    return np.frombuffer(memory, dtype, region.size // row * int(np.prod(shape))).reshape(
        -1, *shape
    )


def send(pipe: IO[bytes], message: object) -> None:
    """Write a message to a pipe.

    Raises
    ------
    OSError
        The process at the other end has ended.
    """
    content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    pipe.write(_LENGTH.pack(len(content)) + content)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """Return the next message from a pipe, None if the process at the other end has ended."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    content = pipe.read(length)
    return pickle.loads(content) if len(content) == length else None
