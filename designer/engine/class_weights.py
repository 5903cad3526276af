"""How much each class counts in the loss: as given, or balanced by the training part."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.recipe.losses import Loss


def class_weights(loss: Loss, labels: NDArray[Any], outputs: int) -> tuple[float, ...]:
    """Return the weight of each class, or of each label where it is there; none if all are equal.

    Parameters
    ----------
    loss
        The settings.
    labels
        Of the training part: class numbers, int64 (n,), or labels, float32 (n, labels) of 0 and 1.
    outputs
        The number of classes or labels.
    """
    if loss.weights or loss.class_weights == "none":
        return loss.weights
    if labels.ndim == 1:
        return _balanced_classes(labels, outputs)
    return _balanced_labels(labels)


def _balanced_classes(labels: NDArray[Any], classes: int) -> tuple[float, ...]:
    """Return images / (classes * images of the class), by classes that occur; 1 for others.

    So the images weigh 1 on average. This is scikit-learn's ``class_weight="balanced"``.
    """
    counts = np.bincount(labels, minlength=classes)
    occurring = np.count_nonzero(counts)
    weights = len(labels) / (occurring * np.maximum(counts, 1))
    return tuple(np.where(counts > 0, weights, 1.0).tolist())


def _balanced_labels(labels: NDArray[Any]) -> tuple[float, ...]:
    """Return images without the label / images with it; 1 for labels that all or none have."""
    there = np.count_nonzero(labels, axis=0)
    absent = len(labels) - there
    both = (there > 0) & (absent > 0)
    return tuple(np.where(both, absent / np.maximum(there, 1), 1.0).tolist())
