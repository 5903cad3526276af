"""Which graph is looked into, as a row of buttons that lead outwards."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QToolButton, QWidget

from designer.gui.base.theme import colors, sans, theme
from designer.gui.documents import graph_paths
from designer.gui.documents.workspace import Workspace

TOP = "top level"


class Breadcrumb(QWidget):
    """resnet50 ▸ layer2 [0] ▸ conv1: every step but the last is a button."""

    def __init__(self, workspace: Workspace, parent: QWidget) -> None:
        super().__init__(parent, objectName="breadcrumb")
        self.workspace = workspace
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(6, 3, 6, 3)
        self._row.setSpacing(1)
        self._steps: list[tuple[str, str | None]] = []
        for signal in (workspace.scope_changed, workspace.switched, workspace.documents_changed):
            signal.connect(self.refresh)
        theme.changed.connect(self._rebuild)
        QApplication.instance().fontChanged.connect(self._rebuild)
        self.refresh()

    def refresh(self) -> None:
        """Show where the workspace looks."""
        document = self.workspace.document
        steps: list[tuple[str, str | None]] = []
        if document is not None:
            title = document.title.removesuffix(".json")
            steps.append((title, ""))
            inner = graph_paths.scopes(self.workspace.scope)
            steps += inner if inner else [(TOP, None)]
        if steps != self._steps:
            self._steps = steps
            self._rebuild()

    def _rebuild(self) -> None:
        c = colors()
        while self._row.count():
            widget = self._row.takeAt(0).widget()
            widget.hide()
            widget.deleteLater()
        self.setStyleSheet(
            f"#breadcrumb {{ background: {c.canvas}; border-radius: 6px; }}"
            f"QToolButton {{ color: {c.soft_text}; padding: 2px 5px; border-radius: 4px; }}"
            f"QToolButton:hover {{ color: {c.text}; background: {c.hover}; }}"
            f"QLabel {{ color: {c.text}; padding: 2px 5px; background: transparent; }}"
            f"QLabel[role=faint] {{ color: {c.faint_text}; padding: 2px 0; }}"
        )
        last = len(self._steps) - 1
        for place, (words, scope) in enumerate(self._steps):
            if place:
                arrow = QLabel("▸", self)
                arrow.setProperty("role", "faint")
                self._row.addWidget(arrow)
            if place == last:
                label = QLabel(words, self, objectName="breadcrumb-here")
                label.setFont(sans(1.0, bold=place > 0 and scope is not None))
                self._row.addWidget(label)
                continue
            button = QToolButton(self, objectName=f"breadcrumb-{place}")
            button.setText(words)
            button.setToolTip(f"Show {words}")
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _=False, to=scope: self.workspace.look_into(to))
            self._row.addWidget(button)
        self.setVisible(bool(self._steps))
        for place in range(self._row.count()):
            self._row.itemAt(place).widget().show()
        self.adjustSize()
