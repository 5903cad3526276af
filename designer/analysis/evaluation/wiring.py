"""How a graph is wired once its arguments are known: what is there, its order, its readers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from designer.analysis.evaluation.memory_plan import MemoryPlan
from designer.design.values import BlockNode, Edge, Graph, LayerNode, Node
from designer.layers.catalogue import layer_types
from designer.layers.memory_signature import MemorySignature
from designer.layers.ports import Input, Output

_PORTS = (Input.__name__, Output.__name__)

Source: TypeAlias = tuple[str, int]
"""A node (or a block's input) and its output port."""
Sources: TypeAlias = Mapping[str, tuple[Source | None, ...]]
Targets: TypeAlias = Mapping[str, tuple[str, ...]]


class Ends(NamedTuple):
    """The names of a block's inputs and outputs."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


NO_ENDS = Ends((), ())
"""Those of a design's own graph, whose inputs and outputs are nodes."""
CHAIN = Ends(("x",), ("y",))
"""Those of a block's uses one behind the other."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """The edges of a graph, from every side they are asked for.

    Attributes
    ----------
    order
        The nodes so that each comes after its sources, otherwise as written; without cyclic ones.
    sources
        For each node or block output, the source of each input port, None where it has no edge.
    readers
        How many edges leave each output port.
    targets
        The nodes that read a node, each once.
    cyclic
        The nodes that lie on a cycle or behind one.
    cycle
        One cycle, for words.
    numbers
        Those of the tensors, from 1 on: a block's inputs, the first output of each node in order,
        other outputs that are read.
    reads
        For each node in order, the numbers of the tensors that enter it, 0 where none does.
    unread
        The nodes of which nobody reads the first output.
    ends
        The names of the inputs and outputs of a block.
    ports
        The Input and Output nodes of a design, as written.
    plain
        Whether every node of the design is there, and once: none has a `when` or `repeat`.
    plans
        What was worked out of the memory of the graph, by the forms of its nodes.
    """

    graph: Graph
    order: tuple[str, ...]
    sources: Sources
    readers: Mapping[Source, int]
    targets: Targets
    cyclic: frozenset[str]
    cycle: tuple[str, ...]
    numbers: "Numbers"
    reads: Sequence[tuple[int, ...]]
    unread: tuple[str, ...]
    ends: Ends
    ports: tuple[str, ...] = ()
    plain: bool = False
    plans: dict[tuple[MemorySignature, ...], MemoryPlan] = field(
        default_factory=dict, compare=False
    )

    def of(self, graph: Graph) -> "Wiring":
        """Return the wiring of a graph with the same edges, names, Input and Output nodes."""
        return replace(self, graph=graph)


class Numbers(NamedTuple):
    """Numbers of the tensors of a graph.

    Attributes
    ----------
    start
        That of the first node's first output; before come the block's inputs, 0 is no tensor.
    first, others
        Those of the block's inputs and of each node's first output, and of other outputs.
    """

    start: int
    first: Mapping[str, int]
    others: Mapping[Source, int]

    @property
    def total(self) -> int:
        """How many numbers there are, 0 included."""
        return 1 + len(self.first) + len(self.others)

    def of(self, source: Source | None) -> int:
        """Return a tensor's number; 0 for none and for one on a cycle."""
        if source is None:
            return 0
        number = self.others.get(source) if source[1] else None
        return self.first.get(source[0], 0) if number is None else number


def wire(graph: Graph, ends: Ends, *, plain: bool = False) -> Wiring:
    """Sort out the edges of a graph whose nodes are all there; `plain` is as in `Wiring`."""
    nodes = graph.nodes
    sources: dict[str, tuple[Source | None, ...]] = dict.fromkeys((*nodes, *ends.outputs), ())
    targets: dict[str, tuple[str, ...]] = dict.fromkeys((*ends.inputs, *nodes), ())
    readers: dict[Source, int] = {}
    many: dict[str, list[str]] = {}
    place = dict(zip(nodes, range(len(nodes)), strict=True))
    ordered = True
    for name, port, target, target_port in graph.edges:
        source = (name, port)
        known = sources[target]
        if not known and not target_port:
            sources[target] = (source,)
        elif target_port == len(known):
            sources[target] = (*known, source)
        else:
            sources[target] = _placed(known, target_port, source)
        readers[source] = readers.get(source, 0) + 1
        if not targets[name]:
            targets[name] = (target,)
        else:
            many.setdefault(name, [*targets[name]]).append(target)
        if place.get(name, -1) >= place.get(target, len(place)):
            ordered = False
    for name, each in many.items():
        targets[name] = tuple(dict.fromkeys(each))
    order = tuple(nodes) if ordered else _order(place, sources, targets)
    cyclic = frozenset(nodes.keys() - set(order)) if len(order) < len(nodes) else _NO_CYCLE
    cycle = _cycle([name for name in nodes if name in cyclic], sources) if cyclic else ()
    names = (*ends.inputs, *order)
    first = dict(zip(names, range(1, len(names) + 1), strict=True))
    others: dict[Source, int] = {}
    for source in readers:
        if source[1] and source[0] not in ends.inputs:
            others[source] = 1 + len(first) + len(others)
    numbers = Numbers(1 + len(ends.inputs), first, others)
    if others or cyclic:
        reads = [tuple(map(numbers.of, sources[name])) for name in order]
    else:
        reads = [tuple([first[each[0]] if each else 0 for each in sources[name]]) for name in order]
    ports = tuple([name for name, node in nodes.items() if is_port(node)])
    return Wiring(
        graph,
        order,
        sources,
        readers,
        targets,
        cyclic,
        cycle,
        numbers,
        reads,
        tuple([name for name in nodes if (name, 0) not in readers]),
        ends,
        ports,
        plain,
    )


def is_port(node: Node) -> bool:
    """Tell whether a node is an Input or Output of a design."""
    return isinstance(node, LayerNode) and node.layer in _PORTS


_NO_CYCLE: frozenset[str] = frozenset()


def _placed(
    ports: tuple[Source | None, ...], port: int, source: Source
) -> tuple[Source | None, ...]:
    """Return input ports with one more that is entered."""
    longer = [*ports, *[None] * (port + 1 - len(ports))]
    longer[port] = source
    return tuple(longer)


@lru_cache(maxsize=64)
def chain(block: str, times: int) -> Wiring:
    """Return the wiring of a block's uses one behind the other, from x to y."""
    steps = tuple(map(str, range(times)))
    stops = ("x", *steps, "y")
    links = [*pairwise(stops)]
    sources = [(stop, 0) for stop in stops[:-1]]
    return Wiring(
        Graph(
            dict.fromkeys(steps, BlockNode(block)),
            tuple([Edge(one, 0, two, 0) for one, two in links]),
        ),
        steps,
        {stop: (source,) for stop, source in zip(stops[1:], sources, strict=True)},
        dict.fromkeys(sources, 1),
        {one: (two,) for one, two in links},
        _NO_CYCLE,
        (),
        Numbers(2, dict(zip(stops[:-1], range(1, times + 2), strict=True)), {}),
        [(number,) for number in range(1, times + 1)],
        (),
        CHAIN,
    )


def _order(place: Mapping[str, int], sources: Sources, targets: Targets) -> tuple[str, ...]:
    """Return the nodes after their sources, as early as they were written; none on a cycle.

    Kahn's algorithm; of the nodes that are ready, the first written one goes on.
    """
    names = [*place]
    left = {
        name: len({each[0] for each in sources[name] if each is not None and each[0] in place})
        for name in names
    }
    ready = [place[name] for name in names if not left[name]]
    heapify(ready)
    order = []
    while ready:
        name = names[heappop(ready)]
        order.append(name)
        for target in targets[name]:
            if target in left:
                left[target] -= 1
                if not left[target]:
                    heappush(ready, place[target])
    return tuple(order)


def _cycle(cyclic: Sequence[str], sources: Sources) -> tuple[str, ...]:
    """Return a cycle among nodes each of which has a source among them, the first one first."""
    some = set(cyclic)
    alias: list[str] = []
    name = cyclic[0]
    while name not in alias:
        alias.append(name)
        name = next(each[0] for each in sources[name] if each is not None and each[0] in some)
    cycle = alias[alias.index(name) :][::-1]
    start = cycle.index(min(cycle, key=cyclic.index))
    return (*cycle[start:], *cycle[:start])


def without(graph: Graph, gone: Iterable[str], passed: Iterable[str]) -> Graph:
    """Take nodes out of a graph: `gone` with their edges, `passed` leaving a wire behind.

    A join whose inputs have become fewer moves the remaining ones up.
    """
    removed, wires = set(gone), set(passed)
    absent = removed | wires
    entering = {edge.target: edge for edge in graph.edges if edge.target in wires}
    behind: dict[str, Edge | None] = dict.fromkeys(removed)
    edges: list[Edge] = []
    shrunk = set()
    for edge in graph.edges:
        source, _, target, _ = edge
        if target in absent:
            continue
        if source not in absent:
            edges.append(edge)
            continue
        alias: list[str] = []
        start: Edge | None = edge
        while start is not None and start.source in wires and start.source not in behind:
            alias.append(start.source)
            behind[start.source] = None  # for the case that they lie on a cycle
            start = entering.get(start.source)
        if start is not None and start.source in behind:
            start = behind[start.source]
        behind.update(dict.fromkeys(alias, start))
        if start is None:
            shrunk.add(target)
        else:
            edges.append(Edge(start.source, start.source_port, target, edge.target_port))
    joins = {name for name in shrunk if _is_join(graph.nodes.get(name))}
    if joins:
        edges = _moved_up(edges, joins)
    nodes = {name: node for name, node in graph.nodes.items() if name not in absent}
    return Graph(nodes, tuple(edges))


def _moved_up(edges: list[Edge], joins: set[str]) -> list[Edge]:
    """Close the gaps between the ports that edges enter."""
    entered: dict[str, list[int]] = {}
    for edge in edges:
        if edge.target in joins:
            entered.setdefault(edge.target, []).append(edge.target_port)
    places = {
        name: {port: place for place, port in enumerate(sorted(ports))}
        for name, ports in entered.items()
    }
    return [
        edge._replace(target_port=places[edge.target][edge.target_port])
        if edge.target in joins
        else edge
        for edge in edges
    ]


def _is_join(node: Node | None) -> bool:
    if node is None or isinstance(node, BlockNode):
        return False
    layer = layer_types().get(node.layer)
    return layer is not None and layer.inputs[0] != layer.inputs[1]
