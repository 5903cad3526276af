"""Lets all who look into a run ask again when its training writes a checkpoint."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QTimer

from designer.gui.base import background
from designer.gui.worker.inspection import Inspection

if TYPE_CHECKING:
    from designer.gui.worker.follower import Follower

LOOK = 500  # milliseconds between two looks at the files
_Stamps = dict[str, tuple[int, int]]


class Trains(Protocol):
    """What is seen of the trainer."""

    @property
    def active(self) -> "Follower | None":
        """The run that is being trained."""


class CheckpointWatch(QObject):
    """Looks at the checkpoints of the run that is being trained."""

    def __init__(self, trainer: Trains, inspection: Inspection, parent: QObject) -> None:
        super().__init__(parent)
        self._trainer = trainer
        self._inspection = inspection
        self._run = ""
        self._stamps: _Stamps | None = None
        self._looking = False
        self._timer = QTimer(self, interval=LOOK)
        self._timer.timeout.connect(self._look)

    def decide(self) -> None:
        """Look as long as a run is being trained, and once more after its end."""
        active = self._trainer.active
        run = str(active.run.path.absolute()) if active is not None else self._run
        if run != self._run:
            self._run, self._stamps = run, None
        going = active is not None and active.going
        if going and not self._timer.isActive():
            self._timer.start()
            self._look()
        elif not going and self._timer.isActive():
            self._timer.stop()
            self._look()

    def _look(self) -> None:
        if self._looking or not self._run:
            return
        self._looking = True
        run = self._run
        background.run(
            self, lambda: _stamps(Path(run)), lambda found: self._seen(run, found), self._not_seen
        )

    def _not_seen(self, _: str) -> None:
        self._looking = False

    def _seen(self, run: str, found: _Stamps) -> None:
        self._looking = False
        if run != self._run:
            return
        before, self._stamps = self._stamps, found
        if before is not None and before != found:
            self._inspection.renew(run)


def _stamps(run: Path) -> _Stamps:
    """Return time and size of the checkpoints that a training writes again and again."""
    found: _Stamps = {}
    for name in ("best.pt", "last.pt"):
        try:
            state = (run / "checkpoints" / name).stat()
        except OSError:
            continue
        found[name] = (state.st_mtime_ns, state.st_size)
    return found
