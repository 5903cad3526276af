"""What the doctor says in the window: Problems, the strip below the curves, the settings."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from designer import preferences
from designer.analysis.problems import Severity
from designer.gui.panels.problem_row import ProblemRow
from designer.gui.panels.problems import ProblemsPanel
from designer.gui.shell.main_window import MainWindow
from designer.gui.shell.settings import SettingsDialog
from designer.gui.training import advising
from tests.analysis.drawing import chain
from tests.doctor.runs import FLATTEN, PIXELS, RELU, linear, trained
from tests.gui.training.conftest import Desk

LEFT = Qt.MouseButton.LeftButton
SECONDS = 20_000
STRAIGHT = chain(FLATTEN, linear(12), linear(10), shape=PIXELS)


def rows_of(window: MainWindow, qtbot: QtBot) -> Callable[[], list[ProblemRow]]:
    QTest.mouseClick(window.statusBar().problems, LEFT)
    panel = window.docks["problems"].widget()
    assert isinstance(panel, ProblemsPanel)
    qtbot.waitUntil(panel.isVisible)
    return lambda: [row for row in panel.rows if row.isVisible()]


@pytest.fixture
def straight(window: MainWindow, qtbot: QtBot) -> MainWindow:
    """A window of a small screen with two linear layers in a row."""
    window.resize(1280, 720)
    window.workspace.open_preset("lenet5")
    window.workspace.edit("draw", lambda _: STRAIGHT)
    window.workspace.end_turn()
    qtbot.waitUntil(lambda: bool(window.workspace.advice), timeout=SECONDS)
    return window


def test_advice_is_a_row_whose_button_makes_an_edit_that_is_undone(
    straight: MainWindow, qtbot: QtBot
) -> None:
    status = straight.statusBar().problems
    qtbot.waitUntil(lambda: status.text() == "1 piece of advice")
    rows = rows_of(straight, qtbot)
    qtbot.waitUntil(lambda: len(rows()) == 1)
    (row,) = rows()
    assert row.sentence.text().startswith("There is no activation between n2 and n3")
    assert "2 layers with 2,494 parameters" in row.sentence.text()
    assert row.accessibleName().startswith("advice: ")
    assert row.sign.toolTip() == "Advice: what keeps a network from learning"
    assert straight.docks["problems"].windowTitle() == "Problems"  # none stops anything
    before = straight.workspace.design
    QTest.mouseClick(row.buttons[0], LEFT)
    assert [node.layer for node in straight.workspace.design.graph.nodes.values()].count(
        "ReLU"
    ) == 1
    qtbot.waitUntil(lambda: not straight.workspace.advice)
    straight.workspace.undo()
    assert straight.workspace.design == before
    qtbot.waitUntil(lambda: len(rows()) == 1)


def test_the_check_box_hides_advice(straight: MainWindow, qtbot: QtBot) -> None:
    rows = rows_of(straight, qtbot)
    qtbot.waitUntil(lambda: len(rows()) == 1)
    panel = straight.docks["problems"].widget()
    assert isinstance(panel, ProblemsPanel)
    assert panel.with_advice.text() == "Show advice (1)"
    panel.with_advice.setFocus()
    QTest.keyClick(panel.with_advice, Qt.Key.Key_Space)
    assert not rows()
    QTest.keyClick(panel.with_advice, Qt.Key.Key_Space)
    assert len(rows()) == 1


def test_advice_is_silenced_and_the_settings_bring_it_back(
    straight: MainWindow, qtbot: QtBot
) -> None:
    rows = rows_of(straight, qtbot)
    qtbot.waitUntil(lambda: len(rows()) == 1)
    QTest.mouseClick(rows()[0].silence, LEFT)
    qtbot.waitUntil(lambda: not rows())
    assert straight.preferences.silenced == ["no-activation"]
    assert preferences.load().silenced == ["no-activation"]
    dialog = SettingsDialog(straight.preferences, straight.apply_preferences, straight)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.doctor.text() == "1 silenced"
    dialog.conditions.aboutToShow.emit()
    (action,) = [each for each in dialog.conditions.actions() if not each.isChecked()]
    assert action.text() == "No activation between two layers"
    action.trigger()
    assert dialog.doctor.text() == "All is said"
    assert preferences.load().silenced == []
    qtbot.waitUntil(lambda: len(rows()) == 1, timeout=SECONDS)


def test_a_remedy_of_the_recipe_changes_the_recipe(window: MainWindow, qtbot: QtBot) -> None:
    norm = {"layer": "BatchNorm1d"}
    design = chain(FLATTEN, linear(12, bias=False), RELU, norm, linear(10), shape=PIXELS)
    window.workspace.open_preset("lenet5")
    window.workspace.edit("draw", lambda _: design)
    window.workspace.set_recipe(
        window.workspace.recipe.__class__(batch=1, schedule=window.workspace.recipe.schedule)
    )
    qtbot.waitUntil(
        lambda: "batch-of-one" in [each.code for each in window.workspace.advice], timeout=SECONDS
    )
    rows = rows_of(window, qtbot)
    qtbot.waitUntil(lambda: any("The batch is 1" in row.sentence.text() for row in rows()))
    (row,) = [row for row in rows() if "The batch is 1" in row.sentence.text()]
    QTest.mouseClick(row.buttons[0], LEFT)
    assert window.workspace.recipe.batch == 32
    qtbot.waitUntil(lambda: not window.workspace.advice)


def test_the_strip_below_the_curves(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advising, "EVERY", 50)
    strip = desk.training.advice
    design = chain(FLATTEN, linear(32), RELU, linear(10), shape=PIXELS)
    run, _ = trained(tmp_path / "run", design, batch=128, epochs=2)
    desk.workspace.open_preset("lenet5")
    desk.workspace.edit("draw", lambda _: design)
    desk.show_run(run)
    desk.wait(strip.isVisible)
    advice = strip.advice
    assert advice is not None
    assert advice.key in ("few-steps", "underfitting")
    if advice.key != "few-steps":
        QTest.mouseClick(strip.next, LEFT)
    assert strip.advice is not None
    assert strip.advice.key == "few-steps"
    assert strip.sentence.text().startswith("The training has few steps")
    height = strip.height()
    assert height < 4 * strip.fontMetrics().height()
    QTest.mouseClick(strip.more, LEFT)
    assert strip.whole.isVisible()
    assert strip.sentence.text() == "Too few steps for the batch"
    assert "10 steps in all, each with 128 images" in strip.whole.text()
    QTest.mouseClick(strip.more, LEFT)
    labels = [each.text() for each in strip.menu.actions()]
    assert labels[1] == "Train for 100 epochs"
    strip.menu.actions()[1].trigger()
    assert desk.workspace.recipe.epochs == 100
    (silent,) = [each for each in strip.menu.actions() if "nothing more" in each.text()]
    silent.trigger()
    assert "few-steps" not in [each.key for each in desk.training.advising.of_run]
    assert desk.trainer.preferences.silenced == ["few-steps"]


def test_a_run_without_advice_has_no_strip(desk: Desk, tmp_path: Path) -> None:
    design = chain(FLATTEN, linear(32), RELU, linear(10), shape=PIXELS)
    run, _ = trained(tmp_path / "run", design, epochs=12)
    desk.show_run(run)
    desk.qtbot.wait(300)
    assert not desk.training.advice.isVisible()


def test_advice_comes_after_errors_and_warnings() -> None:
    assert list(Severity) == [
        Severity.ERROR, Severity.PENDING, Severity.WARNING, Severity.ADVICE, Severity.EXPLANATION,
    ]  # fmt: skip
