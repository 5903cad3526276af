import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit

from designer.runs import lock
from tests.gui.hands import activate
from tests.gui.training.conftest import write_events


def listed(desk):
    return [row.run.path.name for row in desk.runs.table.rows]


def cell(desk, name, key):
    """Return the text of a run's cell in a column."""
    table = desk.runs.table
    (row,) = [i for i, each in enumerate(table.rows) if each.run.path.name == name]
    return table.index(row, table.column(key)).data()


def choose(desk, name, *, modifier=Qt.KeyboardModifier.NoModifier):
    """Click on a run's row."""
    view = desk.runs.list
    item = desk.runs.table.index(listed(desk).index(name), 0)
    view.scrollTo(item)
    place = view.visualRect(item).center()
    desk.qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, modifier, place)
    assert desk.runs.list.current().path.name == name
    return item, place


def look(desk, count):
    desk.trainer.runs_changed.emit()
    desk.wait(lambda: len(listed(desk)) == count)


def test_runs_are_listed_with_their_results(desk, written):
    assert desk.runs.empty.isVisible()
    written("first")
    written("second", epochs=3, status=None)
    look(desk, 2)
    keys = ("design", "state", "epochs", "accuracy", "loss", "data", "batch", "time")
    texts = [cell(desk, "first", key) for key in keys]
    expected = [
        "LeNet-5",
        "finished",
        "2 / 2",
        "87.50 %",
        "0.4500",
        "MNIST (built in)",
        "32",
        "1 min 15 s",
    ]
    assert texts == expected
    texts = [cell(desk, "second", key) for key in keys[1:4]]
    assert texts == ["interrupted", "3 / 3", ""]
    assert desk.runs.count.text().startswith("2 runs · ")


def test_double_click_shows_curves_and_evaluation(desk, written):
    written("first")
    look(desk, 1)
    _, place = choose(desk, "first")
    desk.qtbot.mouseDClick(desk.runs.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    desk.wait(lambda: desk.trainer.shown and desk.trainer.shown.looked and desk.training.curves)
    assert desk.training.pages.currentWidget() is desk.training.run
    assert desk.trainer.shown.history.steps.rows == 20
    assert "Finished after 2 epochs" in desk.training.sentence.text()
    assert "accuracy 87.50\N{NO-BREAK SPACE}%" in desk.training.sentence.text()
    desk.wait(lambda: "0.25" in desk.training.curves.loss.header.text())
    desk.wait(lambda: desk.evaluation.view is not None and desk.evaluation.view.isVisible())
    assert desk.evaluation.view.title.text() == "first on its test part: 30 images"
    assert desk.evaluation.view.page.figures[0].text == "90.00 %"


def test_a_tick_draws_an_earlier_run_as_well(desk, written):
    first, second = written("first"), written("second")
    look(desk, 2)
    desk.show_run(first)
    curves = desk.training.curves
    desk.wait(lambda: len(curves.loss.lines) == 3)
    choose(desk, "second")
    desk.qtbot.keyClick(desk.runs.list, Qt.Key.Key_Space)
    desk.wait(lambda: len(curves.loss.lines) == 5)
    desk.wait(lambda: len(curves.loss.lines[0].y) == 2)
    training, validation = curves.loss.lines[:2]
    assert training.dashed and not validation.dashed
    assert validation.marked and validation.mark != "o"  # not told apart by color alone
    assert curves.legend.isVisible()
    assert "first" in curves.legend.text() and "second" in curves.legend.text()
    desk.qtbot.keyClick(desk.runs.list, Qt.Key.Key_Space)
    desk.wait(lambda: len(curves.loss.lines) == 3)
    assert second.path not in desk.trainer.overlays
    desk.wait(lambda: not curves.legend.isVisible())


def test_renaming(desk, written):
    written("first"), written("other")
    look(desk, 2)
    choose(desk, "first")
    desk.qtbot.keyClick(desk.runs.list, Qt.Key.Key_F2)
    for text, refusal in (
        ("other", "A run named 'other' exists already"),
        ("a/b", "cannot be called"),
    ):
        editor = desk.runs.list.findChild(QLineEdit)
        editor.setText(text)
        desk.qtbot.keyClick(editor, Qt.Key.Key_Return)
        desk.wait(lambda words=refusal: desk.refused and words in desk.refused[-1])
        desk.wait(lambda: sorted(listed(desk)) == ["first", "other"])
        desk.wait(lambda: desk.runs.list.findChild(QLineEdit) is None)  # the editor is gone
        choose(desk, "first")
        desk.qtbot.keyClick(desk.runs.list, Qt.Key.Key_F2)
    editor = desk.runs.list.findChild(QLineEdit)
    editor.setText("best")
    desk.qtbot.keyClick(editor, Qt.Key.Key_Return)
    desk.wait(lambda: sorted(listed(desk)) == ["best", "other"])
    assert (desk.trainer.runs_folder / "best" / "design.json").is_file()


@pytest.mark.parametrize("trash", [True, False])
def test_deleting_asks_first(desk, written, answer, home, trash):
    data = home / "xdg_data_home"
    if trash:
        data.mkdir()
    run = written("first")
    look(desk, 1)
    desk.show_run(run)
    choose(desk, "first")
    words = answer("Cancel")
    desk.qtbot.keyClick(desk.runs.list, Qt.Key.Key_Delete)
    assert "Delete first?" in words[0] and "are moved to the trash" in words[0]
    assert run.path.exists()
    activate(desk.runs)
    desk.runs.list.setFocus()
    desk.wait(desk.runs.list.hasFocus)
    answer("Delete")
    desk.qtbot.keyClick(desk.runs.list, Qt.Key.Key_Delete)
    if not trash:
        words = answer("Delete")
        desk.wait(lambda: words)
        assert "Delete first for good?" in words[0]
    desk.wait(lambda: not run.path.exists())
    assert (data / "Trash" / "files" / "first").is_dir() == trash
    desk.wait(desk.runs.empty.isVisible)
    assert desk.trainer.shown is None
    assert desk.training.pages.currentWidget() is desk.training.set_up


def test_several_runs_are_deleted_at_once_but_none_that_runs_or_waits(desk, written, answer, home):
    (home / "xdg_data_home").mkdir()
    runs = [written(name) for name in ("a", "b", "c")]
    look(desk, 3)
    desk.runs.list.setFocus()
    desk.qtbot.keyClick(desk.runs.list, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(desk.runs.selected) == 3
    desk.trainer.queue.hold(True)
    desk.trainer.queue.add(runs[1].path)
    assert desk.runs.refusal("delete").startswith("The run waits to be trained")
    desk.qtbot.keyClick(desk.runs.list, Qt.Key.Key_Delete)  # the action is disabled: no question
    choose(desk, "a")
    choose(desk, "c", modifier=Qt.KeyboardModifier.ControlModifier)
    words = answer("Delete")
    desk.qtbot.keyClick(desk.runs.list, Qt.Key.Key_Delete)
    assert words[0].startswith("Delete 2 runs?")
    desk.wait(lambda: listed(desk) == ["b"])
    assert [run.path.exists() for run in runs] == [False, True, False]


def test_of_a_link_to_a_run_only_the_link_is_deleted(desk, written, answer, tmp_path):
    run = written("first")
    elsewhere = tmp_path / "elsewhere"
    run.path.rename(elsewhere)
    run.path.symlink_to(elsewhere)
    look(desk, 1)
    choose(desk, "first")
    answer("Delete")
    desk.qtbot.keyClick(desk.runs.list, Qt.Key.Key_Delete)
    words = answer("Delete")
    desk.wait(lambda: words)
    desk.wait(lambda: not run.path.is_symlink())
    assert (elsewhere / "recipe.json").is_file()


def test_a_run_being_trained_can_only_be_shown(desk, written):
    run = written("first", status=None)
    with lock.held(run.lock):
        look(desk, 1)
        choose(desk, "first")
        assert cell(desk, "first", "state") == "running"
        for key in ("rename", "delete", "resume", "train_on"):
            assert desk.runs.refusal(key) == "The run is being trained: stop it first."
            assert not desk.runs.actions_[key].isEnabled()
        assert desk.runs.actions_["show"].isEnabled()


def test_the_design_of_a_run_is_opened_with_its_recipe(desk, written):
    written("first", epochs=5)
    look(desk, 1)
    choose(desk, "first")
    desk.runs.actions_["design"].trigger()
    assert desk.workspace.design.name == "LeNet-5"
    assert desk.workspace.document.recipe.epochs == 5
    assert not desk.workspace.document.modified


def test_a_folder_that_is_moved_away_while_it_is_shown(desk, written):
    run = written("first")
    desk.show_run(run)
    moved = run.path.with_name("elsewhere")
    run.path.rename(moved)
    desk.wait(lambda: "is missing: it was moved" in desk.training.sentence.text())
    assert desk.trainer.shown.history.steps.rows == 20
    assert not desk.training.resume.isVisible()
    moved.rename(run.path)
    desk.wait(lambda: "Finished" in desk.training.sentence.text())
    shutil.rmtree(run.path)
    desk.wait(lambda: "is missing" in desk.training.sentence.text())


def test_a_run_without_its_folder_is_reported(desk, written):
    run = written("first")
    look(desk, 1)
    choose(desk, "first")
    shutil.rmtree(run.path)
    desk.qtbot.keyClick(desk.runs.list, Qt.Key.Key_Return)
    assert "There is no run folder" in desk.refused[-1]
    look(desk, 0)


def test_damaged_files_are_reported(desk, written):
    run = written("first", status=None)
    run.events.write_bytes(run.events.read_bytes() + b"no event\n")
    desk.show_run(run)
    desk.wait(lambda: "is damaged at byte" in desk.training.sentence.text())
    other = written("second")
    other.result_file.write_text("{")
    look(desk, 2)
    assert cell(desk, "second", "state") == "damaged"
    desk.show_run(other)
    assert "result.json cannot be read" in desk.training.sentence.text()


def test_a_log_that_is_cut_back_is_read_again(desk, written):
    run = written("first", status=None)
    desk.show_run(run)
    assert desk.trainer.shown.history.steps.rows == 20
    with desk.qtbot.waitSignal(desk.trainer.restarted, timeout=10_000):
        write_events(run, epochs=1)
    desk.wait(lambda: desk.trainer.shown.history.steps.rows == 10)


def test_a_diverged_run_shows_a_card_with_the_reason(desk, written):
    words = "The loss became nan at step 20 (epoch 2): lower the learning rate."
    run = written("first", status="diverged", message=words)
    run.last.write_bytes(b"")
    desk.show_run(run)
    assert desk.training.sentence.text() == words
    assert desk.training.slower.isVisible() and not desk.training.resume.isVisible()
    memory = written("second", status="failed", message="CPU ran out of memory; try batch 16.")
    desk.workspace.open_preset("lenet5")
    desk.show_run(memory)
    desk.training.halve.click()
    assert desk.workspace.document.recipe.batch == 16
    assert desk.training.pages.currentWidget() is desk.training.set_up
    desk.training.return_.click()
    assert desk.training.pages.currentWidget() is desk.training.run


def test_no_runs_folder_at_all(desk):
    assert not Path(desk.trainer.preferences.runs_folder).exists()
    look(desk, 0)
    assert "No runs yet" in desk.runs.empty.text()


def test_an_ensemble_is_wanted_of_several_runs(desk, written):
    written("first")
    written("second")
    look(desk, 2)
    choose(desk, "first")
    actions = [desk.runs.actions_[key] for key in ("ensemble", "export_ensemble")]
    assert not any(action.isEnabled() for action in actions)
    assert "Select two runs or more" in actions[0].toolTip()
    choose(desk, "second", modifier=Qt.KeyboardModifier.ControlModifier)
    assert all(action.isEnabled() for action in actions)
    with desk.qtbot.waitSignal(desk.trainer.ensemble_wanted) as wanted:
        actions[0].trigger()
    with desk.qtbot.waitSignal(desk.runs.export_requested) as asked:
        actions[1].trigger()
    assert wanted.args == asked.args
    names = {Path(each.run).name for each in wanted.args[0].members}
    assert names == {"first", "second"}
    assert desk.evaluation.work.words.text() == "The ensemble of 2 is evaluated …"
    desk.evaluation.work.cancel.click()
    assert desk.evaluation.work.isHidden()


def test_an_ensemble_of_the_epochs_that_a_run_kept(desk, written):
    run = written("first")
    run.last.parent.mkdir(exist_ok=True)
    for epoch in (0, 2):
        run.kept(epoch).touch()
    look(desk, 1)
    choose(desk, "first")
    assert not desk.runs.actions_["ensemble"].isEnabled()  # weights before the first step are none
    run.kept(10).touch()
    desk.runs.refresh_actions()
    with desk.qtbot.waitSignal(desk.runs.export_requested) as asked:
        desk.runs.actions_["export_ensemble"].trigger()
    assert [each.weights for each in asked.args[0].members] == ["epoch:2", "epoch:10"]


def test_export_is_requested_from_the_shell(desk, written):
    written("first")
    look(desk, 1)
    choose(desk, "first")
    with desk.qtbot.waitSignal(desk.runs.export_requested) as asked:
        desk.runs.actions_["export"].trigger()
    assert [path.name for path in asked.args] == ["first"]
