"""Files in the window: dropped, opened, broken, saved, closed with unsaved changes."""

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from designer import presets
from designer.design import edits, files
from designer.design.values import LayerNode
from designer.gui.shell import document_files
from designer.gui.shell.main_window import MainWindow


def _drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    place, action = QPoint(10, 10), Qt.DropAction.CopyAction
    button, modifier = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place, action, data, button, modifier)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(place), action, data, button, modifier))


def _answer(button: QMessageBox.StandardButton, asked: list[str]) -> None:
    """Press a button of the question that is about to be asked."""

    def press() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        asked.append(box.text())
        box.button(button).click()

    QTimer.singleShot(0, press)


def _do(window: MainWindow, qtbot: QtBot, key: str) -> None:
    """Trigger an action as soon as it is enabled, which is after the present event."""
    action = window.actions_[key]
    qtbot.waitUntil(action.isEnabled)
    action.trigger()


def _modify(window: MainWindow) -> None:
    window.workspace.edit("add", lambda d: edits.add_node(d, "extra", LayerNode("ReLU")))


def test_a_dropped_design_opens(window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    files.save(presets.load("lenet5"), path)
    _drop(window, path)
    assert window.workspace.document is not None
    assert window.workspace.document.path == path
    assert window.tabs.tabText(0) == "mine.json"
    assert window.preferences.recent == [str(path)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no design file"),
        (b"not a design", "JSON"),
        (b"{}", "format"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "no design file"),
        (b'{"format": "netdesigner/design", "version": 99, "name": "x"}', "version"),
        (b'{"format": "netdesigner/design", "version": 1, "name": "x", "surplus": 1}', "surplus"),
    ],
)
def test_a_dropped_file_that_is_no_design_is_refused_in_words(
    window: MainWindow, tmp_path: Path, content: bytes, words: str
) -> None:
    window.workspace.open_preset("lenet5")
    before = window.workspace.design
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    heard: list[str] = []
    window.workspace.refused.connect(heard.append)
    _drop(window, path)
    assert len(heard) == 1
    assert "broken.json" in heard[0]
    assert words in heard[0]
    assert window.workspace.design is before
    assert window.preferences.recent == []


def test_without_a_design_a_broken_file_is_told_in_a_box(
    window: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "broken.json"
    path.write_text("[")
    asked: list[str] = []
    _answer(QMessageBox.StandardButton.Ok, asked)
    _drop(window, path)
    assert "broken.json" in asked[0]


def test_save_as_asks_where_and_forgets_the_mark(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.workspace.open_preset("lenet5")
    _modify(window)
    assert window.tabs.tabText(0).endswith("•")
    path = tmp_path / "mine"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    _do(window, qtbot, "file.save")
    assert not window.tabs.tabText(0).endswith("•")
    assert files.read(tmp_path / "mine.json") == window.workspace.design


def test_saving_into_a_folder_that_is_gone_loses_nothing(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.workspace.open_preset("lenet5")
    _modify(window)
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "gone" / "x.json"), "")
    )
    heard: list[str] = []
    window.workspace.refused.connect(heard.append)
    _do(window, qtbot, "file.save_as")
    assert "cannot be written" in heard[0]
    assert window.workspace.document is not None
    assert window.workspace.document.modified


def test_closing_asks_about_unsaved_changes(window: MainWindow, qtbot: QtBot) -> None:
    window.workspace.open_preset("lenet5")
    _do(window, qtbot, "file.close")  # nothing would be lost, nothing is asked
    assert not window.workspace.documents
    window.workspace.open_preset("lenet5")
    _modify(window)
    asked: list[str] = []
    _answer(QMessageBox.StandardButton.Cancel, asked)
    window.close()
    assert window.isVisible()
    _answer(QMessageBox.StandardButton.Discard, asked)
    _do(window, qtbot, "file.close")
    assert not window.workspace.documents
    assert asked == ["Save the changes to LeNet-5?"] * 2


def test_the_arrangement_and_the_theme_are_remembered(
    window: MainWindow, qtbot: QtBot, home: Path
) -> None:
    from designer import preferences

    window.build_docks()["inspector"].hide()
    window.preferences.theme = "light"
    window.close()
    again = preferences.load()
    assert again.theme == "light"
    other = MainWindow(again)
    qtbot.addWidget(other)
    other.show()
    other.workspace.open_preset("lenet5")
    assert not other.docks["inspector"].isVisible()
    assert other.docks["palette"].isVisible()
    other.editor.arrange()
    assert other.docks["inspector"].isVisible()


@pytest.mark.parametrize(
    ("name", "file"),
    [("ResNet-50 B", "resnet-50-b"), ("परतें", "परतें"), ("残差 网络", "残差-网络"), ("../", "design")],
)
def test_files_are_named_after_designs_in_any_script(name, file):
    assert document_files._file_name(name) == file
