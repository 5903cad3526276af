"""Errors of predicted numbers, against scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as sk

from designer.metrics import regression


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_errors_are_those_of_scikit_learn(kind: type) -> None:
    draw = np.random.default_rng(1)
    targets = draw.normal(size=(200, 3)).astype(kind)
    predicted = (targets + draw.normal(size=(200, 3)) * (0.0, 0.1, 3.0)).astype(kind)
    found = regression.errors(predicted, targets)
    given = (targets.astype(float), predicted.astype(float))
    for mine, expected in (
        (found.mae, sk.mean_absolute_error(*given, multioutput="raw_values")),
        (found.mse, sk.mean_squared_error(*given, multioutput="raw_values")),
        (found.r2, sk.r2_score(*given, multioutput="raw_values")),
    ):
        np.testing.assert_allclose(mine, expected, rtol=1e-9, atol=1e-9)


def test_equal_targets_have_no_r2() -> None:
    found = regression.errors(np.array([[1.0], [3.0]]), np.array([[2.0], [2.0]]))
    assert (found.mae[0], found.mse[0]) == (1.0, 1.0)
    assert np.isnan(found.r2[0])


def test_equal_targets_have_no_r2_where_their_mean_is_rounded() -> None:
    targets = np.full((7, 1), 0.1)
    assert targets.mean() != 0.1
    assert np.isnan(regression.errors(targets + 1, targets).r2[0])


def test_a_histogram_is_around_zero_and_holds_all_finite_residuals() -> None:
    counts, edges = regression.histogram(np.array([-1.0, 0.1, 3.0, np.nan, np.inf]), 3)
    assert counts.tolist() == [0, 2, 1]
    np.testing.assert_allclose(edges, [-3, -1, 1, 3])


@pytest.mark.parametrize("left", [[], [0.0, 0.0], [1e20, 1e20], [1e20, np.nextafter(1e20, 0)]])
def test_a_histogram_of_equal_residuals_or_none(left: list[float]) -> None:
    counts, edges = regression.histogram(np.array(left), 31)
    assert counts.sum() == len(left)
    assert (np.diff(edges) > 0).all()


def test_a_residual_is_positive_where_too_little_is_predicted() -> None:
    assert regression.residuals(np.array([[1.0, 5.0]]), np.array([[3.0, 4.0]])).tolist() == [
        [2.0, -1.0]
    ]


def test_without_examples_errors_are_unknown() -> None:
    found = regression.errors(np.zeros((0, 2)), np.zeros((0, 2)))
    assert np.isnan([found.mae, found.mse, found.r2]).all()
