"""Compressed archives are unpacked once, with reports of how far it is, and an end on request."""

import tarfile
import threading
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from designer.data import cache_folder, unpacking
from designer.data.unpacking import unpacked, watched
from designer.errors import DesignerError

SIZE = 6_000_000  # bytes in the archive, which noise does not make smaller


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A compressed TAR archive of noise, and an empty cache."""
    monkeypatch.setattr(cache_folder, "folder", lambda: tmp_path / "cache")
    path = tmp_path / "noise.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        member = tarfile.TarInfo("noise.bin")
        member.size = SIZE
        archive.addfile(member, BytesIO(np.random.default_rng(0).bytes(SIZE)))
    return path


def test_it_tells_how_far_it_is(packed: Path) -> None:
    told: list[tuple[Path, float]] = []
    with watched(lambda path, share: told.append((path, share)) is not None):
        whole = unpacked(packed)
        assert len(told) >= SIZE // 2**20
        assert {path for path, _ in told} == {packed}
        shares = [share for _, share in told]
        assert shares == sorted(shares) and 0 < shares[0] < 0.5 and shares[-1] == 1.0
        assert tarfile.is_tarfile(whole) and unpacked(packed) == whole
        assert len(told) == len(shares)  # the second time nothing is to be done


def test_it_ends_on_request_and_leaves_nothing(packed: Path) -> None:
    with (
        watched(lambda _, share: share > 0.5),
        pytest.raises(DesignerError, match=r"Unpacking noise\.tar\.gz was canceled"),
    ):
        unpacked(packed)
    left = [path for path in cache_folder.folder().rglob("*") if path.is_file()]
    assert left == []
    assert unpacked(packed).stat().st_size > SIZE


def test_a_second_thread_waits_and_is_told_as_well(
    packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not unpack the archive again."""
    begun, go_on, told, found = (*(threading.Event() for _ in range(3)), [])
    copies: list[Path] = []
    copy = unpacking._copy

    def slow(source, target, path, *more):
        copies.append(path)
        begun.set()
        go_on.wait(20)
        copy(source, target, path, *more)

    monkeypatch.setattr(unpacking, "_copy", slow)
    first = threading.Thread(target=lambda: found.append(unpacked(packed)))
    first.start()
    assert begun.wait(20)  # else the second one may be the first to get here

    def wait_for_it() -> None:
        with watched(lambda *_: bool(told.set())):
            found.append(unpacked(packed))

    second = threading.Thread(target=wait_for_it)
    second.start()
    assert told.wait(20)
    go_on.set()
    for thread in (first, second):
        thread.join(20)
    assert copies == [packed] and len(found) == 2 and found[0] == found[1]
