"""The losses: one row each; the function of each stands in `designer.engine.losses`."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from designer.errors import DesignerError
from designer.recipe.settings import Group, Setting, titles

Targets = Literal["classes", "labels", "numbers", "input", "tokens"]
"""One class for each example; several labels, each there or not; numbers; the example itself; or
the next token at each position of a text."""


class LossKind(msgspec.Struct, frozen=True, kw_only=True):
    """A loss.

    Attributes
    ----------
    name, title
        Its name in a recipe, and for people.
    help
        One sentence that says what it measures.
    formula
        The loss of one image, in plain text.
    source
        The paper that it comes from, "" for one that every textbook has.
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
    formula: str
    source: str = ""
    settings: tuple[str, ...] = ()
    logits: bool = False
    unwanted: tuple[str, ...] = ()


_CENTERS = ("center_weight", "center_alpha", "center_node")
_BEHIND = ("Softmax", "LogSoftmax", "Sigmoid", "Hardsigmoid")

_ROWS = (
    LossKind(
        name="cross_entropy",
        title="cross-entropy",
        help="Negative logarithm of the probability given to the right class, or to the right "
        "token at each position of a text; takes logits.",
        formula="-log p(t), where p = softmax(x) and t is the right class",
        targets=("classes", "tokens"),
        settings=("label_smoothing", "class_weights", "weights", "cost_matrix", *_CENTERS),
        logits=True,
        unwanted=_BEHIND,
    ),
    LossKind(
        name="mean_squared_error",
        title="mean squared error",
        help="Mean square of the differences; classes are compared in one-hot form, labels as 0 "
        "and 1.",
        formula="mean over k of (x(k) - t(k))²",
        targets=("classes", "labels", "numbers", "input"),
        settings=("threshold",),
    ),
    LossKind(
        name="binary_cross_entropy",
        title="binary cross-entropy",
        help="Negative logarithm of the probability that each label is there, or is not; of an "
        "input that the network gives again, from 0 to 1, how far each value is from it; takes "
        "logits.",
        formula="mean over k of -t(k) · log p(k) - (1 - t(k)) · log(1 - p(k)), where "
        "p = sigmoid(x)",
        targets=("labels", "input"),
        settings=("class_weights", "weights", "threshold"),
        logits=True,
        unwanted=_BEHIND,
    ),
    LossKind(
        name="focal",
        title="focal loss",
        help="Cross-entropy in which what is right with certainty counts little, so that many easy "
        "images do not outweigh the hard ones; takes logits.",
        formula="-(1 - p(t))^gamma · log p(t), where p = softmax(x) and t is the right class; of "
        "labels, the mean over k with p = sigmoid(x) and t whether label k is there",
        source="Lin, Goyal, Girshick, He and Dollár, 2017: Focal loss for dense object detection",
        targets=("classes", "labels"),
        settings=("gamma", "class_weights", "weights", "threshold", "cost_matrix", *_CENTERS),
        logits=True,
        unwanted=_BEHIND,
    ),
    LossKind(
        name="expected_cost",
        title="expected cost",
        help="What the network's decisions cost on average if it chose each class as often as it "
        "finds it probable; takes logits.",
        formula="sum over k of p(k) · C(t, k), where p = softmax(x), t is the right class and C "
        "the cost matrix",
        source="Elkan, 2001: The foundations of cost-sensitive learning",
        targets=("classes",),
        settings=("cost_matrix",),
        logits=True,
        unwanted=_BEHIND,
    ),
    LossKind(
        name="mean_absolute_error",
        title="mean absolute error",
        help="Mean of the absolute differences, which outliers change less than squares; classes "
        "are compared in one-hot form, labels as 0 and 1.",
        formula="mean over k of |x(k) - t(k)|",
        targets=("classes", "labels", "numbers", "input"),
        settings=("threshold",),
    ),
    LossKind(
        name="smooth_l1",
        title="smooth L1",
        help="Squares small differences and takes larger ones as they are, so that the gradient is "
        "smooth at 0 and outliers count little; classes are compared in one-hot form, labels as 0 "
        "and 1.",
        formula="mean over k of d² / (2 · beta) where |d| < beta, else |d| - beta / 2, with "
        "d = x(k) - t(k)",
        source="Girshick, 2015: Fast R-CNN",
        targets=("classes", "labels", "numbers", "input"),
        settings=("beta", "threshold"),
    ),
)

LOSSES: Mapping[str, LossKind] = {row.name: row for row in _ROWS}


CLASS_WEIGHTS: Mapping[str, str] = {"none": "none", "balanced": "balanced"}

WITHIN = ("label_smoothing", "class_weights", "weights", "cost_matrix", "center_weight")
"""Settings that change the loss itself, unless they have their defaults."""


def losses_for(targets: Targets) -> list[str]:
    """Return the names of the losses that can be computed for such targets, the usual one first."""
    found = [row for row in LOSSES.values() if targets in row.targets]
    logits_last = targets == "input"
    found.sort(key=lambda row: (logits_last and row.logits, len({*row.targets} - {"tokens"})))
    return [row.name for row in found]


class Loss(Group, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is minimized."""

    prefix: ClassVar[str] = "loss."
    title: ClassVar[str] = "Loss"
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
            help="Share of a label's certainty that is spread over all classes, in training only: "
            "the losses of validation and test are without it.",
            low=0.0,
            high=1.0,
            formula="t(k) = (1 - s) · [k is the right class] + s / classes",
            source="Szegedy and others, 2016: Rethinking the Inception architecture for computer "
            "vision",
            reason="labels are taken as certain",
        ),
    ] = 0.0
    gamma: Annotated[
        float,
        Setting(
            title="Focal gamma",
            help="How much less an image counts that is right with certainty; 0 gives "
            "cross-entropy.",
            low=0.0,
            high=100.0,
            reason="best in the paper",
        ),
    ] = 2.0
    beta: Annotated[
        float,
        Setting(
            title="Smooth L1 beta",
            help="The difference from which on it counts as it is instead of squared; 0 gives the "
            "mean absolute error.",
            low=0.0,
            high=1e6,
            reason="torch's, for targets of about the size of one",
        ),
    ] = 1.0
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
    cost_matrix: Annotated[
        tuple[tuple[float, ...], ...],
        Setting(
            title="Cost matrix",
            help="What each mistake costs: a row for each right class, with the cost of each "
            "predicted class, in their order; empty where every mistake costs 1. The loss expected "
            "cost minimizes it, with the others the mean cost is only measured.",
            low=0.0,
            high=1e6,
            empty="1 for every mistake",
        ),
    ] = ()
    center_weight: Annotated[
        float,
        Setting(
            title="Center loss",
            help="Weight of the center loss, which pulls the features of images of one class "
            "together, in training only; 0 for none, 0.0001 to 0.1 are usual.",
            low=0.0,
            high=1e6,
            formula="loss + weight / 2 · mean over images of |features - center of their class|²",
            source="Wen, Zhang, Li and Qiao, 2016: A discriminative feature learning approach "
            "for deep face recognition",
            reason="the paper's lambda; 0 trains by the loss alone",
        ),
    ] = 0.0
    center_alpha: Annotated[
        float,
        Setting(
            title="Center rate",
            help="How far a step moves the center of a class towards the features of its images.",
            low=0.0,
            high=1.0,
            open_low=True,
            formula="c ← c - alpha · sum over images of the class of (c - features) / (1 + their "
            "number)",
            source="Wen, Zhang, Li and Qiao, 2016: A discriminative feature learning approach "
            "for deep face recognition, equation 4",
            reason="that of the paper",
        ),
    ] = 0.5
    center_node: Annotated[
        str,
        Setting(
            title="Center features",
            help="The path of the node whose output are the features of the center loss; empty for "
            "what the last layer of the main output gets.",
            empty="before the last layer",
        ),
    ] = ""
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
        if any(len(row) != len(self.cost_matrix) for row in self.cost_matrix):
            sizes = ", ".join(f"{len(row):,}" for row in self.cost_matrix[:6])
            count = len(self.cost_matrix)
            raise DesignerError(
                f"loss.cost_matrix has {count:,} {'row' if count == 1 else 'rows'} of {sizes}"
                f"{', …' * (len(self.cost_matrix) > 6)} numbers: give as many numbers in each row "
                "as there are rows, one for each class."
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
