"""Python's collection of cyclic garbage, on the main thread only, and memory that is given back.

Python collects in whichever thread happens to allocate. A worker thread that collected a dead
widget would destroy it off the main thread, and Qt crashes. Collecting nothing while the program
starts saves 0.04 of 0.33 s.
"""

import gc
import time

from PySide6.QtCore import QObject, QTimer

from designer import freed_memory

_LOOK_MS = 250
_GIVE_BACK_SECONDS = 2.0  # between two times that freed memory is given back to the system
_WHOLE_SECONDS = 30.0  # between collections of the oldest generation


class GarbageCollector(QObject):
    """Collects in the event loop of the main thread, about as often as Python itself would."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._last = self._given_back = time.monotonic()
        self._was_on = gc.isenabled()
        gc.disable()
        gc.freeze()  # imported modules are never garbage
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Collect the generations that have grown beyond Python's thresholds.

        Freed memory is given back to the system: ResNet-50's feature maps leave 30 MB.
        """
        now = time.monotonic()
        if now - self._given_back > _GIVE_BACK_SECONDS:
            self._given_back = now
            freed_memory.give_back()
        for generation in (2, 1, 0):
            if generation == 2 and now - self._last < _WHOLE_SECONDS:
                continue  # it visits every object, which takes long with large designs
            if gc.get_count()[generation] > gc.get_threshold()[generation]:
                gc.collect(generation)
                self._last = now if generation == 2 else self._last
                return

    def stop(self) -> None:
        """Let Python collect by itself again."""
        self._timer.stop()
        gc.unfreeze()
        if self._was_on:
            gc.enable()
