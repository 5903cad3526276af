"""The arrow keys: select along edges, extend the selection with Shift, move nodes with Ctrl."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from designer.gui.canvas import arrays as a
from designer.gui.canvas.gestures import commands
from designer.gui.canvas.scene_view import SceneView
from designer.gui.documents import graph_paths

_DIRECTIONS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


def pressed(view: SceneView, event: QKeyEvent) -> bool:
    """Handle an arrow key and return whether the key was one."""
    direction = _DIRECTIONS.get(Qt.Key(event.key()))
    if direction is None or view.workspace.document is None:
        return False
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if modifiers == Qt.KeyboardModifier.ControlModifier:
        if view.workspace.selection:
            commands.nudge(view, *direction)
        return True
    if modifiers not in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier):
        return False
    extend = modifiers == Qt.KeyboardModifier.ShiftModifier
    path = neighbor(view, _current(view), direction)
    if path is not None:
        selection = view.workspace.selection | {path} if extend else {path}
        view.workspace.select(selection)
        view.last_path = path
        view.reveal(path)
    return True


def _current(view: SceneView) -> str | None:
    """Return the selected node that the arrow keys reached last, or else the first selected."""
    selection = [path for path in view.workspace.selection if path in view.layer.arrays.row]
    if view.last_path in selection:
        return view.last_path
    box, row = view.layer.arrays.flow.turned(view.layer.box), view.layer.arrays.row
    return min(selection, key=lambda path: tuple(box[row[path], [1, 0]]), default=None)


def neighbor(view: SceneView, path: str | None, direction: tuple[int, int]) -> str | None:
    """Return the node that an arrow key reaches from `path`; from None, the first one.

    The keys along the flow, up and down if data flow down, follow edges; the others go to the next
    node of the graph beside this one.
    """
    arrays, box = view.layer.arrays, view.layer.arrays.flow.turned(view.layer.box)
    if arrays.flow.right:
        direction = direction[::-1]
    if path is None:
        nodes = np.flatnonzero((arrays.kind < a.INPUT_END) & (arrays.depth == 0))
        return arrays.paths[nodes[box[nodes, 1].argmin()]] if len(nodes) else None
    row = arrays.row[path]
    if direction[1]:
        near, far = arrays.source, arrays.target
        if direction[1] < 0:
            near, far = far, near
        found = np.unique(far[near == row])
        if not len(found):
            return None
        middle = view.layer.anchor
        order = np.lexsort((middle[found], np.abs(middle[found] - middle[row])))
        best = int(found[order[0]])
        if arrays.kind[best] < a.INPUT_END:
            return arrays.paths[best]
        return _around(view, graph_paths.parent(path))  # beyond the border of an expanded block
    scope = graph_paths.parent(path)
    rows = arrays.rows[scope]
    rows = rows[arrays.kind[rows] < a.INPUT_END]
    top, bottom = box[row, 1], box[row, 1] + box[row, 3]
    level = (box[rows, 1] < bottom) & (box[rows, 1] + box[rows, 3] > top)
    distance = (view.layer.anchor[rows] - view.layer.anchor[row]) * direction[0]
    rows, distance = rows[level & (distance > 1)], distance[level & (distance > 1)]
    return arrays.paths[int(rows[distance.argmin()])] if len(rows) else None


def _around(view: SceneView, scope: str) -> str | None:
    """Return the expanded block whose inside is the graph at `scope`."""
    for frame in view.layer.arrays.frames.values():
        for name, child in frame.children.items():
            if child.scope == scope:
                return graph_paths.join(frame.scope, name)
    return None
