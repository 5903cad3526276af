"""What several gestures need: the graph a node belongs to, tolerances, the dragged edge."""

from typing import NamedTuple

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainterPath, QPen
from PySide6.QtWidgets import QApplication, QGraphicsPathItem

from designer.design.values import Design, Graph, Point
from designer.gui.base.theme import colors
from designer.gui.canvas.scene_view import SceneView
from designer.gui.documents import graph_paths

EDGE_REACH = 9.0
"""How near to an edge the pointer hits it, in pixels."""
ABOVE = 1000.0
"""The z value of items drawn over the graph."""


class Home(NamedTuple):
    """The graph in which a node lies: its path, its block (None for the design), its value."""

    scope: str
    block: str | None
    graph: Graph


def home_of(design: Design, scope: str) -> Home | None:
    """Return the graph at a path, None if it is gone."""
    found = graph_paths.graph_at(design, scope)
    return Home(scope, *found) if found is not None else None


def selected_by_graph(view: SceneView) -> list[tuple[Home, list[str]]]:
    """Return the selected nodes of each graph in which some lie, in the order of the design.

    Absent nodes between them that are not drawn count as selected.
    """
    design = view.workspace.design
    scopes = sorted({graph_paths.parent(path) for path in view.workspace.selection})
    found = []
    for scope in scopes:
        home = home_of(design, scope)
        if home is not None:
            chosen = {
                name
                for name in home.graph.nodes
                if graph_paths.join(scope, name) in view.workspace.selection
            }
            frame = view.layer.arrays.frames.get(scope)
            if frame is not None:
                chosen.update(frame.hidden_between(chosen))
            names = [name for name in home.graph.nodes if name in chosen]
            if names:
                found.append((home, names))
    return found


def selected_in_one_graph(view: SceneView) -> tuple[Home, list[str]] | None:
    """Return the selected nodes if they lie in one graph; if in several, show why that fails."""
    found = selected_by_graph(view)
    if len(found) > 1:
        view.workspace.refused.emit(
            "The selected nodes lie in different graphs; select nodes of one graph."
        )
    return found[0] if len(found) == 1 else None


def edge_reach(view: SceneView) -> float:
    """Return how near to an edge the pointer hits it, in scene units."""
    return EDGE_REACH / max(view.navigator.scale, 0.2)


def is_drag(view: SceneView, start: QPointF, point: QPointF) -> bool:
    """Tell whether the pointer went far enough from where it was pressed to mean a drag."""
    distance = (point - start).manhattanLength() * view.navigator.scale
    return distance >= QApplication.startDragDistance() * 0.5


def all_positions(view: SceneView, scope: str, moved: dict[str, Point]) -> dict[str, Point | None]:
    """Return the positions of all nodes of a graph after some were moved.

    An edit stores all of them, so that a later layout does not shift the others.
    """
    return {**view.positions(scope), **moved}


class DraggedEdge(QGraphicsPathItem):
    """The edge that is drawn from a port to the pointer."""

    def __init__(self, view: SceneView) -> None:
        super().__init__()
        self.flow = view.layer.arrays.flow
        self.setZValue(ABOVE)
        view.scene().addItem(self)

    def show_between(self, start: QPointF, end: QPointF, kind: str) -> None:
        """Run from an output to an input, in the color of the verdict about the connection."""
        c = colors()
        color = {"fits": c.success, "problem": c.warning, "refused": c.error}.get(kind, c.accent)
        pen = QPen(QColor(color), 2.0)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        if kind == "refused":
            pen.setStyle(Qt.PenStyle.DashLine)
        self.setPen(pen)
        distance = end - start
        bend = max(24.0, abs(self.flow.along(distance.x(), distance.y())) * 0.45)
        handle = self.flow.point(0.0, bend)
        path = QPainterPath(start)
        path.cubicTo(start + handle, end - handle, end)
        self.setPath(path)

    def remove(self) -> None:
        """Remove the edge from the scene."""
        scene = self.scene()
        if scene is not None:
            scene.removeItem(self)
