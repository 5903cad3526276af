"""A label of one line that ends with dots where its text does not fit."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel


class ElidedLabel(QLabel):
    """Shows as much of a plain text as fits; `text` is always the whole text.

    Attributes
    ----------
    short
        What is shown in its place where the whole text does not fit; "" for its beginning.
    """

    def __init__(self, text: str = "", *, name: str = "", short: str = "") -> None:
        super().__init__(text, objectName=name, textFormat=Qt.TextFormat.PlainText)
        self.short = short

    def shown_text(self) -> str:
        """Return what fits of the text."""
        room, metrics = self.contentsRect().width(), self.fontMetrics()
        fits = not self.short or metrics.horizontalAdvance(self.text()) <= room
        return metrics.elidedText(
            self.text() if fits else self.short, Qt.TextElideMode.ElideRight, room
        )

    def minimumSizeHint(self) -> QSize:
        return QSize(1, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.style().drawItemText(
            painter,
            self.contentsRect(),
            self.alignment(),
            self.palette(),
            self.isEnabled(),
            self.shown_text(),
            self.foregroundRole(),
        )
