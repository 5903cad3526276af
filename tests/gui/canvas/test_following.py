"""The view follows what is added, pasted, fixed, undone and redone, if it is out of sight."""

import pytest
from PySide6.QtCore import QRectF

from designer import presets
from designer.design import edits
from tests.gui.canvas.gestures.hand import Hand, Key, Keys


@pytest.fixture
def hand(qtbot, window) -> Hand:
    found = Hand(qtbot, window, presets.load("vgg16"))
    found.view.actual_size()
    found.view.reveal("image")
    return found


def in_sight(hand: Hand, path: str) -> bool:
    """Tell whether a node is seen, and nothing lies over it."""
    rect = QRectF(hand.view.mapFromScene(hand.view.rect_of(path)).boundingRect())
    room = QRectF(hand.view.viewport().rect())
    covers = [QRectF(each.geometry()) for each in hand.view.covers if each.isVisible()]
    return room.contains(rect) and not any(rect.intersects(cover) for cover in covers)


def test_what_tab_adds_comes_into_sight(hand: Hand) -> None:
    hand.workspace.select(["fc7"])
    assert not in_sight(hand, "fc7")
    hand.view.setFocus()
    hand.key(Key.Key_Tab)
    hand.type("Tanh")
    hand.key(Key.Key_Return)
    (new,) = hand.selected
    assert in_sight(hand, new)


def test_many_layers_added_in_a_row_stay_in_sight(hand: Hand, qtbot) -> None:
    hand.workspace.select(["image"])
    for _ in range(8):
        hand.view.setFocus()
        hand.key(Key.Key_Tab)
        hand.type("Tanh")
        hand.key(Key.Key_Return)
        (new,) = hand.selected
        hand.view.gliding.stop()
        assert in_sight(hand, new)


def test_undo_and_redo_show_what_they_change(hand: Hand) -> None:
    hand.workspace.edit("set", lambda d: edits.set_parameter(d, "fc7", "out_features", 64))
    assert not in_sight(hand, "fc7")  # an edit elsewhere does not move the view
    hand.key(Key.Key_Z, Keys.ControlModifier)
    assert in_sight(hand, "fc7")
    hand.view.reveal("image")
    hand.key(Key.Key_Z, Keys.ControlModifier | Keys.ShiftModifier)
    assert in_sight(hand, "fc7")


def test_what_is_in_sight_does_not_move(hand: Hand) -> None:
    center = hand.view.navigator.center
    hand.workspace.edit(
        "set", lambda d: edits.set_parameter(d, "conv1_1", "out_channels", 8), follow=True
    )
    assert hand.view.navigator.center == center


def test_a_duplicate_comes_into_sight(hand: Hand) -> None:
    hand.workspace.select(["fc7"])
    hand.key(Key.Key_D, Keys.ControlModifier)
    (new,) = hand.selected
    hand.view.gliding.stop()
    assert new != "fc7" and in_sight(hand, new)


def test_a_fix_shows_what_it_changes(hand: Hand) -> None:
    hand.workspace.edit("break", lambda d: edits.set_parameter(d, "fc7", "out_features", 0))
    (problem,) = [each for each in hand.workspace.problems if each.path == "fc7"]
    assert not in_sight(hand, "fc7")
    hand.workspace.edit(problem.fixes[0].label, problem.fixes[0], follow=True)
    assert in_sight(hand, "fc7")
