"""At most one worker for a run: a file that the worker keeps locked while it trains.

The operating system releases the lock when the process ends, however it ends. Others never try the
lock, which could block a worker; they check whether the process named in the file is alive.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from designer.errors import DesignerError
from designer.storage import unwritable

_LOCKED_BYTE = 1 << 30  # far beyond the content, as nobody can read locked bytes on Windows


class Process(msgspec.Struct, frozen=True):
    """A process; its start time (seconds since 1970) tells it from a later one of equal number."""

    pid: int
    started: float


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock in the file ``path`` for this process.

    Raises
    ------
    DesignerError
        Another worker holds it, or the file cannot be written.
    """
    try:
        file = path.open("r+b" if path.exists() else "w+b")
    except OSError as error:
        raise unwritable(path, error) from error
    with file:
        if not acquire(file):
            raise already_training(path.parent, holder(path))
        _write(file, msgspec.json.encode(this_process()))
        try:
            yield
        finally:
            _write(file, b"")


def holder(path: Path) -> int | None:
    """Return the number of the process that holds the lock in the file ``path``, or None."""
    try:
        named = msgspec.json.decode(path.read_bytes(), type=Process)
    except (OSError, msgspec.MsgspecError):
        return None
    return named.pid if is_alive(named) else None


def this_process() -> Process:
    """Return the process that calls."""
    return Process(os.getpid(), _start_of(os.getpid()) or 0.0)


def is_alive(process: Process) -> bool:
    """Return whether a process has not ended."""
    return _start_of(process.pid) == process.started


def already_training(run: Path, pid: int | None) -> DesignerError:
    """Return the error for a run that another worker trains."""
    which = "another process" if pid is None else f"process {pid}"
    return DesignerError(
        f"The run {run} is being trained already, by {which}: wait for its end, or end that "
        "process; its last checkpoint is kept."
    )


def _start_of(pid: int) -> float | None:
    """Return when a process started, None if it has ended."""
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return float(process.create_time())
    except psutil.Error:
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
