"""The colors that the Layer statistics dock gives to the nodes on the canvas."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from designer.gui.documents.node_values import Overlay
from designer.gui.documents.workspace import Workspace
from designer.gui.inside.statistics_values import Shown, overlay
from designer.runs.layer_statistics import Kind

if TYPE_CHECKING:
    from designer.gui.documents.document import Document


class NodeColoring(QObject):
    """Colors the nodes of a design by a figure of its layers, and knows whether it still does."""

    def __init__(self, workspace: Workspace, parent: QObject) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self._given: tuple[Document, Overlay] | None = None
        self._of: tuple[object, ...] = ()  # what the colors were made of

    @property
    def active(self) -> bool:
        """Whether the nodes of the current design have colors that were given here."""
        document = self.workspace.document
        if self._given is None or document is not self._given[0]:
            return False
        return self._given[0].overlay is self._given[1]

    def show(self, one: Shown, kind: Kind, figure: str) -> None:
        """Color the nodes of the current design by a figure."""
        document = self.workspace.document
        if document is None:
            return
        made_of = (one.measurement, one.design, kind, figure)
        if self.active and all(a is b for a, b in zip(made_of, self._of, strict=True)):
            return
        found = overlay(one, kind, figure)
        self._given, self._of = (document, found), made_of
        self.workspace.show_overlay(document, found)

    def remove(self) -> None:
        """Give the nodes of the current design their usual colors back."""
        if self.active and self.workspace.document is not None:
            self.workspace.show_overlay(self.workspace.document, None)
        self._given = None
