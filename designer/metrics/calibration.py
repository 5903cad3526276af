"""Whether a network is right as often as its probabilities say."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

BINS = 15
"""Into how many bins probabilities are sorted, as by Guo et al. 2017."""


@dataclass(frozen=True)
class Calibration:
    """Predictions sorted by their probability into bins of equal width.

    Attributes
    ----------
    edges
        float64 (bins + 1,), from 0 to 1. Bin b has probabilities above ``edges[b]``, up to
        ``edges[b + 1]``; the first one has 0, too.
    counts
        int64 (bins,): how many predictions are in each.
    probability
        float64 (bins,): the mean probability in each, NaN in empty ones.
    right
        float64 (bins,): the share of each that is right, NaN in empty ones.
    """

    edges: Array
    counts: Array
    probability: Array
    right: Array

    @property
    def gaps(self) -> Array:
        """Share that is right minus mean probability, float64 (bins,): below 0 is overconfident."""
        gaps: Array = self.right - self.probability
        return gaps

    @property
    def error(self) -> float:
        """Expected calibration error: sum_b counts_b / n |right_b - probability_b|.

        Guo et al., On Calibration of Modern Neural Networks, 2017. NaN without predictions.
        """
        total = self.counts.sum()
        filled = self.counts > 0
        gaps = np.abs(self.gaps[filled])
        return float((self.counts[filled] * gaps).sum() / total) if total else np.nan


def calibration(probabilities: Array, right: Array, *, bins: int = BINS) -> Calibration:
    """Sort predictions into bins by their probability.

    Parameters
    ----------
    probabilities
        (n,): the probability of each prediction, from 0 to 1. See `top`.
    right
        bool (n,): whether it came true.
    """
    edges = np.linspace(0, 1, bins + 1)
    which = np.searchsorted(edges[1:-1], probabilities)
    counts = np.bincount(which, minlength=bins)
    return Calibration(
        edges,
        counts,
        _means(which, probabilities.astype(np.float64), counts),
        _means(which, right.astype(np.float64), counts),
    )


def top(probabilities: Array, targets: Array) -> tuple[Array, Array]:
    """Return the probability of the predicted class of each image, and whether it is right.

    Parameters
    ----------
    probabilities
        (n, classes).
    targets
        Class numbers, (n,).
    """
    predicted = probabilities.argmax(1)
    return np.take_along_axis(probabilities, predicted[:, None], 1)[:, 0], predicted == targets


def _means(which: Array, values: Array, counts: Array) -> Array:
    sums = np.bincount(which, weights=values, minlength=len(counts))
    means: Array = np.divide(sums, counts, out=np.full(len(counts), np.nan), where=counts > 0)
    return means
