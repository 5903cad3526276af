"""The Problems dock: each problem once, errors first, its node a click away, its fixes shown."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from designer.analysis.analysis import analyze
from designer.analysis.problems import Severity
from designer.design import edits
from designer.design.differences import changes
from designer.design.values import Design, Edge, Graph, LayerNode
from designer.gui.documents.workspace import Workspace
from designer.gui.panels.changes import preview
from designer.gui.panels.problem_row import ProblemRow
from designer.gui.panels.problems import STEP, ProblemsPanel
from designer.gui.shell.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(workspace: Workspace, shown: Callable[..., QWidget]) -> ProblemsPanel:
    workspace.open_preset("resnet50")
    return shown(ProblemsPanel(workspace), width=640)


def _rows(panel: ProblemsPanel) -> list[ProblemRow]:
    return [row for row in panel.rows if row.isVisible()]


def _break_conv1(workspace: Workspace) -> None:
    workspace.edit("break", lambda d: edits.set_parameter(d, "conv1", "kernel_size", 700))


def _break_block(workspace: Workspace) -> None:
    workspace.edit(
        "break",
        lambda d: edits.set_parameter(d, "conv3", "out_channels", 512, block="Bottleneck"),
    )


def test_a_valid_design_has_one_line(panel: ProblemsPanel) -> None:
    assert panel.nothing.isVisible()
    assert panel.nothing.text() == "No problems."
    assert not _rows(panel)


def test_a_click_on_a_problem_goes_to_its_location(
    panel: ProblemsPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    _break_conv1(workspace)
    qtbot.waitUntil(lambda: len(_rows(panel)) == 1)
    row = _rows(panel)[0]
    assert row.sentence.text().startswith("conv1: the kernel spans 700 rows")
    assert row.location.text() == "conv1 · the shape comes from image"
    assert row.accessibleName().startswith("error: ")
    with qtbot.waitSignal(workspace.revealed):
        qtbot.mouseClick(row, LEFT, pos=QPoint(4, 4))
    assert workspace.selection == {"conv1"}


def test_a_problem_of_a_block_is_shown_once(
    panel: ProblemsPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    _break_block(workspace)
    qtbot.waitUntil(lambda: bool(_rows(panel)))
    found = workspace.analysis.problems
    assert len(_rows(panel)) < len(found) or len(found) == 1
    row = _rows(panel)[0]
    assert "in the block Bottleneck" in row.location.text()
    row.setFocus()
    qtbot.keyClick(row, Qt.Key.Key_Return)
    assert workspace.selection == {found[0].path}
    assert workspace.block == "Bottleneck"


def test_a_fix_is_previewed_and_applied_with_the_mouse(
    panel: ProblemsPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    _break_conv1(workspace)
    qtbot.waitUntil(lambda: len(_rows(panel)) == 1)
    button = _rows(panel)[0].buttons[1]
    assert button.text() == "Set kernel size to 230×230"
    # The mouse may stand where a button has appeared, whose preview is shown then.
    qtbot.mouseMove(panel, QPoint(1, 1))
    qtbot.mouseMove(button)
    changed = ": conv1.kernel_size 700 → 230×230"
    qtbot.waitUntil(lambda: panel.preview.text().endswith(changed))
    assert panel.preview.text().startswith("1 problem → ")
    before = workspace.design
    qtbot.mouseClick(button, LEFT)
    assert workspace.design is not before
    assert workspace.document.past[-1].label == "Set kernel size to 230×230"
    workspace.undo()
    assert workspace.design is before


def test_everything_by_keyboard(panel: ProblemsPanel, workspace: Workspace, qtbot: QtBot) -> None:
    workspace.add(_chain_of_faults(3))
    qtbot.waitUntil(lambda: len(_rows(panel)) == 3)
    first, second, _ = _rows(panel)
    first.setFocus()
    qtbot.keyClick(first, Qt.Key.Key_Down)
    qtbot.waitUntil(second.hasFocus)
    qtbot.keyClick(second, Qt.Key.Key_Return)
    assert workspace.selection == {"conv1"}
    qtbot.keyClick(second, Qt.Key.Key_Right)
    button = second.buttons[0]
    qtbot.waitUntil(button.hasFocus)
    assert panel.preview.text().startswith("3 problems → 2")
    qtbot.keyClick(button, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: len(_rows(panel)) == 2)
    assert _rows(panel)[1].hasFocus(), "the next problem is at hand"


def test_hundreds_of_problems_come_in_portions(
    panel: ProblemsPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.add(_chain_of_faults(STEP + 70))
    qtbot.waitUntil(panel.more.isVisible)
    assert len(_rows(panel)) == STEP
    assert panel.more.text() == "Show more (70 hidden)"
    panel.area.ensureWidgetVisible(panel.more)
    qtbot.mouseClick(panel.more, LEFT)
    assert len(_rows(panel)) == 2 * STEP
    assert panel.more.text() == f"Show more ({70 - STEP} hidden)"
    workspace.show(workspace.documents[0])
    qtbot.waitUntil(panel.nothing.isVisible)


def test_errors_stand_before_warnings(
    panel: ProblemsPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    def loose(design: Design) -> Design:
        return edits.add_node(design, "alone", LayerNode("ReLU"))

    workspace.edit("add", loose)
    _break_conv1(workspace)
    qtbot.waitUntil(lambda: len(_rows(panel)) == len(workspace.analysis.problems))
    severities = [row.group[0].severity for row in _rows(panel)]
    assert severities == sorted(severities, key=lambda each: each is not Severity.ERROR)


def test_a_fix_that_is_no_longer_possible_is_refused_in_words(
    panel: ProblemsPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    _break_conv1(workspace)
    qtbot.waitUntil(lambda: len(_rows(panel)) == 1)
    fix = _rows(panel)[0].group[0].fixes[0]
    workspace.edit("delete", lambda d: edits.remove_node(d, "conv1"))
    with qtbot.waitSignal(workspace.refused):
        panel._apply(fix)


def test_changes_as_sentences() -> None:
    nodes = {
        "image": LayerNode("Input", {"shape": (3, 8, 8)}),
        "conv": LayerNode("Conv2d", {"out_channels": 4, "kernel_size": 3}),
    }
    before = Design("small", graph=Graph(nodes, (Edge("image", 0, "conv", 0),)))
    wide = edits.set_parameter(before, "conv", "out_channels", 8)
    assert list(changes(before, wide)) == ["conv.out_channels 4 → 8"]
    assert list(changes(before, edits.set_parameter(before, "conv", "bias", False))) == [
        "conv.bias default → false"
    ]
    inserted = edits.insert_on_edge(before, before.graph.edges[0], "relu", LayerNode("ReLU"))
    assert list(changes(before, inserted)) == ["ReLU relu added between image and conv"]
    assert list(changes(inserted, before)) == ["relu removed", "image connected to conv"]
    cut = edits.disconnect(before, before.graph.edges[0])
    assert list(changes(before, cut)) == ["image disconnected from conv"]
    words = preview(analyze(before), analyze(wide))
    assert words.endswith("parameters 112 → 224, MACs 3.888 K → 7.776 K: conv.out_channels 4 → 8")


def test_the_status_bar_leads_to_the_problems(window: MainWindow, qtbot: QtBot) -> None:
    window.workspace.open_preset("lenet5")
    window.workspace.edit("x", lambda d: edits.set_parameter(d, "conv1", "kernel_size", 99))
    status = window.statusBar()
    qtbot.waitUntil(lambda: status.problems.text() == "1 problem")
    qtbot.mouseClick(status.problems, LEFT)
    qtbot.waitUntil(lambda: len(_rows(window.docks["problems"].widget())) == 1)
    assert window.docks["problems"].widget().isVisible()


def _chain_of_faults(count: int) -> Design:
    """Return a design with branches each of which has a kernel too large for its image."""
    nodes = {"image": LayerNode("Input", {"shape": (3, 8, 8)})}
    edges = []
    for number in range(count):
        name = f"conv{number}"
        nodes[name] = LayerNode("Conv2d", {"out_channels": 4, "kernel_size": 20})
        nodes[f"out{number}"] = LayerNode("Output")
        edges += [Edge("image", 0, name, 0), Edge(name, 0, f"out{number}", 0)]
    return Design("faults", graph=Graph(nodes, tuple(edges)))
