"""Panning, zooming about a point and fitting a part of the scene into the view."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, QPoint, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetricsF, QTransform, QWheelEvent
from PySide6.QtWidgets import QApplication, QGraphicsView

LEAST, MOST = 0.0008, 5.0
"""The smallest and largest scale."""
STEP = 1.25
"""By what a step of zooming multiplies the scale."""
FIRST = 0.6
"""Scale from which on a whole graph is shown at first; a larger graph is shown from its top."""
MARGIN = 40.0  # pixels around what is fitted
_STILL = 160  # milliseconds without motion after which the view counts as at rest


class Navigator(QObject):
    """Moves a view.

    Signals
    -------
    moved()
        The view shows another part of the scene.
    rested()
        Nothing has moved for a moment.
    """

    moved = Signal()
    rested = Signal()

    def __init__(self, view: QGraphicsView) -> None:
        super().__init__(view)
        self.view = view
        self.moving = False
        self._unit = self.unit
        self._still = QTimer(self, interval=_STILL, singleShot=True)
        self._still.timeout.connect(self._rest)

    @property
    def unit(self) -> float:
        """The scale that counts as 100 %: text on nodes is as large as that of the window."""
        return QFontMetricsF(QApplication.font()).height() / 15.0

    def follow_font(self) -> None:
        """Keep the size of the graph relative to the window's text."""
        if self.unit != self._unit:
            factor, self._unit = self.unit / self._unit, self.unit
            self.zoom(factor)

    @property
    def scale(self) -> float:
        """Pixels of the window per scene unit."""
        return self.view.transform().m11()

    @property
    def center(self) -> QPointF:
        """The scene point in the middle of the view."""
        return self.to_scene(QPointF(self.view.viewport().rect().center()))

    def to_scene(self, point: QPointF) -> QPointF:
        """Return the scene point at a point of the viewport, without rounding."""
        inverse, _ = self.view.viewportTransform().inverted()
        return inverse.map(point)

    def visible(self) -> QRectF:
        """Return the part of the scene that is in sight."""
        rect = self.view.viewport().rect()
        return QRectF(
            self.to_scene(QPointF(rect.topLeft())), self.to_scene(QPointF(rect.bottomRight()))
        )

    def touch(self) -> None:
        """Note that something moves; without a call for a moment, the view is at rest."""
        self.moving = True
        self._still.start()

    def _rest(self) -> None:
        self.moving = False
        self.rested.emit()

    def look_at(self, center: QPointF, scale: float) -> None:
        """Show a scene point in the middle, at a scale."""
        scale = min(max(scale, LEAST), MOST)
        if scale != self.scale:
            self.view.setTransform(QTransform.fromScale(scale, scale))
        self.view.centerOn(center)
        self.touch()
        self.moved.emit()

    def pan(self, delta: QPoint) -> None:
        """Move the graph by some pixels."""
        horizontal, vertical = self.view.horizontalScrollBar(), self.view.verticalScrollBar()
        horizontal.setValue(horizontal.value() - delta.x())
        vertical.setValue(vertical.value() - delta.y())
        self.touch()
        self.moved.emit()

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Multiply the scale, keeping a point of the viewport in place: the middle by default."""
        middle = QPointF(self.view.viewport().rect().center())
        at = middle if at is None else at
        scale = min(max(self.scale * factor, LEAST), MOST)
        fixed = self.to_scene(at)
        self.look_at(fixed + (middle - at) / scale, scale)

    def fit(self, rect: QRectF, most: float = 1.25) -> None:
        """Show a part of the scene as large as fits, but not larger than `most` times 100 %."""
        if rect.isEmpty():
            self.look_at(QPointF(0, 0), self.unit)
            return
        size = self.view.viewport().size()
        # A low view needs its pixels for the nodes, whose names are left out when they are small.
        room_x = max(size.width() - 2 * min(MARGIN, 0.1 * size.width()), 40.0)
        room_y = max(size.height() - 2 * min(MARGIN, 0.1 * size.height()), 40.0)
        scale = min(room_x / rect.width(), room_y / rect.height(), most * self.unit)
        self.look_at(rect.center(), scale)

    def begin(self, rect: QRectF, *, right: bool = False) -> None:
        """Show a graph for the first time: all of it, or its beginning if that would be too small.

        The beginning is at the top, or on the left if data flow to the `right`.
        """
        self.fit(rect, most=1.0)
        least = FIRST * self.unit
        if self.scale < least and not rect.isEmpty():
            scale = 0.85 * self.unit
            size = self.view.viewport().size()
            if right:
                x = rect.left() + (size.width() / 2 - MARGIN) / scale
                y = 0.0 if rect.top() < 0 < rect.bottom() else rect.center().y()
            else:
                x = 0.0 if rect.left() < 0 < rect.right() else rect.center().x()
                y = rect.top() + (size.height() / 2 - MARGIN) / scale
            self.look_at(QPointF(x, y), scale)

    def bring_in(self, rect: QRectF, covers: Sequence[QRectF] = ()) -> None:
        """Pan no farther than is needed for a part of the scene to be in sight.

        Parameters
        ----------
        rect
            The part; of one that is larger than the view, the beginning is shown.
        covers
            Rectangles of the viewport that are covered by other widgets.
        """
        transform = self.view.viewportTransform()
        part = transform.mapRect(rect)
        room = QRectF(self.view.viewport().rect()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        part.setSize(part.size().boundedTo(room.size()))
        moved = QRectF(part)
        moved.moveRight(min(moved.right(), room.right()))
        moved.moveBottom(min(moved.bottom(), room.bottom()))
        moved.moveLeft(max(moved.left(), room.left()))
        moved.moveTop(max(moved.top(), room.top()))
        for cover in covers:
            if not moved.intersects(cover):
                continue
            if cover.center().y() > room.center().y():
                moved.moveBottom(cover.top() - 8)
            else:
                moved.moveTop(cover.bottom() + 8)
        delta = (moved.topLeft() - part.topLeft()).toPoint()
        if not delta.isNull():
            self.pan(delta)

    def show(self, rect: QRectF) -> None:
        """Bring a part of the scene into sight, without moving if it is in sight already."""
        if self.scale < 0.4 * self.unit:
            self.look_at(rect.center(), self.unit)
            return
        seen = self.visible()
        margin = MARGIN / self.scale
        if not seen.adjusted(margin, margin, -margin, -margin).contains(rect):
            self.look_at(rect.center(), self.scale)


def wheel_pan(event: QWheelEvent) -> QPoint:
    """Return how far a turn of the wheel moves the graph, in pixels."""
    pixels = event.pixelDelta()
    if pixels.isNull():
        turn = event.angleDelta()
        pixels = QPoint(round(turn.x() * 0.6), round(turn.y() * 0.6))
    if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not pixels.x():
        pixels = QPoint(pixels.y(), 0)
    return pixels
