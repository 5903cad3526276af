"""Pooling: each window becomes one value per channel; and MaxUnpool, which undoes that."""

from collections.abc import Sequence
from math import prod
from typing import ClassVar

from designer.design.expressions import Tree
from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import LayerError, SetParameters, need_spatial
from designer.layers.kernels import (
    all_sides,
    lines_of_axes,
    output_size,
    refuse_large_kernel,
    spatial_formula,
    window_text,
)
from designer.layers.layouts import elementwise_layout
from designer.layers.parameters import Bool, Float, OptionalSpatialInts, Sizes, SpatialInts
from designer.layers.spatial import WORDS
from designer.layers.tensors import (
    CONTIGUOUS,
    FLOAT_BYTES,
    IMAGE_AXES,
    INDEX_BYTES,
    ITS_INPUT,
    TRANSPOSED,
    Layout,
    SavedForBackward,
    Shape,
    Tensor,
    Window,
    show,
)


class Maximum(Layer):
    """Base of the pools that keep a maximum, for which torch notes the index of each one."""

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the input and the int64 index of each maximum."""
        return SavedForBackward(inputs=(0,), per_image=INDEX_BYTES * prod(output))

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of the output and of the indices, which torch always makes."""
        return (FLOAT_BYTES + INDEX_BYTES) * prod(output)


class SlidingPool(Layer):
    """Base of the pools whose window slides over each channel."""

    category = Category.POOLING
    kernel_size = SpatialInts(help="{sides} of the window.")
    stride = OptionalSpatialInts(help="Step of the window; nothing means the window's own size.")
    ceil_mode = Bool(False, help="Keep a last window that reaches beyond the border.")
    positional: ClassVar[tuple[str, ...]] = ("kernel_size",)

    @property
    def step(self) -> Sizes:
        """The stride; where none is given, the window's size."""
        return self.kernel_size if self.stride is None else self.stride

    def padding_of(self) -> Sizes:
        """Return the padding on each side."""
        return (0,) * self.spatial_axes

    def dilation_of(self) -> Sizes:
        """Return the distance between the window's elements."""
        return (1,) * self.spatial_axes

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Return the shape as for a convolution.

        In ceil mode the last window must start inside the image or its left padding (torch's rule).
        """
        channels, *sizes = need_spatial(self, inputs, self.spatial_axes)
        kernel, step, padding, dilation = (
            self.kernel_size,
            self.step,
            self.padding_of(),
            self.dilation_of(),
        )
        shape = [channels]
        for axis, size in enumerate(sizes):
            k, s, p, d = kernel[axis], step[axis], padding[axis], dilation[axis]
            if self.ceil_mode:
                steps = -(-(size + 2 * p - d * (k - 1) - 1) // s)
                new = steps + 1 - (1 if steps * s >= size + p else 0)
            else:
                new = output_size(size, k, s, p, d)
            shape.append(new)
        if min(shape) < 1:
            refuse_large_kernel(self, inputs[0].shape, kernel, padding, dilation)
        return tuple(shape)

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Window:
        padding, dilation = self.padding_of(), self.dilation_of()
        reach = [d * (k - 1) for d, k in zip(dilation, self.kernel_size, strict=True)]
        return Window(
            tuple([each + 1 for each in reach]),
            self.step,
            tuple([each / 2 - p for each, p in zip(reach, padding, strict=True)]),
            dilation,
        )

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        lines = spatial_formula(
            inputs[0].shape[1:],
            output,
            kernel=self.kernel_size,
            stride=self.step,
            padding=self.padding_of(),
            dilation=self.dilation_of(),
        )
        if not self.ceil_mode:
            return lines
        return tuple(line.replace("⌊", "⌈").replace("⌋", "⌉") for line in lines)

    def summary(self) -> str:
        return window_text(type(self).__name__, self.kernel_size, self.step)


class _PaddedPool(SlidingPool):
    """A pool whose border may be padded by up to half a window."""

    padding = SpatialInts(0, minimum=0, help="{lines} added on each side.")

    def padding_of(self) -> Sizes:
        return self.padding

    def check(self) -> None:
        """Refuse windows that could lie entirely in the padding, as torch does."""
        for axis, name in enumerate(WORDS[self.spatial_axes].names):
            if 2 * self.padding[axis] > self.kernel_size[axis]:
                half = tuple(
                    min(p, k // 2) for p, k in zip(self.padding, self.kernel_size, strict=True)
                )
                raise LayerError(
                    "padding-too-large",
                    f"padding of {self.padding[axis]} is more than half the window's "
                    f"{self.kernel_size[axis]}",
                    axis=name,
                    received=self.padding[axis],
                    expected=f"at most {self.kernel_size[axis] // 2}",
                    remedies=[SetParameters(f"set padding to {show(half)}", {"padding": half})],
                )


class _MaxPool(Maximum, _PaddedPool):
    """The maximum of a window over any number of axes."""

    keeps_zero = True
    channels_last = True
    dilation = SpatialInts(1, help="Distance between the window's elements; 1 is dense.")
    return_indices = Bool(
        False, help="Also give, as a second output, where each maximum lay: for a MaxUnpool."
    )

    def dilation_of(self) -> Sizes:
        return self.dilation

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Return the shape; refuse a dilated window that steps over the whole image.

        There torch finds a maximum of -inf at an index outside of the image, and its backward pass
        writes to that place in memory.
        """
        shape = super().output_shape(inputs)
        sizes = inputs[0].shape[1:]
        for axis, name in enumerate(WORDS[self.spatial_axes].names):
            step, dilation = self.step[axis], self.dilation[axis]
            # A window begins inside the image or in the padding before it; of one that begins in
            # the padding, the first element at 0 or after must lie inside the image.
            begins = range(-self.padding[axis], 0, step)[: shape[1 + axis]]
            if all(begin % dilation < sizes[axis] for begin in begins):
                continue
            close = tuple([min(d, size) for d, size in zip(self.dilation, sizes, strict=True)])
            raise LayerError(
                "window-without-values",
                f"a window lies entirely in the padding: with a dilation of {dilation} its "
                f"elements step over the whole {name} of {sizes[axis]}",
                axis=name,
                received=dilation,
                expected=f"at most {sizes[axis]}",
                remedies=[SetParameters(f"set dilation to {show(close)}", {"dilation": close})],
            )
        return shape

    def further_outputs(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        if not self.return_indices:
            return ()
        shape, layout = self.output_shape(inputs), self.layout(inputs)
        indices = inputs[0]._replace(shape=shape, layout=layout, axes=IMAGE_AXES, integer=True)
        if indices.layout_in_eval is not None:
            in_eval = inputs[0]._replace(layout=indices.layout_in_eval, layout_in_eval=None)
            indices = indices._replace(layout_in_eval=self.layout((in_eval,)))
        return (indices,)

    def further_channels(self, inputs: Sequence[Tree], code: Code) -> Sequence[Tree | None]:
        return [self.channels(inputs, code)] * self.return_indices

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the input and the indices, which may be an output."""
        if self.return_indices:
            return SavedForBackward(inputs=(0,), outputs=(1,))
        return super().saved_for_backward(inputs, output)


class MaxPool2d(_MaxPool):
    """Maximum of a window."""

    help = "Keeps the largest value of each window."
    torch = "nn.MaxPool2d"


class MaxPool1d(_MaxPool):
    """Maximum of a window of a sequence."""

    help = "Keeps the largest value of each window of a sequence."
    torch = "nn.MaxPool1d"
    spatial_axes = 1

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """Return a contiguous one where no gradient is needed: torch takes another kernel then.

        See ``max_pool1d`` in ``aten/src/ATen/native/MaxPooling.cpp``.
        """
        if inputs[0].needs_grad or self.return_indices:
            return super().layout(inputs)
        return CONTIGUOUS


class MaxPool3d(_MaxPool):
    """Maximum of a window of a volume."""

    help = "Keeps the largest value of each window of a volume."
    torch = "nn.MaxPool3d"
    spatial_axes = 3


class _MaxUnpool(Layer):
    """Puts maxima back at their places, over any number of axes."""

    category = Category.POOLING
    inputs = (2, 2)
    takes_integers = (1,)
    positional = ("kernel_size",)
    kernel_size = SpatialInts(help="{sides} of the window of the pool.")
    stride = OptionalSpatialInts(help="Step of the window; nothing means the window's own size.")
    padding = SpatialInts(0, minimum=0, help="{lines} that the pool added on each side.")
    output_size = OptionalSpatialInts(
        help="{sides} of the pool's input, if the windows did not cover it evenly."
    )

    @property
    def step(self) -> Sizes:
        """The stride; where none is given, the window's size."""
        return self.kernel_size if self.stride is None else self.stride

    def _usual(self, sizes: Sequence[int]) -> Sizes:
        """Return (size - 1) stride - 2 padding + kernel of each axis."""
        settings = zip(sizes, self.step, self.padding, self.kernel_size, strict=True)
        return tuple([(size - 1) * s - 2 * p + k for size, s, p, k in settings])

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Return the usual size, or the given one, which torch wants within a step of it."""
        shape = need_spatial(self, inputs, self.spatial_axes)
        if inputs[1].shape != shape:
            raise LayerError(
                "inputs-differ",
                f"there is an index for each value: the values are {show(shape)}, the indices "
                f"{show(inputs[1].shape)}",
                port=1,
                received=show(inputs[1].shape),
                expected=show(shape),
            )
        if inputs[0].batched is not inputs[1].batched:
            raise LayerError(
                "inputs-differ",
                "the values and the indices must both be of each image, or both the same for every "
                "image",
                port=1,
                received="only one of them of each image",
                expected="values and indices of each image",
            )
        usual = self._usual(shape[1:])
        if min(usual) < 1:
            raise LayerError(
                "nothing-left",
                f"padding {show(self.padding)} cuts away the whole output ({show(usual)})",
                received=show(usual),
                expected=f"at least {show([1] * len(usual))}",
                remedies=[SetParameters("set padding to 0", {"padding": 0})],
            )
        names = WORDS[self.spatial_axes].names
        for name, size, given, step in zip(
            names, usual, self.output_size or usual, self.step, strict=True
        ):
            if abs(given - size) >= step:
                raise LayerError(
                    "output-size",
                    f"the output's {name} can be from {size - step + 1} to {size + step - 1}; "
                    f"received {given}",
                    axis=name,
                    received=given,
                    expected=f"{size - step + 1} to {size + step - 1}",
                    remedies=[SetParameters("leave the output size out", {"output_size": None})],
                )
        return (shape[0], *(self.output_size or usual))

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the indices."""
        return SavedForBackward(inputs=(1,))

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Window:
        """Return the windows of the pool in which an output may lie."""
        settings = [*zip(self.kernel_size, self.step, self.padding, strict=True)]
        return Window(
            tuple([kernel / step for kernel, step, _ in settings]),
            tuple([1 / step for _, step, _ in settings]),
            tuple([(padding - (kernel - 1) / 2) / step for kernel, step, padding in settings]),
            taps=TRANSPOSED,
        )

    def constructor(self, code: Code) -> str:
        rest = code.keywords(("stride", "padding"))
        return f"{self.torch}({', '.join([code.argument('kernel_size'), *rest])})"

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        size = []
        if self.output_size is not None:
            text = code.texts.get("output_size", repr(self.output_size))
            size = [f"output_size={text}"]
        return f"{module}({', '.join([*inputs, *size])})"

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        if self.output_size is not None:
            return (f"{all_sides(self.spatial_axes)} = output size = {show(output[1:])}",)
        sizes = inputs[0].shape[1:]
        rows = zip(sizes, self.step, self.padding, self.kernel_size, output[1:], strict=True)
        return lines_of_axes([f"({n} - 1)·{s} - 2·{p} + {k} = {new}" for n, s, p, k, new in rows])

    def summary(self) -> str:
        return window_text(type(self).__name__, self.kernel_size, self.step)


class MaxUnpool2d(_MaxUnpool):
    """Puts maxima of an image back at their places."""

    help = "Puts each value back where a MaxPool2d with return_indices found it; the rest is 0."
    torch = "nn.MaxUnpool2d"
    channels_last = True


class MaxUnpool1d(_MaxUnpool):
    """Puts maxima of a sequence back at their places."""

    help = "Puts each value back where a MaxPool1d with return_indices found it; the rest is 0."
    torch = "nn.MaxUnpool1d"
    spatial_axes = 1


class MaxUnpool3d(_MaxUnpool):
    """Puts maxima of a volume back at their places."""

    help = "Puts each value back where a MaxPool3d with return_indices found it; the rest is 0."
    torch = "nn.MaxUnpool3d"
    spatial_axes = 3


class _AvgPool(_PaddedPool):
    """The average of a window over any number of axes."""

    keeps_zero = True
    count_include_pad = Bool(True, help="Count the padding's zeros in the average.")

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        return ITS_INPUT


class AvgPool2d(_AvgPool):
    """Average of a window."""

    help = "Averages each window."
    torch = "nn.AvgPool2d"
    channels_last = True


class AvgPool1d(_AvgPool):
    """Average of a window of a sequence."""

    help = "Averages each window of a sequence."
    torch = "nn.AvgPool1d"
    spatial_axes = 1
    channels_last = True


class AvgPool3d(_AvgPool):
    """Average of a window of a volume."""

    help = "Averages each window of a volume."
    torch = "nn.AvgPool3d"
    spatial_axes = 3

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Return the shape; torch refuses a window larger than the input, whatever its padding."""
        shape = super().output_shape(inputs)
        none, dense = (0,) * self.spatial_axes, self.dilation_of()
        refuse_large_kernel(
            self, inputs[0].shape, self.kernel_size, none, dense, padding_helps=False
        )
        return shape


class LPPool2d(SlidingPool):
    """Power average of a window."""

    help = "Sums the p-th powers of each window and takes the p-th root: p = 1 sums, ∞ is max."
    torch = "nn.LPPool2d"
    channels_last = True
    positional = ("norm_type", "kernel_size")
    norm_type = Float(2.0, minimum=0.1, maximum=100.0, help="The power p.")

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """Return the layout of the average pool of the powers."""
        powers = elementwise_layout(inputs, inputs[0].shape)
        return super().layout([inputs[0]._replace(layout=powers)])

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the input, its powers, and four tensors of the output's size (measured)."""
        return SavedForBackward(
            inputs=(0,), per_image=FLOAT_BYTES * (inputs[0].values + 4 * prod(output))
        )

    def backward_scratch(self, inputs: Sequence[Tensor]) -> int:
        """Return one tensor of the input's size: the gradient of the power."""
        return inputs[0].values

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the powers and their means, or the means with signs, sizes and their product."""
        return FLOAT_BYTES * max(inputs[0].values + prod(output), 4 * prod(output))
