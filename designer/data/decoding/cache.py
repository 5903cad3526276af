"""Decoded, shrunk pictures on the disk, for data sets that are read again and again.

The cache is a folder of sets, one for each data set and form of its pictures. In a set, every
process writes files of its own: ``NAME.rows`` has the pixels of one picture after another, and
``NAME.keys`` after a header an entry for each: the hash of the picture file's bytes, by which it is
found, and a checksum of hash and pixels. So no lock is needed: what was cut off, damaged or written
by something else has no entry or a wrong checksum, and the picture is decoded again.
"""

import hashlib
import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from numpy.typing import NDArray

KEY = 16  # bytes of a hash
_CHECKSUM = 8  # bytes
ENTRY = KEY + _CHECKSUM
_LOOK_SECONDS = 1.0  # between looks for rows that other processes have added


@dataclass(frozen=True)
class CacheSet:
    """The decoded pictures of one data set in one form, as processes are told of it.

    Attributes
    ----------
    folder
        Where they are.
    about
        What all rows of the set depend on besides the picture files.
    most
        Bytes that each process may add to it.
    """

    folder: Path
    about: bytes
    most: int


class Cache:
    """A set of the cache in one process, which reads all its files and writes one of its own.

    Nothing raises: where the disk fails, pictures are decoded as if there were no cache.
    """

    def __init__(self, chosen: CacheSet) -> None:
        self._set = chosen
        self._left = chosen.most
        self._places: dict[bytes, tuple[Path, int, bytes]] = {}  # file, number of its row, checksum
        self._open: dict[Path, BinaryIO] = {}
        self._writer: _Writer | None = None
        self._known: dict[Path, int] = {}  # rows of each file that are in `_places`
        self._looked = -math.inf

    def key(self, content: bytes) -> bytes:
        """Return the key of a picture by the bytes of its file."""
        return hashlib.blake2b(content, digest_size=KEY).digest()

    def read(self, key: bytes, row: NDArray[Any]) -> bool:
        """Fill a row with the pixels of a key; return False if they are not there, or damaged."""
        found = self._places.get(key)
        if found is None and time.monotonic() - self._looked > _LOOK_SECONDS:
            self._look()
            found = self._places.get(key)
        if found is None:
            return False
        path, number, checksum = found
        memory = row.data.cast("B")
        try:
            if path not in self._open:
                self._open[path] = path.open("rb", buffering=0)
            file = self._open[path]
            file.seek(number * len(memory))
            whole = _fill(file, memory)
        except OSError:
            whole = False
        if whole and _checksum(key, memory) == checksum:
            return True
        del self._places[key]
        return False

    def close(self) -> None:
        """Close the files."""
        for file in self._open.values():
            file.close()
        self._open.clear()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _look(self) -> None:
        """Take note of the rows that were added since the last look, by any process."""
        for keys in _key_files(self._set.folder):
            rows, known = keys.with_suffix(".rows"), self._known.get(keys, 0)
            for key, checksum in _entries(keys, self._set.about, known):
                self._places[key] = rows, known, checksum
                known += 1
            self._known[keys] = known
        self._looked = time.monotonic()

    def write(self, key: bytes, row: NDArray[Any]) -> None:
        """Add the pixels of a key, if there is room."""
        memory = row.data.cast("B")
        if len(memory) + ENTRY > self._left:
            return
        try:
            if self._writer is None:
                self._writer = _Writer(self._set)
            self._writer.add(key, memory)
            self._left -= len(memory) + ENTRY
        except OSError:  # the disk is full, or the set was removed
            self._left = 0


class _Writer:
    """Two new files of a set, that only this process writes."""

    def __init__(self, chosen: CacheSet) -> None:
        name = f"{int(time.time())}-{os.urandom(8).hex()}"
        self._rows = (chosen.folder / f"{name}.rows").open("xb", buffering=0)
        self._keys = (chosen.folder / f"{name}.keys").open("xb", buffering=0)
        self._keys.write(chosen.about)

    def add(self, key: bytes, memory: memoryview) -> None:
        done = 0
        while done < len(memory):
            done += self._rows.write(memory[done:]) or 0
        self._keys.write(key + _checksum(key, memory))

    def close(self) -> None:
        self._rows.close()
        self._keys.close()


def _key_files(path: Path) -> list[Path]:
    try:
        return sorted(each for each in path.iterdir() if each.suffix == ".keys")
    except OSError:
        return []


def _entries(path: Path, about: bytes, first: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield key and checksum of the rows of a file from a row on; none of another kind of file."""
    try:
        with path.open("rb") as file:
            if file.read(len(about)) != about:
                return
            file.seek(first * ENTRY, os.SEEK_CUR)
            content = file.read()
    except OSError:
        return
    for start in range(0, len(content) - ENTRY + 1, ENTRY):
        yield content[start : start + KEY], content[start + KEY : start + ENTRY]


def _fill(file: BinaryIO, memory: memoryview) -> bool:
    """Fill memory from a file; return whether the file was long enough."""
    done = 0
    while done < len(memory):
        count = file.readinto(memory[done:])  # type: ignore[attr-defined]
        if not count:
            return False
        done += count
    return True


def _checksum(key: bytes, memory: memoryview) -> bytes:
    return hashlib.blake2b(memory, digest_size=_CHECKSUM, key=key).digest()
