"""Calibration, against scikit-learn's curve and counts by hand."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from designer.metrics import calibration as ours
from designer.metrics.probabilities import softmax


@pytest.mark.parametrize("rounded", [False, True])
def test_bins_are_those_of_scikit_learn(rounded: bool) -> None:
    draw = np.random.default_rng(2)
    probabilities = softmax(2 * draw.normal(size=(500, 5)))
    if rounded:  # values on the edges of bins
        probabilities = (probabilities * 15).round() / 15
    sure, right = ours.top(probabilities, draw.integers(0, 5, 500))
    found = ours.calibration(sure, right)
    share, mean = calibration_curve(right, sure, n_bins=15)
    filled = found.counts > 0
    np.testing.assert_allclose(found.right[filled], share, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.probability[filled], mean, rtol=0, atol=1e-9)
    weights = found.counts[filled] / 500
    assert found.error == pytest.approx((weights * np.abs(share - mean)).sum(), abs=1e-9)


def test_the_error_is_that_of_a_hand_count() -> None:
    """Two predictions of 0.9, one right; two of 0.3, none right: (2 * 0.4 + 2 * 0.3) / 4."""
    sure, right = np.array([0.9, 0.9, 0.3, 0.3]), np.array([True, False, False, False])
    found = ours.calibration(sure, right)
    assert found.error == pytest.approx((2 * 0.4 + 2 * 0.3) / 4)
    assert found.counts.sum() == 4
    assert np.nanmin(found.gaps) == pytest.approx(-0.4)


def test_bounds_belong_to_the_first_and_last_bin() -> None:
    found = ours.calibration(np.array([0.0, 1.0]), np.array([False, True]))
    assert (found.counts[0], found.counts[-1]) == (1, 1)
    assert found.error == 0.0


def test_without_predictions_the_error_is_unknown() -> None:
    assert np.isnan(ours.calibration(np.zeros(0), np.zeros(0, bool)).error)
