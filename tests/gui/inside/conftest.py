"""A small trained run, a worker that serves all tests of a module, and pictures."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from designer import preferences
from designer.gui.documents.workspace import Workspace
from designer.gui.inside.maps_panel import MapsPanel
from designer.gui.inside.maps_view import MapsView
from designer.gui.worker.trainer import Trainer
from designer.runs.folder import RunFolder
from tests.engine.samples import TINY, create, tiny_recipe, write_data

SECONDS = 30_000  # milliseconds until a test gives up waiting


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run of two epochs, of which all weights were kept."""
    folder = tmp_path_factory.mktemp("inside")
    data = write_data(folder / "squares.npz")
    recipe = tiny_recipe(data, epochs=2, keep_checkpoints=1)
    run = create(folder / "runs" / "small", recipe, TINY)
    command = [sys.executable, "-m", "designer.engine.worker", str(run.path)]
    subprocess.run(command, check=True)
    return run


@pytest.fixture(scope="session")
def squares(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two picture files with bright bars at other heights."""
    folder = tmp_path_factory.mktemp("pictures")
    paths = []
    for number in range(2):
        pixels = np.full((8, 8), 30, np.uint8)
        pixels[4 * number : 4 * number + 2] = 200
        paths.append(folder / f"bar{number}.png")
        Image.fromarray(pixels).save(paths[-1])
    return paths


@pytest.fixture(scope="module")
def trainer(qapp: QApplication, trained: RunFolder) -> Iterator[Trainer]:
    """A trainer whose worker serves all tests of a module."""
    folder = str(trained.path.parent)
    made = Trainer(preferences.Preferences(runs_folder=folder, standby=False, device="cpu"))
    yield made
    made.close()


@pytest.fixture
def view(qtbot: QtBot, look: str, trainer: Trainer, trained: RunFolder) -> Iterator[MapsView]:
    """The Maps dock in a window, with the run's design open and the run shown."""
    workspace = Workspace()
    window = QMainWindow()
    dock = QDockWidget("Maps")
    panel = MapsPanel(workspace, trainer, dock)
    dock.setWidget(panel)
    window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
    window.setCentralWidget(QWidget())
    window.resize(900, 460)
    qtbot.addWidget(window)
    workspace.add(TINY)
    trainer.show(trained.path)
    qtbot.waitUntil(lambda: trainer.shown.looked, timeout=SECONDS)
    window.show()
    qtbot.waitExposed(window)
    qtbot.waitUntil(lambda: panel.view is not None, timeout=SECONDS)
    assert panel.view is not None
    yield panel.view
    trainer.inspection.look_into(None)
    trainer.inspection.show([])
    trainer.show(None)


@pytest.fixture
def settled(qtbot: QtBot) -> Callable[[MapsView], None]:
    """Return a function that waits until everything that was asked is shown."""

    def wait(view: MapsView) -> None:
        qtbot.wait(5)
        qtbot.waitUntil(
            lambda: not view.model.inspection.busy and view.stack.currentIndex() > 0,
            timeout=SECONDS,
        )

    return wait


def drop(widget: QWidget, *paths: Path) -> None:
    """Drop files on a widget, as a file manager does."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    point, action = QPoint(20, 20), Qt.DropAction.CopyAction
    button, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(widget, QDragEnterEvent(point, action, data, button, none))
    QApplication.sendEvent(widget, QDropEvent(QPointF(point), action, data, button, none))
