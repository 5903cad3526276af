"""Activations: one function, applied to each value."""

from collections.abc import Sequence

from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import LayerError
from designer.layers.layouts import elementwise_layout, layout_like
from designer.layers.parameters import Bool, Choice, Float, Int
from designer.layers.tensors import (
    CONTIGUOUS,
    FLOAT_BYTES,
    ITS_INPUT,
    ITS_OUTPUT,
    WEIGHT,
    AllPositions,
    Layout,
    Reads,
    SavedForBackward,
    Shape,
    State,
    Tensor,
)


class _Activation(Layer):
    """A function of each value. Subclasses say what autograd saves for its derivative."""

    category = Category.ACTIVATION
    activation = True
    counts = False

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return elementwise_layout(inputs, inputs[0].shape)


class _SavesOutput(_Activation):
    """An activation whose derivative is computed from its output."""

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        return ITS_OUTPUT


class _SavesInput(_Activation):
    """An activation whose derivative is computed from its input."""

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        return ITS_INPUT


class _CopiesInPlace(_SavesInput):
    """An activation of which torch saves a copy of the input when it works in place."""

    inplace = True

    def saved_in_place(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        return SavedForBackward(per_image=FLOAT_BYTES * inputs[0].values)


class _OutputInPlace(_SavesInput):
    """An activation that saves its input, but its output when it works in place."""

    inplace = True

    def saved_in_place(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        return ITS_OUTPUT


class ReLU(_SavesOutput):
    """Rectified linear unit."""

    help = "max(0, x): the standard activation."
    torch = "nn.ReLU"
    inplace = True
    can_die = True


class ReLU6(_CopiesInPlace):
    """Rectified linear unit, at most 6."""

    help = "min(max(0, x), 6): ReLU with a ceiling, made for low precision."
    torch = "nn.ReLU6"
    can_die = True

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return layout_like(inputs[0])


class LeakyReLU(_OutputInPlace):
    """Leaky rectified linear unit."""

    help = "x where positive, a small slope where negative."
    torch = "nn.LeakyReLU"
    negative_slope = Float(0.01, minimum=0.0, maximum=1.0, help="Slope for negative values.")


class PReLU(_SavesInput):
    """Parametric rectified linear unit."""

    help = "LeakyReLU with a learned slope, one or one per channel."
    torch = "nn.PReLU"
    per_channel = Bool(True, help="Learn a slope per channel rather than a single one.")
    init = Float(0.25, minimum=-10.0, maximum=10.0, help="The slope at the start.")

    def _slopes(self, inputs: Sequence[Tensor]) -> int:
        return inputs[0].shape[0] if self.per_channel else 1

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return layout_like(inputs[0])

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        return (State("weight", (self._slopes(inputs),), WEIGHT),)

    def constructor(self, code: Code) -> str:
        slopes = [code.channels] if self.per_channel else []
        return f"nn.PReLU({', '.join([*slopes, *code.keywords(['init'])])})"

    def backward_scratch(self, inputs: Sequence[Tensor]) -> int:
        """Return one tensor of the input's size: the gradient of the slopes before it is summed."""
        return inputs[0].values


class ELU(_OutputInPlace):
    """Exponential linear unit."""

    help = "x where positive, α (exp(x) - 1) where negative."
    torch = "nn.ELU"
    alpha = Float(1.0, minimum=0.0, maximum=100.0, help="How far negative values reach.")


class SELU(_OutputInPlace):
    """Scaled exponential linear unit."""

    help = "ELU scaled so that deep networks normalize themselves."
    torch = "nn.SELU"


class GELU(_SavesInput):
    """Gaussian error linear unit."""

    help = "x times the normal distribution's Φ(x)."
    torch = "nn.GELU"
    approximate = Choice("none", choices=("none", "tanh"), help="Exact, or by the tanh formula.")


class SiLU(_CopiesInPlace):
    """Sigmoid linear unit, also called swish."""

    help = "x · sigmoid(x), also called swish."
    torch = "nn.SiLU"


class Mish(_CopiesInPlace):
    """Mish activation."""

    help = "x · tanh(softplus(x))."
    torch = "nn.Mish"


class Softplus(_SavesInput):
    """Smooth rectifier."""

    help = "log(1 + exp(βx)) / β: a smooth ReLU."
    torch = "nn.Softplus"
    beta = Float(1.0, minimum=0.01, maximum=100.0, help="How sharply it bends.")


class Hardswish(_CopiesInPlace):
    """Piecewise swish."""

    help = "x · ReLU6(x + 3) / 6: a cheap SiLU."
    torch = "nn.Hardswish"
    can_die = True


class Hardsigmoid(_CopiesInPlace):
    """Piecewise sigmoid."""

    help = "ReLU6(x + 3) / 6: a cheap sigmoid."
    torch = "nn.Hardsigmoid"
    saturates_at = (0.0, 1.0)


class Sigmoid(_SavesOutput):
    """Logistic function."""

    help = "1 / (1 + exp(-x)): squashes to between 0 and 1."
    torch = "nn.Sigmoid"
    saturates_at = (0.0, 1.0)


class Tanh(_SavesOutput):
    """Hyperbolic tangent."""

    help = "Squashes to between -1 and 1."
    torch = "nn.Tanh"
    saturates_at = (-1.0, 1.0)


class _OverAxis(_SavesOutput):
    """Softmax or its logarithm, over one axis."""

    dim = Int(1, minimum=1, maximum=3, help="The axis that sums to one; 1 is channels or features.")

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return CONTIGUOUS

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        axes = len(inputs[0].shape)
        if self.dim > axes:
            raise LayerError(
                "no-such-axis",
                f"there is no axis {self.dim}: the input has {axes} besides the batch",
                received=axes,
                expected=f"at least {self.dim}",
            )
        return inputs[0].shape

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads:
        return AllPositions((self.dim - 1,), directly=True)

    def constructor(self, code: Code) -> str:
        """Write ``dim`` always: torch would guess the axis, and warn about it."""
        return f"{self.torch}(dim={code.argument('dim')})"


class Softmax(_OverAxis):
    """Softmax over one axis."""

    help = "Probabilities: exp(x) divided by its sum. Cross-entropy has it built in."
    torch = "nn.Softmax"


class LogSoftmax(_OverAxis):
    """Logarithm of softmax over one axis."""

    help = "Logarithms of softmax's probabilities. Cross-entropy has it built in."
    torch = "nn.LogSoftmax"
