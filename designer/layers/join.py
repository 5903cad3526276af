"""Layers with several inputs."""

from collections.abc import Iterable, Sequence
from functools import reduce
from math import prod

from designer.design.expressions import Binary, Tree, fold
from designer.design.values import Value
from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import InsertLayer, LayerError, Remedy, refuse_missing_axis
from designer.layers.layouts import (
    channels_last_layout,
    elementwise_layout,
    is_channels_last,
    layout_like,
)
from designer.layers.parameters import Float, Int
from designer.layers.tensors import (
    CONTIGUOUS,
    FLOAT_BYTES,
    MAX_AXES,
    NOTHING,
    Layout,
    Part,
    Reads,
    SavedForBackward,
    Shape,
    Stacked,
    Tensor,
    axis_name,
    chain_peak,
    show,
)


def broadcast(first: Shape, second: Shape) -> Shape | None:
    """Return the shape of an elementwise operation by torch's rules; None if there is none."""
    if len(first) != len(second):
        return None
    shape = []
    for one, other in zip(first, second, strict=True):
        if one != other and 1 not in (one, other):
            return None
        shape.append(max(one, other))
    return tuple(shape)


def aligned(inputs: Sequence[Tensor]) -> Sequence[Tensor]:
    """Return tensors with as many axes as the one with the most, as torch aligns them: at the end.

    Only one that is not `Tensor.batched` gets axes of size 1 before its own: the batch axis of the
    others would meet another axis.
    """
    most = max([len(each.shape) for each in inputs])
    if all(each.batched or len(each.shape) == most for each in inputs):
        return inputs
    return [each if each.batched else _with_axes(each, most) for each in inputs]


def _with_axes(tensor: Tensor, count: int) -> Tensor:
    """Return a tensor with axes of size 1 before its own, whose steps do not matter."""
    more = count - len(tensor.shape)
    layout = tensor.layout and (*tensor.layout[:1] * (more + 1), *tensor.layout[1:])
    return tensor._replace(shape=(1,) * more + tensor.shape, layout=layout)


def widest(inputs: Sequence[Tensor]) -> int:
    """Return the input whose first axis is that of the result, as it is not broadcast."""
    known = aligned(inputs)

    def size(port: int) -> tuple[int, bool]:
        has_axis = len(known[port].shape) == len(inputs[port].shape)
        return known[port].shape[0], has_axis

    return max(range(len(known)), key=size)


def chain_results(inputs: Sequence[Tensor]) -> list[Tensor]:
    """Return the result of each operation of the chain ((a + b) + c) + ..., without its layout."""
    inputs = aligned(inputs)
    made, results = Tensor(inputs[0].shape, batched=inputs[0].batched), []
    for each in inputs[1:]:
        if each.shape != made.shape or each.batched is not made.batched:
            shape = broadcast(made.shape, each.shape) or made.shape
            made = Tensor(shape, batched=made.batched or each.batched)
        results.append(made)
    return results


class _Join(Layer):
    """Base of the layers with any number of inputs.

    A single input, left where `when` removed the nodes before the others, is passed on unchanged.
    """

    category = Category.JOIN
    inputs = (1, 256)

    def is_view(self, inputs: Sequence[Tensor], training: bool) -> bool:
        return len(inputs) == 1

    def parts(self, inputs: Sequence[Tensor], output: Shape) -> tuple[Part, ...]:
        return (Part(0, prod(output)),) if len(inputs) > 1 else ()


class Elementwise(_Join):
    """Combines inputs value by value; axes of size one are broadcast."""

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        inputs = aligned(inputs)
        shape = inputs[0].shape
        for port, each in enumerate(inputs):
            joined = shape if each.shape == shape else broadcast(shape, each.shape)
            if joined is None:
                raise self._refusal(shape, each.shape, port)
            shape = joined
        return shape

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """Return the layout after a chain of operations with two inputs each."""
        inputs = aligned(inputs)
        made = inputs[0]
        for each, result in zip(inputs[1:], chain_results(inputs), strict=True):
            made = result._replace(layout=elementwise_layout((made, each), result.shape))
        return made.layout

    def _refusal(self, first: Shape, other: Shape, port: int) -> LayerError:
        if len(first) != len(other):
            flat: list[Remedy] = []
            if len(other) > len(first) == 1 and prod(other) == first[0]:
                flat = [InsertLayer("insert Flatten", port, "Flatten", {})]
            return LayerError(
                "inputs-differ",
                "inputs differ in their number of axes",
                port=port,
                received=show(other),
                expected=show(first),
                remedies=flat,
            )
        axes = [
            axis_name(axis, len(first))
            for axis, (one, two) in enumerate(zip(first, other, strict=True))
            if one != two and 1 not in (one, two)
        ]
        return LayerError(
            "inputs-differ",
            f"inputs differ in {' and '.join(axes)}",
            port=port,
            axis=axes[0],
            received=show(other),
            expected=show(first),
            remedies=list(projection(first, other, port)),
        )

    def made(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Return the results of all operations, in order."""
        return chain_results(inputs)

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the peak of those results that have a value for each image."""
        return chain_peak(*[each.values for each in self.made(inputs) if each.batched])

    def fixed_peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the peak of those results that are the same for every image."""
        return chain_peak(*[each.values for each in self.made(inputs) if not each.batched])

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        """Return the channels of an input whose channels are not broadcast."""
        return inputs[widest(code.inputs)]

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        """Return the last axis of an input whose last axis is not broadcast."""
        known = code.inputs
        most = max(range(len(known)), key=lambda port: (known[port].shape[-1], known[port].batched))
        return inputs[most]


def saved_with(inputs: Iterable[int], more: Sequence[Tensor]) -> SavedForBackward:
    """Return what is saved: the inputs at some ports, and further tensors."""
    return SavedForBackward(
        inputs=tuple(sorted(inputs)),
        per_image=sum([each.bytes for each in more if each.batched]),
        fixed=sum([each.bytes for each in more if not each.batched]),
    )


def projection(wanted: Shape, other: Shape, port: int) -> Sequence[Remedy]:
    """Return the 1x1 convolution that brings an image to another shape, or nothing."""
    if len(wanted) != 3 or len(other) != 3:
        return []
    strides = [
        max(1, round(after / before)) for before, after in zip(wanted[1:], other[1:], strict=True)
    ]
    if any(
        -(-after // stride) != before
        for before, after, stride in zip(wanted[1:], other[1:], strides, strict=True)
    ):
        return []
    step = "" if strides == [1, 1] else f", stride {show(strides)}"
    values: dict[str, Value] = {
        "out_channels": wanted[0],
        "kernel_size": 1,
        "stride": tuple(strides),
        "bias": False,
    }
    return [
        InsertLayer(
            f"insert a 1×1 projection to {wanted[0]} channels{step}", port, "Conv2d", values
        )
    ]


class Add(Elementwise):
    """Sum of all inputs."""

    help = "Adds its inputs value by value."
    infix = True

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        return " + ".join(inputs)


class Mean(Elementwise):
    """Average of all inputs."""

    help = "Averages its inputs value by value."
    infix = True

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        if len(inputs) == 1:
            return inputs[0]
        return f"({' + '.join(inputs)}) / {len(inputs)}"

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        if len(inputs) == 1:
            return inputs[0].layout
        return layout_like(Tensor(self.output_shape(inputs), layout=super().layout(inputs)))

    def made(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Return the sums, then the quotient."""
        sums = chain_results(inputs)
        return [*sums, *sums[-1:]]


class DropPathMean(Mean):
    """Average of the inputs that drop path leaves in."""

    help = "Averages its inputs; in training it leaves some out for each sample (FractalNet)."
    infix = False
    torch = "DropPathMean"
    positional = ("p",)
    p = Float(
        0.15,
        minimum=0.0,
        maximum=1.0,
        help="Probability that an input is left out; at least one always remains.",
    )
    source = '''
class DropPathMean(nn.Module):
    """Averages its inputs; in training each is left out with probability p (arXiv:1605.07648).

    Each sample draws for itself, and at least one input stays: the one with the highest draw.
    """

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, *inputs):
        if not self.training or self.p == 0:
            total = inputs[0]
            for x in inputs[1:]:
                total = total + x
            return total / len(inputs)
        x = max(inputs, key=len)
        draws = torch.rand([len(inputs), len(x)] + [1] * (x.dim() - 1), device=x.device)
        stays = (draws >= self.p) | (draws == draws.amax(0))
        shares = (stays / stays.sum(0)).to(x.dtype)
        return sum(x * share for x, share in zip(inputs, shares))
'''

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save each sample's share of each input."""
        if len(inputs) == 1 or self.p == 0:
            return NOTHING
        return SavedForBackward(per_image=FLOAT_BYTES * len(inputs))

    def saved_in_eval(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        return NOTHING

    def constructor(self, code: Code) -> str:
        return super().constructor(code) if len(code.inputs) > 1 else ""

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        return f"{module}({', '.join(inputs)})" if len(inputs) > 1 else inputs[0]

    def summary(self) -> str:
        return f"DropPathMean p={self.p:g}"


class Multiply(Elementwise):
    """Product of all inputs."""

    help = "Multiplies its inputs value by value: gates and attention."
    infix = True

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save each factor whose partner needs a gradient, and the products in between."""
        saved: set[int] = set()
        products: list[Tensor] = []
        needs_grad = inputs[0].needs_grad
        made = chain_results(inputs)
        for port, each in enumerate(inputs[1:], 1):
            if each.needs_grad:
                if port == 1:
                    saved.add(0)
                else:
                    products.append(made[port - 2])
            if needs_grad:
                saved.add(port)
            needs_grad = needs_grad or each.needs_grad
        return saved_with(saved, products)

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        return " * ".join(inputs)


class Maximum(Elementwise):
    """Largest of all inputs."""

    help = "Takes the largest of its inputs value by value (maxout)."

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save both operands of each maximum of which one needs a gradient."""
        needs_grad = inputs[0].needs_grad
        saved: set[int] = set()
        maxima: list[Tensor] = []
        made = chain_results(inputs)
        for port, each in enumerate(inputs[1:], 1):
            needs_grad = needs_grad or each.needs_grad
            if needs_grad:
                saved.add(port)
                if port == 1:
                    saved.add(0)
                else:
                    maxima.append(made[port - 2])
        return saved_with(saved, maxima)

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        return reduce(lambda one, other: f"torch.maximum({one}, {other})", inputs)


class Concat(_Join):
    """Stacks its inputs along one axis."""

    help = "Concatenates its inputs along one axis, by default the channels."
    keeps_type = True
    torch = "Concat"
    dim = Int(
        1, minimum=1, maximum=MAX_AXES, help="The axis: 1 channels or features, 2 height, 3 width."
    )
    source = '''
class Concat(nn.Module):
    """Concatenates tensors along one axis; those with a batch of one stand for every image.

    The number `like` names an input that has a value for each image.
    """

    def __init__(self, dim, like):
        super().__init__()
        self.dim, self.like = dim, like

    def forward(self, *inputs):
        batch = inputs[self.like].shape[0]
        return torch.cat([x.expand(batch, *x.shape[1:]) for x in inputs], self.dim)
'''

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """Return the channels-last layout if all inputs have it."""
        if len(inputs) == 1:
            return inputs[0].layout
        last = all(map(is_channels_last, inputs))
        return channels_last_layout(self.output_shape(inputs)) if last else CONTIGUOUS

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        first = inputs[0].shape
        axis = self.dim - 1
        refuse_missing_axis(self, self.dim, first)
        for port, each in enumerate(inputs):
            if len(each.shape) != len(first):
                raise LayerError(
                    "inputs-differ",
                    "inputs differ in their number of axes",
                    port=port,
                    received=show(each.shape),
                    expected=show(first),
                )
            for number, (one, other) in enumerate(zip(first, each.shape, strict=True)):
                if number != axis and one != other:
                    name = axis_name(number, len(first))
                    raise LayerError(
                        "inputs-differ",
                        f"inputs differ in {name}",
                        port=port,
                        axis=name,
                        received=show(each.shape),
                        expected=f"{name} {one}",
                    )
        total = sum(each.shape[axis] for each in inputs)
        return (*first[:axis], total, *first[axis + 1 :])

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads:
        return Stacked(self.dim - 1)

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        if self.dim != 1:
            return inputs[0]
        return reduce(lambda one, other: fold(Binary("+", one, other)), inputs)

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        if self.dim != len(code.inputs[0].shape):
            return inputs[0]
        return reduce(lambda one, other: fold(Binary("+", one, other)), inputs)

    def constructor(self, code: Code) -> str:
        """Return a module where a learned tensor is concatenated to one of each image."""
        batched = [each.batched for each in code.inputs]
        if len({*batched}) < 2:
            return ""
        return f"Concat({code.argument('dim')}, {batched.index(True)})"

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        if len(inputs) == 1:
            return inputs[0]
        if module:
            return f"{module}({', '.join(inputs)})"
        return f"torch.cat([{', '.join(inputs)}], {code.argument('dim')})"

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        axis = self.dim - 1
        numbers = " + ".join(str(each.shape[axis]) for each in inputs)
        return (f"{axis_name(axis, len(output))} = {numbers} = {output[axis]}",)
