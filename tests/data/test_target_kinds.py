"""Targets read as what they look like, or as the recipe says: classes, labels or numbers."""

from pathlib import Path

import numpy as np
import pytest

from designer.data import DataSet, open_dataset
from designer.data.labels import absent_labels, without_image
from designer.data.options import ReadOptions
from designer.data.targets import Kind
from designer.errors import DesignerError
from tests.data.writers import write_pictures

IMAGES = np.zeros((6, 4, 4), np.uint8)
SEVERAL = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0], [1, 0, 0], [0, 0, 1]])
ONE_HOT = np.eye(3)[[0, 1, 2, 2, 1, 0]]
NUMBERS = np.arange(12).reshape(6, 2) / 7


def opened(tmp_path: Path, targets: Kind | None = None, **arrays: np.ndarray) -> DataSet:
    path = tmp_path / "data.npz"
    np.savez(path, x=IMAGES, **arrays)
    return open_dataset(path, ReadOptions(targets=targets) if targets else None)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32, np.float64])
def test_rows_of_zeros_and_ones_are_several_labels(tmp_path: Path, dtype: type) -> None:
    data = opened(tmp_path, y=SEVERAL.astype(dtype))
    assert data.target.kind == "labels"
    assert data.outputs == 3
    assert data.classes == ()
    assert data.train.labels.dtype == np.float32
    assert np.array_equal(data.train.labels, SEVERAL)
    (note,) = data.findings
    assert "read as 3 labels of which an image may have several" in note.sentence


def test_labels_have_the_names_that_are_given(tmp_path: Path) -> None:
    names = np.array(["cat", "dog", "night"])
    assert opened(tmp_path, y=SEVERAL, classes=names).target.values == ("cat", "dog", "night")
    assert opened(tmp_path, y=NUMBERS, classes=names[:2]).target.values == ("cat", "dog")
    with pytest.raises(DesignerError, match="has 2 names, but there are 3 targets"):
        opened(tmp_path, y=SEVERAL, classes=names[:2])


@pytest.mark.parametrize(
    ("given", "targets", "kind", "values"),
    [
        (SEVERAL, "numbers", "numbers", SEVERAL),
        (SEVERAL, "labels", "labels", SEVERAL),
        (ONE_HOT, "classes", "classes", [0, 1, 2, 2, 1, 0]),
        (ONE_HOT, "labels", "labels", ONE_HOT),
        (ONE_HOT, "numbers", "numbers", ONE_HOT),
        (np.array([2, 0, 1, 1, 2, 0]), "labels", "labels", np.eye(3)[[2, 0, 1, 1, 2, 0]]),
        (np.array([2, 0, 1, 1, 2, 0]), "numbers", "numbers", [[2], [0], [1], [1], [2], [0]]),
        (np.array([2.0, 0, 1, 1, 2, 0]), "classes", "classes", [2, 0, 1, 1, 2, 0]),
        (np.array([1.0, 0, 1, 1, 0, 0]), "labels", "labels", [[1], [0], [1], [1], [0], [0]]),
        (NUMBERS, "numbers", "numbers", NUMBERS.astype(np.float32)),
    ],
)
def test_targets_are_read_as_the_recipe_says(
    tmp_path: Path, given: np.ndarray, targets: Kind, kind: Kind, values: object
) -> None:
    data = opened(tmp_path, targets, y=given)
    assert data.target.kind == kind
    assert np.array_equal(data.train.labels, values)
    assert data.findings == () or targets == "classes"


@pytest.mark.parametrize(
    ("given", "targets", "because"),
    [
        (SEVERAL, "classes", "has numbers that are no class numbers"),
        (NUMBERS, "labels", "has other numbers than 0 and 1"),
        (NUMBERS, "classes", "has numbers that are no class numbers"),
    ],
)
def test_what_cannot_be_read_so_is_refused(
    tmp_path: Path, given: np.ndarray, targets: Kind, because: str
) -> None:
    with pytest.raises(DesignerError, match=rf"data.targets is {targets}, but .* {because}: set"):
        opened(tmp_path, targets, y=given)


def test_folders_give_labels_but_no_numbers(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        write_pictures(tmp_path / name, 3)
    data = open_dataset(tmp_path, ReadOptions(targets="labels"))
    assert data.target.kind == "labels"
    assert (data.train.labels.sum(axis=1) == 1).all()
    assert data.target.values == open_dataset(tmp_path).classes
    with pytest.raises(DesignerError, match="has names as classes: set it to auto"):
        open_dataset(tmp_path, ReadOptions(targets="numbers"))


def test_labels_that_no_training_image_has_are_named(tmp_path: Path) -> None:
    rows = SEVERAL.copy()
    rows[:, 1] = 0
    data = opened(tmp_path, y=rows, classes=np.array(["cat", "dog", "night"]))
    assert absent_labels(data) == ("dog",)
    assert without_image("pets", ("dog",)) == "No training image of pets has the label dog."
    assert without_image("pets", ("a", "b")) == "No training image of pets has the labels a, b."
    assert absent_labels(opened(tmp_path, y=SEVERAL)) == ()
