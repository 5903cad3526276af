"""Where the nodes of a graph lie: as the design says, laid out, or near their neighbors."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

from designer.design.values import Graph
from designer.gui.canvas.differences import changed_nodes
from designer.gui.canvas.layout import COLUMN_GAP, ROW_GAP, Link, layout
from designer.gui.canvas.measures import END_HEIGHT, END_WIDTH, NODE_HEIGHT, NODE_WIDTH

LARGE = 500  # nodes from which on a layout is computed beside the window's thread

_STEP = NODE_WIDTH + COLUMN_GAP
_PITCH = NODE_HEIGHT + ROW_GAP


class Places(NamedTuple):
    """The nodes of a graph, then its ends, with the x of each center and the y of each top."""

    names: tuple[str, ...]
    points: np.ndarray

    def at(self) -> dict[str, tuple[float, float]]:
        """Return the places by name."""
        return {name: (x, y) for name, (x, y) in zip(self.names, self.points.tolist(), strict=True)}


def place(graph: Graph, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()) -> Places:
    """Return the places of a graph and of the ends of its block; the same for the same graph."""
    names = (*inputs, *graph.nodes, *outputs)
    stored = {name: node.at for name, node in graph.nodes.items() if node.at is not None}
    if not stored:
        return Places(names, arranged(graph, inputs, outputs))
    known = {name: (float(x), float(y)) for name, (x, y) in stored.items()}
    ends = set(inputs) | set(outputs)
    _put_near(graph, known, [name for name in graph.nodes if name not in known])
    _put_ends(graph, known, inputs, outputs)
    assert ends <= known.keys()
    return Places(names, np.array([known[name] for name in names], dtype=float).reshape(-1, 2))


def arranged(
    graph: Graph, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()
) -> np.ndarray:
    """Return the places that the layout gives, whatever the design says."""
    names = (*inputs, *graph.nodes, *outputs)
    number = {name: place for place, name in enumerate(names)}
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
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for edge in graph.edges:
        before.setdefault(edge.target, []).append(edge.source)
        after.setdefault(edge.source, []).append(edge.target)
    return before, after


def _put_near(graph: Graph, known: dict[str, tuple[float, float]], missing: list[str]) -> None:
    """Place nodes below their sources or above their readers, beside what is there already."""
    if not missing:
        return
    before, after = _neighbors(graph)
    taken = _Taken(known)
    waiting = missing
    while waiting:
        left = []
        for name in waiting:
            sources = [known[each] for each in before.get(name, ()) if each in known]
            readers = [known[each] for each in after.get(name, ()) if each in known]
            if sources:
                x = sum(each[0] for each in sources) / len(sources)
                y = max(each[1] for each in sources) + _PITCH
            elif readers:
                x = sum(each[0] for each in readers) / len(readers)
                y = min(each[1] for each in readers) - _PITCH
            else:
                left.append(name)
                continue
            known[name] = taken.free(x, y)
        if len(left) == len(waiting):  # nodes without a neighbor that has a place
            bottom = max((y for _, y in known.values()), default=-_PITCH)
            known[left[0]] = taken.free(0.0, bottom + _PITCH)
            left = left[1:]
        waiting = left


class _Taken:
    """The cells of a grid that nodes touch, to find free places quickly."""

    def __init__(self, known: Mapping[str, tuple[float, float]]) -> None:
        self.cells: dict[tuple[int, int], list[tuple[float, float]]] = {}
        for point in known.values():
            self._add(point)

    def free(self, x: float, y: float) -> tuple[float, float]:
        """Return the free place in this row that is nearest to x, and take it."""
        step = 0
        while True:
            way = (step + 1) // 2 * _STEP * (1 if step % 2 else -1)
            if not self._hits(x + way, y):
                self._add((x + way, y))
                return x + way, y
            step += 1

    def _add(self, point: tuple[float, float]) -> None:
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
        return int(x // _STEP), int(y // _PITCH)


def _put_ends(
    graph: Graph,
    known: dict[str, tuple[float, float]],
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
) -> None:
    """Place a block's inputs above and its outputs below everything."""
    if not inputs and not outputs:
        return
    before, after = _neighbors(graph)
    inner = [known[name] for name in graph.nodes if name in known] or [(0.0, 0.0)]
    top = min(y for _, y in inner) - END_HEIGHT - ROW_GAP
    bottom = max(y for _, y in inner) + _PITCH
    middle = (min(x for x, _ in inner) + max(x for x, _ in inner)) / 2
    for names, near, y in ((inputs, after, top), (outputs, before, bottom)):
        last = -np.inf
        wishes = {}
        for name in names:
            xs = [known[each][0] for each in near.get(name, ()) if each in graph.nodes]
            wishes[name] = min(xs, key=lambda x: abs(x - middle)) if xs else middle
        for name in names:
            x = max(wishes[name], last + END_WIDTH + COLUMN_GAP)
            known[name] = (x, y)
            last = x


class Placer(QObject):
    """The places of the graphs of one design, kept while neither names, edges nor places change.

    `ready` is emitted when a large graph has been laid out beside the window's thread.
    """

    ready = Signal()
    _done = Signal(object, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._kept: dict[str | None, tuple[Graph, tuple[str, ...], Places]] = {}
        self._begun: dict[str | None, Graph] = {}
        self._done.connect(self._finish)

    def places(
        self,
        block: str | None,
        graph: Graph,
        inputs: tuple[str, ...] = (),
        outputs: tuple[str, ...] = (),
    ) -> Places:
        """Return where the nodes lie; those of a large new graph follow later."""
        ends = (*inputs, "", *outputs)
        old = self._kept.get(block)
        if old is not None and old[1] == ends and (old[0] is graph or _alike(old[0], graph)):
            self._kept[block] = (graph, ends, old[2])
            return old[2]
        if len(graph.nodes) > LARGE and all(node.at is None for node in graph.nodes.values()):
            return self._later(block, graph, inputs, outputs, old[2] if old else None)
        places = place(graph, inputs, outputs)
        self._kept[block] = (graph, ends, places)
        return places

    def _later(
        self,
        block: str | None,
        graph: Graph,
        inputs: tuple[str, ...],
        outputs: tuple[str, ...],
        old: Places | None,
    ) -> Places:
        begun = self._begun.get(block)
        if begun is None or not (begun is graph or _alike(begun, graph)):
            self._begun[block] = graph
            what = (graph, inputs, outputs)
            # The job holds on to this object, which could otherwise be gone when it is done.
            job = QRunnable.create(lambda: self._done.emit(block, what, arranged(*what)))
            QThreadPool.globalInstance().start(job)
        if old is None:
            return Places((), np.zeros((0, 2)))
        names = (*inputs, *graph.nodes, *outputs)
        row = {name: row for row, name in enumerate(old.names)}
        if all(name in row for name in names):  # some were removed
            return Places(names, old.points[[row[name] for name in names]])
        known = old.at()
        _put_near(graph, known, [name for name in names if name not in known])
        return Places(names, np.array([known[name] for name in names], dtype=float))

    def _finish(
        self,
        block: str | None,
        what: tuple[Graph, tuple[str, ...], tuple[str, ...]],
        points: np.ndarray,
    ) -> None:
        graph, inputs, outputs = what
        if self._begun.get(block) is graph:
            del self._begun[block]
        names = (*inputs, *graph.nodes, *outputs)
        self._kept[block] = (graph, (*inputs, "", *outputs), Places(names, points))
        self.ready.emit()


def _alike(one: Graph, two: Graph) -> bool:
    """Tell whether two graphs have the same names, edges and places."""
    return (
        (one.edges is two.edges or one.edges == two.edges)
        and list(one.nodes) == list(two.nodes)
        and all(one.nodes[name].at == two.nodes[name].at for name in changed_nodes(one, two))
    )
