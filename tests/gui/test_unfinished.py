"""A network that is being drawn is unfinished, not wrong: problems are shown when they are due."""

import pytest
from PySide6.QtWidgets import QToolButton

from designer.design.values import Design
from designer.gui.canvas import marks
from designer.gui.panels.problem_row import ProblemRow
from tests.gui.hands import Hands


@pytest.fixture
def hands(window, qtbot) -> Hands:
    window.workspace.add(Design("Untitled"))
    found = Hands(window, qtbot)
    found.settle()
    return found


def status(hands: Hands) -> str:
    return hands.find(QToolButton, "status-problems").text()


def red(hands: Hands) -> set[str]:
    """Return the nodes with a badge."""
    arrays = hands.window.canvas.layer.arrays
    bits = arrays.bits & (marks.ERROR | marks.WARNING)
    return {path for path, bit in zip(arrays.paths, bits, strict=True) if bit}


def rows(hands: Hands) -> list[ProblemRow]:
    hands.tab("Problems")
    return [each for each in hands.window.findChildren(ProblemRow) if each.isVisible()]


def test_an_empty_design_is_unfinished(hands: Hands) -> None:
    assert status(hands) == "Unfinished"
    assert hands.window.docks["problems"].windowTitle() == "Problems"
    assert [row.unfinished for row in rows(hands)] == [True, True]


def test_layers_added_one_after_another_are_calm(hands: Hands) -> None:
    for layer in ("Input", "Conv2d", "ReLU"):
        hands.add(layer)
        assert not red(hands) and status(hands) == "Unfinished"


def test_their_turn_passes_when_another_node_is_selected(hands: Hands) -> None:
    for layer in ("Input", "Conv2d", "ReLU"):
        hands.add(layer)
    hands.click_node("input")
    assert red(hands) == {"relu"}
    assert status(hands) == "2 problems"
    assert [row.unfinished for row in rows(hands)] == [False, False]


def test_the_next_layer_ends_the_turn_of_no_layer_that_it_continues(hands: Hands) -> None:
    hands.add("Input")
    hands.add("Conv2d")
    hands.click_node("conv")  # the one that was just added
    assert not red(hands)
    hands.add("ReLU")
    assert not red(hands)


def test_training_ends_the_turn(hands: Hands) -> None:
    hands.add("Input")
    hands.window.train()
    hands.settle()
    assert red(hands) == {"input"}


def test_undo_and_redo_are_calm_too(hands: Hands) -> None:
    hands.add("Input")
    hands.on_canvas()
    hands.keys("Ctrl+Z")
    assert status(hands) == "Unfinished"
    hands.keys("Ctrl+Shift+Z")
    assert not red(hands)


def test_an_opened_design_shows_its_problems_at_once(hands: Hands) -> None:
    hands.add("Input")
    design = hands.window.workspace.design
    hands.window.workspace.add(design, saved=design)
    hands.settle()
    assert red(hands) == {"input"} and status(hands) == "2 problems"


def test_pasted_nodes_are_calm(hands: Hands) -> None:
    hands.add("Input")
    hands.add("Conv2d")
    hands.click_node("input")
    assert red(hands) == {"conv"}
    hands.click_node("conv")
    hands.on_canvas()
    hands.keys("Ctrl+D")
    assert red(hands) == {"conv"}
