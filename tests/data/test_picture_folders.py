"""Folders of pictures: layouts, class names, and damage."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from designer.data import open_dataset
from designer.errors import DesignerError
from tests.data.writers import write_pictures


def write_sample(folder: Path) -> Path:
    for name in ("cat", "dog"):
        write_pictures(folder / name, 2)
    return folder


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image).transpose(2, 0, 1)


def test_classes_are_the_sub_folders_in_order(tmp_path: Path) -> None:
    dogs = write_pictures(tmp_path / "dog", 3)
    cats = write_pictures(tmp_path / "cat", 2)
    (tmp_path / ".git").mkdir()
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "cat" / "Thumbs.db").write_bytes(b"")
    (tmp_path / "cat" / "._0.png").write_bytes(b"")
    dataset = open_dataset(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert dataset.train.labels.tolist() == [0, 0, 1, 1, 1]
    read = dataset.train.read([4, 1], height=6, width=8, channels=3)
    np.testing.assert_array_equal(read, [pixels(dogs[2]), pixels(cats[1])])


def test_every_kind_of_file_is_found(tmp_path: Path) -> None:
    write_pictures(tmp_path / "other", 1)
    (tmp_path / "kinds").mkdir()
    suffixes = ("png", "jpg", "JPEG", "bmp", "gif", "webp", "tif")
    for suffix in suffixes:
        Image.new("RGB", (8, 6), (200, 30, 90)).save(tmp_path / "kinds" / f"a.{suffix}")
    part = open_dataset(tmp_path).train
    assert part.labels.tolist() == [0] * len(suffixes) + [1]
    images = part.read(range(len(suffixes)), height=6, width=8, channels=3).astype(int)
    assert np.abs(images - np.reshape((200, 30, 90), (3, 1, 1))).max() <= 4


@pytest.mark.parametrize("validation", ["val", "valid", "validation", "Val"])
def test_parts(tmp_path: Path, validation: str) -> None:
    for part, counts in (("train", (3, 2)), (validation, (1, 2)), ("test", (0, 4))):
        for name, count in zip(("cat", "dog"), counts, strict=True):
            if count:
                write_pictures(tmp_path / part / name, count)
    (tmp_path / "documents").mkdir()
    dataset = open_dataset(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert dataset.train.labels.tolist() == [0, 0, 0, 1, 1]
    assert dataset.validation.labels.tolist() == [0, 1, 1]
    assert dataset.test.labels.tolist() == [1, 1, 1, 1]


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    for name in ("car", "test", "train"):
        write_pictures(tmp_path / name, 1)
    assert open_dataset(tmp_path).classes == ("car", "test", "train")


def test_the_part_can_be_pickled(tmp_path: Path) -> None:
    write_pictures(tmp_path / "a", 2)
    write_pictures(tmp_path / "b", 1)
    part = open_dataset(tmp_path).train
    assert not part.in_memory
    assert not part.in_memory
    copy = pickle.loads(pickle.dumps(part))
    size = {"height": 6, "width": 8, "channels": 3}
    np.testing.assert_array_equal(copy.read([0, 2], **size), part.read([0, 2], **size))


def make_empty_class(root: Path) -> None:
    write_pictures(root / "cat", 1)
    (root / "dog").mkdir()


def make_no_classes(root: Path) -> None:
    write_pictures(root, 2)


def make_two_validations(root: Path) -> None:
    for part in ("train", "val", "validation"):
        write_pictures(root / part / "cat", 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: None, r"holds no pictures: put the pictures into one sub-folder"),
        (make_no_classes, "holds pictures but no class folders"),
        (make_empty_class, "all of one class, cat: .* The folder dog of .* holds no pictures"),
        (lambda root: write_pictures(root / "cat", 3), "all of one class"),
        (make_two_validations, r"val and .*validation are both for validation"),
    ],
    ids=["empty", "flat", "empty class", "one class", "twice"],
)
def test_what_is_refused(tmp_path: Path, make: object, message: str) -> None:
    make(tmp_path)
    with pytest.raises(DesignerError, match=message) as caught:
        open_dataset(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_broken_picture_is_named_when_it_is_read(tmp_path: Path) -> None:
    write_pictures(tmp_path / "cat", 3)
    broken = write_pictures(tmp_path / "dog", 2)[1]
    broken.write_bytes(broken.read_bytes()[:60])
    part = open_dataset(tmp_path).train
    part.read(range(4), height=6, width=8, channels=3)
    with pytest.raises(DesignerError, match="replace it, or leave it out") as caught:
        part.read(range(5), height=6, width=8, channels=3)
    assert str(broken) in str(caught.value)
