"""The path of the graph that is shown, as a row of buttons that lead outwards."""

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QToolButton, QWidget

from designer.gui.base.theme import colors, sans, theme
from designer.gui.documents import graph_paths
from designer.gui.documents.workspace import Workspace

TOP = "top level"
_LONGEST = 220  # pixels of a name; a longer one loses its middle


class Breadcrumb(QWidget):
    """Shows for example ``resnet50 ▸ layer2 [0] ▸ conv1``, where all but the last are buttons."""

    def __init__(self, workspace: Workspace, parent: QWidget) -> None:
        super().__init__(parent, objectName="breadcrumb")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)  # else nodes show through
        self.workspace = workspace
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(6, 3, 6, 3)
        self._row.setSpacing(1)
        self._steps: list[tuple[str, str | None]] = []
        self._widgets: list[QWidget] = []
        for signal in (workspace.scope_changed, workspace.switched, workspace.documents_changed):
            signal.connect(self.refresh)
        theme.changed.connect(self._rebuild)
        QApplication.instance().fontChanged.connect(self._rebuild)
        self.refresh()

    def refresh(self) -> None:
        """Show the path of the workspace's graph."""
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
        for widget in self._widgets:
            self._row.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._widgets = []
        self.setStyleSheet(
            f"#breadcrumb {{ background: {c.canvas}; border-radius: 6px; }}"
            f"QToolButton {{ color: {c.soft_text}; padding: 2px 5px; border-radius: 4px; }}"
            f"QToolButton:hover {{ color: {c.text}; background: {c.hover}; }}"
            f"QLabel {{ color: {c.text}; padding: 2px 5px; background: transparent; }}"
            f"QLabel[role=faint] {{ color: {c.faint_text}; padding: 2px 0; }}"
        )
        last = len(self._steps) - 1
        for number, (text, scope) in enumerate(self._steps):
            if number:
                arrow = QLabel("▸", self)
                arrow.setProperty("role", "faint")
                self._widgets.append(arrow)
            short = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, _LONGEST)
            if number == last:
                label = QLabel(short, self, objectName="breadcrumb-here")
                label.setTextFormat(Qt.TextFormat.PlainText)
                label.setFont(sans(1.0, bold=number > 0 and scope is not None))
                if short != text:
                    label.setToolTip(f"<p>{escape(text)}</p>")
                self._widgets.append(label)
                continue
            button = QToolButton(self, objectName=f"breadcrumb-{number}")
            button.setText(short.replace("&", "&&"))
            button.setToolTip(f"<p>Show the graph of {escape(text)}.</p>")
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _=False, to=scope: self.workspace.look_into(to))
            self._widgets.append(button)
        self.setVisible(bool(self._steps))
        for widget in self._widgets:
            self._row.addWidget(widget)
            widget.show()
        self.adjustSize()
