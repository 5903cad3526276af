"""Python's search for cyclic garbage, kept on the main thread.

Python searches in whichever thread happens to allocate. Found there by a worker, a dead widget would
be destroyed off the main thread, which Qt does not survive.
"""

import gc

from PySide6.QtCore import QObject, QTimer

_LOOK_MS = 250


class GarbageCollector(QObject):
    """Collects from the main thread's event loop, as often as Python itself would."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._was_on = gc.isenabled()
        gc.disable()
        gc.freeze()  # what was imported lives as long as the program
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Collect the generations that have grown beyond Python's thresholds."""
        for generation in (2, 1, 0):
            if gc.get_count()[generation] > gc.get_threshold()[generation]:
                gc.collect(generation)
                return

    def stop(self) -> None:
        """Leave it to Python again."""
        self._timer.stop()
        gc.unfreeze()
        if self._was_on:
            gc.enable()
