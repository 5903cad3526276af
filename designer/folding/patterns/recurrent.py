"""Recurrent layers that begin with zeros, and cells, of which each call is one step."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from designer.folding.patterns.arithmetic import elementwise
from designer.folding.patterns.converter import Converter
from designer.folding.patterns.dense import dense
from designer.folding.patterns.handlers import handles
from designer.folding.patterns.parts import cut
from designer.folding.patterns.values import Call, Symbol, UnsupportedError, Value

LAYERS = {
    "lstm": ("LSTM", {}),
    "gru": ("GRU", {}),
    "rnn_tanh": ("RNN", {}),
    "rnn_relu": ("RNN", {"nonlinearity": "relu"}),
}
"""The layer of each kind of operation, and its parameters that are not arguments."""


@handles(*LAYERS)
def recurrent(c: Converter, call: Call) -> None:
    """Make a layer for the outputs of all steps, and one for the state at the end."""
    layer, more = LAYERS[call.operation.kind]
    x, states, params = call["input"], call["hx"], call["params"]
    for each in states if isinstance(states, tuple) else (states,):
        if not c.is_constant(each) or np.any(c.array(each)):
            raise UnsupportedError("a recurrent layer that does not begin with zeros")
    layers, both = call["num_layers"], call.get("bidirectional", False)
    directions, biases = 1 + both, call["has_biases"]
    if len(params) != layers * directions * (4 if biases else 2):
        raise UnsupportedError("a recurrent layer with projections")
    value, batch = c.value(x), 0 if call.get("batch_first", False) else 1
    if x.dim() != 3 or value.batch != batch or len(value.shape) != 2:
        raise UnsupportedError("a recurrent layer over other than the sequence of each sample")
    hidden = params[1].shape[1]
    parameters = {
        "hidden_size": hidden,
        "num_layers": layers,
        "bidirectional": both,
        "bias": biases,
        "dropout": float(call.get("dropout", 0.0)) if layers > 1 else 0.0,
        **more,
    }
    names = [*_names(layers, directions, biases)]
    state = dict(zip(names, params, strict=True))
    outputs, last = call.results[0], call.results[1]
    if len(call.results) > 2 and c.is_read(call.results[2]):
        raise UnsupportedError("a cell state that is read")
    width = hidden * directions
    if c.is_read(last) and layers > 1 and not _is_of_last_layer(c, last, layers, directions):
        _layer_by_layer(c, call, layer, parameters, state)
        return
    if not c.is_read(outputs) and c.is_read(last):
        name = c.add(layer, {**parameters, "output": "last_state"}, (value,), state)
        _know_last(c, last, Value(name, batch, (width,)), layers, directions)
        return
    name = c.add(layer, parameters, (value,), state)
    sequence = Value(name, batch, (value.shape[0], width))
    c.know(outputs, sequence)
    if c.is_read(last):
        made = _last_of(c, sequence, directions)
        _know_last(c, last, made, layers, directions)


def _is_of_last_layer(c: Converter, last: Symbol, layers: int, directions: int) -> bool:
    """Tell whether only states of the last layer are read, one by one."""
    first = (layers - 1) * directions
    return last.name not in c.graph_outputs and all(
        each.kind == "select"
        and each.arguments.get("dim", 0) == 0
        and isinstance(index := each.arguments.get("index"), int)
        and index % (layers * directions) >= first
        for each in c.readers[last.name]
    )


def _layer_by_layer(
    c: Converter,
    call: Call,
    layer: str,
    parameters: dict[str, Any],
    state: dict[str, Symbol | None],
) -> None:
    """Make a layer of each one of a stack, since the states of all of them are read."""
    value, dropout = c.value(call["input"]), parameters["dropout"]
    directions = 1 + parameters["bidirectional"]
    hidden = parameters["hidden_size"]
    ends: list[Value] = []
    for number in range(parameters["num_layers"]):
        if number and dropout:
            value = value._replace(node=c.add("Dropout", {"p": dropout}, (value,)), port=0)
        own = {
            key.replace(f"_l{number}", "_l0"): each
            for key, each in state.items()
            if re.search(rf"_l{number}(_reverse)?$", key)
        }
        alone = {**parameters, "num_layers": 1, "dropout": 0.0}
        shape = (value.shape[0], hidden * directions)
        value = Value(c.add(layer, alone, (value,), own), value.batch, shape)
        ends.append(c.reshaped(_last_of(c, value, directions), (directions, hidden)))
    c.know(call.results[0], value)
    joined = c.add("Concat", {"dim": 1}, ends)
    c.know(call.results[1], Value(joined, 1, (len(ends) * directions, hidden)))


def _names(layers: int, directions: int, biases: bool) -> Iterator[str]:
    for number in range(layers):
        for suffix in ("", "_reverse")[:directions]:
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")[: 4 if biases else 2]:
                yield f"{kind}_l{number}{suffix}"


def _last_of(c: Converter, sequence: Value, directions: int) -> Value:
    """Return the state at the end from the outputs of all steps: the backward one is the first."""
    length, width = sequence.shape
    hidden = width // directions
    ends = [cut(c, sequence, 1, length - 1, length)]
    if directions > 1:
        first = cut(c, sequence, 1, 0, 1)
        ends = [cut(c, ends[0], 2, 0, hidden), cut(c, first, 2, hidden, width)]
        joined = c.add("Concat", {"dim": 2}, ends)
        ends = [Value(joined, sequence.batch, (1, width))]
    return c.reshaped(ends[0], (width,))


def _know_last(c: Converter, last: Symbol, made: Value, layers: int, directions: int) -> None:
    """Say what the states at the end are, of which the layer gives those of the last one."""
    hidden = made.shape[0] // directions
    if layers == 1:
        one = c.reshaped(made, (directions, hidden)) if directions > 1 else made
        if directions == 1:
            one = c.reshaped(made, (1, hidden))
        c.know(last, one._replace(batch=1))
        return
    for reader in c.readers[last.name]:
        index = reader.arguments.get("index")
        if reader.kind != "select" or reader.arguments.get("dim", 0) != 0 or index is None:
            raise UnsupportedError("the state of a layer below the last one")
        place = index % (layers * directions) - (layers - 1) * directions
        if place < 0:
            raise UnsupportedError("the state of a layer below the last one")
        own = made
        if directions > 1:
            parameters = {"dim": 1, "start": place * hidden, "stop": (place + 1) * hidden}
            own = Value(c.add("Slice", parameters, (made,)), 0, (hidden,))
        c.know(c.symbol(reader.results[0]), own._replace(batch=0))
        c.skipped.add(id(reader))
    c.know(last, made)


# Cells


@handles("rnn_tanh_cell", "rnn_relu_cell")
def rnn_cell(c: Converter, call: Call) -> None:
    """Write a step as the sum of two products and its function."""
    gates = [_gates(c, call, which) for which in ("ih", "hh")]
    kind = "Tanh" if call.operation.kind == "rnn_tanh_cell" else "ReLU"
    c.emit(call.result, kind, {}, [_joined(c, "Add", *gates)])


@handles("lstm_cell")
def lstm_cell(c: Converter, call: Call) -> None:
    """Write a step with its four gates: c' = f c + i tanh(g), h' = o tanh(c')."""
    gates = _joined(c, "Add", *[_gates(c, call, which) for which in ("ih", "hh")])
    given, forgotten, new, shown = _parts(c, gates, 4)
    before = call["hx"][1]
    kept = _joined(c, "Multiply", _of(c, "Sigmoid", forgotten), before)
    added = _joined(c, "Multiply", _of(c, "Sigmoid", given), _of(c, "Tanh", new))
    hidden, cell = call.results[:2]
    elementwise(c, cell, "Add", [kept, added])
    elementwise(c, hidden, "Multiply", [_of(c, "Sigmoid", shown), _of(c, "Tanh", cell)])


@handles("gru_cell")
def gru_cell(c: Converter, call: Call) -> None:
    """Write a step with its gates: n = tanh(i + r h), h' = z (h - n) + n."""
    of_input, of_hidden = (_parts(c, _gates(c, call, which), 3) for which in ("ih", "hh"))
    reset, update = (
        _of(c, "Sigmoid", _joined(c, "Add", *each))
        for each in zip(of_input[:2], of_hidden[:2], strict=True)
    )
    new = _joined(c, "Add", of_input[2], _joined(c, "Multiply", reset, of_hidden[2]))
    new = _of(c, "Tanh", new)
    change = _joined(c, "Multiply", _joined(c, "Subtract", call["hx"], new), update)
    elementwise(c, call.result, "Add", [change, new])


def _gates(c: Converter, call: Call, which: str) -> Symbol:
    """Multiply the input of a cell by its weights, or its state by those of the state."""
    states = call["hx"]
    x = call["input"] if which == "ih" else states[0] if isinstance(states, tuple) else states
    weight = call[f"w_{which}"]
    if x.dim() != 2:
        raise UnsupportedError("a recurrent cell without a batch")
    product = c.new_symbol((x.shape[0], weight.shape[0]))
    dense(c, product, x, weight, call.get(f"b_{which}"))
    return product


def _parts(c: Converter, gates: Symbol, count: int) -> list[Symbol]:
    """Return each gate of a cell, which one product gives side by side."""
    value = c.value(gates)
    name = c.add("Split", {"dim": 1, "chunks": count}, (value,))
    width = gates.shape[1] // count
    found = [c.new_symbol((gates.shape[0], width)) for _ in range(count)]
    for port, each in enumerate(found):
        c.know(each, Value(name, value.batch, (width,), port))
    return found


def _joined(c: Converter, layer: str, *inputs: Symbol) -> Symbol:
    made = c.new_symbol(inputs[0].shape)
    elementwise(c, made, layer, inputs)
    return made


def _of(c: Converter, layer: str, x: Symbol) -> Symbol:
    made = c.new_symbol(x.shape)
    c.emit(made, layer, {}, [x])
    return made
