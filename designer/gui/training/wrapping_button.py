"""A button whose text is broken into lines where it is wider than the button."""

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QStyle, QStyleOptionButton

_LETTERS = 14  # least width of the text


class WrappingButton(QPushButton):
    """A push button for narrow columns.

    Parameters
    ----------
    text
        The text in one line.
    name
        The object name.
    """

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text, objectName=name)
        self.whole = text
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setSizePolicy(policy)

    def show_words(self, text: str) -> None:
        """Show another text, broken into lines as the width needs it."""
        self.whole = text
        self.setText(text)
        self._wrap()
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        lines = self.text().count("\n")
        text, height = self.text(), self.fontMetrics().lineSpacing()
        one = self._framed(QSize(self.fontMetrics().horizontalAdvance(self.whole), height))
        return QSize(one.width(), one.height() + lines * height) if text else one

    def minimumSizeHint(self) -> QSize:
        letters = _LETTERS * self.fontMetrics().averageCharWidth()
        hint = self.sizeHint()
        least = self._framed(QSize(letters, 0)).width()
        return QSize(min(least, hint.width()), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._wrap()

    def _framed(self, size: QSize) -> QSize:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        kind = QStyle.ContentsType.CT_PushButton
        return self.style().sizeFromContents(kind, option, size, self)

    def _wrap(self) -> None:
        metrics = self.fontMetrics()
        room = self.width() - self._framed(QSize(0, 0)).width()
        lines: list[str] = []
        for word in self.whole.split():
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and metrics.horizontalAdvance(longer) <= room:
                lines[-1] = longer
            else:
                lines.append(word)
        text = "\n".join(lines)
        if text != self.text():
            self.setText(text)
            self.setAccessibleName(self.whole)
            self.updateGeometry()
