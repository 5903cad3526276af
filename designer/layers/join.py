"""Layers with several inputs."""

from collections.abc import Sequence
from functools import reduce
from itertools import zip_longest
from math import prod

from designer.design.expressions import Binary, Tree, fold
from designer.design.values import Value
from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import InsertLayer, LayerError, Remedy
from designer.layers.parameters import Float, Int
from designer.layers.tensors import (
    CONTIGUOUS,
    FLOAT_BYTES,
    NOTHING,
    Layout,
    Part,
    SavedForBackward,
    Shape,
    Tensor,
    axis_name,
    show,
)


def broadcast(first: Shape, second: Shape) -> Shape | None:
    """Return the shape of an elementwise operation, by torch's rules behind the batch axis."""
    if len(first) != len(second):
        return None
    shape = []
    for one, other in zip(first, second, strict=True):
        if one != other and 1 not in (one, other):
            return None
        shape.append(max(one, other))
    return tuple(shape)


class _Join(Layer):
    """Takes any number of inputs; a single one, where `when` took the others away, passes on."""

    category = Category.JOIN
    inputs = (1, 256)

    def is_view(self, inputs: Sequence[Tensor], training: bool) -> bool:
        """A single input passes on."""
        return len(inputs) == 1

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """New, unless a single input passes on."""
        return inputs[0].layout if len(inputs) == 1 else CONTIGUOUS

    def parts(self, inputs: Sequence[Tensor], output: Shape) -> tuple[Part, ...]:
        """One row."""
        return (Part(0, prod(output)),) if len(inputs) > 1 else ()


class _Elementwise(_Join):
    """Combines inputs of one shape value by value."""

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """The common shape; an axis of one is spread."""
        shape = inputs[0].shape
        for port, each in enumerate(inputs):
            joined = shape if each.shape == shape else broadcast(shape, each.shape)
            if joined is None:
                raise self._refusal(shape, each.shape, port)
            shape = joined
        return shape

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

    def transients(self, inputs: Sequence[Tensor], output: Shape) -> tuple[int, ...]:
        """One tensor after the other, as a chain of two-input operations."""
        shapes = self._chain(inputs)
        return tuple(prod(shape) for shape in shapes) or (0,)

    def _chain(self, inputs: Sequence[Tensor]) -> list[Shape]:
        """Return the shapes of the results of the chain ((a ? b) ? c) ..."""
        shape, shapes = inputs[0].shape, []
        for each in inputs[1:]:
            if each.shape != shape:
                shape = broadcast(shape, each.shape) or shape
            shapes.append(shape)
        return shapes

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        """Return those of an input that is not spread."""
        most = max(range(len(code.inputs)), key=lambda port: code.inputs[port].shape[0])
        return inputs[most]


def projection(wanted: Shape, other: Shape, port: int) -> Sequence[Remedy]:
    """Return the remedy that brings an image to another shape: a 1x1 projection with a stride."""
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
        """Write a + b."""
        return " + ".join(inputs)


class Mean(_Elementwise):
    """Average of all inputs."""

    help = "Averages its inputs value by value."
    infix = True

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        """Write (a + b) / 2."""
        if len(inputs) == 1:
            return inputs[0]
        return f"({' + '.join(inputs)}) / {len(inputs)}"

    def transients(self, inputs: Sequence[Tensor], output: Shape) -> tuple[int, ...]:
        """The sums, then the quotient."""
        if len(inputs) == 1:
            return (0,)
        return (*super().transients(inputs, output), prod(output))


class DropPathMean(Mean):
    """Average of those inputs that drop path leaves."""

    help = "Averages its inputs; in training it leaves some out for each sample (FractalNet)."
    infix = False
    torch = "DropPathMean"
    positional = ("p",)
    p = Float(
        0.15,
        minimum=0.0,
        maximum=1.0,
        help="Chance that an input is left out; of all of them one always stays.",
    )
    source = '''
class DropPathMean(nn.Module):
    """Averages its inputs; in training each is left out with probability p (arXiv:1605.07648).

    This is drawn for each sample, and at least one input stays: the one with the highest draw.
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
        """In training each sample's shares of the inputs."""
        if len(inputs) == 1 or self.p == 0:
            return NOTHING
        return SavedForBackward(per_image=FLOAT_BYTES * len(inputs))

    def saved_in_eval(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Nothing."""
        return NOTHING

    def constructor(self, code: Code) -> str:
        """A single input passes on."""
        return super().constructor(code) if len(code.inputs) > 1 else ""

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        """Call the module."""
        return f"{module}({', '.join(inputs)})" if len(inputs) > 1 else inputs[0]

    def summary(self) -> str:
        """Return the chance."""
        return f"DropPathMean p={self.p:g}"


class Multiply(_Elementwise):
    """Product of all inputs."""

    help = "Multiplies its inputs value by value: gates and attention."
    infix = True

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Each factor whose partner needs a gradient; products in between are new tensors."""
        keeps: set[int] = set()
        made = 0
        needs_grad = inputs[0].needs_grad
        shapes = self._chain(inputs)
        for port, each in enumerate(inputs[1:], 1):
            if each.needs_grad:
                if port == 1:
                    keeps.add(0)
                else:
                    made += FLOAT_BYTES * prod(shapes[port - 2])
            if needs_grad:
                keeps.add(port)
            needs_grad = needs_grad or each.needs_grad
        return SavedForBackward(inputs=tuple(sorted(keeps)), per_image=made)

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        """Write a * b."""
        return " * ".join(inputs)


class Maximum(_Elementwise):
    """Largest of all inputs."""

    help = "Takes the largest of its inputs value by value (maxout)."

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """All inputs, and the results between them (those that need a gradient: all, if one)."""
        made, needs_grad = 0, inputs[0].needs_grad
        keeps: set[int] = set()
        shapes = self._chain(inputs)
        for port, each in enumerate(inputs[1:], 1):
            needs_grad = needs_grad or each.needs_grad
            if needs_grad:
                keeps.add(port)
                if port == 1:
                    keeps.add(0)
                else:
                    made += FLOAT_BYTES * prod(shapes[port - 2])
        return SavedForBackward(inputs=tuple(sorted(keeps)), per_image=made)

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        """Nest torch.maximum."""
        return reduce(lambda one, other: f"torch.maximum({one}, {other})", inputs)


class Concat(_Join):
    """Stacks its inputs."""

    help = "Puts its inputs one behind the other, along the channels unless told otherwise."
    dim = Int(1, minimum=1, maximum=3, help="The axis: 1 channels or features, 2 height, 3 width.")

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """The sum along the axis; all others must agree."""
        first = inputs[0].shape
        axis = self.dim - 1
        if axis >= len(first):
            raise LayerError(
                "no-such-axis",
                f"Concat along axis {self.dim}, but the input {show(first)} has {len(first)}",
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
            for place, (one, other) in enumerate(zip_longest(first, each.shape)):
                if place != axis and one != other:
                    name = axis_name(place, len(first))
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

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        """Return the sum of the inputs' channels."""
        if self.dim != 1:
            return inputs[0]
        return reduce(lambda one, other: fold(Binary("+", one, other)), inputs)

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        """Write torch.cat."""
        if len(inputs) == 1:
            return inputs[0]
        return f"torch.cat([{', '.join(inputs)}], {code.argument('dim')})"

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        """The sum."""
        axis = self.dim - 1
        numbers = " + ".join(str(each.shape[axis]) for each in inputs)
        return (f"{axis_name(axis, len(output))} = {numbers} = {output[axis]}",)
