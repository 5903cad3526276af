"""The result of a graph from those of its nodes: sums, and what it is as a block from outside."""

from collections.abc import Collection, Mapping, Sequence

from designer.analysis.evaluation import memory
from designer.analysis.evaluation.graph_problems import graph_problems
from designer.analysis.evaluation.memory_plan import End, MemoryPlan
from designer.analysis.evaluation.results import (
    BlockEffect,
    GraphResult,
    Leaving,
    NodeResult,
    with_in_place,
)
from designer.analysis.evaluation.wiring import Wiring
from designer.analysis.problems import Problem
from designer.design.expressions import Scalar
from designer.layers.facts import Counts, Facts
from designer.layers.tensors import FLOAT_BYTES, NOTHING, Tensor

_NO_EFFECT = BlockEffect((), Counts(), NOTHING, NOTHING, 0)


def graph_result(
    wiring: Wiring,
    scope: Mapping[str, Scalar],
    inputs: tuple[Tensor, ...],
    results: dict[str, NodeResult],
    block: str | None = None,
    faults: Collection[Problem] = (),
) -> GraphResult:
    """Return the result of a graph; `results` of layers become those in place where that is right.

    Parameters
    ----------
    block
        The name of the block whose graph it is, None for the design's own.
    faults
        Problems of the graph beside those of its nodes.
    """
    nodes = [results[name] for name in wiring.order]
    plan = memory.memory_plan(wiring, tuple([each.memory_signature for each in nodes]))
    if [each.in_place for each in nodes] != plan.in_place:
        for place, in_place in enumerate(plan.in_place):
            if nodes[place].in_place is not in_place:
                nodes[place] = results[wiring.order[place]] = with_in_place(nodes[place], in_place)
    effects = [each.effect or _NO_EFFECT for each in nodes]
    sizes, sizes_in_eval = _sizes(plan, inputs, effects)
    saved_in_eval = [each.saved_in_eval for each in effects]
    if plan.training_only:
        for place, name in enumerate(wiring.order):
            if name in plan.training_only:
                saved_in_eval[place] = NOTHING
    effect = BlockEffect(
        tuple(
            [each and _leaving(each, inputs, results, sizes, sizes_in_eval) for each in plan.ends]
        ),
        sum_counts(effects),
        plan.held.sums([each.saved_for_backward for each in effects], sizes),
        plan.held_in_eval.sums(saved_in_eval, sizes_in_eval),
        memory.peak(plan.steps, [each.peak for each in effects], sizes_in_eval),
    )
    problems = (*faults, *graph_problems(wiring, results, block))
    return GraphResult(wiring, scope, inputs, results, plan, sizes, sizes_in_eval, effect, problems)


def sum_counts(effects: Sequence[Facts | BlockEffect]) -> Counts:
    """Add up the nodes' counts; of the gradients alive at once, the largest counts."""
    if not effects:
        return Counts()
    *sums, widest = zip(*[each.counts for each in effects], strict=True)
    return Counts._make([*map(sum, sums), max(widest)])


def _sizes(
    plan: MemoryPlan, inputs: Sequence[Tensor], effects: Sequence[Facts | BlockEffect]
) -> tuple[Sequence[int], Sequence[int]]:
    """Return the bytes per image of each storage in each mode."""
    sizes = [0, *[FLOAT_BYTES * each.values for each in inputs], *[each.size for each in effects]]
    sizes += [0] * (len(plan.storages.shared) - len(sizes))
    sizes_in_eval = [*sizes]
    for number, place, port in plan.storages.leaving:
        sizes[number] = _output(effects[place], port).size
    for number, place, port in plan.storages.leaving_in_eval:
        sizes_in_eval[number] = _output(effects[place], port).size_in_eval
    return sizes, sizes_in_eval


def _output(effect: Facts | BlockEffect, port: int) -> Leaving:
    """Return what leaves a block at a port at which something is known to leave it."""
    assert isinstance(effect, BlockEffect)
    leaving = effect.outputs[port]
    assert leaving is not None
    return leaving


def _leaving(
    end: End,
    inputs: Sequence[Tensor],
    results: Mapping[str, NodeResult],
    sizes: Sequence[int],
    sizes_in_eval: Sequence[int],
) -> Leaving:
    """Return what leaves a graph at an end."""
    name, port = end.source
    tensor = results[name].outputs[port] if name in results else inputs[end.number - 1]
    assert tensor is not None
    return Leaving(tensor, sizes[end.storage], sizes_in_eval[end.storage_in_eval])
