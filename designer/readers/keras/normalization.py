"""Normalization, regularization, and preprocessing by fixed numbers."""

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from designer.readers.graph import BUFFER, PARAMETER, Shape
from designer.readers.keras.calls import Call, NotExpressedError, Value, layer, same_order


@layer("BatchNormalization", "SyncBatchNormalization")
def batch_norm(call: Call) -> Value:
    """Normalize each channel; torch's layer has a scale and a shift, or neither."""
    axis = call.config.get("axis", -1)
    if isinstance(axis, list):
        (axis,) = axis
    x = call.input
    rank = len(x.shape)
    if axis % rank == rank - 1:
        if not x.listed:
            x = call.in_order(x, channels_first=True)
    elif axis % rank == 1:
        x = call.plain(x)
    else:
        raise NotExpressedError("its axis")
    channels = x.shape[axis % rank]
    if call.config.get("renorm"):
        raise NotExpressedError("its renorm")
    turned = None
    if x.listed:  # a row that lists a picture: the numbers of each value change places, too
        listed = x

        def turned(array: Any) -> Any:
            return array[listed.keras_positions()]

    scale, center = call.config.get("scale", True), call.config.get("center", True)
    names = [
        ("weight", scale, 1.0, PARAMETER),
        ("bias", center, 0.0, PARAMETER),
        ("running_mean", True, 0.0, BUFFER),
        ("running_var", True, 1.0, BUFFER),
    ]
    found: dict[str, Any] = {}
    number = 0
    for name, has, value, kind in names:
        if has:
            found[name] = call.parameter(name, number, (channels,), turned=turned, kind=kind)
            number += 1
        elif scale or center:
            found[name] = call.filled(name, (channels,), value)
            call.builder.note(
                "BatchNormalization with a shift alone or a scale alone became one with both, as "
                "torch has no other: the scale is 1, the shift 0, and both count as parameters."
            )
        else:
            found[name] = None
    ref = call.emit(
        "batch_norm",
        x.graph_shape,
        input=x.ref,
        **found,
        training=True,
        momentum=round(1.0 - call.config.get("momentum", 0.99), 12),
        eps=call.config.get("epsilon", 1e-3),
        cudnn_enabled=True,
    )
    return replace(x, ref=ref)


@layer("LayerNormalization", "RMSNormalization")
def _layer_norm(call: Call) -> Value:
    axes = call.config.get("axis", -1)
    x = call.plain(call.input)
    rank = len(x.shape)
    numbers = sorted(each % rank for each in (axes if isinstance(axes, list) else [axes]))
    if numbers != list(range(rank - len(numbers), rank)) or 0 in numbers:
        raise NotExpressedError("its axis")
    shape = tuple(x.shape[each] for each in numbers)
    eps = call.config.get("epsilon", 1e-3)
    if call.layer.kind == "RMSNormalization" or call.config.get("rms_scaling"):
        ref = call.emit(
            "rms_norm", x.shape, module="torch.nn.modules.normalization.RMSNorm", input=x.ref,
            normalized_shape=shape, weight=call.parameter("weight", 0, shape), eps=eps,
        )  # fmt: skip
        return replace(x, ref=ref)
    affine = _affine(call, shape)
    ref = call.emit("layer_norm", x.shape, input=x.ref, normalized_shape=shape, **affine, eps=eps)
    return replace(x, ref=ref)


@layer("GroupNormalization")
def _group_norm(call: Call) -> Value:
    axis = call.config.get("axis", -1)
    x = call.input
    rank = len(x.shape)
    if axis % rank == rank - 1:
        x = call.in_order(x, channels_first=True)
    elif axis % rank == 1:
        x = call.plain(x)
    else:
        raise NotExpressedError("its axis")
    channels = x.graph_shape[1]
    groups = call.config["groups"]
    ref = call.emit(
        "group_norm",
        x.graph_shape,
        input=x.ref,
        num_groups=channels if groups == -1 else groups,
        **_affine(call, (channels,)),
        eps=call.config.get("epsilon", 1e-3),
    )
    return replace(x, ref=ref)


def _affine(call: Call, shape: Shape) -> dict[str, Any]:
    """Return scale and shift, both or neither."""
    scale, center = call.config.get("scale", True), call.config.get("center", True)
    if not scale and not center:
        return {}
    return {
        "weight": call.parameter("weight", 0, shape)
        if scale
        else call.filled("weight", shape, 1.0),
        "bias": call.parameter("bias", int(scale), shape)
        if center
        else call.filled("bias", shape, 0.0),
    }


@layer("Dropout")
def _dropout(call: Call) -> Value:
    rate, x = call.config["rate"], call.input
    if call.config.get("noise_shape") is not None:
        return _drop_images(call, rate)
    return replace(x, ref=call.emit("dropout", x.graph_shape, input=x.ref, p=rate, train=True))


@layer("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D")
def _spatial_dropout(call: Call) -> Value:
    x = call.picture(call.input)
    ref = call.emit(
        "feature_dropout", x.graph_shape, input=x.ref, p=call.config["rate"], train=True
    )
    return replace(x, ref=ref)


@layer("StochasticDepth")
def _stochastic_depth(call: Call) -> Value:
    return _drop_images(call, call.config["drop_path_rate"])


def _drop_images(call: Call, rate: float) -> Value:
    """Drop whole images, as torchvision's StochasticDepth does."""
    x = call.input
    noise_shape = call.config.get("noise_shape")
    ones = (1,) * (len(x.shape) - 1)
    if noise_shape is not None and tuple(noise_shape[1:]) != ones:
        raise NotExpressedError("its noise_shape")
    if not rate:
        return x
    noise = call.emit("empty", (x.shape[0], *ones), module=None, size=(x.shape[0], *ones))
    noise = call.emit("bernoulli_", (x.shape[0], *ones), module=None, self=noise, p=1.0 - rate)
    noise = call.emit("div_", (x.shape[0], *ones), module=None, self=noise, other=1.0 - rate)
    return replace(x, ref=call.emit("mul", x.graph_shape, module=None, self=x.ref, other=noise))


@layer("CustomScaleLayer")
def _scaled_sum(call: Call) -> Value:
    """Add a scaled branch, as InceptionResNetV2 does."""
    if len(call.inputs) != 2:
        raise NotExpressedError("its arguments")
    first, second = same_order(call, call.inputs)
    scale = float(call.config["scale"])
    ref = call.emit("mul", second.graph_shape, part="scale", self=second.ref, other=scale)
    return replace(first, ref=call.emit("add", first.graph_shape, self=first.ref, other=ref))


@layer("LayerScale")
def _layer_scale(call: Call) -> Value:
    x = call.plain(call.input)
    gamma = call.parameter("gamma", 0, (call.config["projection_dim"],))
    return replace(x, ref=call.emit("mul", x.shape, self=x.ref, other=gamma))


@layer(
    "GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization",
    "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast",
    "RandomBrightness", "RandomHeight", "RandomWidth",
)  # fmt: skip
def training_only(call: Call) -> Value:
    """Give back what predictions see of layers that change their input in training alone."""
    call.builder.note(
        f"{call.layer.kind} was left out: it does nothing when the network predicts. In training, "
        "take an augmentation of the recipe or a Dropout in its place."
    )
    return call.input


@layer("Masking")
def _masking(call: Call) -> Value:
    raise NotExpressedError("steps that are skipped")


# Fixed numbers


@layer("Rescaling")
def _rescaling(call: Call) -> Value:
    x = _scaled(call, call.input, "mul", call.config["scale"], "scale", 1.0)
    return _scaled(call, x, "add", call.config.get("offset", 0.0), "offset", 0.0)


def _scaled(call: Call, x: Value, kind: str, given: Any, part: str, idle: float) -> Value:
    """Return a value times or plus a number, or plus a number for each channel."""
    array = np.asarray(given, np.float32)
    if array.size == 1:
        number = float(given) if array.ndim == 0 else float(np.asarray(given).ravel()[0])
        if number == idle:
            return x
        ref = call.emit(kind, x.graph_shape, part=part, self=x.ref, other=number)
        return replace(x, ref=ref)
    x = call.unlisted(x)
    if array.shape != x.shape[-1:]:
        raise NotExpressedError(f"numbers of the shape {[*array.shape]}")
    shape = (-1, *(1,) * (len(x.shape) - 2)) if x.channels_first else (-1,)
    other = call.buffer(part, array.reshape(shape))
    return replace(x, ref=call.emit(kind, x.graph_shape, part=part, self=x.ref, other=other))


@layer("Normalization")
def normalization(call: Call) -> Value:
    """Subtract a mean and divide by a deviation that were measured before training."""
    x = call.unlisted(call.input)
    axes = call.config.get("axis", -1)
    rank = len(x.shape)
    axes = [axes] if isinstance(axes, int) else [] if axes is None else list(axes)
    if [each % rank for each in axes] not in ([], [rank - 1]):
        raise NotExpressedError("its axis")
    shape = (x.shape[-1],) if axes else ()
    graph = (prod(shape), *(1,) * (rank - 2)) if axes and x.channels_first else shape
    given = [call.config.get(name) for name in ("mean", "variance")]
    if None not in given:
        mean, variance = (
            np.broadcast_to(np.asarray(each, np.float32).reshape(-1), (max(prod(shape), 1),))
            for each in given
        )
        middle = call.buffer("mean", mean.reshape(graph))
        deviation = call.buffer("std", _deviation(variance).reshape(graph))
    else:
        middle = call.parameter("mean", 0, shape, graph, kind=BUFFER)
        deviation = call.parameter("std", 1, shape, graph, _deviation, kind=BUFFER)
    if call.config.get("invert"):
        ref = call.emit("mul", x.graph_shape, part="mul", self=x.ref, other=deviation)
        return replace(x, ref=call.emit("add", x.graph_shape, part="add", self=ref, other=middle))
    ref = call.emit("sub", x.graph_shape, part="sub", self=x.ref, other=middle)
    return replace(x, ref=call.emit("div", x.graph_shape, part="div", self=ref, other=deviation))


def _deviation(variance: Any) -> Any:
    return np.maximum(np.sqrt(variance), 1e-7)  # Keras's epsilon
