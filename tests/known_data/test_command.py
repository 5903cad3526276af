"""The command that downloads a known data set and describes it."""

import json
import sys
from pathlib import Path

import pytest

from designer.cli import main
from tests.known_data.samples import offer
from tests.known_data.server import Answers

Captured = pytest.CaptureFixture[str]


def test_a_data_set_is_downloaded_and_described(
    server: Answers, downloads: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    offer(server, monkeypatch, "cifar10")
    assert main(["data", "cifar10", "--json"]) == 1
    assert "netdesigner data cifar10 --download" in capsys.readouterr().err
    assert main(["data", "cifar10", "--download", "--json"]) == 0
    out, error = capsys.readouterr()
    found = json.loads(out)
    assert (found["name"], error) == ("cifar10", "")
    assert found["path"].startswith(str(downloads))
    assert set(found["counts"]) == {"train", "test"}


def test_a_terminal_shows_progress_and_clears_it(
    server: Answers, downloads: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    offer(server, monkeypatch, "cifar10")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert main(["data", "cifar10", "--download"]) == 0
    shown = capsys.readouterr().err
    assert "cifar10: downloading, " in shown
    assert shown.endswith("\r")
    assert shown.split("\r")[-2].strip() == ""
    assert (downloads / "cifar10").is_dir()


def test_a_download_that_fails_is_one_sentence(
    server: Answers, downloads: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    offer(server, monkeypatch, "cifar10")
    server.files.clear()
    assert main(["data", "cifar10", "--download"]) == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert error.count("\n") == 1
    assert str(downloads) in error
