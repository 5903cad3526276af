"""Clipboard, deletion, blocks and context menus."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from designer import presets
from designer.design.files import loads
from designer.design.values import BlockNode, Design
from designer.gui.shell.main_window import MainWindow
from tests.gui.canvas.gestures.conftest import residual
from tests.gui.canvas.gestures.hand import Hand, Key, Keys

CTRL, SHIFT = Keys.ControlModifier, Keys.ShiftModifier


def select(hand: Hand, *paths: str) -> None:
    hand.workspace.select(paths)
    hand.view.setFocus()


def test_copied_nodes_are_the_text_of_a_design(hand: Hand) -> None:
    select(hand, "conv", "act")
    hand.key(Key.Key_C, CTRL)
    copied = loads(QGuiApplication.clipboard().text())
    assert list(copied.graph.nodes) == ["conv", "act"]
    assert hand.steps == []


def test_pasting_between_designs(hand: Hand) -> None:
    hand.workspace.open_preset("resnet18")
    select(hand, "layer1", "layer2")
    hand.key(Key.Key_C, CTRL)
    hand.workspace.show(hand.workspace.documents[0])
    hand.view.setFocus()
    hand.key(Key.Key_V, CTRL)
    assert hand.steps == ["Paste 2 nodes"]
    assert hand.selected == {"layer1", "layer2"}
    assert ("layer1", "layer2", 0) in hand.edges
    assert list(hand.design.blocks) == ["BasicBlock"]
    hand.key(Key.Key_V, CTRL)
    assert hand.selected == {"layer1_2", "layer2_2"}
    assert list(hand.design.blocks) == ["BasicBlock"]
    positions = [node.at for node in hand.graph.nodes.values()]
    assert None not in positions and len(set(positions)) == len(positions)


def test_text_that_is_no_design_is_refused(hand: Hand) -> None:
    before = hand.design
    QGuiApplication.clipboard().setText("import torch")
    hand.key(Key.Key_V, CTRL)
    assert hand.design is before
    assert hand.sentences[0].startswith("The clipboard holds no nodes: copy some nodes")


def test_cut_moves_to_the_clipboard_and_heals(hand: Hand) -> None:
    select(hand, "act")
    hand.key(Key.Key_X, CTRL)
    assert hand.steps == ["Cut act"]
    assert ("conv", "add", 0) in hand.edges
    hand.key(Key.Key_V, CTRL)
    assert "act" in hand.graph.nodes


def test_duplicates_lie_beside(hand: Hand) -> None:
    select(hand, "conv", "act")
    hand.key(Key.Key_D, CTRL)
    assert hand.steps == ["Duplicate 2 nodes"]
    assert hand.selected == {"conv2", "act2"}
    assert ("conv2", "act2", 0) in hand.edges
    one, two = hand.view.rect_of("conv"), hand.view.rect_of("conv2")
    assert two.left() > one.right()


def test_delete_heals_where_the_shapes_allow(hand: Hand) -> None:
    select(hand, "act")
    hand.key(Key.Key_Delete)
    assert hand.steps == ["Delete act"] and ("conv", "add", 0) in hand.edges
    assert hand.selected == set()
    select(hand, "conv", "side")
    hand.key(Key.Key_Backspace)
    assert hand.steps[-1] == "Delete 2 nodes"
    assert ("image", "add", 0) in hand.edges
    hand.key(Key.Key_Z, CTRL)
    hand.key(Key.Key_Z, CTRL)
    assert hand.design == residual()
    assert hand.selected == {"act"}


def test_take_out_by_keys(hand: Hand) -> None:
    select(hand, "act")
    hand.key(Key.Key_X, CTRL | SHIFT)
    assert hand.steps == ["Take out act"]
    assert "act" in hand.graph.nodes and ("conv", "add", 0) in hand.edges


def test_group_asks_for_a_name_and_is_one_step(hand: Hand) -> None:
    before = hand.design
    select(hand, "conv", "act")
    hand.key(Key.Key_G, CTRL)
    assert hand.field is not None and hand.field.text() == "Block"
    assert hand.field.accessibleName() == "Name of the new block"
    hand.type("Branch")
    hand.key(Key.Key_Return)
    assert hand.steps == ["Group 2 nodes"]
    assert list(hand.design.blocks) == ["Branch"]
    assert hand.graph.nodes["branch"] == BlockNode("Branch")
    assert hand.selected == {"branch"}
    hand.key(Key.Key_Z, CTRL)
    assert hand.design is before
    hand.key(Key.Key_Z, CTRL | SHIFT)
    assert "branch" in hand.graph.nodes


def test_group_keeps_its_first_name_on_escape(hand: Hand) -> None:
    select(hand, "conv", "act")
    hand.key(Key.Key_G, CTRL)
    hand.key(Key.Key_Escape)
    assert list(hand.design.blocks) == ["Block"] and hand.steps == ["Group 2 nodes"]


def test_group_refuses_with_its_reason(hand: Hand) -> None:
    select(hand, "image", "conv")
    hand.key(Key.Key_G, CTRL)
    assert hand.field is None
    assert hand.sentences == [
        "image is an Input, which cannot be in a block; leave it out of the selection."
    ]
    select(hand, "conv", "add")
    hand.key(Key.Key_G, CTRL)
    assert hand.sentences[-1].startswith("act lies between the selected nodes")


def test_dissolve(hand: Hand) -> None:
    select(hand, "conv", "act")
    hand.key(Key.Key_G, CTRL)
    hand.key(Key.Key_Escape)
    hand.key(Key.Key_G, CTRL | SHIFT)
    assert hand.steps == ["Group 2 nodes", "Dissolve block"]
    assert hand.selected == {"conv", "act"}
    assert hand.graph == residual().graph or set(hand.graph.edges) == set(residual().graph.edges)


def test_dissolving_in_a_block_of_a_preset(qtbot: QtBot, window: MainWindow) -> None:
    hand = Hand(qtbot, window, presets.load("resnet50"))
    before = hand.workspace.analysis.totals
    select(hand, "layer2")
    hand.key(Key.Key_G, CTRL | SHIFT)
    assert hand.steps == ["Dissolve layer2"]
    after = hand.workspace.analysis.totals
    assert (after.parameters, after.macs) == (before.parameters, before.macs)


def test_commands_do_nothing_without_a_selection(hand: Hand) -> None:
    for command in ("cut", "copy", "duplicate", "delete", "group", "dissolve", "rename"):
        getattr(hand.window.canvas, command)()
    assert hand.steps == [] and hand.sentences == []


# Context menus


def menu_at(hand: Hand, at: QPoint, *, by_key: bool = False) -> QMenu:
    reason = QContextMenuEvent.Reason
    event = QContextMenuEvent(
        reason.Keyboard if by_key else reason.Mouse, at, hand.view.viewport().mapToGlobal(at)
    )
    QApplication.sendEvent(hand.view.viewport(), event)
    menus = [each for each in hand.view.findChildren(QMenu) if each.isVisible()]
    assert menus
    return menus[-1]


def test_the_menu_of_a_node(hand: Hand) -> None:
    menu = menu_at(hand, hand.pixel(hand.at("conv")))
    assert hand.selected == {"conv"}
    texts = [action.text().replace("&", "") for action in menu.actions()]
    assert "Rename" in texts and "Replace…" in texts
    menu.close()


def test_fixes_come_first(hand: Hand) -> None:
    hand.drag(hand.out("side"), hand.into("fc"))
    menu = menu_at(hand, hand.pixel(hand.at("fc")))
    first = menu.actions()[0]
    assert first.text().startswith("Fix: ")
    assert first.toolTip().startswith("<p>fc: ")
    label = first.text().removeprefix("Fix: ")
    first.trigger()
    menu.close()
    assert hand.steps[-1] == label[0].upper() + label[1:]


def test_the_menu_of_an_edge(hand: Hand) -> None:
    menu = menu_at(hand, hand.pixel(hand.on_edge("conv", "act")))
    texts = [action.text() for action in menu.actions() if not action.isSeparator()]
    assert texts == ["Insert layer…", "Delete edge", "Go to conv", "Go to act"]
    menu.actions()[1].trigger()
    menu.close()
    assert hand.steps == ["Disconnect conv from act"]


def test_the_menu_of_the_ground(hand: Hand) -> None:
    menu = menu_at(hand, hand.pixel(hand.at("side", 190, 60)))
    assert "Paste" in [action.text().replace("&", "") for action in menu.actions()]
    menu.close()


def test_the_menu_key_opens_the_menu_of_the_selection(hand: Hand) -> None:
    select(hand, "act")
    menu = menu_at(hand, QPoint(5, 5), by_key=True)
    assert "Rename" in [action.text().replace("&", "") for action in menu.actions()]
    menu.close()


def test_an_empty_design(qtbot: QtBot, window: MainWindow) -> None:
    hand = Hand(qtbot, window, Design("new"))
    qtbot.mouseClick(hand.view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(200, 200))
    hand.key(Key.Key_A, CTRL)
    hand.key(Key.Key_G, CTRL)
    hand.key(Key.Key_Delete)
    hand.key(Key.Key_D, CTRL)
    assert hand.steps == []
