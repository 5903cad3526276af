"""The trainings that wait for their turn: a file that all windows of a user share.

A waiting training is a run folder, whose design and recipe are fixed, so that the file needs only
the order. Each change is made under a lock and written at once: a killed window loses nothing, and
two windows never start the same training.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from designer import file_lock
from designer.errors import UNREADABLE, DesignerError
from designer.storage import unwritable, write_atomically


class BusyError(DesignerError):
    """Another window is changing the queue at present."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A training that waits.

    Attributes
    ----------
    run
        The absolute path of its folder.
    resume
        Whether it continues from its checkpoint.
    """

    run: str
    resume: bool = False

    @property
    def path(self) -> Path:
        """The run folder."""
        return Path(self.run)


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What the file holds.

    Attributes
    ----------
    waiting
        The trainings, the next one first.
    held
        Whether the user wants none to be started.
    starting
        The window that took a training which no worker has locked yet.
    """

    waiting: tuple[Waiting, ...] = ()
    held: bool = False
    starting: file_lock.Process | None = None

    def position(self, run: Path) -> int | None:
        """Return the position of a run, from 0; None if it does not wait."""
        return next((i for i, each in enumerate(self.waiting) if each.path == run), None)


@dataclass(frozen=True)
class Queue:
    """The queue in a folder; every method that changes it returns its new state.

    Attributes
    ----------
    folder
        The folder with its file.
    patience
        Seconds to wait while another window changes it, which takes some milliseconds.

    Raises
    ------
    DesignerError
        By every method: the file is damaged, or it cannot be written.
    BusyError
        Another window has not let go of it in time.
    """

    folder: Path
    patience: float = 5.0

    @property
    def file(self) -> Path:
        """The file with the waiting trainings."""
        return self.folder / "queue.json"

    def read(self) -> State:
        """Return the present state; a damaged file is set aside with an error."""
        try:
            return self._read()
        except UNREADABLE:
            # Another window may have replaced it meanwhile, so it is read again under the lock.
            with self._alone():
                return self._read_or_set_aside()

    def _read(self) -> State:
        try:
            return msgspec.json.decode(self.file.read_bytes(), type=State)
        except FileNotFoundError:
            return State()
        except OSError as error:
            raise DesignerError(
                f"The queue of trainings {self.file} cannot be read ({error.strerror}): make the "
                "file readable."
            ) from error

    def _read_or_set_aside(self) -> State:
        """Return the present state; only for whoever has the lock."""
        try:
            return self._read()
        except UNREADABLE as error:
            aside = self.file.with_name("queue.damaged.json")
            try:
                self.file.replace(aside)
            except OSError as refusal:
                raise DesignerError(
                    f"The queue of trainings {self.file} is damaged ({error}) and cannot be set "
                    f"aside ({refusal.strerror}): delete the file."
                ) from refusal
            raise DesignerError(
                f"The queue of trainings was damaged ({error}) and was set aside as {aside}: no "
                "training waits any more; start those that you want from the list of runs."
            ) from error

    def add(self, run: Path, *, resume: bool = False, first: bool = False) -> State:
        """Let a run wait behind the others, or before them; one that waits already moves."""
        entry = Waiting(run=str(run.absolute()), resume=resume)

        def change(state: State) -> State:
            rest = tuple(each for each in state.waiting if each.run != entry.run)
            return _with(state, (entry, *rest) if first else (*rest, entry))

        return self._edit(change)

    def remove(self, runs: Sequence[Path]) -> State:
        """Let runs wait no more; their folders stay."""
        return self._edit(
            lambda state: _with(state, [e for e in state.waiting if e.path not in runs])
        )

    def move(self, run: Path, position: int) -> State:
        """Move a waiting run to a position, from 0."""

        def change(state: State) -> State:
            entries = list(state.waiting)
            old = state.position(run)
            if old is None:
                return state
            entries.insert(max(0, position), entries.pop(old))
            return _with(state, entries)

        return self._edit(change)

    def hold(self, held: bool) -> State:
        """Let no training start by itself, or let them start again."""
        return self._edit(lambda state: msgspec.structs.replace(state, held=held))

    def take(self, busy: Callable[[], bool], *, wanted: Path | None = None) -> Waiting | None:
        """Remove the first training and return it for this process to start.

        Parameters
        ----------
        busy
            Tells whether a training is running; called while no other window changes the queue.
        wanted
            A run that the user wants to train now, whichever is first, held or running.

        Returns
        -------
        Waiting or None
            None if none waits, they are held, or a training is running or being started.
        """
        taken: list[Waiting] = []
        me = file_lock.this_process()

        def change(state: State) -> State:
            starting = state.starting
            other = starting is not None and starting != me and file_lock.is_alive(starting)
            position = state.position(wanted) if wanted is not None else None
            if position is None:
                if not state.waiting or state.held or other or busy():
                    return state
                position = 0
            entries = list(state.waiting)
            taken.append(entries.pop(position))
            return State(waiting=tuple(entries), held=state.held, starting=me)

        self._edit(change)
        return taken[0] if taken else None

    def started(self) -> State:
        """Record that the training which this process took has its worker, or failed to start."""
        me = file_lock.this_process()
        return self._edit(
            lambda state: (
                msgspec.structs.replace(state, starting=None) if state.starting == me else state
            )
        )

    def _edit(self, change: Callable[[State], State]) -> State:
        with self._alone():
            before = self._read_or_set_aside()
            after = change(before)
            if after != before:
                try:
                    write_atomically(self.file, msgspec.json.encode(after) + b"\n")
                except OSError as error:
                    raise unwritable(self.file, error) from error
            return after

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from changing the queue."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = (self.folder / "queue.lock").open("ab")
        except OSError as error:
            raise unwritable(self.file, error) from error
        with file:
            limit = time.monotonic() + self.patience
            while not file_lock.acquire(file):
                if time.monotonic() > limit:
                    raise BusyError(
                        "Another window has been changing the queue of trainings for "
                        f"{self.patience:.0f} s: end it, or try again."
                    )
                time.sleep(0.005)
            yield


def _with(state: State, waiting: Sequence[Waiting]) -> State:
    return msgspec.structs.replace(state, waiting=tuple(waiting))
