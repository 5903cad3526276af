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
    """An optimizer of torch.

    Attributes
    ----------
    name, title
        Its name in a recipe, and for people.
    help
        One sentence that says what it does.
    torch
        Its class in ``torch.optim``.
    learning_rate
        The usual one, taken when the optimizer is chosen and no rate is given.
    settings
        The settings it uses beside the learning rate, and what torch calls each.
    state_copies
        How many copies of the parameters its state keeps, as a function of the settings.
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
    torch: str
    learning_rate: float
    settings: Mapping[str, str]
    state_copies: Callable[["Optimizer"], int]
    further: Callable[["Optimizer"], Mapping[str, Any]] = lambda _: {}
    fused: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()

    def arguments(self, settings: "Optimizer") -> dict[str, Any]:
        """Return the arguments of torch's class, the learning rate among them."""
        given = {theirs: getattr(settings, ours) for ours, theirs in self.settings.items()}
        return {"lr": settings.learning_rate, **given, **self.further(settings)}


_ROWS = (
    OptimizerKind(
        name="sgd",
        title="SGD",
        help="Steps along the gradient, with momentum along its running sum.",
        torch="SGD",
        learning_rate=0.05,
        settings={
            "momentum": "momentum",
            "nesterov": "nesterov",
            "weight_decay": "weight_decay",
        },
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
        torch="RMSprop",
        learning_rate=0.001,
        settings={
            "momentum": "momentum",
            "decay": "alpha",
            "epsilon": "eps",
            "weight_decay": "weight_decay",
        },
        state_copies=lambda settings: 2 if settings.momentum else 1,
    ),
    OptimizerKind(
        name="adagrad",
        title="Adagrad",
        help="Divides the gradient by the root of the sum of all its squares so far.",
        torch="Adagrad",
        learning_rate=0.01,
        settings={"epsilon": "eps", "weight_decay": "weight_decay"},
        state_copies=lambda _: 1,
        fused=("cpu",),
    ),
    OptimizerKind(
        name="adam",
        title="Adam",
        help="Divides the gradient's running mean by the root of its running mean square.",
        torch="Adam",
        learning_rate=0.001,
        settings={"betas": "betas", "epsilon": "eps", "weight_decay": "weight_decay"},
        state_copies=lambda _: 2,
        fused=("cuda", "cpu", "mps"),
    ),
    OptimizerKind(
        name="adamw",
        title="AdamW",
        help="Adam with weight decay that acts on the weights alone, not through the gradient.",
        torch="AdamW",
        learning_rate=0.001,
        settings={"betas": "betas", "epsilon": "eps", "weight_decay": "weight_decay"},
        state_copies=lambda _: 2,
        fused=("cuda", "cpu", "mps"),
    ),
)

OPTIMIZERS: Mapping[str, OptimizerKind] = {row.name: row for row in _ROWS}


class Optimizer(Group, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The optimizer and its settings; those that the chosen optimizer does not use are ignored."""

    prefix: ClassVar[str] = "optimizer."
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
        ),
    ] = 0.0005
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
        ),
    ] = 0.99
    epsilon: Annotated[
        float,
        Setting(
            title="Epsilon",
            help="Is added to the divisor, so that nothing is divided by zero.",
            low=0.0,
            high=1.0,
            open_low=True,
        ),
    ] = 1e-8


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
