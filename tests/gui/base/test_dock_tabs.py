"""The tabs of docks: their titles are whole in any room, also after it has changed."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar
from pytestqt.qtbot import QtBot

from designer.gui.base.dock_tabs import _space


@pytest.mark.parametrize("widths", [(180, 700), (700, 180), (700, 180, 700)])
def test_titles_are_whole_after_the_room_has_changed(
    qtbot: QtBot, look: str, widths: tuple[int, ...]
) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    docks = [QDockWidget(title, window) for title in ("Analysis", "Problems", "Code")]
    for dock in docks:
        window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
    for dock in docks[1:]:
        window.tabifyDockWidget(docks[0], dock)
    window.show()
    qtbot.waitExposed(window)
    (bar,) = window.findChildren(QTabBar)
    for width in widths:
        bar.resize(width, bar.height())
        _space(bar)
    padding = 2 * (6 if widths[-1] == 180 else 12)
    metrics = bar.fontMetrics()
    for index in range(bar.count()):
        title = metrics.horizontalAdvance(bar.tabText(index))
        assert bar.tabRect(index).width() >= title + padding
