"""What is watched while a network trains, beside loss and accuracy: the metrics, one row each.

What computes a metric stands in `designer.engine.validation_metrics`.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec

from designer.recipe.losses import Targets
from designer.recipe.settings import Group, Setting, titles


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of the validation part at the end of an epoch.

    Attributes
    ----------
    name, title
        Its name in a recipe, and for people.
    help
        One sentence that says what it is.
    targets
        The targets for which it is defined; it is left out for others.
    share
        Whether its values are shares from 0 to 1, which are shown in percent.
    """

    name: str
    title: str
    help: str
    targets: tuple[Targets, ...]
    share: bool = True
    settings: tuple[str, ...] = ()


_ROWS = (
    Metric(
        name="top5",
        title="top-5 accuracy",
        help="Share of the images whose class is among the five most probable ones.",
        targets=("classes",),
    ),
    Metric(
        name="macro_precision",
        title="macro precision",
        help="Share of the predictions of a class or label that are right, as a mean over all.",
        targets=("classes", "labels"),
    ),
    Metric(
        name="macro_recall",
        title="macro recall",
        help="Share of the images of a class or label that are found, as a mean over all.",
        targets=("classes", "labels"),
    ),
    Metric(
        name="macro_f1",
        title="macro F1",
        help="Harmonic mean of precision and recall, as a mean over all classes or labels.",
        targets=("classes", "labels"),
    ),
    Metric(
        name="average_precision",
        title="average precision",
        help="Area below the precision-recall curve, as a mean over all classes or labels.",
        targets=("classes", "labels"),
    ),
    Metric(
        name="roc_auc",
        title="ROC area",
        help="Area below the ROC curve of each class or label against the others, as a mean.",
        targets=("classes", "labels"),
    ),
    Metric(
        name="calibration_error",
        title="calibration error",
        help="How far the probability of the predicted class is from the share of right "
        "predictions, as a mean over 15 bins of probability.",
        targets=("classes",),
    ),
    Metric(
        name="mean_absolute_error",
        title="mean absolute error",
        help="Mean of the absolute differences between predicted numbers and targets.",
        targets=("numbers",),
        share=False,
    ),
    Metric(
        name="r2",
        title="R²",
        help="Share of the variance of the targets that the predictions explain, as a mean over "
        "all numbers: 1 at best, 0 for the mean of the targets, below 0 if worse.",
        targets=("numbers",),
        share=False,
    ),
    Metric(
        name="perplexity",
        title="perplexity",
        help="Of a text: among how many equally probable tokens the network is undecided on "
        "average, e to the power of the mean negative logarithm of the right ones' probabilities.",
        targets=("tokens",),
        share=False,
    ),
    Metric(
        name="bits_per_token",
        title="bits per token",
        help="Of a text: how many bits of storage each character, or byte, would take if it were "
        "compressed by the network's probabilities.",
        targets=("tokens",),
        share=False,
    ),
)

METRICS: Mapping[str, Metric] = {row.name: row for row in _ROWS}


class Watching(Group, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is watched and written while a network trains."""

    prefix: ClassVar[str] = "watching."
    title: ClassVar[str] = "Watching"

    metrics: Annotated[
        tuple[str, ...],
        Setting(
            title="Metrics",
            help="Further figures of the validation part at the end of each epoch, which get "
            "curves of their own.",
            choices=titles(METRICS),
            empty="none",
        ),
    ] = ()
    tensorboard: Annotated[
        bool,
        Setting(
            title="TensorBoard",
            help="Also writes all curves as TensorBoard event files into the folder tensorboard of "
            "the run.",
        ),
    ] = False
