"""How a graph is wired once its arguments are known: what is there, its order, its readers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from designer.design.values import BlockNode, Edge, Graph, Node
from designer.layers.base import layer_types

Source: TypeAlias = tuple[str, int]
"""A node (or a block's input) and its output port."""


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
    """

    graph: Graph
    order: tuple[str, ...]
    sources: Mapping[str, tuple[Source | None, ...]]
    readers: Mapping[Source, int]
    targets: Mapping[str, tuple[str, ...]]
    cyclic: frozenset[str]
    cycle: tuple[str, ...]

    def of(self, graph: Graph) -> "Wiring":
        """Return the wiring of a graph with the same edges and names."""
        return replace(self, graph=graph)


def wire(graph: Graph, ends: Ends) -> Wiring:
    """Sort out the edges of a graph whose nodes are all there."""
    ports: dict[str, dict[int, Source]] = {name: {} for name in (*graph.nodes, *ends.outputs)}
    readers: dict[Source, int] = {}
    targets: dict[str, dict[str, None]] = {name: {} for name in (*ends.inputs, *graph.nodes)}
    place = {name: number for number, name in enumerate(graph.nodes)}
    ordered = True
    for name, port, target, target_port in graph.edges:
        source = (name, port)
        ports[target][target_port] = source
        readers[source] = readers.get(source, 0) + 1
        targets[name][target] = None
        if place.get(name, -1) >= place.get(target, len(place)):
            ordered = False
    order, cyclic, cycle = (tuple(place), _NO_CYCLE, ()) if ordered else _order(graph, place)
    return Wiring(
        graph,
        order,
        {name: _by_port(each) for name, each in ports.items()},
        readers,
        {name: tuple(each) for name, each in targets.items()},
        cyclic,
        cycle,
    )


_NO_CYCLE: frozenset[str] = frozenset()


def _by_port(ports: Mapping[int, Source]) -> tuple[Source | None, ...]:
    if len(ports) == 1 and 0 in ports:
        return (ports[0],)
    return tuple([ports.get(port) for port in range(max(ports, default=-1) + 1)])


@lru_cache(maxsize=64)
def chain(block: str, times: int) -> Wiring:
    """Return the wiring of a block's uses one behind the other, from x to y."""
    stops = ["x", *map(str, range(times)), "y"]
    steps = stops[1:-1]
    sources = [(stop, 0) for stop in stops[:-1]]
    return Wiring(
        Graph(
            {step: BlockNode(block) for step in steps},
            tuple([Edge(one, 0, two, 0) for one, two in pairwise(stops)]),
        ),
        tuple(steps),
        {stop: (source,) for stop, source in zip(stops[1:], sources, strict=True)},
        dict.fromkeys(sources, 1),
        {one: (two,) for one, two in pairwise(stops)},
        _NO_CYCLE,
        (),
    )


def _order(
    graph: Graph, place: Mapping[str, int]
) -> tuple[tuple[str, ...], frozenset[str], tuple[str, ...]]:
    """Return the smallest order of a graph that is not written in order, and its cycles."""
    import networkx as nx

    network = nx.DiGraph()
    network.add_nodes_from(place)
    network.add_edges_from(
        (edge.source, edge.target)
        for edge in graph.edges
        if edge.source in place and edge.target in place
    )
    looped: set[str] = set()
    cycle: tuple[str, ...] = ()
    for part in nx.strongly_connected_components(network):
        if len(part) > 1 or any(network.has_edge(name, name) for name in part):
            looped.update(part)
            if not cycle:
                found = nx.find_cycle(network.subgraph(part))
                cycle = tuple(edge[0] for edge in found)
    waiting = list(looped)
    while waiting:
        behind = [each for each in network.successors(waiting.pop()) if each not in looped]
        looped.update(behind)
        waiting.extend(behind)
    network.remove_nodes_from(looped)
    order = nx.lexicographical_topological_sort(network, key=place.__getitem__)
    return tuple(order), frozenset(looped), cycle


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
        way: list[str] = []
        start: Edge | None = edge
        while start is not None and start.source in wires and start.source not in behind:
            way.append(start.source)
            behind[start.source] = None  # for the case that they lie on a cycle
            start = entering.get(start.source)
        if start is not None and start.source in behind:
            start = behind[start.source]
        behind.update(dict.fromkeys(way, start))
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
