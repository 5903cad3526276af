"""Pictures of presets, drawn in a thread when they are first wanted, and kept."""

import threading
from typing import NamedTuple

from PySide6.QtCore import QObject, QSize, Signal
from PySide6.QtGui import QImage, QPixmap

from designer import presets
from designer.analysis.analysis import analyse
from designer.gui import background, thumbnails
from designer.gui.theme import DARK, LIGHT, colours
from designer.gui.thumbnails import Sketch


class _Wanted(NamedTuple):
    name: str
    width: int
    height: int
    ratio: float
    dark: bool


class Pictures(QObject):
    """Draws what is wanted, the last wanted first: what has been scrolled away may wait.

    Signals
    -------
    arrived(name)
        A picture of this preset is there now.
    """

    arrived = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ready: dict[_Wanted, QPixmap] = {}
        self._wanted: list[_Wanted] = []
        self._drawing: set[_Wanted] = set()
        self._lock = threading.Lock()
        self._working = False
        background.prepare()

    def get(self, name: str, size: QSize, ratio: float, *, ahead: bool = False) -> QPixmap | None:
        """Return a preset's picture for a screen's pixel ratio; None, and soon it arrives.

        What is not seen yet, `ahead`, comes after all that is.
        """
        key = _Wanted(name, size.width(), size.height(), ratio, colours().dark)
        if key in self._ready:
            return self._ready[key]
        with self._lock:
            known = key in self._wanted
            if key in self._drawing or (known and ahead):
                return None
            if known:
                self._wanted.remove(key)
            self._wanted.insert(0 if ahead else len(self._wanted), key)
            if not self._working:
                self._working = True
                threading.Thread(target=self._work, daemon=True).start()
        return None

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._wanted:
                    self._working = False
                    return
                key = self._wanted.pop()
                self._drawing.add(key)
            image = _drawn(key)
            background.post(self, lambda key=key, image=image: self._keep(key, image))

    def _keep(self, key: _Wanted, image: QImage) -> None:
        with self._lock:
            self._drawing.discard(key)
        self._ready[key] = QPixmap.fromImage(image)
        self.arrived.emit(key.name)


_sketches: dict[str, Sketch] = {}  # presets do not change while the program runs


def _drawn(key: _Wanted) -> QImage:
    sketch = _sketches.get(key.name)
    if sketch is None:
        try:
            sketch = thumbnails.sketch(analyse(presets.load(key.name)))
        except Exception:  # the preview tells of damaged files and defects; the others go on
            sketch = Sketch((), ())
        _sketches[key.name] = sketch
    return thumbnails.picture(
        sketch, QSize(key.width, key.height), key.ratio, DARK if key.dark else LIGHT
    )
