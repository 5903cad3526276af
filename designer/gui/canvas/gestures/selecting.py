"""Selecting with the mouse: clicks, the rubber band, an edge."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QGraphicsRectItem

from designer.gui.base.theme import colors
from designer.gui.canvas.gestures.common import ABOVE, is_drag
from designer.gui.canvas.interface import EdgeHit, Gesture

if TYPE_CHECKING:
    from designer.gui.canvas.view import GraphView

_Keys = Qt.KeyboardModifier


class RubberBand(Gesture):
    """Selects the nodes that a rectangle touches; with Shift beside those that are selected."""

    def __init__(self, view: "GraphView") -> None:
        super().__init__(view)
        self.before = view.workspace.selection
        self.band: QGraphicsRectItem | None = None

    def start(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Begin at a corner."""
        self.corner = point

    def move(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Stretch it, and select what it touches."""
        if self.band is None:
            if not is_drag(self.view, self.corner, point):
                return
            self.band = QGraphicsRectItem()
            fill = QColor(colors().accent)
            pen = QPen(fill, 1.0)
            pen.setCosmetic(True)
            fill.setAlphaF(0.12)
            self.band.setPen(pen)
            self.band.setBrush(fill)
            self.band.setZValue(ABOVE)
            self.view.scene().addItem(self.band)
        rect = QRectF(self.corner, point).normalized()
        self.band.setRect(rect)
        found = frozenset(self.view.paths_in(rect))
        self.view.workspace.select(
            found | self.before if modifiers & _Keys.ShiftModifier else found
        )

    def end(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Leave what is selected; a mere click on nothing selects nothing."""
        if self.band is None and not modifiers & _Keys.ShiftModifier:
            self.view.workspace.select(())
        self._remove()

    def cancel(self) -> None:
        """Select what was selected."""
        self.view.workspace.select(self.before)
        self._remove()

    def _remove(self) -> None:
        if self.band is not None:
            self.view.scene().removeItem(self.band)
            self.band = None


def select_edge(view: "GraphView", hit: EdgeHit) -> None:
    """Choose an edge, so that Delete removes it."""
    view.workspace.select(())
    view.chosen_edge = hit
    view.light_edge(hit)
    view.workspace.selection_changed.emit()  # what can be done has changed


def chosen_edge(view: "GraphView") -> EdgeHit | None:
    """Return the edge that was chosen by a click, if it is still there."""
    hit = view.chosen_edge
    if hit is not None and (hit.scope, hit.edge) not in view.layer.arrays.edge_row:
        view.chosen_edge = None
    return view.chosen_edge
