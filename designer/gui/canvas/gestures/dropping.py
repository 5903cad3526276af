"""Dropping an item of the palette onto the canvas: into an edge, or on free ground."""

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QDragMoveEvent, QDropEvent

from designer.gui.canvas.gestures.common import edge_reach
from designer.gui.canvas.scene_view import SceneView
from designer.gui.canvas.targets import EdgeHit
from designer.gui.documents import adding, items
from designer.gui.documents.adding import Spot


def drag_moved(view: SceneView, event: QDragMoveEvent) -> None:
    """Accept an item of the palette and light up the edge into which it would go.

    Dragged files are left to the window.
    """
    item = items.from_mime(event.mimeData())
    if item is None or view.workspace.document is None:
        return
    event.setDropAction(Qt.DropAction.CopyAction)
    event.accept()
    view.light_edge(_edge(view, view.scene_point(event), item))


def dropped(view: SceneView, event: QDropEvent) -> None:
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
        at=view.point_in_scope(scope, point) if hit is None else None,
        positions=view.positions(scope),
        edge=hit.edge if hit is not None else None,
    )
    adding.put(view.workspace, item, spot)
    view.setFocus()


def _edge(view: SceneView, point: QPointF, item: items.Item) -> EdgeHit | None:
    """Return the edge under the pointer if the item can be inserted into an edge."""
    hit = view.edge_at(point, 2 * edge_reach(view))
    return hit if hit is not None and adding.can_insert(view.workspace, item) else None
