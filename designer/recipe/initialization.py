"""The initializations of a whole design: one row each, with formula and source."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec

from designer.recipe.settings import Group, Setting, titles

DESIGN, LSUV = "design", "lsuv"


class InitializationKind(msgspec.Struct, frozen=True, kw_only=True):
    """A way to draw the weights of all layers before the first step.

    Attributes
    ----------
    name, title
        Its name in a recipe, which is that of torch's function without its underscore, and for
        people.
    help
        One sentence that says what it does.
    settings
        The settings that it uses.
    formula
        How weights w are drawn, in plain text; N(mean, variance) and U(low, high) are the normal
        and the uniform distribution.
    source
        The paper: authors, year and title.
    """

    name: str
    title: str
    help: str
    settings: tuple[str, ...] = ()
    formula: str = ""
    source: str = ""


_GLOROT = (
    "Glorot and Bengio, 2010: Understanding the difficulty of training deep feedforward neural "
    "networks"
)
_HE = "He, Zhang, Ren and Sun, 2015: Delving deep into rectifiers"

_ROWS = (
    InitializationKind(
        name=DESIGN,
        title="as each layer says",
        help="Each layer is initialized as the design says: by default as PyTorch does.",
        formula="w ~ U(-1/√fan_in, 1/√fan_in) where a layer says nothing",
    ),
    InitializationKind(
        name="zeros",
        title="zeros",
        help="All weights are 0; the units of a layer then stay equal and hardly anything is "
        "learned.",
        formula="w = 0",
    ),
    InitializationKind(
        name="constant",
        title="constant",
        help="All weights have the same value; the units of a layer then stay equal.",
        settings=("value",),
        formula="w = value",
    ),
    InitializationKind(
        name="normal",
        title="normal",
        help="Normally distributed, with the same standard deviation in every layer.",
        settings=("deviation",),
        formula="w ~ N(0, deviation²)",
        source="Krizhevsky, Sutskever and Hinton, 2012: ImageNet classification with deep "
        "convolutional neural networks",
    ),
    InitializationKind(
        name="xavier_uniform",
        title="Xavier, uniform",
        help="Uniformly distributed, so that activations and gradients keep their variance in "
        "layers without a nonlinearity.",
        settings=("gain",),
        formula="w ~ U(-a, a) with a = gain · √(6 / (fan_in + fan_out))",
        source=_GLOROT,
    ),
    InitializationKind(
        name="xavier_normal",
        title="Xavier, normal",
        help="Normally distributed, so that activations and gradients keep their variance in "
        "layers without a nonlinearity.",
        settings=("gain",),
        formula="w ~ N(0, gain² · 2 / (fan_in + fan_out))",
        source=_GLOROT,
    ),
    InitializationKind(
        name="kaiming_uniform",
        title="Kaiming, uniform",
        help="Uniformly distributed, so that the variance is kept through layers with a ReLU.",
        settings=("mode",),
        formula="w ~ U(-a, a) with a = √(6 / fan)",
        source=_HE,
    ),
    InitializationKind(
        name="kaiming_normal",
        title="Kaiming, normal",
        help="Normally distributed, so that the variance is kept through layers with a ReLU.",
        settings=("mode",),
        formula="w ~ N(0, 2 / fan)",
        source=_HE,
    ),
    InitializationKind(
        name="orthogonal",
        title="orthogonal",
        help="Rows or columns of each weight matrix are orthogonal and have the length of the "
        "gain, so that lengths are kept.",
        settings=("gain",),
        formula="W Wᵀ = gain² · I, or Wᵀ W = gain² · I where W has more rows than columns",
        source="Saxe, McClelland and Ganguli, 2014: Exact solutions to the nonlinear dynamics of "
        "learning in deep linear neural networks",
    ),
    InitializationKind(
        name=LSUV,
        title="LSUV",
        help="Orthogonal; then, layer by layer, weights are scaled until the layer's output for "
        "the first batch has a variance of 1.",
        formula="W orthogonal, then W ← W / √Var(output)",
        source="Mishkin and Matas, 2016: All you need is a good init",
    ),
)

INITIALIZATIONS: Mapping[str, InitializationKind] = {row.name: row for row in _ROWS}

MODES: Mapping[str, str] = {
    "fan_in": "fan in: the inputs of a unit",
    "fan_out": "fan out: the units that an input goes to",
}


class Initialization(Group, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the weights of the whole design are drawn before the first step.

    It holds for layers whose ``weight_init`` in the design is ``default``. Biases are then 0, or
    what the layer's ``bias_init`` says. Normalization layers begin with weights of 1 and biases of
    0 in any case.
    """

    prefix: ClassVar[str] = "initialization."
    title: ClassVar[str] = "Initialization"
    kinds: ClassVar[Mapping[str, InitializationKind]] = INITIALIZATIONS

    name: Annotated[
        str,
        Setting(
            title="Initialization",
            help="How the weights of all layers are drawn that have no initialization of their "
            "own. Biases begin at 0, norms with a weight of 1.",
            choices=titles(INITIALIZATIONS),
            reason="layers say for themselves what suits them",
        ),
    ] = DESIGN
    value: Annotated[
        float,
        Setting(title="Constant", help="The value of all weights.", low=0.0, high=1e6),
    ] = 0.01
    deviation: Annotated[
        float,
        Setting(
            title="Standard deviation",
            help="That of the normal distribution.",
            low=0.0,
            high=1e6,
            reason="that of AlexNet",
        ),
    ] = 0.01
    gain: Annotated[
        float,
        Setting(
            title="Gain",
            help="What all weights are multiplied by: 1 for layers without a nonlinearity, 1.41 "
            "before a ReLU, 1.67 before a Tanh.",
            low=0.0,
            high=1e6,
            reason="as torch does",
        ),
    ] = 1.0
    mode: Annotated[
        str,
        Setting(
            title="Fan",
            help="What the variance is divided by: fan in keeps that of activations on the way "
            "forward, fan out that of gradients on the way back.",
            choices=MODES,
            reason="as torch does",
        ),
    ] = "fan_in"
    zero_last: Annotated[
        bool,
        Setting(
            title="Zero residual branches",
            help="Each residual block begins as its shortcut: the last norm or layer with weights "
            "before the addition begins at 0.",
            formula="y = x + F(x) with F(x) = 0 at the start",
            source="Goyal and others, 2017: Accurate, large minibatch SGD; Zhang, Dauphin and "
            "Ma, 2019: Fixup initialization",
            reason="blocks begin as torchvision's do",
        ),
    ] = False

    @property
    def argument(self) -> float:
        """The number that the chosen row takes: the constant, the deviation, or the gain."""
        return {"constant": self.value, "normal": self.deviation}.get(self.name, self.gain)

    @property
    def active(self) -> bool:
        """Whether it changes anything about what the design says."""
        return self.name != DESIGN or self.zero_last
