"""Receptive fields of random designs and presets against where the gradient of a value reaches.

The value in the middle of each node's output is differentiated in double precision. So that the
gradient tells which pixels matter, weights are positive, maxima and random choices become means or
products, and activations have no flat part; which values a layer reads does not change.
"""

import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any
from unittest.mock import patch

import torch
from torch import nn
from torch.nn import functional as F

from designer import presets
from designer.analysis.accounting.receptive_fields import ReceptiveField
from designer.analysis.analysis import Analysis, analyze
from designer.design.values import Design, Edge, Graph, LayerNode
from designer.engine.module import module
from designer.layers.tensors import Tensor
from tests.analysis.drawing import block, design

PRESETS = (
    "lenet5",
    "squeezenet1_1",
    "resnet18",
    "mobilenet_v2",
    "resnext29",
    "densenet_cifar",
    "preact_resnet_cifar",
    "googlenet",
    "inception_naive",
    "vgg11",
)

_Node = dict[str, Any]


# Random designs


def random_design(draw: random.Random, axes: int = 2) -> Design:
    """Return a design of three to eight steps, each a layer, a branch or a block.

    Its input is a sequence, an image or a volume: it has one, two or three spatial axes.
    """
    side = draw.randrange(16, 49)
    shape = [draw.choice([2, 4]), side, side if draw.random() < 0.5 else draw.randrange(16, 49)]
    if axes != 2:
        sides = [
            draw.randrange(16, 49) if axes == 1 else draw.randrange(5, 13) for _ in range(axes)
        ]
        shape = [draw.choice([2, 4]), *sides]
    nodes: dict[str, _Node] = {"image": {"layer": "Input", "shape": shape}}
    edges: list[list[str]] = []
    inner = {"conv": _conv(draw, stride=1, padding=1, kernel_size=3), "relu": {"layer": "ReLU"}}
    blocks = {"Inner": block(inner, [["x", "conv", "relu", "y"]])}
    last, steps = "image", draw.randrange(3, 9)
    tries = 0
    while steps and tries < 60:
        tries += 1
        step = _step(draw, len(nodes), last) if axes == 2 else _plain_step(draw, axes, nodes, last)
        more_nodes, more_edges, end = step
        tried = design(
            {**nodes, **more_nodes, "end": {"layer": "Output"}},
            [*edges, *more_edges, [end, "end"]],
            blocks,
        )
        analysis = analyze(tried)
        flow = analysis.top.nodes[end].outputs if end in analysis.top.nodes else ()
        if not analysis.valid or not flow or flow[0] is None or flow[0].values > 200_000:
            continue
        nodes |= more_nodes
        edges += more_edges
        last = end
        steps -= 1
    nodes["end"] = {"layer": "Output"}
    return design(nodes, [*edges, [last, "end"]], blocks)


def _step(
    draw: random.Random, number: int, last: str
) -> tuple[dict[str, _Node], list[list[str]], str]:
    """Return the nodes and edges of a step behind the node `last`, and the node it ends with."""

    def named(*layers: _Node) -> tuple[dict[str, _Node], list[str]]:
        names = [f"n{number + index}" for index in range(len(layers))]
        return dict(zip(names, layers, strict=True)), names

    kind = draw.random()
    if kind < 0.55:
        nodes, names = named(_layer(draw))
        return nodes, [[last, *names]], names[-1]
    if kind < 0.65:  # squeeze and excite
        pool = draw.choice(
            [
                {"layer": "AdaptiveAvgPool2d", "output_size": 1},
                {"layer": "AdaptiveMaxPool2d", "output_size": [1, 1]},
                {"layer": "AvgPool2d", "kernel_size": draw.choice([6, 8])},
            ]
        )
        gate = {"layer": draw.choice(["Sigmoid", "Hardsigmoid"])}
        nodes, names = named(pool, {"layer": "DepthwiseConv2d", "kernel_size": 1}, gate)
        join = f"n{number + len(names)}"
        nodes[join] = {"layer": draw.choice(["Multiply", "Maximum"])}
        return nodes, [[last, *names, f"{join}:1"], [last, join]], join
    if kind < 0.75:  # branches that keep the size
        layers = [_conv(draw, stride=1, padding="same") for _ in range(draw.randrange(1, 3))]
        nodes, names = named(*layers)
        join = f"n{number + len(names)}"
        nodes[join] = draw.choice([{"layer": "Concat", "dim": 1}, {"layer": "Add"}])
        return nodes, [[last, *names, f"{join}:1"], [last, join]], join
    if kind < 0.80:  # parts of the image in another order
        axis = draw.choice([2, 3])
        cut = draw.randrange(2, 12)
        nodes, names = named(
            {"layer": "Slice", "dim": axis, "start": cut, "stop": cut + draw.randrange(1, 8)},
            {"layer": "Slice", "dim": axis, "start": 0, "stop": cut},
        )
        join = f"n{number + len(names)}"
        nodes[join] = {"layer": "Concat", "dim": axis}
        return nodes, [[last, names[0], join], [last, names[1], f"{join}:1"]], join
    if kind < 0.86:  # channels last, as in ConvNeXt
        middle = draw.choice(
            [
                {"layer": "Linear", "out_features": 3},
                {"layer": "LayerNorm", "axes": draw.choice([0, 1, 2])},
                {"layer": "Softmax", "dim": draw.choice([1, 2, 3])},
            ]
        )
        there, back = {"layer": "Permute", "order": [2, 3, 1]}, {"layer": "Permute"}
        nodes, names = named(there, middle, {**back, "order": [3, 1, 2]})
        return nodes, [[last, *names]], names[-1]
    if kind < 0.93:
        nodes, names = named({"block": "Inner", "repeat": draw.choice([1, 2, 3])})
        return nodes, [[last, *names]], names[-1]
    nodes, names = named({"layer": "Shortcut", "out_channels": 4, "stride": draw.choice([1, 2])})
    return nodes, [[last, *names]], names[-1]


def _plain_step(
    draw: random.Random, axes: int, nodes: dict[str, _Node], last: str
) -> tuple[dict[str, _Node], list[list[str]], str]:
    """Return a step over one or three axes: a layer, or branches that are joined again."""
    name, join = f"n{len(nodes)}", f"n{len(nodes) + 1}"
    if draw.random() < 0.8:
        return {name: _any_layer(draw, axes)}, [[last, name]], name
    branch = {"layer": f"Conv{axes}d", "out_channels": 4, "padding": "same"}
    branch["kernel_size"] = _each(draw, axes, [1, 2, 3, 5])
    joined = {"layer": draw.choice(["Concat", "Add"])}
    return {name: branch, join: joined}, [[last, name, f"{join}:1"], [last, join]], join


def _each(draw: random.Random, axes: int, choices: list[int]) -> int | list[int]:
    """Draw a number for all axes, or one for each."""
    if draw.random() < 0.5:
        return draw.choice(choices)
    return [draw.choice(choices) for _ in range(axes)]


def _pad(draw: random.Random, axes: int) -> _Node:
    mode = draw.choice(["constant", "reflect", "replicate", "circular"])
    sides = [draw.choice([0, 1, 3]) for _ in range(2 * axes)]
    return {"layer": "Pad", "mode": mode, "padding": sides}


def _resize(draw: random.Random, axes: int) -> _Node:
    several = ["linear"] if axes == 1 else ["bilinear", "bicubic"] if axes == 2 else ["trilinear"]
    mode = draw.choice([*several, *several, "nearest", "nearest-exact", "area"])
    node: _Node = {"layer": "Resize", "mode": mode, "size": _each(draw, axes, [1, 4, 7, 12, 20])}
    if draw.random() < 0.3:
        del node["size"]
        node["scale_factor"] = draw.choice([0.4, 0.5, 1.5, 2, 3])
    if mode in several:
        node["align_corners"] = draw.random() < 0.4
        node["antialias"] = axes == 2 and draw.random() < 0.4
    return node


def _any_layer(draw: random.Random, axes: int) -> _Node:
    """Return a layer over this many axes, its parameters drawn."""

    def each(*choices: int) -> int | list[int]:
        return _each(draw, axes, [*choices])

    kind = draw.choice(
        ["Conv", "Conv", "Conv", "pool", "pool", "ConvTranspose", "Upsample", "rest"]
    )
    if kind == "Conv":
        node = {"kernel_size": each(1, 2, 3, 3, 4), "stride": each(1, 1, 2, 3)}
        node |= {"dilation": each(1, 1, 2), "padding": each(0, 1, 2)}
        modes = ["zeros", "zeros", "reflect", "replicate", "circular"]
        return {
            "layer": f"Conv{axes}d",
            "out_channels": 4,
            "padding_mode": draw.choice(modes),
        } | node
    if kind == "pool":
        name = draw.choice(["MaxPool", "AvgPool"])
        node = {"kernel_size": each(1, 2, 3), "ceil_mode": draw.random() < 0.4}
        return {"layer": f"{name}{axes}d", "stride": each(1, 2, 3)} | node
    if kind == "ConvTranspose":
        node = {"kernel_size": each(1, 2, 3, 4), "stride": each(1, 2), "padding": each(0, 1)}
        return {"layer": f"ConvTranspose{axes}d", "out_channels": 2} | node
    if kind == "Upsample":
        mode = draw.choice(["nearest", "linear" if axes == 1 else "trilinear"])
        return {"layer": "Upsample", "scale_factor": draw.choice([1, 2, 3]), "mode": mode}
    return draw.choice(
        [
            _pad(draw, axes),
            _resize(draw, axes),
            {"layer": f"AdaptiveAvgPool{axes}d", "output_size": each(1, 3, 7)},
            {"layer": f"InstanceNorm{axes}d", "track_running_stats": draw.random() < 0.7},
            {"layer": f"BatchNorm{axes}d"},
            {"layer": "LayerNorm", "axes": draw.choice([1, 2])},
            {"layer": "Slice", "dim": 2, "start": draw.choice([0, 3]), "stop": draw.choice([4, 9])},
            {"layer": "GELU"},
        ]
    )


def _layer(draw: random.Random) -> _Node:
    """Return a layer that takes an image, its parameters drawn."""
    kind = draw.choice(
        [
            *["conv"] * 6,
            *["pool"] * 3,
            *["ConvTranspose2d"] * 2,
            *["Upsample"] * 2,
            *["norm"] * 2,
            "AdaptiveAvgPool2d",
            "PixelShuffle",
            "PixelUnshuffle",
            "Pad",
            "Resize",
            "Resize",
            "ZeroPad2d",
            "Slice",
            "Softmax",
            "Sobel",
            "pointwise",
        ]
    )
    size = draw.choice([1, 2, 3, 4, 5])
    match kind:
        case "conv":
            return _conv(draw)
        case "pool":
            name = draw.choice(["MaxPool2d", "AvgPool2d", "LPPool2d", "StochasticPool2d"])
            node = {"layer": name, "kernel_size": draw.choice([1, 2, 3, [2, 3]])}
            node |= draw.choice([{}, {"stride": draw.choice([1, 2, 3, [1, 2]])}])
            node |= {"ceil_mode": draw.random() < 0.4}
            if name in ("MaxPool2d", "AvgPool2d"):
                node |= {"padding": draw.choice([0, 0, 1])}
            if name == "MaxPool2d":
                node |= {"dilation": draw.choice([1, 1, 2])}
            return node
        case "ConvTranspose2d":
            values = {"stride": draw.choice([1, 2, 3, [1, 2]]), "padding": draw.choice([0, 1])}
            values |= {"dilation": draw.choice([1, 1, 2]), "output_padding": draw.choice([0, 0, 1])}
            return {"layer": kind, "out_channels": 2, "kernel_size": size, **values}
        case "Upsample":
            mode = draw.choice(["nearest", "bilinear", "bicubic"])
            return {"layer": kind, "scale_factor": draw.choice([1, 2, 3, 4]), "mode": mode}
        case "norm":
            return draw.choice(
                [
                    {"layer": "LayerNorm", "axes": draw.choice([0, 1, 2, 3])},
                    {"layer": "GroupNorm", "num_groups": draw.choice([1, 2])},
                    {"layer": "InstanceNorm2d", "track_running_stats": draw.random() < 0.5},
                    {"layer": "BatchNorm2d"},
                    {"layer": "LocalResponseNorm"},
                ]
            )
        case "AdaptiveAvgPool2d":
            return {"layer": kind, "output_size": draw.choice([1, 3, 7, [1, 5], [20, 6]])}
        case "PixelUnshuffle":
            return {"layer": kind, "downscale_factor": draw.choice([1, 2, 3])}
        case "Pad":
            return _pad(draw, 2)
        case "Resize":
            return _resize(draw, 2)
        case "PixelShuffle":
            return {"layer": kind, "upscale_factor": 2}
        case "ZeroPad2d":
            sides = ("left", "right", "top", "bottom")
            return {"layer": kind, **{each: draw.choice([0, 1, 4]) for each in sides}}
        case "Slice":
            start = draw.randrange(0, 9)
            stop = start + draw.randrange(1, 14)
            return {"layer": kind, "dim": draw.choice([2, 3]), "start": start, "stop": stop}
        case "Softmax":
            return {"layer": draw.choice(["Softmax", "LogSoftmax"]), "dim": draw.choice([1, 2, 3])}
        case "Sobel":
            return {"layer": draw.choice(["Sobel", "Laplacian"])}
    return {"layer": draw.choice(["ReLU", "GELU", "Dropout", "Scale", "Identity", "Tanh"])}


def _conv(draw: random.Random, **fixed: Any) -> _Node:
    values: dict[str, Any] = {
        "kernel_size": draw.choice([1, 2, 3, 3, 4, 5, [1, 3], [5, 2]]),
        "stride": draw.choice([1, 1, 1, 2, 3, [2, 1]]),
        "dilation": draw.choice([1, 1, 1, 2, [1, 3]]),
        "padding": draw.choice([0, 1, 1, 2, "same"]),
        "padding_mode": draw.choice(["zeros", "zeros", "reflect", "replicate", "circular"]),
    }
    values |= fixed
    if values["padding"] == "same":
        values["stride"] = 1
    return {"layer": "Conv2d", "out_channels": 4, **values}


# Measurement


def differences(tried: Design) -> tuple[int, list[str]]:
    """Return how many nodes were measured, and a sentence for each whose field differs."""
    analysis = analyze(tried)
    assert analysis.valid, analysis.problems
    nodes, found = 0, []
    for name, flow, field, measured in _measured(tried, analysis):
        nodes += 1
        if field is None or tuple(field.size) != measured:
            counted = field and field.size
            found.append(f"{tried.name}: {name} {flow.shape}: counted {counted}, is {measured}")
    return nodes, found


def _nodes(tried: Design, analysis: Analysis) -> dict[str, tuple[Tensor, str]]:
    """Return the tensor of each node whose spatial axes are known, and its layer's path."""
    found = {}
    (rank,) = [len(port.shape) for port in analysis.inputs]
    for name in analysis.top.wiring.order:
        result, path = analysis.top.nodes[name], name
        while result.inside is not None:  # the layer at the block's first output
            inside = result.inside
            ends = [each for each in inside.wiring.sources if each not in inside.nodes]
            sources = inside.wiring.sources[ends[0]] if ends else ()
            if not sources or sources[0] is None or sources[0][0] not in inside.nodes:
                break
            path = f"{path}.{sources[0][0]}"
            result = inside.nodes[sources[0][0]]
        flow = result.outputs[0] if result.outputs else None
        if result.inside is None and flow is not None and len(flow.shape) == rank and flow.axes:
            found[name] = flow, path
    return found


def _measured(
    tried: Design, analysis: Analysis
) -> Iterator[tuple[str, Tensor, ReceptiveField | None, tuple[int, ...]]]:
    """Yield the nodes of a design: name, output, counted and measured receptive field."""
    nodes = _nodes(tried, analysis)
    inputs = [port.name for port in analysis.inputs]
    own = [port.name for port in analysis.outputs]
    names = [name for name in nodes if name not in inputs and name not in own]
    edges = list(tried.graph.edges)
    ends = {f"measured_{name}": LayerNode("Output") for name in names}
    edges += [Edge(name, 0, f"measured_{name}", 0) for name in names]
    whole = Design(
        tried.name,
        arguments=tried.arguments,
        blocks=tried.blocks,
        graph=Graph({**tried.graph.nodes, **ends}, tuple(edges)),
    )
    made = module(whole).double().eval()
    _make_positive(made)
    (shape,) = [port.shape for port in analysis.inputs]
    image = torch.rand(1, *shape, dtype=torch.float64) + 0.5
    image.requires_grad_()
    with _smooth(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outputs = made(image)
    outputs = outputs[sum(not port.auxiliary for port in analysis.outputs) :]
    for name, output in zip(names, outputs, strict=True):
        flow, path = nodes[name]
        at: list[Any] = [0, *[slice(None)] * len(shape)]
        for number, axis in enumerate(flow.axes if len(shape) == 3 else range(len(shape)), 1):
            if axis:
                at[number] = output.shape[number] // 2
        value = output[tuple(at)]
        # A random weight for each channel: their sum behind a norm over channels is constant.
        weighted = (value * torch.rand_like(value)).sum()
        (gradient,) = torch.autograd.grad(weighted, image, retain_graph=True)
        extents = []
        for axis in range(1, len(shape)):
            others = tuple(each for each in range(len(shape)) if each != axis)
            touched = gradient[0].abs().amax(others).nonzero().flatten()
            extents.append(int(touched[-1] - touched[0]) + 1 if len(touched) else 0)
        if 0 in extents:
            continue  # the value in the middle depends on no pixel: it lies in the padding
        yield name, flow, analysis.receptive_fields[path], tuple(extents)


def _make_positive(network: nn.Module) -> None:
    """Give all weights random positive values, and pools and activations slopes everywhere."""
    for parameter in network.parameters():
        fan = max(1, parameter[0].numel()) if parameter.dim() > 1 else 1
        nn.init.uniform_(parameter, 0.5 / fan, 1.5 / fan)
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, _WITH_FLAT_PARTS):
                setattr(parent, name, nn.Softplus())
            elif isinstance(child, nn.MaxPool1d | nn.MaxPool2d | nn.MaxPool3d):
                setattr(parent, name, _Mean(child))
            elif isinstance(child, nn.AdaptiveMaxPool2d):
                setattr(parent, name, nn.AdaptiveAvgPool2d(child.output_size))
            elif isinstance(child, _CANCELS):
                setattr(parent, name, _Uneven(child))
            elif type(child).__name__ == "StochasticPool2d":
                child.forward = _MeanOfWindows(child)
            elif type(child).__name__ == "FixedFilter":  # an edge filter of a constant is zero
                nn.init.uniform_(child.kernel, 0.1, 0.3)


_WITH_FLAT_PARTS = (nn.ReLU, nn.ReLU6, nn.Hardsigmoid, nn.Hardswish)
_CANCELS = (
    *(nn.Softmax, nn.LogSoftmax, nn.LayerNorm, nn.GroupNorm),
    *(nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d),
)


class _Uneven(nn.Module):
    """A norm or softmax with a random factor for each value: the sum of its output varies."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the output of the layer, weighted."""
        return self.inner(x) * (torch.rand_like(x[:1]) + 0.5)


class _Mean(nn.Module):
    """The mean of a max pool's windows."""

    def __init__(self, pool: nn.Module) -> None:
        super().__init__()
        self.pool = pool

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the means, for the positions that the pool has."""
        counts = self.pool(x).shape[2:]
        kernel, stride, padding, dilation = (
            (each,) * len(counts) if isinstance(each, int) else tuple(each)
            for each in (
                self.pool.kernel_size,
                self.pool.stride,
                self.pool.padding,
                self.pool.dilation,
            )
        )
        sides = [
            max(0, (n - 1) * s + d * (k - 1) + 1 - size - p)
            for n, s, d, k, size, p in zip(
                counts, stride, dilation, kernel, x.shape[2:], padding, strict=True
            )
        ]
        around = [each for pair in zip(padding, sides, strict=True) for each in reversed(pair)]
        padded = F.pad(x, around[::-1])
        ones = torch.full((x.shape[1], 1, *kernel), 1 / prod(kernel), dtype=x.dtype)
        convolve = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[len(counts)]
        means = convolve(padded, ones, stride=stride, dilation=dilation, groups=x.shape[1])
        return means[:, :, *[slice(each) for each in counts]]


class _MeanOfWindows:
    """The mean of a stochastic pool's windows, which it weights by their values."""

    def __init__(self, pool: nn.Module) -> None:
        self.pool = nn.MaxPool2d(pool.kernel_size, pool.stride, ceil_mode=pool.ceil_mode)
        self.mean = _Mean(self.pool)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Return the means."""
        return self.mean(x)


@contextmanager
def _smooth() -> Iterator[None]:
    """Replace the functions that the generated code calls and that have flat parts."""
    with (
        patch.object(torch, "maximum", lambda one, other: (one + 1) * (other + 1)),
        patch.object(F, "relu", lambda x, inplace=False: F.softplus(x)),
    ):
        yield


def run(count: int = 60, seed: int = 0, *, with_presets: bool = True) -> int:
    """Compare random designs and presets, print every difference; return how many there are.

    There are `count` designs for images, and a third of that for sequences and for volumes.
    """
    nodes = wrong = 0
    tried = [presets.load(name) for name in PRESETS] if with_presets else []
    for axes, share in ((2, 1), (1, 3), (3, 3)):
        for number in range(seed, seed + count // share):
            torch.manual_seed(number)
            made = random_design(random.Random(number), axes)
            name = f"seed {number}, {axes} axes"
            tried.append(Design(name, blocks=made.blocks, graph=made.graph))
    for each in tried:
        measured, found = differences(each)
        nodes += measured
        wrong += len(found)
        for sentence in found:
            print(sentence)
    print(f"receptive fields: {len(tried)} designs, {nodes} nodes, {wrong} differences")
    return wrong
