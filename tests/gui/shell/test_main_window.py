"""The main window's frame: documents as tabs, the theme."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTabBar
from pytestqt.qtbot import QtBot

from designer.gui.shell.main_window import MainWindow


def test_documents_are_tabs(window: MainWindow, qtbot: QtBot) -> None:
    workspace = window.workspace
    lenet, vgg = workspace.open_preset("lenet5"), workspace.open_preset("vgg16")
    assert [window.tabs.tabText(index) for index in range(2)] == ["LeNet-5", "VGG16"]
    qtbot.mouseClick(window.tabs, Qt.MouseButton.LeftButton, pos=window.tabs.tabRect(0).center())
    assert workspace.document is lenet
    button = window.tabs.tabButton(0, QTabBar.ButtonPosition.RightSide)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert workspace.documents == [vgg]
    assert window.windowTitle().startswith("VGG16")


@pytest.mark.parametrize("look", ["light", "dark"], indirect=True)
def test_the_window_is_painted(window: MainWindow, look: str) -> None:
    window.workspace.open_preset("resnet50")
    picture = window.grab().toImage()
    corner = picture.pixelColor(3, 3)
    assert (corner.lightness() > 128) == (look == "light")
