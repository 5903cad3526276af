"""Names in any script, typed by an input method where nodes and blocks are named."""

from pathlib import Path
from unicodedata import normalize

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit

from designer.design import edits, files, grouping
from designer.gui.base.theme import strong
from designer.gui.canvas.gestures.renaming import NameField
from tests.gui.canvas.gestures.hand import Hand, Key, Keys
from tests.gui.hands import Hands


def compose(text: str, widget=None) -> None:
    """Enter a text that an input method has composed into the focused widget."""
    event = QInputMethodEvent()
    event.setCommitString(text)
    QApplication.sendEvent(widget or QApplication.focusWidget(), event)


@pytest.mark.parametrize("name", ["残差", "größe", "परतें", "слой", "שכבה"])
def test_a_node_is_renamed_over_it_in_any_script(hand: Hand, name: str) -> None:
    hand.click(hand.at("conv"))
    hand.key(Key.Key_F2)
    compose(normalize("NFD", name))
    hand.key(Key.Key_Return)
    assert name in hand.graph.nodes and hand.workspace.selection == {name}
    assert hand.steps == [f"Rename conv to {name}"]


def test_a_name_that_another_node_has_in_another_spelling_is_refused(hand: Hand) -> None:
    hand.click(hand.at("conv"))
    hand.key(Key.Key_F2)
    compose("ａｃｔ")  # in full width, which Python reads as act
    hand.key(Key.Key_Return)
    assert "conv" in hand.graph.nodes and not hand.steps


def test_a_block_is_named_in_any_script(hand: Hand) -> None:
    hand.click(hand.at("conv"))
    hand.click(hand.at("act"), Keys.ShiftModifier)
    hand.key(Key.Key_G, Keys.ControlModifier)
    compose("残差块")
    hand.key(Key.Key_Return)
    assert list(hand.design.blocks) == ["残差块"] and "残差块" in hand.graph.nodes


def test_names_and_expressions_are_typed_into_the_inspector(hand: Hand) -> None:
    design = files.read(Path(__file__).parents[3] / "design" / "scripts.json")
    hand.workspace.add(design, saved=design)
    hand.workspace.look_into("первый")
    hand.workspace.select(["первый.ความจุ"])
    hands = Hands(hand.window)
    field = hands.find(QLineEdit, "field-out_channels")
    field.setFocus()
    field.selectAll()
    compose("=宽度*3")
    hand.key(Key.Key_Return)
    name = hands.find(QLineEdit, "node-name")
    name.setFocus()
    name.selectAll()
    compose("ｌａｙｅｒ２")
    hand.key(Key.Key_Return)
    nodes = hand.design.blocks["残差块"].graph.nodes
    assert nodes["layer2"].parameters["out_channels"] == "=宽度*3"
    assert not hand.workspace.analysis.problems


def test_a_name_that_is_cut_off_is_shown_in_full_at_the_pointer(hand: Hand) -> None:
    name = "a_name_that_is_much_longer_than_a_node_is_wide_2"
    hand.workspace.edit("rename", lambda design: edits.rename_node(design, "conv", name))
    hand.view.reveal(name)
    hand.move(hand.at(name, -20))
    card = hand.view.notes.card
    hand.qtbot.waitUntil(card.isVisible)
    assert strong(name) in card.label.text()
    hand.move(hand.at("act", -20))
    assert not card.isVisible()


def test_a_long_name_of_a_block_leaves_room_in_the_breadcrumb(hand: Hand) -> None:
    name = "long_" * 12
    hand.workspace.edit("group", lambda design: grouping.group(design, ["act"], "B", name))
    hand.workspace.look_into(name)
    here = Hands(hand.window).find(QLabel, "breadcrumb-here")
    assert "…" in here.text() and name in here.toolTip()


@pytest.mark.parametrize("zoom", [0.3, 1.0])
def test_a_long_name_is_not_cut_off_while_it_is_typed(hand: Hand, zoom: float) -> None:
    hand.view.actual_size()
    hand.view.navigator.zoom(zoom, QPointF(hand.view.rect().center()))
    hand.click(hand.at("conv"))
    hand.key(Key.Key_F2)
    (field,) = hand.view.findChildren(NameField)
    hand.type("a_" * 30 + "jgq")
    text = field.fontMetrics().horizontalAdvance(field.text())
    assert field.width() >= text + 16 and field.height() >= field.sizeHint().height()
    assert hand.view.rect().contains(field.geometry())
    assert field.cursorRect().right() < field.width()
    hand.key(Key.Key_Escape)
