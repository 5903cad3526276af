"""Means, sums and other reductions over axes."""

from math import prod
from typing import Any

from designer.folding.patterns.arithmetic import batch_of, broadcast, elementwise
from designer.folding.patterns.converter import Converter
from designer.folding.patterns.handlers import handles
from designer.folding.patterns.values import Call, Symbol, UnsupportedError, Value, as_axes


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
        if kind == "max" and isinstance(call.get("other"), Symbol):
            elementwise(c, call.result, "Maximum", [call["self"], call["other"]])
        else:
            reduced(c, call, kind)

    return emit


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
    mean = call.results[1]
    parameters = {"reduction": "mean", "dim": _own_axes(c, x, call), "keepdim": True}
    c.emit(mean, "Reduce", parameters, [x])


@handles("std")
def std(c: Converter, call: Call) -> None:
    squares = c.new_symbol(call.result.shape)
    variance(c, squares, call["self"], call)
    c.emit(call.result, "Sqrt", {}, [squares])


def _own_axes(c: Converter, x: Symbol, call: Call) -> list[int]:
    if not call.get("keepdim"):
        raise UnsupportedError("a variance without its axes")
    return sorted(c.axis(x, each) for each in _axes(x, call.get("dim")))


def variance(c: Converter, result: Symbol, x: Symbol, call: Call) -> None:
    """Write the variance as the mean of the squares of what is left without the mean."""
    count = prod(x.shape[each] for each in _axes(x, call.get("dim")))
    unbiased = call.get("unbiased", call.get("correction", 1))
    unbiased = 1 if unbiased is None else int(unbiased)
    value, axes = c.value(x), _own_axes(c, x, call)

    def mean(of: Value) -> Value:
        parameters = {"reduction": "mean", "dim": axes, "keepdim": True}
        return of._replace(node=c.add("Reduce", parameters, (of,)), port=0)

    centered = value._replace(node=c.add("Subtract", {}, (value, mean(value))), port=0)
    squares = value._replace(node=c.add("Power", {}, (centered,)), port=0)
    made = mean(squares)
    if count == unbiased:
        raise UnsupportedError("a variance of a single value")
    factor = {"factor": count / (count - unbiased), "learned": False}
    c.emit(result, "Scale", factor, [made], batch=value.batch)
