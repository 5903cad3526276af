"""The page of a dock while it has nothing to show: what the user may do."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget


class Invitation(QWidget):
    """A sentence above a row of buttons.

    Parameters
    ----------
    name
        Of the page; the names of its buttons begin with it.
    buttons
        Of each the rest of its name, its text, and what it does.

    Attributes
    ----------
    words
        The label of the sentence.
    buttons
        The buttons.
    """

    def __init__(self, name: str, buttons: Sequence[tuple[str, str, Callable[[], object]]]) -> None:
        super().__init__(objectName=name)
        self.buttons: list[QPushButton] = []
        self.words = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setProperty("role", "faint")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        for rest, text, act in buttons:
            button = QPushButton(text, objectName=f"{name}-{rest}")
            button.clicked.connect(lambda _=False, act=act: act())
            self.buttons.append(button)
            row.addWidget(button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addStretch(1)
        column.addWidget(self.words)
        column.addLayout(row)
        column.addStretch(1)
