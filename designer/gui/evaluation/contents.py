"""What the Evaluation dock shows: the predictions of one evaluation, and the figures of them.

Imports numpy: import it where an evaluation is read, not when the window starts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from designer.analysis.analysis import analyze
from designer.design import files
from designer.errors import DesignerError
from designer.gui.base.pictures import picture_of
from designer.metrics import calibration, curves, scores
from designer.metrics.summary import TOP, probabilities
from designer.recipe.losses import Targets
from designer.reports.reading import (
    DAMAGED,
    read_arrays,
    read_mistakes,
    read_record,
)
from designer.runs import own_layers
from designer.runs.evaluation_record import EvaluationRecord, MemberRecord, meaning_of
from designer.runs.folder import RunFolder
from designer.runs.inspection import BEST

Array = NDArray[Any]

_LARGE = 2 * 10**7  # values, beyond which they are kept in half the memory
_LABELS = 3  # that the caption of a picture names
_AGAIN = "train again to renew it"


@dataclass(frozen=True, eq=False)
class Contents:
    """Predictions for the images of one part, with the names of what is predicted.

    Attributes
    ----------
    run
        The folder of the run.
    part
        The part of the data that was evaluated.
    kind
        What the outputs stand for.
    names
        Of the k classes, labels or numbers.
    values
        (n, k): probabilities, or the predicted numbers.
    targets
        Class numbers (n,), or labels or numbers (n, k).
    predicted
        Class numbers (n,), or labels, bool (n, k); the predicted numbers again.
    losses
        (n,), of each image, not weighted by class.
    thresholds
        The probability from which on each label is predicted; empty for classes and numbers.
    cost
        (k, k): what it costs to predict class j for class i; None if every mistake costs the same.
    pictures
        Small pictures that came with the evaluation, by their index.
    data, source, settings
        The name of the data where they are not those of the run, their path, and the settings with
        which they were read; else empty.
    weights
        Those of which checkpoint; see `designer.runs.inspection.Subject`.
    notes
        Sentences on how it was evaluated.
    views
        The test-time views; see `designer.recipe.evaluation`.
    things
        What sentences call the examples: images, or examples that cannot be shown as pictures.
    members
        The networks of an ensemble, with what each achieves alone; none of a single network.
    figures
        Those of the record, of a network that gives its input again; else empty.
    """

    run: Path
    part: str
    kind: Targets
    names: tuple[str, ...]
    values: Array
    targets: Array
    predicted: Array
    losses: Array
    thresholds: tuple[float, ...] = ()
    cost: Array | None = None
    pictures: Mapping[int, QImage] = field(default_factory=dict)
    data: str = ""
    source: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    weights: str = BEST
    notes: tuple[str, ...] = ()
    views: str = "none"
    things: str = "images"
    members: tuple[MemberRecord, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def usual(self) -> bool:
        """Whether it is what a training writes at its end."""
        own = not self.data and self.part == "test" and self.weights == BEST
        return own and not self.members

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def word(self) -> str:
        """What one of the outputs stands for, in the singular."""
        words = {"classes": "class", "labels": "label", "numbers": "number"}
        return words.get(self.kind, "input" if self.kind == "input" else "token")

    # Figures

    @cached_property
    def there(self) -> Array:
        """Which classes or labels each image has, bool (n, k)."""
        if self.kind == "classes":
            return curves.one_hot(self.targets, len(self.names))
        return self.targets.astype(bool)

    @cached_property
    def matrix(self) -> Array:
        """The confusion matrix by count, of classes."""
        return scores.confusion(self.predicted, self.targets, len(self.names))

    @cached_property
    def counts(self) -> scores.Counts:
        """How often each class or label is predicted rightly and wrongly."""
        if self.kind == "classes":
            return scores.counts_of_classes(self.matrix)
        return scores.counts_of_labels(self.predicted, self.targets)

    @cached_property
    def scores(self) -> scores.Scores:
        """Precision, recall and F1 of each class or label."""
        return scores.scores(self.counts)

    @property
    def accuracy(self) -> float:
        """The share of right decisions, one for each image or each label."""
        return scores.accuracy(self.predicted, self.targets)

    @cached_property
    def calibration(self) -> calibration.Calibration:
        """Probabilities of the predicted class against how often it is right; of labels, all."""
        if self.kind == "classes":
            rows = np.arange(len(self))
            return calibration.calibration(
                self.values[rows, self.predicted], self.predicted == self.targets
            )
        return calibration.calibration(self.values.ravel(), self.there.ravel())

    @cached_property
    def top5(self) -> float:
        """The share of images whose class is among the five most probable."""
        return scores.top_k(self.values, self.targets, TOP)

    def compute(self) -> None:
        """Compute the figures that the pages begin with: call it in a background thread."""
        _ = self.wrong
        if self.kind in ("numbers", "input", "tokens"):
            return
        _ = self.there, self.counts, self.scores, self.calibration
        if self.kind == "classes":
            _ = self.top5

    def curve(self, output: int) -> curves.Curve:
        """Return the curves of one class or label."""
        return curves.curve(self.values[:, output], self.there[:, output])

    # Images

    @cached_property
    def wrong(self) -> Array:
        """The indices of images with a wrong decision, those with the largest loss first.

        Of numbers and inputs, all images, those with the largest error first.
        """
        if self.kind in ("numbers", "input", "tokens"):
            return np.argsort(-self.losses, kind="stable")
        mistaken = self.predicted != self.targets
        found = np.flatnonzero(mistaken if mistaken.ndim == 1 else mistaken.any(1))
        return found[np.argsort(-self.losses[found], kind="stable")]

    def of_cell(self, true: int, predicted: int) -> Array:
        """Return the images of a cell of the matrix, the most certain predictions first."""
        found = np.flatnonzero((self.targets == true) & (self.predicted == predicted))
        return found[np.argsort(-self.values[found, predicted], kind="stable")]

    def wrong_of(self, output: int) -> Array:
        """Return the images of a class or label that are missed or wrongly predicted as it."""
        said = self.predicted == output if self.kind == "classes" else self.predicted[:, output]
        found = np.flatnonzero(said.astype(bool) != self.there[:, output])
        return found[np.argsort(-self.losses[found], kind="stable")]

    def wrong_at(self, output: int, threshold: float) -> tuple[Array, Array]:
        """Return the images on the wrong side of a threshold, the farthest from it first.

        Returns
        -------
        tuple of Array
            Those of the class below the threshold, and those of others from it on.
        """
        score, there = self.values[:, output], self.there[:, output]
        missed = np.flatnonzero(there & (score < threshold))
        alarms = np.flatnonzero(~there & (score >= threshold))
        return (
            missed[np.argsort(score[missed], kind="stable")],
            alarms[np.argsort(-score[alarms], kind="stable")],
        )

    def caption(self, index: int, output: int | None = None) -> tuple[str, str, bool]:
        """Return two lines below a picture, and whether the decision on it is right.

        Parameters
        ----------
        index
            Of the image.
        output
            The class or label that is looked at; None for the whole decision.
        """
        if self.kind == "classes":
            true, said = int(self.targets[index]), int(self.predicted[index])
            shown = said if output is None else output
            share = _percent(self.values[index, shown])
            if output is not None:
                share = f"{self.names[output]}: {share}"
            return f"{self.names[true]} → {self.names[said]}", share, true == said
        if self.kind == "labels":
            return self._caption_of_labels(index, output)
        if self.kind in ("input", "tokens"):
            return f"loss {self.losses[index]:.4g}", "", True
        number = 0 if output is None else output
        true_value, value = self.targets[index, number], self.values[index, number]
        return f"{true_value:.4g} → {value:.4g}", f"error {value - true_value:+.3g}", True

    def _caption_of_labels(self, index: int, output: int | None) -> tuple[str, str, bool]:
        there, said = self.there[index], self.predicted[index].astype(bool)
        if output is not None:
            words = self.names[output] if there[output] else f"no {self.names[output]}"
            right = bool(there[output] == said[output])
            return words, _percent(self.values[index, output]), right
        missed = ", ".join(f"−{self.names[i]}" for i in np.flatnonzero(there & ~said)[:_LABELS])
        added = ", ".join(f"+{self.names[i]}" for i in np.flatnonzero(said & ~there)[:_LABELS])
        first, *second = [each for each in (missed, added) if each] or ["all right"]
        return first, second[0] if second else "", not (missed or added)

    def sentence(self, index: int) -> str:
        """Return what is known of an image as a sentence."""
        first = (
            f"{self.things[:-1].capitalize()} {index} of {self.data or f'the {self.part} part'}: "
        )
        loss = f"loss {self.losses[index]:.2f}"
        if self.kind == "classes":
            true, said = int(self.targets[index]), int(self.predicted[index])
            return (
                f"{first}{self.names[true]} predicted as {self.names[said]} with probability "
                f"{_percent(self.values[index, said])}; {loss}"
            )
        if self.kind == "labels":
            there, said = self.there[index], self.predicted[index].astype(bool)
            return f"{first}has {self._listed(there)}, predicted are {self._listed(said)}; {loss}"
        if self.kind in ("input", "tokens"):
            return f"{first}{loss}"
        pairs = zip(self.names, self.targets[index], self.values[index], strict=True)
        words = ", ".join(
            f"{name} {true:.4g}, predicted {value:.4g}" for name, true, value in pairs
        )
        return f"{first}{words}; {loss}"

    def _listed(self, chosen: Array) -> str:
        return ", ".join(self.names[i] for i in np.flatnonzero(chosen)) or "none"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def read(run: RunFolder) -> Contents:
    """Read the evaluation of a run on its own test part, also those of earlier versions.

    Raises
    ------
    DesignerError
        The run has no evaluation, or its files are damaged.
    """
    folder = run.evaluation
    try:
        tables = read_arrays(folder / "predictions.npz")
        record = read_record(run)
        if record is None:
            design = files.read(run.design)
            analysis = analyze(design, measured=own_layers.known(design))
            meaning = meaning_of(analysis, run.recipe(), run.preprocessing())
            record = EvaluationRecord(outputs=meaning)
        found = of_tables(run, tables, record, pictures=_pictures(run))
    except FileNotFoundError as error:
        raise DesignerError(
            "This run has no evaluation: it is written when a training ends."
        ) from error
    except DAMAGED as error:
        raise DesignerError(
            f"The evaluation {folder} cannot be read ({error}): {_AGAIN}."
        ) from error
    if found is None:
        raise DesignerError(f"The evaluation {folder} is damaged: {_AGAIN}.")
    return found


def of_tables(
    run: RunFolder,
    tables: Mapping[str, Array],
    record: EvaluationRecord,
    *,
    settings: Mapping[str, Any] | None = None,
    pictures: Mapping[int, QImage] | None = None,
) -> Contents | None:
    """Return the contents of an evaluation; None if its tables do not fit one another.

    Parameters
    ----------
    run
        The run.
    tables
        ``outputs``, ``targets``, ``losses`` and ``predicted``, as `predictions.npz` has them.
    record
        How it was evaluated.
    settings
        With which other data were read.
    pictures
        Those that came with it.

    Raises
    ------
    DesignerError
        The run cannot be read.
    """
    preprocessing, loss = run.preprocessing(), run.recipe().loss
    kind = preprocessing.targets
    outputs = tables["outputs"]
    names = preprocessing.classes or preprocessing.labels or preprocessing.numbers
    if kind == "numbers" and not names:  # of an earlier version
        names = tuple(map(str, range(outputs.shape[-1])))
    count = len(tables["losses"])
    if kind in ("input", "tokens"):  # whose values are figures of the record already
        outputs = np.zeros((count, 0), np.float32)
        tables = {**tables, "targets": outputs}
    values = probabilities(outputs, record.outputs, kind)
    if values.size > _LARGE:
        values = values.astype(np.float32)
    thresholds: tuple[float, ...] = ()
    predicted = values
    if kind == "classes":
        predicted = tables.get("predicted", outputs.argmax(-1))
    elif kind == "labels":
        thresholds = loss.threshold
        thresholds = thresholds if len(thresholds) == len(names) else thresholds * len(names)
        predicted = tables.get("predicted", values >= np.array(thresholds))
    cost = loss.cost_matrix if kind == "classes" else ()
    found = Contents(
        run=run.path,
        part=record.part,
        kind=kind,
        names=names,
        values=values,
        targets=tables["targets"],
        predicted=predicted,
        losses=tables["losses"],
        thresholds=thresholds,
        cost=np.array(cost) if len(cost) == len(names) else None,
        pictures=pictures or {},
        data=record.data,
        source=record.source,
        settings=settings or {},
        weights=record.weights,
        notes=record.notes,
        views=record.test_time,
        things=record.things,
        members=record.members,
        figures=record.figures if kind in ("input", "tokens") else {},
    )
    if not _fits(found):
        return None
    found.compute()
    return found


def _fits(contents: Contents) -> bool:
    """Return whether the shapes of the tables fit one another, and classes are those there are."""
    count, outputs = len(contents.targets), len(contents.names)
    shape = (count,) if contents.kind == "classes" else (count, outputs)
    fitting = (
        contents.values.shape == (count, outputs)
        and contents.targets.dtype.kind in "biuf"
        and contents.losses.dtype.kind in "biuf"
        and contents.targets.shape == contents.predicted.shape == shape
        and contents.losses.shape == (count,)
        and count > 0
    )
    if not fitting or contents.kind != "classes":
        return fitting
    both: Sequence[Array] = (contents.targets, contents.predicted)
    return all(each.dtype.kind in "iu" for each in both) and all(
        each.min() >= 0 and each.max() < outputs for each in both
    )


def _pictures(run: RunFolder) -> dict[int, QImage]:
    """Return the pictures of the worst mistakes, as far as they are stored."""
    try:
        return {row.index: picture_of(image) for row, image in read_mistakes(run)}
    except DAMAGED:
        return {}  # they are asked for like all others
