"""Which node, port or edge lies at a point or in a rectangle of the scene."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from designer.design.values import Point
from designer.gui.canvas import arrays as a
from designer.gui.canvas.layer import GraphLayer
from designer.gui.canvas.painting import in_rect
from designer.gui.canvas.targets import EdgeHit, PortHit
from designer.gui.documents import graph_paths

TITLE = 32.0
"""Height of the title of an expanded block, where the pointer hits the block itself."""


def row_at(layer: GraphLayer, point: QPointF) -> int:
    """Return the row of the node at a point, or -1; an expanded block is hit by its title."""
    for row in _rows_at(layer, point):
        kind = layer.arrays.kind[row]
        if kind == a.CONTAINER:
            x, y, width, _ = layer.box[row].tolist()
            if QRectF(x, y, width, TITLE).contains(point):
                return row
        elif layer.box[row, 2] > 0:
            return row
    return -1


def node_at(layer: GraphLayer, point: QPointF) -> str | None:
    """Return the path of the node at a point, or None; inputs and outputs of a block are none."""
    row = row_at(layer, point)
    if row < 0 or layer.arrays.kind[row] >= a.INPUT_END:
        return None
    return layer.arrays.paths[row]


def _rows_at(layer: GraphLayer, point: QPointF) -> list[int]:
    """Return all rows at a point, the innermost and last drawn ones first."""
    box = layer.box
    x, y = point.x(), point.y()
    inside = np.flatnonzero(
        (box[:, 0] <= x)
        & (x <= box[:, 0] + box[:, 2])
        & (box[:, 1] <= y)
        & (y <= box[:, 1] + box[:, 3])
    )
    depth = layer.arrays.depth
    return sorted(inside.tolist(), key=lambda row: (int(depth[row]), row), reverse=True)


def scope_at(layer: GraphLayer, point: QPointF, outermost: str) -> str:
    """Return the path of the graph at a point: that of an expanded block, or the outermost."""
    for row in _rows_at(layer, point):
        if layer.arrays.kind[row] == a.CONTAINER:
            scope = inside_of(layer, layer.arrays.paths[row])
            if scope is not None:
                return scope
    return outermost


def inside_of(layer: GraphLayer, path: str) -> str | None:
    """Return the path of the graph inside an expanded block."""
    frame = layer.arrays.frames.get(graph_paths.parent(path))
    child = frame.children.get(graph_paths.name_of(path)) if frame is not None else None
    return child.scope if child is not None else None


_RIM = 0.25  # share of a node's length, at each end, in which its ports are pressed


def port_at(
    layer: GraphLayer, point: QPointF, reach: float, *, beside_body: bool = False
) -> PortHit | None:
    """Return the nearest port within `reach` scene units of a point, or None.

    With `beside_body`, the inner half of a node is its body, however small it is drawn, and hits no
    port.

    On the border of an expanded block its own ports and those of the graph inside coincide: inside
    the border the inner one is hit, outside the block's own.
    """
    around = QRectF(point.x() - reach, point.y() - reach, 2 * reach, 2 * reach)
    arrays = layer.arrays
    axis = 0 if arrays.flow.right else 1
    along = arrays.flow.along(point.x(), point.y())
    best: tuple[float, int, PortHit] | None = None
    for row in np.flatnonzero(in_rect(layer.box, around, 0.0)).tolist():
        begin = layer.box[row, axis]
        end = begin + layer.box[row, axis + 2]
        depth = int(arrays.depth[row])
        inner = layer.box[row, 2] == 0
        behind = along > begin
        for output, side, count in (
            (False, begin, int(arrays.inputs[row])),
            (True, end, int(arrays.outputs[row])),
        ):
            within = begin < along < end and beside_body
            if abs(along - side) > (min(reach, _RIM * (end - begin)) if within else reach):
                continue
            for port in range(count):
                hit = PortHit(arrays.paths[row], port, output)
                center = layer.port_position(hit)
                if center is None:
                    continue
                distance = (center - point).manhattanLength()
                if distance > 1.4 * reach:
                    continue
                # A port of the graph inside is only hit from the inside.
                if inner and behind != output:
                    continue
                if best is None or (round(distance, 3), -depth) < best[:2]:
                    best = round(distance, 3), -depth, hit
    return best[2] if best is not None else None


def edge_at(layer: GraphLayer, point: QPointF, tolerance: float) -> EdgeHit | None:
    """Return the nearest edge within `tolerance` scene units of a point, or None."""
    row = edge_row_at(layer, point, tolerance)
    if row < 0:
        return None
    scope, drawn = layer.arrays.keys[row]
    return EdgeHit(scope, layer.arrays.frames[scope].design_edge(drawn))


def row_of_edge(layer: GraphLayer, hit: EdgeHit | None) -> int:
    """Return the row of an edge of the design, or -1 if it is not drawn."""
    frame = layer.arrays.frames.get(hit.scope) if hit is not None else None
    if hit is None or frame is None:
        return -1
    return layer.arrays.edge_row.get((hit.scope, frame.drawn_edge(hit.edge)), -1)


def edge_row_at(layer: GraphLayer, point: QPointF, tolerance: float) -> int:
    """Return the row of the edge nearest to a point, or -1 if none is within `tolerance`."""
    spans = layer.wire_box
    x, y = point.x(), point.y()
    near = np.flatnonzero(
        (spans[:, 0] - tolerance <= x)
        & (x <= spans[:, 2] + tolerance)
        & (spans[:, 1] - tolerance <= y)
        & (y <= spans[:, 3] + tolerance)
    )
    if not len(near):
        return -1
    one, two = layer.wire[near, :-1], layer.wire[near, 1:]
    along = two - one
    length = np.maximum((along**2).sum(axis=2), 1e-12)
    part = (((x, y) - one) * along).sum(axis=2) / length
    foot = one + np.clip(part, 0.0, 1.0)[:, :, None] * along
    distance = np.sqrt(((foot - (x, y)) ** 2).sum(axis=2)).min(axis=1)
    best = int(distance.argmin())
    return int(near[best]) if distance[best] <= tolerance else -1


def paths_in(layer: GraphLayer, rect: QRectF) -> list[str]:
    """Return the nodes that touch a rectangle; expanded blocks only if they lie inside it."""
    arrays = layer.arrays
    found = []
    for row in np.flatnonzero(in_rect(layer.box, rect, 0.0)).tolist():
        kind = arrays.kind[row]
        if kind >= a.INPUT_END:
            continue
        if kind == a.CONTAINER and not rect.contains(QRectF(*layer.box[row].tolist())):
            continue
        found.append(arrays.paths[row])
    return found


def point_in_scope(layer: GraphLayer, scope: str, point: QPointF) -> Point:
    """Return a scene point in the coordinates of a graph, as `at` of its nodes holds them."""
    frame = layer.arrays.frames.get(scope)
    if frame is None:
        return Point(point.x(), point.y())
    flow = frame.flow
    across, along = flow.across(point.x(), point.y()), flow.along(point.x(), point.y())
    folded = frame.room.folded_point(across - frame.origin[0], along - frame.origin[1])
    return Point(folded.x / flow.stretch[0], folded.y / flow.stretch[1])
