"""The context in which the nodes of a graph are evaluated, and the evaluation of layers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from designer.analysis.evaluation.channel_expressions import channel_expression
from designer.analysis.evaluation.learning_rates import learning_rate_factor
from designer.analysis.evaluation.results import NodeResult, layer_result
from designer.analysis.evaluation.wiring import Source, Wiring
from designer.analysis.problems import Fix, Problem, Severity
from designer.analysis.problems.quick_fixes import (
    OpenEnds,
    fault_fixes,
    origin_fixes,
    remedy_fix,
)
from designer.design import edits
from designer.design.expressions import Scalar, is_expression
from designer.design.values import Design, Edge, Graph, LayerNode
from designer.layers.base import Layer
from designer.layers.catalogue import resolve
from designer.layers.errors import LayerError, Remedy
from designer.layers.facts import Facts
from designer.layers.memory_signature import unknown_signature
from designer.layers.own import NOT_MEASURED, Measured, Own
from designer.layers.ports import Input, Output
from designer.layers.tensors import Tensor, show

MAX_BYTES = 4 * 10**14
"""Bytes of one output per image, from which on a layer is refused."""


@dataclass
class EvaluationContext:
    """A graph during its evaluation.

    Attributes
    ----------
    design, block
        The design, and the block whose graph it is; None for the design's own graph.
    wiring
        The wiring, without nodes that `when` or `repeat` removes.
    scope
        The values of all names that expressions may read.
    whole_graph
        The graph as the design has it, with these nodes.
    frozen
        Whether a learning-rate factor of 0 around the graph freezes all its weights.
    measured
        What is known of the design's own layer types.
    """

    design: Design
    wiring: Wiring
    scope: Mapping[str, Scalar]
    block: str | None
    whole_graph: Graph
    frozen: bool = False
    measured: Measured = NOT_MEASURED

    def inputs(self, name: str, results: Mapping[str, NodeResult]) -> tuple[Tensor | None, ...]:
        """Return the tensors at a node's input ports, None where nothing is known."""
        tensors: list[Tensor | None] = []
        for source in self.wiring.sources[name]:
            result = results.get(source[0]) if source is not None else None
            if source is None or result is None or source[1] >= len(result.outputs):
                tensors.append(None)
            else:
                tensors.append(result.outputs[source[1]])
        return tuple(tensors)

    def layer(
        self,
        name: str,
        node: LayerNode,
        inputs: tuple[Tensor | None, ...],
        results: Mapping[str, NodeResult],
        layer: Layer | None = None,
    ) -> NodeResult:
        """Return the result of a layer.

        Parameters
        ----------
        name, node
            The node.
        inputs
            The tensors at its input ports.
        results
            The results of the nodes before it, from which its messages name the origin of a shape.
        layer
            The layer, if its parameters were evaluated before and have not changed.
        """
        frozen = self.frozen
        if node.learning_rate != 1:
            rate, sentence = learning_rate_factor(node, self.scope)
            frozen = frozen or rate == 0
            if sentence:
                return NodeResult(inputs, problems=(self.learning_rate_problem(name, sentence),))
        if layer is None:
            if self.block is not None and node.layer in (Input.__name__, Output.__name__):
                message = (
                    f"{name}: {node.layer} belongs in the design's own graph; a block declares the "
                    "names of its inputs and outputs instead"
                )
                return NodeResult(inputs, problems=(self.problem("misplaced", message, name),))
            layer, faults = resolve(node.layer, node.parameters, self.scope, self.design.code)
            if layer is None:
                problems = tuple(
                    self.problem(
                        fault.code,
                        f"{name}: {fault.message}",
                        name,
                        fixes=fault_fixes(fault, node, name, self.block, self.design, self.scope),
                    )
                    for fault in faults
                )
                return NodeResult(inputs, problems=problems)
        least, most = layer.inputs
        if None in inputs or not least <= len(inputs) <= most:
            return _refused(inputs, layer, self._ports(name, layer, inputs))
        if isinstance(layer, Own):
            found_layer = self._with_measurement(name, layer, inputs)
            if isinstance(found_layer, NodeResult):
                return found_layer
            layer = found_layer
        try:
            result = layer_result(layer, inputs, frozen)
        except LayerError as error:
            problem = self._refusal(name, layer, inputs, error, results)
            return _refused(inputs, layer, (problem,))
        found = result.effect
        assert isinstance(found, Facts)
        if found.size > MAX_BYTES:
            shape = show(found.output.shape)
            message = f"{name}: its output {shape} is larger than any memory; make it smaller"
            return _refused(inputs, layer, (self.problem("too-large", message, name),))
        if found.warning is not None:
            problem = self._refusal(name, layer, inputs, found.warning, results)
            problem = replace(problem, severity=Severity.WARNING)
            return replace(result, problems=(problem,))
        return result

    def _with_measurement(
        self, name: str, layer: Own, inputs: tuple[Tensor | None, ...]
    ) -> Own | NodeResult:
        """Return an own layer with what was measured of it, or its result while that is pending."""
        kind = type(layer)
        request = layer.request(tuple([each for each in inputs if each is not None]))
        found = self.measured.facts.get(request)
        if kind.digest not in self.measured.trusted:
            code = "not-trusted"
            message = (
                f"{name}: the code of {kind.__name__} is not trusted yet, so it was not run; read "
                "it, then trust it"
            )
        elif found is None:
            code, message = "not-measured", f"{name}: {kind.__name__} is being measured"
        else:
            return layer.measured(found)
        problem = replace(self.problem(code, message, name), severity=Severity.PENDING)
        return replace(_refused(inputs, layer, (problem,)), pending=request)

    def _ports(
        self, name: str, layer: Layer, inputs: tuple[Tensor | None, ...]
    ) -> tuple[Problem, ...]:
        """Return the problems of inputs without an edge and of edges beyond the last input.

        An input whose edge brings nothing known has its problem further up.
        """
        least, most = layer.inputs
        kind = type(layer).__name__
        sources = self.wiring.sources[name]
        if len(inputs) > most:
            surplus = len(inputs) - 1
            if most == 0:
                message = f"{name}: {kind} has no inputs, but an edge enters input {surplus}"
            elif most == 1:
                message = f"{name}: {kind} has only 1 input, but an edge enters input {surplus}"
            else:
                message = (
                    f"{name}: {kind} has only {most} inputs, but an edge enters input {surplus}"
                )
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
        return OpenEnds(self.whole_graph, ends)

    def _refusal(
        self,
        name: str,
        layer: Layer,
        inputs: tuple[Tensor | None, ...],
        error: LayerError,
        results: Mapping[str, NodeResult],
    ) -> Problem:
        """Return the problem of a layer that does not take its inputs, or warns of them."""
        sources = self.wiring.sources[name]
        port = error.port if error.port < len(sources) else 0
        source = sources[port] if sources else None
        # What has nothing at fault that was received lies in the layer alone.
        origin = self._origin(source, results) if source is not None and error.received else ""
        message = f"{name}: {error.message}"
        fixes = []
        for remedy in error.remedies:
            written = self._in_all_uses(remedy, name, inputs, port, results) if sources else remedy
            edge = self._edge_into(name, port) if source is not None else None
            fix = remedy_fix(written, self.block, name, edge) if written is not None else None
            if fix is not None and (edge is None or self._is_in_design(edge)):
                fixes.append(fix)
        if error.code == "inputs-differ":
            shapes = []
            for each in (0, port):
                tensor, start = inputs[each], sources[each]
                assert tensor is not None and start is not None
                shapes.append(f"{show(tensor.shape)} from {start[0]}")
            message = f"{name}: {error.message}: {', '.join(shapes)}"
            channels = self._channel_fixes(name, inputs, port, origin, error.axis, results)
            fixes = [*channels, *fixes]
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

    def _in_all_uses(
        self,
        remedy: Remedy,
        name: str,
        inputs: tuple[Tensor | None, ...],
        port: int,
        results: Mapping[str, NodeResult],
    ) -> Remedy | None:
        """Write the channels of an input as an expression where a remedy sets their number.

        Returns None for a remedy that would set a number that only this use of the block needs.
        """
        for each in dict.fromkeys((0, port)):
            tensor, source = inputs[each], self.wiring.sources[name][each]
            count = tensor.shape[0] if tensor is not None else 0
            if tensor is None or source is None or count < 2 or tensor.shape.count(count) > 1:
                continue
            numbers = [key for key, value in remedy.values.items() if value == count]
            if not numbers:
                continue
            value = self._channels(source, results, count)
            if value is None and "out_channels" in numbers:
                return None
            if is_expression(value):
                label = remedy.label.replace(str(count), str(value), 1)
                values = {**remedy.values, **dict.fromkeys(numbers, value)}
                return remedy._replace(label=label, values=values)
        return remedy

    def _channel_fixes(
        self,
        name: str,
        inputs: tuple[Tensor | None, ...],
        port: int,
        origin: str,
        axis: str | None,
        results: Mapping[str, NodeResult],
    ) -> list[Fix]:
        first, other = inputs[0], inputs[port]
        node = self.wiring.graph.nodes.get(origin)
        source = self.wiring.sources[name][0]
        if first is None or other is None or node is None or source is None:
            return []
        if first.shape[1:] != other.shape[1:]:
            return []
        wanted = self._channels(source, results, first.shape[0])
        return list(origin_fixes(node, self.block, origin, wanted, axis))

    def _channels(self, source: Source, results: Mapping[str, NodeResult], count: int) -> Scalar:
        """Return what gives a tensor its channels in all uses: see `channel_expression`."""
        return channel_expression(
            self.design, self.block, self.wiring, self.scope, results, source, count
        )

    def _origin(self, source: Source, results: Mapping[str, NodeResult]) -> str:
        """Return the node that gave a shape, going back past nodes that leave it unchanged."""
        name = source[0]
        while name in results:
            result = results[name]
            if len(result.inputs) != 1 or result.inputs[0] is None or not result.outputs:
                break
            output = result.outputs[0]
            if output is None or output.shape != result.inputs[0].shape:
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

    def _is_in_design(self, edge: Edge) -> bool:
        """Tell whether the design has an edge; a bridged node leaves one that it does not have."""
        whole = self.whole_graph
        return self.wiring.graph is whole or edge in whole.edges

    def learning_rate_problem(self, name: str, sentence: str) -> Problem:
        """Return the problem of a node's learning-rate factor."""
        return self.problem("learning-rate", f"{name}: {sentence}", name)

    def disconnect_fix(self, name: str, ports: int) -> tuple[Fix, ...]:
        """Return the fix that removes the edges into a node beyond its last port."""
        block = self.block
        edges = self.whole_graph.edges
        surplus = [edge for edge in edges if edge.target == name and edge.target_port >= ports]

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
        """Return a problem of a node of this graph; see `Problem` for the fields."""
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


def _refused(
    inputs: tuple[Tensor | None, ...], layer: Layer, problems: tuple[Problem, ...]
) -> NodeResult:
    """Return the result of a layer that does not take its inputs, without outputs."""
    return NodeResult(
        inputs, layer=layer, problems=problems, memory_signature=unknown_signature(layer)
    )
