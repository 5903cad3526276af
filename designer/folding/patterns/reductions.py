"""Means, sums and other reductions over axes."""

from math import prod
from typing import Any

from designer.folding.patterns.arithmetic import batch_of, broadcast, elementwise
from designer.folding.patterns.converter import Converter
from designer.folding.patterns.handlers import handles
from designer.folding.patterns.values import Call, Symbol, UnsupportedError, Value, as_axes

_SMALLEST = 1e-30


def reduced(c: Converter, call: Call, kind: str, **more: Any) -> None:
    """Add a reduction over the axes that an operation names."""
    keep = bool(call.get("keepdim", False))
    reduce(c, call.result, call["self"], kind, call.get("dim"), keep=keep, **more)


def reduce(
    c: Converter, result: Symbol, x: Symbol, kind: str, dim: Any, *, keep: bool = False, **more: Any
) -> None:
    """Add a reduction over axes; None for all."""
    value = c.value(x)
    if value.batch is not None and c.has_pieces(x) and value.batch in _axes(x, dim):
        raise UnsupportedError(f"{kind} over the batch")
    gone = _axes(x, dim)
    axes = sorted(c.axis(x, each) for each in gone)
    batch = value.batch
    if batch is not None and not keep:
        batch -= sum(each < batch for each in gone)
    everything = len(axes) == len(value.shape)
    parameters = {"reduction": kind, "dim": axes, "keepdim": keep or everything, **more}
    if everything and not keep:
        name = c.add("Reduce", parameters, (value,))
        ones = Value(name, batch, (1,) * len(value.shape))
        c.know(result, c.reshaped(ones, c.shape_of(result, batch)))
        return
    c.emit(result, "Reduce", parameters, [x], batch=batch)


def _axes(x: Symbol, dim: Any) -> list[int]:
    """Return the axes over which is reduced; none given are all of them."""
    dims = [*range(x.dim())] if dim is None or dim == () else as_axes(dim)
    return sorted(each % x.dim() for each in dims)


def _reduction(kind: str) -> Any:
    def emit(c: Converter, call: Call) -> None:
        if "other" in call.arguments:
            larger(c, call, call["other"], kind)
        else:
            reduced(c, call, kind)

    return emit


def larger(c: Converter, call: Call, other: Any, kind: str) -> None:
    """Take the larger or the smaller one of two values: of tensors, or of a tensor and a number."""
    x = call["self"]
    if not isinstance(x, Symbol):
        x, other = other, x
    if not isinstance(other, Symbol):
        bounds = {"min": None, "max": None, {"max": "min", "min": "max"}[kind]: float(other)}
        c.emit(call.result, "Clamp", bounds, [x])
    elif kind == "max":
        elementwise(c, call.result, "Maximum", [x, other])
    else:
        turned = [c.new_symbol(each.shape) for each in (x, other)]
        for negative, each in zip(turned, (x, other), strict=True):
            c.emit(negative, "Negate", {}, [each])
        largest = c.new_symbol(call.result.shape)
        elementwise(c, largest, "Maximum", turned)
        c.emit(call.result, "Negate", {}, [largest])


handles("maximum", "fmax")(lambda c, call: larger(c, call, call["other"], "max"))
handles("minimum", "fmin")(lambda c, call: larger(c, call, call["other"], "min"))

for _name, _kind in (
    ("mean", "mean"), ("sum", "sum"), ("amax", "max"), ("amin", "min"), ("max", "max"),
    ("min", "min"),
):  # fmt: skip
    handles(_name)(_reduction(_kind))


@handles("cosine_similarity")
def cosine_similarity(c: Converter, call: Call) -> None:
    """Compare vectors along an axis, which is left out."""
    inputs = [call["x1"], call["x2"]]
    rank, result = max(each.dim() for each in inputs), call.result
    whole = Symbol("", (*result.shape, 1), result.dtype)  # only its number of axes matters
    values = broadcast(c, whole, inputs)
    batch = batch_of(c, whole, inputs)
    dim = call.get("dim", 1) % rank
    if batch is None or dim == batch:
        raise UnsupportedError("a similarity of other than two vectors of each image")
    own = dim + 1 - (dim > batch)
    longest = max(len(each.shape) for each in values)
    if longest != rank - 1:
        raise UnsupportedError("a similarity of several pieces of each image")
    alone = longest == 1
    parameters = {"dim": own, "keepdim": alone, "eps": call.get("eps", 1e-8)}
    name = c.add("CosineSimilarity", parameters, values)
    place = batch - (dim < batch)
    c.know(result, Value(name, place, c.shape_of(result, place)))


@handles("var")
def var(c: Converter, call: Call) -> None:
    variance(c, call.result, call["self"], call)


@handles("var_mean")
def var_mean(c: Converter, call: Call) -> None:
    x = call["self"]
    variance(c, call.results[0], x, call)
    keep = bool(call.get("keepdim"))
    reduce(c, call.results[1], x, "mean", call.get("dim"), keep=keep)


@handles("linalg_norm")
def linalg_norm(c: Converter, call: Call) -> None:
    """Take the norm of vectors along an axis."""
    dim = call.get("dim")
    if call.get("ord") not in (None, 2) or dim is None or len(as_axes(dim)) > 1:
        raise UnsupportedError("another norm than the Euclidean one of vectors")
    keep = bool(call.get("keepdim"))
    reduce(c, call.result, call["self"], "norm", dim, keep=keep)


@handles("logsumexp")
def logsumexp(c: Converter, call: Call) -> None:
    """Write it as the largest value plus the logarithm of what the others are beside that."""
    x, dim, keep = call["self"], call["dim"], bool(call.get("keepdim"))
    gone, shape = _axes(x, dim), call.result.shape
    kept = tuple([1 if axis in gone else size for axis, size in enumerate(x.shape)])
    largest, centered, powers = c.new_symbol(kept), c.new_symbol(x.shape), c.new_symbol(x.shape)
    reduce(c, largest, x, "max", dim, keep=True)
    elementwise(c, centered, "Subtract", [x, largest])
    c.emit(powers, "Exp", {}, [centered])
    sums, logarithm, most = (c.new_symbol(shape) for _ in range(3))
    reduce(c, sums, powers, "sum", dim, keep=keep)
    c.emit(logarithm, "Log", {}, [sums])
    reduce(c, most, x, "max", dim, keep=keep)
    elementwise(c, call.result, "Add", [most, logarithm])


@handles("std")
def std(c: Converter, call: Call) -> None:
    squares, positive = c.new_symbol(call.result.shape), c.new_symbol(call.result.shape)
    variance(c, squares, call["self"], call)
    # Of a deviation of 0 torch has the gradient 0, and of a root of 0 it has none.
    c.emit(positive, "Clamp", {"min": _SMALLEST, "max": None}, [squares])
    c.emit(call.result, "Sqrt", {}, [positive])


def variance(c: Converter, result: Symbol, x: Symbol, call: Call) -> None:
    """Write the variance as the mean of the squares of what is left without the mean."""
    dim, keep = call.get("dim"), bool(call.get("keepdim"))
    gone = _axes(x, dim)
    count = prod(x.shape[each] for each in gone)
    unbiased = call.get("unbiased", call.get("correction", 1))
    unbiased = 1 if unbiased is None else unbiased
    if count <= unbiased:
        raise UnsupportedError("a variance of a single value")
    kept = tuple([1 if axis in gone else size for axis, size in enumerate(x.shape)])
    mean, centered, squares = c.new_symbol(kept), c.new_symbol(x.shape), c.new_symbol(x.shape)
    reduce(c, mean, x, "mean", dim, keep=True)
    elementwise(c, centered, "Subtract", [x, mean])
    c.emit(squares, "Power", {}, [centered])
    if not unbiased:
        reduce(c, result, squares, "mean", dim, keep=keep)
        return
    average = c.new_symbol(result.shape)
    reduce(c, average, squares, "mean", dim, keep=keep)
    factor = {"factor": count / (count - unbiased), "learned": False}
    c.emit(result, "Scale", factor, [average], batch=c.value(average).batch)
