"""How far an archive is uncompressed while a data set is read in the background."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from designer.gui.base import background

STEPS = 1000  # of a progress bar
_REPORT = 0.1  # seconds between two reports

Result = TypeVar("Result")


class Unpacking(QObject):
    """Tells how far it is, and ends it.

    Signals
    -------
    moved()
        `words` and `steps` are others.

    Attributes
    ----------
    words
        What is done, with a percentage; "" while nothing is uncompressed.
    steps
        Value and maximum of a progress bar; a maximum of 0 while nothing is uncompressed.
    """

    moved = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.words = ""
        self.steps = (0, 0)
        self._stop = threading.Event()
        self._told = 0.0

    def during(self, work: Callable[[], Result]) -> Callable[[], Result]:
        """Return the same work, done in a thread, with reports; those of an earlier one end."""
        self._clear()
        stop = self._stop = threading.Event()

        def watch(path: Path, share: float) -> bool:
            if time.monotonic() - self._told > _REPORT:
                self._told = time.monotonic()
                background.post(self, lambda: self._show(stop, path.name, share))
            return stop.is_set()

        def watched_work() -> Result:
            from designer.data.unpacking import watched  # with numpy, which takes 0.1 s

            with watched(watch):
                return work()

        return watched_work

    def cancel(self) -> None:
        """End it; what was uncompressed is removed."""
        self._stop.set()
        self._clear()

    def _clear(self) -> None:
        self.words, self.steps = "", (0, 0)

    def _show(self, stop: threading.Event, name: str, share: float) -> None:
        if stop is self._stop and not stop.is_set():
            self.words = f"Unpacking {name}: {100 * share:.0f} % so far …"
            self.steps = (round(STEPS * share), STEPS)
            self.moved.emit()
