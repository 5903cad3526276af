"""The conversion of a whole graph."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

import numpy as np

from designer.analysis.analysis import analyze
from designer.analysis.problems import Severity
from designer.design.values import Design, Edge, Graph, LayerNode
from designer.folding.patterns import (  # noqa: F401  # they register what they handle
    activation,
    arithmetic,
    attention,
    dense,
    einsum,
    normalization,
    parts,
    recurrent,
    reductions,
    spatial,
    views,
)
from designer.folding.patterns.converted import Array, Converted, Evaluate, OpaqueNode, Weight
from designer.folding.patterns.converter import Converter
from designer.folding.patterns.fallback import OPAQUE, no_layer, opaque
from designer.folding.patterns.groups import grouped
from designer.folding.patterns.handlers import HANDLERS, handle
from designer.folding.patterns.in_place import functional
from designer.folding.patterns.multihead import CLASS, multihead
from designer.folding.patterns.values import UnsupportedError
from designer.layers.catalogue import layer_types
from designer.readers.graph import CONSTANT, PARAMETER, NeutralGraph, Operation


def nothing_is_computed(
    operations: Sequence[Operation], arrays: Mapping[str, Array], wanted: Sequence[str]
) -> Mapping[str, Array]:
    """Refuse to compute constants: for a conversion without torch."""
    raise UnsupportedError("a table that is computed while the network runs")


def convert(graph: NeutralGraph, evaluate: Evaluate = nothing_is_computed) -> Converted:
    """Return a network from elsewhere as a flat design.

    Parameters
    ----------
    graph
        The network as its file has it.
    evaluate
        Runs operations on arrays, for values that depend on no input and on nothing learned.
    """
    found = _fitting(graph, evaluate, 0)
    if found.opaque and _may_have_length_first(graph):
        other = _fitting(graph, evaluate, 1)
        if len(other.opaque) < len(found.opaque):
            return other
    return found


def _fitting(graph: NeutralGraph, evaluate: Evaluate, axis: int) -> Converted:
    """Convert a graph; operations whose layers refuse what they are given become opaque nodes."""
    refused: dict[str, str] = {}
    while True:
        conversion = _Conversion(graph, evaluate, axis, refused)
        found = conversion.converted()
        before = len(refused)
        analysis = analyze(found.design)
        for problem in analysis.problems:
            node = found.design.graph.nodes.get(problem.path)
            by = conversion.c.made_by.get(problem.path)
            is_layer = isinstance(node, LayerNode) and node.layer != OPAQUE
            if problem.severity is Severity.ERROR and is_layer and by is not None:
                refused.setdefault(by, f"its layer refuses what it is given: {problem.message}")
        if len(refused) == before:
            return replace(found, analysis=analysis)


def _may_have_length_first(graph: NeutralGraph) -> bool:
    """Tell whether inputs may be sequences whose samples lie along the second axis.

    That is torch's default for recurrent layers and attention. Anywhere else, what mixes the first
    axis mixes samples.
    """
    return all(len(graph.values[each].shape) > 1 for each in graph.inputs) and any(
        (each.kind in recurrent.LAYERS and not each.arguments.get("batch_first"))
        or any(module.kind == CLASS for module in each.modules)
        for each in graph.operations
    )


class _Conversion:
    """The conversion of a graph whose images lie along an axis of the inputs."""

    def __init__(
        self, graph: NeutralGraph, evaluate: Evaluate, axis: int, refused: Mapping[str, str]
    ) -> None:
        self.graph = graph
        self.axis = axis
        self.functional = functional(graph)
        self.c = Converter(graph, self.functional, evaluate, axis, refused)
        self.opaque: list[OpaqueNode] = []
        self.notes: list[str] = [*graph.notes]
        if axis:
            self.notes.append(
                "The inputs of the file have the samples along their second axis; those of the "
                "design have them along the first axis."
            )

    def converted(self) -> Converted:
        """Convert all operations; return the design."""
        c = self.c
        for operation in self.functional.operations:
            if id(operation) in c.skipped or c.constants.takes(operation):
                continue
            self._take(operation)
        c.operation = None
        output_axes = tuple(self._outputs())
        kept = _needed(c.nodes, c.edges)
        nodes = {name: node for name, node in c.nodes.items() if name in kept}
        edges = tuple([each for each in c.edges if each.target in kept])
        weights = {key: each for key, each in c.weights.items() if key.partition(".")[0] in kept}
        nodes, weights = self._shared(self._frozen(nodes, weights), weights)
        opaque_nodes = tuple([each for each in self.opaque if each.node in kept])
        unused = self._unused({each.key for each in weights.values()})
        return Converted(
            design=Design(self.graph.name or "Network", graph=Graph(nodes, edges)),
            weights=weights,
            modules={name: c.modules[name] for name in nodes},
            opaque=opaque_nodes,
            constants=sum(count for name, count in c.computed.items() if name in kept),
            unused=unused,
            output_axes=output_axes,
            axis=self.axis,
            notes=tuple(dict.fromkeys(self.notes)),
        )

    def _take(self, operation: Operation) -> None:
        c = self.c
        c.operation = operation
        try:
            if operation.results and (reason := c.refused.get(operation.results[0])):
                raise UnsupportedError(reason)
            with c.attempt():
                if multihead(c, operation) or grouped(c, operation):
                    return
                call = c.call(operation)
                handler = HANDLERS.get(operation.kind)
                if handler is None:
                    raise UnsupportedError(no_layer(operation))
                handle(handler, c, call)
        except UnsupportedError as error:
            if not all(each in c.values for each in operation.results) and not any(
                each in c.standardized for each in operation.results
            ):
                self.opaque.append(opaque(c, c.plain_call(operation), str(error)))

    def _outputs(self) -> Iterator[int]:
        """Add a node for each output of the graph; yield the axis of its images there."""
        c = self.c
        several = len(self.functional.outputs) > 1
        by = {name: each for each in self.functional.operations for name in each.results}
        names = self.graph.output_names or ("",) * len(self.functional.outputs)
        for number, (name, own) in enumerate(zip(self.functional.outputs, names, strict=True), 1):
            auxiliary = False
            if number > 1 and self.graph.training and name in by:
                paths = [each.path.lower() for each in by[name].modules]
                auxiliary = any("aux" in each for each in paths)
            node = c.names.new(own or (f"output_{number}" if several else "output"))
            parameters = {"auxiliary": True} if auxiliary else {}
            symbol = c.symbol(name)
            value = c.value(symbol)
            if value.batch is None and not self.opaque:  # else it may only seem so
                self.notes.append(f"{node} is the same for every image.")
            elif value.batch not in (0, None) or c.has_pieces(symbol):
                self.notes.append(
                    f"{node} has the shape {symbol.shape} in the file, in which an axis holds "
                    "several values of each image or the images are not along the first axis; the "
                    "design gives them with the images along the first axis."
                )
            c.nodes[node] = LayerNode("Output", parameters)
            c.modules[node] = ()
            c.edges.append(Edge(value.node, value.port, node, 0))
            yield value.batch or 0

    def _frozen(
        self, nodes: Mapping[str, LayerNode], weights: Mapping[str, Weight]
    ) -> dict[str, LayerNode]:
        """Let layers not learn whose weights are fixed in the file, such as a kernel for edges."""
        learned = {each.key for each in self.c.tensors.values() if each.kind == PARAMETER}
        learning = {key.partition(".")[0] for key, each in weights.items() if each.key in learned}
        found = dict(nodes)
        for key in weights:
            name, _, own = key.partition(".")
            if own == "weight" and name not in learning and nodes[name].layer != OPAQUE:
                found[name] = replace(nodes[name], learning_rate=0)
                self.notes.append(
                    f"The weight of {name} is fixed in the file, so it does not learn in the "
                    "design, where it counts among the parameters."
                )
        return found

    def _shared(
        self, nodes: dict[str, LayerNode], weights: dict[str, Weight]
    ) -> tuple[dict[str, LayerNode], dict[str, Weight]]:
        """Let nodes with the very same learned tensors share them."""
        c = self.c
        owners: dict[tuple[str, frozenset[tuple[str, str]]], list[str]] = {}
        own: dict[str, list[str]] = {}
        for key in weights:
            own.setdefault(key.partition(".")[0], []).append(key)
        stored = {each.key: each.storage or each.key for each in c.tensors.values()}
        learned = {each.key: each.storage or each.key for each in c.tensors.values()
                   if each.kind == PARAMETER}  # fmt: skip
        for name, keys in own.items():
            if not any(weights[key].key in learned for key in keys):
                continue
            owned = frozenset(
                (key.partition(".")[2], stored.get(weights[key].key) or _content(weights[key]))
                for key in keys
            )
            kind = nodes[name].layer
            fitting = [
                each
                for each in owners.get((kind, owned), [])
                if _can_share(nodes[each], nodes[name])
            ]
            if kind == "Linear":  # it can use the weight of an Embedding
                fitting += owners.get(("Embedding", owned), [])
            if not fitting:
                owners.setdefault((kind, owned), []).append(name)
                continue
            nodes[name] = replace(nodes[name], shares=fitting[0])
            for key in keys:
                del weights[key]
        counted: dict[str, str] = {}
        for key, each in weights.items():
            node = key.partition(".")[0]
            tensor = learned.get(each.key)
            if tensor is not None and counted.setdefault(tensor, node) != node:
                self.notes.append(
                    f"The tensor {each.key} is used by {counted[tensor]} and by {node}, which "
                    "cannot share it in a design, so each has a copy of its own."
                )
        return nodes, weights

    def _unused(self, used: set[str]) -> tuple[str, ...]:
        """Return the keys of the origin's tensors that the design lacks, and note them."""
        every = [each for each in self.graph.tensors.values() if each.kind != CONSTANT]
        storages = {each.storage for each in every if each.storage and each.key in used}
        lost = [each for each in every if each.key not in used and each.storage not in storages]
        learned = [each.key for each in lost if each.kind == PARAMETER]
        if learned:
            number = len(learned)
            some = ", ".join(learned[:3]) + (", ..." if number > 3 else "")
            self.notes.append(
                f"{number} {'tensor' if number == 1 else 'tensors'} of the file "
                f"{'is' if number == 1 else 'are'} used by no operation: {some}."
            )
        return tuple([each.key for each in lost])


def _content(weight: Weight) -> str:
    """Return a text that is the same for equal values that a file does not store."""
    return sha256(np.ascontiguousarray(weight.read()).tobytes()).hexdigest()


def _can_share(one: LayerNode, other: LayerNode) -> bool:
    """Tell whether one module can serve two nodes of a layer type that have the same weights."""
    apart = layer_types()[one.layer].apart
    return all(
        one.parameters.get(key) == other.parameters.get(key)
        for key in (one.parameters.keys() | other.parameters.keys()) - set(apart)
    )


def _needed(nodes: Mapping[str, LayerNode], edges: Sequence[Edge]) -> set[str]:
    """Return the nodes on which an output depends, and the inputs."""
    sources: dict[str, list[str]] = {}
    for edge in edges:
        sources.setdefault(edge.target, []).append(edge.source)
    kept = {name for name, node in nodes.items() if node.layer == "Input"}
    left = [name for name, node in nodes.items() if node.layer == "Output"]
    while left:
        name = left.pop()
        if name not in kept:
            kept.add(name)
            left += sources.get(name, [])
    return kept
