"""Writing files: atomic, and kind to what the user made of the old file."""

import errno
import os
import stat
import sys
from pathlib import Path

import pytest

from designer.storage import ReadOnlyFileError, save_file, unwritable, write_atomically

posix = pytest.mark.skipif(os.name != "posix", reason="needs links and modes of POSIX")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@posix
def test_a_link_stays_and_its_target_is_written(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    target, link, chain = elsewhere / "real.json", tmp_path / "a.json", tmp_path / "b.json"
    target.write_text("old")
    link.symlink_to(Path("elsewhere") / "real.json")
    chain.symlink_to(link)
    save_file(chain, b"new")
    assert chain.is_symlink() and link.is_symlink() and not target.is_symlink()
    assert target.read_text() == "new"
    assert sorted(each.name for each in elsewhere.iterdir()) == ["real.json"]


@posix
def test_a_link_whose_target_is_gone_makes_the_target(tmp_path: Path) -> None:
    link = tmp_path / "a.json"
    link.symlink_to(tmp_path / "b.json")
    save_file(link, b"new")
    assert link.is_symlink()
    assert (tmp_path / "b.json").read_text() == "new"


@posix
def test_links_in_a_circle_are_refused_and_stay(tmp_path: Path) -> None:
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    first.symlink_to(second)
    second.symlink_to(first)
    with pytest.raises(OSError, match="symbolic links") as refused:
        save_file(first, b"new")
    assert refused.value.errno == errno.ELOOP
    assert first.is_symlink() and second.is_symlink()
    assert "choose another name" in str(unwritable(first, refused.value))


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755, 0o777])
def test_permissions_stay_and_the_time_is_new(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    path.chmod(mode)
    os.utime(path, (1_000_000, 1_000_000))
    save_file(path, b"new")
    assert _mode(path) == mode
    assert path.stat().st_mtime > 1_000_000
    assert path.read_text() == "new"


@posix
def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.touch()
    save_file(tmp_path / "a.json", b"new")
    assert _mode(tmp_path / "a.json") == _mode(usual)


def test_a_read_only_file_is_refused_and_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    path.chmod(0o444)
    with pytest.raises(ReadOnlyFileError) as refused:
        save_file(path, b"new")
    assert str(unwritable(path, refused.value)) == (
        f"{path} cannot be written (the file is read-only): make it writable, or choose another "
        "name; a file that was there before is unchanged."
    )
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]
    path.chmod(0o644)


@pytest.mark.skipif(sys.platform != "linux", reason="extended attributes of Linux")
def test_extended_attributes_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    try:
        os.setxattr(path, "user.note", b"mine")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    save_file(path, b"new")
    assert os.getxattr(path, "user.note") == b"mine"


@posix
def test_a_pipe_is_no_file_to_write(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(OSError, match="a device or a pipe"):
        save_file(path, b"new")
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")

    def fail(file: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for write in (save_file, write_atomically):
        with pytest.raises(OSError, match="No space left"):
            write(path, fail)
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]


@posix
def test_the_programs_own_files_are_replaced_not_followed(tmp_path: Path) -> None:
    outside, own = tmp_path / "outside", tmp_path / "own"
    outside.write_text("old")
    own.symlink_to(outside)
    write_atomically(own, b"new")
    assert outside.read_text() == "old"
    assert own.read_text() == "new" and not own.is_symlink()


@posix
def test_a_folder_that_cannot_be_synced_does_not_fail_a_finished_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def refuse_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse_folders)
    save_file(tmp_path / "a.json", b"new")
    assert (tmp_path / "a.json").read_text() == "new"
