"""Figures of an evaluation as a run stores them, of each label and each number."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.metrics import regression, scores
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
    counts = scores.counts_of_labels(predicted, targets)
    found = scores.scores(counts)
    return [
        LabelScore(
            name=name,
            threshold=threshold,
            support=int(found.support[i]),
            true_positives=int(counts.true_positives[i]),
            false_positives=int(counts.false_positives[i]),
            false_negatives=int(counts.false_negatives[i]),
            precision=known(found.precision[i]),
            recall=known(found.recall[i]),
            f1=known(found.f1[i]),
        )
        for i, (name, threshold) in enumerate(zip(names, thresholds, strict=True))
    ]


def number_scores(
    predicted: NDArray[Any], targets: NDArray[Any], names: Sequence[str]
) -> list[NumberScore]:
    """Return the figures of each number; ``predicted`` and ``targets`` are (n, k)."""
    found = regression.errors(predicted, targets)
    return [
        NumberScore(
            name=name,
            mean_absolute_error=float(found.mae[i]),
            mean_squared_error=float(found.mse[i]),
            r2=known(found.r2[i]),
        )
        for i, name in enumerate(names)
    ]


def known(value: float) -> float | None:
    """Return a figure as JSON has it: None if it is not defined."""
    return None if np.isnan(value) else float(value)
