"""Norms, and the standardized weights that are made of them."""

from typing import Any

import numpy as np

from designer.folding.patterns.arithmetic import elementwise
from designer.folding.patterns.converter import Converter
from designer.folding.patterns.handlers import handles
from designer.folding.patterns.spatial import batch_norm_over_pieces
from designer.folding.patterns.values import Call, Symbol, UnsupportedError


@handles("batch_norm", "_native_batch_norm_legit_no_training", "_native_batch_norm_legit",
         "native_batch_norm")  # fmt: skip
def batch_norm(c: Converter, call: Call) -> None:
    x, weight, eps = call["input"], call.get("weight"), call.get("eps", 1e-5)
    mean = call.get("running_mean")
    if mean is None:
        _standardize(c, x, weight, eps, call.result)
        return
    if weight is not None and call.get("bias") is None:
        raise UnsupportedError("a batch norm with factors but no shifts")
    n = max(1, x.dim() - 2)
    parameters = {"eps": eps, "affine": weight is not None}
    momentum = call.get("momentum", 0.1)
    if momentum != 0.1:
        parameters["momentum"] = momentum
    state = {
        "weight": weight,
        "bias": call.get("bias"),
        "running_mean": mean,
        "running_var": call.get("running_var"),
        "num_batches_tracked": _counter(c, mean),
    }
    value = c.value(x)
    if c.has_pieces(x) and x.dim() == 4:
        batch_norm_over_pieces(c, x, call.result, parameters, state)
    elif x.dim() == 2 and len(value.shape) == 2:  # rows of features, several of each image
        turned = value._replace(node=c.add("Permute", {"order": (2, 1)}, (value,)), port=0)
        made = turned._replace(node=c.add("BatchNorm1d", parameters, (turned,), state))
        c.know(call.result, made._replace(node=c.add("Permute", {"order": (2, 1)}, (made,))))
    else:
        c.emit(call.result, f"BatchNorm{n}d", parameters, [c.plain(x)], state)


@handles("local_response_norm")
def local_response_norm(c: Converter, call: Call) -> None:
    """Make the layer of AlexNet, as readers of other formats than torch's name it."""
    settings = (("size", 5), ("alpha", 1e-4), ("beta", 0.75), ("k", 1.0))
    parameters = {name: call.get(name, default) for name, default in settings}
    c.emit(call.result, "LocalResponseNorm", parameters, [c.plain(call["input"])])


def _counter(c: Converter, mean: Symbol) -> Symbol:
    """Return the number of batches that the running statistics of a norm are of."""
    if mean.name in c.tensors:
        prefix = c.tensors[mean.name].key.rpartition(".")[0]
        key = f"{prefix}.num_batches_tracked" if prefix else "num_batches_tracked"
        if key in c.by_key:
            return c.symbol(c.by_key[key])
    return c.constant(np.zeros((), np.int64))


def _standardize(
    c: Converter, x: Symbol, factors: Symbol | None, eps: float, result: Symbol
) -> None:
    """Note that a value are the standardized weights of a convolution, as timm has them."""
    found = c.standardized.get(x.name)
    if not isinstance(found, Symbol):
        raise UnsupportedError("a batch norm without running statistics")
    if factors is None:
        c.standardized[result.name] = ("StdConv2d", {"eps": eps}, {"weight": found})
        return
    if factors.name not in c.standardized:
        raise UnsupportedError("a batch norm without running statistics")
    gain, scale = c.standardized[factors.name]
    size = found.numel() // found.shape[0]
    own = {"weight": found, "gain": gain}
    parameters = {"eps": eps, "gamma": scale * size**0.5}
    c.standardized[result.name] = ("ScaledStdConv2d", parameters, own)


@handles("layer_norm", "native_layer_norm")
def layer_norm(c: Converter, call: Call) -> None:
    x, weight, bias = call["input"], call.get("weight"), call.get("bias")
    axes = len(call["normalized_shape"])
    for axis in range(1, axes + 1):
        c.axis(x, -axis)
    parameters: dict[str, Any] = {"axes": axes, "eps": call.get("eps", 1e-5)}
    if weight is None or bias is not None:
        parameters["affine"] = weight is not None
        c.emit(call.result, "LayerNorm", parameters, [x], {"weight": weight, "bias": bias})
        return
    plain = c.new_symbol(call.result.shape)
    c.emit(plain, "LayerNorm", {**parameters, "affine": False}, [x])
    elementwise(c, call.result, "Multiply", [plain, weight])


@handles("rms_norm", "_fused_rms_norm")
def rms_norm(c: Converter, call: Call) -> None:
    axes, weight = len(call["normalized_shape"]), call.get("weight")
    for axis in range(1, axes + 1):
        c.axis(call["input"], -axis)
    parameters = {"axes": axes, "eps": call.get("eps"), "affine": weight is not None}
    c.emit(call.result, "RMSNorm", parameters, [call["input"]], {"weight": weight})


@handles("group_norm", "native_group_norm")
def group_norm(c: Converter, call: Call) -> None:
    weight = call.get("weight")
    c.emit(
        call.result,
        "GroupNorm",
        {
            "num_groups": call.get("num_groups", call.get("group")),
            "eps": call.get("eps", 1e-5),
            "affine": weight is not None,
        },
        [c.plain(call["input"])],
        {"weight": weight, "bias": call.get("bias")},
    )


@handles("instance_norm")
def instance_norm(c: Converter, call: Call) -> None:
    x, weight = call["input"], call.get("weight")
    if call.get("running_mean") is not None or not call.get("use_input_stats", True):
        raise UnsupportedError("an instance norm with running statistics")
    n = x.dim() - 2
    parameters = {"eps": call.get("eps", 1e-5), "affine": weight is not None}
    state = {"weight": weight, "bias": call.get("bias")}
    c.emit(call.result, f"InstanceNorm{n}d", parameters, [c.plain(x)], state)


@handles("linalg_vector_norm", "norm")
def norm(c: Converter, call: Call) -> None:
    from designer.folding.patterns.reductions import reduced

    order = call.get("ord", call.get("p", 2))
    reduced(c, call, "norm", ord=float(2 if order is None else order))


@handles("pairwise_distance")
def pairwise_distance(c: Converter, call: Call) -> None:
    """Write the distance of two vectors as the norm of what they differ by."""
    from designer.folding.patterns.arithmetic import elementwise
    from designer.folding.patterns.reductions import reduced

    one, other = call["x1"], call["x2"]
    shape = one.shape if one.dim() >= other.dim() else other.shape
    apart, shifted = c.new_symbol(shape), c.new_symbol(shape)
    elementwise(c, apart, "Subtract", [one, other])
    c.emit(shifted, "AddScalar", {"value": float(call.get("eps", 1e-6))}, [apart])
    arguments = {"self": shifted, "dim": -1, "keepdim": call.get("keepdim", False)}
    norm = Call(call.operation, arguments, call.results)
    reduced(c, norm, "norm", ord=float(call.get("p", 2)))


@handles("_weight_norm", "_weight_norm_interface")
def weight_norm(c: Converter, call: Call) -> None:
    raise UnsupportedError(
        "weight_norm computes the weight in each step; torch.nn.utils.parametrize."
        "remove_parametrizations(layer, 'weight') before the export leaves its present value"
    )
