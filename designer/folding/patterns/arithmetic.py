"""Operations of two or three values."""

from collections.abc import Sequence
from math import frexp, inf
from typing import Any

import numpy as np

from designer.folding.patterns.converter import Converter
from designer.folding.patterns.handlers import handles
from designer.folding.patterns.values import Call, Symbol, UnsupportedError, Value
from designer.layers.arithmetic import COMPARISONS

_LARGEST = 1e9  # of the numbers that a design can have
_NO_SCORE = -_LARGEST


def broadcast(c: Converter, result: Symbol, inputs: Sequence[Any]) -> list[Value]:
    """Return inputs in the shapes in which the design broadcasts them as torch does."""
    rank = result.dim()
    found: list[tuple[Value, int, Any]] = [
        (c.value(each), each.dim() if isinstance(each, Symbol) else 0, each) for each in inputs
    ]
    places = {value.batch + rank - dim for value, dim, _ in found if value.batch is not None}
    if len(places) > 1:
        raise UnsupportedError("inputs with their images along different axes")
    if not places:
        # Layers of two inputs take as many axes of both; a number has one in a design.
        plain = [value for value, _, _ in found]
        return [c.reshaped(each, (1,) * (rank - len(each.shape)) + each.shape) for each in plain]
    (batch,) = places
    pieces = any(value.batch is not None and len(value.shape) == dim > 1 for value, dim, _ in found)
    values = []
    for value, dim, each in found:
        missing = rank - dim
        if value.batch is not None:
            if pieces and len(value.shape) == dim - 1:
                raise UnsupportedError("several values of each image meet one")
            own = value.shape
            values.append(c.reshaped(value, (1,) * missing + own) if missing else value)
        elif dim > rank - 1 - batch and not pieces:
            values.append(_without_batch(c, value, each, batch - missing))
        else:
            values.append(value)
    return values


def _without_batch(c: Converter, value: Value, symbol: Symbol, at: int) -> Value:
    """Return what is the same for every image without the axis `at` of the images."""
    shape = symbol.shape
    if shape[at] != 1:
        if not c.is_constant(symbol):
            raise UnsupportedError(
                f"a tensor that all images share, of which {shape[at]} values lie along their axis"
            )
        array = c.array(symbol)
        one = np.take(array, [0], axis=at)
        if not (array == one).all():
            raise UnsupportedError("a tensor with values for each image of the batch")
        return c.value(c.constant(np.ascontiguousarray(one.squeeze(at))))
    return c.reshaped(value, (*shape[:at], *shape[at + 1 :]) or (1,))


def batch_of(c: Converter, result: Symbol, inputs: Sequence[Any]) -> int | None:
    """Return along which axis of the result the images lie."""
    for each in inputs:
        if isinstance(each, Symbol):
            value = c.value(each)
            if value.batch is not None:
                return value.batch + result.dim() - each.dim()
    return None


def elementwise(c: Converter, result: Symbol, layer: str, inputs: Sequence[Any]) -> None:
    """Add a layer that joins its inputs value by value, which compute with fractions."""
    inputs = [_fractions(c, each) if result.is_float() else each for each in inputs]
    values = broadcast(c, result, inputs)
    c.emit(result, layer, {}, values, batch=batch_of(c, result, inputs))


def _fractions(c: Converter, thing: Any) -> Any:
    """Return a constant of whole numbers as one of fractions, anything else as it is.

    Answers of a comparison are fractions in a design.
    """
    if not isinstance(thing, Symbol) or thing.is_float():
        return thing
    if thing.dtype == "bool" and not c.is_constant(thing):
        return thing
    if not c.is_constant(thing):
        raise UnsupportedError("whole numbers that depend on the input among fractions")
    return c.constant(c.array(thing).astype(np.float32))


def is_number(thing: Any) -> bool:
    """Tell whether an argument is a number, not a tensor."""
    return not isinstance(thing, Symbol)


@handles("add")
def add(c: Converter, call: Call) -> None:
    one, other, alpha = call["self"], call["other"], call.get("alpha", 1)
    if is_number(other):
        _shift(c, call, one, other * alpha)
        return
    other = times(c, other, alpha)
    if is_number(one):
        _shift(c, call, other, one)
    else:
        elementwise(c, call.result, "Add", [one, other])


def _shift(c: Converter, call: Call, x: Symbol, number: float) -> None:
    if number == 0:
        c.know(call.result, c.value(x))
    else:
        c.emit(call.result, "AddScalar", {"value": float(number)}, [x])


@handles("mul")
def mul(c: Converter, call: Call) -> None:
    one, other = call["self"], call["other"]
    if is_number(one):
        one, other = other, one
    if is_number(other):
        if c.is_learned(one) and one.dim() == 4 and one.shape[1:] == (1, 1, 1):
            c.standardized[call.result.name] = (one, float(other))  # gain of standardized weights
        _scale(c, call.result, one, float(other))
        return
    for x, drawn in ((one, other), (other, one)):
        if drawn.name in c.noise:
            _stochastic_depth(c, call, x, drawn)
            return
    elementwise(c, call.result, "Multiply", [one, other])


def _scale(c: Converter, result: Symbol, x: Symbol, factor: float) -> None:
    c.emit(result, "Scale", {"factor": factor, "learned": False}, [x])


def _stochastic_depth(c: Converter, call: Call, x: Symbol, drawn: Symbol) -> None:
    """Leave out a branch at random: a product with a number that was drawn for each image."""
    survival, scale = c.noise[drawn.name]
    if drawn.dim() != x.dim() or any(each != 1 for each in drawn.shape[1:]):
        raise UnsupportedError("a product with random numbers")
    value = c.plain(x)
    mode = "sample" if drawn.shape[0] == c.size else "batch"
    mean = scale * survival  # 1 where what is left is divided by the chance that it stays
    exact = abs(mean - 1) <= 1e-6
    made = call.result if exact else c.new_symbol(call.result.shape)
    c.emit(made, "StochasticDepth", {"p": 1 - survival, "mode": mode}, [value])
    if not exact:
        _scale(c, call.result, made, mean)


@handles("bernoulli")
def bernoulli(c: Converter, call: Call) -> None:
    # Without a probability of its own, the overload of a number draws with 0.5; the other one takes
    # the tensor's values for probabilities.
    p = call.get("p", 0.5 if call.operation.original.endswith(".float") else None)
    if p is None and c.is_constant(call["self"]):
        chances = c.array(call["self"])
        p = float(chances.reshape(-1)[0]) if (chances == chances.reshape(-1)[:1]).all() else None
    if not isinstance(p, int | float) or not 0 < p <= 1 or not c.is_constant(call["self"]):
        raise UnsupportedError("random numbers")
    c.noise[call.result.name] = (float(p), 1.0)


@handles("sub", "subtract")
def sub(c: Converter, call: Call) -> None:
    _difference(c, call, call["self"], call["other"])


@handles("rsub")
def rsub(c: Converter, call: Call) -> None:
    _difference(c, call, call["other"], call["self"])


def _difference(c: Converter, call: Call, one: Any, other: Any) -> None:
    if call.get("alpha", 1) != 1:
        raise UnsupportedError("a difference with a factor")
    if is_number(other):
        _shift(c, call, one, -other)
    elif is_number(one):
        batch = c.value(other).batch
        c.emit(call.result, "Subtract", {}, [c.value(one), other], batch=batch)
    else:
        elementwise(c, call.result, "Subtract", [one, other])


@handles("div", "divide", "true_divide")
def div(c: Converter, call: Call) -> None:
    one, other = call["self"], call["other"]
    if call.get("rounding_mode") is not None:
        raise UnsupportedError("a division that rounds")
    if is_number(one):
        batch = c.value(other).batch
        c.emit(call.result, "Divide", {}, [c.value(one), other], batch=batch)
    elif not is_number(other):
        elementwise(c, call.result, "Divide", [one, other])
    elif one.name in c.noise:
        survival, scale = c.noise[one.name]
        c.noise[call.result.name] = (survival, scale / other)
    elif abs(frexp(other)[0]) == 0.5:  # a power of 2: the quotient is the product, exactly
        _scale(c, call.result, one, 1 / other)
    else:
        c.emit(call.result, "Divide", {}, [one, c.value(other)])


@handles("addcmul")
def addcmul(c: Converter, call: Call) -> None:
    factors = [call["tensor1"], call["tensor2"]]
    product = c.new_symbol(_joined_shape(factors))
    elementwise(c, product, "Multiply", factors)
    product = times(c, product, call.get("value", 1))
    elementwise(c, call.result, "Add", [call["self"], product])


def _joined_shape(tensors: Sequence[Symbol]) -> tuple[int, ...]:
    """Return the shape of what several tensors give, value by value."""
    return np.broadcast_shapes(*[each.shape for each in tensors])


def times(c: Converter, x: Any, factor: float) -> Any:
    """Return a value times a number."""
    if factor == 1:
        return x
    made = c.new_symbol(x.shape)
    _scale(c, made, x, float(factor))
    return made


@handles("lerp")
def lerp(c: Converter, call: Call) -> None:
    """Go a share of the way from one tensor to another."""
    start, end, weight = call["self"], call["end"], call["weight"]
    way = c.new_symbol(_joined_shape([end, start]))
    elementwise(c, way, "Subtract", [end, start])
    if is_number(weight):
        part = times(c, way, weight)
    else:
        part = c.new_symbol(_joined_shape([way, weight]))
        elementwise(c, part, "Multiply", [way, weight])
    elementwise(c, call.result, "Add", [start, part])


def _comparison(kind: str) -> Any:
    def emit(c: Converter, call: Call) -> None:
        x, other = call["self"], call["other"]
        if is_number(other):
            c.emit(call.result, "Compare", {"comparison": kind, "value": float(other)}, [x])
            return
        values = broadcast(c, call.result, [x, other])
        batch = batch_of(c, call.result, [x, other])
        c.emit(call.result, "Compare", {"comparison": kind}, values, batch=batch)

    return emit


for _kind in COMPARISONS:
    handles(_kind)(_comparison(_kind))


@handles("logical_not", "bitwise_not")
def logical_not(c: Converter, call: Call) -> None:
    if call["self"].dtype != "bool":
        raise UnsupportedError(f"{call.operation.kind} of numbers")
    c.emit(call.result, "Compare", {"comparison": "eq"}, [call["self"]])


def _logic(layer: str) -> Any:
    def emit(c: Converter, call: Call) -> None:
        inputs = [call["self"], call["other"]]
        if any(is_number(each) or each.dtype != "bool" for each in inputs):
            raise UnsupportedError(f"{call.operation.kind} of numbers")
        elementwise(c, call.result, layer, inputs)

    return emit


handles("logical_and", "bitwise_and", "__and__")(_logic("Multiply"))
handles("logical_or", "bitwise_or", "__or__")(_logic("Maximum"))


@handles("where")
def where(c: Converter, call: Call) -> None:
    inputs = [call["condition"], call["self"], call["other"]]
    elementwise(c, call.result, "Where", inputs)


@handles("masked_fill")
def masked_fill(c: Converter, call: Call) -> None:
    number, mask = call["value"], call["mask"]
    if number == -inf and (_leaves_scores(c, call, mask) or _is_added(c, call)):
        number = _NO_SCORE
    if not isinstance(number, int | float) or not abs(number) <= _LARGEST:
        raise UnsupportedError("masked_fill with a number that a design cannot have")
    elementwise(c, call.result, "Where", [mask, number, call["self"]])


def _is_added(c: Converter, call: Call) -> bool:
    """Tell whether zeros are filled that are added to scores, as transformers do with padding."""
    x = call["self"]
    return c.is_constant(x) and not c.array(x).any() and _become_scores(c, call.result)


def _become_scores(c: Converter, mask: Symbol) -> bool:
    """Tell whether all that comes of a mask goes into an attention or a softmax."""
    readers = c.readers.get(mask.name, [])
    if not readers or mask.name in c.graph_outputs:
        return False
    return all(
        each.kind in ("softmax", "_softmax", "scaled_dot_product_attention", "baddbmm")
        or (each.kind in _OF_MASKS and all(_become_scores(c, c.symbol(n)) for n in each.results))
        for each in readers
    )


_OF_MASKS = ("view", "reshape", "expand", "unsqueeze", "contiguous", "clone", "add", "add_", "to",
             "_to_copy", "_unsafe_view", "transpose", "permute", "repeat")  # fmt: skip


def _leaves_scores(c: Converter, call: Call, mask: Any) -> bool:
    """Tell whether a mask fills scores of a softmax alone, and no row of them as a whole.

    The softmax of the most negative number of a design is 0 then, as that of minus infinity is.
    """
    result = call.result
    readers = c.readers.get(result.name, [])
    last = result.dim() - 1
    softmax = readers and all(
        each.kind in ("softmax", "_softmax") and each.arguments.get("dim") in (-1, last)
        for each in readers
    )
    if not softmax or result.name in c.graph_outputs:
        return False
    if not c.is_constant(mask):
        return True  # a row that is filled as a whole has no numbers in torch, and equal ones here
    array = c.array(mask)
    return array.ndim > 0 and array.shape[-1] == result.shape[-1] and not array.all(-1).any()
