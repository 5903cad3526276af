"""One user's session by hand: LeNet-5 from an empty canvas, broken, mended, undone, redone."""

import pytest
from pytestqt.qtbot import QtBot

from designer import presets
from designer.analysis.analysis import analyse
from designer.gui.items import Item
from designer.gui.main_window import MainWindow
from tests.gui.hands import Hands


@pytest.fixture
def hands(window: MainWindow, qtbot: QtBot) -> Hands:
    window.resize(1600, 1200)
    return Hands(window, qtbot)


def build_lenet(hands: Hands) -> None:
    """Build LeNet-5 from nothing, with keys only."""
    hands.keys("Ctrl+N")
    hands.add("Input")
    hands.fill("shape", "1, 32, 32")
    for number in ("1", "2"):
        hands.add("Conv2d")
        hands.fill("out_channels", {"1": "6", "2": "16"}[number])
        hands.fill("kernel_size", "5")
        hands.fill("padding", "0")
        hands.add("Tanh")
        hands.add("AvgPool2d")
        hands.fill("kernel_size", "2")
    hands.add("Flatten")
    for features in ("120", "84"):
        hands.add("Linear")
        hands.fill("out_features", features)
        hands.add("Tanh")
    hands.add("Linear")
    hands.fill("out_features", "10")
    hands.add("Output")


def problems(window: MainWindow) -> dict[str, str]:
    """Return what is wrong, by the node that is marked."""
    return {each.path: each.message for each in window.workspace.analysis.problems}


def test_lenet_from_an_empty_canvas_undone_and_redone(window: MainWindow, hands: Hands) -> None:
    build_lenet(hands)
    expected = analyse(presets.load("lenet5")).totals
    totals = window.workspace.analysis.totals
    assert problems(window) == {}
    assert totals.parameters == expected.parameters == 61_706
    assert totals.macs == expected.macs
    built = window.workspace.design
    document = window.workspace.document
    steps = len(document.past)
    hands.on_canvas()
    for _ in range(steps):
        hands.keys("Ctrl+Z")
    assert not window.workspace.design.graph.nodes
    assert not document.past
    for _ in range(steps):
        hands.keys("Ctrl+Shift+Z")
    assert window.workspace.design is built
