"""Weights of classes and labels, by hand."""

import numpy as np
import pytest

from designer.engine.class_weights import class_weights
from designer.recipe.losses import Loss

CLASSES = np.array([0, 0, 0, 0, 0, 0, 1, 1, 2, 2])
LABELS = np.array([[1, 0, 1, 0], [0, 0, 1, 0], [0, 0, 1, 1], [0, 1, 1, 1]], np.float32)


def test_rare_classes_weigh_more() -> None:
    weights = class_weights(Loss(class_weights="balanced"), CLASSES, 3)
    assert weights == pytest.approx((10 / (3 * 6), 10 / (3 * 2), 10 / (3 * 2)))
    assert np.mean(np.array(weights)[CLASSES]) == pytest.approx(1)


def test_a_class_that_never_occurs_changes_nothing() -> None:
    weights = class_weights(Loss(class_weights="balanced"), CLASSES, 4)
    assert weights == pytest.approx((10 / 18, 10 / 6, 10 / 6, 1))


def test_a_label_weighs_its_absences_for_each_time_it_is_there() -> None:
    loss = Loss(name="binary_cross_entropy", class_weights="balanced")
    # 3 to 1, 3 to 1, always there, as often as not
    assert class_weights(loss, LABELS, 4) == (3, 3, 1, 1)


def test_given_weights_are_taken_and_without_any_all_are_equal() -> None:
    assert class_weights(Loss(weights=(1.0, 2.0, 3.0)), CLASSES, 3) == (1, 2, 3)
    assert class_weights(Loss(), CLASSES, 3) == ()
