"""Recurrent layers: ONNX and torch write the gates in different orders, and the axes, too."""

from typing import NamedTuple

import numpy as np

from designer.readers.graph import Ref
from designer.readers.onnx.call import Call, NotExpressedError, operator
from designer.readers.onnx.nodes import Constant


class _Kind(NamedTuple):
    """What torch calls a recurrent operator.

    Attributes
    ----------
    function
        The function of torch, without activations that it may have.
    gates
        Where each of torch's gates stands among ONNX's.
    states
        How many tensors pass from step to step.
    activations
        The functions that it uses in one direction, in ONNX's order.
    """

    function: str
    gates: tuple[int, ...]
    states: int
    activations: tuple[str, ...]


_KINDS = {
    "LSTM": _Kind("lstm", (0, 2, 3, 1), 2, ("Sigmoid", "Tanh", "Tanh")),
    "GRU": _Kind("gru", (1, 0, 2), 1, ("Sigmoid", "Tanh")),
    "RNN": _Kind("rnn_tanh", (0,), 1, ("Tanh",)),
}


def _function(call: Call, kind: _Kind, directions: int) -> str:
    """Return torch's function, if it does what the node does."""
    activations = tuple(call.attribute("activations") or kind.activations * directions)
    if call.node.operator == "RNN" and activations == ("Relu",) * directions:
        return "rnn_relu"
    if activations != kind.activations * directions:
        raise NotExpressedError("other activations")
    if any(call.attribute(name) for name in ("clip", "input_forget")) or call.has(7):
        raise NotExpressedError("clipping, coupled gates or peepholes")
    if call.node.operator == "GRU" and not call.attribute("linear_before_reset", 0):
        raise NotExpressedError("a reset before the product")
    return kind.function


def _ordered(gates: tuple[int, ...], part: object) -> object:
    """Return the rows of a weight or bias of one direction in torch's order."""
    blocks = np.split(np.asarray(part), len(gates))
    return np.concatenate([blocks[each] for each in gates])


def _part(
    whole: Constant, gates: tuple[int, ...], direction: int, half: int | None, name: str
) -> Constant:
    """Return a weight, or one half of the biases, of one direction."""
    rows = whole.spec.shape[1] // (1 if half is None else 2)

    def turned(x: np.ndarray) -> object:
        one = x[direction]
        return _ordered(gates, one if half is None else np.split(one, 2)[half])

    return Call.turned(whole, turned, (rows, *whole.spec.shape[2:]), name)


def _parameters(call: Call, kind: _Kind, directions: int) -> tuple[Ref, ...]:
    found = []
    for direction in range(directions):
        suffix = "_l0" + "_reverse" * direction
        for position, name, half in (
            (1, "weight_ih", None),
            (2, "weight_hh", None),
            (3, "bias_ih", 0),
            (3, "bias_hh", 1),
        ):
            if not call.has(position):
                continue
            whole = call.constant(position)
            if whole is None:
                raise NotExpressedError("weights that are computed")
            role = name + suffix
            found.append(call.learned(_part(whole, kind.gates, direction, half, role), role))
    return tuple(found)


def _state(call: Call, position: int, directions: int, batch: int, batch_first: bool) -> Ref:
    """Return the state before the first step, zeros if none is given."""
    if call.has(position):
        found = call.ref(position)
        return call.permuted(found, (1, 0, 2)) if batch_first else found
    shape = (directions, batch, call.shape(2)[2])
    return call.fixed(np.zeros(shape, call.spec(0).dtype), f"state {position}")


@operator(*_KINDS)
def _recurrent(call: Call) -> tuple[Ref, ...]:
    kind = _KINDS[call.node.operator]
    direction = call.attribute("direction", "forward")
    directions = 2 if direction == "bidirectional" else 1
    function = _function(call, kind, directions)
    batch_first = bool(call.attribute("layout", 0))
    batch, steps = call.shape()[:2] if batch_first else call.shape()[1::-1]
    hidden = call.shape(2)[2]
    if call.has(4) and not (call.array(4) == steps).all():
        raise NotExpressedError("sequences of several lengths")
    x, along = call.ref(0), 1 if batch_first else 0
    if direction == "reverse":
        x = call.emit("flip", call.shape(), self=x, dims=(along,))
    states = [
        _state(call, 5 + number, directions, batch, batch_first) for number in range(kind.states)
    ]
    dtype = call.outputs[0].dtype if call.node.outputs[0] else call.spec(0).dtype
    wide = (
        (batch, steps, directions * hidden) if batch_first else (steps, batch, directions * hidden)
    )
    last = (directions, batch, hidden)
    spec = call.spec(0)
    y, *ends = call.emits(
        function,
        [spec._replace(shape=wide, dtype=dtype)] + [spec._replace(shape=last)] * kind.states,
        input=x,
        hx=tuple(states) if kind.states > 1 else states[0],
        params=_parameters(call, kind, directions),
        has_biases=call.has(3),
        num_layers=1,
        dropout=0.0,
        train=False,
        bidirectional=directions == 2,
        batch_first=batch_first,
    )
    if direction == "reverse":
        y = call.emit("flip", wide, self=y, dims=(along,))
    y = call.reshaped(y, (*wide[:2], directions, hidden))
    y = y if batch_first else call.permuted(y, (0, 2, 1, 3))
    if batch_first:
        ends = [call.permuted(each, (1, 0, 2)) for each in ends]
    return (y, *ends)
