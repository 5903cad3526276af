"""The docks of the table: built, shown, in the menu, and where a stored arrangement puts them."""

import base64

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTabBar
from pytestqt.qtbot import QtBot

from designer.gui.commands.actions import ACTIONS
from designer.gui.shell.docks import BOTTOM, DOCKS, LEFT, RIGHT, Dock
from designer.gui.shell.editor import Editor
from designer.gui.shell.main_window import MainWindow

ROWS = pytest.mark.parametrize("row", DOCKS, ids=lambda row: row.key)


def tab_bars(window: MainWindow | Editor) -> set[tuple[str, ...]]:
    """Return the titles on each visible tab bar of docks."""
    return {
        tuple(bar.tabText(index) for index in range(bar.count()))
        for bar in window.findChildren(QTabBar)
        if bar.isVisible() and bar.objectName() != "documents"
    }


def groups(rows: tuple[Dock, ...] = DOCKS) -> set[tuple[str, ...]]:
    """Return the titles of each group of tabs by the table."""
    found = {
        (first.title, *(row.title for row in rows if row.tab_with == first.key)) for first in rows
    }
    return {each for each in found if len(each) > 1}


@ROWS
def test_a_row_is_complete(row: Dock) -> None:
    known = [each.key for each in DOCKS]
    assert known.count(row.key) == 1
    assert row.help.endswith(".")
    assert row.area in (LEFT, RIGHT, BOTTOM)
    earlier = DOCKS[: known.index(row.key)]
    if row.tab_with:
        first = next(each for each in earlier if each.key == row.tab_with)
        assert first.area == row.area and not first.tab_with
    else:
        assert row.width > 0


def test_every_dock_is_shown_and_in_the_menu(window: MainWindow, qtbot: QtBot) -> None:
    window.workspace.open_preset("lenet5")
    (menu,) = [each for each in window.menuBar().actions() if each.text() == "&Window"]
    entries = [each.text() for each in menu.menu().actions() if not each.isSeparator()]
    actions = [row.text for row in ACTIONS if row.menu == "Window"]
    assert entries == [*actions, *(row.title for row in DOCKS), "&Reset arrangement"]
    for row in DOCKS:
        dock = window.docks[row.key]
        assert dock.widget() is not None
        assert dock.toggleViewAction().toolTip() == row.help
        dock.hide()
        window.show_dock(row.key)
        qtbot.waitUntil(dock.widget().isVisible)


def test_a_panel_is_hidden_while_another_tab_covers_it(window: MainWindow, qtbot: QtBot) -> None:
    window.workspace.open_preset("lenet5")
    panels = {row.key: window.docks[row.key].widget() for row in DOCKS if not row.works_covered}
    front = {row.key for row in DOCKS if row.key in panels and not row.tab_with}
    seen = lambda: {key for key, panel in panels.items() if panel.isVisible()}  # noqa: E731
    qtbot.waitUntil(lambda: seen() == front)
    height = window.docks["training"].height()
    window.show_dock("try")
    qtbot.waitUntil(lambda: seen() == front | {"try"})
    assert window.docks["try"].height() == height
    window.actions_["file.welcome"].trigger()
    window.workspace.open_preset("tabular_mlp")
    qtbot.waitUntil(lambda: seen() == front | {"try"})
    window.show_dock("training")
    qtbot.waitUntil(lambda: seen() == front)


def test_each_group_has_one_tab_bar(window: MainWindow, qtbot: QtBot) -> None:
    window.workspace.open_preset("lenet5")
    qtbot.waitUntil(lambda: tab_bars(window) == groups())
    for _ in range(3):  # Qt makes new bars each time
        window.editor.arrange()
        qtbot.waitUntil(lambda: tab_bars(window) == groups())
    hidden = next(row for row in DOCKS if row.tab_with)
    window.docks[hidden.key].hide()
    qtbot.waitUntil(lambda: not any(hidden.title in bar for bar in tab_bars(window)))
    window.docks[hidden.key].show()
    qtbot.waitUntil(lambda: {frozenset(each) for each in tab_bars(window)} ==
                    {frozenset(each) for each in groups()})  # fmt: skip


@pytest.mark.parametrize("newer", [row for row in DOCKS if row.tab_with], ids=lambda row: row.key)
def test_an_arrangement_from_before_a_dock_existed(
    window: MainWindow, qtbot: QtBot, newer: Dock
) -> None:
    """The others are restored, the new one goes where its row says."""
    before = [row for row in DOCKS if row is not newer]
    editor = Editor(window.workspace, window.trainer, before)
    qtbot.addWidget(editor)
    editor.build()
    editor.show()
    hidden = next(row for row in before if row.tab_with)
    editor.docks[hidden.key].hide()
    window.preferences.arrangement = base64.b64encode(editor.arrangement()).decode()

    window.workspace.open_preset("lenet5")
    docks = window.docks
    assert docks[newer.key].isVisibleTo(window.editor)
    assert not docks[hidden.key].isVisibleTo(window.editor)
    assert docks[newer.tab_with] in window.editor.tabifiedDockWidgets(docks[newer.key])
    assert window.editor.dockWidgetArea(docks[newer.key]) == newer.area
    for row in before:
        assert window.editor.dockWidgetArea(docks[row.key]) == row.area


def test_a_tab_is_dragged_out_into_a_window_with_a_frame(window: MainWindow, qtbot: QtBot) -> None:
    window.workspace.open_preset("lenet5")
    qtbot.waitUntil(lambda: tab_bars(window) == groups())
    bar = next(
        bar
        for bar in window.editor.findChildren(QTabBar)
        if bar.isVisible() and bar.tabText(0) == "Training"
    )
    start = bar.tabRect(0).center()
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    for step in range(1, 25):
        QTest.mouseMove(bar, start - QPoint(0, 12 * step))
        qtbot.wait(5)
    end = start - QPoint(0, 300)
    QTest.mouseRelease(bar, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, end)
    dock = window.docks["training"]
    qtbot.waitUntil(dock.isFloating)
    qtbot.waitUntil(lambda: dock.titleBarWidget() is None)
    assert not dock.windowFlags() & Qt.WindowType.FramelessWindowHint
    dock.setFloating(False)
    qtbot.waitUntil(lambda: dock.titleBarWidget() is not None)
