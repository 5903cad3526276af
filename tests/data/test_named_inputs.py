"""Arrays by their own names as inputs, and whether they are those of a network."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from designer.data import DataSet, open_dataset
from designer.data.named_inputs import Wanted, pictures_of, with_inputs
from designer.data.options import ReadOptions
from designer.errors import DesignerError

RANDOM = np.random.default_rng(0)
BYTES = RANDOM.integers(0, 256, (6, 4, 5), np.uint8)
ROWS = RANDOM.normal(size=(6, 3)).astype(np.float32)
SAME = np.array([0, 1, 0, 1, 1, 0])


def opened(folder: Path, options: ReadOptions | None = None, **arrays: Any) -> DataSet:
    np.savez(folder / "t.npz", **arrays)
    return open_dataset(folder / "t.npz", options)


def test_arrays_are_inputs_and_the_one_named_as_a_target_is_predicted(tmp_path: Path) -> None:
    dataset = opened(tmp_path, left=BYTES, same=SAME, right=BYTES[::-1])
    assert list(dataset.train.inputs) == ["left", "right"]
    assert dataset.classes == ("0", "1")
    assert dataset.target.title == "same"
    np.testing.assert_array_equal(dataset.train.inputs["left"].read([2]), BYTES[2:3])
    assert not dataset.findings


def test_else_the_last_array_is_predicted_and_that_is_said(tmp_path: Path) -> None:
    dataset = opened(tmp_path, left=ROWS, right=ROWS, distance=ROWS[:, 0])
    assert dataset.target.kind == "numbers"
    assert "The array distance" in dataset.findings[0].sentence
    chosen = opened(
        tmp_path, ReadOptions(label_columns=("left",)), left=ROWS, right=ROWS, distance=ROWS[:, 0]
    )
    assert list(chosen.train.inputs) == ["right", "distance"]
    assert chosen.train.inputs["distance"].shapes() == [(1,)]


def test_parts_of_named_arrays(tmp_path: Path) -> None:
    arrays = {"left_train": ROWS, "right_train": ROWS, "same_train": SAME}
    tests = {"left_test": ROWS[:2], "right_test": ROWS[:2], "same_test": SAME[:2]}
    dataset = opened(tmp_path, **arrays, **tests)
    assert dataset.test is not None and len(dataset.test) == 2
    del tests["right_test"]
    with pytest.raises(DesignerError, match="test part of left but none of right"):
        opened(tmp_path, **arrays, **tests)


def test_inputs_of_different_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DesignerError, match=r"inputs of different numbers \(6 of left, 5 of right"):
        opened(tmp_path, left=ROWS, right=ROWS[:5], same=SAME)


@pytest.mark.parametrize(
    ("values", "shape", "dtype"),
    [
        (ROWS, (3,), np.float32),
        (ROWS.astype(np.float64), (3,), np.float32),
        (ROWS > 0, (3,), np.float32),
        (BYTES[:, 0], (5,), np.uint8),
        (np.arange(18).reshape(6, 3), (3,), np.int64),
        (np.zeros((6, 2, 3, 4, 5), np.float32), (2, 3, 4, 5), np.float32),
    ],
)
def test_values_of_any_number_of_axes_keep_shape_and_kind(
    tmp_path: Path, values: np.ndarray, shape: tuple[int, ...], dtype: type
) -> None:
    dataset = opened(tmp_path, x=values, y=SAME)
    assert not dataset.pictures
    (column,) = dataset.train.inputs.values()
    assert column.shapes() == [shape]
    assert column.dtype == dtype


def test_values_that_are_no_numbers_are_said(tmp_path: Path) -> None:
    broken = ROWS.copy()
    broken[[1, 4], 0] = np.nan, np.inf
    with pytest.raises(DesignerError, match=r"array x .* NaN or infinite .* in 2 examples"):
        opened(tmp_path, x=broken, y=SAME)


@pytest.mark.parametrize(
    ("values", "shape", "expected"),
    [
        (ROWS, (3,), ROWS),
        (BYTES / np.float32(2), (4, 5), BYTES / 2),  # read as pictures of one channel
        (BYTES, (20,), BYTES.reshape(6, 20)),
        (np.stack([BYTES] * 3, 3), (60,), np.stack([BYTES] * 3, 1).reshape(6, 60)),
        (BYTES[:, None, None], (1, 1, 4, 5), BYTES[:, None, None]),
    ],
)
def test_values_get_the_shape_of_the_only_input(
    tmp_path: Path, values: np.ndarray, shape: tuple[int, ...], expected: np.ndarray
) -> None:
    dataset = with_inputs(opened(tmp_path, x=values, y=SAME), [Wanted("in", shape)], network="N")
    found = dataset.train.inputs["in"].read(range(6))
    np.testing.assert_allclose(found, expected)


def test_two_pictures_get_their_channels_first(tmp_path: Path) -> None:
    color = RANDOM.integers(0, 256, (6, 4, 5, 3), np.uint8)
    data = opened(tmp_path, left=color, right=BYTES, same=SAME)
    wanted = [Wanted("right", (1, 4, 5)), Wanted("left", (3, 4, 5))]
    found = with_inputs(data, wanted, network="N").train.inputs
    assert list(found) == ["right", "left"]
    np.testing.assert_array_equal(found["left"].read([0])[0, 2], color[0, :, :, 2])
    np.testing.assert_array_equal(found["right"].read([3])[0, 0], BYTES[3])


@pytest.mark.parametrize(
    ("arrays", "wanted", "said"),
    [
        (
            {"left": ROWS, "right": ROWS, "same": SAME},
            [Wanted("left", (3,)), Wanted("other", (3,))],
            "N takes left and other, but t has the inputs left, right: there is none called other",
        ),
        (
            {"left": ROWS, "right": ROWS, "same": SAME},
            [Wanted("x", (3,))],
            "t has the inputs left, right, but N takes only x",
        ),
        ({"x": ROWS, "y": SAME}, [Wanted("x", (4,))], "t has 3 values .* takes 4: set .* to 3"),
        (
            {"x": ROWS, "y": SAME},
            [Wanted("x", (3,), integer=True)],
            "t has fractions, but the Input x of N takes whole numbers",
        ),
        (
            {"x": BYTES, "y": SAME},
            [Wanted("x", (7,))],
            "1×4×5 values .* takes 7: set its shape to 20",
        ),
    ],
)
def test_what_does_not_match_is_named(
    tmp_path: Path, arrays: dict[str, Any], wanted: list[Wanted], said: str
) -> None:
    with pytest.raises(DesignerError, match=said):
        with_inputs(opened(tmp_path, **arrays), wanted, network="N")


def test_a_network_for_pictures_refuses_other_data(tmp_path: Path) -> None:
    data = opened(tmp_path, x=ROWS, y=SAME)
    with pytest.raises(DesignerError, match=r"no pictures, but N takes a picture .* Input to 3"):
        pictures_of(data, network="N")
    data = opened(tmp_path, left=ROWS, right=ROWS, same=SAME)
    with pytest.raises(DesignerError, match=r"inputs left \(3\) and right \(3\), but N takes one"):
        pictures_of(data, network="N")


def test_an_input_alone_is_enough_where_it_is_its_own_target(tmp_path: Path) -> None:
    dataset = opened(tmp_path, ReadOptions(targets="input"), x=ROWS)
    assert dataset.target.kind == "input"
    assert dataset.train.labels.shape == (6, 0)
    assert len(dataset.train) == 6
