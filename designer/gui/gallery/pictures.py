"""Pictures of presets, computed in another process when they are first shown."""

from typing import NamedTuple

from PySide6.QtCore import QObject, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QFrame

from designer.gui.base import background
from designer.gui.base.theme import colors, theme
from designer.gui.documents import sketches, thumbnails
from designer.gui.documents.sketches import Sketch


class _Key(NamedTuple):
    name: str
    width: int
    height: int
    ratio: float
    dark: bool


_HEIGHT = 130  # of the picture in the preview
_WAITING = (44.0, 56.0, 32.0)  # heights of the boxes that stand for a pending picture
_MAX_DRAWN = 300  # pixmaps: about 60 presets, each as a card and in the preview, in two themes

# One sketch for each preset; presets do not change while the program runs.
_sketches: dict[str, Sketch] = {}


class Pictures(QObject):
    """Draws presets; the last request comes first, since earlier cards may be scrolled away.

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
        self._timer = QTimer(self, interval=0, singleShot=True)
        self._timer.timeout.connect(self._ask)

    def get(self, name: str, size: QSize, ratio: float) -> QPixmap | None:
        """Return a preset's picture, or None and request it; `arrived` is emitted later.

        Parameters
        ----------
        name
            The preset.
        size
            The size in logical pixels.
        ratio
            The screen's device pixels per logical pixel.
        """
        sketch = _sketches.get(name)
        if sketch is None:
            if name in self._wanted:
                self._wanted.remove(name)
            self._want(name, len(self._wanted))
            return None
        key = _Key(name, size.width(), size.height(), ratio, colors().dark)
        if key not in self._drawn:
            while len(self._drawn) >= _MAX_DRAWN:
                self._drawn.pop(next(iter(self._drawn)))  # the oldest
            image = thumbnails.picture(sketch, size, ratio, colors())
            self._drawn[key] = QPixmap.fromImage(image)
        return self._drawn[key]

    def prepare(self, name: str) -> None:
        """Request a picture that will be needed soon, after all that are needed now."""
        if name not in _sketches and name not in self._wanted:
            self._want(name, 0)

    def _want(self, name: str, index: int) -> None:
        if name == self._asked:
            return
        self._wanted.insert(index, name)
        if self._asked is None and not self._timer.isActive():
            self._timer.start()  # later, so that the current painting is not delayed

    def _ask(self) -> None:
        self._asked = name = self._wanted.pop() if self._wanted else None
        if name is not None:
            # It imports subprocess, which takes about 10 ms; the first paint does not wait for it.
            from designer.gui.base.speed import helper_process

            background.run(
                self,
                lambda: helper_process.call(sketches.of_preset, name),
                lambda sketch: self._store(name, sketch),
            )

    def _store(self, name: str, sketch: Sketch) -> None:
        _sketches[name] = sketch
        self.arrived.emit(name)
        self._ask()


class Picture(QFrame):
    """The picture of a preset in the preview, as wide as the preview."""

    def __init__(self, pictures: Pictures) -> None:
        super().__init__(objectName="preview-picture")
        self.pictures = pictures
        self.name = ""
        self.setFixedHeight(_HEIGHT)
        pictures.arrived.connect(lambda name: self.update() if name == self.name else None)
        theme.changed.connect(self.update)

    def show_preset(self, name: str) -> None:
        """Show a preset, or no picture for ""."""
        self.name = name
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        c = colors()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(c.line))
        painter.setBrush(QColor(c.canvas))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 7, 7)
        if not self.name or self.width() < 40:
            return
        size = QSize(self.width() - 24, _HEIGHT - 24)
        picture = self.pictures.get(self.name, size, self.devicePixelRatioF())
        if picture is not None:
            painter.drawPixmap(12, 12, picture)
        else:
            paint_waiting(painter, QRectF(self.rect()).center())


def paint_waiting(painter: QPainter, middle: QPointF) -> None:
    """Paint three gray boxes in place of a pending picture."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colors().line))
    for number, height in enumerate(_WAITING):
        x = middle.x() + 16 * (number - 1)
        painter.drawRoundedRect(QRectF(x - 5, middle.y() - height / 2, 10, height), 2, 2)
