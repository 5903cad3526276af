"""Edits that need to know layers and shapes: removing, adding, replacing and dissolving nodes."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from designer.analysis.analysis import Analysis, analyze
from designer.analysis.assist.lookup import refusal, tensor_at
from designer.analysis.evaluation.results import GraphResult, NodeResult
from designer.analysis.evaluation.wiring import is_join, without_gaps
from designer.design import dissolving, edits, naming
from designer.design.expressions import is_expression
from designer.design.rewriting import sizes_of_input
from designer.design.sharing import stop_sharing
from designer.design.values import BlockNode, Design, Edge, Graph, LayerNode, Node, Value
from designer.layers.base import Layer
from designer.layers.catalogue import layer_types, resolve
from designer.layers.category import Category
from designer.layers.errors import LayerError, SetParameters
from designer.layers.own import Own
from designer.layers.parameters import Bool, Choice, Parameter, ParameterError, Text
from designer.layers.tensors import Shape, Tensor

MANY_PORTS = 1_000
"""Input ports of a node whose layer or block is unknown."""
FIRST_IMAGE = (1, 28, 28)
"""The shape of a new Input, that of MNIST."""
FEATURES = 64
"""The features of a new dense layer."""
CHANNELS = 16
"""The channels of a new convolution behind few channels."""

_NO_CODE: Mapping[str, str] = {}

# Ports


def input_ports(design: Design, node: Node) -> int:
    """Return how many edges may enter a node, `MANY_PORTS` for an unknown layer or block."""
    if isinstance(node, BlockNode):
        used = design.blocks.get(node.block)
        return len(used.inputs) if used is not None else MANY_PORTS
    layer = layer_types(design.code).get(node.layer)
    return layer.inputs[1] if layer is not None else MANY_PORTS


def output_ports(design: Design, node: Node) -> int:
    """Return how many tensors leave a node."""
    if isinstance(node, BlockNode):
        used = design.blocks.get(node.block)
        return len(used.outputs) if used is not None else 1
    return 0 if _is(node, "Output") else 1


def next_port(design: Design, name: str, block: str | None = None) -> int | None:
    """Return the first free input port of a node or block output, None if all are taken."""
    node = design.graph_of(block).nodes.get(name)
    port = edits.free_port(design, name, block)
    most = 1 if node is None else input_ports(design, node)
    return port if port < most else None


def close_gaps(design: Design, names: Iterable[str], block: str | None = None) -> Design:
    """Renumber the input ports of joins so that no port before a used one is free."""
    graph = design.graph_of(block)
    joins = {name for name in names if is_join(graph.nodes.get(name))}
    edges = tuple(without_gaps(graph.edges, joins))
    if edges == graph.edges:
        return design
    return edits.with_graph(design, block, replace(graph, edges=edges))


def _is(node: Node | None, layer: str) -> bool:
    return isinstance(node, LayerNode) and node.layer == layer


# Removing


def remove(
    analysis: Analysis,
    names: Iterable[str],
    edges_to_remove: Iterable[Edge] = (),
    *,
    block: str | None = None,
) -> Design:
    """Remove nodes and edges; join the neighbors of a removed node where the shapes allow it.

    Parameters
    ----------
    analysis
        The analysis of the design.
    names, edges_to_remove
        The nodes and edges to remove.
    block
        The block whose graph is edited, None for the design's own.
    """
    before = analysis.design
    design = before
    lost_edge: set[str] = set()
    gone = set(names)
    for edge in edges_to_remove:
        if edge.source not in gone and edge.target not in gone:
            design = edits.disconnect(design, edge, block=block)
            lost_edge.add(edge.target)
    after = edits.remove_nodes(design, gone, block=block)
    old = set(before.graph_of(block).edges)
    joining = [edge for edge in after.graph_of(block).edges if edge not in old]
    for edge in _unfit(analysis, after, joining, block):
        after = edits.disconnect(after, edge, block=block)
    entered = {edge[2:] for edge in after.graph_of(block).edges}
    lost_edge |= {edge.target for edge in old if edge.source in gone and edge[2:] not in entered}
    return close_gaps(after, lost_edge, block)


def disconnect(design: Design, edge: Edge, *, block: str | None = None) -> Design:
    """Remove an edge; a join closes the gap between its ports."""
    return close_gaps(edits.disconnect(design, edge, block=block), (edge.target,), block)


def _unfit(analysis: Analysis, after: Design, joining: list[Edge], block: str | None) -> list[Edge]:
    """Return the joining edges that cause an error in a node which had none."""
    before = next(iter(_graphs(analysis, block)), None)
    if before is None or not joining:
        return []
    nodes = analysis.design.graph_of(block).nodes
    targets = [nodes.get(edge.target) for edge in joining]
    code = analysis.design.code
    one_source = len({edge[:2] for edge in joining}) == 1
    if one_source and (all(_takes_one(each, code) for each in targets) or _is_layer(targets)):
        # Only this tensor changes for these layers, so their own rules decide.
        source, port, _, _ = joining[0]
        tensor = tensor_at(before, analysis.design, block, source, port)
        return [
            edge
            for edge in joining
            if (result := before.nodes.get(edge.target)) is not None
            and not result.problems
            and refusal(result, tensor, edge.target_port)
        ]
    now = next(iter(_graphs(analyze(after, analysis), block)), None)
    return [
        edge
        for edge in joining
        if now is not None
        and _is_faulty(now.nodes.get(edge.target))
        and not _is_faulty(before.nodes.get(edge.target))
    ]


def _is_layer(nodes: list[Node | None]) -> bool:
    return len(nodes) == 1 and isinstance(nodes[0], LayerNode)


def _takes_one(node: Node | None, code: Mapping[str, str]) -> bool:
    layer = layer_types(code).get(node.layer) if isinstance(node, LayerNode) else None
    return layer is not None and layer.inputs == (1, 1)


def _is_faulty(result: NodeResult | None) -> bool:
    """Tell whether a node or the inside of its block has an error or a warning."""
    return result is not None and bool(result.problems)


# Adding


def add_after(
    design: Design, name: str, node: Node, after: str | None, *, block: str | None = None
) -> tuple[Design, str]:
    """Add a node after another one and connect it.

    If exactly one edge leaves `after`, the node is inserted into it; else it is another reader of
    `after`. If `after` is an output, the node is put before it.

    Returns
    -------
    tuple of Design and str
        The new design, and the name that the node got.
    """
    name = naming.free_name(design, name, block)
    graph = design.graph_of(block)
    takes, gives = input_ports(design, node), output_ports(design, node)
    ends = design.blocks[block].outputs if block is not None else ()
    leaving = [edge for edge in graph.edges if edge.source == after]
    entering = [edge for edge in graph.edges if edge.target == after]
    if after in ends or _is(graph.nodes.get(after or ""), "Output"):
        if takes and gives and len(entering) == 1:
            return edits.insert_on_edge(design, entering[0], name, node, block=block), name
        design = edits.add_node(design, name, node, block=block)
        if after is not None and gives and not entering:
            design = edits.connect(design, Edge(name, 0, after, 0), block=block)
        return design, name
    if after is not None and takes and gives and len(leaving) == 1:
        return edits.insert_on_edge(design, leaving[0], name, node, block=block), name
    design = _added_after(design, name, node, after, block)
    if after is not None and takes:
        design = edits.connect(design, Edge(after, 0, name, 0), block=block)
    return design, name


def _added_after(
    design: Design, name: str, node: Node, after: str | None, block: str | None
) -> Design:
    """Add a node that follows another one in the order of the file."""
    design = edits.add_node(design, name, node, block=block)
    graph = design.graph_of(block)
    if after not in graph.nodes:
        return design
    nodes: dict[str, Node] = {}
    for key, each in graph.nodes.items():
        if key != name:
            nodes[key] = each
        if key == after:
            nodes[name] = node
    return edits.with_graph(design, block, Graph(nodes, graph.edges))


def starting_node(
    layer: str, shape: Shape | None = None, code: Mapping[str, str] = _NO_CODE
) -> LayerNode:
    """Return a new layer with starting values that suit an input of this shape, if known.

    `code` is that of the design's own layer types; see `Design.code`.
    """
    kind = layer_types(code)[layer]
    values: dict[str, Value] = {
        name: _start(kind, name, parameter, shape)
        for name, parameter in kind.parameters.items()
        if parameter.required
    }
    if "kernel_size" in values and kind.category is Category.CONVOLUTION:
        if "output_padding" in kind.parameters:
            values["stride"] = 2
        elif "padding" in kind.parameters:
            values["padding"] = 1  # a 3x3 kernel then keeps height and width
    if issubclass(kind, Own):  # what it takes is known only after measuring
        return LayerNode(layer, values)
    return LayerNode(layer, {**values, **_adjusted(layer, values, shape)})


def _adjusted(layer: str, values: Mapping[str, Value], shape: Shape | None) -> Mapping[str, Value]:
    """Return the values that a layer's remedy sets where it does not take its input."""
    made, _ = resolve(layer, values, {})
    if made is None or shape is None:
        return {}
    try:
        made.output_shape((Tensor(shape),) * max(1, made.inputs[0]))
    except LayerError as error:
        for remedy in error.remedies:
            if isinstance(remedy, SetParameters):
                return remedy.values
    return {}


def _start(kind: type[Layer], name: str, parameter: Parameter[Any], shape: Shape | None) -> Value:
    known = shape or ()
    match name:
        case "out_channels":
            return known[0] if known and known[0] >= CHANNELS // 2 else CHANNELS
        case "out_features":
            return FEATURES
        case "kernel_size":
            doubles = "output_padding" in kind.parameters
            return 2 if doubles or kind.category is Category.POOLING else 3
        case "shape":
            return known or (FIRST_IMAGE if kind.inputs == (0, 0) else (-1,))
        case "stop":
            return known[0] if known else 1
    match parameter:
        case Bool():
            return False
        case Choice():
            return parameter.choices[0]
        case Text():
            return ""
    least = getattr(parameter, "minimum", 1)
    return max(1, int(least))


def takes(
    layer: str,
    shape: Shape | None,
    *,
    warned: bool = False,
    code: Mapping[str, str] = _NO_CODE,
) -> bool:
    """Tell whether a new layer takes a tensor of a shape; True if the shape is unknown.

    One that takes it with a warning, as Linear takes an image, counts only if `warned` is set; one
    of the design's own `code` counts, since what it takes is known only after measuring.
    """
    kind = layer_types(code)[layer]
    if not kind.inputs[1]:
        return False
    if shape is None or issubclass(kind, Own):
        return True
    made, _ = resolve(layer, starting_node(layer, shape).parameters, {})
    given = (Tensor(shape),) * max(1, kind.inputs[0])
    try:
        return (
            made is not None
            and bool(made.output_shape(given))
            and (warned or made.warning(given) is None)
        )
    except LayerError:
        return False


def replacement(design: Design, name: str, new: Node, *, block: str | None = None) -> Design:
    """Replace a node by another layer or block.

    A layer takes over the parameters that both types have and that are valid for the new one. Edges
    stay where the new node has the port. The new node has weights of its own.
    """
    graph = design.graph_of(block)
    old = graph.nodes[name]
    if isinstance(new, LayerNode) and isinstance(old, LayerNode):
        new = replace(
            new, parameters={**new.parameters, **shared_parameters(old, new.layer, design.code)}
        )
    new = replace(new, when=old.when, at=old.at, learning_rate=old.learning_rate)
    takes, gives = input_ports(design, new), output_ports(design, new)
    edges = tuple(
        edge
        for edge in graph.edges
        if not (edge.target == name and edge.target_port >= takes)
        and not (edge.source == name and edge.source_port >= gives)
    )
    if new == old:
        return design
    nodes = {**stop_sharing(graph, name).nodes, name: new}
    return edits.with_graph(design, block, Graph(nodes, edges))


_ALIKE = {"out_features": "out_channels", "out_channels": "out_features"}


def shared_parameters(
    old: LayerNode, layer: str, code: Mapping[str, str] = _NO_CODE
) -> dict[str, Value]:
    """Return the parameters of a node that are valid for another layer type."""
    kind = layer_types(code)[layer]
    found: dict[str, Value] = {}
    for name, value in old.parameters.items():
        wanted = name if name in kind.parameters else _ALIKE.get(name, "")
        parameter = kind.parameters.get(wanted)
        if parameter is None:
            continue
        with suppress(ParameterError):
            if not any(map(is_expression, value if isinstance(value, tuple) else (value,))):
                parameter.check(value)
            found[wanted] = value
    return found


# Dissolving


def dissolve(analysis: Analysis, name: str, *, block: str | None = None) -> Design:
    """Replace the use of a block by the block's nodes; see `designer.design.dissolving`.

    Input sizes that expressions in the block read are taken from the analysis, where all uses of
    the graph agree on them.
    """
    found = [_sizes(graph.nodes[name]) for graph in _graphs(analysis, block) if name in graph.nodes]
    sizes: list[Mapping[str, int]] = []
    for number in range(max(map(len, found), default=0)):
        each = [use[number] for use in found if number < len(use)]
        agreed = set(each[0].items()).intersection(*(use.items() for use in each))
        sizes.append(dict(agreed))
    return dissolving.dissolve(analysis.design, name, sizes=sizes, block=block)


def _graphs(analysis: Analysis, block: str | None) -> Iterator[GraphResult]:
    """Yield the results of a block's graph, one for each use, or that of the design's graph."""
    seen: set[int] = set()
    waiting: list[tuple[str | None, GraphResult]] = [(None, analysis.top)]
    while waiting:
        around, graph = waiting.pop()
        if id(graph) in seen:
            continue
        seen.add(id(graph))
        if around == block:
            yield graph
            if block is None:
                return
        for key, node in graph.wiring.graph.nodes.items():
            result = graph.nodes.get(key)
            if isinstance(node, BlockNode) and result is not None and result.inside is not None:
                # A repeated block results in a graph of its repetitions, "0", "1" and so on.
                between = "0" in result.inside.nodes
                waiting.append(("" if between else node.block, result.inside))


def _sizes(result: NodeResult) -> list[Mapping[str, int]]:
    inside = result.inside.nodes if result.inside is not None else {}
    uses = [inside[str(n)] for n in range(len(inside))] if "0" in inside else [result]
    found: list[Mapping[str, int]] = []
    for use in uses:
        tensor = use.inputs[0] if use.inputs else None
        found.append(sizes_of_input(tensor.shape if tensor is not None else ()))
    return found
