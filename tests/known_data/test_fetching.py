"""One file from a server that answers well, badly, or not at all."""

import errno
import hashlib
import random
import socket
from pathlib import Path

import pytest

from designer.errors import DesignerError
from designer.known_data import fetching
from designer.known_data.failures import CanceledError, FetchError
from designer.known_data.table import RemoteFile
from tests.known_data.server import Answers

CONTENT = random.Random(0).randbytes(300_000)


def remote(*urls: str, content: bytes = CONTENT) -> RemoteFile:
    digest = hashlib.md5(content).hexdigest()
    return RemoteFile(name="x.gz", urls=urls, size=len(content), md5=digest)


def fetch(file: RemoteFile, folder: Path, *, seen: list[int] | None = None) -> None:
    reports = [] if seen is None else seen
    fetching.fetch(file, folder, report=reports.append, canceled=lambda: False)


def assert_whole(folder: Path) -> None:
    """The file is there, and nothing else: no partial file is left."""
    assert [path.name for path in folder.iterdir()] == ["x.gz"]
    assert (folder / "x.gz").read_bytes() == CONTENT


def test_a_file_arrives_whole(server: Answers, tmp_path: Path) -> None:
    server.files["/x.gz"] = CONTENT
    file, seen = remote(f"{server.url}/x.gz"), []
    assert not fetching.is_present(file, tmp_path)
    fetch(file, tmp_path, seen=seen)
    assert_whole(tmp_path)
    assert fetching.is_present(file, tmp_path)
    assert seen[0] == 0 and seen[-1] == len(CONTENT) and seen == sorted(seen)


@pytest.mark.parametrize("version", ['"1"', "", 'W/"1"'])
def test_a_connection_that_breaks_off_is_continued(
    server: Answers, tmp_path: Path, version: str
) -> None:
    server.files["/x.gz"], server.version, server.cut = CONTENT, version, [100_000, 50_000]
    fetch(remote(f"{server.url}/x.gz"), tmp_path)
    assert_whole(tmp_path)
    assert [wanted for _, wanted in server.asked] == ["", "bytes=100000-", "bytes=150000-"]


def test_a_server_that_knows_no_ranges_begins_anew(server: Answers, tmp_path: Path) -> None:
    server.files["/x.gz"], server.ranges, server.cut = CONTENT, False, [100_000]
    fetch(remote(f"{server.url}/x.gz"), tmp_path)
    assert_whole(tmp_path)


def test_a_later_call_continues_what_an_earlier_one_left(server: Answers, tmp_path: Path) -> None:
    server.files["/x.gz"], server.cut = CONTENT, [100_000, 0]
    file = remote(f"{server.url}/x.gz")
    with pytest.raises(FetchError, match=r"broke off after 100,000 of 300,000 bytes: try again"):
        fetch(file, tmp_path)
    assert fetching.arrived(file, tmp_path) == 100_000
    assert (tmp_path / "x.gz.part").stat().st_size == 100_000
    fetch(file, tmp_path)
    assert_whole(tmp_path)
    assert server.asked[-1] == ("/x.gz", "bytes=100000-")


def test_a_file_that_changed_on_the_server_is_not_mixed(server: Answers, tmp_path: Path) -> None:
    old = bytes(len(CONTENT))
    server.files["/x.gz"], server.cut = old, [100_000, 0]
    file = remote(f"{server.url}/x.gz")
    with pytest.raises(FetchError):
        fetch(file, tmp_path)
    server.files["/x.gz"], server.version = CONTENT, '"2"'
    fetch(file, tmp_path)
    assert_whole(tmp_path)
    assert len(server.asked) == 3  # the whole file came at once, as its version is another


def test_a_wrong_beginning_is_noticed_and_downloaded_anew(server: Answers, tmp_path: Path) -> None:
    (tmp_path / "x.gz.part").write_bytes(bytes(1000))
    server.files["/x.gz"] = CONTENT
    fetch(remote(f"{server.url}/x.gz"), tmp_path)
    assert_whole(tmp_path)
    assert [wanted for _, wanted in server.asked] == ["bytes=1000-", ""]


def test_a_wrong_file_of_the_same_name_is_replaced(server: Answers, tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(bytes(len(CONTENT)))
    server.files["/x.gz"] = CONTENT
    file = remote(f"{server.url}/x.gz")
    assert not fetching.is_present(file, tmp_path)
    fetch(file, tmp_path)
    assert_whole(tmp_path)


def test_the_next_address_is_tried(server: Answers, tmp_path: Path) -> None:
    server.status["/gone/x.gz"], server.html = 503, {"/portal/x.gz"}
    server.files |= {"/other/x.gz": bytes(len(CONTENT)), "/short/x.gz": b"x", "/x.gz": CONTENT}
    names = ("gone/", "portal/", "missing/", "other/", "short/", "")
    fetch(remote(*(f"{server.url}/{name}x.gz" for name in names)), tmp_path)
    assert_whole(tmp_path)
    assert [path for path, _ in server.asked] == [f"/{name}x.gz" for name in names]


def test_another_address_continues_the_file(server: Answers, tmp_path: Path) -> None:
    server.files |= {"/a/x.gz": CONTENT, "/b/x.gz": CONTENT}
    server.cut = [100_000, 0]
    fetch(remote(f"{server.url}/a/x.gz", f"{server.url}/b/x.gz"), tmp_path)
    assert_whole(tmp_path)
    assert server.asked[-1] == ("/b/x.gz", "bytes=100000-")


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/missing", r"127.0.0.1 does not send .*/missing \(HTTP status 404\): the file was moved"),
        ("/busy", r"127.0.0.1 cannot send .*/busy now \(HTTP status 503\): try again later\."),
        ("/proxy", r"The proxy refuses the connection \(407 .*\): put your user name"),
        ("/portal", r"A web page came from 127.0.0.1 instead of x.gz, as in networks that ask"),
        ("/short", r"is not the file x.gz that was expected, as it has 1 bytes instead of 300,000"),
        ("/other", r"as its MD5 checksum is [0-9a-f]{32}: it was changed, or damaged"),
    ],
)
def test_what_is_said_of_bad_answers(
    server: Answers, tmp_path: Path, path: str, sentence: str
) -> None:
    server.status |= {"/busy": 503, "/proxy": 407}
    server.html = {"/portal"}
    server.files |= {"/short": b"x", "/other": bytes(len(CONTENT))}
    with pytest.raises(FetchError, match=sentence):
        fetch(remote(f"{server.url}{path}"), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_server_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/x.gz"
        with pytest.raises(FetchError, match=r"127.0.0.1 cannot be reached \(.+\): check the net"):
            fetch(remote(url), tmp_path)


def test_a_proxy_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(FetchError, match=r"a\.invalid cannot be reached .* the proxy if there"):
            fetch(remote("http://a.invalid/x.gz"), tmp_path)


def test_a_proxy_that_wants_a_password(
    server: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", server.url)
    server.status["http://a.invalid/x.gz"] = 407
    with pytest.raises(FetchError, match=r"^The proxy refuses .* variable https_proxy"):
        fetch(remote("http://a.invalid/x.gz"), tmp_path)


def test_a_silent_server_counts_as_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(fetching, "PATIENCE", 0.05)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x.gz"
        with pytest.raises(FetchError, match=r"cannot be reached \(timed out\)"):
            fetch(remote(url), tmp_path)


def test_a_download_can_be_canceled(server: Answers, tmp_path: Path) -> None:
    server.files["/x.gz"] = CONTENT
    file, seen = remote(f"{server.url}/x.gz"), []
    with pytest.raises(CanceledError, match="is kept"):
        fetching.fetch(
            file, tmp_path, report=seen.append, canceled=lambda: bool(seen) and seen[-1] > 0
        )
    assert 0 < fetching.arrived(file, tmp_path) < len(CONTENT)
    fetch(file, tmp_path)
    assert_whole(tmp_path)
    assert server.asked[-1][1] == f"bytes={seen[-1]}-"


def test_a_full_disk_is_said(
    server: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["/x.gz"] = CONTENT

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetching.os, "fsync", full)
    monkeypatch.setattr(fetching, "write_atomically", lambda *_: None)
    with pytest.raises(DesignerError, match=r"cannot be written \(No space left.*free some space"):
        fetch(remote(f"{server.url}/x.gz"), tmp_path)


def test_a_folder_that_cannot_be_written_is_said(server: Answers, tmp_path: Path) -> None:
    server.files["/x.gz"] = CONTENT
    (tmp_path / "x.gz.part").mkdir()
    with pytest.raises(DesignerError, match="cannot be"):
        fetch(remote(f"{server.url}/x.gz"), tmp_path)
