"""What differs between two designs, in a few words for each part.

Sentences on an edit and the table over several designs use the comparison of nodes and edges, too.
"""

from collections.abc import Iterator, Mapping

from designer.design.values import BlockNode, Design, Edge, Graph, Node

SHARES = "shares"
"""The setting of a node that names the node whose weights it uses."""


def changes(before: Design, after: Design) -> Iterator[str]:
    """Yield the differences between two designs, one node, edge, block or argument at a time.

    Positions, descriptions and names of designs are no differences.
    """
    for name, argument in after.arguments.items():
        old = before.arguments.get(name)
        if old is not None and old.default != argument.default:
            yield f"{name} {old.default} → {argument.default}"
    for name, block in after.blocks.items():
        known = before.blocks.get(name)
        if known is None:
            yield f"block {name} added"
        elif known is not block:
            yield from (f"in {name}: {text}" for text in _graph(known.graph, block.graph))
    yield from (f"block {name} removed" for name in before.blocks if name not in after.blocks)
    for name in {**before.code, **after.code}:
        if name not in before.code:
            yield f"code of {name} added"
        elif name not in after.code:
            yield f"code of {name} removed"
        elif before.code[name] != after.code[name]:
            yield f"code of {name} changed"
    yield from _graph(before.graph, after.graph)


def _graph(before: Graph, after: Graph) -> Iterator[str]:
    if before is after:
        return
    for name, node in after.nodes.items():
        old = before.nodes.get(name)
        if old is None:
            between = neighbors(after, name)
            if between is None:
                yield f"{type_of(node)} {name} added"
            else:
                yield f"{type_of(node)} {name} added between {between[0]} and {between[1]}"
        elif old is not node:
            yield from _node(name, old, node)
    yield from (f"{name} removed" for name in before.nodes if name not in after.nodes)
    removed, added = changed_edges(before, after)
    yield from (f"{edge.source} disconnected from {edge.target}" for edge in removed)
    yield from (f"{edge.source} connected to {edge.target}" for edge in added)


def changed_edges(before: Graph, after: Graph) -> tuple[list[Edge], list[Edge]]:
    """Return the edges that were removed and those that were added.

    Edges of added or removed nodes are part of those changes, and so are edges into which a node
    was inserted.
    """
    touched = before.nodes.keys() ^ after.nodes.keys()
    old, new = set(before.edges), set(after.edges)
    fed = {
        (edge.target, edge.target_port) for edge in after.edges if edge.source in touched
    }  # by a node that was added
    removed = [
        edge
        for edge in before.edges
        if edge not in new
        and not touched & {edge.source, edge.target}
        and (edge.target, edge.target_port) not in fed
    ]
    added = [
        edge for edge in after.edges if edge not in old and not touched & {edge.source, edge.target}
    ]
    return removed, added


def neighbors(graph: Graph, name: str) -> tuple[str, str] | None:
    """Return the nodes between which a node stands, None unless it is one at each side."""
    sources = [edge.source for edge in graph.edges if edge.target == name]
    targets = [edge.target for edge in graph.edges if edge.source == name]
    return (sources[0], targets[0]) if len(sources) == len(targets) == 1 else None


def all_neighbors(graph: Graph) -> dict[str, tuple[str, str]]:
    """Return `neighbors` of each node that has them, in one pass over the edges."""
    sources: dict[str, list[str]] = {}
    targets: dict[str, list[str]] = {}
    for edge in graph.edges:
        sources.setdefault(edge.target, []).append(edge.source)
        targets.setdefault(edge.source, []).append(edge.target)
    return {
        name: (before[0], targets[name][0])
        for name, before in sources.items()
        if len(before) == len(targets.get(name, ())) == 1
    }


def type_of(node: Node) -> str:
    """Return the name of a node's layer type or block."""
    return node.block if isinstance(node, BlockNode) else node.layer


def _node(name: str, before: Node, after: Node) -> Iterator[str]:
    if type_of(before) != type_of(after):
        yield f"{name} {type_of(before)} → {type_of(after)}"
        return
    old, new = settings_of(before), settings_of(after)
    for key in (*old, *(key for key in new if key not in old)):
        if old.get(key) == new.get(key):
            continue
        if key == SHARES:
            yield f"{name} shares {after.shares}" if after.shares else f"{name} shares no more"
        else:
            yield f"{name}.{key} {written(old.get(key))} → {written(new.get(key))}"


def settings_of(node: Node) -> Mapping[str, object]:
    """Return all that is set on a node, by the names of the settings."""
    if isinstance(node, BlockNode):
        own: Mapping[str, object] = {**node.arguments, "repeat": node.repeat}
    else:
        own = node.parameters
    return {**own, "when": node.when, "learning_rate": node.learning_rate, SHARES: node.shares}


def written(value: object) -> str:
    """Return the value of a setting in a few characters; None is its default."""
    if value is None:
        return "default"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "×".join(map(written, value))
    return str(value)
