"""A grid of small pictures with captions, of which only those in sight are made and painted."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
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

from designer.gui.base import icons
from designer.gui.base.pictures import paint_whole
from designer.gui.base.plain_text import wrapped_tip
from designer.gui.base.theme import colors, theme
from designer.gui.data.thumbnails import Key, Thumbnails

SIDE = 92  # of a picture in logical pixels
_GAP = 8
_BESIDE = 2  # rows above and below those in sight that are made, too

_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class PictureBrowser(QAbstractScrollArea):
    """Shows pictures by their keys; one of them is the current one.

    Arrows, Home, End and the page keys move; Enter and a double-click open the current picture.

    Signals
    -------
    moved()
        Another picture is the current one, or none.
    opened()
        The user wants to see the current picture large.
    """

    moved = Signal()
    opened = Signal()

    def __init__(self, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("picture-browser")
        self.setAccessibleName("Pictures")
        self.thumbnails = thumbnails
        self.part_names: Sequence[str] = ()
        self.parts: NDArray[np.int8] = np.zeros(0, np.int8)
        self.indices: NDArray[np.int64] = np.zeros(0, np.int64)
        self.current = -1  # position in the grid
        self.caption: Callable[[Key], str] = lambda key: ""
        self.told: Callable[[Key], Sequence[str]] = lambda key: ()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFrameShape(self.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        thumbnails.arrived.connect(self.viewport().update)
        theme.changed.connect(self.viewport().update)

    def show_pictures(
        self, part_names: Sequence[str], parts: NDArray[np.int8], indices: NDArray[np.int64]
    ) -> None:
        """Show these pictures, each given by the number of its part and its place there.

        The current picture stays it if it is among them; otherwise the first one is.
        """
        before = self.key
        self.part_names, self.parts, self.indices = part_names, parts, indices
        self.current = min(0, len(indices) - 1)
        if before is not None and before.part in part_names:
            number = list(part_names).index(before.part)
            found = np.flatnonzero((parts == number) & (indices == before.index))
            if len(found):
                self.current = int(found[0])
        self._lay_out()
        self.verticalScrollBar().setValue(0)
        self._reveal()
        self._want()
        self.viewport().update()
        self.moved.emit()

    @property
    def key(self) -> Key | None:
        """The current picture; None if none is shown."""
        return self.key_at(self.current) if self.current >= 0 else None

    def key_at(self, position: int) -> Key:
        """Return the picture at a position."""
        return Key(self.part_names[self.parts[position]], int(self.indices[position]))

    def move_to(self, position: int) -> None:
        """Make the picture at a position the current one and scroll to it."""
        position = min(max(position, 0), len(self.indices) - 1)
        if position >= 0 and position != self.current:
            self.current = position
            self._reveal()
            self.viewport().update()
            self.moved.emit()

    # Where pictures are

    @property
    def _cell(self) -> QSize:
        return QSize(SIDE + _GAP, SIDE + _GAP + self.fontMetrics().height() + 2)

    @property
    def columns(self) -> int:
        """The number of pictures side by side."""
        return max(1, (self.viewport().width() - _GAP) // self._cell.width())

    def rect_at(self, position: int) -> QRect:
        """Return where the picture at a position is on the viewport, with its caption."""
        row, column = divmod(position, self.columns)
        across = self.viewport().width() - _GAP
        pitch = across // self.columns if len(self.indices) >= self.columns else self._cell.width()
        x = _GAP + column * pitch
        y = _GAP + row * self._cell.height() - self.verticalScrollBar().value()
        return QRect(x, y, SIDE, self._cell.height() - _GAP)

    def position_at(self, point: QPoint) -> int:
        """Return which picture is at a point of the viewport; -1 for none."""
        row = (point.y() - _GAP + self.verticalScrollBar().value()) // self._cell.height()
        if row < 0:
            return -1
        for position in range(row * self.columns, (row + 1) * self.columns):
            if position < len(self.indices) and self.rect_at(position).contains(point):
                return position
        return -1

    def _in_sight(self, beside: int = 0) -> range:
        """Return the positions in sight, with some rows above and below."""
        height, top = self._cell.height(), self.verticalScrollBar().value()
        first = max(0, top // height - beside)
        last = (top + self.viewport().height()) // height + 1 + beside
        return range(
            min(first * self.columns, len(self.indices)),
            min(last * self.columns, len(self.indices)),
        )

    def _lay_out(self) -> None:
        rows = -(-len(self.indices) // self.columns)
        height, page = rows * self._cell.height() + _GAP, self.viewport().height()
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, height - page))
        bar.setPageStep(max(self._cell.height(), page - self._cell.height()))
        bar.setSingleStep(self._cell.height() // 3)

    def _reveal(self) -> None:
        if self.current < 0:
            return
        rect, bar = self.rect_at(self.current), self.verticalScrollBar()
        if rect.top() < _GAP:
            bar.setValue(bar.value() + rect.top() - _GAP)
        elif rect.bottom() > self.viewport().height() - _GAP:
            bar.setValue(bar.value() + rect.bottom() - self.viewport().height() + _GAP)

    def _scrolled(self) -> None:
        self._want()
        self.viewport().update()

    def _want(self) -> None:
        sight, near = self._in_sight(), self._in_sight(_BESIDE)
        order = [*sight, *(position for position in near if position not in sight)]
        self.thumbnails.want([self.key_at(position) for position in order])

    # Events

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()
        self._reveal()
        self._want()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if not len(self.indices):
            painter.setPen(QColor(colors().soft_text))
            words = "No picture matches."
            painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, words)
        for position in self._in_sight():
            self._paint(painter, position)
        painter.end()

    def _paint(self, painter: QPainter, position: int) -> None:
        c, rect, key = colors(), self.rect_at(position), self.key_at(position)
        if position == self.current:
            around = rect.adjusted(-3, -3, 3, 1)
            painter.setPen(QPen(QColor(c.accent), 2 if self.hasFocus() else 1))
            painter.setBrush(QColor(c.selection))
            painter.drawRoundedRect(around, 4, 4)
        square = QRect(rect.topLeft(), QSize(SIDE, SIDE))
        made = self.thumbnails.get(key)
        if isinstance(made, QImage):
            paint_whole(painter, square, made)
        else:
            painter.setPen(QColor(c.line))
            painter.setBrush(QColor(c.panel))
            painter.drawRect(square.adjusted(0, 0, -1, -1))
            if made is not None:
                ratio = self.devicePixelRatioF()
                icon = icons.pixmap("problem-warning", c.warning, 22, ratio)
                painter.drawPixmap(square.center() - QPoint(11, 11), icon)
        below = QRect(rect.x(), square.bottom() + 2, SIDE, self.fontMetrics().height() + 2)
        text = self.fontMetrics().elidedText(self.caption(key), Qt.TextElideMode.ElideRight, SIDE)
        painter.setPen(QColor(c.text if position == self.current else c.soft_text))
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        position = self.position_at(event.position().toPoint())
        if position >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.move_to(position)
        self.viewport().update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.position_at(event.position().toPoint()) >= 0:
            self.opened.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, page = event.key(), max(1, self.viewport().height() // self._cell.height())
        steps = {
            **_STEPS,
            Qt.Key.Key_Up: -self.columns,
            Qt.Key.Key_Down: self.columns,
            Qt.Key.Key_PageUp: -self.columns * page,
            Qt.Key.Key_PageDown: self.columns * page,
            Qt.Key.Key_Home: -len(self.indices),
            Qt.Key.Key_End: len(self.indices),
        }
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
        elif key in steps:
            self.move_to(self.current + steps[Qt.Key(key)])
        else:
            super().keyPressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """Tell what the picture under the pointer is."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            position = self.position_at(event.pos())
            if position >= 0:
                key = self.key_at(position)
                made = self.thumbnails.get(key)
                lines = [*self.told(key), *([made] if isinstance(made, str) else [])]
                QToolTip.showText(event.globalPos(), wrapped_tip(*lines), self)
            else:
                QToolTip.hideText()
            return True
        return super().viewportEvent(event)
