"""What the training part decides of a preprocessing: means, deviations, the whitening matrix."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Training:
    """The training part, as far as preprocessings depend on it.

    Attributes
    ----------
    channels
        Of the pictures.
    bytes_, levels
        Whether pictures are bytes, or levels of gray that were scaled to 0 to 1; else they are any
        numbers.
    statistics
        Returns mean and deviation of each channel, of bytes scaled to 0 to 1.
    pictures
        Returns the pictures, (n, channels, height, width) in each chunk.
    epsilon
        What is added to variances before pictures are whitened.
    """

    channels: int
    bytes_: bool
    levels: bool
    statistics: Callable[[], tuple[_Doubles, _Doubles]]
    pictures: Callable[[], Iterable[NDArray[Any]]]
    epsilon: float

    def rows(self) -> _Doubles:
        """Return the pictures as rows of values, bytes scaled to 0 to 1: (n, values)."""
        chunks = [each.reshape(len(each), -1).astype(np.float64) for each in self.pictures()]
        rows: _Doubles = np.concatenate(chunks)
        return rows / 255 if self.bytes_ else rows


Fields = dict[str, Any]
"""Fields of `designer.runs.preprocessing.Preprocessing`; mean is 0 and deviation 1 if not named."""


def _none(training: Training) -> Fields:
    return {"deviation": (1 / 255,) * training.channels} if training.bytes_ else {}


def _scale(training: Training) -> Fields:
    if training.bytes_ or training.levels:
        return {}
    bounds = [(each.min(), each.max()) for each in training.pictures()]
    low, high = min(low for low, _ in bounds), max(high for _, high in bounds)
    number = training.channels
    width = float(high - low) or 1.0  # of pictures without any difference
    return {"mean": (float(low),) * number, "deviation": (width,) * number}


def _center_mean(training: Training) -> Fields:
    return {"mean": _numbers(training.statistics()[0])}


def _center_picture(training: Training) -> Fields:
    total, count = None, 0
    for chunk in training.pictures():
        added = chunk.sum(0, dtype=np.float64)
        total = added if total is None else total + added
        count += len(chunk)
    assert total is not None
    mean = total / count / (255 if training.bytes_ else 1)
    return {"mean_picture": _bytes(mean)}


def _standardize(training: Training) -> Fields:
    mean, deviation = training.statistics()
    return {"mean": _numbers(mean), "deviation": _numbers(deviation)}


def _pca(training: Training) -> Fields:
    mean, vectors, scales = _components(training)
    return {"mean_picture": _bytes(mean), "whitening": _bytes(scales[:, None] * vectors.T)}


def _zca(training: Training) -> Fields:
    mean, vectors, scales = _components(training)
    return {"mean_picture": _bytes(mean), "whitening": _bytes((vectors * scales) @ vectors.T)}


FITTING: Mapping[str, Callable[[Training], Fields]] = {
    "none": _none,
    "scale": _scale,
    "center_mean": _center_mean,
    "center_picture": _center_picture,
    "standardize": _standardize,
    "pca": _pca,
    "zca": _zca,
}
"""What fits each row of `designer.recipe.preprocessing.PREPROCESSINGS`."""


def _components(training: Training) -> tuple[_Doubles, _Doubles, _Doubles]:
    """Return the mean picture, the eigenvectors as columns, and 1 / sqrt(eigenvalue + epsilon).

    Eigenvalues descend; the largest entry of each vector is positive, since its sign is free.
    """
    rows = training.rows()
    mean = rows.mean(0)
    rows -= mean
    values, vectors = np.linalg.eigh(rows.T @ rows / max(1, len(rows) - 1))
    values, vectors = values[::-1].clip(min=0), vectors[:, ::-1]
    largest = np.abs(vectors).argmax(0)
    vectors = vectors * np.sign(vectors[largest, np.arange(len(values))])
    return mean, vectors, 1 / np.sqrt(values + training.epsilon)


def _numbers(values: _Doubles) -> tuple[float, ...]:
    return tuple(map(float, values))


def _bytes(values: _Doubles) -> bytes:
    return np.ascontiguousarray(values, dtype="<f4").tobytes()
