"""A server of the test's own, and the folder of downloads in a folder of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from designer import preferences
from tests.known_data.server import Answers, serve


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serve() as answers:
        yield answers


@pytest.fixture
def downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return preferences.downloads_folder()
