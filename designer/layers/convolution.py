"""Convolutions whose kernels are learned, over one to three axes; depthwise and separable ones."""

from abc import abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from math import ceil, gcd, prod

from designer.design.expressions import Tree
from designer.design.printing import python_source
from designer.layers.base import Code
from designer.layers.category import Category
from designer.layers.errors import LayerError, SetParameters, largest_divisor, need_spatial
from designer.layers.initialization import Initialized
from designer.layers.kernels import (
    all_sides,
    refuse_large_kernel,
    spatial_formula,
    times,
    window_text,
)
from designer.layers.layouts import sequence_convolution_layout
from designer.layers.parameters import Bool, Choice, Int, Padding, Sizes, SpatialInts
from designer.layers.spatial import WORDS
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


# Few windows occur in a network, and many convolutions share them: they are built once for each.
@lru_cache(maxsize=1024)
def _window(
    kernel: Sizes, stride: Sizes, padding: Sizes | str, dilation: Sizes, fill: str
) -> Window:
    reaches = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    before = [reach // 2 for reach in reaches] if isinstance(padding, str) else padding
    return Window(
        tuple([reach + 1 for reach in reaches]),
        stride,
        tuple([reach / 2 - each for reach, each in zip(reaches, before, strict=True)]),
        dilation,
        fill=fill,
        channels=True,
    )


class _Conv(Initialized):
    """A convolution whose kernel slides over the spatial axes in steps of `stride`."""

    category = Category.CONVOLUTION
    convolution = True
    channels_last = True
    kernel_size = SpatialInts(help="{sides} of the kernel.")
    stride = SpatialInts(1, help="Step of the kernel.")
    padding = Padding(help='{lines} added on each side, or "same".')
    dilation = SpatialInts(1, help="Distance between the kernel's elements; 1 is dense.")
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
        if self.padding == "same" and max(self.stride) > 1:
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

    def total_padding(self) -> Sizes:
        """Return the lines added on both sides together, along each axis."""
        if isinstance(self.padding, str):
            return self._reaches()
        return tuple([2 * each for each in self.padding])

    def _reaches(self) -> Sizes:
        """Return how far the first and the last element of the kernel are apart."""
        return tuple([d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)])

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        shape = need_spatial(self, inputs, self.spatial_axes)
        channels, sizes = shape[0], shape[1:]
        kernels, groups = self.out_channels_of(channels), self.groups_of(channels)
        if channels % groups or kernels % groups:
            raise self._refuse_groups(channels, kernels, groups)
        self._check_padding(shape)
        if isinstance(self.padding, str):
            return (kernels, *sizes)
        new = [kernels]
        for size, k, s, p, d in zip(
            sizes, self.kernel_size, self.stride, self.padding, self.dilation, strict=True
        ):
            new.append((size + 2 * p - d * (k - 1) - 1) // s + 1)
        if min(new) < 1:
            refuse_large_kernel(self, shape, self.kernel_size, self.padding, self.dilation)
        return tuple(new)

    def _check_padding(self, shape: Shape) -> None:
        """Refuse reflect or circular padding that is wider than the input allows."""
        if self.padding_mode not in ("reflect", "circular"):
            return
        spare = -1 if self.padding_mode == "reflect" else 0
        words = WORDS[self.spatial_axes]
        for axis, name in enumerate(words.names):
            most = shape[axis + 1] + spare
            longer_side = ceil(self.total_padding()[axis] / 2)
            if longer_side > most:
                raise LayerError(
                    "padding-too-large",
                    f"{self.padding_mode} padding of {longer_side} needs more "
                    f"{words.some_lines} than the input's {name} of {shape[axis + 1]} has",
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
        channels, *sizes = inputs[0].shape
        added = self.total_padding()
        if self.padding_mode == "zeros":
            added = tuple([each % 2 for each in added])
            if not any(added):
                return 0
        return channels * prod([size + more for size, more in zip(sizes, added, strict=True)])

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
        return _window(
            self.kernel_size, self.stride, self.padding, self.dilation, self.padding_mode
        )

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        if isinstance(self.padding, str):
            return (f"{all_sides(self.spatial_axes)} = those of the input = {show(output[1:])}",)
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
        factors = (*output[1:], output[0], channels // self.groups_of(channels), *self.kernel_size)
        return " · ".join(map(str, factors))


class _DenseConv(_Conv):
    """A convolution each of whose kernels reads all channels, or those of a group."""

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
        window = window_text(type(self).__name__, self.kernel_size, self.stride)
        return f"{window}, {self.out_channels}"


class Conv2d(_DenseConv):
    """2-D convolution."""

    help = "Slides kernels over the image: each output channel is one kernel's response."
    torch = "nn.Conv2d"


class Conv1d(_DenseConv):
    """1-D convolution."""

    help = "Slides kernels along a sequence: each output channel is one kernel's response."
    torch = "nn.Conv1d"
    spatial_axes = 1
    channels_last = False

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        uneven = self.padding == "same" and self.dilation[0] * (self.kernel_size[0] - 1) % 2
        if uneven or self.padding_mode != "zeros":  # torch pads it first, in new memory
            return CONTIGUOUS
        return sequence_convolution_layout(inputs[0], self.output_shape(inputs))


class Conv3d(_DenseConv):
    """3-D convolution."""

    help = "Slides kernels through a volume or video: each output channel is a kernel's response."
    torch = "nn.Conv3d"
    spatial_axes = 3


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
