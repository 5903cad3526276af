"""A table whose first column stays in sight when the others are scrolled to the right."""

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from designer.gui.base.theme import colors

_MOST = 0.6  # the share of the width from which on the first column is scrolled with the others
Index = QModelIndex | QPersistentModelIndex


class FrozenHeader(QHeaderView):
    """A header that paints its first section over the others when it is scrolled.

    Where that section is pressed, Qt is given the position at which it would be without being
    painted there. Qt ignores moves at positions left of the header, so the edge is dragged here.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._dragged: float | None = None  # from the pointer to the edge that it drags
        self.setSectionsClickable(True)
        self.setHighlightSections(False)

    @property
    def frozen(self) -> int:
        """The width of the first section while it is over others, else 0."""
        width = self.sectionSize(0) if self.count() and self.offset() else 0
        return width if width <= _MOST * self.viewport().width() else 0

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        width = self.frozen
        if width:
            rect = QRect(0, 0, width, self.viewport().height())
            painter = QPainter(self.viewport())
            painter.fillRect(rect, self.palette().color(QPalette.ColorRole.Window))
            self.paintSection(painter, rect, 0)
            _draw_edge(painter, rect)

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent) and (self.frozen or self._dragged is not None):
            return self._mouse(event)
        return super().viewportEvent(event)

    def _mouse(self, event: QMouseEvent) -> bool:
        """Handle the mouse while the first section is over others."""
        x, kind = event.position().x(), event.type()
        grip = self.style().pixelMetric(QStyle.PixelMetric.PM_HeaderGripMargin, None, self)
        at_edge = abs(x - self.frozen) <= grip
        if self._dragged is not None:
            if kind == QEvent.Type.MouseMove:
                width = round(x + self._dragged)
                self.resizeSection(0, max(self.minimumSectionSize(), width))
            elif kind == QEvent.Type.MouseButtonRelease:
                self._dragged = None
            return True
        if kind == QEvent.Type.MouseMove and not event.buttons():
            if at_edge or x < self.frozen:
                edge = Qt.CursorShape.SplitHCursor
                self.setCursor(edge if at_edge else Qt.CursorShape.ArrowCursor)
                return True
        elif (
            kind == QEvent.Type.MouseButtonPress
            and at_edge
            and event.button() == Qt.MouseButton.LeftButton
        ):
            self._dragged = self.frozen - x
            return True
        elif x < self.frozen:
            event = _moved(event, -self.offset())
        return super().viewportEvent(event)


class FrozenColumnView(QTreeView):
    """A table that paints its first column over the others when it is scrolled.

    There is one view only, so that selection, keys, ticks and editors are Qt's own: `indexAt` and
    `visualRect` tell where the first column is.
    """

    def __init__(self, name: str) -> None:
        super().__init__(objectName=name)
        self.head = FrozenHeader(self)
        self.setHeader(self.head)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)

    def indexAt(self, point: QPoint) -> QModelIndex:
        if point.x() < self.head.frozen:
            point = QPoint(point.x() - self.head.offset(), point.y())
        return super().indexAt(point)

    def visualRect(self, index: Index) -> QRect:
        rect = super().visualRect(index)
        if self.head.frozen and index.column() == 0:
            rect.translate(self.head.offset(), 0)
        return rect

    def scrollTo(
        self,
        index: Index,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        """Scroll to a cell; one of the first column is in sight, and covers no other one."""
        across = self.horizontalScrollBar()
        before, frozen = across.value(), self.head.frozen
        super().scrollTo(index, hint)
        if index.column() == 0 and frozen:
            across.setValue(before)
        elif index.column() > 0:
            covered = self.head.frozen - self.columnViewportPosition(index.column())
            if covered > 0:
                across.setValue(across.value() - covered)

    def drawRow(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().drawRow(painter, option, index)
        if not self.head.frozen:
            return
        first = self.model().index(index.row(), 0, index.parent())
        cell = QStyleOptionViewItem(option)
        rect = self.visualRect(first)
        cell.rect = rect
        if self.selectionModel().isSelected(first):
            cell.state |= QStyle.StateFlag.State_Selected
        cell.viewItemPosition = QStyleOptionViewItem.ViewItemPosition.Beginning
        painter.save()
        painter.setClipRect(rect)
        painter.fillRect(rect, self.palette().color(QPalette.ColorRole.Base))
        self.style().drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewRow, cell, painter, self)
        self.itemDelegate().paint(painter, cell, first)
        _draw_edge(painter, rect)
        painter.restore()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        if dx:  # Qt moves the painted pixels, those of the first column too
            self.viewport().update()
            self.head.viewport().update()


def _draw_edge(painter: QPainter, rect: QRect) -> None:
    """Draw a line at the right edge of the first column."""
    painter.fillRect(rect.right(), rect.top(), 1, rect.height(), colors().strong_line)


def _moved(event: QMouseEvent, dx: int) -> QMouseEvent:
    """Return the same event at another position of the widget."""
    return QMouseEvent(
        event.type(),
        event.position() + QPointF(dx, 0),
        event.scenePosition(),
        event.globalPosition(),
        event.button(),
        event.buttons(),
        event.modifiers(),
        event.pointingDevice(),
    )
