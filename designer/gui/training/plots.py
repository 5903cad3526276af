"""Live plots of runs with pyqtgraph: one quantity over the epochs, with any number of points.

Imported at the first plot only, because importing pyqtgraph takes half a second.
"""

import math
from collections.abc import Sequence
from html import escape

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout

from designer.gui.base import numbers
from designer.gui.base.axes import Axis
from designer.gui.base.plot_frame import PlotFrame
from designer.gui.base.theme import colors, sans, strong, theme
from designer.gui.training.lines import Line, epoch_at, nearest, usual_top
from designer.gui.worker.history import Array

FAINT = 80  # alpha of the raw curve behind a smoothed one, of 255
MARKED, SOME_MARKED = 60, 20  # points of which all are marked, and how many are marked of more
_DEEPEST, _WIDEST = 1e-5, 20.0  # the zoom goes from here to there, in decades of the curves' range
_STEPS_ABOVE = 3.0  # how far above nearly all others the highest single steps are still shown
_NONE: Array = np.empty(0)


class Plot(PlotFrame):
    """One quantity over the epochs, with its newest values in the header.

    Drag to pan, turn the wheel to zoom, double-click to see everything; with the keyboard, use the
    arrows, + and -, and Home. While the pointer is over the plot, the header shows the values at
    its epoch.

    A few values far above all others are left out at first, so that they do not flatten the curves:
    a button says how many there are and shows them.

    Signals
    -------
    pointed(x)
        The pointer moved to this epoch; NaN when it left the plot.
    """

    pointed = Signal(float)

    def __init__(
        self, title: str, *, percent: bool = False, from_zero: bool = True, digits: int = 3
    ) -> None:
        key = title.lower().replace(" ", "-")
        bottom = Axis("bottom", name="epoch")
        super().__init__(f"plot-{key}", f"plot-header-{key}", bottom, percent=percent)
        self.title = title
        self.from_zero = from_zero
        self.digits = digits
        self.whole = False  # whether values far above all others are shown, too
        self._top = math.inf  # the largest value that is shown
        self._above = 0  # how many values are above that
        self._decades: tuple[int, int] | None = None  # of the ranges that limit the zoom
        self.lines: Sequence[Line] = ()
        self.marks: Sequence[tuple[float, str]] = ()
        self._items: list[pg.PlotCurveItem] = []
        self._dots: dict[int, pg.ScatterPlotItem] = {}  # by the number of their curve
        self._mark_items: list[pg.InfiniteLine] = []
        self.above = QToolButton(objectName=f"plot-above-{key}")
        self.above.setAutoRaise(True)
        self.above.setStyleSheet("padding: 0 4px;")  # no higher than the text beside it
        self.above.clicked.connect(self._toggle_whole)
        self.above.hide()
        self.view.setAccessibleName(f"{title} over the epochs")
        self.box.sigXRangeChanged.connect(self._draw_lines)
        self.box.sigYRangeChanged.connect(self._range_changed)
        self.box.sigResized.connect(self._draw_lines)
        self._arrows = pg.ScatterPlotItem(size=9, pen=None, symbol="t1", pxMode=True)
        self._arrows.setZValue(50)
        self.view.addItem(self._arrows, ignoreBounds=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = QHBoxLayout()
        head.addWidget(self.header, 1)
        head.addWidget(self.above)
        column.addLayout(head)
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
        """Show the curves, also as they grow; values far above all others only if `whole`."""
        self.following = True
        right = max((line.x[-1] for line in self.lines if len(line.x)), default=0.0) or 1.0
        low, high = self._extent()
        self._limit_zoom(right, high - low)
        self.box.setXRange(0, right, padding=0.01)
        self.box.setYRange(low, high, padding=0.04)
        self._above = self._count_above()
        self._update_header()

    def fit_whole(self) -> None:
        """Show all of the curves with every value."""
        self.whole = True
        self.fit()

    def _toggle_whole(self) -> None:
        self.whole = not self.whole
        self.fit()

    def _limit_zoom(self, width: float, height: float) -> None:
        """Limit the zoom to where the numbers of the axes can be read."""
        decades = (math.ceil(math.log10(width)), math.ceil(math.log10(height)))
        if decades == self._decades:
            return
        self._decades = decades
        x, y = (10.0**decade for decade in decades)
        self.box.setLimits(
            minXRange=_DEEPEST * x,
            maxXRange=_WIDEST * x,
            minYRange=_DEEPEST * y,
            maxYRange=_WIDEST * y,
            # Powers of ten beyond these are no floating-point numbers; the others are the default.
            yMin=-300 if self.log else -1e307,
            yMax=300 if self.log else 1e307,
        )

    def _name_above(self, *, short: bool) -> None:
        """Say how many values are above the range; a short text leaves room to the values."""
        count = self._above
        self.above.setVisible(count > 0 or self.whole)
        points = "1 point" if count == 1 else f"{numbers.count(count)} points"
        if short:
            self.above.setText("▼" if self.whole else f"▲ {numbers.count(count)}")
        else:
            self.above.setText("Hide outliers" if self.whole else f"▲ {points} above: show all")
        lie = "point is" if count == 1 else "points are"
        help_ = (
            "Leave out again what is far above all other values."
            if self.whole
            else f"{numbers.count(count)} {lie} far above all others and out of sight, as they "
            "would flatten the curves. Press to show all (double-click, Home)."
        )
        self.above.setToolTip(help_)
        self.above.setAccessibleName(help_)

    def _count_above(self) -> int:
        if self.whole or math.isinf(self._top):
            return 0
        return sum(int((self.scaled(line.y) > self._top).sum()) for line in self.lines)

    def _extent(self) -> tuple[float, float]:
        """Return the lowest and the highest value to show, in the unit of the axis."""
        main = [y for line in self.lines if not line.faint and len(y := self._finite(line))]
        faint = [y for line in self.lines if line.faint and len(y := self._finite(line))]
        self._top = math.inf
        if not main and not faint:
            return (-1.0, 1.0) if self.log else (0.0, 100.0 if self.percent else 1.0)
        low = min(float(y.min()) for y in (*main, *faint))
        high = max(float(y.max()) for y in (*main, *faint))
        if not self.whole and not self.percent and not self.log:
            top = self._usual(main, faint)
            if top < high:
                high = self._top = top
        if self.from_zero and not self.log and not self.percent:
            low = min(0.0, low)
        return (low, high) if high > low else (low - 0.5, high + 0.5)

    def _usual(self, main: list[Array], faint: list[Array]) -> float:
        """Return the largest value to show, so that at most a few far above it are left out."""
        top = usual_top(main or faint)
        # The newest value of a curve is always shown; a single one may be a huge first one.
        newest = max((float(y[-1]) for y in main or faint if len(y) > 1), default=-math.inf)
        if top is None or newest > top:
            top = max(float(y.max()) for y in main or faint)
        for y in faint if main else ():
            # Single losses jump; 98 of 100 are always shown.
            most = float(np.percentile(y[:20_000], 98)) if len(y) > 50 else float(y.max())
            highest = float(y.max())
            top = max(top, highest if highest <= _STEPS_ABOVE * max(most, top) else most)
        return top

    def _finite(self, line: Line) -> Array:
        y = self.scaled(line.y)
        return y[np.isfinite(y)]

    # Drawing

    def _range_changed(self) -> None:
        self._widen()
        self._draw_arrows()

    def _draw_arrows(self) -> None:
        """Point up at the values of marked curves that are above the range."""
        low, high = self.box.viewRange()[1]
        at, brushes = [], []
        for line in self.lines:
            if line.marked:
                above = line.x[self.scaled(line.y) > high]
                at.extend(above.tolist())
                brushes.extend([pg.mkBrush(line.color)] * len(above))
        if at or len(self._arrows.data):
            y = high - 0.03 * (high - low)
            self._arrows.setData(at, [y] * len(at), brush=brushes)

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
                self._draw_dots(number, _NONE, _NONE)
                continue
            line = self.lines[number]
            x, y = line.seen(low, high, pixels)
            y = self.scaled(y)
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
            # Of a long curve of another run only some points are marked, by which it is told apart.
            every = 1 if len(x) <= MARKED else math.ceil(len(x) / SOME_MARKED)
            if line.marked and (every == 1 or line.mark != "o"):
                self._draw_dots(number, x[seen][::every], y[seen][::every], line)
            else:
                self._draw_dots(number, _NONE, _NONE)
        self._draw_arrows()

    def _draw_dots(self, number: int, x: Array, y: Array, line: Line | None = None) -> None:
        """Draw dots at points of a curve, or none for empty arrays."""
        dots = self._dots.get(number)
        if dots is None:
            if not len(x):
                return
            dots = self._dots[number] = pg.ScatterPlotItem(size=5, pen=None, pxMode=True)
            dots.setZValue(number)
            self.view.addItem(dots, ignoreBounds=True)
        if len(x) or len(dots.data):
            color, mark = (line.color, line.mark) if line is not None else (None, "o")
            size = 5 if mark == "o" else 8  # a dot is easier to see than a form
            dots.setData(x, y, brush=color, symbol=mark, size=size)

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
        self._dress_frame()
        self._draw_marks()
        self._update_header()

    # Values in the header

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._update_header()

    def _update_header(self) -> None:
        short = self._header_words(detailed=False)
        detailed = self._header_words(detailed=True)
        wide = 1.1 * self._width(detailed)  # the title is bold
        self._name_above(short=False)
        room = self.width() - (0 if self.above.isHidden() else self.above.sizeHint().width())
        fits = wide < room
        if not fits and 1.1 * self._width(short) > room:
            self._name_above(short=True)
            if not self.above.isHidden():
                room = self.width() - self.above.sizeHint().width()
            if 1.1 * self._width(short) > room:
                short = [(_abbreviated(text), color) for text, color in short]
        # What is too long even so goes on below, but not within the text of a curve.
        wraps = not fits and 1.1 * self._width(short) > room
        self.header.setWordWrap(wraps)
        space, between = ("&nbsp;", "&nbsp; ") if wraps else (" ", "&nbsp;&nbsp;")
        words = detailed if fits else short
        texts = [(escape(text).replace(" ", space), color) for text, color in words]
        self.header.setText(
            between.join(
                f'<span style="color:{color}">{text}</span>' if color else strong(text)
                for text, color in texts
            )
        )

    def _width(self, words: Sequence[tuple[str, str]]) -> int:
        return self.header.fontMetrics().horizontalAdvance("  ".join(text for text, _ in words))

    def _header_words(self, *, detailed: bool) -> list[tuple[str, str]]:
        """Return the texts of the header, each with its color; the title has none."""
        words = [(self.title, "")]
        named = [line for line in self.lines if line.name]
        if not math.isnan(self._at):
            by_epoch = any(line.epochs is not None and len(line.epochs) for line in named)
            at = str(epoch_at(self._at)) if by_epoch else f"{self._at:.2f}"
            words.append((f"epoch {at}", colors().soft_text))
        for line in named:
            name = f"{line.name}, {line.detail}" if detailed and line.detail else line.name
            words.append((f"{name} {self._value(line)}".strip(), line.color))
        return words

    def _value(self, line: Line) -> str:
        """Return a curve's value at the pointer as text, or its newest value."""
        if not len(line.y):
            return ""
        index: int | None = len(line.x) - 1
        if not math.isnan(self._at):
            index = nearest(line, self._at)
        if index is None:
            return "–"
        value = float(line.y[index])
        if not math.isfinite(value):
            return "" if math.isnan(self._at) else "–"
        if self.percent:
            return f"{100 * value:.1f} %"
        return numbers.local(f"{value:,.0f}") if abs(value) >= 1000 else f"{value:.{self.digits}g}"

    def _mouse_moved(self, point: QPointF) -> None:
        self.pointed.emit(self._place_of(point))

    # Keys

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Handle the keys and double-clicks of the plot."""
        kind = event.type()
        if kind == QEvent.Type.Leave and watched is self.view.viewport():
            self.pointed.emit(math.nan)
        elif kind == QEvent.Type.MouseButtonDblClick and isinstance(event, QMouseEvent):
            self.fit_whole()
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
            self.fit_whole()
        elif key in moves:
            x, y = moves[key]
            self._stop_following()
            self.box.translateBy(x=x * width, y=y * height)
        else:
            return self._zoom_by(key)
        return True


def _abbreviated(text: str) -> str:
    """Return the text of a header with short names, which its tooltip explains."""
    return text.replace("training", "train").replace("validation", "val.")
