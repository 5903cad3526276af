"""Labels that do not begin at 0, and one-hot rows."""

from pathlib import Path

import numpy as np
import pytest

from designer.data import DataRequest, describe, open_dataset, prepare_data
from designer.data.labels import as_targets, from_first_label, is_one_hot, lowest_label
from designer.errors import DesignerError
from tests.data.test_npz import LABELS, UINT8, save
from tests.data.writers import idx_bytes

ONE_HOT = np.eye(3)[LABELS]


@pytest.mark.parametrize("dtype", [bool, np.uint8, int, np.float32, np.float64])
def test_one_hot_rows_are_classes(tmp_path: Path, dtype: type) -> None:
    data = open_dataset(save(tmp_path, x=UINT8, y=ONE_HOT.astype(dtype)))
    assert data.classes == ("0", "1", "2")
    assert data.train.labels.tolist() == LABELS.tolist()
    assert data.note == "The targets of made are one-hot rows, which are read as 3 classes."
    assert describe(data).note == data.note


def test_one_hot_rows_with_names_of_classes(tmp_path: Path) -> None:
    names = np.array(["cat", "cow", "dog"])
    data = open_dataset(save(tmp_path, x=UINT8, y=ONE_HOT, classes=names))
    assert data.classes == ("cat", "cow", "dog")


def test_rows_of_all_parts_must_be_one_hot(tmp_path: Path) -> None:
    arrays = {"x_train": UINT8, "y_train": ONE_HOT, "x_test": UINT8, "y_test": ONE_HOT / 2}
    data = open_dataset(save(tmp_path, **arrays))
    assert data.classes == ()
    assert data.outputs == 3


@pytest.mark.parametrize(
    "rows",
    [
        ONE_HOT + np.eye(3)[(LABELS + 1) % 3],  # several classes in an example
        np.zeros((6, 3)),
        ONE_HOT * 2,
        ONE_HOT * 0.9 + 0.1 / 3,
        LABELS[:, None] * 1.0,
        LABELS * 1.0,
    ],
)
def test_other_rows_are_not_one_hot(tmp_path: Path, rows: np.ndarray) -> None:
    assert not is_one_hot(rows)
    assert open_dataset(save(tmp_path, x=UINT8, y=rows)).classes == ()


def test_several_classes_in_whole_numbers_are_refused(tmp_path: Path) -> None:
    rows = (ONE_HOT + np.eye(3)[(LABELS + 1) % 3]).astype(int)
    with pytest.raises(DesignerError, match="one class number each or one-hot rows"):
        open_dataset(save(tmp_path, x=UINT8, y=rows))


def test_one_hot_rows_can_be_targets_as_before(tmp_path: Path) -> None:
    data = as_targets(open_dataset(save(tmp_path, x=UINT8, y=ONE_HOT)))
    assert data.classes == ()
    assert np.array_equal(data.train.labels, ONE_HOT.astype(np.float32))


def test_labels_that_begin_at_one(tmp_path: Path) -> None:
    data = open_dataset(save(tmp_path, x=UINT8, y=LABELS + 1))
    assert data.classes == ("0", "1", "2", "3")
    assert lowest_label(data) == 1
    shifted = from_first_label(data, 1)
    assert shifted.classes == ("1", "2", "3")
    assert shifted.train.labels.tolist() == LABELS.tolist()
    assert lowest_label(shifted) == 0
    described, wanted = describe(data).from_first_label(1), describe(shifted)
    assert (described.classes, described.outputs) == (wanted.classes, wanted.outputs)
    assert described.class_counts == wanted.class_counts
    assert described.lowest_label == 0


def test_the_lowest_label_of_all_parts_counts(tmp_path: Path) -> None:
    arrays = {"x_train": UINT8, "y_train": LABELS + 1, "x_test": UINT8, "y_test": LABELS}
    assert lowest_label(open_dataset(save(tmp_path, **arrays))) == 0


def test_idx_files_as_of_emnist_letters(tmp_path: Path) -> None:
    for kind, array in (("images", UINT8), ("labels", (LABELS + 1).astype(np.uint8))):
        (tmp_path / f"train-{kind}-idx{array.ndim}-ubyte").write_bytes(idx_bytes(array))
    assert lowest_label(open_dataset(tmp_path)) == 1


def test_a_first_label_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    request = DataRequest(
        str(save(tmp_path, x=UINT8, y=LABELS)), 0.2, 0.2, None, 0, (1, 5, 4), first_label=1
    )
    with pytest.raises(DesignerError, match=r"begin at 0, but data\.first_label is 1: set it to 0"):
        prepare_data(request)


def test_named_classes_have_no_numbers(tmp_path: Path) -> None:
    names = np.array(["ant", "bee", "cow", "dog"])
    assert lowest_label(open_dataset(save(tmp_path, x=UINT8, y=LABELS + 1, classes=names))) == 0
