"""Pictures of presets: what they show is found out when they are first wanted, and kept."""

from typing import NamedTuple

from PySide6.QtCore import QObject, QSize, Signal
from PySide6.QtGui import QPixmap

from designer.gui import apart, background, sketches, thumbnails
from designer.gui.sketches import Sketch
from designer.gui.theme import colours


class _Key(NamedTuple):
    name: str
    width: int
    height: int
    ratio: float
    dark: bool


_sketches: dict[str, Sketch] = {}  # presets do not change while the program runs


class Pictures(QObject):
    """Draws presets, the last wanted first: what has been scrolled away may wait.

    Signals
    -------
    arrived(name)
        A picture of this preset can be drawn now.
    """

    arrived = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._drawn: dict[_Key, QPixmap] = {}
        self._wanted: list[str] = []
        self._asked: str | None = None

    def get(self, name: str, size: QSize, ratio: float) -> QPixmap | None:
        """Return a preset's picture for a screen's pixel ratio; None, and soon it arrives."""
        sketch = _sketches.get(name)
        if sketch is None:
            if name in self._wanted:
                self._wanted.remove(name)
            self._want(name, len(self._wanted))
            return None
        key = _Key(name, size.width(), size.height(), ratio, colours().dark)
        if key not in self._drawn:
            image = thumbnails.picture(sketch, size, ratio, colours())
            self._drawn[key] = QPixmap.fromImage(image)
        return self._drawn[key]

    def prepare(self, name: str) -> None:
        """Be ready for a picture that will be wanted, after all that are seen now."""
        if name not in _sketches and name not in self._wanted:
            self._want(name, 0)

    def _want(self, name: str, place: int) -> None:
        if name == self._asked:
            return
        self._wanted[place:place] = [name]
        if self._asked is None:
            self._ask()

    def _ask(self) -> None:
        self._asked = name = self._wanted.pop() if self._wanted else None
        if name is not None:
            background.run(
                self,
                lambda: apart.call(sketches.of_preset, name),
                lambda sketch: self._keep(name, sketch),
            )

    def _keep(self, name: str, sketch: Sketch) -> None:
        _sketches[name] = sketch
        self.arrived.emit(name)
        self._ask()
