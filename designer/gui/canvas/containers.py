"""Drawing expanded blocks: a dashed frame with a title around the nodes inside."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen

from designer.gui.canvas import marks
from designer.gui.canvas.look import (
    FADED_OPACITY,
    Look,
    draw_snowflake,
    draw_weight_status,
    elided,
    font,
    metrics,
    mixed,
)
from designer.gui.canvas.measures import NAME_TEXT, RADIUS, SMALL_TEXT, STACK

_RADIUS = RADIUS * 1.6


def draw_container(
    painter: QPainter,
    look: Look,
    rect: QRectF,
    bits: int,
    *,
    selected: bool = False,
    hovered: bool = False,
    suspicious: bool = False,
    scale: float = 1.0,
) -> None:
    """Draw the frame of an expanded block without its title."""
    color, width = (look.selected, 1.8) if selected else (look.categories[-1], 1.2)
    if suspicious and not selected:
        color, width = look.error, 1.8
    pen = QPen(color, painter.device().devicePixelRatio() * max(1.0, width * min(scale, 2.0)))
    pen.setCosmetic(True)
    pen.setDashPattern([4.0, 3.0])
    painter.setPen(pen)
    opacity = FADED_OPACITY if bits & marks.FADED else 1.0
    if bits & marks.STACK:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setOpacity(0.45 * opacity)
        painter.drawRoundedRect(rect.translated(STACK, STACK), _RADIUS, _RADIUS)
    painter.setOpacity(opacity)
    fill = _fill(look, hovered)
    painter.setBrush(QBrush(mixed(fill, look.frozen, 0.08) if bits & marks.FROZEN else fill))
    painter.drawRoundedRect(rect, _RADIUS, _RADIUS)
    if bits & marks.ANY_WEIGHT_STATUS:
        draw_weight_status(painter, look, QPointF(rect.right() - 34, rect.top() + 17), bits)
    if bits & marks.FROZEN:
        draw_snowflake(painter, look, QPointF(rect.right() - 16, rect.top() + 17))
    painter.setOpacity(1.0)


def _fill(look: Look, hovered: bool = False) -> QColor:
    """Return the background color of an expanded block."""
    return mixed(look.canvas, look.panel, 0.42 if hovered else 0.3)


def draw_container_title(
    painter: QPainter, look: Look, rect: QRectF, name: str, rest: str, *, hovered: bool = False
) -> None:
    """Write the title of an expanded block, in front of the wire that enters it."""
    left, baseline = rect.left() + 14, rect.top() + 21
    room = rect.width() - 34
    name, advance = elided(name, room, NAME_TEXT, True)
    rest, more = elided(f"· {rest}", max(0.0, room - advance - 6), SMALL_TEXT)
    height = metrics(NAME_TEXT, True).height()
    behind = QRectF(left - 4, baseline - height * 0.8, advance + 6 + more + 8, height)
    painter.fillRect(behind, _fill(look, hovered))
    painter.setPen(look.block_name)
    painter.setFont(font(NAME_TEXT, True))
    painter.drawText(QPointF(left, baseline), name)
    painter.setFont(font(SMALL_TEXT))
    painter.setPen(look.soft)
    painter.drawText(QPointF(left + advance + 6, baseline), rest)
