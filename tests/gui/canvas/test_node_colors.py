"""Nodes in the colors of a figure: scale, pixels, legend, card, saved picture."""

import math
import xml.etree.ElementTree as ET
from itertools import product
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from designer.design import edits
from designer.gui.base import color_map, contrast
from designer.gui.canvas.canvas import Canvas
from designer.gui.canvas.node_colors import NO_VALUE, NodeColors
from designer.gui.documents.node_values import Overlay, with_sums
from designer.gui.documents.workspace import Workspace
from designer.gui.shell.main_window import MainWindow
from tests.gui.canvas.conftest import center
from tests.gui.hands import Hands, wait_until

LOWEST, HIGHEST = QColor("#440154"), QColor("#fde725")  # the ends of viridis


def body(canvas: Canvas, path: str) -> QColor:
    """Return the color that is seen on the body of a node, beside its texts."""
    rect = canvas.view.rect_of(path)
    at = canvas.view.mapFromScene(QPointF(rect.left() + 0.7 * rect.width(), rect.top() + 5))
    return canvas.view.viewport().grab().toImage().pixelColor(at)


def near(one: QColor, two: QColor) -> bool:
    """Tell whether two colors can hardly be told apart."""
    pairs = zip(one.getRgb(), two.getRgb(), strict=True)  # type: ignore[call-overload]
    return all(abs(a - b) <= 4 for a, b in pairs)


def test_every_step_is_lighter_than_the_one_before_and_has_legible_text() -> None:
    palette = color_map.palette()
    light = list(map(luminance, palette))
    assert light == sorted(light)
    for color, dark in zip(palette, color_map.dark_text(), strict=True):
        assert contrast.contrast(color.name(), "#000000" if dark else "#ffffff") >= contrast.ENOUGH


def luminance(color: QColor) -> float:
    """Return how light a color is, by its contrast with black."""
    return contrast.contrast(color.name(), "#000000")


@pytest.mark.parametrize(
    ("values", "logarithmic", "steps"),
    [
        ([0.0, 5.0, 10.0], False, [0, 32, 63]),
        ([1.0, 10.0, 100.0], True, [0, 32, 63]),
        ([-2.0, 0.0, 2.0], False, [0, 32, 63]),
        ([0.0, 1.0, 100.0], True, [0, 0, 63]),  # no logarithm
        ([3.0, 3.0], False, [32, 32]),
        ([math.nan, 1.0, 2.0, math.inf], False, [NO_VALUE, 0, 63, 63]),
        ([math.nan], False, [NO_VALUE]),
        ([0.0, 0.0], True, [0, 0]),
    ],
)
def test_steps(values: list[float], logarithmic: bool, steps: list[int]) -> None:
    named = {f"n{number}": value for number, value in enumerate(values)}
    colors = NodeColors(Overlay("Figure", named, logarithmic=logarithmic))
    found, _ = colors.of([*named, "other"])
    assert found.tolist() == [*steps, NO_VALUE]


def test_a_block_is_marked_for_what_is_inside_unless_it_has_a_value() -> None:
    values = {"a.0.conv": 0.99, "b.conv": math.nan, "b": 0.5, "c": 0.2}
    colors = NodeColors(Overlay("Zeros", values, bad=(0.3, 0.9)))
    _, bad = colors.of(["a", "a.0.conv", "b", "b.conv", "c", "d"])
    assert bad.tolist() == [True, True, False, True, True, False]
    assert colors.marked_sentence() == "3 values are marked: usual values lie from 0.3 to 0.9."


def test_blocks_get_the_sum_of_their_layers() -> None:
    found = with_sums({"x": 1, "a.0.conv": 2, "a.1.conv": 3})
    assert found == {"x": 1, "a.0.conv": 2, "a.0": 2, "a.1.conv": 3, "a.1": 3, "a": 5}


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("scale", [1.0, 0.4, 0.12])
def test_nodes_are_seen_in_the_colors_of_their_values(
    canvas: Canvas, workspace: Workspace, scale: float, right: bool
) -> None:
    document = workspace.open_preset("resnet18")
    canvas.set_flow(right=right)
    canvas.view.toggle_expanded("layer1")
    wait_until(lambda: not canvas.view.gliding.running)
    canvas.view.navigator.look_at(canvas.view.rect_of("layer1.0.conv1").center(), scale)
    wait_until(lambda: not canvas.layer.moving)  # until then a slow machine leaves out detail
    usual = body(canvas, "layer1.0.conv1")
    workspace.show_overlay(document, Overlay("Time", {"layer1.0.conv1": 2.0, "layer1.0.bn1": 1.0}))
    QApplication.processEvents()
    assert near(body(canvas, "layer1.0.conv1"), HIGHEST)
    assert near(body(canvas, "layer1.0.bn1"), LOWEST)
    workspace.show_overlay(document, None)
    QApplication.processEvents()
    assert body(canvas, "layer1.0.conv1") == usual


def test_the_minimap_has_the_colors_and_marks(
    canvas: Canvas, workspace: Workspace, qtbot: QtBot
) -> None:
    document = workspace.open_preset("lenet5")

    def found() -> set[str]:
        image = canvas.minimap.grab().toImage()
        points = product(range(image.width()), range(image.height()))
        return {image.pixelColor(x, y).name() for x, y in points}

    # The minimap shades what is in sight, so that is a part of the first node only.
    canvas.view.navigator.look_at(canvas.view.rect_of("image").center(), 2.0)
    error = canvas.layer.look.error.name()
    assert HIGHEST.name() not in found()
    workspace.show_overlay(document, Overlay("Time", {"conv1": 1.0, "fc1": 2.0, "fc2": 0.0}))
    qtbot.waitUntil(lambda: HIGHEST.name() in found())
    assert error not in found()
    bad = Overlay("Time", {"conv1": 1.0, "fc1": 2.0, "fc2": 0.0}, bad=(0.5, None))
    workspace.show_overlay(document, bad)
    qtbot.waitUntil(lambda: error in found())


def test_each_document_has_its_own_colors(canvas: Canvas, workspace: Workspace) -> None:
    first = workspace.open_preset("lenet5")
    workspace.show_overlay(first, Overlay("First", {"conv1": 1.0, "fc1": 2.0}))
    assert canvas.overlay_legend.isVisible()
    second = workspace.open_preset("lenet5")
    QApplication.processEvents()
    assert not canvas.overlay_legend.isVisible()
    assert not near(body(canvas, "conv1"), LOWEST)
    workspace.show_overlay(first, Overlay("Other", {"conv1": 2.0, "fc1": 1.0}))
    assert not canvas.overlay_legend.isVisible()
    workspace.show(first)
    QApplication.processEvents()
    assert canvas.overlay_legend.title.text() == "Other"
    assert near(body(canvas, "conv1"), HIGHEST)
    assert second.overlay is None


def test_the_legend_says_what_is_measured_and_closes_with_its_button_only(
    canvas: Canvas, workspace: Workspace, qtbot: QtBot
) -> None:
    document = workspace.open_preset("lenet5")
    overlay = Overlay(
        "Time per layer", {"conv1": 0.0213, "fc1": 12345.0}, "ms", True, (None, 1000.0),
        design=workspace.design,
    )  # fmt: skip
    workspace.show_overlay(document, overlay)
    legend = canvas.overlay_legend
    assert [each.text() for each in (legend.title, legend.low, legend.scale, legend.high)] == [
        "Time per layer", "0.0213 ms", "log scale", "12.3 s",
    ]  # fmt: skip
    assert legend.marked.text() == "1 value is marked: usual values are at most 1 s."
    inside = canvas.view.rect()
    assert inside.contains(legend.geometry()) and not legend.stale.isVisible()
    workspace.edit("Move", lambda d: edits.rename_node(d, "fc2", "second"))
    assert legend.stale.isVisible() and "before the last edits" in legend.stale.text()
    workspace.undo()
    assert not legend.stale.isVisible()
    qtbot.keyClick(canvas.view, Qt.Key.Key_Escape)
    assert legend.isVisible()
    qtbot.mouseClick(legend.close_, Qt.MouseButton.LeftButton)
    assert not legend.isVisible() and document.overlay is None


def test_the_card_of_a_node_has_its_value(
    canvas: Canvas, workspace: Workspace, qtbot: QtBot
) -> None:
    document = workspace.open_preset("resnet18")
    values = {"conv1": 0.5, "layer1.0.conv1": 0.99, "bn1": 0.2}
    words = {"bn1": "0.2 (a fifth)"}
    workspace.show_overlay(document, Overlay("Zeros", values, bad=(None, 0.9), words=words))
    card = canvas.view.notes.card

    def text(path: str) -> str:
        card.hide()
        QTest.mouseMove(canvas.view.viewport(), center(canvas, path))
        qtbot.waitUntil(card.isVisible)
        return card.label.text()

    assert "Zeros: 0.5" in text("conv1")
    assert "Zeros: 0.2 (a fifth)" in text("bn1")
    canvas.fit()
    inside = text("layer1")
    assert "suspicious inside" in inside and "layer1.0.conv1: 0.99" in inside


def test_a_saved_picture_has_colors_and_legend(
    canvas: Canvas, workspace: Workspace, tmp_path: Path
) -> None:
    document = workspace.open_preset("lenet5")
    canvas.save_picture(tmp_path / "usual.png")
    workspace.show_overlay(document, Overlay("Time", {"conv1": 1.0, "fc1": 2.0}, "ms"))
    canvas.save_picture(tmp_path / "network.svg")
    canvas.save_picture(tmp_path / "colored.png")
    texts = {
        each.text
        for each in ET.parse(tmp_path / "network.svg").iter("{http://www.w3.org/2000/svg}text")
    }
    assert {"Time", "1 ms", "2 ms"} <= texts
    usual, image = QImage(str(tmp_path / "usual.png")), QImage(str(tmp_path / "colored.png"))
    assert image.height() > usual.height()
    colors = {image.pixelColor(image.width() // 2, y).name() for y in range(image.height())}
    assert {LOWEST.name(), HIGHEST.name()} <= colors


def test_figures_of_the_analysis_follow_edits(window: MainWindow, qtbot: QtBot) -> None:
    """Chosen in the menu; another design, another panel's overlay and Category end it."""
    workspace, hands = window.workspace, Hands(window, qtbot)
    workspace.open_preset("lenet5")
    hands.settle()
    actions = window.actions_
    menus = {each.title().replace("&", ""): each for each in window.findChildren(QMenu)}
    menu = menus["Color nodes by"]
    by_name = {each.text(): each for each in menu.actions()}
    assert list(by_name)[:3] == ["Category", "Parameters", "MACs"]
    by_name["Parameters"].trigger()
    overlay = workspace.document.overlay
    counts = {"conv1": 156, "conv2": 2416, "fc1": 48120, "fc2": 10164, "fc3": 850}
    assert overlay.values == counts
    hands.settle()
    checked = [key for key, each in actions.by_key.items() if "color_" in key and each.isChecked()]
    assert checked == ["view.color_parameters"]
    workspace.edit("Set", lambda d: edits.set_parameter(d, "conv1", "out_channels", 12))
    assert workspace.document.overlay.values["conv1"] == 312
    workspace.undo()
    assert workspace.document.overlay.values == counts
    mine = Overlay("Mine", {"conv1": 1.0})
    workspace.show_overlay(workspace.document, mine)
    workspace.edit("Set", lambda d: edits.set_parameter(d, "conv1", "out_channels", 12))
    assert workspace.document.overlay is mine
    by_name["Category"].trigger()
    assert workspace.document.overlay is None


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("macs", {"conv1": 118_013_952, "layer1": 4 * 64 * 64 * 9 * 56 * 56, "fc": 512_000}),
        ("output", {"image": 3 * 224 * 224, "layer1": 64 * 56 * 56, "fc": 1000}),
        ("receptive_field", {"conv1": 7, "maxpool": 11, "layer1": 43, "layer1.0.conv1": 19}),
        ("saved_for_backward", {"relu": 0.0}),
    ],
)
def test_figures(
    canvas: Canvas, workspace: Workspace, key: str, expected: dict[str, float]
) -> None:
    document = workspace.open_preset("resnet18")
    canvas.figure_colors.show(key)
    assert document.overlay is not None
    values = document.overlay.values
    if key == "saved_for_backward":
        alone = sum(value for path, value in values.items() if "." not in path)
        assert alone == workspace.analysis.totals.saved_bytes()
        return
    assert {path: values[path] for path in expected} == expected
