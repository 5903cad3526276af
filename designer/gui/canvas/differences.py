"""What differs between two values of a design, found mostly by `is` and at the speed of C."""

from itertools import compress
from operator import is_not
from typing import TYPE_CHECKING

from designer.design.values import Edge, Graph

if TYPE_CHECKING:
    from designer.gui.canvas.frames import Frame


_latest: dict[tuple[int, int], tuple[Graph, Graph, list[str]]] = {}


def changed_nodes(before: Graph | None, after: Graph) -> list[str]:
    """Return the names of nodes that are new or another value than before."""
    if before is None:
        return list(after.nodes)
    if before is after:
        return []
    key = (id(before), id(after))
    if key not in _latest:  # the same two are compared several times in a row
        _latest.clear()
        _latest[key] = before, after, _changed_nodes(before, after)
    return list(_latest[key][2])


def _changed_nodes(before: Graph, after: Graph) -> list[str]:
    if list(before.nodes) == list(after.nodes):  # the common case
        differs = map(is_not, before.nodes.values(), after.nodes.values())
        return list(compress(after.nodes, differs))
    had = before.nodes.get
    return [name for name, node in after.nodes.items() if had(name) is not node]


def looks_other(before: "Frame", after: "Frame") -> bool:
    """Tell whether nodes may be of another kind than before."""
    return (
        before.graph is not after.graph
        or before.names is not after.names
        or before.depth != after.depth
        or bool(before.children)
        or bool(after.children)
    )


def differing(before: "Frame", after: "Frame") -> list[str]:
    """Return the nodes about which something else is known or written than before."""
    names = changed_nodes(before.graph, after.graph)
    one, two = before.result, after.result
    if one is two:
        return names
    if one is None or two is None or list(one.nodes) != list(two.nodes):
        return list(after.names)
    differs = map(is_not, one.nodes.values(), two.nodes.values())
    drawn = after.graph.nodes
    return names + [name for name in compress(two.nodes, differs) if name in drawn]


def missing(some: tuple[Edge, ...], others: tuple[Edge, ...]) -> list[Edge]:
    """Return the edges that are not among the others, which mostly begin and end alike."""
    first, shorter = 0, min(len(some), len(others))
    while first < shorter and some[first] is others[first]:
        first += 1
    last = 0
    while last < shorter - first and some[-1 - last] is others[-1 - last]:
        last += 1
    there = set(others[first : len(others) - last])
    return [each for each in some[first : len(some) - last] if each not in there]
