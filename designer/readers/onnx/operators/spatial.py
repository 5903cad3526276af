"""Convolutions and pools, and the padding that ONNX gives each side of."""

from collections.abc import Sequence
from math import ceil, inf, prod
from typing import NamedTuple

import numpy as np

from designer.readers.graph import Ref
from designer.readers.onnx.call import Call, NotExpressedError, operator

_AXES = (1, 2, 3)


class _Window(NamedTuple):
    """How a window slides over the spatial axes."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    symmetric: bool


def _window(call: Call, kernel: Sequence[int]) -> _Window:
    n = call.rank() - 2
    if n not in _AXES:
        raise NotExpressedError(f"a window over {n} axes")
    stride = call.ints("strides") or (1,) * n
    dilation = call.ints("dilations") or (1,) * n
    pads = call.ints("pads") or (0,) * (2 * n)
    before, after = pads[:n], pads[n:]
    automatic = call.attribute("auto_pad", "NOTSET")
    if automatic == "VALID":
        before = after = (0,) * n
    elif automatic.startswith("SAME"):
        totals = [
            max((ceil(size / s) - 1) * s + (k - 1) * d + 1 - size, 0)
            for size, s, k, d in zip(call.shape()[2:], stride, kernel, dilation, strict=True)
        ]
        less, more = tuple(t // 2 for t in totals), tuple(t - t // 2 for t in totals)
        before, after = (less, more) if automatic == "SAME_UPPER" else (more, less)
    if any(each < 0 for each in (*before, *after)):
        raise NotExpressedError("negative padding")
    return _Window(tuple(kernel), stride, dilation, before, after, before == after)


def _other(value: Sequence[int], default: int) -> tuple[int, ...] | None:
    """Return numbers of which one is not the default, else None."""
    return None if all(each == default for each in value) else tuple(value)


def _padded(call: Call, window: _Window, value: float) -> Ref:
    """Return the input with the padding added."""
    shape = call.shape()
    sizes = (
        size + b + a for size, b, a in zip(shape[2:], window.before, window.after, strict=True)
    )
    pads = [
        each
        for b, a in zip(window.before[::-1], window.after[::-1], strict=True)
        for each in (b, a)
    ]
    return call.emit(
        "pad", (*shape[:2], *sizes), self=call.ref(0), pad=tuple(pads), value=value or None
    )


@operator("Conv")
def _conv(call: Call) -> Ref:
    weight = call.shape(1)
    window = _window(call, weight[2:])
    return call.emit(
        f"conv{len(window.kernel)}d",
        input=call.ref(0) if window.symmetric else _padded(call, window, 0.0),
        weight=call.weight(1),
        bias=call.bias(2),
        stride=_other(window.stride, 1),
        padding=_other(window.before, 0) if window.symmetric else None,
        dilation=_other(window.dilation, 1),
        groups=call.attribute("group", 1) if call.attribute("group", 1) != 1 else None,
    )


_FUSED = {"Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh"}


@operator("com.microsoft.FusedConv")
def _fused_conv(call: Call) -> Ref:
    """Return a convolution with the activation that onnxruntime's optimizer put into it."""
    found = _conv(call)
    if call.has(3):
        found = call.emit("add", self=found, other=call.ref(3))
    activation = call.attribute("activation", "")
    if not activation:
        return found
    if activation == "LeakyRelu":
        slope = (call.attribute("activation_params") or (0.01,))[0]
        return call.emit("leaky_relu", self=found, negative_slope=slope)
    if activation not in _FUSED:
        raise NotExpressedError(activation)
    return call.emit(_FUSED[activation], self=found)


@operator("ConvTranspose")
def _conv_transpose(call: Call) -> Ref:
    weight, shape, wanted = call.shape(1), call.shape(), call.outputs[0].shape[2:]
    n = len(shape) - 2
    if n not in _AXES:
        raise NotExpressedError(f"a window over {n} axes")
    stride = call.ints("strides") or (1,) * n
    dilation = call.ints("dilations") or (1,) * n
    more = call.ints("output_padding") or (0,) * n
    pads = call.ints("pads") or (0,) * (2 * n)
    automatic = call.attribute("auto_pad", "NOTSET")
    whole = [
        (size - 1) * s + (k - 1) * d + 1
        for size, s, k, d in zip(shape[2:], stride, weight[2:], dilation, strict=True)
    ]
    if call.attribute("output_shape") is not None or automatic.startswith("SAME"):
        cut = [max(w + m - want, 0) for w, m, want in zip(whole, more, wanted, strict=True)]
        before = [c - c // 2 if automatic == "SAME_LOWER" else c // 2 for c in cut]
    else:
        before = [0] * n if automatic == "VALID" else [*pads[:n]]
    # torch cuts as much at the end as at the beginning, and adds at the end less than a stride
    extra = [want - w + 2 * b for want, w, b in zip(wanted, whole, before, strict=True)]
    limits = zip(extra, stride, dilation, before, strict=True)
    if any(b < 0 or e >= max(s, d) for e, s, d, b in limits):
        raise NotExpressedError("a transposed convolution with padding that torch does not have")
    padding = tuple(max(each, 0) for each in extra)
    sizes = tuple(want - min(e, 0) for want, e in zip(wanted, extra, strict=True))
    channels = call.outputs[0].shape[1]
    groups = call.attribute("group", 1)
    found = call.emit(
        f"conv_transpose{n}d",
        (shape[0], channels, *sizes),
        input=call.ref(0),
        weight=call.weight(1),
        bias=call.bias(2),
        stride=_other(stride, 1),
        padding=_other(before, 0),
        output_padding=_other(padding, 0),
        groups=groups if groups != 1 else None,
        dilation=_other(dilation, 1),
    )
    for axis, (size, want) in enumerate(zip(sizes, wanted, strict=True)):
        if size != want:
            found = _cut(call, found, axis + 2, want)
    return found


def _cut(call: Call, value: Ref, axis: int, size: int) -> Ref:
    shape = [*call.spec_of(value).shape]
    shape[axis] = size
    return call.emit("slice", tuple(shape), self=value, dim=axis, start=0, end=size)


# Pools


def _pool_size(call: Call, window: _Window) -> tuple[tuple[int, ...], bool]:
    """Return the sizes of torch's pool, and whether it has to round up for those of the node."""
    wanted = call.outputs[0].shape[2:]

    def sizes(up: bool) -> tuple[int, ...]:
        found = []
        for size, k, s, d, b, a in zip(
            call.shape()[2:],
            window.kernel,
            window.stride,
            window.dilation,
            window.before,
            window.after,
            strict=True,
        ):
            room = size + b + a - d * (k - 1) - 1
            count = (ceil(room / s) if up else room // s) + 1
            if up and (count - 1) * s >= size + b:
                count -= 1  # a window that begins in the padding at the end
            found.append(count)
        return tuple(found)

    if sizes(up=False) == wanted:
        return wanted, False
    if sizes(up=True) == wanted:
        return wanted, True
    raise NotExpressedError("a pool whose sizes are not torch's")


def _narrow(window: _Window) -> bool:
    """Tell whether torch's pool takes the padding: equal sides, at most half a window."""
    return window.symmetric and all(
        b <= k // 2 for b, k in zip(window.before, window.kernel, strict=True)
    )


@operator("MaxPool")
def _max_pool(call: Call) -> Ref:
    if len([each for each in call.node.outputs if each]) > 1 or call.attribute("storage_order", 0):
        raise NotExpressedError("the places of the largest values")
    window = _window(call, call.attribute("kernel_shape"))
    _, up = _pool_size(call, window)
    inside = _narrow(window)
    return call.emit(
        f"max_pool{len(window.kernel)}d",
        self=call.ref(0) if inside else _padded(call, window, -inf),
        kernel_size=window.kernel,
        stride=window.stride,
        padding=_other(window.before, 0) if inside else None,
        dilation=_other(window.dilation, 1),
        ceil_mode=up or None,
    )


@operator("AveragePool")
def _average_pool(call: Call) -> Ref:
    window = _window(call, call.attribute("kernel_shape"))
    _, up = _pool_size(call, window)
    if _other(window.dilation, 1):
        raise NotExpressedError("an average over a dilated window")
    n, inside, counted = len(window.kernel), _narrow(window), call.attribute("count_include_pad", 0)
    padding = _other(window.before, 0)
    found = call.emit(
        f"avg_pool{n}d",
        self=call.ref(0) if inside else _padded(call, window, 0.0),
        kernel_size=window.kernel,
        stride=window.stride,
        padding=padding if inside else None,
        ceil_mode=up or None,
        count_include_pad=False if inside and padding and not counted else None,
    )
    if inside or counted:
        return found
    if up:
        raise NotExpressedError("an average that rounds up with padding on one side")
    return call.emit("mul", self=found, other=call.fixed(_shares(call, window), "share"))


def _shares(call: Call, window: _Window) -> np.ndarray:
    """Return the elements of a window for each one of them that is not padding."""
    counts = np.ones((1, 1), np.float32)
    for size, k, s, b, want in zip(
        call.shape()[2:],
        window.kernel,
        window.stride,
        window.before,
        call.outputs[0].shape[2:],
        strict=True,
    ):
        starts = np.arange(want) * s - b
        inside = np.minimum(starts + k, size) - np.maximum(starts, 0)
        counts = counts[..., None] * inside.astype(np.float32)
    return (prod(window.kernel) / counts).astype(call.outputs[0].dtype)


@operator("GlobalAveragePool")
def _global_average_pool(call: Call) -> Ref:
    n = call.rank() - 2
    if n not in _AXES:
        return call.emit("mean", self=call.ref(0), dim=tuple(range(2, n + 2)), keepdim=True)
    return call.emit(f"adaptive_avg_pool{n}d", self=call.ref(0), output_size=(1,) * n)


@operator("GlobalMaxPool")
def _global_max_pool(call: Call) -> Ref:
    axes = tuple(range(2, call.rank()))
    return call.emit("amax", self=call.ref(0), dim=axes, keepdim=True)


@operator("LRN")
def _local_response_norm(call: Call) -> Ref:
    return call.emit(
        "local_response_norm",
        input=call.ref(0),
        size=call.attribute("size"),
        alpha=call.attribute("alpha", 1e-4),
        beta=call.attribute("beta", 0.75),
        k=call.attribute("bias", 1.0),
    )
