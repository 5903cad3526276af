"""At most one worker to a run: a file that the worker keeps locked while it trains.

The operating system drops the lock with the process, however that ends. Others do not try the lock,
which could get into a worker's way; they look whether the process that is named in the file lives.
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

_LOCKED_BYTE = 1 << 30  # far behind the content, since Windows keeps others from locked bytes


class _Holder(msgspec.Struct, frozen=True):
    """A process; the time of its start (seconds since 1970) tells it from a later namesake."""

    pid: int
    started: float


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock in the file ``path`` for this process.

    Raises
    ------
    DesignerError
        another worker holds it, or it cannot be written.
    """
    try:
        file = path.open("r+b" if path.exists() else "w+b")
    except OSError as error:
        raise unwritable(path, error) from error
    with file:
        if not _lock(file):
            raise already_training(path.parent, holder(path))
        _write(file, msgspec.json.encode(_Holder(os.getpid(), _start_of(os.getpid()) or 0.0)))
        try:
            yield
        finally:
            _write(file, b"")


def holder(path: Path) -> int | None:
    """Return the number of the process that holds the lock in the file ``path``, or None."""
    try:
        named = msgspec.json.decode(path.read_bytes(), type=_Holder)
    except (OSError, msgspec.MsgspecError):
        return None
    return named.pid if _start_of(named.pid) == named.started else None


def already_training(run: Path, pid: int | None) -> DesignerError:
    """Return the sentence for a run that another worker has."""
    which = "another process" if pid is None else f"process {pid}"
    return DesignerError(
        f"The run {run} is being trained already, by {which}: wait for its end, or end that "
        "process, whose last checkpoint is kept."
    )


def _start_of(pid: int) -> float | None:
    """Return when a living process started, None for one that is dead or waits to be reaped."""
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

    def _lock(file: BinaryIO) -> bool:
        file.seek(_LOCKED_BYTE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(file: BinaryIO) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
