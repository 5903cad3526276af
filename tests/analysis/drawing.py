"""Designs for the tests: written as in a design file, or drawn at random."""

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

from designer.analysis.analysis import Analysis, analyze
from designer.design import edits, naming
from designer.design.files import VERSION, loads
from designer.design.values import Argument, Block, BlockNode, Design, Edge, Graph, LayerNode, Node
from designer.errors import DesignerError
from designer.layers import parameters as kinds
from designer.layers.catalogue import layer_types
from designer.layers.parameters import Parameter

IMAGE = {"layer": "Input", "shape": [3, 8, 8]}
OUTPUT = {"layer": "Output"}


def design(
    nodes: Mapping[str, Any],
    edges: Sequence[Sequence[str]],
    blocks: Mapping[str, Any] | None = None,
    **arguments: Any,
) -> Design:
    """Read a design from the parts of a file."""
    return loads(
        json.dumps(
            {
                "format": "netdesigner/design",
                "version": VERSION,
                "name": "Test",
                "arguments": _arguments(arguments),
                "blocks": blocks or {},
                "nodes": nodes,
                "edges": edges,
            }
        )
    )


def chain(*layers: Mapping[str, Any], shape: Sequence[int] = (3, 8, 8), **more: Any) -> Design:
    """Return image, n1, n2, ... and scores, one behind the other."""
    nodes: dict[str, Any] = {"image": {"layer": "Input", "shape": list(shape)}}
    nodes.update((f"n{number}", layer) for number, layer in enumerate(layers, 1))
    nodes["scores"] = OUTPUT
    return design(nodes, [list(nodes)], **more)


def block(
    nodes: Mapping[str, Any],
    edges: Sequence[Sequence[str]],
    *,
    inputs: Sequence[str] = ("x",),
    outputs: Sequence[str] = ("y",),
    **arguments: Any,
) -> dict[str, Any]:
    """Return a block as a file has it."""
    return {
        "arguments": _arguments(arguments),
        "inputs": list(inputs),
        "outputs": list(outputs),
        "nodes": nodes,
        "edges": edges,
    }


def _arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, dict) else {"default": value}
        for name, value in given.items()
    }


def facts(analysis: Analysis) -> dict[str, Any]:
    """Return everything that an analysis says, for comparison."""
    return {
        "totals": analysis.totals,
        "saved": [analysis.totals.saved_bytes(2, training=training) for training in (True, False)],
        "problems": [
            (
                each.code,
                each.path,
                each.message,
                each.block,
                each.node,
                each.port,
                each.axis,
                each.received,
                each.expected,
                each.origin,
                each.severity,
                [fix.label for fix in each.fixes],
            )
            for each in analysis.problems
        ],
        "rows": [
            (
                row.path,
                row.type,
                row.shape,
                row.receptive_field,
                row.result.in_place,
                row.result.counts,
            )
            for row in analysis.rows()
        ],
        "inputs": analysis.inputs,
        "outputs": analysis.outputs,
        "training only": analysis.top.training_only,
    }


# Drawing at random. A plain random.Random serves: it is fast, and a seed names the case.

NAMES = ("channels", "stride", "flag")


def parameter_value(draw: random.Random, parameter: Parameter[Any]) -> Any:
    """Return a value, mostly one that the parameter takes."""
    if draw.random() < 0.06:
        return draw.choice(
            [None, True, -1, 0, 1.5, 10**9, "same", "=channels", "=1/0", "=nothing", "=i", (1, 2)]
        )
    if isinstance(parameter, kinds.Bool):
        return draw.choice([True, False, "=flag"])
    if isinstance(parameter, kinds.Choice):
        return draw.choice(parameter.choices)
    if isinstance(parameter, kinds.Int):
        small = [1, 1, 2, 2, 3, 4, 4, 6, 8, "=channels", "=stride", "=channels * stride"]
        return draw.choice(small)
    if isinstance(parameter, kinds.Float | kinds.OptionalFloat):
        return draw.choice([0.0, 0.1, 0.5, 1, 1.0])
    if isinstance(parameter, kinds.Padding):
        return draw.choice([0, 1, 1, 2, (0, 1), "same"])
    if isinstance(parameter, kinds.SpatialInts | kinds.OptionalSpatialInts):
        return draw.choice([1, 1, 2, 3, 3, (1, 3), (2, 1), "=stride"])
    if isinstance(parameter, kinds.Integers):
        return draw.choice([(3, 8, 8), (4, 6, 6), (12,), (-1,), (4, 9), (1, 2, 3), (2, -1), (1,)])
    return 1


def layer_node(draw: random.Random, layer: str | None = None) -> LayerNode:
    """Return a node of any layer type."""
    common = ["Conv2d", "ReLU", "Add", "Concat", "BatchNorm2d", "MaxPool2d", "Dropout", "Linear"]
    common += ["Flatten", "Identity", "Shortcut", "Slice", "Multiply", "Tanh"]
    every = [name for name, kind in layer_types().items() if kind.offered]
    name = layer or draw.choice([draw.choice(common), draw.choice(every)])
    values = {
        key: parameter_value(draw, each)
        for key, each in layer_types()[name].parameters.items()
        if each.required or draw.random() < 0.3
    }
    if draw.random() < 0.02:
        values["nonsense"] = 1
    if name == "Conv2d":
        values["out_channels"] = draw.choice([3, 4, 4, "=channels"])
        values["padding"] = draw.choice(["same", 0, 1])
    when = draw.choice([True] * 12 + [False, "=flag", "=stride > 1", "=nothing"])
    return LayerNode(name, values, when)


def block_node(draw: random.Random, blocks: Sequence[str]) -> BlockNode:
    """Return a use of a block."""
    values = {
        name: draw.choice([1, 2, 4, "=channels", "=i + 1", "=4 if i else 2", "=channels + i", True])
        for name in NAMES
        if draw.random() < 0.4
    }
    repeat: Any = draw.choice([1, 1, 1, 1, 0, 2, 3, "=stride", "=channels", 1.5, -1])
    when = draw.choice([True] * 8 + [False, "=flag"])
    return BlockNode(draw.choice([*blocks, *blocks, "Missing"]), values, repeat, when)


def random_node(draw: random.Random, blocks: Sequence[str]) -> Node:
    """Return a layer or the use of a block."""
    return block_node(draw, blocks) if blocks and draw.random() < 0.25 else layer_node(draw)


def random_graph(
    draw: random.Random,
    size: int,
    blocks: Sequence[str],
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
) -> Graph:
    """Return a graph, mostly a chain with branches."""
    nodes: dict[str, Node] = {}
    if not inputs:
        nodes["image"] = LayerNode("Input", {"shape": (3, 8, 8)})
    for number in range(size):
        nodes[f"n{number}"] = random_node(draw, blocks)
    if not outputs:
        nodes["scores"] = LayerNode("Output")
    if draw.random() < 0.2:
        items = [*nodes.items()]
        draw.shuffle(items)
        nodes = dict(items)
    order = [*inputs, *(name for name in nodes if name != "scores")]
    edges: dict[tuple[str, int], Edge] = {}
    for place, name in enumerate([*nodes, *outputs]):
        node = nodes.get(name)
        ports = 1
        if isinstance(node, LayerNode) and layer_types()[node.layer].inputs[1] > 1:
            ports = draw.choice([1, 2, 2, 3])
        if isinstance(node, LayerNode) and node.layer == "Input" and draw.random() < 0.98:
            ports = 0
        if isinstance(node, BlockNode):
            ports = draw.choice([1, 1, 2])
        for port in range(ports):
            before = [each for each in order[: place + len(inputs)] if each != name] or order
            source = draw.choice([before[-1], before[-1], draw.choice(before), draw.choice(order)])
            if source != name or draw.random() < 0.1:
                source_port = draw.choice([0] * 12 + [1])
                edges[name, port] = Edge(source, source_port, name, port)
    return Graph(nodes, tuple(edges.values()))


def random_block(draw: random.Random, blocks: Sequence[str]) -> Block:
    """Return a block that may use others."""
    inputs = draw.choice([("x",), ("x",), ("x", "z")])
    outputs = draw.choice([("y",), ("y",), ("y", "w")])
    arguments = {"channels": Argument(4, 1, 64), "stride": Argument(1), "flag": Argument(True)}
    graph = random_graph(draw, draw.randrange(1, 5), blocks, inputs, outputs)
    return Block(arguments, inputs, outputs, graph)


def random_design(draw: random.Random) -> Design:
    """Return a design of any layers, mostly broken."""
    names = [f"B{number}" for number in range(draw.randrange(4))]
    blocks = {}
    for number, name in enumerate(names):
        below = names[:number] if draw.random() < 0.95 else names
        blocks[name] = random_block(draw, below)
    arguments = {
        "channels": Argument(4, 1, 64),
        "stride": Argument(draw.choice([1, 2])),
        "flag": Argument(draw.choice([True, False])),
    }
    graph = random_graph(draw, draw.randrange(1, 9), names)
    return Design("Random", arguments=arguments, blocks=blocks, graph=graph)


def tidy_design(draw: random.Random) -> Design:
    """Return a design that is mostly valid: images of one size, branches that fit."""
    inner = tidy_graph(draw, 3, (), ("x",), ("y",))
    pair = tidy_graph(draw, 4, (), ("x", "z"), ("y", "w"))
    outer = tidy_graph(draw, 2, ("B0",), ("x",), ("y",))
    arguments = {"channels": Argument(4, 1, 64), "stride": Argument(1), "flag": Argument(True)}
    blocks = {
        "B0": Block(arguments, ("x",), ("y",), inner),
        "B1": Block(arguments, ("x",), ("y",), outer),
        "Pair": Block(arguments, ("x", "z"), ("y", "w"), pair),
    }
    graph = tidy_graph(draw, draw.randrange(2, 10), ("B0", "B1", "Pair"))
    return Design("Tidy", arguments=arguments, blocks=blocks, graph=graph)


def tidy_graph(
    draw: random.Random,
    size: int,
    blocks: Sequence[str],
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
) -> Graph:
    """Return a graph that keeps height and width, and whose every output is read."""
    nodes: dict[str, Node] = {}
    edges: list[Edge] = []
    if not inputs:
        nodes["image"] = LayerNode("Input", {"shape": (4, 6, 6)})
    open_ends = [(name, 0) for name in (*inputs, *nodes)]
    seen = [*open_ends]
    for number in range(size):
        name = f"n{number}"
        node = tidy_node(draw, blocks)
        many = isinstance(node, LayerNode) and layer_types()[node.layer].inputs[1] > 1
        pair = isinstance(node, BlockNode) and node.block == "Pair"
        for port in range(2 if pair else draw.choice([2, 2, 3]) if many else 1):
            source = draw.choice(open_ends if open_ends and port == 0 else seen)
            edges.append(Edge(*source, name, port))
            open_ends = [end for end in open_ends if end != source]
        nodes[name] = node
        made = [(name, port) for port in range(2 if pair else 1)]
        seen += made
        open_ends += made
    ends = [*outputs]
    if not outputs:
        names = ["scores", "aux"] if draw.random() < 0.3 else ["scores"]
        for name in names:
            nodes[name] = LayerNode("Output", {"auxiliary": name == "aux"})
        ends = names
    for number, name in enumerate(ends):
        source = open_ends.pop() if open_ends else draw.choice(seen)
        if number + 1 == len(ends) and open_ends:
            nodes["join"] = LayerNode("Concat")
            for port, end in enumerate([*open_ends, source]):
                edges.append(Edge(*end, "join", port))
            source = ("join", 0)
        edges.append(Edge(*source, name, 0))
    return Graph(nodes, tuple(edges))


_TIDY: tuple[LayerNode, ...] = (
    LayerNode("Conv2d", {"out_channels": 4, "kernel_size": 3, "padding": 1}),
    LayerNode("Conv2d", {"out_channels": "=channels", "kernel_size": 1, "bias": False}),
    LayerNode("DepthwiseConv2d", {"kernel_size": 3, "padding": "same"}),
    LayerNode("MaxPool2d", {"kernel_size": 3, "stride": 1, "padding": 1}),
    LayerNode("BatchNorm2d"),
    LayerNode("BatchNorm2d", {}, "=flag"),
    LayerNode("ReLU"),
    LayerNode("ReLU", {}, "=flag"),
    LayerNode("GELU"),
    LayerNode("SiLU"),
    LayerNode("ELU"),
    LayerNode("Tanh"),
    LayerNode("Dropout"),
    LayerNode("Dropout", {"p": 0}),
    LayerNode("Identity"),
    LayerNode("Shortcut", {"out_channels": 4}),
    LayerNode("Shortcut", {"out_channels": 4, "option": "C"}),
    LayerNode("Slice", {"dim": 2, "start": 0, "stop": 6}),
    LayerNode("Scale"),
    LayerNode("Add"),
    LayerNode("Multiply"),
    LayerNode("Maximum"),
    LayerNode("Mean"),
)


def tidy_node(draw: random.Random, blocks: Sequence[str]) -> Node:
    """Return a layer that keeps a shape of 4x6x6, or the use of a block."""
    if not blocks or draw.random() < 0.7:
        return draw.choice(_TIDY)
    name = draw.choice(blocks)
    arguments: Any = draw.choice(
        [{}, {}, {"channels": "=channels"}, {"flag": "=flag"}, {"channels": 4}]
    )
    repeat: Any = 1 if name == "Pair" else draw.choice([1, 1, 2, 3, "=stride"])
    return BlockNode(name, arguments, repeat)


def tidy_edit(draw: random.Random, before: Design) -> Design:
    """Change a design at one place so that it mostly stays valid."""
    place = draw.choice([None, None, *before.blocks])
    graph = before.graph_of(place)
    keep = ("Input", "Output")
    layers = [
        name
        for name, node in graph.nodes.items()
        if isinstance(node, LayerNode) and node.layer not in keep and name != "join"
    ]
    choice = draw.randrange(5)
    try:
        if choice <= 1 and layers:
            name = draw.choice(layers)
            count = sum(edge.target == name for edge in graph.edges)
            fitting = [n for n in _TIDY if count == 1 or layer_types()[n.layer].inputs[1] > 1]
            changed = {**graph.nodes, name: draw.choice(fitting)}
            return edits.with_graph(before, place, Graph(changed, graph.edges))
        if choice == 2 and layers:
            name = draw.choice(layers)
            return _replaced(before, place, name, when=draw.choice([True, True, "=flag", False]))
        if choice == 3:
            argument, value = draw.choice([("flag", True), ("flag", False), ("channels", 4)])
            return edits.set_argument(before, argument, value)
        edge = draw.choice(graph.edges)
        return edits.insert_on_edge(before, edge, "new", tidy_node(draw, ()), block=place)
    except DesignerError:
        return before


def random_edit(draw: random.Random, before: Design) -> Design:
    """Change a design at one place; an edit that is refused changes nothing."""
    try:
        return _edit(draw, before)
    except DesignerError:
        return before


def _edit(draw: random.Random, before: Design) -> Design:
    place = draw.choice([None, None, *before.blocks])
    graph = before.graph_of(place)
    nodes = [*graph.nodes]
    name = draw.choice(nodes) if nodes else ""
    node = graph.nodes.get(name)
    blocks = [*before.blocks]
    choice = draw.randrange(14)
    if choice == 0 and before.arguments:
        argument = draw.choice([*before.arguments])
        value = draw.choice([1, 2, 3, 4, 10, True, False, *before.arguments[argument].choices])
        return edits.set_argument(before, argument, value)
    if choice <= 4 and isinstance(node, LayerNode) and node.layer in layer_types():
        known = layer_types()[node.layer].parameters
        if known:
            key = draw.choice([*known])
            value = parameter_value(draw, known[key])
            return edits.set_parameter(before, name, key, value, block=place)
    if choice <= 4 and isinstance(node, BlockNode):
        value = draw.choice([1, 2, 4, "=channels", "=i + 1", "=nothing"])
        argument = (
            draw.choice([*before.blocks[node.block].arguments, "nothing"])
            if (node.block in before.blocks)
            else "channels"
        )
        return edits.set_block_argument(before, name, argument, value, block=place)
    if choice == 5 and graph.edges:
        edge = draw.choice(graph.edges)
        return edits.insert_on_edge(before, edge, "new", random_node(draw, blocks), block=place)
    if choice == 6 and nodes:
        return edits.remove_node(before, name, heal=draw.random() < 0.8, block=place)
    if choice == 7 and nodes:
        target = draw.choice([*nodes, *(before.blocks[place].outputs if place else ())])
        source = draw.choice([*nodes, *(before.blocks[place].inputs if place else ())])
        edge = Edge(source, draw.choice([0, 0, 0, 1]), target, draw.choice([0, 0, 1, 2]))
        return edits.connect(before, edge, block=place)
    if choice == 8 and graph.edges:
        return edits.disconnect(before, draw.choice(graph.edges), block=place)
    if choice == 9 and isinstance(node, LayerNode | BlockNode):
        when = draw.choice([True, False, "=flag", "=stride == 1", "=nothing"])
        return _replaced(before, place, name, when=when)
    if choice == 10 and isinstance(node, BlockNode):
        return _replaced(before, place, name, repeat=draw.choice([0, 1, 2, 3, "=stride", -1]))
    if choice == 11 and nodes:
        changed = Graph({**graph.nodes, name: random_node(draw, blocks)}, graph.edges)
        return edits.with_graph(before, place, changed)
    if choice == 12:
        wish = naming.free_name(before, "more", place)
        return edits.add_node(before, wish, random_node(draw, blocks), block=place)
    if choice == 13 and place is not None:
        used = before.blocks[place]
        argument = draw.choice([*used.arguments])
        changed_arguments = {**used.arguments, argument: Argument(draw.choice([1, 2, 3, True]))}
        changed_block = Block(changed_arguments, used.inputs, used.outputs, used.graph)
        return _with_block(before, place, changed_block)
    return before


def _with_block(before: Design, name: str, changed: Block) -> Design:
    blocks = {**before.blocks, name: changed}
    return Design(before.name, before.about, before.cites, before.arguments, blocks, before.graph)


def _replaced(before: Design, place: str | None, name: str, **values: Any) -> Design:
    from dataclasses import replace

    graph = before.graph_of(place)
    node = replace(graph.nodes[name], **values)
    return edits.with_graph(before, place, Graph({**graph.nodes, name: node}, graph.edges))


__all__ = ["analyze", "block", "chain", "design", "facts", "random_design", "random_edit"]
