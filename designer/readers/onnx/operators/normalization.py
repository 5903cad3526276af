"""Normalizations and dropout."""

from math import prod

import numpy as np

from designer.readers.graph import Ref
from designer.readers.onnx.call import Call, NotExpressedError, operator


@operator("BatchNormalization")
def _batch_norm(call: Call) -> Ref:
    training = bool(call.attribute("training_mode", 0)) or (
        call.opset < 7 and not call.attribute("is_test", 0)
    )
    if call.attribute("spatial", 1) != 1:
        raise NotExpressedError("statistics for each position")
    return call.emit(
        "batch_norm",
        input=call.ref(0),
        weight=call.weight(1),
        bias=call.weight(2, "bias"),
        running_mean=call.buffer(3, "running_mean"),
        running_var=call.buffer(4, "running_var"),
        training=training,
        momentum=round(1 - call.attribute("momentum", 0.9), 7),
        eps=call.attribute("epsilon", 1e-5),
        cudnn_enabled=True,
    )


@operator("InstanceNormalization")
def _instance_norm(call: Call) -> Ref:
    # The operator always has both; those of a norm that learns none are constants.
    given = [call.constant(position) for position in (1, 2)]
    plain = all(
        each is not None and not each.learned and (each.array() == value).all()
        for each, value in zip(given, (1, 0), strict=True)
    )
    return call.emit(
        "instance_norm",
        input=call.ref(0),
        weight=None if plain else call.weight(1),
        bias=None if plain else call.weight(2, "bias"),
        use_input_stats=True,
        momentum=0.1,
        eps=call.attribute("epsilon", 1e-5),
        cudnn_enabled=True,
    )


@operator("LayerNormalization")
def _layer_norm(call: Call) -> Ref:
    axis = call.attribute("axis", -1)
    normalized = call.shape()[axis if axis < 0 else axis - call.rank() :]
    return call.emit(
        "layer_norm",
        input=call.ref(0),
        normalized_shape=normalized,
        weight=spread(call, 1, "weight", normalized),
        bias=spread(call, 2, "bias", normalized) if call.has(2) else None,
        eps=call.attribute("epsilon", 1e-5),
    )


@operator("RMSNormalization", "SimplifiedLayerNormalization")
def _rms_norm(call: Call) -> Ref:
    axis = call.attribute("axis", -1)
    normalized = call.shape()[axis if axis < 0 else axis - call.rank() :]
    return call.emit(
        "rms_norm",
        input=call.ref(0),
        normalized_shape=normalized,
        weight=spread(call, 1, "weight", normalized),
        eps=call.attribute("epsilon", 1e-5),
    )


def spread(call: Call, position: int, role: str, shape: tuple[int, ...]) -> Ref:
    """Return a factor or summand with a number for each element that is normalized."""
    if call.shape(position) == shape:
        return call.weight(position, role)
    if prod(call.shape(position)) == prod(shape):
        return call.weight(position, role, lambda x: x.reshape(shape), shape, "reshaped")
    return call.weight(position, role, lambda x: np.broadcast_to(x, shape), shape, "expanded")


@operator("GroupNormalization")
def _group_norm(call: Call) -> Ref:
    groups, channels = call.attribute("num_groups"), call.shape()[1]

    def role(position: int, name: str) -> Ref:
        if call.shape(position) == (channels,):
            return call.weight(position, name)
        each = channels // groups  # opset 18 has a factor for each group
        return call.weight(
            position, name, lambda x: np.repeat(x, each), (channels,), "of each channel"
        )

    return call.emit(
        "group_norm",
        input=call.ref(0),
        num_groups=groups,
        weight=role(1, "weight"),
        bias=role(2, "bias"),
        eps=call.attribute("epsilon", 1e-5),
    )


@operator("LpNormalization")
def _lp_norm(call: Call) -> Ref:
    axis = call.attribute("axis", -1)
    shape = [*call.shape()]
    shape[axis] = 1
    norm = call.emit(
        "linalg_vector_norm",
        tuple(shape),
        self=call.ref(0),
        ord=call.attribute("p", 2),
        dim=(axis,),
        keepdim=True,
    )
    norm = call.emit("clamp_min", tuple(shape), self=norm, min=1e-12)
    norm = call.emit("expand", self=norm, size=call.shape())
    return call.emit("div", self=call.ref(0), other=norm)


@operator("MeanVarianceNormalization")
def _mean_variance_norm(call: Call) -> Ref:
    axes = tuple(call.ints("axes") or (0, 2, 3))
    shape = tuple(1 if n in axes else size for n, size in enumerate(call.shape()))
    mean = call.emit("mean", shape, self=call.ref(0), dim=axes, keepdim=True)
    centered = call.emit("sub", self=call.ref(0), other=mean)
    square = call.emit("pow", self=centered, exponent=2)
    variance = call.emit("mean", shape, self=square, dim=axes, keepdim=True)
    deviation = call.emit("sqrt", shape, self=variance)
    raised = call.emit("add", shape, self=deviation, other=1e-9)
    return call.emit("div", self=centered, other=raised)


@operator("Dropout")
def _dropout(call: Call) -> Ref | tuple[Ref, ...]:
    if sum(1 for each in call.node.outputs if each) > 1:
        raise NotExpressedError("the elements that are kept")
    ratio = call.number(1) if call.has(1) else call.attribute("ratio", 0.5)
    training = bool(call.number(2)) if call.has(2) else False
    return call.emit("dropout", input=call.ref(0), p=ratio, train=training)
