"""What an edit of a graph leaves as it was: the wiring, the nodes, their sums."""

from collections.abc import Collection, Iterable, Mapping
from itertools import compress
from operator import is_not

from designer.analysis.evaluation.graph_variants import is_plain
from designer.analysis.evaluation.results import BlockEffect, GraphResult, NodeResult, with_in_place
from designer.analysis.evaluation.wiring import Wiring, is_port
from designer.design.values import BlockNode, Graph, LayerNode, Node
from designer.layers.facts import Counts

MANY = 1_000
"""Touched nodes, from which on sums are made anew."""


def changed_nodes(before: GraphResult, after: Graph) -> set[str] | None:
    """Return the nodes that are not what they were, apart from their place on the canvas.

    None where edges differ, nodes came or went or do so by `when` and `repeat`, or where what was
    an Input or Output is none any more or the other way round.
    """
    old, new = before.wiring.graph.nodes, after.nodes
    if not before.plain or after.edges is not before.wiring.graph.edges or [*old] != [*new]:
        return None
    differ = compress(new, map(is_not, old.values(), new.values()))
    changed = {name for name in differ if not _only_moved(old[name], new[name])}
    alike = all(
        is_plain(new[name]) and is_port(new[name]) is is_port(old[name]) for name in changed
    )
    return changed if alike else None


def rewired_nodes(before: Wiring, after: Wiring) -> tuple[set[str], set[str]]:
    """Return the nodes that are new or not what they were; these and those that read others."""
    old, new = before.graph.nodes, after.graph.nodes
    changed, stale = set(), set()
    for name in after.order:
        one, two = old.get(name), new[name]
        if one is None or name in before.cyclic or not (one is two or _only_moved(one, two)):
            changed.add(name)
            stale.add(name)
        elif after.sources[name] != before.sources[name]:
            stale.add(name)
    return changed, stale


def _only_moved(one: Node, two: Node) -> bool:
    """Tell whether a node differs from its earlier value by nothing but its place."""
    if isinstance(one, LayerNode) and isinstance(two, LayerNode):
        same = one.layer == two.layer and one.parameters is two.parameters
    elif isinstance(one, BlockNode) and isinstance(two, BlockNode):
        same = one.block == two.block and one.arguments is two.arguments
        same = same and one.repeat is two.repeat
    else:
        return False
    return same and one.when is two.when and one.learning_rate is two.learning_rate


def is_alike(before: GraphResult, results: dict[str, NodeResult], touched: Collection[str]) -> bool:
    """Tell whether all touched nodes keep the same tensors and these live as long as before.

    Those that overwrote their input go on to do so, in `results`.
    """
    if len(touched) > MANY:
        return False
    for name in touched:
        old, new = before.nodes[name], results[name]
        if new.memory_signature is not old.memory_signature:
            return False
        new = results[name] = with_in_place(new, old.in_place)
        if not _has_same_sizes(old, new):
            return False
    return True


def _has_same_sizes(old: NodeResult, new: NodeResult) -> bool:
    one, two = old.effect, new.effect
    if one is None or two is None or old.outputs != new.outputs:
        return False
    if isinstance(one, BlockEffect) and isinstance(two, BlockEffect) and one.outputs != two.outputs:
        return False
    return (
        one.peak == two.peak
        and one.saved_for_backward == two.saved_for_backward
        and one.saved_in_eval == two.saved_in_eval
    )


def changed_counts(
    before: GraphResult, results: Mapping[str, NodeResult], touched: Iterable[str]
) -> Counts | None:
    """Return the sums, changed by the differences of a few nodes; None to sum anew."""
    sums = [*before.counts]
    for name in touched:
        old, new = before.nodes[name].counts, results[name].counts
        if old.widest_gradients == sums[-1] and new.widest_gradients < sums[-1]:
            return None
        for place in range(len(sums) - 1):
            sums[place] += new[place] - old[place]
        sums[-1] = max(sums[-1], new.widest_gradients)
    return Counts._make(sums)
