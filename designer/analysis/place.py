"""Where a node is evaluated, and how a layer is; blocks are in `uses`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from designer.analysis.mending import OpenEnds, fault_fixes
from designer.analysis.problems import Fix, Problem, origin_fixes, remedy_fix
from designer.analysis.rates import factor
from designer.analysis.results import Flow, NodeResult, Storage
from designer.analysis.wiring import Source, Wiring
from designer.design import edits
from designer.design.expressions import Scalar
from designer.design.values import Design, Edge, Graph, LayerNode
from designer.layers.base import Layer, LayerError, show
from designer.layers.catalogue import resolve
from designer.layers.facts import facts
from designer.layers.ports import Input, Output

MAX_BYTES = 4 * 10**14


@dataclass
class Place:
    """A graph while it is evaluated: its wiring, the names in scope, the block it belongs to.

    `drawn` is the graph as the design has it, with the nodes that `when` takes out; `frozen` says
    that nothing in it learns.
    """

    design: Design
    wiring: Wiring
    scope: Mapping[str, Scalar]
    block: str | None
    drawn: Graph
    frozen: bool = False

    def inputs(
        self, name: str, results: Mapping[str, NodeResult], ends: Mapping[str, Flow]
    ) -> tuple[Flow | None, ...]:
        """Return the tensors at a node's input ports."""
        sources = self.wiring.sources[name]
        if len(sources) == 1 and sources[0] is not None and sources[0][0] in results:
            name, port = sources[0]  # the common case, without a loop
            return results[name].outputs[port : port + 1] or (None,)
        flows: list[Flow | None] = []
        for source in sources:
            if source is None:
                flows.append(None)
                continue
            start, port = source
            result = results.get(start)
            if result is None:
                flows.append(ends.get(start))
            elif port < len(result.outputs):
                flows.append(result.outputs[port])
            else:
                flows.append(None)
        return tuple(flows)

    def layer(
        self,
        name: str,
        node: LayerNode,
        inputs: tuple[Flow | None, ...],
        results: Mapping[str, NodeResult],
        known: Layer | None = None,
    ) -> NodeResult:
        """Evaluate a layer; `known` is what the same node was found to be before."""
        layer, frozen = known, self.frozen
        if node.learning_rate != 1:
            rate, sentence = factor(node, self.scope)
            frozen = frozen or rate == 0
            if sentence:
                return NodeResult(inputs, problems=(self.slow(name, sentence),))
        if layer is None:
            if self.block is not None and node.layer in (Input.__name__, Output.__name__):
                message = (
                    f"{name}: {node.layer} belongs in the design itself; a block names its ends"
                )
                return NodeResult(inputs, problems=(self.problem("misplaced", message, name),))
            layer, faults = resolve(node.layer, node.parameters, self.scope)
            if layer is None:
                problems = tuple(
                    self.problem(
                        fault.code,
                        f"{name}: {fault.message}",
                        name,
                        fixes=fault_fixes(fault, node, name, self.block, self.scope),
                    )
                    for fault in faults
                )
                return NodeResult(inputs, problems=problems)
        least, most = layer.inputs
        if None in inputs or not least <= len(inputs) <= most:
            return NodeResult(inputs, layer=layer, problems=self._ports(name, layer, inputs))
        first = inputs[0] if inputs else None
        in_place = layer.inplace and self._is_alone(name, first)
        try:
            given = tuple([flow.tensor for flow in inputs])  # type: ignore[union-attr]
            found = facts(layer, given, in_place, True) if frozen else facts(layer, given, in_place)
        except LayerError as error:
            problem = self._refused(name, layer, inputs, error, results)
            return NodeResult(inputs, layer=layer, problems=(problem,))
        if found.size > MAX_BYTES:
            shape = show(found.output.shape)
            message = f"{name}: its output {shape} is larger than any memory"
            return NodeResult(
                inputs, layer=layer, problems=(self.problem("too-large", message, name),)
            )
        own = Storage(name, 0, found.size)
        if first is None:  # the images are the caller's
            flow = Flow(found.output, own, own, False)
        elif found.view or found.view_in_eval:
            flow = Flow(
                found.output,
                first.storage if found.view else own,
                first.eval_storage if found.view_in_eval else own,
                self._is_alone(name, first) and not found.keeps_output,
            )
        else:
            flow = Flow(found.output, own, own, not found.keeps_output)
        return NodeResult(inputs, (flow,), found, layer, in_place)

    def _is_alone(self, name: str, first: Flow | None) -> bool:
        """Tell whether a node may overwrite its first input: nobody else reads or keeps it."""
        if first is None or not first.writable:
            return False
        source = self.wiring.sources[name][0]
        return source is not None and self.wiring.readers[source] == 1

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
            fixes = self.disconnect_fix(name, most)
            return (self.problem("no-such-input", message, name, port=most, fixes=fixes),)
        return tuple(
            self.problem(
                "unconnected-input",
                f"{name}: input {port} of {kind} is not connected; draw an edge to it"
                if most > 1
                else f"{name}: the input of {kind} is not connected; draw an edge to it",
                name,
                port=port,
                fixes=self._open_ends.fixes(name, port, self.block),
            )
            for port in range(max(least, len(sources)))
            if port >= len(sources) or sources[port] is None
        )

    @cached_property
    def _open_ends(self) -> OpenEnds:
        ends = () if self.block is None else self.design.blocks[self.block].inputs
        return OpenEnds(self.drawn, ends)

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
        return self.problem(
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
            if result.counts.macs:
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
        drawn = self.drawn
        return self.wiring.graph is drawn or edge in drawn.edges

    def slow(self, name: str, sentence: str) -> Problem:
        """Return the problem of a factor of the learning rate."""
        return self.problem("learning-rate", f"{name}: {sentence}", name)

    def drop_fix(self, name: str, parameter: str) -> tuple[Fix, ...]:
        """Offer to remove a parameter or argument that does not belong there."""
        block = self.block
        return (
            Fix(
                f"remove {parameter}",
                lambda design: edits.remove_parameter(design, name, parameter, block=block),
            ),
        )

    def disconnect_fix(self, name: str, ports: int) -> tuple[Fix, ...]:
        """Offer to remove the edges that enter a node beyond its ports."""
        block = self.block
        drawn = self.drawn.edges
        surplus = [edge for edge in drawn if edge.target == name and edge.target_port >= ports]

        def edit(design: Design) -> Design:
            for edge in surplus:
                design = edits.disconnect(design, edge, block=block)
            return design

        return (Fix("remove the edge" if len(surplus) == 1 else "remove these edges", edit),)

    def problem(
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
        """Return a problem of a node here."""
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
