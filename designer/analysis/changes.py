"""What an edit of a graph leaves as it was: the wiring, the nodes, their sums."""

from collections.abc import Collection, Iterable, Mapping
from itertools import compress
from operator import is_not

from designer.analysis.results import BlockEffect, GraphResult, NodeResult, layer_result
from designer.analysis.wiring import Wiring
from designer.design.values import BlockNode, Graph, LayerNode, Node
from designer.layers.base import Layer
from designer.layers.facts import Counts, Facts
from designer.layers.ports import Input, Output

MANY = 1_000
"""Touched nodes, from which on sums are made anew."""


def changed_nodes(before: GraphResult, after: Graph) -> set[str] | None:
    """Return the nodes that are not what they were, apart from their place on the canvas.

    None where edges differ, nodes came or went, or do so by `when` and `repeat`.
    """
    old, new = before.wiring.graph.nodes, after.nodes
    if not before.plain or after.edges is not before.wiring.graph.edges or [*old] != [*new]:
        return None
    differ = compress(new, map(is_not, old.values(), new.values()))
    changed = {name for name in differ if not _only_moved(old[name], new[name])}
    return changed if all(is_plain(new[name]) for name in changed) else None


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


def is_plain(node: Node) -> bool:
    """Tell whether a node is there in any case, and once."""
    return node.when is True and (isinstance(node, LayerNode) or node.repeat == 1)


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
        if old.in_place and new.layer is not None and new.layer.inplace:
            new = results[name] = layer_result(new.layer, new.inputs, new.frozen, True)
        if not _is_alike(old, new):
            return False
    return True


def _is_alike(old: NodeResult, new: NodeResult) -> bool:
    if old.inputs != new.inputs or old.outputs != new.outputs or old.in_place is not new.in_place:
        return False
    if _port_kind(old.layer) != _port_kind(new.layer):
        return False
    one, two = old.effect, new.effect
    if isinstance(one, BlockEffect) and isinstance(two, BlockEffect):
        same = one.outputs == two.outputs
    elif isinstance(one, Facts) and isinstance(two, Facts) and old.layer and new.layer:
        same = one.view is two.view and one.view_in_eval is two.view_in_eval
        same = same and one.keeps_output is two.keeps_output
        same = same and old.layer.inplace is new.layer.inplace
    else:
        return False
    return (
        same
        and one.peak == two.peak
        and old.role is new.role
        and one.kept == two.kept
        and one.kept_in_eval == two.kept_in_eval
        and one.convolved == two.convolved
    )


def _port_kind(layer: Layer | None) -> tuple[type[Layer], bool] | None:
    """Return what sorts Input and Output nodes; None for other layers."""
    if isinstance(layer, Input | Output):
        return type(layer), isinstance(layer, Output) and layer.auxiliary
    return None


def only_sizes_differ(before: GraphResult, results: dict[str, NodeResult]) -> bool:
    """Tell whether the nodes differ from before in nothing but sizes, so that what shares storage,
    what is kept and how long it lives is the same.

    Those that overwrote their input go on to do so, in `results`.
    """
    if before.problems:
        return False
    known: dict[tuple[NodeResult, NodeResult], NodeResult | None] = {}
    for name, old in before.nodes.items():
        new = results[name]
        if old is new:
            continue
        pair = (old, new)
        if pair not in known:
            known[pair] = _resized(old, new)
        twin = known[pair]
        if twin is None:
            return False
        results[name] = twin
    return True


def _resized(old: NodeResult, new: NodeResult) -> NodeResult | None:
    """Return a new result, in place as the old one was; None if more than sizes differ."""
    if old.in_place and new.layer is not None and new.layer.inplace:
        new = layer_result(new.layer, new.inputs, new.frozen, True)
    same = (
        old.role is new.role
        and old.in_place is new.in_place
        and not new.problems
        and len(old.outputs) == len(new.outputs)
        and _port_kind(old.layer) == _port_kind(new.layer)
        and (old.layer and old.layer.inplace) == (new.layer and new.layer.inplace)
    )
    return new if same and _shape(old.effect) == _shape(new.effect) is not None else None


def _shape(effect: Facts | BlockEffect | None) -> tuple[object, ...] | None:
    """Return all that an effect says of memory but the sizes."""
    if effect is None:
        return None
    own: tuple[object, ...]
    if isinstance(effect, Facts):
        own = (effect.view, effect.view_in_eval, effect.keeps_output)
    else:
        own = tuple(
            [each and (each.storage[:2], each.eval_storage[:2], each[3]) for each in effect.outputs]
        )
    kept, kept_in_eval = effect.kept[:2], effect.kept_in_eval[:2]
    return (*own, effect.peak > 0, effect.convolved, kept, kept_in_eval)


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
