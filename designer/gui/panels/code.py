"""The Code dock: the Python that the design compiles to, in step with the selection."""

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

from designer.analysis.problems import Severity
from designer.codegen import generate
from designer.design.values import Design
from designer.gui.base import icons, numbers
from designer.gui.base.speed import helper_process
from designer.gui.base.theme import colors, sans
from designer.gui.documents.workspace import Workspace
from designer.gui.panels.code_places import CodePlaces, path_of
from designer.gui.panels.code_view import CodeView
from designer.gui.panels.shared import LARGE, LazyPanel, Newest
from designer.storage import write_atomically


class CodePanel(LazyPanel):
    """The generated source; the last that could be generated, faded, while there are errors."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, "code-panel")
        self.design: Design | None = None  # of which the shown source is
        self.places: CodePlaces | None = None
        self._newest = Newest(self)
        self._own = False  # the selection comes from this panel
        self.view = CodeView()
        self.view.line_chosen.connect(self._line_chosen)
        self.view.find_wanted.connect(self.find)
        self.sentence = QLabel(objectName="code-refusal", wordWrap=True)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setContentsMargins(10, 6, 10, 6)
        self.sentence.hide()
        self.title = QLabel(objectName="code-title")
        self.title.setProperty("role", "soft")
        self._buttons = [
            self._button("find-code", "search", "Find in the code (Ctrl+F)", self.find),
            self._button("copy-code", "copy", "Copy the whole file", self.copy),
            self._button("save-code", "save", "Save as a Python file…", self.save),
        ]
        self._make_finder()
        self._lay_out()
        workspace.selection_changed.connect(self._follow)
        workspace.scope_changed.connect(self._follow_scope)
        workspace.switched.connect(self._switched)
        self.redraw()

    def _button(self, name: str, icon: str, tip: str, run) -> QToolButton:
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
        self.found = QLabel(objectName="found")
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
        """Show the source of the current design, as soon as it is generated."""
        workspace = self.workspace
        analysis = workspace.analysis
        if workspace.document is None:
            self._newest.cancel()
            self._clear()
        elif not analysis.valid:
            self._newest.cancel()
            self._refuse(_refusal(analysis.problems))
        elif analysis.design is not self.design:
            design = analysis.design
            if analysis.totals.layers > LARGE:
                self.title.setText("Writing the code…")
            self._newest.start(
                lambda: CodePlaces(helper_process.call(generate, design)),
                lambda made: self._show(design, made),
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
        """Catch up with a selection that was made unseen."""
        super().showEvent(event)
        self._follow()

    def _show(self, design: Design, made: CodePlaces) -> None:
        self.design, self.places = design, made
        self.view.show_text("\n".join(made.lines))
        self._accept()
        self._follow()
        if self.words.text() and not self.finder.isHidden():
            self._count(self.view.show_matches(self.words.text()))

    def _accept(self) -> None:
        self.sentence.hide()
        self.view.set_faded(False)
        self._tell_title()

    def _refuse(self, sentence: str) -> None:
        self.sentence.setText(sentence)
        self.sentence.show()
        self.view.set_faded(True)
        self._tell_title()

    def _clear(self) -> None:
        self.design = self.places = None
        self.sentence.hide()
        self.view.show_text("")
        self.view.mark((), show=False)
        self._tell_title()

    def _tell_title(self) -> None:
        lines = len(self.places.lines) - 1 if self.places is not None else 0
        text = f"class {self.places.network} · {numbers.count(lines)} lines" if self.places else ""
        self.title.setText(text)
        for button in self._buttons:
            button.setEnabled(self.places is not None)

    def _switched(self) -> None:
        # The source of another design tells nothing of this one.
        self._newest.cancel()
        self._clear()

    # Selection

    def _follow(self) -> None:
        if self.places is None or self.design is None or not self.isVisible():
            return
        lines = self.places.of_paths(self.design, sorted(self.workspace.selection))
        self.view.mark(lines, show=not self._own)

    def _follow_scope(self) -> None:
        if self.places is not None and not self._own and not self.workspace.selection:
            line = self.places.of_scope(self.workspace.block)
            self.view.mark((line,), show=True)
            self.view.mark((), show=False)

    def _line_chosen(self, line: int) -> None:
        if self.places is None or self.design is not self.workspace.design:
            return
        node = self.places.node_at(line)
        if node is None:
            return
        workspace = self.workspace
        path = path_of(node, workspace.design, workspace.analysis, workspace.scope)
        if path is not None:
            self._own = True
            workspace.select([path], reveal=True)
            self._own = False

    # Find

    def find(self) -> None:
        """Ask for words to be found."""
        self.finder.show()
        self.words.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.words.selectAll()

    def _find_first(self, words: str) -> None:
        self._count(self.view.show_matches(words))
        self._tell_match(self.view.go_to_match(1, from_here=True))

    def _count(self, number: int) -> None:
        self._number = number
        self.found.setText("" if not self.words.text() else "not found" if not number else "")

    def _tell_match(self, place: int) -> None:
        if place:
            self.found.setText(f"{place} of {self._number}")

    def _end_find(self) -> None:
        self.finder.hide()
        self.view.show_matches("")
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Go from match to match with Enter and Shift+Enter; Escape ends it."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Escape:
                self._end_find()
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
                self._tell_match(self.view.go_to_match(-1 if back else 1))
                return True
        return super().eventFilter(watched, event)

    # Take away

    def copy(self) -> None:
        """Copy the whole file."""
        if self.places is not None:
            QGuiApplication.clipboard().setText("\n".join(self.places.lines))
            self.workspace.told.emit("Copied the Python file.")

    def save(self) -> None:
        """Write the source to a file."""
        if self.places is None:
            return
        source = "\n".join(self.places.lines)
        text, _ = QFileDialog.getSaveFileName(
            self, "Save the code", f"{self.places.network.lower()}.py", "Python (*.py)"
        )
        if not text:
            return
        path = Path(text if Path(text).suffix else f"{text}.py")
        try:
            write_atomically(path, source.encode())
        except OSError as error:
            self.workspace.refused.emit(
                f"{path} cannot be written ({error.strerror}): choose another folder."
            )
            return
        self.workspace.told.emit(f"The code is in {path}.")


def _refusal(problems) -> str:
    """Say what keeps the code from being generated."""
    errors = [each.message for each in problems if each.severity is Severity.ERROR]
    first, others = errors[0], len(errors) - 1
    words = f"{numbers.count(others)} more {'problem' if others == 1 else 'problems'}"
    more = f", and {words}" if others else ""
    return f"There is no code for this design yet: {first}{more}. Mend that first."
