"""What several gestures need: where an item of the canvas belongs, what follows the pointer."""

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainterPath, QPen
from PySide6.QtWidgets import QApplication, QGraphicsPathItem

from designer.design.values import Design, Graph, Point
from designer.gui.base.theme import colors
from designer.gui.documents import graph_paths

if TYPE_CHECKING:
    from designer.gui.canvas.view import GraphView

EDGE_REACH = 9.0
"""How near to an edge the pointer means it, in pixels."""
ABOVE = 1000.0
"""What is drawn over the graph."""


class Home(NamedTuple):
    """The graph in which something lies: its path, the block whose it is, the graph."""

    scope: str
    block: str | None
    graph: Graph


def home_of(design: Design, scope: str) -> Home | None:
    """Return the graph at a path, None if it is gone."""
    found = graph_paths.graph_at(design, scope)
    return Home(scope, *found) if found is not None else None


def reach(view: "GraphView") -> float:
    """Return how near to an edge the pointer means it, in scene units."""
    return EDGE_REACH / max(view.navigator.scale, 0.2)


def is_drag(view: "GraphView", start: QPointF, point: QPointF) -> bool:
    """Tell whether the pointer went far enough from its press to mean a drag."""
    way = (point - start).manhattanLength() * view.navigator.scale
    return way >= QApplication.startDragDistance() * 0.5


def settled(view: "GraphView", scope: str, moved: dict[str, Point]) -> dict[str, Point | None]:
    """Return the places of all nodes of a graph, those that were moved in their new ones.

    All are written, so that a later layout does not shift the others.
    """
    return {**view.positions(scope), **moved}


def number_of(names: list[str]) -> str:
    """Return how a step of the history calls some nodes: by name if it is one."""
    return names[0] if len(names) == 1 else f"{len(names)} nodes"


class Thread(QGraphicsPathItem):
    """The edge that is being drawn."""

    def __init__(self, view: "GraphView") -> None:
        super().__init__()
        self.setZValue(ABOVE)
        view.scene().addItem(self)

    def show_way(self, start: QPointF, end: QPointF, kind: str) -> None:
        """Run from an output to an input, in the color of what would become of it."""
        c = colors()
        color = {"fits": c.success, "problem": c.warning, "refused": c.error}.get(kind, c.accent)
        pen = QPen(QColor(color), 2.0)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        if kind == "refused":
            pen.setStyle(Qt.PenStyle.DashLine)
        self.setPen(pen)
        bend = max(24.0, abs(end.y() - start.y()) * 0.45)
        path = QPainterPath(start)
        path.cubicTo(start + QPointF(0, bend), end - QPointF(0, bend), end)
        self.setPath(path)

    def remove(self) -> None:
        """Take it out of the scene."""
        scene = self.scene()
        if scene is not None:
            scene.removeItem(self)
