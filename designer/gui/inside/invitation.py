"""The page of the Try it dock while there is no picture: the ways to choose one."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget


class Invitation(QWidget):
    """A sentence above a row of buttons.

    Parameters
    ----------
    buttons
        Of each its name, its text, and what it does.

    Attributes
    ----------
    words
        The label of the sentence.
    """

    def __init__(self, buttons: Sequence[tuple[str, str, Callable[[], object]]]) -> None:
        super().__init__(objectName="try-empty")
        self.words = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setProperty("role", "faint")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        for name, text, act in buttons:
            button = QPushButton(text, objectName=f"try-empty-{name}")
            button.clicked.connect(lambda _=False, act=act: act())
            row.addWidget(button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addStretch(1)
        column.addWidget(self.words)
        column.addLayout(row)
        column.addStretch(1)
