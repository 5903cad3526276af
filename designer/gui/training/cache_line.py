"""A line that tells how much of the disk the cache of decoded pictures takes, with Empty."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from designer.errors import DesignerError
from designer.gui.base import background, numbers
from designer.gui.base.theme import sans, theme


class CacheLine(QWidget):
    """The size of the cache on disk and a button that empties it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = QLabel(objectName="cache-size", textFormat=Qt.TextFormat.PlainText)
        self.words.setProperty("role", "soft")
        self.button = QPushButton("Empty the cache", objectName="cache-empty", enabled=False)
        self.button.setToolTip(
            "Remove the decoded pictures of all data sets, and archives that were uncompressed. "
            "They are made again when they are needed."
        )
        self.button.clicked.connect(self._empty)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(10)
        row.addWidget(self.words)
        row.addWidget(self.button)
        row.addStretch(1)
        theme.changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        self.words.setFont(sans(0.88))

    def showEvent(self, event: QShowEvent) -> None:
        """Find out the size now that it is to be seen."""
        super().showEvent(event)
        self._look()

    def _look(self) -> None:
        from designer.data import cache_folder

        background.run(self, cache_folder.size, self._show)

    def _show(self, size: int) -> None:
        self.words.setText(
            f"The cache takes {numbers.size(size)}." if size else "The cache is empty."
        )
        self.button.setEnabled(size > 0)

    def _empty(self) -> None:
        self.button.setEnabled(False)
        background.run(self, _empty, lambda _: self._look(), self._failed)

    def _failed(self, sentence: str) -> None:
        self.words.setText(sentence)
        self.button.setEnabled(True)


def _empty() -> None:
    from designer.data import cache_folder

    try:
        cache_folder.empty()
    except OSError as error:
        raise DesignerError(
            f"The cache cannot be emptied ({error.strerror or error}): end trainings that use it, "
            "then try again."
        ) from error
