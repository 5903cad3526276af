"""Figures of labels and numbers, by hand."""

import numpy as np
import pytest

from designer.engine.scores import label_scores, number_scores


def test_figures_of_labels() -> None:
    predicted = np.array([[1, 0, 0, 1], [1, 0, 0, 0], [0, 0, 0, 1], [1, 1, 0, 0]], bool)
    targets = np.array([[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0]], np.float32)
    names, thresholds = ("a", "b", "never", "wrong"), (0.5, 0.5, 0.5, 0.25)
    a, b, never, wrong = label_scores(predicted, targets, names, thresholds)
    assert (a.true_positives, a.false_positives, a.false_negatives, a.support) == (2, 1, 1, 3)
    assert (a.precision, a.recall, a.f1) == (
        pytest.approx(2 / 3),
        pytest.approx(2 / 3),
        pytest.approx(2 / 3),
    )
    assert (b.precision, b.recall, b.f1, b.support) == (1, pytest.approx(1 / 3), 0.5, 3)
    assert (never.precision, never.recall, never.f1, never.support) == (None, None, None, 0)
    assert (wrong.precision, wrong.recall, wrong.f1, wrong.threshold) == (0, None, 0, 0.25)


def test_figures_of_numbers() -> None:
    targets = np.array([[1, 5], [2, 5], [3, 5], [4, 5]], np.float32)
    predicted = np.array([[1, 6], [2, 4], [3, 6], [6, 4]], np.float32)
    width, same = number_scores(predicted, targets, ("width", "same"))
    assert (width.mean_absolute_error, width.mean_squared_error) == (0.5, 1)
    assert width.r2 == pytest.approx(1 - 4 / 5)  # deviations 1.5, 0.5, 0.5, 1.5 from 2.5
    assert (same.mean_absolute_error, same.mean_squared_error, same.r2) == (1, 1, None)
