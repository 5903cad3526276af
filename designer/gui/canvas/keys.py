"""The keyboard on the canvas: arrows move along edges, with Shift they extend, with Ctrl nudge."""

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from designer.gui.canvas import arrays as a
from designer.gui.canvas.gestures import commands
from designer.gui.documents import graph_paths

if TYPE_CHECKING:
    from designer.gui.canvas.view import GraphView

_WAYS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


def pressed(view: "GraphView", event: QKeyEvent) -> bool:
    """Do what a key means; returns whether it means something here."""
    way = _WAYS.get(Qt.Key(event.key()))
    if way is None or view.workspace.document is None:
        return False
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if modifiers == Qt.KeyboardModifier.ControlModifier:
        if view.workspace.selection:
            commands.nudge(view.canvas, *way)
        return True
    if modifiers not in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier):
        return False
    extend = modifiers == Qt.KeyboardModifier.ShiftModifier
    path = neighbor(view, _current(view), way)
    if path is not None:
        selection = view.workspace.selection | {path} if extend else {path}
        view.workspace.select(selection)
        view.last_path = path
        view.reveal(path)
    return True


def _current(view: "GraphView") -> str | None:
    """Return the node from which the arrows go on: the last one reached, or any selected one."""
    selection = [path for path in view.workspace.selection if path in view.layer.arrays.row]
    if view.last_path in selection:
        return view.last_path
    box, row = view.layer.box, view.layer.arrays.row
    return min(selection, key=lambda path: tuple(box[row[path], [1, 0]]), default=None)


def neighbor(view: "GraphView", path: str | None, way: tuple[int, int]) -> str | None:
    """Return the node that lies along an edge from `path`, or beside it; the topmost for None."""
    arrays, box = view.layer.arrays, view.layer.box
    if path is None:
        nodes = np.flatnonzero((arrays.kind < a.INPUT_END) & (arrays.depth == 0))
        return arrays.paths[nodes[box[nodes, 1].argmin()]] if len(nodes) else None
    row = arrays.row[path]
    if way[1]:
        here, there = arrays.source, arrays.target
        if way[1] < 0:
            here, there = there, here
        found = np.unique(there[here == row])
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
    way_x = (view.layer.anchor[rows] - view.layer.anchor[row]) * way[0]
    rows, way_x = rows[level & (way_x > 1)], way_x[level & (way_x > 1)]
    return arrays.paths[int(rows[way_x.argmin()])] if len(rows) else None


def _around(view: "GraphView", scope: str) -> str | None:
    """Return the expanded block whose inside is the graph at `scope`."""
    for frame in view.layer.arrays.frames.values():
        for name, child in frame.children.items():
            if child.scope == scope:
                return graph_paths.join(frame.scope, name)
    return None
