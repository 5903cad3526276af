"""The pass over a design: the result of every node from the results of the nodes before it.

The result of a block is remembered by what it depends on: the blocks that it is made of, its
arguments and its inputs. So ResNet-152, with 50 bottlenecks, takes 8 evaluations of a block, and an
edit evaluates only the blocks around it. What else an edit leaves valid is decided in
`incremental`.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeAlias

from designer.analysis.evaluation import incremental
from designer.analysis.evaluation.block_nesting import NestedBlocks, nested_blocks, nesting_fault
from designer.analysis.evaluation.block_uses import (
    MAX_LAYERS,
    BlockUse,
    block_node_result,
    evaluated,
)
from designer.analysis.evaluation.context import EvaluationContext
from designer.analysis.evaluation.graph_problems import graph_problems
from designer.analysis.evaluation.graph_sums import graph_result, sum_counts
from designer.analysis.evaluation.graph_variants import GraphVariants
from designer.analysis.evaluation.results import GraphResult, NodeResult
from designer.analysis.evaluation.shared_weights import count_once
from designer.analysis.evaluation.wiring import NO_ENDS, Ends, Wiring, chain, wire
from designer.analysis.problems import Problem
from designer.design.expressions import Scalar
from designer.design.rewriting import sizes_of_input
from designer.design.values import Block, BlockNode, Design, Graph, LayerNode, Node
from designer.layers.base import Layer
from designer.layers.own import NOT_MEASURED, Measured
from designer.layers.ports import Input
from designer.layers.shape import Identity
from designer.layers.tensors import Tensor

MAX_EVALUATIONS = 100_000
"""Evaluations of nodes in one pass; a design that takes more is refused as too large."""
BLOCK_EVALUATIONS = 4
"""How many evaluations the use of a block counts for, even where its result is remembered."""
MAX_REMEMBERED = 10_000
"""Results of blocks that are handed from one pass to the next; with more, the next starts empty.

Each edit of a block adds a few results, so that hours of edits fit, with all their undo steps."""

_NOT_BRIDGED = (Input.__name__, Identity.__name__)
_BlockKey: TypeAlias = tuple[object, ...]


class _TooLargeError(Exception):
    """The design expands to more nodes than a pass may evaluate."""


class Evaluator:
    """One pass over a design, with the results of blocks from the passes before.

    Parameters
    ----------
    design
        The design to evaluate.
    previous
        The pass over an earlier version of the design.
    measured
        What is known of the design's own layer types.
    """

    def __init__(
        self,
        design: Design,
        previous: "Evaluator | None" = None,
        measured: Measured = NOT_MEASURED,
    ) -> None:
        self.design = design
        self.measured = measured
        self.evaluations = 0
        self._same_blocks = previous is not None and previous.design.blocks is design.blocks
        # The keys name blocks by their id, since blocks cannot be hashed. Each entry holds these
        # blocks, so that no other object can get the id while the entry exists.
        self._results: dict[_BlockKey, tuple[tuple[Block, ...], GraphResult]] = {}
        self._variants: dict[int, tuple[Block, GraphVariants]] = {}
        if previous is not None and len(previous._results) < MAX_REMEMBERED:
            self._results.update(previous._results)
        if previous is not None and len(previous._variants) < MAX_REMEMBERED:
            self._variants.update(previous._variants)
        self._nested: dict[str, NestedBlocks] = (
            previous._nested
            if previous is not None and self._same_blocks
            else nested_blocks(design)
        )

    def top(self, previous: GraphResult | None) -> GraphResult:
        """Return the result of the design's own graph.

        Parameters
        ----------
        previous
            Its result for the version of the design that the previous pass went over.
        """
        graph = self.design.graph
        scope = {name: each.default for name, each in self.design.arguments.items()}
        changed: set[str] | None = None
        if previous is not None and repr(previous.scope) == repr(scope):  # since True == 1
            changed = incremental.changed_nodes(previous, graph)
        with suppress(_TooLargeError):
            if previous is None or changed is None:
                found = self._graph(GraphVariants(graph, NO_ENDS), scope, (), None)
            else:
                found = self._update(previous, changed)
            if found.counts.layers <= MAX_LAYERS:
                return found
        problem = Problem(
            "too-large",
            f"the design expands to more than {MAX_LAYERS:,} layers or to too many "
            "uses of blocks; lower a repeat or remove blocks",
        )
        return graph_result(wire(Graph(), NO_ENDS), scope, (), {}, faults=(problem,))

    def _graph(
        self,
        variants: GraphVariants,
        scope: Mapping[str, Scalar],
        inputs: tuple[Tensor, ...],
        block: str | None,
        frozen: bool = False,
    ) -> GraphResult:
        """Evaluate every node of a graph."""
        wiring, faults = self._wiring(variants, scope, block)
        context = EvaluationContext(
            self.design, wiring, scope, block, variants.graph, frozen, self.measured
        )
        nodes, ends = wiring.graph.nodes, wiring.ends.inputs
        results = {end: NodeResult((), (each,)) for end, each in zip(ends, inputs, strict=True)}
        for name in wiring.order:
            results[name] = self._node(context, name, nodes[name], results)
        if wiring.shared:
            count_once(context, results)
        for end in ends:
            if end not in nodes:
                del results[end]
        return graph_result(wiring, scope, inputs, results, block, faults)

    def _node(
        self,
        context: EvaluationContext,
        name: str,
        node: Node,
        results: Mapping[str, NodeResult],
        layer: Layer | None = None,
    ) -> NodeResult:
        """Evaluate one node; `layer` is the value of a layer whose parameters are unchanged."""
        self.evaluations += 1
        if self.evaluations > MAX_EVALUATIONS:
            raise _TooLargeError
        inputs = context.inputs(name, results)
        if isinstance(node, LayerNode):
            return context.layer(name, node, inputs, results, layer)
        return BlockUse(context, self, name, node).evaluate(inputs)

    def _update(self, before: GraphResult, changed: set[str]) -> GraphResult:
        """Evaluate the changed nodes, and those behind them whose inputs then differ."""
        graph = self.design.graph
        wiring, results = before.wiring.of(graph), dict(before.nodes)
        waiting = changed - wiring.cyclic
        if not self._same_blocks:  # a changed block changes every node that uses it
            waiting.update([name for name in results if isinstance(graph.nodes[name], BlockNode)])
        if before.problems:  # their messages and fixes depend on nodes further up
            waiting.update([name for name, result in results.items() if result.problems])
        context = EvaluationContext(
            self.design, wiring, before.scope, None, graph, measured=self.measured
        )
        touched = []
        for name in wiring.order:
            if not waiting:
                break
            if name not in waiting:
                continue
            waiting.discard(name)
            layer = results[name].layer if name not in changed else None
            result = self._node(context, name, graph.nodes[name], results, layer)
            if result.outputs != results[name].outputs:
                waiting.update(wiring.targets[name])
            results[name] = result
            touched.append(name)
        if not incremental.is_memory_unchanged(before, results, touched):
            return graph_result(wiring, before.scope, (), results)
        problems: tuple[Problem, ...] = ()
        if before.problems or any(results[name].problems for name in touched):
            problems = tuple(graph_problems(wiring, results, None))
        counts = incremental.updated_counts(before, results, touched) or sum_counts(
            [each.effect for each in results.values() if each.effect]
        )
        effect = replace(before.effect, counts=counts)
        return replace(before, wiring=wiring, nodes=results, effect=effect, problems=problems)

    # Conditional nodes

    def _wiring(
        self, variants: GraphVariants, scope: Mapping[str, Scalar], block: str | None
    ) -> tuple[Wiring, tuple[Problem, ...]]:
        """Wire a graph without the nodes whose `when` is false or whose `repeat` is 0.

        Also returns the problems of these expressions.
        """
        removed: list[str] = []
        bridged: list[str] = []
        faults: list[Problem] = []
        for name, node in variants.conditional:
            if node.when is not True:
                value, fault = evaluated(node.when, scope, "when", name, block)
                if not fault and not isinstance(value, int | float):
                    message = f"{name}: when takes true or false; received {value!r}"
                    fault = (Problem("when", message, path=name, block=block, node=name),)
                faults += fault
                if not fault and not value:
                    is_bridged = variants.entering[name] == 1 and self._can_be_bridged(node)
                    (bridged if is_bridged else removed).append(name)
                    continue
            if isinstance(node, BlockNode) and node.repeat != 1:
                times, fault = evaluated(node.repeat, scope, "repeat", name, block)
                is_zero = not fault and type(times) is int and times == 0
                if is_zero and variants.entering[name] == 1 and self._can_be_bridged(node):
                    bridged.append(name)
        return variants.wiring(removed, bridged), tuple(faults)

    def _can_be_bridged(self, node: Node) -> bool:
        """Tell whether an absent node with one edge into it is replaced by an edge.

        An Identity is not: `when` on an Identity cuts a shortcut that not every use of a block has.
        """
        if isinstance(node, BlockNode):
            used = self.design.blocks.get(node.block)
            return used is not None and len(used.inputs) == len(used.outputs) == 1
        return node.layer not in _NOT_BRIDGED

    # Blocks

    def _variants_of(self, block: Block) -> GraphVariants:
        """Return the graph of a block with its wirings, which outlive this pass."""
        known = self._variants.get(id(block))
        if known is None or known[0] is not block:
            variants = GraphVariants(block.graph, Ends(block.inputs, block.outputs))
            known = self._variants[id(block)] = block, variants
        return known[1]

    def nesting_fault(self, name: str) -> tuple[str, str] | None:
        """Return the code and sentence of the problem of a block without end, or None."""
        return nesting_fault(name, self.design, self._nested)

    def use(
        self,
        name: str,
        values: Mapping[str, Scalar],
        inputs: tuple[Tensor, ...],
        frozen: bool = False,
    ) -> GraphResult:
        """Return the result of a block with these arguments and inputs; equal uses share it."""
        block, nested = self.design.blocks[name], self._nested[name].blocks or ()
        key = (name, tuple(map(id, nested)), tuple(map(repr, values.values())), inputs, frozen)
        self.evaluations += BLOCK_EVALUATIONS
        known = self._results.get(key)
        if known is None:
            scope = {**values, **sizes_of_input(inputs[0].shape)}
            found = self._graph(self._variants_of(block), scope, inputs, name, frozen)
            known = self._results[key] = nested, found
        return known[1]

    def chain(
        self,
        name: str,
        uses: Sequence[Mapping[str, Scalar]],
        inputs: tuple[Tensor, ...],
        frozen: Sequence[bool],
    ) -> GraphResult:
        """Return the result of a block that runs several times in a row.

        Parameters
        ----------
        name
            The block.
        uses
            The arguments of each repetition; equal ones are one object.
        inputs
            The tensor that enters the first repetition.
        frozen
            For each repetition, whether its weights are frozen.
        """
        wiring = chain(name, len(uses))
        results: dict[str, NodeResult] = {}
        values_before: Mapping[str, Scalar] | None = None
        before: tuple[Tensor, bool] | None = None
        tensor: Tensor | None = inputs[0]
        for step, values, is_frozen in zip(wiring.order, uses, frozen, strict=True):
            self.evaluations += 1
            if tensor is None:
                results[step] = NodeResult((tensor,))
                continue
            if values is not values_before or before != (tensor, is_frozen):
                inside = self.use(name, values, (tensor,), is_frozen)
                values_before, before = values, (tensor, is_frozen)
                result = block_node_result(step, inside, (tensor,))
            elif result.problems:  # their paths name the step
                result = block_node_result(step, inside, (tensor,))
            results[step] = result
            tensor = result.outputs[0]
        return graph_result(wiring, {}, inputs, results)
