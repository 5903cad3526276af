"""A workspace, and panels shown by themselves."""

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from designer.gui.documents.workspace import Workspace


@pytest.fixture
def workspace(look: str, qtbot: QtBot) -> Workspace:
    return Workspace()


@pytest.fixture
def shown(qtbot: QtBot) -> Callable[..., QWidget]:
    """Show a widget in a size and wait until it is visible and up to date."""

    def show(widget: QWidget, width: int = 900, height: int = 420) -> QWidget:
        qtbot.addWidget(widget)
        widget.resize(width, height)
        widget.show()
        qtbot.waitExposed(widget)
        widget.activateWindow()
        qtbot.wait(1)
        return widget

    return show
