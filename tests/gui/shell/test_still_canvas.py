"""The canvas keeps its place on a small screen while a training begins, pauses, stops, resumes."""

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from designer.recipe.reading import changed

pytestmark = pytest.mark.slow
SECONDS = 60_000


def test_the_canvas_does_not_move(window, qtbot, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    window.resize(1366, 768)
    window.workspace.open_preset("lenet5")
    window.show_dock("training")
    panel, trainer = window.training, window.trainer
    changes = {"epochs": 100_000, "threads": 1, "device": "cpu"}
    panel.set_up.take(changed(panel.set_up.recipe, changes))
    qtbot.waitUntil(lambda: panel.set_up.data.reading is not None, timeout=SECONDS)

    def canvas():
        for _ in range(5):  # layouts come with later events
            QApplication.processEvents()
        return QRect(window.canvas.mapTo(window, QPoint()), window.canvas.size())

    def click(button, then):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: bool(then()), timeout=SECONDS)
        assert canvas() == before, button.objectName()

    def steps():
        return trainer.shown.history.steps.rows if trainer.shown is not None else 0

    before = canvas()
    click(panel.set_up.train, lambda: steps() > 2)
    click(panel.controls.pause, lambda: trainer.shown.paused)
    click(panel.controls.pause, lambda: not trainer.shown.paused)
    click(panel.controls.stop, lambda: panel.resume.isVisible() and not panel.running)
    rows = steps()
    click(panel.resume, lambda: steps() > rows)
    click(panel.controls.stop, lambda: panel.resume.isVisible() and not panel.running)
