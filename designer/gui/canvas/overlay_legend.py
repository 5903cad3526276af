"""The legend of the colors that nodes have by a figure, in a corner of the canvas."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QToolButton, QWidget

from designer.gui.base import color_map, icons
from designer.gui.base.theme import sans, theme
from designer.gui.canvas.look import Look, font, metrics
from designer.gui.canvas.node_colors import NodeColors

_MARGIN = 10
_WIDTH = 224  # pixels, at the usual font size
_BAR = 10
OUT_OF_DATE = "Measured before the last edits."

PICTURE_SIZE = QSize(260, 62)
"""Of the legend in a saved picture, in scene units."""


class OverlayLegend(QFrame):
    """Title, color bar and ends of the scale; hidden while nodes have their usual colors."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, objectName="overlay-legend")
        self._view = parent
        self.colors: NodeColors | None = None
        self.setProperty("role", "card")
        grid = QGridLayout(self)
        grid.setContentsMargins(10, 6, 6, 8)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        self.title, self.low, self.scale, self.high, self.marked, self.stale = (
            QLabel(textFormat=Qt.TextFormat.PlainText) for _ in range(6)
        )
        self.scale.setProperty("role", "soft")
        self.close_ = QToolButton(objectName="overlay-close", autoRaise=True)
        self.close_.setToolTip("Give the nodes their usual colors.")
        self.close_.setAccessibleName("Usual colors of the nodes")
        self.title.setWordWrap(True)
        grid.addWidget(self.title, 0, 0, 1, 2)
        grid.addWidget(self.close_, 0, 2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        grid.addWidget(_Bar(), 1, 0, 1, 3)
        grid.addWidget(self.low, 2, 0)
        grid.addWidget(self.scale, 2, 1, Qt.AlignmentFlag.AlignCenter)
        grid.addWidget(self.high, 2, 2, Qt.AlignmentFlag.AlignRight)
        for row, label in enumerate((self.marked, self.stale), 3):
            label.setWordWrap(True)
            grid.addWidget(label, row, 0, 1, 3)
        grid.setColumnStretch(1, 1)
        self.hide()
        theme.changed.connect(self._dress)
        self._dress()

    def show_colors(self, colors: NodeColors | None, *, stale: bool = False) -> None:
        """Show a scale, or hide for None.

        Parameters
        ----------
        colors
            The scale.
        stale
            Whether the design was edited since the values were measured.
        """
        self.colors = colors
        self.setVisible(colors is not None)
        if colors is None:
            return
        overlay = colors.overlay
        low, middle, high = ends(colors)
        self.title.setText(overlay.title)
        self.low.setText(low)
        self.scale.setText(middle)
        self.high.setText(high)
        self.marked.setText(colors.marked_sentence())
        self.stale.setText(OUT_OF_DATE)
        self.marked.setVisible(bool(self.marked.text()))
        self.stale.setVisible(stale)
        tip = "Nodes without a value are gray."
        if overlay.logarithmic:
            tip += " Colors are spread over the logarithm of the value."
        self.setToolTip(tip)
        self.setAccessibleName(f"Nodes are colored by {overlay.title}, from {low} to {high}")
        self.move_to_corner()

    def move_to_corner(self, above: int = 0) -> None:
        """Move to the bottom left corner of the view, `above` pixels higher."""
        self.setFixedWidth(min(self.fontMetrics().horizontalAdvance("0") * 30, _WIDTH * 2))
        layout = self.layout()
        assert layout is not None
        layout.activate()
        height = layout.totalHeightForWidth(self.width())
        self.resize(self.width(), height if height > 0 else self.sizeHint().height())
        self.move(_MARGIN, self._view.height() - self.height() - _MARGIN - above)

    def _dress(self) -> None:
        self.close_.setIcon(icons.icon("close"))
        self.title.setFont(sans(0.92, bold=True))
        for label in (self.low, self.scale, self.high, self.marked, self.stale):
            label.setFont(sans(0.88))


class _Bar(QWidget):
    """The colors from low to high."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(_BAR)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        draw_bar(painter, QRectF(self.rect()), Look().outline)


def ends(colors: NodeColors) -> tuple[str, str, str]:
    """Return what stands below the bar at its left, in its middle and at its right."""
    if colors.empty:
        return "", "No node has a value.", ""
    text = colors.overlay.text
    return (
        text(colors.low),
        "log scale" if colors.overlay.logarithmic else "",
        text(colors.high),
    )


def draw_bar(painter: QPainter, rect: QRectF, outline: QColor) -> None:
    """Draw the colors of the map from left to right."""
    wide = rect.width() / color_map.STEPS
    for step, color in enumerate(color_map.palette()):
        left = rect.left() + step * wide
        painter.fillRect(QRectF(left, rect.top(), wide + 0.5, rect.height()), color)
    painter.setPen(QPen(outline, 1.0))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(rect.adjusted(0.5, 0.5, -0.5, -0.5))


def draw_legend(painter: QPainter, look: Look, corner: QPointF, colors: NodeColors) -> None:
    """Draw the legend of a saved picture, `PICTURE_SIZE` large, at a point of the scene."""
    width = float(PICTURE_SIZE.width())
    left, top = corner.x(), corner.y()
    painter.setPen(look.text)
    painter.setFont(font(13, True))
    painter.drawText(QPointF(left, top + 12), colors.overlay.title)
    draw_bar(painter, QRectF(left, top + 19, width, _BAR), look.outline)
    low, middle, high = ends(colors)
    small = metrics(11)
    painter.setFont(font(11))
    painter.setPen(look.text)
    painter.drawText(QPointF(left, top + 43), low)
    painter.drawText(QPointF(left + width - small.horizontalAdvance(high), top + 43), high)
    painter.setPen(look.soft)
    center = left + (width - small.horizontalAdvance(middle)) / 2
    painter.drawText(QPointF(center, top + 43), middle)
    painter.drawText(QPointF(left, top + 59), colors.marked_sentence())
