"""A layout that places widgets side by side and wraps them into lines."""

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget

_WIDTHS = 64  # widths whose height is cached


class FlowLayout(QLayout):
    """Lines of widgets, wrapped like the words of a text.

    Parameters
    ----------
    gap, line_gap
        Pixels between two widgets of a line, and between two lines.
    """

    def __init__(self, parent: QWidget | None = None, *, gap: int = 16, line_gap: int = 4) -> None:
        super().__init__(parent)
        self.gap, self.line_gap = gap, line_gap
        self._items: list[QLayoutItem] = []
        # Qt asks for the same few widths many times over; emptied with every change of an item.
        self._heights: dict[int, int] = {}

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        if width not in self._heights:
            if len(self._heights) == _WIDTHS:
                self._heights.clear()
            self._heights[width] = self._arrange(QRect(0, 0, width, 0), move=False)
        return self._heights[width]

    def invalidate(self) -> None:
        self._heights.clear()
        super().invalidate()

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._arrange(rect, move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        margins = self.contentsMargins()
        return size + QSize(margins.left() + margins.right(), margins.top() + margins.bottom())

    def _arrange(self, rect: QRect, *, move: bool) -> int:
        margins = self.contentsMargins()
        inner = rect.marginsRemoved(margins)
        x, y = inner.x(), inner.y()
        line: list[tuple[QLayoutItem, int]] = []

        def put() -> int:
            """Place a finished line, its items centered vertically; return its height."""
            height = max((item.sizeHint().height() for item, _ in line), default=0)
            if move:
                for item, left in line:
                    size = item.sizeHint()
                    top = y + (height - size.height()) // 2
                    item.setGeometry(QRect(QPoint(left, top), size))
            return height

        for item in self._items:
            if item.isEmpty():
                continue
            width = item.sizeHint().width()
            if line and x + width > inner.right() + 1:
                y += put() + self.line_gap
                x = inner.x()
                line.clear()
            line.append((item, x))
            x += width + self.gap
        y += put()
        return y - rect.y() + margins.bottom()
