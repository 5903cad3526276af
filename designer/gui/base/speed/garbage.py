"""Python's search for cyclic garbage, kept on the main thread.

Python searches in whichever thread happens to allocate. Found by a worker, a dead widget would be
destroyed off the main thread, which Qt does not survive.
"""

import gc
import time

from PySide6.QtCore import QObject, QTimer

_LOOK_MS = 250
_WHOLE_SECONDS = 30.0  # between searches through everything


class GarbageCollector(QObject):
    """Collects from the main thread's event loop, as often as Python itself would."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._last = time.monotonic()
        self._was_on = gc.isenabled()
        gc.disable()
        gc.freeze()  # what was imported lives as long as the program
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Collect the generations that have grown beyond Python's thresholds."""
        now = time.monotonic()
        for generation in (2, 1, 0):
            if generation == 2 and now - self._last < _WHOLE_SECONDS:
                continue  # it looks at all that lives, which takes long in large designs
            if gc.get_count()[generation] > gc.get_threshold()[generation]:
                gc.collect(generation)
                self._last = now if generation == 2 else self._last
                return

    def stop(self) -> None:
        """Leave it to Python again."""
        self._timer.stop()
        gc.unfreeze()
        if self._was_on:
            gc.enable()
