"""The pass over a graph: every node's result from those before it, blocks by memory of their uses.

A block's result is kept for what it depends on: the blocks it is made of, its arguments and the
facts about its inputs. An edit of a graph looks again only at the nodes that changed and at those
whose inputs then differ.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeAlias

from designer.analysis.evaluation import block_nesting, incremental
from designer.analysis.evaluation.block_uses import MAX_LAYERS, Use, seen_from_outside, value
from designer.analysis.evaluation.context import EvaluationContext
from designer.analysis.evaluation.graph_problems import graph_problems
from designer.analysis.evaluation.graph_sums import graph_result, sum_counts
from designer.analysis.evaluation.graph_variants import GraphVariants
from designer.analysis.evaluation.results import GraphResult, NodeResult
from designer.analysis.evaluation.wiring import NO_ENDS, Ends, Wiring, chain, wire
from designer.analysis.problems import Problem
from designer.design.expressions import Scalar
from designer.design.values import Block, BlockNode, Design, Graph, LayerNode, Node
from designer.layers.base import Layer
from designer.layers.ports import Input, Output
from designer.layers.shape import Identity
from designer.layers.tensors import Tensor

MAX_EVALUATIONS = 100_000
BLOCK_EVALUATIONS = 4  # what the use of a block costs, even of a known one
MAX_REMEMBERED = 10_000

_NO_WIRES = (Input.__name__, Output.__name__, Identity.__name__)
_BlockKey: TypeAlias = tuple[object, ...]


class _TooLargeError(Exception):
    """The design expands to more nodes than a pass may look at."""


class Evaluator:
    """One pass over a design, with what it may take over from the pass before."""

    def __init__(self, design: Design, known: "Evaluator | None" = None) -> None:
        self.design = design
        self.evaluations = 0
        self._same_blocks = known is not None and known.design.blocks is design.blocks
        # With each result go the blocks that its key names by identity, so that these stay theirs.
        self._results: dict[_BlockKey, tuple[tuple[Block, ...], GraphResult]] = {}
        self._drawn: dict[int, tuple[Block, GraphVariants]] = {}
        if known is not None and len(known._results) < MAX_REMEMBERED:
            self._results.update(known._results)
        if known is not None and len(known._drawn) < MAX_REMEMBERED:
            self._drawn.update(known._drawn)
        self._parts: dict[str, block_nesting.Parts] = (
            known._parts
            if known is not None and self._same_blocks
            else block_nesting.all_parts(design)
        )

    def top(self, previous: GraphResult | None) -> GraphResult:
        """Evaluate the design's own graph, by what differs from its previous result."""
        scope = {name: each.default for name, each in self.design.arguments.items()}
        with suppress(_TooLargeError):
            if previous is not None and previous.scope == scope:
                found = self._update(previous)
            else:
                found = self._graph(GraphVariants(self.design.graph, NO_ENDS), scope, (), None)
            if found.counts.layers <= MAX_LAYERS:
                return found
        problem = Problem(
            "too-large",
            f"the design expands to more than {MAX_LAYERS:,} layers or to too many "
            "uses of blocks; lower a repeat or take blocks out",
        )
        return graph_result(wire(Graph(), NO_ENDS), scope, (), {}, faults=(problem,))

    def _graph(
        self,
        drawn: GraphVariants,
        scope: Mapping[str, Scalar],
        inputs: tuple[Tensor, ...],
        block: str | None,
        frozen: bool = False,
    ) -> GraphResult:
        """Evaluate a graph from nothing."""
        wiring, faults = self._wired(drawn, scope, block)
        place = EvaluationContext(self.design, wiring, scope, block, drawn.graph, frozen)
        nodes, ends = wiring.graph.nodes, wiring.ends.inputs
        results = {end: NodeResult((), (each,)) for end, each in zip(ends, inputs, strict=True)}
        for name in wiring.order:
            results[name] = self._node(place, name, nodes[name], results)
        for end in ends:
            if end not in nodes:
                del results[end]
        return graph_result(wiring, scope, inputs, results, block, faults)

    def _node(
        self,
        place: EvaluationContext,
        name: str,
        node: Node,
        results: Mapping[str, NodeResult],
        known: Layer | None = None,
    ) -> NodeResult:
        """Evaluate one node; `known` is what an unchanged layer was found to be before."""
        self.evaluations += 1
        if self.evaluations > MAX_EVALUATIONS:
            raise _TooLargeError
        inputs = place.inputs(name, results)
        if isinstance(node, LayerNode):
            return place.layer(name, node, inputs, results, known)
        return Use(place, self, name, node).evaluate(inputs)

    # After an edit

    def _update(self, before: GraphResult) -> GraphResult:
        """Evaluate what changed, and behind it what then receives other inputs."""
        drawn, old = self.design.graph, before.nodes
        faults: tuple[Problem, ...] = ()
        changed = incremental.changed_nodes(before, drawn)
        rewired = changed is None
        if changed is not None:
            wiring, results = before.wiring.of(drawn), dict(old)
            waiting = changed - wiring.cyclic
        else:
            wiring, faults = self._wired(GraphVariants(drawn, NO_ENDS), before.scope, None)
            changed, waiting = incremental.rewired_nodes(before.wiring, wiring)
            results = {name: old.get(name, _UNKNOWN) for name in wiring.order}
        nodes = wiring.graph.nodes
        if not self._same_blocks:  # a block that was edited changes every node that uses it
            uses = [name for name in results if isinstance(nodes[name], BlockNode)]
            waiting.update(uses)
        if before.problems:  # their words and fixes look at nodes further up
            waiting.update([name for name, result in results.items() if result.problems])
        place = EvaluationContext(self.design, wiring, before.scope, None, drawn)
        touched = []
        for name in wiring.order:
            if not waiting:
                break
            if name not in waiting:
                continue
            waiting.discard(name)
            known = results[name].layer if name not in changed else None
            result = self._node(place, name, nodes[name], results, known)
            if result.outputs != results[name].outputs:
                waiting.update(wiring.targets[name])
            results[name] = result
            touched.append(name)
        if rewired or not incremental.is_alike(before, results, touched):
            return graph_result(wiring, before.scope, (), results, faults=faults)
        problems: tuple[Problem, ...] = ()
        if before.problems or any(results[name].problems for name in touched):
            problems = tuple(graph_problems(wiring, results, None))
        counts = incremental.changed_counts(before, results, touched) or sum_counts(
            [each.effect for each in results.values() if each.effect]
        )
        effect = replace(before.effect, counts=counts)
        return replace(before, wiring=wiring, nodes=results, effect=effect, problems=problems)

    # Which nodes are there

    def _wired(
        self, drawn: GraphVariants, scope: Mapping[str, Scalar], block: str | None
    ) -> tuple[Wiring, tuple[Problem, ...]]:
        """Wire a graph without the nodes whose `when` is false or whose `repeat` is 0."""
        gone: list[str] = []
        passed: list[str] = []
        faults: list[Problem] = []
        for name, node in drawn.optional:
            if node.when is not True:
                there, fault = value(node.when, scope, "when", name, block)
                if not fault and not isinstance(there, int | float):
                    message = f"{name}: when takes true or false; received {there!r}"
                    fault = (Problem("when", message, path=name, block=block, node=name),)
                faults += fault
                if not fault and not there:
                    wire_left = drawn.entered[name] == 1 and self._is_one_in_one_out(node)
                    (passed if wire_left else gone).append(name)
                    continue
            if isinstance(node, BlockNode) and node.repeat != 1:
                times, fault = value(node.repeat, scope, "repeat", name, block)
                gone_through = not fault and type(times) is int and times == 0
                if gone_through and drawn.entered[name] == 1 and self._is_one_in_one_out(node):
                    passed.append(name)
        return drawn.wiring(gone, passed), tuple(faults)

    def _is_one_in_one_out(self, node: Node) -> bool:
        """Tell whether a node that goes leaves a wire where one edge enters it.

        An Identity is a wire itself, so that `when` cuts it: a shortcut that not every use has.
        """
        if isinstance(node, BlockNode):
            used = self.design.blocks.get(node.block)
            return used is not None and len(used.inputs) == len(used.outputs) == 1
        return node.layer not in _NO_WIRES

    # Blocks

    def _block(self, block: Block) -> GraphVariants:
        """Return the graph of a block, with what was worked out of it before."""
        known = self._drawn.get(id(block))
        if known is None or known[0] is not block:
            drawn = GraphVariants(block.graph, Ends(block.inputs, block.outputs))
            known = self._drawn[id(block)] = block, drawn
        return known[1]

    def endless(self, name: str) -> tuple[str, str] | None:
        """Return a code and a sentence where a block has no end or is nested too deeply."""
        return block_nesting.endless(name, self.design, self._parts)

    def use(
        self,
        name: str,
        values: Mapping[str, Scalar],
        inputs: tuple[Tensor, ...],
        frozen: bool = False,
    ) -> GraphResult:
        """Evaluate a block with these arguments and inputs, or remember an equal use."""
        used, parts = self.design.blocks[name], self._parts[name].blocks or ()
        key = (name, tuple(map(id, parts)), tuple(map(repr, values.values())), inputs, frozen)
        self.evaluations += BLOCK_EVALUATIONS
        known = self._results.get(key)
        if known is None:
            scope = {**values, "in_channels": inputs[0].shape[0]}
            if len(inputs[0].shape) == 3:
                scope["in_height"], scope["in_width"] = inputs[0].shape[1:]
            found = self._graph(self._block(used), scope, inputs, name, frozen)
            known = self._results[key] = parts, found
        return known[1]

    def chain(
        self,
        name: str,
        uses: Sequence[Mapping[str, Scalar]],
        inputs: tuple[Tensor, ...],
        frozen: Sequence[bool],
    ) -> GraphResult:
        """Evaluate a block run several times in a row."""
        wiring = chain(name, len(uses))
        results: dict[str, NodeResult] = {}
        before: tuple[object, ...] = ()
        tensor: Tensor | None = inputs[0]
        for step, values, still in zip(wiring.order, uses, frozen, strict=True):
            self.evaluations += 1
            if tensor is None:
                results[step] = NodeResult((tensor,))
                continue
            if before != (id(values), tensor, still):
                inside = self.use(name, values, (tensor,), still)
                before = (id(values), tensor, still)
                result = seen_from_outside(step, inside, (tensor,))
            elif result.problems:  # which name the step
                result = seen_from_outside(step, inside, (tensor,))
            results[step] = result
            tensor = result.outputs[0]
        return graph_result(wiring, {}, inputs, results)


_UNKNOWN = NodeResult(())
