"""Sums, products, comparisons, matrix products."""

from typing import Any

import numpy as np

from designer.readers.graph import Ref
from designer.readers.onnx.call import Call, NotExpressedError, operator
from designer.readers.onnx.nodes import Constant

_TWO = {
    "Add": "add",
    "Atan2": "atan2",
    "BitwiseAnd": "bitwise_and",
    "BitwiseOr": "bitwise_or",
    "BitwiseXor": "bitwise_xor",
    "And": "logical_and",
    "Equal": "eq",
    "Greater": "gt",
    "GreaterOrEqual": "ge",
    "Less": "lt",
    "LessOrEqual": "le",
    "Mul": "mul",
    "Or": "logical_or",
    "Sub": "sub",
    "Xor": "logical_xor",
}
"""Operators of two inputs, and torch's names of them."""

_TURNED = {"add": "add", "mul": "mul", "eq": "eq", "gt": "lt", "lt": "gt", "ge": "le", "le": "ge"}
"""What a function is with its inputs the other way round; sub is rsub."""


def _function(name: str, kind: str) -> None:
    def row(call: Call) -> Ref:
        a, b = call.operand(0), call.operand(1)
        if isinstance(a, Ref):
            return call.emit(kind, self=a, other=b)
        if kind in _TURNED and isinstance(b, Ref):
            return call.emit(_TURNED[kind], self=b, other=a)
        if kind == "sub" and isinstance(b, Ref):
            return call.emit("rsub", self=b, other=a)
        return call.emit(kind, self=call.ref(0), other=b)

    operator(name)(row)


for _name, _kind in _TWO.items():
    _function(_name, _kind)


@operator("Div")
def _div(call: Call) -> Ref:
    a, b = call.operand(0), call.operand(1)
    if not call.outputs[0].dtype.startswith(("float", "bfloat")):
        return call.emit("div", self=call.ref(0), other=b, rounding_mode="trunc")
    if isinstance(a, Ref):
        return call.emit("div", self=a, other=b)
    found = call.emit("reciprocal", self=b)
    return found if a == 1 else call.emit("mul", self=found, other=a)


@operator("Pow")
def _power(call: Call) -> Ref:
    exponent = call.operand(1)
    if not call.spec(0).dtype.startswith("float") and call.spec(1).dtype != call.spec(0).dtype:
        raise NotExpressedError("a power of whole numbers that is rounded")
    if isinstance(exponent, float) and exponent.is_integer():
        exponent = int(exponent)
    return call.emit("pow", self=call.ref(0), exponent=exponent)


@operator("Mod")
def _mod(call: Call) -> Ref:
    kind = "fmod" if call.attribute("fmod", 0) else "remainder"
    return call.emit(kind, self=call.ref(0), other=call.operand(1))


@operator("Sum", "Mean")
def _total(call: Call) -> Ref:
    found = call.ref(0)
    for position in range(1, len(call.node.inputs)):
        shape = np.broadcast_shapes(call.spec_of(found).shape, call.shape(position))
        found = call.emit("add", shape, self=found, other=call.ref(position))
    count = len(call.node.inputs)
    if call.node.operator == "Sum" or count == 1:
        return found
    return call.emit("div", self=found, other=count)


@operator("Max", "Min")
def _extreme(call: Call) -> Ref:
    largest, count = call.node.operator == "Max", len(call.node.inputs)
    if count == 2:
        for number in (0, 1):
            limit, x = call.operand(number), call.operand(1 - number)
            if isinstance(limit, Ref) or not isinstance(x, Ref):
                continue
            if largest:
                return (
                    call.emit("relu", self=x)
                    if limit == 0
                    else call.emit("clamp", self=x, min=limit)
                )
            return call.emit("clamp", self=x, max=limit)
    found = call.ref(0)
    for position in range(1, count):
        shape = np.broadcast_shapes(call.spec_of(found).shape, call.shape(position))
        found = call.emit(
            "maximum" if largest else "minimum", shape, self=found, other=call.ref(position)
        )
    return found


@operator("Where")
def _where(call: Call) -> Ref:
    return call.emit("where", condition=call.ref(0), self=call.ref(1), other=call.ref(2))


# Matrix products


def _transposed(constant: Constant) -> Constant:
    rows, columns = constant.spec.shape
    return Call.turned(constant, np.transpose, (columns, rows), "transposed")


@operator("MatMul", "com.microsoft.FusedMatMul")
def _matmul(call: Call) -> Ref:
    weight = call.constant(1)
    plain = not any(call.attribute(name) for name in ("transA", "transB", "transBatchA"))
    if call.attribute("alpha", 1.0) != 1 or not plain:
        raise NotExpressedError("a scaled or transposed product")
    floating = call.spec(0).dtype.startswith("float")
    if weight is not None and len(weight.spec.shape) == 2 and floating:
        return call.emit(
            "linear", input=call.ref(0), weight=call.learned(_transposed(weight), "weight")
        )
    return call.emit("matmul", self=call.ref(0), other=call.ref(1))


@operator("Gemm", "com.microsoft.FusedGemm")
def _gemm(call: Call) -> Ref:
    alpha, beta = call.attribute("alpha", 1.0), call.attribute("beta", 1.0)
    turn_a, turn_b = call.attribute("transA", 0), call.attribute("transB", 0)
    weight, bias = call.constant(1), call.constant(2)
    columns = call.outputs[0].shape[1]
    x = call.ref(0)
    if turn_a:
        x = call.permuted(x, (1, 0))
    activation = call.attribute("activation", "")
    if activation not in ("", "Relu"):
        raise NotExpressedError(activation)
    known = not call.has(2) or (
        bias is not None and bias.spec.shape in ((columns,), (1, columns), (1,), ())
    )
    if weight is not None and known:
        turned = weight if turn_b else _transposed(weight)
        if alpha != 1:
            turned = _scaled(turned, alpha)
        found = call.emit(
            "linear",
            input=x,
            weight=call.learned(turned, "weight"),
            bias=call.learned(_bias(bias, columns, beta), "bias") if bias is not None else None,
        )
    else:
        other = call.ref(1)
        found = call.emit("matmul", self=x, other=call.permuted(other, (1, 0)) if turn_b else other)
        if alpha != 1:
            found = call.emit("mul", self=found, other=alpha)
        if call.has(2):
            summand = call.ref(2)
            if beta != 1:
                summand = call.emit("mul", call.shape(2), self=summand, other=beta)
            found = call.emit("add", self=found, other=summand)
    return call.emit("relu", self=found) if activation else found


def _scaled(constant: Constant, factor: float) -> Constant:
    return Call.turned(
        constant, lambda x: (x * factor).astype(x.dtype), constant.spec.shape, f"times {factor}"
    )


def _bias(bias: Constant, size: int, beta: float) -> Constant:
    if beta != 1:
        bias = _scaled(bias, beta)
    if bias.spec.shape == (size,):
        return bias

    def spread(x: Any) -> Any:
        return np.broadcast_to(x.reshape(-1), (size,))

    return Call.turned(bias, spread, (size,), "of each feature")


@operator("Einsum")
def _einsum(call: Call) -> Ref:
    tensors = tuple(call.ref(position) for position in range(len(call.node.inputs)))
    equation = call.attribute("equation").replace(" ", "")
    return call.emit("einsum", equation=equation, tensors=tensors)


@operator("CumSum")
def _cumsum(call: Call) -> Ref:
    if call.attribute("exclusive", 0) or call.attribute("reverse", 0):
        raise NotExpressedError("a sum from the end")
    axis = int(call.array(1).reshape(()))
    return call.emit("cumsum", self=call.ref(0), dim=axis)
