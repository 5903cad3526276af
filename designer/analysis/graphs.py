"""The pass over a graph: every node's result from those before it, blocks by memory of their uses.

A block's result is kept for what it depends on: the blocks it is made of, its arguments and the
facts about its inputs. An edit of a graph looks again only at the nodes that changed and at those
whose inputs then differ.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from itertools import compress
from operator import is_not
from typing import TypeAlias

from designer.analysis import blocks, memory
from designer.analysis.loose import graph_problems
from designer.analysis.place import Place
from designer.analysis.problems import Problem
from designer.analysis.results import BlockEffect, Flow, GraphResult, Memory, NodeResult
from designer.analysis.uses import (
    MAX_LAYERS,
    Use,
    effect,
    enter,
    seen_from_outside,
    value,
)
from designer.analysis.statements import role
from designer.analysis.wiring import CHAIN, NO_ENDS, Ends, Wiring, chain, wire, without
from designer.design.expressions import Scalar
from designer.design.values import Block, BlockNode, Design, Graph, LayerNode, Node
from designer.layers.base import Layer, Tensor
from designer.layers.facts import Counts
from designer.layers.ports import Input, Output
from designer.layers.shape import Identity

MAX_EVALUATIONS = 100_000
BLOCK_EVALUATIONS = 4  # what the use of a block costs, even of a known one
MAX_REMEMBERED = 10_000
MANY = 1_000  # touched nodes, from which on sums are made anew

_PORTS = (Input.__name__, Output.__name__)
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
        self._wirings: dict[int, Wiring] = {}
        if known is not None and len(known._results) < MAX_REMEMBERED:
            self._results.update(known._results)
        if known is not None and len(known._wirings) < MAX_REMEMBERED:
            self._wirings.update(known._wirings)
        self._parts: dict[str, blocks.Parts] = (
            known._parts if known is not None and self._same_blocks else blocks.all_parts(design)
        )

    def top(self, previous: GraphResult | None) -> GraphResult:
        """Evaluate the design's own graph, by what differs from its previous result."""
        scope = {name: each.default for name, each in self.design.arguments.items()}
        with suppress(_TooLargeError):
            found = None
            if previous is not None and previous.scope == scope:
                found = self._update(previous)
            if found is None:
                found = self._graph(self.design.graph, scope, (), None, NO_ENDS)
            if found.counts.layers <= MAX_LAYERS:
                return found
        problem = Problem(
            "too-large",
            f"the design expands to more than {MAX_LAYERS:,} layers or to too many "
            "uses of blocks; lower a repeat or take blocks out",
        )
        return self._summed(wire(Graph(), NO_ENDS), scope, (), {}, None, NO_ENDS, (problem,))

    def _graph(
        self,
        drawn: Graph,
        scope: Mapping[str, Scalar],
        inputs: tuple[Flow, ...],
        block: str | None,
        ends: Ends,
        frozen: bool = False,
    ) -> GraphResult:
        """Evaluate a graph from nothing."""
        actual, faults = self._present(drawn, scope, block)
        wiring = self._wire(actual, ends)
        place = Place(self.design, wiring, scope, block, drawn, frozen)
        flows = dict(zip(ends.inputs, inputs, strict=True))
        results: dict[str, NodeResult] = {}
        for name in wiring.order:
            results[name] = self._node(place, name, actual.nodes[name], results, flows)
        plain = actual is drawn and all(map(_is_plain, drawn.nodes.values()))
        return self._summed(wiring, scope, inputs, results, block, ends, faults, plain=plain)

    def _node(
        self,
        place: Place,
        name: str,
        node: Node,
        results: Mapping[str, NodeResult],
        flows: Mapping[str, Flow],
        known: NodeResult | None = None,
    ) -> NodeResult:
        """Evaluate one node; `known` is the result of the same node with other inputs."""
        self.evaluations += 1
        if self.evaluations > MAX_EVALUATIONS:
            raise _TooLargeError
        inputs = place.inputs(name, results, flows)
        if isinstance(node, LayerNode):
            return place.layer(name, node, inputs, results, known.layer if known else None)
        return Use(place, self, name, node).evaluate(inputs)

    # After an edit

    def _update(self, before: GraphResult) -> GraphResult | None:
        """Evaluate what changed, and behind it what then receives other inputs.

        None where edges changed, or nodes came, went or may do so.
        """
        graph, drawn = self.design.graph, before.wiring.graph
        if (
            not before.plain
            or graph.edges is not drawn.edges
            or list(graph.nodes) != list(drawn.nodes)
        ):
            return None
        changed = {
            name
            for name in compress(
                graph.nodes, map(is_not, drawn.nodes.values(), graph.nodes.values())
            )
            if not _only_moved(drawn.nodes[name], graph.nodes[name])
        }
        if not all(_is_plain(graph.nodes[name]) for name in changed):
            return None
        wiring = before.wiring.of(graph)
        place = Place(self.design, wiring, before.scope, None, graph)
        old, results = before.nodes, dict(before.nodes)
        waiting = {name for name in changed if name not in wiring.cyclic}
        if not self._same_blocks:  # a block that was edited changes every node that uses it
            nodes = wiring.graph.nodes.items()
            waiting.update(name for name, node in nodes if isinstance(node, BlockNode))
        if before.problems:  # their words and fixes look at nodes further up
            waiting.update(name for name, result in old.items() if result.problems)
        touched = []
        for name in wiring.order:
            if name not in waiting:
                continue
            waiting.discard(name)
            known = None if name in changed else old[name]
            result = self._node(place, name, graph.nodes[name], results, {}, known)
            results[name] = result
            touched.append(name)
            if result.outputs != old[name].outputs:
                waiting.update(wiring.targets[name])
            if not waiting:
                break
        return self._summed(
            wiring,
            before.scope,
            (),
            results,
            None,
            NO_ENDS,
            (),
            plain=True,
            before=before,
            touched=touched,
        )

    # Sums

    def _summed(
        self,
        wiring: Wiring,
        scope: Mapping[str, Scalar],
        inputs: tuple[Flow, ...],
        results: Mapping[str, NodeResult],
        block: str | None,
        ends: Ends,
        faults: Collection[Problem],
        *,
        plain: bool = False,
        before: GraphResult | None = None,
        touched: Collection[str] = (),
    ) -> GraphResult:
        """Sum up, taking over from `before` what the touched nodes leave as it was."""
        same = _Same(before, results, touched)
        flows = dict(zip(ends.inputs, inputs, strict=True))
        outputs = tuple([_leaving(wiring, name, results, flows) for name in ends.outputs])
        if same.ports is not None:
            ports, training_only = same.ports.ports, same.ports.training_only
        else:
            nodes = wiring.graph.nodes.items()
            ports = tuple(
                [n for n, node in nodes if isinstance(node, LayerNode) and node.layer in _PORTS]
            )
            training_only = memory.training_only(wiring, results) if ports else frozenset()
        counts = same.counts() or memory.sum_counts(results)
        if same.memory is not None and same.ports is not None:
            kept, kept_in_eval, peak = same.memory.kept, same.memory.kept_in_eval, same.memory.peak
        else:
            kept, kept_in_eval = memory.collect(results, training_only)
            peak = memory.peak(wiring, results, training_only, outputs, ports)
        problems: tuple[Problem, ...] = ()
        if not same.faultless or faults:
            problems = (*faults, *graph_problems(wiring, results, block, ends))
        return GraphResult(
            wiring=wiring,
            plain=plain,
            scope=scope,
            inputs=inputs,
            nodes=results,
            ports=ports,
            training_only=training_only,
            counts=counts,
            kept=kept,
            kept_in_eval=kept_in_eval,
            peak=peak,
            effect=_effect(wiring, results, inputs, ends, outputs, counts, kept, kept_in_eval, peak)
            if outputs
            else _NO_EFFECT,
            problems=problems,
        )

    # Which nodes are there

    def _present(
        self, graph: Graph, scope: Mapping[str, Scalar], block: str | None
    ) -> tuple[Graph, tuple[Problem, ...]]:
        """Take out nodes whose `when` is false or whose `repeat` is 0."""
        gone: list[str] = []
        passed: list[str] = []
        faults: list[Problem] = []
        entered: Counter[str] | None = None
        for name, node in graph.nodes.items():
            if node.when is True and not (isinstance(node, BlockNode) and node.repeat != 1):
                continue
            if entered is None:
                entered = Counter([edge.target for edge in graph.edges])
            if node.when is not True:
                there, fault = value(node.when, scope, "when", name, block)
                if not fault and not isinstance(there, int | float):
                    message = f"{name}: when takes true or false; received {there!r}"
                    fault = (Problem("when", message, path=name, block=block, node=name),)
                faults += fault
                if not fault and not there:
                    wire_left = entered[name] == 1 and self._is_one_in_one_out(node)
                    (passed if wire_left else gone).append(name)
                    continue
            if isinstance(node, BlockNode) and node.repeat != 1:
                times, fault = value(node.repeat, scope, "repeat", name, block)
                gone_through = not fault and type(times) is int and times == 0
                if gone_through and entered[name] == 1 and self._is_one_in_one_out(node):
                    passed.append(name)
        if not gone and not passed:
            return graph, tuple(faults)
        return without(graph, gone, passed), tuple(faults)

    def _is_one_in_one_out(self, node: Node) -> bool:
        """Tell whether a node that goes leaves a wire where one edge enters it.

        An Identity is a wire itself, so that `when` cuts it: a shortcut that not every use has.
        """
        if isinstance(node, BlockNode):
            used = self.design.blocks.get(node.block)
            return used is not None and len(used.inputs) == len(used.outputs) == 1
        return node.layer not in (Input.__name__, Output.__name__, Identity.__name__)

    def _wire(self, graph: Graph, ends: Ends) -> Wiring:
        if ends is NO_ENDS:  # the design's own graph is wired once
            return wire(graph, ends)
        known = self._wirings.get(id(graph))
        if known is None or known.graph is not graph:
            known = self._wirings[id(graph)] = wire(graph, ends)
        return known

    # Blocks

    def endless(self, name: str) -> tuple[str, str] | None:
        """Return a code and a sentence where a block has no end or is nested too deeply."""
        return blocks.endless(name, self.design, self._parts)

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
        if key not in self._results:
            scope = {**values, "in_channels": inputs[0].shape[0]}
            if len(inputs[0].shape) == 3:
                scope["in_height"], scope["in_width"] = inputs[0].shape[1:]
            ends = Ends(used.inputs, used.outputs)
            found = self._graph(used.graph, scope, enter(inputs), name, ends, frozen)
            self._results[key] = parts, found
        return self._results[key][1]

    def chain(
        self,
        name: str,
        uses: Sequence[Mapping[str, Scalar]],
        inputs: tuple[Tensor, ...],
        frozen: Sequence[bool],
    ) -> GraphResult:
        """Evaluate a block run several times in a row."""
        wiring = chain(name, len(uses))
        flows = enter(inputs)
        results: dict[str, NodeResult] = {}
        before: tuple[object, ...] = ()
        given: tuple[Flow | None, ...] = flows
        for step, values, still in zip(wiring.order, uses, frozen, strict=True):
            self.evaluations += 1
            if given[0] is None:
                results[step] = NodeResult(given)
                continue
            if before != (id(values), given[0].tensor, still):
                inside = self.use(name, values, (given[0].tensor,), still)
                before = (id(values), given[0].tensor, still)
            results[step] = seen_from_outside(step, inside, (given[0],))
            given = results[step].outputs[:1]
        return self._summed(wiring, {}, flows, results, None, CHAIN, ())


_NO_EFFECT = effect(Counts(), Memory(), Memory(), (), 0, ())


class _Same:
    """What the touched nodes of an update leave as it was before.

    Attributes
    ----------
    ports
        The result before, if the design's inputs and outputs are the same; else None.
    memory
        The result before, if what is kept and what is alive are the same; else None.
    faultless
        Whether there were no problems and are none.
    """

    def __init__(
        self,
        before: GraphResult | None,
        results: Mapping[str, NodeResult],
        touched: Collection[str],
    ) -> None:
        self.before = before
        self.ports = self.memory = before
        self.faultless = before is not None and not before.problems
        self.pairs: list[tuple[NodeResult, NodeResult]] = []
        if before is None:
            return
        pairs = [(before.nodes[name], results[name]) for name in touched]
        if len(pairs) <= MANY:
            self.pairs = pairs
        if len(pairs) > MANY or not all(_is_alike(one, two) for one, two in pairs):
            self.memory = None
        for one, two in pairs:
            if one.layer is not two.layer and _port_kind(one.layer) != _port_kind(two.layer):
                self.ports = None
            if two.problems or len(one.outputs) != len(two.outputs):
                self.faultless = False
        self.faultless = self.faultless and self.ports is not None

    def counts(self) -> Counts | None:
        """Return the sums, changed by the differences of a few nodes; None to sum anew."""
        if self.before is None or not self.pairs:
            return None
        sums = list(self.before.counts)
        for one, two in self.pairs:
            old, new = one.counts, two.counts
            if old.widest_gradients == sums[-1] and new.widest_gradients < sums[-1]:
                return None
            for place in range(len(sums) - 1):
                sums[place] += new[place] - old[place]
            sums[-1] = max(sums[-1], new.widest_gradients)
        return Counts._make(sums)


def _is_alike(one: NodeResult, two: NodeResult) -> bool:
    """Tell whether two results of a node keep the same and live as long."""
    if one.effect is None or two.effect is None or one.inputs != two.inputs:
        return False
    return (
        one.outputs == two.outputs
        and one.effect.peak == two.effect.peak
        and one.effect.kept == two.effect.kept
        and one.effect.kept_in_eval == two.effect.kept_in_eval
        and role(one) is role(two)
    )


def _port_kind(layer: Layer | None) -> tuple[type[Layer], bool] | None:
    """Return what sorts Input and Output nodes; None for other layers."""
    if isinstance(layer, Input | Output):
        return type(layer), isinstance(layer, Output) and layer.auxiliary
    return None


def _is_plain(node: Node) -> bool:
    """Tell whether a node is there in any case."""
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


def _leaving(
    wiring: Wiring, end: str, results: Mapping[str, NodeResult], flows: Mapping[str, Flow]
) -> Flow | None:
    """Return the tensor at a block's output, which others may overwrite if nobody else reads it."""
    sources = wiring.sources.get(end, ())
    if not sources or sources[0] is None:
        return None
    name, port = sources[0]
    if name in flows:
        return flows[name]
    outputs = results[name].outputs if name in results else ()
    flow = outputs[port] if port < len(outputs) else None
    if flow is not None and flow.writable and wiring.readers[sources[0]] > 1:
        return flow._replace(writable=False)
    return flow


def _effect(
    wiring: Wiring,
    results: Mapping[str, NodeResult],
    inputs: tuple[Flow, ...],
    ends: Ends,
    outputs: tuple[Flow | None, ...],
    counts: Counts,
    kept: Memory,
    kept_in_eval: Memory,
    peak: int,
) -> BlockEffect:
    convolved = tuple(
        port
        for port, name in enumerate(ends.inputs)
        if memory.read_by_convolution(wiring, results, name, inputs[port].storage)
    )
    return effect(counts, kept, kept_in_eval, convolved, peak, outputs)
