"""Labels that do not begin at 0, and one-hot rows."""

from pathlib import Path

import numpy as np
import pytest

from designer.data import DataRequest, ReadOptions, describe, open_dataset, prepare_data
from designer.data.labels import (
    absent_classes,
    as_classes,
    as_targets,
    from_first_label,
    gaps,
    is_one_hot,
    lowest_label,
    never_occur,
)
from designer.errors import DesignerError
from tests.data.test_npz import LABELS, UINT8, save
from tests.data.writers import idx_bytes

ONE_HOT = np.eye(3)[LABELS]


@pytest.mark.parametrize("dtype", [bool, np.uint8, int, np.float32, np.float64])
def test_one_hot_rows_are_classes(tmp_path: Path, dtype: type) -> None:
    data = open_dataset(save(tmp_path, x=UINT8, y=ONE_HOT.astype(dtype)))
    assert data.classes == ("0", "1", "2")
    assert data.train.labels.tolist() == LABELS.tolist()
    assert describe(data).note == (
        "The targets of made are one-hot rows, which are read as 3 classes."
    )


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


def test_other_whole_numbers_in_rows_are_refused(tmp_path: Path) -> None:
    rows = (2 * ONE_HOT).astype(int)
    with pytest.raises(DesignerError, match="one class number each, or rows of 0 and 1"):
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
        str(save(tmp_path, x=UINT8, y=LABELS)),
        0.2,
        0.2,
        None,
        0,
        (1, 5, 4),
        options=ReadOptions(first_label=1),
    )
    with pytest.raises(DesignerError, match=r"begin at 0, but data\.first_label is 1: set it to 0"):
        prepare_data(request)


def test_named_classes_have_no_numbers(tmp_path: Path) -> None:
    names = np.array(["ant", "bee", "cow", "dog"])
    assert lowest_label(open_dataset(save(tmp_path, x=UINT8, y=LABELS + 1, classes=names))) == 0


@pytest.mark.parametrize("values", [np.linspace(-4, 4, 6), -LABELS * 1.0, LABELS + 0.5])
def test_numbers_have_no_first_label(tmp_path: Path, values: np.ndarray) -> None:
    data = open_dataset(save(tmp_path, x=UINT8, y=values))
    assert lowest_label(data) == 0
    assert describe(data).lowest_label == 0
    assert absent_classes(data) == ()
    with pytest.raises(DesignerError, match=r"numbers as targets, .* is 5, which is for classes"):
        from_first_label(data, 5)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("columns", [(6,), (6, 1)])
def test_whole_floats_are_classes_for_a_loss_of_classes(
    tmp_path: Path, dtype: type, columns: tuple[int, ...]
) -> None:
    path = save(tmp_path, x=UINT8, y=(LABELS + 1).astype(dtype).reshape(columns))
    data = open_dataset(path)
    assert data.classes == ()
    read = as_classes(data)
    assert read.classes == ("0", "1", "2", "3")
    assert read.train.labels.tolist() == (LABELS + 1).tolist()
    assert (
        "whole numbers saved as floats, which are read as the classes 0 to 3"
        in read.findings[0].sentence
    )
    assert lowest_label(read) == 1
    described = describe(data).as_classes
    assert described is not None and described.classes == read.classes
    request = DataRequest(
        str(path), 0.2, 0.2, None, 0, (1, 5, 4), options=ReadOptions(first_label=1), classes=True
    )
    assert prepare_data(request).data.classes == ("1", "2", "3")


@pytest.mark.parametrize(
    "values",
    [LABELS + 0.5, LABELS - 1.0, LABELS * 1e6, np.ones(6), np.stack([LABELS] * 2, 1) * 1.0],
)
def test_other_numbers_remain_numbers(tmp_path: Path, values: np.ndarray) -> None:
    data = open_dataset(save(tmp_path, x=UINT8, y=values))
    assert as_classes(data) is data
    assert describe(data).as_classes is None


def test_texts_are_named_as_they_are(tmp_path: Path) -> None:
    for names in (np.array(["cat", "dog", "eel"]), np.array([b"cat", b"dog", b"eel"])):
        with pytest.raises(DesignerError, match=r"holds texts \(cat, dog, eel\): number them from"):
            open_dataset(save(tmp_path, x=UINT8, y=names[LABELS]))


def test_gaps_in_the_numbers_of_classes(tmp_path: Path) -> None:
    data = open_dataset(save(tmp_path, x=UINT8, y=LABELS * 1000))
    absent = absent_classes(data)
    assert len(absent) == 1998
    assert "only 3 of the 2,001 class numbers occur" in gaps("made", 2001, len(absent))
    few = absent_classes(open_dataset(save(tmp_path, x=UINT8, y=np.array([1, 2, 4, 4, 2, 1]))))
    assert few == ("3",)
    assert gaps("made", 4, 1) == ""
    assert never_occur("made", few) == "No image of made has the class 3."
    assert never_occur("made", absent).endswith("11, 12 and 1,986 more.")
    assert never_occur("made", ()) == ""
