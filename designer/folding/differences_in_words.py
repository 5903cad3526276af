"""The differences of two designs as rows: what the command line, its JSON and the window show."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from designer.design.differences import SHARES, all_neighbors, type_of, written
from designer.design.values import BlockNode, Graph, Node
from designer.folding.matching import TYPE, Change, GraphMatching, Matching


class Kind(NamedTuple):
    """A kind of difference.

    Attributes
    ----------
    sign
        The character that marks it beside its color.
    word
        Its word for people.
    """

    sign: str
    word: str


KINDS = {
    "added": Kind("+", "added"),
    "removed": Kind("−", "removed"),
    "changed": Kind("~", "changed"),
    "renamed": Kind("→", "renamed"),
    "rewired": Kind("↷", "rewired"),
}
"""The kinds of differences, by the names that the JSON has."""

ABSENT = "–"
"""The value of a setting that a node does not have."""


class Difference(NamedTuple):
    """A row: what differs in one node, block, argument or layer type.

    Attributes
    ----------
    kind
        A key of `KINDS`.
    what
        ``node``, ``block``, ``argument`` or ``code``.
    graph
        Where it is: the names of the block in the first and in the second design, None for their
        own graphs.
    before, after
        Its names in the first and in the second design; "" where it is not.
    text
        What differs, in a few words.
    """

    kind: str
    what: str
    graph: tuple[str | None, str | None]
    before: str
    after: str
    text: str

    @property
    def name(self) -> str:
        """The name in the second design, or in the first one of what was removed."""
        return self.after or self.before


def differences(matching: Matching) -> list[Difference]:
    """Return all differences, those of the designs' own graphs first, nodes in their order."""
    return list(_rows(matching))


def place_text(graph: tuple[str | None, str | None]) -> str:
    """Return where a difference is: "" for the designs' own graphs."""
    before, after = graph
    if before is None or after is None:
        return after or before or ""
    return after if before == after else f"{after} (was {before})"


def without_rows(matching: Matching) -> str:
    """Return the sentence for two designs between which no row differs."""
    if matching.written_out:
        return "No layer differs: this is one network, with its blocks cut differently."
    return "The designs are equal."


def _rows(matching: Matching) -> Iterator[Difference]:
    own = (None, None)
    for each in matching.code:
        kind = "added" if each.before is None else "removed" if each.after is None else "changed"
        yield _row(kind, "code", own, each.setting, "the Python code of a layer type")
    yield from _graph(matching, matching.top)
    for graph in matching.graphs[1:]:
        before, after = graph.before, graph.after
        if before is not None and after is not None and before != after:
            yield Difference("renamed", "block", own, before, after, f"renamed from {before}")
        yield from _graph(matching, graph)
    for name in matching.removed_blocks:
        yield _row("removed", "block", own, name, _size(matching.before.blocks[name].graph))
    for name in matching.added_blocks:
        yield _row("added", "block", own, name, _size(matching.after.blocks[name].graph))


def _row(
    kind: str, what: str, graph: tuple[str | None, str | None], name: str, text: str
) -> Difference:
    before = "" if kind == "added" else name
    return Difference(kind, what, graph, before, "" if kind == "removed" else name, text)


def _size(graph: Graph) -> str:
    count = len(graph.nodes)
    return "a block of one node" if count == 1 else f"a block of {count:,} nodes"


def _graph(matching: Matching, found: GraphMatching) -> Iterator[Difference]:
    place = (found.before, found.after)
    for change in found.arguments:
        kind, text = "changed", _values(change)
        if change.before is None:
            kind, text = "added", f"with the default {written(change.after)}"
        elif change.after is None:
            kind, text = "removed", f"with the default {written(change.before)}"
        yield _row(kind, "argument", place, change.setting, text)
    for change in found.ends:
        text = f"{change.setting} {change.before} → {change.after}"
        yield Difference("changed", "block", place, found.before or "", found.after or "", text)
    before = matching.before.graph_of(found.before)
    after = matching.after.graph_of(found.after)
    rewired: dict[str, list[str]] = {}
    for each in found.rewired:
        rewired.setdefault(each.target, []).append(
            f"input {each.port + 1} is fed by {each.after or 'nothing'} instead of "
            f"{each.before or 'nothing'}"
        )
    renamed = found.renamed
    earlier = {partner: name for name, partner in found.pairs.items()}
    behind, around = _removed_behind(before, found), all_neighbors(after)
    yield from behind.get("", ())
    for name, node in after.nodes.items():
        old = earlier.get(name)
        if old is None:
            yield Difference("added", "node", place, "", name, _described(node, around.get(name)))
            continue
        changes = list(found.changed.get(name, ()))
        words = [f"renamed from {old}"] if name in renamed else []
        words += [_change_text(change) for change in changes] + rewired.pop(name, [])
        if words:
            kind = _kind_of(bool(changes), name in renamed, len(words))
            yield Difference(kind, "node", place, old, name, "; ".join(words))
        yield from behind.get(old, ())
    for end, texts in rewired.items():  # outputs of a block, which are no nodes
        yield Difference("rewired", "node", place, end, end, "; ".join(texts))


def _kind_of(changed: bool, renamed: bool, words: int) -> str:
    if changed:
        return "changed"
    return "renamed" if renamed and words == 1 else "rewired"


def _removed_behind(graph: Graph, found: GraphMatching) -> Mapping[str, Sequence[Difference]]:
    """Return the removed nodes by the node that they follow in the file, "" for the first ones."""
    behind: dict[str, list[Difference]] = {}
    if not found.removed:
        return behind
    removed, last = set(found.removed), ""
    around, place = all_neighbors(graph), (found.before, found.after)
    for name, node in graph.nodes.items():
        if name in removed:
            text = _described(node, around.get(name))
            row = Difference("removed", "node", place, name, "", text)
            behind.setdefault(last, []).append(row)
        else:
            last = name
    return behind


def _described(node: Node, between: tuple[str, str] | None) -> str:
    """Return the type of a node and the nodes between which it stands."""
    kind = type_of(node)
    if isinstance(node, BlockNode) and node.repeat != 1:
        kind = f"{kind} × {written(node.repeat)}"
    return kind if between is None else f"{kind} between {between[0]} and {between[1]}"


def _change_text(change: Change) -> str:
    if change.setting == SHARES:
        return f"shares {change.after}" if change.after else "shares no more"
    if change.setting == TYPE:
        return _values(change)
    return f"{change.setting} {_values(change)}"


def _values(change: Change) -> str:
    return " → ".join(ABSENT if v is None else written(v) for v in (change.before, change.after))
