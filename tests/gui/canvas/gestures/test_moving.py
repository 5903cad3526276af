"""Selecting and moving with the mouse."""

import pytest
from PySide6.QtCore import QPointF

from designer.design.values import Edge
from tests.gui.canvas.gestures.conftest import residual
from tests.gui.canvas.gestures.hand import Hand, Key, Keys


def test_a_click_selects_and_a_click_on_nothing_does_not(hand: Hand) -> None:
    hand.click(hand.at("conv"))
    assert hand.selected == {"conv"}
    hand.click(hand.at("act"))
    assert hand.selected == {"act"}
    hand.click(hand.at("image", 300))
    assert hand.selected == set()
    assert hand.steps == []


def test_shift_click_adds_and_takes_away(hand: Hand) -> None:
    hand.click(hand.at("conv"))
    hand.click(hand.at("act"), Keys.ShiftModifier)
    assert hand.selected == {"conv", "act"}
    hand.click(hand.at("conv"), Keys.ShiftModifier)
    assert hand.selected == {"act"}


def test_ctrl_click_selects_the_branch(hand: Hand) -> None:
    hand.click(hand.at("act"), Keys.ControlModifier)
    assert {"act", "add", "scores"} <= hand.selected
    assert "image" not in hand.selected


def test_the_rubber_band_selects_what_it_touches(hand: Hand) -> None:
    start = hand.at("conv", 60, -36)
    hand.drag(start, hand.at("act", 0, 0), hold=True)
    assert {"conv", "act"} <= hand.selected
    hand.release(hand.at("act"))
    assert {"conv", "act"} <= hand.selected
    before = hand.selected
    hand.drag(start, hand.at("image", 0, 0), hold=True)
    assert hand.selected == {"image"}
    hand.key(Key.Key_Escape)
    assert hand.selected == before
    assert hand.steps == []


def test_a_drag_moves_in_one_step_and_stores_all_positions(hand: Hand) -> None:
    before = hand.design
    positions = hand.view.positions("")
    hand.drag(hand.at("act"), hand.at("act", 210, 90))
    assert hand.steps == ["Move act"]
    nodes = hand.graph.nodes
    assert all(node.at is not None for node in nodes.values())
    at = nodes["act"].at
    assert at is not None
    assert abs(at.x - positions["act"].x - 210) < 8 and abs(at.y - positions["act"].y - 90) < 3
    assert nodes["conv"].at == positions["conv"]
    assert hand.graph.edges == before.graph.edges
    hand.key(Key.Key_Z, Keys.ControlModifier)
    assert hand.design is before
    hand.key(Key.Key_Z, Keys.ControlModifier | Keys.ShiftModifier)
    assert hand.graph.nodes["act"].at == at


def test_escape_leaves_everything_where_it_was(hand: Hand) -> None:
    before, rect = hand.design, hand.view.rect_of("act")
    hand.drag(hand.at("act"), hand.at("act", 150, 60), hold=True)
    assert hand.view.rect_of("act") != rect
    hand.key(Key.Key_Escape)
    assert hand.view.rect_of("act") == rect
    hand.release(hand.at("act"))
    assert hand.design is before and hand.steps == []


def test_several_nodes_move_together(hand: Hand) -> None:
    positions = hand.view.positions("")
    hand.click(hand.at("conv"))
    hand.click(hand.at("act"), Keys.ShiftModifier)
    hand.drag(hand.at("conv"), hand.at("conv", 173, 20))
    assert hand.steps == ["Move 2 nodes"]
    nodes = hand.graph.nodes
    distances = set()
    for name in ("conv", "act"):
        at = nodes[name].at
        assert at is not None
        distances.add((round(at.x - positions[name].x, 3), round(at.y - positions[name].y, 3)))
    assert len(distances) == 1
    assert hand.selected == {"conv", "act"}


def test_a_node_comes_to_lie_in_the_column_of_another(hand: Hand) -> None:
    positions = hand.view.positions("")
    side, act = positions["side"], positions["act"]
    hand.drag(hand.at("side"), hand.at("side", act.x - side.x + 3, 130), hold=True)
    hand.release(hand.at("side"))
    at = hand.graph.nodes["side"].at
    assert at is not None and at.x == act.x


def test_alt_takes_a_node_out_and_heals(hand: Hand) -> None:
    hand.drag(hand.at("act"), hand.at("act", 260, 70), Keys.AltModifier)
    assert hand.steps == ["Take out act"]
    assert ("conv", "add", 0) in hand.edges
    assert not any("act" in edge[:2] for edge in hand.edges)
    assert "act" in hand.graph.nodes
    hand.key(Key.Key_Z, Keys.ControlModifier)
    assert hand.design == residual()


def test_a_free_node_goes_into_the_edge_on_which_it_is_dropped(hand: Hand) -> None:
    end = hand.on_edge("conv", "act")
    hand.drag(hand.at("alone"), end, hold=True)
    assert hand.lit_edge() == Edge("conv", 0, "act", 0)
    hand.release(end)
    assert hand.steps == ["Insert alone"]
    assert {("conv", "alone", 0), ("alone", "act", 0)} <= hand.edges
    assert ("conv", "act", 0) not in hand.edges
    rects = [hand.view.rect_of(name) for name in ("conv", "alone", "act")]
    assert rects[0].bottom() < rects[1].top() and rects[1].bottom() < rects[2].top()


def test_a_wired_node_goes_into_an_edge_with_alt_alone(hand: Hand) -> None:
    end = hand.on_edge("image", "conv")
    hand.drag(hand.at("act"), end)
    assert hand.steps == ["Move act"]
    hand.key(Key.Key_Z, Keys.ControlModifier)
    hand.drag(hand.at("act"), hand.on_edge("image", "conv"), Keys.AltModifier)
    assert hand.steps == ["Insert act"]
    assert {("image", "act", 0), ("act", "conv", 0), ("conv", "add", 0)} <= hand.edges


def test_ctrl_arrows_nudge_as_one_step(hand: Hand) -> None:
    hand.click(hand.at("conv"))
    at = hand.view.positions("")["conv"]
    for _ in range(3):
        hand.key(Key.Key_Right, Keys.ControlModifier)
    assert hand.steps == ["Move conv"]
    now = hand.graph.nodes["conv"].at
    assert now is not None and QPointF(*now) == QPointF(at.x + 24, at.y)


@pytest.mark.parametrize("zoom", [0.3, 0.5, 1.0])
def test_the_middle_of_a_node_is_its_body_however_small_it_is(hand: Hand, zoom: float) -> None:
    hand.view.navigator.zoom(zoom, QPointF(hand.view.rect().center()))
    edges = hand.edges
    hand.click(hand.at("conv"))
    assert hand.selected == {"conv"}
    hand.click(hand.at("act"), Keys.ShiftModifier)
    assert hand.selected == {"conv", "act"}
    hand.click(hand.at("act"))
    before = hand.at("act")
    hand.drag(before, before + QPointF(200, 0))
    assert hand.edges == edges
    assert hand.at("act").x() > before.x() + 100
