"""The settings: counted at once, folders checked, all of it taken back by one button."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QDialogButtonBox, QLabel, QToolButton
from pytestqt.qtbot import QtBot

from designer import preferences
from designer.gui.base import theme
from designer.gui.forms import folder_field
from designer.gui.forms.folder_field import folder_fault
from designer.gui.shell.main_window import MainWindow
from designer.gui.shell.settings import SettingsDialog
from tests.gui.hands import activate

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def applied() -> list[str]:
    """What was applied, a word for each time."""
    return []


@pytest.fixture
def dialog(
    qtbot: QtBot, look: str, remembered: preferences.Preferences, applied: list[str]
) -> SettingsDialog:
    """The settings, shown."""
    form = SettingsDialog(remembered, lambda: applied.append("applied"))
    qtbot.addWidget(form)
    form.show()
    qtbot.waitExposed(form)
    activate(form)
    return form


def fault(dialog: SettingsDialog, name: str) -> str:
    label = dialog.findChild(QLabel, f"{name}-fault")
    return label.text() if label.isVisible() else ""


def test_shows_the_preferences(dialog: SettingsDialog, applied: list[str]) -> None:
    assert dialog.findChild(QToolButton, "settings-theme-dark").isChecked()
    assert not dialog.standby.isChecked()
    assert dialog.autosave.value() == 0.5
    assert dialog.autosave.lineEdit().width() > 200
    assert applied == []


def test_a_change_counts_at_once(dialog: SettingsDialog, applied: list[str], qtbot: QtBot) -> None:
    qtbot.mouseClick(dialog.standby, LEFT, pos=QPoint(8, dialog.standby.height() // 2))
    qtbot.keyClick(dialog.device, Qt.Key.Key_Down)
    qtbot.keyClick(dialog.numbers, Qt.Key.Key_End)
    dialog.autosave.setFocus()
    dialog.autosave.selectAll()
    qtbot.keyClicks(dialog.autosave, "3")
    qtbot.keyClick(dialog.autosave, Qt.Key.Key_Tab)
    chosen = dialog.preferences
    assert (chosen.device, chosen.numbers, chosen.autosave_seconds) == ("cpu", "plain", 3.0)
    assert chosen.standby
    assert len(applied) >= 4


def test_the_theme_changes_under_the_dialog(window: MainWindow, qtbot: QtBot) -> None:
    form = SettingsDialog(window.preferences, window.apply_preferences, window)
    form.show()
    qtbot.mouseClick(form.findChild(QToolButton, "settings-theme-light"), LEFT)
    assert not theme.colors().dark
    assert preferences.load().theme == "light"
    qtbot.mouseClick(form.findChild(QToolButton, "settings-theme-dark"), LEFT)
    assert theme.colors().dark
    qtbot.keyClick(form, Qt.Key.Key_Escape)
    assert not form.isVisible()


def test_a_folder_that_cannot_be_used(
    dialog: SettingsDialog, applied: list[str], qtbot: QtBot, tmp_path: Path
) -> None:
    before = dialog.preferences.runs_folder
    file = tmp_path / "file"
    file.write_text("")
    edit = dialog.runs.edit
    edit.setFocus()
    edit.selectAll()
    qtbot.keyClicks(edit, str(file / "runs"))
    assert "cannot be created" in fault(dialog, "settings-runs")
    qtbot.keyClick(edit, Qt.Key.Key_Tab)
    assert dialog.preferences.runs_folder == before
    edit.setFocus()
    edit.selectAll()
    qtbot.keyClicks(edit, str(tmp_path / "new" / "runs"))
    qtbot.keyClick(edit, Qt.Key.Key_Tab)
    assert fault(dialog, "settings-runs") == ""
    assert dialog.preferences.runs_folder == str(tmp_path / "new" / "runs")
    assert applied == ["applied"]


def test_a_folder_is_chosen(
    dialog: SettingsDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_field.QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    qtbot.mouseClick(dialog.data.button, LEFT)
    assert dialog.preferences.data_folder == str(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Choose a folder."),
        ("runs", "not a full path"),
        ("{file}", "is a file"),
        ("/proc/runs", "is not writable"),
        ("{folder}", ""),
        ("~/anything", ""),
    ],
)
def test_folder_faults(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "file"
    file.write_text("")
    found = folder_fault(text.format(file=file, folder=tmp_path))
    assert (words in found) if words else not found
    assert not found or found.endswith(".")


def test_reading_needs_an_existing_folder(tmp_path: Path) -> None:
    assert folder_fault("", required=False, writable=False) == ""
    assert "does not exist" in folder_fault(str(tmp_path / "gone"), writable=False)


def test_reset_keeps_memories(dialog: SettingsDialog, applied: list[str], qtbot: QtBot) -> None:
    dialog.preferences.recent = ["/a.json"]
    qtbot.mouseClick(dialog.reset, LEFT)
    assert dialog.preferences == preferences.Preferences(recent=["/a.json"])
    assert dialog.findChild(QToolButton, "settings-theme-system").isChecked()
    assert dialog.standby.isChecked()
    assert applied == ["applied"]


def test_close(dialog: SettingsDialog, qtbot: QtBot) -> None:
    box = dialog.findChild(QDialogButtonBox)
    qtbot.mouseClick(box.button(QDialogButtonBox.StandardButton.Close), LEFT)
    assert not dialog.isVisible()
