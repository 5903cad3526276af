"""The learning rates that were set by hand during a training, read from the log of its events."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

_BLOCK = 1 << 20  # bytes read at once
_TAIL = 256  # bytes before the end of the last reading, which differ if the log was cut meanwhile
_LONGEST = 1 << 20  # bytes of a line from which on it is no event
_KINDS = (b'"event":"lr"', b'"event":"start"')


@dataclass(frozen=True)
class RateChange:
    """A change of the learning rate by hand.

    Attributes
    ----------
    rate
        The rate of the next step.
    by_hand
        Whether it is used for all later steps; else the schedule is followed from it on.
    scaled
        Whether the schedule is scaled to it; else its own rates are used, if it is not by hand.
    step
        The number of steps trained before.
    epoch
        The same in epochs, 0 at the start of the training; None if their length is unknown.
    """

    rate: float
    by_hand: bool
    step: int
    epoch: float | None
    scaled: bool = False


class _Event(msgspec.Struct):
    event: str
    step: int = 0
    steps_per_epoch: int = 0
    lr: float = 0.0
    by_hand: bool = True  # absent in logs of version 0.1
    scaled: bool = False


@dataclass
class RateLog:
    """Finds the changes in a log that grows; what was read before is not read again.

    Lines of other events are not decoded, so that a log of 100 MB takes 0.1 s.

    Attributes
    ----------
    changes
        Those found so far, in their order.
    """

    changes: tuple[RateChange, ...] = ()
    _offset: int = 0
    _tail: bytes = b""
    _per_epoch: int = field(default=0)

    def read(self, path: Path) -> tuple[RateChange, ...]:
        """Return all changes in a log; one that cannot be read has no more than were found."""
        try:
            with path.open("rb") as file:
                file.seek(self._offset - len(self._tail))
                if file.read(len(self._tail)) != self._tail:  # the run was resumed
                    self.changes, self._offset, self._tail, self._per_epoch = (), 0, b"", 0
                    file.seek(0, os.SEEK_SET)
                pending = b""
                while block := file.read(_BLOCK):
                    whole, end, rest = (pending + block).rpartition(b"\n")
                    self._add(whole)
                    self._offset += len(whole) + len(end)
                    self._tail = (self._tail + whole + end)[-_TAIL:]
                    pending = rest
                    if len(pending) > _LONGEST:
                        break
        except OSError:
            pass
        return self.changes

    def _add(self, lines: bytes) -> None:
        """Find the changes in complete lines."""
        if not any(kind in lines for kind in _KINDS):
            return
        for line in lines.split(b"\n"):
            if any(kind in line for kind in _KINDS):
                self._decode(line)

    def _decode(self, line: bytes) -> None:
        try:
            event = msgspec.json.decode(line, type=_Event)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return  # whoever shows the run says that its log is damaged
        if event.event == "start":
            self._per_epoch = event.steps_per_epoch
        elif event.event == "lr":
            epoch = event.step / self._per_epoch if self._per_epoch > 0 else None
            change = RateChange(event.lr, event.by_hand, event.step, epoch, event.scaled)
            self.changes += (change,)
