"""The Studies dock in a window, with studies that were constructed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from designer.gui.documents.workspace import Workspace
from designer.gui.shell.main_window import MainWindow
from designer.gui.studies.model import StudyModel
from designer.gui.studies.panel import StudiesPanel
from designer.gui.studies.view import StudyView
from designer.gui.worker.trainer import Trainer
from designer.preferences import Preferences
from designer.studies.folder import StudyFolder
from tests.gui.hands import Hands


@pytest.fixture
def root(home: Path) -> Path:
    """The folder of studies."""
    return home / "runs" / "studies"


@pytest.fixture
def hands(window: MainWindow, qtbot: QtBot) -> Hands:
    """A user before a window with LeNet-5, whose Studies dock is in front."""
    window.resize(1600, 1000)
    window.workspace.open_preset("lenet5")
    window.show_dock("studies")
    qtbot.waitUntil(lambda: bool(window.editor.studies.templates.buttons))
    return Hands(window, qtbot)


@pytest.fixture
def panel(workspace: Workspace, remembered: Preferences, qtbot: QtBot) -> StudiesPanel:
    """The dock's panel by itself, with LeNet-5 open."""
    workspace.open_preset("lenet5")
    trainer = Trainer(remembered)
    made = StudiesPanel(workspace, trainer)
    trainer.setParent(made)
    qtbot.addWidget(made)
    made.resize(1100, 500)
    made.show()
    qtbot.waitUntil(lambda: bool(made.templates.buttons))
    return made


@pytest.fixture
def chosen(panel: StudiesPanel, qtbot: QtBot) -> Callable[[StudyFolder], StudiesPanel]:
    """Choose a study in the panel, and wait until its table is read."""

    def choose(folder: StudyFolder) -> StudiesPanel:
        panel.choose(folder.path)
        qtbot.waitUntil(lambda: panel.chosen_path == folder.path)
        qtbot.waitUntil(lambda: panel.view is not None and panel.view.model.table is not None)
        return panel

    return choose


@pytest.fixture
def view(look: str, qtbot: QtBot) -> Callable[[StudyFolder], StudyView]:
    """Show a study without a window around it, and wait until its table is read."""

    def show(folder: StudyFolder) -> StudyView:
        model = StudyModel()
        made = StudyView(model)
        model.setParent(made)
        qtbot.addWidget(made)
        made.resize(1000, 520)
        made.show()
        model.choose(folder)
        qtbot.waitUntil(lambda: model.table is not None)
        return made

    return show


@pytest.fixture
def shown(hands: Hands, window: MainWindow, qtbot: QtBot) -> Callable[[StudyFolder], StudiesPanel]:
    """Show a study, and wait until its table is read."""

    def show(folder: StudyFolder) -> StudiesPanel:
        panel = window.editor.studies
        panel.choose(folder.path)
        qtbot.waitUntil(lambda: panel.chosen_path == folder.path)
        qtbot.waitUntil(lambda: panel.view is not None and panel.view.model.table is not None)
        return panel

    return show
