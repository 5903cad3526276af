"""Gestures in and around blocks: going in, moving inside an expanded one, edges of its ends."""

import pytest
from pytestqt.qtbot import QtBot

from designer import presets
from designer.design import edits
from designer.design.values import Design, Edge
from designer.gui.shell.main_window import MainWindow
from tests.analysis.drawing import IMAGE, OUTPUT, block, design
from tests.gui.canvas.gestures.hand import Hand, Key, Keys


def nested() -> Design:
    inner = block(
        {
            "conv": {"layer": "Conv2d", "out_channels": 4, "kernel_size": 1},
            "act": {"layer": "ReLU"},
        },
        [["x", "conv", "act", "y"]],
    )
    nodes = {
        "image": IMAGE,
        "stage": {"block": "Stage"},
        "act": {"layer": "ReLU"},
        "scores": OUTPUT,
    }
    return design(nodes, [["image", "stage", "act", "scores"]], {"Stage": inner})


@pytest.fixture
def hand(qtbot: QtBot, window: MainWindow) -> Hand:
    return Hand(qtbot, window, nested())


def expand(hand: Hand) -> None:
    hand.click(hand.at("stage"))
    hand.view.toggle_expanded("stage")
    hand.qtbot.waitUntil(lambda: not hand.view.gliding.running)
    hand.view.fit()


def test_a_double_click_goes_in_and_escape_out(hand: Hand) -> None:
    hand.double_click(hand.at("stage", -40))
    assert hand.workspace.scope == "stage" and hand.workspace.block == "Stage"
    hand.view.setFocus()
    hand.key(Key.Key_Escape)
    hand.key(Key.Key_Escape)
    assert hand.workspace.scope == ""


def test_a_node_of_an_expanded_block_moves_in_its_block(hand: Hand) -> None:
    before = hand.design
    expand(hand)
    hand.drag(hand.at("stage.act", -40), hand.at("stage.act", 50, 20))
    assert hand.steps == ["Move act"]
    nodes = hand.design.blocks["Stage"].graph.nodes
    assert nodes["act"].at is not None and nodes["conv"].at is not None
    assert hand.design.graph is before.graph


def test_an_edge_stays_within_one_graph(hand: Hand) -> None:
    expand(hand)
    before = hand.design
    hand.drag(hand.out("image"), hand.into("stage.act"), hold=True)
    assert hand.tip == "An edge stays within one graph, but act lies in stage."
    hand.release(hand.into("stage.act"))
    assert hand.design is before and len(hand.sentences) == 1


def test_a_blocks_ends_take_edges(hand: Hand) -> None:
    hand.workspace.edit(
        "cut",
        lambda design: edits.disconnect(design, Edge("act", 0, "y", 0), block="Stage"),
    )
    hand.workspace.look_into("stage")
    hand.view.fit()
    hand.drag(hand.out("stage.act"), hand.into("stage.y"))
    assert hand.steps[-1] == "Connect act to y"
    assert Edge("act", 0, "y", 0) in hand.design.blocks["Stage"].graph.edges
    hand.drag(hand.out("stage.act"), hand.into("stage.y"))
    assert "Input 0 of 'y' has an edge from 'act' already" in hand.sentences[0]
    assert hand.design.blocks["Stage"].graph == nested().blocks["Stage"].graph


def test_adding_in_a_block_offers_no_input_and_not_itself(hand: Hand) -> None:
    hand.workspace.look_into("stage")
    hand.view.setFocus()
    hand.key(Key.Key_A)
    assert hand.list is not None
    names = {each.item.name for each in hand.list.model.entries}
    assert not names & {"Input", "Output", "Stage"}
    hand.type("gelu")
    hand.key(Key.Key_Return)
    assert hand.steps == ["Add gelu"]
    assert hand.selected == {"stage.gelu"}


def test_one_step_for_a_block_that_is_shown_twice(qtbot: QtBot, window: MainWindow) -> None:
    hand = Hand(qtbot, window, presets.load("resnet18"))
    for path in ("layer1", "layer2"):
        hand.view.toggle_expanded(path)
    hand.workspace.select(["layer1.0.relu1", "layer2.0.relu1", "relu"])
    hand.view.setFocus()
    hand.key(Key.Key_Delete)
    assert len(hand.steps) == 1
    assert "relu1" not in hand.design.blocks["BasicBlock"].graph.nodes
    assert "relu" not in hand.graph.nodes
    hand.key(Key.Key_Z, Keys.ControlModifier)
    assert hand.design == presets.load("resnet18")


def test_copying_from_two_graphs_is_refused(hand: Hand) -> None:
    expand(hand)
    hand.workspace.select(["image", "stage.act"])
    hand.key(Key.Key_C, Keys.ControlModifier)
    assert hand.sentences == [
        "The selected nodes lie in different graphs; select nodes of one graph."
    ]
