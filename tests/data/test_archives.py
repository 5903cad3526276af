"""Archives that promise too much, are damaged, or are compressed as a whole."""

import gzip
import io
import os
import pickle
import tarfile
import zipfile
from pathlib import Path

import pytest

from designer.data import ReadOptions, cache_folder, describe, limits, open_dataset
from designer.data.archives import TarFiles, ZipFiles
from designer.data.inspection import inspect
from designer.errors import DesignerError
from tests.data.test_layouts import PETS, picture, write_tar, write_zip


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(cache_folder, "folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_compressed_archives_hold_the_same(tmp_path: Path, mode: str) -> None:
    path = tmp_path / f"pets.tar{mode[1:].replace(':', '.')}"
    write_tar(path, PETS, mode=mode)
    found = TarFiles(path)
    assert found.names == tuple(PETS)
    assert found.read("dog/1.png") == picture(4)
    assert found.read("dog/1.png", 8) == picture(4)[:8]
    assert found.size("dog/1.png") == len(picture(4))
    assert pickle.loads(pickle.dumps(found)).read("cat/0.png") == picture(0)


def test_a_compressed_archive_is_uncompressed_once(tmp_path: Path, cache: Path) -> None:
    write_tar(tmp_path / "pets.tgz", PETS, mode="w:gz")
    assert TarFiles(tmp_path / "pets.tgz").names
    (whole,) = cache.glob("*/archive.tar")
    before = whole.stat().st_mtime_ns
    assert TarFiles(tmp_path / "pets.tgz").names
    assert whole.stat().st_mtime_ns == before
    assert cache_folder.size() == whole.stat().st_size


def test_another_archive_of_the_same_name_is_noticed(tmp_path: Path) -> None:
    write_tar(tmp_path / "pets.tgz", PETS, mode="w:gz")
    assert len(TarFiles(tmp_path / "pets.tgz").names) == 5
    write_tar(tmp_path / "pets.tgz", PETS[:3], mode="w:gz")
    assert len(TarFiles(tmp_path / "pets.tgz").names) == 3


def test_the_cache_may_be_emptied_while_an_archive_is_read(tmp_path: Path) -> None:
    write_tar(tmp_path / "pets.tgz", PETS, mode="w:gz")
    found = TarFiles(tmp_path / "pets.tgz")
    assert found.names
    assert cache_folder.empty() > 0
    assert found.read("cat/1.png") == picture(1)


def test_an_archive_larger_than_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    write_tar(tmp_path / "pets.tgz", PETS, mode="w:gz")
    monkeypatch.setattr(cache_folder, "free_bytes", lambda _: 2_000)
    with pytest.raises(DesignerError, match="larger uncompressed than the room for it"):
        open_dataset(tmp_path / "pets.tgz")
    assert not list(cache.rglob("*.*"))


def test_a_full_disk_is_reported(tmp_path: Path, cache: Path) -> None:
    write_tar(tmp_path / "pets.tgz", PETS, mode="w:gz")
    cache.write_text("not a folder")
    with pytest.raises(DesignerError, match="cannot be uncompressed into the cache folder"):
        open_dataset(tmp_path / "pets.tgz")


def bomb(path: Path) -> None:
    """Write a ZIP archive with a picture of a few bytes that promises 100 GB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in PETS:
            archive.writestr(name, picture(1))
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\1\2")
    content[entry + 24 : entry + 28] = (4_000_000_000).to_bytes(4, "little")
    path.write_bytes(content)


def test_a_picture_that_promises_more_than_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb(tmp_path / "bomb.zip")
    free = limits.psutil.virtual_memory()._replace(available=2**30)
    monkeypatch.setattr(limits.psutil, "virtual_memory", lambda: free)
    data = open_dataset(tmp_path / "bomb.zip")
    with pytest.raises(DesignerError, match=r"cat/0.png in .* promises 4,000,000,000 bytes"):
        data.train.read([0], height=2, width=2, channels=1)
    data.train.read([1, 2, 3, 4], height=2, width=2, channels=1)


def test_a_wrong_checksum_is_reported(tmp_path: Path) -> None:
    write_zip(tmp_path / "pets.zip", PETS)
    content = (tmp_path / "pets.zip").read_bytes()
    (tmp_path / "pets.zip").write_bytes(content.replace(picture(4), b"\x89" + bytes(
        len(picture(4)) - 1)))  # fmt: skip
    data = open_dataset(tmp_path / "pets.zip")
    with pytest.raises(DesignerError, match=r"dog/1.png in .*pets.zip cannot be read \(Bad CRC"):
        data.train.read([4], height=2, width=2, channels=1)


def test_a_single_encrypted_file_is_left_out(tmp_path: Path) -> None:
    write_zip(tmp_path / "pets.zip", PETS)
    content = bytearray((tmp_path / "pets.zip").read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    (tmp_path / "pets.zip").write_bytes(content)
    found = ZipFiles(tmp_path / "pets.zip")
    assert [left.reason for left in found.left_out] == ["is encrypted"]
    assert found.names == tuple(PETS[1:])


def test_an_archive_that_shrank_is_reported(tmp_path: Path) -> None:
    write_tar(tmp_path / "pets.tar", PETS)
    found = TarFiles(tmp_path / "pets.tar")
    assert found.names
    os.truncate(tmp_path / "pets.tar", 600)
    with pytest.raises(DesignerError, match="the archive ends before it does"):
        found.read("dog/1.png")


def test_a_zip_with_folders_without_files(tmp_path: Path) -> None:
    write_zip(tmp_path / "pets.zip", [*PETS, "cow/", "cat/", "horse/shoe/"])
    assert ZipFiles(tmp_path / "pets.zip").empty_folders == ("cow", "horse/shoe")
    data = open_dataset(tmp_path / "pets.zip")
    assert [found.code for found in data.findings] == ["empty-folder"]
    assert "cow, horse" in data.findings[0].sentence


@pytest.mark.parametrize("name", ["", ".", "..", "/", "//", ":", "\\", "\0", "./.", "a//../b.png"])
def test_names_that_are_none(tmp_path: Path, name: str) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number, each in enumerate(PETS):
            archive.writestr(each, picture(number))
        entry = zipfile.ZipInfo("x")
        entry.filename = name
        archive.writestr(entry, b"")
    (tmp_path / "pets.zip").write_bytes(content.getvalue())
    assert open_dataset(tmp_path / "pets.zip").classes == ("cat", "dog")


@pytest.mark.parametrize("where", ["header", "base 256", "extended header"])
def test_a_negative_size_does_not_lead_in_circles(tmp_path: Path, where: str) -> None:
    member = tarfile.TarInfo("cat/0.png")
    if where == "extended header":
        member.pax_headers = {"size": "-1024"}
    header = bytearray(member.tobuf(tarfile.PAX_FORMAT))
    if where != "extended header":
        size = b"-0000002000\0" if where == "header" else (-1024).to_bytes(12, "big", signed=True)
        header[124:136] = size
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "pets.tar").write_bytes(bytes(header) + bytes(10_240))
    with pytest.raises(DesignerError, match=r"pets.tar is no readable TAR archive"):
        open_dataset(tmp_path / "pets.tar")


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@pytest.mark.parametrize("damage", ["cut behind an entry", "cut in a header", "damaged header"])
def test_an_archive_that_ends_too_early_is_told(tmp_path: Path, mode: str, damage: str) -> None:
    write_tar(tmp_path / "whole.tar", PETS)
    assert open_dataset(tmp_path / "whole.tar").findings == ()
    content = bytearray((tmp_path / "whole.tar").read_bytes())
    with tarfile.open(tmp_path / "whole.tar") as archive:
        last = archive.getmembers()[-1].offset
    if damage == "damaged header":
        content[last + 148 : last + 154] = b"123456"
    else:
        del content[last + 100 * (damage == "cut in a header") :]
    path = tmp_path / ("pets.tar" if mode == "w" else "pets.tgz")
    path.write_bytes(content if mode == "w" else gzip.compress(content))
    data = open_dataset(path)
    assert len(data.train) == len(PETS) - 1
    (found,) = data.findings
    assert (found.code, found.kind) == ("archive-cut-off", "warning")
    assert f"{path} stops without" in found.sentence


def test_no_more_is_read_of_what_begins_as_no_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 2**25
    with zipfile.ZipFile(tmp_path / "pets.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number, name in enumerate(PETS):
            archive.writestr(name, picture(number))
        archive.writestr("dog/zeros.png", bytes(size))
    unpacked: list[int] = []
    real = ZipFiles._content

    def content(self: ZipFiles, name: str, place: zipfile.ZipInfo, wanted: int) -> bytes:
        unpacked.append(wanted)
        return real(self, name, place, wanted)

    monkeypatch.setattr(ZipFiles, "_content", content)
    data = open_dataset(tmp_path / "pets.zip")
    describe(data)
    (broken,) = inspect(data).broken
    assert broken.file == "dog/zeros.png"
    assert broken.reason.startswith("it is not a picture")
    assert max(unpacked) < size
    assert data.train.images.files.read("dog/zeros.png") == bytes(size)


def test_archives_of_a_folder_are_read_by_decoder_processes_too(tmp_path: Path) -> None:
    write_zip(tmp_path / "train.zip", PETS)
    write_tar(tmp_path / "test.tgz", ["cat/7.png", "dog/9.png"], mode="w:gz")
    data = open_dataset(tmp_path)
    assert data.test is not None
    files = data.train.images.files
    copy = pickle.loads(pickle.dumps(files))
    assert copy == files
    assert [copy.read(f"train/{name}") for name in PETS] == [picture(i) for i in range(len(PETS))]
    assert copy.where("train/cat/0.png") == f"cat/0.png in {tmp_path / 'train.zip'}"
    inspection = inspect(data, processes=1)
    assert inspection.broken == ()
    assert inspection.parts["train"].name(0) == "train/cat/0.png"
    skipped = open_dataset(tmp_path, ReadOptions(skip=("train/cat/0.png",)))
    assert len(skipped.train) == len(data.train) - 1
