"""Convolutions: kernels are turned, and ``same`` pads as Keras does, more at the end."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from designer.readers.graph import Ref, Shape
from designer.readers.keras.activation import activated
from designer.readers.keras.calls import Call, NotExpressedError, Value, layer, numbers


def same_padding(size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Return the zeros that ``same`` adds before and behind an axis."""
    reach = (kernel - 1) * dilation + 1
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2


def strided(size: int, kernel: int, stride: int, dilation: int = 1) -> int:
    """Return how many windows fit into an axis."""
    return (size - (kernel - 1) * dilation - 1) // stride + 1


def spatial(value: Value) -> Shape:
    """Return the sizes of a picture without batch and channels."""
    return value.graph_shape[2:]


def with_spatial(value: Value, ref: Ref, channels: int, sizes: Sequence[int]) -> Value:
    """Return a picture of other sizes, with its channels where the value has them."""
    batch = value.shape[0]
    shape = (batch, *sizes, channels) if value.channels_first else (batch, channels, *sizes)
    return Value(ref, shape, value.channels_first)


def padded(call: Call, value: Value, pads: Sequence[tuple[int, int]], fill: float = 0.0) -> Value:
    """Return a picture with a border, whose widths stand before and behind for each axis."""
    if not any(each for pair in pads for each in pair):
        return value
    sizes = [
        size + before + behind for size, (before, behind) in zip(spatial(value), pads, strict=True)
    ]
    graph_shape = (*value.graph_shape[:2], *sizes)
    more: dict[str, Any] = {"value": fill} if fill else {}
    ref = call.emit(
        "constant_pad_nd",
        graph_shape,
        part="pad",
        self=value.ref,
        pad=tuple(each for pair in reversed(pads) for each in pair),
        **more,
    )
    return with_spatial(value, ref, value.graph_shape[1], sizes)


@layer("Conv1D", "Conv2D", "Conv3D", "Convolution1D", "Convolution2D", "Convolution3D")
def _conv(call: Call) -> Value:
    rank = len(call.input.shape) - 2
    filters, groups = call.config["filters"], call.config.get("groups", 1)
    channels = call.picture(call.input).graph_shape[1]
    kernel = numbers(call.config["kernel_size"], rank)
    weight = call.parameter(
        "weight",
        0,
        (*kernel, channels // groups, filters),
        (filters, channels // groups, *kernel),
        lambda array: np.moveaxis(array, (-1, -2), (0, 1)),
    )
    bias = call.parameter("bias", 1, (filters,)) if call.config["use_bias"] else None
    return activated(call, _convolved(call, weight, bias, groups))


@layer("DepthwiseConv1D", "DepthwiseConv2D")
def _depthwise(call: Call) -> Value:
    weight, count, channels = _depthwise_weight(call, "weight")
    bias = call.parameter("bias", 1, (count,)) if call.config["use_bias"] else None
    return activated(call, _convolved(call, weight, bias, channels))


@layer("SeparableConv1D", "SeparableConv2D", "SeparableConvolution1D", "SeparableConvolution2D")
def separable(call: Call) -> Value:
    """Two convolutions, of each channel and of each position."""
    weight, count, channels = _depthwise_weight(call, "depthwise.weight")
    value = _convolved(call, weight, None, channels, part="depthwise")
    filters, ones = call.config["filters"], (1,) * (len(call.input.shape) - 2)
    weight = call.parameter(
        "pointwise.weight", 1, (*ones, count, filters), (filters, count, *ones),
        lambda array: array.reshape(count, filters).T,
    )  # fmt: skip
    bias = call.parameter("pointwise.bias", 2, (filters,)) if call.config["use_bias"] else None
    ref = _operation(call, value, weight, bias, part="pointwise")
    return activated(call, with_spatial(value, ref, filters, spatial(value)))


def _depthwise_weight(call: Call, name: str) -> tuple[Ref, int, int]:
    rank = len(call.input.shape) - 2
    kernel = numbers(call.config["kernel_size"], rank)
    channels = call.picture(call.input).graph_shape[1]
    each = call.config.get("depth_multiplier", 1)
    weight = call.parameter(
        name, 0, (*kernel, channels, each), (channels * each, 1, *kernel),
        lambda array: np.moveaxis(array, (-2, -1), (0, 1)),
    )  # fmt: skip
    return weight, channels * each, channels


def _convolved(call: Call, weight: Ref, bias: Ref | None, groups: int, *, part: str = "") -> Value:
    value = call.picture(call.input)
    rank = len(value.shape) - 2
    shape = call.builder.shape(weight)
    kernel = shape[2:]
    stride = numbers(call.config.get("strides", 1), rank)
    dilation = numbers(call.config.get("dilation_rate", 1), rank)
    how = call.config.get("padding", "valid")
    windows = list(zip(spatial(value), kernel, stride, dilation, strict=True))
    if how == "same":
        pads = [same_padding(*each) for each in windows]
    elif how == "causal" and rank == 1:
        pads = [((kernel[0] - 1) * dilation[0], 0)]
    elif how == "valid":
        pads = [(0, 0)] * rank
    else:
        raise NotExpressedError(f"the padding {how!r}")
    padding = [before for before, _ in pads]
    if any(before != behind for before, behind in pads):
        value, padding = padded(call, value, pads), [0] * rank
    sizes = [
        strided(size + 2 * pad, k, s, d)
        for size, pad, k, s, d in zip(
            spatial(value), padding, kernel, stride, dilation, strict=True
        )
    ]
    more: dict[str, Any] = {}
    if any(each != 1 for each in stride):
        more["stride"] = stride
    if any(padding):
        more["padding"] = tuple(padding)
    if any(each != 1 for each in dilation):
        more["dilation"] = dilation
    if groups != 1:
        more["groups"] = groups
    ref = _operation(call, value, weight, bias, part=part, sizes=sizes, **more)
    return with_spatial(value, ref, shape[0], sizes)


def _operation(
    call: Call,
    value: Value,
    weight: Ref,
    bias: Ref | None,
    *,
    part: str = "",
    sizes: Sequence[int] | None = None,
    **more: Any,
) -> Ref:
    shape = call.builder.shape(weight)
    if bias is not None:
        more = {"bias": bias, **more}
    return call.emit(
        f"conv{len(shape) - 2}d",
        (value.shape[0], shape[0], *(spatial(value) if sizes is None else sizes)),
        part=part,
        input=value.ref,
        weight=weight,
        **more,
    )


@layer(
    "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose",
    "Convolution2DTranspose", "Convolution3DTranspose",
)  # fmt: skip
def _transposed(call: Call) -> Value:
    value = call.picture(call.input)
    rank = len(value.shape) - 2
    filters, channels = call.config["filters"], value.graph_shape[1]
    kernel = numbers(call.config["kernel_size"], rank)
    stride = numbers(call.config.get("strides", 1), rank)
    dilation = numbers(call.config.get("dilation_rate", 1), rank)
    how = call.config.get("padding", "valid")
    if any(each != 1 for each in dilation) or call.config.get("output_padding") is not None:
        raise NotExpressedError("its output_padding or dilation_rate")
    if how not in ("same", "valid"):
        raise NotExpressedError(f"the padding {how!r}")
    weight = call.parameter(
        "weight",
        0,
        (*kernel, filters, channels),
        (channels, filters, *kernel),
        lambda array: np.moveaxis(array, (-1, -2), (0, 1)),
    )
    bias = call.parameter("bias", 1, (filters,)) if call.config["use_bias"] else None
    cuts = [max(k - s, 0) if how == "same" else 0 for k, s in zip(kernel, stride, strict=True)]
    padding = [each // 2 for each in cuts]
    more = [max(s - k, 0) for k, s in zip(kernel, stride, strict=True)]
    sizes = [
        (size - 1) * s - 2 * pad + k + extra
        for size, s, pad, k, extra in zip(
            spatial(value), stride, padding, kernel, more, strict=True
        )
    ]
    named: dict[str, Any] = {} if bias is None else {"bias": bias}
    named["stride"] = stride
    if any(padding):
        named["padding"] = tuple(padding)
    if any(more):
        named["output_padding"] = tuple(more)
    ref = call.emit(
        f"conv_transpose{rank}d",
        (value.shape[0], filters, *sizes),
        input=value.ref,
        weight=weight,
        **named,
    )
    result = with_spatial(value, ref, filters, sizes)
    behind = [cut - 2 * pad for cut, pad in zip(cuts, padding, strict=True)]
    return activated(call, cropped(call, result, [(0, each) for each in behind]))


def cropped(call: Call, value: Value, cuts: Sequence[tuple[int, int]]) -> Value:
    """Return a picture without some of its border, whose widths stand for each axis."""
    sizes = list(spatial(value))
    ref = value.ref
    for number, (before, behind) in enumerate(cuts):
        if not before and not behind:
            continue
        stop = sizes[number] - behind
        sizes[number] = stop - before
        more: dict[str, Any] = {"start": before} if before else {}
        ref = call.emit(
            "slice",
            (*value.graph_shape[:2], *sizes),
            part="crop",
            self=ref,
            dim=number + 2,
            **more,
            end=stop,
        )
    return with_spatial(value, ref, value.graph_shape[1], sizes)


@layer("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D")
def _zero_padding(call: Call) -> Value:
    return padded(call, call.picture(call.input), _pairs(call, "padding"))


@layer("Cropping1D", "Cropping2D", "Cropping3D")
def _cropping(call: Call) -> Value:
    return cropped(call, call.picture(call.input), _pairs(call, "cropping"))


def _pairs(call: Call, name: str) -> list[tuple[int, int]]:
    rank = len(call.input.shape) - 2
    given = call.config[name]
    if isinstance(given, int):
        given = [given] * rank
    if rank == 1 and len(given) == 2 and all(isinstance(each, int) for each in given):
        given = [given]
    pairs = [numbers(each, 2) for each in given]
    if len(pairs) != rank or any(each < 0 for pair in pairs for each in pair):
        raise ValueError(f"{given!r} are no widths of a border of {rank} axes")
    return [(before, behind) for before, behind in pairs]
