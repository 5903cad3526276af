"""The losses: one row each; the function of each stands in `designer.engine.losses`."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from designer.errors import DesignerError
from designer.recipe.settings import Group, Setting, titles

Targets = Literal["classes", "labels", "numbers"]
"""One class for each image; several labels, each there or not; or numbers."""


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
        The settings it uses. A loss that does not use a setting of `WITHIN` is refused with it.
    logits
        Whether it takes logits, of which softmax or sigmoid make probabilities.
    unwanted
        Layer types that a network for this loss should not end in, since the loss has them built in
        or needs values that they do not give.
    """

    name: str
    title: str
    help: str
    targets: tuple[Targets, ...]
    settings: tuple[str, ...] = ()
    logits: bool = False
    unwanted: tuple[str, ...] = ()


_ROWS = (
    LossKind(
        name="cross_entropy",
        title="cross-entropy",
        help="Negative logarithm of the probability given to the right class; takes logits.",
        targets=("classes",),
        settings=("label_smoothing", "class_weights", "weights"),
        logits=True,
        unwanted=("Softmax", "LogSoftmax", "Sigmoid", "Hardsigmoid"),
    ),
    LossKind(
        name="mean_squared_error",
        title="mean squared error",
        help="Mean square of the differences; classes are compared in one-hot form, labels as 0 "
        "and 1.",
        targets=("classes", "labels", "numbers"),
        settings=("threshold",),
    ),
    LossKind(
        name="binary_cross_entropy",
        title="binary cross-entropy",
        help="Negative logarithm of the probability that each label is there, or is not; takes "
        "logits.",
        targets=("labels",),
        settings=("class_weights", "weights", "threshold"),
        logits=True,
        unwanted=("Softmax", "LogSoftmax", "Sigmoid", "Hardsigmoid"),
    ),
)

LOSSES: Mapping[str, LossKind] = {row.name: row for row in _ROWS}


CLASS_WEIGHTS: Mapping[str, str] = {"none": "none", "balanced": "balanced"}

WITHIN = ("label_smoothing", "class_weights", "weights")
"""Settings that change the loss itself, unless they have their defaults."""


def losses_for(targets: Targets) -> list[str]:
    """Return the names of the losses that can be computed for such targets, the usual one first."""
    found = [row for row in LOSSES.values() if targets in row.targets]
    return [row.name for row in sorted(found, key=lambda row: len(row.targets))]


class Loss(Group, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is minimized."""

    prefix: ClassVar[str] = "loss."
    kinds: ClassVar[Mapping[str, LossKind]] = LOSSES

    name: Annotated[
        str,
        Setting(
            title="Loss",
            help="What is minimized: cross-entropy for classes, binary cross-entropy for several "
            "labels an image, squared error for numbers.",
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
    class_weights: Annotated[
        str,
        Setting(
            title="Class weights",
            help="Balanced makes rare classes count more in the losses of training and validation: "
            "a class weighs images / (classes × images of it), a label images without it / images "
            "with it. Accuracies are not weighted.",
            choices=CLASS_WEIGHTS,
            reason="every image counts the same",
        ),
    ] = "none"
    weights: Annotated[
        tuple[float, ...],
        Setting(
            title="Given weights",
            help="How much each class counts in the loss, or each label where it is there, in "
            "their order; empty for equal ones.",
            low=0.0,
            open_low=True,
            empty="none",
        ),
    ] = ()
    threshold: Annotated[
        tuple[float, ...],
        Setting(
            title="Threshold",
            help="The probability from which on a label is predicted: one number for all labels, "
            "or one for each in their order.",
            low=0.0,
            high=1.0,
            open_low=True,
            open_high=True,
            reason="the more probable of the two answers",
        ),
    ] = (0.5,)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in WITHIN:
            off = self.off(name)
            if getattr(self, name) == off or name in LOSSES[self.name].settings:
                continue
            users = [row.name for row in LOSSES.values() if name in row.settings]
            raise DesignerError(
                f"loss.{name} goes with {' or '.join(users)} only: set it to {_shown(off)} or "
                "change the loss."
            )
        if self.weights and self.class_weights != "none":
            raise DesignerError(
                f"loss.weights gives the weights, but loss.class_weights is {self.class_weights}: "
                "empty loss.weights or set loss.class_weights to none."
            )
        if not self.threshold:
            raise DesignerError(
                "loss.threshold is empty: give one number for all labels, or one for each."
            )

    @classmethod
    def off(cls, name: str) -> Any:
        """Return the default of a setting of `WITHIN`, with which it changes nothing."""
        defaults = dict(zip(cls.__struct_fields__, cls.__struct_defaults__, strict=True))
        return defaults[name]


def _shown(value: object) -> str:
    """Return the value of a setting for a sentence."""
    return "empty" if value == () else f"{value:g}" if isinstance(value, float) else str(value)
