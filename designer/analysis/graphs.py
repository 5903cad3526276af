"""The pass over a graph: every node's result from those before it, blocks by memory of their uses.

A block's result is kept for what it depends on: the blocks it is made of, its arguments and the
facts about its inputs. An edit of a graph looks again only at the nodes that changed and at those
whose inputs then differ.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import compress, pairwise
from operator import is_not
from typing import NamedTuple, TypeAlias

from designer.analysis import memory
from designer.analysis.problems import (
    Fix,
    Problem,
    Severity,
    origin_fixes,
    remedy_fix,
)
from designer.analysis.results import Counts, Flow, GraphResult, Memory, NodeResult, Storage
from designer.analysis.wiring import Source, Wiring, wire, without
from designer.design import edits
from designer.design.expressions import (
    ExpressionError,
    Scalar,
    evaluate,
    is_expression,
    names,
    parse,
)
from designer.design.values import Argument, Block, BlockNode, Design, Edge, Graph, LayerNode, Node
from designer.layers.base import FLOAT_BYTES, Facts, Kept, Layer, LayerError, Tensor, facts, show
from designer.layers.catalogue import resolve
from designer.layers.ports import Input, Output

MAX_REPEAT = 1_000
MAX_DEPTH = 24
MAX_EVALUATIONS = 100_000
BLOCK_EVALUATIONS = 4  # what the use of a block costs, even of a known one
MAX_LAYERS = 100_000
MAX_PROBLEMS = 50
MAX_VALUES = 10**14
MAX_REMEMBERED = 10_000

_BlockKey: TypeAlias = tuple[object, ...]


class _TooLargeError(Exception):
    """The design expands to more nodes than a pass may look at."""


class Evaluator:
    """One pass over a design, with what it may take over from the pass before."""

    def __init__(self, design: Design, known: "Evaluator | None" = None) -> None:
        self.design = design
        self.evaluations = 0
        self.same_blocks = known is not None and known.design.blocks is design.blocks
        # With each result go the blocks that its key names by identity, so that these stay theirs.
        self._results: dict[_BlockKey, tuple[tuple[Block, ...], GraphResult]] = {}
        self._wirings: dict[int, Wiring] = {}
        if known is not None and len(known._results) < MAX_REMEMBERED:
            self._results.update(known._results)
        if known is not None and len(known._wirings) < MAX_REMEMBERED:
            self._wirings.update(known._wirings)
        self._parts: dict[str, _Parts] = (
            known._parts if known is not None and self.same_blocks else _all_parts(design)
        )

    def top(self, previous: GraphResult | None) -> GraphResult:
        """Evaluate the design's own graph."""
        scope = {name: each.default for name, each in self.design.arguments.items()}
        with suppress(_TooLargeError):
            found = self.graph(self.design.graph, scope, (), previous=previous)
            if found.counts.layers <= MAX_LAYERS:
                return found
        problem = Problem(
            "too-large",
            f"the design expands to more than {MAX_LAYERS:,} layers or to too many "
            "uses of blocks; lower a repeat or take blocks out",
        )
        return self._finish(wire(Graph(), (), ()), scope, (), {}, (problem,))

    def graph(
        self,
        graph: Graph,
        scope: Mapping[str, Scalar],
        inputs: tuple[Flow, ...],
        *,
        block: str | None = None,
        ends: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
        previous: GraphResult | None = None,
    ) -> GraphResult:
        """Evaluate a graph; `ends` names a block's inputs and outputs."""
        actual, faults = self._present(graph, scope, block)
        reusable = (
            previous
            if previous is not None
            and previous.scope == scope
            and previous.wiring.graph.edges is actual.edges
            and len(previous.wiring.graph.nodes) == len(actual.nodes)
            and all(map(str.__eq__, previous.wiring.graph.nodes, actual.nodes))
            else None
        )
        wiring = reusable.wiring if reusable else self._wire(actual, ends)
        place = _Place(self, wiring, scope, block)
        if reusable:
            before = wiring.graph.nodes.values()
            changed = set(compress(actual.nodes, map(is_not, before, actual.nodes.values())))
            wiring = place.wiring = _with_graph(wiring, actual)
            return self._update(place, reusable, changed, faults)
        flows = dict(zip(ends[0], inputs, strict=True))
        results: dict[str, NodeResult] = {}
        for name in wiring.order:
            results[name] = place.evaluate(name, actual.nodes[name], results, flows)
        return self._finish(wiring, scope, inputs, results, faults, block, ends)

    def _update(
        self,
        place: "_Place",
        before: GraphResult,
        changed: set[str],
        faults: tuple[Problem, ...],
    ) -> GraphResult:
        """Evaluate what changed, and behind it what then receives other inputs."""
        wiring, old = place.wiring, before.nodes
        results = dict(old)
        waiting = set(changed)
        if not self.same_blocks:  # a block that was edited changes every node that uses it
            nodes = wiring.graph.nodes.items()
            waiting.update(name for name, node in nodes if isinstance(node, BlockNode))
        if before.problems:  # their words and fixes look at nodes further up
            waiting.update(name for name, result in old.items() if result.problems)
        touched = []
        for name in wiring.order:
            if name not in waiting:
                continue
            known = old[name] if name not in changed else None
            result = place.evaluate(name, wiring.graph.nodes[name], results, {}, known)
            if result != old[name] or name in changed:
                touched.append(name)
            results[name] = result
            if result.outputs != old[name].outputs:
                waiting.update(wiring.targets[name])
        return self._finish(
            wiring, before.scope, (), results, faults, before=before, touched=touched
        )

    def _finish(
        self,
        wiring: Wiring,
        scope: Mapping[str, Scalar],
        inputs: tuple[Flow, ...],
        results: Mapping[str, NodeResult],
        faults: tuple[Problem, ...],
        block: str | None = None,
        ends: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
        *,
        before: GraphResult | None = None,
        touched: Sequence[str] = (),
    ) -> GraphResult:
        """Sum up, taking over from `before` what the touched nodes leave as it was."""
        same = _Same(before, results, touched)
        flows = dict(zip(ends[0], inputs, strict=True))
        outputs = tuple(_flow(wiring, name, results, flows) for name in ends[1])
        training_only = (
            before.training_only
            if before is not None and same.layers
            else memory.training_only(wiring, results, bool(ends[1]))
        )
        counts = same.counts() or _sum_counts(results.values())
        kept = before.kept if before is not None and same.kept else memory.collect(results, ())
        if before is not None and same.kept and same.layers:
            kept_in_eval = before.kept_in_eval
        else:
            kept_in_eval = memory.collect(results, training_only, training=False)
        if before is not None and same.memory and same.layers:
            peak = before.peak
        else:
            peak = memory.peak(wiring, results, training_only, outputs)
        if same.problems and not faults:
            problems: tuple[Problem, ...] = ()
        else:
            problems = (*faults, *_problems(wiring, results, block, ends))
        convolved = frozenset(
            port
            for port, name in enumerate(ends[0])
            if memory.read_by_convolution(wiring, results, name, inputs[port].storage)
        )
        return GraphResult(
            wiring,
            scope,
            inputs,
            results,
            outputs,
            training_only,
            counts,
            kept,
            kept_in_eval,
            peak,
            convolved,
            problems,
        )

    # Which nodes are there

    def _present(
        self, graph: Graph, scope: Mapping[str, Scalar], block: str | None
    ) -> tuple[Graph, tuple[Problem, ...]]:
        """Take out nodes whose `when` is false or whose `repeat` is 0."""
        gone: list[str] = []
        passed: list[str] = []
        faults: list[Problem] = []
        for name, node in graph.nodes.items():
            if node.when is not True:
                there, fault = _value(node.when, scope, "when", name, block)
                faults += fault
                if not fault and not there:
                    (passed if self._is_wire(graph, name, node) else gone).append(name)
                    continue
            if isinstance(node, BlockNode) and node.repeat != 1:
                times, fault = _value(node.repeat, scope, "repeat", name, block)
                gone_through = not fault and type(times) is int and times == 0
                if gone_through and self._is_wire(graph, name, node):
                    passed.append(name)
        if not gone and not passed:
            return graph, tuple(faults)
        return without(graph, gone, passed), tuple(faults)

    def _is_wire(self, graph: Graph, name: str, node: Node) -> bool:
        """Tell whether a node that goes leaves a wire: one in, one out."""
        if isinstance(node, BlockNode):
            used = self.design.blocks.get(node.block)
            if used is None or len(used.inputs) != 1 or len(used.outputs) != 1:
                return False
        elif node.layer in (Input.__name__, Output.__name__):
            return False
        return sum(edge.target == name for edge in graph.edges) == 1

    def _wire(self, graph: Graph, ends: tuple[tuple[str, ...], tuple[str, ...]]) -> Wiring:
        if not ends[0]:  # the design's own graph is wired once
            return wire(graph, *ends)
        known = self._wirings.get(id(graph))
        if known is None or known.graph is not graph:
            known = self._wirings[id(graph)] = wire(graph, *ends)
        return known

    # Blocks

    def block(
        self,
        name: str,
        values: Mapping[str, Scalar],
        inputs: tuple[Tensor, ...],
    ) -> GraphResult:
        """Evaluate a use of a block, or remember an equal one."""
        used, parts = self.design.blocks[name], self.parts_of(name) or ()
        key = (name, tuple(map(id, parts)), tuple(map(repr, values.values())), inputs)
        self.evaluations += BLOCK_EVALUATIONS
        if key not in self._results:
            flows = tuple(
                Flow(each, Storage("", port, size), Storage("", port, size), False)
                for port, each in enumerate(inputs)
                for size in (each.values * FLOAT_BYTES,)
            )
            scope = {**values, "in_channels": inputs[0].shape[0]}
            if len(inputs[0].shape) == 3:
                scope["in_height"], scope["in_width"] = inputs[0].shape[1:]
            found = self.graph(
                used.graph,
                scope,
                flows,
                block=name,
                ends=(used.inputs, used.outputs),
            )
            self._results[key] = parts, found
        return self._results[key][1]

    def parts_of(self, name: str) -> tuple[Block, ...] | None:
        """Return a block and all blocks in it, or None where they never end or are too deep."""
        return self._parts[name].blocks

    def too_deep(self, name: str) -> bool:
        """Tell whether blocks nest in a block deeper than a pass goes."""
        return self._parts[name].deep

    def endless(self, name: str) -> str:
        """Say why a block has no parts."""
        if self.too_deep(name):
            return f"blocks are nested deeper than {MAX_DEPTH} levels; dissolve some"
        waiting = [name]
        seen: set[str] = set()
        while waiting:
            for each in _used_blocks(self.design.blocks[waiting.pop()], self.design) - seen:
                seen.add(each)
                waiting.append(each)
        itself = "itself" if name in seen else "blocks that contain each other"
        return f"the block {name} contains {itself}; a block must end somewhere"


class _Parts(NamedTuple):
    """The blocks within a block, itself among them; None where they never end or are too deep."""

    blocks: tuple[Block, ...] | None = None
    deep: bool = False


def _used_blocks(block: Block, design: Design) -> set[str]:
    nodes = block.graph.nodes.values()
    used = {node.block for node in nodes if isinstance(node, BlockNode)}
    return used & design.blocks.keys()


def _all_parts(design: Design) -> dict[str, _Parts]:
    """Return the blocks within each block, from the innermost ones outwards."""
    waiting = {name: _used_blocks(block, design) for name, block in design.blocks.items()}
    users: dict[str, list[str]] = {}
    for name, used in waiting.items():
        for each in used:
            users.setdefault(each, []).append(name)
    heights = dict.fromkeys(design.blocks, 1)
    parts = dict.fromkeys(design.blocks, _Parts())
    ready = [name for name, used in waiting.items() if not used]
    while ready:
        name = ready.pop()
        if heights[name] > MAX_DEPTH:
            parts[name] = _Parts(deep=True)
        else:
            block = design.blocks[name]
            found = {id(block): block}
            for used_name in sorted(_used_blocks(block, design)):
                found.update((id(each), each) for each in parts[used_name].blocks or ())
            parts[name] = _Parts(tuple(found.values()))
        for user in users.get(name, ()):
            heights[user] = max(heights[user], heights[name] + 1)
            waiting[user].discard(name)
            if not waiting[user]:
                ready.append(user)
    return parts


class _Same:
    """What the touched nodes of an update left as it was."""

    def __init__(
        self,
        before: GraphResult | None,
        results: Mapping[str, NodeResult],
        touched: Sequence[str],
    ) -> None:
        self.before = before
        self.pairs = [] if before is None else [(before.nodes[n], results[n]) for n in touched]
        there = before is not None
        self.kept = there and all(
            one.kept == two.kept and one.kept_in_eval == two.kept_in_eval for one, two in self.pairs
        )
        self.memory = there and all(
            one.outputs == two.outputs and one.peak == two.peak and one.inputs == two.inputs
            for one, two in self.pairs
        )
        self.layers = there and all(
            one.layer is two.layer
            for one, two in self.pairs
            if isinstance(one.layer, Output) or isinstance(two.layer, Output)
        )
        self.problems = (
            before is not None
            and self.layers
            and not before.problems
            and not any(two.problems for _, two in self.pairs)
            and all(len(one.outputs) == len(two.outputs) for one, two in self.pairs)
        )

    def counts(self) -> Counts | None:
        """Return the sums, changed by the differences of a few nodes; None to sum anew."""
        if self.before is None or len(self.pairs) > 1000:
            return None
        sums = list(self.before.counts)
        for one, two in self.pairs:
            if isinstance(two.layer, Input) or one.counts.widest_gradients > min(
                two.counts.widest_gradients, sums[-1] - 1
            ):
                return None
            for place, (old, new) in enumerate(zip(one.counts[:-1], two.counts[:-1], strict=True)):
                sums[place] += new - old
            sums[-1] = max(sums[-1], two.counts.widest_gradients)
        return Counts(*sums)


class _Place:
    """Where nodes are evaluated: a graph's wiring, the names in scope, the block it belongs to."""

    def __init__(
        self,
        evaluator: Evaluator,
        wiring: Wiring,
        scope: Mapping[str, Scalar],
        block: str | None,
    ) -> None:
        self.evaluator = evaluator
        self.wiring = wiring
        self.scope = scope
        self.block = block

    def evaluate(
        self,
        name: str,
        node: Node,
        results: Mapping[str, NodeResult],
        ends: Mapping[str, Flow],
        known: NodeResult | None = None,
    ) -> NodeResult:
        """Return a node's result; `known` is that of the same node with other inputs."""
        evaluator = self.evaluator
        evaluator.evaluations += 1
        if evaluator.evaluations > MAX_EVALUATIONS:
            raise _TooLargeError
        flows: list[Flow | None] = []
        for source in self.wiring.sources[name]:
            if source is None:
                flows.append(None)
            elif source[0] in ends:
                flows.append(ends[source[0]])
            else:
                outputs = results[source[0]].outputs if source[0] in results else ()
                flows.append(outputs[source[1]] if source[1] < len(outputs) else None)
        inputs = tuple(flows)
        if isinstance(node, LayerNode):
            return self._layer(name, node, inputs, results, known)
        return self._block(name, node, inputs)

    # Layers

    def _layer(
        self,
        name: str,
        node: LayerNode,
        inputs: tuple[Flow | None, ...],
        results: Mapping[str, NodeResult],
        known: NodeResult | None,
    ) -> NodeResult:
        layer = known.layer if known is not None else None
        if self.block is not None and node.layer in (Input.__name__, Output.__name__):
            message = f"{name}: {node.layer} belongs in the design itself; a block names its ends"
            return NodeResult(inputs, problems=(self._problem("misplaced", message, name),))
        if layer is None:
            layer, parameter_faults = resolve(node.layer, node.parameters, self.scope)
            if layer is None:
                problems = tuple(
                    self._problem(
                        fault.code,
                        f"{name}: {fault.message}",
                        name,
                        fixes=self._drop_fix(name, fault.parameter)
                        if fault.code == "unknown-parameter"
                        else (),
                    )
                    for fault in parameter_faults
                )
                return NodeResult(inputs, problems=problems)
        if None in inputs or not layer.inputs[0] <= len(inputs) <= layer.inputs[1]:
            return NodeResult(inputs, layer=layer, problems=self._ports(name, layer, inputs))
        given = tuple([flow.tensor for flow in inputs])  # type: ignore[union-attr]
        in_place = False
        if layer.inplace:
            source = self.wiring.sources[name][0]
            assert source is not None and inputs[0] is not None
            in_place = inputs[0].writable and self.wiring.readers[source] == 1
        try:
            layer.check()
            found = facts(layer, given, in_place)
        except LayerError as error:
            return NodeResult(
                inputs, layer=layer, problems=(self._refused(name, layer, inputs, error, results),)
            )
        if found.output.values > MAX_VALUES:
            problem = self._problem(
                "too-large",
                f"{name}: its output {show(found.output.shape)} is larger than any memory",
                name,
            )
            return NodeResult(inputs, layer=layer, problems=(problem,))
        return _layer_result(
            name, layer, found, inputs, in_place, self._still_writable(name, found, inputs)
        )

    def _still_writable(self, name: str, found: Facts, inputs: tuple[Flow | None, ...]) -> bool:
        """Tell whether the only reader of the output may overwrite it."""
        if found.kept.output or not inputs:  # the images are the caller's
            return False
        if not found.view and not found.view_in_eval:
            return True
        source = self.wiring.sources[name][0]
        assert source is not None and inputs[0] is not None
        return inputs[0].writable and self.wiring.readers[source] == 1

    def _ports(
        self, name: str, layer: Layer, inputs: tuple[Flow | None, ...]
    ) -> tuple[Problem, ...]:
        """Name the inputs without an edge; an input without a tensor has its problem upstream."""
        least, most = layer.inputs
        kind = type(layer).__name__
        sources = self.wiring.sources[name]
        if len(inputs) > most:
            count = f"only {most} input{'s' if most != 1 else ''}" if most else "no inputs"
            message = f"{name}: {kind} has {count}, but an edge enters input {len(inputs) - 1}"
            fixes = self._disconnect_fix(name, most)
            return (self._problem("no-such-input", message, name, port=most, fixes=fixes),)
        return tuple(
            self._problem(
                "unconnected-input",
                f"{name}: input {port} of {kind} is not connected; draw an edge to it"
                if most > 1
                else f"{name}: the input of {kind} is not connected; draw an edge to it",
                name,
                port=port,
            )
            for port in range(max(least, len(sources)))
            if port >= len(sources) or sources[port] is None
        )

    def _refused(
        self,
        name: str,
        layer: Layer,
        inputs: tuple[Flow | None, ...],
        error: LayerError,
        results: Mapping[str, NodeResult],
    ) -> Problem:
        sources = self.wiring.sources[name]
        port = error.port if error.port < len(sources) else 0
        source = sources[port] if sources else None
        origin = self._origin(source, results) if source is not None else ""
        message = f"{name}: {error.message}"
        fixes = []
        for remedy in error.remedies:
            edge = self._edge_into(name, port) if source is not None else None
            fix = remedy_fix(remedy, self.block, name, edge)
            if fix is not None and (edge is None or self._is_drawn(edge)):
                fixes.append(fix)
        if error.code == "inputs-differ":
            seen = []
            for each in (0, port):
                flow, start = inputs[each], sources[each]
                assert flow is not None and start is not None
                seen.append(f"{show(flow.tensor.shape)} from {start[0]}")
            message = f"{name}: {error.message}: {', '.join(seen)}"
            fixes = [*self._channel_fixes(name, inputs, port, origin, error.axis), *fixes]
        elif source is not None and origin:
            message += f" (from {source[0]})"
        return self._problem(
            error.code,
            message,
            name,
            port=port,
            axis=error.axis,
            received=error.received,
            expected=error.expected,
            origin=origin,
            fixes=tuple(fixes),
        )

    def _channel_fixes(
        self,
        name: str,
        inputs: tuple[Flow | None, ...],
        port: int,
        origin: str,
        axis: str | None,
    ) -> list[Fix]:
        first, other = inputs[0], inputs[port]
        node = self.wiring.graph.nodes.get(origin)
        if first is None or other is None or node is None:
            return []
        if first.tensor.shape[1:] != other.tensor.shape[1:]:
            return []
        return list(origin_fixes(node, self.block, origin, first.tensor.shape[0], axis))

    def _origin(self, source: Source, results: Mapping[str, NodeResult]) -> str:
        """Return the node that gave a shape, past those that only pass it on."""
        name = source[0]
        while name in results:
            result = results[name]
            if len(result.inputs) != 1 or result.inputs[0] is None or not result.outputs:
                break
            output = result.outputs[0]
            if output is None or output.tensor.shape != result.inputs[0].tensor.shape:
                break
            if result.facts is not None and result.facts.macs:
                break
            before = self.wiring.sources[name][0]
            assert before is not None
            name = before[0]
        return name

    def _edge_into(self, name: str, port: int) -> Edge:
        source = self.wiring.sources[name][port]
        assert source is not None
        return Edge(source[0], source[1], name, port)

    def _is_drawn(self, edge: Edge) -> bool:
        """Tell whether an edge stands in the design, not only in what `when` left of it."""
        drawn = self.evaluator.design.graph_of(self.block)
        return self.wiring.graph is drawn or edge in drawn.edges

    def _drop_fix(self, name: str, parameter: str) -> tuple[Fix, ...]:
        block = self.block
        return (
            Fix(
                f"remove {parameter}",
                lambda design: edits.remove_parameter(design, name, parameter, block=block),
            ),
        )

    def _disconnect_fix(self, name: str, ports: int) -> tuple[Fix, ...]:
        """Offer to remove the edges that enter a node beyond its ports."""
        block = self.block
        drawn = self.evaluator.design.graph_of(block).edges
        surplus = [edge for edge in drawn if edge.target == name and edge.target_port >= ports]

        def edit(design: Design) -> Design:
            for edge in surplus:
                design = edits.disconnect(design, edge, block=block)
            return design

        return (Fix("remove the edge" if len(surplus) == 1 else "remove these edges", edit),)

    # Blocks

    def _block(self, name: str, node: BlockNode, inputs: tuple[Flow | None, ...]) -> NodeResult:
        evaluator = self.evaluator
        used = evaluator.design.blocks.get(node.block)
        if used is None:
            message = f"{name}: there is no block '{node.block}' in this design"
            return NodeResult(inputs, problems=(self._problem("unknown-block", message, name),))
        if evaluator.parts_of(node.block) is None:
            code = "too-deep" if evaluator.too_deep(node.block) else "recursive"
            message = f"{name}: {evaluator.endless(node.block)}"
            return NodeResult(inputs, problems=(self._problem(code, message, name),))
        times, faults = self._repeat(name, node, used)
        uses: list[Mapping[str, Scalar]] = []
        if not faults:
            for number in range(times if "i" in _names(node) else 1):
                values, faults = self._arguments(name, node, used, number)
                uses.append(values)
                if faults:
                    break
        missing = tuple(
            self._problem(
                "unconnected-input",
                f"{name}: the input {used.inputs[port]} of {node.block} is not connected; draw an "
                "edge to it",
                name,
                port=port,
            )
            for port in range(len(used.inputs))
            if port >= len(inputs) or self.wiring.sources[name][port] is None
        )
        if len(inputs) > len(used.inputs):
            message = (
                f"{name}: {node.block} has {len(used.inputs)} inputs, but an edge enters input "
                f"{len(inputs) - 1}"
            )
            ports = len(used.inputs)
            fixes = self._disconnect_fix(name, ports)
            problem = self._problem("no-such-input", message, name, port=ports, fixes=fixes)
            missing = (*missing, problem)
        flows = tuple([flow for flow in inputs if flow is not None])
        if faults or missing or len(flows) < len(used.inputs):
            return NodeResult(inputs, problems=(*faults, *missing))
        given = tuple(flow.tensor for flow in flows)
        if times == 1:
            inside = evaluator.block(node.block, uses[0], given)
        else:
            inside = self._chain(
                node.block, [uses[min(n, len(uses) - 1)] for n in range(times)], given
            )
        result = _block_result(name, inside, flows)
        if result.counts.layers > MAX_LAYERS:
            message = (
                f"{name}: it expands to {result.counts.layers:,} layers, at most {MAX_LAYERS:,} "
                "can be built; lower a repeat"
            )
            return NodeResult(inputs, problems=(self._problem("too-large", message, name),))
        return result

    def _repeat(self, name: str, node: BlockNode, used: Block) -> tuple[int, tuple[Problem, ...]]:
        times, faults = _value(node.repeat, self.scope, "repeat", name, self.block)
        if faults:
            return 0, faults
        if type(times) is not int or not 0 <= times <= MAX_REPEAT:
            message = (
                f"{name}: repeat takes a whole number from 0 to {MAX_REPEAT}; received {times}"
            )
            return 0, (self._problem("repeat", message, name),)
        if times != 1 and (len(used.inputs) != 1 or len(used.outputs) != 1):
            message = (
                f"{name}: only a block with one input and one output can be repeated; "
                f"{node.block} has {len(used.inputs)} and {len(used.outputs)}"
            )
            return 0, (self._problem("repeat", message, name),)
        return times, ()

    def _arguments(
        self, name: str, node: BlockNode, used: Block, number: int
    ) -> tuple[Mapping[str, Scalar], tuple[Problem, ...]]:
        values = {key: each.default for key, each in used.arguments.items()}
        faults: list[Problem] = []
        scope = {**self.scope, "i": number} if "i" in _names(node) else self.scope
        for key, given in node.arguments.items():
            if key not in used.arguments:
                known = ", ".join(used.arguments) or "none"
                message = f"{name}: {node.block} has no argument '{key}'; it has {known}"
                fixes = self._drop_fix(name, key)
                faults.append(self._problem("unknown-argument", message, name, fixes=fixes))
                continue
            value, fault = _value(given, scope, key, name, self.block)
            if not fault:
                refusal = _refusal(used.arguments[key], value)
                if refusal:
                    message = f"{name}: the argument '{key}' of {node.block} {refusal}"
                    fault = (self._problem("argument", message, name),)
            faults += fault
            values[key] = value
        return values, tuple(faults)

    def _chain(
        self, block: str, uses: Sequence[Mapping[str, Scalar]], inputs: tuple[Tensor, ...]
    ) -> GraphResult:
        """Evaluate a block run several times in a row as a graph of its uses."""
        nodes: dict[str, Node] = {
            str(number): BlockNode(block, values) for number, values in enumerate(uses)
        }
        stops = ["x", *nodes, "y"]
        edges = [Edge(one, 0, two, 0) for one, two in pairwise(stops)]
        size = inputs[0].values * FLOAT_BYTES
        flow = Flow(inputs[0], Storage("", 0, size), Storage("", 0, size), False)
        wiring = wire(Graph(nodes, tuple(edges)), ("x",), ("y",))
        place = _Place(self.evaluator, wiring, {}, None)
        results: dict[str, NodeResult] = {}
        for name, node in nodes.items():
            results[name] = place.evaluate(name, node, results, {"x": flow})
        return self.evaluator._finish(wiring, {}, (flow,), results, (), None, (("x",), ("y",)))

    def _problem(
        self,
        code: str,
        message: str,
        node: str,
        *,
        port: int | None = None,
        axis: str | None = None,
        received: str = "",
        expected: str = "",
        origin: str = "",
        fixes: tuple[Fix, ...] = (),
    ) -> Problem:
        return Problem(
            code,
            message,
            path=node,
            block=self.block,
            node=node,
            port=port,
            axis=axis,
            received=received,
            expected=expected,
            origin=origin,
            fixes=fixes,
        )


def _names(node: BlockNode) -> frozenset[str]:
    """Return the names that the arguments of a repeated block read, such as its number `i`."""
    if node.repeat == 1:
        return frozenset()
    read: frozenset[str] = frozenset()
    for value in node.arguments.values():
        if is_expression(value):
            with suppress(ExpressionError):  # told where the argument is evaluated
                read |= names(parse(str(value)))
    return read


def _refusal(argument: Argument, value: Scalar) -> str | None:
    if isinstance(argument.default, float) and type(value) is int:
        value = float(value)
    return argument.refusal(value)


def _value(
    value: Scalar, scope: Mapping[str, Scalar], what: str, name: str, block: str | None
) -> tuple[Scalar, tuple[Problem, ...]]:
    """Evaluate an expression that is no layer's parameter."""
    if not is_expression(value):
        return value, ()
    try:
        return evaluate(parse(str(value)), scope), ()
    except ExpressionError as error:
        message = f"{name}: {what}: the expression '{value}' {error}"
        return None, (Problem("expression", message, path=name, block=block, node=name),)


def _flow(
    wiring: Wiring,
    end: str,
    results: Mapping[str, NodeResult],
    ends: Mapping[str, Flow],
) -> Flow | None:
    """Return the tensor at a block's output, which others may overwrite if nobody else reads it."""
    sources = wiring.sources.get(end, ())
    if not sources or sources[0] is None:
        return None
    name, port = sources[0]
    if name in ends:
        return ends[name]
    outputs = results[name].outputs if name in results else ()
    flow = outputs[port] if port < len(outputs) else None
    if flow is not None and flow.writable and wiring.readers[sources[0]] > 1:
        return flow._replace(writable=False)
    return flow


def _with_graph(wiring: Wiring, graph: Graph) -> Wiring:
    return Wiring(
        graph,
        wiring.order,
        wiring.sources,
        wiring.readers,
        wiring.targets,
        wiring.cyclic,
        wiring.cycle,
    )


def _layer_result(
    name: str,
    layer: Layer,
    found: Facts,
    inputs: tuple[Flow | None, ...],
    in_place: bool,
    writable: bool,
) -> NodeResult:
    own = Storage(name, 0, found.output.values * FLOAT_BYTES)
    first = inputs[0] if inputs else None
    storage = first.storage if found.view and first is not None else own
    eval_storage = first.eval_storage if found.view_in_eval and first is not None else own
    kept = _named(found.kept, inputs, storage, training=True)
    if found.kept_in_eval is found.kept and eval_storage is own and storage is own:
        kept_in_eval = _named(found.kept, inputs, storage, training=False)
    else:
        kept_in_eval = _named(found.kept_in_eval, inputs, eval_storage, training=False)
    gradients = found.output.values * FLOAT_BYTES if found.output.needs_grad else 0
    if first is not None and first.tensor.needs_grad and storage is own:
        gradients += first.tensor.values * FLOAT_BYTES
    return NodeResult(
        inputs,
        (Flow(found.output, storage, eval_storage, writable),),
        Counts(
            1,
            found.weights,
            found.biases,
            found.buffers,
            found.file_bytes,
            found.macs,
            found.output_values,
            found.buffer_values,
            gradients,
        ),
        kept,
        kept_in_eval,
        (0,) if found.convolution else (),
        0 if eval_storage is not own else found.transient_values * FLOAT_BYTES,
        layer,
        found,
        in_place,
    )


_NOTHING = Memory()


def _named(
    kept: Kept, inputs: tuple[Flow | None, ...], output: Storage, *, training: bool
) -> Memory:
    """Return what a layer keeps with the storages it means."""
    if not kept.inputs and not kept.output:
        return Memory(kept.per_image, kept.fixed) if kept.per_image or kept.fixed else _NOTHING
    storages = [output] if kept.output else []
    for port in kept.inputs:
        flow = inputs[port]
        assert flow is not None
        storages.append(flow.storage if training else flow.eval_storage)
    return Memory(kept.per_image, kept.fixed, frozenset(storages))


def _block_result(name: str, inside: GraphResult, inputs: tuple[Flow, ...]) -> NodeResult:
    """Return a block's result as its surroundings see it: inner storages under its own name."""
    outer: dict[Storage, Storage] = {}
    eval_outer: dict[Storage, Storage] = {}
    for port, flow in enumerate(inside.outputs):
        if flow is not None:
            outer.setdefault(flow.storage, Storage(name, port, flow.storage.size))
            eval_outer.setdefault(flow.eval_storage, Storage(name, port, flow.eval_storage.size))
    for port, flow in enumerate(inputs):
        inner = inside.inputs[port].storage
        outer[inner] = flow.storage
        eval_outer[inner] = flow.eval_storage
    outputs: list[Flow | None] = []
    ends = {each.storage for each in inside.inputs}
    for flow in inside.outputs:
        if flow is None:
            outputs.append(None)
            continue
        alone = flow.writable and flow.storage not in ends
        outputs.append(Flow(flow.tensor, outer[flow.storage], eval_outer[flow.eval_storage], alone))
    return NodeResult(
        inputs,
        tuple(outputs),
        inside.counts,
        _seen(inside.kept, outer),
        _seen(inside.kept_in_eval, eval_outer),
        tuple(sorted(inside.convolved_inputs)),
        inside.peak,
        inside=inside,
        problems=tuple(problem.under(name) for problem in _foremost(inside.problems)),
    )


def _foremost(problems: Sequence[Problem]) -> Sequence[Problem]:
    """Return the first problems, errors before warnings, so that nested blocks tell not all."""
    if len(problems) <= MAX_PROBLEMS:
        return problems
    return sorted(problems, key=lambda each: each.severity is not Severity.ERROR)[:MAX_PROBLEMS]


def _seen(kept: Memory, outer: Mapping[Storage, Storage]) -> Memory:
    """Return what a block keeps: storages that others know by name, the rest as a sum."""
    named = frozenset(outer[each] for each in kept.storages if each in outer)
    hidden = sum(each.size for each in kept.storages if each not in outer)
    return Memory(kept.per_image + hidden, kept.fixed, named)


def _sum_counts(results: Iterable[NodeResult]) -> Counts:
    rows = [result.counts for result in results]
    if not rows:
        return Counts()
    *sums, widest = zip(*rows, strict=True)
    return Counts._make([*map(sum, sums), max(widest)])


def _problems(
    wiring: Wiring,
    results: Mapping[str, NodeResult],
    block: str | None,
    ends: tuple[tuple[str, ...], tuple[str, ...]],
) -> list[Problem]:
    """Gather the problems of a graph: those of its nodes, cycles, loose ends."""
    problems = []
    for name in wiring.graph.nodes:
        if name in wiring.cyclic:
            if name in wiring.cycle:
                way = " → ".join((*wiring.cycle, wiring.cycle[0]))
                message = f"{name}: lies on a cycle, {way}; remove one of its edges"
                problems.append(Problem("cycle", message, name, block, name))
            continue
        result = results[name]
        problems += result.problems
        if isinstance(result.layer, Output):
            continue
        ports = len(result.outputs) or 1
        if not any((name, port) in wiring.readers for port in range(ports)):
            problems.append(
                Problem(
                    "unread",
                    f"{name}: nothing reads its output; connect it or remove it",
                    name,
                    block,
                    name,
                    fixes=(
                        Fix(
                            f"remove {name}",
                            lambda design, name=name: edits.remove_node(  # type: ignore[misc]
                                design, name, block=block
                            ),
                        ),
                    ),
                )
            )
    for name, port in wiring.readers:
        found = results.get(name)
        if found is not None and found.outputs and port >= len(found.outputs):
            message = f"{name}: an edge begins at its output {port}, which it does not have"
            problems.append(Problem("no-such-output", message, name, block, name, port=port))
    for end in ends[1]:
        sources = wiring.sources.get(end, ())
        if not sources or sources[0] is None:
            message = f"the output {end} of {block} is not connected; draw an edge to it"
            problems.append(Problem("unconnected-output", message, "", block, end))
    for end in ends[0]:
        if not wiring.targets.get(end):
            message = f"the input {end} of {block} is read by nothing"
            problems.append(
                Problem("unread-input", message, "", block, end, severity=Severity.WARNING)
            )
    return problems
