"""A square to draw on with the mouse: white on black, as in MNIST."""

from dataclasses import dataclass, field

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QTransform,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from designer.gui.base.theme import colors, sans

SIDE = 280
"""Pixels of a side of the picture: ten times those of MNIST."""

PEN = 9
"""Width of the pen in percent of the side: about 2.5 of MNIST's 28 pixels."""

_BOX = 20 / 28  # of the side, into which MNIST's digits are scaled


@dataclass
class Stroke:
    """A line: its points from (0, 0) to (1, 1), and its width as a share of the side."""

    width: float
    points: list[QPointF] = field(default_factory=list)


class Sketchpad(QWidget):
    """What is drawn on.

    Attributes
    ----------
    strokes
        The lines, in the order in which they were drawn.
    pen
        The width of the next line in percent of the side.
    centered
        Whether the picture is made like those of MNIST: scaled into a box, its center of mass in
        the middle.

    Signals
    -------
    changed()
        Something was drawn, or undone.
    settled()
        A line is complete, or was undone.
    """

    changed = Signal()
    settled = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="sketchpad")
        self.strokes: list[Stroke] = []
        self.pen = PEN
        self.centered = True
        self._drawing = False
        self.setAccessibleName("Draw here with the mouse")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(SIDE, SIDE)

    def minimumSizeHint(self) -> QSize:
        return QSize(100, 100)

    def square(self) -> QRectF:
        """Return the square of the widget that is drawn on."""
        side = min(self.width(), self.height())
        return QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)

    def clear(self) -> None:
        """Remove all lines."""
        self._change([])

    def undo(self) -> None:
        """Remove the last line."""
        self._change(self.strokes[:-1])

    def _change(self, strokes: list[Stroke]) -> None:
        if len(strokes) != len(self.strokes):
            self.strokes = strokes
            self.update()
            self.changed.emit()
            self.settled.emit()

    def picture(self) -> QImage:
        """Return the drawing, `SIDE` pixels high and wide, in grays of 8 bits."""
        if not (self.centered and self.strokes):
            return _painted(self.strokes, QTransform())
        box = QRectF(
            QPolygonF([each for line in self.strokes for each in line.points]).boundingRect()
        )
        widest = max(line.width for line in self.strokes)
        longest = max(box.width(), box.height())
        scale = (_BOX - widest) / longest if longest > widest else 1.0
        place = QTransform.fromTranslate(0.5, 0.5).scale(scale, scale)
        place.translate(-box.center().x(), -box.center().y())
        x, y = _center_of_mass(_painted(self.strokes, place))
        return _painted(self.strokes, place * QTransform.fromTranslate(0.5 - x, 0.5 - y))

    # Keys: Ctrl+Z undoes a line, not the last change of the design.

    def event(self, event: QEvent) -> bool:
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and event.matches(QKeySequence.StandardKey.Undo)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Undo):
            self.undo()
        else:
            super().keyPressEvent(event)

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        self._drawing = True
        self.strokes = [*self.strokes, Stroke(self.pen / 100)]
        self._add(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drawing:
            self._add(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drawing and event.button() == Qt.MouseButton.LeftButton:
            self._drawing = False
            self.settled.emit()

    def _add(self, position: QPointF) -> None:
        square = self.square()
        place = (position - square.topLeft()) / max(1.0, square.width())
        self.strokes[-1].points.append(
            QPointF(*(min(1.0, max(0.0, each)) for each in place.toTuple()))
        )
        self.update()
        self.changed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        square = self.square()
        painter.fillRect(square, Qt.GlobalColor.black)
        painter.setPen(QColor(colors().strong_line))
        painter.drawRect(square.adjusted(0.5, 0.5, -0.5, -0.5))
        if self.strokes:
            painter.setClipRect(square)
            painter.translate(square.topLeft())
            painter.scale(square.width(), square.width())
            _paint(painter, self.strokes)
        else:
            painter.setPen(QColor("#9aa1ad"))
            painter.setFont(sans())
            painter.drawText(square, Qt.AlignmentFlag.AlignCenter, "Draw here")
        painter.end()


def _paint(painter: QPainter, strokes: list[Stroke]) -> None:
    """Paint lines on a square from (0, 0) to (1, 1)."""
    for line in strokes:
        pen = QPen(QColor("white"), line.width)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        if len(line.points) == 1:
            painter.drawPoint(line.points[0])
        else:
            painter.drawPolyline(QPolygonF(line.points))


def _painted(strokes: list[Stroke], place: QTransform) -> QImage:
    """Return lines as a picture; `place` moves their points, and leaves the width of the pen."""
    image = QImage(SIDE, SIDE, QImage.Format.Format_Grayscale8)
    image.fill(Qt.GlobalColor.black)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(SIDE, SIDE)
    _paint(
        painter, [Stroke(line.width, [place.map(each) for each in line.points]) for line in strokes]
    )
    painter.end()
    return image


def _center_of_mass(image: QImage) -> tuple[float, float]:
    """Return where the white of a picture lies on average, from (0, 0) to (1, 1)."""
    import numpy as np

    rows = np.frombuffer(image.constBits(), np.uint8).reshape(SIDE, image.bytesPerLine())
    pixels = rows[:, :SIDE].astype(float)
    total = pixels.sum()
    if not total:
        return 0.5, 0.5
    middles = (np.arange(SIDE) + 0.5) / SIDE
    return float(pixels.sum(0) @ middles / total), float(pixels.sum(1) @ middles / total)
