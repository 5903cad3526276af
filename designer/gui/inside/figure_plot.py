"""A figure of layers as a plot: over the depth of the network, or over the steps of a training.

Imported at the first plot only, because importing pyqtgraph takes half a second.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPen
from PySide6.QtWidgets import QVBoxLayout

from designer.gui.base.axes import NamedAxis
from designer.gui.base.plot_frame import PlotFrame
from designer.gui.base.theme import colors, strong, theme

Array = NDArray[np.float64]
_MARKED = 80  # points of which all are marked by a dot
_IN_HEADER = 5  # curves whose values are in the header
_LEAST = 1e-45  # the smallest positive number of float32, below which nothing is drawn


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve.

    Attributes
    ----------
    name
        What the header calls it, "" for nothing.
    color
        Of curve and name.
    x, y
        Its points; NaN for a point that is missing.
    suspicious
        Which points are marked as suspicious.
    faint
        Whether it is drawn thin, as one of many.
    """

    name: str
    color: str
    x: Array
    y: Array
    suspicious: NDArray[np.bool_]
    faint: bool = False


class FigurePlot(PlotFrame):
    """The plot; a click or the arrow keys choose a point along it.

    Turn the wheel to zoom, drag to move, double-click or press Home to see everything.

    Attributes
    ----------
    curves, names, mark
        What is shown: the curves, the names of the layers along the bottom, and the position along
        it that is chosen, NaN for none.

    Signals
    -------
    picked(x, y)
        The user clicked here; y is in the unit of the curves.
    moved(by)
        The user pressed Right (1), Left (-1), or the same with Shift (10, -10).
    """

    picked = Signal(float, float)
    moved = Signal(int)

    def __init__(self, name: str) -> None:
        self._bottom = NamedAxis()
        super().__init__(name, f"{name}-header", self._bottom)
        self.curves: Sequence[Curve] = ()
        self.title = ""
        self.words: Callable[[float], str] = str
        self.names: Sequence[str] = ()
        self._limits: tuple[float | None, float | None] = (None, None)
        self.mark = math.nan
        self._items: list[Any] = []
        self._limit_items: list[Any] = []
        self.box.sigYRangeChanged.connect(self._widen)
        self.box.sigResized.connect(self._widen)
        self._chosen = pg.InfiniteLine(angle=90, movable=False)
        self._chosen.hide()
        self.view.addItem(self._chosen, ignoreBounds=True)
        self._bad = pg.ScatterPlotItem(size=9, symbol="o", brush=None, pxMode=True)
        self._zero = pg.ScatterPlotItem(size=9, symbol="t", pen=None, pxMode=True)
        for item in (self._bad, self._zero):
            item.setZValue(100)
            self.view.addItem(item, ignoreBounds=True)
        self.view.scene().sigMouseClicked.connect(self._clicked)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.view, 1)
        theme.changed.connect(self._dress)
        self._dress()

    # What is shown

    def show_curves(
        self,
        title: str,
        curves: Sequence[Curve],
        *,
        names: Sequence[str] = (),
        words: Callable[[float], str],
        log: bool,
        percent: bool,
        limits: tuple[float | None, float | None] = (None, None),
        mark: float = math.nan,
        x_name: str = "",
    ) -> None:
        """Show other curves.

        Parameters
        ----------
        title
            What the curves are.
        curves
            In the order in which they are drawn.
        names
            Of the layers along the bottom; empty for numbers.
        words
            Returns what the header calls a position along the bottom.
        log, percent
            Whether the left axis is logarithmic, or of shares in percent.
        limits
            Beyond these values a layer is suspicious.
        mark
            The position along the bottom that is chosen.
        x_name
            What the numbers along the bottom are.
        """
        if (title, log, len(names), x_name) != (
            self.title,
            self.log,
            len(self.names),
            self._bottom.quantity,
        ):
            self.following = True
        self.title, self.curves, self.words = title, curves, words
        self.log, self.percent = log, percent
        self.names = names
        self._bottom.marks = [(float(place), name) for place, name in enumerate(names)]
        self._bottom.quantity = x_name
        self.axes["left"].unit = " %" if percent else ""
        self.axes["left"].setLogMode(False, log)
        self._limits, self.mark = limits, mark
        self._chosen.setVisible(not math.isnan(mark))
        if not math.isnan(mark):
            self._chosen.setPos(mark)
        self.view.setAccessibleName(title)
        if self.following:
            self.fit()
        self._draw()
        self._bottom.picture = None
        self._bottom.update()
        self._update_header()

    def scaled(self, values: Array) -> Array:
        """Return values in the unit of the left axis; numbers that float32 has not become NaN."""
        return super().scaled(np.where(values > _LEAST, values, np.nan) if self.log else values)

    def fit(self) -> None:
        """Show all of the curves."""
        self.following = True
        x = [curve.x for curve in self.curves if len(curve.x)]
        low = min((float(each[0]) for each in x), default=0.0)
        high = max((float(each[-1]) for each in x), default=1.0)
        if self.names:
            low, high = -0.5, max(len(self.names) - 0.5, 0.5)
        elif high <= low:
            low, high = low - 0.5, high + 0.5
        self.box.setXRange(low, high, padding=0.0 if self.names else 0.02)
        y = [found for curve in self.curves if len(found := _finite(self.scaled(curve.y)))]
        bottom = min((float(each.min()) for each in y), default=-1.0 if self.log else 0.0)
        top = max((float(each.max()) for each in y), default=1.0)
        if self.percent:
            bottom, top = 0.0, max(top, 1.0)
        elif self.log:
            bottom, top = bottom - 0.15, max(top, bottom + 0.5) + 0.15
        if not top > bottom:
            bottom, top = bottom - 0.5, top + 0.5
        self.box.setYRange(bottom, top, padding=0.05)

    # Drawing

    def _draw(self) -> None:
        for item in self._items:
            self.view.removeItem(item)
        self._items = []
        bad_x, bad_y, zero_x, zero_brushes = [], [], [], []
        for number, curve in enumerate(self.curves):
            y = self.scaled(curve.y)
            seen = np.isfinite(y)
            pen = QPen(QColor(curve.color), (1.0 if curve.faint else 1.8))
            pen.setCosmetic(True)
            item = pg.PlotDataItem(
                curve.x[seen],
                y[seen],
                pen=pen,
                antialias=True,
                symbol="o" if len(curve.x) <= _MARKED and not curve.faint else None,
                symbolSize=5,
                symbolPen=None,
                symbolBrush=curve.color,
            )
            item.setZValue(number)
            self.view.addItem(item, ignoreBounds=True)
            self._items.append(item)
            marked = curve.suspicious & seen
            bad_x += curve.x[marked].tolist()
            bad_y += y[marked].tolist()
            if self.log:
                zeros = curve.x[curve.y <= _LEAST]
                zero_x += zeros.tolist()
                zero_brushes += [pg.mkBrush(curve.color)] * len(zeros)
        self._bad.setData(bad_x, bad_y, pen=pg.mkPen(colors().warning, width=1.5))
        low, high = self.box.viewRange()[1]
        self._zero.setData(zero_x, [low + 0.04 * (high - low)] * len(zero_x), brush=zero_brushes)
        for item in self._limit_items:
            self.view.removeItem(item)
        self._limit_items = []
        for limit in self._limits:
            if limit is not None:
                at = float(self.scaled(np.array([limit]))[0])
                pen = pg.mkPen(colors().warning, width=1, style=Qt.PenStyle.DashLine)
                item = pg.InfiniteLine(at, angle=0, pen=pen)
                self.view.addItem(item, ignoreBounds=True)
                self._limit_items.append(item)

    def _dress(self) -> None:
        self._dress_frame()
        self._chosen.setPen(pg.mkPen(QColor(colors().selection), width=5))
        self._chosen.setZValue(-5)
        self._draw()
        self._update_header()

    # The header

    def _update_header(self) -> None:
        words = [strong(escape(self.title))]
        at = self._at if not math.isnan(self._at) else self.mark
        if not math.isnan(at) and self.words(at):
            words.append(
                f'<span style="color:{colors().soft_text}">{escape(self.words(at))}</span>'
            )
        named = [curve for curve in self.curves if curve.name]
        for curve in named[:_IN_HEADER]:
            # Names of measurements are long, and stand in the legend in the same color.
            text = " ".join(
                filter(None, ("" if self.names else curve.name, self._value(curve, at)))
            )
            words.append(f'<span style="color:{curve.color}">{escape(text)}</span>')
        if len(named) > _IN_HEADER:
            words.append("…")
        self.header.setText("&nbsp;&nbsp;".join(words))

    def _value(self, curve: Curve, at: float) -> str:
        if math.isnan(at) or not len(curve.x):
            return ""
        number = int(np.abs(curve.x - at).argmin())
        if abs(curve.x[number] - at) > 0.5 and self.names:
            return "–"
        value = float(curve.y[number])
        if not math.isfinite(value):
            return "–"
        return f"{100 * value:.3g} %" if self.percent else f"{value:.3g}"

    # Mouse and keys

    def _mouse_moved(self, point: QPointF) -> None:
        at = self._place_of(point)
        self.point_at(float(round(at)) if self.names and not math.isnan(at) else at)

    def _clicked(self, event: Any) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if event.double():
            self.fit()
            return
        if self.box.sceneBoundingRect().contains(event.scenePos()):
            at = self.box.mapSceneToView(event.scenePos())
            self.picked.emit(at.x(), at.y())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Handle the keys of the plot."""
        if event.type() == QEvent.Type.Leave and watched is self.view.viewport():
            self.point_at(math.nan)
        elif event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        key = Qt.Key(event.key())
        wide = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        if key == Qt.Key.Key_Home:
            self.fit()
        elif key == Qt.Key.Key_Right:
            self.moved.emit(wide)
        elif key == Qt.Key.Key_Left:
            self.moved.emit(-wide)
        else:
            return self._zoom_by(key)
        return True


def _finite(values: Array) -> Array:
    found: Array = values[np.isfinite(values)]
    return found
