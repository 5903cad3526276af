"""NumPy archives: layouts, types, regression, and damage."""

import io
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from designer.data import open_dataset
from designer.errors import DesignerError

UINT8 = np.random.default_rng(0).integers(0, 256, (6, 5, 4), np.uint8)
COLOR = np.random.default_rng(1).integers(0, 256, (6, 5, 7, 3), np.uint8)
FLOATS = np.random.default_rng(2).normal(size=(6, 5, 7, 3))
LABELS = np.arange(6) % 3


def save(tmp_path: Path, **arrays: np.ndarray) -> Path:
    path = tmp_path / "made.npz"
    np.savez_compressed(path, **arrays)
    return path


def write_sample(folder: Path) -> Path:
    return save(folder, images=UINT8, labels=LABELS)


@pytest.mark.parametrize(
    "keys", [("images", "labels"), ("x", "y"), ("x_train", "y_train")], ids="/".join
)
def test_the_names_of_the_arrays(tmp_path: Path, keys: tuple[str, str]) -> None:
    dataset = open_dataset(save(tmp_path, **{keys[0]: UINT8, keys[1]: LABELS}))
    assert dataset.name == "made"
    assert dataset.classes == ("0", "1", "2")
    assert (dataset.validation, dataset.test) == (None, None)
    assert dataset.train.labels.tolist() == LABELS.tolist()


def test_keras_file_with_test_part(tmp_path: Path) -> None:
    path = save(tmp_path, x_train=UINT8, y_train=LABELS, x_test=UINT8[:2], y_test=np.array([0, 4]))
    dataset = open_dataset(path)
    assert len(dataset.test) == 2
    assert len(dataset.classes) == 5  # the test part has the highest


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (UINT8, UINT8[:, None]),
        (UINT8[..., None], UINT8[:, None]),
        (UINT8.astype(np.int64), UINT8[:, None]),
        (np.asfortranarray(COLOR), COLOR.transpose(0, 3, 1, 2)),
        (FLOATS, FLOATS.transpose(0, 3, 1, 2).astype(np.float32)),
        (FLOATS.transpose(0, 3, 1, 2), FLOATS.transpose(0, 3, 1, 2).astype(np.float32)),
        (FLOATS.astype(">f4"), FLOATS.transpose(0, 3, 1, 2).astype(np.float32)),
    ],
    ids=["HW", "HW1", "int64", "HWC", "float HWC", "float CHW", "big-endian"],
)
def test_layouts_and_types(tmp_path: Path, images: np.ndarray, expected: np.ndarray) -> None:
    part = open_dataset(save(tmp_path, images=images, labels=LABELS)).train
    channels, height, width = expected.shape[1:]
    read = part.read(range(6), height=height, width=width, channels=channels)
    np.testing.assert_array_equal(read, expected)
    assert read.dtype == part.dtype == expected.dtype


def test_names_of_the_classes(tmp_path: Path) -> None:
    names = np.array(["ant", "bee", "cow", "dog"])
    path = save(tmp_path, images=UINT8, labels=LABELS[:, None], classes=names)
    assert open_dataset(path).classes == ("ant", "bee", "cow", "dog")


@pytest.mark.parametrize("targets", [1, 2])
def test_float_labels_are_targets_for_regression(tmp_path: Path, targets: int) -> None:
    labels = np.linspace(0, 1, 6 * targets).reshape(6, targets)
    path = save(tmp_path, x=FLOATS, y=labels[:, 0] if targets == 1 else labels)
    dataset = open_dataset(path)
    assert dataset.classes == ()
    assert dataset.outputs == targets
    assert dataset.train.labels.dtype == np.float32
    np.testing.assert_allclose(dataset.train.labels, labels, rtol=1e-6)


NAN = np.where(np.arange(6)[:, None, None] == 4, np.nan, UINT8)
REFUSED = {
    "objects": ({"x": np.array([{}, {}], object), "y": LABELS}, "array x .* Python objects"),
    "no arrays": ({"a": UINT8}, "holds no training data: name its arrays x_train and y_train"),
    "no labels": ({"images": UINT8}, "array images but not labels"),
    "no images": ({"y_train": LABELS}, "array y_train but not x_train"),
    "counts": ({"x": UINT8, "y": LABELS[:5]}, "6 images but 5 labels"),
    "rows of numbers": ({"x": UINT8[0], "y": LABELS}, "5 examples but 6 labels"),
    "empty": ({"x": UINT8[:0], "y": LABELS[:0]}, "array x .* is empty"),
    "no pixels": ({"x": UINT8[:, :0], "y": LABELS}, "array x .* is empty"),
    "NaN": ({"x": NAN, "y": LABELS}, "array x .* NaN or infinite"),
    "overflow": ({"x": UINT8 * np.float64(1e300), "y": LABELS}, "array x .* NaN or infinite"),
    "NaN target": (
        {"x": UINT8, "y": np.where(LABELS == 1, np.nan, LABELS)},
        "targets that are NaN",
    ),
    "integers": (
        {"x": UINT8.astype(int) * 256, "y": LABELS},
        "array x .* integers from .* scale them",
    ),
    "text images": ({"x": UINT8.astype(str), "y": LABELS}, "array x .* type <U"),
    "text labels": ({"x": UINT8, "y": LABELS.astype(str)}, r"array y .* holds texts \(0, 1, 2\)"),
    "negative label": ({"x": UINT8, "y": LABELS - 1}, "array y .* class numbers from -1 to 1"),
    "only negative": ({"x": UINT8, "y": LABELS - 9}, "array y .* class numbers from -9 to -7"),
    "huge label": ({"x": UINT8, "y": LABELS * 10**12}, "array y .* to 2000000000000: number"),
    "unsigned label": (
        {"x": UINT8, "y": np.arange(6, dtype="u8") + 2**63},
        "from 9223372036854775808",
    ),
    "names": (
        {"x": UINT8, "y": LABELS, "classes": np.array(["a", "b"])},
        "labels from 0 to 2 but there are 2 classes",
    ),
    "names as numbers": ({"x": UINT8, "y": LABELS, "classes": np.arange(3)}, "no list of names"),
    "one class": ({"x": UINT8, "y": LABELS * 0}, "all of one class"),
    "other test type": (
        {"x_train": UINT8, "y_train": LABELS, "x_test": UINT8 / 255, "y_test": LABELS},
        "test part .* float32 images but the train part uint8",
    ),
    "other test labels": (
        {"x_train": UINT8, "y_train": LABELS, "x_test": UINT8, "y_test": LABELS / 2},
        "test part .* labels of another kind",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(tmp_path: Path, case: str) -> None:
    arrays, message = REFUSED[case]
    path = save(tmp_path, **arrays)
    with pytest.raises(DesignerError, match=message) as caught:
        open_dataset(path)
    assert str(path) in str(caught.value)


def npy(shape: tuple[int, ...], data: bytes) -> bytes:
    file = io.BytesIO()
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + data


@pytest.mark.parametrize(
    ("shape", "size", "message"),
    [
        ((10**9, 1000, 1000), 0, "promises 1,000,000,000,000,000 bytes"),
        ((10**7, 10, 10), 100, "promises 1,000,000,000 bytes of data but holds 100"),
        ((2, 2, 2), 50_000_000, "promises 8 bytes of data but holds 50,000,000"),
    ],
    ids=["huge", "short", "bomb"],
)
def test_headers_that_lie(tmp_path: Path, shape: tuple[int, ...], size: int, message: str) -> None:
    path = tmp_path / "lie.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", npy(shape, bytes(size)))
        archive.writestr("labels.npy", npy((2,), b"\0\1"))
    tracemalloc.start()
    with pytest.raises(DesignerError, match=message):
        open_dataset(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6


@pytest.mark.parametrize("damage", ["text", "pickle", "npy", "truncated", "flipped", "no header"])
def test_files_that_are_no_archive(tmp_path: Path, damage: str) -> None:
    good = save(tmp_path, images=UINT8, labels=LABELS).read_bytes()
    buffer = io.BytesIO()
    np.save(buffer, UINT8)
    headless = io.BytesIO()
    with zipfile.ZipFile(headless, "w") as archive:
        archive.writestr("images.npy", b"nothing")
        archive.writestr("labels.npy", b"nothing")
    middle = good.index(b"images.npy") + 60
    content = {
        "text": b"images, labels",
        "pickle": b"\x80\x04]\x94.",
        "npy": buffer.getvalue(),
        "truncated": good[:-30],
        "flipped": good[:middle]
        + bytes(b ^ 0xFF for b in good[middle : middle + 40])
        + good[middle + 40 :],
        "no header": headless.getvalue(),
    }[damage]
    path = tmp_path / "bad.npz"
    path.write_bytes(content)
    with pytest.raises(DesignerError, match=r"bad\.npz is no readable \.npz file"):
        open_dataset(path)


def test_parts_of_rows_of_numbers_by_the_usual_names(tmp_path: Path) -> None:
    rows = np.random.default_rng(3).normal(size=(6, 4))
    path = save(tmp_path, x_train=rows, y_train=LABELS, x_test=rows[:2], y_test=LABELS[:2])
    dataset = open_dataset(path)
    assert list(dataset.train.inputs) == list(dataset.test.inputs) == ["x"]
    assert dataset.test.inputs["x"].shapes() == [(4,)]
    path = save(tmp_path, x_train=rows, y_train=LABELS, x_test=rows[:2, :3], y_test=LABELS[:2])
    with pytest.raises(DesignerError, match=r"test part .* has 3 values of x .* the train part 4"):
        open_dataset(path)


def test_whole_numbers_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path, x=np.full((6, 2), 2**63, np.uint64), y=LABELS)
    with pytest.raises(DesignerError, match="up to 9223372036854775808"):
        open_dataset(path)
