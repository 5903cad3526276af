"""MATLAB files: arrays by name, SVHN, the 102 flowers, and damage."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from designer.data import ReadOptions, open_dataset
from designer.data.extras import extra
from designer.data.flower_names import FLOWERS
from designer.errors import DesignerError

scipy_io = pytest.importorskip("scipy.io", exc_type=ImportError)


def write_sample(folder: Path) -> Path:
    images, labels = arrays(6)
    scipy_io.savemat(folder / "data.mat", {"images": np.moveaxis(images, 0, -1), "labels": labels})
    return folder / "data.mat"


def arrays(count: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Color images of 32x32 with the labels 1, 2, 3, ... in turn, from MATLAB's column of them."""
    images = np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3), np.uint8)
    return images, (np.arange(count)[:, None] % 3).astype(np.uint8)


def write_flowers(folder: Path) -> None:
    (folder / "jpg").mkdir()
    for number in range(1, 7):
        picture = Image.new("RGB", (8, 8), (number * 20, 0, 0))
        picture.save(folder / "jpg" / f"image_{number:05}.jpg")
    scipy_io.savemat(folder / "imagelabels.mat", {"labels": [[1, 102, 1, 102, 1, 102]]})
    sets = {"trnid": [[4, 1, 2]], "valid": [[3]], "tstid": [[5, 6]]}
    scipy_io.savemat(folder / "setid.mat", sets)


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("names", [("X", "y"), ("images", "labels"), ("X_train", "y_train")])
def test_arrays_by_name(tmp_path: Path, last: bool, names: tuple[str, str]) -> None:
    images, labels = arrays(7)
    stored = np.moveaxis(images, 0, -1) if last else images
    scipy_io.savemat(tmp_path / "data.mat", dict(zip(names, (stored, labels), strict=True)))
    part = open_dataset(tmp_path / "data.mat").train
    assert part.labels.tolist() == [0, 1, 2, 0, 1, 2, 0]
    read = part.read(range(7), height=32, width=32, channels=3)
    np.testing.assert_array_equal(read, images.transpose(0, 3, 1, 2))


def test_gray_images_and_numbers(tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((5, 4, 9))
    values = {"x": images, "y": np.linspace(0, 1, 9)}
    scipy_io.savemat(tmp_path / "data.mat", values)
    dataset = open_dataset(tmp_path / "data.mat")
    assert dataset.target.kind == "numbers"
    read = dataset.train.read(range(9), height=5, width=4, channels=1)
    np.testing.assert_allclose(read[:, 0], np.moveaxis(images, -1, 0), rtol=1e-6)


def test_house_numbers_have_the_digit_0_as_10(tmp_path: Path) -> None:
    for name, count in (("train", 20), ("test", 10)):
        images, _ = arrays(count)
        labels = np.arange(count)[:, None] % 10 + 1
        values = {"X": np.moveaxis(images, 0, -1), "y": labels}
        scipy_io.savemat(tmp_path / f"{name}_32x32.mat", values)
    for path in (tmp_path, tmp_path / "train_32x32.mat"):
        dataset = open_dataset(path)
        assert dataset.classes == tuple("0123456789")
        assert dataset.train.labels.tolist() == [*range(1, 10), 0] * 2
        assert "digit 0" in dataset.findings[0].sentence
        assert list(dataset.parts) == (["train", "test"] if path == tmp_path else ["train"])


def test_flowers(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    dataset = open_dataset(tmp_path)
    assert dataset.classes == FLOWERS
    assert len(set(FLOWERS)) == 102
    assert FLOWERS[0] == "pink primrose"
    assert FLOWERS[-1] == "blackberry lily"
    assert [part.labels.tolist() for part in dataset.parts.values()] == [
        [0, 101, 101],
        [0],
        [0, 101],
    ]
    read = dataset.train.read([2], height=8, width=8, channels=3)
    assert abs(int(read[0, 0, 0, 0]) - 80) < 4
    without = open_dataset(tmp_path, ReadOptions(skip=("jpg/image_00002.jpg",)))
    assert without.train.names == ("jpg/image_00001.jpg", "jpg/image_00004.jpg")


def test_flowers_with_a_missing_picture(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    (tmp_path / "jpg" / "image_00003.jpg").unlink()
    with pytest.raises(DesignerError, match=r"holds no image_00003\.jpg: unpack"):
        open_dataset(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"MATLAB 7.3 MAT-file, Platform: x" + b" " * 200, "version 7.3"),
        (b"MATLAB 5.0 MAT-file" + b"x" * 300, "no readable MATLAB file"),
        (b"", "no readable MATLAB file"),
    ],
)
def test_damage_is_one_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "data.mat").write_bytes(content)
    with pytest.raises(DesignerError, match=said):
        open_dataset(tmp_path / "data.mat")


def test_a_missing_package_is_named_with_its_remedy() -> None:
    with pytest.raises(DesignerError, match=r"pip install 'netdesigner\[data\]'"):
        extra("no_such_package.io", "data.mat")
