"""Confusion matrix, accuracy, top-k, precision, recall, F1 and cost, against scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as sk

from designer.metrics import scores
from designer.metrics.probabilities import sigmoid, softmax

CLASSES = 6


def _cases() -> list:
    draw = np.random.default_rng(3)
    targets = draw.integers(0, CLASSES, 400)
    rough = draw.random((400, CLASSES)).round(1)  # many ties
    absent = np.where(targets == 2, 3, targets)
    never = softmax(draw.normal(size=(400, CLASSES)) - 50 * np.eye(CLASSES)[4])
    return [
        pytest.param(softmax(draw.normal(size=(400, CLASSES))), targets, id="random"),
        pytest.param(rough / rough.sum(1, keepdims=True), targets, id="ties"),
        pytest.param(softmax(draw.normal(size=(400, CLASSES))), absent, id="class absent"),
        pytest.param(never, targets, id="class never predicted"),
        pytest.param(np.full((50, CLASSES), 1 / CLASSES), targets[:50], id="constant"),
        pytest.param(np.eye(CLASSES)[targets], targets, id="perfect"),
        pytest.param(np.eye(CLASSES)[(targets + 1) % CLASSES], targets, id="all wrong"),
        pytest.param(softmax(draw.normal(size=(1, CLASSES))), targets[:1], id="one image"),
        pytest.param(softmax(draw.normal(size=(40, CLASSES))), np.zeros(40, int), id="one class"),
    ]


@pytest.mark.parametrize(("probabilities", "targets"), _cases())
def test_figures_of_classes_are_those_of_scikit_learn(
    probabilities: np.ndarray, targets: np.ndarray
) -> None:
    predicted = probabilities.argmax(1)
    labels = np.arange(CLASSES)
    matrix = scores.confusion(predicted, targets, CLASSES)
    counts = scores.counts_of_classes(matrix)
    assert matrix.tolist() == sk.confusion_matrix(targets, predicted, labels=labels).tolist()
    assert scores.accuracy(predicted, targets) == pytest.approx(
        sk.accuracy_score(targets, predicted), abs=1e-12
    )
    for k in range(1, CLASSES):
        expected = sk.top_k_accuracy_score(targets, probabilities, k=k, labels=labels)
        assert scores.top_k(probabilities, targets, k) == pytest.approx(expected, abs=1e-12)
    assert scores.top_k(probabilities, targets, CLASSES) == 1.0

    for undefined in (0.0, np.nan):
        own = scores.scores(counts, undefined=undefined)
        theirs = sk.precision_recall_fscore_support(
            targets, predicted, labels=labels, zero_division=undefined
        )
        for mine, expected in zip((own.precision, own.recall, own.f1), theirs, strict=False):
            np.testing.assert_allclose(mine, expected, rtol=0, atol=1e-9)
        assert own.support.tolist() == theirs[3].tolist()
        for how in scores.AVERAGES:
            *expected, _ = sk.precision_recall_fscore_support(
                targets, predicted, labels=labels, average=how, zero_division=undefined
            )
            mine = scores.average(counts, how, undefined=undefined)
            if how == "weighted" and np.isnan(mine.precision):
                # Only the class of the one image counts, and it is never predicted: scikit-learn
                # then takes the mean of the classes that no image has.
                assert len(targets) == 1
                continue
            np.testing.assert_allclose(mine[:3], expected, rtol=0, atol=1e-9)
            assert mine.support == len(targets)


def test_shares_of_rows_are_those_of_scikit_learn_and_unknown_for_an_absent_class() -> None:
    targets, predicted = np.array([0, 0, 0, 2, 2]), np.array([0, 0, 1, 2, 0])
    shares = scores.row_shares(scores.confusion(predicted, targets, 3))
    expected = sk.confusion_matrix(targets, predicted, normalize="true")  # 0 in an empty row
    np.testing.assert_allclose(np.nan_to_num(shares), expected, rtol=0, atol=1e-12)
    assert np.isnan(shares[1]).all()


@pytest.mark.parametrize("empty", [False, True])
def test_figures_of_labels_are_those_of_scikit_learn(empty: bool) -> None:
    draw = np.random.default_rng(5)
    targets = (draw.random((300, 4)) < (0.5, 0.1, 0.9, 0.3)).astype(np.uint8)
    predicted = (draw.random((300, 4)) < 0.4).astype(np.uint8)
    if empty:
        targets[:, 1] = predicted[:, 1] = predicted[:, 3] = 0
    counts = scores.counts_of_labels(predicted, targets)
    for undefined in (0.0, np.nan):
        own = scores.scores(counts, undefined=undefined)
        theirs = sk.precision_recall_fscore_support(targets, predicted, zero_division=undefined)
        for mine, expected in zip((own.precision, own.recall, own.f1), theirs, strict=False):
            np.testing.assert_allclose(mine, expected, rtol=0, atol=1e-9)
        for how in scores.AVERAGES:
            *expected, _ = sk.precision_recall_fscore_support(
                targets, predicted, average=how, zero_division=undefined
            )
            np.testing.assert_allclose(
                scores.average(counts, how, undefined=undefined)[:3], expected, rtol=0, atol=1e-9
            )
    assert scores.exact_match(predicted, targets) == pytest.approx(
        sk.accuracy_score(targets, predicted), abs=1e-12
    )
    assert scores.accuracy(predicted, targets) == pytest.approx(
        1 - sk.hamming_loss(targets, predicted), abs=1e-12
    )


def test_the_mean_cost_is_that_of_a_hand_count() -> None:
    """Of four images one is predicted as class 1 for 0 (cost 5), one as 0 for 1 (cost 2)."""
    matrix = scores.confusion(np.array([0, 1, 1, 0]), np.array([0, 0, 1, 1]), 2)
    assert scores.mean_cost(matrix, np.array([[0.0, 5.0], [2.0, 0.0]])) == (5 + 2) / 4


def test_nothing_is_known_of_no_images() -> None:
    nothing = np.zeros(0, int)
    matrix = scores.confusion(nothing, nothing, 3)
    assert matrix.tolist() == [[0] * 3] * 3
    assert np.isnan(scores.accuracy(nothing, nothing))
    assert np.isnan(scores.top_k(np.zeros((0, 3)), nothing, 1))
    assert np.isnan(scores.mean_cost(matrix, np.ones((3, 3))))
    assert np.isnan(scores.scores(scores.counts_of_classes(matrix)).f1).all()


def test_probabilities_are_those_of_scipy_for_any_size_of_outputs() -> None:
    from scipy import special

    outputs = np.array([[-1000.0, 0.0, 1000.0], [0.5, -0.25, 0.125]], np.float32)
    np.testing.assert_allclose(softmax(outputs), special.softmax(outputs, 1), rtol=1e-6)
    np.testing.assert_allclose(sigmoid(outputs), special.expit(outputs.astype(float)), rtol=1e-12)
