"""Two designs side by side by mouse and keys: marks, linked views, the table, what is chosen."""

from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from designer import presets
from designer.analysis.analysis import analyze
from designer.design import edits, files
from designer.design.blocks import rename_block
from designer.design.values import Design, Edge, Graph, LayerNode
from designer.folding.written_out import written_out
from designer.gui.base.theme import colors
from designer.gui.canvas.compared_view import ComparedView
from designer.gui.canvas.difference_marks import STYLES
from designer.gui.canvas.side_by_side import SideBySide
from designer.gui.documents.workspace import Workspace
from designer.gui.gallery import comparison
from designer.gui.gallery.comparison import ComparisonDialog
from designer.gui.shell.main_window import MainWindow
from tests.renaming import renamed

LEFT = Qt.MouseButton.LeftButton
CTRL = Qt.KeyboardModifier.ControlModifier


def edited() -> Design:
    """Return LeNet-5 with a wider, a renamed, an inserted and a removed layer."""
    design = edits.set_parameter(presets.load("lenet5"), "conv2", "out_channels", 32)
    design = edits.rename_node(design, "fc1", "hidden")
    edge = next(each for each in design.graph.edges if each.source == "fc2")
    design = edits.insert_on_edge(design, edge, "drop", LayerNode("Dropout"))
    return edits.remove_nodes(design, ("tanh1",))


def compare(workspace: Workspace, qtbot: QtBot) -> ComparisonDialog:
    """Open the comparison of the current design, and wait for the differences."""
    found = comparison.dialog(workspace, workspace.document, None, SideBySide, None)
    qtbot.addWidget(found)
    found.show()
    qtbot.waitExposed(found)
    qtbot.waitUntil(lambda: found.compared is not None)
    return found


def choose(dialog: ComparisonDialog, side: int, key: str, qtbot: QtBot) -> None:
    box = dialog.boxes[side]
    box.setCurrentIndex(box.findData(key))
    qtbot.waitUntil(lambda: dialog.compared is not None)


def views(dialog: ComparisonDialog) -> tuple[ComparedView, ComparedView]:
    assert isinstance(dialog.canvases, SideBySide)
    return dialog.canvases.views


def pixel(view: ComparedView, path: str) -> QPoint:
    """Return where the middle of a node is seen."""
    return view.mapFromScene(view.rect_of(path).center())


def row_of(dialog: ComparisonDialog, name: str) -> int:
    assert dialog.compared is not None
    return next(n for n, row in enumerate(dialog.compared.rows) if row.name == name)


def click_row(dialog: ComparisonDialog, name: str, qtbot: QtBot) -> None:
    table = dialog.table
    index = table.model().index(row_of(dialog, name), 1)
    table.scrollTo(index)
    qtbot.mouseClick(table.viewport(), LEFT, pos=table.visualRect(index).center())


@pytest.fixture
def dialog(look: str, workspace: Workspace, qtbot: QtBot) -> ComparisonDialog:
    """LeNet-5 on the left, with changes on the right."""
    workspace.add(edited())
    found = compare(workspace, qtbot)
    choose(found, 0, "lenet5", qtbot)
    choose(found, 1, "document 0", qtbot)
    return found


def test_both_designs_have_marks(dialog: ComparisonDialog) -> None:
    left, right = views(dialog)
    assert left.marks() == {"tanh1": "removed", "conv2": "changed", "fc1": "renamed"}
    assert right.marks() == {"conv2": "changed", "hidden": "renamed", "drop": "added"}
    assert dialog.summary.text() == "4 differences: 1 added, 1 removed, 1 changed, 1 renamed."
    # By hand: 156 + 4,832 + 96,120 + 10,164 + 850.
    assert [cell.text() for cell in dialog.values[0]] == ["61,706", "112,122", "×1.82"]


@pytest.mark.parametrize("look", ["dark", "light"], indirect=True)
def test_marks_are_told_by_their_signs_and_stand_out(look: str, dialog: ComparisonDialog) -> None:
    signs = [style.sign for style in STYLES.values()]
    assert len({*signs}) == len(signs)
    theme = colors()
    for style in STYLES.values():
        assert contrast(QColor(getattr(theme, style.color)), QColor(theme.canvas)) >= 4.5
    view = views(dialog)[1]
    view.reveal("drop")
    box, ratio = view.rect_of("drop"), view.devicePixelRatio()
    corner = view.mapFromScene(box.topRight())
    picture = view.grab().toImage()
    seen = {
        picture.pixelColor(round((corner.x() - 8) * ratio), round((corner.y() + y) * ratio)).name()
        for y in (-1, 0, 1)
    }
    assert theme.success in seen, "the outline of what was added"


def contrast(one: QColor, other: QColor) -> float:
    """Return the contrast of two colors as WCAG 2 defines it."""

    def luminance(color: QColor) -> float:
        parts = (
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
            for c in color.getRgbF()[:3]  # type: ignore[index]
        )
        red, green, blue = parts
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_a_row_shows_its_node_in_both(dialog: ComparisonDialog, qtbot: QtBot) -> None:
    left, right = views(dialog)
    click_row(dialog, "hidden", qtbot)
    assert (left.workspace.selection, right.workspace.selection) == ({"fc1"}, {"hidden"})
    assert left.navigator.visible().contains(left.rect_of("fc1"))
    assert right.navigator.visible().contains(right.rect_of("hidden"))
    assert abs(pixel(left, "fc1").y() - pixel(right, "hidden").y()) <= 2
    click_row(dialog, "drop", qtbot)
    assert (left.workspace.selection, right.workspace.selection) == (frozenset(), {"drop"})
    click_row(dialog, "tanh1", qtbot)
    assert (left.workspace.selection, right.workspace.selection) == ({"tanh1"}, frozenset())
    assert left.navigator.visible().contains(left.rect_of("tanh1"))


def test_a_clicked_node_selects_its_partner_and_its_row(
    dialog: ComparisonDialog, qtbot: QtBot
) -> None:
    left, right = views(dialog)
    left.reveal("conv2")
    qtbot.mouseClick(left.viewport(), LEFT, pos=pixel(left, "conv2"))
    assert left.workspace.selection == right.workspace.selection == {"conv2"}
    assert dialog.table.currentIndex().row() == row_of(dialog, "conv2")
    left.reveal("pool1")
    qtbot.mouseClick(right.viewport(), LEFT, pos=pixel(right, "pool1"))
    assert left.workspace.selection == {"pool1"}, "which does not differ"
    assert not dialog.table.currentIndex().isValid()


def test_dragging_pans_both_and_the_wheel_zooms_both(
    dialog: ComparisonDialog, qtbot: QtBot
) -> None:
    left, right = views(dialog)
    left.reveal("conv2")
    before = pixel(left, "conv2")
    start = QPoint(20, left.viewport().height() - 20)
    QTest.mousePress(left.viewport(), LEFT, pos=start)
    QTest.mouseMove(left.viewport(), start - QPoint(0, 40))
    QTest.mouseMove(left.viewport(), start - QPoint(-30, 70))
    QTest.mouseRelease(left.viewport(), LEFT, pos=start - QPoint(-30, 70))
    assert pixel(left, "conv2") - before == QPoint(30, -70)
    for path in ("conv2", "pool2"):
        assert (pixel(left, path) - pixel(right, path)).manhattanLength() <= 12
    at = QPointF(right.viewport().rect().center())
    wheel = QWheelEvent(
        at,
        QPointF(right.viewport().mapToGlobal(at.toPoint())),
        QPoint(),
        QPoint(0, -240),
        Qt.MouseButton.NoButton,
        CTRL,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    scale = left.navigator.scale
    QApplication.sendEvent(right.viewport(), wheel)
    assert left.navigator.scale == right.navigator.scale < scale


def test_what_is_in_both_stays_side_by_side_behind_what_was_inserted(
    dialog: ComparisonDialog,
) -> None:
    left, right = views(dialog)
    for path in ("tanh4", "fc3", "scores", "conv1"):
        left.navigator.look_at(left.rect_of(path).center(), left.navigator.scale)
        assert abs(pixel(left, path).y() - pixel(right, path).y()) <= 2


def test_a_double_click_looks_into_both(look: str, workspace: Workspace, qtbot: QtBot) -> None:
    design = rename_block(presets.load("resnet18"), "BasicBlock", "Residual")
    workspace.add(edits.set_parameter(design, "bn2", "eps", 0.001, block="Residual"))
    dialog = compare(workspace, qtbot)
    choose(dialog, 1, "resnet18", qtbot)
    left, right = views(dialog)
    assert left.marks() == dict.fromkeys(("layer1", "layer2", "layer3", "layer4"), "inside")
    left.reveal("layer2")
    qtbot.mouseDClick(left.viewport(), LEFT, pos=pixel(left, "layer2"))
    assert left.workspace.scope == right.workspace.scope == "layer2.0"
    assert left.marks() == right.marks() == {"layer2.0.bn2": "changed"}
    qtbot.keyClick(right, Qt.Key.Key_Backspace)
    assert left.workspace.scope == right.workspace.scope == ""
    click_row(dialog, "bn2", qtbot)
    assert left.workspace.scope == right.workspace.scope == "layer1.0", "the first use"
    assert right.workspace.selection == {"layer1.0.bn2"}


def test_a_design_without_blocks_is_compared_layer_by_layer(
    look: str, workspace: Workspace, qtbot: QtBot
) -> None:
    flat = written_out(analyze(presets.load("resnet18")))
    assert flat is not None
    flat = renamed(flat, lambda path: path.replace(".", "_"))
    workspace.add(edits.set_parameter(flat, "layer2_1_conv1", "out_channels", 96))
    dialog = compare(workspace, qtbot)
    choose(dialog, 1, "resnet18", qtbot)
    left, right = views(dialog)
    assert left.marks() == {"layer2_1_conv1": "changed"}
    assert right.marks() == {"layer2": "inside"}
    assert dialog.summary.text().startswith("Their blocks were cut differently")
    click_row(dialog, "layer2.1.conv1", qtbot)
    assert right.workspace.scope == "layer2.1"
    assert right.workspace.selection == {"layer2.1.conv1"}
    assert right.marks() == {"layer2.1.conv1": "changed"}


def test_nothing_is_edited(dialog: ComparisonDialog, workspace: Workspace, qtbot: QtBot) -> None:
    right = views(dialog)[1]
    shown, opened = right.workspace.design, workspace.design
    right.reveal("fc2")
    qtbot.mouseClick(right.viewport(), LEFT, pos=pixel(right, "fc2"))
    for key in (Qt.Key.Key_Delete, Qt.Key.Key_Tab, Qt.Key.Key_F2, Qt.Key.Key_Space):
        qtbot.keyClick(right, key)
    at = pixel(right, "fc2")
    QTest.mousePress(right.viewport(), LEFT, pos=at)
    QTest.mouseMove(right.viewport(), at + QPoint(60, 0))
    QTest.mouseRelease(right.viewport(), LEFT, pos=at + QPoint(60, 0))
    qtbot.mouseDClick(right.viewport(), LEFT, pos=QPoint(8, right.viewport().height() - 8))
    assert right.workspace.design is shown and workspace.design is opened
    assert len(workspace.documents) == 1


def test_what_was_saved_is_compared_first(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    files.save(presets.load("lenet5"), tmp_path / "mine.json")
    window.workspace.open(tmp_path / "mine.json")
    window.workspace.edit("wider", lambda d: edits.set_parameter(d, "conv1", "out_channels", 8))
    window.actions_["view.compare"].trigger()
    dialog = window.findChild(ComparisonDialog)
    qtbot.waitUntil(lambda: dialog.compared is not None)
    assert dialog.keys == ("saved 0", "document 0")
    assert dialog.boxes[0].currentText() == "mine.json, as saved"
    assert [row.text for row in dialog.compared.rows] == ["out_channels 6 → 8"]


def test_another_file_is_chosen(
    dialog: ComparisonDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "other.json"
    files.save(presets.load("lenet5"), file)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    box = dialog.boxes[1]
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: dialog.summary.text() == "The designs are equal.")
    assert dialog.keys == ("lenet5", f"file {file}") and box.currentText() == "other.json"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    qtbot.keyClick(box, Qt.Key.Key_End)
    assert box.currentText() == "other.json", "nothing was chosen"
    file.write_text("{")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    qtbot.keyClick(box, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: "is damaged or no design file" in dialog.notes.text())
    assert dialog.summary.text() == "There is nothing to compare."
    assert not dialog.table.differences.rows
    assert views(dialog)[0].marks() == {}


def test_both_tables_are_copied(dialog: ComparisonDialog, qtbot: QtBot) -> None:
    qtbot.mouseClick(dialog.copy, LEFT)
    text = QGuiApplication.clipboard().text()
    assert "~ changed\tconv2\tout_channels 16 → 32\n" in text
    assert text.startswith("\tLeNet-5\tLeNet-5, open\tratio\nParameters\t61,706\t112,122\t×1.82\n")


def test_it_is_swapped(dialog: ComparisonDialog, qtbot: QtBot) -> None:
    qtbot.mouseClick(dialog.swap, LEFT)
    qtbot.waitUntil(lambda: dialog.compared is not None)
    assert views(dialog)[0].marks()["drop"] == "removed"
    assert views(dialog)[1].marks()["tanh1"] == "added"


def test_an_empty_design_is_compared(look: str, workspace: Workspace, qtbot: QtBot) -> None:
    workspace.add(Design("Nothing"))
    dialog = compare(workspace, qtbot)
    choose(dialog, 1, "lenet5", qtbot)
    assert set(views(dialog)[1].marks().values()) == {"added"}


def test_hundreds_of_marks_are_rectangles_in_their_color(
    look: str, workspace: Workspace, qtbot: QtBot
) -> None:
    names = [f"relu{number}" for number in range(500)]
    edges = tuple(Edge(one, 0, two, 0) for one, two in pairwise(names))
    graph = Graph(dict.fromkeys(names, LayerNode("ReLU")), edges)
    workspace.add(Design("Long", graph=graph))
    dialog = compare(workspace, qtbot)
    choose(dialog, 1, "lenet5", qtbot)
    view = views(dialog)[0]
    qtbot.waitUntil(lambda: len(view.marks()) == 500)
    view.fit()
    picture = view.grab().toImage()
    seen = {
        picture.pixelColor(x, y).name()
        for x in range(picture.width() // 2 - 4, picture.width() // 2 + 4)
        for y in range(0, picture.height(), 3)
    }
    assert colors().error in seen, "the color of what was removed"
