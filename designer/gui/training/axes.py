"""The axes of a plot: round numbers along a side, and lines across the curves.

Pyqtgraph's own lay out three levels of marks in each frame, which takes as long as all the curves.
"""

import math

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from designer.gui.base import numbers

_APART = {"left": 34, "bottom": 64}  # pixels between two numbers, at least
_GAP = 4  # pixels between a number and the curves
_FAINT = 110  # alpha, of 255, of the lines across
_ROOM = 1.25  # of the height of a line, for the numbers at the bottom


class Axis(pg.AxisItem):
    """The left or the bottom side of a plot; lines across the curves belong to the left one.

    `unit` is written behind each number at the left, `name` before the last one at the bottom.
    """

    def __init__(self, side: str, *, unit: str = "", name: str = "") -> None:
        super().__init__(side)
        self._unit, self._name = unit, name
        self._font = QFont()
        self._line = self._words = self._grid = QPen()
        if side == "left":
            self.setGrid(255)  # lets it paint on the curves' side, too

    def dress(self, font: QFont, *, line: str, words: str) -> None:
        """Take a font, and the colors of the lines and the numbers."""
        self._font = font
        self._line, self._words = QPen(QColor(line)), QPen(QColor(words))
        faint = QColor(line)
        faint.setAlpha(_FAINT)
        self._grid = QPen(faint)
        if self.orientation == "bottom":
            self.setHeight(round(QFontMetricsF(font).height() * _ROOM) + _GAP)
        self.update()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """Draw the side, its numbers and the lines across."""
        view = self.linkedView()
        low, high = self.range
        if view is None or not high > low:
            return
        inside = view.mapRectToItem(self, view.boundingRect())
        painter.save()
        painter.setFont(self._font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if self.orientation == "left":
            self._paint_left(painter, inside)
        else:
            self._paint_bottom(painter, inside)
        painter.restore()

    def _ticks(self, length: float) -> list[tuple[float, str]]:
        """Return how far along so many pixels each number stands, and the number."""
        low, high = self.range
        most = length / _APART[self.orientation]
        found = log_ticks(low, high, most) if self.logMode else ticks(low, high, most)
        return [((at - low) / (high - low) * length, text) for at, text in found]

    def _paint_left(self, painter: QPainter, inside: QRectF) -> None:
        found = [(inside.bottom() - along, text) for along, text in self._ticks(inside.height())]
        painter.setPen(self._grid)
        painter.drawLines([QLineF(inside.left(), y, inside.right(), y) for y, _ in found])
        painter.setPen(self._line)
        painter.drawLine(QLineF(inside.left(), inside.top(), inside.left(), inside.bottom()))
        painter.setPen(self._words)
        height = painter.fontMetrics().height()
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for y, text in found:
            if inside.top() + height / 3 <= y <= inside.bottom() - height / 3:
                box = QRectF(inside.left() - _GAP - 200, y - height / 2, 200, height)
                painter.drawText(box, flags, text + self._unit)

    def _paint_bottom(self, painter: QPainter, inside: QRectF) -> None:
        painter.setPen(self._line)
        painter.drawLine(QLineF(inside.left(), inside.bottom(), inside.right(), inside.bottom()))
        painter.setPen(self._words)
        metrics = painter.fontMetrics()
        top, height = inside.bottom() + _GAP, metrics.height()
        found = []
        for along, text in self._ticks(inside.width()):
            width = metrics.horizontalAdvance(text)
            left = inside.left() + along - width / 2
            if left >= inside.left() and left + width <= inside.right():
                found.append(left)
                box = QRectF(left, top, width + 1, height)
                painter.drawText(box, Qt.AlignmentFlag.AlignLeft, text)
        name = f"{self._name} "
        width = metrics.horizontalAdvance(name)
        if self._name and len(found) > 1 and found[-1] - found[-2] > 1.5 * width:
            box = QRectF(found[-1] - width, top, width, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft, name)


def ticks(low: float, high: float, most: float) -> list[tuple[float, str]]:
    """Return about so many multiples of 1, 2 or 5 times a power of ten, each with its text."""
    least = (high - low) / max(most, 1)
    power = 10.0 ** math.floor(math.log10(least))
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= least * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [(number * step, _text(number * step, step)) for number in range(first, last + 1)]


def log_ticks(low: float, high: float, most: float) -> list[tuple[float, str]]:
    """Return the same for an axis of logarithms to the base of ten."""
    if high - low < 1:
        plain = ticks(10**low, 10**high, most)
        return [(math.log10(value), text) for value, text in plain if value > 0]
    every = math.ceil((high - low) / max(most, 1))
    powers = range(math.floor(low / every) * every, math.floor(high) + 1, every)
    heads = (1, 2, 5) if 3 * (high - low) <= most else (1,)
    found = [(power + math.log10(head), head, power) for power in powers for head in heads]
    return [
        (at, _text(head * 10.0**power, head * 10.0**power))
        for at, head, power in found
        if low <= at <= high
    ]


def _text(value: float, step: float) -> str:
    """Write a multiple of a step with the digits that tell it from the next."""
    if step >= 1e-4 and abs(value) < 1e5:
        return numbers.local(f"{value + 0.0:,.{max(0, -_place(step))}f}")
    if not value:
        return "0"
    digits, power = f"{value:.{max(0, _place(value) - _place(step))}e}".split("e")
    return numbers.local(f"{digits}e{int(power)}")


def _place(value: float) -> int:
    """Return the power of ten of the first digit."""
    return math.floor(math.log10(abs(value)) + 1e-9)
