"""Adding by typing, by dragging from the palette; renaming and replacing in place."""

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from designer.design.values import BlockNode, Design, Edge, LayerNode
from designer.gui.documents import items
from designer.gui.documents.items import Item
from designer.gui.documents.palette_entries import Entry
from designer.gui.shell.main_window import MainWindow
from tests.gui.canvas.gestures.hand import Hand, Key, Keys


def test_tab_adds_behind_the_selected_node(hand: Hand) -> None:
    hand.click(hand.at("conv"))
    hand.key(Key.Key_Tab)
    hand.type("bn")
    assert hand.list is not None
    entry = hand.list.current()
    assert entry is not None and entry.text == "BatchNorm2d" and entry.positions == (0, 5)
    hand.key(Key.Key_Return)
    assert hand.steps == ["Add batchnorm"]
    assert {("conv", "batchnorm", 0), ("batchnorm", "act", 0)} <= hand.edges
    assert hand.selected == {"batchnorm"}
    assert hand.view.hasFocus()


def test_keys_move_in_the_list_past_headers(hand: Hand) -> None:
    hand.key(Key.Key_Tab)
    found = hand.list
    assert found is not None
    texts = []
    for key in (None, Key.Key_Down, Key.Key_PageDown, Key.Key_Up, Key.Key_PageUp, Key.Key_PageUp):
        if key is not None:
            hand.key(key)
        entry = found.current()
        assert isinstance(entry, Entry)
        texts.append(entry.text)
        assert found.help.text() == entry.help.splitlines()[0]
    assert texts[:2] == ["Conv2d", "Conv1d"] and texts[-1] == "Conv2d"
    hand.type("zzz")
    assert found.current() is None
    assert found.help.text() == "Nothing that fits here has such a name."
    hand.key(Key.Key_Return)
    assert hand.list is found
    hand.key(Key.Key_Escape)
    assert hand.list is None and hand.view.hasFocus() and hand.steps == []


def test_a_double_click_on_the_ground_adds_there(hand: Hand) -> None:
    point = hand.at("side", 190, 60)
    hand.double_click(point)
    hand.type("concat")
    hand.key(Key.Key_Return)
    at = hand.graph.nodes["concat"].at
    assert at is not None and (QPointF(*at) - point).manhattanLength() < 3
    assert not any("concat" in edge[:2] for edge in hand.edges)


def test_a_double_click_on_an_edge_adds_into_it(hand: Hand) -> None:
    hand.double_click(hand.on_edge("conv", "act"))
    found = hand.list
    assert found is not None and found.field.placeholderText() == "Insert between conv and act…"
    assert "Output" not in [each.item.name for each in found.model.entries]
    hand.type("drop")
    hand.qtbot.mouseClick(
        found.list.viewport(),
        Qt.MouseButton.LeftButton,
        pos=found.list.visualRect(found.model.index(0)).center(),
    )
    assert {("conv", "dropout", 0), ("dropout", "act", 0)} <= hand.edges


def test_a_layer_that_fits_with_a_warning_is_found_by_its_name(hand: Hand) -> None:
    hand.click(hand.at("conv"))
    hand.key(Key.Key_Tab)
    found = hand.list
    assert found is not None
    assert "Linear" not in [row.text for row in found.model.rows if isinstance(row, Entry)]
    hand.type("linear")
    entry = found.current()
    assert entry is not None and entry.text == "Linear"
    hand.key(Key.Key_Return)
    assert hand.steps == ["Add linear"]
    (problem,) = [p for p in hand.workspace.analysis.problems if p.code == "missing-flatten"]
    assert [fix.label for fix in problem.fixes][:1] == ["insert Flatten"]


def test_it_closes_when_the_focus_leaves(hand: Hand) -> None:
    hand.key(Key.Key_Tab)
    assert hand.list is not None
    hand.click(hand.at("conv"))
    assert hand.list is None


def test_it_closes_when_another_design_is_shown(hand: Hand) -> None:
    hand.key(Key.Key_Tab)
    assert hand.list is not None
    hand.view.workspace.open_preset("lenet5")
    assert hand.list is None


def test_a_join_reads_all_selected_nodes(hand: Hand) -> None:
    hand.click(hand.at("side"))
    hand.click(hand.at("alone"), Keys.ShiftModifier)
    hand.key(Key.Key_A)
    hand.type("concat")
    hand.key(Key.Key_Return)
    assert {("side", "concat", 0), ("alone", "concat", 1)} <= hand.edges


def test_lenet_by_keys_alone(qtbot: QtBot, window: MainWindow) -> None:
    hand = Hand(qtbot, window, Design("new"))
    for name in (
        "input", "conv2d", "tanh", "avgpool", "conv2d", "tanh", "avgpool", "flatten", "linear",
        "tanh", "linear", "tanh", "linear", "output",
    ):  # fmt: skip
        hand.key(Key.Key_Tab)
        hand.type(name)
        hand.key(Key.Key_Return)
    assert len(hand.graph.nodes) == 14 and len(hand.graph.edges) == 13
    assert hand.workspace.analysis.valid, hand.workspace.analysis.problems
    for _ in range(14):
        hand.key(Key.Key_Z, Keys.ControlModifier)
    assert hand.design == Design("new")


# From the palette


def mime(kind: str, name: str) -> QMimeData:
    return items.to_mime(Item(kind, name))  # type: ignore[arg-type]


def drop(hand: Hand, data: QMimeData, point: QPointF) -> bool:
    """Drag something in, hold it at a point, drop it there; returns whether it was taken."""
    at = hand.pixel(point)
    arguments = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier(0))
    target = hand.view.viewport()
    QApplication.sendEvent(target, QDragEnterEvent(at, *arguments))
    QApplication.sendEvent(target, QDragMoveEvent(at, *arguments))
    event = QDropEvent(QPointF(at), *arguments)
    QApplication.sendEvent(target, event)
    return event.isAccepted()


def test_a_layer_is_dropped_at_a_free_place(hand: Hand) -> None:
    point = hand.at("side", 190, 60)
    assert drop(hand, mime("layer", "Conv2d"), point)
    at = hand.graph.nodes["conv2"].at
    assert at is not None and (QPointF(*at) - point).manhattanLength() < 3
    assert hand.steps == ["Add conv2"] and hand.selected == {"conv2"}


def test_a_layer_is_dropped_into_an_edge_that_lights_up(hand: Hand) -> None:
    at = hand.pixel(hand.on_edge("conv", "act"))
    data = mime("layer", "BatchNorm2d")
    arguments = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier(0))
    QApplication.sendEvent(hand.view.viewport(), QDragEnterEvent(at, *arguments))
    QApplication.sendEvent(hand.view.viewport(), QDragMoveEvent(at, *arguments))
    assert hand.lit_edge() == Edge("conv", 0, "act", 0)
    QApplication.sendEvent(hand.view.viewport(), QDropEvent(QPointF(at), *arguments))
    assert {("conv", "batchnorm", 0), ("batchnorm", "act", 0)} <= hand.edges
    assert hand.lit_edge() is None


def test_an_input_does_not_go_into_an_edge(hand: Hand) -> None:
    drop(hand, mime("layer", "Input"), hand.on_edge("conv", "act"))
    assert ("conv", "act", 0) in hand.edges
    assert "input" in {name.rstrip("0123456789") for name in hand.graph.nodes}


def test_a_preset_is_dropped_as_a_block(hand: Hand) -> None:
    assert drop(hand, mime("preset", "lenet5"), hand.at("side", 190, 60))
    assert hand.graph.nodes["lenet5" if "lenet5" in hand.graph.nodes else "lenet"]
    node = hand.graph.nodes[next(iter(hand.selected))]
    assert isinstance(node, BlockNode) and node.block in hand.design.blocks


def test_a_common_block_goes_into_an_edge_with_the_blocks_it_is_made_of(hand: Hand) -> None:
    before = hand.design
    assert drop(hand, mime("common", "SqueezeExcite"), hand.on_edge("conv", "act"))
    assert {("conv", "squeezeexcite", 0), ("squeezeexcite", "act", 0)} <= hand.edges
    assert "SqueezeExcite" in hand.design.blocks
    assert hand.steps == ["Add squeezeexcite"]
    hand.key(Key.Key_Z, Keys.ControlModifier)
    assert hand.design == before


def test_a_common_block_is_found_by_typing(hand: Hand) -> None:
    hand.click(hand.at("conv"))
    hand.key(Key.Key_Tab)
    hand.type("basicbl")
    assert hand.list is not None
    entry = hand.list.current()
    assert entry is not None and entry.item == Item("common", "BasicBlock")
    assert hand.list.help.text() == entry.help
    hand.key(Key.Key_Return)
    node = hand.graph.nodes["basicblock"]
    assert isinstance(node, BlockNode) and node.block == "BasicBlock"
    assert hand.steps == ["Add basicblock"]


def test_a_block_is_not_dropped_into_itself(hand: Hand) -> None:
    drop(hand, mime("preset", "resnet18"), hand.at("side", 190, 60))
    hand.workspace.look_into(next(iter(hand.selected)))
    block = hand.workspace.block
    assert block is not None
    before = hand.design
    drop(hand, mime("block", block), hand.view.mapToScene(hand.view.viewport().rect().center()))
    assert hand.design is before
    assert hand.sentences == [f"{block} cannot contain itself; that would never end."]


def test_text_is_not_taken(hand: Hand) -> None:
    data = QMimeData()
    data.setText("Conv2d")
    assert not drop(hand, data, hand.at("side", 190, 60))
    assert hand.steps == []


# Renaming and replacing


def test_f2_renames_in_place(hand: Hand) -> None:
    hand.click(hand.at("conv"))
    hand.key(Key.Key_F2)
    assert hand.field is not None and hand.field.text() == "conv"
    hand.type("stem")
    hand.key(Key.Key_Return)
    assert hand.steps == ["Rename conv to stem"]
    assert hand.selected == {"stem"} and hand.field is None and hand.view.hasFocus()
    assert {("image", "stem", 0), ("stem", "act", 0)} <= hand.edges


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("act", "The name &#x27;act&#x27; is taken already"),
        ("1st", "is not a valid name"),
        ("train", "PyTorch"),
    ],
)
def test_what_is_no_name_is_said_while_typing(hand: Hand, text: str, words: str) -> None:
    before = hand.design
    hand.click(hand.at("conv"))
    hand.key(Key.Key_F2)
    hand.type(text)
    assert hand.field is not None and hand.field.property("wrong")
    assert words.replace("&#x27;", "'") in hand.tip
    hand.key(Key.Key_Return)
    assert hand.field is not None
    hand.key(Key.Key_Escape)
    assert hand.field is None and hand.tip == "" and hand.design is before


def test_a_click_elsewhere_takes_the_name(hand: Hand) -> None:
    hand.double_click(hand.at("conv"))
    hand.type("stem")
    hand.click(hand.at("act"))
    assert "stem" in hand.graph.nodes


def test_ctrl_r_replaces_and_keeps_what_both_have(hand: Hand) -> None:
    hand.click(hand.at("conv"))
    hand.key(Key.Key_R, Keys.ControlModifier)
    found = hand.list
    assert found is not None and found.field.placeholderText() == "Replace conv by…"
    assert "Conv2d" not in [each.item.name for each in found.model.entries]
    hand.type("separable")
    entry = found.current()
    assert entry is not None and entry.soft == "keeps 3 of 3"
    hand.key(Key.Key_Return)
    assert hand.steps == ["Replace conv by SeparableConv2d"]
    node = hand.graph.nodes["conv"]
    assert node == LayerNode("SeparableConv2d", {"out_channels": 4, "kernel_size": 3, "padding": 1})
    assert ("image", "conv", 0) in hand.edges
