"""What differs between two designs, in a few words for each part."""

from collections.abc import Iterator, Mapping

from designer.design.values import BlockNode, Design, Edge, Graph, Node


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
    yield from _graph(before.graph, after.graph)


def _graph(before: Graph, after: Graph) -> Iterator[str]:
    if before is after:
        return
    for name, node in after.nodes.items():
        old = before.nodes.get(name)
        if old is None:
            yield f"{_type(node)} {name} added{_between(after, name)}"
        elif old is not node:
            yield from _node(name, old, node)
    yield from (f"{name} removed" for name in before.nodes if name not in after.nodes)
    same = before.nodes.keys() & after.nodes.keys()
    old_edges, new_edges = set(before.edges), set(after.edges)
    # Edges of added or removed nodes are part of those changes.
    for edge in before.edges:
        removed = edge not in new_edges and {edge.source, edge.target} <= same
        if removed and not _is_replaced(edge, after, before):
            yield f"{edge.source} disconnected from {edge.target}"
    for edge in after.edges:
        if edge not in old_edges and {edge.source, edge.target} <= same:
            yield f"{edge.source} connected to {edge.target}"


def _is_replaced(edge: Edge, after: Graph, before: Graph) -> bool:
    """Return whether a node was inserted into an edge."""
    return any(
        each.target == edge.target
        and each.target_port == edge.target_port
        and each.source not in before.nodes
        for each in after.edges
    )


def _between(graph: Graph, name: str) -> str:
    sources = [edge.source for edge in graph.edges if edge.target == name]
    targets = [edge.target for edge in graph.edges if edge.source == name]
    if len(sources) == 1 and len(targets) == 1:
        return f" between {sources[0]} and {targets[0]}"
    return ""


def _type(node: Node) -> str:
    return node.block if isinstance(node, BlockNode) else node.layer


def _node(name: str, before: Node, after: Node) -> Iterator[str]:
    if _type(before) != _type(after):
        yield f"{name} {_type(before)} → {_type(after)}"
        return
    old, new = _settings(before), _settings(after)
    for key in (*old, *(key for key in new if key not in old)):
        if old.get(key) != new.get(key):
            yield f"{name}.{key} {_written(old.get(key))} → {_written(new.get(key))}"


def _settings(node: Node) -> Mapping[str, object]:
    if isinstance(node, BlockNode):
        own: Mapping[str, object] = {**node.arguments, "repeat": node.repeat}
    else:
        own = node.parameters
    return {**own, "when": node.when, "learning_rate": node.learning_rate}


def _written(value: object) -> str:
    if value is None:
        return "default"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "×".join(map(_written, value))
    return str(value)
