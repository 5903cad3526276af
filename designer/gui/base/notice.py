"""A bar that stays until it is answered: a sentence, and buttons for what can be done."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy


class Notice(QFrame):
    """A sentence with buttons, hidden while there is nothing to say.

    Unlike a message on the canvas it does not go by itself.
    """

    def __init__(self, name: str) -> None:
        super().__init__(objectName=name)
        self.setProperty("role", "warning-card")
        self.text = QLabel(objectName=f"{name}-text", wordWrap=True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.buttons: list[QPushButton] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 5, 8, 5)
        self._row.setSpacing(8)
        self._row.addWidget(self.text, 1)
        self.hide()

    def tell(self, sentence: str, answers: Sequence[tuple[str, Callable[[], object]]] = ()) -> None:
        """Show a sentence with a button for each answer, or hide the bar for ""."""
        for button in self.buttons:
            self._row.removeWidget(button)
            button.deleteLater()
        self.buttons = []
        for label, act in answers:
            button = QPushButton(label, self)
            button.clicked.connect(lambda _=False, act=act: act())
            self._row.addWidget(button)
            self.buttons.append(button)
        self.text.setText(sentence)
        self.setVisible(bool(sentence))
