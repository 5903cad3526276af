"""The page of keys and gestures, and the page about the program."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from designer import __version__
from designer.gui.commands import help as help_
from designer.gui.commands.actions import ACTIONS
from designer.gui.commands.help import GESTURES, AboutDialog, ShortcutsDialog
from designer.gui.shell.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def page(window: MainWindow, qtbot: QtBot) -> ShortcutsDialog:
    """The page of keys, shown."""
    dialog = ShortcutsDialog(window.actions_, window)
    dialog.show()
    qtbot.waitExposed(dialog)
    return dialog


def lines(page: ShortcutsDialog) -> dict[str, str]:
    """Return the rows that are seen: their keys by what they are called."""
    tree = page.tree
    groups = [tree.topLevelItem(number) for number in range(tree.topLevelItemCount())]
    rows = [group.child(row) for group in groups for row in range(group.childCount())]
    return {row.text(0): row.text(1) for row in rows if not row.isHidden()}


def test_every_action_and_gesture_has_a_row(page: ShortcutsDialog) -> None:
    seen = lines(page)
    assert len(seen) == len(ACTIONS) + len(GESTURES)
    assert seen["New"] == "Ctrl+N"
    assert seen["Redo"] == "Ctrl+Shift+Z, Ctrl+Y"
    assert seen["Alt+drag a node"] == ""


def test_search(page: ShortcutsDialog, qtbot: QtBot) -> None:
    qtbot.keyClicks(page.filter, "ctrl+g")
    assert set(lines(page)) == {"Group into a block"}
    qtbot.keyClick(page.filter, Qt.Key.Key_Escape)
    assert page.isVisible()
    qtbot.keyClicks(page.filter, "mouse drag")
    assert set(lines(page)) <= {gesture for gesture, _ in GESTURES}
    qtbot.keyClicks(page.filter, "zzz")
    assert lines(page) == {}
    assert page.nothing.isVisible()


def test_escape_closes(page: ShortcutsDialog, qtbot: QtBot) -> None:
    with qtbot.waitSignal(page.destroyed):
        qtbot.keyClick(page.filter, Qt.Key.Key_Escape)


def test_about(window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[QUrl] = []

    def open_(url: QUrl) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(help_.QDesktopServices, "openUrl", open_)
    window.actions_["help.about"].trigger()
    dialog = window.findChild(AboutDialog)
    assert dialog.isVisible()
    words = " ".join(label.text() for label in dialog.findChildren(help_.QLabel))
    for word in (f"Version {__version__}", "MIT", "LGPL", "SIL Open Font"):
        assert word in words
    qtbot.mouseClick(dialog.findChild(QPushButton, "about-open-runs"), LEFT)
    assert [url.toLocalFile() for url in opened] == [window.preferences.runs_folder]
    assert Path(window.preferences.runs_folder).is_dir()
    assert not dialog.message.isVisible()


def test_a_folder_that_cannot_be_shown(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(help_.QDesktopServices, "openUrl", lambda _: False)
    dialog = AboutDialog(window)
    dialog.show()
    dialog.open_folder(tmp_path)
    assert str(tmp_path) in dialog.message.text()
    (tmp_path / "file").write_text("")
    dialog.open_folder(tmp_path / "file" / "below")
    assert "cannot be created" in dialog.message.text()
