"""Compressed TAR archives, uncompressed once into the program's cache."""

import bz2
import gzip
import hashlib
import lzma
import os
import secrets
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
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
_WAIT = 0.1  # seconds between two looks at how far another thread is

Watch = Callable[[Path, float], bool]
"""Is told an archive and the share of it, 0 to 1, that is uncompressed; True stops."""

_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)
_one_at_a_time = threading.Lock()  # so that two threads do not uncompress the same archive


class _Share:
    """How much of the archive that is being uncompressed is done, for threads that wait."""

    now = 0.0


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Tell, and ask whether to stop, while archives are uncompressed in this block and thread."""
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)


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
    while not _one_at_a_time.acquire(timeout=_WAIT):
        _tell(path, _Share.now)
    try:
        if not whole.exists():  # another thread may have done it meanwhile
            _uncompress(path, size, opener, whole)
    finally:
        _one_at_a_time.release()
    return whole


def _uncompress(
    path: Path, size: int, opener: Callable[[BinaryIO], BufferedIOBase], whole: Path
) -> None:
    """Write an archive of a size in bytes uncompressed as another file."""
    own = whole.parent
    cache_folder.make_room(own, wanted=_USUAL_GROWTH * size)
    room = cache_folder.free_bytes(own)
    try:
        cache_folder.mark_used(own)
        part = own / f"{secrets.token_hex(8)}.part"
        try:
            with part.open("xb") as target, path.open("rb") as file, opener(file) as source:
                _copy(source, target, path, room, lambda: file.tell() / max(size, 1))
            os.replace(part, whole)
        finally:
            part.unlink(missing_ok=True)
    except (DesignerError, KeyboardInterrupt):
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


def _tell(path: Path, share: float) -> None:
    """Tell who watches how far it is, and stop if they want it."""
    watch = _watch.get()
    if watch is not None and watch(path, min(share, 1.0)):
        raise DesignerError(f"Unpacking {path.name} was canceled: read the data again to go on.")


def _copy(
    source: BufferedIOBase,
    target: BinaryIO,
    path: Path,
    room: int,
    share: Callable[[], float],
) -> None:
    """Copy all of a stream, but no more than so many bytes; `share` says how much is done."""
    _Share.now = 0.0
    while chunk := source.read(_CHUNK):
        _Share.now = share()
        _tell(path, _Share.now)
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
