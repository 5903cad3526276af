"""What differs between two designs, of which nodes may have been renamed, moved or put into blocks.

`match` finds which node of one design is which of the other by what they are and how they are
connected; names are evidence only. `designer.design.differences` compares two versions of one
design by name, which is right for the steps of an edit.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from designer.analysis.analysis import analyze
from designer.design.differences import SHARES, settings_of, type_of
from designer.design.values import Argument, Block, BlockNode, Design, Graph, Node
from designer.folding.block_matching import match_blocks
from designer.folding.compared_nodes import Reading, vertices_of
from designer.folding.node_alignment import align
from designer.folding.written_out import written_out
from designer.layers.own import NOT_MEASURED, Measured

TYPE = "type"
"""The setting of a changed node whose layer type or block is another one."""

_THROUGH = 100
"""The most added or removed nodes in a row through which an edge is followed."""

_Port = tuple[str, int]


class Change(NamedTuple):
    """A setting with different values.

    Attributes
    ----------
    setting
        Its name, as `settings_of` has it, or `TYPE`.
    before, after
        The values; None for a setting that the node lacks.
    """

    setting: str
    before: object
    after: object


class Rewired(NamedTuple):
    """An input that another node feeds than before.

    Attributes
    ----------
    target, port
        The node, by its name in the second design, and its input port.
    before, after
        The node that fed it, by its name in the first design, and the one that does; "" for none.
    """

    target: str
    port: int
    before: str
    after: str


@dataclass(frozen=True)
class GraphMatching:
    """Two graphs, node by node.

    Attributes
    ----------
    before, after
        The names of the blocks; None for the designs' own graphs.
    pairs
        For each node of the first graph that the second has, its name there.
    removed, added
        The nodes that only the first, and only the second graph has, in their order.
    changed
        What differs between the nodes of a pair, by the names in the second graph.
    rewired
        The inputs that are fed by other nodes, except where nodes were put in between or taken out.
    arguments
        The arguments of the block whose defaults differ, with `Change.setting` as name; those of a
        design for its own graph.
    ends
        The differing numbers of inputs and of outputs.
    """

    before: str | None
    after: str | None
    pairs: Mapping[str, str]
    removed: tuple[str, ...]
    added: tuple[str, ...]
    changed: Mapping[str, tuple[Change, ...]]
    rewired: tuple[Rewired, ...]
    arguments: tuple[Change, ...] = ()
    ends: tuple[Change, ...] = ()

    @property
    def renamed(self) -> dict[str, str]:
        """The nodes with another name: the earlier one by the new one.

        A path and the name that a design without blocks has for it, ``layer1.0.conv1`` and
        ``layer1_0_conv1``, are the same.
        """
        return {
            after: before
            for before, after in self.pairs.items()
            if before != after and before.replace(".", "_") != after.replace(".", "_")
        }

    @property
    def equal(self) -> bool:
        """Whether nothing but names differs."""
        return not (
            self.removed
            or self.added
            or self.changed
            or self.rewired
            or self.arguments
            or self.ends
        )


@dataclass(frozen=True)
class Matching:
    """Two designs, graph by graph.

    Attributes
    ----------
    before, after
        The designs as they were compared.
    graphs
        The designs' own graphs first, then those of the blocks that both have.
    removed_blocks, added_blocks
        The blocks that only the first, and only the second design has.
    code
        The own layer types whose Python text differs, with the texts; None where there is none.
    written_out
        Whether the designs were compared without blocks, since these were cut differently: nodes
        then have the paths of the layers as names, and settings are numbers.
    """

    before: Design
    after: Design
    graphs: tuple[GraphMatching, ...]
    removed_blocks: tuple[str, ...] = ()
    added_blocks: tuple[str, ...] = ()
    code: tuple[Change, ...] = ()
    written_out: bool = False

    @property
    def top(self) -> GraphMatching:
        """The designs' own graphs."""
        return self.graphs[0]

    @property
    def renamed_blocks(self) -> dict[str, str]:
        """The blocks with another name: the earlier one by the new one."""
        return {
            each.after: each.before
            for each in self.graphs
            if each.before is not None and each.after is not None and each.before != each.after
        }

    @property
    def same_network(self) -> bool:
        """Whether nothing but names, positions and texts differs."""
        blocks = self.removed_blocks or self.added_blocks
        return not (blocks or self.code) and all(each.equal for each in self.graphs)

    @property
    def equal(self) -> bool:
        """Whether nothing differs, names of nodes and blocks included, and how blocks are cut."""
        renamed = self.renamed_blocks or any(each.renamed for each in self.graphs)
        return self.same_network and not renamed and not self.written_out

    def graph(self, block: str | None) -> GraphMatching | None:
        """Return the comparison of a block of the second design, or of its own graph for None."""
        return next((each for each in self.graphs if each.after == block), None)


def match(
    before: Design,
    after: Design,
    measured: tuple[Measured, Measured] = (NOT_MEASURED, NOT_MEASURED),
) -> Matching:
    """Compare two designs.

    Blocks are compared with blocks. Where these were cut differently, as in a design with blocks
    and one without, all layers are compared as they are evaluated, if more of them are found then.

    Parameters
    ----------
    before, after
        Any two designs, valid or not.
    measured
        What is known of the own layer types of each; see `designer.analysis.analysis.analyze`.
    """
    found = _match(before, after)
    if not (found.removed_blocks or found.added_blocks) and not _has_unmatched_blocks(found):
        return found
    flat = [
        written_out(analyze(design, measured=known))
        for design, known in zip((before, after), measured, strict=True)
    ]
    if flat[0] is None or flat[1] is None:
        return found
    whole = _match(flat[0], flat[1], written_out=True)
    return whole if _found_share(whole) > _found_share(found) else found


def _has_unmatched_blocks(found: Matching) -> bool:
    """Tell whether the use of a block is added, removed or has become something else."""
    for each in found.graphs:
        before, after = found.before.graph_of(each.before), found.after.graph_of(each.after)
        nodes = [before.nodes[name] for name in each.removed]
        nodes += [after.nodes[name] for name in each.added]
        replaced = [name for name, changes in each.changed.items() if changes[0].setting == TYPE]
        sources = {after: before for before, after in each.pairs.items()}
        for name in replaced:
            nodes += [after.nodes[name], before.nodes[sources[name]]]
        if any(isinstance(node, BlockNode) for node in nodes):
            return True
    return False


def _found_share(found: Matching) -> float:
    """Return the share of the nodes that are found in the other design, of the same kind."""
    pairs = single = 0
    for each in found.graphs:
        replaced = sum(changes[0].setting == TYPE for changes in each.changed.values())
        pairs += len(each.pairs) - replaced
        single += len(each.added) + len(each.removed) + 2 * replaced
    for design, blocks in (
        (found.before, found.removed_blocks),
        (found.after, found.added_blocks),
    ):
        single += sum(len(design.blocks[name].graph.nodes) for name in blocks)
    return 2 * pairs / max(1, 2 * pairs + single)


def _match(before: Design, after: Design, *, written_out: bool = False) -> Matching:
    one, other = Reading(before), Reading(after)
    blocks = match_blocks(one, other)
    for number, (name, partner) in enumerate(blocks.items()):
        one.blocks[name] = other.blocks[partner] = number
    graphs = [_match_graphs(one, other, None, None, written_out=written_out)]
    graphs += [_match_graphs(one, other, *pair) for pair in blocks.items()]
    taken = set(blocks.values())
    return Matching(
        before,
        after,
        tuple(graphs),
        tuple(name for name in before.blocks if name not in blocks),
        tuple(name for name in after.blocks if name not in taken),
        tuple(
            Change(name, before.code.get(name), after.code.get(name))
            for name in {**before.code, **after.code}
            if before.code.get(name) != after.code.get(name)
        ),
        written_out,
    )


# Graphs


def _match_graphs(
    one: Reading,
    other: Reading,
    before: str | None,
    after: str | None,
    *,
    written_out: bool = False,
) -> GraphMatching:
    names, vertices = vertices_of(one, before)
    others, further = vertices_of(other, after)
    aligned = align(vertices, further)
    whole = {names[number]: others[partner] for number, partner in sorted(aligned.items())}
    old, new = one.design.graph_of(before), other.design.graph_of(after)
    pairs = {name: partner for name, partner in whole.items() if name in old.nodes}
    taken = set(pairs.values())
    changed = {}
    for name, partner in pairs.items():
        found = tuple(_changes(one, other, old.nodes[name], new.nodes[partner], pairs))
        if found:
            changed[partner] = found
    own = before is None and not written_out
    arguments = one.design.arguments if own else {}
    further_arguments = other.design.arguments if own else {}
    ends: tuple[Change, ...] = ()
    if before is not None and after is not None:
        block, known = one.design.blocks[before], other.design.blocks[after]
        arguments, further_arguments = block.arguments, known.arguments
        ends = tuple(_ends(block, known))
    return GraphMatching(
        before,
        after,
        pairs,
        tuple(name for name in old.nodes if name not in pairs),
        tuple(name for name in new.nodes if name not in taken),
        changed,
        tuple(_rewired(old, new, whole)),
        tuple(_arguments(arguments, further_arguments)),
        ends,
    )


def _changes(
    one: Reading, other: Reading, before: Node, after: Node, pairs: Mapping[str, str]
) -> Iterator[Change]:
    """Yield what differs between the nodes of a pair."""
    if one.kind(before) != other.kind(after):
        yield Change(TYPE, type_of(before), type_of(after))
        return
    old, new = settings_of(before), settings_of(after)
    for key in (*old, *(key for key in new if key not in old)):
        left, right = old.get(key), new.get(key)
        if key == SHARES:
            if pairs.get(before.shares, before.shares) != after.shares:
                yield Change(SHARES, before.shares, after.shares)
            continue
        if left is None and right is None:
            continue
        left, right = one.shown(before, key, left), other.shown(after, key, right)
        if left != right and one.value(before, key, left) != other.value(after, key, right):
            yield Change(key, left, right)


def _ends(before: Block, after: Block) -> Iterator[Change]:
    for setting, left, right in (
        ("inputs", before.inputs, after.inputs),
        ("outputs", before.outputs, after.outputs),
    ):
        if len(left) != len(right):
            yield Change(setting, len(left), len(right))


def _arguments(before: Mapping[str, Argument], after: Mapping[str, Argument]) -> Iterator[Change]:
    for name in {**before, **after}:
        left, right = before.get(name), after.get(name)
        old = left.default if left is not None else None
        new = right.default if right is not None else None
        if old != new:
            yield Change(name, old, new)


# Edges


def _rewired(before: Graph, after: Graph, pairs: Mapping[str, str]) -> Iterator[Rewired]:
    """Yield the inputs that other nodes feed, but not where nodes were put in or taken out."""
    old = _Feeding(before, pairs)
    new = _Feeding(after, {partner: partner for partner in pairs.values()})
    for name, partner in pairs.items():
        entering, entered = old.sources.get(name, {}), new.sources.get(partner, {})
        for port in sorted({*entering, *entered}):
            left, right = entering.get(port), entered.get(port)
            if left is not None and (pairs.get(left[0]), left[1]) == right:
                continue
            had, has = old.origins(left), new.origins(right)
            if had is None or has is None:
                continue
            through = _is_single(left, pairs) or _is_single(right, new.pairs)
            if had != has and not (through and (had <= has or has <= had)):
                yield Rewired(partner, port, left[0] if left else "", right[0] if right else "")


def _is_single(source: _Port | None, pairs: Mapping[str, str]) -> bool:
    """Tell whether a tensor comes from a node that only one graph has."""
    return source is not None and source[0] not in pairs


class _Feeding:
    """What enters the inputs of a graph's nodes, seen through nodes that only one graph has."""

    def __init__(self, graph: Graph, pairs: Mapping[str, str]) -> None:
        self.pairs = pairs
        self.sources: dict[str, dict[int, _Port]] = {}
        for edge in graph.edges:
            entering = self.sources.setdefault(edge.target, {})
            entering[edge.target_port] = (edge.source, edge.source_port)

    def origins(self, source: _Port | None) -> set[_Port] | None:
        """Return the outputs of nodes that both graphs have from which a tensor is computed.

        None if more than `_THROUGH` nodes lie between.
        """
        found: set[_Port] = set()
        waiting = [source] if source is not None else []
        seen: set[str] = set()
        while waiting:
            name, port = waiting.pop()
            if name in self.pairs:
                found.add((self.pairs[name], port))
            elif name not in seen:
                seen.add(name)
                if len(seen) > _THROUGH:
                    return None
                waiting += self.sources.get(name, {}).values()
        return found
