"""The shortcuts of residual networks: around a block, and around one that activates first."""

from collections.abc import Sequence
from math import prod

from designer.design.expressions import Tree
from designer.layers.base import Code
from designer.layers.category import Category
from designer.layers.errors import LayerError, need_image
from designer.layers.initialization import Initialized
from designer.layers.parameters import Bool, Choice, Int
from designer.layers.tensors import (
    BIAS,
    BUFFER,
    CONTIGUOUS,
    FLOAT_BYTES,
    INDEX_BYTES,
    NOTHING,
    WEIGHT,
    Layout,
    Part,
    SavedForBackward,
    Shape,
    State,
    Tensor,
    Window,
    show,
)


class Shortcut(Initialized):
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
    batch_norm = Bool(True, help="Normalize a projection.")
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
        weight = State("conv.weight", (kernels, inputs[0].shape[0], 1, 1), WEIGHT)
        if not self.batch_norm:
            return weight, State("conv.bias", (kernels,), BIAS)
        return (
            weight,
            State("bn.weight", (kernels,), WEIGHT),
            State("bn.bias", (kernels,), BIAS),
            State("bn.running_mean", (kernels,), BUFFER),
            State("bn.running_var", (kernels,), BUFFER),
            State("bn.num_batches_tracked", (), BUFFER, INDEX_BYTES),
        )

    def macs(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """The 1x1 projection's."""
        return prod(output) * inputs[0].shape[0] if self._kind(inputs) == "project" else 0

    def macs_formula(self, inputs: Sequence[Tensor], output: Shape) -> str:
        """The 1x1 projection's."""
        return f"{output[1]} · {output[2]} · {output[0]} · {inputs[0].shape[0]}"

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """A projection's input and, for the norm, its output with the batch's figures."""
        if self._kind(inputs) != "project":
            return NOTHING
        if not self.batch_norm:
            return SavedForBackward(inputs=(0,))
        return SavedForBackward(
            inputs=(0,),
            per_image=FLOAT_BYTES * prod(output),
            fixed=2 * FLOAT_BYTES * self.out_channels,
        )

    def saved_in_eval(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """As in training, without the batch's figures."""
        return self.saved_for_backward(inputs, output)._replace(fixed=0)

    def saved_when_frozen(
        self, inputs: Sequence[Tensor], output: Shape, training: bool
    ) -> SavedForBackward:
        """As in eval mode, which a frozen norm is always in."""
        return self.saved_in_eval(inputs, output)

    def is_view(self, inputs: Sequence[Tensor], training: bool) -> bool:
        """The identity passes its input on; so does A that only lacks padding."""
        kind = self._kind(inputs)
        return kind == "identity"

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """The identity keeps its input's."""
        return inputs[0].layout if self._kind(inputs) == "identity" else CONTIGUOUS

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


class PreActShortcut(Initialized):
    """The shortcut of a residual block that activates first."""

    category = Category.JOIN
    convolution = True
    convolved = 1
    inputs = (2, 2)
    help = "A pre-activation block's shortcut: its input, or else a projection of the activation."
    torch = "PreActShortcut"
    positional = ("in_channels", "out_channels")
    out_channels = Int(help="Channels of the branch it will be added to.", unit="channels")
    stride = Int(1, maximum=1000, help="Step of the branch it will be added to.")
    source = '''
class PreActShortcut(nn.Module):
    """The shortcut of a pre-activation block (arXiv:1603.05027).

    The block's input where shapes agree, else a 1x1 projection of its first activation.
    """

    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        same = in_channels == out_channels and stride == 1
        self.conv = None if same else nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)

    def forward(self, x, activation):
        return x if self.conv is None else self.conv(activation)
'''

    def _projects(self, inputs: Sequence[Tensor]) -> bool:
        return inputs[0].shape[0] != self.out_channels or self.stride != 1

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Declared channels; height and width divided by the stride, rounded up."""
        _, height, width = need_image(self, inputs)
        if inputs[0].shape != inputs[1].shape:
            raise LayerError(
                "inputs-differ",
                "the activation has not the shape of the block's input",
                port=1,
                received=show(inputs[1].shape),
                expected=show(inputs[0].shape),
            )
        return self.out_channels, -(-height // self.stride), -(-width // self.stride)

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        """The projection's, if there is one."""
        if not self._projects(inputs):
            return ()
        return (State("conv.weight", (self.out_channels, inputs[0].shape[0], 1, 1), WEIGHT),)

    def macs(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """The 1x1 projection's."""
        return prod(output) * inputs[0].shape[0] if self._projects(inputs) else 0

    def macs_formula(self, inputs: Sequence[Tensor], output: Shape) -> str:
        """The 1x1 projection's."""
        return f"{output[1]} · {output[2]} · {output[0]} · {inputs[0].shape[0]}"

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """The activation, for a projection."""
        return SavedForBackward(inputs=(1,)) if self._projects(inputs) else NOTHING

    def is_view(self, inputs: Sequence[Tensor], training: bool) -> bool:
        """The block's input passes on."""
        return not self._projects(inputs)

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """The block's input keeps its own."""
        return CONTIGUOUS if self._projects(inputs) else inputs[0].layout

    def parts(self, inputs: Sequence[Tensor], output: Shape) -> tuple[Part, ...]:
        """The projection."""
        if not self._projects(inputs):
            return ()
        return (Part(inputs[1].values, prod(output), True),)

    def window(self, inputs: Sequence[Tensor], output: Shape) -> Window:
        """Every stride-th input."""
        return Window((1, 1), (self.stride, self.stride))

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        """Return the declared channels."""
        return code.tree("out_channels")

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        """Sizes divided by the stride."""
        kind = "the activation, projected" if self._projects(inputs) else "the block's input"
        _, height, width = inputs[0].shape
        return (f"{kind}: ⌈{height}×{width} / {self.stride}⌉ = {show(output[1:])}",)

    def summary(self) -> str:
        """Return stride and channels."""
        step = "" if self.stride == 1 else f" /{self.stride}"
        return f"PreActShortcut{step}, {self.out_channels}"
