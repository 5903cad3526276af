"""What all plots with pyqtgraph have in common: two axes, a line of values above them, a crosshair.

Imported at the first plot only, because importing pyqtgraph takes half a second.
"""

import math

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QLabel, QWidget

from designer.gui.base.axes import Axis
from designer.gui.base.theme import colors, sans

_ZOOM = 0.8  # the share of the range that is left when + is pressed


class PlotFrame(QWidget):
    """A plot without curves; who derives from it lays out `header` and `view`, and draws.

    Turn the wheel to zoom, drag to move; with the keyboard, + and - zoom. The events of `view` and
    its viewport come to the method ``eventFilter``, and the pointer to ``_mouse_moved``.

    Parameters
    ----------
    name, header_name
        Of `view` and `header`, for tests and styles.
    bottom
        The bottom axis.

    Attributes
    ----------
    header
        The line of values above the plot.
    view, box, axes
        The plot, what it shows, and its axes by the names ``left`` and ``bottom``.
    log, percent
        Whether the left axis is logarithmic, or of shares in percent.
    following
        Whether the range grows with the curves, as it does until the user changes it.
    """

    def __init__(self, name: str, header_name: str, bottom: Axis, *, percent: bool = False) -> None:
        super().__init__()
        self.log, self.percent = False, percent
        self.following = True
        self._at = math.nan  # where the pointer is along the bottom
        self.header = QLabel(objectName=header_name)
        self.header.setTextFormat(Qt.TextFormat.RichText)
        self.header.setMinimumWidth(1)
        self.axes = {"left": Axis("left", unit=" %" if percent else ""), "bottom": bottom}
        self.view = pg.PlotWidget(enableMenu=False, axisItems=self.axes)
        self.axes["left"].setZValue(-1)  # the grid lines lie behind the curves
        self.view.setObjectName(name)
        self.view.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.view.setMinimumHeight(60)
        self.view.hideButtons()
        self.view.setFrameShape(self.view.Shape.NoFrame)
        self.box = self.view.getViewBox()
        self.box.disableAutoRange()
        self.box.setDefaultPadding(0)
        self.box.sigRangeChangedManually.connect(self._stop_following)
        self._cross = pg.InfiniteLine(angle=90, movable=False)
        self._cross.hide()
        self.view.addItem(self._cross, ignoreBounds=True)
        self.view.scene().sigMouseMoved.connect(self._mouse_moved)
        self.view.installEventFilter(self)
        self.view.viewport().installEventFilter(self)

    def scaled(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values in the unit of the left axis, not finite where it has none."""
        if self.log:
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.log10(values)
        return values * 100 if self.percent else values

    def point_at(self, x: float) -> None:
        """Show the values at a place along the bottom in the header; NaN for no place."""
        self._at = x
        self._cross.setVisible(not math.isnan(x))
        if not math.isnan(x):
            self._cross.setPos(x)
        self._update_header()

    def _update_header(self) -> None:
        """Write the values at the place of the pointer into the header."""
        raise NotImplementedError

    def _mouse_moved(self, point: QPointF) -> None:
        """Follow the pointer."""
        raise NotImplementedError

    def _place_of(self, point: QPointF) -> float:
        """Return the place along the bottom of a point of the scene; NaN outside of the curves."""
        inside = self.box.sceneBoundingRect().contains(point)
        return float(self.box.mapSceneToView(point).x()) if inside else math.nan

    def _widen(self) -> None:
        """Give the left axis the width that its numbers need."""
        self.axes["left"].widen(self.box.height(), *self.box.viewRange()[1])

    def _dress_frame(self) -> None:
        """Use the theme's colors."""
        c = colors()
        self.view.setBackground(c.window)
        self._cross.setPen(pg.mkPen(c.soft_text, width=1))
        for axis in self.axes.values():
            axis.dress(sans(0.8), line=c.line, words=c.faint_text)
        self._widen()

    def _zoom_by(self, key: Qt.Key) -> bool:
        """Zoom if that is what a key is for, and tell whether it is."""
        if key not in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            return False
        self._stop_following()
        factor = 1 / _ZOOM if key == Qt.Key.Key_Minus else _ZOOM
        self.box.scaleBy((factor, factor))
        return True

    def _stop_following(self) -> None:
        self.following = False
