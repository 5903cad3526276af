"""Random designs that are valid: chains, branches, blocks, several inputs and outputs.

A piece takes a tensor of the design that grows and returns another one. Shapes come from the rules
of the catalogue, which the table of layers holds against torch. Images, sequences, volumes, tokens
and tensors that are the same for every image occur.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import prod
from typing import Any

from hypothesis import strategies as st

from designer.analysis.analysis import analyze
from designer.design.edits import set_learning_rate
from designer.design.values import Design
from designer.layers.catalogue import layer_types, resolve
from designer.layers.errors import LayerError
from designer.layers.facts import facts
from designer.layers.tensors import Tensor
from tests.layers.building import Node, design
from tests.layers.rows import ROWS

Shape = tuple[int, ...]

LAYERS = tuple(
    kind
    for kind in ROWS
    if layer_types()[kind].inputs[0] == 1 and 0 not in layer_types()[kind].takes_integers
)
SEVERAL = tuple(kind for kind in ROWS if layer_types()[kind].inputs[1] > 1)
STORED = tuple(kind for kind in ROWS if layer_types()[kind].inputs[1] == 0)
# What goes wrong on the values that a random network may grow, which become infinite or no number:
# logarithms and roots, powers, draws by odds, quotients.
ENDLESS = {"LPPool2d", "StochasticPool2d", "Exp", "Power", "Divide"}
ENDLESS |= {kind for kind in ROWS if ROWS[kind].undefined}
# Behind a comparison or random numbers nothing gets a gradient.
ENDLESS |= {kind for kind in LAYERS if layer_types()[kind].decides}
FINITE = tuple(kind for kind in LAYERS if kind not in ENDLESS)
# Their kernels differ for a single sample, as a tensor that is the same for every image is one.
RECURRENT = ("RNN", "LSTM", "GRU")
LIKELY = ("Conv2d", "Conv2d", "BatchNorm2d", "ReLU", "ReLU", "MaxPool2d", "Dropout", "Linear")
MOST_VALUES = 3000


def conv(channels: object, kernel_size: int = 3, **more: Any) -> Node:
    """A convolution that keeps height and width unless it is given a stride."""
    return {
        "layer": "Conv2d",
        "out_channels": channels,
        "kernel_size": kernel_size,
        "padding": kernel_size // 2,
        **more,
    }


BLOCKS: Mapping[str, Any] = {
    "Residual": {
        "arguments": {"channels": {"default": 4, "min": 1}, "stride": {"default": 1, "min": 1}},
        "inputs": ["x"],
        "outputs": ["y"],
        "nodes": {
            "conv1": conv("=channels", bias=False, stride="=stride"),
            "bn1": {"layer": "BatchNorm2d"},
            "relu1": {"layer": "ReLU"},
            "conv2": conv("=channels"),
            "shortcut": {"layer": "Shortcut", "out_channels": "=channels", "stride": "=stride"},
            "add": {"layer": "Add"},
            "relu2": {"layer": "ReLU"},
        },
        "edges": [
            ["x", "conv1", "bn1", "relu1", "conv2", "add", "relu2", "y"],
            ["x", "shortcut", "add:1"],
        ],
    },
    "Dense": {
        "arguments": {"growth": {"default": 2, "min": 1}},
        "inputs": ["x"],
        "outputs": ["y"],
        "nodes": {
            "bn": {"layer": "BatchNorm2d"},
            "relu": {"layer": "ReLU"},
            "conv": conv("=growth"),
            "concat": {"layer": "Concat"},
        },
        "edges": [["x", "concat"], ["x", "bn", "relu", "conv", "concat:1"], ["concat", "y"]],
    },
    "Stage": {
        "arguments": {
            "channels": {"default": 4, "min": 1},
            "n": {"default": 2, "min": 0},
            "stride": {"default": 1, "min": 1},
        },
        "inputs": ["x"],
        "outputs": ["y"],
        "nodes": {
            "stack": {
                "block": "Residual",
                "repeat": "=n",
                "with": {"channels": "=channels", "stride": "=stride if i == 0 else 1"},
            },
            "act": {"layer": "SiLU"},
        },
        "edges": [["x", "stack", "act", "y"]],
    },
    "Cross": {
        "arguments": {"channels": {"default": 4, "min": 1}},
        "inputs": ["a", "b"],
        "outputs": ["sum", "product"],
        "nodes": {
            "left": conv("=channels", 1),
            "right": conv("=channels"),
            "add": {"layer": "Add"},
            "gate": {"layer": "Sigmoid"},
            "times": {"layer": "Multiply"},
        },
        "edges": [
            ["a", "left", "add"],
            ["b", "right", "add:1"],
            ["add", "sum"],
            ["left", "gate", "times"],
            ["right", "times:1"],
            ["times", "product"],
        ],
    },
    "Recurrent": {
        "arguments": {"steps": {"default": 2, "min": 1}},
        "inputs": ["x"],
        "outputs": ["y"],
        "nodes": {
            "conv": conv("=in_channels"),
            "bn": {"layer": "BatchNorm2d"},
            "relu": {"layer": "ReLU"},
            "again": {**conv("=in_channels"), "shares": "conv"},
            "norm": {"layer": "BatchNorm2d", "shares": "bn"},
            "unit": {
                "block": "Residual",
                "with": {"channels": "=in_channels"},
                "when": "=steps > 1",
            },
            "unit2": {
                "block": "Residual",
                "with": {"channels": "=in_channels"},
                "when": "=steps > 1",
                "shares": "unit",
            },
            "add": {"layer": "Add"},
        },
        "edges": [
            ["x", "conv", "bn", "relu", "again", "norm", "unit", "unit2", "add", "y"],
            ["x", "add:1"],
        ],
    },
    "Tokens": {
        "arguments": {"wide": {"default": 4, "min": 1}},
        "inputs": ["x"],
        "outputs": ["y"],
        "nodes": {
            "norm1": {"layer": "LayerNorm", "axes": 1},
            "attention": {"layer": "MultiheadAttention", "num_heads": 1},
            "add1": {"layer": "Add"},
            "norm2": {"layer": "LayerNorm", "axes": 1},
            "fc1": {"layer": "Linear", "out_features": "=wide"},
            "act": {"layer": "GELU"},
            "fc2": {"layer": "Linear", "out_features": "=in_features"},
            "add2": {"layer": "Add"},
        },
        "edges": [
            ["x", "norm1", "attention", "add1"],
            ["x", "add1:1"],
            ["add1", "norm2", "fc1", "act", "fc2", "add2:1"],
            ["add1", "add2", "y"],
        ],
    },
    "Head": {
        "arguments": {"classes": {"default": 3, "min": 1}, "dropped": {"default": 0.2}},
        "inputs": ["x"],
        "outputs": ["y"],
        "nodes": {
            "pool": {"layer": "AdaptiveAvgPool2d", "output_size": 2},
            "flat": {"layer": "Flatten"},
            "fc1": {"layer": "Linear", "out_features": 5},
            "relu": {"layer": "ReLU"},
            "drop": {"layer": "Dropout", "p": "=dropped"},
            "fc2": {"layer": "Linear", "out_features": "=classes"},
        },
        "edges": [["x", "pool", "flat", "fc1", "relu", "drop", "fc2", "y"]],
    },
}


def blocks_of(nodes: Mapping[str, Node]) -> Mapping[str, Any]:
    """Return the blocks that nodes use, and those in them."""
    used = {node["block"] for node in nodes.values() if "block" in node}
    for name in tuple(used):
        used |= blocks_of(BLOCKS[name]["nodes"]).keys()
    return {name: each for name, each in BLOCKS.items() if name in used}


@lru_cache(maxsize=10_000)
def output_shapes(node: str, shapes: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """Return the shapes of a node's outputs, from its JSON text and the shapes of its inputs."""
    images = {
        f"image{port}": {"layer": "Input", "shape": list(shape)}
        for port, shape in enumerate(shapes)
    }
    edges = [[image, f"node:{port}" if port else "node"] for port, image in enumerate(images)]
    nodes = {**images, "node": json.loads(node), "scores": {"layer": "Output"}}
    found = analyze(design(nodes, [*edges, ["node", "scores"]], blocks=blocks_of(nodes)))
    result = found.node("node")
    assert result is not None and result.outputs, found.problems
    return tuple(flow.shape for flow in result.outputs if flow is not None)


class Drawing:
    """A design while it grows.

    With `everything`, layers may be frozen or give values that are infinite or no numbers; without,
    all values and gradients are finite.
    """

    def __init__(self, draw: st.DrawFn, everything: bool = False) -> None:
        self.draw = draw
        self.everything = everything
        self.nodes: dict[str, Node] = {}
        self.edges: list[list[str]] = []
        self.shapes: dict[str, Shape] = {}
        self.tensors: dict[str, Tensor] = {}

    def integer(self, least: int, most: int) -> int:
        return self.draw(st.integers(least, most))

    def chance(self, share: float) -> bool:
        return self.draw(st.integers(1, 100)) <= 100 * share

    def usable(self, kinds: Sequence[str]) -> list[str]:
        """Return the layer types that may be drawn: of those alone that keep values finite."""
        return [kind for kind in kinds if self.everything or kind not in ENDLESS]

    def add(self, node: Node, *sources: str, wanted: str = "") -> str:
        """Add a node behind others and return its name."""
        stem = wanted or str(node.get("layer", node.get("block"))).lower()
        name = f"{stem}{len(self.nodes)}"
        self.nodes[name] = node
        self.edges += [
            [source, f"{name}:{port}" if port else name] for port, source in enumerate(sources)
        ]
        return name

    def measured(self, name: str) -> str:
        """Let the analysis infer the shapes behind a node, and before it where not yet known."""
        sources = [source for source, end in self.edges if end.partition(":")[0] == name]
        shapes = tuple(
            self.shapes[each if each in self.shapes else self.measured(each)] for each in sources
        )
        alone = {key: each for key, each in self.nodes[name].items() if key != "shares"}
        for port, shape in enumerate(output_shapes(json.dumps(alone), shapes)):
            self.shapes[f"{name}:{port}" if port else name] = shape
        return name

    def image(self, shape: Shape) -> str:
        name = self.add({"layer": "Input", "shape": list(shape)}, wanted="image")
        self.shapes[name] = shape
        return name

    def tensor(self, name: str) -> Tensor:
        """Return what is known of a tensor; where only its shape is noted it is a usual one."""
        return self.tensors.get(name) or Tensor(self.shapes[name])

    def apply(self, kind: str, parameters: Mapping[str, Any], *sources: str) -> list[str]:
        """Add a layer behind others and return the names of its outputs; none if it refuses."""
        tuples = {k: tuple(v) if isinstance(v, list) else v for k, v in parameters.items()}
        found, _ = resolve(kind, tuples, {})
        if found is None:
            return []
        given = tuple([self.tensor(each) for each in sources])
        try:
            result = facts(found, given)
        except LayerError:
            return []
        made = [result.output, *[each for each, _ in result.further]]
        if max(each.values for each in made) > MOST_VALUES:
            return []
        name = self.add({"layer": kind, **parameters}, *sources)
        names = [f"{name}:{port}" if port else name for port in range(len(made))]
        for each, tensor in zip(names, made, strict=True):
            self.shapes[each] = tensor.shape
            self.tensors[each] = Tensor(
                tensor.shape, batched=tensor.batched, integer=tensor.integer
            )
        return names

    def drop_unread(self) -> None:
        """Remove what no output needs, as where a join refused a tensor that was made for it."""
        shared = {node["shares"] for node in self.nodes.values() if "shares" in node}
        for name in [*self.nodes][::-1]:
            read = any(source.partition(":")[0] == name for source, _ in self.edges)
            if not read and name not in shared and self.nodes[name].get("layer") != "Output":
                del self.nodes[name]
                self.edges = [each for each in self.edges if each[1].partition(":")[0] != name]

    # Pieces

    def layer(self, at: str) -> str:
        """Any layer of the catalogue that fits; none where what was drawn does not."""
        likely = st.sampled_from(LIKELY)
        kinds = st.sampled_from(LAYERS) if self.everything else likely | st.sampled_from(FINITE)
        kind = self.draw(kinds, "layer")
        parameters = self.draw(ROWS[kind].parameters, "parameters")
        if kind.startswith("MaxPool") and not self.everything:
            parameters.pop("dilation", None)
        if kind in RECURRENT and not self.tensor(at).batched:
            return at
        made = self.apply(kind, parameters, at)
        floating = [each for each in made if not self.tensor(each).integer]
        return self.draw(st.sampled_from(floating)) if floating else at

    def stored(self, at: str) -> str:
        """A tensor that is the same for every image, joined with what is there."""
        shape = list(self.shapes[at])
        if self.chance(0.5):
            shape = [size if self.chance(0.5) else 1 for size in shape]
        shape = shape[self.integer(0, len(shape) - 1) :]
        kinds = self.usable(("Parameter", "Constant", "Parameter", *STORED))
        kind = self.draw(st.sampled_from(kinds))
        parameters: dict[str, Any] = {"shape": shape}
        if kind == "Parameter":
            parameters["batch_axis"] = self.chance(0.5)
        elif kind != "Constant":
            parameters = self.draw(ROWS[kind].parameters)
        made = self.apply(kind, parameters)
        if not made or self.tensor(made[0]).integer:
            return at
        behind = self.layer(made[0]) if self.chance(0.4) else made[0]
        joins = ("Add", "Multiply", "Maximum", "Mean", "Concat", "Subtract", "Divide", "Where")
        join = self.draw(st.sampled_from(self.usable(joins)))
        sources = [at, behind] if self.chance(0.6) or join == "Where" else [behind, at]
        if join == "Where":
            sources = [*sources, at]
        joined = self.apply(join, {}, *sources)
        return joined[0] if joined else at

    def several(self, at: str) -> str:
        """A layer with several inputs, from what is there and what was there before."""
        kind = self.draw(st.sampled_from(self.usable(SEVERAL)))
        parameters = self.draw(ROWS[kind].parameters)
        least, most = layer_types()[kind].inputs
        like = [each for each in self.tensors if self.shapes[each] == self.shapes[at]]
        sources = [at]
        for port in range(1, self.integer(least, min(most, 4))):
            integer = port in layer_types()[kind].takes_integers
            fitting = [each for each in like if self.tensor(each).integer is integer]
            if not fitting and integer:
                return at
            sources.append(self.draw(st.sampled_from([*fitting, *([] if integer else [at] * 3)])))
        made = self.apply(kind, parameters, *sources)
        floating = [each for each in made if not self.tensor(each).integer]
        return floating[0] if floating else at

    def unpooled(self, at: str) -> str:
        """Maxima that are put back at their places."""
        size = self.integer(1, 3)
        axes = len(self.shapes[at]) - 1
        if any(each % size for each in self.shapes[at][1:]):
            return at
        made = self.apply(f"MaxPool{axes}d", {"kernel_size": size, "return_indices": True}, at)
        if not made:
            return at
        back = self.apply(f"MaxUnpool{axes}d", {"kernel_size": size}, self.keep(made[0]), made[1])
        return back[0] if back else at

    def tokens(self) -> str:
        """Whole numbers, and a learned vector for each of them."""
        shape = self.draw(st.sampled_from(((5,), (1,), (2, 3))))
        node = {"layer": "Input", "shape": list(shape), "dtype": "int64"}
        name = self.add(node, wanted="tokens")
        self.shapes[name], self.tensors[name] = shape, Tensor(shape, integer=True)
        sizes = {"num_embeddings": 7, "embedding_dim": self.draw(st.sampled_from((4, 6, 1)))}
        return self.apply("Embedding", sizes, name)[0]

    def attended(self, at: str) -> str:
        """A block of a transformer, once or several times in a row."""
        node = {"block": "Tokens", "repeat": self.integer(1, 2), "with": {"wide": 3}}
        return self.measured(self.add(node, at))

    def permuted(self, at: str) -> str:
        """The axes in another order, half of the time as from channels-last to channels-first."""
        shape = self.shapes[at]
        orders = st.permutations(range(1, len(shape) + 1))
        order = self.draw(st.just([3, 1, 2]) | orders if len(shape) == 3 else orders)
        name = self.add({"layer": "Permute", "order": order}, at)
        self.shapes[name] = tuple(shape[axis - 1] for axis in order)
        return name

    def layers(self, at: str, most: int) -> str:
        for _ in range(self.integer(0, 3 * most if self.everything else most)):
            at = self.layer(at)
        return at

    def residual(self, at: str) -> str:
        """A branch that is added to its own beginning."""
        shape = self.shapes[at]
        branch = at
        for _ in range(self.integer(1, 2)):
            branch = self.add(self.same_size(shape), branch)
            self.shapes[branch] = shape
            branch = self.keep(branch)
        kinds = ("Add", "Mean", "Multiply", "Maximum", "DropPathMean")
        kind = self.draw(st.sampled_from(kinds))
        return self.measured(self.add({"layer": kind}, *self.draw(st.permutations([at, branch]))))

    def same_size(self, shape: Shape) -> Node:
        if len(shape) in (2, 4) and self.chance(0.5):
            convolution = {"layer": f"Conv{len(shape) - 1}d", "out_channels": shape[0]}
            return {**convolution, "kernel_size": 3, "padding": 1}
        if len(shape) == 3:
            return conv(shape[0], self.draw(st.sampled_from((1, 3))))
        return {"layer": "Linear", "out_features": shape[-1]}

    def keep(self, at: str) -> str:
        """An activation or another layer that leaves the shape alone."""
        kinds = ("ReLU", "ReLU", "SiLU", "Sigmoid", "Identity", "Dropout", "ELU", "PReLU")
        name = self.add({"layer": self.draw(st.sampled_from(kinds))}, at)
        self.shapes[name] = self.shapes[at]
        return name

    def branches(self, at: str) -> str:
        """Branches side by side, which a Concat puts together."""
        ends = []
        for _ in range(self.integer(2, 4)):
            if len(self.shapes[at]) == 3:
                end = self.add(conv(self.integer(1, 3), self.draw(st.sampled_from((1, 3)))), at)
            else:
                end = self.add(self.same_size(self.shapes[at]), at)
            if self.chance(0.5):
                end = self.add({"layer": "ReLU"}, end)
            ends.append(end)
        return self.measured(self.add({"layer": "Concat"}, *ends))

    def gate(self, at: str) -> str:
        """Channels weighted by what the whole image says of them; a product that is spread."""
        squeeze = self.add({"layer": "AdaptiveAvgPool2d", "output_size": 1}, at)
        excite = self.add(conv(self.shapes[at][0], 1), squeeze)
        gate = self.add({"layer": "Sigmoid"}, excite)
        order = [at, gate] if self.chance(0.5) else [gate, at]
        return self.measured(self.add({"layer": "Multiply"}, *order))

    def block(self, at: str) -> str:
        """A block, once or several times in a row."""
        channels = self.integer(1, 5)
        repeat = self.integer(0, 3)
        node: dict[str, Any] = self.draw(
            st.sampled_from(
                (
                    {
                        "block": "Residual",
                        "repeat": repeat,
                        "with": {"channels": channels, "stride": "=2 if i == 0 else 1"},
                    },
                    {"block": "Residual", "repeat": repeat, "with": {"channels": "=i + 2"}},
                    {"block": "Residual", "with": {"stride": 2}},
                    {"block": "Dense", "repeat": repeat, "with": {"growth": channels}},
                    {"block": "Stage", "with": {"channels": channels, "n": repeat, "stride": 2}},
                    {
                        "block": "Stage",
                        "repeat": repeat,
                        "with": {"channels": "=2 * i + 1", "n": "=i"},
                    },
                    {"block": "Recurrent", "repeat": repeat, "with": {"steps": "=i + 1"}},
                )
            )
        )
        if node.get("repeat") == 0:
            # It becomes a wire, which has no result of its own.
            name = self.add(node, at)
            self.shapes[name] = self.shapes[at]
            return name
        return self.measured(self.add(node, at))

    def shared(self, at: str) -> str:
        """The same weights several times: in a row, or side by side on two inputs."""
        shape = self.shapes[at]
        node = self.weighted(shape)
        if node is None:
            return at
        first = self.measured(self.add(node, at))
        again = {**node, "shares": first}
        if self.shapes[first] == shape and self.chance(0.5):
            end = first
            for _ in range(self.integer(1, 2)):
                end = self.keep(end) if self.chance(0.5) else end
                end = self.measured(self.add(again, end))
            return end
        other = self.image(shape) if self.chance(0.5) else self.keep(at)
        if len(shape) == 3 and node.get("layer") == "Conv2d" and min(shape[1:]) > 4:
            small = self.measured(self.add({"layer": "AvgPool2d", "kernel_size": 2}, other))
            ends = [first, self.measured(self.add(again, small))]
            ends = [self.measured(self.add({"layer": "GlobalAvgPool2d"}, end)) for end in ends]
        else:
            ends = [first, self.measured(self.add(again, other))]
        kind = self.draw(st.sampled_from(("Add", "Multiply", "Concat")))
        return self.measured(self.add({"layer": kind}, *self.draw(st.permutations(ends))))

    def weighted(self, shape: Shape) -> Node | None:
        """A node with weights for a tensor of this shape; None if what was drawn does not fit."""
        channels = self.integer(1, 4)
        nodes: list[Node] = [self.same_size(shape)]
        if len(shape) == 3:
            nodes += [
                conv(channels, stride=self.integer(1, 2)),
                {"block": "Residual", "with": {"channels": channels}},
                {"block": "Residual", "repeat": 2, "with": {"channels": shape[0]}},
                {"block": "Stage", "with": {"channels": channels, "n": "=1 + 1"}},
                {"block": "Recurrent"},
                {"block": "Head", "with": {"classes": channels}},
            ]
        if not self.everything or self.chance(0.6):
            return self.draw(st.sampled_from(nodes))
        kind = self.draw(st.sampled_from(LAYERS), "layer")
        parameters = self.draw(ROWS[kind].parameters, "parameters")
        tuples = {k: tuple(v) if isinstance(v, list) else v for k, v in parameters.items()}
        found, _ = resolve(kind, tuples, {})
        assert found is not None
        try:
            found.check()
            made = found.output_shape([Tensor(shape)])
        except LayerError:
            return None
        if not found.states([Tensor(shape)]) or prod(made) > MOST_VALUES:
            return None
        return {"layer": kind, **parameters}

    def cross(self, at: str) -> str:
        """A block of two inputs and two outputs, both of which may be read."""
        other = at if self.chance(0.5) else self.image(self.shapes[at])
        node = {"block": "Cross", "with": {"channels": self.integer(1, 4)}}
        name = self.measured(self.add(node, at, other))
        if self.chance(0.5):
            return f"{name}:1"
        return self.measured(self.add({"layer": "Add"}, name, f"{name}:1"))

    def second_image(self, at: str) -> str:
        """Another input, joined with what is there."""
        image = self.image(self.shapes[at])
        if self.chance(0.5):
            image = self.keep(image)
        kind = self.draw(st.sampled_from(("Add", "Multiply", "Maximum", "Concat", "Mean")))
        return self.measured(self.add({"layer": kind}, at, image))

    def auxiliary(self, at: str) -> str:
        """A head that only helps training."""
        self.output(at, auxiliary=True)
        return at

    def read_output(self, at: str) -> str:
        """An output that other nodes read as well."""
        name = self.add({"layer": "Output"}, at, wanted="result")
        self.shapes[name] = self.shapes[at]
        return name

    def output(self, at: str, **options: Any) -> None:
        if len(self.shapes[at]) == 3 and self.chance(0.5):
            at = self.add({"block": "Head", "with": {"classes": self.integer(1, 4)}}, at)
        elif self.chance(0.7):
            flat = self.add({"layer": "Flatten"}, at)
            at = self.add({"layer": "Linear", "out_features": self.integer(1, 4)}, flat)
        self.add({"layer": "Output", **options}, at, wanted="scores")

    def grow(self, at: str) -> str:
        image = len(self.shapes[at]) == 3
        pieces = [self.residual, self.branches, self.auxiliary, self.second_image, self.read_output]
        pieces += [self.shared, self.stored, self.several, self.several]
        pieces += [self.gate, self.block, self.block, self.cross, self.unpooled] if image else []
        at = self.layers(at, 3)
        if len(self.shapes[at]) != 3:
            pieces = pieces[:9]
            pieces += [self.unpooled] if len(self.shapes[at]) in (2, 4) else []
        if len(self.shapes[at]) == 2:
            pieces += [self.attended, self.attended]
        before = self.draw(st.sampled_from(pieces))(at)
        return self.layers(before, 2)


@st.composite
def designs(draw: st.DrawFn, *, pieces: int = 3, everything: bool = False) -> Design:
    """A valid design of a few pieces; see `Drawing` for `everything`."""
    drawing = Drawing(draw, everything)
    shapes = st.sampled_from(
        (
            *((3, 8, 8), (2, 7, 6), (4, 5, 5), (1, 9, 8), (6,), (3, 5), (1, 8), (4, 1, 6)),
            *((8, 1, 1), (4, 9), (2, 4, 5, 3), (1, 6, 4, 4), (4, 3, 1, 5), (2, 3, 2, 4, 3)),
        )
    )
    at = drawing.tokens() if drawing.chance(0.1) else drawing.image(draw(shapes))
    if everything and len(drawing.shapes[at]) > 1 and drawing.chance(0.25):
        at = drawing.permuted(at)
    for _ in range(draw(st.integers(1, pieces))):
        at = drawing.grow(at)
    drawing.output(at)
    drawing.drop_unread()
    drawn = design(drawing.nodes, drawing.edges, blocks=blocks_of(drawing.nodes), version=2)
    for problem in analyze(drawn).problems:  # both inputs of a block must lie alike in memory
        if problem.code == "shared-weights" and "in memory in another order" in problem.message:
            assert problem.block is None
            drawn = problem.fixes[-1](drawn)
    if everything and drawing.chance(0.4):
        for name in draw(st.lists(st.sampled_from([*drawing.nodes]), max_size=4, unique=True)):
            drawn = set_learning_rate(drawn, name, 0)
    return drawn
