"""Layers with several inputs, and the shortcut that residual networks join with."""

from collections.abc import Sequence
from functools import reduce
from itertools import zip_longest
from math import prod

from designer.design.expressions import Binary, Tree, fold
from designer.design.values import Value
from designer.layers.base import (
    FLOAT_BYTES,
    INDEX_BYTES,
    NOTHING,
    Category,
    Code,
    InsertLayer,
    Kept,
    Layer,
    LayerError,
    Layout,
    Part,
    Remedy,
    Role,
    Shape,
    State,
    Tensor,
    Window,
    axis_name,
    need_image,
    show,
)
from designer.layers.initialisation import Initialised
from designer.layers.parameters import Bool, Choice, Int


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
        return inputs[0].layout if len(inputs) == 1 else Layout.CONTIGUOUS

    def parts(self, inputs: Sequence[Tensor], output: Shape) -> tuple[Part, ...]:
        """One row."""
        return (Part(0, prod(output)),) if len(inputs) > 1 else ()


class _Elementwise(_Join):
    """Combines inputs of one shape value by value."""

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """The common shape; an axis of one is spread."""
        shape = inputs[0].shape
        for port, each in enumerate(inputs):
            joined = broadcast(shape, each.shape)
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


class Multiply(_Elementwise):
    """Product of all inputs."""

    help = "Multiplies its inputs value by value: gates and attention."
    infix = True

    def kept(self, inputs: Sequence[Tensor], output: Shape) -> Kept:
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
        return Kept(inputs=tuple(sorted(keeps)), per_image=made)

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        """Write a * b."""
        return " * ".join(inputs)


class Maximum(_Elementwise):
    """Largest of all inputs."""

    help = "Takes the largest of its inputs value by value (maxout)."

    def kept(self, inputs: Sequence[Tensor], output: Shape) -> Kept:
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
        return Kept(inputs=tuple(sorted(keeps)), per_image=made)

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


class Shortcut(Initialised):
    """The shortcut of a residual block."""

    category = Category.JOIN
    convolution = True
    help = "A residual block's shortcut: identity where shapes agree, else option A, B or C."
    torch = "Shortcut"
    positional = ("in_channels", "out_channels")
    out_channels = Int(help="Channels of the branch it will be added to.", unit="channels")
    stride = Int(1, maximum=1000, help="Step of the branch it will be added to.")
    option = Choice(
        "B",
        choices=("A", "B", "C"),
        help="Where shapes differ: A subsamples and pads, B projects; C projects always.",
    )
    batch_norm = Bool(True, help="Normalise a projection.")
    source = '''
class Shortcut(nn.Module):
    """The shortcut of a residual block (arXiv:1512.03385, section 3.3).

    Identity where shapes agree; else option A subsamples and pads with zero channels, option B is a
    1x1 projection. Option C projects always.
    """

    def __init__(self, in_channels, out_channels, stride=1, option="B", batch_norm=True):
        super().__init__()
        same = in_channels == out_channels and stride == 1
        self.stride = stride
        self.padding = 0 if same or option != "A" else out_channels - in_channels
        self.identity = same and option != "C"
        if option != "A" and not self.identity:
            self.conv = nn.Conv2d(in_channels, out_channels, 1, stride, bias=not batch_norm)
            self.bn = nn.BatchNorm2d(out_channels) if batch_norm else nn.Identity()
        else:
            self.conv = None

    def forward(self, x):
        if self.identity:
            return x
        if self.conv is None:
            return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.padding))
        return self.bn(self.conv(x))
'''

    def _kind(self, inputs: Sequence[Tensor]) -> str:
        same = inputs[0].shape[0] == self.out_channels and self.stride == 1
        if self.option != "C" and same:
            return "identity"
        return "pad" if self.option == "A" else "project"

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Declared channels; height and width divided by the stride, rounded up."""
        channels, height, width = need_image(self, inputs)
        if self.option == "A" and channels > self.out_channels:
            raise LayerError(
                "channels",
                f"option A pads channels, it cannot cut {channels} down to {self.out_channels}",
                axis="channels",
                received=channels,
                expected=f"at most {self.out_channels}",
            )
        return self.out_channels, -(-height // self.stride), -(-width // self.stride)

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        """The projection's, if there is one."""
        if self._kind(inputs) != "project":
            return ()
        kernels = self.out_channels
        weight = State("conv.weight", (kernels, inputs[0].shape[0], 1, 1), Role.WEIGHT)
        if not self.batch_norm:
            return weight, State("conv.bias", (kernels,), Role.BIAS)
        return (
            weight,
            State("bn.weight", (kernels,), Role.WEIGHT),
            State("bn.bias", (kernels,), Role.BIAS),
            State("bn.running_mean", (kernels,), Role.BUFFER),
            State("bn.running_var", (kernels,), Role.BUFFER),
            State("bn.num_batches_tracked", (), Role.BUFFER, INDEX_BYTES),
        )

    def macs(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """The 1x1 projection's."""
        return prod(output) * inputs[0].shape[0] if self._kind(inputs) == "project" else 0

    def macs_formula(self, inputs: Sequence[Tensor], output: Shape) -> str:
        """The 1x1 projection's."""
        return f"{output[1]} · {output[2]} · {output[0]} · {inputs[0].shape[0]}"

    def kept(self, inputs: Sequence[Tensor], output: Shape) -> Kept:
        """A projection's input and, for the norm, its output with the batch's figures."""
        if self._kind(inputs) != "project":
            return NOTHING
        if not self.batch_norm:
            return Kept(inputs=(0,))
        return Kept(
            inputs=(0,),
            per_image=FLOAT_BYTES * prod(output),
            fixed=2 * FLOAT_BYTES * self.out_channels,
        )

    def kept_in_eval(self, inputs: Sequence[Tensor], output: Shape) -> Kept:
        """As in training, without the batch's figures."""
        return self.kept(inputs, output)._replace(fixed=0)

    def is_view(self, inputs: Sequence[Tensor], training: bool) -> bool:
        """The identity passes its input on; so does A that only lacks padding."""
        kind = self._kind(inputs)
        return kind == "identity"

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """The identity keeps its input's."""
        return inputs[0].layout if self._kind(inputs) == "identity" else Layout.CONTIGUOUS

    def parts(self, inputs: Sequence[Tensor], output: Shape) -> tuple[Part, ...]:
        """Nothing, the padded tensor, or the projection and its norm."""
        kind, values = self._kind(inputs), prod(output)
        if kind == "identity":
            return ()
        if kind == "pad":
            return (Part(inputs[0].values, values),)
        projected = Part(inputs[0].values, values, True)
        return (projected, Part(values, values)) if self.batch_norm else (projected,)

    def transients(self, inputs: Sequence[Tensor], output: Shape) -> tuple[int, ...]:
        """The projection, then its norm."""
        return (prod(output),) * max(1, len(self.parts(inputs, output)))

    def window(self, inputs: Sequence[Tensor], output: Shape) -> Window:
        """Every stride-th input."""
        return Window((1, 1), (self.stride, self.stride))

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        """Return the declared channels."""
        return code.tree("out_channels")

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        """Sizes divided by the stride."""
        kind = {"identity": "the identity", "pad": "subsampled and padded", "project": "projected"}
        _, height, width = inputs[0].shape
        return (
            f"{kind[self._kind(inputs)]}: ⌈{height}×{width} / {self.stride}⌉ = {show(output[1:])}",
        )

    def summary(self) -> str:
        """Return option, stride and channels."""
        step = "" if self.stride == 1 else f" /{self.stride}"
        return f"Shortcut {self.option}{step}, {self.out_channels}"
