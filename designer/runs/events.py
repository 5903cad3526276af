"""The event log of a run: one JSON object a line, written by the worker and followed by readers.

Every event has ``event`` (its kind), ``time`` (seconds since 1970) and ``sequence`` (1, 2, ...).
When a run is resumed, the log is cut back to its checkpoint, and the numbers continue from there.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from designer.errors import DesignerError
from designer.runs.result import Best, Count
from designer.storage import unwritable

Event = dict[str, Any]

_BLOCK = 1 << 20  # bytes read at once
_LAST = 1 << 16  # bytes at the end of a log in which its last event is
BINARY = getattr(os, "O_BINARY", 0)
NO_LINK = getattr(os, "O_NOFOLLOW", 0)
"""Flags of files that are opened to be written: without changed line ends, and never by a link."""


class EventWriter:
    """Appends events, each written to the file at once and in one piece.

    Parameters
    ----------
    path
        The log.
    after
        The number of the last event to keep; all later ones are cut off.

    Raises
    ------
    DesignerError
        The log cannot be written; `write` raises it, too.
    """

    def __init__(self, path: Path, *, after: int = 0) -> None:
        self.path = path
        self.sequence = after
        self._encoder = msgspec.json.Encoder()
        flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND | BINARY | NO_LINK
        try:
            kept = _end_of(path, after)
            self._file = os.open(path, flags, 0o644)
            os.ftruncate(self._file, kept)
        except OSError as error:
            raise unwritable(path, error) from error

    def write(self, event: str, **fields: object) -> None:
        """Append one event."""
        self.check()
        self.sequence += 1
        record = {"event": event, "time": time.time(), "sequence": self.sequence, **fields}
        line = self._encoder.encode(record) + b"\n"
        try:
            if os.write(self._file, line) != len(line):
                raise OSError(28, "No space left on device")
        except OSError as error:
            raise unwritable(self.path, error) from error

    def sync(self) -> None:
        """Force what was written to the disk; raise DesignerError as `check` does."""
        self.check()
        os.fsync(self._file)

    def check(self) -> None:
        """Check that the log is still the file of its name, as a worker must before it writes.

        Raises
        ------
        DesignerError
            The run folder was moved or removed; one of its name may be another run by now.
        """
        own = os.fstat(self._file)
        try:
            found = os.stat(self.path)
        except OSError as error:
            raise _replaced(self.path) from error
        # Some file systems of networks give a file a new number at each look; two logs that are
        # written differ in size soon.
        if not os.path.samestat(own, found) and own.st_size != found.st_size:
            raise _replaced(self.path)

    def close(self) -> None:
        """Close the file; nothing can be written any more."""
        os.close(self._file)

    def __enter__(self) -> "EventWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _replaced(log: Path) -> DesignerError:
    return DesignerError(
        f"The run folder {log.parent} was moved, removed or replaced while it was trained, so the "
        "training ends; a run that was moved can be resumed where it is now."
    )


@dataclass(frozen=True)
class News:
    """The result of a poll.

    Attributes
    ----------
    events
        The new events.
    restarted
        Whether the events read before are void: at the first poll, and after the log was cut back
        to a checkpoint.
    more
        Whether the poll was limited, so that there may be further events already.
    """

    events: list[Event]
    restarted: bool = False
    more: bool = False


class EventReader:
    """Follows an event log that grows, or is cut back and grows again, from any time on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0  # right after the last complete line read
        self._last_line = b""  # by which a log that was cut back is recognized
        self._started = False
        self._decoder = msgspec.json.Decoder(dict[str, Any])
        self._checker = msgspec.json.Decoder(_Fields)

    def poll(self, *, at_most: int | None = None) -> News:
        """Return the events since the last poll; half-written lines wait for the next one.

        Parameters
        ----------
        at_most
            Stop after about so many bytes, so that a long log comes in pieces.

        Raises
        ------
        DesignerError
            The log exists but cannot be read, or a complete line is not a JSON object.
        """
        try:
            with self.path.open("rb") as file:
                restarted = not self._started or self._was_cut(file.fileno())
                if restarted:
                    self._offset, self._last_line = 0, b""
                self._started = True
                events, more = self._read_on(file.fileno(), at_most)
                return News(events, restarted, more)
        except FileNotFoundError:
            return News([])
        except OSError as error:
            raise DesignerError(
                f"{self.path} cannot be read ({error.strerror}): make the run folder readable."
            ) from error

    def _was_cut(self, file: int) -> bool:
        """Tell whether the log was cut back to before the last line read, and perhaps written on.

        No two lines are equal: each has its time.
        """
        os.lseek(file, self._offset - len(self._last_line), os.SEEK_SET)
        return _read_exactly(file, len(self._last_line)) != self._last_line

    def _read_on(self, file: int, at_most: int | None) -> tuple[list[Event], bool]:
        os.lseek(file, self._offset, os.SEEK_SET)
        events: list[Event] = []
        pending = b""
        count = 0
        while block := os.read(file, _BLOCK):
            count += len(block)
            *lines, pending = (pending + block).split(b"\n")
            for line in lines:
                events.append(self._decoded(line))
                self._offset += len(line) + 1
                self._last_line = line + b"\n"
            if at_most is not None and count >= at_most and events:
                return events, True
        return events, False

    def _decoded(self, line: bytes) -> Event:
        """Return a line as an event whose fields have the types that all readers rely on."""
        reason: object
        try:
            kind = self._checker.decode(line).event
            event: Event = self._decoder.decode(line)
            missing = _REQUIRED.get(kind, _ALWAYS) - event.keys()
            if not missing:
                return event
            reason = f"the event {kind} lacks {', '.join(sorted(missing))}"
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            reason = error
        except RecursionError:
            reason = "it is nested too deeply"
        raise DesignerError(
            f"{self.path} is damaged at byte {self._offset:,} ({reason}): restore the file from a "
            "copy, or resume the run to cut the log back to its checkpoint."
        )


def read_events(path: Path) -> list[Event]:
    """Return all complete events of a log; a missing log has none.

    Raises
    ------
    DesignerError
        As `EventReader.poll`.
    """
    return EventReader(path).poll().events


def last_time(path: Path) -> float | None:
    """Return the time of the last event of a log, in seconds since 1970; None if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _LAST))
            lines = file.read().split(b"\n")
    except OSError:
        return None
    for line in reversed(lines):
        try:
            return msgspec.json.decode(line, type=_Timed).time
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
    return None


def _end_of(path: Path, sequence: int) -> int:
    """Return the offset after the last event whose number is at most ``sequence``.

    Reading stops at the first line that is damaged or later, so that any log can be cut.
    """
    end = 0
    if not sequence or not path.exists():
        return end
    with path.open("rb") as file:
        for line in file:
            try:
                number = msgspec.json.decode(line, type=_Numbered).sequence
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                break
            if number > sequence or not line.endswith(b"\n"):
                break
            end += len(line)
    return end


class _Timed(msgspec.Struct):
    time: float


class _Numbered(msgspec.Struct):
    sequence: int


_Finite = Annotated[float, Meta(ge=-1e300, le=1e300)]
_Number = _Finite | None  # NaN and infinity are written as null


class _Means(msgspec.Struct, frozen=True, gc=False):
    loss: _Finite
    accuracy: _Number = None
    exact_match: _Number = None


class _Fields(msgspec.Struct, gc=False):
    """Every field of an event that some reader uses, with its type; other fields may be anything.

    Checking a line against it takes 1 microsecond.
    """

    event: str
    time: Annotated[float, Meta(ge=0, le=1e11)]
    sequence: Count
    step: Count = 0
    epoch: Count = 0
    epochs: Count = 0
    steps: Count = 0
    steps_per_epoch: Annotated[int, Meta(ge=1, le=2**53)] = 1
    batch: Count = 0
    parameters: Count = 0
    trainable: Count = 0
    threads: Count = 0
    processes: Count = 0
    memory_bytes: Count = 0
    loaded: Count = 0
    fresh: Count = 0
    loss: _Finite = 0.0
    accuracy: _Number = None
    lr: _Finite = 0.0
    by_hand: bool = False
    images_per_second: _Number = None
    seconds: Annotated[float, Meta(ge=0, le=1e15)] = 0.0
    seconds_left: _Number = None
    train: _Means = _Means(0.0)
    validation: _Means | None = None
    test: _Means | None = None
    counts: dict[str, Count] = {}
    refused: list[str] = []
    message: str | None = None
    reason: str = ""
    device: str = ""
    device_name: str = ""
    status: str = ""
    best: bool | Best | None = None


_ALWAYS = frozenset(("event", "time", "sequence"))
_REQUIRED: Mapping[str, frozenset[str]] = {
    kind: _ALWAYS | frozenset(fields)
    for kind, fields in {
        "start": ("step", "epochs", "steps_per_epoch"),
        "step": ("step", "epoch", "loss", "lr"),
        "epoch": ("step", "epoch", "train", "validation", "seconds"),
        "lr": ("step", "lr"),
        "checkpoint": ("step",),
        "end": ("status",),
        "failed": ("message",),
        "note": ("message",),
        "train_on": ("message", "parent", "step"),
        "weights": ("message",),
    }.items()
}
"""Fields without which an event of a kind cannot be used."""


def _read_exactly(file: int, size: int) -> bytes:
    data = b""
    while len(data) < size and (block := os.read(file, size - len(data))):
        data += block
    return data
