"""``evaluation.json``: the figures of an evaluation, and how they were found."""

from typing import Any, Literal

import msgspec

from designer.analysis.analysis import Analysis
from designer.analysis.assist.training import last_layer
from designer.layers.activation import Softmax
from designer.recipe.losses import LOSSES
from designer.recipe.recipe import Recipe
from designer.runs.inspection import Subject, member_name
from designer.runs.preprocessing import Preprocessing
from designer.runs.result import Count

Meaning = Literal["logits", "probabilities", "values"]
"""What outputs are: numbers of which softmax or sigmoid make probabilities; probabilities
themselves; or the values that are predicted."""

OWN_DATA = ""
"""The name of the data of a run that was evaluated on its own."""


class MemberRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What one member of an ensemble achieves alone.

    Attributes
    ----------
    run
        The name of its run.
    weights, epoch
        As of `EvaluationRecord`.
    loss, accuracy
        Its own, on what the ensemble was evaluated on; the loss is None if it is not finite, the
        accuracy for numbers.
    """

    run: str
    weights: str
    epoch: Count | None = None
    loss: float | None = None
    accuracy: float | None = None

    @property
    def name(self) -> str:
        """What sentences call it: my-run, my-run@40, my-run@last."""
        return member_name(Subject(run=self.run, weights=self.weights))


class EvaluationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """``evaluation.json``, beside ``predictions.npz`` in the folder of an evaluation.

    Evaluations of earlier versions have none.

    Attributes
    ----------
    data
        The name of the other data set that was evaluated; "" for the data of the run.
    source
        Its path or name, as it was given; "" for the data of the run.
    part
        ``train``, ``validation`` or ``test``, or ``all`` of a data set without parts.
    weights
        ``best``, ``last`` or ``epoch:N``; "" for an ensemble whose members have different ones.
    epoch
        The epoch whose weights these are; None where that is not known, and for an ensemble.
    outputs
        What ``outputs`` of ``predictions.npz`` are.
    test_time, samples
        The views and passes of each picture; see `designer.recipe.evaluation`.
    things
        What sentences call the examples.
    notes
        Sentences on the data and on how they were evaluated.
    members
        The networks whose mean was evaluated; none for a single network.
    figures
        All figures; see `designer.metrics.summary`.
    """

    data: str = OWN_DATA
    source: str = OWN_DATA
    part: str = "test"
    weights: str = "best"
    epoch: Count | None = None
    outputs: Meaning = "logits"
    test_time: str = "none"
    samples: Count = 1
    things: str = "images"
    notes: tuple[str, ...] = ()
    members: tuple[MemberRecord, ...] = ()
    figures: dict[str, Any] = {}

    def to_json(self) -> bytes:
        """Return the record as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


def meaning_of(analysis: Analysis, recipe: Recipe, preprocessing: Preprocessing) -> Meaning:
    """Return what the outputs of a network are by its last layer and its loss."""
    if preprocessing.targets == "numbers":
        return "values"
    if preprocessing.targets == "input":
        return "logits" if LOSSES[recipe.loss.name].logits else "values"
    if preprocessing.targets == "labels":
        return "logits" if LOSSES[recipe.loss.name].logits else "probabilities"
    return "probabilities" if isinstance(last_layer(analysis), Softmax) else "logits"
