"""Trainings by real workers, small ones; a worker takes some seconds to load torch."""

import os
import signal
import sys

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFileDialog, QLineEdit, QPushButton

from designer.design import edits
from designer.gui.base.theme import colors
from designer.gui.shell.main_window import MainWindow
from designer.gui.training.train_on_dialog import TrainOnDialog
from designer.recipe.reading import changed
from designer.runs import lock
from designer.runs.control import ControlReader
from designer.runs.events import read_events
from designer.runs.folder import RunFolder
from tests.gui.training import conftest
from tests.gui.training.test_set_up import write_data

pytestmark = pytest.mark.slow
QUICK = {"data.limit": 400, "threads": 1, "device": "cpu", "log_interval": 1}
ENDLESS = 100_000  # epochs; such a training is stopped


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    monkeypatch.setattr(conftest, "SECONDS", 60_000)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def kinds(run):
    return [event["event"] for event in read_events(run.events)]


def click(desk, name):
    button = desk.training.findChild(QPushButton, name)
    assert button.isVisible() and button.isEnabled()
    desk.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def enter_rate(desk, text, *, press=True):
    """Type a learning rate and press Enter, unless that is not wanted yet."""
    field = desk.training.findChild(QLineEdit, "training-rate")
    field.setFocus()
    field.selectAll()
    desk.qtbot.keyClicks(field, text)
    if press:
        desk.qtbot.keyClick(field, Qt.Key.Key_Return)
    return field


def begin(desk, **changes):
    """Press Train on LeNet-5 and wait for the first points of the curve."""
    desk.workspace.open_preset("lenet5")
    desk.wait(lambda: desk.training.set_up.data.reading)
    recipe = changed(desk.training.set_up.recipe, {**QUICK, **changes})
    desk.training.set_up.take(recipe)
    if desk.trainer.preferences.standby:
        desk.wait(lambda: desk.trainer.ready)
    click(desk, "training-start")
    desk.wait(lambda: desk.trainer.shown is not None)
    desk.wait(lambda: desk.trainer.shown.history.steps.rows > 2)
    return desk.trainer.shown


def test_train_pause_continue_change_the_rate_stop_resume(desk):
    desk.trainer.preferences.standby = True
    desk.trainer.window_shown()
    standby = desk.trainer._standby
    follower = begin(desk, epochs=ENDLESS)
    run = follower.run
    assert desk.training.running
    assert desk.trainer._job.service is standby
    desk.wait(lambda: any(len(line.y) > 2 for line in desk.training.curves.loss.lines))
    assert "step" in desk.training.controls.position.text()
    assert "GB" in desk.training.controls.device.text()

    click(desk, "training-pause")
    desk.wait(lambda: follower.paused)
    assert desk.training.controls.pause.text() == "Continue"
    controls = desk.training.controls
    assert not controls.note.isVisible()
    field = enter_rate(desk, "0.002", press=False)
    assert controls.note.isVisible()
    assert "The schedule goes on scaled: it will peak at" in controls.note.words.text()
    assert controls.note.hold.text() == "Hold 0.002 instead"
    desk.qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert not controls.note.isVisible()
    field = enter_rate(desk, "0.002")
    assert not controls.note.isVisible()
    click(desk, "training-pause")
    desk.wait(lambda: not follower.paused and "lr" in kinds(run))
    desk.wait(lambda: any(each.get("lr") == 0.002 for each in read_events(run.events)))
    desk.wait(lambda: desk.training.curves.loss.marks)
    assert desk.training.curves.loss.marks[0][1] == "lr 0.002"
    desk.wait(lambda: follower.history.last["step"].get("scaled"))
    assert controls.schedule.isVisible()
    enter_rate(desk, "0.003", press=False)
    click(desk, "training-hold")
    desk.wait(lambda: follower.history.last["step"].get("by_hand"))
    assert follower.history.last["step"]["lr"] == 0.003
    assert field.text() == "0.003"
    assert not controls.note.isVisible()
    click(desk, "training-schedule")
    desk.wait(lambda: not follower.history.last["step"]["by_hand"])
    assert not follower.history.last["step"]["scaled"]
    desk.wait(lambda: not controls.schedule.isVisible())
    enter_rate(desk, "50")
    assert "far above the usual ones" in desk.refused[-1]
    assert "50" not in {event.get("lr") for event in read_events(run.events)}
    enter_rate(desk, "nonsense")
    assert "must be a number above 0, not 'nonsense'" in desk.refused[-1]
    desk.qtbot.keyClick(field, Qt.Key.Key_Escape)
    desk.training.checkpoint()
    click(desk, "training-stop")
    desk.wait(lambda: follower.state == "stopped" and not desk.training.running)
    assert "command" in [e["reason"] for e in read_events(run.events) if e["event"] == "checkpoint"]
    assert desk.training.refusal() == ""
    assert "Stopped after" in desk.training.sentence.text()

    # A recipe is read again at a resume; this one is nearly over.
    epochs = follower.history.step // follower.history.steps_per_epoch + 2
    run.recipe_file.write_bytes(changed(run.recipe(), {"epochs": epochs}).to_json())
    rows = follower.history.steps.rows
    click(desk, "training-resume")
    desk.wait(lambda: follower.state == "finished")
    assert follower.history.steps.rows > rows
    assert "Test" in desk.training.sentence.text()
    desk.wait(lambda: desk.evaluation.view is not None and desk.evaluation.view.isVisible())
    assert "1,996 images" in desk.evaluation.view.title.text()
    contents = desk.evaluation.view.model.contents
    assert contents.pictures[int(contents.wrong[0])].width() == 32


def test_a_worker_serves_others_while_one_trains_and_each_may_be_killed(desk, tmp_path):
    follower = begin(desk, epochs=ENDLESS)
    answers = []
    desk.trainer.ask({"do": "dance"}, answers.append)
    export = {"do": "export", "source": str(follower.run.design), "to": [str(tmp_path / "m.py")]}
    desk.trainer.ask(export, answers.append)
    desk.wait(lambda: len(answers) == 2)
    assert not answers[0]["ok"] and "cannot do 'dance'" in answers[0]["message"]
    assert answers[1]["ok"] and (tmp_path / "m.py").exists()
    service = desk.trainer._standby
    desk.trainer.preferences.standby = True
    desk.trainer.ask({"do": "ping"}, answers.append)
    os.kill(service.process.pid, signal.SIGKILL)
    desk.wait(lambda: len(answers) == 3)
    desk.wait(lambda: desk.trainer._standby is not service)  # there is a new one
    assert desk.training.running

    desk.wait(lambda: follower.checkpoint)
    with follower.run.log.open("a") as log:
        log.write("the ceiling came down\n")
    os.kill(follower.run.worker(), signal.SIGKILL)
    desk.wait(lambda: "was killed (signal 9)" in desk.training.sentence.text())
    assert follower.state == "interrupted"
    words = desk.training.sentence.text()
    assert "the ceiling came down" in words
    assert "The last checkpoint was written at step" in words
    assert not desk.training.running
    click(desk, "training-resume")
    assert desk.training.running


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGSTOP")
def test_a_stopped_worker_is_reported_and_can_be_ended(desk):
    follower = begin(desk, epochs=ENDLESS)
    desk.wait(lambda: "left" in desk.training.controls.speed.text())
    desk.wait(lambda: follower.checkpoint)
    os.kill(follower.run.worker(), signal.SIGSTOP)
    desk.wait(desk.training.silence.isVisible)
    assert "was stopped" in desk.training.silence_words.text()
    assert desk.training.controls.speed.text() == "no progress"
    click(desk, "training-end-worker")
    desk.wait(lambda: follower.state == "interrupted")
    desk.wait(desk.training.resume.isVisible)
    assert not desk.training.silence.isVisible()
    desk.wait(lambda: "was killed (signal 9)" in desk.training.sentence.text())


def test_a_worker_killed_while_it_loads_is_reported(desk, written):
    run = written(status=None)
    desk.show_run(run)
    desk.wait(lambda: "There is no checkpoint yet" in desk.training.sentence.text())
    click(desk, "training-resume")
    os.kill(desk.trainer._job.service.process.pid, signal.SIGKILL)
    desk.wait(lambda: "was killed (signal 9)" in desk.training.sentence.text())
    assert not desk.training.running


def test_the_window_asks_before_it_leaves_a_training(desk, written, answer):
    run = written(status=None)
    window = desk.training.window()
    with lock.held(run.lock):  # as its worker does
        desk.trainer.window_shown()
        desk.wait(lambda: desk.training.running)
        answer("Cancel")
        assert not desk.trainer.may_close(window)
        words = answer("Leave it running")
        assert desk.trainer.may_close(window)
        assert "can continue without the window" in words[0]
        commands = ControlReader(run.control)
        assert not commands.poll()
        answer("Stop it")
        assert desk.trainer.may_close(window)
        assert [each.command for each in commands.poll()] == ["stop"]
    desk.wait(lambda: not desk.training.running)
    assert desk.trainer.may_close(window)


def test_the_action_trains_and_the_data_is_checked_by_the_worker_too(window: MainWindow, qtbot):
    workspace = window.workspace
    workspace.open_preset("lenet5")
    recipe = changed(workspace.document.recipe, {**QUICK, "data.source": "/nowhere/at/all"})
    workspace.document.recipe = recipe
    train = window.actions_["train.start"]
    qtbot.waitUntil(train.isEnabled)
    train.trigger()
    refused = []
    workspace.refused.connect(refused.append)
    qtbot.waitUntil(lambda: window.trainer.shown is not None, timeout=conftest.SECONDS)
    run = window.trainer.shown.run
    qtbot.waitUntil(lambda: window.trainer.shown is None, timeout=conftest.SECONDS)
    assert not window.training.running
    qtbot.waitUntil(lambda: bool(refused), timeout=conftest.SECONDS)
    assert "There is no file or folder /nowhere/at/all" in refused[-1]
    assert not run.path.exists()  # it was refused before its first step
    failure = window.training.set_up.failure
    assert failure.isVisible() and "There is no file or folder" in failure.text()
    workspace.document.saved_recipe = recipe  # else the window asks whether to save it


# The queue


def train(desk, **changes):
    """Press the key of Train with a recipe, and return the run that was written."""
    before = set(desk.trainer.runs_folder.iterdir())
    desk.training.set_up.take(changed(desk.training.set_up.recipe, {**QUICK, **changes}))
    desk.training.start()
    desk.wait(lambda: not desk.trainer.beginning)
    (run,) = set(desk.trainer.runs_folder.iterdir()) - before
    return run


def test_trainings_wait_in_a_queue_and_start_one_after_another(desk):
    reported = []
    desk.workspace.reported.connect(reported.append)
    first = begin(desk, epochs=ENDLESS)
    second = train(desk, epochs=1, **{"data.source": "/nowhere"})
    third = train(desk, epochs=1, seed=3, **{"data.source": "mnist10k"})
    assert reported[-1] == f"{third.name} waits for its turn: 2nd."
    assert desk.trainer.queue.runs == (second, third)
    assert desk.trainer.active is first
    # What was pressed is fixed: later changes of design and recipe do not reach it.
    desk.training.set_up.take(changed(desk.training.set_up.recipe, {"seed": 9}))
    assert RunFolder(third).recipe().seed == 3
    click(desk, "training-stop")
    desk.wait(lambda: first.state == "stopped")
    # The second fails, which is said and does not keep the third from its turn.
    desk.wait(lambda: RunFolder(third).state() == "finished")
    desk.wait(lambda: not second.exists())  # it was refused before its first step
    assert any(
        text.startswith(f"{second.name} failed. There is no file or folder /nowhere")
        and text.endswith(f"{third.name}, which waited, is trained now.")
        for text in desk.refused
    )
    desk.wait(lambda: not desk.training.running)
    assert desk.trainer.queue.runs == ()
    assert desk.trainer.shown.run.path == third


def test_a_waiting_training_is_started_at_once_and_the_other_resumed_after_it(desk):
    first = begin(desk, epochs=ENDLESS)
    second, third = train(desk, epochs=1), train(desk, epochs=1, seed=1)
    desk.trainer.train_now(third)
    desk.wait(lambda: RunFolder(third).state() == "finished")
    desk.trainer.queue.hold(True)
    desk.wait(lambda: desk.trainer.active is None or desk.trainer.active.run.path == first.run.path)
    assert first.run.last.exists()
    assert desk.trainer.queue.runs in ((first.run.path, second), (second,))


def test_a_finished_run_is_trained_on_from_the_panel(desk):
    parent = begin(desk, epochs=1)
    desk.wait(lambda: parent.state == "finished")
    desk.wait(desk.training.train_on.isVisible)
    assert not desk.training.resume.isVisible()
    click(desk, "training-train-on")
    dialog = desk.training.window().findChild(TrainOnDialog)
    desk.wait(dialog.begin.isEnabled)
    assert "was trained for 1 epoch." in dialog.sentence.text()
    assert dialog.epochs.hasFocus() and dialog.epochs.value() == 1
    desk.qtbot.keyClicks(dialog.epochs, "2")
    dialog.rate.setFocus()
    dialog.rate.selectAll()
    desk.qtbot.keyClicks(dialog.rate, "x")
    assert dialog.wrong.isVisible() and not dialog.begin.isEnabled()
    dialog.rate.selectAll()
    desk.qtbot.keyClicks(dialog.rate, "0.004")
    assert dialog.begin.isEnabled()
    desk.qtbot.keyClick(dialog.rate, Qt.Key.Key_Return)
    desk.wait(lambda: desk.trainer.shown is not parent)
    child = desk.trainer.shown
    desk.wait(lambda: child.state == "finished")
    assert child.run.origin().parent == str(parent.run.path)
    assert child.history.epochs["epoch"].tolist() == [1, 2, 3]
    # The first rate after the parent's last step is the one that was typed.
    steps, rates = child.history.steps["step"], child.history.steps["lr"]
    first = rates[steps > parent.result.steps][0]
    assert abs(first - 0.004) < 0.0004
    assert child.run.recipe().epochs == 3
    assert parent.run.recipe().epochs == 1 and parent.run.state() == "finished"
    # The list of runs says what the child continues.
    desk.trainer.runs_changed.emit()
    desk.wait(lambda: len(desk.runs.table.rows) == 2)
    tips = [desk.runs.table.index(row, 0).data(Qt.ItemDataRole.ToolTipRole) for row in range(2)]
    assert sum(f"Continues {parent.run.path.name} from epoch 1." in tip for tip in tips) == 1


def test_the_next_training_is_set_up_while_one_runs(desk):
    first = begin(desk, epochs=ENDLESS)
    button = desk.training.title.next
    assert button.isVisible()
    desk.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    set_up = desk.training.set_up
    assert desk.training.pages.currentWidget() is set_up
    assert set_up.train.text() == "Add to the queue" and set_up.train.isEnabled()
    set_up.take(changed(set_up.recipe, {"epochs": ENDLESS, "seed": 7}))
    click(desk, "training-start")
    desk.wait(lambda: len(desk.trainer.queue.runs) == 1)
    (second,) = desk.trainer.queue.runs
    assert RunFolder(second).recipe().seed == 7
    # The one that starts by itself leaves the page as it is.
    desk.trainer.steer("stop")
    desk.wait(lambda: RunFolder(second).worker() is not None)
    assert first.run.state() == "stopped"
    assert desk.training.pages.currentWidget() is set_up
    click(desk, "training-return")
    desk.wait(lambda: desk.trainer.shown.run.path == second)
    assert desk.training.pages.currentWidget() is desk.training.run


def test_why_a_stopped_run_cannot_be_resumed_is_shown(desk, written):
    """The worker's sentence takes the place of how the run ended before."""
    run = written(status="stopped")
    run.last.write_bytes(b"no checkpoint")
    desk.show_run(run)
    panel = desk.training
    desk.wait(panel.resume.isVisible)
    before = panel.sentence.text()
    desk.qtbot.mouseClick(panel.resume, Qt.MouseButton.LeftButton)
    desk.wait(lambda: desk.trainer.refusal_of(run.path))
    desk.wait(lambda: panel.card.isVisible() and panel.sentence.text() != before)
    assert panel.sentence.text() == desk.trainer.refusal_of(run.path)
    assert "last.pt" in panel.sentence.text()
    assert panel.resume.isVisible()
    assert colors().error_panel in panel.card.styleSheet()


def test_a_run_whose_data_moved_is_resumed_with_their_new_path(desk, tmp_path, monkeypatch):
    """Other data are refused as before; the right ones are taken and remembered."""
    data = write_data(tmp_path / "squares.npz")
    desk.workspace.open_preset("lenet5")
    desk.workspace.edit("classes", lambda design: edits.set_argument(design, "classes", 3))
    changes = {**QUICK, "epochs": ENDLESS, "batch": 16, "data.source": str(data)}
    desk.training.set_up.take(changed(desk.training.set_up.recipe, changes))
    desk.wait(lambda: desk.training.set_up.data.reading and not desk.training.refusal())
    click(desk, "training-start")
    desk.wait(lambda: desk.trainer.shown and desk.trainer.shown.history.steps.rows > 2)
    click(desk, "training-stop")
    panel, run = desk.training, desk.trainer.shown.run
    desk.wait(lambda: panel.resume.isVisible() and not panel.running)
    assert not panel.find_data.isVisible()

    moved = data.rename(tmp_path / "elsewhere.npz")
    click(desk, "training-resume")
    desk.wait(panel.find_data.isVisible)
    assert "no longer at" in panel.sentence.text()
    assert panel.sentence.text().endswith("Where are the data now?")
    assert desk.refused == []  # it is said once, in the panel

    def choose(path):
        chosen = lambda *_: (str(path), "")  # noqa: E731
        monkeypatch.setattr(QFileDialog, "getOpenFileName", chosen)
        menu = panel.find_data.menu()

        def pick():
            if not shiboken6.isValid(menu):
                return
            if menu.isVisible():
                menu.setActiveAction(menu.actions()[1])
                desk.qtbot.keyClick(menu, Qt.Key.Key_Return)
            else:
                QTimer.singleShot(20, pick)

        QTimer.singleShot(20, pick)
        desk.qtbot.mouseClick(panel.find_data, Qt.MouseButton.LeftButton)

    choose("")  # canceled
    assert panel.find_data.isVisible()
    others = tmp_path / "others.npz"
    with np.load(moved) as arrays:
        np.savez(others, **{name: each[: len(each) // 2] for name, each in arrays.items()})
    choose(others)
    desk.wait(lambda: "cannot continue on other data" in panel.sentence.text())
    desk.wait(panel.find_data.isVisible)
    rows = desk.trainer.shown.history.steps.rows
    choose(moved)
    desk.wait(lambda: desk.trainer.shown.history.steps.rows > rows)
    assert run.data_source() == str(moved)
    assert not panel.card.isVisible()
    click(desk, "training-stop")
    desk.wait(lambda: panel.resume.isVisible() and not panel.running)
    assert not panel.find_data.isVisible()


def test_the_way_back_to_the_run_is_in_sight_with_the_button_train(desk, written):
    desk.show_run(written())
    desk.qtbot.mouseClick(desk.training.back, Qt.MouseButton.LeftButton)
    rows = desk.training.set_up.device_rows
    assert rows.indexOf(desk.training.return_) == rows.indexOf(desk.training.set_up.train) + 1
    desk.qtbot.mouseClick(desk.training.return_, Qt.MouseButton.LeftButton)
    assert desk.training.pages.currentWidget() is desk.training.run
