"""Random designs that are valid: chains, branches, blocks, several inputs and outputs.

A piece takes a tensor of the design that grows and returns another one. Shapes come from the rules
of the catalogue, which the table of layers holds against torch.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from designer.analysis.analysis import analyze
from designer.design.edits import set_learning_rate
from designer.design.values import Design
from designer.layers.catalogue import resolve
from designer.layers.errors import LayerError
from designer.layers.tensors import Tensor
from tests.layers.building import Node, design
from tests.layers.rows import ROWS

Shape = tuple[int, ...]

# Joins have pieces of their own.
LAYERS = tuple(kind for kind, row in ROWS.items() if row.shapes is None)
# A power or a draw by odds goes wrong on the values that a random network may grow: infinite, or no
# number. All elements of a dilated window may lie in the padding: torch's maximum is -inf.
FINITE = tuple(kind for kind in LAYERS if kind not in ("LPPool2d", "StochasticPool2d"))
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

    With `everything`, layers may be frozen or give values that are infinite or no numbers.
    """

    def __init__(self, draw: st.DrawFn, everything: bool = False) -> None:
        self.draw = draw
        self.everything = everything
        self.nodes: dict[str, Node] = {}
        self.edges: list[list[str]] = []
        self.shapes: dict[str, Shape] = {}

    def integer(self, least: int, most: int) -> int:
        return self.draw(st.integers(least, most))

    def chance(self, share: float) -> bool:
        return self.draw(st.integers(1, 100)) <= 100 * share

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
        for port, shape in enumerate(output_shapes(json.dumps(self.nodes[name]), shapes)):
            self.shapes[f"{name}:{port}" if port else name] = shape
        return name

    def image(self, shape: Shape) -> str:
        name = self.add({"layer": "Input", "shape": list(shape)}, wanted="image")
        self.shapes[name] = shape
        return name

    # Pieces

    def layer(self, at: str) -> str:
        """Any layer of the catalogue that fits; none where what was drawn does not."""
        likely = st.sampled_from(LIKELY)
        kinds = st.sampled_from(LAYERS) if self.everything else likely | st.sampled_from(FINITE)
        kind = self.draw(kinds, "layer")
        parameters = self.draw(ROWS[kind].parameters, "parameters")
        if kind == "MaxPool2d" and not self.everything:
            parameters.pop("dilation", None)
        tuples = {k: tuple(v) if isinstance(v, list) else v for k, v in parameters.items()}
        found, _ = resolve(kind, tuples, {})
        assert found is not None
        try:
            found.check()
            shape = found.output_shape([Tensor(self.shapes[at])])
        except LayerError:
            return at
        values = 1
        for size in shape:
            values *= size
        if values > MOST_VALUES:
            return at
        name = self.add({"layer": kind, **parameters}, at)
        self.shapes[name] = shape
        return name

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
                )
            )
        )
        if node.get("repeat") == 0:
            # It becomes a wire, which has no result of its own.
            name = self.add(node, at)
            self.shapes[name] = self.shapes[at]
            return name
        return self.measured(self.add(node, at))

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
        pieces += [self.gate, self.block, self.block, self.cross] if image else []
        at = self.layers(at, 3)
        if len(self.shapes[at]) != 3:
            pieces = pieces[:5]
        before = self.draw(st.sampled_from(pieces))(at)
        return self.layers(before, 2)


@st.composite
def designs(draw: st.DrawFn, *, pieces: int = 3, everything: bool = False) -> Design:
    """A valid design of a few pieces; see `Drawing` for `everything`."""
    drawing = Drawing(draw, everything)
    shapes = st.sampled_from(
        ((3, 8, 8), (2, 7, 6), (4, 5, 5), (1, 9, 8), (6,), (3, 5), (1, 8), (4, 1, 6), (8, 1, 1))
    )
    at = drawing.image(draw(shapes))
    if everything and len(drawing.shapes[at]) > 1 and drawing.chance(0.25):
        at = drawing.permuted(at)
    for _ in range(draw(st.integers(1, pieces))):
        at = drawing.grow(at)
    drawing.output(at)
    drawn = design(drawing.nodes, drawing.edges, blocks=blocks_of(drawing.nodes))
    if everything and drawing.chance(0.4):
        for name in draw(st.lists(st.sampled_from([*drawing.nodes]), max_size=4, unique=True)):
            drawn = set_learning_rate(drawn, name, 0)
    return drawn
