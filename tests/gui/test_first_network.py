"""One user's session by hand: LeNet-5 from an empty canvas, broken, fixed, undone, redone."""

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from designer import presets
from designer.analysis.analysis import analyze
from designer.gui.base.theme import colors
from designer.gui.documents.items import Item
from designer.gui.shell.main_window import MainWindow
from tests.gui.hands import SHIFT, Hands


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


def badge(hands: Hands, path: str, kind: str = "error") -> bool:
    """Tell whether a node is seen in the color of an error or a warning."""
    view = hands.window.canvas.view
    rect = view.mapFromScene(view.rect_of(path)).boundingRect().adjusted(-12, -12, 12, 12)
    picture = hands.view.grab(rect).toImage()
    red = QColor(getattr(colors(), kind))
    return any(
        abs(picture.pixelColor(x, y).red() - red.red()) < 12
        and abs(picture.pixelColor(x, y).green() - red.green()) < 12
        and abs(picture.pixelColor(x, y).blue() - red.blue()) < 12
        for x in range(picture.width())
        for y in range(picture.height())
    )


def test_lenet_from_an_empty_canvas_undone_and_redone(window: MainWindow, hands: Hands) -> None:
    build_lenet(hands)
    expected = analyze(presets.load("lenet5")).totals
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


def test_broken_in_five_ways_and_fixed_by_the_offered_fixes(
    window: MainWindow, hands: Hands
) -> None:
    window.workspace.open_preset("lenet5")
    hands.settle()
    first = window.workspace.design
    document = window.workspace.document

    # The Flatten is missing: deleted, and the gap closed by hand.
    hands.click_node("flatten")
    hands.keys("Delete")
    hands.connect("pool2", "fc1")
    assert "without a Flatten, Linear acts on the width alone" in problems(window)["fc1"]
    assert badge(hands, "fc1", "warning")
    hands.fix("Insert Flatten")
    assert problems(window) == {}
    assert not badge(hands, "fc1", "warning")

    # The kernel is larger than the input.
    hands.click_node("pool2")
    hands.fill("kernel_size", "15")
    assert "the kernel spans 15 rows or columns" in problems(window)["pool2"]
    assert badge(hands, "pool2")
    hands.fix("Set kernel size to 10×10")
    assert problems(window) == {}

    # An input is not connected: its edge was deleted.
    hands.click_edge("tanh3", "fc2")
    hands.keys("Delete")
    assert "is not connected" in problems(window)["fc2"]
    assert badge(hands, "fc2")
    hands.fix("Connect tanh3 to it")
    assert problems(window) == {}

    # An expression names nothing.
    hands.click_node("fc2")
    hands.fill("out_features", "=widht")
    assert "uses the unknown name 'widht'" in problems(window)["fc2"]
    assert badge(hands, "fc2")
    hands.fix("Add the argument widht = 64")
    assert problems(window) == {}
    assert window.workspace.design.arguments["widht"].default == 64

    # Wrong channels go into an Add: a second branch, dragged out of the palette and wired.
    hands.click_node("tanh1")
    hands.add("Add")
    hands.show("tanh1")
    beside = hands.node("tanh1") + QPoint(420, 0)
    hands.drop(Item("layer", "Conv2d"), beside)
    (branch,) = window.workspace.selection
    hands.connect("tanh1", branch)
    hands.connect(branch, "add", 1)
    assert "inputs differ in channels" in problems(window)["add"]
    assert badge(hands, "add")
    hands.fix(f"Set {branch} to 6 channels")
    assert problems(window) == {}

    # A cycle and a second edge into a port are refused at the pointer, with the reason.
    before = window.workspace.design
    hands.show("pool2", "add", "image", "tanh2")
    hands.press_and_move(hands.port("pool2", output=True), hands.node("add"))
    assert "would close a cycle" in hands.find(QLabel, "tip-text").text()
    hands.release()
    hands.press_and_move(hands.port("image", output=True), hands.port("tanh2", output=False))
    assert "has an edge from 'conv2' already" in hands.find(QLabel, "tip-text").text()
    hands.release()
    assert window.workspace.design is before

    # All of it is undone, and redone.
    last = window.workspace.design
    hands.on_canvas()
    while document.past:
        hands.keys("Ctrl+Z")
    assert window.workspace.design is first
    while document.future:
        hands.keys("Ctrl+Shift+Z")
    assert window.workspace.design is last


def test_a_group_is_made_gone_into_edited_and_used_again(window: MainWindow, hands: Hands) -> None:
    window.workspace.open_preset("lenet5")
    hands.settle()
    before = window.workspace.analysis.totals
    hands.click_node("conv1")
    hands.click_node("tanh1", SHIFT)
    hands.click_node("pool1", SHIFT)
    hands.keys("Ctrl+G")
    hands.type("Stage")
    hands.keys("Return")
    assert list(window.workspace.design.blocks) == ["Stage"]
    assert window.workspace.analysis.totals.parameters == before.parameters
    (path,) = window.workspace.selection
    hands.on_canvas()
    hands.keys("Return")
    assert window.workspace.block == "Stage"
    hands.click_node(f"{path}.conv1")
    hands.fill("out_channels", "8")
    hands.on_canvas()
    hands.keys("Escape")
    assert window.workspace.scope == ""
    assert problems(window) == {}
    assert window.workspace.analysis.totals.parameters > before.parameters
    hands.on_canvas()
    hands.keys("Ctrl+Shift+G")
    assert window.workspace.analysis.totals.parameters > before.parameters
    assert "conv1" in window.workspace.design.graph.nodes
