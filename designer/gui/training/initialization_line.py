"""A line that tells how the weights of the selected layers begin with the recipe."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QWidget

from designer.analysis.report.initial_weights import sentence
from designer.gui.base.theme import sans, theme
from designer.gui.documents.workspace import Workspace

_MOST = 3  # layers that have a line


class InitializationLine(QLabel):
    """A line for each selected layer: conv1: standard deviation 0.0589 (fan in 576)."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="initialization-line", wordWrap=True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", "soft")
        self.workspace = workspace
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self._refresh)
        for signal in (
            workspace.changed,
            workspace.switched,
            workspace.selection_changed,
            workspace.recipe_changed,
        ):
            signal.connect(self._soon.start)
        theme.changed.connect(self._dress)
        self._dress()
        self._refresh()

    def _dress(self) -> None:
        self.setFont(sans(0.88))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh()

    def _refresh(self) -> None:
        if self.isVisible() or not self.text():
            self.setText(_words(self.workspace))


def _words(workspace: Workspace) -> str:
    if workspace.recipe.initial_weights:
        return "It holds only for tensors that the initial weights do not have."
    analysis, how = workspace.analysis, workspace.recipe.initialization
    chosen = [path for path in sorted(workspace.selection) if _is_layer(workspace, path)]
    if not chosen:
        return "Select a layer to see the standard deviation of its weights."
    lines = [sentence(analysis, path, how) for path in chosen[:_MOST]]
    if len(chosen) > _MOST:
        lines.append(f"… and {len(chosen) - _MOST} more layers")
    return "\n".join(lines)


def _is_layer(workspace: Workspace, path: str) -> bool:
    result = workspace.analysis.node(path)
    return result is not None and result.layer is not None
