"""A picture as large as there is room for."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.pictures import paint_whole
from designer.gui.base.theme import colors


class PictureView(QWidget):
    """A picture as large as there is room for, below a title; or a sentence in its place.

    Parameters
    ----------
    title
        The words above it.
    short
        The words where there is no room for these.
    """

    def __init__(self, title: str, short: str = "") -> None:
        super().__init__()
        self.title = ElidedLabel(title, short=short)
        self.title.setProperty("role", "soft")
        self.area = Area()
        self.setAccessibleName(title)
        self.words = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.words.setProperty("role", "warning")
        self.words.setMinimumWidth(1)
        self.words.hide()
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.words)
        column.addWidget(self.area, 1)

    def set_title(self, title: str) -> None:
        """Change the words above the picture."""
        self.title.setText(title)
        self.title.setToolTip(title)

    def show_picture(self, picture: QImage | None, words: str) -> None:
        """Show a picture, or why there is none."""
        self.area.show_picture(picture)
        self.words.setText(words)
        self.words.setVisible(bool(words))


class Area(QWidget):
    """The room for a picture, on a ground that tells its edges; of a fixed size if one is given."""

    def __init__(self, size: QSize | None = None) -> None:
        super().__init__()
        self.picture: QImage | None = None
        if size is not None:
            self.setFixedSize(size)
        else:
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_picture(self, picture: QImage | None) -> None:
        """Show a picture, or nothing for None."""
        self.picture = picture
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, 190)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 60)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(colors().panel))
        if self.picture is not None:
            paint_whole(painter, QRect(self.rect()), self.picture)
        painter.end()
