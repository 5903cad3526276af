"""Histograms of all layers, one below the other in forward order; only those in sight are drawn."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from designer.gui.base import numbers
from designer.gui.base.plain_text import wrapped_tip
from designer.gui.base.theme import colors, mono, sans, theme
from designer.runs.layer_statistics import BINS, LayerFigures

_LEAST, _MOST = 24, 84  # pixels of a row
_PAD = 6
_NAMES = 0.26  # the share of the width that names have at most
_CUT = 4.0  # a bin that is so many times the next one is cut, so that the others are seen
_FEW = 1e-3  # the share of the values in an outer bin that is left out of the scale
_NICE = (1, 1.5, 2, 3, 5, 7, 10)


@dataclass(frozen=True, eq=False)
class Row:
    """A layer.

    Attributes
    ----------
    path
        Its path.
    figures
        Those of the measurement that is shown; None if it does not have the layer.
    kept
        Those of kept measurements, each with its color.
    warnings
        What is suspicious, in sentences.
    """

    path: str
    figures: LayerFigures | None
    kept: tuple[tuple[str, LayerFigures], ...] = ()
    warnings: tuple[str, ...] = ()


class HistogramView(QAbstractScrollArea):
    """The histograms, on one scale of values or each on its own.

    Up, Down, Page Up, Page Down, Home and End move along the layers.

    Signals
    -------
    chosen(path)
        The user chose a layer.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="statistics-histograms")
        self.setAccessibleName("Histograms of all layers")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFrameShape(self.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rows: Sequence[Row] = ()
        self.same_scale = True
        self.selected: frozenset[str] = frozenset()
        self.range = (-1.0, 1.0)
        self._longest = 0  # pixels of the longest name
        self._number: Mapping[str, int] = {}
        theme.changed.connect(self.viewport().update)

    # What is shown

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show other layers, or the same with other figures."""
        self.rows = rows
        self._number = {row.path: number for number, row in enumerate(rows)}
        self.range = common_range(rows)
        metrics = QFontMetrics(sans(0.85))
        self._longest = max((metrics.horizontalAdvance(row.path) for row in rows), default=0)
        self._fit()

    def set_same_scale(self, same: bool) -> None:
        """Draw all layers on one scale of values, or each on its own."""
        self.same_scale = same
        self._fit()

    def select(self, paths: frozenset[str]) -> None:
        """Mark layers, and scroll to the first of them."""
        if paths == self.selected:
            return
        self.selected = paths
        found = [self._number[path] for path in paths if path in self._number]
        if found:
            self._scroll_to(min(found))
        self.viewport().update()

    def _scroll_to(self, number: int) -> None:
        bar, height = self.verticalScrollBar(), self.row_height
        top, bottom = number * height, (number + 1) * height - self._area()
        if top < bar.value():
            bar.setValue(top)
        elif bottom > bar.value():
            bar.setValue(bottom)

    # Where it is drawn

    @property
    def row_height(self) -> int:
        """The height of a row in pixels: as much as there is, within bounds."""
        count = max(len(self.rows), 1)
        least = max(_LEAST, QFontMetrics(sans(0.85)).height() + _PAD)
        return max(least, min(_MOST, self._area() // count))

    def row_at(self, point: QPoint) -> int:
        """Return the number of the row at a point of the viewport, -1 for none."""
        if not 0 <= point.y() < self._area():
            return -1
        number = (point.y() + self.verticalScrollBar().value()) // self.row_height
        return number if number < len(self.rows) else -1

    def rect_of(self, number: int) -> QRect:
        """Return where a row is in the viewport."""
        height = self.row_height
        top = number * height - self.verticalScrollBar().value()
        return QRect(0, top, self.viewport().width(), height)

    def bars_of(self, number: int) -> QRect:
        """Return where the histogram of a row is in the viewport."""
        rect = self.rect_of(number)
        left, right = self._columns()
        return QRect(left, rect.top() + 4, max(right - left, 1), rect.height() - 6)

    def _area(self) -> int:
        """Return the height of the rows in sight, which is that above the numbers."""
        return max(self.viewport().height() - self._axis(), 1)

    def _axis(self) -> int:
        return QFontMetrics(sans(0.8)).height() + 6

    def _columns(self) -> tuple[int, int]:
        """Return where the histograms begin and end from left to right."""
        width = self.viewport().width()
        metrics = QFontMetrics(sans(0.85))
        names = min(self._longest, int(width * _NAMES))
        figures = QFontMetrics(mono(relative=0.8)).horizontalAdvance("0.000e-00")
        mark = metrics.height()
        return names + mark + 3 * _PAD, width - figures - 2 * _PAD

    def _fit(self) -> None:
        height = self.row_height
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, height * len(self.rows) - self._area()))
        bar.setPageStep(max(self._area() - height, 1))
        bar.setSingleStep(height)
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    # Drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rows in sight and the numbers below them."""
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), QColor(colors().window))
        first = self.verticalScrollBar().value() // self.row_height
        last = min(first + self._area() // self.row_height + 2, len(self.rows))
        painter.save()
        painter.setClipRect(0, 0, self.viewport().width(), self._area())
        if self.same_scale and self.rows:
            self._paint_grid(painter)
        for number in range(first, last):
            self._paint_row(painter, number)
        painter.restore()
        if self.rows:
            self._paint_axis(painter)
        painter.end()

    def _ticks(self) -> list[tuple[int, str]]:
        from designer.gui.base.axes import ticks

        left, right = self._columns()
        low, high = self.range
        found = ticks(low, high, max((right - left) / 80, 2))
        return [(round(left + (at - low) / (high - low) * (right - left)), text)
                for at, text in found]  # fmt: skip

    def _paint_grid(self, painter: QPainter) -> None:
        faint = QColor(colors().line)
        painter.setPen(QPen(faint))
        for x, _ in self._ticks():
            painter.drawLine(x, 0, x, self._area())

    def _paint_axis(self, painter: QPainter) -> None:
        c = colors()
        left, right = self._columns()
        top = self._area()
        painter.setPen(QPen(QColor(c.strong_line)))
        painter.drawLine(left, top, right, top)
        painter.setFont(sans(0.8))
        painter.setPen(QColor(c.faint_text))
        flags = Qt.AlignmentFlag.AlignCenter
        height = self._axis()
        if not self.same_scale:
            box = QRect(left, top, right - left, height)
            painter.drawText(box, flags, "each layer on its own scale")
        else:
            for x, text in self._ticks():
                painter.drawText(QRect(x - 60, top + 1, 120, height - 1), flags, text)
        box = QRect(right + _PAD, top, self.viewport().width() - right - 2 * _PAD, height)
        painter.drawText(
            box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, "deviation"
        )

    def _paint_row(self, painter: QPainter, number: int) -> None:
        c, row = colors(), self.rows[number]
        rect, bars = self.rect_of(number), self.bars_of(number)
        if row.path in self.selected:
            painter.fillRect(rect, QColor(c.selection))
        painter.setPen(QPen(QColor(c.line)))
        painter.drawLine(rect.left(), rect.bottom(), rect.right(), rect.bottom())
        font = sans(0.85)
        metrics = QFontMetrics(font)
        painter.setFont(font)
        mark = metrics.height()
        if row.warnings:
            from designer.gui.base import icons

            middle = rect.center().y() - mark // 2
            painter.drawPixmap(
                _PAD // 2,
                middle,
                icons.pixmap("problem-warning", c.warning, mark, self.devicePixelRatioF()),
            )
        names = QRect(mark + _PAD, rect.top(), bars.left() - mark - 2 * _PAD, rect.height())
        painter.setPen(QColor(c.text if row.figures is not None else c.faint_text))
        words = metrics.elidedText(row.path, Qt.TextElideMode.ElideLeft, names.width())
        painter.drawText(names, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
        low, high = self.range if self.same_scale else common_range([row], round_=False)
        painter.save()
        painter.setClipRect(bars.adjusted(-1, -2, 2, 2), Qt.ClipOperation.IntersectClip)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(bars).adjusted(0.5, 0.5, -0.5, -0.5)  # so that lines lie on pixels
        if row.figures is not None:
            _paint_bars(painter, area, row.figures, low, high, c.accent, filled=True)
        for color, figures in row.kept:
            _paint_bars(painter, area, figures, low, high, color, filled=False)
        painter.restore()
        if not self.same_scale and row.figures is not None:
            self._paint_ends(painter, bars, low, high)
        if row.figures is not None:
            deviation = row.figures.deviation
            text = numbers.figure(deviation) if deviation is not None else "not finite"
            painter.setFont(mono(relative=0.8) if deviation is not None else sans(0.8))
            painter.setPen(QColor(c.soft_text if deviation is not None else c.warning))
            box = QRect(
                bars.right() + _PAD,
                rect.top(),
                rect.right() - bars.right() - 2 * _PAD,
                rect.height(),
            )
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)

    def _paint_ends(self, painter: QPainter, bars: QRect, low: float, high: float) -> None:
        painter.setFont(sans(0.75))
        painter.setPen(QColor(colors().faint_text))
        down = Qt.AlignmentFlag.AlignBottom
        painter.drawText(bars, down | Qt.AlignmentFlag.AlignLeft, numbers.figure(low))
        painter.drawText(bars, down | Qt.AlignmentFlag.AlignRight, numbers.figure(high))

    # Mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        number = self.row_at(event.position().toPoint())
        if number >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(self.rows[number].path)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        page = max(self._area() // self.row_height - 1, 1)
        last = len(self.rows) - 1
        current = next((n for n, row in enumerate(self.rows) if row.path in self.selected), -1)
        targets = {
            Qt.Key.Key_Down: current + 1,
            Qt.Key.Key_Up: current - 1 if current >= 0 else last,
            Qt.Key.Key_PageDown: current + page,
            Qt.Key.Key_PageUp: current - page,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        target = targets.get(Qt.Key(event.key()))
        if target is None or last < 0:
            super().keyPressEvent(event)
            return
        self.chosen.emit(self.rows[max(0, min(target, last))].path)

    def viewportEvent(self, event: QEvent) -> bool:
        """Explain the row under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            number = self.row_at(event.pos())
            if number >= 0:
                QToolTip.showText(event.globalPos(), _tip(self.rows[number]), self.viewport())
            else:
                QToolTip.hideText()
            return True
        return super().viewportEvent(event)


def common_range(rows: Sequence[Row], *, round_: bool = True) -> tuple[float, float]:
    """Return a range of values that has the histograms of all rows.

    Parameters
    ----------
    rows
        The layers.
    round_
        Whether its ends are round numbers, so that it stays the same while values move a little.
    """
    every = [
        reach
        for row in rows
        for figures in (row.figures, *(kept for _, kept in row.kept))
        if figures is not None and (reach := _reach(figures)) is not None
    ]
    low = min((each for each, _ in every), default=0.0)
    high = max((each for _, each in every), default=0.0)
    if not high > low:
        around = abs(low) or 1.0
        return low - around, low + around
    if not round_:
        return low, high
    low, high = -_nice(-low) if low < 0 else min(low, 0.0), _nice(high) if high > 0 else 0.0
    least = max(-low, high) / 50  # a range from nearly 0 begins a little before it
    return min(low, -least), max(high, least)


def _reach(figures: LayerFigures) -> tuple[float, float] | None:
    """Return where the bins of a histogram lie that have more than a few values."""
    low, high = figures.low, figures.high
    if low is None or high is None:
        return None
    counts = figures.counts
    least = _FEW * sum(counts)
    seen = [number for number, count in enumerate(counts) if count > least]
    if not seen:
        return low, high
    width = (high - low) / len(counts)
    return low + seen[0] * width, low + (seen[-1] + 1) * width


def _nice(value: float) -> float:
    """Return the next round number above a positive one."""
    power = 10.0 ** math.floor(math.log10(value)) if value >= 1e-300 else 1e-300
    return next(size * power for size in (*_NICE, 20) if size * power >= value * (1 - 1e-9))


def _paint_bars(
    painter: QPainter,
    box: QRectF,
    figures: LayerFigures,
    low: float,
    high: float,
    color: str,
    *,
    filled: bool,
) -> None:
    """Paint a histogram as steps, at least one and a half pixels wide."""
    if figures.low is None or figures.high is None:
        return
    counts = figures.counts
    largest = max(counts)
    if not largest:
        return
    second = sorted(counts)[-2]
    top = _CUT * second if second and largest > _CUT * second else largest
    scale = box.width() / (high - low)
    left = box.left() + (figures.low - low) * scale
    width = (figures.high - figures.low) * scale
    if width < 1.5:  # all values are nearly equal
        left, width = left + width / 2 - 0.75, 1.5
        counts, top = (largest,), largest
    each = width / len(counts)
    bottom = box.bottom()
    points = [QPointF(left, bottom)]
    for number, count in enumerate(counts):
        y = bottom - min(count / top, 1.0) * box.height()
        points += [QPointF(left + number * each, y), QPointF(left + (number + 1) * each, y)]
    points.append(QPointF(left + width, bottom))
    shade = QColor(color)
    painter.setPen(QPen(shade, 1.0 if filled else 1.4))
    if filled:
        shade.setAlpha(110)
        painter.setBrush(shade)
    else:
        painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolygon(QPolygonF(points)) if filled else painter.drawPolyline(QPolygonF(points))


def _tip(row: Row) -> str:
    """Return what the tool tip of a row says."""
    lines = [row.path]
    figures = row.figures
    if figures is not None:
        known = {
            "mean": figures.mean,
            "deviation": figures.deviation,
            "minimum": figures.minimum,
            "maximum": figures.maximum,
        }
        lines[0] += f": {numbers.count(figures.count)} values"
        lines.append(
            ", ".join(f"{name} {numbers.figure(each)}" for name, each in known.items()
                      if each is not None)
        )  # fmt: skip
        counts = sorted(figures.counts)
        if counts[-2] and counts[-1] > _CUT * counts[-2]:
            share = 100 * counts[-1] / max(sum(counts), 1)
            lines.append(
                f"The highest of the {BINS} bins has {share:.0f} % of the values and is cut."
            )
    return wrapped_tip(*filter(None, lines), *row.warnings)
