"""Compressed TAR archives, uncompressed once into the program's cache."""

import bz2
import gzip
import hashlib
import lzma
import os
import secrets
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from io import BufferedIOBase
from pathlib import Path
from typing import BinaryIO

from designer.data import cache_folder
from designer.data.files import unreadable
from designer.errors import DesignerError

_OPENERS: Mapping[bytes, Callable[[BinaryIO], BufferedIOBase]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}
_CHUNK = 2**20  # bytes
_KEY = 16  # bytes
_USUAL_GROWTH = 2  # by uncompressing; pictures are compressed already
_NAME = "archive.tar"


def unpacked(path: Path) -> Path:
    """Return the TAR archive itself, or where it lies uncompressed; it is uncompressed if need be.

    What is compressed is told by the file's first bytes, not by its name.

    Raises
    ------
    DesignerError
        The archive cannot be read, is damaged, or is larger than the room on the disk.
    """
    try:
        state = os.stat(path)
        found = _unpacked(path, state.st_size, state.st_mtime_ns)
        if not found.exists():  # the cache was emptied meanwhile
            _unpacked.cache_clear()
            found = _unpacked(path, state.st_size, state.st_mtime_ns)
    except OSError as error:
        raise unreadable(str(path), error) from error
    return found


@lru_cache(maxsize=64)
def _unpacked(path: Path, size: int, changed: int) -> Path:
    with open(path, "rb") as file:
        start = file.read(8)
    opener = next((each for magic, each in _OPENERS.items() if start.startswith(magic)), None)
    if opener is None:
        return path
    about = os.fsencode(path.absolute()) + f"\0{size}\0{changed}".encode()
    own = cache_folder.folder() / hashlib.blake2b(about, digest_size=_KEY).hexdigest()
    whole = own / _NAME
    if whole.exists():
        cache_folder.mark_used(own)
        return whole
    cache_folder.make_room(own, wanted=_USUAL_GROWTH * size)
    room = cache_folder.free_bytes(own)
    try:
        cache_folder.mark_used(own)
        part = own / f"{secrets.token_hex(8)}.part"
        try:
            with part.open("xb") as target, path.open("rb") as file, opener(file) as source:
                _copy(source, target, path, room)
            os.replace(part, whole)
        finally:
            part.unlink(missing_ok=True)
    except DesignerError:
        _remove(own)
        raise
    except OSError as error:
        _remove(own)
        if error.errno is None:  # gzip and bz2 report damage so
            raise _damaged(path, error) from error
        raise DesignerError(
            f"{path} cannot be uncompressed into the cache folder {own.parent} "
            f"({error.strerror or error}): uncompress it yourself, and open the folder."
        ) from error
    except (EOFError, lzma.LZMAError, ValueError, zlib.error) as error:
        _remove(own)
        raise _damaged(path, error) from error
    return whole


def _copy(source: BufferedIOBase, target: BinaryIO, path: Path, room: int) -> None:
    """Copy all of a stream, but no more than so many bytes."""
    while chunk := source.read(_CHUNK):
        room -= len(chunk)
        if room < 0:
            raise DesignerError(
                f"{path} is larger uncompressed than the room for it on the disk of "
                f"{cache_folder.folder()}: free some, or uncompress it elsewhere, if it is no "
                "archive that was made to fill disks."
            )
        target.write(chunk)


def _remove(own: Path) -> None:
    with suppress(OSError):
        (own / cache_folder.USED).unlink(missing_ok=True)
        own.rmdir()


def _damaged(path: Path, error: Exception) -> DesignerError:
    return DesignerError(
        f"{path} is no readable TAR archive ({error or 'it is damaged'}): pack or download it "
        "again."
    )
