"""Layers that the present arguments leave out: not drawn, and edges lead past them."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from designer import presets
from designer.design import edits
from designer.design.values import Edge
from designer.gui.canvas.marks import FADED
from tests.gui.canvas.gestures.hand import Hand, Key, Keys

BATCH_NORM = "bn1_1"


@pytest.fixture
def hand(qtbot, window) -> Hand:
    return Hand(qtbot, window, presets.load("vgg16"))


def drawn(hand: Hand) -> set[str]:
    return set(hand.view.layer.arrays.paths)


def test_layers_that_are_absent_are_not_drawn(hand: Hand) -> None:
    assert BATCH_NORM in hand.graph.nodes
    assert not any(path.startswith("bn") for path in drawn(hand))
    arrays = hand.view.layer.arrays
    assert len(arrays.keys) == len(arrays.paths) - 1  # one chain
    gaps = np.diff(np.sort(arrays.box[:, 1]))
    assert gaps.max() == gaps.min()  # no gaps in it


def test_the_argument_brings_them_back(hand: Hand) -> None:
    hand.workspace.edit("turn on", lambda d: edits.set_argument(d, "batch_norm", True))
    assert BATCH_NORM in drawn(hand)
    hand.workspace.undo()
    assert BATCH_NORM not in drawn(hand)


def test_the_view_menu_shows_them_faintly(hand: Hand) -> None:
    action = hand.window.actions_.by_key["view.absent"]
    hand.window.actions_.refresh()
    assert not action.isChecked()
    action.trigger()
    arrays = hand.view.layer.arrays
    assert arrays.bits[arrays.row[BATCH_NORM]] & FADED
    hand.window.actions_.refresh()
    assert action.isChecked()
    action.trigger()
    assert BATCH_NORM not in drawn(hand)


def past(hand: Hand):
    """Return the middle of the edge that leads past the absent normalization."""
    arrays = hand.view.layer.arrays
    row = arrays.edge_row["", Edge("conv1_1", 0, "relu1_1", 0)]
    hand.view.actual_size()
    hand.view.reveal("conv1_1")
    wire = hand.view.layer.wire[row]
    return (hand.out("conv1_1") + hand.into("relu1_1")) / 2, wire


def test_an_edge_past_them_can_be_chosen_and_removed(hand: Hand) -> None:
    point, _ = past(hand)
    hand.click(point)
    assert hand.view.layer.lit_edge >= 0
    hand.key(Key.Key_Delete)
    assert (BATCH_NORM, "relu1_1", 0) not in hand.edges
    hand.key(Key.Key_Z, Keys.ControlModifier)
    assert (BATCH_NORM, "relu1_1", 0) in hand.edges


def test_grouping_takes_what_lies_between(hand: Hand) -> None:
    hand.view.actual_size()
    hand.view.reveal("conv1_1")
    hand.click(hand.at("conv1_1", -40))
    hand.click(hand.at("relu1_1", -40), Qt.KeyboardModifier.ShiftModifier)
    hand.key(Key.Key_G, Keys.ControlModifier)
    (block,) = hand.design.blocks.values()
    assert list(block.graph.nodes) == ["conv1_1", BATCH_NORM, "relu1_1"]


def test_a_node_that_becomes_absent_is_named(hand: Hand, qtbot) -> None:
    sentences: list[str] = []
    hand.workspace.reported.connect(sentences.append)
    hand.workspace.select(["relu1_1"])
    hand.workspace.edit("leave out", lambda d: edits.set_when(d, "relu1_1", False))
    assert "relu1_1" not in drawn(hand)
    assert sentences and "relu1_1 is absent" in sentences[0]
    assert hand.selected == {"relu1_1"}  # so that the inspector can bring it back


def test_going_to_an_absent_layer_says_how_to_see_it(hand: Hand, qtbot) -> None:
    sentences: list[str] = []
    hand.workspace.reported.connect(sentences.append)
    hand.workspace.select([BATCH_NORM], reveal=True)
    assert sentences and "View menu" in sentences[0]
