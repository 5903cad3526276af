"""What hands do on the canvas: one object for each gesture, one step of the history at its end."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent

from designer.gui.canvas.gestures import commands
from designer.gui.canvas.gestures.common import reach
from designer.gui.canvas.gestures.connecting import Connect, PressEdge
from designer.gui.canvas.gestures.dropping import drag_entered, drag_left, drag_moved, dropped
from designer.gui.canvas.gestures.moving import MoveNodes
from designer.gui.canvas.gestures.selecting import RubberBand
from designer.gui.canvas.interface import Gesture, PortHit
from designer.gui.documents import graph_paths

if TYPE_CHECKING:
    from designer.gui.canvas.view import GraphView

__all__ = [
    "begin",
    "commands",
    "context_menu",
    "double_click",
    "drag_entered",
    "drag_left",
    "drag_moved",
    "dropped",
]


def begin(view: "GraphView", event: QMouseEvent) -> Gesture | None:
    """Return the gesture that a press of the left button begins."""
    point = view.scene_point(event)
    view.setFocus()
    view.chosen_edge = None
    view.light_edge(None)
    port = view.port_at(point)
    if port is not None and not event.modifiers() & Qt.KeyboardModifier.AltModifier:
        return _from_port(view, port)
    path = view.node_at(point)
    if path is not None:
        return MoveNodes(view, path)
    hit = view.edge_at(point, reach(view))
    if hit is not None:
        return PressEdge(view, hit)
    return RubberBand(view)


def _from_port(view: "GraphView", port: PortHit) -> Gesture:
    """Draw an edge from a port; from an input that has one, take its end up."""
    if not port.output:
        scope, name = graph_paths.parent(port.path), graph_paths.name_of(port.path)
        found = graph_paths.graph_at(view.workspace.design, scope)
        for edge in found[1].edges if found is not None else ():
            if (edge.target, edge.target_port) == (name, port.port):
                source = PortHit(graph_paths.join(scope, edge.source), edge.source_port, True)
                return Connect(view, source, edge)
    return Connect(view, port)


def double_click(view: "GraphView", point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
    """Go into a block, rename a layer, insert into an edge, or add at a free place."""
    path = view.node_at(point)
    if path is None:
        commands.add_at(view, point)
        return
    view.workspace.select({path})
    node = graph_paths.node_at(view.workspace.design, path)
    if hasattr(node, "block"):
        view.canvas.go_in()
    else:
        commands.rename(view.canvas)


def context_menu(view: "GraphView", point: QPointF | None, at: QPoint) -> None:
    """Show what can be done with what lies at a scene point."""
    from designer.gui.canvas.gestures import menus

    menus.context_menu(view, point, at)
