"""The names of the steps of the history: whole phrases of one table, shown in the Edit menu."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from designer.gui.documents import steps
from designer.gui.inspector.inspector import Inspector
from designer.gui.shell.main_window import MainWindow
from tests.gui.hands import Hands

GUI = Path(steps.__file__).parents[1]
USED_BY_MANY = re.compile(r'"([a-z_]+)"')


@pytest.fixture
def hands(window: MainWindow, qtbot: QtBot) -> Hands:
    window.workspace.open_preset("lenet5")
    return Hands(window, qtbot)


def _undo(hands: Hands) -> str:
    return hands.window.actions_["edit.undo"].text()


def test_each_row_is_a_phrase_that_begins_with_a_capital() -> None:
    for key, text in steps.STEPS.items():
        assert text[0].isupper(), key
        assert not text.endswith("."), key
        if key.endswith("_several"):
            one = steps.STEPS[key.removesuffix("_several")]
            assert "{count} nodes" in text, key
            assert text.split()[0] == one.split()[0], key


def test_each_row_is_used() -> None:
    written = {
        name
        for path in GUI.rglob("*.py")
        if path.name != "steps.py"
        for name in USED_BY_MANY.findall(path.read_text("utf-8"))
    }
    assert {key.removesuffix("_several") for key in steps.STEPS} <= written


def _labels() -> Iterator[tuple[str, ast.expr]]:
    """Yield the first argument of every call of `Workspace.edit`, and where it stands."""
    for path in GUI.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = ast.unparse(node.func.value)
                if node.func.attr == "edit" and owner.endswith("workspace"):
                    yield f"{path.name}:{node.lineno}", node.args[0]


def test_no_step_is_named_outside_the_table() -> None:
    found = list(_labels())
    assert len(found) > 20
    written = [where for where, label in found if isinstance(label, ast.Constant | ast.JoinedStr)]
    assert not written


def test_one_node_is_named_and_several_are_counted() -> None:
    assert steps.step_of("move", ["conv1"]) == "Move conv1"
    assert steps.step_of("move", ["conv1", "fc1"]) == "Move 2 nodes"
    assert steps.step_of("set", ["a", "b"], setting="stride") == "Set stride of 2 nodes"


def test_the_edit_menu_names_what_was_done(hands: Hands) -> None:
    hands.click_node("conv2")
    hands.on_canvas()
    hands.keys("Del")
    assert _undo(hands) == "&Undo: Delete conv2"
    hands.keys("Ctrl+Z")
    assert _undo(hands) == "&Undo"
    assert hands.window.actions_["edit.redo"].text() == "&Redo: Delete conv2"
    hands.on_canvas()
    hands.keys("Ctrl+A")
    hands.keys("Ctrl+D")
    number = len(hands.window.workspace.selection)
    assert _undo(hands) == f"&Undo: Duplicate {number} nodes"


def test_setting_and_resetting_a_field_have_a_name_each(hands: Hands) -> None:
    hands.click_node("conv1")
    inspector = hands.window.findChild(Inspector)
    hands.settle()
    form = inspector.form
    assert form is not None
    editor = form.fields["dilation"]
    editor.widget.setFocus()
    hands.keys("Ctrl+A", editor.widget)
    hands.type("2")
    assert _undo(hands) == "&Undo: Set dilation of conv1"
    hands.click(editor.mark)
    assert _undo(hands) == "&Undo: Reset dilation of conv1"
