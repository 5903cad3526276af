"""The Code dock: the Python source generated from the design; selection follows the canvas."""

from collections.abc import Callable, Iterable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.analysis.problems import Problem, Severity
from designer.codegen import generate
from designer.design.values import Design
from designer.gui.base import icons, numbers
from designer.gui.base.speed import helper_process
from designer.gui.base.theme import colors, sans
from designer.gui.documents.workspace import Workspace
from designer.gui.panels.code_view import CodeView
from designer.gui.panels.shared import LARGE, LazyPanel, Newest
from designer.gui.panels.source_lines import SourceLines, path_of
from designer.storage import save_file, unwritable


class CodePanel(LazyPanel):
    """The generated source; while the design has errors, the last valid one, dimmed."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, "code-panel")
        self.design: Design | None = None  # the design of the shown source
        self.lines: SourceLines | None = None
        self._newest = Newest(self)
        self._selecting = False  # whether this panel is changing the selection
        self.view = CodeView()
        self.view.line_chosen.connect(self._line_chosen)
        self.view.find_requested.connect(self.open_finder)
        self.sentence = QLabel(objectName="code-refusal", wordWrap=True)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setContentsMargins(10, 6, 10, 6)
        self.sentence.hide()
        self.title = QLabel(objectName="code-title", textFormat=Qt.TextFormat.PlainText)
        self.title.setProperty("role", "soft")
        self._buttons = [
            self._button("find-code", "search", "Find in the code (Ctrl+F)", self.open_finder),
            self._button(
                "own-code", "code", "Layers of your own, in Python…", self._show_own_layers
            ),
            self._button("copy-code", "copy", "Copy the whole file", self.copy),
            self._button("save-code", "save", "Save as a Python file…", self.save),
        ]
        self._make_finder()
        self._lay_out()
        workspace.selection_changed.connect(self._follow)
        workspace.scope_changed.connect(self._follow_scope)
        workspace.switched.connect(self._switched)
        self.redraw()

    def _button(self, name: str, icon: str, tip: str, run: Callable[[], None]) -> QToolButton:
        button = QToolButton(objectName=name, autoRaise=True)
        button.setProperty("icon-name", icon)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.clicked.connect(run)
        return button

    def _make_finder(self) -> None:
        self.finder = QWidget()
        self.words = QLineEdit(objectName="find-words")
        self.words.setPlaceholderText("Find…")
        self.words.setAccessibleName("Find in the code")
        self.words.textChanged.connect(self._find_first)
        self.words.installEventFilter(self)
        self.found = QLabel(objectName="found", textFormat=Qt.TextFormat.PlainText)
        self.found.setProperty("role", "soft")
        line = QHBoxLayout(self.finder)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.words)
        line.addWidget(self.found)
        self.finder.hide()

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(10, 3, 6, 2)
        bar.setSpacing(2)
        bar.addWidget(self.title)
        bar.addStretch(1)
        bar.addWidget(self.finder)
        for button in self._buttons:
            bar.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self.sentence)
        column.addWidget(self.view, 1)

    # What is shown

    def refresh(self) -> None:
        """Show the source of the current design; it is generated in the helper process."""
        workspace = self.workspace
        analysis = workspace.analysis
        if workspace.document is None:
            self._newest.cancel()
            self._clear()
        elif not analysis.valid:
            self._newest.cancel()
            self._refuse(_refusal(analysis.problems))
        elif analysis.design is not self.design:
            design, measured = analysis.design, analysis.measured
            if analysis.totals.layers > LARGE:
                self.title.setText("Generating the code…")
            self._newest.start(
                lambda: SourceLines(helper_process.call(generate, design, measured=measured)),
                lambda lines: self._show(design, lines),
                self._refuse,
            )
        else:
            self._accept()

    def redraw(self) -> None:
        """Draw with the theme's colors."""
        c = colors()
        self.sentence.setStyleSheet(f"background: {c.error_panel}; color: {c.text};")
        for button in self._buttons:
            button.setIcon(icons.icon(button.property("icon-name")))
        self.title.setFont(sans(0.92))
        self.words.setFont(sans(0.92))
        self.view.redraw()

    def showEvent(self, event: QShowEvent) -> None:
        """Mark the selection, which may have changed while the dock was hidden."""
        super().showEvent(event)
        self._follow()

    def _show(self, design: Design, lines: SourceLines) -> None:
        self.design, self.lines = design, lines
        self.view.show_text("\n".join(lines.text))
        self._accept()
        self._follow()
        if self.words.text() and not self.finder.isHidden():
            self._count(self.view.show_matches(self.words.text()))

    def _accept(self) -> None:
        self.sentence.hide()
        self.view.set_faded(False)
        self._show_title()

    def _refuse(self, sentence: str) -> None:
        self.sentence.setText(sentence)
        self.sentence.show()
        self.view.set_faded(True)
        self._show_title()

    def _clear(self) -> None:
        self.design = self.lines = None
        self.sentence.hide()
        self.view.show_text("")
        self.view.mark((), show=False)
        self._show_title()

    def _show_title(self) -> None:
        lines = self.lines
        self.title.setText(
            f"class {lines.network} · {numbers.count(len(lines.text) - 1)} lines" if lines else ""
        )
        for button in self._buttons:
            button.setEnabled(lines is not None or button.objectName() == "own-code")

    def _switched(self) -> None:
        self._newest.cancel()
        self._clear()

    # Selection

    def _follow(self) -> None:
        if self.lines is None or self.design is None or not self.isVisible():
            return
        lines = self.lines.of_paths(self.design, sorted(self.workspace.selection))
        self.view.mark(lines, show=not self._selecting)

    def _follow_scope(self) -> None:
        if self.lines is not None and not self._selecting and not self.workspace.selection:
            line = self.lines.of_scope(self.workspace.block)
            self.view.mark((line,), show=True)
            self.view.mark((), show=False)

    def _line_chosen(self, line: int) -> None:
        if self.lines is None or self.design is not self.workspace.design:
            return
        node = self.lines.node_at(line)
        if node is None:
            return
        workspace = self.workspace
        path = path_of(node, workspace.design, workspace.analysis, workspace.scope)
        if path is not None:
            self._selecting = True
            workspace.select([path], reveal=True)
            self._selecting = False

    # Find

    def open_finder(self) -> None:
        """Show the search field and focus it."""
        self.finder.show()
        self.words.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.words.selectAll()

    def _find_first(self, words: str) -> None:
        self._count(self.view.show_matches(words))
        self._show_match(self.view.go_to_match(1, from_here=True))

    def _count(self, number: int) -> None:
        self._number = number
        self.found.setText("" if not self.words.text() else "not found" if not number else "")

    def _show_match(self, number: int) -> None:
        if number:
            self.found.setText(f"{number} of {self._number}")

    def _end_find(self) -> None:
        self.finder.hide()
        self.view.show_matches("")
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Go to the next match with Enter, to the previous with Shift+Enter; Escape closes."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Escape:
                self._end_find()
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
                self._show_match(self.view.go_to_match(-1 if back else 1))
                return True
        return super().eventFilter(watched, event)

    def _show_own_layers(self) -> None:
        if self.workspace.document is not None:
            self.workspace.code_requested.emit("")

    # Copy and save

    def copy(self) -> None:
        """Copy the whole source."""
        if self.lines is not None:
            QGuiApplication.clipboard().setText("\n".join(self.lines.text))
            self.workspace.reported.emit("Copied the Python source.")

    def save(self) -> None:
        """Ask for a file and write the source to it."""
        if self.lines is None:
            return
        source = "\n".join(self.lines.text)
        text, _ = QFileDialog.getSaveFileName(
            self, "Save the code", f"{self.lines.network.lower()}.py", "Python (*.py)"
        )
        if not text:
            return
        path = Path(text if Path(text).suffix else f"{text}.py")
        try:
            save_file(path, source.encode())
        except OSError as error:
            self.workspace.refused.emit(str(unwritable(path, error)))
            return
        self.workspace.reported.emit(f"The code was saved as {path}.")


def _refusal(problems: Iterable[Problem]) -> str:
    """Return why no code can be generated."""
    found = [*problems]
    pending = [each for each in found if each.severity is Severity.PENDING]
    wrong = [each for each in found if each.severity is Severity.ERROR]
    if pending and not wrong:
        return f"The code comes later: {numbers.sentence(pending[0].message)}."
    first, *others = [numbers.sentence(each.message) for each in wrong]
    if not others:
        return f"The design must be valid before its code can be generated. Fix this: {first}."
    return (
        f"The design must be valid before its code can be generated. Fix {len(others) + 1} "
        f"problems, first this one: {first}."
    )
