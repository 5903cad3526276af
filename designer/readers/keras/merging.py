"""Layers and functions that join tensors, or a tensor and a number."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from designer.readers.graph import Ref, Shape
from designer.readers.keras.activation import apply
from designer.readers.keras.calls import Call, NotExpressedError, Value, function, layer, same_order

_TORCH: Mapping[str, str] = {
    "Add": "add",
    "Subtract": "sub",
    "Multiply": "mul",
    "Average": "add",
    "Maximum": "maximum",
    "Minimum": "minimum",
    "Divide": "div",
    "TrueDivide": "div",
}
"""Joins by their names in Keras: torch's function of two."""

_OLD_NAMES: Mapping[str, str] = {
    "math.add": "Add",
    "__operators__.add": "Add",
    "math.subtract": "Subtract",
    "math.multiply": "Multiply",
    "math.truediv": "Divide",
    "math.maximum": "Maximum",
    "math.minimum": "Minimum",
    "nn.relu": "Relu",
    "nn.relu6": "Relu6",
    "nn.sigmoid": "Sigmoid",
    "nn.gelu": "Gelu",
    "nn.silu": "Silu",
    "math.tanh": "Tanh",
    "math.exp": "Exp",
}
"""Functions of TensorFlow in files of Keras 2, by their names there."""

_FUNCTIONS: Mapping[str, str] = {
    "Relu": "relu",
    "Relu6": "relu6",
    "Sigmoid": "sigmoid",
    "Silu": "silu",
    "Gelu": "gelu",
    "Tanh": "tanh",
    "Exp": "exponential",
    "HardSigmoid": "hard_sigmoid",
    "HardSilu": "hard_silu",
    "Softplus": "softplus",
}
"""Functions that are activations, by the names of these."""


def old_function(call: Call) -> Value:
    """Return what a function of TensorFlow gives that a file of Keras 2 names."""
    name = _OLD_NAMES.get(str(call.config.get("function")))
    if name is None:
        raise NotExpressedError(f"the function {call.config.get('function')!r}")
    named = [each for key, each in call.named.items() if key in ("y", "other", "b")]
    changed = replace(
        call,
        layer=replace(call.layer, kind=name),
        arguments=[*call.arguments, *named],
    )
    if name in _FUNCTIONS:
        return apply(changed, _FUNCTIONS[name], call.input, alone=True)
    found = arithmetic(changed)
    return found if isinstance(found, Value) else found[0]


@layer("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
def _merge(call: Call) -> Value:
    values = list(call.inputs)
    if len(values) == 1:
        return values[0]
    result = _joined(call, _TORCH[call.layer.kind], values)
    if call.layer.kind == "Average":
        ref = call.emit(
            "div", result.graph_shape, part="mean", self=result.ref, other=float(len(values))
        )
        return replace(result, ref=ref)
    return result


def _joined(call: Call, kind: str, values: Sequence[Value]) -> Value:
    ranks = {len(each.shape) for each in values}
    if len(ranks) > 1:
        raise NotExpressedError("tensors of different numbers of axes")
    values = same_order(call, values)
    result = values[0]
    for other in values[1:]:
        shape = _broadcast(result.shape, other.shape)
        joined = replace(result, shape=shape)
        ref = call.emit(kind, joined.graph_shape, self=result.ref, other=other.ref)
        result = replace(joined, ref=ref)
    return result


def _broadcast(a: Shape, b: Shape) -> Shape:
    if any(x != y and 1 not in (x, y) for x, y in zip(a, b, strict=True)):
        raise ValueError(f"tensors of the shapes {[*a]} and {[*b]} cannot be joined")
    return tuple(max(x, y) for x, y in zip(a, b, strict=True))


@layer("Concatenate")
def _concatenate(call: Call) -> Value:
    axis = call.config.get("axis", -1)
    values = same_order(call, [call.unlisted(each) for each in call.inputs])
    first = values[0]
    rank = len(first.shape)
    axis %= rank
    if any(
        len(each.shape) != rank
        or any(
            a != b
            for n, (a, b) in enumerate(zip(each.shape, first.shape, strict=True))
            if n != axis
        )
        for each in values
    ):
        raise ValueError(
            f"tensors of the shapes {[[*each.shape] for each in values]} cannot be joined"
        )
    shape = list(first.shape)
    shape[axis] = sum(each.shape[axis] for each in values)
    joined = replace(first, shape=tuple(shape))
    ref = call.emit(
        "cat", joined.graph_shape, tensors=tuple(each.ref for each in values), dim=first.axis(axis)
    )
    return replace(joined, ref=ref)


# Functions


@function("Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Maximum", "Minimum")
def arithmetic(call: Call) -> Value:
    """Two tensors, or a tensor and a number, in either order."""
    if len(call.arguments) < 2:
        raise NotExpressedError("its arguments")
    first, second = call.arguments[:2]
    kind = _TORCH[call.layer.kind]
    if isinstance(first, Value) and isinstance(second, Value):
        return _joined(call, kind, [first, second])
    tensor, number = (first, second) if isinstance(first, Value) else (second, first)
    if not isinstance(tensor, Value) or not _is_number(number):
        raise NotExpressedError("its arguments")

    def of(ref: Ref, kind: str, other: float, part: str = "") -> Ref:
        return call.emit(kind, tensor.graph_shape, part=part, self=ref, other=float(other))

    if kind in ("maximum", "minimum"):
        more: dict[str, Any] = {"min" if kind == "maximum" else "max": float(number)}
        ref = call.emit("clamp", tensor.graph_shape, self=tensor.ref, **more)
        return replace(tensor, ref=ref)
    if isinstance(first, Value) or kind in ("add", "mul"):
        return replace(tensor, ref=of(tensor.ref, kind, number))
    if kind == "sub":  # number - tensor
        return replace(tensor, ref=of(of(tensor.ref, "mul", -1.0, "neg"), "add", number))
    ref = call.emit("reciprocal", tensor.graph_shape, part="reciprocal", self=tensor.ref)
    return replace(tensor, ref=of(ref, "mul", number))


def _is_number(thing: Any) -> bool:
    return isinstance(thing, int | float) and not isinstance(thing, bool)


@function("Negative")
def _negative(call: Call) -> Value:
    x = call.input
    return replace(x, ref=call.emit("mul", x.graph_shape, self=x.ref, other=-1.0))


@function(*_FUNCTIONS)
def _activation(call: Call) -> Value:
    return apply(call, _FUNCTIONS[call.layer.kind], call.input, alone=True)
