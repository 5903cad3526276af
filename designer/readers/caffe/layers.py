"""What each layer of Caffe becomes: a table from its type to torch's operations."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any, TypeAlias

from designer.readers.building import GraphBuilder, module_kind
from designer.readers.caffe.text import Message
from designer.readers.graph import BUFFER, PARAMETER, Argument, Module, Ref, Shape

MOST_SIZE = 1 << 31
"""No size of a layer is as large as this."""


class NotExpressedError(Exception):
    """A layer does what no operation of torch does; it becomes an operation of unknown kind."""


@dataclass(frozen=True)
class Call:
    """A layer with what it reads.

    Attributes
    ----------
    kind
        Its type, ``Convolution``.
    name
        Its name.
    layer
        Its fields.
    builder
        Where its operations go.
    inputs
        What it reads.
    read
        Refuses to read the values of a tensor, which the file does not have.
    keys
        The names of shared tensors: their names in the state dict by those in the file.
    scale
        The layer Scale that follows a BatchNorm and belongs to it.
    """

    kind: str
    name: str
    layer: Message
    builder: GraphBuilder
    inputs: Sequence[Ref]
    read: Callable[[], Any]
    keys: dict[str, str]
    scale: Message | None = None

    @property
    def input(self) -> Ref:
        """What it reads, the first of several."""
        if not self.inputs:
            raise ValueError(f"the layer {self.name!r} reads nothing")
        return self.inputs[0]

    @property
    def path(self) -> str:
        """Its name as a module's."""
        return self.name.replace("/", "_").replace(".", "_") or self.kind

    def shape(self, ref: Ref | None = None) -> Shape:
        """Return the shape of what it reads, or of another value."""
        return self.builder.shape(self.input if ref is None else ref)

    def emit(
        self,
        operation: str,
        shape: Shape,
        /,
        *,
        part: str = "",
        module: str | None = "",
        **arguments: Argument,
    ) -> Ref:
        """Add an operation with one result, and return that."""
        path = f"{self.path}_{part}" if part else self.path
        if module == "":
            module = module_kind(operation, len(self.shape())) if self.inputs else None
        kind = module or f"caffe.{self.kind}"
        (ref,) = self.builder.emit(
            operation,
            [shape],
            arguments,
            modules=(Module("", "caffe.Net"), Module(path, kind)),
            original=self.kind,
            name=path,
        )
        return ref

    def tensor(self, name: str, number: int, shape: Shape, kind: str = PARAMETER) -> Ref:
        """Return a tensor of the layer, that of another layer where both name it alike.

        Parameters
        ----------
        name
            Its name in torch, ``weight``.
        number
            Which of the layer's tensors it is.
        shape
            Its shape.
        kind
            `PARAMETER` or `BUFFER`.
        """
        names = [
            each.get("name", "") if isinstance(each, Message) else str(each)
            for each in self.layer.all("param")
        ]
        key = f"{self.path}.{name}"
        if number < len(names) and names[number]:
            key = self.keys.setdefault(names[number], key)
        return self.builder.tensor(key, shape, self.read, kind)


Handler: TypeAlias = Callable[[Call], Ref | Sequence[Ref]]
HANDLERS: dict[str, Handler] = {}
"""What layers become, by their type."""


def layer(*kinds: str) -> Callable[[Handler], Handler]:
    """Register what layers of these types become."""

    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(kinds, handler))
        return handler

    return register


def whole(value: Any, least: int = 1) -> int:
    """Return a whole number of at least some size."""
    if type(value) is not int or not least <= value < MOST_SIZE:
        raise ValueError(f"{value!r} is no whole number of at least {least}")
    return value


def _pair(of: Message, name: str, default: int, least: int, *, size: str = "") -> Shape:
    """Return a number for height and width: ``pad`` once or twice, or ``pad_h`` and ``pad_w``."""
    short = name.removesuffix("_size")
    if of.get(f"{short}_h") is not None or of.get(f"{short}_w") is not None:
        return tuple(whole(of.get(f"{short}_{axis}", default), least) for axis in "hw")
    found = of.all(size or name) or [default]
    if len(found) > 2:
        raise NotExpressedError("more than two axes")
    return tuple(whole(each, least) for each in (found * 2 if len(found) == 1 else found))


def _image(call: Call) -> Shape:
    shape = call.shape()
    if len(shape) != 4:
        raise NotExpressedError(f"a tensor of {len(shape)} axes")
    return shape


@layer("Convolution", "Deconvolution")
def _convolution(call: Call) -> Ref:
    of = call.layer.group("convolution_param")
    batch, channels, *sizes = _image(call)
    filters, groups = whole(of.get("num_output")), whole(of.get("group", 1))
    kernel = _pair(of, "kernel_size", 0, 1)
    stride, padding = _pair(of, "stride", 1, 1), _pair(of, "pad", 0, 0)
    dilation = _pair(of, "dilation", 1, 1)
    if channels % groups or filters % groups:
        raise ValueError(f"{channels} channels do not make {groups} groups")
    more: dict[str, Any] = {}
    turned = call.kind == "Deconvolution"
    shape = (
        (channels, filters // groups, *kernel) if turned else (filters, channels // groups, *kernel)
    )
    weight = call.tensor("weight", 0, shape)
    if of.get("bias_term", True):
        more["bias"] = call.tensor("bias", 1, (filters,))
    if stride != (1, 1):
        more["stride"] = stride
    if padding != (0, 0):
        more["padding"] = padding
    if dilation != (1, 1):
        more["dilation"] = dilation
    if groups != 1:
        more["groups"] = groups
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    each = zip(sizes, reach, stride, padding, strict=True)
    given = [
        (size - 1) * s - 2 * p + r if turned else (size + 2 * p - r) // s + 1
        for size, r, s, p in each
    ]
    operation = "conv_transpose2d" if turned else "conv2d"
    return call.emit(operation, (batch, filters, *given), input=call.input, weight=weight, **more)


@layer("Pooling")
def _pooling(call: Call) -> Ref:
    """Pool; Caffe rounds the number of windows up, and drops one that begins in the padding."""
    of = call.layer.group("pooling_param")
    batch, channels, *sizes = _image(call)
    how = of.get("pool", "MAX")
    if how not in ("MAX", "AVE", 0, 1):
        raise NotExpressedError(f"pooling of the kind {how}")
    largest = how in ("MAX", 0)
    if of.get("global_pooling"):
        shape = (batch, channels, 1, 1)
        if largest:
            return call.emit("amax", shape, self=call.input, dim=(2, 3), keepdim=True)
        return call.emit("adaptive_avg_pool2d", shape, self=call.input, output_size=(1, 1))
    kernel = _pair(of, "kernel_size", 0, 1)
    stride, padding = _pair(of, "stride", 1, 1), _pair(of, "pad", 0, 0)
    up = of.get("round_mode", "CEIL") in ("CEIL", 0)
    given, ceil = [], False
    for size, k, s, p in zip(sizes, kernel, stride, padding, strict=True):
        free = size + 2 * p - k
        count = free // s + 1
        if up and free % s:
            count += 1
            outside = (count - 1) * s >= size + p
            if outside and not p:
                raise NotExpressedError("windows that lie behind the image")
            count -= outside
            ceil = ceil or not outside
        given.append(count)
    more: dict[str, Any] = {}
    if any(padding):
        more["padding"] = padding
    if ceil:
        more["ceil_mode"] = True
    return call.emit(
        f"{'max' if largest else 'avg'}_pool2d",
        (batch, channels, *given),
        self=call.input,
        kernel_size=kernel,
        stride=stride,
        **more,
    )


@layer("InnerProduct")
def _inner_product(call: Call) -> Ref:
    of = call.layer.group("inner_product_param")
    if of.get("axis", 1) != 1 or of.get("transpose"):
        raise NotExpressedError("its axis, or transposed weights")
    units = whole(of.get("num_output"))
    ref, shape = call.input, call.shape()
    features = prod(shape[1:])
    if len(shape) > 2:
        ref = call.emit("flatten", (shape[0], features), part="flatten", self=ref, start_dim=1)
    more: dict[str, Any] = {}
    weight = call.tensor("weight", 0, (units, features))
    if of.get("bias_term", True):
        more["bias"] = call.tensor("bias", 1, (units,))
    return call.emit("linear", (shape[0], units), input=ref, weight=weight, **more)


# Each value for itself

_ACTIVATIONS: Mapping[str, str] = {
    "Sigmoid": "sigmoid",
    "TanH": "tanh",
    "AbsVal": "abs",
    "BNLL": "softplus",
    "Swish": "silu",
}
"""Layers without settings that matter: torch's functions."""


@layer(*_ACTIVATIONS)
def _activation(call: Call) -> Ref:
    return call.emit(_ACTIVATIONS[call.kind], call.shape(), self=call.input)


@layer("ReLU")
def _relu(call: Call) -> Ref:
    slope = call.layer.group("relu_param").get("negative_slope", 0)
    if slope:
        return call.emit("leaky_relu", call.shape(), self=call.input, negative_slope=float(slope))
    return call.emit("relu", call.shape(), self=call.input)


@layer("ReLU6")
def _relu6(call: Call) -> Ref:
    return call.emit("hardtanh", call.shape(), self=call.input, min_val=0.0, max_val=6.0)


@layer("PReLU")
def _prelu(call: Call) -> Ref:
    shared = call.layer.group("prelu_param").get("channel_shared", False)
    weight = call.tensor("weight", 0, (1 if shared else call.shape()[1],))
    return call.emit("prelu", call.shape(), self=call.input, weight=weight)


@layer("ELU")
def _elu(call: Call) -> Ref:
    alpha = float(call.layer.group("elu_param").get("alpha", 1))
    return call.emit("elu", call.shape(), self=call.input, alpha=alpha)


@layer("Power")
def _power(call: Call) -> Ref:
    """Return (shift + scale x) to a power."""
    of = call.layer.group("power_param")
    ref, shape = call.input, call.shape()
    power, scale, shift = (
        float(of.get(name, value)) for name, value in (("power", 1), ("scale", 1), ("shift", 0))
    )
    if scale != 1:
        ref = call.emit("mul", shape, part="scale", self=ref, other=scale)
    if shift:
        ref = call.emit("add", shape, part="shift", self=ref, other=shift)
    return call.emit("pow", shape, self=ref, exponent=power) if power != 1 else ref


@layer("Exp")
def _exp(call: Call) -> Ref:
    of = call.layer.group("exp_param")
    if (of.get("base", -1), of.get("scale", 1), of.get("shift", 0)) != (-1, 1, 0):
        raise NotExpressedError("its base, scale or shift")
    return call.emit("exp", call.shape(), self=call.input)


@layer("Dropout")
def _dropout(call: Call) -> Ref:
    rate = float(call.layer.group("dropout_param").get("dropout_ratio", 0.5))
    return call.emit("dropout", call.shape(), input=call.input, p=rate, train=True)


@layer("Softmax")
def _softmax(call: Call) -> Ref:
    axis = call.layer.group("softmax_param").get("axis", 1)
    return call.emit("softmax", call.shape(), self=call.input, dim=_axis(call, axis))


# Norms


@layer("LRN")
def _lrn(call: Call) -> Ref:
    of = call.layer.group("lrn_param")
    if of.get("norm_region", "ACROSS_CHANNELS") not in ("ACROSS_CHANNELS", 0):
        raise NotExpressedError("a norm over neighboring positions")
    return call.emit(
        "local_response_norm",
        call.shape(),
        module="torch.nn.modules.normalization.LocalResponseNorm",
        input=call.input,
        size=whole(of.get("local_size", 5)),
        alpha=float(of.get("alpha", 1)),
        beta=float(of.get("beta", 0.75)),
        k=float(of.get("k", 1)),
    )


@layer("BatchNorm")
def _batch_norm(call: Call) -> Ref:
    """Normalize each channel, with the Scale that follows."""
    of, shape = call.layer.group("batch_norm_param"), call.shape()
    channels = (shape[1],)
    weight = bias = None
    if call.scale is not None:
        weight = call.tensor("weight", 3, channels)
        bias = call.tensor("bias", 4, channels)
        if not call.scale.group("scale_param").get("bias_term", False):
            call.builder.note(
                "A BatchNorm whose Scale has no bias became one with both, as torch has no other: "
                "the shift counts as parameters."
            )
    return call.emit(
        "batch_norm",
        shape,
        input=call.input,
        weight=weight,
        bias=bias,
        running_mean=call.tensor("running_mean", 5, channels, BUFFER),
        running_var=call.tensor("running_var", 6, channels, BUFFER),
        training=True,
        momentum=round(1 - float(of.get("moving_average_fraction", 0.999)), 12),
        eps=float(of.get("eps", 1e-5)),
        cudnn_enabled=True,
    )


@layer("Scale")
def _scale(call: Call) -> Ref:
    of, shape = call.layer.group("scale_param"), call.shape()
    if len(call.inputs) == 2:
        return _over_channels(call, "mul", call.inputs[1])
    if of.get("axis", 1) != 1 or of.get("num_axes", 1) != 1 or len(call.inputs) != 1:
        raise NotExpressedError("its axis")
    sizes = (shape[1], *(1,) * (len(shape) - 2))
    weight = call.tensor("weight", 0, sizes)
    ref = call.emit("mul", shape, self=call.input, other=weight)
    if of.get("bias_term", False):
        bias = call.tensor("bias", 1, sizes)
        ref = call.emit("add", shape, part="bias", self=ref, other=bias)
    return ref


def _over_channels(call: Call, operation: str, other: Ref) -> Ref:
    """Return a join of an image with a number for each channel."""
    shape, given = call.shape(), call.shape(other)
    if given != shape[: len(given)]:
        raise NotExpressedError(f"tensors of the shapes {[*shape]} and {[*given]}")
    sizes = (*given, *(1,) * (len(shape) - len(given)))
    if sizes != given:
        other = call.emit("reshape", sizes, part="reshape", self=other, shape=sizes)
    return call.emit(operation, shape, self=call.input, other=other)


# Joins, parts and shapes


@layer("Eltwise")
def _eltwise(call: Call) -> Ref:
    of, shape = call.layer.group("eltwise_param"), call.shape()
    how = of.get("operation", "SUM")
    names = {"SUM": "add", "PROD": "mul", "MAX": "maximum", 1: "add", 0: "mul", 2: "maximum"}
    if how not in names:
        raise NotExpressedError(f"the operation {how}")
    if any(call.shape(each) != shape for each in call.inputs):
        raise ValueError(f"the layer {call.name!r} joins tensors of different shapes")
    factors = [float(each) for each in of.all("coeff")] or [1.0] * len(call.inputs)
    if len(factors) != len(call.inputs):
        raise ValueError(f"the layer {call.name!r} has {len(factors)} coeff")
    refs = [
        call.emit("mul", shape, part="coeff", self=ref, other=factor) if factor != 1 else ref
        for ref, factor in zip(call.inputs, factors, strict=True)
    ]
    result = refs[0]
    for other in refs[1:]:
        result = call.emit(names[how], shape, self=result, other=other)
    return result


@layer("Concat")
def _concat(call: Call) -> Ref:
    of = call.layer.group("concat_param")
    axis = _axis(call, of.get("axis", of.get("concat_dim", 1)))
    shapes = [call.shape(each) for each in call.inputs]
    rest = {(*each[:axis], *each[axis + 1 :]) for each in shapes}
    if len(rest) != 1:
        raise ValueError(
            f"the layer {call.name!r} joins tensors of the shapes "
            f"{', '.join(str([*each]) for each in shapes)}"
        )
    shape = [*shapes[0]]
    shape[axis] = sum(each[axis] for each in shapes)
    return call.emit("cat", tuple(shape), tensors=tuple(call.inputs), dim=axis)


@layer("Slice")
def _slice(call: Call) -> Sequence[Ref]:
    of, shape = call.layer.group("slice_param"), call.shape()
    axis = _axis(call, of.get("axis", of.get("slice_dim", 1)))
    count = len(call.layer.all("top"))
    points = [whole(each) for each in of.all("slice_point")]
    if not points:
        if shape[axis] % count:
            raise ValueError(f"{shape[axis]} values do not make {count} parts")
        points = [shape[axis] // count * number for number in range(1, count)]
    edges = [0, *points, shape[axis]]
    if len(edges) != count + 1 or edges != sorted(set(edges)):
        raise ValueError(f"the layer {call.name!r} cuts at {points}")
    return [
        call.emit(
            "slice",
            (*shape[:axis], end - start, *shape[axis + 1 :]),
            self=call.input,
            dim=axis,
            start=start,
            end=end,
        )
        for start, end in pairwise(edges)
    ]


@layer("Split")
def _split(call: Call) -> Sequence[Ref]:
    return [call.input] * len(call.layer.all("top"))


@layer("Flatten")
def _flatten(call: Call) -> Ref:
    of, shape = call.layer.group("flatten_param"), call.shape()
    if of.get("axis", 1) != 1 or of.get("end_axis", -1) != -1:
        raise NotExpressedError("its axis")
    return call.emit("flatten", (shape[0], prod(shape[1:])), self=call.input, start_dim=1)


@layer("Reshape")
def _reshape(call: Call) -> Ref:
    of, shape = call.layer.group("reshape_param"), call.shape()
    sizes = [*of.group("shape").all("dim")]
    if of.get("axis", 0) != 0 or of.get("num_axes", -1) != -1 or not sizes or sizes[0] != 0:
        raise NotExpressedError("a change of the batch")
    target = [shape[number] if each == 0 else each for number, each in enumerate(sizes)]
    if target.count(-1) == 1:
        known = prod(each for each in target if each != -1)
        target[target.index(-1)] = prod(shape) // max(known, 1)
    if prod(target) != prod(shape) or any(each < 1 for each in target):
        raise ValueError(f"{[*shape]} cannot have the shape {target}")
    return call.emit("reshape", tuple(target), self=call.input, shape=tuple(target))


@layer("Permute")
def _permute(call: Call) -> Ref:
    order, shape = [*call.layer.group("permute_param").all("order")], call.shape()
    order += [each for each in range(len(shape)) if each not in order]
    if sorted(order) != [*range(len(shape))]:
        raise ValueError(f"{order} is no order of {len(shape)} axes")
    return call.emit("permute", tuple(shape[each] for each in order), self=call.input, dims=order)


def _axis(call: Call, axis: Any) -> int:
    rank = len(call.shape())
    if type(axis) is not int or not -rank <= axis < rank:
        raise ValueError(f"there is no axis {axis!r} in a tensor of {rank} axes")
    return axis % rank
