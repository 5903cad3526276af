"""Functions of each element."""

from math import inf

from designer.readers.graph import Ref
from designer.readers.onnx.call import Call, NotExpressedError, operator

_SAME = {
    "Abs": "abs",
    "Acos": "acos",
    "Acosh": "acosh",
    "Asin": "asin",
    "Asinh": "asinh",
    "Atan": "atan",
    "Atanh": "atanh",
    "Ceil": "ceil",
    "Cos": "cos",
    "Cosh": "cosh",
    "Erf": "erf",
    "Exp": "exp",
    "Floor": "floor",
    "HardSwish": "hardswish",
    "IsNaN": "isnan",
    "Log": "log",
    "Mish": "mish",
    "Neg": "neg",
    "Not": "logical_not",
    "Reciprocal": "reciprocal",
    "Relu": "relu",
    "Round": "round",
    "Sigmoid": "sigmoid",
    "Sign": "sign",
    "Sin": "sin",
    "Sinh": "sinh",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Sqrt": "sqrt",
    "Tan": "tan",
    "Tanh": "tanh",
}
"""Operators of one input and no setting, and torch's names of them."""


def _function(kind: str) -> None:
    def row(call: Call) -> Ref:
        return call.emit(kind, self=call.ref(0))

    operator(*(name for name, torch in _SAME.items() if torch == kind))(row)


for _kind in sorted(set(_SAME.values())):
    _function(_kind)


def _setting(value: float, default: float) -> float | None:
    return None if value == default else value


@operator("LeakyRelu")
def _leaky_relu(call: Call) -> Ref:
    slope = _setting(call.attribute("alpha", 0.01), 0.01)
    return call.emit("leaky_relu", self=call.ref(0), negative_slope=slope)


@operator("Elu")
def _elu(call: Call) -> Ref:
    alpha = _setting(call.attribute("alpha", 1.0), 1.0)
    return call.emit("elu", self=call.ref(0), alpha=alpha)


@operator("Celu")
def _celu(call: Call) -> Ref:
    alpha = _setting(call.attribute("alpha", 1.0), 1.0)
    return call.emit("celu", self=call.ref(0), alpha=alpha)


@operator("Selu")
def _selu(call: Call) -> Ref:
    alpha, gamma = call.attribute("alpha", 1.67326), call.attribute("gamma", 1.0507)
    if abs(alpha - 1.6732632) < 1e-5 and abs(gamma - 1.0507010) < 1e-5:
        return call.emit("selu", self=call.ref(0))
    return call.emit("elu", self=call.ref(0), alpha=alpha, scale=gamma)


@operator("PRelu")
def _prelu(call: Call) -> Ref:
    shape, slopes = call.shape(), call.shape(1)
    aligned = (1,) * (len(shape) - len(slopes)) + slopes
    different = [number for number, size in enumerate(aligned) if size != 1]
    if different not in ([], [1]):  # slopes for more than channels: those of positive values are 1
        positive = call.emit("relu", self=call.ref(0))
        negative = call.emit("clamp", self=call.ref(0), max=0)
        sloping = call.emit("mul", self=negative, other=call.weight(1))
        return call.emit("add", self=positive, other=sloping)
    count = aligned[1] if different else 1
    if slopes == (count,):
        weight = call.weight(1)
    else:
        weight = call.weight(1, "weight", lambda x: x.reshape(count), (count,), "flat")
    return call.emit("prelu", self=call.ref(0), weight=weight)


@operator("HardSigmoid")
def _hard_sigmoid(call: Call) -> Ref:
    alpha, beta = call.attribute("alpha", 0.2), call.attribute("beta", 0.5)
    if abs(alpha - 1 / 6) < 1e-4 and beta == 0.5:
        return call.emit("hardsigmoid", self=call.ref(0))
    scaled = call.emit("mul", self=call.ref(0), other=alpha)
    raised = call.emit("add", self=scaled, other=beta)
    return call.emit("clamp", self=raised, min=0.0, max=1.0)


@operator("Clip")
def _clip(call: Call) -> Ref:
    least = call.number(1) if call.has(1) else call.attribute("min")
    most = call.number(2) if call.has(2) else call.attribute("max")
    if (call.has(1) and least is None) or (call.has(2) and most is None):
        raise NotExpressedError("a range that is computed")
    if least is not None and least <= -3.4e38:
        least = None
    if most is not None and most >= 3.4e38:
        most = None
    x = call.ref(0)
    if least is None and most is None:
        return x
    if least == 0 and most is None:
        return call.emit("relu", self=x)
    if (least, most) in ((0, 6), (-1, 1)):
        return call.emit("hardtanh", self=x, min_val=float(least or 0), max_val=float(most or 0))
    return call.emit("clamp", self=x, min=least, max=most)


@operator("Gelu", "com.microsoft.Gelu")
def _gelu(call: Call) -> Ref:
    approximate = call.attribute("approximate", "none")
    return call.emit(
        "gelu", self=call.ref(0), approximate=None if approximate == "none" else approximate
    )


@operator("com.microsoft.FastGelu", "com.microsoft.BiasGelu")
def _fast_gelu(call: Call) -> Ref:
    x = call.emit("add", self=call.ref(0), other=call.ref(1)) if call.has(1) else call.ref(0)
    fast = call.node.operator.endswith("FastGelu")
    return call.emit("gelu", self=x, approximate="tanh" if fast else None)


@operator("Swish", "com.microsoft.QuickGelu")
def _swish(call: Call) -> Ref:
    alpha = call.attribute("alpha", 1.0 if call.node.operator == "Swish" else 1.702)
    if alpha == 1:
        return call.emit("silu", self=call.ref(0))
    scaled = call.emit("mul", self=call.ref(0), other=alpha)
    gate = call.emit("sigmoid", self=scaled)
    return call.emit("mul", self=call.ref(0), other=gate)


@operator("ThresholdedRelu")
def _thresholded_relu(call: Call) -> Ref:
    alpha = call.attribute("alpha", 1.0)
    return call.emit("threshold", self=call.ref(0), threshold=alpha, value=0.0)


@operator("Shrink")
def _shrink(call: Call) -> Ref:
    lambd, bias = call.attribute("lambd", 0.5), call.attribute("bias", 0.0)
    if bias not in (0.0, lambd):
        raise NotExpressedError("a shrinkage by another number than its limit")
    return call.emit(
        "hardshrink" if bias == 0 else "softshrink", self=call.ref(0), lambd=_setting(lambd, 0.5)
    )


@operator("IsInf")
def _is_inf(call: Call) -> Ref:
    below, above = call.attribute("detect_negative", 1), call.attribute("detect_positive", 1)
    if not above or not below:
        return call.emit("eq", self=call.ref(0), other=-inf if below else inf)
    return call.emit("isinf", self=call.ref(0))


@operator("Softmax", "LogSoftmax")
def _softmax(call: Call) -> Ref:
    kind = "softmax" if call.node.operator == "Softmax" else "log_softmax"
    shape, rank = call.shape(), call.rank()
    if call.opset >= 13:
        return call.emit(kind, self=call.ref(0), dim=call.attribute("axis", -1))
    axis = call.attribute("axis", 1) % max(rank, 1)  # over this axis and all that follow
    wide = [number for number in range(axis, rank) if shape[number] != 1]
    if len(wide) <= 1:
        return call.emit(kind, self=call.ref(0), dim=wide[0] if wide else axis)
    flat = (*shape[:axis], -1)
    size = 1
    for each in shape[axis:]:
        size *= each
    found = call.reshaped(call.ref(0), (*flat[:-1], size))
    found = call.emit(kind, (*flat[:-1], size), self=found, dim=axis)
    return call.reshaped(found, shape)


@operator("Identity")
def _identity(call: Call) -> Ref:
    return call.ref(0)


@operator("Cast", "CastLike")
def _cast(call: Call) -> Ref:
    wanted, given = call.outputs[0].dtype, call.spec(0).dtype
    if wanted == given:
        return call.ref(0)
    return call.emit("to", self=call.ref(0), dtype=wanted)
