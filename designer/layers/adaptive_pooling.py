"""Pools whose windows follow from the size of the output, and averages of whole channels."""

from collections.abc import Sequence
from math import ceil, gcd

from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import need_spatial
from designer.layers.kernels import all_sides
from designer.layers.parameters import Sizes, SpatialInts
from designer.layers.pooling import Maximum
from designer.layers.tensors import (
    ADAPTIVE,
    CONTIGUOUS,
    ITS_INPUT,
    Layout,
    SavedForBackward,
    Shape,
    Tensor,
    Window,
    show,
)


def adaptive_window(before: Sizes, after: Sizes) -> Window:
    """Return the mean window of an adaptive pool.

    Window i spans the inputs from floor(i in / out) to ceil((i + 1) in / out).
    """
    size, stride, offset = [], [], []
    for old, new in zip(before, after, strict=True):
        # Where a border falls inside an input, two windows share it: some are one larger.
        whole, rest = divmod(old, new)
        size.append(whole + (rest > 0) + (rest > gcd(old, new)))
        stride.append(old / new)
        offset.append((ceil(old / new) - 1) / 2)
    return Window(tuple(size), tuple(stride), tuple(offset), taps=ADAPTIVE)


class _Adaptive(Layer):
    """Base of the pools whose windows follow from the output size."""

    category = Category.POOLING
    positional = ("output_size",)
    output_size = SpatialInts(help="{sides} of the output, whatever the input's size.")

    @property
    def whole(self) -> bool:
        """Whether the output is a single position."""
        return max(self.output_size) == 1

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        return (need_spatial(self, inputs, self.spatial_axes)[0], *self.output_size)

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Window | None:
        """Return the mean window: window i spans floor(i in / out) to ceil((i + 1) in / out)."""
        if self.whole:
            return None
        return adaptive_window(inputs[0].shape[1:], self.output_size)

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        return (f"{all_sides(self.spatial_axes)} = output size = {show(self.output_size)}",)

    def summary(self) -> str:
        return f"{type(self).__name__} to {show(self.output_size)}"


class _AdaptiveAvg(_Adaptive):
    """Average pooling to a given size over any number of axes."""

    channels_last = True

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the input, but nothing for a single position, which torch computes as a mean."""
        return SavedForBackward() if self.whole else ITS_INPUT


class AdaptiveAvgPool2d(_AdaptiveAvg):
    """Average pooling to a given size."""

    help = "Averages as many windows as the output has positions."
    torch = "nn.AdaptiveAvgPool2d"


class AdaptiveAvgPool1d(_AdaptiveAvg):
    """Average pooling of a sequence to a given length."""

    help = "Averages as many windows of a sequence as the output has positions."
    torch = "nn.AdaptiveAvgPool1d"
    spatial_axes = 1


class AdaptiveAvgPool3d(_AdaptiveAvg):
    """Average pooling of a volume to a given size."""

    help = "Averages as many windows of a volume as the output has positions."
    torch = "nn.AdaptiveAvgPool3d"
    spatial_axes = 3

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """Return contiguous, unless it is computed as a mean."""
        return super().layout(inputs) if self.whole else CONTIGUOUS


class _AdaptiveMax(Maximum, _Adaptive):
    """Maximum pooling to a given size over any number of axes."""


class AdaptiveMaxPool2d(_AdaptiveMax):
    """Maximum pooling to a given size."""

    help = "Keeps the largest value of as many windows as the output has positions."
    torch = "nn.AdaptiveMaxPool2d"
    channels_last = True


class AdaptiveMaxPool1d(_AdaptiveMax):
    """Maximum pooling of a sequence to a given length."""

    help = "Keeps the largest value of as many windows of a sequence as the output has positions."
    torch = "nn.AdaptiveMaxPool1d"
    spatial_axes = 1
    channels_last = True


class AdaptiveMaxPool3d(_AdaptiveMax):
    """Maximum pooling of a volume to a given size."""

    help = "Keeps the largest value of as many windows of a volume as the output has positions."
    torch = "nn.AdaptiveMaxPool3d"
    spatial_axes = 3


class _GlobalAvgPool(Layer):
    """The average of each channel over any number of axes."""

    category = Category.POOLING
    keeps_zero = True

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        return need_spatial(self, inputs, self.spatial_axes)[:1]

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Window | None:
        return None

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        axes = ", ".join(str(axis + 2) for axis in range(self.spatial_axes))
        return f"{inputs[0]}.mean({axes if self.spatial_axes == 1 else f'({axes})'})"

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        return (f"features = channels = {show(output)}",)


class GlobalAvgPool2d(_GlobalAvgPool):
    """Average of each channel."""

    help = "Averages each channel to one number: an image becomes a row of features."


class GlobalAvgPool1d(_GlobalAvgPool):
    """Average of each channel of a sequence."""

    help = "Averages each channel to one number: a sequence becomes a row of features."
    spatial_axes = 1


class GlobalAvgPool3d(_GlobalAvgPool):
    """Average of each channel of a volume."""

    help = "Averages each channel to one number: a volume becomes a row of features."
    spatial_axes = 3
