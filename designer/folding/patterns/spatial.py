"""Convolutions, pools, borders, and other sizes of images."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from designer.folding.patterns.converter import Converter
from designer.folding.patterns.handlers import handles
from designer.folding.patterns.parts import cut
from designer.folding.patterns.values import (
    Call,
    Symbol,
    UnsupportedError,
    Value,
    for_rank,
    numbers,
)


@handles("conv1d", "conv2d", "conv3d", "convolution")
def conv(c: Converter, call: Call) -> None:
    weight, bias = call["weight"], call.get("bias")
    if call.get("transposed"):
        transposed(c, call)
        return
    n = weight.dim() - 2
    padding = call.get("padding", 0)
    if n not in (1, 2, 3) or call["input"].dim() != n + 2:
        raise UnsupportedError("a convolution of an image without a batch")
    parameters = {
        "out_channels": weight.shape[0],
        "kernel_size": [*weight.shape[2:]],
        "stride": numbers(call.get("stride", 1), n),
        "padding": padding if isinstance(padding, str) else numbers(padding, n),
        "dilation": numbers(call.get("dilation", 1), n),
        "groups": call.get("groups", 1),
        "bias": bias is not None,
    }
    if parameters["padding"] == "valid":
        parameters["padding"] = [0] * n
    layer, state = f"Conv{n}d", {"weight": weight, "bias": bias}
    if weight.name in c.standardized:
        layer, more, own = c.standardized[weight.name]
        parameters.update(more)
        state = {**own, "bias": bias}
    elif weight.name not in c.tensors:
        raise UnsupportedError("a convolution with computed weights")
    parameters = for_rank(n, **parameters)
    if n == 2 and c.has_pieces(call["input"]) and layer == "Conv2d":
        least = {"kernel_size": 1, "stride": 1, "padding": 0, "dilation": 1}
        volume = {
            key: [least[key], *each] if isinstance(each, list) else each
            for key, each in parameters.items()
        }
        deep = replace(weight, shape=(*weight.shape[:2], 1, *weight.shape[2:]))
        _over_pieces(c, call["input"], call.result, "Conv3d", volume, {**state, "weight": deep})
        return
    c.emit(call.result, layer, parameters, [c.plain(call["input"])], state)


def _over_pieces(
    c: Converter,
    x: Symbol,
    result: Symbol,
    layer: str,
    parameters: Mapping[str, Any],
    state: Mapping[str, Symbol | None],
) -> None:
    """Let a layer of volumes do the same to all pieces, which lie along the depth."""
    value, order = c.value(x), (2, 1, 3, 4)
    if value.batch != 0 or len(value.shape) != 4:
        raise UnsupportedError("pieces of images that do not lie along the batch")
    pieces, channels, *sides = value.shape
    turned = Value(c.add("Permute", {"order": order}, (value,)), 0, (channels, pieces, *sides))
    name = c.add(layer, parameters, (turned,), state)
    made = Value(name, 0, c.shape_of(result, 0))
    c.know(result, made._replace(node=c.add("Permute", {"order": order}, (made,))))


def batch_norm_over_pieces(
    c: Converter, x: Symbol, result: Symbol, parameters: Mapping[str, Any], state: Any
) -> None:
    """Normalize the channels of several pieces of each image."""
    _over_pieces(c, x, result, "BatchNorm3d", parameters, state)


@handles("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def transposed(c: Converter, call: Call) -> None:
    weight, bias, groups = call["weight"], call.get("bias"), call.get("groups", 1)
    n = weight.dim() - 2
    least = {"stride": 1, "padding": 0, "output_padding": 0, "dilation": 1}
    if weight.name not in c.tensors:
        raise UnsupportedError("a convolution with computed weights")
    c.emit(
        call.result,
        f"ConvTranspose{n}d",
        for_rank(
            n,
            out_channels=weight.shape[1] * groups,
            kernel_size=[*weight.shape[2:]],
            **{name: numbers(call.get(name, least[name]), n) for name in least},
            groups=groups,
            bias=bias is not None,
        ),
        [c.plain(call["input"])],
        {"weight": weight, "bias": bias},
    )


# Pools and sizes of images


@handles("max_pool1d", "max_pool2d", "max_pool3d", "max_pool2d_with_indices",
         "max_pool3d_with_indices", "max_pool1d_with_indices")  # fmt: skip
def max_pool(c: Converter, call: Call) -> None:
    x = call["self"]
    n = x.dim() - 2
    parameters = for_rank(
        n,
        kernel_size=numbers(call["kernel_size"], n),
        stride=numbers(call.get("stride") or call["kernel_size"], n),
        padding=numbers(call.get("padding", 0), n),
        dilation=numbers(call.get("dilation", 1), n),
        ceil_mode=call.get("ceil_mode", False),
    )
    if n == 2 and c.has_pieces(x):
        _over_pieces(c, x, call.result, "MaxPool3d", _along_pieces(parameters), {})
        return
    places = call.results[1] if len(call.results) > 1 and c.is_read(call.results[1]) else None
    c.emit(
        call.result, f"MaxPool{n}d", {**parameters, "return_indices": places is not None},
        [c.plain(x)],
    )  # fmt: skip
    if places is not None:
        found = c.value(call.result)._replace(port=1)
        c.integers.add((found.node, found.port))
        c.know(places, found)


@handles("max_unpool2d", "max_unpool3d")
def max_unpool(c: Converter, call: Call) -> None:
    """Put maxima back; the operation has the sizes alone, the windows are those of the pool."""
    x, places, wanted = call["self"], call["indices"], call["output_size"]
    n = x.dim() - 2
    pool = c.nodes[_origin(c, c.plain(places).node)]
    kind = pool.layer
    if kind not in ("MaxPool1d", f"MaxPool{n}d") or pool.parameters.get("dilation", 1) != 1:
        raise UnsupportedError("maxima whose places no pool gives")
    rank = int(kind[-2])
    least = {"kernel_size": 1, "stride": pool.parameters["kernel_size"], "padding": 0}
    windows = {
        key: [
            *numbers(pool.parameters.get(key, each), rank),
            *[int(key != "padding")] * (n - rank),  # a sequence is an image with one column
        ]
        for key, each in least.items()
    }
    sizes = zip(x.shape[2:], *[windows[key] for key in least], strict=True)
    usual = [(size - 1) * step - 2 * padding + window for size, window, step, padding in sizes]
    size = {} if usual == [*wanted] else {"output_size": [*wanted]}
    inputs = [c.plain(x), c.plain(places)]
    c.emit(call.result, f"MaxUnpool{n}d", for_rank(n, **windows, **size), inputs)


def _origin(c: Converter, node: str) -> str:
    """Return the node whose values a node gives in another shape."""
    while c.nodes[node].layer == "Reshape":
        node = next(edge.source for edge in c.edges if edge.target == node)
    return node


def _along_pieces(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a pool of volumes that leaves the depth as it is."""
    return {
        key: [int(key != "padding"), *each] if isinstance(each, list) else each
        for key, each in parameters.items()
    }


@handles("avg_pool1d", "avg_pool2d", "avg_pool3d")
def avg_pool(c: Converter, call: Call) -> None:
    x = call["self"]
    n = x.dim() - 2
    if call.get("divisor_override"):
        raise UnsupportedError("avg_pool with a divisor")
    parameters = for_rank(
        n,
        kernel_size=numbers(call["kernel_size"], n),
        stride=numbers(call.get("stride") or call["kernel_size"], n),
        padding=numbers(call.get("padding", 0), n),
        ceil_mode=call.get("ceil_mode", False),
        count_include_pad=call.get("count_include_pad", True),
    )
    if n == 2 and c.has_pieces(x):
        _over_pieces(c, x, call.result, "AvgPool3d", _along_pieces(parameters), {})
    else:
        c.emit(call.result, f"AvgPool{n}d", parameters, [c.plain(x)])


def _adaptive(kind: str, n: int) -> None:
    def emit(c: Converter, call: Call) -> None:
        x, sizes = call["self"], [*call.result.shape[2:]]
        name = f"Adaptive{kind.capitalize()}Pool"
        if n == 2 and c.has_pieces(x):
            pieces = c.value(x).shape[0]
            parameters = {"output_size": [pieces, *sizes]}
            _over_pieces(c, x, call.result, f"{name}3d", parameters, {})
            return
        c.emit(call.result, f"{name}{n}d", for_rank(n, output_size=sizes), [c.plain(x)])

    handles(f"adaptive_{kind}_pool{n}d", f"_adaptive_{kind}_pool{n}d")(emit)


for _kind in ("avg", "max"):
    for _axes in (1, 2, 3):
        _adaptive(_kind, _axes)


_MODES = {
    "upsample_nearest1d": "nearest",
    "upsample_nearest2d": "nearest",
    "upsample_nearest3d": "nearest",
    "_upsample_nearest_exact1d": "nearest-exact",
    "_upsample_nearest_exact2d": "nearest-exact",
    "_upsample_nearest_exact3d": "nearest-exact",
    "upsample_linear1d": "linear",
    "upsample_bilinear2d": "bilinear",
    "_upsample_bilinear2d_aa": "bilinear",
    "upsample_trilinear3d": "trilinear",
    "upsample_bicubic2d": "bicubic",
    "_upsample_bicubic2d_aa": "bicubic",
}


@handles(*_MODES)
def interpolate(c: Converter, call: Call) -> None:
    kind = call.operation.kind
    x = call.first()
    factors = call.get("scale_factors")
    sizes: dict[str, Any] = {"size": [*call.result.shape[2:]]}
    if factors is not None and all(factors):
        sizes = {"scale_factor": [float(each) for each in factors]}
    c.emit(
        call.result,
        "Resize",
        {
            **sizes,
            "mode": _MODES[kind],
            "align_corners": bool(call.get("align_corners")),
            "antialias": kind.endswith("_aa"),
        },
        [c.plain(x)],
    )


@handles("pixel_shuffle")
def pixel_shuffle(c: Converter, call: Call) -> None:
    c.emit(
        call.result,
        "PixelShuffle",
        {"upscale_factor": call["upscale_factor"]},
        [c.plain(call["self"])],
    )


@handles("pixel_unshuffle")
def pixel_unshuffle(c: Converter, call: Call) -> None:
    c.emit(
        call.result,
        "PixelUnshuffle",
        {"downscale_factor": call["downscale_factor"]},
        [c.plain(call["self"])],
    )


@handles("channel_shuffle")
def channel_shuffle(c: Converter, call: Call) -> None:
    c.emit(call.result, "ChannelShuffle", {"groups": call["groups"]}, [c.plain(call["self"])])


@handles("col2im")
def fold(c: Converter, call: Call) -> None:
    names = ("output_size", "kernel_size", "dilation", "padding", "stride")
    parameters = {name: numbers(call[name], 2) for name in names}
    c.emit(call.result, "Fold", parameters, [c.plain(call["self"])])


@handles("im2col")
def unfold(c: Converter, call: Call) -> None:
    names = ("kernel_size", "dilation", "padding", "stride")
    parameters = {name: numbers(call[name], 2) for name in names}
    c.emit(call.result, "Unfold", parameters, [c.plain(call["self"])])


_BORDERS = {
    "reflection_pad": "reflect",
    "replication_pad": "replicate",
    "circular_pad": "circular",
}


@handles("pad", "constant_pad_nd", *(f"{kind}{n}d" for kind in _BORDERS for n in (1, 2, 3)))
def pad(c: Converter, call: Call) -> None:
    x = call["self"]
    sides = [*call.get("pad", call.get("padding", ()))]
    mode = _BORDERS.get(call.operation.kind[:-2], call.get("mode", "constant"))
    if not any(sides):
        c.know(call.result, c.value(x))
        return
    value, rank = c.value(x), len(c.value(x).shape)
    around: dict[int, tuple[int, int]] = {}
    for number, pair in enumerate(zip(sides[::2], sides[1::2], strict=True)):
        if any(pair):
            around[c.axis(x, -1 - number)] = pair
    for axis, (before, after) in around.items():  # where values are cut off
        size = value.shape[axis - 1]
        value = cut(c, value, axis, max(0, -before), size - max(0, -after))
    made = c.shape_of(call.result, value.batch)
    before_channels = 1 in around or rank == 1
    padded = value
    if any(each > 0 for pair in around.values() for each in pair):
        if before_channels:
            padded = c.reshaped(value, (1, *value.shape))
        spatial = len(padded.shape) - 1
        if spatial > 3:
            raise UnsupportedError("padding of more than three axes")
        border = [
            max(0, each)
            for axis in range(rank, rank - spatial, -1)
            for each in around.get(axis, (0, 0))
        ]
        parameters: dict[str, Any] = {"padding": border, "mode": mode}
        if mode == "constant":
            # Below all values, before a maximum: a file has no infinity.
            parameters["value"] = max(-1e9, float(call.get("value") or 0.0))
        shape = (1, *made) if before_channels else made
        padded = Value(c.add("Pad", parameters, (padded,)), value.batch, shape)
    c.know(call.result, c.reshaped(padded, made))
