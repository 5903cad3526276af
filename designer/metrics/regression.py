"""Errors of predicted numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Errors:
    """How well each of k numbers is predicted, float64 (k,).

    Attributes
    ----------
    mae, mse
        Means of the absolute and of the squared residuals.
    r2
        1 - (sum of squared residuals) / (sum of squared deviations of the targets from their
        mean): 1 for perfect predictions, 0 for those no better than the mean. NaN where all targets
        are equal, of which scikit-learn makes 1 or 0.
    """

    mae: Array
    mse: Array
    r2: Array


def residuals(predicted: Array, targets: Array) -> Array:
    """Return target minus prediction, float64 (n, k): positive where too little is predicted."""
    difference: Array = targets.astype(np.float64) - predicted.astype(np.float64)
    return difference


def histogram(left: Array, bins: int) -> tuple[Array, Array]:
    """Return counts and edges of bins of equal width around 0 that hold all finite residuals.

    Parameters
    ----------
    left
        Residuals of one number, (n,).
    bins
        How many; with an odd number, one is around 0.
    """
    finite = left[np.isfinite(left)]
    widest = (float(np.abs(finite).max()) if len(finite) else 0.0) or 1.0
    return np.histogram(finite, bins=bins, range=(-widest, widest))


def errors(predicted: Array, targets: Array) -> Errors:
    """Return the errors of each number.

    Parameters
    ----------
    predicted, targets
        (n, k).

    Returns
    -------
    Errors
        All NaN without any example.
    """
    if not len(targets):
        nothing = np.full(targets.shape[1], np.nan)
        return Errors(nothing, nothing, nothing)
    wanted = targets.astype(np.float64)
    left = residuals(predicted, targets)
    squares = (left**2).sum(0)
    spread = ((wanted - wanted.mean(0)) ** 2).sum(0)
    varies = wanted.max(0) > wanted.min(0)  # the mean of equal numbers is rounded
    unexplained = np.divide(squares, spread, out=np.full(len(squares), np.nan), where=varies)
    return Errors(np.abs(left).mean(0), squares / len(wanted), 1 - unexplained)
