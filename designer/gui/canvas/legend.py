"""The legend of the marks that say which layers keep their weights, in a corner of the canvas."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QToolButton, QWidget

from designer.gui.base import icons, numbers
from designer.gui.base.theme import sans, theme
from designer.gui.canvas import marks
from designer.gui.canvas.look import Look, draw_fate
from designer.gui.documents.weight_status import Comparison

_MARGIN = 10
WORDS = {"kept": "keep their weights", "resized": "other shape, or in part", "new": "new"}


class Legend(QFrame):
    """Names the signs and counts the layers; hidden where nothing is compared."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, objectName="legend")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        grid = QGridLayout(self)
        grid.setContentsMargins(10, 6, 6, 8)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(3)
        self.title = QLabel()
        self.close_ = QToolButton(objectName="legend-close", autoRaise=True)
        self.close_.setToolTip("Hide the marks; View has them, too.")
        self.close_.setAccessibleName("Hide the marks of weights")
        grid.addWidget(self.title, 0, 0, 1, 2)
        grid.addWidget(self.close_, 0, 2, Qt.AlignmentFlag.AlignRight)
        self.lines: dict[str, QLabel] = {}
        for row, status in enumerate(WORDS, 1):
            self.lines[status] = QLabel()
            grid.addWidget(_Sign(marks.WEIGHT_STATUS[status]), row, 0)
            grid.addWidget(self.lines[status], row, 1, 1, 2)
        grid.setColumnStretch(1, 1)
        self.hide()
        theme.changed.connect(self._dress)
        self._dress()

    def show_comparison(self, found: Comparison | None) -> None:
        """Tell what is compared, or hide."""
        self.setVisible(found is not None)
        if found is None:
            return
        name = found.name if len(found.name) < 34 else f"{found.name[:32]}…"
        self.title.setText(f"Starting from {name}")
        for status, label in self.lines.items():
            number = found.layers.get(status, 0)  # type: ignore[call-overload]
            label.setText(f"{numbers.count(number)} {WORDS[status]}")
        self.adjustSize()
        self.place()

    def place(self) -> None:
        """Go to the corner."""
        self.adjustSize()
        self.move(_MARGIN, self.parentWidget().height() - self.height() - _MARGIN)

    def _dress(self) -> None:
        self.close_.setIcon(icons.icon("close"))
        self.title.setFont(sans(0.92, bold=True))
        for label in self.lines.values():
            label.setFont(sans(0.92))


class _Sign(QWidget):
    """The sign of a fate as nodes have it."""

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.bits = bits
        self.setFixedSize(QSize(16, 16))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the sign."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw_fate(painter, Look(), QRectF(self.rect()).center() + QPointF(0, 0), self.bits)
