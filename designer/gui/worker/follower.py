"""Following one run by its folder: its events, how it is, how it ended. Never blocks."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from designer.errors import DesignerError
from designer.gui.base import background
from designer.runs import folder
from designer.runs.events import EventReader, News
from designer.runs.folder import RunFolder
from designer.runs.result import Result

if TYPE_CHECKING:
    pass

State = Literal["starting", "gone", "damaged"] | folder.State
"""Those of a run folder; besides, a worker was asked for it, or the folder is not there."""

GOING = ("starting", "running")
# Milliseconds between looks at a run before its first step, while it is trained, and else.
EAGER, OFTEN, SELDOM = 20, 100, 1_000
_PIECE = 1 << 20  # bytes of events read in one look
_LAST_WORDS = 2_000  # bytes of the log that are looked at


@dataclass(frozen=True)
class _Look:
    """What one look at the folder found."""

    news: News
    state: State
    result: Result | None
    words: str
    checkpoint: bool
    sentence: str = ""


class Follower(QObject):
    """Looks at a run folder again and again, in the background.

    Signals
    -------
    arrived(events)
        Further events; `history` has them already.
    restarted()
        All earlier events are void: the log was cut back to a checkpoint.
    changed()
        `state`, `result` or another attribute is different.

    Attributes
    ----------
    words
        The last line of the worker's log.
    checkpoint
        Whether there is one to go on from.
    sentence
        What is wrong with the files, "" if nothing is.
    """

    arrived = Signal(list)
    restarted = Signal()
    changed = Signal()

    def __init__(
        self, path: Path, parent: QObject | None = None, *, alive: Callable[[], bool] | None = None
    ) -> None:
        super().__init__(parent)
        from designer.gui.worker.history import History  # numpy, which no window begins with

        self.run = RunFolder(path)
        self.history: History = History()
        self.state: State = "starting" if alive is not None else "new"
        self.result: Result | None = None
        self.words = ""
        self.sentence = ""
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
        """Whether it is being trained, or about to be."""
        return self.state in GOING

    @property
    def paused(self) -> bool:
        """Whether its training is held."""
        return self.state == "running" and self.history.paused

    def revived(self, alive: Callable[[], bool]) -> None:
        """Take note that a worker was asked to go on with the run."""
        self._alive = alive
        self._begun = False
        self._set(state="starting", result=None)
        self.look()

    def look(self) -> None:
        """Look now, unless that is being done."""
        if self._looking:
            return
        self._looking = True
        alive = not self._begun and self._alive()
        background.run(
            self, lambda: _look(self.run, self._reader, alive), self._seen, self._not_seen
        )

    def close(self) -> None:
        """Look no more."""
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
        if look.news.more:  # how it ended is told after all that came before
            self.look()
            return
        self._set(
            state=look.state,
            result=look.result,
            words=look.words,
            checkpoint=look.checkpoint,
            sentence=look.sentence,
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
    """Look at a run; `asked` tells that a worker was, and has not come to it yet."""
    if not run.path.is_dir():
        return _Look(News([]), "gone", None, "", False)
    # Before its events, so that none are missed of a run that has ended.
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
    return _Look(news, state, result, _last_words(run.log), run.last.is_file(), sentence)


def _last_words(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _LAST_WORDS))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
