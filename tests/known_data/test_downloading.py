"""Whole data sets from a server of the test's own."""

import gzip
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from designer.data import open_dataset
from designer.errors import DesignerError
from designer.known_data import KNOWN, NotHereError, downloading, find
from designer.known_data.downloading import download
from designer.known_data.failures import CanceledError
from designer.known_data.progress import Progress
from tests.engine.samples import write_data
from tests.known_data.samples import offer
from tests.known_data.server import Answers


@pytest.mark.parametrize("name", KNOWN)
def test_a_data_set_is_downloaded_and_read(
    name: str, server: Answers, downloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if KNOWN[name].needs:
        pytest.importorskip(KNOWN[name].needs, exc_type=ImportError)
    row = offer(server, monkeypatch, name)
    with pytest.raises(NotHereError, match=f"^{row.title} is not on this computer: download it"):
        open_dataset(name)
    seen: list[Progress] = []
    folder = download(name, seen.append)
    assert folder == find(name) == downloads / name / row.subfolder
    assert seen[-1].done <= seen[-1].total
    data = open_dataset(name)
    assert data.name == name
    assert len(data.train) == 40 * max(1, len(row.contents) - 1 if name == "cifar10" else 1)
    assert data.test is not None and len(data.test) == 40
    assert len(data.classes) == {"cifar100": 100, "flowers102": 102}.get(name, 10)
    left = {path.name for path in (downloads / name).iterdir()}
    contents = {content.partition("/")[0] for content in row.contents}
    asides = {".download", row.subfolder} if row.subfolder else {".download", *contents}
    assert left == asides
    asked = len(server.asked)
    assert download(name) == folder
    assert len(server.asked) == asked


def test_files_that_users_put_there_are_used(
    server: Answers, downloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = offer(server, monkeypatch, "cifar10")
    (downloads / "cifar10").mkdir(parents=True)
    (downloads / "cifar10" / row.files[0].name).write_bytes(
        server.files[f"/cifar10/{row.files[0].name}"]
    )
    assert find("cifar10") is None
    download("cifar10")
    assert find("cifar10") and not server.asked


def test_the_folder_of_a_package_comes_first(
    server: Answers, downloads: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    row = offer(server, monkeypatch, "fashion_mnist")
    download("fashion_mnist")
    package = tmp_path / "share" / "fashion-mnist"
    package.parent.mkdir()
    (downloads / "fashion_mnist").rename(package)
    assert find("fashion_mnist") is None
    monkeypatch.setitem(KNOWN, "fashion_mnist", replace(row, installed=(str(package),)))
    assert find("fashion_mnist") == package
    assert open_dataset("fashion_mnist").classes[0] == "T-shirt/top"


def test_files_that_are_unpacked_already_count(
    server: Answers, downloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = offer(server, monkeypatch, "mnist")
    (downloads / "mnist").mkdir(parents=True)
    for file in row.files:
        content = gzip.decompress(server.files[f"/mnist/{file.name}"])
        (downloads / "mnist" / file.name.removesuffix(".gz")).write_bytes(content)
    assert find("mnist") == downloads / "mnist"
    assert len(open_dataset("mnist").train) == 40


def test_a_folder_of_the_same_name_is_opened_while_nothing_is_downloaded(
    downloads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_data(tmp_path / "own.npz").rename(tmp_path / "mnist")
    with pytest.raises(DesignerError, match="is no data set"):
        open_dataset("mnist")


def test_without_network_the_sentence_says_which_files_go_where(
    server: Answers, downloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = offer(server, monkeypatch, "cifar10")
    server.files.clear()
    with pytest.raises(DesignerError) as caught:
        download("cifar10")
    text = str(caught.value)
    assert "(HTTP status 404): the file was moved" in text
    assert "Without a network, put cifar-10-binary.tar.gz, which" in text
    assert row.page in text and f"into the folder {downloads / 'cifar10'}{os.sep} and" in text


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(DesignerError, match="No data set called cifar can be downloaded: choose"):
        download("cifar")


class _Usage(NamedTuple):
    free: int


def test_a_disk_without_space_is_said_before_anything_is_downloaded(
    server: Answers, downloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(server, monkeypatch, "cifar10")
    monkeypatch.setattr(downloading.shutil, "disk_usage", lambda _: _Usage(10))
    with pytest.raises(DesignerError, match=r"CIFAR-10 needs .* only 10 are free there: free some"):
        download("cifar10")
    assert not server.asked


def test_a_folder_that_cannot_be_made_is_said(
    server: Answers, downloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(server, monkeypatch, "mnist")
    downloads.parent.mkdir(parents=True)
    downloads.write_text("a file")
    with pytest.raises(DesignerError, match="cannot be written"):
        download("mnist")


def test_an_archive_without_the_files_is_refused(
    server: Answers, downloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = offer(server, monkeypatch, "cifar10")
    monkeypatch.setitem(KNOWN, "cifar10", replace(row, contents=("absent.bin",)))
    with pytest.raises(DesignerError, match=r"absent\.bin are not in it"):
        download("cifar10")


def started(work: Callable[[], object], failed: list[Exception]) -> threading.Thread:
    def body() -> None:
        try:
            work()
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    return thread


def test_a_second_download_waits_for_the_first(
    server: Answers, downloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(server, monkeypatch, "mnist")
    server.pause = threading.Event()
    monkeypatch.setattr(downloading, "_LOOK", 0.01)
    failed: list[Exception] = []
    arriving, waiting = threading.Event(), threading.Event()
    first = started(lambda: download("mnist", lambda _: arriving.set()), failed)
    assert arriving.wait(20)

    def second_progress(state: Progress) -> None:
        if state.stage == "waiting":
            waiting.set()

    second = started(lambda: download("mnist", second_progress), failed)
    assert waiting.wait(20)
    with pytest.raises(CanceledError, match="Waiting for the other program"):
        download("mnist", canceled=lambda: True)
    server.pause.set()
    first.join()
    second.join()
    assert not failed
    assert len(server.asked) == 4  # each file once
    assert len(open_dataset("mnist").train) == 40


_PROGRAM = """
import sys
from designer.known_data import KNOWN, downloading
from designer.known_data.table import KnownData, RemoteFile
import msgspec
KNOWN["mnist"] = msgspec.json.decode(sys.argv[1], type=KnownData)
print(downloading.download("mnist", lambda _: print("arriving", flush=True)))
"""


def test_a_killed_download_is_continued(
    server: Answers, downloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed process leaves a partial file and no lock."""
    row = offer(server, monkeypatch, "mnist")
    server.pause = threading.Event()
    program = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, msgspec.json.encode(row).decode()],
        stdout=subprocess.PIPE,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == b"arriving\n"
    program.kill()
    program.communicate()
    server.pause.set()
    parts = [path.name for path in (downloads / "mnist").glob("*.part")]
    assert parts == ["train-images-idx3-ubyte.gz.part"]
    download("mnist")
    assert not list((downloads / "mnist").glob("*.part*"))
    assert len(open_dataset("mnist").train) == 40
