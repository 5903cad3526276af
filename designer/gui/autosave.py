"""Autosave: what is not saved is put aside within a second, and found again after a crash."""

from designer.gui.workspace import Document, Workspace
from PySide6.QtCore import QObject


class Autosave(QObject):
    def __init__(self, workspace: Workspace, preferences, parent=None) -> None:
        super().__init__(parent)

    def forget(self, document: Document) -> None: ...
    def recover(self) -> None: ...
    def finish(self) -> None: ...
