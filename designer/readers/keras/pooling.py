"""Pooling and resampling."""

from math import prod
from typing import Any

from designer.readers.graph import Ref, Shape
from designer.readers.keras.calls import Call, NotExpressedError, Value, layer, numbers
from designer.readers.keras.convolution import (
    cropped,
    padded,
    same_padding,
    spatial,
    with_spatial,
)


@layer(
    "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "MaxPool1D", "MaxPool2D", "MaxPool3D",
    "AveragePooling1D", "AveragePooling2D", "AveragePooling3D",
    "AvgPool1D", "AvgPool2D", "AvgPool3D",
)  # fmt: skip
def _pool(call: Call) -> Value:
    value = call.picture(call.input)
    rank = len(value.shape) - 2
    largest = call.layer.kind.startswith("Max")
    kernel = numbers(call.config["pool_size"], rank)
    strides = call.config.get("strides")
    stride = kernel if strides is None else numbers(strides, rank)
    arguments: dict[str, Any] = {}
    extra = (0,) * rank
    if call.config.get("padding", "valid") == "same":
        value, arguments, extra = _same(call, value, kernel, stride, largest=largest)
    padding = arguments.get("padding", (0,) * rank)
    sizes = [
        _windows(size, k, s, pad, ceil=bool(arguments.get("ceil_mode")))
        for size, k, s, pad in zip(spatial(value), kernel, stride, padding, strict=True)
    ]
    ref = call.emit(
        f"{'max' if largest else 'avg'}_pool{rank}d",
        (*value.graph_shape[:2], *sizes),
        self=value.ref,
        kernel_size=kernel,
        stride=stride,
        **arguments,
    )
    pooled = with_spatial(value, ref, value.graph_shape[1], sizes)
    return cropped(call, pooled, [(each, 0) for each in extra])


def _windows(size: int, kernel: int, stride: int, padding: int, *, ceil: bool) -> int:
    """Return how many windows torch takes along an axis."""
    free = size + 2 * padding - kernel
    if not ceil:
        return free // stride + 1
    count = -(-free // stride) + 1
    return count - 1 if (count - 1) * stride >= size + padding else count


def _same(
    call: Call, value: Value, kernel: Shape, stride: Shape, *, largest: bool
) -> tuple[Value, dict[str, Any], Shape]:
    """Return what pooling with ``same`` reads, torch's arguments, and the first windows too many.

    Keras pads more at the end, and counts no padding in an average. Windows that begin inside and
    end outside are what torch's ``ceil_mode`` gives; with stride 1, torch pads as much at the
    beginning, and the windows there are cut off.
    """
    sizes = spatial(value)
    pads = [same_padding(*each) for each in zip(sizes, kernel, stride, strict=True)]
    padding = tuple(before for before, _ in pads)
    ceil = any(before != behind for before, behind in pads)
    given = [
        _windows(size, k, s, pad, ceil=ceil)
        for size, k, s, pad in zip(sizes, kernel, stride, padding, strict=True)
    ]
    wanted = [-(-size // s) for size, s in zip(sizes, stride, strict=True)]
    if given == wanted:
        more: dict[str, Any] = {"padding": padding} if any(padding) else {}
        if ceil:
            more["ceil_mode"] = True
        if not largest and (ceil or any(padding)):
            more["count_include_pad"] = False
        return value, more, (0,) * len(kernel)
    if largest:
        return padded(call, value, pads, float("-inf")), {}, (0,) * len(kernel)
    if any(pair[0] != pair[1] and each != 1 for pair, each in zip(pads, stride, strict=True)):
        raise NotExpressedError("an average with more padding at the end")
    more = {"padding": tuple(behind for _, behind in pads), "count_include_pad": False}
    return value, more, tuple(behind - before for before, behind in pads)


@layer(
    "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D",
    "GlobalAvgPool1D", "GlobalAvgPool2D", "GlobalAvgPool3D",
    "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D",
    "GlobalMaxPool1D", "GlobalMaxPool2D", "GlobalMaxPool3D",
)  # fmt: skip
def _global_pool(call: Call) -> Value:
    largest = call.layer.kind.startswith("GlobalMax")
    keep = bool(call.config.get("keepdims", False))
    x = call.unlisted(call.input)
    rank = len(x.shape) - 2
    batch, channels = x.shape[0], x.shape[-1] if call.channels_last else x.shape[1]
    if rank == 1 and call.channels_last and not x.channels_first:  # a sequence, as Keras has it
        shape: Shape = (batch, 1, channels) if keep else (batch, channels)
        more: dict[str, Any] = {"keepdim": True} if keep else {}
        ref = call.emit("amax" if largest else "mean", shape, self=x.ref, dim=(1,), **more)
        return Value(ref, shape)
    x = call.picture(x)
    ones = (1,) * rank
    kind = f"adaptive_{'max' if largest else 'avg'}_pool{rank}d"
    shape = (batch, channels, *ones)
    shapes = [shape, shape] if largest else [shape]
    ref = call.emit_all(kind, shapes, self=x.ref, output_size=ones)[0]
    if keep:
        return with_spatial(x, ref, channels, ones)
    ref = call.emit("flatten", shape[:2], part="flatten", self=ref, start_dim=1)
    return Value(ref, shape[:2])


@layer("UpSampling1D", "UpSampling2D", "UpSampling3D")
def _up_sampling(call: Call) -> Value:
    value = call.picture(call.input)
    rank = len(value.shape) - 2
    factors = numbers(call.config["size"], rank)
    sizes = [size * each for size, each in zip(spatial(value), factors, strict=True)]
    how = call.config.get("interpolation", "nearest")
    return _resized(call, value, sizes, how, [float(each) for each in factors])


@layer("Resizing")
def _resizing(call: Call) -> Value:
    for name in ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"):
        if call.config.get(name):
            raise NotExpressedError(f"its setting {name}")
    value = call.picture(call.input)
    sizes = [call.config["height"], call.config["width"]]
    return _resized(call, value, sizes, call.config.get("interpolation", "bilinear"), None)


def _resized(
    call: Call, value: Value, sizes: list[int], how: str, factors: list[float] | None
) -> Value:
    rank = len(sizes)
    more: dict[str, Any] = {}
    if how == "nearest" and factors is not None:
        kind = f"upsample_nearest{rank}d"
    elif how == "bilinear" and rank == 2:
        kind, more = "upsample_bilinear2d", {"align_corners": False}
    else:
        raise NotExpressedError(f"the interpolation {how!r}")
    shape = (*value.graph_shape[:2], *sizes)
    ref = call.emit(
        kind,
        shape,
        module="torch.nn.modules.upsampling.Upsample",
        input=value.ref,
        output_size=None if factors else tuple(sizes),
        **more,
        scale_factors=tuple(factors) if factors else None,
    )
    return with_spatial(value, ref, shape[1], sizes)


@layer("RepeatVector")
def _repeat_vector(call: Call) -> Value:
    x = call.plain(call.input)
    batch, features = x.shape
    count = call.config["n"]
    ref = call.emit("unsqueeze", (batch, 1, features), part="unsqueeze", self=x.ref, dim=1)
    shape = (batch, count, features)
    return Value(call.emit("expand", shape, self=ref, size=shape), shape)


@layer("Flatten")
def flatten(call: Call) -> Value:
    """List the values of a picture in the order that it has in the graph.

    The next Dense turns its weights; what else follows puts the values into Keras's order first.
    """
    x = call.unlisted(call.input)
    if not call.channels_last and len(x.shape) > 2:
        # Keras puts the channels last before it flattens.
        x = Value(x.ref, (x.shape[0], *x.shape[2:], x.shape[1]), channels_first=True)
    if len(x.shape) == 2:
        return x
    shape = (x.shape[0], prod(x.shape[1:]))
    ref: Ref = call.emit("flatten", shape, self=x.ref, start_dim=1)
    sizes = x.graph_shape[1:]
    same = not x.channels_first or sizes[0] == 1 or prod(sizes[1:]) == 1
    return Value(ref, shape, listed=() if same else sizes, dtype=x.dtype)
