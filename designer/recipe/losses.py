"""The losses: one row each; the function of each stands in `designer.engine.losses`."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import msgspec

from designer.errors import DesignerError
from designer.recipe.settings import Group, Setting, titles

Targets = Literal["classes", "numbers"]


class LossKind(msgspec.Struct, frozen=True, kw_only=True):
    """A loss.

    Attributes
    ----------
    name, title
        Its name in a recipe, and for people.
    help
        One sentence that says what it measures.
    targets
        The targets that it can be computed for.
    settings
        The settings it uses.
    unwanted
        Layer types that a network for this loss should not end in, since the loss has them built in
        or needs values that they do not give.
    """

    name: str
    title: str
    help: str
    targets: tuple[Targets, ...]
    settings: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()


_ROWS = (
    LossKind(
        name="cross_entropy",
        title="cross-entropy",
        help="Negative logarithm of the probability given to the right class; takes logits.",
        targets=("classes",),
        settings=("label_smoothing",),
        unwanted=("Softmax", "LogSoftmax", "Sigmoid", "Hardsigmoid"),
    ),
    LossKind(
        name="mean_squared_error",
        title="mean squared error",
        help="Mean square of the differences; classes are compared in one-hot form.",
        targets=("classes", "numbers"),
    ),
)

LOSSES: Mapping[str, LossKind] = {row.name: row for row in _ROWS}


def losses_for(targets: Targets) -> list[str]:
    """Return the names of the losses that can be computed for such targets."""
    return [row.name for row in LOSSES.values() if targets in row.targets]


class Loss(Group, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is minimized."""

    prefix: ClassVar[str] = "loss."
    kinds: ClassVar[Mapping[str, LossKind]] = LOSSES

    name: Annotated[
        str,
        Setting(
            title="Loss",
            help="What is minimized: cross-entropy for classes, squared error for numbers.",
            choices=titles(LOSSES),
            reason="the standard for classes",
        ),
    ] = "cross_entropy"
    label_smoothing: Annotated[
        float,
        Setting(
            title="Label smoothing",
            help="Share of a label's certainty that is spread over all classes.",
            low=0.0,
            high=1.0,
        ),
    ] = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.label_smoothing and "label_smoothing" not in LOSSES[self.name].settings:
            users = [row.name for row in LOSSES.values() if "label_smoothing" in row.settings]
            raise DesignerError(
                f"loss.label_smoothing goes with {' or '.join(users)} only: set it to 0 or change "
                "the loss."
            )
