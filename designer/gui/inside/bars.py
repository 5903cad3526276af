"""Bars for the values of a vector or the counts of a histogram, and what the pointer is at."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from designer.gui.base.theme import colors, sans, theme

Heights = NDArray[np.float64]


class Bars(QWidget):
    """Bars up and down from zero; where there are more than pixels, those of a pixel are one.

    Attributes
    ----------
    heights
        The values, in the order in which they are shown.
    told
        What is said of the bar under the pointer, "" beside all bars.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName=name)
        self.heights: Heights = np.zeros(0)
        self.bounds = (0.0, 1.0)  # the values at the lower and the upper edge
        self.ends = ("", "")  # what stands below the first and the last bar
        self.words: Callable[[int], str] = str
        self.told = ""
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def show_bars(
        self,
        heights: Sequence[float] | NDArray[np.generic],
        words: Callable[[int], str],
        *,
        bounds: tuple[float, float] | None = None,
        ends: tuple[str, str] = ("", ""),
    ) -> None:
        """Show bars.

        Parameters
        ----------
        heights
            Their values.
        words
            Returns what is said of the bar at a place.
        bounds
            The least and the largest value for which there is room; those of the bars and zero by
            default.
        ends
            What stands below the first and the last bar.
        """
        found = np.asarray(heights, np.float64)
        self.heights = np.where(np.isfinite(found), found, 0.0)
        low, high = bounds or (self.heights.min(initial=0.0), self.heights.max(initial=0.0))
        self.bounds = (min(float(low), 0.0), max(float(high), 0.0))
        self.words, self.ends, self.told = words, ends, ""
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(220, 120)

    def minimumSizeHint(self) -> QSize:
        return QSize(90, 56)

    @property
    def area(self) -> QRectF:
        """Where the bars are: above the line of text."""
        return QRectF(self.rect()).adjusted(2, 2, -2, -self.fontMetrics().height() - 2)

    def _y(self, value: float) -> float:
        low, high = self.bounds
        area = self.area
        return area.bottom() - (value - low) / ((high - low) or 1) * area.height()

    def paintEvent(self, event: QPaintEvent) -> None:
        c, area = colors(), self.area
        painter = QPainter(self)
        painter.setPen(QPen(QColor(c.line), 1))
        zero = self._y(0.0)
        painter.drawLine(int(area.left()), int(zero), int(area.right()), int(zero))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(c.train))
        count = len(self.heights)
        if count <= area.width():
            step = area.width() / max(count, 1)
            gap = 1.0 if step > 4 else 0.0
            for place, value in enumerate(self.heights.tolist()):
                top, bottom = sorted((self._y(value), zero))
                painter.drawRect(QRectF(area.left() + place * step, top, step - gap, bottom - top))
        else:
            pixels = max(1, int(area.width()))
            pieces = np.array_split(self.heights, pixels)
            for x, piece in enumerate(pieces):
                top = self._y(max(float(piece.max()), 0.0))
                bottom = self._y(min(float(piece.min()), 0.0))
                painter.drawRect(QRectF(area.left() + x, top, 1.0, bottom - top))
        self._paint_words(painter)
        painter.end()

    def _paint_words(self, painter: QPainter) -> None:
        c, line = colors(), self.fontMetrics().height()
        below = QRectF(0, self.height() - line, self.width(), line)
        painter.setFont(sans(0.85))
        painter.setPen(QColor(c.text if self.told else c.soft_text))
        if self.told:
            painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, self.told)
            return
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, self.ends[0])
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, self.ends[1])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        area, count = self.area, len(self.heights)
        inside = count and area.left() <= event.position().x() < area.right()
        if inside:
            place = int((event.position().x() - area.left()) * count / area.width())
            self.told = self.words(min(place, count - 1))
        else:
            self.told = ""
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.told = ""
        self.update()
