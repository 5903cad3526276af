"""What a press of the left mouse button begins, and what a double click does."""

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent

from designer.design.values import BlockNode
from designer.gui.canvas.gestures import commands, navigating
from designer.gui.canvas.gestures.common import edge_reach
from designer.gui.canvas.gestures.connecting import Connect, PressEdge
from designer.gui.canvas.gestures.gesture import Gesture
from designer.gui.canvas.gestures.moving import MoveNodes
from designer.gui.canvas.gestures.selecting import RubberBand
from designer.gui.canvas.scene_view import SceneView
from designer.gui.canvas.targets import PortHit
from designer.gui.documents import graph_paths


def begin(view: SceneView, event: QMouseEvent) -> Gesture:
    """Return the gesture for a press on a port, a node, an edge or the background."""
    point = view.scene_point(event)
    view.setFocus()
    view.chosen_edge = None
    view.light_edge(None)
    port = view.port_at(point, beside_body=True)
    if port is not None and not event.modifiers() & Qt.KeyboardModifier.AltModifier:
        return _from_port(view, port)
    path = view.node_at(point)
    if path is not None:
        return MoveNodes(view, path)
    hit = view.edge_at(point, edge_reach(view))
    if hit is not None:
        return PressEdge(view, hit)
    return RubberBand(view)


def _from_port(view: SceneView, port: PortHit) -> Gesture:
    """Draw an edge from a port; from an input that has an edge, move that edge's end."""
    if not port.output:
        scope, name = graph_paths.parent(port.path), graph_paths.name_of(port.path)
        found = graph_paths.graph_at(view.workspace.design, scope)
        for edge in found[1].edges if found is not None else ():
            if (edge.target, edge.target_port) == (name, port.port):
                source = PortHit(graph_paths.join(scope, edge.source), edge.source_port, True)
                return Connect(view, source, edge)
    return Connect(view, port)


def double_click(view: SceneView, point: QPointF) -> None:
    """Look into a block, rename a layer, insert into an edge, or add a node on free ground."""
    path = view.node_at(point)
    if path is None:
        commands.add_at(view, point)
        return
    view.workspace.select({path})
    if isinstance(graph_paths.node_at(view.workspace.design, path), BlockNode):
        navigating.go_in(view)
    else:
        commands.rename(view)
