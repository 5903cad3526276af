"""A grid of small maps, of which only those in sight are made and painted."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from designer.gui.base.plain_text import tip
from designer.gui.base.theme import colors, sans, theme
from designer.gui.inside import coloring
from designer.gui.inside.coloring import Scale, Values

_GAP = 6  # pixels between two maps
_LEAST, _MOST = 48, 192  # pixels of the longer side of a map
_LARGER = 96  # of one that has so many values or more
_IMAGES = 4096  # kept at most
_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class TileGrid(QAbstractScrollArea):
    """Shows maps by their numbers, in any order; one of them is the current one.

    Signals
    -------
    moved(number)
        The user made another map the current one.

    Attributes
    ----------
    values
        The maps, (n, height, width), or (n, 3, height, width) in colors.
    scale
        What the first and the last color mean; None where each map has a scale of its own.
    order
        The numbers of the maps, in the order in which they are shown.
    current
        The number of the current map; -1 for none.
    """

    moved = Signal(int)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName=name)
        self.values: Values = np.zeros((0, 1, 1), np.float32)
        self.scale: Scale | None = None
        self.order: NDArray[np.int64] = np.zeros(0, np.int64)
        self.current = -1
        self.told: Callable[[int], str] = str
        self._places: NDArray[np.int64] = np.zeros(0, np.int64)
        self._images: dict[int, QImage] = {}
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFrameShape(self.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().valueChanged.connect(lambda _: self.viewport().update())
        theme.changed.connect(self.viewport().update)

    def show_tiles(self, values: Values, scale: Scale | None, order: Sequence[int]) -> None:
        """Show these maps; the current one stays it where there is one of its number."""
        if values is not self.values or scale != self.scale:
            self._images.clear()
        self.values, self.scale = values, scale
        self.order = np.asarray(order, np.int64)
        self._places = np.argsort(self.order)
        if self.current >= len(values):
            self.current = -1
        self._lay_out()
        self.viewport().update()

    def choose(self, number: int) -> None:
        """Make a map the current one and scroll to it; no signal is sent."""
        if number != self.current and number < len(self.values):
            self.current = number
            self._reveal()
            self.viewport().update()

    def image(self, number: int) -> QImage:
        """Return a map as it is painted."""
        found = self._images.get(number)
        if found is None:
            if len(self._images) >= _IMAGES:
                self._images.clear()
            values = self.values[number]
            if values.ndim == 3:
                found = coloring.picture(values, self.scale)
            else:
                scale = self.scale or coloring.scale_of(values)
                found = coloring.colored(values, scale)
            self._images[number] = found
        return found

    # Where maps are

    def _side(self) -> tuple[int, int]:
        """Return width and height of a painted map: all are in sight if there is room.

        A small one is enlarged by a whole number, so that its values are squares of one size.
        """
        height, width = self.values.shape[-2:]
        longer, room = max(height, width, 1), self.viewport().size()
        each = math.sqrt(room.width() * room.height() / max(len(self.values), 1))
        wanted = min(max(int(each) - _GAP - self._line, _LEAST), _MOST)
        if longer <= wanted:
            factor = float(max(wanted // longer, -(-_LEAST // longer)))
        else:
            factor = min(1.0, max(wanted, _LARGER) / longer)
        return max(1, round(width * factor)), max(1, round(height * factor))

    def _cell(self) -> tuple[int, int]:
        width, height = self._side()
        words = self.fontMetrics().horizontalAdvance(str(max(len(self.values) - 1, 0)))
        return max(width, words) + _GAP, height + self._line + _GAP

    @property
    def _line(self) -> int:
        return self.fontMetrics().height()

    @property
    def columns(self) -> int:
        """The number of maps side by side."""
        return max(1, (self.viewport().width() - _GAP) // self._cell()[0])

    def rect_of(self, number: int) -> QRect:
        """Return where a map is on the viewport, without its number below."""
        return self._rect(int(self._places[number]))

    def _rect(self, place: int) -> QRect:
        row, column = divmod(place, self.columns)
        width, height = self._cell()
        top = _GAP + row * height - self.verticalScrollBar().value()
        return QRect(_GAP + column * width, top, *self._side())

    def number_at(self, point: QPoint) -> int:
        """Return which map is at a point of the viewport; -1 for none."""
        width, height = self._cell()
        column = (point.x() - _GAP) // width
        row = (point.y() - _GAP + self.verticalScrollBar().value()) // height
        place = row * self.columns + column
        inside = 0 <= column < self.columns and 0 <= place < len(self.order) and row >= 0
        return int(self.order[place]) if inside else -1

    def in_sight(self) -> range:
        """Return the places of the order that are in sight."""
        height, top = self._cell()[1], self.verticalScrollBar().value()
        last = -(-(top + self.viewport().height()) // height)
        count = len(self.order)
        return range(min(top // height * self.columns, count), min(last * self.columns, count))

    def _lay_out(self) -> None:
        height, page = self._cell()[1], self.viewport().height()
        whole = -(-len(self.order) // self.columns) * height + _GAP
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, whole - page))
        bar.setPageStep(max(height, page - height))
        bar.setSingleStep(height // 3)

    def _reveal(self) -> None:
        if not 0 <= self.current < len(self._places):
            return
        rect, bar = self.rect_of(self.current), self.verticalScrollBar()
        if rect.top() < _GAP:
            bar.setValue(bar.value() + rect.top() - _GAP)
        elif rect.bottom() + self._line > self.viewport().height():
            bar.setValue(bar.value() + rect.bottom() + self._line - self.viewport().height())

    # Events

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()
        self._reveal()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setFont(sans(0.8))
        c = colors()
        enlarged = self._side()[0] >= self.values.shape[-1]
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not enlarged)
        for place in self.in_sight():
            number, rect = int(self.order[place]), self._rect(place)
            chosen = number == self.current
            if chosen:
                painter.setPen(QPen(QColor(c.accent), 2 if self.hasFocus() else 1))
                painter.setBrush(QColor(c.selection))
                painter.drawRoundedRect(rect.adjusted(-3, -3, 3, self._line), 3, 3)
            painter.drawImage(rect, self.image(number))
            painter.setPen(QColor(c.text if chosen else c.faint_text))
            below = QRect(rect.left(), rect.bottom() + 1, rect.width(), self._line)
            flags = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextDontClip
            painter.drawText(below, flags, str(number))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        number = self.number_at(event.position().toPoint())
        if number >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self._go_to(number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        page = max(1, self.viewport().height() // self._cell()[1])
        steps = {
            **_STEPS,
            Qt.Key.Key_Up: -self.columns,
            Qt.Key.Key_Down: self.columns,
            Qt.Key.Key_PageUp: -self.columns * page,
            Qt.Key.Key_PageDown: self.columns * page,
            Qt.Key.Key_Home: -len(self.order),
            Qt.Key.Key_End: len(self.order),
        }
        step = steps.get(Qt.Key(event.key()))
        if step is None or not len(self.order):
            super().keyPressEvent(event)
            return
        known = 0 <= self.current < len(self._places)
        place = int(self._places[self.current]) + step if known else 0
        self._go_to(int(self.order[min(max(place, 0), len(self.order) - 1)]))

    def _go_to(self, number: int) -> None:
        if number != self.current:
            self.choose(number)
            self.moved.emit(number)

    def viewportEvent(self, event: QEvent) -> bool:
        """Tell the figures of the map under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            number = self.number_at(event.pos())
            if number >= 0:
                QToolTip.showText(event.globalPos(), tip(self.told(number)), self)
            else:
                QToolTip.hideText()
            return True
        return super().viewportEvent(event)
