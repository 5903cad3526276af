"""The program's folder for data that can be made again: decoded pictures, uncompressed archives.

It holds a folder for each of them, called a set. When room is needed, those used longest ago are
removed.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

LIMIT = 20 * 2**30  # bytes of all sets
USED = "used"  # a file of each set whose time is that of its last use
_FREE_SHARE = 0.1  # of the disk, which the cache leaves free
_NAME_LENGTH = 32  # of a set's folder


def folder() -> Path:
    """Return the folder of all sets, in the user's folder for caches."""
    return user_cache_path("netdesigner", appauthor=False) / "pictures"


def size() -> int:
    """Return the bytes of all sets."""
    return sum(bytes_in(each) for each in _sets())


def empty() -> int:
    """Remove all sets; return the bytes that were freed.

    Raises
    ------
    OSError
        A set cannot be removed.
    """
    before = size()
    for each in _sets():
        shutil.rmtree(each)
    return before - size()


def _sets() -> list[Path]:
    """Return the folders of all sets; other things in the folder are not the program's."""
    try:
        found = [each for each in folder().iterdir() if len(each.name) == _NAME_LENGTH]
    except OSError:
        return []
    return [each for each in found if each.is_dir() and not each.is_symlink()]


def bytes_in(path: Path) -> int:
    """Return the bytes of the files in a folder; 0 if it is not there."""
    total = 0
    with suppress(OSError), os.scandir(path) as entries:
        for entry in entries:
            with suppress(OSError):  # removed at this moment
                total += entry.stat(follow_symlinks=False).st_size
    return total


def mark_used(own: Path) -> None:
    """Make the folder of a set if need be, and note that it is in use.

    Raises
    ------
    OSError
        The disk is full or must not be written on.
    """
    own.mkdir(parents=True, exist_ok=True)
    (own / USED).write_bytes(b"")


def make_room(own: Path, *, wanted: int) -> int:
    """Remove sets used longest ago until a set of ``wanted`` bytes has room; return its room."""
    others = sorted((_last_use(each), each) for each in _sets() if each != own)
    total = sum(bytes_in(each) for _, each in others)
    room = _room(own, others=total)
    for _, each in others:
        if room >= wanted:
            break
        shutil.rmtree(each, ignore_errors=True)
        total = sum(bytes_in(each) for _, each in others)
        room = _room(own, others=total)
    return min(room, wanted)


def free_bytes(own: Path) -> int:
    """Return how many more bytes the disk of a set has room for."""
    existing = own
    while not existing.exists():
        existing = existing.parent
    try:
        disk = shutil.disk_usage(existing)
    except OSError:
        return 0
    return max(0, disk.free - int(_FREE_SHARE * disk.total))


def _room(own: Path, *, others: int) -> int:
    """Return how many bytes a set may have, with ``others`` bytes in other sets."""
    return max(0, min(LIMIT - others, bytes_in(own) + free_bytes(own)))


def _last_use(path: Path) -> float:
    try:
        return (path / USED).stat().st_mtime
    except OSError:
        return 0.0
