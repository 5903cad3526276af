"""Following one run through its folder: its events, its state, its result. Never blocks."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, QTimer, Signal

from designer.errors import DesignerError
from designer.gui.base import background
from designer.runs import heartbeat, links, states
from designer.runs.events import EventReader, News
from designer.runs.folder import RunFolder
from designer.runs.result import Result

State = Literal["starting", "gone", "damaged"] | states.State
"""The states of a run folder, and three more.

``starting``: a worker was asked to train it; ``gone``: the folder is missing; ``damaged``: a file
of it cannot be read.
"""

GOING = ("starting", "running")
# Milliseconds between two readings of a run: before its first step, during the training, else.
EAGER, OFTEN, SELDOM = 20, 100, 1_000
_PIECE = 1 << 20  # bytes of events read at once
_LOG_END = 2_000  # bytes at the end of the log in which its last line is searched


@dataclass(frozen=True)
class _Look:
    """What one reading of the folder found."""

    news: News
    state: State
    result: Result | None
    last_line: str
    checkpoint: bool
    sentence: str = ""
    silence: str = ""


class Follower(QObject):
    """Reads a run folder again and again, in the background.

    Signals
    -------
    arrived(events)
        New events; `history` contains them already.
    restarted()
        All earlier events are void, because the log was cut back to a checkpoint.
    changed()
        `state`, `result` or another attribute has changed.

    Attributes
    ----------
    last_line
        The last line of the worker's log.
    checkpoint
        Whether there is a checkpoint to resume from.
    looked
        Whether the folder has been read to the end at least once.
    sentence
        What is wrong with the files, "" if they are in order.
    silence
        Why nothing is heard of the worker and what helps, "" if all is well.
    """

    arrived = Signal(list)
    restarted = Signal()
    changed = Signal()

    def __init__(
        self, path: Path, parent: QObject | None = None, *, alive: Callable[[], bool] | None = None
    ) -> None:
        super().__init__(parent)
        from designer.gui.worker.history import History  # imports numpy, which the start avoids

        self.run = RunFolder(path)
        self.history: History = History()
        self.state: State = "starting" if alive is not None else "new"
        self.result: Result | None = None
        self.last_line = ""
        self.sentence = ""
        self.silence = ""
        self.checkpoint = False
        self.looked = False
        self._alive = alive or (lambda: False)
        self._begun = False
        self._reader = EventReader(path / "events.jsonl")
        self._looking = False
        self._timer = QTimer(self, interval=EAGER)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        self.look()

    @property
    def going(self) -> bool:
        """Whether the run is being trained or is about to be."""
        return self.state in GOING

    @property
    def paused(self) -> bool:
        """Whether the training is paused."""
        return self.state == "running" and self.history.paused

    def revived(self, alive: Callable[[], bool]) -> None:
        """Record that a worker was asked to resume the run.

        Parameters
        ----------
        alive
            Tells whether that worker still works on it.
        """
        self._alive = alive
        self._begun = False
        self._set(state="starting", result=None)
        self.look()

    def look(self) -> None:
        """Read the folder now, unless it is being read."""
        if self._looking:
            return
        self._looking = True
        alive = not self._begun and self._alive()
        background.run(
            self, lambda: _look(self.run, self._reader, alive), self._seen, self._not_seen
        )

    def close(self) -> None:
        """Stop reading."""
        self._timer.stop()
        self.deleteLater()

    def _seen(self, look: _Look) -> None:
        self._looking = False
        if look.news.restarted:
            from designer.gui.worker.history import History

            was_empty = not self.history.last
            self.history = History()
            if not was_empty:
                self.restarted.emit()
        if look.state == "running":
            self._begun = True
        paused = self.history.paused
        if look.news.events:
            self.history.add(look.news.events)
            self.arrived.emit(look.news.events)
        if paused != self.history.paused:
            self.changed.emit()
        if look.news.more:  # the state is updated only after all events
            self.look()
            return
        self._set(
            state=look.state,
            result=look.result,
            last_line=look.last_line,
            checkpoint=look.checkpoint,
            sentence=look.sentence,
            silence=look.silence,
            looked=True,
        )
        pace = OFTEN if self.history.steps.rows else EAGER
        self._timer.setInterval(pace if self.going else SELDOM)

    def _not_seen(self, sentence: str) -> None:
        self._looking = False
        self._set(state="damaged", sentence=sentence, looked=True)
        self._timer.setInterval(SELDOM)

    def _set(self, **values: object) -> None:
        if any(getattr(self, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(self, name, value)
            self.changed.emit()


def _look(run: RunFolder, reader: EventReader, asked: bool) -> _Look:
    """Read a run folder; `asked` is set while a worker that was asked has not started yet."""
    if not run.path.is_dir():
        return _Look(News([]), "gone", None, "", False)
    try:
        links.refuse(run.path)
    except DesignerError as error:
        return _Look(News([]), "damaged", None, "", False, str(error))
    # Read before the events, so that none is missed of a run that ends meanwhile.
    worker = run.worker()
    news, sentence = News([]), ""
    try:
        news = reader.poll(at_most=_PIECE)
    except DesignerError as error:
        sentence = str(error)
    result: Result | None = None
    state: State
    if worker is not None:
        state = "running"
    elif asked:
        state = "starting"
    elif sentence:
        state = "damaged"
    else:
        try:
            result = run.result()
        except DesignerError as error:
            sentence = str(error)
        begun = run.events.exists()
        state = result.status if result else "interrupted" if begun else "new"
        state = "damaged" if sentence else state
    silence = heartbeat.sentence(heartbeat.read(run)) if worker is not None else ""
    return _Look(news, state, result, _last_line(run.log), run.last.is_file(), sentence, silence)


def _last_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _LOG_END))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
