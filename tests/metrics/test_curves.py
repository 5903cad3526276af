"""Precision-recall and ROC curves, against scikit-learn and counts by hand."""

import warnings

import numpy as np
import pytest
from sklearn import metrics as sk

from designer.metrics import curves


def _cases() -> list:
    draw = np.random.default_rng(7)
    there = draw.random(300) < 0.3
    return [
        pytest.param(draw.random(300), there, id="random"),
        pytest.param(draw.random(300).round(1), there, id="ties"),
        pytest.param(there + draw.random(300), there, id="good"),
        pytest.param(draw.random(300).astype(np.float32), there, id="float32"),
        pytest.param(np.full(300, 0.25), there, id="constant"),
        pytest.param(there.astype(float), there, id="perfect"),
        pytest.param(1.0 - there, there, id="all wrong"),
        pytest.param(draw.random(40), np.ones(40, bool), id="all of the class"),
        pytest.param(np.array([0.5]), np.array([True]), id="one image"),
    ]


@pytest.mark.parametrize(("scores", "there"), _cases())
def test_curves_are_those_of_scikit_learn(scores: np.ndarray, there: np.ndarray) -> None:
    found = curves.curve(scores, there)
    precision, recall, thresholds = sk.precision_recall_curve(there, scores)
    np.testing.assert_allclose(found.precision[::-1], precision, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.recall[::-1], recall, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.thresholds[1:][::-1], thresholds, rtol=0, atol=0)
    assert found.average_precision == pytest.approx(
        sk.average_precision_score(there, scores), abs=1e-9
    )
    if there.all():
        assert np.isnan(found.area)
        return
    false, true, thresholds = sk.roc_curve(there, scores, drop_intermediate=False)
    np.testing.assert_allclose(found.false_positive_rate, false, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.recall, true, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.thresholds, thresholds, rtol=0, atol=0)
    assert found.area == pytest.approx(sk.roc_auc_score(there, scores), abs=1e-9)


def test_a_class_without_images_has_no_areas_and_no_break_even_point() -> None:
    found = curves.curve(np.array([0.2, 0.8, 0.8]), np.zeros(3, bool))
    assert np.isnan(found.average_precision)
    assert np.isnan(found.area)
    assert found.break_even is None
    assert found.precision.tolist() == [1, 0, 0]
    assert found.false_positives.tolist() == [0, 2, 3]


def test_of_no_images_there_is_one_point() -> None:
    found = curves.curve(np.zeros(0), np.zeros(0, bool))
    assert found.thresholds.tolist() == [np.inf]
    assert np.isnan(found.average_precision)


def test_at_the_break_even_point_precision_and_recall_are_equal() -> None:
    """Three positives: among the three highest scores are two of them."""
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.1])
    found = curves.curve(scores, np.array([True, False, True, True, False]))
    assert found.break_even == (pytest.approx(2 / 3), 0.7)


def test_without_ties_the_break_even_point_is_a_point_of_scikit_learns_curve() -> None:
    draw = np.random.default_rng(11)
    scores, there = draw.random(500), draw.random(500) < 0.2
    precision, recall, thresholds = sk.precision_recall_curve(there, scores + 0.3 * there)
    at = int(np.abs(precision - recall)[:-1].argmin())
    assert precision[at] == recall[at]
    found = curves.curve(scores + 0.3 * there, there).break_even
    assert found == (pytest.approx(precision[at], abs=1e-12), thresholds[at])


def test_ties_at_the_break_even_point_are_interpolated() -> None:
    """One image of two positives stands first; of four equal ones one more is expected to be 1/4.

    Two are predicted: 1 + 1/4 of the two positives.
    """
    scores = np.array([0.9, 0.5, 0.5, 0.5, 0.5])
    found = curves.curve(scores, np.array([True, True, False, False, False]))
    assert found.break_even == (pytest.approx((1 + 1 / 4) / 2), 0.5)


def test_the_break_even_point_of_constant_scores_is_the_share_of_positives() -> None:
    found = curves.curve(np.full(8, 0.5), np.arange(8) < 2)
    assert found.break_even == (pytest.approx(2 / 8), 0.5)


def test_all_classes_together_are_counted_as_scikit_learn_does() -> None:
    draw = np.random.default_rng(13)
    targets, scores = draw.integers(0, 4, 200), draw.random((200, 4))
    there = curves.one_hot(targets, 4)
    micro = curves.micro_curve(scores, there)
    assert micro.average_precision == pytest.approx(
        sk.average_precision_score(there, scores, average="micro"), abs=1e-9
    )
    assert micro.area == pytest.approx(sk.roc_auc_score(there, scores, average="micro"), abs=1e-9)
    each = [curves.curve(scores[:, i], there[:, i]) for i in range(4)]
    assert curves.mean_precision_recall(each).area == pytest.approx(
        sk.average_precision_score(there, scores, average="macro"), abs=1e-9
    )
    assert curves.mean_roc(each).area == pytest.approx(
        sk.roc_auc_score(there, scores, average="macro"), abs=1e-9
    )


def test_a_mean_curve_is_the_mean_at_each_place_and_leaves_out_absent_classes() -> None:
    """One curve is perfect, the other puts its positive last of two: precision 1/2."""
    perfect = curves.curve(np.array([0.9, 0.1]), np.array([True, False]))
    wrong = curves.curve(np.array([0.1, 0.9]), np.array([True, False]))
    absent = curves.curve(np.array([0.1, 0.9]), np.array([False, False]))
    precision = curves.mean_precision_recall([perfect, wrong, absent])
    assert precision.classes == 2
    np.testing.assert_allclose(precision.along, 0.75)
    roc = curves.mean_roc([perfect, wrong, absent])
    assert roc.area == pytest.approx(0.5)
    np.testing.assert_allclose(roc.along[:-1], 0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nothing = curves.mean_roc([absent])
    assert nothing.classes == 0
    assert np.isnan(nothing.area)
