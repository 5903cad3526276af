"""The lines between docks stay where they are while a run ends and tabs are switched."""

from contextlib import ExitStack

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTabBar

from designer.runs import lock
from designer.runs.result import Best, Metrics, Result
from tests.gui.training.conftest import SECONDS


def settle():
    """Let the layouts take effect, which come with later events."""
    for _ in range(8):
        QApplication.processEvents()


def docks(window):
    """Return where the window, its canvas and its panels below are."""
    settle()
    front = [dock for dock in window.docks.values() if dock.isVisible() and dock.x() >= 0]
    rectangles = {dock.objectName(): QRect(dock.pos(), dock.size()) for dock in front}
    canvas = QRect(window.canvas.mapTo(window, QPoint()), window.canvas.size())
    lines = sorted({each.x() for each in rectangles.values()})
    return window.size(), canvas, lines


def click_tab(window, title):
    for bar in window.findChildren(QTabBar):
        for at in range(bar.count()):
            if bar.tabText(at) == title and bar.isVisible():
                QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(at).center())
                settle()
                return
    raise AssertionError(title)


@pytest.mark.parametrize("size", [(1366, 768), (1280, 720)])
@pytest.mark.parametrize("status", ["finished", "failed"])
def test_no_line_moves_when_a_run_ends(window, qtbot, written, size, status):
    run = written("2026-11-28-2157-small", status=None)
    window.resize(*size)
    window.workspace.open_preset("alexnet")  # not the run's design: the title has a note
    window.show_dock("training")
    trainer, panel = window.trainer, window.training
    with ExitStack() as held:
        held.enter_context(lock.held(run.lock))
        trainer.show(run.path)
        qtbot.waitUntil(lambda: panel.running or trainer.shown.going, timeout=SECONDS)
        qtbot.waitUntil(lambda: panel.curves is not None, timeout=SECONDS)
        before = docks(window)
        result = Result(
            status=status,
            epochs=2,
            steps=20,
            best=Best(epoch=2, loss=0.45, accuracy=0.85),
            validation=Metrics(loss=0.4, accuracy=0.875),
            test=Metrics(loss=0.4, accuracy=0.875) if status == "finished" else None,
            seconds=75.0,
            message=None if status == "finished" else "The data of the run are gone. " * 6,
        )
        run.result_file.write_bytes(result.to_json())
    qtbot.waitUntil(lambda: not trainer.shown.going, timeout=SECONDS)
    assert docks(window) == before
    for title in ("Runs", "Evaluation", "Training", "Runs", "Training"):
        click_tab(window, title)
        assert docks(window) == before, title
