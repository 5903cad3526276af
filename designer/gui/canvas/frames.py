"""Which graphs are drawn and where: the graph that is shown, and the blocks expanded inside it.

The coordinates of a frame are those of its graph with all blocks folded. An expanded block gets the
room it needs by moving the nodes around it, on the canvas only and never in the design.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import compress
from operator import is_not

import numpy as np

from designer.analysis.analysis import Analysis
from designer.analysis.evaluation.results import GraphResult
from designer.design.values import BlockNode, Design, Edge, Graph, Point
from designer.gui.canvas.differences import NodeDifferences
from designer.gui.canvas.flow import DOWN, Flow
from designer.gui.canvas.measures import ROOM
from designer.gui.canvas.positions import PositionCache, Positions
from designer.gui.documents import graph_paths as paths


@dataclass(frozen=True)
class Container:
    """An expanded block: its position when folded, and how far it extends from there.

    As all numbers of this module they are flow coordinates: x is across the flow, y along it.
    """

    name: str
    x: float
    y: float
    left: float
    right: float
    height: float


class Room:
    """Moves nodes aside for expanded blocks: those below go down, those beside go outwards."""

    def __init__(self, containers: list[Container], flow: Flow = DOWN) -> None:
        self.containers = containers
        self.width, self.height = flow.node
        bands: list[list[Container]] = []
        for each in sorted(containers, key=lambda container: container.y):
            if bands and each.y < bands[-1][-1].y + self.height:
                bands[-1].append(each)
            else:
                bands.append([each])
        self.bands = [
            (band[-1].y, max(each.y + each.height for each in band) - band[-1].y - self.height)
            for band in bands
        ]

    def moved(self, points: np.ndarray) -> np.ndarray:
        """Return where points of the folded graph are drawn, (n, 2)."""
        if not self.containers:
            return points
        moved = points.copy()
        for each in self.containers:
            beside = np.abs(points[:, 1] - each.y) < self.height
            outwards = each.right - self.width / 2 + ROOM
            moved[beside & (points[:, 0] > each.x), 0] += outwards
            outwards = each.left - self.width / 2 + ROOM
            moved[beside & (points[:, 0] < each.x), 0] -= outwards
        for last, push in self.bands:
            moved[points[:, 1] > last + 0.5, 1] += push + ROOM
        return moved

    def folded_point(self, x: float, y: float) -> Point:
        """Return the point of the folded graph that is drawn at x, y."""
        pushed = 0.0
        for last, push in self.bands:
            top = last + pushed
            if y <= top + self.height:
                break
            pushed += push + ROOM
            if y < last + pushed + self.height:  # beside or inside the expanded block
                return Point(x, last + self.height)
        y -= pushed
        for each in self.containers:
            if abs(y - each.y) < self.height:
                if x > each.x + each.right:
                    x -= each.right - self.width / 2 + ROOM
                elif x < each.x - each.left:
                    x += each.left - self.width / 2 + ROOM
        return Point(x, y)


@dataclass(eq=False)
class Frame:
    """A graph as it is drawn.

    Attributes
    ----------
    scope, block
        The graph's path, and the name of its block; None for the design's own graph.
    whole, graph
        The graph as the design has it, and as it is drawn: nodes that are absent in this use are
        left out, and edges lead past them unless absent nodes are shown.
    result
        What the analysis found of this use of the graph; None if it was not analyzed.
    depth
        The number of expanded blocks around it.
    flow
        The direction in which it is drawn.
    positions
        The layout positions with all blocks folded.
    differences
        Compares the graph with that of an earlier frame.
    boxes
        Where nodes and ends are drawn, relative to `origin`: x, y, width, height, (n, 4), in flow
        coordinates.
    anchors
        The x of the middle of each one's ports, relative to `origin`.
    origin
        Where the frame's coordinates begin in those of the scene.
    """

    scope: str
    block: str | None
    whole: Graph
    graph: Graph
    result: GraphResult | None
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    depth: int
    flow: Flow
    positions: Positions
    differences: NodeDifferences
    children: dict[str, "Frame"] = field(default_factory=dict)
    room: Room = field(default_factory=lambda: Room([]))
    boxes: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))
    anchors: np.ndarray = field(default_factory=lambda: np.zeros(0))
    origin: tuple[float, float] = (0.0, 0.0)

    @property
    def names(self) -> tuple[str, ...]:
        """The block's inputs, the nodes and the block's outputs, in the order of `boxes`."""
        return self.positions.names

    def design_edge(self, drawn: Edge) -> Edge:
        """Return the edge of the design that enters the same port as a drawn one."""
        return _into_port(self.whole, self.graph, drawn) or drawn

    def drawn_edge(self, edge: Edge) -> Edge:
        """Return the drawn edge that enters the same port as one of the design."""
        return _into_port(self.graph, self.whole, edge) or edge

    def hidden_between(self, names: Collection[str]) -> list[str]:
        """Return the absent nodes that are not drawn and lie between some nodes."""
        if self.graph is self.whole:
            return []
        drawn = self.graph.nodes
        entered = {edge.target: edge.source for edge in self.whole.edges}
        hidden: set[str] = set()
        for edge in self.whole.edges:
            trail, name = [], edge.source
            while name in self.whole.nodes and name not in drawn and name not in trail:
                trail.append(name)
                name = entered.get(name, "")
            if edge.target in names and name in names:
                hidden.update(trail)
        return [name for name in self.whole.nodes if name in hidden]

    def walk(self) -> Iterator["Frame"]:
        """Yield this frame and all frames inside it."""
        yield self
        for child in self.children.values():
            yield from child.walk()


def _into_port(wanted: Graph, other: Graph, edge: Edge) -> Edge | None:
    """Return the edge of `wanted` into the port that an edge of `other` enters."""
    if wanted is other:
        return edge
    return next((each for each in wanted.edges if each[2:] == edge[2:]), None)


def kinds_may_differ(before: Frame, after: Frame) -> bool:
    """Tell whether a node of `after` may be of another kind or at another depth than before."""
    return (
        before.graph is not after.graph
        or before.names is not after.names
        or before.depth != after.depth
        or bool(before.children)
        or bool(after.children)
    )


def nodes_written_differently(before: Frame, after: Frame) -> list[str]:
    """Return the nodes whose caption may have changed: another value or another result."""
    names = after.differences.changed(before.graph, after.graph)
    one, two = before.result, after.result
    if one is two:
        return names
    if one is None or two is None or list(one.nodes) != list(two.nodes):
        return list(after.names)
    differs = map(is_not, one.nodes.values(), two.nodes.values())
    drawn = after.graph.nodes
    return names + [name for name in compress(two.nodes, differs) if name in drawn]


def build(
    design: Design,
    analysis: Analysis,
    scope: str,
    expanded: frozenset[str],
    cache: PositionCache,
    *,
    absent: bool = False,
    flow: Flow = DOWN,
) -> Frame | None:
    """Return the frame of the graph at `scope` with the frames of expanded blocks inside it.

    None if the design has no such graph. Nodes that are absent with the present arguments are
    drawn if `absent` is set.
    """
    if paths.graph_at(design, scope) is None:
        return None
    return _Builder(design, analysis, expanded, cache, absent, flow).frame(scope, 0)


class _Builder:
    def __init__(
        self,
        design: Design,
        analysis: Analysis,
        expanded: frozenset[str],
        cache: PositionCache,
        absent: bool,
        flow: Flow,
    ) -> None:
        self.design = design
        self.analysis = analysis
        self.cache = cache
        self.absent = absent
        self.flow = flow
        self.within: dict[str, list[str]] = {}
        for path in expanded:
            self.within.setdefault(paths.parent(path), []).append(paths.name_of(path))

    def frame(self, scope: str, depth: int) -> Frame:
        found = paths.graph_at(self.design, scope)
        assert found is not None
        block, whole = found
        inputs, outputs = paths.ends_of(self.design, block)
        result = self._result(scope)
        absent: tuple[str, ...] = ()
        if result is not None and not result.unconditional and not self.absent:
            there = result.wiring.graph.nodes
            absent = tuple([name for name in whole.nodes if name not in there])
        bridged = result.wiring.bridged if result is not None else ()
        graph = self.cache.present(block, whole, absent, bridged)
        frame = Frame(
            scope,
            block,
            whole,
            graph,
            result,
            inputs,
            outputs,
            depth,
            self.flow,
            self.cache.positions(block, graph, inputs, outputs, absent=absent),
            self.cache.differences,
        )
        for name in sorted(self.within.get(scope, ())):
            node = graph.nodes.get(name)
            if isinstance(node, BlockNode) and node.block in self.design.blocks:
                inside = paths.inside(self.analysis, paths.join(scope, name))
                frame.children[name] = self.frame(inside, depth + 1)
        self._arrange(frame)
        return frame

    def _result(self, scope: str) -> GraphResult | None:
        if not scope:
            return self.analysis.top
        result = self.analysis.node(scope)
        return result.inside if result is not None else None

    def _arrange(self, frame: Frame) -> None:
        """Find where everything in a frame is drawn, with room for the frames inside it."""
        flow = frame.flow
        points = flow.stretched(frame.positions.points)
        number = {name: row for row, name in enumerate(frame.names)} if frame.children else {}
        containers = []
        for name, child in frame.children.items():
            if name in number:
                x, y = points[number[name]].tolist()
                containers.append(Container(name, x, y, *_reach(child)))
        frame.room = Room(containers, flow)
        points = frame.room.moved(points)
        count, first, last = len(points), len(frame.inputs), len(frame.outputs)
        boxes = np.empty((count, 4))
        boxes[:, 2:] = flow.node
        ends = np.r_[0:first, count - last : count] if count else np.zeros(0, dtype=int)
        boxes[ends, 2:] = flow.end_size
        boxes[:, 0] = points[:, 0] - boxes[:, 2] / 2
        boxes[:, 1] = points[:, 1]
        anchors = points[:, 0].copy()
        for each in containers:
            row = number[each.name]
            x, y = points[row].tolist()
            boxes[row] = x - each.left, y, each.left + each.right, each.height
            child = frame.children[each.name]
            child.origin = _origin(child, x, y)
            if max(len(child.inputs), len(child.outputs)) > 1:
                anchors[row] = x + (each.right - each.left) / 2
        frame.boxes, frame.anchors = boxes, anchors
        for child in frame.children.values():
            _put_ends_on_border(child)
        if frame.depth == 0:
            _make_origins_absolute(frame)


def _inner(frame: Frame) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of a frame's nodes without the ends of its block."""
    boxes = frame.boxes[len(frame.inputs) : len(frame.boxes) - len(frame.outputs)]
    if not len(boxes):
        return 0.0, 0.0, 0.0, 24.0
    low, high = boxes[:, :2].min(axis=0), (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _middle(frame: Frame) -> float:
    """Return the x in a frame that is drawn below its block's ports."""
    left, _, right, _ = _inner(frame)
    if len(frame.inputs) == 1 and len(frame.positions.points):
        x = float(frame.positions.points[0, 0]) * frame.flow.stretch[0]
        return min(max(x, left), right)
    return (left + right) / 2


def _reach(frame: Frame) -> tuple[float, float, float]:
    """Return how far a container extends to the left and right of its ports, and its height."""
    left, top, right, bottom = _inner(frame)
    middle, flow = _middle(frame), frame.flow
    to_left, to_right = middle - left + flow.low, right - middle + flow.high
    to_right += max(0.0, flow.least_across - to_left - to_right)
    return to_left, to_right, max(flow.start + bottom - top + flow.end, flow.least_along)


def _origin(frame: Frame, x: float, y: float) -> tuple[float, float]:
    """Return a frame's origin if the ports of its container are at x and its top is at y."""
    return x - _middle(frame), y + frame.flow.start - _inner(frame)[1]


def _put_ends_on_border(frame: Frame) -> None:
    """Put the inputs and outputs of an expanded block on its border, as boxes without area."""
    first = _inner(frame)[1] - frame.flow.start
    to_left, to_right, height = _reach(frame)
    middle, width = _middle(frame), to_left + to_right
    if max(len(frame.inputs), len(frame.outputs)) > 1:
        middle += (to_right - to_left) / 2
    count = len(frame.boxes)
    for names, rows, y in (
        (frame.inputs, range(len(frame.inputs)), first),
        (frame.outputs, range(count - len(frame.outputs), count), first + height),
    ):
        for port, row in enumerate(rows):
            x = middle + (port - (len(names) - 1) / 2) * width / (len(names) + 1)
            frame.boxes[row] = x, y, 0.0, 0.0
            frame.anchors[row] = x


def _make_origins_absolute(frame: Frame) -> None:
    """Turn the origins of inner frames, relative to the frame around each, into scene points."""
    for child in frame.children.values():
        child.origin = (child.origin[0] + frame.origin[0], child.origin[1] + frame.origin[1])
        _make_origins_absolute(child)
