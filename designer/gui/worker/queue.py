"""The trainings that wait for their turn, and when this window starts the next one."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from designer.errors import DesignerError
from designer.gui.base import background
from designer.preferences import state_folder
from designer.runs.folder import RunFolder
from designer.runs.queue import BusyError, Queue, State, Waiting
from designer.runs.states import COMPLETE

_Edit = Callable[[Queue], State]
_Done = Callable[[], object]

LOOK = 2_000  # milliseconds between two looks at the queue, which another window may have changed


class Starter(Protocol):
    """What the queue needs of the trainer."""

    @property
    def runs_folder(self) -> Path:
        """The folder that contains the run folders."""
        ...

    @property
    def occupied(self) -> bool:
        """Whether this window trains a run or is about to."""
        ...

    def start(self, path: Path, *, resume: bool) -> str:
        """Let a worker train a run; return why that is not possible, "" if it is."""
        ...


class TrainingQueue(QObject):
    """Shows and changes the queue of trainings, and starts the next when nothing is trained.

    Signals
    -------
    changed()
        `state` has changed.
    reported(sentence)
        A training waits, or one was started.
    refused(sentence)
        Something failed.

    Attributes
    ----------
    state
        The queue as it was read last.
    """

    changed = Signal()
    reported = Signal(str)
    refused = Signal(str)

    def __init__(self, starter: Starter, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.starter = starter
        self.state = State()
        self._queue = Queue(state_folder())
        self._pending: deque[tuple[_Edit, _Done]] = deque()  # while another window has the lock
        self._editing = threading.Lock()  # held by the thread that makes a pending edit
        self._stamp = 0
        self._wanted: Path | None = None
        self._failure = ""  # how the last training failed, to be said when the next one starts
        self._starting = False
        self._taking = False
        self._closed = False
        self._timer = QTimer(self, interval=LOOK)
        self._timer.timeout.connect(self._look)

    def open(self) -> None:
        """Show what waits since an earlier session, and start it when nothing is trained."""
        self._timer.start()
        self._look()

    def close(self) -> None:
        """Start nothing any more; what waits stays in the file."""
        self._closed = True
        self._timer.stop()
        if self._pending:
            with self._editing:  # the thread may be making the first of them; again does no harm
                while self._pending:
                    edit, _ = self._pending.popleft()
                    with suppress(DesignerError):
                        edit(self._queue)

    # What the user does

    @property
    def runs(self) -> tuple[Path, ...]:
        """The folders of the waiting trainings, the next one first."""
        return tuple(each.path for each in self.state.waiting)

    def position_text(self, run: Path) -> str:
        """Return the position of a run in words, "" if it does not wait."""
        position = self.state.position(run)
        return "" if position is None else ordinal(position + 1)

    def add(self, run: Path, *, resume: bool = False) -> None:
        """Let a run wait behind the others."""

        def added() -> None:
            self.reported.emit(f"{run.name} waits for its turn: {self.position_text(run)}.")

        self._change(lambda queue: queue.add(run, resume=resume), added)

    def remove(self, runs: Sequence[Path]) -> None:
        """Let runs wait no more; their folders stay."""
        self._change(lambda queue: queue.remove(runs))

    def move(self, run: Path, by: int) -> None:
        """Move a waiting run by some positions; negative is sooner."""
        position = self.state.position(run)
        if position is not None:
            self._change(lambda queue: queue.move(run, position + by))

    def hold(self, held: bool) -> None:
        """Let no training start by itself, or let them start again."""
        self._change(lambda queue: queue.hold(held), self.advance)

    def train_now(self, run: Path, instead_of: Path | None) -> None:
        """Start a waiting run before all others.

        Parameters
        ----------
        run
            The run folder.
        instead_of
            The run that is being trained and that the caller stops; it waits next, to be resumed.
        """

        def moved() -> None:
            self._wanted = run
            self.advance()

        if instead_of is not None:
            self._change(lambda queue: queue.add(instead_of, resume=True, first=True))
        self._change(lambda queue: queue.move(run, 0), moved)

    def _change(self, edit: _Edit, done: _Done = lambda: None) -> None:
        """Edit the queue, then call `done`; in a thread while another window has the lock."""
        if self._pending:
            self._pending.append((edit, done))
            return
        stamp = _stamp(self._queue.file)
        try:
            state = edit(self._queue if self._closed else Queue(self._queue.folder, patience=0))
        except BusyError:
            self._pending.append((edit, done))
            self._edit_in_thread()
        except DesignerError as error:
            self.refused.emit(str(error))
        else:
            self._set(state, stamp)
            done()

    def _edit_in_thread(self) -> None:
        """Make the first of the pending edits, then the others."""
        edit, done = self._pending[0]

        def change() -> tuple[State, int]:
            stamp = _stamp(self._queue.file)
            with self._editing:  # once closed, all pending edits have been made
                return self.state if self._closed else edit(self._queue), stamp

        def changed(state: State, stamp: int) -> None:
            self._set(state, stamp)
            done()
            self._edit_next()

        def failed(sentence: str) -> None:
            self.refused.emit(sentence)
            self._edit_next()

        background.run(self, change, lambda found: changed(*found), failed)

    def _edit_next(self) -> None:
        if self._pending:  # they are made at once when the window closes
            self._pending.popleft()
        if self._pending:
            self._edit_in_thread()

    def _set(self, state: State, stamp: int = 0) -> None:
        """Show a state; ``stamp`` is the file's from before it was read, 0 to read it again.

        A stamp from after the reading would hide what another window writes in between.
        """
        self._stamp = stamp
        if state != self.state:
            self.state = state
            self.changed.emit()

    # Starting the next one

    def ended(self, failure: str) -> None:
        """Start the next training, since one has ended; `failure` is how, "" if it went well."""
        self._failure = failure
        self.begun()
        self.advance()

    def begun(self) -> None:
        """Let other windows start trainings again: this one's has its worker now."""
        if self._starting:
            self._starting = False
            background.run(self, self._queue.started, self._set, self.refused.emit)

    def advance(self) -> None:
        """Start the next training, unless one is being trained or they are held."""
        if self._taking or self._closed or self.starter.occupied:
            return
        if not self.state.waiting or (self.state.held and self._wanted is None):
            return
        self._taking = True
        folders = {self.starter.runs_folder, *(each.path.parent for each in self.state.waiting)}
        wanted = self._wanted

        def take() -> tuple[Waiting | None, State, int]:
            taken = self._queue.take(lambda: any(map(is_training, folders)), wanted=wanted)
            stamp = _stamp(self._queue.file)
            return taken, self._queue.read(), stamp

        background.run(self, take, lambda found: self._taken(*found), self._not_taken)

    def _taken(self, entry: Waiting | None, state: State, stamp: int) -> None:
        self._taking = False
        self._set(state, stamp)
        if entry is None:
            return
        self._starting = True
        self._wanted = None
        if self._closed or self.starter.occupied:
            # A training was begun, or the window was closed, while this one was being taken.
            self._change(
                lambda queue: queue.add(entry.path, resume=entry.resume, first=True), self.begun
            )
            return
        failure, self._failure = self._failure, ""
        problem = (
            "" if _needs_no_training(entry) else self.starter.start(entry.path, resume=entry.resume)
        )
        if self.starter.occupied:
            if failure:
                self.refused.emit(f"{failure} {entry.path.name}, which waited, is trained now.")
            else:
                self.reported.emit(f"{entry.path.name}, which waited, is trained now.")
            return
        if problem:
            self.refused.emit(f"{entry.path.name}, which waited, cannot be trained. {problem}")
        self._failure = failure
        self.begun()
        self.advance()

    def _not_taken(self, sentence: str) -> None:
        self._taking = False
        self.refused.emit(sentence)

    def _look(self) -> None:
        """Read the queue if another window changed it, and start what waits."""
        if _stamp(self._queue.file) != self._stamp:
            self._change(Queue.read)
        self.advance()


def ordinal(number: int) -> str:
    """Return a position as text: 1st, 2nd, 3rd, 4th."""
    ending = (
        "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number}{ending}"


def being_trained(folder: Path) -> Path | None:
    """Return a run in a folder that a worker trains, None if there is none."""
    runs = (path.parent for path in _locks(folder))
    return next((run for run in runs if RunFolder(run).worker() is not None), None)


def is_training(folder: Path) -> bool:
    """Return whether a worker trains a run in a folder."""
    return being_trained(folder) is not None


def _locks(folder: Path) -> list[Path]:
    """Return the lock files in a folder of runs that name a worker; the others are empty."""
    try:
        return [path for path in folder.glob("*/worker.lock") if path.stat().st_size]
    except OSError:
        return []


def _needs_no_training(entry: Waiting) -> bool:
    """Return whether a run that was to be resumed has finished meanwhile."""
    try:
        result: Any = RunFolder(entry.path).result() if entry.resume else None
    except DesignerError:
        return False
    return result is not None and result.status in COMPLETE


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
