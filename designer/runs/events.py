"""The event log of a run: one JSON object a line, written by the worker and followed by readers.

Every event has ``event`` (its kind), ``time`` (seconds since 1970) and ``sequence`` (1, 2, ...).
When a run is resumed, the log is cut back to its checkpoint, and the numbers continue from there.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from designer.errors import UNREADABLE
from designer.runs.lines import LineReader, LineWriter
from designer.runs.result import Best, Count

Event = dict[str, Any]

_LAST = 1 << 16  # bytes at the end of a log in which its last event is


class EventWriter(LineWriter):
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
        self.sequence = after
        super().__init__(path, (lambda line: _number(line) <= after) if after else None)

    def write(self, event: str, **fields: object) -> None:
        """Append one event."""
        self.sequence += 1
        self.append({"event": event, "time": time.time(), "sequence": self.sequence, **fields})


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
        self._decoder = msgspec.json.Decoder(dict[str, Any])
        self._checker = msgspec.json.Decoder(_Fields)
        self._lines = LineReader(
            path,
            self._decoded,
            remedy="restore the file from a copy, or resume the run to cut the log back to its "
            "checkpoint",
        )

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
        found = self._lines.poll(at_most=at_most)
        return News(found.values, found.restarted, found.more)

    def _decoded(self, line: bytes) -> Event:
        """Return a line as an event whose fields have the types that all readers rely on."""
        kind = self._checker.decode(line).event
        event: Event = self._decoder.decode(line)
        if missing := _REQUIRED.get(kind, _ALWAYS) - event.keys():
            raise msgspec.ValidationError(f"the event {kind} lacks {', '.join(sorted(missing))}")
        return event


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
        except UNREADABLE:
            continue
    return None


def _number(line: bytes) -> int:
    return msgspec.json.decode(line, type=_Numbered).sequence


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
    top5: _Number = None
    cost: _Number = None


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
    scaled: bool = False
    factor: Annotated[float, Meta(gt=0, le=1e300)] = 1.0
    images_per_second: _Number = None
    gradient_norm: _Number = None
    update_ratio: _Number = None
    data_seconds: _Number = None
    forward_seconds: _Number = None
    backward_seconds: _Number = None
    update_seconds: _Number = None
    utilization: _Number = None
    seconds: Annotated[float, Meta(ge=0, le=1e15)] = 0.0
    seconds_left: _Number = None
    train: _Means = _Means(0.0)
    validation: _Means | None = None
    test: _Means | None = None
    counts: dict[str, Count] = {}
    mixed: bool = False
    refused: list[str] = []
    message: str | None = None
    reason: str = ""
    device: str = ""
    device_name: str = ""
    status: str = ""
    best: bool | Best | None = None
    metrics: dict[str, _Number] | None = None


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
