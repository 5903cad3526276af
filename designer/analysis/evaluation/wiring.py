"""The wiring of a graph: forward order, sources and readers of each tensor, cycles.

A worked example, a convolution with a shortcut around it::

    image ─┬─ conv ── add ── scores
           └──────────┘

``order = ("image", "conv", "add", "scores")``
    Each node after its sources.
``sources = {"image": (), "conv": (("image", 0),), "add": (("conv", 0), ("image", 0)), ...}``
    For each node, the node and output port at each of its input ports.
``readers = {("image", 0): 2, ("conv", 0): 1, ("add", 0): 1}``
    How many edges leave each output port.
``targets = {"image": ("conv", "add"), "conv": ("add",), "add": ("scores",), "scores": ()}``
    The nodes that read each node.
``numbers.first = {"image": 1, "conv": 2, "add": 3, "scores": 4}``
    Every tensor has a number, so that what is said of tensors can lie in plain lists. In a block
    the inputs have the first numbers and the nodes follow. 0 means no tensor.
``reads = [(), (1,), (2, 1), (3,)]``
    For each node in forward order, the numbers of the tensors that it reads.
``unread = ("scores",)``, ``ports = ("image", "scores")``
    Nodes whose output nothing reads, and the Input and Output nodes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
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
"""Those of the uses of a repeated block, which run one after the other."""


class Numbers(NamedTuple):
    """The numbers of a graph's tensors.

    Attributes
    ----------
    start
        The number of the first node's first output. A block's inputs have the numbers before it.
    first, others
        The numbers of the block's inputs and of each node's first output, and those of further
        outputs that are read.
    """

    start: int
    first: Mapping[str, int]
    others: Mapping[Source, int]

    @property
    def total(self) -> int:
        """How many numbers there are, 0 included."""
        return 1 + len(self.first) + len(self.others)

    def of(self, source: Source | None) -> int:
        """Return a tensor's number; 0 for no tensor and for one on a cycle."""
        if source is None:
            return 0
        number = self.others.get(source) if source[1] else None
        return self.first.get(source[0], 0) if number is None else number


@dataclass(frozen=True, slots=True)
class Wiring:
    """The edges of a graph, looked up in every direction that is needed.

    Attributes
    ----------
    graph
        The graph without nodes that `when` or `repeat` removes.
    order
        The nodes so that each comes after its sources, otherwise in the order of the file; nodes
        on or behind a cycle are left out.
    sources
        For each node or block output, the source at each input port, None where no edge enters.
    readers
        How many edges leave each output port.
    targets
        The nodes that read a node, each once.
    cyclic
        The nodes that lie on a cycle or behind one.
    cycle
        The nodes of one cycle, for the message; empty without cycles.
    numbers
        The numbers of the tensors.
    reads
        For each node in order, the numbers of the tensors that enter it, 0 where none does.
    unread
        The nodes whose first output nothing reads.
    ends
        The names of the block's inputs and outputs.
    ports
        The Input and Output nodes of a design, in the order of the file.
    unconditional
        Whether every node of the design's graph is there exactly once: none has a `when` or
        `repeat`.
    bridged
        Removed nodes in the place of each of which there is an edge.
    shared
        The nodes that share the weights of another one, with its name.
    memory_plans
        A cache for `memory.memory_plan`, by the memory signatures of the nodes. It is shared by all
        wirings of the same edges.
    """

    graph: Graph
    order: tuple[str, ...]
    sources: Sources
    readers: Mapping[Source, int]
    targets: Targets
    cyclic: frozenset[str]
    cycle: tuple[str, ...]
    numbers: Numbers
    reads: Sequence[tuple[int, ...]]
    unread: tuple[str, ...]
    ends: Ends
    ports: tuple[str, ...] = ()
    unconditional: bool = False
    bridged: tuple[str, ...] = ()
    shared: Mapping[str, str] = field(default_factory=dict)
    memory_plans: dict[tuple[MemorySignature, ...], MemoryPlan] = field(
        default_factory=dict, compare=False
    )

    def of(self, graph: Graph) -> "Wiring":
        """Return the wiring of a graph with the same edges, names, Input and Output nodes."""
        return replace(self, graph=graph)


def wire(
    graph: Graph, ends: Ends, *, unconditional: bool = False, bridged: Sequence[str] = ()
) -> Wiring:
    """Return the wiring of a graph whose nodes all take part.

    Parameters
    ----------
    graph
        The graph, without nodes that `when` or `repeat` removes.
    ends
        The names of the block's inputs and outputs, `NO_ENDS` for a design's own graph.
    unconditional, bridged
        As in `Wiring`.
    """
    nodes = graph.nodes
    sources: dict[str, tuple[Source | None, ...]] = dict.fromkeys((*nodes, *ends.outputs), ())
    targets: dict[str, tuple[str, ...]] = dict.fromkeys((*ends.inputs, *nodes), ())
    readers: dict[Source, int] = {}
    many: dict[str, list[str]] = {}
    position = dict(zip(nodes, range(len(nodes)), strict=True))
    ordered = True
    for name, port, target, target_port in graph.edges:
        source = (name, port)
        known = sources[target]
        if not known and not target_port:
            sources[target] = (source,)
        elif target_port == len(known):
            sources[target] = (*known, source)
        else:
            sources[target] = _with_source(known, target_port, source)
        readers[source] = readers.get(source, 0) + 1
        if not targets[name]:
            targets[name] = (target,)
        else:
            many.setdefault(name, [*targets[name]]).append(target)
        if position.get(name, -1) >= position.get(target, len(position)):
            ordered = False
    for name, each in many.items():
        targets[name] = tuple(dict.fromkeys(each))
    order = tuple(nodes) if ordered else _order(position, sources, targets)
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
        unconditional,
        tuple(bridged),
        {name: node.shares for name, node in nodes.items() if node.shares},
    )


def is_port(node: Node) -> bool:
    """Tell whether a node is an Input or Output layer."""
    return isinstance(node, LayerNode) and node.layer in _PORTS


_NO_CYCLE: frozenset[str] = frozenset()


def _with_source(
    ports: tuple[Source | None, ...], port: int, source: Source
) -> tuple[Source | None, ...]:
    """Return the sources of a node with the one at another port added."""
    longer = [*ports, *[None] * (port + 1 - len(ports))]
    longer[port] = source
    return tuple(longer)


@lru_cache(maxsize=64)
def chain(block: str, times: int) -> Wiring:
    """Return the wiring of a block's uses that run one after the other, from x to y.

    The cache holds a few repeat counts of a few blocks, each of at most `MAX_REPEAT` steps.
    Without it, an analysis of ResNet-152 takes 1.7 instead of 1.3 ms.
    """
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


def _order(position: Mapping[str, int], sources: Sources, targets: Targets) -> tuple[str, ...]:
    """Return the nodes in topological order, those on or behind a cycle left out.

    Kahn's algorithm. Of the nodes that are ready, the one that comes first in the file is next, as
    in networkx's ``lexicographical_topological_sort``, which takes many times as long and whose
    import takes 0.1 s; a test compares the two.

    Parameters
    ----------
    position
        The position of each node in the file.
    sources, targets
        As in `Wiring`.
    """
    names = [*position]
    left = {
        name: len({each[0] for each in sources[name] if each is not None and each[0] in position})
        for name in names
    }
    ready = [position[name] for name in names if not left[name]]
    heapify(ready)
    order = []
    while ready:
        name = names[heappop(ready)]
        order.append(name)
        for target in targets[name]:
            if target in left:
                left[target] -= 1
                if not left[target]:
                    heappush(ready, position[target])
    return tuple(order)


def _cycle(cyclic: Sequence[str], sources: Sources) -> tuple[str, ...]:
    """Return one cycle, beginning with its node that comes first in the file.

    Parameters
    ----------
    cyclic
        Nodes each of which has a source among them, in the order of the file.
    sources
        As in `Wiring`.
    """
    some = set(cyclic)
    trail: list[str] = []
    name = cyclic[0]
    while name not in trail:  # backwards until a node is met again
        trail.append(name)
        name = next(each[0] for each in sources[name] if each is not None and each[0] in some)
    cycle = trail[trail.index(name) :][::-1]
    start = cycle.index(min(cycle, key=cyclic.index))
    return (*cycle[start:], *cycle[:start])


def without_nodes(
    graph: Graph, removed: Iterable[str], bridged: Iterable[str], *, close_gaps: bool = True
) -> Graph:
    """Remove nodes from a graph.

    Parameters
    ----------
    graph
        The graph of a design or block.
    removed
        Nodes that go with all their edges.
    bridged
        One-in-one-out nodes that are replaced by an edge.
    close_gaps
        Whether a join that loses inputs closes the gaps between its ports.
    """
    gone, wires = set(removed), set(bridged)
    absent = gone | wires
    entering = {edge.target: edge for edge in graph.edges if edge.target in wires}
    # For each absent node, the edge from which its readers then get their tensor.
    replaced_by: dict[str, Edge | None] = dict.fromkeys(gone)
    edges: list[Edge] = []
    shrunk = set()
    for edge in graph.edges:
        source, _, target, _ = edge
        if target in absent:
            continue
        if source not in absent:
            edges.append(edge)
            continue
        trail: list[str] = []
        start: Edge | None = edge
        while start is not None and start.source in wires and start.source not in replaced_by:
            trail.append(start.source)
            replaced_by[start.source] = None  # ends the loop where these nodes form a cycle
            start = entering.get(start.source)
        if start is not None and start.source in replaced_by:
            start = replaced_by[start.source]
        replaced_by.update(dict.fromkeys(trail, start))
        if start is None:
            shrunk.add(target)
        else:
            edges.append(Edge(start.source, start.source_port, target, edge.target_port))
    joins = {name for name in shrunk if close_gaps and is_join(graph.nodes.get(name))}
    if joins:
        edges = without_gaps(edges, joins)
    nodes = {name: node for name, node in graph.nodes.items() if name not in absent}
    return Graph(nodes, tuple(edges))


def past_outputs(wiring: Wiring) -> Graph:
    """Return the graph with the edges out of Output nodes moved to where their value comes from.

    The value of an Output that other nodes read is returned and used on: it is the tensor that the
    Output reads. An edge stays where it is if nothing enters the Output.
    """
    outputs = {name for name, node in wiring.graph.nodes.items() if _is_output(node)}
    edges = []
    for edge in wiring.graph.edges:
        source: Source = edge.source, edge.source_port
        while source[0] in outputs and not source[1]:  # ends, since there is no cycle
            before = wiring.sources[source[0]]
            if not before or before[0] is None:
                break
            source = before[0]
        edges.append(edge._replace(source=source[0], source_port=source[1]))
    return replace(wiring.graph, edges=tuple(edges))


def has_read_outputs(wiring: Wiring) -> bool:
    """Tell whether an edge leaves an Output node."""
    nodes = wiring.graph.nodes
    return any((name, 0) in wiring.readers and _is_output(nodes[name]) for name in wiring.ports)


def _is_output(node: Node) -> bool:
    return isinstance(node, LayerNode) and node.layer == Output.__name__


def without_gaps(edges: Sequence[Edge], joins: Collection[str]) -> list[Edge]:
    """Renumber the input ports of joins so that no port before a used one is free."""
    entered: dict[str, list[int]] = {}
    for edge in edges:
        if edge.target in joins:
            entered.setdefault(edge.target, []).append(edge.target_port)
    ports = {
        name: {port: number for number, port in enumerate(sorted(each))}
        for name, each in entered.items()
    }
    return [
        edge._replace(target_port=ports[edge.target][edge.target_port])
        if edge.target in joins
        else edge
        for edge in edges
    ]


def is_join(node: Node | None) -> bool:
    """Tell whether a node is a layer that takes a varying number of inputs, such as Add."""
    if node is None or isinstance(node, BlockNode):
        return False
    layer = layer_types().get(node.layer)
    return layer is not None and layer.inputs[0] != layer.inputs[1]
