"""The legend of the marks for weights: which layers keep theirs, in a corner of the canvas."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QToolButton, QWidget

from designer.gui.base import icons, numbers
from designer.gui.base.theme import sans, theme
from designer.gui.canvas import marks
from designer.gui.canvas.look import Look, draw_weight_status
from designer.gui.documents.weight_status import Comparison

_MARGIN = 10
SENTENCES = {
    "kept": "{count} keep their weights",
    "resized": "{count} with another shape, or kept in part",
    "new": "{count} new",
}
"""The line for each weight status."""


class Legend(QFrame):
    """Explains the marks and counts the layers with each; hidden while nothing is compared."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, objectName="legend")
        self._view = parent
        self.setProperty("role", "card")
        grid = QGridLayout(self)
        grid.setContentsMargins(10, 6, 6, 8)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(3)
        self.title = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.close_ = QToolButton(objectName="legend-close", autoRaise=True)
        self.close_.setToolTip("Hide the marks; the View menu shows them again.")
        self.close_.setAccessibleName("Hide the marks for weights")
        grid.addWidget(self.title, 0, 0, 1, 2)
        grid.addWidget(self.close_, 0, 2, Qt.AlignmentFlag.AlignRight)
        self.lines: dict[str, QLabel] = {}
        for row, status in enumerate(SENTENCES, 1):
            self.lines[status] = QLabel(textFormat=Qt.TextFormat.PlainText)
            grid.addWidget(_Sign(marks.WEIGHT_STATUS[status]), row, 0)
            grid.addWidget(self.lines[status], row, 1, 1, 2)
        grid.setColumnStretch(1, 1)
        self.hide()
        theme.changed.connect(self._dress)
        self._dress()

    def show_comparison(self, found: Comparison | None) -> None:
        """Show what is compared, or hide for None."""
        self.setVisible(found is not None)
        if found is None:
            return
        name = found.name if len(found.name) < 34 else f"{found.name[:32]}…"
        self.title.setText(f"Starting from {name}")
        for status, label in self.lines.items():
            number = found.layers.get(status, 0)  # type: ignore[call-overload]
            label.setText(SENTENCES[status].format(count=numbers.count(number)))
        self.adjustSize()
        self.move_to_corner()

    def move_to_corner(self) -> None:
        """Move to the bottom left corner of the view."""
        self.adjustSize()
        self.move(_MARGIN, self._view.height() - self.height() - _MARGIN)

    def _dress(self) -> None:
        self.close_.setIcon(icons.icon("close"))
        self.title.setFont(sans(0.92, bold=True))
        for label in self.lines.values():
            label.setFont(sans(0.92))


class _Sign(QWidget):
    """The mark of a weight status, as it is drawn on nodes."""

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.bits = bits
        self.setFixedSize(QSize(16, 16))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw_weight_status(painter, Look(), QRectF(self.rect()).center() + QPointF(0, 0), self.bits)
