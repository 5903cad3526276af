"""Recurrent layers that begin with zeros."""

from collections.abc import Iterator

import numpy as np

from designer.folding.patterns.converter import Converter
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
