"""Parts of tensors, and tensors of parts."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from designer.folding.patterns.converter import Converter
from designer.folding.patterns.handlers import handles
from designer.folding.patterns.values import Call, Symbol, UnsupportedError, Value, as_axes


def cut(c: Converter, value: Value, axis: int, start: int, stop: int, step: int = 1) -> Value:
    """Return the positions from `start` to `stop` of an axis, from 1 on."""
    size = value.shape[axis - 1]
    if (start, stop, step) == (0, size, 1):
        return value
    parameters: dict[str, Any] = {"dim": axis, "start": start}
    if stop < size:
        parameters["stop"] = stop
    if step != 1:
        parameters["step"] = step
    shape = (*value.shape[: axis - 1], len(range(start, stop, step)), *value.shape[axis:])
    return Value(c.add("Slice", parameters, (value,)), value.batch, shape)


def _bounds(size: int, start: Any, end: Any) -> tuple[int, int]:
    """Return the range of a slice as torch reads it."""
    found = slice(start, end).indices(size)
    return found[0], max(found[0], found[1])


@handles("chunk", "split", "split_with_sizes", "unsafe_split", "unsafe_chunk", "tensor_split")
def parts(c: Converter, call: Call) -> None:
    x, results = call["self"], call.results
    dim = call.get("dim", 0) % x.dim()
    axis, value, start = c.axis(x, dim), c.value(x), 0
    sizes = {each.shape[dim] for each in results}
    if len(sizes) == 1 and 2 <= len(results) <= 64:
        name = c.add("Split", {"dim": axis, "chunks": len(results)}, (value,))
        for port, each in enumerate(results):
            c.know(each, Value(name, value.batch, c.shape_of(each, value.batch), port))
        return
    for each in results:
        size = each.shape[dim]
        c.know(each, cut(c, value, axis, start, start + size))
        start += size


@handles("unbind")
def unbind(c: Converter, call: Call) -> None:
    for number, each in enumerate(call.results):
        _pick(c, call["self"], call.get("dim", 0), number, each)


@handles("select")
def select(c: Converter, call: Call) -> None:
    _pick(c, call["self"], call.get("dim", 0), call["index"], call.result)


@handles("slice")
def slice_of(c: Converter, call: Call) -> None:
    x, dim = call["self"], call.get("dim", 0)
    size, value = x.shape[dim], c.value(x)
    start, stop = _bounds(size, call.get("start"), call.get("end"))
    step = call.get("step", 1)
    if (start, stop, step) == (0, size, 1):
        c.know(call.result, value)
        return
    if value.batch == dim % x.dim() and c.has_pieces(x) and c.size > 1:
        raise UnsupportedError("a choice of images")
    c.know(call.result, cut(c, value, c.axis(x, dim), start, stop, step))


@handles("narrow")
def narrow(c: Converter, call: Call) -> None:
    x, dim = call["self"], call["dim"]
    start = call["start"] % x.shape[dim]
    c.know(call.result, cut(c, c.value(x), c.axis(x, dim), start, start + call["length"]))


def _pick(c: Converter, x: Symbol, dim: int, number: int, result: Symbol) -> None:
    dim %= x.dim()
    axis, value = c.axis(x, dim), c.value(x)
    if value.batch == dim:
        raise UnsupportedError("a choice of images")
    number %= x.shape[dim]
    one = cut(c, value, axis, number, number + 1)
    shape = (*one.shape[: axis - 1], *one.shape[axis:])
    batch = value.batch
    if batch is not None and dim < batch:
        batch -= 1
    c.know(result, c.reshaped(one, shape or (1,))._replace(batch=batch))


@handles("index")
def index(c: Converter, call: Call) -> None:
    x, given = call["self"], [(n, each) for n, each in enumerate(call["indices"]) if each]
    if len(given) == 1:
        ((dim, positions),) = given
        _index(c, call, x, dim, positions)
        return
    _index_of_several(c, call, x, [n for n, _ in given], [each for _, each in given])


def _index_of_several(
    c: Converter, call: Call, x: Symbol, dims: Sequence[int], positions: Sequence[Symbol]
) -> None:
    """Pick by positions of neighboring axes, which become one axis."""
    known = all(c.is_constant(each) and each.dtype in ("int64", "int32") for each in positions)
    if not known or [*dims] != [*range(dims[0], dims[0] + len(dims))]:
        raise UnsupportedError("an index by several tensors")
    value = c.value(x)
    axes = [c.axis(x, dim) for dim in dims]
    if value.batch in dims:
        raise UnsupportedError("a choice of images")
    sizes = [x.shape[dim] for dim in dims]
    arrays = [c.array(each) % size for each, size in zip(positions, sizes, strict=True)]
    flat = np.ravel_multi_index(np.broadcast_arrays(*arrays), sizes)
    before, after = value.shape[: axes[0] - 1], value.shape[axes[-1] :]
    one = c.reshaped(value, (*before, int(np.prod(sizes)), *after))
    numbers = c.value(c.constant(flat.astype(np.int64)))
    name = c.add("Index", {"dim": axes[0]}, (one, numbers))
    batch = value.batch
    if batch is not None and dims[0] < batch:
        batch += flat.ndim - len(dims)
    c.know(call.result, Value(name, batch, (*before, *flat.shape, *after)))


@handles("index_select")
def index_select(c: Converter, call: Call) -> None:
    _index(c, call, call["self"], call["dim"] % call["self"].dim(), call["index"])


def _index(c: Converter, call: Call, x: Symbol, dim: int, positions: Symbol) -> None:
    if not isinstance(positions, Symbol) or not c.is_constant(positions):
        raise UnsupportedError("a choice by computed positions")
    if positions.dtype not in ("int64", "int32"):
        raise UnsupportedError("a choice by a mask")
    value = c.value(x)
    axis = c.axis(x, dim)
    if value.batch == dim:
        raise UnsupportedError("a choice of images")
    array = c.array(positions)
    numbers = c.value(positions)
    if (array < 0).any():
        numbers = c.value(c.constant(np.where(array < 0, array + x.shape[dim], array)))
    shape = (*value.shape[: axis - 1], *(positions.shape or (1,)), *value.shape[axis:])
    name = c.add("Index", {"dim": axis}, (value, numbers))
    batch = value.batch
    if batch is not None and dim < batch:
        batch += positions.dim() - 1
    c.know(call.result, Value(name, batch, shape))


@handles("slice_scatter")
def slice_scatter(c: Converter, call: Call) -> None:
    """Put a part in the place of another one: what lies before, the part, and what lies behind."""
    x, part, dim = call["self"], call["src"], call.get("dim", 0)
    start, stop = _bounds(x.shape[dim], call.get("start"), call.get("end"))
    if call.get("step", 1) != 1:
        raise UnsupportedError("values written at every second place of a tensor")
    _scatter(c, call.result, x, part, dim % x.dim(), start, stop)


@handles("select_scatter")
def select_scatter(c: Converter, call: Call) -> None:
    x, dim = call["self"], call.get("dim", 0) % call["self"].dim()
    start = call["index"] % x.shape[dim]
    part = call["src"]
    wide = c.new_symbol((*part.shape[:dim], 1, *part.shape[dim:]))
    value = c.value(part)
    if value.batch is not None:
        batch = value.batch + (dim <= value.batch)
        c.know(wide, c.reshaped(value, c.shape_of(wide, batch))._replace(batch=batch))
    else:
        c.know(wide, c.reshaped(value, wide.shape))
    _scatter(c, call.result, x, wide, dim, start, start + 1)


def _scatter(
    c: Converter, result: Symbol, x: Symbol, part: Symbol, dim: int, start: int, stop: int
) -> None:
    size = x.shape[dim]
    if (start, stop) == (0, size):
        c.know(result, c.value(part))
        return
    if c.value(x).batch == dim and not c.has_pieces(x):
        raise UnsupportedError("values written into some images")
    axis, value = c.axis(x, dim), c.value(x)
    pieces = [cut(c, value, axis, 0, start)] if start else []
    pieces.append(c.value(part))
    pieces += [cut(c, value, axis, stop, size)] if stop < size else []
    if len({each.batch for each in pieces}) > 1:
        raise UnsupportedError("values written into each image that are the same for all")
    c.emit(result, "Concat", {"dim": axis}, pieces)


@handles("cat", "concat", "concatenate")
def cat(c: Converter, call: Call) -> None:
    from designer.folding.patterns.arithmetic import broadcast

    tensors = [each for each in call["tensors"] if each.numel()]
    dim, result = call.get("dim", 0), call.result
    axes = {c.axis(each, dim) for each in tensors if c.value(each).batch is not None}
    values = broadcast(c, result, tensors) if axes else [c.value(each) for each in tensors]
    axis = axes.pop() if axes else dim % result.dim() + 1
    if len(values) == 1:
        c.know(result, values[0])
        return
    batch = next((each.batch for each in map(c.value, tensors) if each.batch is not None), None)
    c.emit(result, "Concat", {"dim": axis}, values, batch=batch)


@handles("stack")
def stack(c: Converter, call: Call) -> None:
    tensors = call["tensors"]
    dim = call.get("dim", 0) % call.result.dim()
    values = [c.value(each) for each in tensors]
    batch = values[0].batch
    if len({each.batch for each in values}) > 1:
        raise UnsupportedError("a stack of tensors with and without images")
    if batch is not None and dim <= batch:
        axis, batch = dim, batch + 1
    else:
        axis = dim - (batch is not None and not c.has_pieces(tensors[0]))
    values = [c.reshaped(each, (*each.shape[:axis], 1, *each.shape[axis:])) for each in values]
    c.emit(call.result, "Concat", {"dim": axis + 1}, values, batch=batch)


@handles("roll")
def roll(c: Converter, call: Call) -> None:
    x = call["self"]
    shifts, dims = as_axes(call["shifts"]), as_axes(call.get("dims", ()))
    if len(shifts) != len(dims):
        raise UnsupportedError("a roll of all values")
    axes = [c.axis(x, each) for each in dims]
    c.emit(call.result, "Roll", {"shifts": shifts, "dim": axes}, [x])


@handles("flip")
def flip(c: Converter, call: Call) -> None:
    x = call["self"]
    value = c.value(x)
    for dim in as_axes(call["dims"]):
        axis = c.axis(x, dim)
        if dim % x.dim() == value.batch:
            raise UnsupportedError("a flip of the images")
        order = c.constant(np.arange(value.shape[axis - 1] - 1, -1, -1, dtype=np.int64))
        name = c.add("Index", {"dim": axis}, (value, c.value(order)))
        value = Value(name, value.batch, value.shape)
    c.know(call.result, value)


@handles("unfold")
def unfold(c: Converter, call: Call) -> None:
    """Take overlapping windows of an axis by a table of positions."""
    x, dim = call["self"], call["dimension"]
    size, step = call["size"], call["step"]
    axis, value = c.axis(x, dim), c.value(x)
    starts = np.arange(0, value.shape[axis - 1] - size + 1, step, dtype=np.int64)
    table = c.constant(starts[:, None] + np.arange(size, dtype=np.int64))
    name = c.add("Index", {"dim": axis}, (value, c.value(table)))
    shape: Sequence[int] = (*value.shape[: axis - 1], len(starts), size, *value.shape[axis:])
    order = [*range(1, len(shape) + 1)]
    order.append(order.pop(axis))
    made = Value(name, value.batch, tuple(shape))
    if order != sorted(order):
        shape = tuple(shape[each - 1] for each in order)
        made = Value(c.add("Permute", {"order": order}, (made,)), value.batch, shape)
    c.know(call.result, made)
