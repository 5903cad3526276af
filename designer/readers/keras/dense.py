"""Dense layers, embeddings, and changes of shape."""

from dataclasses import replace
from math import prod
from typing import Any

from designer.readers.keras.activation import activated
from designer.readers.keras.calls import HANDLERS, Call, NotExpressedError, Value, layer
from designer.readers.keras.config import layer_of


@layer("Dense")
def dense(call: Call) -> Value:
    """Return a linear layer, whose weights read a flattened picture in the graph's order."""
    units, x = call.config["units"], call.input
    if call.config.get("lora_rank"):
        raise NotExpressedError("its lora_rank")
    turned: Any = _transposed
    if x.listed and not call.builder.has_tensor(f"{call.path}.weight"):
        listed = x

        def turned(array: Any) -> Any:
            return array[listed.keras_positions()].T

    else:
        x = call.plain(x)
    features = x.shape[-1]
    arguments: dict[str, Any] = {
        "weight": call.parameter("weight", 0, (features, units), (units, features), turned)
    }
    if call.config.get("use_bias", True):
        arguments["bias"] = call.parameter("bias", 1, (units,))
    shape = (*x.shape[:-1], units)
    value = Value(call.emit("linear", shape, input=x.ref, **arguments), shape)
    return activated(call, value)


def _transposed(array: Any) -> Any:
    return array.T


@layer("Embedding")
def _embedding(call: Call) -> Value:
    x = call.plain(call.input)
    count, features = call.config["input_dim"], call.config["output_dim"]
    if call.config.get("mask_zero"):
        call.builder.note(
            f"The layer {call.layer.name} hides tokens of number 0 from the layers behind it "
            "(mask_zero); here they are read like others."
        )
    weight = call.parameter("weight", 0, (count, features))
    shape = (*x.shape, features)
    return Value(call.emit("embedding", shape, weight=weight, indices=x.ref), shape)


@layer("TimeDistributed")
def time_distributed(call: Call) -> Value:
    """Run a layer on each step for itself, which those of the last axis do anyway."""
    inner = layer_of(call.config["layer"])
    if inner.own or inner.kind not in ("Dense", "Activation", "Dropout", "LayerNormalization"):
        raise NotExpressedError(f"{inner.kind} for each step")
    value = HANDLERS[inner.kind](replace(call, layer=inner, stored=f"{call.stored}/layer"))
    return value if isinstance(value, Value) else value[0]


@layer("Reshape")
def _reshape(call: Call) -> Value:
    x = call.input
    target = [*call.config["target_shape"]]
    total = prod(x.shape[1:])
    if target.count(-1) == 1:
        target[target.index(-1)] = total // max(prod(each for each in target if each != -1), 1)
    if prod(target) != total or any(each < 1 for each in target):
        raise ValueError(f"{x.shape[1:]} cannot have the shape {target}")
    shape = (x.shape[0], *target)
    if x.channels_first and 1 not in (x.shape[-1], prod(x.shape[1:-1])):
        x = call.plain(x)
    x = call.unlisted(x)
    if len(target) > 1 and 1 in (target[-1], prod(target[:-1])):  # the order is the same
        value = Value(x.ref, shape, channels_first=True, dtype=x.dtype)
    else:
        value = Value(x.ref, shape, dtype=x.dtype)
    return replace(value, ref=call.reshaped(x.ref, value.graph_shape))


@layer("Permute")
def _permute(call: Call) -> Value:
    x = call.plain(call.input)
    order = (0, *call.config["dims"])
    if sorted(order) != list(range(len(x.shape))):
        raise ValueError(f"{order[1:]} is no order of {len(x.shape) - 1} axes")
    shape = tuple(x.shape[each] for each in order)
    ref = call.emit("permute", shape, self=x.ref, dims=order, dtype=x.dtype)
    return Value(ref, shape, dtype=x.dtype)


@layer("Identity")
def _identity(call: Call) -> Value:
    return call.input
