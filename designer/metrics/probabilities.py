"""Probabilities from what a network puts out."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def softmax(outputs: Array) -> Array:
    """Return exp(x_i) / sum_j exp(x_j) of each row of ``outputs`` (n, classes), as float64.

    The largest output of a row is subtracted first, which changes nothing but keeps exp finite.
    """
    if outputs.size == 0:
        return outputs.astype(np.float64)
    with np.errstate(invalid="ignore"):  # infinite outputs have no probabilities: NaN
        shifted = outputs.astype(np.float64) - outputs.max(-1, keepdims=True)
    powers = np.exp(shifted)
    probabilities: Array = powers / powers.sum(-1, keepdims=True)
    return probabilities


def sigmoid(outputs: Array) -> Array:
    """Return 1 / (1 + exp(-x)) of every output, as float64; large values do not overflow."""
    values = outputs.astype(np.float64)
    small = np.exp(-np.abs(values))
    probabilities: Array = np.where(values >= 0, 1 / (1 + small), small / (1 + small))
    return probabilities
