"""A summary in words of what an edit changes, shown before a fix is applied."""

from collections.abc import Iterator

from designer.design.blocks import graphs
from designer.design.values import BlockNode, Design, Edge, Graph, LayerNode, Node, Value
from designer.gui.documents import labels

MAX_CHANGES = 6


def summary(before: Design, after: Design) -> str:
    """Return sentences on the differences between two designs; at most `MAX_CHANGES` are named."""
    sentences = list(changes(before, after))
    if not sentences:
        return "Changes nothing."
    more = len(sentences) - MAX_CHANGES
    return " ".join(sentences[:MAX_CHANGES] + ([f"And {more} more changes."] if more > 0 else []))


def changes(before: Design, after: Design) -> Iterator[str]:
    """Yield a sentence for each difference between two designs."""
    known = dict(graphs(before))
    for name, argument in after.arguments.items():
        if before.arguments.get(name) != argument:
            yield f"The argument {name} becomes {labels.short(argument.default)}."
    for block, graph in graphs(after):
        if block not in known:
            yield f"The block {block} is added."
        elif graph is not known[block]:
            for sentence in _graph_changes(known[block], graph):
                yield sentence if block is None else f"In {block}: {sentence}"


def _graph_changes(before: Graph, after: Graph) -> Iterator[str]:
    for name, node in before.nodes.items():
        if name not in after.nodes:
            yield f"{name} is removed."
        elif after.nodes[name] is not node:
            yield from _node_changes(name, node, after.nodes[name])
    added = [name for name in after.nodes if name not in before.nodes]
    for name in added:
        yield _addition(name, after)
    touched = {*added, *(name for name in before.nodes if name not in after.nodes)}
    old_edges, new_edges = set(before.edges), set(after.edges)
    for edge in before.edges:
        if edge in new_edges:
            continue
        if not touched & {edge.source, edge.target} and not _is_split(edge, after, added):
            yield f"The edge from {edge.source} to {edge.target} is removed."
    for edge in after.edges:
        if edge not in old_edges and not touched & {edge.source, edge.target}:
            yield f"An edge from {edge.source} to {edge.target} is added."


def _node_changes(name: str, before: Node, after: Node) -> Iterator[str]:
    if _type(before) != _type(after):
        yield f"{name} becomes {_type(after)}."
    old, new = _values(before), _values(after)
    for key in {**old, **new}:
        word = labels.label(key)
        word = word[0].lower() + word[1:]
        if key not in new:
            yield f"{name}: {word} returns to its default."
        elif key not in old:
            yield f"{name}: {word} → {labels.short(new[key])}."
        elif old[key] != new[key]:
            yield f"{name}: {word} {labels.short(old[key])} → {labels.short(new[key])}."


def _values(node: Node) -> dict[str, Value]:
    """Return all that is set on a node; "when" and "learning_rate" only if not the default."""
    if isinstance(node, LayerNode):
        rare = {"when": node.when, "learning_rate": node.learning_rate}
        usual = {"when": True, "learning_rate": 1}
        return {**node.parameters, **{key: rare[key] for key in rare if rare[key] != usual[key]}}
    rate = node.learning_rate
    return {**node.arguments, "repeat": node.repeat, "when": node.when, "learning_rate": rate}


def _type(node: Node) -> str:
    return node.block if isinstance(node, BlockNode) else node.layer


def _addition(name: str, graph: Graph) -> str:
    kind = _type(graph.nodes[name])
    sources = [edge.source for edge in graph.edges if edge.target == name]
    targets = [edge.target for edge in graph.edges if edge.source == name]
    if len(sources) == 1 and len(targets) == 1:
        return f"{name} ({kind}) is added between {sources[0]} and {targets[0]}."
    return f"{name} ({kind}) is added."


def _is_split(edge: Edge, graph: Graph, added: list[str]) -> bool:
    """Tell whether a removed edge now runs through an added node."""
    return any(
        Edge(edge.source, edge.source_port, name, 0) in graph.edges
        and Edge(name, 0, edge.target, edge.target_port) in graph.edges
        for name in added
    )
