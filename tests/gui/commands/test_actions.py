"""The action table: complete, without clashes, and every refusal said in words."""

from collections import Counter

import pytest
from PySide6.QtGui import QColor, QKeySequence
from PySide6.QtWidgets import QToolBar

from designer.gui.base import icons, theme
from designer.gui.canvas.gestures.menus import CANVAS_MENU, NODE_MENU
from designer.gui.commands.actions import ACTIONS, MENUS, TOOLBAR
from designer.gui.shell.main_window import MainWindow


def test_rows_are_complete() -> None:
    keys = [row.key for row in ACTIONS]
    assert len(keys) == len(set(keys))
    for row in ACTIONS:
        assert row.menu in MENUS
        assert row.help.endswith("."), row.key
        assert not row.icon or icons.path(row.icon).is_file(), row.key
        for text in filter(None, row.shortcut.split("; ")):
            assert QKeySequence(text).toString(), f"{row.key}: {text}"
    for name in (*TOOLBAR, *CANVAS_MENU, *NODE_MENU):
        assert not name or name in keys


def test_no_shortcut_means_two_things() -> None:
    used = Counter(
        QKeySequence(text).toString()
        for row in ACTIONS
        for text in filter(None, row.shortcut.split("; "))
    )
    assert [text for text, number in used.items() if number > 1] == []


def test_what_cannot_be_done_says_why(window: MainWindow) -> None:
    actions = window.actions_
    actions.refresh()
    for key in ("file.save", "edit.undo", "layer.group", "train.start"):
        assert not actions[key].isEnabled()
        assert actions[key].whatsThis().count(".") >= 2, key
    window.workspace.open_preset("lenet5")
    actions.refresh()
    assert actions["file.save"].isEnabled()
    assert "No node is selected." in actions["layer.group"].toolTip()
    assert "Nothing was changed yet." in actions["edit.undo"].toolTip()


def test_undo_names_its_step(window: MainWindow) -> None:
    from designer.design import edits

    window.workspace.open_preset("lenet5")
    window.workspace.edit(
        "Set stride of conv1", lambda d: edits.set_parameter(d, "conv1", "stride", 2)
    )
    window.actions_.refresh()
    assert window.actions_["edit.undo"].text() == "&Undo: Set stride of conv1"
    window.actions_["edit.undo"].trigger()
    window.actions_.refresh()
    assert window.actions_["edit.redo"].text() == "&Redo: Set stride of conv1"
    assert not window.workspace.document.modified


@pytest.mark.parametrize("look", ["light"], indirect=True)
def test_the_icon_of_the_main_button_is_white_and_the_menus_is_not(window: MainWindow) -> None:
    action = window.actions_["train.start"]
    button = window.findChild(QToolBar, "toolbar").widgetForAction(action)
    window.workspace.open_preset("lenet5")
    window.actions_.refresh()  # enables it, after which a tool button takes its action's icon
    for icon, color in ((button.icon(), "#ffffff"), (action.icon(), theme.LIGHT.text)):
        image = icon.pixmap(32, 32).toImage()
        tints = {image.pixelColor(x, y).name() for x in range(32) for y in range(32)
                 if image.pixelColor(x, y).alpha() == 255}  # fmt: skip
        assert tints == {QColor(color).name()}
