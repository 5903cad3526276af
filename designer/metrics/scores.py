"""Figures of decisions: how often each class or label is predicted rightly and wrongly."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

AVERAGES = ("macro", "micro", "weighted")
"""How figures of classes or labels are averaged; see `average`."""


@dataclass(frozen=True)
class Counts:
    """How often each class or label is predicted rightly and wrongly.

    Attributes
    ----------
    true_positives
        int64 (k,): images of the class that are predicted as it.
    false_positives
        int64 (k,): images of others that are predicted as it.
    false_negatives
        int64 (k,): images of the class that are predicted as others.
    """

    true_positives: Array
    false_positives: Array
    false_negatives: Array

    @property
    def support(self) -> Array:
        """int64 (k,): the images of each class or label."""
        support: Array = self.true_positives + self.false_negatives
        return support

    def occurring(self) -> "Counts":
        """Return the counts of those that are there or predicted: others have no figure at all."""
        columns = (self.true_positives, self.false_positives, self.false_negatives)
        there = np.sum(columns, 0) > 0
        return Counts(*(column[there] for column in columns))


@dataclass(frozen=True)
class Scores:
    """Precision, recall and F1 of each class or label, float64 (k,), with support, int64 (k,)."""

    precision: Array
    recall: Array
    f1: Array
    support: Array


class Average(NamedTuple):
    """Precision, recall and F1 of all classes or labels together, with the sum of the support."""

    precision: float
    recall: float
    f1: float
    support: int


def accuracy(predicted: Array, targets: Array) -> float:
    """Return the share of right decisions; NaN without any.

    Parameters
    ----------
    predicted, targets
        Class numbers (n,), or labels (n, labels) of 0 and 1, each of which is a decision.
    """
    return float((predicted == targets).mean()) if targets.size else np.nan


def exact_match(predicted: Array, targets: Array) -> float:
    """Return the share of rows of labels (n, labels) in which all are right; NaN without any."""
    return float((predicted == targets).all(-1).mean()) if len(targets) else np.nan


def top_k(probabilities: Array, targets: Array, k: int) -> float:
    """Return the share of images whose class is among the k most probable; NaN without images.

    Of equal probabilities the class with the higher number counts as the more probable one, as in
    scikit-learn's ``top_k_accuracy_score``. With k classes or fewer it is 1.

    Parameters
    ----------
    probabilities
        (n, classes); logits do as well.
    targets
        Class numbers, (n,).
    """
    if not len(targets):
        return np.nan
    own = np.take_along_axis(probabilities, targets[:, None], 1)
    later = np.arange(probabilities.shape[1]) > targets[:, None]
    before = (probabilities > own) | ((probabilities == own) & later)
    return float((before.sum(1) < k).mean())


def confusion(predicted: Array, targets: Array, classes: int) -> Array:
    """Return the confusion matrix: entry (i, j) counts images of class i predicted as class j.

    Parameters
    ----------
    predicted, targets
        Class numbers from 0 to ``classes - 1``, (n,).

    Returns
    -------
    Array
        int64 (classes, classes).
    """
    cells = targets.astype(np.int64) * classes + predicted.astype(np.int64)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def row_shares(matrix: Array) -> Array:
    """Return a confusion matrix by share: each row divided by its sum, NaN where that is 0."""
    return _shares(matrix, np.broadcast_to(matrix.sum(1, keepdims=True), matrix.shape), np.nan)


def counts_of_classes(matrix: Array) -> Counts:
    """Return the counts of each class of a confusion matrix."""
    right = np.diagonal(matrix)
    return Counts(right, matrix.sum(0) - right, matrix.sum(1) - right)


def counts_of_labels(predicted: Array, targets: Array) -> Counts:
    """Return the counts of each of several labels.

    Parameters
    ----------
    predicted, targets
        (n, labels): what is predicted and what is there, as 0 and 1.
    """
    said, there = predicted.astype(bool), targets.astype(bool)
    return Counts((said & there).sum(0), (said & ~there).sum(0), (~said & there).sum(0))


def scores(counts: Counts, *, undefined: float = np.nan) -> Scores:
    """Return precision, recall and F1 of each class or label.

    - precision = TP / (TP + FP): how many of those predicted as the class are of it.
    - recall = TP / (TP + FN): how many of the class are predicted as it.
    - F1 = 2 TP / (2 TP + FP + FN): the harmonic mean of both.

    Parameters
    ----------
    undefined
        The value of a fraction whose denominator is 0, as scikit-learn's ``zero_division``: the
        precision of a class that is never predicted, the recall of one without images, and the F1
        of one that is neither there nor predicted.
    """
    hit, wrong, missed = counts.true_positives, counts.false_positives, counts.false_negatives
    return Scores(
        precision=_shares(hit, hit + wrong, undefined),
        recall=_shares(hit, hit + missed, undefined),
        f1=_shares(2 * hit, 2 * hit + wrong + missed, undefined),
        support=counts.support,
    )


def average(counts: Counts, how: str, *, undefined: float = 0.0) -> Average:
    """Return precision, recall and F1 of all classes or labels together.

    - ``macro``: the mean over classes, each of which counts the same.
    - ``weighted``: the mean over classes, weighted by their support.
    - ``micro``: from the sums of the counts. With one class for each image all three are the
      accuracy.

    Parameters
    ----------
    how
        One of `AVERAGES`.
    undefined
        What a class counts for where its figure is not defined; see `scores`. By default it counts
        as 0, as in scikit-learn; NaN leaves the class out of the mean.
    """
    support = int(counts.support.sum())
    if how == "micro":
        sums = (counts.true_positives, counts.false_positives, counts.false_negatives)
        counts = Counts(*(each.sum(keepdims=True) for each in sums))
    found = scores(counts, undefined=undefined)
    weights = found.support if how == "weighted" else np.ones(len(found.support))
    return Average(
        _mean(found.precision, weights, undefined),
        _mean(found.recall, weights, undefined),
        _mean(found.f1, weights, undefined),
        support,
    )


def mean_cost(matrix: Array, cost: Array) -> float:
    """Return the mean cost of the decisions, sum_ij matrix_ij cost_ij / sum_ij matrix_ij.

    Elkan, The Foundations of Cost-Sensitive Learning, 2001.

    Parameters
    ----------
    matrix
        The confusion matrix by count.
    cost
        (classes, classes): what it costs to predict class j for an image of class i.

    Returns
    -------
    float
        NaN without images.
    """
    total = matrix.sum()
    return float((matrix * cost).sum() / total) if total else np.nan


def _mean(values: Array, weights: Array, undefined: float) -> float:
    known = ~np.isnan(values)
    total = weights[known].sum()
    return float((values[known] * weights[known]).sum() / total) if total else float(undefined)


def _shares(part: Array, whole: Array, undefined: float) -> Array:
    shares = np.full(part.shape, undefined, np.float64)
    return np.divide(part, whole, out=shares, where=whole != 0)
