"""Writing files atomically: a reader finds the old content or the new, never half of it."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

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
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            if callable(write):
                write(file)
            else:
                file.write(write)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def unwritable(path: Path, error: Exception) -> DesignerError:
    """Return the error that tells a user why ``path`` cannot be written, and a remedy."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    remedy = _REMEDIES.get(getattr(error, "errno", None) or 0, "choose another folder")
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
}


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
