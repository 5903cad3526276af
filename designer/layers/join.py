"""Layers with several inputs."""

from collections.abc import Sequence
from functools import reduce
from math import prod

from designer.design.expressions import Binary, Tree, fold
from designer.design.values import Value
from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import InsertLayer, LayerError, Remedy
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


class _Elementwise(_Join):
    """Combines inputs value by value; axes of size one are broadcast."""

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        shape = inputs[0].shape
        for port, each in enumerate(inputs):
            joined = shape if each.shape == shape else broadcast(shape, each.shape)
            if joined is None:
                raise self._refusal(shape, each.shape, port)
            shape = joined
        return shape

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """Return the layout after a chain of operations with two inputs each."""
        made = inputs[0]
        for each, shape in zip(inputs[1:], self._chain(inputs), strict=True):
            made = Tensor(shape, layout=elementwise_layout((made, each), shape))
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

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the peak of the chain of two-input operations."""
        return chain_peak(*map(prod, self._chain(inputs)))

    def _chain(self, inputs: Sequence[Tensor]) -> list[Shape]:
        """Return the shapes of the results of the chain ((a + b) + c) + ..."""
        shape, shapes = inputs[0].shape, []
        for each in inputs[1:]:
            if each.shape != shape:
                shape = broadcast(shape, each.shape) or shape
            shapes.append(shape)
        return shapes

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        """Return those of an input that is not broadcast."""
        most = max(range(len(code.inputs)), key=lambda port: code.inputs[port].shape[0])
        return inputs[most]


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


class Add(_Elementwise):
    """Sum of all inputs."""

    help = "Adds its inputs value by value."
    infix = True

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        return " + ".join(inputs)


class Mean(_Elementwise):
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

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the peak of the sums, then the quotient."""
        quotient = [prod(output)] if len(inputs) > 1 else []
        return chain_peak(*map(prod, self._chain(inputs)), *quotient)


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
        x = inputs[0]
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


class Multiply(_Elementwise):
    """Product of all inputs."""

    help = "Multiplies its inputs value by value: gates and attention."
    infix = True

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save each factor whose partner needs a gradient, and the products in between."""
        saved: set[int] = set()
        made = 0
        needs_grad = inputs[0].needs_grad
        shapes = self._chain(inputs)
        for port, each in enumerate(inputs[1:], 1):
            if each.needs_grad:
                if port == 1:
                    saved.add(0)
                else:
                    made += FLOAT_BYTES * prod(shapes[port - 2])
            if needs_grad:
                saved.add(port)
            needs_grad = needs_grad or each.needs_grad
        return SavedForBackward(inputs=tuple(sorted(saved)), per_image=made)

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        return " * ".join(inputs)


class Maximum(_Elementwise):
    """Largest of all inputs."""

    help = "Takes the largest of its inputs value by value (maxout)."

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save both operands of each maximum of which one needs a gradient."""
        made, needs_grad = 0, inputs[0].needs_grad
        saved: set[int] = set()
        shapes = self._chain(inputs)
        for port, each in enumerate(inputs[1:], 1):
            needs_grad = needs_grad or each.needs_grad
            if needs_grad:
                saved.add(port)
                if port == 1:
                    saved.add(0)
                else:
                    made += FLOAT_BYTES * prod(shapes[port - 2])
        return SavedForBackward(inputs=tuple(sorted(saved)), per_image=made)

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        return reduce(lambda one, other: f"torch.maximum({one}, {other})", inputs)


class Concat(_Join):
    """Stacks its inputs along one axis."""

    help = "Concatenates its inputs along one axis, by default the channels."
    dim = Int(1, minimum=1, maximum=3, help="The axis: 1 channels or features, 2 height, 3 width.")

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """Return the channels-last layout if all inputs have it."""
        if len(inputs) == 1:
            return inputs[0].layout
        last = all(map(is_channels_last, inputs))
        return channels_last_layout(self.output_shape(inputs)) if last else CONTIGUOUS

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        first = inputs[0].shape
        axis = self.dim - 1
        if axis >= len(first):
            raise LayerError(
                "no-such-axis",
                f"Concat needs an axis {self.dim}, but the input {show(first)} has only "
                f"{len(first)} besides the batch",
                received=len(first),
                expected=f"at least {self.dim}",
            )
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

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        if len(inputs) == 1:
            return inputs[0]
        return f"torch.cat([{', '.join(inputs)}], {code.argument('dim')})"

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        axis = self.dim - 1
        numbers = " + ".join(str(each.shape[axis]) for each in inputs)
        return (f"{axis_name(axis, len(output))} = {numbers} = {output[axis]}",)
