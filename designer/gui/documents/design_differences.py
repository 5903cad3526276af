"""Whether two designs are the same network, and a table of what several designs differ in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from designer.design.differences import settings_of, type_of
from designer.design.values import Design, Graph, Node

ABSENT = "–"
"""The value of a setting, layer or connection that a design does not have."""

_Key = TypeVar("_Key")

Differences = list[tuple[str, tuple[str, ...]]]


def differences(designs: Sequence[Design]) -> Differences:
    """Return the name of everything in which designs differ, with the value in each.

    Of a node that some lack, its type is listed, but neither its settings nor its connections.

    Parameters
    ----------
    designs
        At least one.

    Returns
    -------
    list of (str, tuple of str)
        Arguments first, then blocks, then the nodes of the design itself, then connections.
    """
    tables = [dict(_values(design)) for design in designs]
    found: Differences = []
    changed: set[str] = set()  # nodes and blocks that some lack, or that are of another type
    for name in _names(tables):
        values = tuple(table.get(name, ABSENT) for table in tables)
        if len(set(values)) == 1:
            continue
        owner = name.rpartition(".")[0] or name.partition(": ")[0]
        if owner not in changed:
            found.append((name, values))
            changed.add(name)
    links = [dict.fromkeys(_connections(design), "connected") for design in designs]
    for link in _names(links):
        values = tuple(table.get(link, ABSENT) for table in links)
        prefix, source, target, port = link
        ends = {prefix + source, prefix + target, prefix.removesuffix(": ")}
        if len(set(values)) > 1 and not ends & changed:
            input_ = f" (input {port + 1})" if port else ""
            found.append((f"{prefix}{source} → {target}{input_}", values))
    return found


def _names(tables: Sequence[Mapping[_Key, str]]) -> Iterable[_Key]:
    """Return the keys of all tables, each once, in their order."""
    return dict.fromkeys(name for table in tables for name in table)


def _values(design: Design) -> Mapping[str, str]:
    """Return the arguments, blocks and nodes of a design as text, by names unique in it."""
    found = {name: _text(each.default) for name, each in design.arguments.items()}
    for name, block in design.blocks.items():
        found[name] = "block"
        for argument, each in block.arguments.items():
            found[f"{name}.{argument}"] = _text(each.default)
        found.update(_graph(block.graph, f"{name}: "))
    found.update(_graph(design.graph, ""))
    return found


def _connections(design: Design) -> Iterator[tuple[str, str, str, int]]:
    """Yield the connections: the block with a colon or "", source, target and its port."""
    for name, block in design.blocks.items():
        for edge in block.graph.edges:
            yield f"{name}: ", edge.source, edge.target, edge.target_port
    for edge in design.graph.edges:
        yield "", edge.source, edge.target, edge.target_port


def _graph(graph: Graph, prefix: str) -> Mapping[str, str]:
    found = {}
    for name, node in graph.nodes.items():
        found[prefix + name] = type_of(node)
        for key, value in settings_of(node).items():
            if value not in (None, ""):
                found[f"{prefix}{name}.{key}"] = _text(value)
    return found


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "×".join(map(_text, value))
    return str(value)


def same_network(first: Design, second: Design) -> bool:
    """Return whether two designs have the same nodes, wires, blocks and arguments.

    Names, descriptions, positions on the canvas and the order of the wires may differ.
    """
    if first is second:
        return True
    if first.arguments != second.arguments or first.blocks.keys() != second.blocks.keys():
        return False
    for name, block in first.blocks.items():
        other = second.blocks[name]
        if block is not other and (
            replace(block, graph=other.graph) != other or not _same_graph(block.graph, other.graph)
        ):
            return False
    return _same_graph(first.graph, second.graph)


def _same_graph(first: Graph, second: Graph) -> bool:
    if first is second:
        return True
    # A design that was read has its wires in the order of the file.
    wired = first.edges == second.edges or set(first.edges) == set(second.edges)
    return wired and _same_nodes(first.nodes, second.nodes)


def _same_nodes(first: Mapping[str, Node], second: Mapping[str, Node]) -> bool:
    if first.keys() != second.keys():
        return False
    pairs = ((node, second[path]) for path, node in first.items())
    return all(
        node is other or node == other or replace(node, at=None) == replace(other, at=None)
        for node, other in pairs
    )
