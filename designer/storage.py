"""Writing files atomically: a reader finds the old content or the new, never half of it.

`write_atomically` is for the program's own files, `save_file` for those of the user.
"""

import errno
import os
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from designer import leftovers
from designer.errors import DesignerError


def write_atomically(path: Path, write: bytes | Callable[[BinaryIO], object]) -> None:
    """Write a file under a temporary name, sync it to the disk, and rename it to ``path``.

    If anything goes wrong, the old file is unchanged and the temporary one is removed.

    Parameters
    ----------
    path
        The file to write or replace.
    write
        The content, or a function that writes it to an open file.

    Raises
    ------
    OSError
        The file system refuses.
    """
    _write(path, write, lambda temporary: temporary.replace(path))


def save_file(path: Path, write: bytes | Callable[[BinaryIO], object]) -> None:
    """Write a file of the user atomically, and keep what the user made of an older one.

    A symbolic link stays and its target is written; permissions, owner and extended attributes
    stay; a read-only file is refused.

    Parameters
    ----------
    path
        The file to write or replace.
    write
        The content, or a function that writes it to an open file.

    Raises
    ------
    OSError
        The file is read-only, or the file system refuses.
    """
    target = destination(path)
    _write(target, write, lambda temporary: replace_file(temporary, target))
    leftovers.remove(target.parent)


def destination(path: Path) -> Path:
    """Return the file that writing to ``path`` replaces: the target where it is a symbolic link.

    Raises
    ------
    OSError
        The file is read-only, is no regular file, or its links lead in a circle.
    """
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return target
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is a device or a pipe, not a file", str(path))
    # The bits, since os.access allows an administrator everything.
    if not mode & 0o222 or not os.access(target, os.W_OK):
        raise ReadOnlyFileError(errno.EACCES, "the file is read-only", str(path))
    return target


def replace_file(temporary: Path, target: Path) -> None:
    """Put a finished file in the place of ``target``, with the permissions of the old one.

    Parameters
    ----------
    temporary
        The new content, on the same file system.
    target
        What `destination` returned.

    Raises
    ------
    OSError
        The file system refuses; the old file is unchanged.
    """
    if target.exists():
        old = target.stat()
        with suppress(OSError):  # only an administrator may give a file to somebody else
            if hasattr(os, "chown") and (old.st_uid, old.st_gid) != _owner(temporary):
                os.chown(temporary, old.st_uid, old.st_gid)
        shutil.copystat(target, temporary)  # permissions, attributes and times
        os.utime(temporary)
    temporary.replace(target)


class ReadOnlyFileError(PermissionError):
    """The user made a file read-only, and the program leaves it so."""


def _owner(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_uid, found.st_gid


def _write(
    path: Path,
    write: bytes | Callable[[BinaryIO], object],
    put_in_place: Callable[[Path], object],
) -> None:
    temporary = path.with_name(leftovers.temporary_name())
    try:
        with temporary.open("wb") as file:
            if callable(write):
                write(file)
            else:
                file.write(write)
            file.flush()
            os.fsync(file.fileno())
        put_in_place(temporary)
    except BaseException:
        with suppress(OSError):  # the first error says more
            temporary.unlink(missing_ok=True)
        raise
    with suppress(OSError):  # the file is in place; some network drives refuse to sync a folder
        _sync_folder(path.parent)


def unwritable(path: Path, error: Exception) -> DesignerError:
    """Return the error that tells a user why ``path`` cannot be written, and a remedy."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    remedy = _REMEDIES.get(getattr(error, "errno", None) or 0, "choose another folder")
    if isinstance(error, ReadOnlyFileError):
        remedy = "make it writable, or choose another name"
    return DesignerError(
        f"{path} cannot be written ({reason}): {remedy}; a file that was there before is unchanged."
    )


_REMEDIES = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.ENOENT: "make its folder, or choose another",
    errno.EACCES: "make its folder writable, or choose another",
    errno.EPERM: "make its folder writable, or choose another",
    errno.EROFS: "choose a folder that can be written",
    errno.EISDIR: "choose the name of a file in it",
    errno.EINVAL: "choose another name",
    errno.ELOOP: "choose another name",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
