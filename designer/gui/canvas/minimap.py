"""The minimap: a small picture of the whole graph with a frame around the part in sight.

The picture is a pixmap that is drawn again when the geometry changed, ten times a second at most.
"""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QBrush, QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from designer.gui.base.theme import theme
from designer.gui.canvas import arrays as a
from designer.gui.canvas import marks
from designer.gui.canvas.node_pictures import NONE, place
from designer.gui.canvas.node_pictures import draw as draw_tiles
from designer.gui.canvas.painting import block_colors, draw_in_colors
from designer.gui.canvas.primitives import draw_lines, draw_rects
from designer.gui.canvas.scene_view import SceneView

_SIZE = QSize(132, 164)
_WIDE = QSize(188, 72)  # of a graph from left to right; a higher one would cover its end
_MARGIN = 16
_INSIDE = 9.0  # pixels between the border and the graph
_EVERY = 100  # milliseconds between two pictures
_LEAST_PICTURE = 3.0  # pixels of a node's height from which on its picture can be seen
_LEAST_VIEW = 5.0  # pixels of the frame around the part in sight


class Minimap(QWidget):
    """Shows which part of the graph is in sight; a press or drag moves the view there."""

    def __init__(self, view: SceneView) -> None:
        super().__init__(view, objectName="minimap")
        self.setAccessibleName("Minimap")
        self.setToolTip("The whole network; drag to move the view.")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.view = view
        self.setAttribute(
            Qt.WidgetAttribute.WA_OpaquePaintEvent
        )  # so the graph below is not painted
        self.resize(_SIZE)
        self._picture: QPixmap | None = None
        self._drawn: tuple[object, ...] | None = None  # the state of the layer it was drawn from
        self._bounds = QRectF()
        self._later = QTimer(self, interval=_EVERY, singleShot=True)
        self._later.timeout.connect(self._rebuild)
        view.view_changed.connect(self._rebuild_if_changed)
        theme.changed.connect(self._restyle)

    def move_to_corner(self) -> None:
        """Move to the bottom right corner of the view."""
        self.move(
            self.view.width() - self.width() - _MARGIN,
            self.view.height() - self.height() - _MARGIN,
        )

    def _rebuild_if_changed(self) -> None:
        layer = self.view.layer
        lifted = layer.lifted is not None
        drawn = self._drawn
        same = drawn is not None and (
            drawn[0] is layer.arrays
            and drawn[1] is layer.box
            and drawn[2] == layer.arrays.version
            and drawn[3] is layer.node_colors
        )
        if (not same or lifted) and not self._later.isActive():
            self._drawn = layer.arrays, layer.box, layer.arrays.version, layer.node_colors
            self._later.start()
        self.update()

    def _restyle(self) -> None:
        self._picture = None
        self.update()

    def _rebuild(self) -> None:
        self._picture = None
        bounds = self.view.layer.bounds()
        size = _WIDE if bounds.width() > 2 * bounds.height() else _SIZE
        if size != self.size():
            self.resize(size)
            self.move_to_corner()
        self.update()
        if self.view.layer.lifted is not None:  # nodes still move
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
        containers = layer.arrays.kind == a.CONTAINER
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(look.categories[-1], 0))
        draw_rects(painter, boxes[containers])
        painter.setPen(Qt.PenStyle.NoPen)
        plain = ~containers & (layer.box[:, 2] > 0)
        numbers, colors = block_colors(layer)
        draw_in_colors(painter, boxes[plain], numbers[plain], colors)
        self._draw_pictures(painter, np.flatnonzero(plain), boxes)
        wrong = plain & ((layer.arrays.bits & marks.ERROR) > 0)
        if layer.node_colors is not None:
            wrong |= plain & layer.suspicious
        painter.setBrush(QBrush(look.error))
        draw_rects(painter, boxes[wrong])
        painter.end()
        return picture

    def _draw_pictures(self, painter: QPainter, rows: np.ndarray, boxes: np.ndarray) -> None:
        """Draw the pictures of nodes over their rectangles, where these are large enough."""
        layer = self.view.layer
        if layer.atlas is None or layer.node_colors is not None:  # the colors tell more here
            return
        rows = rows[(layer.picture[rows] != NONE) & (boxes[rows, 3] >= _LEAST_PICTURE)]
        numbers = layer.picture[rows]
        if len(rows):
            size, count, unit = layer.atlas.size, layer.atlas.count, 1 / self.devicePixelRatioF()
            placed = place(boxes[rows], size[numbers], count[numbers], gap=0.0, unit=unit)
            draw_tiles(painter, layer.atlas, numbers, placed, unit=unit)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._picture is None or self._picture.devicePixelRatio() != self.devicePixelRatioF():
            self._picture = self._drawn_picture()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        frame = self._to_map(self.view.navigator.visible())
        middle = frame.center()
        frame.setWidth(max(frame.width(), _LEAST_VIEW))
        frame.setHeight(max(frame.height(), _LEAST_VIEW))
        frame.moveCenter(middle)
        inside = QRectF(self.rect()).adjusted(2.5, 2.5, -2.5, -2.5)
        frame = frame.intersected(inside)
        if frame.isEmpty():
            return
        painter.setPen(QPen(self.view.layer.look.soft, 1.0))
        fill = QColor(self.view.layer.look.soft)
        fill.setAlphaF(0.09)
        painter.setBrush(QBrush(fill))
        painter.drawRect(frame)

    def _go(self, position: QPointF) -> None:
        scale, middle = self._scale(), self._bounds.center()
        point = QPointF(
            middle.x() + (position.x() - self.width() / 2) / scale,
            middle.y() + (position.y() - self.height() / 2) / scale,
        )
        self.view.navigator.look_at(point, self.view.navigator.scale)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._later.isActive():  # the picture is out of date
            self._later.stop()
            self._picture = self._drawn_picture()
        self._go(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position())
