"""Convolutions whose kernels are standardized before they are used."""

from collections.abc import Sequence
from math import prod
from typing import ClassVar

from designer.layers.convolution import Conv2d
from designer.layers.errors import LayerError
from designer.layers.parameters import Float
from designer.layers.tensors import FLOAT_BYTES, WEIGHT, SavedForBackward, Shape, State, Tensor


class _Standardized(Conv2d):
    """A convolution that makes a second tensor of its kernels, of mean 0 and variance 1 each."""

    gain: ClassVar[bool] = False
    eps = Float(1e-6, minimum=1e-12, maximum=1.0, help="Added to the variance of a kernel.")

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        shape = super().output_shape(inputs)
        if self._kernel_values(inputs) == 1:
            raise LayerError(
                "one-value",
                "a kernel of a single value has no deviation by which it could be standardized",
                received="1 value",
                expected="at least 2 values in a kernel",
            )
        return shape

    def _kernel_values(self, inputs: Sequence[Tensor]) -> int:
        return prod(self.kernel_size) * inputs[0].shape[0] // self.groups

    def _standardized_bytes(self, inputs: Sequence[Tensor]) -> int:
        return FLOAT_BYTES * self.out_channels * self._kernel_values(inputs)

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Return what Conv2d saves, the standardized kernels, and their means and deviations."""
        saved = super().saved_for_backward(inputs, output)
        each = (3 if self.gain else 2) * FLOAT_BYTES * self.out_channels
        return saved._replace(fixed=self._standardized_bytes(inputs) + each)

    def saved_when_frozen(
        self, inputs: Sequence[Tensor], output: Shape, training: bool
    ) -> SavedForBackward:
        """Save no mean and deviation: the kernels need no gradient."""
        saved = super().saved_for_backward(inputs, output)
        return saved._replace(fixed=self._standardized_bytes(inputs))

    def fixed_peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of the standardized kernels."""
        return self._standardized_bytes(inputs)

    def preparing_bytes(self, inputs: Sequence[Tensor]) -> int:
        """Add mean, deviation and factor of each kernel, which are gone before the output is."""
        each = (3 if self.gain else 2) * FLOAT_BYTES * self.out_channels
        return self._standardized_bytes(inputs) + each


class StdConv2d(_Standardized):
    """Convolution with standardized weights."""

    help = "A Conv2d whose kernels get mean 0 and variance 1, for small batches (Qiao et al. 2019)."
    torch = "StdConv2d"
    source = '''
class StdConv2d(nn.Conv2d):
    """A convolution whose kernels have mean 0 and variance 1 each (arXiv:1903.10520)."""

    def __init__(self, *sizes, eps=1e-6, **options):
        super().__init__(*sizes, **options)
        self.eps = eps

    def forward(self, x):
        rows = self.weight.reshape(1, self.out_channels, -1)
        rows = F.batch_norm(rows, None, None, training=True, momentum=0.0, eps=self.eps)
        return self._conv_forward(x, rows.reshape_as(self.weight), self.bias)
'''

    def summary(self) -> str:
        return super().summary().replace("Conv2d", "StdConv2d", 1)


class ScaledStdConv2d(_Standardized):
    """Convolution with standardized and scaled weights."""

    help = (
        "A Conv2d whose kernels get mean 0, variance 1 / (values of a kernel) and a learned "
        "factor, for networks without norms (Brock et al. 2021)."
    )
    torch = "ScaledStdConv2d"
    gain = True
    factors = ("gain",)
    gamma = Float(
        1.0,
        minimum=1e-6,
        maximum=1e6,
        help="A factor that restores the variance behind the activation: 1.7139 for ReLU.",
    )
    source = '''
class ScaledStdConv2d(nn.Conv2d):
    """A convolution with standardized, scaled kernels for networks without norms (2101.08692)."""

    def __init__(self, *sizes, eps=1e-6, gamma=1.0, **options):
        super().__init__(*sizes, **options)
        self.gain = nn.Parameter(torch.ones(self.out_channels, 1, 1, 1))
        self.scale = gamma * self.weight[0].numel() ** -0.5
        self.eps = eps

    def standardized(self):
        rows = self.weight.reshape(1, self.out_channels, -1)
        factors = (self.gain * self.scale).view(-1)
        rows = F.batch_norm(rows, None, None, factors, training=True, momentum=0.0, eps=self.eps)
        return rows.reshape_as(self.weight)

    def forward(self, x):
        return self._conv_forward(x, self.standardized(), self.bias)
'''

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        return (*super().states(inputs), State("gain", (self.out_channels, 1, 1, 1), WEIGHT))

    def summary(self) -> str:
        return super().summary().replace("Conv2d", "ScaledStdConv2d", 1)
