"""The initialization of weights: parameters of layers, the statements, and the deviations."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod, sqrt
from typing import Any, ClassVar, NamedTuple

from designer.layers.base import Layer
from designer.layers.errors import LayerError, SetParameters
from designer.layers.parameters import Choice, Float, OptionalFloat
from designer.layers.tensors import Shape, State, StateRole, Tensor

METHODS = (
    "default",
    "zeros",
    "constant",
    "normal",
    "uniform",
    "xavier_uniform",
    "xavier_normal",
    "kaiming_uniform",
    "kaiming_normal",
    "orthogonal",
)
SPREADS = ("normal", "uniform", "xavier_uniform", "xavier_normal")


class InitializedWeights(Layer):
    """Base of the layers with weights but no biases; torch's own initialization is the default.

    Attributes
    ----------
    factors
        Names of weights that are factors and start as 1, whatever initialization is chosen.
    """

    factors: ClassVar[tuple[str, ...]] = ()

    weight_init = Choice(
        "default",
        choices=METHODS,
        help="Initialization of the weights; default is that of the recipe, or else PyTorch's own.",
    )
    weight_init_value = Float(
        1.0,
        help="The constant, the standard deviation of normal, the bound of uniform, or the gain of "
        "Xavier and orthogonal.",
    )
    weight_init_mode = Choice(
        "fan_in",
        choices=("fan_in", "fan_out"),
        help="What Kaiming divides by: the number of inputs (forward) or of outputs (backward).",
    )

    def check(self) -> None:
        """Refuse a negative standard deviation, bound or gain, as torch does."""
        if self.weight_init_value < 0 and self.weight_init in SPREADS:
            raise LayerError(
                "initialization",
                f"{self.weight_init} needs a value of at least 0; received "
                f"{self.weight_init_value:g}",
                received=self.weight_init_value,
                expected="at least 0",
                remedies=[
                    SetParameters(
                        f"set it to {-self.weight_init_value:g}",
                        {"weight_init_value": -self.weight_init_value},
                    )
                ],
            )

    def default_spread(self) -> "Spread":
        """Return what the deviation of torch's own initialization follows from."""
        return SPREADS_OF["default"]


class Initialized(InitializedWeights):
    """Base of the layers with weights and biases; torch's own initialization is the default."""

    # Named again, so that the setting of the biases comes after those of the weights.
    weight_init = InitializedWeights.parameters["weight_init"]
    weight_init_value = InitializedWeights.parameters["weight_init_value"]
    weight_init_mode = InitializedWeights.parameters["weight_init_mode"]
    bias_init = OptionalFloat(
        None,
        help="A constant for the biases; nothing for that of the recipe, or else PyTorch's own.",
    )


def statements(layer: Layer, weights: list[str], biases: list[str]) -> Iterator[str]:
    """Yield the statements that initialize tensors, such as ``self.conv1.weight``."""
    values: dict[str, Any] = layer.__dict__
    method = values.get("weight_init", "default")
    value = values.get("weight_init_value", 1.0)
    arguments = {
        "zeros": "",
        "constant": f", {value!r}",
        "normal": f", std={value!r}",
        "uniform": f", -{value!r}, {value!r}",
        "xavier_uniform": "" if value == 1 else f", gain={value!r}",
        "xavier_normal": "" if value == 1 else f", gain={value!r}",
        "kaiming_uniform": f', mode="{values.get("weight_init_mode")}", nonlinearity="relu"',
        "kaiming_normal": f', mode="{values.get("weight_init_mode")}", nonlinearity="relu"',
        "orthogonal": "" if value == 1 else f", gain={value!r}",
    }
    if method != "default":
        for weight in weights:
            yield f"nn.init.{method}_({weight}{arguments[method]})"
    constant = values.get("bias_init")
    for bias in biases if constant is not None else ():
        yield f"nn.init.constant_({bias}, {constant!r})" if constant else f"nn.init.zeros_({bias})"


class Fans(NamedTuple):
    """How many values a weight connects, as torch counts them.

    Attributes
    ----------
    fan_in
        The inputs of a unit: the weight's second axis times the size of a kernel.
    fan_out
        The units that an input goes to: the first axis times the size of a kernel.
    rows, columns
        The weight as a matrix, with a row for each entry of the first axis.
    """

    fan_in: int
    fan_out: int
    rows: int
    columns: int


def fans(shape: Shape) -> Fans:
    """Return the fans of a weight with at least two axes."""
    kernel = prod(shape[2:])
    return Fans(shape[1] * kernel, shape[0] * kernel, shape[0], shape[1] * kernel)


class Spread(NamedTuple):
    """What the standard deviation of a weight follows from, as functions.

    Attributes
    ----------
    deviation
        The deviation, from the fans, the number that the method takes, and Kaiming's mode.
    formula
        How it is computed, with the numbers; "" where the number is given as it is.
    about
        What of the layer it depends on, in words; "" where every layer gets the same.
    """

    deviation: Callable[[Fans, float, str], float]
    formula: Callable[[Fans, float, str], str] = lambda _, __, ___: ""
    about: Callable[[Fans, str], str] = lambda _, __: ""


def _times(gain: float, root: str) -> str:
    return root if gain == 1 else f"{gain:g} · {root}"


def _fan(of: Fans, mode: str) -> int:
    return of.fan_in if mode == "fan_in" else of.fan_out


_XAVIER = Spread(
    lambda of, gain, _: gain * sqrt(2 / (of.fan_in + of.fan_out)),
    lambda of, gain, _: _times(gain, f"√(2 / ({of.fan_in:,} + {of.fan_out:,}))"),
    lambda of, _: f"fan in {of.fan_in:,}, fan out {of.fan_out:,}",
)
_KAIMING = Spread(
    lambda of, _, mode: sqrt(2 / _fan(of, mode)),
    lambda of, _, mode: f"√(2 / {_fan(of, mode):,})",
    lambda of, mode: f"{'fan in' if mode == 'fan_in' else 'fan out'} {_fan(of, mode):,}",
)

SPREADS_OF: Mapping[str, Spread] = {
    # torch draws uniformly between -1 / sqrt(fan_in) and 1 / sqrt(fan_in).
    "default": Spread(
        lambda of, _, __: 1 / sqrt(3 * of.fan_in),
        lambda of, _, __: f"1 / √(3 · {of.fan_in:,})",
        lambda of, _: f"fan in {of.fan_in:,}",
    ),
    "zeros": Spread(lambda _, __, ___: 0.0),
    "constant": Spread(lambda _, __, ___: 0.0),
    "normal": Spread(lambda _, value, __: value),
    "uniform": Spread(lambda _, bound, __: bound / sqrt(3), lambda _, bound, __: f"{bound:g} / √3"),
    "xavier_uniform": _XAVIER,
    "xavier_normal": _XAVIER,
    "kaiming_uniform": _KAIMING,
    "kaiming_normal": _KAIMING,
    # Each of the orthogonal rows or columns, whichever are fewer, has the length of the gain.
    "orthogonal": Spread(
        lambda of, gain, _: abs(gain) / sqrt(max(of.rows, of.columns)),
        lambda of, gain, _: f"{abs(gain):g} / √{max(of.rows, of.columns):,}",
        lambda of, _: f"a matrix of {of.rows:,} × {of.columns:,}",
    ),
}
"""The standard deviation that each of `METHODS` gives the weights.

As torch documents its functions in ``torch.nn.init``; of the orthogonal matrix it is the root mean
square of the entries, whose mean is about 0.
"""


def filled(layer: Layer, inputs: Sequence[Tensor]) -> tuple[State, ...]:
    """Return the weights of a layer that an initialization fills: those of two or more axes."""
    if not isinstance(layer, InitializedWeights):
        return ()
    return tuple(
        [
            each
            for each in layer.states(inputs)
            if each.role is StateRole.WEIGHT
            and len(each.shape) > 1
            and each.name not in layer.factors
        ]
    )
