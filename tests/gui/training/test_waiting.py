"""Trainings that wait: shown, moved, held, kept over a closed or killed window. No real worker."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton

from designer import file_lock, presets
from designer.gui.training.run_comparison import RunComparison
from designer.gui.worker.queue import ordinal
from designer.gui.worker.trainer import Trainer
from designer.preferences import state_folder
from designer.runs import lock
from designer.runs.begin import begin
from designer.runs.queue import Queue
from tests.gui.training.conftest import end_workers
from tests.gui.training.test_runs import cell, choose, look

ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture
def busy(desk, written):
    """A run that is being trained, followed by the window, and three that could be."""
    running = written("running", status=None)
    for name in "abc":
        begin(desk.trainer.runs_folder / name, presets.load("lenet5"), presets.recipe("lenet5"))
    with lock.held(running.lock):  # as its worker does
        desk.trainer.window_shown()
        desk.wait(lambda: desk.training.running)
        look(desk, 4)
        yield running


def press(desk, name):
    """Click on a button of the panel, which may be in the menu More."""
    button = desk.runs.findChild(QToolButton, f"runs-{name}-button")
    if button is not None:
        desk.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        return
    menu = desk.runs.findChild(QToolButton, "runs-more").menu()
    menu.popup(desk.runs.mapToGlobal(desk.runs.rect().center()))
    action = desk.runs.actions_[name]
    assert action.isEnabled()
    place = menu.actionGeometry(action).center()
    desk.qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=place)


def states(desk):
    return [cell(desk, name, "state") for name in "abc"]


def enqueue(desk, names="abc"):
    for name in names:
        choose(desk, name)
        press(desk, "resume")


def test_runs_wait_and_show_their_order(desk, busy):
    reported = []
    desk.workspace.reported.connect(reported.append)
    assert not desk.runs.queue.isVisible()
    choose(desk, "a")
    assert desk.runs.actions_["resume"].text() == "Start"
    enqueue(desk)
    assert states(desk) == ["waiting, 1st", "waiting, 2nd", "waiting, 3rd"]
    assert desk.runs.waiting.text() == "Waiting: 1st a, 2nd b, 3rd c"
    assert reported == [
        f"{n} waits for its turn: {p}." for n, p in zip("abc", ("1st", "2nd", "3rd"), strict=True)
    ]
    assert "waits already" in desk.runs.refusal("resume")


def test_buttons_and_rate_act_on_the_shown_run_of_another_worker(desk, written):
    first, second = written("first", status=None), written("second", status=None)
    with lock.held(first.lock), lock.held(second.lock):
        desk.trainer.window_shown()
        desk.wait(lambda: desk.training.running)
        other = second if desk.trainer.active.run.path == first.path else first
        desk.trainer.show(other.path)
        controls = desk.training.controls
        desk.wait(lambda: controls.stop.isEnabled() and controls.stop.isVisible())
        QTest.keyClick(controls.rate, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(controls.rate, "0.003")
        QTest.keyClick(controls.rate, Qt.Key.Key_Return)
        QTest.mouseClick(controls.pause, Qt.MouseButton.LeftButton)
        QTest.mouseClick(controls.stop, Qt.MouseButton.LeftButton)
        sent = other.control.read_text()
        assert all(word in sent for word in ("set_lr", "0.003", "pause", "stop"))
        assert not desk.trainer.active.run.control.exists()


def test_a_training_that_another_window_begins_is_told(desk, written):
    reported = []
    desk.workspace.reported.connect(reported.append)
    desk.workspace.open_preset("lenet5")
    desk.trainer.window_shown()
    desk.trainer._watch.setInterval(50)
    set_up = desk.training.set_up
    desk.wait(lambda: set_up.data.reading is not None)
    assert set_up.train.text() == "Train" and not set_up.going.isVisible()
    other = written("2026-01-01-1200-other", status=None)
    with lock.held(other.lock):
        desk.wait(lambda: set_up.train.text() == "Add to the queue" and set_up.going.isVisible())
        assert reported == [
            "2026-01-01-1200-other is being trained, begun by another window or a command."
        ]
        assert desk.training.pages.currentWidget() is set_up  # nobody who sets up is interrupted
        set_up.going.setFocus()
        QTest.keyClick(set_up.going, Qt.Key.Key_Tab)
        QTest.mouseClick(set_up.going, Qt.MouseButton.LeftButton, pos=QPoint(20, 8))
        desk.wait(lambda: desk.training.pages.currentWidget() is desk.training.run)
        assert desk.trainer.shown.run.path == other.path and desk.training.controls.isVisible()
    desk.wait(lambda: desk.trainer.active is None and set_up.train.text() == "Train")
    assert not set_up.going.isVisibleTo(set_up)


def test_a_run_begun_elsewhere_does_not_replace_an_older_one_that_is_looked_at(desk, written):
    desk.trainer.window_shown()
    desk.show_run(written("older"))
    desk.trainer._watch.setInterval(50)
    other = written("other", status=None)
    with lock.held(other.lock):
        desk.wait(lambda: desk.trainer.active is not None)
        assert desk.trainer.shown.run.path.name == "older"


def test_comparing_leaves_the_training_panel_alone(desk, written):
    written("one")
    desk.show_run(written("two"))
    look(desk, 2)
    desk.runs.list.selectAll()
    shown = desk.trainer.shown
    press(desk, "compare")
    dialog = desk.runs.window().findChild(RunComparison)
    desk.wait(lambda: dialog.curves is not None)
    assert {dialog.followed.shown.run.path.name, *(p.name for p in dialog.followed.overlays)} == {
        "one",
        "two",
    }
    dialog.close()
    assert desk.trainer.shown is shown and not desk.trainer.overlays


def test_rows_stay_under_the_pointer_when_the_queue_empties(desk, busy):
    view, table = desk.runs.list, desk.runs.table

    def tops():
        rows = range(len(table.rows))
        return [view.visualRect(table.index(row, 0)).top() for row in rows]

    before = tops(), view.viewport().mapToGlobal(QPoint(0, 0))
    enqueue(desk, "a")
    assert desk.runs.queue.isVisible()
    assert before == (tops(), view.viewport().mapToGlobal(QPoint(0, 0)))
    # A list that is scrolled to its end would move as soon as it gets higher.
    for number in range(20):
        begin(
            desk.trainer.runs_folder / f"more-{number}",
            presets.load("lenet5"),
            presets.recipe("lenet5"),
        )
    look(desk, 24)
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum())
    QTest.mouseMove(view.viewport(), QPoint(20, 20))
    desk.wait(desk.runs.underMouse)
    before = tops()
    desk.trainer.queue.remove(desk.trainer.queue.runs)
    desk.wait(lambda: desk.runs.waiting.text() == "No training waits.")
    assert tops() == before and desk.runs.queue.isVisible()
    assert not desk.runs.hold.isEnabled()
    QTest.mouseMove(desk.training, QPoint(20, 20))
    desk.wait(lambda: not desk.runs.queue.isVisible())


def test_waiting_runs_are_moved_by_keys_and_removed(desk, busy):
    enqueue(desk)
    choose(desk, "c")
    desk.qtbot.keyClick(desk.runs.list, Qt.Key.Key_Up, ALT)
    assert states(desk) == ["waiting, 1st", "waiting, 3rd", "waiting, 2nd"]
    for _ in range(3):  # further than the first is the first
        desk.qtbot.keyClick(desk.runs.list, Qt.Key.Key_Up, ALT)
    assert states(desk) == ["waiting, 2nd", "waiting, 3rd", "waiting, 1st"]
    assert desk.runs.chosen.path.name == "c"
    desk.qtbot.keyClick(desk.runs.list, Qt.Key.Key_Down, ALT)
    assert states(desk) == ["waiting, 1st", "waiting, 3rd", "waiting, 2nd"]
    choose(desk, "a")
    press(desk, "unqueue")
    assert states(desk) == ["not started", "waiting, 2nd", "waiting, 1st"]
    assert desk.runs.actions_["delete"].isEnabled()


def test_nothing_is_started_while_another_process_trains(desk, busy, answer):
    """A second window, whose own training is none, waits for that of the first."""
    enqueue(desk, "a")
    other = Trainer(desk.trainer.preferences)
    other.window_shown()
    desk.wait(lambda: other.queue.runs == desk.trainer.queue.runs != ())
    other.active = None
    other.queue.advance()
    desk.wait(lambda: not other.queue._taking)
    assert other.queue.runs and other.active is None
    # A change in one window reaches the other.
    desk.trainer.queue.remove(desk.trainer.queue.runs)
    desk.wait(lambda: other.queue.runs == ())
    end_workers(other)


def test_held_back(desk, busy):
    enqueue(desk, "a")
    desk.qtbot.mouseClick(desk.runs.hold, Qt.MouseButton.LeftButton)
    assert desk.runs.waiting.text() == "Waiting, but held back: 1st a"
    assert Queue(state_folder()).read().held
    desk.qtbot.mouseClick(desk.runs.hold, Qt.MouseButton.LeftButton)
    assert not Queue(state_folder()).read().held


def test_closing_asks_and_the_next_window_has_them_again(desk, busy, answer):
    enqueue(desk, "ab")
    window = desk.training.window()
    words = answer("Cancel")
    assert not desk.trainer.may_close(window)
    assert "Waiting: a, b." in words[0]
    answer("Leave it running")
    assert desk.trainer.may_close(window)
    desk.trainer.close()
    second = Trainer(desk.trainer.preferences)
    second.window_shown()
    desk.wait(lambda: [path.name for path in second.queue.runs] == ["a", "b"])
    end_workers(second)


def test_edits_wait_in_their_order_for_a_window_that_has_the_lock(desk, busy):
    state_folder().mkdir(parents=True, exist_ok=True)
    with (state_folder() / "queue.lock").open("ab") as other:
        assert file_lock.acquire(other)
        enqueue(desk)  # which would take seconds if the window waited
        assert desk.trainer.queue.runs == ()
    desk.wait(lambda: [path.name for path in desk.trainer.queue.runs] == ["a", "b", "c"])
    assert desk.refused == []


def test_edits_that_wait_are_made_when_the_window_closes(desk, busy):
    state_folder().mkdir(parents=True, exist_ok=True)
    with (state_folder() / "queue.lock").open("ab") as other:
        assert file_lock.acquire(other)
        enqueue(desk, "ab")
    desk.trainer.queue.close()
    assert [each.path.name for each in Queue(state_folder()).read().waiting] == ["a", "b"]


def test_waiting_runs_alone_are_asked_about_too(desk, written, answer):
    begin(desk.trainer.runs_folder / "a", presets.load("lenet5"), presets.recipe("lenet5"))
    desk.trainer.queue.hold(True)
    desk.trainer.queue.add(desk.trainer.runs_folder / "a")
    window = desk.training.window()
    words = answer("Keep waiting")
    assert desk.trainer.may_close(window)
    assert words[0].startswith("A training is waiting.")
    answer("Remove from queue")
    assert desk.trainer.may_close(window)
    assert Queue(state_folder()).read().waiting == ()


def test_a_waiting_run_whose_folder_is_gone_is_told_and_skipped(desk, written):
    desk.trainer.queue.hold(True)
    desk.trainer.queue.add(desk.trainer.runs_folder / "gone")
    desk.trainer.queue.add(written("finished").path, resume=True)
    desk.trainer.queue.hold(False)
    desk.wait(lambda: not desk.trainer.queue.runs)
    (sentence,) = desk.refused
    assert sentence.startswith("gone, which waited, cannot be trained. There is no run folder")
    assert desk.trainer.active is None


def test_a_damaged_queue_is_told_once(desk):
    state_folder().mkdir(parents=True)
    (state_folder() / "queue.json").write_text("{")
    desk.trainer.window_shown()
    desk.wait(lambda: desk.refused)
    assert "queue of trainings was damaged" in desk.refused[0]
    assert desk.trainer.queue.runs == ()


def test_train_now_asks_whether_to_stop_the_other(desk, busy, answer):
    enqueue(desk, "ab")
    choose(desk, "b")
    words = answer("Cancel")
    press(desk, "train_now")
    assert words[0].startswith("Train b now? running is being trained.")
    assert [path.name for path in desk.trainer.queue.runs] == ["a", "b"]
    answer("Train now")
    press(desk, "train_now")
    assert [path.name for path in desk.trainer.queue.runs] == ["b", "running", "a"]
    assert b'"stop"' in busy.control.read_bytes()


def test_ordinals():
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 22, 111)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "111th",
    ]  # fmt: skip
