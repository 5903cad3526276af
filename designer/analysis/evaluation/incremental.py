"""What an edit of parameters leaves valid of a graph's previous result.

Most edits change parameters of one node and no edge. The pass then evaluates only that node and,
while outputs differ from before, the nodes behind it (`changed_nodes`). If the touched nodes save
the same tensors, of the same sizes, then storages, lifetimes and peaks are as before too
(`is_memory_unchanged`), and the counts change by the difference of the touched nodes
(`updated_counts`).

What that gains, against a pass that remembers only layers and blocks: one edit in 4,000 nodes
without blocks takes 0.4 instead of 25 ms. A design made of blocks has few nodes at the top and
hardly needs it: remembering blocks takes an edit of ResNet-152 from 1.3 to 0.5 ms and one of
DenseNet-201 from 6.2 to 0.9 ms. Reusing results after an edit of edges, too, would save another
0.3 and 0.7 ms there and 5 of the 25 ms, too little for the code that it takes.
"""

from collections.abc import Collection, Iterable, Mapping
from itertools import compress
from operator import is_not

from designer.analysis.evaluation.graph_variants import is_unconditional
from designer.analysis.evaluation.results import (
    BlockEffect,
    GraphResult,
    NodeResult,
    with_in_place,
)
from designer.analysis.evaluation.wiring import is_port
from designer.design.values import BlockNode, Graph, LayerNode, Node
from designer.layers.facts import Counts

MANY = 1_000
"""Touched nodes from which on comparing them takes longer than summing anew."""


def changed_nodes(before: GraphResult, after: Graph) -> set[str] | None:
    """Return the nodes that differ in more than their position on the canvas.

    Returns None where the previous result cannot be updated: edges differ, nodes were added,
    removed or made conditional, a node became or ceased to be an Input or Output, or nodes share
    weights.
    """
    old, new = before.wiring.graph.nodes, after.nodes
    same_edges = after.edges is before.wiring.graph.edges
    if not before.unconditional or not same_edges or [*old] != [*new] or before.wiring.shared:
        return None
    differ = compress(new, map(is_not, old.values(), new.values()))
    changed = {name for name in differ if not _is_only_moved(old[name], new[name])}
    alike = all(
        is_unconditional(new[name])
        and is_port(new[name]) is is_port(old[name])
        and not new[name].shares
        for name in changed
    )
    return changed if alike else None


def _is_only_moved(one: Node, two: Node) -> bool:
    """Tell whether two values of a node differ at most in the position on the canvas."""
    if isinstance(one, LayerNode) and isinstance(two, LayerNode):
        same = one.layer == two.layer and one.parameters is two.parameters
    elif isinstance(one, BlockNode) and isinstance(two, BlockNode):
        same = one.block == two.block and one.arguments is two.arguments
        same = same and one.repeat is two.repeat
    else:
        return False
    same = same and one.shares == two.shares
    return same and one.when is two.when and one.learning_rate is two.learning_rate


def is_memory_unchanged(
    before: GraphResult, results: dict[str, NodeResult], touched: Collection[str]
) -> bool:
    """Tell whether the touched nodes save the same tensors, of the same sizes, as before.

    In `results`, layers that worked in place before are replaced by their in-place variants.
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
        and one.peaks == two.peaks
        and one.saved_for_backward == two.saved_for_backward
        and one.saved_in_eval == two.saved_in_eval
    )


def updated_counts(
    before: GraphResult, results: Mapping[str, NodeResult], touched: Iterable[str]
) -> Counts | None:
    """Return the graph's counts, changed by the differences of the touched nodes.

    Returns None where all nodes must be summed anew: the largest gradient, which is a maximum and
    no sum, may have become smaller.
    """
    sums = [*before.counts]
    for name in touched:
        old, new = before.nodes[name].counts, results[name].counts
        if old.widest_gradients == sums[-1] and new.widest_gradients < sums[-1]:
            return None
        for index in range(len(sums) - 1):
            sums[index] += new[index] - old[index]
        sums[-1] = max(sums[-1], new.widest_gradients)
    return Counts._make(sums)
