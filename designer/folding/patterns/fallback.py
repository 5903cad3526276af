"""An operation that no layer expresses, as an Opaque node with all that is known of it."""

from designer.folding.patterns.converted import OpaqueNode
from designer.folding.patterns.converter import Converter
from designer.folding.patterns.in_place import names_in
from designer.folding.patterns.names import kind_name
from designer.folding.patterns.values import Call, Symbol, Value
from designer.layers.opaque import ShapeAndType, StoredShape
from designer.readers.graph import PARAMETER, Operation

OPAQUE = "Opaque"
_LONGEST = 200  # characters of a text


def opaque(c: Converter, call: Call, reason: str) -> OpaqueNode:
    """Add a node for an operation that no layer expresses; return it."""
    operation = call.operation
    given = [n for each in operation.arguments.values() for n in names_in(each)]
    inputs, stored = [], []
    names: set[str] = set()
    state: dict[str, Symbol] = {}
    for name in dict.fromkeys(given):
        symbol = c.symbol(name)
        tensor = c.tensors.get(name)
        if name in c.values or tensor is None:
            if name in c.values or not c.is_constant(symbol):
                inputs.append(c.value(symbol) if name in c.values else _unknown(c, symbol))
            continue
        key = tensor.key.rpartition(".")[2]
        while key in names:
            key += "_"
        names.add(key)
        whole = not symbol.is_float()
        buffer = tensor.kind != PARAMETER
        stored.append(StoredShape(key, ShapeAndType(symbol.shape, whole), buffer))
        state[key] = symbol
    batch = _batch(c, call)
    outputs = [
        ShapeAndType(_own_shape(c, each, batch), not each.is_float()) for each in call.results
    ]
    parameters = {
        "operation": _printable(operation.original or operation.kind),
        "line": _printable(operation.line),
        "reason": "" if reason == f"no layer for {operation.kind}" else _printable(reason),
        "given": ", ".join(str(ShapeAndType(each.shape)) for each in inputs),
        "outputs": ", ".join(map(str, outputs)),
        "tensors": ", ".join(map(str, stored)),
    }
    node = c.add(OPAQUE, parameters, inputs, state, text=_text(call))
    for port, (each, made) in enumerate(zip(call.results, outputs, strict=True)):
        if made.integer:
            c.integers.add((node, port))
        own = batch if batch is not None and len(each.shape) > batch else None
        c.know(each, Value(node, own, made.shape, port))
    return OpaqueNode(node, parameters["operation"], parameters["line"], reason)


def no_layer(operation: Operation) -> str:
    """Return the reason of an operation that no handler takes, as far as its reader knows it."""
    return operation.reason or f"no layer for {operation.kind}"


def _printable(text: object) -> str:
    """Return a text of the file as one that a design can hold."""
    return "".join([each for each in str(text) if each.isprintable()])[:_LONGEST]


def _text(call: Call) -> str:
    return kind_name(call.operation.kind)


def _unknown(c: Converter, symbol: Symbol) -> Value:
    """Return a value that an operation before did not give, such as random numbers."""
    node = c.add("Constant", {"shape": symbol.shape or (1,)}, (), text="unknown")
    value = Value(node, None, symbol.shape or (1,))
    c.know(symbol, value)
    return value


def _batch(c: Converter, call: Call) -> int | None:
    """Return the axis of the images in the results: that of an input, if their size lies there."""
    for each in call.arguments.values():
        for symbol in each if isinstance(each, tuple) else (each,):
            if isinstance(symbol, Symbol) and symbol.name in c.values:
                batch = c.values[symbol.name].batch
                if batch is not None and batch >= 0:
                    shape = call.result.shape
                    return batch if len(shape) > batch and shape[batch] == c.size else None
    return None


def _own_shape(c: Converter, symbol: Symbol, batch: int | None) -> tuple[int, ...]:
    shape = symbol.shape
    if batch is not None and len(shape) > batch:
        shape = (*shape[:batch], *shape[batch + 1 :])
    return shape or (1,)
