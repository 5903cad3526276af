"""An editor of Python code with colors and line numbers."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QWidget

from designer.gui.panels import python_colors
from designer.gui.panels.code_view import CodeView

_INDENT = "    "


class CodeEditor(CodeView):
    """The code view as an editor; Tab inserts spaces, and Enter keeps the indentation."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__()
        self.setParent(parent)
        self.setAccessibleName("Python code of the layer type")
        self.setReadOnly(False)
        # Nothing of a text that the user is to trust may be hidden to the right.
        self.setLineWrapMode(CodeView.LineWrapMode.WidgetWidth)
        self.setUndoRedoEnabled(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextEditorInteraction)
        self.textChanged.connect(self._recolor)

    def _recolor(self) -> None:
        """Color the changed lines anew when they are painted next."""
        self._in_string = python_colors.long_strings(self.toPlainText().split("\n"))
        block = self.document().firstBlock()
        while block.isValid():
            block.setUserState(-1)
            block = block.next()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        cursor = self.textCursor()
        if event.key() == Qt.Key.Key_Tab and not cursor.hasSelection():
            cursor.insertText(_INDENT[cursor.positionInBlock() % len(_INDENT) :])
        elif event.key() == Qt.Key.Key_Backspace and self._ends_in_indent(cursor):
            cursor.movePosition(
                QTextCursor.MoveOperation.Left, QTextCursor.MoveMode.KeepAnchor, len(_INDENT)
            )
            cursor.removeSelectedText()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            line = cursor.block().text()[: cursor.positionInBlock()]
            indent = line[: len(line) - len(line.lstrip())]
            more = _INDENT if line.rstrip().endswith(":") else ""
            cursor.insertText(f"\n{indent}{more}")
            self.ensureCursorVisible()
        else:
            super().keyPressEvent(event)

    @staticmethod
    def _ends_in_indent(cursor: QTextCursor) -> bool:
        before = cursor.block().text()[: cursor.positionInBlock()]
        return (
            not cursor.hasSelection()
            and bool(before)
            and not before.strip(" ")
            and (len(before) % len(_INDENT) == 0)
        )
