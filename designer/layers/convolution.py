"""Convolutions whose kernels are learned: plain, depthwise and separable."""

from abc import abstractmethod
from collections.abc import Sequence
from math import ceil, gcd, prod

from designer.design.expressions import Tree
from designer.design.printing import python_source
from designer.layers.base import Code
from designer.layers.category import Category
from designer.layers.errors import LayerError, SetParameters, largest_divisor, need_image
from designer.layers.initialization import Initialized
from designer.layers.kernels import (
    refuse_large_kernel,
    spatial_formula,
    times,
    window_text,
)
from designer.layers.parameters import Bool, Choice, Int, IntPair, Padding, Pair
from designer.layers.tensors import (
    BIAS,
    CONTIGUOUS,
    FLOAT_BYTES,
    ITS_INPUT,
    WEIGHT,
    Layout,
    Part,
    SavedForBackward,
    Shape,
    State,
    Tensor,
    Window,
    chain_peak,
    show,
)

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _Conv(Initialized):
    """A convolution whose kernel slides over the image in steps of `stride`."""

    category = Category.CONVOLUTION
    convolution = True
    channels_last = True
    kernel_size = IntPair(help="Height and width of the kernel.")
    stride = IntPair((1, 1), help="Step of the kernel.")
    padding = Padding(help='Rows and columns added on each side, or "same".')
    dilation = IntPair((1, 1), help="Distance between the kernel's elements; 1 is dense.")
    bias = Bool(True, help="Add a learned number per output channel.")
    padding_mode = Choice("zeros", choices=PADDING_MODES, help="What the padding is filled with.")

    @abstractmethod
    def out_channels_of(self, channels: int) -> int:
        """Return the number of kernels (output channels) for `channels` input channels."""

    def groups_of(self, channels: int) -> int:
        """Return the number of independent groups for `channels` input channels."""
        return 1

    def check(self) -> None:
        super().check()
        if self.padding == "same" and self.stride != (1, 1):
            half = tuple(
                d * (k - 1) // 2 for d, k in zip(self.dilation, self.kernel_size, strict=True)
            )
            raise LayerError(
                "same-with-stride",
                f'padding "same" needs stride 1, received stride {show(self.stride)}',
                received=f"stride {show(self.stride)}",
                expected="stride 1",
                remedies=[
                    SetParameters(f"set padding to {show(half)}", {"padding": half}),
                    SetParameters("set stride to 1", {"stride": 1}),
                ],
            )

    def total_padding(self) -> Pair:
        """Return the rows and columns added on both sides together."""
        if isinstance(self.padding, str):
            height, width = (
                d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)
            )
            return height, width
        return 2 * self.padding[0], 2 * self.padding[1]

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        channels, height, width = need_image(self, inputs)
        kernels, groups = self.out_channels_of(channels), self.groups_of(channels)
        if channels % groups or kernels % groups:
            raise self._refuse_groups(channels, kernels, groups)
        self._check_padding(inputs[0].shape)
        if isinstance(self.padding, str):
            return kernels, height, width
        (kh, kw), (sh, sw), (ph, pw), (dh, dw) = (
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
        )
        new_height = (height + 2 * ph - dh * (kh - 1) - 1) // sh + 1
        new_width = (width + 2 * pw - dw * (kw - 1) - 1) // sw + 1
        if new_height < 1 or new_width < 1:
            refuse_large_kernel(
                self, inputs[0].shape, self.kernel_size, self.padding, self.dilation
            )
        return kernels, new_height, new_width

    def _check_padding(self, shape: Shape) -> None:
        """Refuse reflect or circular padding that is wider than the image allows."""
        if self.padding_mode not in ("reflect", "circular"):
            return
        spare = -1 if self.padding_mode == "reflect" else 0
        for axis, name in ((0, "height"), (1, "width")):
            most = shape[axis + 1] + spare
            longer_side = ceil(self.total_padding()[axis] / 2)
            if longer_side > most:
                raise LayerError(
                    "padding-too-large",
                    f"{self.padding_mode} padding of {longer_side} needs more rows or "
                    f"columns than the input's {name} of {shape[axis + 1]} has",
                    axis=name,
                    received=shape[axis + 1],
                    expected=f"at least {longer_side - spare}",
                    remedies=[SetParameters("fill with zeros", {"padding_mode": "zeros"})],
                )

    def _refuse_groups(self, channels: int, kernels: int, groups: int) -> LayerError:
        at_fault = "input" if channels % groups else "output"
        number = channels if channels % groups else kernels
        fitting = largest_divisor(gcd(channels, kernels), groups)
        remedies = [SetParameters(f"set groups to {fitting}", {"groups": fitting})]
        if at_fault == "output":
            rounded = ceil(kernels / groups) * groups
            remedies.append(
                SetParameters(f"set output channels to {rounded}", {"out_channels": rounded})
            )
        return LayerError(
            "groups",
            f"{number} {at_fault} channels do not divide into {groups} groups",
            axis="channels",
            received=number,
            expected=f"a multiple of {groups}",
            remedies=remedies,
        )

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        channels = inputs[0].shape[0]
        kernels = self.out_channels_of(channels)
        weight = (kernels, channels // self.groups_of(channels), *self.kernel_size)
        if self.bias:
            return State("weight", weight, WEIGHT), State("bias", (kernels,), BIAS)
        return (State("weight", weight, WEIGHT),)

    def macs(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Count output values x channels of a group x kernel elements."""
        channels = inputs[0].shape[0]
        return prod(output) * (channels // self.groups_of(channels)) * prod(self.kernel_size)

    def _padded_values(self, inputs: Sequence[Tensor]) -> int:
        """Return the values of the padded copy that torch makes of the input; 0 if it makes none.

        torch pads by itself in all modes but zeros, and the odd row or column of "same".
        """
        if self.padding_mode == "zeros" and self.padding != "same":
            return 0
        channels, height, width = inputs[0].shape
        added_height, added_width = self.total_padding()
        if self.padding_mode == "zeros":
            added_height, added_width = added_height % 2, added_width % 2
            if not added_height and not added_width:
                return 0
        return channels * (height + added_height) * (width + added_width)

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the input, or the padded copy that torch makes of it."""
        copy = self._padded_values(inputs)
        if not copy:
            return ITS_INPUT
        keeps_input = self.padding_mode in ("reflect", "replicate") and inputs[0].needs_grad
        return SavedForBackward(inputs=(0,) if keeps_input else (), per_image=FLOAT_BYTES * copy)

    def backward_scratch(self, inputs: Sequence[Tensor]) -> int:
        """Return the gradient of the padded copy, if torch makes one."""
        return self._padded_values(inputs) if inputs[0].needs_grad else 0

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the peak of the padded copy, if torch makes one, then the output."""
        return FLOAT_BYTES * (self._padded_values(inputs) + prod(output))

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """Return contiguous for circular padding, which torch writes into a contiguous tensor."""
        return CONTIGUOUS if self.padding_mode == "circular" else super().layout(inputs)

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Window:
        total = self.total_padding()
        reach = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
        return Window(
            (reach[0] + 1, reach[1] + 1),
            self.stride,
            (reach[0] / 2 - total[0] // 2, reach[1] / 2 - total[1] // 2),
            self.dilation,
            fill=self.padding_mode,
            channels=True,
        )

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        if isinstance(self.padding, str):
            return (f"height, width = those of the input = {show(output[1:])}",)
        return spatial_formula(
            inputs[0].shape[1:],
            output,
            kernel=self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
        )

    def macs_formula(self, inputs: Sequence[Tensor], output: Shape) -> str:
        channels = inputs[0].shape[0]
        height, width = self.kernel_size
        per_output = f"{channels // self.groups_of(channels)} · {height} · {width}"
        return f"{output[1]} · {output[2]} · {output[0]} · {per_output}"


class Conv2d(_Conv):
    """2-D convolution."""

    help = "Slides kernels over the image: each output channel is one kernel's response."
    torch = "nn.Conv2d"
    positional = ("in_channels", "out_channels", "kernel_size")
    out_channels = Int(help="Number of kernels, that is of output channels.", unit="channels")
    groups = Int(1, help="Independent groups into which the channels fall.")

    def out_channels_of(self, channels: int) -> int:
        return self.out_channels

    def groups_of(self, channels: int) -> int:
        return self.groups

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return code.tree("out_channels")

    def summary(self) -> str:
        return f"{window_text('Conv2d', self.kernel_size, self.stride)}, {self.out_channels}"


class DepthwiseConv2d(_Conv):
    """Depthwise convolution."""

    help = "Filters each channel by kernels of its own, without mixing channels."
    torch = "nn.Conv2d"
    multiplier = Int(1, help="Kernels per input channel.")

    def out_channels_of(self, channels: int) -> int:
        return channels * self.multiplier

    def groups_of(self, channels: int) -> int:
        return channels

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return times(inputs[0], code.tree("multiplier"))

    def constructor(self, code: Code) -> str:
        channels = code.channels
        kernels = python_source(times(code.first_axis(), code.tree("multiplier")))
        rest = code.keywords(("stride", "padding", "dilation", "bias", "padding_mode"))
        kernel = code.argument("kernel_size")
        return f"nn.Conv2d({', '.join([channels, kernels, kernel, *rest, f'groups={channels}'])})"

    def summary(self) -> str:
        return window_text("Depthwise", self.kernel_size, self.stride)


class SeparableConv2d(_Conv):
    """Depthwise separable convolution."""

    help = "A depthwise convolution followed by a 1×1 convolution that mixes the channels."
    torch = "SeparableConv2d"
    positional = ("in_channels", "out_channels", "kernel_size")
    out_channels = Int(help="Number of output channels.", unit="channels")
    source = '''
class SeparableConv2d(nn.Module):
    """A depthwise convolution followed by a 1x1 convolution."""

    def __init__(self, in_channels, out_channels, kernel_size, bias=True, **options):
        super().__init__()
        self.depthwise = nn.Conv2d(
            in_channels, in_channels, kernel_size, groups=in_channels, bias=False, **options
        )
        self.pointwise = nn.Conv2d(in_channels, out_channels, 1, bias=bias)

    def forward(self, x):
        return self.pointwise(self.depthwise(x))
'''

    def out_channels_of(self, channels: int) -> int:
        return self.out_channels

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return code.tree("out_channels")

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        channels = inputs[0].shape[0]
        states = (
            State("depthwise.weight", (channels, 1, *self.kernel_size), WEIGHT),
            State("pointwise.weight", (self.out_channels, channels, 1, 1), WEIGHT),
        )
        if self.bias:
            return (*states, State("pointwise.bias", (self.out_channels,), BIAS))
        return states

    def macs(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Count both convolutions; each has the output's height and width."""
        channels = inputs[0].shape[0]
        per_position = channels * prod(self.kernel_size) + channels * self.out_channels
        return output[1] * output[2] * per_position

    def macs_formula(self, inputs: Sequence[Tensor], output: Shape) -> str:
        channels = inputs[0].shape[0]
        height, width = self.kernel_size
        return (
            f"{output[1]} · {output[2]} · ({channels} · {height} · {width}"
            f" + {channels} · {output[0]})"
        )

    def _middle(self, inputs: Sequence[Tensor], output: Shape) -> int:
        return inputs[0].shape[0] * output[1] * output[2]

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save what the depthwise convolution saves, and its output."""
        saved_for_backward = super().saved_for_backward(inputs, output)
        return saved_for_backward._replace(
            per_image=saved_for_backward.per_image + FLOAT_BYTES * self._middle(inputs, output)
        )

    def parts(self, inputs: Sequence[Tensor], output: Shape) -> tuple[Part, ...]:
        middle = self._middle(inputs, output)
        return Part(inputs[0].values, middle, True), Part(middle, prod(output), True)

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the peak of the padded copy, the depthwise output, then the output."""
        return chain_peak(self._padded_values(inputs), self._middle(inputs, output), prod(output))

    def summary(self) -> str:
        return f"{window_text('Separable', self.kernel_size, self.stride)}, {self.out_channels}"
