"""The open designs as tabs above the canvas."""

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QTabBar, QToolButton

from designer.gui.base import icons
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import colors, theme
from designer.gui.documents.workspace import Workspace

_CLOSE = 12  # size of the crosses in pixels


class DocumentTabs(QTabBar):
    """One tab for each design, in the order of opening.

    Signals
    -------
    close_wanted(document)
        The cross on a tab was pressed.
    """

    close_wanted = Signal(object)

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(objectName="documents", expanding=False)
        self.setDrawBase(False)
        self.workspace = workspace
        self.currentChanged.connect(self._chosen)
        workspace.documents_changed.connect(self.refresh)
        theme.changed.connect(self._draw)
        self.refresh()

    def refresh(self) -> None:
        """Show the documents as they are now."""
        documents = self.workspace.documents
        self.blockSignals(True)
        while self.count() > len(documents):
            self.removeTab(self.count() - 1)
        while self.count() < len(documents):
            self._add()
        for index, document in enumerate(documents):
            mark = " •" if document.modified else ""
            self.setTabText(index, f"{document.title}{mark}".replace("&", "&&"))
            self.setTabToolTip(index, tip(str(document.path or "Not saved yet")))
        if self.workspace.document is not None:
            self.setCurrentIndex(documents.index(self.workspace.document))
        self.blockSignals(False)

    def _add(self) -> None:
        index = self.addTab("")
        button = QToolButton(self, objectName="close-tab", toolTip="Close")
        button.setProperty("role", "close-tab")
        button.setIcon(icons.icon("close", colors().soft_text))
        button.setIconSize(QSize(_CLOSE, _CLOSE))
        # Tabs are added and removed at the end only, so the index of a tab never changes.
        button.clicked.connect(lambda: self.close_wanted.emit(self.workspace.documents[index]))
        self.setTabButton(index, QTabBar.ButtonPosition.RightSide, button)

    def _draw(self) -> None:
        for index in range(self.count()):
            button = self.tabButton(index, QTabBar.ButtonPosition.RightSide)
            assert isinstance(button, QToolButton)
            button.setIcon(icons.icon("close", colors().soft_text))

    def _chosen(self, index: int) -> None:
        if 0 <= index < len(self.workspace.documents):
            self.workspace.show(self.workspace.documents[index])
