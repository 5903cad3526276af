"""The whole graph in the corner: a picture with the visible part, to be dragged about."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QBrush, QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from designer.gui.base.theme import theme
from designer.gui.canvas import arrays as a
from designer.gui.canvas import marks
from designer.gui.canvas.primitives import draw_lines, draw_rects
from designer.gui.canvas.view import GraphView

_WIDTH, _HEIGHT = 132, 164
_MARGIN = 16
_INSIDE = 9.0
_EVERY = 100  # milliseconds between two pictures
_LEAST_VIEW = 5.0  # pixels of the frame around what is seen


class Minimap(QWidget):
    """Shows where in the graph one is; a press or drag goes there."""

    def __init__(self, view: GraphView) -> None:
        super().__init__(view, objectName="minimap")
        self.setAccessibleName("Minimap")
        self.setToolTip("The whole network; drag to move about")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.view = view
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # the graph need not be, below
        self.resize(_WIDTH, _HEIGHT)
        self._picture: QPixmap | None = None
        self._drawn: tuple[object, ...] = ()
        self._bounds = QRectF()
        self._later = QTimer(self, interval=_EVERY, singleShot=True)
        self._later.timeout.connect(self._rebuild)
        view.looked.connect(self._looked)
        theme.changed.connect(self._restyle)

    def place(self) -> None:
        """Go to the corner."""
        self.move(self.view.width() - _WIDTH - _MARGIN, self.view.height() - _HEIGHT - _MARGIN)

    def _looked(self) -> None:
        layer = self.view.layer
        drawn = (id(layer.arrays), layer.arrays.version, id(layer.box), layer.lifted is not None)
        if (drawn != self._drawn or layer.lifted is not None) and not self._later.isActive():
            self._drawn = drawn
            self._later.start()
        self.update()

    def _restyle(self) -> None:
        self._picture = None
        self.update()

    def _rebuild(self) -> None:
        self._picture = None
        self.update()
        if self.view.layer.lifted is not None:  # nodes still move: what is drawn now is passing
            self._later.start()

    def _scale(self) -> float:
        bounds = self._bounds
        room_x, room_y = self.width() - 2 * _INSIDE, self.height() - 2 * _INSIDE
        return min(room_x / max(bounds.width(), 1.0), room_y / max(bounds.height(), 1.0), 0.25)

    def _to_map(self, rect: QRectF) -> QRectF:
        scale, middle = self._scale(), self._bounds.center()
        return QRectF(
            self.width() / 2 + (rect.x() - middle.x()) * scale,
            self.height() / 2 + (rect.y() - middle.y()) * scale,
            rect.width() * scale,
            rect.height() * scale,
        )

    def _drawn_picture(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        layer = self.view.layer
        look = layer.look
        picture.fill(look.canvas)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(QBrush(QColor(look.colors.window)))
        painter.setPen(QPen(look.line, 1.0))
        painter.drawRoundedRect(QRectF(0.5, 0.5, self.width() - 1, self.height() - 1), 7, 7)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._bounds = layer.bounds()
        scale, middle = self._scale(), self._bounds.center()
        offset = np.array([self.width() / 2, self.height() / 2]) - scale * np.array(
            [middle.x(), middle.y()]
        )
        wire = layer.line * scale + np.tile(offset, 2)
        painter.setPen(QPen(look.line, 0))
        draw_lines(painter, wire)
        boxes = layer.box * scale
        boxes[:, :2] += offset
        least = np.maximum(1.5 - boxes[:, 3], 0.0)
        boxes[:, 1] -= least / 2
        boxes[:, 3] += least
        kind, category = layer.arrays.kind, layer.arrays.category
        containers = kind == a.CONTAINER
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(look.categories[-1], 0))
        draw_rects(painter, boxes[containers])
        painter.setPen(Qt.PenStyle.NoPen)
        plain = ~containers & (layer.box[:, 2] > 0)
        for number, color in enumerate(look.blocks):
            painter.setBrush(QBrush(color))
            draw_rects(painter, boxes[plain & (category == number)])
        wrong = plain & ((layer.arrays.bits & marks.ERROR) > 0)
        painter.setBrush(QBrush(look.error))
        draw_rects(painter, boxes[wrong])
        painter.end()
        return picture

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture and the frame around what is seen."""
        if self._picture is None or self._picture.devicePixelRatio() != self.devicePixelRatioF():
            self._picture = self._drawn_picture()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        seen = self._to_map(self.view.navigator.visible())
        middle = seen.center()
        seen.setWidth(max(seen.width(), _LEAST_VIEW))
        seen.setHeight(max(seen.height(), _LEAST_VIEW))
        seen.moveCenter(middle)
        room = QRectF(self.rect()).adjusted(2.5, 2.5, -2.5, -2.5)
        seen = seen.intersected(room)
        if seen.isEmpty():
            return
        painter.setPen(QPen(self.view.layer.look.soft, 1.0))
        fill = QColor(self.view.layer.look.soft)
        fill.setAlphaF(0.09)
        painter.setBrush(QBrush(fill))
        painter.drawRect(seen)

    def _go(self, position: QPointF) -> None:
        scale, middle = self._scale(), self._bounds.center()
        point = QPointF(
            middle.x() + (position.x() - self.width() / 2) / scale,
            middle.y() + (position.y() - self.height() / 2) / scale,
        )
        self.view.navigator.look_at(point, self.view.navigator.scale)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go there."""
        if self._later.isActive():  # what is seen of the graph is old
            self._later.stop()
            self._picture = self._drawn_picture()
        self._go(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position())
