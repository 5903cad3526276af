"""Names and paths of data sets, and the package's own independence."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from designer.data import BUILT_IN, files, open_dataset
from designer.errors import DesignerError
from tests.data.writers import write_idx


def test_mnist10k() -> None:
    dataset = open_dataset("mnist10k")
    assert dataset.name == "mnist10k"
    assert (len(dataset.train), len(dataset.test)) == (8004, 1996)
    assert dataset.validation is None
    assert dataset.outputs == 10
    for part in (dataset.train, dataset.test):
        assert part.read([0], height=28, width=28, channels=1).shape == (1, 1, 28, 28)
        assert (np.bincount(part.labels) > len(part) / 13).all()


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_set_opens(name: str) -> None:
    assert open_dataset(name).name == name


def test_a_relative_path_gets_the_name_of_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_idx(tmp_path / "mine")
    monkeypatch.chdir(tmp_path / "mine")
    assert open_dataset(".").name == "mine"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_dataset("~/mine").path == tmp_path / "mine"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mnist10", r'called "mnist10": .*\(mnist10k, shapes10\); did you mean "mnist10k"\?'),
        ("imagenet", r'called "imagenet": .*\(mnist10k, shapes10\)\.$'),
        ("/no/such/folder", r"no file or folder /no/such/folder: check the path"),
    ],
)
def test_what_is_not_there(name: str, message: str) -> None:
    with pytest.raises(DesignerError, match=message):
        open_dataset(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("notes.doc", "is no data set: give"),
        ("notes.txt", "has 0 tokens, too few to learn the next one from: give a longer text"),
        ("cifar-10-binary.tar.gz", "is no readable TAR archive"),
    ],
)
def test_a_file_that_is_no_data_set(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(DesignerError, match=message) as caught:
        open_dataset(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


def test_a_failing_disk_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_idx(tmp_path)

    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path / "train"))

    monkeypatch.setattr(files, "open", fail, raising=False)
    with pytest.raises(
        DesignerError, match=r"train-images-idx3-ubyte.gz cannot be read \(Permission denied\)"
    ):
        open_dataset(tmp_path)


def test_the_package_needs_neither_torch_nor_qt() -> None:
    code = "import sys, designer.data; print(sorted({'torch', 'PySide6'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
