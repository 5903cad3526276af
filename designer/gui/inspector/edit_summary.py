"""What an edit would change, in words: shown before a fix is applied."""

from collections.abc import Iterator

from designer.design.blocks import graphs
from designer.design.values import BlockNode, Design, Edge, Graph, LayerNode, Node, Value
from designer.gui.documents import labels

MOST = 6


def sentence(before: Design, after: Design) -> str:
    """Return one sentence with all that differs."""
    changes = list(describe(before, after))
    if not changes:
        return "Changes nothing."
    words = "; ".join(changes[:MOST])
    more = f"; and {len(changes) - MOST} more changes" if len(changes) > MOST else ""
    return f"{words[0].upper()}{words[1:]}{more}."


def describe(before: Design, after: Design) -> Iterator[str]:
    """Yield what differs between two values of a design, in a few words each."""
    known = dict(graphs(before))
    for name, argument in after.arguments.items():
        if before.arguments.get(name) != argument:
            yield f"the argument {name} becomes {labels.short(argument.default)}"
    for block, graph in graphs(after):
        if block not in known:
            yield f"there is a new block {block}"
        elif graph is not known[block]:
            where = f" in {block}" if block is not None else ""
            for words in _graph(known[block], graph):
                yield words + where


def _graph(before: Graph, after: Graph) -> Iterator[str]:
    for name, node in before.nodes.items():
        if name not in after.nodes:
            yield f"{name} is removed"
        elif after.nodes[name] is not node:
            yield from _node(name, node, after.nodes[name])
    added = [name for name in after.nodes if name not in before.nodes]
    for name in added:
        yield f"{name} ({_type(after.nodes[name])}) is added{_between(name, after)}"
    touched = {*added, *(name for name in before.nodes if name not in after.nodes)}
    edges = set(before.edges)
    for edge in set(before.edges) - set(after.edges):
        if not touched & {edge.source, edge.target} and not _through(edge, after, added):
            yield f"the edge from {edge.source} to {edge.target} is removed"
    for edge in after.edges:
        if edge not in edges and not touched & {edge.source, edge.target}:
            yield f"an edge goes from {edge.source} to {edge.target}"


def _node(name: str, before: Node, after: Node) -> Iterator[str]:
    if _type(before) != _type(after):
        yield f"{name} becomes {_type(after)}"
    old, new = _values(before), _values(after)
    for key in {**old, **new}:
        if old.get(key, _NONE) != new.get(key, _NONE):
            yield f"{name}: {_change(key, old.get(key, _NONE), new.get(key, _NONE))}"


_NONE = object()


def _change(key: str, old: object, new: object) -> str:
    word = labels.label(key)
    word = word[0].lower() + word[1:]
    if new is _NONE:
        return f"{word} goes back to its default"
    now = labels.short(new)  # type: ignore[arg-type]
    return f"{word} {'' if old is _NONE else labels.short(old) + ' '}→ {now}"  # type: ignore[arg-type]


def _values(node: Node) -> dict[str, Value]:
    if isinstance(node, LayerNode):
        rare = {"when": node.when, "learning_rate": node.learning_rate}
        usual = {"when": True, "learning_rate": 1}
        return {**node.parameters, **{key: rare[key] for key in rare if rare[key] != usual[key]}}
    rate = node.learning_rate
    return {**node.arguments, "repeat": node.repeat, "when": node.when, "learning_rate": rate}


def _type(node: Node) -> str:
    return node.block if isinstance(node, BlockNode) else node.layer


def _between(name: str, graph: Graph) -> str:
    sources = [edge.source for edge in graph.edges if edge.target == name]
    targets = [edge.target for edge in graph.edges if edge.source == name]
    if len(sources) == 1 and len(targets) == 1:
        return f" between {sources[0]} and {targets[0]}"
    return ""


def _through(edge: Edge, graph: Graph, added: list[str]) -> bool:
    """Tell whether an edge goes on through an added node."""
    return any(
        Edge(edge.source, edge.source_port, name, 0) in graph.edges
        and Edge(name, 0, edge.target, edge.target_port) in graph.edges
        for name in added
    )
