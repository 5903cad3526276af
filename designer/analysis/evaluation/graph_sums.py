"""The result of a graph from the results of its nodes: sums, memory, and its effect as a block."""

from collections.abc import Collection, Mapping, Sequence

from designer.analysis.evaluation.graph_problems import graph_problems
from designer.analysis.evaluation.memory import memory_plan, peak
from designer.analysis.evaluation.memory_plan import MemoryPlan, OutputTensor
from designer.analysis.evaluation.results import (
    BlockEffect,
    BlockOutput,
    GraphResult,
    NodeResult,
    with_in_place,
)
from designer.analysis.evaluation.wiring import Wiring
from designer.analysis.problems import Problem
from designer.design.expressions import Scalar
from designer.layers.facts import Counts, Facts
from designer.layers.tensors import NOTHING, Tensor

_NONE: frozenset[int] = frozenset()
_NO_EFFECT = BlockEffect((), Counts(), NOTHING, NOTHING, 0)


def graph_result(
    wiring: Wiring,
    scope: Mapping[str, Scalar],
    inputs: tuple[Tensor, ...],
    results: dict[str, NodeResult],
    block: str | None = None,
    faults: Collection[Problem] = (),
) -> GraphResult:
    """Return the result of a graph.

    Parameters
    ----------
    wiring
        The wiring of the graph.
    scope
        The values of all names that expressions in it may read.
    inputs
        The tensors at the block's inputs.
    results
        The results of its nodes. Those of layers that should overwrite their input are replaced by
        the results of the in-place variants.
    block
        The name of the block whose graph it is, None for the design's own.
    faults
        Problems of the graph beyond those of its nodes.
    """
    nodes = [results[name] for name in wiring.order]
    plan = memory_plan(wiring, tuple([each.memory_signature for each in nodes]))
    if [each.in_place for each in nodes] != plan.in_place:
        for position, in_place in enumerate(plan.in_place):
            if nodes[position].in_place is not in_place:
                changed = with_in_place(nodes[position], in_place)
                nodes[position] = results[wiring.order[position]] = changed
    effects = [each.effect or _NO_EFFECT for each in nodes]
    sizes, sizes_in_eval = _storage_sizes(plan, inputs, effects)
    fixed = _fixed_storages(wiring, inputs, nodes, plan)
    saved_in_eval = [each.saved_in_eval for each in effects]
    if plan.training_only:
        for position, name in enumerate(wiring.order):
            if name in plan.training_only:
                saved_in_eval[position] = NOTHING
    outputs = tuple(
        [
            each and _block_output(each, inputs, results, sizes, sizes_in_eval)
            for each in plan.outputs
        ]
    )
    peaks = peak(
        plan.steps,
        [each.peak for each in effects],
        sizes_in_eval,
        [each.peaks for each in effects],
        fixed,
    )
    effect = BlockEffect(
        outputs,
        sum_counts(effects),
        plan.saved.total([each.saved_for_backward for each in effects], sizes, fixed),
        plan.saved_in_eval.total(saved_in_eval, sizes_in_eval, fixed),
        peaks[0][0],
        peaks if len(peaks) > 1 or peaks[0][1] else (),
    )
    problems = (*faults, *graph_problems(wiring, results, block))
    return GraphResult(
        wiring, scope, inputs, results, plan, sizes, sizes_in_eval, effect, problems, fixed
    )


def sum_counts(effects: Sequence[Facts | BlockEffect]) -> Counts:
    """Return the sums of the nodes' counts, and the maximum of their `widest_gradients`."""
    if not effects:
        return Counts()
    *sums, widest = zip(*[each.counts for each in effects], strict=True)
    return Counts._make([*map(sum, sums), max(widest)])


def _storage_sizes(
    plan: MemoryPlan, inputs: Sequence[Tensor], effects: Sequence[Facts | BlockEffect]
) -> tuple[Sequence[int], Sequence[int]]:
    """Return the bytes of each storage in train and in eval mode."""
    sizes = [0, *[each.bytes for each in inputs], *[each.size for each in effects]]
    sizes += [0] * (len(plan.storages.storage_of) - len(sizes))
    sizes_in_eval = [*sizes]
    for number, position, port in plan.storages.from_nodes:
        sizes[number] = effects[position].size_of(port)
    for number, position, port in plan.storages.from_nodes_in_eval:
        effect = effects[position]
        output = effect.outputs[port] if isinstance(effect, BlockEffect) else None
        sizes_in_eval[number] = effect.size_of(port) if output is None else output.size_in_eval
    return sizes, sizes_in_eval


def _fixed_storages(
    wiring: Wiring, inputs: Sequence[Tensor], nodes: Sequence[NodeResult], plan: MemoryPlan
) -> frozenset[int]:
    """Return the storages whose bytes do not grow with the batch."""
    of_nodes = [node.fixed_outputs for node in nodes]
    if not any(of_nodes) and all([each.batched for each in inputs]):  # noqa: C419  # faster
        return _NONE
    found = {number for number, tensor in enumerate(inputs, 1) if not tensor.batched}
    for number, ports in enumerate(of_nodes, wiring.numbers.start):
        found.update([plan.storages.outputs[number][port] if port else number for port in ports])
    return frozenset(found)


def _block_output(
    output: OutputTensor,
    inputs: Sequence[Tensor],
    results: Mapping[str, NodeResult],
    sizes: Sequence[int],
    sizes_in_eval: Sequence[int],
) -> BlockOutput:
    """Return an output of a block's graph, for the result of the block in the graph around it."""
    name, port = output.source
    tensor = results[name].outputs[port] if name in results else inputs[output.number - 1]
    assert tensor is not None
    return BlockOutput(tensor, sizes[output.storage], sizes_in_eval[output.storage_in_eval])
