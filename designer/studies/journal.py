"""The journal of a study: what was proposed, taken and finished, one JSON object a line.

Every process that runs the study, on this or another machine with the same folder, appends to the
journal while it holds the folder's lock, so that all see the same order. What a process took is
free again once that process has ended: on the same machine that is known at once, of a process
elsewhere once it has not touched its file for a minute.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from designer import file_lock
from designer.errors import DesignerError
from designer.storage import unwritable

BEAT_SECONDS = 10.0
"""How often a process touches its file."""
SILENT_SECONDS = 60.0
"""A process on another machine that has not touched its file for so long has ended."""
_LOOK_SECONDS = 0.5  # how often a process looks whether it is asked to stop
_PATIENCE = 60.0  # seconds to wait for the lock, which is held for some milliseconds

Outcome = Literal["finished", "early_stopped", "stopped", "diverged", "failed", "pruned"]
"""How a training ended: ``pruned`` if it fell behind, ``stopped`` if somebody stopped this run."""


class Proposed(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="propose"):
    """A candidate.

    Attributes
    ----------
    trial
        Its number, from 0.
    values
        The value of each varied field by its name; of variants, the title.
    costs
        What its network costs, by the names of `spec.Budget`; empty if its design is invalid.
    refusal
        Why it is not trained, as a sentence; "" if it is.
    """

    trial: int
    values: dict[str, Any]
    costs: dict[str, float]
    refusal: str = ""


class Taken(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="take"):
    """A training that a process begins or continues.

    Attributes
    ----------
    trial, replicate
        Which training of which candidate, from 0.
    process
        The name of the process's file.
    """

    trial: int
    replicate: int
    process: str


class Released(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="release"):
    """A training that was stopped and may be continued, or that failed and is tried again."""

    trial: int
    replicate: int


class Ended(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="end"):
    """A training that has ended.

    Attributes
    ----------
    trial, replicate
        Which training of which candidate.
    outcome
        How it ended.
    figures
        Its figures by the names of the goals; those that it does not have are left out.
    message
        Why it failed or diverged.
    """

    trial: int
    replicate: int
    outcome: Outcome
    figures: dict[str, float] = {}
    message: str = ""


class Exhausted(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="exhausted"):
    """There is no further candidate.

    Attributes
    ----------
    message
        Why, as a sentence; "" if all were tried.
    """

    message: str = ""


Record = Proposed | Taken | Released | Ended | Exhausted


@dataclass
class Training:
    """A training of a candidate.

    Attributes
    ----------
    process
        The file of the process that took it; "" if none has, or it was released.
    ended
        How it ended, None if it has not.
    """

    process: str = ""
    ended: Ended | None = None


@dataclass
class Trial:
    """A candidate, and its trainings.

    Attributes
    ----------
    number
        From 0.
    values, costs, refusal
        As in `Proposed`.
    trainings
        Its trainings, one for each replicate of the protocol; none if it is refused.
    """

    number: int
    values: dict[str, Any]
    costs: dict[str, float]
    refusal: str
    trainings: list[Training] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """Whether all of its trainings have ended."""
        return all(each.ended is not None for each in self.trainings)


@dataclass
class State:
    """What the journal says.

    Attributes
    ----------
    trials
        The candidates by number.
    exhausted
        Whether there is no further candidate, and why.
    """

    trials: list[Trial] = field(default_factory=list)
    exhausted: Exhausted | None = None

    @property
    def accepted(self) -> list[Trial]:
        """The candidates that are trained."""
        return [trial for trial in self.trials if not trial.refusal]

    def add(self, record: Record, replicates: int) -> None:
        """Take a record into account.

        Raises
        ------
        IndexError
            The record does not go with those before it.
        """
        if isinstance(record, Proposed):
            if record.trial != len(self.trials):
                raise IndexError(f"trial {record.trial} where {len(self.trials)} is next")
            trainings = [] if record.refusal else [Training() for _ in range(replicates)]
            trial = Trial(record.trial, record.values, record.costs, record.refusal, trainings)
            self.trials.append(trial)
        elif isinstance(record, Exhausted):
            self.exhausted = record
        else:
            if min(record.trial, record.replicate) < 0:
                raise IndexError("a trial or a replicate below 0")
            training = self.trials[record.trial].trainings[record.replicate]
            if isinstance(record, Taken):
                training.process = record.process
            elif isinstance(record, Released):
                training.process, training.ended = "", None
            elif training.ended is None:
                training.ended = record


class Journal:
    """Reads and appends to the journal in a folder.

    Parameters
    ----------
    folder
        The study's folder.
    replicates
        How many trainings a candidate has.
    """

    def __init__(self, folder: Path, replicates: int) -> None:
        self.path = folder / "journal.jsonl"
        self.state = State()
        self._lock = folder / "study.lock"
        self._replicates = replicates
        self._offset = 0
        self._threads = threading.RLock()

    def read(self) -> State:
        """Return what the journal says now; a line that is being written is left for later.

        Raises
        ------
        DesignerError
            The journal cannot be read or is damaged.
        """
        with self._threads:
            try:
                with self.path.open("rb") as file:
                    file.seek(self._offset)
                    content = file.read()
            except FileNotFoundError:
                return self.state
            except OSError as error:
                raise DesignerError(
                    f"{self.path} cannot be read ({error.strerror}): make the file readable."
                ) from error
            for line in content.split(b"\n")[:-1]:
                # A line that a killed process began is completed by the next one, see `_append`.
                if line and not line.endswith(_BROKEN):
                    try:
                        self.state.add(_decode(line), self._replicates)
                    except (msgspec.MsgspecError, UnicodeDecodeError, IndexError) as error:
                        raise DesignerError(
                            f"{self.path} is damaged at byte {self._offset:,} ({error}): restore "
                            "the file, or begin a new study; its runs stay as they are."
                        ) from error
                self._offset += len(line) + 1
            return self.state

    @contextmanager
    def alone(self) -> Iterator[State]:
        """Keep all other processes from changing the journal; yields what it says.

        Raises
        ------
        DesignerError
            The folder cannot be written, or another process does not give the lock back.
        """
        with self._threads:
            try:
                file = self._lock.open("ab")
            except OSError as error:
                raise unwritable(self._lock, error) from error
            with file:
                limit = time.monotonic() + _PATIENCE
                while not file_lock.acquire(file):
                    if time.monotonic() > limit:
                        raise DesignerError(
                            f"{self._lock} has been locked for {_PATIENCE:.0f} s by another "
                            "process that runs this study: end it, or try again."
                        )
                    time.sleep(0.005)
                yield self.read()

    def append(self, *records: Record) -> None:
        """Write records while `alone`, and take them into account.

        Raises
        ------
        DesignerError
            The journal cannot be written.
        """
        lines = b"".join(msgspec.json.encode(each) + b"\n" for each in records)
        try:
            with self.path.open("ab") as file:
                if file.tell() > self._offset:  # a killed process left part of a line
                    lines = _BROKEN + b"\n" + lines
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise unwritable(self.path, error) from error
        self.read()


_BROKEN = b"<broken>"  # behind what a killed process began to write


def _decode(line: bytes) -> Record:
    return msgspec.json.decode(line, type=Record)


class _Presence(msgspec.Struct, frozen=True):
    """Who wrote the file of a process."""

    host: str
    process: file_lock.Process


class Presence:
    """Shows the other processes that this one runs the study, until it ends.

    Parameters
    ----------
    folder
        The study's folder.
    stop
        Is called, in a thread, once somebody asks this process to stop; see `ask_to_stop`.
    """

    def __init__(self, folder: Path, stop: Callable[[], object] = lambda: None) -> None:
        self._folder = folder / "processes"
        self._stop = stop
        me = file_lock.this_process()
        self.name = f"{socket.gethostname()}-{me.pid}-{time.time_ns():x}.json"
        self._path = self._folder / self.name
        self._content = msgspec.json.encode(_Presence(socket.gethostname(), me))
        self._end = threading.Event()

    def __enter__(self) -> "Presence":
        try:
            self._folder.mkdir(exist_ok=True)
            self._path.write_bytes(self._content)
        except OSError as error:
            raise unwritable(self._path, error) from error
        threading.Thread(target=self._beat, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for path in (_request(self._path), self._path):
            with suppress(OSError):
                path.unlink()

    def _beat(self) -> None:
        silent, asked = 0.0, False
        while not self._end.wait(_LOOK_SECONDS):
            silent += _LOOK_SECONDS
            if silent >= BEAT_SECONDS:
                silent = 0.0
                self.touch()
            if not asked and _request(self._path).exists():
                asked = True
                self._stop()

    def touch(self) -> None:
        """Show that this process has not ended."""
        with suppress(OSError):  # the disk is full or away, which the study itself says
            self._path.write_bytes(self._content)

    def is_free(self, training: Training) -> bool:
        """Return whether a training has not ended and no process that lives has taken it."""
        if training.ended is not None or training.process == self.name:
            return False
        return not training.process or not is_alive(self._folder / training.process, self._path)


def ask_to_stop(folder: Path) -> None:
    """Ask all processes that run a study to stop, on this and on other machines.

    They stop their trainings with a checkpoint, from which the study goes on later.

    Parameters
    ----------
    folder
        The study's folder.

    Raises
    ------
    DesignerError
        The folder cannot be written.
    """
    for path in (folder / "processes").glob("*.json"):
        if is_alive(path):
            try:
                _request(path).touch()
            except OSError as error:
                raise unwritable(path, error) from error


def _request(path: Path) -> Path:
    """Return the file whose presence asks the process of a file in ``processes`` to stop."""
    return path.with_suffix(".stop")


def is_alive(path: Path, own: Path | None = None) -> bool:
    """Return whether the process that wrote a file in ``processes`` still runs.

    Parameters
    ----------
    path
        Its file.
    own
        The file of this process, whose time is of the same clock; None to compare with this
        machine's clock.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_Presence)
        if found.host == socket.gethostname():
            return file_lock.is_alive(found.process)
        now = time.time()
        if own is not None:
            os.utime(own)
            now = own.stat().st_mtime
        return now - path.stat().st_mtime < SILENT_SECONDS
    except (OSError, msgspec.MsgspecError, ValueError):  # also a name that no file can have
        return False
