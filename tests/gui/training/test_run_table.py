"""The table of runs: columns, order, filter, selection and comparison, by mouse and keys."""

import os
import shutil
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QToolButton

from designer import presets
from designer.design import edits
from designer.gui.training.run_actions import RUN_ACTIONS
from designer.gui.training.run_columns import COLUMNS, Row
from designer.gui.training.run_comparison import RunComparison
from designer.recipe.reading import changed
from designer.runs import control
from designer.runs.begin import begin
from designer.runs.events import EventWriter
from designer.runs.folder import RunFolder
from designer.runs.origin import Origin
from designer.runs.survey import Survey
from tests.gui.training.conftest import write_events
from tests.gui.training.test_runs import cell, choose, listed, look

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def titles(desk):
    """Return the titles of the columns that are not hidden."""
    view, table = desk.runs.list, desk.runs.table
    return [c.title for i, c in enumerate(table.columns) if not view.isColumnHidden(i)]


def change(run: RunFolder, **changes) -> None:
    """Change a run's recipe."""
    run.recipe_file.write_bytes(changed(run.recipe(), changes).to_json())


def click_header(desk, key):
    header = desk.runs.list.header()
    number = desk.runs.table.column(key)
    desk.runs.list.scrollTo(desk.runs.table.index(0, number))
    place = QPoint(header.sectionViewportPosition(number) + 15, header.height() // 2)
    desk.qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.key)
def test_every_column_shows_and_sorts_every_kind_of_run(desk, written, column):
    written("finished")
    written("interrupted", status=None)
    written("damaged").recipe_file.write_text("{")
    begin(desk.trainer.runs_folder / "new", presets.load("lenet5"), presets.recipe("lenet5"))
    look(desk, 4)
    row = next(row for row in desk.runs.table.rows if row.run.path.name == "finished")
    assert column.text(row)
    assert column.title and column.help.endswith((".", ")"))
    before = set(listed(desk))
    for _ in range(2):
        click_header(desk, column.key)
        assert set(listed(desk)) == before
    assert desk.trainer.preferences.runs.sort == column.key
    with_value = [column.value(each) is not None for each in desk.runs.table.rows]
    assert with_value == sorted(with_value, reverse=True)  # those without a value come last


def test_numbers_are_sorted_as_numbers(desk, written):
    for name, batch in (("a", 8), ("b", 128), ("c", 32)):
        change(written(name), batch=batch)
    look(desk, 3)
    click_header(desk, "batch")
    assert [cell(desk, name, "batch") for name in listed(desk)] == ["8", "32", "128"]
    click_header(desk, "batch")
    assert listed(desk) == ["b", "c", "a"]


def test_settings_and_arguments_are_columns_where_the_shown_runs_differ(desk, written):
    change(written("a"), **{"optimizer.weight_decay": 0.001})
    written("b")
    look(desk, 2)
    assert "Weight decay" in titles(desk)
    assert [cell(desk, n, "optimizer.weight_decay") for n in "ab"] == ["0.001", "0.0005"]
    number = desk.runs.table.column("optimizer.weight_decay")
    tip = desk.runs.table.headerData(number, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert "optimizer.weight_decay" in tip
    assert "Seed" not in titles(desk)
    narrow = edits.set_argument(presets.load("resnet18"), "classes", 7)
    wide = edits.set_argument(presets.load("resnet18"), "classes", 70)
    for name, design in (("narrow", narrow), ("wide", wide)):
        begin(desk.trainer.runs_folder / name, design, presets.recipe("lenet5"))
    look(desk, 4)
    assert {"classes", "Parameters"} <= set(titles(desk))
    assert cell(desk, "wide", "argument classes") == "70"
    # Only the runs that the filter shows count.
    desk.runs.filter.setFocus()
    desk.qtbot.keyClicks(desk.runs.filter, "resnet")
    desk.wait(lambda: len(listed(desk)) == 2)
    assert "Weight decay" not in titles(desk) and "classes" in titles(desk)


def test_settings_that_the_optimizer_does_not_use_are_no_difference(desk, written):
    change(written("a"), **{"optimizer.name": "adam"})
    change(written("b"), **{"optimizer.name": "sgd", "optimizer.momentum": 0.5})
    look(desk, 2)
    assert cell(desk, "a", "optimizer.name") == "Adam"
    assert "Momentum" not in titles(desk)


def test_the_filter_finds_words_in_any_column(desk, written):
    for name in ("first", "second", "third"):
        written(name, status=None if name == "third" else "finished")
    look(desk, 3)
    field = desk.runs.filter
    desk.qtbot.mouseClick(field, Qt.MouseButton.LeftButton)
    desk.qtbot.keyClicks(field, "FINISHED sec")
    assert listed(desk) == ["second"]
    assert desk.runs.count.text().startswith("1 of 3 runs · ")
    desk.qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert len(listed(desk)) == 3
    desk.qtbot.keyClicks(field, "nothing like this")
    assert listed(desk) == [] and "No run has all these words" in desk.runs.empty.text()


def test_only_the_runs_of_this_design(desk, written):
    written("lenet")
    other = presets.load("resnet18")
    begin(desk.trainer.runs_folder / "resnet", other, presets.recipe("lenet5"))
    look(desk, 2)
    desk.workspace.open_preset("lenet5")
    desk.qtbot.mouseClick(desk.runs.this_design, Qt.MouseButton.LeftButton)
    assert listed(desk) == ["lenet"]
    desk.workspace.open_preset("resnet18")
    desk.wait(lambda: listed(desk) == ["resnet"])


def test_columns_are_hidden_by_the_header_menu_and_stay_hidden(desk, written, qtbot):
    written("first")
    look(desk, 1)
    header = desk.runs.list.header()
    header.customContextMenuRequested.emit(QPoint(5, 5))
    menu = next(m for m in desk.runs.list.findChildren(QMenu) if m.isVisible())
    action = next(a for a in menu.actions() if a.text() == "Batch")
    place = menu.actionGeometry(action).center()
    qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=place)
    assert "Batch" not in titles(desk)
    assert desk.trainer.preferences.runs.hidden == ("batch",)
    from designer import preferences

    desk.wait(lambda: preferences.load().runs.hidden == ("batch",))
    button = desk.runs.findChild(QToolButton, "runs-columns")
    button.menu().aboutToShow.emit()
    everything = button.menu().actions()[-1]
    everything.trigger()
    assert "Batch" in titles(desk)


def test_a_width_that_the_user_chose_is_kept(desk, written):
    written("first")
    look(desk, 1)
    header, number = desk.runs.list.header(), desk.runs.table.column("state")
    edge = header.sectionViewportPosition(number) + header.sectionSize(number) - 1
    viewport, middle = header.viewport(), header.height() // 2
    desk.qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=QPoint(edge, middle))
    desk.qtbot.mouseMove(viewport, QPoint(edge + 20, middle))
    desk.qtbot.mouseMove(viewport, QPoint(edge + 40, middle))
    desk.qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=QPoint(edge + 40, middle))
    width = desk.runs.list.columnWidth(number)
    assert desk.trainer.preferences.runs.widths == {"state": width}
    written("second")
    look(desk, 2)
    assert desk.runs.list.columnWidth(number) == width


def test_begun_is_when_the_run_itself_began(desk, written, tmp_path):
    run = written("first")
    began = Survey().read(desk.trainer.runs_folder)[0].began
    assert abs(began - time.time()) < 60
    copy = desk.trainer.runs_folder / "copy"
    shutil.copytree(run.path, copy)
    for path in (copy, copy / "recipe.json", copy / "events.jsonl"):
        os.utime(path, (1, 1))
    assert {each.began for each in Survey().read(desk.trainer.runs_folder)} == {began}
    # A child's log begins with that of its parent.
    import msgspec

    origin = Origin(parent=str(run.path), epochs=2, steps=20, began=began + 3600)
    RunFolder(copy).origin_file.write_bytes(msgspec.json.encode(origin))
    found = {each.path.name: each for each in Survey().read(desk.trainer.runs_folder)}
    assert found["copy"].began == began + 3600
    look(desk, 2)
    tip = desk.runs.table.index(listed(desk).index("copy"), 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "Continues first from epoch 2." in tip
    assert cell(desk, "copy", "continues") == "first from epoch 2"
    assert cell(desk, "first", "continues") == ""


def test_a_selection_survives_a_change_of_the_list(desk, written):
    for name in ("a", "b", "c"):
        written(name)
    look(desk, 3)
    choose(desk, "a")
    choose(desk, "c", modifier=CONTROL)
    written("d")
    look(desk, 4)
    assert {run.path.name for run in desk.runs.selected} == {"a", "c"}
    click_header(desk, "name")
    assert {run.path.name for run in desk.runs.selected} == {"a", "c"}
    choose(desk, "b")
    choose(desk, "d", modifier=SHIFT)
    assert {run.path.name for run in desk.runs.selected} == {"b", "c", "d"}


def test_names_are_never_rendered_as_html(desk, written):
    written("<b>bold")
    look(desk, 1)
    table = desk.runs.table
    tip = table.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "&lt;b&gt;bold" in tip and "<b>" not in tip


def test_five_hundred_runs_are_read_once(desk, written):
    run = written("run000", status="finished")
    for number in range(1, 500):
        shutil.copytree(run.path, run.path.with_name(f"run{number:03}"))
    survey = Survey()
    assert len(survey.read(desk.trainer.runs_folder)) == 500
    before = dict(survey.known)
    survey.read(desk.trainer.runs_folder)
    assert all(survey.known[path][1] is summary for path, (_, summary) in before.items())
    look(desk, 500)
    table = desk.runs.table
    resets = []
    table.modelReset.connect(lambda: resets.append(1))
    write_events(RunFolder(run.path), epochs=2)  # one run changes: no other row is touched
    run.result_file.unlink()
    look(desk, 500)
    desk.wait(lambda: cell(desk, "run000", "state") == "interrupted")
    assert not resets or table.order[0] == "begun"


# Compare


def test_runs_are_compared_by_their_curves_and_what_differs(desk, written, tmp_path):
    first = written("first")
    change(first, batch=16, **{"optimizer.weight_decay": 0.01})
    written("second")
    design = edits.set_parameter(presets.load("lenet5"), "conv1", "out_channels", 12)
    third = begin(
        desk.trainer.runs_folder / "third", design, changed(presets.recipe("lenet5"), {"seed": 4})
    )
    write_events(third, epochs=2)
    look(desk, 3)
    desk.qtbot.mouseClick(desk.runs.list.viewport(), Qt.MouseButton.LeftButton)
    for name in ("first", "second", "third"):
        choose(desk, name, modifier=CONTROL)
    assert len(desk.runs.selected) == 3
    desk.qtbot.mouseClick(
        desk.runs.findChild(QToolButton, "runs-compare-button"), Qt.MouseButton.LeftButton
    )
    dialog = desk.runs.window().findChild(RunComparison)
    assert dialog.followed.shown.run.path.name == "third"
    assert {path.name for path in dialog.followed.overlays} == {"first", "second"}
    assert desk.trainer.shown is None and not desk.trainer.overlays
    desk.wait(lambda: any(line.group == "Design" for line in dialog.lines))
    desk.wait(lambda: any(line.name == "conv1.out_channels" for line in dialog.lines))
    names = [run.path.name for run in dialog.runs]
    values = {line.name: dict(zip(names, line.values, strict=True)) for line in dialog.lines}
    assert values["Batch"] == {"first": "16", "second": "32", "third": "32"}
    assert values["Seed"] == {"first": "0", "second": "0", "third": "4"}
    assert values["conv1.out_channels"]["third"] == "12"
    assert values["Test accuracy"] == {"first": "87.50 %", "second": "87.50 %", "third": "–"}
    assert values["Validation accuracy"] == dict.fromkeys(names, "85.00 %")
    assert values["Weight decay"]["first"] == "0.01"
    assert "Optimizer" not in values and "conv2.out_channels" not in values
    assert "Recipe\tBatch\t" in dialog.text()
    desk.wait(lambda: dialog.curves is not None)
    desk.wait(lambda: "second" in dialog.curves.legend.text())
    dialog.reject()


def test_a_rate_set_by_hand_is_in_the_list_and_the_comparison(desk, written):
    first = written("first")
    written("second")
    control.send(first.control, "set_lr", value=0.0005)
    with EventWriter(first.events, after=20) as events:
        events.write("lr", step=15, epoch=2, lr=0.0005, by_hand=True)
        events.write("lr", step=16, epoch=2, lr=0.004, by_hand=False, scaled=True)
        events.write("lr", step=18, epoch=2, lr=0.002, by_hand=False)
    look(desk, 2)
    words = (
        "0.05, 0.0005 held from epoch 1.50, the schedule scaled to 0.004 from epoch 1.60, "
        "the schedule (0.002) from epoch 1.80"
    )
    assert cell(desk, "first", "optimizer.learning_rate") == words
    assert cell(desk, "second", "optimizer.learning_rate") == "0.05"
    index = desk.runs.table.index(
        desk.runs.table.row_of(first.path), desk.runs.table.column("optimizer.learning_rate")
    )
    assert words in index.data(Qt.ItemDataRole.ToolTipRole)
    # A run that is trained on: only the new events are read.
    with EventWriter(first.events, after=25) as events:
        events.write("lr", step=19, epoch=2, lr=0.1, by_hand=True)
    (first.path / "result.json").unlink()
    desk.trainer.runs_changed.emit()
    desk.wait(lambda: "0.1 held from epoch 1.90" in cell(desk, "first", "optimizer.learning_rate"))
    desk.runs.list.setFocus()
    desk.runs.list.selectAll()
    desk.qtbot.keyClick(desk.runs.list, Qt.Key.Key_C)
    dialog = desk.runs.window().findChild(RunComparison)
    (line,) = (line for line in dialog.lines if line.name == "Rate")
    values = dict(zip([run.path.name for run in dialog.runs], line.values, strict=True))
    assert (
        values["first"].startswith("0.05, 0.0005 held from epoch 1.50")
        and values["second"] == "0.05"
    )
    dialog.reject()


def test_the_comparison_draws_the_curves_itself(desk, written):
    written("first"), written("second"), written("third", epochs=4)
    look(desk, 3)
    desk.qtbot.mouseClick(desk.runs.list.viewport(), Qt.MouseButton.LeftButton)
    for name in ("second", "third"):
        choose(desk, name, modifier=CONTROL)
    desk.qtbot.keyClick(desk.runs.list, Qt.Key.Key_C)
    dialog = desk.runs.window().findChild(RunComparison)
    desk.wait(lambda: dialog.curves is not None and dialog.curves.isVisible())
    curves = dialog.curves
    desk.wait(lambda: max((len(line.y) for line in curves.loss.lines), default=0) == 40)
    # Training and validation of the other run, and three curves of the first.
    desk.wait(lambda: len(curves.loss.lines) == 5)
    assert curves.loss.view.height() >= 150 and dialog.table.height() >= 150
    assert "87.50&nbsp;%" in curves.legend.text()
    # Another run is shown in the panel: the dialog still shows those that it compares.
    desk.trainer.show(desk.trainer.runs_folder / "first")
    desk.wait(lambda: desk.trainer.shown.looked)
    assert "first" not in curves.legend.text() and "third" in curves.legend.text()
    assert dialog.screen().availableGeometry().height() >= dialog.height()
    dialog.reject()


def test_the_legend_takes_one_line_however_many_runs_there_are(desk, written):
    names = [f"2026-11-28-12{number:02}-a-long-name-of-a-network" for number in range(9)]
    for name in names:
        written(name)
    desk.show_run(RunFolder(desk.trainer.runs_folder / names[0]))
    legend = desk.training.curves.legend
    for name in names[1:]:
        desk.trainer.overlay(desk.trainer.runs_folder / name, True)
    desk.wait(lambda: "more" in legend.text())
    assert legend.text().count("network") < 9
    assert legend.sizeHint().width() <= legend.width()
    assert legend.height() < 2 * legend.fontMetrics().height()
    assert all(name in legend.toolTip() for name in names)


def test_ticked_runs_are_compared(desk, written):
    written("first"), written("second"), written("third")
    look(desk, 3)
    choose(desk, "third")
    action = desk.runs.actions_["compare"]
    assert not action.isEnabled() and "Tick two runs or more" in action.toolTip()
    for name in ("first", "second"):
        desk.trainer.overlay(desk.trainer.runs_folder / name, True)
    assert action.isEnabled() and "Tick two" not in action.toolTip()
    desk.qtbot.mouseClick(
        desk.runs.findChild(QToolButton, "runs-compare-button"), Qt.MouseButton.LeftButton
    )
    dialog = desk.runs.window().findChild(RunComparison)
    assert {run.path.name for run in dialog.runs} == {"first", "second"}
    dialog.reject()


def test_a_run_without_its_checkpoint_is_not_trained_on(desk, written):
    run = written("a")
    look(desk, 1)
    choose(desk, "a")
    action = desk.runs.actions_["train_on"]
    assert not action.isEnabled() and "deleted to free disk space" in action.toolTip()
    run.last.write_bytes(b"a checkpoint")
    desk.runs.refresh_actions()
    assert action.isEnabled() and "disk space" not in action.toolTip()


def test_equal_runs_are_said_to_be_equal(desk, written):
    written("a"), written("b")
    look(desk, 2)
    desk.runs.list.setFocus()
    desk.runs.list.selectAll()
    desk.qtbot.keyClick(desk.runs.list, Qt.Key.Key_C)
    dialog = desk.runs.window().findChild(RunComparison)
    desk.wait(lambda: "designs are equal" in dialog.note.text())
    assert dialog.note.text() == "The recipes are equal. The designs are equal."


def test_every_action_has_a_method_and_a_refusal(desk, written):
    written("a")
    for row in RUN_ACTIONS:
        assert row.key in desk.runs.actions_
        assert desk.runs.refusal(row.key) == ("" if row.for_all else "Select a run.")
        assert row.help.endswith(".")


def test_a_row_names_its_position():
    from dataclasses import replace

    survey = Row(run=None)
    assert replace(survey, position=3).state == "waiting, 3rd"


def test_the_files_of_the_old_version_are_listed(desk):
    source = Path(__file__).parents[2] / "old_versions"
    runs = [
        path.parent for path in source.rglob("recipe.json") if (path.parent / "model.py").is_file()
    ]
    if not runs:
        pytest.skip("no run of an earlier version")
    for run in runs:
        shutil.copytree(run, desk.trainer.runs_folder / run.name)
    look(desk, len(runs))
    assert all(cell(desk, name, "state") != "damaged" for name in listed(desk))
