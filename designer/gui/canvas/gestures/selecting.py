"""Selecting nodes with a rubber band, and choosing an edge by a click."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QGraphicsRectItem

from designer.gui.base.theme import colors
from designer.gui.canvas import hits
from designer.gui.canvas.gestures.common import ABOVE, is_drag
from designer.gui.canvas.gestures.gesture import Gesture
from designer.gui.canvas.scene_view import SceneView
from designer.gui.canvas.targets import EdgeHit

_Keys = Qt.KeyboardModifier


class RubberBand(Gesture):
    """Selects the nodes that a rectangle touches; with Shift in addition to those selected."""

    def __init__(self, view: SceneView) -> None:
        super().__init__(view)
        self.before = view.workspace.selection
        self.band: QGraphicsRectItem | None = None

    def start(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.corner = point

    def move(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
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
        # A click on the background, without a drag, clears the selection.
        if self.band is None and not modifiers & _Keys.ShiftModifier:
            self.view.workspace.select(())
        self._remove()

    def cancel(self) -> None:
        self.view.workspace.select(self.before)
        self._remove()

    def _remove(self) -> None:
        if self.band is not None:
            self.view.scene().removeItem(self.band)
            self.band = None


def select_edge(view: SceneView, hit: EdgeHit) -> None:
    """Choose an edge: it stays lit, and Delete removes it."""
    view.workspace.select(())
    view.chosen_edge = hit
    view.light_edge(hit)
    view.workspace.selection_changed.emit()  # which actions are enabled depends on this, too


def chosen_edge(view: SceneView) -> EdgeHit | None:
    """Return the edge that was chosen by a click, None if there is none any more."""
    hit = view.chosen_edge
    if hit is not None and hits.row_of_edge(view.layer, hit) < 0:
        view.chosen_edge = None
    return view.chosen_edge
