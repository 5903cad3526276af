"""Data sets of several kinds in files, and the Data window above a workspace."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from designer.gui.data.window import DataWindow
from designer.gui.documents.workspace import Workspace
from designer.preferences import Preferences
from designer.recipe.reading import changed

SECONDS = 20_000  # milliseconds until a test gives up waiting
LEFT = Qt.MouseButton.LeftButton


@dataclass
class Viewer:
    """The Data window of a workspace with LeNet-5, used by mouse and keys."""

    workspace: Workspace
    window: DataWindow
    qtbot: QtBot
    refused: list[str]

    def wait(self, condition: Callable[[], object]) -> None:
        """Handle events until a condition holds."""
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=SECONDS)

    def open(self, source: Path | str, **settings: object) -> None:
        """Let the recipe take a data set and wait until it was read, or could not be."""
        changes = {"data.source": str(source)} | {
            name.replace("__", "."): value for name, value in settings.items()
        }
        self.workspace.set_recipe(changed(self.workspace.recipe, changes))
        if not self.window.isVisible():
            self.window.appear()
            self.qtbot.waitExposed(self.window)
        self.settled()

    def settled(self) -> None:
        """Wait until what the recipe asks for was read."""
        model = self.window.model
        self.wait(lambda: not model._soon.isActive() and not model.busy)

    def turn(self, key: str) -> QWidget:
        """Turn to a page by a click on its tab."""
        tabs, rows = self.window.tabs, self.window.rows
        number = next(number for number, row in enumerate(rows) if row.key == key)
        QTest.mouseClick(tabs, LEFT, pos=tabs.tabRect(number).center())
        self.qtbot.wait(1)
        return self.window.pages[key]

    def child(self, kind: type[QWidget], name: str) -> QWidget:
        """Return the widget with an object name."""
        found = self.window.findChild(kind, name)
        assert found is not None, f"there is no {name}"
        return found


@pytest.fixture
def viewer(qtbot: QtBot, workspace: Workspace, remembered: Preferences) -> Viewer:
    """The window with LeNet-5 and the digits, not shown yet."""
    workspace.open_preset("lenet5")
    window = DataWindow(workspace, remembered)
    qtbot.addWidget(window)
    refused: list[str] = []
    workspace.refused.connect(refused.append)
    return Viewer(workspace, window, qtbot, refused)


def write_folders(
    folder: Path, counts: dict[str, int], *, size: tuple[int, int] = (20, 16)
) -> Path:
    """Write class folders of colored pictures, `size` being width and height."""
    generator = np.random.default_rng(1)
    for number, (name, count) in enumerate(counts.items()):
        (folder / name).mkdir(parents=True)
        for each in range(count):
            noise = generator.integers(0, 90, (size[1], size[0], 3))
            noise[..., number % 3] += 120
            picture = Image.fromarray(noise.astype(np.uint8))
            picture.save(folder / name / f"{name}-{each}.png")
    return folder


def write_arrays(path: Path, labels: np.ndarray, **more: np.ndarray) -> Path:
    """Write random pictures of 12x10 with labels as an npz file."""
    generator = np.random.default_rng(2)
    images = generator.integers(0, 255, (len(labels), 10, 12, 3)).astype(np.uint8)
    np.savez(path, images=images, labels=labels, **more)
    return path
