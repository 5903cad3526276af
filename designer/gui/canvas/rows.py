"""The rows of the drawn nodes and edges, carried over from one state of the design to the next."""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from designer.design.values import Edge
from designer.gui.canvas import wires
from designer.gui.canvas.differences import missing_edges
from designer.gui.canvas.frames import Frame
from designer.gui.documents.graph_paths import join

EdgeKey: TypeAlias = tuple[str, Edge]
"""The path of a graph and one of its edges."""

NODE_COLUMNS = {
    "box": (np.float64, (4,)),  # x, y, width, height
    "anchor": (np.float64, ()),  # the middle of the ports, across the flow
    "kind": (np.uint8, ()),
    "category": (np.uint8, ()),
    "bits": (np.uint16, ()),
    "inputs": (np.int32, ()),  # number of input ports
    "outputs": (np.int32, ()),
    "depth": (np.uint8, ()),
}
EDGE_COLUMNS = {
    "source": (np.int64, ()),  # rows of nodes
    "target": (np.int64, ()),
    "source_port": (np.int32, ()),
    "target_port": (np.int32, ()),
    "wire_bits": (np.uint8, ()),
    "lane": (np.float64, ()),  # the lane, across the flow; NaN for none; see `wires`
    "wire": (np.float64, (wires.POINTS, 2)),
}


class Rows:
    """A row for each drawn node and edge; `NODE_COLUMNS` and `EDGE_COLUMNS` list the arrays.

    Attributes
    ----------
    paths, row
        The path of each node row, and the row of each path.
    keys, edge_row
        The key of each edge row, and the row of each key.
    frames
        The frames that are drawn, by scope.
    rows, edge_rows
        The rows of each frame's names and of its edges, by scope.
    """

    box: np.ndarray
    anchor: np.ndarray
    kind: np.ndarray
    category: np.ndarray
    bits: np.ndarray
    inputs: np.ndarray
    outputs: np.ndarray
    depth: np.ndarray
    source: np.ndarray
    target: np.ndarray
    source_port: np.ndarray
    target_port: np.ndarray
    wire_bits: np.ndarray
    lane: np.ndarray
    wire: np.ndarray

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.row: dict[str, int] = {}
        self.keys: list[EdgeKey] = []
        self.edge_row: dict[EdgeKey, int] = {}
        self.frames: dict[str, Frame] = {}
        self.rows: dict[str, np.ndarray] = {}
        self.edge_rows: dict[str, np.ndarray] = {}
        self._drawn: dict[str, tuple[Edge, ...]] = {}  # the edges of each frame, in row order
        self._stale: set[str] = set()  # scopes whose wires must be computed again
        self._rewired: dict[str, set[str]] = {}  # nodes by scope whose input edges changed
        for name, (kind, shape) in (*NODE_COLUMNS.items(), *EDGE_COLUMNS.items()):
            setattr(self, name, np.zeros((0, *shape), kind))

    def _update_nodes(self, old: Mapping[str, Frame]) -> bool:
        """Add and remove rows of nodes; return whether there were any."""
        gone: list[str] = []
        new: list[str] = []
        for scope, frame in old.items():
            now = self.frames.get(scope)
            if now is None:
                gone += [join(scope, name) for name in frame.names]
            elif now.names is not frame.names and now.names != frame.names:
                names = set(now.names)
                gone += [join(scope, name) for name in frame.names if name not in names]
        for scope, frame in self.frames.items():
            before = old.get(scope)
            if before is None:
                new += [join(scope, name) for name in frame.names]
            elif before.names is not frame.names and before.names != frame.names:
                names = set(before.names)
                new += [join(scope, name) for name in frame.names if name not in names]
        if gone:
            keep = np.ones(len(self.paths), bool)
            keep[[self.row[path] for path in gone]] = False
            self._select_rows(NODE_COLUMNS, keep)
            self.paths = [path for path, stays in zip(self.paths, keep, strict=True) if stays]
            # An edge whose node is gone gets row -1 there; `_update_edges` removes such edges.
            number = np.where(keep, np.cumsum(keep) - 1, -1)
            self.source, self.target = number[self.source], number[self.target]
        if new:
            self._grow(NODE_COLUMNS, len(new))
            self.paths += new
        if gone or new:
            self.row = {path: row for row, path in enumerate(self.paths)}
        for scope, frame in self.frames.items():
            before = old.get(scope)
            if gone or new or before is None or before.names is not frame.names:
                row = self.row
                prefix = f"{scope}." if scope else ""
                rows = [row[prefix + name] for name in frame.names]
                self.rows[scope] = np.array(rows, dtype=np.int64)
        for scope in old.keys() - self.frames.keys():
            del self.rows[scope]
        return bool(gone or new)

    def _update_edges(self, old: Mapping[str, Frame]) -> bool:
        """Add and remove rows of edges; return whether there were any."""
        gone: list[EdgeKey] = []
        new: list[EdgeKey] = []
        drawn: dict[str, tuple[Edge, ...]] = {}
        for scope, frame in self.frames.items():
            before = old.get(scope)
            had = self._drawn.get(scope, ())
            if (
                before is not None
                and before.graph.edges is frame.graph.edges
                and before.names is frame.names
            ):
                drawn[scope] = had
                continue
            names = set(frame.names)
            drawn[scope] = has = tuple(
                [each for each in frame.graph.edges if each[0] in names and each[2] in names]
            )
            gone += [(scope, edge) for edge in missing_edges(had, has)]
            new += [(scope, edge) for edge in missing_edges(has, had)]
        for scope in self._drawn.keys() - self.frames.keys():
            gone += [(scope, edge) for edge in self._drawn[scope]]
            del self.edge_rows[scope]
        for scope, edge in (*gone, *new):
            self._rewired.setdefault(scope, set()).add(edge.target)
        changed = {scope for scope in drawn if drawn[scope] is not self._drawn.get(scope)}
        self._stale |= changed
        self._drawn = drawn
        if gone:
            keep = np.ones(len(self.keys), bool)
            keep[[self.edge_row[key] for key in gone]] = False
            self._select_rows(EDGE_COLUMNS, keep)
            self.keys = [key for key, stays in zip(self.keys, keep, strict=True) if stays]
        if new:
            first = len(self.keys)
            self._grow(EDGE_COLUMNS, len(new))
            self.keys += new
            self.source[first:] = [self.row[join(scope, edge.source)] for scope, edge in new]
            self.target[first:] = [self.row[join(scope, edge.target)] for scope, edge in new]
            self.source_port[first:] = [edge.source_port for _, edge in new]
            self.target_port[first:] = [edge.target_port for _, edge in new]
            self.lane[first:] = self.wire[first:] = np.nan
        if gone or new:
            self.edge_row = {key: row for row, key in enumerate(self.keys)}
        if gone or new or changed:
            for scope, edges in drawn.items():
                rows = [self.edge_row[scope, edge] for edge in edges]
                self.edge_rows[scope] = np.array(rows, dtype=np.int64)
        return bool(gone or new)

    def _select_rows(self, columns: Mapping[str, object], keep: np.ndarray) -> None:
        for name in columns:
            setattr(self, name, getattr(self, name)[keep])

    def _grow(self, columns: Mapping[str, tuple[type, tuple[int, ...]]], count: int) -> None:
        for name, (kind, shape) in columns.items():
            more: np.ndarray = np.zeros((count, *shape), kind)
            setattr(self, name, np.concatenate([getattr(self, name), more]))
