"""Functions of each value, and dropout."""

from collections.abc import Mapping
from math import inf, log
from typing import Any

from designer.folding.patterns.arithmetic import elementwise
from designer.folding.patterns.converter import Converter
from designer.folding.patterns.handlers import handles
from designer.folding.patterns.in_place import names_in
from designer.folding.patterns.values import Call, Symbol, UnsupportedError

FUNCTIONS: Mapping[str, str] = {
    "relu": "ReLU",
    "relu6": "ReLU6",
    "silu": "SiLU",
    "mish": "Mish",
    "hardswish": "Hardswish",
    "hardsigmoid": "Hardsigmoid",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "selu": "SELU",
    "exp": "Exp",
    "log": "Log",
    "sqrt": "Sqrt",
    "abs": "Abs",
    "neg": "Negate",
    "sin": "Sin",
    "cos": "Cos",
    "erf": "Erf",
    "softsign": "Softsign",
    "log_sigmoid": "LogSigmoid",
    "tanhshrink": "Tanhshrink",
}

PARAMETERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "gelu": ("GELU", {"approximate": "none"}),
    "leaky_relu": ("LeakyReLU", {"negative_slope": 0.01}),
    "celu": ("CELU", {"alpha": 1.0}),
    "hardshrink": ("Hardshrink", {"lambd": 0.5}),
    "softshrink": ("Softshrink", {"lambd": 0.5}),
    "threshold": ("Threshold", {"threshold": 0.0, "value": 0.0}),
    "rrelu": ("RReLU", {"lower": 1 / 8, "upper": 1 / 3}),
}
"""Functions with arguments of the same name in the layer, and torch's defaults."""

DROPOUTS: Mapping[str, Mapping[int, str]] = {
    "dropout": {},
    "native_dropout": {},
    "alpha_dropout": {2: "AlphaDropout", 3: "AlphaDropout", 4: "AlphaDropout", 5: "AlphaDropout"},
    "feature_dropout": {3: "Dropout1d", 4: "Dropout2d", 5: "Dropout3d"},
}
"""Which layer a dropout is, by the axes of its input; others are a Dropout."""


def _function(layer: str) -> Any:
    def emit(c: Converter, call: Call) -> None:
        c.emit(call.result, layer, {}, [call.first()])

    return emit


for _name, _layer in FUNCTIONS.items():
    handles(_name)(_function(_layer))


def _with_parameters(layer: str, defaults: Mapping[str, Any]) -> Any:
    def emit(c: Converter, call: Call) -> None:
        values = {name: call.get(name, each) for name, each in defaults.items()}
        values = {
            name: float(each) if isinstance(each, int) else each for name, each in values.items()
        }
        c.emit(call.result, layer, values, [call.first()])

    return emit


for _name, (_layer, _defaults) in PARAMETERS.items():
    handles(_name)(_with_parameters(_layer, _defaults))


@handles("randn_like")
def noise(c: Converter, call: Call) -> None:
    if not call.result.is_float():
        raise UnsupportedError("random whole numbers")
    if not c.depends_on_input(c.value(call["self"]).node):
        raise UnsupportedError("random numbers of the shape of a tensor that all images share")
    c.emit(call.result, "NormalNoise", {}, [call["self"]])


@handles("hardtanh")
def hardtanh(c: Converter, call: Call) -> None:
    low, high = float(call.get("min_val", -1.0)), float(call.get("max_val", 1.0))
    if (low, high) == (0.0, 6.0):
        c.emit(call.result, "ReLU6", {}, [call["self"]])
    else:
        c.emit(call.result, "Hardtanh", {"min_val": low, "max_val": high}, [call["self"]])


@handles("elu")
def elu(c: Converter, call: Call) -> None:
    if call.get("scale", 1) != 1 or call.get("input_scale", 1) != 1:
        raise UnsupportedError("an elu with other factors")
    c.emit(call.result, "ELU", {"alpha": float(call.get("alpha", 1.0))}, [call["self"]])


@handles("softplus")
def softplus(c: Converter, call: Call) -> None:
    if call.get("threshold", 20) != 20:
        raise UnsupportedError("a softplus with another threshold")
    c.emit(call.result, "Softplus", {"beta": float(call.get("beta", 1.0))}, [call["self"]])


@handles("prelu")
def prelu(c: Converter, call: Call) -> None:
    weight = call["weight"]
    parameters = {"per_channel": weight.numel() > 1}
    c.emit(call.result, "PReLU", parameters, [call["self"]], {"weight": weight})


@handles(*DROPOUTS)
def dropout(c: Converter, call: Call) -> None:
    p = call.get("p", 0.5)
    x = call.first()
    in_module = any(each.kind.startswith("torch.nn.modules.dropout.") for each in
                    call.operation.modules[-1:])  # fmt: skip
    if not in_module and (not p or call.get("train") is False):
        c.know(call.result, c.value(x))
        return
    layer = DROPOUTS[call.operation.kind].get(x.dim(), "Dropout")
    c.emit(call.result, layer, {"p": float(p)}, [x])


@handles("clamp", "clip", "clamp_min", "clamp_max")
def clamp(c: Converter, call: Call) -> None:
    bounds = {}
    for key, none in (("min", -inf), ("max", inf)):
        bound = call.get(key)
        if bound is not None and not isinstance(bound, int | float):
            raise UnsupportedError("a clamp between tensors")
        bounds[key] = None if bound in (None, none) else float(bound)
    if bounds == {"min": None, "max": None}:
        c.know(call.result, c.value(call["self"]))
    else:
        c.emit(call.result, "Clamp", bounds, [call["self"]])


@handles("pow", "square")
def power(c: Converter, call: Call) -> None:
    base, exponent = call["self"], call.get("exponent", 2.0)
    if isinstance(exponent, int | float):
        c.emit(call.result, "Power", {"exponent": float(exponent)}, [base])
        return
    powers = c.new_symbol(call.result.shape)  # of e
    if isinstance(base, int | float):
        if base <= 0:
            raise UnsupportedError("a power of a number that is not positive")
        c.emit(powers, "Scale", {"factor": log(base), "learned": False}, [exponent])
    else:
        if not _is_positive(c, base):
            raise UnsupportedError("a power, given as a tensor, of what may be 0 or less")
        logarithms = c.new_symbol(base.shape)
        c.emit(logarithms, "Log", {}, [base])
        elementwise(c, powers, "Multiply", [logarithms, exponent])
    c.emit(call.result, "Exp", {}, [powers])


def _is_positive(c: Converter, x: Symbol) -> bool:
    """Tell whether a value is clamped above zero, or a power, a mean or a view of one that is.

    At zero a power has a gradient where its logarithm has none.
    """
    made = c.producers.get(x.name)
    while made is not None and made.kind in _KEEP_SIGN:
        names = names_in(made.arguments.get("self"))
        made = c.producers.get(names[0]) if names else None
    least = None if made is None else made.arguments.get("min")
    clamped = made is not None and made.kind in ("clamp", "clamp_min")
    return clamped and isinstance(least, int | float) and least > 0


_KEEP_SIGN = ("pow", "mean", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d",
              "max_pool1d", "max_pool2d", "max_pool3d", "view", "reshape", "contiguous", "clone",
              "permute", "transpose", "flatten")  # fmt: skip


@handles("log1p", "log2", "log10")
def logarithm(c: Converter, call: Call) -> None:
    x, kind = call["self"], call.operation.kind
    if kind == "log1p":
        shifted = c.new_symbol(x.shape)
        c.emit(shifted, "AddScalar", {"value": 1.0}, [x])
        c.emit(call.result, "Log", {}, [shifted])
        return
    natural = c.new_symbol(x.shape)
    c.emit(natural, "Log", {}, [x])
    factor = 1 / log(2 if kind == "log2" else 10)
    c.emit(call.result, "Scale", {"factor": factor, "learned": False}, [natural])


@handles("expm1")
def expm1(c: Converter, call: Call) -> None:
    powers = c.new_symbol(call.result.shape)
    c.emit(powers, "Exp", {}, [call["self"]])
    c.emit(call.result, "AddScalar", {"value": -1.0}, [powers])


@handles("rsqrt")
def rsqrt(c: Converter, call: Call) -> None:
    c.emit(call.result, "Power", {"exponent": -0.5}, [call["self"]])


@handles("reciprocal")
def reciprocal(c: Converter, call: Call) -> None:
    c.emit(call.result, "Power", {"exponent": -1.0}, [call["self"]])


def _over_axis(layer: str) -> Any:
    def emit(c: Converter, call: Call) -> None:
        x = call["self"]
        c.emit(call.result, layer, {"dim": c.axis(x, call.get("dim", -1))}, [x])

    return emit


handles("softmax", "_softmax")(_over_axis("Softmax"))
handles("log_softmax", "_log_softmax")(_over_axis("LogSoftmax"))
handles("glu")(_over_axis("GLU"))
