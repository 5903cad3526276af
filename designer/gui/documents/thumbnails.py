"""Small pictures of whole networks, drawn from their sketches."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen

from designer.gui.base.theme import Colors
from designer.gui.documents.sketches import Sketch

_WIDEST = 12.0  # the most logical pixels per unit, the width of a box
_GAP = 0.45  # between two columns, where a box is 1 wide


def picture(what: Sketch, size: QSize, ratio: float, c: Colors) -> QImage:
    """Return a sketch drawn in the colors of a theme, for a screen's pixel ratio.

    This may be called in any thread: unlike a pixmap, an image may be painted in each.
    """
    result = QImage(size * ratio, QImage.Format.Format_ARGB32_Premultiplied)
    result.setDevicePixelRatio(ratio)
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _paint(painter, QRectF(0, 0, size.width(), size.height()), what, c)
    painter.end()
    return result


def _paint(painter: QPainter, area: QRectF, what: Sketch, c: Colors) -> None:
    """Paint a sketch centered in an area."""
    rects = _rects(what, area)
    wire = QColor(c.soft_text)
    wire.setAlphaF(0.55)
    painter.setPen(QPen(wire, 1.0))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for one, other in what.wires:
        painter.drawPath(_wire(rects[one], rects[other], area.top()))
    painter.setPen(Qt.PenStyle.NoPen)
    for box, rect in zip(what.boxes, rects, strict=True):
        painter.setBrush(c.of(box.category))
        corner = min(2.0, rect.width() / 3)
        painter.drawRoundedRect(rect, corner, corner)


def _rects(what: Sketch, area: QRectF) -> list[QRectF]:
    """Return the rectangle of each box: columns side by side, boxes of a column stacked."""
    columns: dict[int, list[int]] = {}
    for number, box in enumerate(what.boxes):
        columns.setdefault(box.column, []).append(number)
    widths = {
        column: max(what.boxes[each].width for each in inside) for column, inside in columns.items()
    }
    whole = sum(widths.values()) + _GAP * max(0, len(widths) - 1)
    unit = min(_WIDEST, area.width() / whole) if whole else 1.0
    x = area.center().x() - unit * whole / 2
    room = 0.78 * area.height()  # wires of skip connections go above
    middle = area.bottom() - room / 2
    rects: dict[int, QRectF] = {}
    for column, inside in sorted(columns.items()):
        gap = 2.5
        heights = [what.boxes[each].height * room for each in inside]
        free = room - gap * (len(inside) - 1)
        shrink = min(1.0, max(0.1, free / sum(heights)))
        y = middle - (shrink * sum(heights) + gap * (len(inside) - 1)) / 2
        for each, height in zip(inside, heights, strict=True):
            width = unit * what.boxes[each].width
            left = x + (unit * widths[column] - width) / 2
            rects[each] = QRectF(left, y, width, shrink * height)
            y += shrink * height + gap
        x += unit * (widths[column] + _GAP)
    return [rects[number] for number in range(len(what.boxes))]


def _wire(one: QRectF, other: QRectF, top: float) -> QPainterPath:
    """Return the line between two boxes: direct, or above the boxes between them."""
    start, end = one.center(), other.center()
    path = QPainterPath(start)
    distance = end.x() - start.x()
    if abs(start.y() - end.y()) < 1 and distance > 1.6 * (one.width() + other.width()):
        start, end = QPointF(start.x(), one.top()), QPointF(end.x(), other.top())
        path = QPainterPath(start)
        rise = max(top + 1, min(start.y(), end.y()) - 6 - distance / 4)
        path.cubicTo(QPointF(start.x(), rise), QPointF(end.x(), rise), end)
    else:
        half = QPointF(distance / 2, 0)
        path.cubicTo(start + half, end - half, end)
    return path
