"""The shortcuts of residual networks: of the original and of the pre-activation blocks."""

from collections.abc import Sequence
from math import prod

from designer.design.expressions import Tree
from designer.layers.base import Code
from designer.layers.category import Category
from designer.layers.errors import LayerError, need_image
from designer.layers.initialization import Initialized
from designer.layers.layouts import batch_norm_layout, channels_last_layout, is_channels_last
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
    help = "Shortcut of a residual block: the identity where shapes agree, else option A, B or C."
    torch = "Shortcut"
    channels_last = True
    positional = ("in_channels", "out_channels")
    out_channels = Int(help="Channels of the branch it will be added to.", unit="channels")
    stride = Int(1, maximum=1000, help="Step of the branch it will be added to.")
    option = Choice(
        "B",
        choices=("A", "B", "C"),
        help="Where shapes differ, A subsamples and pads and B projects; C always projects.",
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
        """Return ``identity``, ``pad`` or ``project``."""
        same = inputs[0].shape[0] == self.out_channels and self.stride == 1
        if self.option != "C" and same:
            return "identity"
        return "pad" if self.option == "A" else "project"

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        channels, height, width = need_image(self, inputs)
        if self.option == "A" and channels > self.out_channels:
            raise LayerError(
                "channels",
                f"option A can only add channels, not turn {channels} into {self.out_channels}",
                axis="channels",
                received=channels,
                expected=f"at most {self.out_channels}",
            )
        return self.out_channels, -(-height // self.stride), -(-width // self.stride)

    def needs_batch(self, inputs: Sequence[Tensor]) -> bool:
        """Return whether the norm of a projection gets one value per channel."""
        normalizes = self.batch_norm and self._kind(inputs) == "project"
        return normalizes and self.output_shape(inputs)[1:] == (1, 1)

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
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
        return prod(output) * inputs[0].shape[0] if self._kind(inputs) == "project" else 0

    def macs_formula(self, inputs: Sequence[Tensor], output: Shape) -> str:
        return f"{output[1]} · {output[2]} · {output[0]} · {inputs[0].shape[0]}"

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save a projection's input and, for the norm, its output and the batch's statistics."""
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
        """Save the same without the batch's statistics."""
        return self.saved_for_backward(inputs, output)._replace(fixed=0)

    def saved_when_frozen(
        self, inputs: Sequence[Tensor], output: Shape, training: bool
    ) -> SavedForBackward:
        """Save what it does in eval mode, in which a frozen norm always is."""
        return self.saved_in_eval(inputs, output)

    def is_view(self, inputs: Sequence[Tensor], training: bool) -> bool:
        return self._kind(inputs) == "identity"

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        if self._kind(inputs) == "identity":
            return inputs[0].layout
        projected = super().layout(inputs)
        if self._kind(inputs) != "project" or not self.batch_norm:
            return projected
        return batch_norm_layout(Tensor(self.output_shape(inputs), layout=projected))

    def parts(self, inputs: Sequence[Tensor], output: Shape) -> tuple[Part, ...]:
        """Return nothing for the identity, or the padding, or the projection and its norm."""
        kind, values = self._kind(inputs), prod(output)
        if kind == "identity":
            return ()
        if kind == "pad":
            return (Part(inputs[0].values, values),)
        projected = Part(inputs[0].values, values, True)
        return (projected, Part(values, values)) if self.batch_norm else (projected,)

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the peak of the projection, then the output of its norm."""
        return FLOAT_BYTES * prod(output) * max(1, len(self.parts(inputs, output)))

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Window:
        projects = self._kind(inputs) == "project"
        return Window((1, 1), (self.stride, self.stride), channels=projects)

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return code.tree("out_channels")

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        kind = {"identity": "the identity", "pad": "subsampled and padded", "project": "projected"}
        _, height, width = inputs[0].shape
        return (
            f"{kind[self._kind(inputs)]}: ⌈{height}×{width} / {self.stride}⌉ = {show(output[1:])}",
        )

    def summary(self) -> str:
        step = "" if self.stride == 1 else f" /{self.stride}"
        return f"Shortcut {self.option}{step}, {self.out_channels}"


class PreActShortcut(Initialized):
    """The shortcut of a residual block that activates first."""

    category = Category.JOIN
    channels_last = True
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
        _, height, width = need_image(self, inputs)
        if inputs[0].shape != inputs[1].shape:
            raise LayerError(
                "inputs-differ",
                "the activation must have the shape of the block's input",
                port=1,
                received=show(inputs[1].shape),
                expected=show(inputs[0].shape),
            )
        if inputs[0].batched is not inputs[1].batched:
            raise LayerError(
                "inputs-differ",
                "the activation must be that of the block's input; one of the two is the same "
                "tensor for every image",
                port=1,
                received="a tensor that is the same for every image",
                expected="two tensors with values for each image",
            )
        return self.out_channels, -(-height // self.stride), -(-width // self.stride)

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        if not self._projects(inputs):
            return ()
        return (State("conv.weight", (self.out_channels, inputs[0].shape[0], 1, 1), WEIGHT),)

    def macs(self, inputs: Sequence[Tensor], output: Shape) -> int:
        return prod(output) * inputs[0].shape[0] if self._projects(inputs) else 0

    def macs_formula(self, inputs: Sequence[Tensor], output: Shape) -> str:
        return f"{output[1]} · {output[2]} · {output[0]} · {inputs[0].shape[0]}"

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the activation, if it is projected."""
        return SavedForBackward(inputs=(1,)) if self._projects(inputs) else NOTHING

    def ports_without_gradient(self, inputs: Sequence[Tensor]) -> tuple[int, ...]:
        return (0,) if self._projects(inputs) else (1,)

    def is_view(self, inputs: Sequence[Tensor], training: bool) -> bool:
        return not self._projects(inputs)

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        if not self._projects(inputs):
            return inputs[0].layout
        last = is_channels_last(inputs[1])
        return channels_last_layout(self.output_shape(inputs)) if last else CONTIGUOUS

    def parts(self, inputs: Sequence[Tensor], output: Shape) -> tuple[Part, ...]:
        if not self._projects(inputs):
            return ()
        return (Part(inputs[1].values, prod(output), True),)

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Window:
        projects = self._projects(inputs)
        return Window(
            (1, 1),
            (self.stride, self.stride),
            channels=projects,
            port=1 if projects else 0,
        )

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return code.tree("out_channels")

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        kind = "the activation, projected" if self._projects(inputs) else "the block's input"
        _, height, width = inputs[0].shape
        return (f"{kind}: ⌈{height}×{width} / {self.stride}⌉ = {show(output[1:])}",)

    def summary(self) -> str:
        step = "" if self.stride == 1 else f" /{self.stride}"
        return f"PreActShortcut{step}, {self.out_channels}"
