"""One map, as large as there is room, with the value under the pointer."""

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from designer.gui.base.theme import colors, sans, theme
from designer.gui.inside import coloring
from designer.gui.inside.coloring import Scale, Values

_NONE: Values = np.zeros((0, 0), np.float32)


class LargeMap(QWidget):
    """Shows a map or a picture in its own proportions; below it stands what the pointer is at.

    Attributes
    ----------
    values
        What is read under the pointer: (height, width), or (3, height, width) of a picture.
    told
        The row, the column and the value under the pointer; "" beside the map.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName=name)
        self.values: Values = _NONE
        self.image = QImage()
        self.over = QImage()  # laid over the image
        self.caption = ""
        self.told = ""
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def show_map(self, values: Values, scale: Scale, caption: str = "") -> None:
        """Show a map (height, width) in the colors of a scale."""
        self._show(values, coloring.colored(values, scale), QImage(), caption)

    def show_colors(self, values: Values, caption: str = "", scale: Scale | None = None) -> None:
        """Show a kernel (3, height, width) in its colors."""
        self._show(values, coloring.picture(values, scale), QImage(), caption)

    def show_over(self, picture: QImage, values: Values, over: QImage, caption: str = "") -> None:
        """Show a map over a picture of the same size."""
        self._show(values, picture, over, caption)

    def clear(self) -> None:
        """Show nothing."""
        self._show(_NONE, QImage(), QImage(), "")

    def _show(self, values: Values, image: QImage, over: QImage, caption: str) -> None:
        self.values, self.image, self.over, self.caption = values, image, over, caption
        self.told = ""
        self.setAccessibleDescription(caption)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(220, 220)

    def minimumSizeHint(self) -> QSize:
        return QSize(90, 90)

    @property
    def map_rect(self) -> QRect:
        """Where the map is painted."""
        area = self.rect().adjusted(0, 0, 0, -self.fontMetrics().height() - 2)
        size = self.image.size().scaled(area.size(), Qt.AspectRatioMode.KeepAspectRatio)
        rect = QRect(QPoint(0, 0), size)
        rect.moveCenter(area.center())
        return rect

    def place_of(self, row: int, column: int) -> QPoint:
        """Return where a value is painted: the middle of its square."""
        rect, (height, width) = QRectF(self.map_rect), self.values.shape[-2:]
        x = rect.left() + (column + 0.5) * rect.width() / width
        y = rect.top() + (row + 0.5) * rect.height() / height
        return QPoint(int(x), int(y))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.image.isNull():
            return
        c, rect = colors(), self.map_rect
        painter = QPainter(self)
        painter.setRenderHint(
            QPainter.RenderHint.SmoothPixmapTransform, rect.width() < self.image.width()
        )
        painter.drawImage(rect, self.image)
        if not self.over.isNull():
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(rect, self.over)
        painter.setFont(sans(0.85))
        painter.setPen(QColor(c.text if self.told else c.soft_text))
        line = self.fontMetrics().height()
        below = QRect(0, self.height() - line, self.width(), line)
        words = painter.fontMetrics().elidedText(
            self.told or self.caption, Qt.TextElideMode.ElideRight, below.width()
        )
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, words)
        painter.end()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.told = self._at(event.position().toPoint())
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.told = ""
        self.update()

    def _at(self, point: QPoint) -> str:
        rect = self.map_rect
        if self.image.isNull() or not rect.contains(point):
            return ""
        height, width = self.values.shape[-2:]
        row = min((point.y() - rect.top()) * height // rect.height(), height - 1)
        column = min((point.x() - rect.left()) * width // rect.width(), width - 1)
        found = self.values[..., row, column]
        words = ", ".join(f"{value:.4g}" for value in np.atleast_1d(found).tolist())
        return f"row {row}, column {column}: {words}"
