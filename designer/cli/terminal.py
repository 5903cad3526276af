"""Following a training in the terminal: its progress, and Ctrl+C to stop it cleanly."""

import math
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from designer.cli import runs
from designer.cli.advice import Watch
from designer.cli.output import width
from designer.errors import DesignerError
from designer.runs import control, launch
from designer.runs.events import Event, EventReader
from designer.runs.folder import RunFolder
from designer.runs.result import Result
from designer.runs.wording import duration, summary

__all__ = ["duration", "summary", "train"]

POLL_SECONDS = 0.1  # between two readings of the event log
REFUSED = 1  # exit code of a worker whose log ends with the reason
_EXAMINED_SECONDS = 3.0  # between two looks of the doctor at what the run shows
_BAR = 20  # columns of the progress bar
_COLUMNS = 80  # of a terminal of unknown width
LAST_WORDS = 10_000  # last characters of a dead worker's log, where its last line is searched

Write = Callable[[str], None]


class RefusedError(DesignerError):
    """The worker ended the training with a sentence, perhaps before its first step."""


def train(
    run: RunFolder,
    *,
    resume: bool,
    write: Write,
    data: Path | None = None,
    silenced: Collection[str] = (),
    said: Sequence[str] = (),
    processes: int | None = None,
) -> Result:
    """Start a worker on a run and report its progress until it ends.

    Ctrl+C stops the training with a checkpoint; a second one ends this function, not the training.

    Parameters
    ----------
    run
        The run folder.
    resume
        Whether to continue from its last checkpoint.
    write
        Receives the text to print.
    data
        Where the data of a run that is resumed are now, if they were moved.
    silenced
        Conditions of the doctor of which nothing is said.
    said
        Lines of the doctor on the design, printed once the training has begun.
    processes
        How many processes train together, as of `launch.start`.

    Raises
    ------
    DesignerError
        The worker cannot start, or fails: the message is the worker's own.
    """
    follower = _Follower(run, write, resume=resume, silenced=silenced, said=said)
    follower.pid = launch.start(run.path, resume=resume, data=data, processes=processes)
    return follower.follow()


def progress(start: Event, step: Event, columns: int) -> str:
    """Return the progress line of a step.

    In a narrow terminal, first the bar shrinks, then items are dropped from the end.

    Parameters
    ----------
    start
        The event with which the training began.
    step
        The event of the step.
    columns
        Width of the terminal. The line is shorter, since only a single line can be erased.
    """
    total = start.get("epochs", 0) * start.get("steps_per_epoch", 0)
    done = step["step"] / total if total else 0.0
    speed = step["images_per_second"]
    left = (total - step["step"]) * start.get("batch", 0) / speed if speed else 0.0
    parts = [
        f"{done:4.0%}",
        f"step {step['step']:,}/{total:,}",
        f"loss {step['loss']:.4f}",
        f"lr {step['lr']:.3g}",
        f"{speed:,.0f} {start.get('things', 'images')}/s",
        f"{duration(left)} left",
    ]
    while len(parts) > 1 and len("  ".join(parts)) > columns - 2:
        parts.pop()
    text = " " + "  ".join(parts)
    room = max(0, min(_BAR, columns - 1 - len(text)))
    bar = "█" * round(room * done)
    return f"{bar:░<{room}}{text}"


class _Follower:
    """Reads the events of a run and prints them for a person."""

    def __init__(
        self,
        run: RunFolder,
        write: Write,
        *,
        resume: bool,
        silenced: Collection[str],
        said: Sequence[str],
    ) -> None:
        self.run = run
        self.pid = 0
        self.write = write
        self.live = sys.stdout.isatty()
        self.start: Event = {}
        self.things = "images"
        self.shown = ""
        self.asked = 0
        self.old = _identities(run) if resume else frozenset()
        self.doctor = Watch(run, silenced=silenced)
        self.said = said
        self.examined = time.monotonic()

    def follow(self) -> Result:
        """Report events until the worker has ended, and return the result of the run."""
        reader = EventReader(self.run.events)
        with _interrupts() as presses:
            while True:
                while self.asked < len(presses):
                    self._interrupted()
                alive = launch.is_alive(self.pid, self.run.path)
                for event in self._new_events(reader, alive):
                    if _identity(event) not in self.old:
                        self._print(event)
                if not alive:
                    break
                if time.monotonic() - self.examined > _EXAMINED_SECONDS:
                    self._examine()
                time.sleep(POLL_SECONDS)
        self._clear()
        return self._result()

    def _examine(self) -> None:
        """Print what the doctor sees for the first time."""
        if self.start:  # before, there is nothing to see
            for line in self.doctor.look():
                self._line(line.text)
            self.examined = time.monotonic()

    def _new_events(self, reader: EventReader, alive: bool) -> list[Event]:
        """Return new events; none while a worker still has to truncate a damaged log."""
        try:
            return reader.poll().events
        except DesignerError:
            if alive:
                return []
            raise

    def _interrupted(self) -> None:
        self.asked += 1
        if self.asked > 1:
            raise DesignerError(
                "The training stops by itself as soon as its checkpoint is written. Resume it "
                f"with: netdesigner resume {runs.reference(self.run.path)}"
            )
        self._line("Stopping: waiting for the current step and its checkpoint ...")
        control.send(self.run.control, "stop")

    def _result(self) -> Result:
        code = launch.exit_code(self.pid)
        if code == REFUSED and (words := self._last_words()):  # an older result may exist
            raise RefusedError(words)
        result = self.run.result()
        self._examine()
        if result is not None and result.status in ("failed", "diverged"):
            raise DesignerError(result.message or f"The training of {self.run.path} failed.")
        if result is None or code:
            words = self._last_words() or "it left no message"
            raise DesignerError(
                f"The training process of {self.run.path} ended unexpectedly ({words}). "
                "Resume it from its last checkpoint with: netdesigner resume "
                f"{runs.reference(self.run.path)}"
            )
        return result

    def _last_words(self) -> str:
        try:
            text = self.run.log.read_text(errors="replace")[-LAST_WORDS:]
        except OSError:
            return ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return lines[-1] if lines else ""

    # Printing

    def _print(self, event: Event) -> None:
        kind = event["event"]
        if kind == "start":
            self.start = event
            self.things = event.get("things", "images")
            counts = event.get("counts", {})
            parts = ", ".join(f"{count:,} for {part}" for part, count in counts.items())
            number = event.get("threads", 1)
            threads = "1 thread" if number == 1 else f"{number} threads"
            device = event.get("device_name", "this machine")
            if (processes := event.get("processes", 1)) > 1:
                device, threads = f"{processes} processes, {device} each", f"{threads} each"
            self._line(f"Training on {device}, {threads}; {self.things}: {parts}")
            for line in self.said:
                self._line(line)
            if event.get("step"):
                self._line(f"Resumed after step {event['step']:,} from the last checkpoint")
        elif kind == "step" and self.live:
            self._progress(event)
        elif kind == "epoch":
            self._line(self._epoch(event))
        elif kind in ("note", "weights", "train_on"):
            self._line(str(event["message"]))
            for sentence in event.get("refused", ()):
                self._line(str(sentence))
        elif kind == "lr":
            rate = f"{event.get('lr', math.nan):g}"
            if event.get("message"):
                words = f"Learning rate set to {rate}. {event['message']}"
            elif event.get("by_hand", True):
                words = f"Learning rate held at {rate}"
            else:
                words = f"Learning rate {rate}, from the schedule"
            self._line(words)

    def _epoch(self, event: Event) -> str:
        words = [f"epoch {event['epoch']:>3}/{self.start.get('epochs', '?')}"]
        for part in ("train", "validation"):
            metrics = event.get(part)
            if metrics:
                words.append(f"{part} {_metrics(metrics)}")
        words.append(f"{event['seconds']:.1f} s")
        left = event.get("seconds_left")
        if left:
            words.append(f"{duration(left)} left")
        return "  ".join(words)

    def _progress(self, event: Event) -> None:
        self._clear()
        self.shown = progress(self.start, event, width(sys.stdout) or _COLUMNS)
        self.write(self.shown)

    def _line(self, text: str) -> None:
        self._clear()
        self.write(text + "\n")

    def _clear(self) -> None:
        if self.shown:
            self.write("\r" + " " * len(self.shown) + "\r")
            self.shown = ""


def _identity(event: Event) -> tuple[object, object]:
    """Return what tells an event from all others of a log, also from those it was cut back by."""
    return event.get("sequence"), event.get("time")


def _identities(run: RunFolder) -> frozenset[tuple[object, object]]:
    """Return the events of a run that is about to be resumed, which were printed before."""
    try:
        return frozenset(map(_identity, EventReader(run.events).poll().events))
    except DesignerError:  # damaged at its end; the worker truncates it
        return frozenset()


def _metrics(metrics: dict[str, Any]) -> str:
    text = f"loss {metrics['loss']:.4f}"
    if (accuracy := metrics.get("accuracy")) is not None:
        text = f"{text}, accuracy {100 * accuracy:.2f} %"
    if (exact := metrics.get("exact_match")) is not None:
        text = f"{text}, all labels right {100 * exact:.2f} %"
    return text


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Count the times that Ctrl+C is pressed within the block: a list that gets longer.

    A handler of signals may come in the middle of printing, and so must not print itself.
    """
    presses: list[int] = []

    def handler(number: int, _frame: FrameType | None) -> None:
        presses.append(number)

    before = signal.signal(signal.SIGINT, handler)
    try:
        yield presses
    finally:
        signal.signal(signal.SIGINT, before)
