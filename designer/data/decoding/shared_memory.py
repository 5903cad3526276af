"""Memory that a process shares with its decoder processes, so that pixels are never copied.

On Linux it is an anonymous file in memory, on Windows a named mapping, elsewhere a temporary file
without a name. It is gone when the last process that uses it ends, however it ends. The folder
``/dev/shm`` is not used, as containers often limit it to 64 MB.
"""

import mmap
import os
import sys
from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True)
class Region:
    """A piece of shared memory, as it is named to another process.

    Attributes
    ----------
    descriptor
        The number of the shared file, which is open in both processes; -1 on Windows.
    offset, size
        Where the piece is in the file, in bytes.
    tag
        Its name on Windows, else "".
    """

    descriptor: int
    offset: int
    size: int
    tag: str = ""

    def map(self) -> mmap.mmap:
        """Map the piece into this process.

        Raises
        ------
        OSError
            Memory, or space for addresses, ran out.
        """
        if sys.platform == "win32":
            return mmap.mmap(-1, self.size, tagname=self.tag)
        return mmap.mmap(self.descriptor, self.size, offset=self.offset)


class SharedFile:
    """The file of all pieces; memory is taken only for pages that are written to."""

    def __init__(self) -> None:
        self._file = _nameless_file()
        self._size = 0

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What a process must inherit to map pieces of the file."""
        return () if self._file is None else (self._file.fileno(),)

    def add(self, size: int) -> Region:
        """Return a new piece of at least one byte, filled with zeros.

        Raises
        ------
        OSError
            The file cannot grow.
        """
        size = max(1, size)
        if self._file is None:
            return Region(-1, 0, size, f"netdesigner-{os.getpid()}-{os.urandom(8).hex()}")
        region = Region(self._file.fileno(), self._size, size)
        self._size += -(-size // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
        os.truncate(self._file.fileno(), self._size)
        return region

    def close(self) -> None:
        """Close the file; pieces that are mapped stay usable."""
        if self._file is not None:
            self._file.close()


def _nameless_file() -> BinaryIO | None:
    if sys.platform == "win32":
        return None
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("netdesigner"), "r+b")
    import tempfile  # which imports much that a decoder process needs not

    return tempfile.TemporaryFile()
