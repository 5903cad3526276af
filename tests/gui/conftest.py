"""Windows, workspaces and widgets for each test, with folders and preferences of its own."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from designer import preferences
from designer.gui.base import theme
from designer.gui.base.speed.garbage import GarbageCollector
from designer.gui.documents.workspace import Workspace
from designer.gui.shell.main_window import MainWindow
from tests.gui.hands import activate

# Qt's offscreen screen has 800x800 pixels; most tests are about a window of a usual size.
SCREEN = Path(__file__).with_name("screen.json")
if os.environ.get("QT_QPA_PLATFORM") == "offscreen":
    os.environ["QT_QPA_PLATFORM"] = f"offscreen:configfile={SCREEN}"


@pytest.fixture(scope="package", autouse=True)
def garbage(qapp: QApplication) -> Iterator[GarbageCollector]:
    """Collect garbage on the main thread only, as the program does."""
    collector = GarbageCollector()
    yield collector
    collector.stop()


@pytest.fixture(autouse=True)
def home(garbage: GarbageCollector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the tests away from the user's own preferences, autosaves and runs."""
    garbage.look()
    folder = tmp_path / "home"
    folder.mkdir()
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(folder / variable.lower()))
    return folder


@pytest.fixture(autouse=True)
def pointer(qapp: QApplication) -> None:
    """Begin with the pointer in a corner: to where it lies already, Qt sends no move."""
    QCursor.setPos(0, 0)


@pytest.fixture(params=["dark"])
def look(request: pytest.FixtureRequest, qapp: QApplication) -> str:
    """Dress the application as the program does; parametrize with "light" for the other theme."""
    # Widgets of earlier tests, not yet really deleted, would all take part in a new style.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    if not qapp.styleSheet():
        qapp.setStyle("Fusion")
        theme.load_fonts(qapp)
    if not qapp.styleSheet() or theme.theme.requested != request.param:
        theme.theme.follow(qapp, request.param)
    return str(request.param)


@pytest.fixture
def remembered(home: Path) -> preferences.Preferences:
    """Preferences of a first start: runs in a folder of the test, no standby worker."""
    return preferences.Preferences(theme="dark", runs_folder=str(home / "runs"), standby=False)


@pytest.fixture
def window(qtbot: QtBot, look: str, remembered: preferences.Preferences) -> MainWindow:
    """A shown main window without a design; closed without questions at the end."""
    main = MainWindow(remembered)
    main.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(main, before_close_func=_discard)
    with qtbot.waitExposed(main):
        main.show()
    return main


@pytest.fixture
def workspace(look: str, qtbot: QtBot) -> Workspace:
    """A workspace without a design."""
    return Workspace()


@pytest.fixture
def shown(qtbot: QtBot) -> Callable[..., QWidget]:
    """Show a widget in a size and wait until it is visible and up to date."""

    def show(widget: QWidget, width: int = 900, height: int = 420) -> QWidget:
        qtbot.addWidget(widget)
        widget.resize(width, height)
        widget.show()
        qtbot.waitExposed(widget)
        activate(widget)
        qtbot.wait(1)
        return widget

    return show


def _discard(main: MainWindow) -> None:
    for document in list(main.workspace.documents):
        document.saved, document.saved_recipe = document.design, document.recipe
    if main.trainer.active is not None and main.trainer.active.going:
        main.trainer.steer("stop")
        main.trainer.active = None
