"""A plot that explains itself: titles of both axes, a legend, a caption, and a read-out.

Imported at the first plot only, because importing pyqtgraph takes half a second.
"""

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from designer.gui.base.axes import Axis, NamedAxis
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.plain_text import tip
from designer.gui.base.plot_parts import Bars, Line, Mark
from designer.gui.base.theme import colors, sans, strong, theme

Array = NDArray[Any]

_REACH = 24  # pixels from the pointer to the nearest point
_IN_LEGEND = 6  # lines that the legend names
_MARGIN = 0.02  # share of an axis beside what is shown
_LOW, _WIDE = 250, 460  # pixels: what is lower and wider has its words beside it
_OVERLAPPING = 0.43  # strength of points, so that those that overlap are darker
_ZOOM = 0.8  # the share of the range that is left when + is pressed


class Plot(QWidget):
    """Lines, bars and marks between two axes.

    The pointer reads out the nearest point, a click picks it. With the keyboard: Left and Right go
    along the first line, Enter picks, plus and minus zoom, Home shows everything.

    Parameters
    ----------
    legend_apart
        Whether the page places the legend itself.

    Signals
    -------
    picked(line, point)
        The user picked a point of a line, both by their places.

    Attributes
    ----------
    lines, marks
        What is drawn.
    """

    picked = Signal(int, int)

    def __init__(self, name: str, *, legend_apart: bool = False) -> None:
        super().__init__()
        self.lines: Sequence[Line] = ()
        self.marks: Sequence[Mark] = ()
        self._bars: Sequence[Bars] = ()
        self._range = (0.0, 1.0, 0.0, 1.0)
        self._items: list[Any] = []
        self._low = False
        self._legend_apart = legend_apart
        self._at: tuple[int, int] | None = None  # the line and the point that are read out
        self.legend = QLabel(objectName=f"{name}-legend", wordWrap=True)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setMinimumWidth(1)
        self.up = ElidedLabel(name=f"{name}-up")
        self.along = ElidedLabel(name=f"{name}-along")
        self.along.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.readout = QLabel(objectName=f"{name}-readout", textFormat=Qt.TextFormat.PlainText)
        self.readout.setMinimumWidth(1)
        self.caption = QLabel(
            objectName=f"{name}-caption", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.caption.setMinimumWidth(1)
        for label in (self.up, self.along, self.readout, self.caption):
            label.setProperty("role", "soft")
        self._left, self._bottom = Axis("left"), NamedAxis()
        self._left.setZValue(-1)  # the grid lines lie behind what is drawn
        self.view = pg.PlotWidget(
            enableMenu=False, axisItems={"left": self._left, "bottom": self._bottom}
        )
        self.view.setObjectName(name)
        self.view.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.view.setMinimumSize(120, 80)
        self.view.hideButtons()
        self.view.setFrameShape(self.view.Shape.NoFrame)
        self.box = self.view.getViewBox()
        self.box.disableAutoRange()
        self.box.setDefaultPadding(0)
        self.box.sigYRangeChanged.connect(self._widen)
        self.box.sigResized.connect(self._widen)
        self._dot = pg.ScatterPlotItem(size=10, symbol="o", pxMode=True)
        self._dot.setZValue(200)
        self.view.addItem(self._dot, ignoreBounds=True)
        self.view.scene().sigMouseMoved.connect(self._mouse_moved)
        self.view.scene().sigMouseClicked.connect(self._clicked)
        self.view.installEventFilter(self)
        self.view.viewport().installEventFilter(self)
        self._lay_out()
        theme.changed.connect(self._dress)
        self._dress()

    def _lay_out(self) -> None:
        self._drawing = QWidget()
        drawing = QVBoxLayout(self._drawing)
        drawing.setContentsMargins(0, 0, 0, 0)
        drawing.setSpacing(1)
        drawing.addWidget(self.up)
        drawing.addWidget(self.view, 1)
        drawing.addWidget(self.along)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(2)
        self._arrange(low=False)

    def _arrange(self, *, low: bool) -> None:
        """Put the words above and below the plot, or beside it where it is low."""
        legend = () if self._legend_apart else (self.legend,)
        words = (*legend, self.readout, self.caption)
        for widget in (self._drawing, *words):
            self._grid.removeWidget(widget)
        if low:
            self._grid.addWidget(self._drawing, 0, 0, 4, 1)
            for row, widget in enumerate(words):
                self._grid.addWidget(widget, row, 1)
        else:
            for row, widget in enumerate((*legend, self._drawing, self.readout, self.caption)):
                self._grid.addWidget(widget, row, 0)
        for row in range(4):
            self._grid.setRowStretch(row, int(row == (3 if low else len(legend))))
        self._grid.setColumnStretch(0, 2)
        self._grid.setColumnStretch(1, int(low))
        self.readout.setWordWrap(low)
        self._low = low

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give a low plot the whole height; where it is narrow, too, its caption is a tooltip."""
        super().resizeEvent(event)
        low, wide = self.height() < _LOW, self.width() >= _WIDE
        if (low and wide) != self._low:
            self._arrange(low=low and wide)
        self.caption.setHidden(low and not wide)
        self._drawing.setToolTip(tip(self.caption.text()) if low and not wide else "")

    # What is shown

    def draw(
        self,
        *,
        up: str,
        along: str,
        caption: str,
        lines: Sequence[Line] = (),
        bars: Sequence[Bars] = (),
        marks: Sequence[Mark] = (),
        ranges: tuple[float, float, float, float] = (0.0, 1.0, 0.0, 1.0),
        marks_along: Sequence[tuple[float, str]] = (),
        log: tuple[bool, bool] = (False, False),
        unit: str = "",
    ) -> None:
        """Draw other lines, bars and marks.

        Parameters
        ----------
        up, along
            The titles of the left and the bottom axis.
        caption
            What is to be seen, in a sentence or two.
        lines, bars, marks
            Bars lie behind the lines, marks before them.
        ranges
            Least and largest value along the bottom, and along the left side.
        marks_along
            Places along the bottom with what stands there; empty for round numbers.
        log
            Whether the bottom and the left axis are logarithmic: positions along such an axis are
            logarithms to the base ten.
        unit
            Written after each number of the left axis.
        """
        self._bottom.marks = marks_along
        self._bottom.setLogMode(log[0])
        self._left.setLogMode(log[1])
        self._left.unit = unit
        self._bottom.picture = None
        self._bottom.update()
        self.up.setText(f"↑ {up}")
        self.along.setText(f"{along} →")
        self.caption.setText(caption)
        self.view.setAccessibleName(f"{up} against {along}")
        self.view.setAccessibleDescription(caption)
        self.lines, self._bars, self.marks = lines, bars, marks
        self._at = None
        if ranges != self._range:
            self._range = ranges
        self.fit()
        self._paint()

    def fit(self) -> None:
        """Show everything."""
        left, right, bottom, top = self._range
        self.box.setXRange(left, right, padding=_MARGIN)
        self.box.setYRange(bottom, top, padding=_MARGIN)

    def pixel(self, line: int, point: int) -> QPointF:
        """Return where a point of a line is seen, in the viewport of `view`."""
        row = self.lines[line]
        scene = self.box.mapViewToScene(QPointF(float(row.x[point]), float(row.y[point])))
        return QPointF(self.view.mapFromScene(scene))

    def _paint(self) -> None:
        for item in self._items:
            self.view.removeItem(item)
        self._items = []
        for bars in self._bars:
            fill = QColor(bars.color)
            fill.setAlphaF(bars.strength)
            self._add(
                pg.BarGraphItem(
                    x0=bars.left,
                    x1=bars.right,
                    y0=bars.bottom,
                    y1=bars.top,
                    brush=fill,
                    pen=pg.mkPen(colors().window, width=1),
                )
            )
        for line in self.lines:
            if line.low is not None and line.high is not None:
                self._add(_upright(line))
            self._add(_item(line))
        for mark in self.marks:
            self._paint_mark(mark)
        self._show_point()
        self._show_legend()

    def _paint_mark(self, mark: Mark) -> None:
        brush = QColor(mark.color)
        edge = pg.mkPen(colors().window, width=1.5)
        self._add(
            pg.ScatterPlotItem([mark.x], [mark.y], size=12, symbol="d", brush=brush, pen=edge)
        )
        left, right, bottom, top = self._range
        to_left = (mark.x - left) > 0.5 * (right - left)
        above = (mark.y - bottom) < 0.5 * (top - bottom)
        text = pg.TextItem(
            mark.text,
            color=mark.color,
            fill=pg.mkBrush(colors().window),
            anchor=(1.05 if to_left else -0.05, 1.1 if above else -0.1),
        )
        text.setFont(sans(0.85, bold=True))
        text.setPos(mark.x, mark.y)
        self._add(text)

    def _add(self, item: Any) -> None:
        item.setZValue(len(self._items))
        self.view.addItem(item, ignoreBounds=True)
        self._items.append(item)

    def _show_legend(self) -> None:
        named = [line for line in self.lines if line.name]
        words = [
            f'<span style="color:{line.color}">{strong(escape(line.name))}</span>'
            for line in named[:_IN_LEGEND]
        ]
        if len(named) > _IN_LEGEND:
            words.append(f"and {len(named) - _IN_LEGEND} more")
        self.legend.setText(" &nbsp; ".join(words))
        self.legend.setVisible(bool(words))

    def _widen(self) -> None:
        self._left.widen(self.box.height(), *self.box.viewRange()[1])

    def _dress(self) -> None:
        c = colors()
        self.view.setBackground(c.window)
        self._dot.setPen(pg.mkPen(c.text, width=2))
        self._dot.setBrush(None)
        for axis in (self._left, self._bottom):
            axis.dress(sans(0.8), line=c.line, words=c.faint_text)
        for label in (self.up, self.along, self.readout, self.caption):
            label.setFont(sans(0.85))
        self._widen()
        self._paint()

    # Reading out

    def point_near(self, at: QPointF) -> tuple[int, int] | None:
        """Return the line and the point nearest to a place of the scene; None if none is near."""
        best, found = float(_REACH**2), None
        corner = self.box.mapViewToScene(QPointF(0, 0))
        unit = self.box.mapViewToScene(QPointF(1, 1)) - corner
        for number, line in enumerate(self.lines):
            if line.faint or not len(line.x):
                continue
            across = corner.x() + line.x * unit.x() - at.x()
            down = corner.y() + line.y * unit.y() - at.y()
            distance = np.nan_to_num(across**2 + down**2, nan=math.inf)
            nearest = int(distance.argmin())
            if distance[nearest] < best:
                best, found = float(distance[nearest]), (number, nearest)
        return found

    def _mouse_moved(self, at: QPointF) -> None:
        inside = self.box.sceneBoundingRect().contains(at)
        self._point_at(self.point_near(at) if inside else None)

    def _point_at(self, found: tuple[int, int] | None) -> None:
        self._at = found
        self._show_point()

    def _show_point(self) -> None:
        if self._at is None:
            self._dot.setData([], [])
            self.readout.setText("")
            return
        line = self.lines[self._at[0]]
        point = self._at[1]
        self._dot.setData([float(line.x[point])], [float(line.y[point])])
        self.readout.setText(line.words(point))

    def _clicked(self, event: Any) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if event.double():
            self.fit()
        elif self.box.sceneBoundingRect().contains(event.scenePos()):
            found = self.point_near(event.scenePos())
            if found is not None:
                self._point_at(found)
                self.picked.emit(*found)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Handle the keys of the plot, and the pointer that leaves it."""
        if event.type() == QEvent.Type.Leave and watched is self.view.viewport():
            self._point_at(None)
        elif event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        key = Qt.Key(event.key())
        steps = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        if key == Qt.Key.Key_Home:
            self.fit()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._go(-steps if key == Qt.Key.Key_Left else steps)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._at is not None:
            self.picked.emit(*self._at)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            factor = 1 / _ZOOM if key == Qt.Key.Key_Minus else _ZOOM
            self.box.scaleBy((factor, factor))
        else:
            return False
        return True

    def _go(self, steps: int) -> None:
        """Read out a point further along the line."""
        first = next((number for number, line in enumerate(self.lines) if not line.faint), None)
        if first is None:
            return
        line, point = self._at or (first, -1)
        last = len(self.lines[line].x) - 1
        self._point_at((line, min(max(point + steps, 0), last)))
        self.view.setAccessibleDescription(self.readout.text())


def _item(line: Line) -> Any:
    """Return what pyqtgraph draws for a line."""
    brush = QColor(line.color)
    strength = line.strength
    if strength is None:
        strength = _OVERLAPPING if line.points else 1.0
    brush.setAlphaF(strength)
    if line.points:
        seen = np.isfinite(line.x) & np.isfinite(line.y)
        return pg.ScatterPlotItem(
            line.x[seen], line.y[seen], size=line.size, pen=None, brush=brush, pxMode=True
        )
    pen = QPen(brush, 1.0 if line.faint else 1.8)
    pen.setCosmetic(True)
    if line.faint:
        pen.setStyle(Qt.PenStyle.DashLine)
    return pg.PlotDataItem(
        line.x,
        line.y,
        pen=pen,
        antialias=True,
        symbol="o" if line.dots else None,
        symbolSize=line.size,
        symbolPen=None,
        symbolBrush=brush,
    )


def _upright(line: Line) -> Any:
    """Return the upright bars at the points of a line."""
    assert line.low is not None and line.high is not None
    seen = np.isfinite(line.x) & np.isfinite(line.low) & np.isfinite(line.high)
    x, low, high = line.x[seen], line.low[seen], line.high[seen]
    pen = QPen(QColor(line.color), 1.4)
    pen.setCosmetic(True)
    return pg.ErrorBarItem(x=x, y=low, top=high - low, bottom=np.zeros(len(x)), beam=0.0, pen=pen)
