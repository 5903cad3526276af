"""Activations: one function, applied to each value."""

from collections.abc import Sequence

from designer.design.expressions import Binary, Literal, Tree, fold
from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import LayerError, SetParameters, refuse_missing_axis
from designer.layers.layouts import elementwise_layout, layout_like, layout_of, steps
from designer.layers.parameters import Bool, Choice, Float, Int
from designer.layers.tensors import (
    CONTIGUOUS,
    FLOAT_BYTES,
    ITS_INPUT,
    ITS_OUTPUT,
    MAX_AXES,
    WEIGHT,
    AllPositions,
    Layout,
    Reads,
    SavedForBackward,
    Shape,
    State,
    Tensor,
    Window,
    axis_name,
    chain_peak,
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
    keeps_zero = True
    torch = "nn.ReLU"
    inplace = True
    can_die = True


class ReLU6(_CopiesInPlace):
    """Rectified linear unit, at most 6."""

    help = "min(max(0, x), 6): ReLU with a ceiling, made for low precision."
    keeps_zero = True
    torch = "nn.ReLU6"
    can_die = True

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return layout_like(inputs[0])


class LeakyReLU(_OutputInPlace):
    """Leaky rectified linear unit."""

    help = "x where positive, a small slope where negative."
    keeps_zero = True
    torch = "nn.LeakyReLU"
    negative_slope = Float(0.01, minimum=0.0, maximum=1.0, help="Slope for negative values.")


class PReLU(_SavesInput):
    """Parametric rectified linear unit."""

    help = "LeakyReLU with a learned slope, one or one per channel."
    keeps_zero = True
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
    keeps_zero = True
    torch = "nn.ELU"
    alpha = Float(1.0, minimum=0.0, maximum=100.0, help="How far negative values reach.")


class SELU(_OutputInPlace):
    """Scaled exponential linear unit."""

    help = "ELU scaled so that deep networks normalize themselves."
    keeps_zero = True
    torch = "nn.SELU"


class GELU(_SavesInput):
    """Gaussian error linear unit."""

    help = "x times the normal distribution's Φ(x)."
    keeps_zero = True
    torch = "nn.GELU"
    approximate = Choice("none", choices=("none", "tanh"), help="Exact, or by the tanh formula.")


class SiLU(_CopiesInPlace):
    """Sigmoid linear unit, also called swish."""

    help = "x · sigmoid(x), also called swish."
    keeps_zero = True
    torch = "nn.SiLU"


class Mish(_CopiesInPlace):
    """Mish activation."""

    help = "x · tanh(softplus(x))."
    keeps_zero = True
    torch = "nn.Mish"


class Softplus(_SavesInput):
    """Smooth rectifier."""

    help = "log(1 + exp(βx)) / β: a smooth ReLU."
    torch = "nn.Softplus"
    beta = Float(1.0, minimum=0.01, maximum=100.0, help="How sharply it bends.")


class Hardswish(_CopiesInPlace):
    """Piecewise swish."""

    help = "x · ReLU6(x + 3) / 6: a cheap SiLU."
    keeps_zero = True
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
    keeps_zero = True
    torch = "nn.Tanh"
    saturates_at = (-1.0, 1.0)


class _OverAxis(_SavesOutput):
    """Softmax or its logarithm, over one axis."""

    dim = Int(
        1,
        minimum=1,
        maximum=MAX_AXES,
        help="The axis that sums to one; 1 is channels or features.",
    )

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return CONTIGUOUS

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        refuse_missing_axis(self, self.dim, inputs[0].shape)
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


class Hardtanh(_CopiesInPlace):
    """Piecewise hyperbolic tangent."""

    help = "x, cut off at two bounds: a cheap tanh."
    torch = "nn.Hardtanh"
    min_val = Float(-1.0, minimum=-1e6, maximum=1e6, help="The lower bound.")
    max_val = Float(1.0, minimum=-1e6, maximum=1e6, help="The upper bound.")

    def check(self) -> None:
        if self.min_val >= self.max_val:
            raise LayerError(
                "bounds",
                f"the lower bound {self.min_val:g} is not below the upper one {self.max_val:g}",
                received=f"{self.min_val:g} and {self.max_val:g}",
                expected="a lower bound below the upper one",
                remedies=[
                    SetParameters("set the bounds to -1 and 1", {"min_val": -1.0, "max_val": 1.0})
                ],
            )

    def saturation(self) -> tuple[float, float]:
        return self.min_val, self.max_val

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return layout_like(inputs[0])


class CELU(_OutputInPlace):
    """Continuously differentiable exponential linear unit."""

    help = "x where positive, α (exp(x / α) - 1) where negative: an ELU without a kink."
    keeps_zero = True
    torch = "nn.CELU"
    alpha = Float(1.0, minimum=0.01, maximum=100.0, help="How far negative values reach.")


class Threshold(_CopiesInPlace):
    """A function with a jump."""

    help = "x where it is above a threshold, else a fixed value."
    torch = "nn.Threshold"
    positional = ("threshold", "value")
    can_die = True
    threshold = Float(0.0, minimum=-1e6, maximum=1e6, help="Values up to it are replaced.")
    value = Float(0.0, minimum=-1e6, maximum=1e6, help="What replaces them.")


class Softsign(_Activation):
    """A tanh with longer tails."""

    help = "x / (1 + |x|): squashes to between -1 and 1, more slowly than tanh."
    keeps_zero = True
    torch = "nn.Softsign"
    saturates_at = (-1.0, 1.0)

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the input, and the denominator."""
        return SavedForBackward(inputs=(0,), per_image=FLOAT_BYTES * inputs[0].values)

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the peak of |x|, of the denominator and of the quotient."""
        return chain_peak(*[inputs[0].values] * 3)

    def backward_scratch(self, inputs: Sequence[Tensor]) -> int:
        return 3 * inputs[0].values


class LogSigmoid(_Activation):
    """Logarithm of the logistic function."""

    help = "log(sigmoid(x)): the logarithm of a probability."
    torch = "nn.LogSigmoid"

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return CONTIGUOUS

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the input, and exp(-|x|), of which torch keeps a copy on the CPU."""
        return SavedForBackward(inputs=(0,), per_image=FLOAT_BYTES * inputs[0].values)

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of the output and of exp(-|x|)."""
        return 2 * FLOAT_BYTES * inputs[0].values


class RReLU(_Activation):
    """Randomized leaky rectified linear unit."""

    help = "LeakyReLU with a slope drawn at random for each value in training, and its mean after."
    keeps_zero = True
    torch = "nn.RReLU"
    lower = Float(1 / 8, minimum=0.0, maximum=1.0, help="The smallest slope for negative values.")
    upper = Float(1 / 3, minimum=0.0, maximum=1.0, help="The largest slope for negative values.")

    def check(self) -> None:
        if self.lower > self.upper:
            raise LayerError(
                "bounds",
                f"the smallest slope {self.lower:g} is above the largest one {self.upper:g}",
                received=f"{self.lower:g} and {self.upper:g}",
                expected="a smallest slope up to the largest one",
                remedies=[
                    SetParameters("exchange them", {"lower": self.upper, "upper": self.lower})
                ],
            )

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return CONTIGUOUS

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the input, and the slope of each value, even in eval mode."""
        return SavedForBackward(inputs=(0,), per_image=FLOAT_BYTES * inputs[0].values)

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of the output and of the slopes."""
        return 2 * FLOAT_BYTES * inputs[0].values


class Hardshrink(_SavesInput):
    """A function that sets small values to zero."""

    help = "x, but 0 where |x| is at most λ."
    keeps_zero = True
    torch = "nn.Hardshrink"
    lambd = Float(0.5, minimum=0.0, maximum=1e6, help="Values up to λ become zero.")


class Softshrink(_SavesInput):
    """A function that moves values towards zero."""

    help = "x moved towards 0 by λ; 0 where |x| is at most λ."
    keeps_zero = True
    torch = "nn.Softshrink"
    lambd = Float(0.5, minimum=0.0, maximum=1e6, help="How far values are moved.")


class Tanhshrink(_Activation):
    """What tanh cuts off."""

    help = "x - tanh(x): small values become nearly zero."
    keeps_zero = True
    torch = "nn.Tanhshrink"

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save tanh(x)."""
        return SavedForBackward(per_image=FLOAT_BYTES * inputs[0].values)

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of tanh(x) and of the difference."""
        return chain_peak(inputs[0].values, inputs[0].values)

    def backward_scratch(self, inputs: Sequence[Tensor]) -> int:
        return inputs[0].values


class GLU(_SavesInput):
    """Gated linear unit."""

    help = "Splits an axis into halves a and b, and returns a · sigmoid(b)."
    keeps_zero = True
    torch = "nn.GLU"
    counts = True
    dim = Int(
        1,
        minimum=1,
        maximum=MAX_AXES,
        help="The axis that is halved; 1 is channels or features.",
    )

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        shape, axis = inputs[0].shape, self.dim - 1
        refuse_missing_axis(self, self.dim, shape)
        if shape[axis] % 2:
            name = axis_name(axis, len(shape))
            raise LayerError(
                "chunks",
                f"{shape[axis]} {name} do not divide into 2 equal parts",
                axis=name,
                received=shape[axis],
                expected="a multiple of 2",
            )
        return (*shape[:axis], shape[axis] // 2, *shape[axis + 1 :])

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        shape = self.output_shape(inputs)
        half = inputs[0]._replace(shape=shape, layout=layout_of(shape, steps(inputs[0])))
        return elementwise_layout((half, half), shape)

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads | None:
        """Return both halves of the axis: all positions, unless these are the channels."""
        return Window(channels=True) if self.dim == 1 else AllPositions((self.dim - 1,), True)

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return inputs[0] if self.dim > 1 else fold(Binary("//", inputs[0], Literal(2)))

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        if self.dim < len(code.inputs[0].shape):
            return inputs[0]
        return fold(Binary("//", inputs[0], Literal(2)))

    def constructor(self, code: Code) -> str:
        """Write ``dim`` always: torch's own default is the last axis."""
        return f"nn.GLU({code.argument('dim')})"

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        axis = self.dim - 1
        name = axis_name(axis, len(output))
        return (f"{name} = {inputs[0].shape[axis]} / 2 = {output[axis]}",)
