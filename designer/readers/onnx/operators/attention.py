"""Attention as one operator, and the sums before a normalization that optimizers put into one."""

from designer.readers.graph import Ref
from designer.readers.onnx.call import Call, NotExpressedError, operator
from designer.readers.onnx.operators.normalization import spread


def _heads(call: Call, position: int, count: int) -> Ref:
    """Return queries, keys or values with an axis of heads before that of the tokens."""
    if call.rank(position) == 4:
        return call.ref(position)
    batch, tokens, features = call.shape(position)
    if not count:
        raise NotExpressedError("attention without a number of heads")
    apart = call.reshaped(call.ref(position), (batch, tokens, count, features // count))
    return call.permuted(apart, (0, 2, 1, 3))


@operator("Attention")
def _attention(call: Call) -> Ref:
    several = sum(1 for each in call.node.outputs if each) > 1
    stored = any(call.has(position) for position in (4, 5, 6))
    mode = call.attribute("qk_matmul_output_mode", 0)
    if several or stored or mode or call.attribute("softcap", 0.0):
        raise NotExpressedError("attention to what was stored before")
    causal = bool(call.attribute("is_causal", 0))
    query = _heads(call, 0, call.attribute("q_num_heads", 0))
    key = _heads(call, 1, call.attribute("kv_num_heads", 0))
    value = _heads(call, 2, call.attribute("kv_num_heads", 0))
    batch, heads, tokens, width = call.spec_of(query).shape
    call.attribute("softmax_precision")
    others = call.spec_of(key).shape
    if causal and (call.has(3) or others[2] != tokens):
        raise NotExpressedError("causal attention with a mask")
    scale = call.attribute("scale")
    features = call.spec_of(value).shape[3]
    found = call.emit(
        "scaled_dot_product_attention",
        (batch, heads, tokens, features),
        query=query,
        key=key,
        value=value,
        attn_mask=call.optional(3),
        is_causal=causal or None,
        scale=None if scale is None or abs(scale - width**-0.5) < 1e-6 else scale,
        enable_gqa=others[1] != heads or None,
    )
    if call.rank() == 4:
        return found
    return call.reshaped(call.permuted(found, (0, 2, 1, 3)), call.outputs[0].shape)


@operator("com.microsoft.SkipLayerNormalization", "com.microsoft.SkipSimplifiedLayerNormalization")
def _skip_layer_norm(call: Call) -> tuple[Ref, ...]:
    simplified = "Simplified" in call.node.operator
    bias = 3 if simplified else 4
    total = call.emit("add", self=call.ref(0), other=call.ref(1))
    if call.has(bias):
        total = call.emit("add", self=total, other=call.ref(bias))
    normalized = call.shape()[-1:]
    found = call.emit(
        "rms_norm" if simplified else "layer_norm",
        input=total,
        normalized_shape=normalized,
        weight=spread(call, 2, "weight", normalized),
        bias=spread(call, 3, "bias", normalized) if not simplified and call.has(3) else None,
        eps=call.attribute("epsilon", 1e-12),
    )
    given = [number for number, each in enumerate(call.node.outputs) if each]
    if not set(given) <= {0, 3}:
        raise NotExpressedError("the statistics of the normalization")
    return (found, found, found, total)
