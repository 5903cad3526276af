"""Figures of an evaluation: for each of several labels, and for each number that is predicted."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.runs.scores import LabelScore, NumberScore


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
