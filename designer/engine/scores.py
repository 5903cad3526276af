"""Figures of an evaluation: for each of several labels, and for each number that is predicted."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray


class LabelScore(msgspec.Struct, frozen=True, kw_only=True):
    """How well one of several labels is predicted.

    Attributes
    ----------
    name
        The label.
    threshold
        The probability from which on it was predicted.
    support
        The number of images that have it.
    true_positives, false_positives, false_negatives
        The numbers of images with the label where it was predicted, without it where it was, and
        with it where it was not.
    precision
        Share of the predicted labels that are there; None if none was predicted.
    recall
        Share of the labels that are predicted; None if no image has it.
    f1
        Harmonic mean of both, 2 TP / (2 TP + FP + FN); None if the label is neither there nor
        predicted.
    """

    name: str
    threshold: float
    support: int
    true_positives: int
    false_positives: int
    false_negatives: int
    precision: float | None
    recall: float | None
    f1: float | None


class NumberScore(msgspec.Struct, frozen=True, kw_only=True):
    """How well a number is predicted.

    Attributes
    ----------
    name
        The number.
    mean_absolute_error, mean_squared_error
        Means of the absolute and of the squared differences.
    r2
        1 - (sum of squared differences) / (sum of squared deviations from the mean of the targets):
        1 for perfect predictions, 0 for those no better than the mean; None if all targets are
        equal.
    """

    name: str
    mean_absolute_error: float
    mean_squared_error: float
    r2: float | None


def label_scores(
    predicted: NDArray[Any],
    targets: NDArray[Any],
    names: Sequence[str],
    thresholds: Sequence[float],
) -> list[LabelScore]:
    """Return the figures of each label.

    Parameters
    ----------
    predicted, targets
        (n, labels): what was predicted and what is there, as 0 and 1.
    names, thresholds
        Of each label.
    """
    said, there = predicted.astype(bool), targets.astype(bool)
    counts = ((said & there).sum(0), (said & ~there).sum(0), (~said & there).sum(0))
    return [
        LabelScore(
            name=name,
            threshold=threshold,
            support=hit + missed,
            true_positives=hit,
            false_positives=wrong,
            false_negatives=missed,
            precision=_share(hit, hit + wrong),
            recall=_share(hit, hit + missed),
            f1=_share(2 * hit, 2 * hit + wrong + missed),
        )
        for name, threshold, hit, wrong, missed in zip(
            names, thresholds, *(each.tolist() for each in counts), strict=True
        )
    ]


def number_scores(
    predicted: NDArray[Any], targets: NDArray[Any], names: Sequence[str]
) -> list[NumberScore]:
    """Return the figures of each number; ``predicted`` and ``targets`` are (n, k)."""
    wanted = targets.astype(np.float64)
    differences = predicted.astype(np.float64) - wanted
    squares = (differences**2).sum(0)
    spread = ((wanted - wanted.mean(0)) ** 2).sum(0)
    return [
        NumberScore(
            name=name,
            mean_absolute_error=float(np.abs(differences[:, i]).mean()),
            mean_squared_error=float(squares[i]) / len(wanted),
            r2=1 - float(squares[i] / spread[i]) if spread[i] else None,
        )
        for i, name in enumerate(names)
    ]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
