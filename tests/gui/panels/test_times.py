"""Measuring times in the Analysis panel: by mouse, with progress, cancel, and old times."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from designer.design import edits
from designer.gui.documents.workspace import Workspace
from designer.gui.panels.analysis import AnalysisPanel
from designer.gui.panels.layer_table import COLUMNS
from designer.gui.shell.main_window import MainWindow
from designer.gui.worker.trainer import Trainer
from designer.preferences import Preferences
from designer.runs.layer_times import LayerTimes, NodeTime, StepTime
from tests.gui.hands import Hands

LEFT = Qt.MouseButton.LeftButton
NUMBER = {column.name: index for index, column in enumerate(COLUMNS)}
MEASURED = LayerTimes(
    nodes=[
        NodeTime(path="conv1", forward=0.002, backward=0.0045),
        NodeTime(path="tanh1", forward=0.0005, backward=None),
    ],
    step=StepTime(forward=0.002, backward=0.003, optimizer=0.0001),
    batch=32,
    training=True,
    device="CPU",
    passes=9,
    notes=["Measured by hand."],
)


class Worker:
    """What the panel asked of the worker; the test answers."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.ended = 0

    def inspect(self, request, done, progress=None) -> Callable[[], None]:
        self.asked.append(request)
        self.done, self.progress = done, progress

        def end() -> None:
            self.ended += 1

        return end

    def answer(self, times: LayerTimes = MEASURED) -> None:
        self.done({"ok": True, "times": msgspec.to_builtins(times)})


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def panel(
    workspace: Workspace,
    shown: Callable[..., QWidget],
    worker: Worker,
    monkeypatch: pytest.MonkeyPatch,
) -> AnalysisPanel:
    workspace.open_preset("lenet5")
    trainer = Trainer(Preferences(standby=False))
    monkeypatch.setattr(trainer, "inspect", worker.inspect)
    return shown(AnalysisPanel(workspace, trainer), width=1000)


def press(qtbot: QtBot, panel: AnalysisPanel) -> None:
    qtbot.mouseClick(panel.times.button, LEFT)
    QApplication.processEvents()


def cell(panel: AnalysisPanel, path: str, column: str) -> str:
    view = panel.view
    row = next(row for row in range(len(view.layers.order)) if view.layers.path(row) == path)
    return view.layers.index(row, NUMBER[column]).data()


def test_times_are_measured_and_stand_beside_the_macs(
    panel: AnalysisPanel, workspace: Workspace, worker: Worker, qtbot: QtBot
) -> None:
    assert panel.view.isColumnHidden(NUMBER["forward"])
    press(qtbot, panel)
    (request,) = worker.asked
    assert request["do"] == "time" and '"conv1"' in request["subject"]["design"]
    assert request["subject"]["recipe"]["batch"] == workspace.recipe.batch
    assert panel.times.button.text() == "Cancel" and panel.times.progress.isVisible()
    worker.progress(0.5)
    assert panel.times.progress.value() == 500
    worker.answer()
    qtbot.waitUntil(lambda: not panel.view.isColumnHidden(NUMBER["forward"]))
    assert panel.times.button.text() == "Measure times" and not panel.times.progress.isVisible()
    assert [cell(panel, path, "forward") for path in ("image", "conv1", "tanh1")] == [
        "–", "2.00", "0.500",
    ]  # fmt: skip
    assert [cell(panel, path, "backward") for path in ("conv1", "tanh1")] == ["4.50", "–"]
    assert panel.total_row.text("forward") == "2.50"
    assert panel.total_row.text("backward") == "4.50"
    assert panel.times.step.text() == "Step 5.00 ms"
    words = panel.times.step.toolTip()
    assert "batch 32 on CPU" in words and "1.40 times" in words and "Measured by hand." in words
    header = panel.view.horizontalHeader()
    places = [header.visualIndex(NUMBER[name]) for name in ("macs", "forward", "backward")]
    assert places == [places[0], places[0] + 1, places[0] + 2]


def columns(panel: AnalysisPanel) -> list[str]:
    return [COLUMNS[number].name for number in panel.view.shown_columns()]


def test_times_stand_beside_the_types_where_the_macs_are_out_of_sight(
    panel: AnalysisPanel, worker: Worker, qtbot: QtBot
) -> None:
    press(qtbot, panel)
    worker.answer()
    qtbot.waitUntil(lambda: not panel.view.isColumnHidden(NUMBER["forward"]))
    usual = columns(panel)
    for _ in range(2):
        panel.resize(450, panel.height())
        qtbot.waitUntil(lambda: columns(panel)[1:4] == ["type", "forward", "backward"])
        panel.resize(1000, panel.height())
        qtbot.waitUntil(lambda: columns(panel) == usual)
    header = panel.view.horizontalHeader()
    header.moveSection(header.visualIndex(NUMBER["macs"]), 1)  # by the user
    moved = columns(panel)
    panel.resize(450, panel.height())
    assert columns(panel) == moved and moved[1] == "macs"
    panel.view.reset_columns()
    assert columns(panel)[1:4] == ["type", "forward", "backward"]


def test_the_table_is_sorted_and_copied_with_times(
    panel: AnalysisPanel, worker: Worker, qtbot: QtBot
) -> None:
    panel.copy_all_csv()
    assert "forward_ms" not in QGuiApplication.clipboard().text()
    press(qtbot, panel)
    worker.answer()
    qtbot.waitUntil(lambda: not panel.view.isColumnHidden(NUMBER["forward"]))
    panel.view.sortByColumn(NUMBER["forward"], Qt.SortOrder.DescendingOrder)
    assert [panel.view.layers.path(row) for row in range(2)] == ["conv1", "tanh1"]
    panel.copy_all_csv()
    head, first, *_ = QGuiApplication.clipboard().text().splitlines()
    row = dict(zip(head.split(","), first.split(","), strict=True))
    assert (row["layer"], row["forward_ms"], row["backward_ms"]) == ("conv1", "2.0", "4.5")


def test_after_an_edit_they_are_called_old(
    panel: AnalysisPanel, workspace: Workspace, worker: Worker, qtbot: QtBot
) -> None:
    press(qtbot, panel)
    worker.answer()
    workspace.edit("Set", lambda d: edits.set_parameter(d, "conv1", "out_channels", 12))
    qtbot.waitUntil(lambda: panel.times.step.text() == "Before the last edits")
    assert cell(panel, "conv1", "forward") == "2.00"
    assert "before the last edits" in panel.times.step.toolTip()
    workspace.undo()
    qtbot.waitUntil(lambda: panel.times.step.text() == "Step 5.00 ms")


def test_cancel_by_mouse(panel: AnalysisPanel, worker: Worker, qtbot: QtBot) -> None:
    press(qtbot, panel)
    press(qtbot, panel)
    assert worker.ended == 1
    assert panel.times.button.text() == "Measure times"
    worker.answer()  # comes too late
    QApplication.processEvents()
    assert panel.view.isColumnHidden(NUMBER["forward"])


def test_a_failure_is_said_and_the_next_try_works(
    panel: AnalysisPanel, workspace: Workspace, worker: Worker, qtbot: QtBot
) -> None:
    press(qtbot, panel)
    with qtbot.waitSignal(workspace.refused) as said:
        worker.done({"ok": False, "message": "The worker process was killed."})
    assert said.args == ["The worker process was killed."]
    press(qtbot, panel)
    worker.answer()
    qtbot.waitUntil(lambda: panel.times.step.text() == "Step 5.00 ms")


def test_a_training_ends_the_measurement_and_none_begins_beside_one(
    panel: AnalysisPanel, workspace: Workspace, worker: Worker, qtbot: QtBot
) -> None:
    press(qtbot, panel)
    trainer = panel.measurement.trainer
    trainer.beginning = True
    with qtbot.waitSignal(workspace.reported):
        trainer.state_changed.emit()
    assert worker.ended == 1
    with qtbot.waitSignal(workspace.refused) as said:
        press(qtbot, panel)
    assert "A training is running" in said.args[0]
    assert len(worker.asked) == 1


def test_a_broken_design_is_refused(
    panel: AnalysisPanel, workspace: Workspace, worker: Worker, qtbot: QtBot
) -> None:
    workspace.edit("Set", lambda d: edits.set_parameter(d, "conv1", "groups", 5))
    with qtbot.waitSignal(workspace.refused) as said:
        press(qtbot, panel)
    assert "has errors" in said.args[0] and not worker.asked


def test_the_times_belong_to_the_design_that_was_measured(
    panel: AnalysisPanel, workspace: Workspace, worker: Worker, qtbot: QtBot
) -> None:
    first = workspace.document
    press(qtbot, panel)
    workspace.open_preset("vgg16")
    worker.answer()
    QApplication.processEvents()
    assert first.times is not None and workspace.document.times is None
    assert panel.view.isColumnHidden(NUMBER["forward"])
    workspace.show(first)
    qtbot.waitUntil(lambda: not panel.view.isColumnHidden(NUMBER["forward"]))


def test_measured_in_the_window_and_seen_on_the_canvas(window: MainWindow, qtbot: QtBot) -> None:
    """By a real worker process, from the menu to the colors of the nodes."""
    workspace, hands = window.workspace, Hands(window, qtbot)
    document = workspace.open_preset("lenet5")
    hands.settle()
    actions = window.actions_
    actions.refresh()
    assert "Nothing is measured yet" in actions["view.color_time"].toolTip()
    actions["view.measure_times"].trigger()
    qtbot.waitUntil(lambda: document.times is not None, timeout=120_000)
    measured = document.times.times
    assert {each.path for each in measured.nodes} >= {"conv1", "flatten", "fc3"}
    assert measured.batch == workspace.recipe.batch
    actions.refresh()
    actions["view.color_time"].trigger()
    hands.settle()
    legend = window.canvas.overlay_legend
    assert legend.isVisible() and legend.title.text() == "Time per layer"
    by_path = {each.path: each for each in measured.nodes}
    expected = 1000 * (by_path["conv1"].forward + by_path["conv1"].backward)
    assert document.overlay.values["conv1"] == pytest.approx(expected)
    assert "forward and" in document.overlay.words["conv1"]
    assert actions["view.color_time"].isChecked()
