"""Dragging from the palette onto the canvas: into an edge, or to a free place."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QDragMoveEvent, QDropEvent

from designer.gui.canvas.gestures.common import reach
from designer.gui.canvas.interface import EdgeHit
from designer.gui.documents import adding, items
from designer.gui.documents.adding import Spot

if TYPE_CHECKING:
    from designer.gui.canvas.view import GraphView


def drag_entered(view: "GraphView", event: QDragMoveEvent) -> None:
    """Take items of the palette; files are the window's business."""
    drag_moved(view, event)


def drag_moved(view: "GraphView", event: QDragMoveEvent) -> None:
    """Light up the edge into which the item would go."""
    item = items.from_mime(event.mimeData())
    if item is None or view.workspace.document is None:
        return
    event.setDropAction(Qt.DropAction.CopyAction)
    event.accept()
    view.light_edge(_edge(view, view.scene_point(event), item))


def drag_left(view: "GraphView") -> None:
    """Nothing is dragged here any more."""
    view.light_edge(None)


def dropped(view: "GraphView", event: QDropEvent) -> None:
    """Add the item where it was dropped."""
    item = items.from_mime(event.mimeData())
    if item is None or view.workspace.document is None:
        return
    event.setDropAction(Qt.DropAction.CopyAction)
    event.accept()
    point = view.scene_point(event)
    hit = _edge(view, point, item)
    view.light_edge(None)
    scope = hit.scope if hit is not None else view.scope_at(point)
    spot = Spot(
        scope,
        at=view.place_in_scope(scope, point) if hit is None else None,
        positions=view.positions(scope),
        edge=hit.edge if hit is not None else None,
    )
    adding.put(view.workspace, item, spot)
    view.setFocus()


def _edge(view: "GraphView", point: QPointF, item: items.Item) -> EdgeHit | None:
    """Return the edge under the pointer, if the item can go into one."""
    hit = view.edge_at(point, 2 * reach(view))
    return hit if hit is not None and adding.can_insert(view.workspace, item) else None
