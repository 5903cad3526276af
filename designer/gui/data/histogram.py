"""A histogram of numbers: bars with a scale below, and marks at certain values."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from designer.gui.base import numbers
from designer.gui.base.theme import colors, sans, theme

_MOST_BARS = 40
_FEWEST = 9  # bars for which there is room, so that a single one is not as wide as the view
_BESIDE = 0.03  # share of the scale beside a mark at its end
_TICKS = 6  # on the scale, at most about


class Mark(NamedTuple):
    """A value that is marked by a line with a word."""

    value: float
    word: str


class Histogram(QWidget):
    """Bars that say how many of the values lie in each of equal ranges."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = title
        self.setAccessibleName(title)
        self.counts: NDArray[np.int64] = np.zeros(0, np.int64)
        self.edges: NDArray[np.float64] = np.zeros(1)
        self.marks: Sequence[Mark] = ()
        self._whole = False  # whether the values are whole numbers
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def show_values(self, values: NDArray[np.float64], marks: Sequence[Mark] = ()) -> None:
        """Show how some numbers, at least one, are distributed.

        Whole numbers get bars of whole widths, so that no bar holds more of them by its width.
        """
        low, high = float(values.min()), float(values.max())
        self._whole = bool((values == np.floor(values)).all()) and high - low < 2**31
        if self._whole:
            width = max(1, math.ceil((high - low + 1) / _MOST_BARS))
            edges = np.arange(low - 0.5, high + width + 0.5, width)
        elif high > low:
            bars = int(np.clip(math.sqrt(len(values)), 8, _MOST_BARS))
            edges = np.linspace(low, high, bars + 1)
        else:
            edges = np.array([low - 0.5, low + 0.5])
        self.counts, self.edges = np.histogram(values, edges)
        self.marks = marks
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, 170)

    def minimumSizeHint(self) -> QSize:
        return QSize(180, 110)

    def text_of(self, bar: int) -> str:
        """Return range and count of a bar as text."""
        low, high = self.edges[bar], self.edges[bar + 1]
        if self._whole:
            first, last = math.ceil(low), math.floor(high)
            span = str(first) if first == last else f"{first} to {last}"
        else:
            span = f"{low:.4g} to {high:.4g}"
        count = int(self.counts[bar])
        return f"{span}: {numbers.count(count)} {'picture' if count == 1 else 'pictures'}"

    # Painting

    def _area(self) -> QRectF:
        """Return where the bars are: below the title, above the scale."""
        line = self.fontMetrics().height()
        return QRectF(self.rect()).adjusted(0, 2.6 * line, -8, -1.5 * line)

    def _x(self, value: float) -> float:
        area, (low, high) = self._area(), self._range
        return area.left() + (value - low) / ((high - low) or 1) * area.width()

    @property
    def _range(self) -> tuple[float, float]:
        """Both ends of the scale: bars are not too wide, and marks not at the very end."""
        low, high = float(self.edges[0]), float(self.edges[-1])
        missing = _FEWEST * float(self.edges[1] - self.edges[0]) - (high - low)
        if missing > 0:
            low, high = low - missing / 2, high + missing / 2
        values = [mark.value for mark in self.marks]
        beside = _BESIDE * (max([high, *values]) - min([low, *values]))
        return min([low, *(each - beside for each in values)]), max(
            [high, *(each + beside for each in values)]
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        c, area = colors(), self._area()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(sans(bold=True))
        painter.setPen(QColor(c.text))
        line = self.fontMetrics().height()
        top = QRectF(0, 2, self.width(), line + 2)
        title = painter.fontMetrics().elidedText(
            self.title, Qt.TextElideMode.ElideRight, int(top.width())
        )
        painter.drawText(top, Qt.AlignmentFlag.AlignLeft, title)
        painter.setFont(self.font())
        painter.setPen(QPen(QColor(c.line), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        if len(self.counts):
            self._paint_bars(painter, area)
            self._paint_scale(painter, area)
            self._paint_marks(painter, area)
        painter.end()

    def _paint_bars(self, painter: QPainter, area: QRectF) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colors().train))
        most = max(1, int(self.counts.max()))
        for bar, count in enumerate(self.counts):
            if count:
                left, right = self._x(self.edges[bar]), self._x(self.edges[bar + 1])
                height = max(1.5, area.height() * count / most)
                gap = 0.5 if right - left > 4 else 0
                painter.drawRect(
                    QRectF(left + gap, area.bottom() - height, right - left - 2 * gap, height)
                )

    def _paint_scale(self, painter: QPainter, area: QRectF) -> None:
        painter.setPen(QColor(colors().soft_text))
        metrics = QFontMetricsF(painter.font())
        end = -math.inf
        for value in ticks(*self._range, _TICKS):
            if self._whole and value != math.floor(value):
                continue
            text = numbers.local(f"{value:,.6g}")
            width = metrics.horizontalAdvance(text)
            left = min(max(self._x(value) - width / 2, 0), self.width() - width)
            if left > end + 8:
                painter.drawText(QPointF(left, area.bottom() + metrics.height()), text)
                end = left + width

    def _paint_marks(self, painter: QPainter, area: QRectF) -> None:
        c = colors()
        metrics = QFontMetricsF(painter.font())
        end = -math.inf
        for mark in sorted(self.marks):
            x = self._x(mark.value)
            painter.setPen(QPen(QColor(c.validation), 1.6, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            width = metrics.horizontalAdvance(mark.word)
            left = min(max(x - width / 2, 0), self.width() - width)
            if left > end + 6:
                painter.setPen(QColor(c.soft_text))
                painter.drawText(QPointF(left, area.top() - 4), mark.word)
                end = left + width

    # Pointing

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position().x()
        for bar in range(len(self.counts)):
            if self._x(self.edges[bar]) <= at < self._x(self.edges[bar + 1]):
                QToolTip.showText(event.globalPosition().toPoint(), self.text_of(bar), self)
                return
        QToolTip.hideText()

    def leaveEvent(self, event: QEvent) -> None:
        QToolTip.hideText()


def ticks(low: float, high: float, most: int) -> NDArray[np.float64]:
    """Return round numbers from `low` to `high`, at most about `most`: steps of 1, 2 or 5."""
    if high <= low:
        return np.array([low])
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= rough)
    return np.arange(math.ceil(low / step), math.floor(high / step) + 1, dtype=np.float64) * step
