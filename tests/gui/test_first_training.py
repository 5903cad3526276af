"""One user's first training by hand: from the welcome page to model files and the run again."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QCheckBox, QLabel, QLineEdit, QPushButton, QTreeView
from pytestqt.qtbot import QtBot

from designer.gui.shell.main_window import MainWindow
from designer.runs.events import read_events
from designer.runs.export_formats import EXPORT_FORMATS
from tests.gui.hands import LEFT, Hands

PATIENCE = 120_000  # milliseconds; a worker loads torch for long on a busy machine

pytestmark = pytest.mark.slow


@pytest.fixture
def hands(window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Hands:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    window.resize(1600, 1200)
    return Hands(window, qtbot)


def press(hands: Hands, name: str) -> None:
    """Press a button as soon as it can be."""
    button = hands.find(QPushButton, name)
    hands.qtbot.waitUntil(button.isEnabled, timeout=PATIENCE)
    hands.click(button)


def length(window: MainWindow) -> int:
    """Return of how many points the curve of the loss is."""
    curves = window.training.curves
    return max((len(line.y) for line in curves.loss.lines), default=0) if curves else 0


def test_train_pause_change_the_rate_stop_export_and_reopen(
    window: MainWindow, hands: Hands, qtbot: QtBot, tmp_path: Path
) -> None:
    # Not the button of the welcome page, which trains at once and for a few epochs only.
    window.documents.open_demo()
    hands.settle()
    epochs = hands.find(QLineEdit, "recipe-epochs")
    hands.click(epochs)
    hands.keys("Ctrl+A")
    hands.type("500")
    press(hands, "training-start")

    qtbot.waitUntil(lambda: window.training.running, timeout=PATIENCE)
    qtbot.waitUntil(lambda: length(window) > 2, timeout=PATIENCE)
    points = length(window)
    qtbot.waitUntil(lambda: length(window) > points + 3, timeout=PATIENCE)  # the curve grows

    press(hands, "training-pause")
    pause = hands.find(QPushButton, "training-pause")
    qtbot.waitUntil(lambda: pause.accessibleName() == "Continue", timeout=PATIENCE)
    rate = hands.find(QLineEdit, "training-rate")
    hands.click(rate)
    hands.keys("Ctrl+A")
    hands.type("0.003")
    hands.keys("Return")
    held = length(window)
    press(hands, "training-pause")
    qtbot.waitUntil(lambda: pause.accessibleName() == "Pause", timeout=PATIENCE)
    qtbot.waitUntil(lambda: length(window) > held + 2, timeout=PATIENCE)
    press(hands, "training-stop")
    qtbot.waitUntil(lambda: not window.training.running, timeout=PATIENCE)
    run = window.trainer.shown.run
    events = read_events(run.events)
    assert [event for event in events if event["event"] == "lr"]
    assert events[-1]["event"] in ("end", "stop", "result", "checkpoint", "evaluation")
    assert run.state() == "stopped"

    hands.keys("Ctrl+E", window)
    for box in window.findChildren(QCheckBox):
        if box.objectName().startswith("export-tick") and not box.isChecked():
            hands.click(box, QPoint(8, box.height() // 2))
    folder = hands.find(QLineEdit, "export-folder")
    hands.click(folder)
    hands.keys("Ctrl+A")
    hands.type(str(tmp_path))
    press(hands, "export-go")
    qtbot.waitUntil(
        lambda: all(any(tmp_path.glob(f"*{ending}")) for ending in EXPORT_FORMATS), timeout=PATIENCE
    )
    for ending in EXPORT_FORMATS:
        state = hands.find(QLabel, f"export-state{ending}")
        qtbot.waitUntil(lambda state=state: " · " in state.text(), timeout=PATIENCE)
    press(hands, "export-close")

    window.trainer.show(None)
    hands.tab("Runs")
    runs = hands.find(QTreeView, "runs-list")
    qtbot.waitUntil(lambda: runs.model().rowCount() == 1, timeout=PATIENCE)
    place = runs.visualRect(runs.model().index(0, 0)).center()
    hands.click(runs.viewport(), place)
    qtbot.mouseDClick(runs.viewport(), LEFT, pos=place)
    qtbot.waitUntil(lambda: window.trainer.shown is not None, timeout=PATIENCE)
    assert window.trainer.shown.run.path == run.path
    qtbot.waitUntil(lambda: length(window) > held, timeout=PATIENCE)
    # The window would ask whether to save the changed recipe.
    document = window.workspace.document
    document.saved_recipe = document.recipe
