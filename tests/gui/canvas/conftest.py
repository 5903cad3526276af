"""A visible canvas, and helpers that point and turn the wheel."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from designer.gui.canvas.canvas import Canvas
from designer.gui.documents.workspace import Workspace


@pytest.fixture
def canvas(qtbot: QtBot, workspace: Workspace) -> Canvas:
    """A visible canvas of 1000 by 700 pixels."""
    widget = Canvas(workspace)
    qtbot.addWidget(widget)
    widget.resize(1000, 700)
    widget.show()
    qtbot.waitExposed(widget)
    widget.setFocus()
    return widget


def pixel(canvas: Canvas, point: QPointF) -> QPoint:
    """Return where a scene point lies in the viewport."""
    return canvas.view.mapFromScene(point)


def center(canvas: Canvas, path: str) -> QPoint:
    """Return where the middle of a node lies in the viewport."""
    rect = canvas.view.rect_of(path)
    assert not rect.isEmpty(), f"{path} is not drawn"
    return pixel(canvas, rect.center())


def wheel(
    canvas: Canvas,
    at: QPoint,
    turn: QPoint,
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    """Turn the wheel over a point of the viewport."""
    viewport = canvas.view.viewport()
    event = QWheelEvent(
        QPointF(at),
        QPointF(viewport.mapToGlobal(at)),
        QPoint(),
        turn,
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(viewport, event)
