"""Activations, as layers and as the setting ``activation`` of other layers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from designer.readers.keras.calls import HANDLERS, Call, NotExpressedError, Value, layer
from designer.readers.keras.config import layer_of, snake_case

_PLAIN: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "relu": ("relu", {}),
    "relu6": ("hardtanh", {"min_val": 0.0, "max_val": 6.0}),
    "leaky_relu": ("leaky_relu", {"negative_slope": 0.2}),
    "elu": ("elu", {}),
    "selu": ("selu", {}),
    "celu": ("celu", {}),
    "gelu": ("gelu", {}),
    "sigmoid": ("sigmoid", {}),
    "log_sigmoid": ("log_sigmoid", {}),
    "silu": ("silu", {}),
    "swish": ("silu", {}),
    "hard_sigmoid": ("hardsigmoid", {}),
    "hard_silu": ("hardswish", {}),
    "hard_swish": ("hardswish", {}),
    "hard_tanh": ("hardtanh", {}),
    "softplus": ("softplus", {}),
    "soft_shrink": ("softshrink", {}),
    "hard_shrink": ("hardshrink", {}),
    "tanh": ("tanh", {}),
    "mish": ("mish", {}),
    "exponential": ("exp", {}),
}
"""Activations by their names in Keras: torch's function, and its arguments."""


def activated(call: Call, value: Value) -> Value:
    """Return a value behind the activation that the layer's settings name."""
    return apply(call, call.config.get("activation"), value)


def name_of(given: Any) -> str:
    """Return the name of an activation as the settings hold it; "" if it is none of Keras."""
    if given is None:
        return "linear"
    if isinstance(given, str):
        return given
    if isinstance(given, Mapping) and given.get("class_name") == "function":
        module = given.get("module")
        known = module is None or str(module).startswith(("builtins", "keras"))
        return (
            str(given["config"]) if known and ">" not in str(given.get("registered_name")) else ""
        )
    return ""


def apply(call: Call, given: Any, value: Value, *, alone: bool = False) -> Value:
    """Return a value behind an activation.

    Parameters
    ----------
    call
        The call of the layer.
    given
        The activation as the settings hold it.
    value
        What goes in.
    alone
        Whether the layer is nothing but this activation.
    """
    name = name_of(given)
    if isinstance(given, Mapping) and given.get("class_name") in ("ReLU", "LeakyReLU", "ELU"):
        inner = layer_of(given)
        if not inner.own:
            path = f"{call.path}_{snake_case(inner.kind)}"
            found = HANDLERS[inner.kind](replace(call, layer=inner, inputs=[value], path=path))
            return found if isinstance(found, Value) else found[0]
    if name == "linear":
        return value
    part = "" if alone else name
    if name in ("softmax", "log_softmax"):
        return _over_axis(call, name, value, -1, part)
    if name == "hard_sigmoid" and call.version.startswith("2."):  # another slope than torch's
        ref = call.emit("mul", value.graph_shape, part="slope", self=value.ref, other=0.2)
        ref = call.emit("add", value.graph_shape, part="shift", self=ref, other=0.5)
        return _like(call, value, "clamp", part, self=ref, min=0.0, max=1.0)
    if name == "softsign":
        ref = call.emit("abs", value.graph_shape, part="abs", self=value.ref)
        ref = call.emit("add", value.graph_shape, part="add", self=ref, other=1.0)
        return _like(call, value, "div", part, self=value.ref, other=ref)
    if name == "tanh_shrink":
        ref = call.emit("tanh", value.graph_shape, part="tanh", self=value.ref)
        return _like(call, value, "sub", part, self=value.ref, other=ref)
    if name not in _PLAIN:
        raise NotExpressedError(f"the activation {name or given!r}")
    kind, arguments = _PLAIN[name]
    return _like(call, value, kind, part, self=value.ref, **arguments)


def _like(call: Call, value: Value, kind: str, part: str = "", /, **arguments: Any) -> Value:
    """Return what an operation on each value for itself gives."""
    return replace(value, ref=call.emit(kind, value.graph_shape, part=part, **arguments))


def _over_axis(call: Call, kind: str, value: Value, axis: int, part: str) -> Value:
    value = call.unlisted(value)
    return _like(call, value, kind, part, self=value.ref, dim=value.axis(axis))


@layer("Activation")
def _activation(call: Call) -> Value:
    return apply(call, call.config["activation"], call.input, alone=True)


@layer("ReLU")
def _relu(call: Call) -> Value:
    most = call.config.get("max_value")
    slope = call.config.get("negative_slope") or 0.0
    threshold = call.config.get("threshold") or 0.0
    x = call.input
    if threshold:
        if slope or most is not None:
            raise NotExpressedError("a threshold with another setting")
        return _like(call, x, "threshold", self=x.ref, threshold=threshold, value=0.0)
    if most is None:
        if slope:
            return _like(call, x, "leaky_relu", self=x.ref, negative_slope=slope)
        return _like(call, x, "relu", self=x.ref)
    if slope:
        ref = call.emit("leaky_relu", x.graph_shape, self=x.ref, negative_slope=slope)
        return _like(call, x, "clamp", "clamp", self=ref, max=float(most))
    return _like(call, x, "hardtanh", self=x.ref, min_val=0.0, max_val=float(most))


@layer("LeakyReLU")
def _leaky_relu(call: Call) -> Value:
    slope = call.config.get("negative_slope", call.config.get("alpha", 0.3))
    return _like(call, call.input, "leaky_relu", self=call.input.ref, negative_slope=float(slope))


@layer("ELU")
def _elu(call: Call) -> Value:
    alpha = float(call.config.get("alpha", 1.0))
    return _like(call, call.input, "elu", self=call.input.ref, alpha=alpha)


@layer("Softmax")
def _softmax(call: Call) -> Value:
    axis = call.config.get("axis", -1)
    if isinstance(axis, list):
        if len(axis) != 1:
            raise NotExpressedError("several axes")
        (axis,) = axis
    if len(call.inputs) > 1 or call.named.get("mask") is not None:
        raise NotExpressedError("its mask")
    return _over_axis(call, "softmax", call.input, axis, "")


@layer("PReLU")
def prelu(call: Call) -> Value:
    """Learn a slope for each channel; torch knows none for each position."""
    x = call.unlisted(call.input)
    rank = len(x.shape)
    shared = {axis % rank for axis in call.config.get("shared_axes") or ()}
    shape = tuple(1 if axis in shared else x.shape[axis] for axis in range(1, rank))
    count = x.shape[-1]
    if shape != (*(1,) * (rank - 2), count) and set(shape) != {1}:
        raise NotExpressedError("a slope for each position")
    if rank > 2 and set(shape) != {1}:
        x = call.in_order(x, channels_first=True)
    size = 1 if set(shape) == {1} else count
    weight = call.parameter("weight", 0, shape, (size,))
    return _like(call, x, "prelu", self=x.ref, weight=weight)
