"""Recurrent layers and attention, with their weights in torch's order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from designer.readers.graph import Ref, Shape
from designer.readers.keras.activation import name_of
from designer.readers.keras.calls import Call, NotExpressedError, Value, layer
from designer.readers.keras.config import LayerConfig, layer_of

_GATES: Mapping[str, int] = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
_MODULES = {"LSTM": "LSTM", "GRU": "GRU", "SimpleRNN": "RNN"}
_ALIKE = (
    "units",
    "activation",
    "recurrent_activation",
    "use_bias",
    "return_sequences",
    "reset_after",
)
"""Settings that both directions of one layer of torch share."""
_UPDATE_FIRST = (1, 0, 2)
"""The gates of a GRU: Keras has update, reset, new; torch reset, update, new."""


def _turned(kind: str, units: int) -> Callable[[Any], Any]:
    """Return what makes torch's matrix, or row, of that of Keras."""

    def turned(array: Any) -> Any:
        array = array.T
        if kind == "GRU":
            blocks = [array[each * units : (each + 1) * units] for each in _UPDATE_FIRST]
            array = np.concatenate(blocks)
        return array

    return turned


@layer("LSTM", "GRU", "SimpleRNN")
def _recurrent(call: Call) -> Value | Sequence[Value]:
    _check(call.layer, call)
    if len(call.inputs) > 1:
        raise NotExpressedError("an initial state")
    x = call.plain(call.input)
    config = call.config
    if config.get("go_backwards"):
        ref = call.emit("flip", x.shape, part="flip", self=x.ref, dims=(1,))
        x = replace(x, ref=ref)
    arguments, biases = _weights(call, call.layer, x.shape[-1], "cell", "")
    outputs, states = _run(call, call.layer, x, arguments, biases, directions=1)
    result = outputs if config.get("return_sequences") else _step(call, outputs, -1)
    if not config.get("return_state"):
        return result
    return [result, *(_state(call, each, 0) for each in states)]


@layer("Bidirectional")
def bidirectional(call: Call) -> Value:
    """Both directions as one layer of torch, where the two differ in nothing else."""
    forward, mode = layer_of(call.config["layer"]), call.config.get("merge_mode", "concat")
    backward = call.config.get("backward_layer")
    other = layer_of(backward) if backward else forward
    differs = [
        key
        for key in forward.config
        if key in _ALIKE
        and key in other.config
        and forward.config[key] != other.config[key]
    ]  # fmt: skip
    if forward.kind not in _GATES or other.kind != forward.kind or differs:
        raise NotExpressedError("two directions that differ")
    if forward.own or forward.config.get("return_state") or mode is None:
        raise NotExpressedError("several results")
    _check(forward, call)
    x = call.plain(call.input)
    first, biases = _weights(call, forward, x.shape[-1], "forward_layer/cell", "")
    second, _ = _weights(call, forward, x.shape[-1], "backward_layer/cell", "_reverse")
    outputs, _ = _run(call, forward, x, [*first, *second], biases, directions=2)
    units = forward.config["units"]
    batch, steps = outputs.shape[:2]
    if forward.config.get("return_sequences"):
        if mode == "concat":
            return outputs
        halves = [
            _slice(call, outputs, 2, number * units, (number + 1) * units) for number in (0, 1)
        ]
    else:  # the last step of one direction, and the first of the other, where it ends
        halves = []
        for number, step in ((0, steps - 1), (1, 0)):
            half = _slice(call, outputs, 2, number * units, (number + 1) * units)
            halves.append(_step(call, half, step))
        if mode == "concat":
            shape = (batch, 2 * units)
            ref = call.emit(
                "cat", shape, part="cat", tensors=tuple(each.ref for each in halves), dim=1
            )
            return Value(ref, shape)
    kinds = {"sum": "add", "ave": "add", "mul": "mul"}
    if mode not in kinds:
        raise NotExpressedError(f"the merge_mode {mode!r}")
    first_half, second_half = halves
    ref = call.emit(
        kinds[mode], first_half.shape, part=mode, self=first_half.ref, other=second_half.ref
    )
    if mode == "ave":
        ref = call.emit("div", first_half.shape, part="mean", self=ref, other=2.0)
    return replace(first_half, ref=ref)


def _check(inner: LayerConfig, call: Call) -> None:
    """Refuse what torch's recurrent layers do not do."""
    config = inner.config
    if inner.kind == "SimpleRNN":
        if name_of(config.get("activation", "tanh")) not in ("tanh", "relu"):
            raise NotExpressedError("its activation")
    elif (
        name_of(config.get("activation", "tanh")) != "tanh"
        or name_of(config.get("recurrent_activation", "sigmoid")) != "sigmoid"
    ):
        raise NotExpressedError("its activation")
    if inner.kind == "GRU" and not config.get("reset_after", True):
        raise NotExpressedError("reset_after = false")
    if config.get("stateful"):
        call.builder.note(
            f"The layer {call.layer.name} keeps its state from batch to batch (stateful); here it "
            "begins each batch with zeros."
        )
    for name in ("dropout", "recurrent_dropout"):
        if config.get(name):
            call.builder.note(
                f"The {name} of {config[name]} inside of the layer {call.layer.name} was left out."
            )


def _weights(
    call: Call, inner: LayerConfig, features: int, under: str, suffix: str
) -> tuple[list[Ref], bool]:
    """Return the weights of a direction, and whether it has biases."""
    kind, units = inner.kind, inner.config["units"]
    rows = _GATES[kind] * units
    turned = _turned(kind, units)

    def of(name: str, number: int, stored: Shape, shape: Shape, how: Any) -> Ref:
        return call.parameter(f"{name}_l0{suffix}", number, stored, shape, how, under=under)

    found = [
        of("weight_ih", 0, (features, rows), (rows, features), turned),
        of("weight_hh", 1, (units, rows), (rows, units), turned),
    ]
    if not inner.config.get("use_bias", True):
        return found, False
    if kind == "GRU":
        for number, name in enumerate(("bias_ih", "bias_hh")):
            found.append(of(name, 2, (2, rows), (rows,), lambda array, n=number: turned(array[n])))
    else:
        found.append(of("bias_ih", 2, (rows,), (rows,), turned))
        found.append(call.filled(f"bias_hh_l0{suffix}", (rows,), 0.0))
        call.builder.note(
            "LSTM and RNN of torch have a second bias, which Keras lacks: it is 0, and counts as "
            "parameters."
        )
    return found, True


def _run(
    call: Call,
    inner: LayerConfig,
    x: Value,
    weights: Sequence[Ref],
    biases: bool,
    directions: int,
) -> tuple[Value, list[Ref]]:
    """Return the outputs of all steps, and the states at the end."""
    units, (batch, steps, _) = inner.config["units"], x.shape
    state_shape = (directions, batch, units)
    module = f"torch.nn.modules.rnn.{_MODULES[inner.kind]}"
    zeros = call.emit("zeros", state_shape, module=module, size=state_shape)
    kinds = {"LSTM": "lstm", "GRU": "gru"}
    kind = kinds.get(inner.kind, f"rnn_{name_of(inner.config.get('activation', 'tanh'))}")
    states = [state_shape] * (2 if kind == "lstm" else 1)
    shape = (batch, steps, directions * units)
    ref, *ends = call.emit_all(
        kind,
        [shape, *states],
        module=module,
        input=x.ref,
        hx=(zeros, zeros) if kind == "lstm" else zeros,
        params=tuple(weights),
        has_biases=biases,
        num_layers=1,
        dropout=0.0,
        train=True,
        bidirectional=directions == 2,
        batch_first=True,
    )
    return Value(ref, shape), list(ends)


def _step(call: Call, value: Value, index: int) -> Value:
    batch, _, features = value.shape
    shape = (batch, features)
    ref = call.emit("select", shape, part="step", self=value.ref, dim=1, index=index)
    return Value(ref, shape)


def _state(call: Call, ref: Ref, index: int) -> Value:
    shape = call.builder.shape(ref)[1:]
    return Value(call.emit("select", shape, part="state", self=ref, dim=0, index=index), shape)


def _slice(call: Call, value: Value, axis: int, start: int, end: int) -> Value:
    shape = (*value.shape[:axis], end - start, *value.shape[axis + 1 :])
    ref = call.emit("slice", shape, part="half", self=value.ref, dim=axis, start=start, end=end)
    return Value(ref, shape)


@layer("MultiHeadAttention")
def _attention(call: Call) -> Value:
    config, heads = call.config, call.config["num_heads"]
    key_size = config["key_dim"]
    value_size = config.get("value_dim") or key_size
    given_tensors = [each for each in call.arguments if isinstance(each, Value)]
    given_tensors += [
        call.named[name]
        for name in ("query", "value", "key")[len(given_tensors) :]
        if isinstance(call.named.get(name), Value)
    ]
    if len(given_tensors) not in (2, 3):
        raise NotExpressedError("its arguments")
    query, values, *rest = (call.plain(each) for each in given_tensors)
    keys = rest[0] if rest else values
    axes = config.get("attention_axes")
    known = {"use_causal_mask", "training", "return_attention_scores", "key", "value", "query"}
    if (
        len(query.shape) != 3
        or axes not in (None, [1], (1,))
        or config.get("use_gate")
        or config.get("sliding_window")
        or call.named.get("return_attention_scores")
        or any(each is not None for key, each in call.named.items() if key not in known)
    ):
        raise NotExpressedError("its masks or its axes")
    batch, steps = query.shape[:2]
    shape: Shape
    bias = config.get("use_bias", True)

    def projected(x: Value, name: str, size: int) -> Ref:
        features, count = x.shape[-1], heads * size
        weight = call.parameter(
            f"{name}.weight", 0, (features, heads, size), (count, features),
            lambda array: array.reshape(features, count).T, under=f"{name}_dense",
        )  # fmt: skip
        named: dict[str, Any] = {}
        if bias:
            named["bias"] = call.parameter(
                f"{name}.bias", 1, (heads, size), (count,), under=f"{name}_dense"
            )
        ref = call.emit(
            "linear", (batch, x.shape[1], count), part=name, input=x.ref, weight=weight, **named
        )
        ref = call.reshaped(ref, (batch, x.shape[1], heads, size), "heads")
        turned = (batch, heads, x.shape[1], size)
        return call.emit("transpose", turned, part="heads", self=ref, dim0=1, dim1=2)

    rows = projected(query, "query", key_size), projected(keys, "key", key_size)
    more: dict[str, Any] = {}
    if config.get("dropout"):
        more["dropout_p"] = config["dropout"]
    if call.named.get("use_causal_mask"):
        more["is_causal"] = True
    shape = (batch, heads, steps, value_size)
    ref = call.emit(
        "scaled_dot_product_attention", shape, part="scores", query=rows[0], key=rows[1],
        value=projected(values, "value", value_size), **more,
    )  # fmt: skip
    ref = call.emit(
        "transpose", (batch, steps, heads, value_size), part="rows", self=ref, dim0=1, dim1=2
    )
    ref = call.reshaped(ref, (batch, steps, heads * value_size), "rows")
    given = config.get("output_shape")
    if given is not None and len(given) != 1:
        raise NotExpressedError("its output_shape")
    features = given[0] if given else query.shape[-1]
    weight = call.parameter(
        "output.weight", 0, (heads, value_size, features), (features, heads * value_size),
        lambda array: array.reshape(heads * value_size, features).T, under="output_dense",
    )  # fmt: skip
    output: dict[str, Any] = {}
    if bias:
        output["bias"] = call.parameter("output.bias", 1, (features,), under="output_dense")
    shape = (batch, steps, features)
    return Value(
        call.emit("linear", shape, part="output", input=ref, weight=weight, **output), shape
    )
