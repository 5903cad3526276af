"""The Maps dock: what the selected node computes, its filters, and what speaks for a class.

What it shows is imported when the dock is seen for the first time, since it needs numpy, which the
window's start avoids.
"""

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QDockWidget, QVBoxLayout, QWidget

from designer.gui.documents.workspace import Workspace
from designer.gui.worker.trainer import Trainer

if TYPE_CHECKING:
    from designer.gui.inside.maps_view import MapsView

_LEAST = 80  # pixels of height: what has none is never seen


class MapsPanel(QWidget):
    """Holds the view, which asks the worker only while the dock is visible."""

    def __init__(self, workspace: Workspace, trainer: Trainer, dock: QDockWidget) -> None:
        super().__init__(objectName="maps")
        self.workspace = workspace
        self.trainer = trainer
        self.dock = dock
        self.view: MapsView | None = None
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self._refresh)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.setMinimumHeight(_LEAST)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._soon.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._soon.start()

    def _refresh_soon(self) -> None:
        if self.isVisible():
            self._soon.start()

    def _refresh(self) -> None:
        if not self.isVisible():
            return
        if self.view is None:
            from designer.gui.inside.maps_model import MapsModel
            from designer.gui.inside.maps_view import MapsView

            model = MapsModel(self.workspace, self.trainer, self)
            self.view = MapsView(model, self.dock)
            model.changed.connect(self._refresh_soon)
            column = self.layout()
            assert column is not None
            column.addWidget(self.view)
            self.view.refresh()
            # So that it is painted once its widgets have their places, and not before.
            QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
            return
        self.view.refresh()
