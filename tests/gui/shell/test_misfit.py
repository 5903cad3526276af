"""Data that do not fit the design: said and mended wherever a user looks."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QScrollArea, QToolButton

from designer.analysis.problems import Severity
from designer.design import edits
from designer.design.values import LayerNode
from designer.recipe.reading import changed
from tests.gui.training.test_set_up import write_data

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def misfit(window, qtbot, tmp_path):
    """A window of a small screen with a design of 10 outputs and data of 3 classes."""
    window.resize(1280, 720)
    window.workspace.open_preset("lenet5")
    window.workspace.set_recipe(
        changed(window.workspace.recipe, {"data.source": str(write_data(tmp_path / "squares.npz"))})
    )
    qtbot.waitUntil(lambda: window.workspace.training_problem is not None, timeout=20_000)
    return window


def problem_row(window, qtbot):
    QTest.mouseClick(window.statusBar().problems, LEFT)
    panel = window.docks["problems"].widget()
    qtbot.waitUntil(lambda: any(row.isVisible() for row in panel.rows))
    return panel.rows[0]


def test_it_is_said_in_the_status_bar_the_toolbar_and_the_form(misfit, qtbot):
    reason = "squares has 3 classes, but scores has 10 values."
    status = misfit.statusBar().problems
    qtbot.waitUntil(lambda: status.text() == "1 problem of training")
    assert misfit.docks["problems"].windowTitle() == "Problems (1)"
    assert misfit.toolbar.why.text() == reason
    button = misfit.toolbar.widgetForAction(misfit.actions_["train.start"])
    assert isinstance(button, QToolButton) and not button.isEnabled()
    form = misfit.training.set_up
    assert form.why.text() == reason and not form.train.isEnabled()

    def in_sight() -> bool:
        """Whether the button is shown whole; a comparison of data and design makes it anew."""
        buttons = form.findChildren(QPushButton, "data-remedy-0")
        for each in buttons:  # below the device where the panel is narrow
            form.findChild(QScrollArea).ensureWidgetVisible(each)
        return any(each.visibleRegion().boundingRect() == each.rect() for each in buttons)

    qtbot.waitUntil(in_sight)


@pytest.mark.parametrize("width", [1280, 1100])
def test_it_is_noticed_while_another_tab_covers_the_training(window, qtbot, tmp_path, width):
    """On narrow screens Training is not in front at first."""
    window.resize(width, 720)
    window.workspace.open_preset("lenet5")
    if width > 1200:
        window.show_dock("runs")
    qtbot.wait(300)
    data = str(write_data(tmp_path / "squares.npz"))
    window.workspace.set_recipe(changed(window.workspace.recipe, {"data.source": data}))
    qtbot.waitUntil(lambda: window.workspace.training_problem is not None, timeout=20_000)
    assert "squares has 3 classes" in window.training.refusal()
    assert not window.actions_["train.start"].isEnabled()


def test_a_click_on_the_fix_in_problems_ends_it(misfit, qtbot):
    row = problem_row(misfit, qtbot)
    assert "the training" in row.location.text() and "no errors" in row.location.text()
    QTest.mouseClick(row.buttons[0], LEFT)
    assert misfit.workspace.analysis.outputs[0].shape == (3,)
    status = misfit.statusBar().problems
    qtbot.waitUntil(lambda: status.text() == "No problems")
    assert not misfit.toolbar.why.text()
    assert misfit.training.set_up.train.isEnabled()
    misfit.workspace.undo()
    qtbot.waitUntil(lambda: status.text() == "1 problem of training")


def test_a_fix_of_the_recipe_leaves_the_design(misfit, qtbot):
    QTest.mouseClick(problem_row(misfit, qtbot).buttons[0], LEFT)
    misfit.workspace.set_recipe(changed(misfit.workspace.recipe, {"batch": 500}))
    status = misfit.statusBar().problems
    qtbot.waitUntil(lambda: "A batch of 500" in misfit.toolbar.why.text())
    design = misfit.workspace.design
    row = problem_row(misfit, qtbot)
    qtbot.waitUntil(lambda: "A batch of 500" in row.sentence.text())
    assert row.buttons[0].text() == "Set the batch to 96"
    QTest.mouseClick(row.buttons[0], LEFT)
    assert misfit.workspace.recipe.batch == 96 and misfit.workspace.design is design
    qtbot.waitUntil(lambda: status.text() == "No problems")


def test_a_click_on_the_row_goes_to_the_form(misfit, qtbot):
    misfit.show_dock("runs")
    row = problem_row(misfit, qtbot)
    QTest.mouseClick(row, LEFT, pos=QPoint(row.width() - 5, 8))
    qtbot.waitUntil(misfit.training.set_up.isVisible)


def test_data_that_cannot_be_read_are_listed_with_a_fix(misfit, qtbot, tmp_path):
    gone = str(tmp_path / "gone.npz")
    misfit.workspace.set_recipe(changed(misfit.workspace.recipe, {"data.source": gone}))
    qtbot.waitUntil(lambda: "gone.npz" in misfit.toolbar.why.text(), timeout=20_000)
    row = problem_row(misfit, qtbot)
    qtbot.waitUntil(lambda: "gone.npz" in row.sentence.text())
    assert row.buttons[0].text() == "Use the built-in digits"
    QTest.mouseClick(row.buttons[0], LEFT)
    qtbot.waitUntil(lambda: not misfit.workspace.problems, timeout=20_000)


def test_another_design_has_its_own(misfit, qtbot):
    first = misfit.workspace.document
    misfit.workspace.open_preset("lenet5")
    qtbot.waitUntil(lambda: misfit.statusBar().problems.text() == "No problems", timeout=20_000)
    misfit.workspace.show(first)
    qtbot.waitUntil(lambda: misfit.statusBar().problems.text() == "1 problem of training")


def test_problems_of_the_design_come_first(misfit, qtbot):
    """While the design has errors, whether it fits the data cannot be told."""
    misfit.workspace.edit(
        "set kernel_size", lambda design: edits.set_parameter(design, "conv2", "kernel_size", 99)
    )
    assert not misfit.workspace.analysis.valid
    assert misfit.workspace.training_problem not in misfit.workspace.problems
    assert not misfit.toolbar.why.text()


def test_what_trains_badly_is_a_warning_that_stops_nothing(window, qtbot):
    window.workspace.open_preset("lenet5")
    edge = next(each for each in window.workspace.design.graph.edges if each.target == "scores")
    window.workspace.edit(
        "Insert softmax",
        lambda design: edits.insert_on_edge(design, edge, "softmax", LayerNode("Softmax")),
    )
    status = window.statusBar().problems
    qtbot.waitUntil(lambda: status.text() == "1 problem of training", timeout=20_000)
    assert window.workspace.training_problem.severity is Severity.WARNING
    assert not window.toolbar.why.text()
    assert window.training.set_up.train.isEnabled()
    row = problem_row(window, qtbot)
    assert "Softmax" in row.sentence.text()
    QTest.mouseClick(row.buttons[0], LEFT)
    assert "softmax" not in window.workspace.design.graph.nodes
    qtbot.waitUntil(lambda: status.text() == "No problems")
