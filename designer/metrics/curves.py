"""Precision-recall and ROC curves: what a network tells apart at every threshold.

A curve has a point for every threshold: the images whose score is at least so high are predicted
as the class. Points stand in the order of falling thresholds; the first one predicts nothing, and
its threshold is infinite.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_GRID = 201  # the values of recall or of the false positive rate that a mean curve has


class BreakEven(NamedTuple):
    """Where precision and recall are equal.

    Attributes
    ----------
    value
        Both.
    threshold
        The score from which on images are predicted there.
    """

    value: float
    threshold: float


@dataclass(frozen=True)
class Curve:
    """How many images are predicted rightly and wrongly at each threshold.

    Attributes
    ----------
    thresholds
        float64 (points,), falling; the first is infinite.
    true_positives, false_positives
        int64 (points,): images of the class and of others whose score is at least the threshold.
    positives, negatives
        The numbers of images of the class and of others.
    """

    thresholds: Array
    true_positives: Array
    false_positives: Array
    positives: int
    negatives: int

    @property
    def predicted(self) -> Array:
        """int64 (points,): how many images are predicted as the class."""
        predicted: Array = self.true_positives + self.false_positives
        return predicted

    @cached_property
    def recall(self) -> Array:
        """TP / positives, float64 (points,), also called true positive rate; NaN without any."""
        return _share(self.true_positives, self.positives)

    @cached_property
    def precision(self) -> Array:
        """TP / (TP + FP), float64 (points,); 1 where nothing is predicted, as in scikit-learn."""
        predicted = self.predicted
        ones = np.ones(len(predicted))
        return np.divide(self.true_positives, predicted, out=ones, where=predicted > 0)

    @cached_property
    def false_positive_rate(self) -> Array:
        """FP / negatives, float64 (points,); NaN without any."""
        return _share(self.false_positives, self.negatives)

    @property
    def average_precision(self) -> float:
        """sum_i (R_i - R_(i-1)) P_i, the area under the steps of the curve; NaN without positives.

        As scikit-learn's ``average_precision_score``, which gives 0 without positives.
        """
        if not self.positives:
            return np.nan
        return float((np.diff(self.recall) * self.precision[1:]).sum())

    @property
    def area(self) -> float:
        """The area under the ROC curve, by trapezoids.

        It is the probability that an image of the class has a higher score than one of another,
        where ties count half (Hanley and McNeil 1982). NaN unless there are images of both kinds.
        """
        if not self.positives or not self.negatives:
            return np.nan
        heights = (self.recall[1:] + self.recall[:-1]) / 2
        return float((np.diff(self.false_positive_rate) * heights).sum())

    @property
    def break_even(self) -> BreakEven | None:
        """Where precision is equal to recall; None without positives.

        Both are equal where as many images are predicted as there are positives. If equal scores
        jump over that number, the counts are interpolated between the points on both sides, since
        precision itself is not linear there (Davis and Goadrich, The Relationship Between
        Precision-Recall and ROC Curves, 2006); the threshold is then the lower one.
        """
        if not self.positives:
            return None
        predicted = self.predicted
        after = int(np.searchsorted(predicted, self.positives))
        share = (self.positives - predicted[after - 1]) / (predicted[after] - predicted[after - 1])
        low, high = self.true_positives[after - 1], self.true_positives[after]
        value = float(low + share * (high - low)) / self.positives
        return BreakEven(value, float(self.thresholds[after]))


def curve(scores: Array, positive: Array) -> Curve:
    """Return the curve of one class or label.

    Parameters
    ----------
    scores
        (n,): the higher, the more likely is the class. Usually its probability.
    positive
        bool (n,): the images that are of the class.
    """
    positive = positive.astype(bool)
    order = np.argsort(-scores)  # equal scores are one point, whatever their order
    falling, there = scores[order].astype(np.float64), positive[order]
    last = np.flatnonzero(np.append(falling[1:] != falling[:-1], len(falling) > 0))
    hits = np.cumsum(there)[last]
    return Curve(
        thresholds=np.append(np.inf, falling[last]),
        true_positives=np.append(0, hits),
        false_positives=np.append(0, last + 1 - hits),
        positives=int(positive.sum()),
        negatives=int(len(positive) - positive.sum()),
    )


def one_hot(targets: Array, classes: int) -> Array:
    """Return class numbers (n,) as bool (n, classes)."""
    there: Array = targets[:, None] == np.arange(classes)
    return there


def micro_curve(scores: Array, positive: Array) -> Curve:
    """Return the curve of all classes or labels together, each decision counted by itself.

    Parameters
    ----------
    scores, positive
        (n, classes); see `curve` and `one_hot`.
    """
    return curve(scores.ravel(), positive.ravel())


class MeanCurve(NamedTuple):
    """The mean of the curves of several classes.

    Attributes
    ----------
    across, along
        float64 (points,): for ROC false positive rate and mean recall, for precision-recall the
        recall and the mean precision.
    area
        The mean of the areas of the curves; NaN if no curve has one.
    classes
        How many curves have an area: others are left out.
    """

    across: Array
    along: Array
    area: float
    classes: int


def mean_roc(curves: Sequence[Curve]) -> MeanCurve:
    """Return the macro average of ROC curves: mean recall at each false positive rate."""
    grid = np.linspace(0, 1, _GRID)
    known = [each for each in curves if each.positives and each.negatives]
    rows = [np.interp(grid, each.false_positive_rate, each.recall) for each in known]
    return _mean_curve(grid, rows, [each.area for each in known])


def mean_precision_recall(curves: Sequence[Curve]) -> MeanCurve:
    """Return the macro average of precision-recall curves: mean precision at each recall.

    Each curve is taken as the steps of which the average precision is the area.
    """
    grid = np.linspace(0, 1, _GRID)
    wanted = np.maximum(grid - 1e-12, 1e-12)  # less than rounding; at recall 0, just behind it
    known = [each for each in curves if each.positives]
    rows = []
    for each in known:
        reached = np.searchsorted(each.recall[1:], wanted)
        rows.append(each.precision[1:][np.minimum(reached, len(each.recall) - 2)])
    return _mean_curve(grid, rows, [each.average_precision for each in known])


def _mean_curve(grid: Array, rows: list[Array], areas: list[float]) -> MeanCurve:
    if not rows:
        return MeanCurve(grid, np.full(len(grid), np.nan), np.nan, 0)
    return MeanCurve(grid, np.mean(rows, 0), float(np.mean(areas)), len(rows))


def _share(part: Array, whole: int) -> Array:
    return part / whole if whole else np.full(len(part), np.nan)
