"""Live plots of runs with pyqtgraph: one quantity over the epochs, with any number of points.

Imported at the first plot only, because importing pyqtgraph takes half a second.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPen
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from designer.gui.base import numbers
from designer.gui.base.theme import colors, sans, theme
from designer.gui.training.axes import Axis
from designer.gui.worker.history import Array

POINTS_PER_PIXEL = 2  # the lowest and the highest of the points that fall on a pixel
FAINT = 80  # alpha of the raw curve behind a smoothed one, of 255
_BLOCK = 64  # points per pair of extremes in the coarse copy of a long curve
_ZOOM = 0.8  # the share of the range that is left when + is pressed
_NONE: Array = np.empty(0)


@dataclass(frozen=True, eq=False)
class Line:
    """One curve over the epochs.

    Attributes
    ----------
    name
        The name in the header, as ``train``; "" for a curve whose values are not shown there.
    x
        The epochs of the points, ascending.
    faint
        Whether it is the raw curve, drawn behind its smoothed one.
    marked
        Whether each point gets a dot, as long as there are few.
    """

    name: str
    color: str
    x: Array
    y: Array
    faint: bool = False
    marked: bool = False
    dashed: bool = False

    def seen(self, low: float, high: float, pixels: int) -> tuple[Array, Array]:
        """Return the points to draw between two epochs at a width in pixels."""
        count = np.searchsorted(self.x, high) - np.searchsorted(self.x, low)
        coarse = count > 2 * POINTS_PER_PIXEL * _BLOCK * pixels
        x, y = self._coarse if coarse else (self.x, self.y)
        first = max(int(np.searchsorted(x, low, "left")) - 1, 0)
        last = int(np.searchsorted(x, high, "right")) + 1
        x, y = x[first:last], y[first:last]
        return extremes(x, y, len(x) // max(pixels, 1))

    @cached_property
    def _coarse(self) -> tuple[Array, Array]:
        return extremes(self.x, self.y, _BLOCK)


def extremes(x: Array, y: Array, size: int) -> tuple[Array, Array]:
    """Return the lowest and the highest of every `size` points, in their order.

    The last point is always kept; below `size` 4, all points are.
    """
    if size < 2 * POINTS_PER_PIXEL:
        return x, y
    whole = len(x) // size * size
    table = y[:whole].reshape(-1, size)
    order = np.sort(np.stack((table.argmin(1), table.argmax(1)), 1), 1)
    chosen = (order + np.arange(0, whole, size)[:, None]).ravel()
    if chosen[-1] != len(x) - 1:
        chosen = np.append(chosen, len(x) - 1)
    return x[chosen], y[chosen]


class Plot(QWidget):
    """One quantity over the epochs, with its newest values in the header.

    Drag to pan, turn the wheel to zoom, double-click to see everything; with the keyboard, use the
    arrows, + and -, and Home. While the pointer is over the plot, the header shows the values at
    its epoch.

    Signals
    -------
    pointed(x)
        The pointer moved to this epoch; NaN when it left the plot.
    """

    pointed = Signal(float)

    def __init__(
        self, title: str, *, percent: bool = False, from_zero: bool = True, digits: int = 3
    ) -> None:
        super().__init__()
        self.title = title
        self.percent = percent
        self.from_zero = from_zero
        self.digits = digits
        self.log = False
        self.following = True  # the range grows with the curves until the user changes it
        self.lines: Sequence[Line] = ()
        self.marks: Sequence[tuple[float, str]] = ()
        self._at = math.nan
        self._items: list[pg.PlotCurveItem] = []
        self._dots: dict[int, pg.ScatterPlotItem] = {}  # by the number of their curve
        self._mark_items: list[pg.InfiniteLine] = []
        self.header = QLabel(objectName=f"plot-header-{title.lower().replace(' ', '-')}")
        self.header.setTextFormat(Qt.TextFormat.RichText)
        self.header.setMinimumWidth(1)
        self.axes = {
            "left": Axis("left", unit=" %" if percent else ""),
            "bottom": Axis("bottom", name="epoch"),
        }
        self.view = pg.PlotWidget(enableMenu=False, axisItems=self.axes)
        self.axes["left"].setZValue(-1)  # the grid lines lie behind the curves
        self.view.setObjectName(f"plot-{title.lower().replace(' ', '-')}")
        self.view.setAccessibleName(f"{title} over the epochs")
        self.view.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.view.setMinimumHeight(60)
        self.view.hideButtons()
        self.view.setFrameShape(self.view.Shape.NoFrame)
        self.box = self.view.getViewBox()
        self.box.disableAutoRange()
        self.box.setDefaultPadding(0)
        self.box.sigRangeChangedManually.connect(self._stop_following)
        self.box.sigXRangeChanged.connect(self._draw_lines)
        self.box.sigResized.connect(self._draw_lines)
        self._cross = pg.InfiniteLine(angle=90, movable=False)
        self._cross.hide()
        self.view.addItem(self._cross, ignoreBounds=True)
        self.view.scene().sigMouseMoved.connect(self._mouse_moved)
        self.view.viewport().installEventFilter(self)
        self.view.installEventFilter(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.view, 1)
        theme.changed.connect(self._dress)
        self._dress()

    # What is shown

    def set_lines(self, lines: Sequence[Line], marks: Sequence[tuple[float, str]] = ()) -> None:
        """Show curves, and vertical marks with their texts at some epochs."""
        self.lines = lines
        if marks != self.marks:
            self.marks = marks
            self._draw_marks()
        if self.following:
            self.fit()
        self._draw_lines()
        self._update_header()

    def set_log(self, log: bool) -> None:
        """Draw the quantity on a logarithmic or a linear axis."""
        self.log = log
        self.axes["left"].setLogMode(False, log)
        self.following = True
        self.set_lines(self.lines, self.marks)

    def fit(self) -> None:
        """Show all of the curves, also as they grow."""
        self.following = True
        right = max((line.x[-1] for line in self.lines if len(line.x)), default=1.0)
        self.box.setXRange(0, right or 1.0, padding=0.01)
        low, high = self._extent()
        self.box.setYRange(low, high, padding=0.04)

    def point_at(self, x: float) -> None:
        """Show the values at an epoch in the header; NaN for the newest."""
        self._at = x
        self._cross.setVisible(not math.isnan(x))
        if not math.isnan(x):
            self._cross.setPos(x)
        self._update_header()

    def _extent(self) -> tuple[float, float]:
        """Return the lowest and the highest value of the curves, in the unit of the axis."""
        lows, highs = [], []
        for line in self.lines:
            if len(line.y):
                y = self._measured(line.y)
                y = y[np.isfinite(y)]
                if len(y):
                    # The 99th percentile, so that a huge loss of the first steps does not
                    # flatten the rest of the curve.
                    few = line.faint and len(y) > 50 and not self.percent
                    highs.append(float(np.percentile(y[:20_000], 99) if few else y.max()))
                    lows.append(float(y.min()))
        if not lows:
            return (-1.0, 1.0) if self.log else (0.0, 100.0 if self.percent else 1.0)
        low, high = min(lows), max(highs)
        if self.from_zero and not self.log and not self.percent:
            low = min(0.0, low)
        return (low, high) if high > low else (low - 0.5, high + 0.5)

    def _measured(self, y: Array) -> Array:
        if self.log:
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.log10(y)
        return y * 100 if self.percent else y

    # Drawing

    def _draw_lines(self) -> None:
        low, high = self.box.viewRange()[0]
        pixels = max(int(self.box.width()), 1)
        while len(self._items) < len(self.lines):
            item = pg.PlotCurveItem(antialias=True)
            item.setZValue(len(self._items))
            self._items.append(item)
            self.view.addItem(item, ignoreBounds=True)
        for number, item in enumerate(self._items):
            if number >= len(self.lines):
                item.setData([], [])
                self._draw_dots(number, _NONE, _NONE, "")
                continue
            line = self.lines[number]
            x, y = line.seen(low, high, pixels)
            y = self._measured(y)
            color = QColor(line.color)
            if line.faint:
                color.setAlpha(FAINT)
            # Qt draws lines wider than a pixel slowly, and on a dense curve nobody sees the width.
            wide = 1.6 if len(x) < pixels and not line.faint else 1
            pen = QPen(color, wide * self.devicePixelRatioF())
            pen.setCosmetic(True)
            if line.dashed:
                pen.setStyle(Qt.PenStyle.DashLine)
            seen = np.isfinite(y)
            item.setData(x, y, pen=pen, connect="all" if seen.all() else "finite")
            if line.marked and len(x) <= 60:
                self._draw_dots(number, x[seen], y[seen], line.color)
            else:
                self._draw_dots(number, _NONE, _NONE, "")

    def _draw_dots(self, number: int, x: Array, y: Array, color: str) -> None:
        """Draw dots at points of a curve, or none for empty arrays."""
        dots = self._dots.get(number)
        if dots is None:
            if not len(x):
                return
            dots = self._dots[number] = pg.ScatterPlotItem(size=5, pen=None, pxMode=True)
            dots.setZValue(number)
            self.view.addItem(dots, ignoreBounds=True)
        if len(x) or len(dots.data):
            dots.setData(x, y, brush=color or None)

    def _draw_marks(self) -> None:
        for item in self._mark_items:
            self.view.removeItem(item)
        c = colors()
        self._mark_items = []
        for x, words in self.marks:
            item = pg.InfiniteLine(
                x,
                angle=90,
                pen=pg.mkPen(c.faint_text, width=1, style=Qt.PenStyle.DashLine),
                label=words,
                labelOpts={"position": 0.94, "color": c.soft_text, "anchors": [(0, 0), (0, 0)]},
            )
            item.label.setFont(sans(0.8))
            self.view.addItem(item, ignoreBounds=True)
            self._mark_items.append(item)

    def _dress(self) -> None:
        c = colors()
        self.view.setBackground(c.window)
        self._cross.setPen(pg.mkPen(c.soft_text, width=1))
        for axis in self.axes.values():
            axis.dress(sans(0.8), line=c.line, words=c.faint_text)
        self.axes["left"].setWidth(round(self.fontMetrics().height() * 2.6))
        self._draw_marks()
        self._update_header()

    # Values in the header

    def _update_header(self) -> None:
        c = colors()
        words = [f"<b>{self.title}</b>"]
        if not math.isnan(self._at):
            words.append(f'<span style="color:{c.soft_text}">epoch {self._at:.2f}</span>')
        for line in self.lines:
            if not line.name:
                continue
            value = self._value(line)
            text = f"{line.name} {value}" if value else line.name
            words.append(f'<span style="color:{line.color}">{text}</span>')
        self.header.setText("&nbsp;&nbsp;".join(words))

    def _value(self, line: Line) -> str:
        """Return a curve's value at the pointer as text, or its newest value."""
        seen = np.flatnonzero(np.isfinite(line.y[-1:])) if math.isnan(self._at) else None
        if not len(line.y) or (seen is not None and not len(seen)):
            return ""
        index = len(line.x) - 1
        if not math.isnan(self._at):
            index = int(np.searchsorted(line.x, self._at))
            if index == len(line.x) or (
                index and self._at - line.x[index - 1] < line.x[index] - self._at
            ):
                index -= 1
        value = float(line.y[index])
        if not math.isfinite(value):
            return "–"
        if self.percent:
            return f"{100 * value:.1f} %"
        return numbers.local(f"{value:,.0f}") if abs(value) >= 1000 else f"{value:.{self.digits}g}"

    def _mouse_moved(self, point: QPointF) -> None:
        inside = self.box.sceneBoundingRect().contains(point)
        self.pointed.emit(self.box.mapSceneToView(point).x() if inside else math.nan)

    # Keys

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Handle the keys and double-clicks of the plot."""
        kind = event.type()
        if kind == QEvent.Type.Leave and watched is self.view.viewport():
            self.pointed.emit(math.nan)
        elif kind == QEvent.Type.MouseButtonDblClick and isinstance(event, QMouseEvent):
            self.fit()
            return True
        elif kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        key = Qt.Key(event.key())
        (left, right), (low, high) = self.box.viewRange()
        width, height = right - left, high - low
        moves = {
            Qt.Key.Key_Left: (-0.1, 0),
            Qt.Key.Key_Right: (0.1, 0),
            Qt.Key.Key_Up: (0, 0.1),
            Qt.Key.Key_Down: (0, -0.1),
        }
        if key == Qt.Key.Key_Home:
            self.fit()
        elif key in moves:
            x, y = moves[key]
            self._stop_following()
            self.box.translateBy(x=x * width, y=y * height)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self._stop_following()
            factor = 1 / _ZOOM if key == Qt.Key.Key_Minus else _ZOOM
            self.box.scaleBy((factor, factor))
        else:
            return False
        return True

    def _stop_following(self) -> None:
        self.following = False
