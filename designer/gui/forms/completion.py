"""The pop-up list that completes names while an expression is typed."""

import re
from collections.abc import Iterable

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListWidget

from designer.design.expressions import FUNCTIONS
from designer.design.identifiers import PATTERN
from designer.gui.base.theme import mono

_WORD = re.compile(rf"{PATTERN}$")
_WORDS = ("if", "else", "and", "or", "not")
MAX_LINES = 8


class Completion(QListWidget):
    """The names that complete the word at the cursor of a line edit.

    It is a child of the window and no pop-up, so that the line edit keeps the focus and the keys.
    """

    def __init__(self, line: QLineEdit) -> None:
        super().__init__(line.window(), objectName="completions")
        self.line = line
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFont(mono(relative=0.95))
        self.itemClicked.connect(self.take)
        self.hide()

    def offer(self, names: Iterable[str]) -> None:
        """Show the names that complete the word at the cursor; hide if there are none."""
        text = self.line.text()[: self.line.cursorPosition()]
        word = _WORD.search(text)
        found = []
        if word is not None and "=" in text:
            start = word[0].lower()
            known = [*names, *FUNCTIONS, *_WORDS]
            found = [each for each in known if each.lower().startswith(start) and each != word[0]]
        if not found:
            self.hide()
            return
        self.clear()
        self.addItems(found)
        self.setCurrentRow(0)
        self._show_at_line(len(found))

    def _show_at_line(self, lines: int) -> None:
        """Show the list below the line edit, or above it if there is no room below."""
        window = self.line.window()
        if self.parentWidget() is not window:  # the dock was detached or docked again
            self.setParent(window)
        height = min(lines, MAX_LINES) * (self.fontMetrics().height() + 8) + 4
        width = max(self.line.width(), self.sizeHintForColumn(0) + 26)
        below = self.line.mapTo(window, QPoint(0, self.line.height() + 1))
        if below.y() + height > window.height():
            below = self.line.mapTo(window, QPoint(0, -height - 1))
        left = min(below.x(), max(window.width() - width - 4, 0))
        self.setGeometry(left, below.y(), width, height)
        self.show()
        self.raise_()

    def takes(self, event: QKeyEvent) -> bool:
        """Handle a key that was pressed in the line edit; return whether it was used."""
        if not self.isVisible():
            return False
        key = event.key()
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            step = 1 if key == Qt.Key.Key_Down else -1
            self.setCurrentRow((self.currentRow() + step) % self.count())
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab):
            self.take()
        elif key == Qt.Key.Key_Escape:
            self.hide()
        else:
            return False
        return True

    def take(self) -> None:
        """Replace the word at the cursor by the chosen name."""
        item = self.currentItem()
        cursor = self.line.cursorPosition()
        text = self.line.text()
        word = _WORD.search(text[:cursor])
        if item is None or word is None:
            return
        new = item.text() + ("(" if item.text() in FUNCTIONS else "")
        self.hide()
        self.line.setText(text[: word.start()] + new + text[cursor:])
        self.line.setCursorPosition(word.start() + len(new))
        self.line.textEdited.emit(self.line.text())
