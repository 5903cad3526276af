"""A lock between processes: a file that names the process which keeps it locked.

The operating system releases the lock when the process ends, however it ends. Others who only want
to know never try the lock, which could refuse its owner; they check whether the process named in
the file is alive.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from designer import processes
from designer.errors import UNREADABLE, DesignerError
from designer.storage import unwritable

_LOCKED_BYTE = 1 << 30  # far beyond the content, as nobody can read locked bytes on Windows


class Process(msgspec.Struct, frozen=True):
    """A process; its start tells it from a later one of equal number.

    In version 0.1 the start was in seconds since 1970.
    """

    pid: int
    started: str | float


def _in_use(path: Path, pid: int | None) -> DesignerError:
    if pid is None:
        return DesignerError(
            f"The file {path} is in use by another process: wait for its end, or end it."
        )
    return DesignerError(
        f"The file {path} is in use by process {pid}: wait for its end, or end it."
    )


@contextmanager
def held(
    path: Path, refusal: Callable[[Path, int | None], DesignerError] = _in_use
) -> Iterator[None]:
    """Hold the lock in the file ``path`` for this process.

    Parameters
    ----------
    path
        The file, created if it is missing.
    refusal
        Returns the error for a file that the process of a number, if known, has locked.

    Raises
    ------
    DesignerError
        Another process holds it, or the file cannot be written.
    """
    try:
        file = path.open("r+b" if path.exists() else "w+b")
    except OSError as error:
        raise unwritable(path, error) from error
    with file:
        if not acquire(file):
            raise refusal(path, holder(path))
        _write(file, msgspec.json.encode(this_process()))
        try:
            yield
        finally:
            _write(file, b"")


def holder(path: Path) -> int | None:
    """Return the number of the process that holds the lock in the file ``path``, or None."""
    try:
        named = msgspec.json.decode(path.read_bytes(), type=Process)
    except (OSError, *UNREADABLE):
        return None
    return named.pid if is_alive(named) else None


def this_process() -> Process:
    """Return the process that calls."""
    return Process(os.getpid(), processes.start_of(os.getpid()) or "")


def is_alive(process: Process) -> bool:
    """Return whether a process has not ended."""
    started = processes.start_of(process.pid) if process.pid > 0 else None
    if isinstance(process.started, float):
        return started is not None and _created(process.pid) == process.started
    return started is not None and started == process.started


def _created(pid: int) -> float | None:
    """Return when a process started, as locks of version 0.1 name it."""
    import psutil

    try:
        return float(psutil.Process(pid).create_time())
    except (psutil.Error, OverflowError, ValueError):
        return None


def _write(file: BinaryIO, content: bytes) -> None:
    file.seek(0)
    file.truncate()
    file.write(content)
    file.flush()


if sys.platform == "win32":
    import msvcrt

    def acquire(file: BinaryIO) -> bool:
        """Lock an open file until it is closed; return False if another process has done so."""
        file.seek(_LOCKED_BYTE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def acquire(file: BinaryIO) -> bool:
        """Lock an open file until it is closed; return False if another process has done so."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
