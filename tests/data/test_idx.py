"""IDX folders: what is read, and what each kind of damage says."""

import gzip
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from designer.data import PictureForm, channel_statistics, open_dataset
from designer.errors import DesignerError
from tests.data.writers import digits, idx_bytes, write_idx

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")


def write_sample(folder: Path) -> Path:
    write_idx(folder)
    return folder


@pytest.mark.parametrize("gz", [True, False])
@pytest.mark.parametrize("dot", [True, False])
def test_every_spelling_is_read(tmp_path: Path, gz: bool, dot: bool) -> None:
    written = write_idx(tmp_path / "mine", gz=gz, dot=dot)
    dataset = open_dataset(tmp_path / "mine")
    assert dataset.name == "mine"
    assert dataset.classes == tuple("0123456789")
    assert dataset.validation is None
    for part, name in ((dataset.train, "train"), (dataset.test, "t10k")):
        images = part.read(range(len(part)), height=5, width=4, channels=1)
        np.testing.assert_array_equal(images, written[f"{name}-images"][:, None])
        np.testing.assert_array_equal(part.labels, written[f"{name}-labels"])
        assert (images.dtype, part.labels.dtype) == (np.uint8, np.int64)


@pytest.mark.parametrize("folder", ["fashion-mnist", "FashionMNIST/raw"])
def test_fashion_has_its_own_class_names(tmp_path: Path, folder: str) -> None:
    write_idx(tmp_path / folder)
    assert open_dataset(tmp_path / folder).classes[9] == "Ankle boot"


def test_a_file_unpacked_by_the_browser_is_read(tmp_path: Path) -> None:
    write_idx(tmp_path, gz=False)
    for path in list(tmp_path.iterdir()):
        path.rename(path.with_name(path.name + ".gz"))
    assert len(open_dataset(tmp_path).train) == 12


def test_the_test_files_may_be_missing(tmp_path: Path) -> None:
    write_idx(tmp_path)
    for path in tmp_path.glob("t10k*"):
        path.unlink()
    assert open_dataset(tmp_path).test is None


IMAGES, LABELS = digits(12)
DAMAGE = {
    "magic": (b"\x00\x00\x08\x01" + idx_bytes(IMAGES)[4:], "magic number 2049 instead of 2051"),
    "no bytes at all": (b"", "magic number 0 instead"),
    "header only": (idx_bytes(IMAGES)[:10], "download it again"),
    "truncated": (idx_bytes(IMAGES)[:-1], "240 bytes of data but holds only 239"),
    "too long": (idx_bytes(IMAGES) + b"\0", "240 bytes of data but holds more"),
    "huge count": (struct.pack(">IIII", 2051, 2**32 - 1, 28, 28), "promises 3,367,254,359,280"),
    "large count": (struct.pack(">IIII", 2051, 2**23, 28, 28), "promises 6,576,668,672"),
    "no images": (idx_bytes(IMAGES[:0]), "is empty"),
    "fewer images": (idx_bytes(IMAGES[:11]), "has 11 images but 12 labels"),
}


@pytest.mark.parametrize("gz", [True, False])
@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_named(tmp_path: Path, damage: str, gz: bool) -> None:
    write_idx(tmp_path)
    data, message = DAMAGE[damage]
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(data) if gz else data)
    tracemalloc.start()
    with pytest.raises(DesignerError, match=message) as caught:
        open_dataset(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert str(tmp_path) in str(caught.value)
    assert peak < 20e6


def test_a_truncated_gzip_file_is_named(tmp_path: Path) -> None:
    write_idx(tmp_path)
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DesignerError, match=r"t10k-images-idx3-ubyte\.gz is a damaged"):
        open_dataset(tmp_path)


def test_a_gzip_bomb_is_read_no_further_than_its_header_promises(tmp_path: Path) -> None:
    write_idx(tmp_path)
    bomb = idx_bytes(IMAGES) + bytes(100_000_000)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(bomb, 1))
    del bomb
    tracemalloc.start()
    with pytest.raises(DesignerError, match="holds more"):
        open_dataset(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6


def test_a_label_beyond_the_classes_is_named(tmp_path: Path) -> None:
    write_idx(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(idx_bytes(np.arange(12)))
    with pytest.raises(DesignerError, match=r"train part of .* labels from 0 to 11 .* 10 classes"):
        open_dataset(tmp_path)


@pytest.mark.parametrize("missing", ["train-images", "train-labels", "t10k-images", "t10k-labels"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    write_idx(tmp_path)
    next(tmp_path.glob(f"{missing}*")).unlink()
    with pytest.raises(DesignerError, match=f"lacks the file {missing}-idx"):
        open_dataset(tmp_path)


def test_one_class_only_is_refused(tmp_path: Path) -> None:
    write_idx(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(idx_bytes(np.full(12, 3)))
    with pytest.raises(DesignerError, match="all of one class"):
        open_dataset(tmp_path)


@pytest.mark.skipif(not FASHION_MNIST.is_dir(), reason=f"needs {FASHION_MNIST}")
def test_the_real_fashion_mnist() -> None:
    dataset = open_dataset(FASHION_MNIST)
    assert (len(dataset.train), len(dataset.test)) == (60_000, 10_000)
    assert dataset.classes[:2] == ("T-shirt/top", "Trouser")
    np.testing.assert_array_equal(np.bincount(dataset.train.labels), [6000] * 10)
    np.testing.assert_array_equal(dataset.train.labels[:6], [9, 0, 0, 3, 0, 2])
    mean, std = channel_statistics(dataset.train, PictureForm(1, 28, 28))
    np.testing.assert_allclose([mean[0], std[0]], [0.2860, 0.3530], atol=3e-3)  # as published
