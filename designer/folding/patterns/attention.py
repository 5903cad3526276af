"""Attention."""

from collections.abc import Sequence

from designer.folding.patterns.arithmetic import broadcast
from designer.folding.patterns.converter import Converter
from designer.folding.patterns.handlers import handles
from designer.folding.patterns.values import Call, UnsupportedError, Value


@handles("scaled_dot_product_attention")
def dot_product(c: Converter, call: Call) -> None:
    mask, query = call.get("attn_mask"), call["query"]
    kind = "causal" if call.get("is_causal") else "none"
    inputs = [query, call["key"], call["value"]]
    first, *others = broadcast(c, call.result, inputs)
    values = [first, *[_spread(c, each, first.shape[:-2]) for each in others]]
    if mask is not None:
        if kind == "causal":
            raise UnsupportedError("an attention with two masks")
        kind = "input"
        values.append(broadcast(c, call.result, [query, mask])[1])
    parameters = {
        "mask": kind,
        "dropout": float(call.get("dropout_p", 0.0)),
        "scale": call.get("scale"),
    }
    c.emit(call.result, "ScaledDotProductAttention", parameters, values)


def _spread(c: Converter, value: Value, leading: Sequence[int]) -> Value:
    """Return keys or values of a single head for all heads."""
    wanted = (*leading, *value.shape[-2:])
    if value.shape == wanted or value.shape[:-2] != (1,) * len(leading):
        return value
    return Value(c.add("Add", {}, (value, c.zeros(wanted))), value.batch, wanted)
