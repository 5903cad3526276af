"""The losses of a learning-rate range test over the rate, with a marker that can be moved.

Imported at the first plot only, because importing pyqtgraph takes half a second.
"""

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from designer.gui.base.axes import Axis
from designer.gui.base.theme import colors, sans, theme
from designer.runs.rate_range import RateRange

_FAINT = 90  # alpha of the losses themselves behind the smoothed ones, of 255
_STEP = 0.02  # decades that an arrow key moves the marker by; ten times that with Shift
_ROOM = 0.06  # share of the height that is left free above and below the smoothed losses


class RatePlot(QWidget):
    """Loss against learning rate, the rate on a logarithmic axis.

    The marker is dragged with the mouse, or moved with the arrow keys.

    Signals
    -------
    moved(rate)
        The user moved the marker to this rate.
    """

    moved = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.axes = {
            "left": Axis("left"),
            "bottom": Axis("bottom", name="learning rate"),
        }
        self.axes["bottom"].setLogMode(True, False)
        self.view = pg.PlotWidget(enableMenu=False, axisItems=self.axes)
        self.axes["left"].setZValue(-1)  # the grid lines lie behind the curves
        self.view.setObjectName("rate-plot")
        self.view.setAccessibleName("Loss against learning rate; the arrow keys move the marker")
        self.view.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.view.setMinimumSize(320, 200)
        self.view.hideButtons()
        self.view.setMouseEnabled(False, False)
        self.view.setFrameShape(self.view.Shape.NoFrame)
        self.box = self.view.getViewBox()
        self.box.disableAutoRange()
        self.losses = pg.PlotCurveItem(antialias=True)
        self.smoothed = pg.PlotCurveItem(antialias=True)
        self.marker = pg.InfiniteLine(angle=90, movable=True)
        self.marker.sigDragged.connect(lambda: self.moved.emit(self.rate))
        for item in (self.losses, self.smoothed, self.marker):
            item.hide()
            self.view.addItem(item, ignoreBounds=True)
        self.view.installEventFilter(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)
        theme.changed.connect(self._dress)
        self._dress()

    @property
    def rate(self) -> float:
        """The rate at which the marker stands."""
        return float(10 ** self.marker.value())

    def show_range(self, found: RateRange) -> None:
        """Draw what a test found; the marker stands at its suggestion."""
        x = np.log10([each.learning_rate for each in found.steps])
        smoothed = np.array([each.smoothed for each in found.steps])
        self.losses.setData(x, np.array([each.loss for each in found.steps]))
        self.smoothed.setData(x, smoothed)
        low, high = float(smoothed.min()), float(smoothed.max())
        # A loss that grew beyond bounds would flatten the part that matters.
        high = (
            min(high, float(smoothed[0]) + (float(smoothed[0]) - low)) if found.diverged else high
        )
        room = _ROOM * (high - low) or 1.0
        self.box.setXRange(float(x[0]), float(x[-1]), padding=0.02)
        self.box.setYRange(low - room, high + room, padding=0)
        self.marker.setBounds((float(x[0]), float(x[-1])))
        self.losses.show()
        self.smoothed.show()
        self.marker.setVisible(found.suggestion is not None)
        if found.suggestion is not None:
            self.move_to(found.suggestion)
        self._dress()

    def move_to(self, rate: float) -> None:
        """Put the marker at a rate, or at the end of the range that is nearer."""
        self.marker.setValue(math.log10(rate))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            sign = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
            if sign and self.marker.isVisible():
                fast = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
                self.marker.setValue(self.marker.value() + sign * _STEP * (10 if fast else 1))
                self.moved.emit(self.rate)
                return True
        return super().eventFilter(watched, event)

    def _dress(self) -> None:
        c = colors()
        self.view.setBackground(c.window)
        faint = QColor(c.accent)
        faint.setAlpha(_FAINT)
        ratio = self.devicePixelRatioF()
        self.losses.setPen(pg.mkPen(faint, width=ratio))
        self.smoothed.setPen(pg.mkPen(c.accent, width=1.8 * ratio))
        self.marker.setPen(pg.mkPen(c.warning, width=2 * ratio))
        self.marker.setHoverPen(pg.mkPen(c.warning, width=4 * ratio))
        for axis in self.axes.values():
            axis.dress(sans(0.8), line=c.line, words=c.faint_text)
        self.axes["left"].widen(self.box.height() or 200, *self.box.viewRange()[1])
