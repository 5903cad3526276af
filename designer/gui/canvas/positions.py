"""Where the nodes of a graph lie: as the design says, near their neighbors, or laid out."""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

from designer.analysis.evaluation.wiring import without_nodes
from designer.design.values import Graph
from designer.gui.canvas.differences import NodeDifferences
from designer.gui.canvas.layout import COLUMN_GAP, layout
from designer.gui.canvas.layout_pieces import Link
from designer.gui.canvas.measures import END_HEIGHT, END_WIDTH, NODE_WIDTH
from designer.gui.documents.spacing import NODE_HEIGHT, ROW_GAP, ROW_PITCH

LARGE = 500
"""Nodes from which on a graph is laid out in a thread: 500 take 2 ms, 10,000 take 50 ms."""

_COLUMN_PITCH = NODE_WIDTH + COLUMN_GAP

Xy: TypeAlias = tuple[float, float]
"""The x of a node's center and the y of its top, as `at` of a node holds them."""
_Ends: TypeAlias = tuple[str, ...]  # names of a block's inputs or outputs
_Key: TypeAlias = tuple[str | None, tuple[str, ...]]  # a block, and the nodes that are absent


class Positions(NamedTuple):
    """The layout positions of a graph's nodes and, around them, of its block's ends.

    Attributes
    ----------
    names
        The block's inputs, the nodes, the block's outputs.
    points
        The x of each center and the y of each top, (n, 2).
    """

    names: tuple[str, ...]
    points: np.ndarray

    def by_name(self) -> dict[str, Xy]:
        """Return the position of each name."""
        return {name: (x, y) for name, (x, y) in zip(self.names, self.points.tolist(), strict=True)}


def graph_positions(graph: Graph, inputs: _Ends = (), outputs: _Ends = ()) -> Positions:
    """Return the positions of a graph's nodes and of its block's ends.

    Where the design stores none, all are laid out; where it stores some, the other nodes are put
    near their neighbors. The result depends on nothing but the arguments.
    """
    names = (*inputs, *graph.nodes, *outputs)
    stored = {name: node.at for name, node in graph.nodes.items() if node.at is not None}
    if not stored:
        return Positions(names, laid_out(graph, inputs, outputs))
    known = {name: (float(x), float(y)) for name, (x, y) in stored.items()}
    _add_near_neighbors(graph, known, [name for name in graph.nodes if name not in known])
    _add_ends(graph, known, inputs, outputs)
    return Positions(names, np.array([known[name] for name in names], dtype=float).reshape(-1, 2))


def laid_out(graph: Graph, inputs: _Ends = (), outputs: _Ends = ()) -> np.ndarray:
    """Return the points that the layout gives, (n, 2), whatever positions the design stores."""
    names = (*inputs, *graph.nodes, *outputs)
    number = {name: row for row, name in enumerate(names)}
    links = [
        Link(number[edge.source], number[edge.target], edge.target_port)
        for edge in graph.edges
        if edge.source in number and edge.target in number
    ]
    ends = {*inputs, *outputs}
    node, end = (NODE_WIDTH, NODE_HEIGHT), (END_WIDTH, END_HEIGHT)
    sizes = [end if name in ends else node for name in names]
    return np.array(layout(sizes, links), dtype=float).reshape(-1, 2)


def _neighbors(graph: Graph) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return the sources and the readers of each node."""
    sources: dict[str, list[str]] = {}
    readers: dict[str, list[str]] = {}
    for edge in graph.edges:
        sources.setdefault(edge.target, []).append(edge.source)
        readers.setdefault(edge.source, []).append(edge.target)
    return sources, readers


def _add_near_neighbors(graph: Graph, known: dict[str, Xy], missing: list[str]) -> None:
    """Put nodes below their sources or above their readers, beside nodes that lie there already."""
    if not missing:
        return
    sources_of, readers_of = _neighbors(graph)
    occupied = _Occupied(known)
    waiting = missing
    while waiting:
        left = []
        for name in waiting:
            sources = [known[each] for each in sources_of.get(name, ()) if each in known]
            readers = [known[each] for each in readers_of.get(name, ()) if each in known]
            if sources:
                x = sum(each[0] for each in sources) / len(sources)
                y = max(each[1] for each in sources) + ROW_PITCH
            elif readers:
                x = sum(each[0] for each in readers) / len(readers)
                y = min(each[1] for each in readers) - ROW_PITCH
            else:
                left.append(name)
                continue
            known[name] = occupied.take_free(x, y)
        if len(left) == len(waiting):  # none of them has a neighbor with a position
            bottom = max((y for _, y in known.values()), default=-ROW_PITCH)
            known[left[0]] = occupied.take_free(0.0, bottom + ROW_PITCH)
            left = left[1:]
        waiting = left


class _Occupied:
    """The positions in use, in the cells of a grid so that free ones are found quickly."""

    def __init__(self, known: Mapping[str, Xy]) -> None:
        self.cells: dict[tuple[int, int], list[Xy]] = {}
        for point in known.values():
            self._add(point)

    def take_free(self, x: float, y: float) -> Xy:
        """Return the free position in this row that is nearest to x, which is then in use."""
        step = 0
        while True:
            offset = (step + 1) // 2 * _COLUMN_PITCH * (1 if step % 2 else -1)
            if not self._hits(x + offset, y):
                self._add((x + offset, y))
                return x + offset, y
            step += 1

    def _add(self, point: Xy) -> None:
        self.cells.setdefault(self._cell(*point), []).append(point)

    def _hits(self, x: float, y: float) -> bool:
        column, row = self._cell(x, y)
        return any(
            abs(px - x) < NODE_WIDTH + COLUMN_GAP / 3 and abs(py - y) < NODE_HEIGHT + ROW_GAP / 3
            for c in (column - 1, column, column + 1)
            for r in (row - 1, row, row + 1)
            for px, py in self.cells.get((c, r), ())
        )

    @staticmethod
    def _cell(x: float, y: float) -> tuple[int, int]:
        return int(x // _COLUMN_PITCH), int(y // ROW_PITCH)


def _add_ends(graph: Graph, known: dict[str, Xy], inputs: _Ends, outputs: _Ends) -> None:
    """Put a block's inputs above and its outputs below all nodes."""
    if not inputs and not outputs:
        return
    sources, readers = _neighbors(graph)
    inner = [known[name] for name in graph.nodes if name in known] or [(0.0, 0.0)]
    top = min(y for _, y in inner) - END_HEIGHT - ROW_GAP
    bottom = max(y for _, y in inner) + ROW_PITCH
    middle = (min(x for x, _ in inner) + max(x for x, _ in inner)) / 2
    for names, near, y in ((inputs, readers, top), (outputs, sources, bottom)):
        last = -np.inf
        for name in names:
            xs = [known[each][0] for each in near.get(name, ()) if each in graph.nodes]
            wanted = min(xs, key=lambda x: abs(x - middle)) if xs else middle
            last = max(wanted, last + END_WIDTH + COLUMN_GAP)
            known[name] = (last, y)


class PositionCache(QObject):
    """The layout positions of one design's graphs, computed again only if they may have changed.

    One entry for each block of the design and one for its own graph; more of them where uses of a
    block differ in the nodes that are absent.

    Signals
    -------
    ready()
        A large graph has been laid out in its thread.
    """

    ready = Signal()
    _done = Signal(object, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.differences = NodeDifferences()
        self._present: dict[_Key, tuple[Graph, tuple[str, ...], Graph]] = {}
        self._cached: dict[_Key, tuple[Graph, tuple[str, ...], Positions]] = {}
        self._begun: dict[_Key, Graph] = {}
        self._done.connect(self._finish)  # type: ignore[call-overload]  # the stub knows no types but object

    def present(
        self, block: str | None, graph: Graph, absent: tuple[str, ...], bridged: tuple[str, ...]
    ) -> Graph:
        """Return a graph without its absent nodes; edges lead past the bridged ones.

        As long as nothing changes it is the same object, so that nothing is drawn again.
        """
        if not absent:
            return graph
        known = self._present.get((block, absent))
        if known is None or known[0] is not graph or known[1] != bridged:
            gone = set(absent).difference(bridged)
            known = graph, bridged, without_nodes(graph, gone, bridged, close_gaps=False)
            self._present[block, absent] = known
        return known[2]

    def positions(
        self,
        block: str | None,
        graph: Graph,
        inputs: _Ends = (),
        outputs: _Ends = (),
        *,
        absent: tuple[str, ...] = (),
    ) -> Positions:
        """Return where the nodes of a block's graph, or of the design's own, lie.

        `absent` are the nodes of the design that the graph is without.

        A large graph without stored positions is laid out in a thread: until `ready` the answer
        is what is known of it, at first nothing.
        """
        ends = (*inputs, "", *outputs)
        key = block, absent
        old = self._cached.get(key)
        if old is not None and old[1] == ends and self._same_layout(old[0], graph):
            self._cached[key] = (graph, ends, old[2])
            return old[2]
        if len(graph.nodes) > LARGE and all(node.at is None for node in graph.nodes.values()):
            return self._lay_out_later(key, graph, inputs, outputs, old[2] if old else None)
        positions = graph_positions(graph, inputs, outputs)
        self._cached[key] = (graph, ends, positions)
        return positions

    def _lay_out_later(
        self,
        key: _Key,
        graph: Graph,
        inputs: _Ends,
        outputs: _Ends,
        old: Positions | None,
    ) -> Positions:
        begun = self._begun.get(key)
        if begun is None or not self._same_layout(begun, graph):
            self._begun[key] = graph
            request = (graph, inputs, outputs)
            # The job refers to this object, which could otherwise be deleted before it is done.
            job = QRunnable.create(lambda: self._done.emit(key, request, laid_out(*request)))
            QThreadPool.globalInstance().start(job)
        if old is None:
            return Positions((), np.zeros((0, 2)))
        names = (*inputs, *graph.nodes, *outputs)
        row = {name: row for row, name in enumerate(old.names)}
        if all(name in row for name in names):  # some were removed
            return Positions(names, old.points[[row[name] for name in names]])
        known = old.by_name()
        _add_near_neighbors(graph, known, [name for name in names if name not in known])
        return Positions(names, np.array([known[name] for name in names], dtype=float))

    def _finish(self, key: _Key, request: tuple[Graph, _Ends, _Ends], points: np.ndarray) -> None:
        graph, inputs, outputs = request
        if self._begun.get(key) is graph:
            del self._begun[key]
        names = (*inputs, *graph.nodes, *outputs)
        self._cached[key] = (graph, (*inputs, "", *outputs), Positions(names, points))
        self.ready.emit()

    def _same_layout(self, one: Graph, two: Graph) -> bool:
        """Tell whether two graphs have the same names, edges and stored positions."""
        return one is two or (
            (one.edges is two.edges or one.edges == two.edges)
            and list(one.nodes) == list(two.nodes)
            and all(
                one.nodes[name].at == two.nodes[name].at
                for name in self.differences.changed(one, two)
            )
        )
