"""A packed archive shows how far it is unpacked, and can be canceled, in panel and Data window."""

import tarfile
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton

from designer.data import cache_folder, unpacking
from designer.gui.data.window import DataWindow
from tests.gui.data.conftest import write_folders

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A compressed TAR archive of pictures, and an empty cache."""
    monkeypatch.setattr(cache_folder, "folder", lambda: tmp_path / "cache")
    folder = write_folders(tmp_path / "pets", {"cat": 12, "dog": 12})
    with tarfile.open(tmp_path / "pets.tar.gz", "w:gz") as archive:
        archive.add(folder, "pets")
    return tmp_path / "pets.tar.gz"


@pytest.fixture
def go_on(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Unpacking pauses at 43 % until this event is set."""
    event, copy = threading.Event(), unpacking._copy

    def slow(source, target, path, *more):
        unpacking._Share.now = 0.43
        while not event.wait(0.02):
            unpacking._tell(path, 0.43)
        copy(source, target, path, *more)

    monkeypatch.setattr(unpacking, "_copy", slow)
    return event


def test_it_shows_how_far_it_is_and_is_canceled(desk, packed, go_on):
    desk.workspace.open_preset("lenet5", {"classes": 2})
    data = desk.training.set_up.data
    data.chosen.emit(str(packed))
    words = desk.training.findChild(QLabel, "data-arrived")
    desk.wait(words.isVisible)
    assert words.text() == "Unpacking pets.tar.gz: 43 % so far …"
    bar = desk.training.findChild(QProgressBar, "data-progress")
    assert bar.value() == 0.43 * bar.maximum()
    desk.qtbot.mouseClick(desk.training.findChild(QPushButton, "data-cancel"), LEFT)
    assert desk.training.refusal() == "Reading was canceled."
    assert not words.isVisible() and not bar.isVisible()
    desk.wait(lambda: not list(cache_folder.folder().rglob("*.part")))
    go_on.set()
    data.read_again()
    desk.wait(lambda: data.reading is not None)
    assert data.reading.description.classes == ("cat", "dog")
    assert not words.isVisible()


def test_the_data_window_shows_it_as_well(desk, packed, go_on, remembered):
    desk.workspace.open_preset("lenet5", {"classes": 2})
    desk.training.set_up.data.chosen.emit(str(packed))
    window = DataWindow(desk.workspace, remembered)
    desk.qtbot.addWidget(window)
    window.appear()
    desk.wait(lambda: window.doing.text() == "Unpacking pets.tar.gz: 43 % so far …")
    assert window.doing.isVisible() and window.bar.value() == 0.43 * window.bar.maximum()
    desk.qtbot.mouseClick(window.cancel, LEFT)
    assert window.model.error == "Reading was canceled."
    go_on.set()
    desk.qtbot.mouseClick(window.again, LEFT)
    desk.wait(lambda: window.model.contents is not None)
    assert desk.training.set_up.data.error == ""
