"""The optimizers: one row each, from which engine, form, command line and estimates derive."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar

import msgspec

from designer.recipe.settings import Group, Setting, titles


class Variant(msgspec.Struct, frozen=True):
    """Settings of an optimizer that the memory estimates list by a name and title of their own."""

    name: str
    title: str
    changes: Mapping[str, Any]


class OptimizerKind(msgspec.Struct, frozen=True, kw_only=True):
    """An optimizer of torch, or one of our own.

    Attributes
    ----------
    name, title
        Its name in a recipe, and for people.
    help
        One sentence that says what it does.
    formula
        Its step in plain text: w is a weight, g its gradient, η the learning rate.
    source
        The paper that it comes from: authors, year and title.
    torch
        Its class in ``torch.optim``, or in ``designer.engine.optimizers.OWN``.
    learning_rate
        The usual one, taken when the optimizer is chosen and no rate is given.
    settings
        The settings it uses beside the learning rate, and what torch calls each; "" for one that
        is no argument of torch's class.
    state_copies
        The most copies of the parameters that its state keeps, as a function of the settings.
    usual
        Values of settings that are taken with the optimizer where the defaults do not suit it.
    full_batch
        Whether one step looks at the whole training part, several times.
    further
        Arguments of torch's class that no setting gives as it is; they replace those of `settings`.
    fused
        The device types for which torch has a fused form.
    variants
        What the memory estimates list for it; its default settings if empty.
    """

    name: str
    title: str
    help: str
    formula: str
    source: str
    torch: str
    learning_rate: float
    settings: Mapping[str, str]
    state_copies: Callable[["Optimizer"], int]
    usual: Mapping[str, float] = {}
    full_batch: bool = False
    further: Callable[["Optimizer"], Mapping[str, Any]] = lambda _: {}
    fused: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()

    def arguments(self, settings: "Optimizer") -> dict[str, Any]:
        """Return the arguments of torch's class, the learning rate among them."""
        named = {ours: theirs for ours, theirs in self.settings.items() if theirs}
        given = {theirs: getattr(settings, ours) for ours, theirs in named.items()}
        return {"lr": settings.learning_rate, **given, **self.further(settings)}


_DECAY = {"weight_decay": "weight_decay", "decay_norms": ""}  # settings of those with decay
_ADAM = {"betas": "betas", "epsilon": "eps", **_DECAY}

_ROWS = (
    OptimizerKind(
        name="sgd",
        title="SGD",
        help="Steps along the gradient, with momentum along its running sum.",
        formula="v ← μ·v + g;  w ← w − η·v, with Nesterov w ← w − η·(g + μ·v)",
        source="Sutskever, Martens, Dahl and Hinton, 2013: On the importance of initialization and "
        "momentum in deep learning",
        torch="SGD",
        learning_rate=0.05,
        settings={"momentum": "momentum", "nesterov": "nesterov", **_DECAY},
        # torch refuses Nesterov's form without momentum.
        further=lambda settings: {"nesterov": settings.nesterov and settings.momentum > 0},
        state_copies=lambda settings: 1 if settings.momentum else 0,
        fused=("cuda", "cpu", "mps"),
        variants=(
            Variant("sgd", "SGD", {"momentum": 0.0}),
            Variant("momentum", "SGD with momentum", {}),
        ),
    ),
    OptimizerKind(
        name="rmsprop",
        title="RMSprop",
        help="Divides the gradient by the root of its running mean square.",
        formula="s ← α·s + (1 − α)·g²;  v ← μ·v + g / (√s + ε);  w ← w − η·v",
        source="Tieleman and Hinton, 2012: Lecture 6.5, Neural Networks for Machine Learning",
        torch="RMSprop",
        learning_rate=0.001,
        settings={"momentum": "momentum", "decay": "alpha", "epsilon": "eps", **_DECAY},
        state_copies=lambda settings: 2 if settings.momentum else 1,
    ),
    OptimizerKind(
        name="adagrad",
        title="Adagrad",
        help="Divides the gradient by the root of the sum of all its squares so far.",
        formula="s ← s + g²;  w ← w − η·g / (√s + ε)",
        source="Duchi, Hazan and Singer, 2011: Adaptive subgradient methods for online learning "
        "and stochastic optimization",
        torch="Adagrad",
        learning_rate=0.01,
        settings={"epsilon": "eps", **_DECAY},
        state_copies=lambda _: 1,
        fused=("cpu",),
    ),
    OptimizerKind(
        name="adadelta",
        title="Adadelta",
        help="Scales each step by the ratio of the running mean squares of steps and gradients.",
        formula="s ← ρ·s + (1 − ρ)·g²;  d = g·√(u + ε) / √(s + ε);  u ← ρ·u + (1 − ρ)·d²;  "
        "w ← w − η·d",
        source="Zeiler, 2012: ADADELTA: an adaptive learning rate method",
        torch="Adadelta",
        learning_rate=1.0,
        settings={"rho": "rho", "epsilon": "eps", **_DECAY},
        usual={"epsilon": 1e-6},  # its first steps are of the size of its root
        state_copies=lambda _: 2,
    ),
    OptimizerKind(
        name="adam",
        title="Adam",
        help="Divides the gradient's running mean by the root of its running mean square.",
        formula="m ← β₁·m + (1 − β₁)·g;  s ← β₂·s + (1 − β₂)·g²;  "
        "w ← w − η·(m / (1 − β₁ᵗ)) / (√(s / (1 − β₂ᵗ)) + ε)",
        source="Kingma and Ba, 2015: Adam: a method for stochastic optimization",
        torch="Adam",
        learning_rate=0.001,
        settings=_ADAM,
        state_copies=lambda _: 2,
        fused=("cuda", "cpu", "mps"),
    ),
    OptimizerKind(
        name="adamw",
        title="AdamW",
        help="Adam with weight decay that acts on the weights alone, not through the gradient.",
        formula="w ← w − η·λ·w, then the step of Adam without λ in its gradient",
        source="Loshchilov and Hutter, 2019: Decoupled weight decay regularization",
        torch="AdamW",
        learning_rate=0.001,
        settings=_ADAM,
        state_copies=lambda _: 2,
        fused=("cuda", "cpu", "mps"),
    ),
    OptimizerKind(
        name="nadam",
        title="NAdam",
        help="Adam with Nesterov's momentum, which rises during the first steps.",
        formula="μₜ = β₁·(1 − 0.5·0.96^(0.004·t));  w ← w − η·(μₜ₊₁·m / (1 − μ₁···μₜ₊₁) + "
        "(1 − μₜ)·g / (1 − μ₁···μₜ)) / (√(s / (1 − β₂ᵗ)) + ε), with m and s of Adam",
        source="Dozat, 2016: Incorporating Nesterov momentum into Adam",
        torch="NAdam",
        learning_rate=0.002,
        settings={**_ADAM, "decoupled_decay": "decoupled_weight_decay"},
        state_copies=lambda _: 2,
    ),
    OptimizerKind(
        name="radam",
        title="RAdam",
        help="Adam whose first steps are small or plain momentum, until the mean square is sure.",
        formula="ρ = 2 / (1 − β₂) − 1;  ρₜ = ρ − 2·t·β₂ᵗ / (1 − β₂ᵗ);  "
        "r = √((ρₜ − 4)·(ρₜ − 2)·ρ / ((ρ − 4)·(ρ − 2)·ρₜ));  Adam's step times r if ρₜ > 5, "
        "else w ← w − η·m / (1 − β₁ᵗ)",
        source="Liu and others, 2020: On the variance of the adaptive learning rate and beyond",
        torch="RAdam",
        learning_rate=0.001,
        settings={**_ADAM, "decoupled_decay": "decoupled_weight_decay"},
        state_copies=lambda _: 2,
    ),
    OptimizerKind(
        name="lars",
        title="LARS",
        help="SGD for large batches: the step of each weight tensor is a share of its norm; norms "
        "and biases take plain steps without decay.",
        formula="r = θ·‖w‖ / (‖g‖ + λ·‖w‖);  v ← μ·v + η·r·(g + λ·w);  w ← w − v;  "
        "norms and biases: r = 1, λ = 0",
        source="You, Gitman and Ginsburg, 2017: Large batch training of convolutional networks",
        torch="LARS",
        learning_rate=1.0,
        settings={"momentum": "momentum", "weight_decay": "weight_decay", "trust": "trust"},
        state_copies=lambda settings: 1 if settings.momentum else 0,
    ),
    OptimizerKind(
        name="lbfgs",
        title="LBFGS",
        help="Takes one step an epoch, for which it looks at all training images many times: for "
        "small data and networks without augmentation.",
        formula="w ← w + η·d, d = −H·g with H the inverse Hessian estimated from the last changes "
        "of w and g",
        source="Liu and Nocedal, 1989: On the limited memory BFGS method for large scale "
        "optimization",
        torch="LBFGS",
        learning_rate=1.0,
        settings={"iterations": "max_iter", "history": "history_size", "line_search": ""},
        further=lambda settings: {
            "line_search_fn": "strong_wolfe" if settings.line_search else None
        },
        # The changes of weights and gradients, the direction and the gradient before.
        state_copies=lambda settings: 2 * settings.history + 2,
        full_batch=True,
    ),
)

OPTIMIZERS: Mapping[str, OptimizerKind] = {row.name: row for row in _ROWS}


class Optimizer(Group, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The optimizer and its settings; those that the chosen optimizer does not use are ignored."""

    prefix: ClassVar[str] = "optimizer."
    title: ClassVar[str] = "Optimizer"
    kinds: ClassVar[Mapping[str, OptimizerKind]] = OPTIMIZERS

    name: Annotated[
        str,
        Setting(
            title="Optimizer",
            help="The rule that turns the gradient into a change of the weights.",
            choices=titles(OPTIMIZERS),
            reason="SGD with momentum generalizes best on small image networks",
            form="essential",
        ),
    ] = "sgd"
    learning_rate: Annotated[
        float,
        Setting(
            title="Learning rate",
            help="The size of a step, the setting that matters most.",
            low=0.0,
            high=1e6,
            open_low=True,
            reason="right for LeNet-5 with SGD; Adam wants about 0.001",
            form="essential",
        ),
    ] = 0.05
    momentum: Annotated[
        float,
        Setting(
            title="Momentum",
            help="Share of the last step that is kept for the next.",
            low=0.0,
            high=1.0,
            open_high=True,
            reason="that of AlexNet, VGG and ResNet",
        ),
    ] = 0.9
    nesterov: Annotated[
        bool,
        Setting(
            title="Nesterov",
            help="Takes the gradient where the momentum leads, not where the weights are.",
            reason="never worse in practice",
        ),
    ] = True
    weight_decay: Annotated[
        float,
        Setting(
            title="Weight decay",
            help="Pulls weights towards zero, against overfitting.",
            low=0.0,
            high=1e6,
            formula="g ← g + λ·w; decoupled from the gradient, w ← w − η·λ·w",
            source="Krogh and Hertz, 1992: A simple weight decay can improve generalization",
            reason="that of AlexNet and VGG",
        ),
    ] = 0.0005
    decay_norms: Annotated[
        bool,
        Setting(
            title="Decay norms and biases",
            help="Whether weight decay also acts on norms and biases, all parameters with fewer "
            "than two dimensions. Large networks are usually trained without.",
            reason="as torch does",
            source="He and others, 2019: Bag of tricks for image classification with "
            "convolutional neural networks",
        ),
    ] = True
    decoupled_decay: Annotated[
        bool,
        Setting(
            title="Decoupled weight decay",
            help="Lets weight decay act on the weights alone, as in AdamW, not through the "
            "gradient.",
            formula="w ← w − η·λ·w",
            source="Loshchilov and Hutter, 2019: Decoupled weight decay regularization",
            reason="as torch does",
        ),
    ] = False
    betas: Annotated[
        tuple[float, float],
        Setting(
            title="Betas",
            help="Decay of the running means of the gradient and of its square.",
            low=0.0,
            high=1.0,
            open_high=True,
            reason="those of Adam's paper",
        ),
    ] = (0.9, 0.999)
    decay: Annotated[
        float,
        Setting(
            title="Decay",
            help="Decay of the running mean of the gradient's square; torch calls it alpha.",
            low=0.0,
            high=1.0,
            open_high=True,
            reason="as torch does",
        ),
    ] = 0.99
    rho: Annotated[
        float,
        Setting(
            title="Rho",
            help="Decay of Adadelta's running mean squares of gradients and steps.",
            low=0.0,
            high=1.0,
            open_high=True,
            reason="as in Zeiler's experiments and torch",
        ),
    ] = 0.9
    epsilon: Annotated[
        float,
        Setting(
            title="Epsilon",
            help="Is added to the divisor, so that nothing is divided by zero.",
            low=0.0,
            high=1.0,
            open_low=True,
            reason="as torch does for Adam and RMSprop",
        ),
    ] = 1e-8
    trust: Annotated[
        float,
        Setting(
            title="Trust",
            help="The share of a weight tensor's norm that LARS changes in a step, at a learning "
            "rate of 1.",
            low=0.0,
            high=1.0,
            open_low=True,
            reason="that of the LARS paper",
        ),
    ] = 0.001
    iterations: Annotated[
        int,
        Setting(
            title="Iterations",
            help="Changes of the weights in one step of LBFGS; each looks at all training images "
            "at least once.",
            low=1,
            high=1000,
            reason="as torch",
        ),
    ] = 20
    history: Annotated[
        int,
        Setting(
            title="History",
            help="Past changes from which LBFGS estimates the curvature; each takes the memory of "
            "two copies of the weights.",
            unit="changes",
            low=1,
            high=1000,
            reason="Liu and Nocedal recommend 3 to 20",
        ),
    ] = 10
    line_search: Annotated[
        bool,
        Setting(
            title="Line search",
            help="Searches along each direction of LBFGS for a step that fulfils the strong Wolfe "
            "conditions; without it the learning rate is the step.",
            reason="LBFGS diverges easily without it",
        ),
    ] = True


def state_copies(settings: Optimizer) -> int:
    """Return how many copies of the trained parameters the optimizer's state keeps."""
    return OPTIMIZERS[settings.name].state_copies(settings)


class Estimate(msgspec.Struct, frozen=True):
    """An optimizer with the settings for which memory is estimated."""

    title: str
    settings: Optimizer


def _estimates() -> dict[str, Estimate]:
    found = {}
    for row in OPTIMIZERS.values():
        defaults = Optimizer(name=row.name, learning_rate=row.learning_rate)
        for each in row.variants or (Variant(row.name, row.title, {}),):
            settings = msgspec.structs.replace(defaults, **each.changes)
            found[each.name] = Estimate(each.title, settings)
    return found


ESTIMATES: Mapping[str, Estimate] = _estimates()
"""What the memory estimates list: every optimizer with its default settings, and its variants."""


def estimate_name(settings: Optimizer) -> str:
    """Return the name in `ESTIMATES` of the entry that keeps as much state as these settings."""
    named = [name for name, each in ESTIMATES.items() if each.settings.name == settings.name]
    copies = state_copies(settings)
    alike = (name for name in named if state_copies(ESTIMATES[name].settings) == copies)
    return next(alike, named[0])
