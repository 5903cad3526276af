"""Networks that share weights, built by keys and mouse; what canvas and inspector show of them."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from designer.design.values import Design
from designer.gui.canvas import marks
from designer.gui.canvas.links import link
from designer.gui.forms.editors import TextEditor
from designer.gui.inspector.inspector import Inspector
from designer.gui.shell.main_window import MainWindow
from tests.analysis.drawing import OUTPUT, block, design
from tests.gui.canvas.gestures.hand import Hand, Key, Keys

CTRL, SHIFT, ALT = Keys.ControlModifier, Keys.ShiftModifier, Keys.AltModifier
PIXELS = {"layer": "Input", "shape": [1, 8, 8]}


def one_tower() -> Design:
    """Return a tower on the left image, and a right image that nothing reads yet."""
    tower = block(
        {
            "conv": {"layer": "Conv2d", "out_channels": "=width", "kernel_size": 3},
            "relu": {"layer": "ReLU"},
            "pool": {"layer": "GlobalAvgPool2d"},
        },
        [["x", "conv", "relu", "pool", "y"]],
        width=4,
    )
    nodes = {
        "left": {**PIXELS, "at": [0, 0]},
        "right": {**PIXELS, "at": [260, 0]},
        "tower": {"block": "Tower", "at": [0, 90]},
        "distance": {"layer": "Concat", "at": [130, 200]},
        "scores": {**OUTPUT, "at": [130, 290]},
    }
    return design(nodes, [["left", "tower", "distance", "scores"]], blocks={"Tower": tower})


def language() -> Design:
    """Return tokens, their embedding, and a Linear that gives a score for each token."""
    nodes = {
        "tokens": {"layer": "Input", "shape": [5], "dtype": "int64"},
        "words": {"layer": "Embedding", "num_embeddings": 11, "embedding_dim": 6},
        "act": {"layer": "Tanh"},
        "head": {"layer": "Linear", "out_features": 7},
        "scores": OUTPUT,
    }
    return design(nodes, [list(nodes)])


@pytest.fixture
def tower(qtbot: QtBot, window: MainWindow) -> Hand:
    return Hand(qtbot, window, one_tower())


@pytest.fixture
def tied(qtbot: QtBot, window: MainWindow) -> Hand:
    return Hand(qtbot, window, language())


def select(hand: Hand, *paths: str) -> None:
    hand.click(hand.at(paths[0]))
    for path in paths[1:]:
        hand.click(hand.at(path), SHIFT)
    assert hand.selected == set(paths)
    hand.view.setFocus()


def shown(hand: Hand) -> Inspector:
    """Return the inspector, which shows the selection."""
    inspector = hand.window.findChild(Inspector)
    assert isinstance(inspector, Inspector)
    inspector.refresh()
    return inspector


def pressed(hand: Hand, name: str) -> None:
    """Click a button of the inspector by its name."""
    button = shown(hand).findChild(QAbstractButton, name)
    assert button is not None
    hand.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_siamese_network_is_built_by_pasting_as_shared(tower: Hand) -> None:
    before = tower.workspace.analysis.totals.parameters
    select(tower, "tower")
    tower.key(Key.Key_C, CTRL)
    tower.key(Key.Key_V, CTRL | SHIFT)
    assert tower.steps == ["Paste tower2 as shared"]
    assert tower.graph.nodes["tower2"].shares == "tower"
    tower.drag(tower.at("tower2"), tower.at("tower2", 260 - tower.at("tower2").x() + 70))
    tower.drag(tower.out("right"), tower.at("tower2"))
    tower.drag(tower.out("tower2"), tower.at("distance"))
    assert {("right", "tower2", 0), ("tower2", "distance", 1)} <= tower.edges
    found = tower.workspace.analysis
    assert found.valid, found.problems
    assert found.totals.parameters == before == 4 * 9 + 4
    assert found.totals.macs == 2 * 6 * 6 * 4 * 9


@pytest.mark.parametrize("keys", [CTRL, CTRL | SHIFT])
def test_a_pasted_chain_stands_beside_what_was_copied(tied: Hand, keys: Keys) -> None:
    tied.view.setFocus()
    tied.key(Key.Key_A, CTRL)
    old = set(tied.selected)
    tied.key(Key.Key_C, CTRL)
    tied.key(Key.Key_V, keys)
    new = set(tied.selected)
    assert len(new) == len(old) == 5
    rects = [tied.view.rect_of(path) for path in sorted(old | new)]
    for number, one in enumerate(rects):
        assert not any(one.intersects(other) for other in rects[number + 1 :])


def test_a_tied_embedding_is_made_by_one_key(tied: Hand) -> None:
    select(tied, "head", "words")
    tied.key(Key.Key_S, CTRL | ALT)
    assert tied.steps == ["Share the weights of 2 nodes"]
    head = tied.graph.nodes["head"]
    assert head.shares == "words"
    assert head.parameters == {"out_features": 11, "bias": False}
    found = tied.workspace.analysis
    assert found.valid, found.problems
    assert found.totals.parameters == 66
    tied.key(Key.Key_Z, CTRL)
    assert tied.design == language()


def test_an_edit_of_one_member_is_one_step_for_all(tower: Hand) -> None:
    select(tower, "tower")
    tower.key(Key.Key_C, CTRL)
    tower.key(Key.Key_V, CTRL | SHIFT)
    copied = tower.design
    assert tower.selected == {"tower2"}
    line = shown(tower).findChild(TextEditor, "field-width")
    assert isinstance(line, TextEditor)
    tower.qtbot.mouseClick(line, Qt.MouseButton.LeftButton)
    line.selectAll()
    tower.qtbot.keyClicks(line, "6")
    tower.qtbot.keyClick(line, Key.Key_Return)
    for name in ("tower", "tower2"):
        assert tower.graph.nodes[name].arguments == {"width": 6}
    tower.workspace.undo()
    assert tower.design == copied


def test_sharing_ends_by_the_menu_and_by_the_inspector(tower: Hand) -> None:
    select(tower, "tower")
    tower.key(Key.Key_C, CTRL)
    tower.key(Key.Key_V, CTRL | SHIFT)
    assert (
        shown(tower).note.text().startswith("Shares the weights of tower, where they are counted")
    )
    pressed(tower, "go-to-owner")
    assert tower.selected == {"tower"}
    assert shown(tower).note.text() == "tower2 shares these weights, which are counted once, here."
    tower.window.actions_.refresh()
    tower.window.actions_["layer.stop_sharing"].trigger()
    assert tower.graph.nodes["tower2"].shares == ""
    tower.workspace.undo()
    tower.workspace.select({"tower2"})
    pressed(tower, "stop-sharing")
    assert tower.steps[-1] == "Stop sharing tower2"
    assert tower.graph.nodes["tower2"].shares == ""
    assert tower.workspace.analysis.node("tower2").counts.layers == 0  # it has no input yet


def test_what_cannot_be_shared_is_said(tower: Hand) -> None:
    tower.workspace.select({"left", "distance"})
    assert tower.window.actions_.refusal("layer.share") == (
        "Select only blocks and layers with weights."
    )
    tower.workspace.select({"tower"})
    assert tower.window.actions_.refusal("layer.share") == (
        "Select two or more nodes of the same graph."
    )
    assert tower.window.actions_.refusal("layer.stop_sharing") == (
        "No selected node shares its weights."
    )
    select(tower, "distance")
    tower.key(Key.Key_C, CTRL)
    tower.key(Key.Key_V, CTRL | SHIFT)
    assert tower.sentences == ["None of the copied nodes has weights to share; paste them instead."]
    QGuiApplication.clipboard().setText("import torch")
    tower.key(Key.Key_V, CTRL | SHIFT)
    assert tower.sentences[-1].startswith("The clipboard holds no nodes")
    select(tower, "tower")
    tower.key(Key.Key_C, CTRL)
    tower.key(Key.Key_Delete)
    tower.key(Key.Key_V, CTRL | SHIFT)
    assert tower.sentences[-1].startswith("tower is no node of this graph; only copies")


def test_the_link_is_drawn_while_they_share(tower: Hand) -> None:
    arrays = tower.view.layer.arrays
    assert len(arrays.links) == 0
    select(tower, "tower")
    tower.key(Key.Key_C, CTRL)
    tower.key(Key.Key_V, CTRL | SHIFT)
    assert arrays.links.tolist() == [[arrays.row["tower2"], arrays.row["tower"]]]
    caption = tower.view.layer.captions.of(arrays.frames[""], "tower2", "tower2")
    assert caption.summary == "shares tower"
    tower.drag(tower.out("left"), tower.at("tower2"))
    tower.key(Key.Key_F, CTRL | SHIFT)  # freezes both, since they have the same weights
    for name in ("tower", "tower2"):
        assert tower.graph.nodes[name].learning_rate == 0
        assert arrays.bits[arrays.row[name]] & marks.FROZEN
    for _ in range(3):
        tower.workspace.undo()
    assert len(arrays.links) == 0


@pytest.mark.parametrize("right", [False, True])
def test_links_lead_beside_what_lies_between(right: bool) -> None:
    """Boxes are x, y, width, height; with the flow to the right both axes change places."""
    one, beside, behind = (
        np.array(each)[[1, 0, 3, 2]] if right else np.array(each)
        for each in ((0, 0, 100, 40), (300, 10, 100, 40), (0, 200, 100, 40))
    )
    straight = link(one, beside, right=right).boundingRect()
    assert (straight.height(), straight.width())[not right] == 200
    curve = link(one, behind, right=right).boundingRect()
    assert curve.bottom() <= 0 if right else curve.left() >= 100
