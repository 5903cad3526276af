"""CIFAR: the binary versions are read, the pickled ones refused."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from designer.data import open_dataset
from designer.errors import DesignerError
from tests.data.writers import cifar_records, write_cifar10


def write_sample(folder: Path) -> Path:
    write_cifar10(folder)
    return folder


def test_cifar10(tmp_path: Path) -> None:
    written = write_cifar10(tmp_path)
    names = [f"thing {i}" for i in range(10)]
    (tmp_path / "batches.meta.txt").write_text("\n".join(names) + "\n\n")
    dataset = open_dataset(tmp_path)
    assert dataset.classes == tuple(names)
    assert (len(dataset.train), len(dataset.test)) == (20, 4)
    # Image 9 is the second of the third batch; a record is its label, then R, G and B by rows.
    image = dataset.train.read([9], height=32, width=32, channels=3)[0]
    record = written["data_batch_3"][1]
    np.testing.assert_array_equal(image.reshape(-1), record[1:])
    assert image[2, 5, 7] == record[1 + 2 * 1024 + 5 * 32 + 7]
    assert dataset.train.labels.tolist() == [0, 1, 2, 3] * 5


def test_cifar10_without_names_and_test(tmp_path: Path) -> None:
    write_cifar10(tmp_path)
    (tmp_path / "test_batch.bin").unlink()
    dataset = open_dataset(tmp_path)
    assert dataset.classes[3] == "cat"
    assert dataset.test is None


def test_cifar100_takes_the_fine_labels(tmp_path: Path) -> None:
    for name, count in (("train", 12), ("test", 5)):
        records = cifar_records(count, label_bytes=2)
        records[:, 0] = 19  # the coarse label
        (tmp_path / f"{name}.bin").write_bytes(records.tobytes())
    assert open_dataset(tmp_path).classes[99] == "99"
    names = [f"fine {i}" for i in range(100)]
    (tmp_path / "fine_label_names.txt").write_text("\n".join(names))
    dataset = open_dataset(tmp_path)
    assert dataset.classes == tuple(names)
    assert dataset.test.labels.tolist() == [0, 1, 2, 3, 4]
    records = cifar_records(12, label_bytes=2)
    image = dataset.train.read([3], height=32, width=32, channels=3)
    np.testing.assert_array_equal(image.reshape(-1), records[3, 2:])


@pytest.mark.parametrize("keep", [3072, 3073 * 2 + 1, 0])
def test_a_truncated_file_is_named(tmp_path: Path, keep: int) -> None:
    write_cifar10(tmp_path)
    path = tmp_path / "data_batch_4.bin"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DesignerError, match=r"data_batch_4\.bin has .* no multiple"):
        open_dataset(tmp_path)


def test_a_missing_batch_is_named(tmp_path: Path) -> None:
    write_cifar10(tmp_path)
    (tmp_path / "data_batch_1.bin").unlink()
    with pytest.raises(DesignerError, match=r"data_batch_1\.bin is missing"):
        open_dataset(tmp_path)


def test_a_label_beyond_the_classes_is_named(tmp_path: Path) -> None:
    write_cifar10(tmp_path)
    records = cifar_records(4)
    records[2, 0] = 10
    (tmp_path / "test_batch.bin").write_bytes(records.tobytes())
    with pytest.raises(DesignerError, match=r"test part of .* labels from 0 to 10"):
        open_dataset(tmp_path)


class Bomb:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    "names", [["data_batch_1", "batches.meta"], ["train", "test", "meta"]], ids=["10", "100"]
)
def test_the_pickled_version_is_refused_unopened(tmp_path: Path, names: list[str]) -> None:
    exploded = tmp_path / "exploded"
    for name in names:
        (tmp_path / name).write_bytes(pickle.dumps(Bomb(exploded)))
    with pytest.raises(DesignerError, match="download the binary version"):
        open_dataset(tmp_path)
    assert not exploded.exists()
