"""The axes of a plot: round numbers along one side, and grid lines across the curves.

Pyqtgraph's own axes lay out three levels of ticks in each frame, which takes as long as drawing all
the curves; these axes have one level.
"""

import math
from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from designer.gui.base import numbers

_APART = {"left": 34, "bottom": 64}  # least distance between two numbers, in pixels
_GAP = 4  # pixels between a number and the curves
_FAINT = 110  # alpha of the grid lines, of 255
_ROOM = 1.25  # height of the bottom axis, in heights of a line of text
_LEAST = 2.9  # least width of the left axis, in heights of a line of text
_WIDER = 8  # steps of that width in pixels, so that the curves do not shift at each new number


class Axis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no type hints
    """The left or the bottom axis of a plot; the left one also draws the grid lines.

    Parameters
    ----------
    side
        ``left`` or ``bottom``.
    unit
        Written after each number of the left axis.
    name
        The quantity of the bottom axis, written before its last number.
    """

    def __init__(self, side: str, *, unit: str = "", name: str = "") -> None:
        super().__init__(side)
        self.unit, self.quantity = unit, name
        self._font = QFont()
        self._line = self._words = self._grid = QPen()
        if side == "left":
            # Extends the item over the curves, so that it can draw the grid lines.
            self.setGrid(255)

    def dress(self, font: QFont, *, line: str, words: str) -> None:
        """Use a font, and the colors of the lines and the numbers."""
        self._font = font
        self._line, self._words = QPen(QColor(line)), QPen(QColor(words))
        faint = QColor(line)
        faint.setAlpha(_FAINT)
        self._grid = QPen(faint)
        if self.orientation == "bottom":
            self.setHeight(round(QFontMetricsF(font).height() * _ROOM) + _GAP)
        self.update()

    def widen(self, length: float, low: float, high: float) -> None:
        """Give the left axis the width that the numbers of a range need on a height in pixels."""
        if length <= 0 or not high > low:
            return
        metrics = QFontMetricsF(self._font)
        texts = [text + self.unit for _, text in self._found(length, low, high)]
        widest = max((metrics.horizontalAdvance(text) for text in texts), default=0.0)
        width = math.ceil(max(widest + 2 * _GAP, metrics.height() * _LEAST) / _WIDER) * _WIDER
        if width != self.fixedWidth:
            self.setWidth(width)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
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
        """Return the position of each number along an axis of `length` pixels, and its text."""
        low, high = self.range
        found = self._found(length, low, high)
        return [((at - low) / (high - low) * length, text) for at, text in found]

    def _found(self, length: float, low: float, high: float) -> list[tuple[float, str]]:
        most = length / _APART[self.orientation]
        make = log_ticks if self.logMode else ticks
        found = make(low, high, most)
        return found if len(found) > 1 else make(low, high, 2 * most)  # one tells no scale

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
                painter.drawText(box, flags, text + self.unit)

    def _paint_bottom(self, painter: QPainter, inside: QRectF) -> None:
        painter.setPen(self._line)
        painter.drawLine(QLineF(inside.left(), inside.bottom(), inside.right(), inside.bottom()))
        painter.setPen(self._words)
        metrics = painter.fontMetrics()
        top, height = inside.bottom() + _GAP, metrics.height()
        found: list[float] = []
        end = 0.0
        for along, text in self._ticks(inside.width()):
            width = metrics.horizontalAdvance(text)
            left = inside.left() + along - width / 2
            beside = not found or left > end + 2 * _GAP
            if beside and left >= inside.left() and left + width <= inside.right():
                found.append(left)
                end = left + width
                box = QRectF(left, top, width + 1, height)
                painter.drawText(box, Qt.AlignmentFlag.AlignLeft, text)
        name = f"{self.quantity} "
        width = metrics.horizontalAdvance(name)
        before = found[-2] if len(found) > 1 else inside.left()
        if self.quantity and found and found[-1] - before > 1.5 * width:
            box = QRectF(found[-1] - width, top, width, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft, name)


class NamedAxis(Axis):
    """A bottom axis that has numbers, or marks of which as many are drawn as there is room for.

    Attributes
    ----------
    marks
        Places with what stands there, in ascending order; empty for round numbers.
    """

    def __init__(self) -> None:
        super().__init__("bottom")
        self.marks: Sequence[tuple[float, str]] = ()

    def _found(self, length: float, low: float, high: float) -> list[tuple[float, str]]:
        if not self.marks:
            return super()._found(length, low, high)
        return [(at, text) for at, text in self.marks if low <= at <= high]


def ticks(low: float, high: float, most: float) -> list[tuple[float, str]]:
    """Return round numbers in a range, with their texts.

    Parameters
    ----------
    low, high
        The range; ``low < high``.
    most
        About how many numbers fit.

    Returns
    -------
    list of (float, str)
        Multiples of 1, 2 or 5 times a power of ten, ascending.
    """
    least = (high - low) / max(most, 1)
    power = 10.0 ** math.floor(math.log10(least))
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= least * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [(number * step, _text(number * step, step)) for number in range(first, last + 1)]


def log_ticks(low: float, high: float, most: float) -> list[tuple[float, str]]:
    """Return round numbers for a logarithmic axis, with their texts.

    Parameters
    ----------
    low, high
        The range, as logarithms to the base ten.
    most
        About how many numbers fit.

    Returns
    -------
    list of (float, str)
        The logarithm to the base ten of each number, and the number as text.
    """
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
    """Return a multiple of a step with just enough digits to differ from the next one."""
    plain = f"{value + 0.0:,.{max(0, -_exponent(step))}f}"
    if step >= 1e-4 and abs(value) < 1e5:
        return numbers.local(plain)
    if not value:
        return "0"
    digits, power = f"{value:.{max(0, _exponent(value) - _exponent(step))}e}".split("e")
    return numbers.local(min(plain, f"{digits}e{int(power)}", key=len))


def _exponent(value: float) -> int:
    """Return the exponent of ten of the first digit."""
    return math.floor(math.log10(abs(value)) + 1e-9)
