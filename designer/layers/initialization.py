"""The initialization of weights: the parameters of all layers with weights, and its statements."""

from collections.abc import Iterator
from typing import Any

from designer.layers.base import Layer
from designer.layers.errors import LayerError, SetParameters
from designer.layers.parameters import Choice, Float, OptionalFloat

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


class Initialized(Layer):
    """Base of the layers with weights; torch's own initialization is the default."""

    weight_init = Choice(
        "default", choices=METHODS, help="Initialization of the weights; default is PyTorch's own."
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
    bias_init = OptionalFloat(
        None, help="A constant for the biases; nothing for PyTorch's own initialization."
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
