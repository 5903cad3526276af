"""Pools that draw at random: their windows, or which value of a window they take."""

from collections.abc import Sequence
from math import prod

from designer.layers.base import Code
from designer.layers.category import Category
from designer.layers.errors import LayerError, SetParameters, need_spatial
from designer.layers.kernels import lines_of_axes
from designer.layers.layouts import view
from designer.layers.parameters import Bool, Float, SpatialInts
from designer.layers.pooling import Maximum, SlidingPool
from designer.layers.spatial import WORDS
from designer.layers.tensors import (
    FLOAT_BYTES,
    INDEX_BYTES,
    SavedForBackward,
    Shape,
    Tensor,
    Window,
)


class FractionalMaxPool2d(Maximum):
    """Maximum pooling with random windows."""

    category = Category.POOLING
    help = "Max pooling by a factor below two: windows of random position (Graham 2014)."
    draws_in_eval = True
    torch = "nn.FractionalMaxPool2d"
    positional = ("kernel_size",)
    kernel_size = SpatialInts(2, help="{sides} of the windows.")
    output_ratio = Float(
        0.7, minimum=0.01, maximum=0.99, help="Size of the output relative to the input."
    )

    def constructor(self, code: Code) -> str:
        """Write the ratio always: torch has no default for it."""
        ratio = f"output_ratio={code.argument('output_ratio')}"
        return f"nn.FractionalMaxPool2d({code.argument('kernel_size')}, {ratio})"

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Return floor(size x ratio); torch needs output + kernel - 1 <= size."""
        channels, *sizes = need_spatial(self, inputs, self.spatial_axes)
        new = [int(size * self.output_ratio) for size in sizes]
        for axis, name in enumerate(WORDS[self.spatial_axes].names):
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
        return (channels, *new)

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of output, indices, and two random numbers for each channel."""
        return super().peak_bytes(inputs, output) + 2 * FLOAT_BYTES * output[0]

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Window:
        """Return the window, with the mean distance between windows as stride.

        The first window begins at the first input, and the last one ends at the last input.
        """
        steps = [
            (before - kernel) / max(after - 1, 1)
            for before, after, kernel in zip(
                inputs[0].shape[1:], output[1:], self.kernel_size, strict=True
            )
        ]
        offset = tuple([(kernel - 1) / 2 for kernel in self.kernel_size])
        return Window(self.kernel_size, tuple(steps), offset)

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        sizes = zip(inputs[0].shape[1:], output[1:], strict=True)
        return lines_of_axes(
            [f"⌊{before} · {self.output_ratio:g}⌋ = {after}" for before, after in sizes]
        )


class StochasticPool2d(SlidingPool):
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
            odds = windows.clamp(0, 1e30)  # infinite odds have no quotient
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
