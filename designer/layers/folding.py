"""Unfold and Fold: the windows of an image as columns, and columns added up to an image."""

from collections.abc import Sequence
from math import prod

from designer.design.expressions import Literal, Tree
from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import LayerError, need_image, need_spatial
from designer.layers.kernels import output_size, refuse_large_kernel, times
from designer.layers.parameters import SpatialInts
from designer.layers.tensors import (
    CONTIGUOUS,
    FLOAT_BYTES,
    TRANSPOSED,
    Layout,
    Reads,
    Regrouped,
    Shape,
    Stages,
    Tensor,
    Window,
    show,
)


class _Windows(Layer):
    """Base of the layers that cut an image into windows or put it together from these."""

    category = Category.SHAPE
    keeps_zero = True
    kernel_size = SpatialInts(help="{sides} of the windows.")
    stride = SpatialInts(1, help="Step of the windows.")
    padding = SpatialInts(0, minimum=0, help="{lines} added on each side of the image.")
    dilation = SpatialInts(1, help="Distance between the elements of a window; 1 is dense.")

    def windows_of(self, sizes: Sequence[int]) -> Shape:
        """Return how many windows an image of this size has along each axis; below 1 for none."""
        settings = zip(
            sizes, self.kernel_size, self.stride, self.padding, self.dilation, strict=True
        )
        return tuple([output_size(*each) for each in settings])

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return CONTIGUOUS

    def storage_bytes(self, inputs: Sequence[Tensor], outputs: tuple[int, ...]) -> tuple[int, ...]:
        """Return at least the input's bytes: torch makes the output by resizing such a tensor."""
        return (max(inputs[0].bytes, outputs[0]),)

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        return FLOAT_BYTES * max(inputs[0].values, prod(output))


class Unfold(_Windows):
    """The windows of an image as columns."""

    help = "Cuts an image into windows, each a column of all its values (im2col)."
    torch = "nn.Unfold"
    positional = ("kernel_size",)

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Return (channels x kernel elements, number of windows)."""
        shape = need_image(self, inputs)
        counts = self.windows_of(shape[1:])
        if min(counts) < 1:
            refuse_large_kernel(self, shape, self.kernel_size, self.padding, self.dilation)
        return shape[0] * prod(self.kernel_size), prod(counts)

    def output_axes(self, inputs: Sequence[Tensor]) -> tuple[int, ...]:
        return ()

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads:
        """Return the windows of a convolution, whose positions then stand in one row."""
        reaches = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
        window = Window(
            tuple([reach + 1 for reach in reaches]),
            self.stride,
            tuple([reach / 2 - p for reach, p in zip(reaches, self.padding, strict=True)]),
            self.dilation,
            channels=True,
        )
        maps = (output[0], *self.windows_of(inputs[0].shape[1:]))
        return Stages(((window, maps), (Regrouped(), output)))

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        if "kernel_size" in code.texts:
            return None
        return times(inputs[0], Literal(prod(self.kernel_size)))

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return None

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        counts = self.windows_of(inputs[0].shape[1:])
        factors = " · ".join(map(str, (inputs[0].shape[0], *self.kernel_size)))
        return (
            f"channels = {factors} = {output[0]}",
            f"length = windows = {' · '.join(map(str, counts))} = {output[1]}",
        )

    def summary(self) -> str:
        return f"Unfold {show(self.kernel_size)}"


class Fold(_Windows):
    """Columns added up to an image."""

    help = "Puts windows back at their places and adds them where they overlap (col2im)."
    torch = "nn.Fold"
    positional = ("output_size", "kernel_size")
    output_size = SpatialInts(help="{sides} of the image.")

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Return (channels / kernel elements, height, width)."""
        channels, length = need_spatial(self, inputs, 1)
        size, counts = prod(self.kernel_size), self.windows_of(self.output_size)
        if min(counts) < 1:
            image = (channels, *self.output_size)
            refuse_large_kernel(self, image, self.kernel_size, self.padding, self.dilation)
        if channels % size:
            raise LayerError(
                "channels",
                f"{channels} channels do not divide by the {size} values of a window of "
                f"{show(self.kernel_size)}",
                axis="channels",
                received=channels,
                expected=f"a multiple of {size}",
            )
        if length != prod(counts):
            raise LayerError(
                "windows",
                f"an image of {show(self.output_size)} has {show(counts)} = {prod(counts)} windows "
                f"of {show(self.kernel_size)}, but the input's length is {length}",
                axis="length",
                received=length,
                expected=prod(counts),
            )
        return (channels // size, *self.output_size)

    def output_axes(self, inputs: Sequence[Tensor]) -> tuple[int, ...]:
        return (0, 1, 2)

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads:
        """Return the windows that cover an output, as of a transposed convolution."""
        size, stride, offset = [], [], []
        for kernel, step, padding, dilation in zip(
            self.kernel_size, self.stride, self.padding, self.dilation, strict=True
        ):
            reach = dilation * (kernel - 1)
            size.append((reach + 1) / step)
            stride.append(1 / step)
            offset.append((padding - reach / 2) / step)
        window = Window(
            tuple(size), tuple(stride), tuple(offset), self.dilation, TRANSPOSED, channels=True
        )
        maps = (inputs[0].shape[0], *self.windows_of(self.output_size))
        return Stages(((Regrouped(), maps), (window, output)))

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        """Return None: the generated class takes the number as an argument."""
        return None

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return None if "output_size" in code.texts else Literal(self.output_size[-1])

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        factors = " · ".join(map(str, self.kernel_size))
        return (
            f"channels = {inputs[0].shape[0]} / ({factors}) = {output[0]}",
            f"height, width = output size = {show(output[1:])}",
        )

    def summary(self) -> str:
        return f"Fold to {show(self.output_size)}"
