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
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import PIL
from numpy.typing import NDArray

from designer.data import cache_folder
from designer.data.cache_folder import bytes_in, empty, make_room, mark_used, size

__all__ = ["Cache", "CacheSet", "cache_set", "empty", "size"]

_VERSION = 1  # to be raised when decoding gives other pixels, or the files change
_KEY, _CHECKSUM = 16, 8  # bytes
_ENTRY = _KEY + _CHECKSUM
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


def cache_set(source: Path, *, form: str, rows: int, row: int, writers: int) -> CacheSet:
    """Return the set of a data set, and make room for it by removing the sets used longest ago.

    Parameters
    ----------
    source
        Where the data set is.
    form
        Everything that the pixels depend on besides the picture files: size, channels, levels.
    rows, row
        The number of its pictures, and the bytes of each.
    writers
        How many processes will write.
    """
    about = hashlib.blake2b(
        repr((_VERSION, PIL.__version__, form, row)).encode(), digest_size=_KEY
    ).digest()
    name = hashlib.blake2b(about + os.fsencode(source.absolute()), digest_size=_KEY).hexdigest()
    own = cache_folder.folder() / name
    room = make_room(own, wanted=rows * (row + _ENTRY))
    with suppress(OSError):
        mark_used(own)
    return CacheSet(own, about, max(0, room - bytes_in(own)) // max(1, writers))


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
        return hashlib.blake2b(content, digest_size=_KEY).digest()

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
        if len(memory) + _ENTRY > self._left:
            return
        try:
            if self._writer is None:
                self._writer = _Writer(self._set)
            self._writer.add(key, memory)
            self._left -= len(memory) + _ENTRY
        except OSError:  # the disk is full, or the set was removed
            self._left = 0


class _Writer:
    """Two new files of a set, that only this process writes."""

    def __init__(self, chosen: CacheSet) -> None:
        name = f"{int(time.time())}-{secrets.token_hex(8)}"
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
            file.seek(first * _ENTRY, os.SEEK_CUR)
            content = file.read()
    except OSError:
        return
    for start in range(0, len(content) - _ENTRY + 1, _ENTRY):
        yield content[start : start + _KEY], content[start + _KEY : start + _ENTRY]


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
