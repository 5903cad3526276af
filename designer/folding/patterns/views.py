"""The same values: other axes over them, or no change at all."""

from collections.abc import Sequence
from math import prod

import numpy as np

from designer.folding.patterns.converter import Converter
from designer.folding.patterns.handlers import handles
from designer.folding.patterns.values import Call, Symbol, UnsupportedError, Value
from designer.readers.graph import Ref


@handles("contiguous", "clone", "detach", "alias", "lift_fresh_copy", "lift_fresh", "dropout_same")
def same(c: Converter, call: Call) -> None:
    known(c, call, call.first())


@handles("to", "_to_copy", "type_as", "float")
def converted(c: Converter, call: Call) -> None:
    x = call["self"]
    if call.result.dtype == "bool" != x.dtype and not c.is_constant(x):
        c.emit(call.result, "Compare", {"comparison": "ne"}, [x])
        return
    if x.is_float() != call.result.is_float() and not (
        x.dtype == "bool" and call.result.is_float() and not c.is_constant(x)
    ):
        raise UnsupportedError(f"a change of the type from {x.dtype} to {call.result.dtype}")
    known(c, call, x)


def known(c: Converter, call: Call, x: Symbol) -> None:
    """Let a result be the value that another one is."""
    for table in (c.standardized, c.noise, c.turned):
        if x.name in table:
            table[call.result.name] = table[x.name]
    c.know(call.result, c.value(x))


@handles("identity")
def identity(c: Converter, call: Call) -> None:
    c.emit(call.result, "Identity", {}, [call.first()])


@handles("view", "reshape", "flatten", "unflatten", "view_as", "reshape_as", "_unsafe_view")
def reshape(c: Converter, call: Call) -> None:
    x, result = call["self"], call.result
    if x.name in c.standardized:
        c.standardized[result.name] = c.standardized[x.name]
        if x.name not in c.values and not c.is_learned(x):
            return
    elif c.is_learned(x) and x.dim() == 4:
        c.standardized[result.name] = x  # perhaps rows of weights that are standardized
    value, shape = c.value(x), result.shape
    if value.batch is None:
        c.know(result, c.reshaped(value, shape or (1,)))
        return
    before, after = prod(x.shape[: value.batch]), prod(x.shape[value.batch :])
    places = [
        batch
        for batch in range(len(shape))
        if prod(shape[:batch]) == before
        and prod(shape[batch:]) == after
        and shape[batch] % c.size == 0
    ]
    if not places:
        raise UnsupportedError(f"a reshape of {x.shape} to {shape}, which mixes the images")
    batch = value.batch if value.batch in places else places[0]
    wanted = c.shape_of(result, batch)
    if call.operation.kind == "flatten" and batch == 0 and len(wanted) == 1 < len(value.shape):
        name = c.add("Flatten", {}, (value,))
        c.know(result, Value(name, batch, wanted))
        return
    c.know(result, c.reshaped(value, wanted)._replace(batch=batch))


@handles("squeeze", "squeeze_")
def squeeze(c: Converter, call: Call) -> None:
    x, dim = call["self"], call.get("dim")
    dims = range(x.dim()) if dim is None else dim if isinstance(dim, tuple) else (dim,)
    gone = sorted({each % max(1, x.dim()) for each in dims})
    gone = [each for each in gone if x.shape[each] == 1]
    value = c.value(x)
    if value.batch is None:
        c.know(call.result, c.reshaped(value, call.result.shape or (1,)))
        return
    if value.batch in gone:
        raise UnsupportedError("a squeeze of the batch")
    batch = value.batch - sum(each < value.batch for each in gone)
    c.know(call.result, c.reshaped(value, c.shape_of(call.result, batch))._replace(batch=batch))


@handles("unsqueeze", "unsqueeze_")
def unsqueeze(c: Converter, call: Call) -> None:
    x, value = call["self"], c.value(call["self"])
    if value.batch is None:
        c.know(call.result, c.reshaped(value, call.result.shape))
        return
    dim = call["dim"] % (x.dim() + 1)
    batch = value.batch + (dim <= value.batch)
    c.know(call.result, c.reshaped(value, c.shape_of(call.result, batch))._replace(batch=batch))


def permuted(c: Converter, x: Symbol, order: Sequence[int], result: Symbol) -> None:
    """Let a result have the axes of a value in another order."""
    if c.is_learned(x) and x.dim() == 2 and [*order] == [1, 0]:
        c.turned[result.name] = x
    value = c.value(x)
    order = [each % x.dim() for each in order]
    if value.batch is None:
        batch, own = None, [each + 1 for each in order]
    else:
        batch = order.index(value.batch)
        pieces = c.has_pieces(x)
        own = [c.axis(x, each) for each in order if pieces or each != value.batch]
    if own == sorted(own):
        c.know(result, value._replace(batch=batch))
        return
    name = c.add("Permute", {"order": own}, (value,))
    c.know(result, Value(name, batch, tuple(value.shape[each - 1] for each in own)))


@handles("permute")
def permute(c: Converter, call: Call) -> None:
    permuted(c, call["self"], call["dims"], call.result)


@handles("transpose", "transpose_", "swapaxes", "swapdims")
def transpose(c: Converter, call: Call) -> None:
    x = call["self"]
    one = call.get("dim0", call.get("axis0")) % x.dim()
    other = call.get("dim1", call.get("axis1")) % x.dim()
    order = [*range(x.dim())]
    order[one], order[other] = other, one
    permuted(c, x, order, call.result)


@handles("t", "mT", "numpy_T", "matrix_H", "adjoint")
def turned(c: Converter, call: Call) -> None:
    x = call["self"]
    if x.dim() != 2 and call.operation.kind in ("t", "numpy_T"):
        raise UnsupportedError("a transpose of other than two axes")
    permuted(c, x, [*range(x.dim() - 2), x.dim() - 1, x.dim() - 2], call.result)


@handles("movedim", "moveaxis")
def movedim(c: Converter, call: Call) -> None:
    x, source, target = call["self"], call["source"], call["destination"]
    sources = [source] if isinstance(source, int) else [*source]
    targets = [target] if isinstance(target, int) else [*target]
    places = {b % x.dim(): a % x.dim() for a, b in zip(sources, targets, strict=True)}
    rest = iter([each for each in range(x.dim()) if each not in places.values()])
    permuted(c, x, [places[n] if n in places else next(rest) for n in range(x.dim())], call.result)


@handles("repeat_interleave")
def repeat_interleave(c: Converter, call: Call) -> None:
    """Give each image several times, as often as it has windows; or each element of an axis."""
    x, repeats, dim = call["self"], call["repeats"], call.get("dim")
    if isinstance(dim, int) and isinstance(repeats, int) and c.value(x).batch != dim % x.dim():
        _repeat_elements(c, x, dim % x.dim(), repeats, call.result)
        return
    value = c.plain(x)
    if call.get("dim") != 0 or value.batch != 0 or not isinstance(repeats, int):
        raise UnsupportedError("repeat_interleave along another axis")
    wanted = (repeats, *value.shape)
    one = c.reshaped(value, (1, *value.shape))
    name = c.add("Add", {}, (one, c.zeros(wanted)))
    c.know(call.result, Value(name, 0, wanted))


def _repeat_elements(c: Converter, x: Symbol, dim: int, repeats: int, result: Symbol) -> None:
    """Give each element of an axis several times, one after the other."""
    apart = c.new_symbol((*x.shape[: dim + 1], 1, *x.shape[dim + 1 :]), x.dtype)
    spread = c.new_symbol((*x.shape[: dim + 1], repeats, *x.shape[dim + 1 :]), x.dtype)
    value = c.value(x)
    batch = None if value.batch is None else value.batch + (value.batch > dim)
    c.know(apart, c.reshaped(value, c.shape_of(apart, batch))._replace(batch=batch))
    _spread(c, apart, spread)
    made = c.reshaped(c.value(spread), c.shape_of(result, value.batch))
    c.know(result, made._replace(batch=value.batch))


@handles("copy")
def copy(c: Converter, call: Call) -> None:
    """Take the values that are copied, in the shape of what they are copied to."""
    source = call["src"]
    if not isinstance(source, Symbol):
        source = c.constant(np.array(float(source), np.float32))
    if source.is_float() != call.result.is_float():
        raise UnsupportedError(f"a copy of {source.dtype} to {call.result.dtype}")
    if source.shape == call.result.shape:
        c.know(call.result, c.value(source))
    else:
        _spread(c, source, call.result)


_SPREADING = ("expand", "broadcast_to", "expand_as", "repeat", "tile")
_JOINING = ("add", "sub", "mul", "div")


@handles(*_SPREADING)
def expand(c: Converter, call: Call) -> None:
    """Let a tensor stand for every image; along other axes add it to zeros."""
    _spread(c, call["self"], call.result)


def _is_only_joined(c: Converter, spread: Symbol) -> bool:
    """Tell whether all that read a value join it with one of its whole shape, as layers do."""
    readers = c.readers.get(spread.name, ())
    if spread.name in c.graph_outputs or not readers:
        return False
    for each in readers:
        others = [
            one.name
            for one in (each.arguments.get("self"), each.arguments.get("other"))
            if isinstance(one, Ref) and one.name != spread.name
        ]
        if each.kind not in _JOINING or len(others) != 1:
            return False
        made = c.producers.get(others[0])
        if c.specs[others[0]].shape != spread.shape or (made and made.kind in _SPREADING):
            return False
    return True


def _spread(c: Converter, x: Symbol, result: Symbol) -> None:
    value, shape = c.value(x), result.shape
    given = (1,) * (len(shape) - x.dim()) + x.shape
    if any(one not in (1, size) for one, size in zip(given, shape, strict=True)):
        if value.batch is not None or len(shape) != x.dim():
            raise UnsupportedError("a repetition of several values of each image")
        for axis, size in enumerate(shape):
            times = size // value.shape[axis]
            if times > 1:
                own = (*value.shape[:axis], size, *value.shape[axis + 1 :])
                name = c.add("Concat", {"dim": axis + 1}, [value] * times)
                value = Value(name, None, own)
        c.know(result, value)
        return
    batch = value.batch
    if batch is not None:
        batch += len(shape) - x.dim()
    elif given and given[0] == 1 and shape[0] == c.size > 1 and len(shape) > 1:
        if result.name in c.graph_outputs:
            raise UnsupportedError("an output that is the same for every image, once for each")
        batch = 0
        value = c.reshaped(value, given[1:])._replace(batch=0)
    wanted = c.shape_of(result, batch)
    spread = (1,) * (len(wanted) - len(value.shape)) + value.shape
    value = c.reshaped(value, spread)
    if spread != wanted and _is_only_joined(c, result):
        c.know(result, value._replace(batch=batch))
        return
    if spread != wanted:
        value = Value(c.add("Add", {}, (value, c.zeros(wanted))), batch, wanted)
    c.know(result, value._replace(batch=batch, shape=wanted))
