"""A window that is opened while a run is being trained shows that run."""

from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from designer import preferences, presets
from designer.gui.shell.main_window import MainWindow
from designer.recipe.recipe import Recipe
from designer.runs import lock
from designer.runs.begin import begin


def test_it_is_named_on_the_welcome_page_and_shown_with_the_first_design(
    qtbot: QtBot, look: str, home: Path
) -> None:
    runs = home / "runs"
    preferences.store(preferences.Preferences(runs_folder=str(runs), standby=False))
    run = begin(runs / "mine", presets.load("lenet5"), Recipe())
    with lock.held(run.lock):  # as its worker does
        window = MainWindow(preferences.load())
        qtbot.addWidget(window)
        window.show()
        qtbot.waitUntil(lambda: window.trainer.active is not None, timeout=20_000)
        message = window.welcome._running_text
        qtbot.waitUntil(message.isVisible, timeout=5_000)
        assert message.text() == "The run mine is being trained."
        window.workspace.open_preset("resnet18")
        training = window.training
        qtbot.waitUntil(lambda: training.pages.currentWidget() is training.run, timeout=5_000)
        assert window.trainer.shown is not None and window.trainer.shown.run.path == run.path
        training.show_set_up()
        assert not training.return_.isHidden()
    qtbot.waitUntil(lambda: window.trainer.active is None, timeout=20_000)


def test_the_button_on_the_welcome_page_opens_its_design_and_curves(
    qtbot: QtBot, look: str, home: Path
) -> None:
    runs = home / "runs"
    stored = preferences.Preferences(runs_folder=str(runs), standby=False)
    stored.remember(home / "other.json")
    preferences.store(stored)
    run = begin(runs / "mine", presets.load("lenet5"), Recipe())
    with lock.held(run.lock):  # as its worker does
        window = MainWindow(preferences.load())
        qtbot.addWidget(window)
        window.resize(1366, 768)
        window.show()
        button = window.welcome.show_run
        qtbot.waitUntil(button.isVisible, timeout=20_000)
        gap = window.welcome._recent_title.mapTo(window, QPoint()).y() - (
            button.mapTo(window, QPoint()).y() + button.height()
        )
        assert gap >= 10
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert window.workspace.design == presets.load("lenet5")
        assert not window.workspace.document.modified
        training = window.training
        qtbot.waitUntil(lambda: training.pages.currentWidget() is training.run, timeout=5_000)
        assert window.trainer.shown is not None and window.trainer.shown.run.path == run.path
        window.documents.show_welcome()
        assert button.isVisible()
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert len(window.workspace.documents) == 1  # it is open already
        window.documents.show_welcome()
    qtbot.waitUntil(lambda: not button.isVisible(), timeout=20_000)  # the training has ended
