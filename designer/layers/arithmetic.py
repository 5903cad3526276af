"""Functions of each value, and differences and quotients of two tensors."""

from collections.abc import Sequence
from math import prod

from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import LayerError, SetParameters
from designer.layers.join import Elementwise, aligned
from designer.layers.layouts import elementwise_layout, layout_like
from designer.layers.parameters import Choice, Float, OptionalFloat
from designer.layers.tensors import (
    FLOAT_BYTES,
    ITS_INPUT,
    ITS_OUTPUT,
    Layout,
    SavedForBackward,
    Shape,
    Tensor,
)

COMPARISONS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<=", "eq": "==", "ne": "!="}
"""Torch's names of comparisons, and how Python writes them."""


class _Function(Layer):
    """A function of each value, which `expression` writes with the input as ``{}``."""

    category = Category.ARITHMETIC
    expression = ""

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return elementwise_layout(inputs, inputs[0].shape)

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        return self.expression.format(inputs[0])


class _SavesInput(_Function):
    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        return ITS_INPUT


class _SavesOutput(_Function):
    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        return ITS_OUTPUT


class Exp(_SavesOutput):
    """Exponential function."""

    help = "e to the power of each value."
    expression = "torch.exp({})"


class Log(_SavesInput):
    """Natural logarithm."""

    help = "The natural logarithm of each value, which must be positive."
    expression = "torch.log({})"


class Sqrt(_SavesOutput):
    """Square root."""

    help = "The square root of each value, which must not be negative."
    expression = "torch.sqrt({})"


class Abs(_SavesInput):
    """Absolute value."""

    help = "Each value without its sign: the distance from 0."
    expression = "torch.abs({})"


class Sin(_SavesInput):
    """Sine of each value."""

    help = "The sine of each value, in radians: periodic features, as in SIREN and in positions."
    expression = "torch.sin({})"


class Cos(_SavesInput):
    """Cosine of each value."""

    help = "The cosine of each value, in radians."
    expression = "torch.cos({})"


class Erf(_SavesInput):
    """Error function."""

    help = "The error function of each value: twice the area under a normal curve, from 0 on."
    expression = "torch.erf({})"


class Negate(_Function):
    """Opposite sign."""

    help = "Each value with the opposite sign."
    infix = True
    expression = "-{}"


class Power(_SavesInput):
    """A power of each value."""

    help = "Each value to the power of a number: 2 for squares, -1 for reciprocals."
    infix = True
    exponent = Float(2.0, minimum=-100.0, maximum=100.0, help="The power.")

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        exponent = code.argument("exponent")
        return f"{inputs[0]} ** {f'({exponent})' if 'exponent' in code.texts else exponent}"

    def summary(self) -> str:
        return f"Power {self.exponent:g}"


class Clamp(_SavesInput):
    """Values between two bounds."""

    help = "Sets values below the smallest to it, and values above the largest to that."
    min = OptionalFloat(0.0, help="The smallest value; nothing for no such bound.")
    max = OptionalFloat(None, help="The largest value; nothing for no such bound.")

    def check(self) -> None:
        if self.min is None and self.max is None:
            raise LayerError(
                "clamp",
                "Clamp needs a smallest value, a largest value, or both",
                received="neither",
                expected="at least one of them",
                remedies=[SetParameters("set the smallest to 0", {"min": 0.0})],
            )
        if self.min is not None and self.max is not None and self.min > self.max:
            raise LayerError(
                "clamp",
                f"the smallest value {self.min:g} is above the largest {self.max:g}",
                received=self.min,
                expected=f"at most {self.max:g}",
                remedies=[SetParameters("exchange them", {"min": self.max, "max": self.min})],
            )

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        bounds = [
            f"{name}={code.argument(name)}"
            for name in ("min", "max")
            if getattr(self, name) is not None
        ]
        return f"torch.clamp({inputs[0]}, {', '.join(bounds)})"

    def summary(self) -> str:
        low = "" if self.min is None else f"{self.min:g}"
        high = "" if self.max is None else f"{self.max:g}"
        return f"Clamp {low}…{high}"


class AddScalar(_Function):
    """The sum with a number."""

    help = "Adds one fixed number to each value. (Scale multiplies by one; Constant is a tensor.)"
    infix = True
    value = Float(1.0, help="The number.")

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return layout_like(inputs[0])

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        if "value" not in code.texts and self.value < 0:
            return f"{inputs[0]} - {-self.value!r}"
        return f"{inputs[0]} + {code.argument('value')}"

    def summary(self) -> str:
        return f"AddScalar {self.value:g}"


class Subtract(Elementwise):
    """Difference of two inputs."""

    help = "Subtracts its second input from its first, value by value."
    inputs = (2, 2)
    infix = True

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        return " - ".join(inputs)


class Divide(Elementwise):
    """Quotient of two inputs."""

    help = "Divides its first input by its second, value by value."
    inputs = (2, 2)
    infix = True

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the divisor, and for its own gradient also the dividend."""
        return SavedForBackward(inputs=(0, 1) if inputs[1].needs_grad else (1,))

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        return " / ".join(inputs)


class Compare(Elementwise):
    """A comparison with a number or with a second input."""

    help = "1 where the first input compares so with the second one, or with a number, else 0."
    inputs = (1, 2)
    takes_any = (0, 1)
    decides = (0, 1)
    comparison = Choice(
        "gt",
        choices=tuple(COMPARISONS),
        help="Greater than, greater or equal, less than, less or equal, equal, or not equal.",
    )
    value = Float(0.0, help="The number, where there is no second input.")

    def is_view(self, inputs: Sequence[Tensor], training: bool) -> bool:
        return False

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return elementwise_layout(aligned(inputs), self.output_shape(inputs))

    def _bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of the answers, one for each, and of these as numbers."""
        return (1 + FLOAT_BYTES) * prod(output)

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        return self._bytes(inputs, output) if any(each.batched for each in inputs) else 0

    def fixed_peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        return 0 if any(each.batched for each in inputs) else self._bytes(inputs, output)

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        other = inputs[1] if len(inputs) > 1 else code.argument("value")
        return f"({inputs[0]} {COMPARISONS[self.comparison]} {other}).float()"

    def summary(self) -> str:
        return f"Compare {COMPARISONS[self.comparison]}"


class Where(Elementwise):
    """One of two values, by a condition."""

    help = "Takes the value of its second input where the first is not 0, else of the third."
    inputs = (3, 3)
    takes_any = (0,)
    decides = (0,)

    def is_view(self, inputs: Sequence[Tensor], training: bool) -> bool:
        return False

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save whether the condition holds, a byte for each of its values."""
        size = inputs[0].values
        if inputs[0].batched:
            return SavedForBackward(per_image=size)
        return SavedForBackward(fixed=size)

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        condition, *others = aligned(inputs)
        found = condition._replace(layout=layout_like(condition))
        return elementwise_layout((found, *others), self.output_shape(inputs))

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of the output and of the condition."""
        batched = any(each.batched for each in inputs)
        condition = inputs[0].values if inputs[0].batched else 0
        return FLOAT_BYTES * prod(output) * batched + condition

    def fixed_peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        condition = 0 if inputs[0].batched else inputs[0].values
        batched = any(each.batched for each in inputs)
        return condition + (0 if batched else FLOAT_BYTES * prod(output))

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        return f"torch.where({inputs[0]} != 0, {inputs[1]}, {inputs[2]})"
