"""Files of folders that cannot be read, vanish, or are linked in a web."""

import os
from pathlib import Path

import pytest

from designer.data import files, open_dataset
from designer.data.files import FolderFiles, natural, natural_path
from designer.errors import DesignerError
from tests.data.writers import write_pictures


def test_numbers_are_in_their_order() -> None:
    names = ["b", "a10", "a2", "a", "a02", "1", "a2b", "A3", "10", "a b", "01"]
    assert sorted(names, key=natural) == [
        *["01", "1", "10", "A3", "a", "a02", "a2", "a2b", "a10", "a b", "b"]
    ]


def test_paths_are_in_the_order_of_a_walk(tmp_path: Path) -> None:
    names = ["cat 2/x.png", "cat/10.png", "cat/9.png", "cat.png", "01/b.png", "1/a.png", "cat/b/c"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert sorted(names, key=natural_path) == list(FolderFiles(tmp_path).names)


def test_a_web_of_links_has_an_end(tmp_path: Path) -> None:
    """Ten folders with links to each other, through which millions of paths lead."""
    folders = [tmp_path / f"class{number}" for number in range(10)]
    for folder in folders:
        write_pictures(folder, 1)
    for folder in folders:
        for other in folders:
            (folder / f"to {other.name}").symlink_to(other, target_is_directory=True)
    found = FolderFiles(tmp_path)
    assert len(found.names) < 1_000
    assert {left.reason for left in found.left_out} == {
        "is a link to a folder that it is in",
        "is a link to a folder that is read already",
    }


def test_folders_lie_deeper_in_one_another_than_functions_call_each_other(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        write_pictures(tmp_path / name, 1)
    deep = [f"{tmp_path}/cat" + "/d" * depth for depth in range(1, 1_200)]
    for folder in deep:
        os.mkdir(folder)
    try:
        assert FolderFiles(tmp_path).names == ("cat/0.png", "dog/0.png")
    finally:  # pytest could not remove them
        for folder in reversed(deep):
            os.rmdir(folder)


class Scan:
    """Stands for `os.scandir` where one folder cannot be listed."""

    def __init__(self, folder: Path, error: OSError) -> None:
        self.folder, self.error, self.real = str(folder), error, os.scandir

    def __call__(self, path: str | Path) -> object:
        if str(path) == self.folder:
            raise self.error
        return self.real(path)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(13, "Permission denied"), "cannot be read (Permission denied)"),
        (FileNotFoundError(2, "No such file or directory"), "(No such file or directory)"),
    ],
)
def test_a_folder_that_cannot_be_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, reason: str
) -> None:
    for name in ("cat", "dog", "secret"):
        write_pictures(tmp_path / name, 2)
    with monkeypatch.context() as patch:
        patch.setattr(files.os, "scandir", Scan(tmp_path / "secret", error))
        data = open_dataset(tmp_path)
    assert data.classes == ("cat", "dog")
    (left,) = data.left_out
    assert left.file == "secret"
    assert reason in left.reason
    (note,) = data.findings
    assert f"secret {left.reason}" in note.sentence


def test_the_data_folder_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pictures(tmp_path / "cat", 2)
    error = PermissionError(13, "Permission denied", str(tmp_path))
    message = r"cannot be read \(Permission denied\): check"
    with monkeypatch.context() as patch:
        patch.setattr(files.os, "scandir", Scan(tmp_path, error))
        with pytest.raises(DesignerError, match=message):
            open_dataset(tmp_path)


def test_a_picture_that_vanished_is_named(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        write_pictures(tmp_path / name, 2)
    data = open_dataset(tmp_path)
    (tmp_path / "dog" / "1.png").unlink()
    with pytest.raises(DesignerError, match=r"dog/1.png cannot be read \(No such file"):
        data.train.read([3], height=2, width=2, channels=1)


@pytest.mark.parametrize("name", ["a" * 5_000, "a\0b"], ids=["long", "zero byte"])
def test_a_path_that_cannot_be(tmp_path: Path, name: str) -> None:
    with pytest.raises(DesignerError) as caught:
        open_dataset(tmp_path / name)
    assert "\0" not in str(caught.value)
