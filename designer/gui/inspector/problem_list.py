"""The problems of the selected node, with a button for each fix."""

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from designer.analysis.problems import Fix, Problem, Severity
from designer.errors import DesignerError
from designer.gui.base import numbers
from designer.gui.documents import steps
from designer.gui.documents.workspace import Workspace
from designer.gui.inspector import edit_summary


class ProblemList(QWidget):
    """The problems of one node.

    Signals
    -------
    previewed(text)
        What the fix under the pointer would change; "" when the pointer leaves it.
    """

    previewed = Signal(str)

    def __init__(self, workspace: Workspace, before: QWidget) -> None:
        super().__init__(objectName="problems-here")
        self.workspace = workspace
        self.before = before  # the widget before it in the Tab order
        self._shown: list[Problem] = []
        self._fixes: dict[QObject, Fix] = {}
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(6)
        self.hide()

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show these problems; widgets are kept if texts and fixes are the same as before."""
        if [_words(each) for each in problems] == [_words(each) for each in self._shown]:
            fixes = [fix for problem in problems for fix in problem.fixes]
            self._fixes = dict(zip(self._fixes, fixes, strict=True))
            return
        self._shown = list(problems)
        self._fixes.clear()
        self.previewed.emit("")
        while (item := self.column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for number, problem in enumerate(problems):
            self.column.addWidget(self._card(problem, number))
        self.setVisible(bool(problems))

    def _card(self, problem: Problem, number: int) -> QFrame:
        frame = QFrame(self)
        frame.setProperty("role", problem.severity.value + "-card")
        column = QVBoxLayout(frame)
        column.setContentsMargins(9, 7, 9, 8)
        column.setSpacing(6)
        text = QLabel(
            numbers.sentence(problem.message), frame, wordWrap=True, objectName=f"problem-{number}"
        )
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(text)
        last = self.before
        for index, fix in enumerate(problem.fixes):
            button = QPushButton(
                steps.capitalized(fix.label), frame, objectName=f"fix-{number}-{index}"
            )
            button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
            button.clicked.connect(lambda _=False, button=button: self._apply(button))
            button.installEventFilter(self)
            self._fixes[button] = fix
            column.addWidget(button)
            QWidget.setTabOrder(last, button)
            last = button
        return frame

    def _apply(self, button: QPushButton) -> None:
        fix = self._fixes[button]
        self.workspace.edit(steps.capitalized(fix.label), fix.edit, follow=True)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Preview a fix while the pointer or the focus is on its button."""
        fix = self._fixes.get(watched)
        if fix is not None and isinstance(watched, QPushButton):
            if event.type() in (QEvent.Type.Enter, QEvent.Type.FocusIn):
                text = self._preview(fix)
                watched.setToolTip(f"<p>{escape(text)}</p>")
                self.previewed.emit(text)
            elif event.type() in (QEvent.Type.Leave, QEvent.Type.FocusOut):
                self.previewed.emit("")
        return super().eventFilter(watched, event)

    def _preview(self, fix: Fix) -> str:
        design = self.workspace.design
        try:
            return edit_summary.summary(design, fix.edit(design))
        except DesignerError as error:
            return str(error)


def _words(problem: Problem) -> tuple[str, Severity, tuple[str, ...]]:
    return problem.message, problem.severity, tuple(fix.label for fix in problem.fixes)
