"""A line that shows what is being done and how far it is, with a button that ends it."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from designer.gui.base.elided_label import ElidedLabel

_STEPS = 1000


class Work(QWidget):
    """Hidden while nothing is done.

    Signals
    -------
    canceled()
        The user wants it to end.
    """

    canceled = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="evaluation-work")
        self.words = ElidedLabel(name="evaluation-doing")
        self.bar = QProgressBar(textVisible=False, objectName="evaluation-bar", maximum=_STEPS)
        self.cancel = QPushButton("Cancel", objectName="evaluation-cancel")
        self.cancel.clicked.connect(self.canceled)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 2, 6, 4)
        row.setSpacing(8)
        row.addWidget(self.words, 1)
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        self.hide()

    def show_share(self, words: str, share: float) -> None:
        """Show what is done, and the share of it that is done."""
        self.words.setText(words)
        self.bar.setMaximum(_STEPS)
        self.bar.setValue(round(_STEPS * share))
        self.cancel.show()
        self.show()

    def show_busy(self, words: str) -> None:
        """Show what is done where nothing tells how far it is, and it ends soon."""
        self.words.setText(words)
        self.bar.setMaximum(0)
        self.cancel.hide()
        self.show()
