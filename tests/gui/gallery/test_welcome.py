"""The welcome page: buttons, open and recent designs; pictures of networks."""

from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from designer import preferences, presets
from designer.analysis.analysis import analyze
from designer.design import edits, files
from designer.design.values import Design
from designer.gui.base.theme import DARK
from designer.gui.documents import sketches, thumbnails
from designer.gui.shell.main_window import MainWindow
from designer.layers.category import Category
from tests.gui.hands import activate

LEFT = Qt.MouseButton.LeftButton


def remember(window: MainWindow, *paths: Path) -> None:
    window.preferences.recent = [str(path) for path in paths]
    window.welcome.refresh()


@pytest.mark.parametrize(
    ("name", "signal"),
    [
        ("welcome-demo", "demo_requested"),
        ("welcome-new", "new_requested"),
        ("welcome-open", "open_requested"),
        ("welcome-tour", "tour_requested"),
    ],
)
def test_buttons(
    home: Path, remembered: preferences.Preferences, qtbot: QtBot, name: str, signal: str
) -> None:
    from designer.gui.documents.workspace import Workspace
    from designer.gui.gallery.welcome import Welcome

    page = Welcome(Workspace(), remembered)
    qtbot.addWidget(page)
    page.show()
    with qtbot.waitSignal(getattr(page, signal)):
        qtbot.mouseClick(page.findChild(QPushButton, name), LEFT)


@pytest.mark.slow
def test_the_demo_trains_lenet(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.mouseClick(window.welcome.demo, LEFT)
    assert window.workspace.document.preset == "lenet5"
    qtbot.waitUntil(lambda: window.trainer.shown is not None, timeout=60_000)
    follower = window.trainer.shown
    qtbot.waitUntil(lambda: follower.history.steps.rows > 1, timeout=60_000)
    assert follower.run.recipe().data.source == "mnist10k"
    window.training.stop()
    qtbot.waitUntil(lambda: not window.training.running, timeout=60_000)


def test_a_button_leads_back_to_the_design(window: MainWindow, qtbot: QtBot) -> None:
    back = window.welcome.back
    assert not back.isVisible()
    first = window.workspace.open_preset("lenet5")
    window.workspace.open_preset("alexnet")
    window.workspace.show(first)
    window.actions_["file.welcome"].trigger()
    assert back.isVisible()
    assert back.text() == "Back to LeNet-5"
    qtbot.mouseClick(back, LEFT)
    assert window.workspace.document is first
    assert window.pages.currentWidget() is window.editor


def test_back_leads_to_what_is_still_open(window: MainWindow) -> None:
    first = window.workspace.open_preset("lenet5")
    second = window.workspace.open_preset("alexnet")
    window.workspace.show(None)
    assert window.welcome.mine is second
    window.workspace.close(second)
    assert window.welcome.mine is first


def test_recent_designs(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    assert not window.welcome.recent.isVisible()
    kept, gone = tmp_path / "kept.json", tmp_path / "gone.json"
    files.save(presets.load("lenet5"), kept)
    remember(window, gone, kept)
    rows = window.welcome.recent.rows
    qtbot.waitUntil(lambda: rows[0].fault != "")
    assert rows[1].fault == ""
    qtbot.mouseClick(rows[0], LEFT)
    assert window.workspace.document is None
    message = window.welcome._message
    assert message.isVisible()
    assert "the file is missing" in message.text()
    qtbot.mouseClick(rows[1], LEFT)
    assert window.workspace.document.path == kept


def test_a_recent_design_is_forgotten(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    remember(window, one, other)
    recent = window.welcome.recent
    activate(window)
    row = recent.rows[0]
    row.setFocus()
    assert row.cross.isVisible()
    qtbot.mouseClick(row.cross, LEFT)
    assert window.preferences.recent == [str(other)]
    assert preferences.load().recent == [str(other)]
    recent.rows[0].setFocus()
    qtbot.keyClick(recent.rows[0], Qt.Key.Key_Delete)
    assert window.preferences.recent == []
    assert not recent.isVisible()


def test_a_preset_opens_with_other_arguments(window: MainWindow) -> None:
    document = window.workspace.open_preset("lenet5", {"classes": 7})
    assert document.design == edits.set_argument(presets.load("lenet5"), "classes", 7)
    assert document.modified
    window.workspace.revert()
    assert document.design == presets.load("lenet5")


def test_pictures_follow_the_network() -> None:
    lenet = sketches.sketch(analyze(presets.load("lenet5")))
    assert [box.category for box in lenet.boxes[:2]] == [Category.PORT, Category.CONVOLUTION]
    assert lenet.boxes[1].height > lenet.boxes[-2].height
    residual = sketches.sketch(analyze(presets.load("resnet50")))
    columns = [box.column for box in residual.boxes]
    skips = [pair for pair in residual.wires if columns[pair[1]] - columns[pair[0]] > 1]
    assert len(skips) == 16, "one for each block"
    assert Category.NORMALIZATION not in {box.category for box in residual.boxes}
    branches = sketches.sketch(analyze(presets.load("googlenet")))
    columns = [box.column for box in branches.boxes]
    assert max(columns.count(column) for column in columns) >= 4


def test_a_picture_of_anything(qapp) -> None:
    empty = sketches.sketch(analyze(Design("Empty")))
    assert empty.boxes == ()
    assert thumbnails.picture(empty, QSize(100, 50), 2.0, DARK).width() == 200
