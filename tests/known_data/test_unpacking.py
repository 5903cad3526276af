"""Archives as they should be, and hostile ones."""

import io
import tarfile
from pathlib import Path

import pytest

from designer.errors import DesignerError
from designer.known_data.failures import CanceledError
from designer.known_data.unpacking import move_into, unpack


def archive(path: Path, entries: dict[str, bytes | str]) -> Path:
    """Write a tar file: bytes are files, a text makes a link to it, "" a folder."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in entries.items():
            entry = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
                continue
            entry.type = tarfile.SYMTYPE if content else tarfile.DIRTYPE
            entry.linkname = content
            tar.addfile(entry)
    return path


def unpacked(path: Path, *, most: int = 1000) -> list[str]:
    """Unpack an archive beside it and return the names of what is there."""
    folder = path.parent / "out"
    folder.mkdir(exist_ok=True)
    unpack(path, folder, most=most, report=lambda _: None, canceled=lambda: False)
    return sorted(
        found.relative_to(folder).as_posix() for found in folder.rglob("*") if found.is_file()
    )


def test_files_and_folders_are_unpacked(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tgz", {"cifar": "", "cifar/x": b"12", "./b/y": b"3"})
    assert unpacked(path) == ["b/y", "cifar/x"]
    assert (tmp_path / "out" / "cifar" / "x").read_bytes() == b"12"


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/x", "C:x", "a\\..\\x", "a/b:c"], ids=str
)
def test_names_outside_are_refused(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path / "a.tgz", {name: b"12"})
    with pytest.raises(DesignerError, match="outside of its folder"):
        unpacked(path)
    assert {found.name for found in tmp_path.iterdir()} == {"a.tgz", "out"}


def test_links_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tgz", {"x": "/etc", "x/passwd": b"12"})
    with pytest.raises(DesignerError, match="a link, a device"):
        unpacked(path)


def test_bombs_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tgz", {"x": bytes(700), "y": bytes(700)})
    with pytest.raises(DesignerError, match="unpacks to more than 1,000 bytes"):
        unpacked(path)
    assert not (tmp_path / "out" / "y").exists()


@pytest.mark.parametrize("length", [0, 5, 60, 200])
def test_damaged_archives_are_refused(tmp_path: Path, length: int) -> None:
    path = archive(tmp_path / "a.tgz", {"x": bytes(range(256)) * 3})
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DesignerError, match="is damaged or no archive: remove it"):
        unpacked(path)


def test_it_can_be_canceled(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tgz", {"x": b"1"})
    with pytest.raises(CanceledError):
        unpack(path, tmp_path, most=9, report=lambda _: None, canceled=lambda: True)


def test_what_is_moved_replaces_files_and_keeps_others(tmp_path: Path) -> None:
    for name in ("new/a/x", "new/b/y", "old/a/x", "old/a/z"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    move_into(tmp_path / "new", tmp_path / "old")
    found = {path.relative_to(tmp_path / "old").as_posix() for path in tmp_path.rglob("old/*/*")}
    assert found == {"a/x", "a/z", "b/y"}
    assert (tmp_path / "old" / "a" / "x").read_text() == "new/a/x"
