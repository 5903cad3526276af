"""Layers that add noise in train mode and do nothing in eval mode."""

from collections.abc import Sequence
from math import prod

from designer.layers.base import Layer
from designer.layers.category import Category
from designer.layers.errors import need_spatial
from designer.layers.layouts import elementwise_layout, layout_like
from designer.layers.parameters import Choice, Float
from designer.layers.tensors import (
    FLOAT_BYTES,
    NOTHING,
    Layout,
    SavedForBackward,
    Shape,
    Tensor,
)


class _Noise(Layer):
    """Multiplies by random noise in train mode; passes its input on in eval mode or if p is 0."""

    category = Category.REGULARIZATION
    counts = False
    positional = ("p",)
    p = Float(0.5, minimum=0.0, maximum=1.0, help="Probability that a value is dropped.")

    def noise(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Return what autograd saves of the noise, for p between 0 and 1."""
        return SavedForBackward(per_image=FLOAT_BYTES * prod(output))

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the noise; if p is 1, the single zero that torch multiplies by."""
        if self.p == 1:
            return SavedForBackward(fixed=FLOAT_BYTES)
        return self.noise(inputs, output) if self.p > 0 else NOTHING

    def saved_in_eval(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        return NOTHING

    def is_view(self, inputs: Sequence[Tensor], training: bool) -> bool:
        """Return True where the input is passed on unchanged."""
        return not training or self.p == 0

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return inputs[0].layout if self.p == 0 else elementwise_layout(inputs, inputs[0].shape)

    def summary(self) -> str:
        return f"{type(self).__name__} {self.p:g}"


class Dropout(_Noise):
    """Dropout of single values."""

    help = "Sets values to zero at random and scales the rest, against overfitting."
    keeps_zero = True
    torch = "nn.Dropout"


class _SharedNoise(_Noise):
    """Multiplies all values of a channel or an image by the same noise."""

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return inputs[0].layout if self.p == 0 else layout_like(inputs[0])


class _ChannelDropout(_SharedNoise):
    """Dropout of whole channels over any number of axes."""

    keeps_zero = True

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        return need_spatial(self, inputs, self.spatial_axes)

    def noise(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        return SavedForBackward(per_image=FLOAT_BYTES * output[0])


class Dropout2d(_ChannelDropout):
    """Dropout of channels."""

    help = "Sets whole channels to zero at random."
    torch = "nn.Dropout2d"


class Dropout1d(_ChannelDropout):
    """Dropout of channels of sequences."""

    help = "Sets whole channels of a sequence to zero at random."
    torch = "nn.Dropout1d"
    spatial_axes = 1


class Dropout3d(_ChannelDropout):
    """Dropout of channels of volumes."""

    help = "Sets whole channels of a volume to zero at random."
    torch = "nn.Dropout3d"
    spatial_axes = 3


class AlphaDropout(_Noise):
    """Dropout for SELU networks."""

    help = "Dropout that keeps mean and variance, made for SELU."
    torch = "nn.AlphaDropout"


class StochasticDepth(_SharedNoise):
    """Stochastic depth."""

    help = "Leaves out a whole residual branch at random (Huang et al. 2016); scales in training."
    keeps_zero = True
    torch = "StochasticDepth"
    p = Float(0.5, minimum=0.0, maximum=1.0, help="Probability that the branch is left out.")
    mode = Choice("sample", choices=("sample", "batch"), help="Draw for each sample or once.")
    source = '''
class StochasticDepth(nn.Module):
    """Leaves out its input with probability p while training (arXiv:1603.09382)."""

    def __init__(self, p, mode="sample"):
        super().__init__()
        self.p = p
        self.mode = mode

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        draws = x.shape[0] if self.mode == "sample" else 1
        noise = x.new_empty([draws] + [1] * (x.dim() - 1)).bernoulli_(1 - self.p)
        if self.p < 1:
            noise.div_(1 - self.p)
        return x * noise
'''

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the noise, even if p is 1."""
        return self.noise(inputs, output) if self.p > 0 else NOTHING

    def noise(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        return (
            SavedForBackward(per_image=FLOAT_BYTES)
            if self.mode == "sample"
            else SavedForBackward(fixed=FLOAT_BYTES)
        )


class NormalNoise(Layer):
    """Normally distributed numbers."""

    category = Category.REGULARIZATION
    help = (
        "Draws normally distributed numbers of its input's shape while training; zeros otherwise. "
        "Added to a mean after a product with a deviation it samples, as in a VAE."
    )
    torch = "NormalNoise"
    counts = False
    decides = (0,)
    source = '''
class NormalNoise(nn.Module):
    """Standard normal numbers of the input's shape while training, and their mean, 0, otherwise."""

    def forward(self, x):
        return torch.randn_like(x) if self.training else torch.zeros_like(x)
'''

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return layout_like(inputs[0])
