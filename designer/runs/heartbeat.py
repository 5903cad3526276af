"""The heartbeat of a training: whether its worker still runs, and how long its last step is ago.

The worker writes it about once a second from a thread of its own, by one write of 10 microseconds
without a sync. All times are those of `time.monotonic`, which counts from the machine's start in
every process, does not change when the clock is set, and stands still while the machine sleeps.
"""

import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import msgspec

from designer import system
from designer.errors import UNREADABLE
from designer.processes import is_stopped
from designer.runs.folder import RunFolder
from designer.runs.lines import BINARY, NO_LINK
from designer.runs.wording import duration

BEAT_SECONDS = 1.0
LATE_SECONDS = 10.0
"""Without a beat for longer, the worker is stopped or hangs."""

STEP_SECONDS, STEP_FACTOR = 60.0, 20.0
"""A step may take this long, or this many times the longest so far."""

BUSY_SECONDS = 3600.0
"""Reading data, building the network, the first step, a validation or a test may take this long."""

_SIZE = 192  # bytes of the file, padded, so that each write replaces the whole


class _Beat(msgspec.Struct, frozen=True):
    """The content of the file.

    Attributes
    ----------
    pid
        The worker.
    time, progress
        When this was written, and when the last step or other work ended.
    limit
        How many seconds the present work may take; None in a pause.
    """

    pid: int
    time: float
    progress: float
    limit: float | None


@dataclass(frozen=True)
class Pulse:
    """What a reader knows of a worker that lives.

    Attributes
    ----------
    pid
        The number of its process.
    since_beat, since_progress
        Seconds since it last wrote, and since its last step or other work ended.
    limit
        How many seconds it may take without progress; None in a pause.
    stopped
        Whether its process was stopped by a signal.
    """

    pid: int
    since_beat: float
    since_progress: float
    limit: float | None = None
    stopped: bool = False


class Heart:
    """Beats from a thread while it is entered; the training says what it does.

    Parameters
    ----------
    path
        The file; None for none, as in all processes of a training but the first.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: int | None = None
        self._longest = 0.0  # seconds of the longest step, the first of a row not counted
        self._stepping = False
        self._progress = time.monotonic()
        self._limit: float | None = BUSY_SECONDS
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def step(self) -> None:
        """Note that a step ended; it takes 0.2 microseconds."""
        now = time.monotonic()
        if self._stepping:
            seconds = now - self._progress
            if seconds > self._longest:
                self._longest = seconds
                self._limit = max(STEP_SECONDS, STEP_FACTOR * seconds)
        else:
            self._stepping = True
            self._limit = max(STEP_SECONDS, STEP_FACTOR * self._longest)
        self._progress = now

    def busy(self) -> None:
        """Note that work begins that is no step and may take long, such as a validation."""
        self._stepping = False
        self._progress, self._limit = time.monotonic(), BUSY_SECONDS

    def pause(self) -> None:
        """Note that the training waits for a command."""
        self._stepping = False
        self._progress, self._limit = time.monotonic(), None

    def __enter__(self) -> "Heart":
        if self._path is not None:
            flags = os.O_CREAT | os.O_WRONLY | BINARY | NO_LINK
            with suppress(OSError):  # a training does not need it, and says itself what it cannot
                self._file = os.open(self._path, flags, 0o644)
        if self._file is not None:
            self._beat()
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end.set()
        if self._file is not None and self._path is not None:
            self._thread.join()
            os.close(self._file)
            self._file = None
            with suppress(OSError):  # another worker of this process must not be judged by it
                self._path.unlink()

    def _run(self) -> None:
        while not self._end.wait(BEAT_SECONDS):
            self._beat()

    def _beat(self) -> None:
        assert self._file is not None
        beat = _Beat(os.getpid(), time.monotonic(), self._progress, self._limit)
        with suppress(OSError):  # the disk is full, which the training itself says
            os.lseek(self._file, 0, os.SEEK_SET)
            os.write(self._file, msgspec.json.encode(beat).ljust(_SIZE - 1) + b"\n")


def read(run: RunFolder) -> Pulse | None:
    """Return the pulse of the worker that trains a run, None if there is none or it is too new."""
    pid = run.worker()
    if pid is None:
        return None
    try:
        with run.heartbeat.open("rb") as file:
            beat = msgspec.json.decode(file.read(_SIZE), type=_Beat)
    except (OSError, *UNREADABLE):
        return None
    now = time.monotonic()
    # Of a worker before, or from before the machine's start: the present one did not beat yet.
    if beat.pid != pid or beat.time > now + LATE_SECONDS:
        return None
    silent = max(0.0, now - beat.time)
    # A stopped process does not know how long it has been without progress.
    return Pulse(
        pid=pid,
        since_beat=silent,
        since_progress=max(0.0, now - beat.progress),
        limit=beat.limit,
        stopped=silent > LATE_SECONDS and is_stopped(pid),
    )


def sentence(pulse: Pulse | None) -> str:
    """Return what is wrong with a worker and what helps, "" if all is well."""
    if pulse is None:
        return ""
    silent = duration(pulse.since_beat)
    if pulse.stopped:
        return (
            f"The worker (process {pulse.pid}) was stopped {silent} ago. "
            f"{system.how_to_continue(pulse.pid)} Or end it; the run can then be resumed from its "
            "last checkpoint."
        )
    if pulse.since_beat > LATE_SECONDS:
        return (
            f"The worker (process {pulse.pid}) has not answered for {silent}: it hangs, or the "
            "machine is overloaded. Wait, or end it; the run can then be resumed from its last "
            "checkpoint."
        )
    if pulse.limit is not None and pulse.since_progress > pulse.limit:
        return (
            f"The worker (process {pulse.pid}) has made no progress for "
            f"{duration(pulse.since_progress)}, much longer than before: it may hang. Wait, or end "
            "it; the run can then be resumed from its last checkpoint."
        )
    return ""
