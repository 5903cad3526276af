"""Small pictures of a data set, made in threads in the order in which they are wanted."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from designer.data.parts import Part
from designer.errors import DesignerError
from designer.gui.base import background
from designer.gui.data.pictures import small_picture

REMEMBERED = 2_000  # small pictures
_THREADS = 2  # decoding leaves Python's lock


@dataclass(frozen=True)
class Key:
    """A picture of a data set: the name of its part and its place there."""

    part: str
    index: int


class Thumbnails(QObject):
    """Makes the pictures that are wanted now, and remembers those made last.

    Signals
    -------
    arrived()
        Some pictures that were wanted are there.
    """

    arrived = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        background.prepare()
        self._lock = threading.Lock()
        self._parts: Mapping[str, Part] = {}
        self._side = 0
        self._wanted: list[Key] = []
        self._made: OrderedDict[Key, QImage | str] = OrderedDict()
        self._threads = 0
        self._version = 0  # of what the pictures are of

    def of(self, parts: Mapping[str, Part], side: int) -> None:
        """Make pictures of these parts from now on, at most `side` pixels high and wide."""
        with self._lock:
            self._parts, self._side = parts, side
            self._wanted, self._made = [], OrderedDict()
            self._version += 1

    def get(self, key: Key) -> QImage | str | None:
        """Return a picture, why it cannot be read, or None while it is not made."""
        with self._lock:
            return self._made.get(key)

    def want(self, keys: Sequence[Key]) -> None:
        """Make these pictures next, and no longer those wanted before."""
        with self._lock:
            self._wanted = [key for key in keys if key not in self._made][::-1]
            begin = min(_THREADS - self._threads, len(self._wanted))
            self._threads += begin
        for _ in range(begin):
            threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        """Make pictures until none is wanted."""
        while True:
            with self._lock:
                if not self._wanted:
                    self._threads -= 1
                    return
                key, version = self._wanted.pop(), self._version
                part, side = self._parts[key.part], self._side
            try:
                made: QImage | str = small_picture(part, key.index, side)
            except DesignerError as error:
                made = str(error)
            except Exception as error:  # a thread must go on with the other pictures
                made = f"The program has a defect: {error!r}."
            with self._lock:
                if version != self._version:
                    continue
                self._made[key] = made
                while len(self._made) > REMEMBERED:
                    self._made.popitem(last=False)
            background.post(self, self.arrived.emit)
