"""Graphs drawn from left to right: the same design, with ports left and right."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF

from designer import preferences, presets
from designer.design import edits
from designer.design.values import Edge, Point
from designer.gui.canvas.flow import DOWN, RIGHT
from tests.gui.canvas.gestures.conftest import residual
from tests.gui.canvas.gestures.hand import Hand, Key, Keys


@pytest.fixture
def hand(qtbot, window) -> Hand:
    """A window that shows the residual network from left to right, by its menu."""
    found = Hand(qtbot, window, residual())
    window.actions_.refresh()
    window.actions_.by_key["view.flow_right"].trigger()
    qtbot.waitUntil(lambda: not found.view.gliding.running)
    found.view.fit()
    return found


def test_data_flow_to_the_right(hand: Hand) -> None:
    assert hand.at("conv").x() > hand.at("image").x()
    assert hand.at("conv").y() == hand.at("image").y()
    out, into = hand.out("image"), hand.into("conv")
    assert out.x() == hand.view.rect_of("image").right()
    assert into.x() == hand.view.rect_of("conv").left()
    arrays = hand.view.layer.arrays
    wire = arrays.wire[arrays.edge_row["", Edge("image", 0, "conv", 0)]]
    assert QPointF(*wire[0]) == out and QPointF(*wire[-1]) == into


@pytest.mark.parametrize("name", ["googlenet", "resnet50", "inception_v3", "vgg16"])
def test_no_node_covers_another(qtbot, window, name: str) -> None:
    hand = Hand(qtbot, window, presets.load(name))
    blocks = [key for key, node in hand.graph.nodes.items() if hasattr(node, "block")]
    window.canvas.set_flow(right=True)
    for path in blocks[:2]:
        hand.view.toggle_expanded(path)
    hand.view.gliding.stop()
    arrays = hand.view.layer.arrays
    for rows in arrays.rows.values():
        box = arrays.box[rows][arrays.box[rows, 2] > 0]
        low, high = box[:, :2], box[:, :2] + box[:, 2:]
        covers = (low[:, None] < high[None]).all(axis=2) & (high[:, None] > low[None]).all(axis=2)
        assert covers.sum() == len(box)  # each only itself


def test_turning_changes_no_design(hand: Hand) -> None:
    before = hand.design
    for right in (False, True, False, True):
        hand.window.canvas.set_flow(right=right)
    assert hand.design is before and not hand.steps


def test_a_node_moved_here_is_where_it_was_put_and_there_as_well(hand: Hand) -> None:
    start = hand.at("act", -20)
    hand.drag(start, start + QPointF(70, 45))
    assert hand.steps == ["Move act"]
    moved = hand.view.rect_of("act")
    assert abs(hand.at("act", -20).x() - start.x() - 70) < 2
    at = hand.graph.nodes["act"].at
    assert at is not None
    hand.window.canvas.set_flow(right=False)
    hand.view.gliding.stop()
    rect = hand.view.rect_of("act")
    assert (rect.center().x(), rect.top()) == pytest.approx((at.x, at.y))
    hand.window.canvas.set_flow(right=True)
    hand.view.gliding.stop()
    assert hand.view.rect_of("act") == moved


def test_arrows_follow_the_edges(hand: Hand) -> None:
    hand.click(hand.at("image", -20))
    hand.key(Key.Key_Right)
    assert hand.selected == {"conv"}
    hand.key(Key.Key_Down)
    assert hand.selected == {"side"}
    hand.key(Key.Key_Left)
    assert hand.selected == {"image"}


def test_nudging_goes_where_the_arrow_points(hand: Hand) -> None:
    before = hand.view.rect_of("act").topLeft()
    hand.click(hand.at("act", -20))
    hand.key(Key.Key_Right, Keys.ControlModifier)
    after = hand.view.rect_of("act").topLeft()
    assert after.x() > before.x() and after.y() == pytest.approx(before.y())


def test_an_edge_is_drawn_between_the_ports(hand: Hand) -> None:
    hand.drag(hand.out("side"), hand.at("add", -20))
    assert ("side", "add", 1) in hand.edges


def test_a_node_is_added_where_the_double_click_was(hand: Hand) -> None:
    point = hand.at("scores") + QPointF(0, 150)
    hand.double_click(point)
    hand.type("Tanh")
    hand.key(Key.Key_Return)
    (new,) = hand.selected
    rect = hand.view.rect_of(new)
    assert abs(rect.center().y() - point.y()) < 3 and abs(rect.left() - point.x()) < 3


def test_expanded_blocks_have_ports_left_and_right(qtbot, window) -> None:
    hand = Hand(qtbot, window, presets.load("resnet18"))
    window.canvas.set_flow(right=True)
    hand.view.toggle_expanded("layer2")
    hand.view.gliding.stop()
    rect = hand.view.rect_of("layer2")
    assert hand.into("layer2").x() == rect.left() and hand.out("layer2").x() == rect.right()
    inner = hand.view.rect_of("layer2.0.conv1")
    assert rect.contains(inner) and inner.left() < hand.view.rect_of("layer2.0.bn1").left()
    assert hand.view.scope_at(inner.center()) == "layer2.0"


def test_stored_positions_are_read_in_both_directions() -> None:
    points = np.array([[296.0, 72.0]])
    assert DOWN.stretched(points).tolist() == [[296.0, 72.0]]
    assert RIGHT.stretched(points).tolist() == [pytest.approx([80.0, 190.0])]
    assert RIGHT.stored(QPointF(190.0, 80.0)) == pytest.approx((296.0, 72.0))


def test_the_direction_is_remembered(hand: Hand, remembered) -> None:
    hand.window.close()
    assert preferences.load().direction == "right"


def test_arranging_stores_positions_of_the_flow_down(hand: Hand) -> None:
    hand.workspace.edit("move", lambda d: edits.move(d, {"act": Point(500.0, 500.0)}))
    hand.key(Key.Key_L, Keys.ControlModifier)
    hand.view.gliding.stop()
    nodes = hand.graph.nodes
    assert nodes["conv"].at.x == nodes["image"].at.x  # one above the other in the file
    assert hand.at("conv").y() == hand.at("image").y()  # and beside it on the canvas
