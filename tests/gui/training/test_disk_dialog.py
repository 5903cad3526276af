"""Deleting checkpoints of ended runs in the window."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton

from designer.gui.training.disk_dialog import DiskDialog
from designer.runs import disk
from designer.runs.queue import Queue
from tests.gui.training.test_runs import look


def state(run, size):
    run.last.write_bytes(b"x" * size)
    run.best.write_bytes(b"x")
    return run


def opened(desk):
    menu = desk.runs.findChild(QToolButton, "runs-more").menu()
    menu.popup(desk.runs.mapToGlobal(desk.runs.rect().center()))
    place = menu.actionGeometry(desk.runs.actions_["space"]).center()
    desk.qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=place)
    dialog = desk.runs.window().findChild(DiskDialog)
    desk.wait(lambda: not dialog.sum.text().startswith("Measuring"))
    return dialog


def test_checkpoints_of_ended_runs_are_deleted_after_a_look_at_the_list(desk, written):
    big, small, stopped, waits = (
        state(written("big"), 5000),
        state(written("small"), 1000),
        state(written("stopped", status="stopped"), 9000),
        state(written("waits"), 7000),
    )
    desk.trainer.queue.hold(True)
    desk.trainer.queue.add(waits.path)
    assert Queue(desk.trainer.queue._queue.folder).read().waiting
    look(desk, 4)
    dialog = opened(desk)
    names = [dialog.list.topLevelItem(i).text(0) for i in range(dialog.list.topLevelItemCount())]
    assert names == ["big", "small"]  # the largest first
    assert dialog.sum.text() == "2 checkpoints will be deleted for good; this frees 6.00 KB."
    item = dialog.list.topLevelItem(1)
    item.setCheckState(0, Qt.CheckState.Unchecked)
    assert dialog.sum.text() == "1 checkpoint will be deleted for good; this frees 5.00 KB."
    reported = []
    desk.workspace.reported.connect(reported.append)
    desk.qtbot.mouseClick(dialog.delete, Qt.MouseButton.LeftButton)
    desk.wait(lambda: reported)
    assert reported == ["5.00 KB were freed."]
    assert [run.last.exists() for run in (big, small, stopped, waits)] == [False, True, True, True]
    assert big.best.exists() and disk.pruned(big).size == 5000


def test_only_runs_that_ended_long_ago(desk, written):
    state(written("new"), 5000)
    look(desk, 1)
    dialog = opened(desk)
    assert dialog.delete.isEnabled()
    dialog.days.setFocus()
    dialog.days.selectAll()
    desk.qtbot.keyClicks(dialog.days, "3")
    desk.wait(lambda: dialog.sum.text() == "There is no checkpoint to delete.")
    assert not dialog.delete.isEnabled()
