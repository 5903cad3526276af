"""Edits of structure: nodes and edges of a design that an edit of its code added or removed.

Each graph is changed as its first evaluation is; that the others are the same is found when the
whole is compared with the code afterwards.
"""

from collections.abc import Iterable, Iterator, Mapping

from designer.design import edits
from designer.design.naming import first_free, node_name_refusal
from designer.design.values import BlockNode, Design, Edge, Graph, LayerNode, Node
from designer.folding.code_changes import CodeChanges
from designer.folding.leaves import Leaves, Source, edges_into

_OUTSIDE = ""
"""In place of the name of a node: what comes from outside of the graph."""


class UnclearError(Exception):
    """It cannot be told what an edit of the code is in the design."""


def with_repeats(design: Design, changes: CodeChanges) -> Design:
    """Return a design whose blocks are repeated as often as in the edited code."""
    counts: dict[tuple[str | None, str], set[int]] = {}
    for chain in changes.known.places.values():
        for place in chain[:-1]:
            node = design.graph_of(place.block).nodes[place.name]
            before = _repetitions(changes.base, place.path)
            if isinstance(node, BlockNode) and before == _repetitions(changes.known, place.path):
                now = _repetitions(changes.read, place.path)
                if before and now:
                    counts.setdefault(place.spot, set()).add(now)
    for (block, name), found in counts.items():
        if len(found) > 1:
            raise UnclearError
        (count,) = found
        node = design.graph_of(block).nodes[name]
        path = changes.known.prefixes[block][0] + name
        if isinstance(node, BlockNode) and count != _repetitions(changes.known, path):
            design = edits.set_repeat(design, name, count, block=block)
    return design


def _repetitions(leaves: Leaves, path: str) -> int:
    """Return how often a block runs; 0 where there is none."""
    start = f"{path}."
    found = {
        name[len(start) :].partition(".")[0] for name in leaves.nodes if name.startswith(start)
    }
    numbers = sum(each.isdigit() for each in found)
    return numbers or int(bool(found))


def with_structure(design: Design, changes: CodeChanges) -> Design:
    """Return a design with the nodes and edges of the edited code.

    Parameters
    ----------
    design
        The design.
    changes
        What the edit of its code changed.

    Raises
    ------
    UnclearError
        The edit cannot be told in terms of the design's graphs.
    """
    for block in (None, *design.blocks):
        prefixes = changes.known.prefixes.get(block)
        if prefixes:
            graph = _Graph(design.graph_of(block), block, prefixes[0], changes).changed()
            if graph is not None:
                design = edits.with_graph(design, block, graph)
    return design


class _Graph:
    """One graph of the design, in one evaluation of it."""

    def __init__(self, graph: Graph, block: str | None, prefix: str, changes: CodeChanges) -> None:
        self._graph = graph
        self._block = block
        self._prefix = prefix
        self._changes = changes
        self._ends = {edge.source for edge in graph.edges if edge.source not in graph.nodes}
        self._gone = frozenset(self._removed())
        self._new = dict(self._added())

    def _removed(self) -> Iterator[str]:
        removed, known = self._changes.removed, self._changes.known
        for name in self._graph.nodes:
            below = [*known.below(self._prefix + name)]
            if below and removed.issuperset(below):
                yield name

    def _added(self) -> Iterator[tuple[str, str]]:
        """Yield the layers that are new in this graph, with names for them."""
        taken = {*self._graph.nodes, *self._ends, *(edge.target for edge in self._graph.edges)}
        for path, prefix in self._changes.prefix_of_added.items():
            if prefix == self._prefix:
                rest = path.split(".")[prefix.count(".") :]
                name = first_free(taken, "_".join(rest), node_name_refusal)
                taken.add(name)
                yield path, name

    def changed(self) -> Graph | None:
        """Return the graph after the edit; None if it stays as it is."""
        nodes: dict[str, Node] = {
            name: node for name, node in self._graph.nodes.items() if name not in self._gone
        }
        read = self._changes.read.nodes
        for path, name in self._new.items():
            nodes[name] = LayerNode(read[path].layer, read[path].parameters)
        replaced: dict[tuple[str, int], Edge | None] = {}
        for name in self._graph.nodes:
            if name not in self._gone:
                replaced |= self._entering(name)
        replaced |= self._leaving()
        for path, name in self._new.items():
            for port, source in self._changes.read.sources[path].items():
                replaced[name, port] = self._edge(source, name, port)
        if not (self._gone or self._new or replaced):
            return None
        kept = [
            edge for edge in self._graph.edges if (edge.target, edge.target_port) not in replaced
        ]
        healed = edits.remove_nodes(
            Design("", graph=Graph({**self._graph.nodes, **_stand_ins(kept)}, tuple(kept))),
            self._gone,
        ).graph.edges
        edges = (*healed, *(edge for edge in replaced.values() if edge is not None))
        return Graph(nodes, edges)

    # What enters a node

    def _entering(self, name: str) -> dict[tuple[str, int], Edge | None]:
        """Return the edges into a node that differ; None for one that is no more."""
        path = self._prefix + name
        node = self._graph.nodes[name]
        before, after = self._outer_sources(path)
        if {key: self._origin(each, base=True) for key, each in before.items()} == {
            key: self._origin(each, base=False) for key, each in after.items()
        }:
            return {}
        entering = edges_into(self._graph.edges, name)
        if isinstance(node, BlockNode):
            return self._entering_block(name, entering, before, after)
        ports = {port for _, port in before} | {port for _, port in after}
        if len({layer for layer, _ in (*before, *after)}) > 1:  # a composite layer
            ports = {0}
            after = {(path, 0): _only(after.values())}
        replaced: dict[tuple[str, int], Edge | None] = {}
        for port in ports:
            source = next((each for (_, at), each in after.items() if at == port), None)
            replaced[name, port] = None if source is None else self._edge(source, name, port)
        return replaced

    def _entering_block(
        self,
        name: str,
        entering: Mapping[int, Edge],
        before: Mapping[Source, Source],
        after: Mapping[Source, Source],
    ) -> dict[tuple[str, int], Edge | None]:
        """Return the edges into a use of a block that differ: of one input, or by their sources."""
        if len(entering) == 1:
            (port,) = entering
            return {(name, port): self._edge(_only(after.values()), name, port)}
        replaced: dict[tuple[str, int], Edge | None] = {}
        for key, source in before.items():
            old, new = self._origin(source, base=True), after.get(key)
            if new is None or old == self._origin(new, base=False):
                continue
            ports = [at for at, edge in entering.items() if edge.source == old[0]]
            if not ports:
                raise UnclearError
            replaced[name, ports[0]] = self._edge(new, name, ports[0])
        return replaced

    def _outer_sources(self, path: str) -> tuple[dict[Source, Source], dict[Source, Source]]:
        """Return what enters a node from elsewhere, in the code before and after the edit.

        The keys are layers of the design and ports, the values layers of the code and ports.
        """
        found: list[dict[Source, Source]] = []
        changes = self._changes
        added = changes.prefix_of_added
        for leaves, known_of, place_of in (
            (changes.base, changes.known_of_base, changes.known_of_base),
            (changes.read, changes.known_of_read, changes.place_of_read),
        ):
            entering: dict[Source, Source] = {}
            for layer, sources in leaves.sources.items():
                known = known_of.get(layer, "")
                if known == path or known.startswith(f"{path}."):
                    # A port of a composite layer is known by the layer of the code.
                    key = known if _is_single(known, known_of) else layer
                    for port, source in sources.items():
                        inner = place_of.get(source[0]) or added.get(source[0], "")
                        if not (inner == path or inner.startswith(f"{path}.")):
                            entering[key, port] = source
            found.append(entering)
        return found[0], found[1]

    def _origin(self, source: Source, *, base: bool) -> tuple[str, str]:
        """Return the node of this graph that a layer of the code belongs to, and the layer itself.

        A layer outside of this graph is not told from another.
        """
        layer = source[0]
        known_of = self._changes.known_of_base if base else self._changes.place_of_read
        if not base and layer in self._new:
            return self._new[layer], layer
        known = known_of.get(layer) or self._changes.prefix_of_added.get(layer, "")
        if not known.startswith(self._prefix) or known == self._prefix:
            return _OUTSIDE, ""
        child = known.removeprefix(self._prefix).partition(".")[0]
        node = self._graph.nodes.get(child)
        several = isinstance(node, BlockNode) and len(self._ports_of(child)) > 1
        return child, known if several else ""

    def _ports_of(self, name: str) -> set[int]:
        return {edge.source_port for edge in self._graph.edges if edge.source == name}

    # What leaves the graph of a block

    def _leaving(self) -> dict[tuple[str, int], Edge | None]:
        """Return the edge to the output of a block with a single one, if it begins elsewhere."""
        targets = {
            edge.target for edge in self._graph.edges if edge.target not in self._graph.nodes
        }
        if len(targets) != 1:
            return {}
        (end,) = targets
        before = self._last_layers(base=True)
        after = self._last_layers(base=False)
        if len(before) != 1 or len(after) != 1:
            return {}
        (old,), (new,) = before, after
        if self._origin(old, base=True) == self._origin(new, base=False):
            return {}
        return {(end, 0): self._edge(new, end, 0)}

    def _last_layers(self, *, base: bool) -> set[Source]:
        """Return the layers of this graph that others outside of it read."""
        changes = self._changes
        leaves = changes.base if base else changes.read
        found: set[Source] = set()
        for layer, sources in leaves.sources.items():
            if self._origin((layer, 0), base=base)[0] == _OUTSIDE:
                found |= {
                    each
                    for each in sources.values()
                    if self._origin(each, base=base)[0] != _OUTSIDE
                }
        return found

    # Edges

    def _edge(self, source: Source, target: str, port: int) -> Edge:
        """Return the edge of this graph from a layer of the edited code."""
        child, _ = self._origin(source, base=False)
        if child == _OUTSIDE:
            if len(self._ends) != 1:
                raise UnclearError
            (child,) = self._ends
            return self._as_before(Edge(child, 0, target, port))
        if isinstance(self._graph.nodes.get(child), BlockNode):
            ports = self._ports_of(child)
            if len(ports) > 1:
                raise UnclearError
            return self._as_before(Edge(child, max(ports, default=0), target, port))
        return self._as_before(Edge(child, source[1], target, port))

    def _as_before(self, edge: Edge) -> Edge:
        """Return an edge that leads through a node that the code does not show, if one did.

        Such a node is a Flatten, or a shortcut that is the identity.
        """
        into = [each.target for each in self._graph.edges if each[:2] == edge[:2]]
        if edge.target in self._graph.nodes:
            before = edges_into(self._graph.edges, edge.target).values()
            into = [name for name in into if any(each.source == name for each in before)]
        if len(into) != 1 or into[0] not in self._graph.nodes or self._is_shown(into[0]):
            return edge
        return edge._replace(source=into[0], source_port=0)

    def _is_shown(self, name: str) -> bool:
        shown = self._changes.known_of_base.values()
        path = self._prefix + name
        return any(each == path or each.startswith(f"{path}.") for each in shown)


def _is_single(known: str, known_of: Mapping[str, str]) -> bool:
    return sum(each == known for each in known_of.values()) == 1


def _only(sources: Iterable[Source]) -> Source:
    found = {*sources}
    if len(found) != 1:
        raise UnclearError
    return found.pop()


def _stand_ins(edges: list[Edge]) -> dict[str, Node]:
    """Return nodes for the ends of a block, so that its graph is one by itself."""
    ends = {name for edge in edges for name in (edge.source, edge.target)}
    return {name: LayerNode("Identity") for name in ends}
