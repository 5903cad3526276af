"""The form of a new study: fields, values, ranges, settings, and what it says of them."""

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from designer.gui.studies.new_study import NewStudyDialog
from designer.gui.worker.trainer import Trainer
from designer.studies import launching
from designer.studies.folder import StudyFolder
from designer.studies.spec import Range
from tests.gui.hands import activate

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def dialog(workspace, remembered, root, qtbot):
    """The form for LeNet-5."""
    workspace.open_preset("lenet5")
    trainer = Trainer(remembered)
    found = NewStudyDialog(workspace, trainer, root)
    trainer.setParent(found)
    qtbot.addWidget(found)
    found.show()
    return found


def tick(dialog, name):
    """Find a field by typing, and tick it with the keyboard."""
    dialog.tree.finder.setFocus()
    dialog.tree.finder.clear()
    QTest.keyClicks(dialog.tree.finder, name)
    tree, item = dialog.tree.tree, dialog.tree.items[name]
    assert not item.isHidden()
    tree.setCurrentItem(item)
    QTest.keyClick(tree, Qt.Key.Key_Space)
    assert name in dialog.rows
    return dialog.rows[name]


def write(line, text):
    """Replace the text of a field by typing."""
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, text)
    if not text:
        QTest.keyClick(line, Qt.Key.Key_Delete)


def checked(dialog):
    """Let the form look at what was entered."""
    dialog.check()
    return dialog.summary.text() if dialog.start.isEnabled() else dialog.error.text()


def test_nothing_can_be_started_before_something_varies(dialog):
    assert not dialog.start.isEnabled()
    assert checked(dialog) == "" and dialog.summary.text() == "Nothing varies yet."
    tick(dialog, "batch")
    assert checked(dialog).startswith("5 candidates × 1 training = 5 trainings")


def test_a_search_leaves_the_fields_with_all_its_words(dialog):
    QTest.keyClicks(dialog.tree.finder, "kernel conv2")
    seen = [name for name, item in dialog.tree.items.items() if not item.isHidden()]
    assert "design.conv2.kernel_size" in seen and "design.conv1.kernel_size" not in seen
    assert len(seen) < 5 and dialog.tree.none.isHidden()
    QTest.keyClicks(dialog.tree.finder, " nowhere")
    assert not dialog.tree.none.isHidden()


def test_values_and_ranges_become_a_study(dialog):
    batch = tick(dialog, "batch")
    QTest.mouseClick(batch.forms.buttons["values"], LEFT)
    write(batch.values, "8, 32, 512")
    rate = tick(dialog, "optimizer.learning_rate")
    write(rate.low, "0,001")
    write(rate.high, "0.1")
    if not rate.log.isChecked():
        QTest.mouseClick(rate.log, LEFT, NONE, rate.log.rect().center() / 4)
    name = tick(dialog, "optimizer.name")
    for text, action in name.choices.actions_by_name.items():
        if (text in ("sgd", "adam")) != action.isChecked():
            action.trigger()
    found = {each.name: each for each in dialog.study().varied}
    assert found["batch"].values == (8, 32, 512)
    assert found["optimizer.learning_rate"].range == Range(low=0.001, high=0.1, log=True)
    assert set(found["optimizer.name"].values) == {"sgd", "adam"}
    assert checked(dialog).startswith("30 candidates × 1 training = 30 trainings")


@pytest.mark.parametrize(
    ("low", "high", "part"),
    [("x", "8", "no number"), ("8", "2", "lower end first"), ("2.5", "8", "whole")],
)
def test_a_wrong_range_is_marked_at_its_field(dialog, low, high, part):
    row = tick(dialog, "batch")
    QTest.mouseClick(row.forms.buttons["range"], LEFT)
    write(row.low, low)
    write(row.high, high)
    assert part in row.error.text() and not row.error.isHidden()
    assert checked(dialog) == "Correct what is marked above."


def test_a_grid_takes_as_many_values_of_a_range_as_are_wanted(dialog):
    row = tick(dialog, "optimizer.learning_rate")
    write(row.points, "7")
    assert checked(dialog).startswith("7 candidates")
    write(row.points, "1")
    assert "at least 2 values" in row.error.text()
    write(row.points, "few")
    assert "no whole number: 'few'" in row.error.text()


def test_a_value_that_a_layer_refuses_is_marked(dialog):
    row = tick(dialog, "design.conv2.out_channels")
    QTest.mouseClick(row.forms.buttons["values"], LEFT)
    write(row.values, "8, -1")
    assert not row.error.isHidden() and row.error.text()
    write(row.values, "")
    assert "separated by commas" in row.error.text()
    QTest.mouseClick(row.cross, LEFT)
    assert dialog.rows == {}
    assert dialog.tree.items["design.conv2.out_channels"].checkState(0) == Qt.CheckState.Unchecked


def test_a_search_without_end_needs_a_number_of_candidates(dialog):
    tick(dialog, "batch")
    dialog.how.sampler.choose("random")
    dialog.how.sampler.activated.emit(1)
    assert "would never end" in checked(dialog)
    write(dialog.how.trials, "20")
    assert checked(dialog).startswith("20 candidates")
    write(dialog.how.time, "abc")
    assert "'abc' is no time" in checked(dialog)
    write(dialog.how.time, "0:30:00")
    checked(dialog)
    assert dialog.study().seconds == 1800


def test_budgets_stand_beside_what_the_design_costs(dialog, workspace):
    notes = [each.text() for each in dialog.how.findChildren(type(dialog.summary))]
    parameters = workspace.analysis.totals.parameters
    assert f"this design: {parameters:,}" in notes
    tick(dialog, "batch")
    write(dialog.how.budget["parameters"], "60k")
    assert dialog.study().budget.parameters == 60_000
    write(dialog.how.budget["macs"], "many")
    assert "no number: 'many'" in checked(dialog)


def test_repeats_and_folds_are_counted(dialog):
    tick(dialog, "batch")
    for name, words in (("repeats", "5 candidates × 3"), ("repeated_folds", "5 candidates × 15")):
        dialog.how.protocol.choose(name)
        dialog.how.protocol.activated.emit(dialog.how.protocol.currentIndex())
        assert checked(dialog).startswith(words)


def test_start_writes_the_study_and_begins_it(dialog, workspace, root, qtbot, monkeypatch):
    begun = []
    monkeypatch.setattr(launching, "start", begun.append)
    tick(dialog, "batch")
    write(dialog.name, "Which batch?")
    checked(dialog)
    with qtbot.waitSignal(dialog.begun) as made:
        QTest.mouseClick(dialog.findChild(QPushButton, "study-start"), LEFT)
    folder = StudyFolder(root / "which-batch")
    assert begun == [folder] and made.args == [folder.path]
    assert folder.study().title == "Which batch?"
    assert folder.read_designs()[""] == workspace.design
    assert msgspec.json.decode(folder.study_file.read_bytes())["sampler"] == "grid"


def test_earlier_runs_tell_about_how_long_it_takes(dialog, qtbot):
    tick(dialog, "batch")
    dialog._has_read(60.0)
    assert "about 5 min 0 s by what earlier runs" in dialog.summary.text()


def test_tab_goes_through_the_fields_that_vary_before_the_rest(dialog, qtbot):
    tick(dialog, "optimizer.learning_rate")
    row = tick(dialog, "optimizer.name")
    qtbot.waitUntil(row.isVisible)
    activate(dialog)
    dialog.tree.tree.setFocus()
    names = []
    while "study-sampler" not in names and len(names) < 20:
        QTest.keyClick(dialog.focusWidget(), Qt.Key.Key_Tab)
        names.append(dialog.focusWidget().objectName())
    places = [
        names.index(name)
        for name in (
            "varied-optimizer.learning_rate-low",
            "varied-optimizer.name-choices",
            "study-sampler",
        )
    ]
    assert places == sorted(places)
