"""The window on screens of the usual sizes, and what becomes of sizes that the user chose."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTabBar
from pytestqt.qtbot import QtBot

from designer import preferences
from designer.gui.base import screens
from designer.gui.shell.dock_layout import groups
from designer.gui.shell.docks import BOTTOM, DOCKS
from designer.gui.shell.main_window import MainWindow
from tests.gui.hands import activate
from tests.gui.screenshots import SIZES, on_screen

LEFT = Qt.MouseButton.LeftButton


def resize(window: MainWindow, qtbot: QtBot, width: int) -> None:
    """Resize a window as a user does, which waits for the window's least width to follow."""

    def has_width() -> bool:
        window.resize(width, 700)
        return window.width() == width

    qtbot.waitUntil(has_width)


@pytest.mark.parametrize("name", SIZES)
def test_everything_is_shown_on_a_screen_of(name: str, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": on_screen(tmp_path, SIZES[name]),
        "QT_SCALE_FACTOR": str(SIZES[name][2]),
    }
    command = [sys.executable, "-m", "tests.gui.shell.on_screen"]
    done = subprocess.run(  # noqa: PLW1510 - asserted with what it printed
        command, capture_output=True, env=environment, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["welcome"] and seen["inside"], "the frame is within the free area of the screen"
    assert seen["across"] >= 0.499 and seen["down"] >= 0.499, seen
    assert all(seen["dialogs"].values()), seen["dialogs"]
    assert seen["search"]
    assert seen["cut"] == {row.key: [] for row in DOCKS}
    assert {key: found for key, found in seen["shortened"].items() if found} == {}
    width, _, scale = SIZES[name]
    assert seen["tabbing"] == ("wide" if width / scale >= 1250 else "small")


def test_a_large_screen_is_used() -> None:
    narrow, wide = groups(DOCKS, "narrow"), groups(DOCKS, "wide")
    assert len(groups(DOCKS, "small")) == 1
    below = [row for row in DOCKS if row.area == BOTTOM]
    assert tuple(sorted(row.key for row in below)) in [
        tuple(sorted(row.key for row in group)) for group in narrow
    ]
    assert len(wide) > len(narrow)


def test_a_narrow_window_tabs_its_panels_and_a_wide_one_parts_them(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.workspace.open_preset("lenet5")
    assert window.editor.sizes().tabbing == "wide"
    for width, tabbing in ((1100, "narrow"), (900, "small"), (1100, "narrow"), (1500, "wide")):
        resize(window, qtbot, width)
        assert window.editor.sizes().tabbing == tabbing
        for group in groups(DOCKS, tabbing):
            first = window.docks[group[0].key]
            others = {*window.editor.tabifiedDockWidgets(first), first}
            assert others == {window.docks[row.key] for row in group}
        qtbot.waitUntil(lambda: 2 * window.canvas.width() >= window.editor.width() - 2)


def test_an_arrangement_of_the_user_stays_in_a_narrow_window(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.workspace.open_preset("lenet5")
    window.editor.tabifyDockWidget(window.docks["palette"], window.docks["code"])
    resize(window, qtbot, 1100)
    assert window.docks["code"] in window.editor.tabifiedDockWidgets(window.docks["palette"])
    assert window.docks["training"] not in window.editor.tabifiedDockWidgets(
        window.docks["analysis"]
    )


def drag_line(window: MainWindow, start: QPoint, by: QPoint) -> None:
    """Drag the line between two docks."""
    editor = window.editor
    QTest.mouseMove(editor, start)
    QTest.mousePress(editor, LEFT, Qt.KeyboardModifier.NoModifier, start)
    for part in (1, 2, 3):
        QTest.mouseMove(editor, start + by * part / 3)
        QApplication.processEvents()
    QTest.mouseRelease(editor, LEFT, Qt.KeyboardModifier.NoModifier, start + by)


def test_a_width_that_the_user_gave_is_kept(
    window: MainWindow, qtbot: QtBot, remembered: preferences.Preferences
) -> None:
    window.workspace.open_preset("lenet5")
    window.resize(1500, 800)
    palette = window.docks["palette"]
    qtbot.waitUntil(lambda: palette.width() == round(216 * window.editor.width() / 1480))
    line = QPoint(palette.geometry().right() + 1, palette.geometry().center().y())
    drag_line(window, line, QPoint(60, 0))
    qtbot.waitUntil(lambda: palette.width() > 260)
    chosen = palette.width()
    assert window.editor.sizes().left == chosen
    assert window.editor.sizes().right == 0, "only what was dragged"
    for width in (1210, 1800):
        resize(window, qtbot, width)
        qtbot.waitUntil(lambda: palette.width() == chosen)
    window.close()
    again = preferences.load()
    assert again.docks.left == chosen
    other = MainWindow(again)
    qtbot.addWidget(other)
    other.show()
    other.workspace.open_preset("lenet5")
    qtbot.waitUntil(lambda: other.docks["palette"].width() == chosen)
    other.editor.arrange()
    assert other.editor.sizes().left == 0
    qtbot.waitUntil(lambda: other.docks["palette"].width() < chosen)


def test_the_canvas_keeps_half_however_far_a_line_is_dragged(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.workspace.open_preset("lenet5")
    palette = window.docks["palette"]
    line = QPoint(palette.geometry().right() + 1, palette.geometry().center().y())
    drag_line(window, line, QPoint(900, 0))
    assert 2 * window.editor.centralWidget().width() >= window.editor.width() - 2


def test_a_window_of_a_screen_that_is_gone_is_shown_whole(
    window: MainWindow, qtbot: QtBot, remembered: preferences.Preferences
) -> None:
    for x, y, width, height in ((4000, 3000, 1200, 800), (-900, -700, 3000, 2000)):
        window.setGeometry(x, y, width, height)
        remembered.geometry = base64.b64encode(window.saveGeometry().data()).decode()
        other = MainWindow(remembered)
        qtbot.addWidget(other)
        other.show()
        assert other.screen().availableGeometry().contains(other.frameGeometry())
    window.setGeometry(100, 100, 900, 700)
    screens.keep_on_screen(window)
    assert window.geometry().getRect() == (100, 100, 900, 700), "one that fits stays as it is"


def test_one_key_hides_all_panels_and_brings_them_back(window: MainWindow, qtbot: QtBot) -> None:
    window.workspace.open_preset("lenet5")
    activate(window)
    window.docks["inspector"].hide()
    window.show_dock("runs")

    def runs_are_in_front() -> bool:
        return window.docks["runs"].x() >= 0 and any(
            bar.isVisible() and bar.tabText(bar.currentIndex()) == "Runs"
            for bar in window.editor.findChildren(QTabBar)
        )

    qtbot.waitUntil(runs_are_in_front)
    before = {key: dock.isVisible() for key, dock in window.docks.items()}
    widths = {key: window.docks[key].width() for key in ("palette", "runs")}
    qtbot.waitUntil(window.actions_["window.panels"].isEnabled)
    QTest.keyClick(window, Qt.Key.Key_F9)
    qtbot.waitUntil(lambda: not any(dock.isVisible() for dock in window.docks.values()))
    qtbot.waitUntil(lambda: window.canvas.width() > window.width() - 10)
    qtbot.waitUntil(window.actions_["window.panels"].isChecked)
    QTest.keyClick(window, Qt.Key.Key_F9)
    assert {key: dock.isVisible() for key, dock in window.docks.items()} == before
    qtbot.waitUntil(runs_are_in_front)
    qtbot.waitUntil(
        lambda: all(abs(window.docks[key].width() - was) < 3 for key, was in widths.items())
    )


def test_a_panel_opened_while_all_are_hidden(window: MainWindow, qtbot: QtBot) -> None:
    """The next press hides it with the others, and the one after shows all."""
    window.workspace.open_preset("lenet5")
    activate(window)
    qtbot.waitUntil(window.actions_["window.panels"].isEnabled)
    QTest.keyClick(window, Qt.Key.Key_F9)
    window.show_dock("training")
    assert not window.panels_hidden
    QTest.keyClick(window, Qt.Key.Key_F9)
    assert window.panels_hidden
    QTest.keyClick(window, Qt.Key.Key_F9)
    assert all(not dock.isHidden() for dock in window.docks.values())


def test_full_screen_and_back(window: MainWindow, qtbot: QtBot) -> None:
    activate(window)
    before = window.geometry()
    QTest.keyClick(window, Qt.Key.Key_F11)
    qtbot.waitUntil(window.isFullScreen)
    QTest.keyClick(window, Qt.Key.Key_F11)
    qtbot.waitUntil(lambda: not window.isFullScreen())
    assert window.geometry() == before


def test_f6_goes_through_all_panels(window: MainWindow, qtbot: QtBot) -> None:
    window.workspace.open_preset("lenet5")
    activate(window)
    window.canvas.setFocus()
    qtbot.waitUntil(window.actions_["window.next_panel"].isEnabled)
    seen = []
    for _ in range(5):
        focus = QApplication.focusWidget()
        seen.append(next((key for key, dock in window.docks.items()
                          if dock.isAncestorOf(focus)), "canvas"))  # fmt: skip
        QTest.keyClick(focus, Qt.Key.Key_F6)
    assert seen == ["canvas", "palette", "inspector", "analysis", "training"]
    assert window.canvas.isAncestorOf(QApplication.focusWidget())
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    assert window.docks["training"].isAncestorOf(QApplication.focusWidget())
