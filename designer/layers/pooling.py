"""Pooling: a window, or the whole image, becomes one value per channel."""

from collections.abc import Sequence
from math import ceil, gcd, prod
from typing import ClassVar

from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import LayerError, SetParameters, need_image
from designer.layers.kernels import (
    output_size,
    refuse_large_kernel,
    spatial_formula,
    window_text,
)
from designer.layers.layouts import elementwise_layout, view
from designer.layers.parameters import (
    Bool,
    Float,
    IntPair,
    OptionalIntPair,
    Pair,
)
from designer.layers.tensors import (
    ADAPTIVE,
    FLOAT_BYTES,
    INDEX_BYTES,
    ITS_INPUT,
    Layout,
    SavedForBackward,
    Shape,
    Tensor,
    Window,
    show,
)


class _Maximum(Layer):
    """Base of the pools that keep a maximum, for which torch notes the index of each one."""

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the input and the int64 index of each maximum."""
        return SavedForBackward(inputs=(0,), per_image=INDEX_BYTES * prod(output))

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of the output and of the indices, which torch always makes."""
        return (FLOAT_BYTES + INDEX_BYTES) * prod(output)


class _Pool(Layer):
    """Base of the pools whose window slides over each channel."""

    category = Category.POOLING
    kernel_size = IntPair(help="Height and width of the window.")
    stride = OptionalIntPair(help="Step of the window; nothing means the window's own size.")
    ceil_mode = Bool(False, help="Keep a last window that reaches beyond the border.")
    positional: ClassVar[tuple[str, ...]] = ("kernel_size",)

    @property
    def step(self) -> Pair:
        """The stride; where none is given, the window's size."""
        return self.kernel_size if self.stride is None else self.stride

    def padding_of(self) -> Pair:
        """Return the padding on each side."""
        return (0, 0)

    def dilation_of(self) -> Pair:
        """Return the distance between the window's elements."""
        return (1, 1)

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Return the shape as for a convolution.

        In ceil mode the last window must start inside the image or its left padding (torch's rule).
        """
        channels, *sizes = need_image(self, inputs)
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
            (reach[0] + 1, reach[1] + 1),
            self.step,
            (reach[0] / 2 - padding[0], reach[1] / 2 - padding[1]),
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


class _PaddedPool(_Pool):
    """A pool whose border may be padded by up to half a window."""

    padding = IntPair((0, 0), minimum=0, help="Rows and columns added on each side.")

    def padding_of(self) -> Pair:
        return self.padding

    def check(self) -> None:
        """Refuse windows that could lie entirely in the padding, as torch does."""
        for axis, name in ((0, "height"), (1, "width")):
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


class MaxPool2d(_Maximum, _PaddedPool):
    """Maximum of a window."""

    help = "Keeps the largest value of each window."
    torch = "nn.MaxPool2d"
    channels_last = True
    dilation = IntPair((1, 1), help="Distance between the window's elements; 1 is dense.")

    def dilation_of(self) -> Pair:
        return self.dilation


class AvgPool2d(_PaddedPool):
    """Average of a window."""

    help = "Averages each window."
    torch = "nn.AvgPool2d"
    channels_last = True
    count_include_pad = Bool(True, help="Count the padding's zeros in the average.")

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        return ITS_INPUT


class LPPool2d(_Pool):
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


class _Adaptive(Layer):
    """Base of the pools whose windows follow from the output size."""

    category = Category.POOLING
    positional = ("output_size",)
    output_size = IntPair(help="Height and width of the output, whatever the input's size.")

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        return (need_image(self, inputs)[0], *self.output_size)

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Window | None:
        """Return the mean window: window i spans floor(i in / out) to ceil((i + 1) in / out)."""
        if self.output_size == (1, 1):
            return None
        size, stride, offset = [], [], []
        for before, after in zip(inputs[0].shape[1:], self.output_size, strict=True):
            # Where a border falls inside an input, two windows share it: some are one larger.
            whole, rest = divmod(before, after)
            size.append(whole + (rest > 0) + (rest > gcd(before, after)))
            stride.append(before / after)
            offset.append((ceil(before / after) - 1) / 2)
        return Window(
            (size[0], size[1]), (stride[0], stride[1]), (offset[0], offset[1]), taps=ADAPTIVE
        )

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        return (f"height, width = output size = {show(self.output_size)}",)

    def summary(self) -> str:
        return f"{type(self).__name__} to {show(self.output_size)}"


class AdaptiveAvgPool2d(_Adaptive):
    """Average pooling to a given size."""

    help = "Averages as many windows as the output has positions."
    torch = "nn.AdaptiveAvgPool2d"
    channels_last = True

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the input, but nothing for a 1x1 output, which torch computes as a mean."""
        return SavedForBackward() if self.output_size == (1, 1) else ITS_INPUT


class AdaptiveMaxPool2d(_Maximum, _Adaptive):
    """Maximum pooling to a given size."""

    help = "Keeps the largest value of as many windows as the output has positions."
    torch = "nn.AdaptiveMaxPool2d"
    channels_last = True


class GlobalAvgPool2d(Layer):
    """Average of each channel."""

    category = Category.POOLING
    help = "Averages each channel to one number: an image becomes a row of features."

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        return (need_image(self, inputs)[0],)

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Window | None:
        return None

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        return f"{inputs[0]}.mean((2, 3))"

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        return (f"features = channels = {show(output)}",)


class FractionalMaxPool2d(_Maximum):
    """Maximum pooling with random windows."""

    category = Category.POOLING
    help = "Max pooling by a factor below two: windows of random position (Graham 2014)."
    torch = "nn.FractionalMaxPool2d"
    positional = ("kernel_size",)
    kernel_size = IntPair((2, 2), help="Height and width of the windows.")
    output_ratio = Float(
        0.7, minimum=0.01, maximum=0.99, help="Size of the output relative to the input."
    )

    def constructor(self, code: Code) -> str:
        """Write the ratio always: torch has no default for it."""
        ratio = f"output_ratio={code.argument('output_ratio')}"
        return f"nn.FractionalMaxPool2d({code.argument('kernel_size')}, {ratio})"

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Return floor(size x ratio); torch needs output + kernel - 1 <= size."""
        channels, *sizes = need_image(self, inputs)
        new = [int(size * self.output_ratio) for size in sizes]
        for axis, name in ((0, "height"), (1, "width")):
            if new[axis] < 1 or new[axis] + self.kernel_size[axis] - 1 > sizes[axis]:
                raise LayerError(
                    "kernel-too-large",
                    f"windows of {self.kernel_size[axis]} do not fit {new[axis]} times into the "
                    f"input's {name} of {sizes[axis]}",
                    axis=name,
                    received=sizes[axis],
                    expected=f"at least {max(1, new[axis]) + self.kernel_size[axis] - 1}",
                    remedies=[SetParameters("set kernel size to 1", {"kernel_size": 1})]
                    if min(new) > 0
                    else [],
                )
        return channels, new[0], new[1]

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of output, indices, and two random numbers for each channel."""
        return super().peak_bytes(inputs, output) + 2 * FLOAT_BYTES * output[0]

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Window:
        """Return the window, with the mean distance between windows as stride.

        The first window begins at the first input, and the last one ends at the last input.
        """
        (height, width), sizes = self.kernel_size, inputs[0].shape[1:]
        steps = [
            (before - kernel) / max(after - 1, 1)
            for before, after, kernel in zip(sizes, output[1:], self.kernel_size, strict=True)
        ]
        return Window((height, width), (steps[0], steps[1]), ((height - 1) / 2, (width - 1) / 2))

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        return tuple(
            f"{name} = ⌊{inputs[0].shape[axis + 1]} · {self.output_ratio:g}⌋ = {output[axis + 1]}"
            for axis, name in ((0, "height"), (1, "width"))
        )


class StochasticPool2d(_Pool):
    """Random choice from a window."""

    help = "Picks a value of each window with a chance in proportion to it (Zeiler, Fergus 2013)."
    torch = "StochasticPool2d"
    ceil_mode = Bool(False, help="Keep a last window that reaches beyond the border.")
    source = '''
class StochasticPool2d(nn.Module):
    """Stochastic pooling (arXiv:1301.3557): draws in training, takes the expectation otherwise.

    A window's values, cut off below zero, are the odds; a window of zeros has even odds.
    """

    def __init__(self, kernel_size, stride=None, ceil_mode=False):
        super().__init__()
        pair = lambda value: (value, value) if isinstance(value, int) else tuple(value)
        self.kernel_size = pair(kernel_size)
        self.stride = self.kernel_size if stride is None else pair(stride)
        self.ceil_mode = ceil_mode

    def forward(self, x):
        (kh, kw), (sh, sw) = self.kernel_size, self.stride
        height, width = self.count(x.shape[2], kh, sh), self.count(x.shape[3], kw, sw)
        bottom, right = (height - 1) * sh + kh - x.shape[2], (width - 1) * sw + kw - x.shape[3]
        if bottom > 0 or right > 0:
            x = F.pad(x, (0, max(right, 0), 0, max(bottom, 0)))
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.training):
            windows = F.unfold(x, (kh, kw), stride=(sh, sw)).unflatten(1, (-1, kh * kw))
        with torch.no_grad():
            odds = windows.clamp(min=0)
            odds = torch.where(odds.sum(2, keepdim=True) > 0, odds, torch.ones_like(odds))
            odds = odds / odds.sum(2, keepdim=True)
        if not self.training:
            return (windows * odds).sum(2).unflatten(2, (height, width))
        draws = torch.multinomial(odds.transpose(2, 3).flatten(0, 2), 1)
        draws = draws.view(x.shape[0], -1, height, width)
        top = torch.arange(height, device=x.device).view(-1, 1) * sh
        left = torch.arange(width, device=x.device) * sw
        indices = (top + draws // kw) * x.shape[3] + left + draws % kw
        return x.flatten(2).gather(2, indices.flatten(2)).unflatten(2, (height, width))

    def count(self, size, kernel, stride):
        """Count windows; in ceil mode the last may reach beyond the border, if it begins inside."""
        if not self.ceil_mode:
            return (size - kernel) // stride + 1
        return min(-(-(size - kernel) // stride), (size - 1) // stride) + 1
'''

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the drawn indices and the input with its positions in one row.

        It is copied if a window reaches beyond its border, or rows lie at uneven distances.
        """
        image = inputs[0]
        drawn, padded = INDEX_BYTES * prod(output), self._padded_values(inputs, output)
        channels, *sizes = image.shape
        if not padded and view(image, (channels, prod(sizes))) is not None:
            return SavedForBackward(inputs=(0,), per_image=drawn)
        return SavedForBackward(per_image=drawn + FLOAT_BYTES * (padded or image.values))

    def _padded_values(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the values of the padded copy; 0 if no window reaches beyond the border."""
        channels, *sizes = inputs[0].shape
        reached = [
            max(size, (after - 1) * step + kernel)
            for size, after, step, kernel in zip(
                sizes, output[1:], self.step, self.kernel_size, strict=True
            )
        ]
        return 0 if reached == sizes else channels * prod(reached)

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the padded copy and what the odds need.

        These are the windows, their positive parts, the even odds and the odds, each as large as
        all windows together, and a bool for each window. The memory of the windows is at least as
        large as the image, since torch's `unfold` makes it by resizing.
        """
        windows, padded = prod(output) * prod(self.kernel_size), self._padded_values(inputs, output)
        unfolded = max(windows, padded or inputs[0].values)
        return FLOAT_BYTES * (padded + unfolded + 3 * windows) + prod(output)

    def saved_in_eval(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the probabilities of the values of all windows."""
        return SavedForBackward(per_image=FLOAT_BYTES * prod(output) * prod(self.kernel_size))
