"""Transposed convolutions: learned upsampling."""

from collections.abc import Sequence
from math import prod

from designer.design.expressions import Tree
from designer.layers.base import Code
from designer.layers.category import Category
from designer.layers.errors import LayerError, SetParameters, need_spatial
from designer.layers.initialization import Initialized
from designer.layers.kernels import lines_of_axes, window_text
from designer.layers.layouts import sequence_convolution_layout
from designer.layers.parameters import Bool, Int, SpatialInts
from designer.layers.spatial import WORDS
from designer.layers.tensors import (
    BIAS,
    CONTIGUOUS,
    FLOAT_BYTES,
    ITS_INPUT,
    TRANSPOSED,
    WEIGHT,
    Layout,
    SavedForBackward,
    Shape,
    State,
    Tensor,
    Window,
    show,
)


class _ConvTranspose(Initialized):
    """A transposed convolution over any number of axes."""

    category = Category.CONVOLUTION
    convolution = True
    channels_last = True
    positional = ("in_channels", "out_channels", "kernel_size")
    out_channels = Int(help="Number of output channels.", unit="channels")
    kernel_size = SpatialInts(help="{sides} of the kernel.")
    stride = SpatialInts(1, help="Step between the kernels of neighboring inputs.")
    padding = SpatialInts(0, minimum=0, help="{lines} cut from each side of the output.")
    output_padding = SpatialInts(0, minimum=0, help="{lines} added at the end of each axis.")
    groups = Int(1, help="Independent groups into which the channels fall.")
    bias = Bool(True, help="Add a learned number per output channel.")
    dilation = SpatialInts(1, help="Distance between the kernel's elements; 1 is dense.")

    def check(self) -> None:
        """Refuse an output padding as large as stride and dilation, as torch does."""
        super().check()
        for axis, name in enumerate(WORDS[self.spatial_axes].names):
            limit = max(self.stride[axis], self.dilation[axis])
            if self.output_padding[axis] >= limit:
                raise LayerError(
                    "output-padding",
                    f"output padding of {self.output_padding[axis]} must be smaller than stride or "
                    f"dilation, here {limit}",
                    axis=name,
                    received=self.output_padding[axis],
                    expected=f"less than {limit}",
                    remedies=[SetParameters("set output padding to 0", {"output_padding": 0})],
                )

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Return (size - 1) stride - 2 padding + dilation (kernel - 1) + output padding + 1."""
        channels, *sizes = need_spatial(self, inputs, self.spatial_axes)
        for number, side in ((channels, "input"), (self.out_channels, "output")):
            if number % self.groups:
                raise LayerError(
                    "groups",
                    f"{number} {side} channels do not divide into {self.groups} groups",
                    axis="channels",
                    received=number,
                    expected=f"a multiple of {self.groups}",
                    remedies=[SetParameters("set groups to 1", {"groups": 1})],
                )
        new = [
            (size - 1) * self.stride[axis]
            - 2 * self.padding[axis]
            + self.dilation[axis] * (self.kernel_size[axis] - 1)
            + self.output_padding[axis]
            + 1
            for axis, size in enumerate(sizes)
        ]
        if min(new) < 1:
            raise LayerError(
                "nothing-left",
                f"padding {show(self.padding)} cuts away the whole output ({show(new)})",
                received=show(new),
                expected=f"at least {show([1] * len(new))}",
                remedies=[SetParameters("set padding to 0", {"padding": 0})],
            )
        return (self.out_channels, *new)

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        shape = (inputs[0].shape[0], self.out_channels // self.groups, *self.kernel_size)
        if self.bias:
            return (
                State("weight", shape, WEIGHT),
                State("bias", (self.out_channels,), BIAS),
            )
        return (State("weight", shape, WEIGHT),)

    def macs(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Count input values x output channels of a group x kernel elements."""
        return inputs[0].values * (self.out_channels // self.groups) * prod(self.kernel_size)

    def macs_formula(self, inputs: Sequence[Tensor], output: Shape) -> str:
        channels, *sizes = inputs[0].shape
        factors = (*sizes, channels, self.out_channels // self.groups, *self.kernel_size)
        return " · ".join(map(str, factors))

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        return ITS_INPUT

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Window:
        """Return the inputs whose kernels cover an output; the stride is a fraction of an input."""
        size, stride, offset = [], [], []
        for axis, step in enumerate(self.stride):
            reach = self.dilation[axis] * (self.kernel_size[axis] - 1)
            size.append((reach + 1) / step)
            stride.append(1 / step)
            offset.append((self.padding[axis] - reach / 2) / step)
        return Window(
            tuple(size),
            tuple(stride),
            tuple(offset),
            self.dilation,
            TRANSPOSED,
            channels=True,
        )

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return code.tree("out_channels")

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        formulas = [
            f"({size} - 1)·{self.stride[axis]} - 2·{self.padding[axis]}"
            f" + {self.dilation[axis]}·({self.kernel_size[axis]} - 1)"
            f" + {self.output_padding[axis]} + 1 = {output[axis + 1]}"
            for axis, size in enumerate(inputs[0].shape[1:])
        ]
        return lines_of_axes(formulas)

    def summary(self) -> str:
        name = type(self).__name__.replace("Transpose", "T").removesuffix("2d")
        return f"{window_text(name, self.kernel_size, self.stride)}, {self.out_channels}"


class ConvTranspose2d(_ConvTranspose):
    """Transposed convolution."""

    help = "Spreads each input value over a kernel's area: learned upsampling."
    torch = "nn.ConvTranspose2d"


class ConvTranspose1d(_ConvTranspose):
    """Transposed convolution of sequences."""

    help = "Spreads each value of a sequence over a kernel's length: learned upsampling."
    torch = "nn.ConvTranspose1d"
    spatial_axes = 1
    channels_last = False

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return sequence_convolution_layout(inputs[0], self.output_shape(inputs))


class ConvTranspose3d(_ConvTranspose):
    """Transposed convolution of volumes."""

    help = "Spreads each value of a volume over a kernel's space: learned upsampling."
    torch = "nn.ConvTranspose3d"
    spatial_axes = 3

    def _is_resized(self) -> bool:
        """Tell whether torch makes the output by resizing a contiguous tensor like the input.

        It does where oneDNN is not used, for an output padding as large as the stride
        (``slow_conv_transpose3d_cpu`` in ``aten/src/ATen/native/NaiveConvolutionTranspose3d.cpp``).
        """
        pairs = zip(self.output_padding, self.stride, strict=True)
        return any(padding >= step for padding, step in pairs)

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return CONTIGUOUS if self._is_resized() else super().layout(inputs)

    def storage_bytes(self, inputs: Sequence[Tensor], outputs: tuple[int, ...]) -> tuple[int, ...]:
        """Return at least the input's bytes if the output is resized; groups are joined anew."""
        if self._is_resized() and self.groups == 1:
            return (max(inputs[0].bytes, outputs[0]),)
        return outputs

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        if self._is_resized() and self.groups == 1:
            return FLOAT_BYTES * max(inputs[0].values, prod(output))
        return super().peak_bytes(inputs, output)
