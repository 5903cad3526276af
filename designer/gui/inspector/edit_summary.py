"""A summary in words of what an edit changes, shown before a fix is applied."""

from collections.abc import Iterator

from designer.design.blocks import graphs
from designer.design.differences import changed_edges, neighbors, type_of
from designer.design.values import Design, Graph, LayerNode, Node, Value
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
    for name in after.nodes:
        if name not in before.nodes:
            yield _addition(name, after)
    lost, new = changed_edges(before, after)
    for edge in lost:
        yield f"The edge from {edge.source} to {edge.target} is removed."
    for edge in new:
        yield f"An edge from {edge.source} to {edge.target} is added."


def _node_changes(name: str, before: Node, after: Node) -> Iterator[str]:
    if type_of(before) != type_of(after):
        yield f"{name} becomes {type_of(after)}."
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
    if before.shares != after.shares:
        yield (
            f"{name} shares the weights of {after.shares}."
            if after.shares
            else f"{name} has weights of its own."
        )


def _values(node: Node) -> dict[str, Value]:
    """Return all that is set on a node; "when" and "learning_rate" only if not the default."""
    if isinstance(node, LayerNode):
        rare = {"when": node.when, "learning_rate": node.learning_rate}
        usual = {"when": True, "learning_rate": 1}
        return {**node.parameters, **{key: rare[key] for key in rare if rare[key] != usual[key]}}
    rate = node.learning_rate
    return {**node.arguments, "repeat": node.repeat, "when": node.when, "learning_rate": rate}


def _addition(name: str, graph: Graph) -> str:
    kind, between = type_of(graph.nodes[name]), neighbors(graph, name)
    if between is None:
        return f"{name} ({kind}) is added."
    return f"{name} ({kind}) is added between {between[0]} and {between[1]}."
