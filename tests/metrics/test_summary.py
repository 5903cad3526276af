"""All figures of an evaluation against scikit-learn, on random and degenerate predictions."""

import json
import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as oracle

from designer.metrics.summary import (
    Asked,
    all_figures,
    class_figures,
    label_figures,
    number_figures,
    probabilities,
)

GENERATOR = np.random.default_rng(11)
NAMES = ("a", "b", "c", "d", "e", "f", "g")


def outputs(count: int, classes: int) -> NDArray[Any]:
    return GENERATOR.normal(size=(count, classes)).astype(np.float32)


def ties(count: int, classes: int) -> NDArray[Any]:
    return GENERATOR.integers(0, 3, (count, classes)).astype(np.float32)


CASES = {
    "random": (outputs(300, 7), GENERATOR.integers(0, 7, 300)),
    "a class is missing": (outputs(200, 7), GENERATOR.integers(0, 6, 200)),
    "one class": (outputs(50, 7), np.full(50, 2)),
    "ties": (ties(120, 7), GENERATOR.integers(0, 7, 120)),
    "the same for all": (np.zeros((40, 7), np.float32), GENERATOR.integers(0, 7, 40)),
    "one image": (outputs(1, 7), np.array([4])),
}
_wrong = outputs(80, 7)
CASES["all wrong"] = (_wrong, (_wrong.argmax(1) + 1) % 7)
CASES["all right"] = (_wrong, _wrong.argmax(1))


@pytest.mark.parametrize("name", CASES)
def test_classes(name: str) -> None:
    logits, targets = CASES[name]
    values = probabilities(logits, "logits", "classes")
    predicted, numbers = logits.argmax(1), np.arange(7)
    found = all_figures(values, predicted, targets, Asked("classes", NAMES))
    assert set(found) == {
        "accuracy", "top5", "per_class", "macro", "micro", "weighted", "average_precision",
        "roc_auc", "confusion", "calibration_error",
    }  # fmt: skip
    json.dumps(found, allow_nan=False)
    assert found["accuracy"] == pytest.approx(oracle.accuracy_score(targets, predicted), abs=1e-9)
    assert found["top5"] == pytest.approx(
        oracle.top_k_accuracy_score(targets, values, k=5, labels=numbers), abs=1e-9
    )
    matrix = oracle.confusion_matrix(targets, predicted, labels=numbers)
    assert found["confusion"] == matrix.tolist()
    columns = oracle.precision_recall_fscore_support(
        targets, predicted, labels=numbers, zero_division=np.nan
    )
    for key, values_ in zip(("precision", "recall", "f1", "support"), columns, strict=True):
        wanted = [None if np.isnan(each) else each for each in values_]
        assert [each[key] for each in found["per_class"]] == pytest.approx(wanted, abs=1e-9)
    for how in ("macro", "weighted", "micro"):
        average = oracle.precision_recall_fscore_support(
            targets, predicted, average=how, zero_division=0
        )
        own = [found[how][key] for key in ("precision", "recall", "f1")]
        assert own == pytest.approx(average[:3], abs=1e-9)
    for number in numbers:
        there = targets == number
        area, precision = found["roc_auc"][number], found["average_precision"][number]
        if there.any():
            wanted = oracle.average_precision_score(there, values[:, number])
            assert precision == pytest.approx(wanted, abs=1e-9)
        else:
            assert precision is None
        if there.any() and not there.all():
            assert area == pytest.approx(oracle.roc_auc_score(there, values[:, number]), abs=1e-9)
        else:
            assert area is None
        row = found["per_class"][number]
        assert (row["average_precision"], row["roc_auc"]) == (precision, area)


def test_five_classes_or_fewer_are_always_among_five() -> None:
    logits, targets = outputs(20, 3), GENERATOR.integers(0, 3, 20)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn says that it is meaningless
        wanted = oracle.top_k_accuracy_score(targets, logits, k=5, labels=np.arange(3))
    found = class_figures(
        probabilities(logits, "logits", "classes"), logits.argmax(1), targets, NAMES[:3]
    )
    assert found["top5"] == wanted == 1


def test_costs_by_hand() -> None:
    cost = np.array([[0, 1], [10, 0]])
    targets, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    values = np.eye(2)[predicted]
    found = class_figures(values, predicted, targets, NAMES[:2], cost=cost)
    assert found["cost"] == (1 + 10) / 4
    assert found["calibration_error"] == pytest.approx(0.5)  # certain, and half of it right


@pytest.mark.parametrize("threshold", [0.5, 0.9, 1e-9])
def test_labels(threshold: float) -> None:
    logits = outputs(150, 3)
    targets = (GENERATOR.random((150, 3)) < (0.5, 0.1, 0.0)).astype(np.float32)
    values = probabilities(logits, "logits", "labels")
    predicted = values >= threshold
    found = label_figures(values, predicted, targets, NAMES[:3], (threshold,) * 3)
    json.dumps(found, allow_nan=False)
    columns = oracle.precision_recall_fscore_support(
        targets, predicted, zero_division=np.nan, average=None
    )
    for key, values_ in zip(("precision", "recall", "f1", "support"), columns, strict=True):
        wanted = [None if np.isnan(each) else each for each in values_]
        assert [each[key] for each in found["per_label"]] == pytest.approx(wanted, abs=1e-9)
    micro = oracle.precision_recall_fscore_support(
        targets, predicted, average="micro", zero_division=0
    )
    own = [found["micro"][key] for key in ("precision", "recall", "f1")]
    assert own == pytest.approx(micro[:3], abs=1e-9)
    assert found["exact_match"] == pytest.approx(oracle.accuracy_score(targets, predicted))
    assert found["roc_auc"][2] is None and found["average_precision"][2] is None
    for number in (0, 1):
        wanted = oracle.roc_auc_score(targets[:, number], values[:, number])
        assert found["roc_auc"][number] == pytest.approx(wanted, abs=1e-9)
    assert [each["threshold"] for each in found["per_label"]] == [threshold] * 3


def test_numbers() -> None:
    targets = GENERATOR.normal(size=(60, 3)).astype(np.float32)
    targets[:, 1] = 4
    values = targets + GENERATOR.normal(size=(60, 3)).astype(np.float32)
    found = number_figures(values, targets, NAMES[:3])
    raw: dict[str, Any] = {"multioutput": "raw_values"}
    wanted = {
        "mae": oracle.mean_absolute_error(targets.astype(float), values.astype(float), **raw),
        "mse": oracle.mean_squared_error(targets.astype(float), values.astype(float), **raw),
    }
    for key, values_ in wanted.items():
        assert found[key] == pytest.approx(values_, abs=1e-9)
        assert [each[key] for each in found["per_target"]] == found[key]
    r2 = oracle.r2_score(targets.astype(float), values.astype(float), **raw)
    assert found["r2"][0] == pytest.approx(r2[0], abs=1e-9) and found["r2"][1] is None
    assert [each["target"] for each in found["per_target"]] == list(NAMES[:3])
