"""What is drawn over the window while files are dragged over it: what dropping them would do."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QRect, Qt
from PySide6.QtGui import QColor, QDragEnterEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from designer.gui.base.dragged import local_paths
from designer.gui.base.theme import colors, sans

_DIM = 225  # opacity of 255 of the ground, through which the window is faintly seen
_MARGIN, _RADIUS = 14, 10  # of the frame in pixels
_LETTERS = 60  # width of the text


class DropOverlay(QWidget):
    """Covers a window while files are dragged over it.

    Attributes
    ----------
    words
        What is said, a sentence on each line; "" while it is hidden.

    Parameters
    ----------
    window
        The window, which takes the files.
    promise
        Returns what is done with dropped paths, in sentences.
    """

    def __init__(self, window: QWidget, promise: Callable[[Sequence[Path]], Sequence[str]]) -> None:
        super().__init__(window, objectName="drop-overlay")
        self.words = ""
        self._window, self._promise = window, promise
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        self.watch(window)

    def watch(self, target: QWidget) -> None:
        """Appear also while files are dragged over this widget, which takes drops by itself."""
        target.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Appear when files come, and go when they leave or are dropped."""
        kind = event.type()
        if kind == QEvent.Type.DragEnter and isinstance(event, QDragEnterEvent):
            paths = local_paths(event.mimeData())
            if paths:
                self._appear("\n".join(self._promise(paths)))
        elif kind in (QEvent.Type.DragLeave, QEvent.Type.Drop):
            self.words = ""
            self.hide()
        return False

    def _appear(self, words: str) -> None:
        self.words = words
        self.setAccessibleName(words)
        self.setGeometry(self._window.rect())
        self.raise_()
        self.show()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        c = colors()
        ground = QColor(c.window)
        ground.setAlpha(_DIM)
        painter.fillRect(self.rect(), ground)
        painter.setPen(QPen(QColor(c.accent), 2, Qt.PenStyle.DashLine))
        frame = self.rect().adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        painter.drawRoundedRect(frame, _RADIUS, _RADIUS)
        painter.setPen(QColor(c.text))
        painter.setFont(sans(1.4, bold=True))
        width = min(
            frame.width() - 2 * _MARGIN, _LETTERS * painter.fontMetrics().averageCharWidth()
        )
        room = QRect(0, 0, width, frame.height())
        room.moveCenter(frame.center())
        wrap = Qt.TextFlag.TextWordWrap | Qt.TextFlag.TextWrapAnywhere
        painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter | wrap), self.words)
        painter.end()
