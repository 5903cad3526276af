"""Processes of this machine: telling one from a later one of equal number, and ending one."""

import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path


def start_of(pid: int) -> str | None:
    """Return what tells a process from all others of equal number, None if it has ended.

    It is when the process started, on Linux as counted since the machine's start: the time of day
    of a start, which psutil gives, changes when the clock is set.
    """
    if sys.platform == "linux":
        state, ticks = _stat(pid)
        return f"{_boot()}:{ticks}" if state not in ("", "Z", "X") else None
    import psutil

    try:
        process = psutil.Process(pid)
        ended = process.status() == psutil.STATUS_ZOMBIE
        return None if ended else str(process.create_time())
    except (psutil.Error, OverflowError, ValueError):
        return None


def is_stopped(pid: int) -> bool:
    """Return whether a process was stopped by a signal, as Ctrl+Z and a debugger do."""
    if sys.platform == "linux":
        return _stat(pid)[0] in ("T", "t")
    import psutil

    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    except (psutil.Error, OverflowError, ValueError):
        return False


def end(pid: int) -> None:
    """End a process and all that it started at once, a stopped one too; an ended one is no error.

    Parameters
    ----------
    pid
        Its number. Check with `start_of` that it is still that process.

    Raises
    ------
    PermissionError
        It belongs to another user.
    """
    import psutil

    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for each in (*process.children(recursive=True), process):
            try:
                each.kill()
            except psutil.NoSuchProcess:
                continue
            except psutil.AccessDenied as error:
                raise PermissionError(1, "Operation not permitted") from error
        # Not by psutil's wait, which takes the exit status of a child from who started it.
        until = time.monotonic() + _END_SECONDS
        while start_of(pid) is not None and time.monotonic() < until:
            time.sleep(0.01)


_END_SECONDS = 5.0  # that the system takes at most to end a killed process


def _stat(pid: int) -> tuple[str, str]:
    """Return a process's state and start, in ticks since the machine's; "" for none."""
    try:
        # Its name, in brackets, may contain anything.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return fields[0].decode(), fields[19].decode()
    except (OSError, IndexError):
        return "", ""


@cache  # one value for each start of the machine
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
