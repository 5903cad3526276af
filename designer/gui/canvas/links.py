"""Links between nodes that share weights: dashed lines beside the wires, below the nodes."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen

from designer.gui.canvas.look import font, metrics
from designer.gui.canvas.measures import SMALL_TEXT
from designer.gui.canvas.painted import PaintedLayer

LABEL = "shared weights"
_TEXT = SMALL_TEXT - 2
_DASHES = (4.0, 3.0)  # widths of the pen
_BULGE = 34.0  # by which a link between nodes behind each other leads around what lies between
_BESIDE = 0.75  # of a node's size: farther apart across the flow, nodes are beside each other
_NEAR = 24.0  # a gap between nodes beside each other that is too narrow for a straight line
_INSET, _ARCH = 26.0, 22.0  # where an arch over such a gap stands, and how high it is


def draw_links(
    layer: PaintedLayer, painter: QPainter, exposed: QRectF, *, named: bool = False
) -> None:
    """Draw the links that touch the exposed part.

    Parameters
    ----------
    layer, painter, exposed
        What is drawn, with what, and which part of it.
    named
        Whether each carries its label.
    """
    if not len(layer.arrays.links):
        return
    right = layer.arrays.flow.right
    scale = painter.worldTransform().m11()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for member, owner in layer.arrays.links.tolist():
        path = link(layer.box[owner], layer.box[member], right=right)
        if not path.controlPointRect().adjusted(-60, -20, 60, 20).intersects(exposed):
            continue
        lit = layer.selected[member] or layer.selected[owner]
        color = layer.look.accent if lit else layer.look.soft
        pen = QPen(color, max(1.0, 1.4 * min(scale, 2.0)) * painter.device().devicePixelRatio())
        pen.setCosmetic(True)
        pen.setDashPattern(_DASHES)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
        if named:
            _draw_label(layer, painter, path)


def link(owner: np.ndarray, member: np.ndarray, *, right: bool = False) -> QPainterPath:
    """Return the line between the boxes of two nodes.

    Nodes beside each other are joined by a straight line, or by an arch if they are close to each
    other; nodes behind each other by a curve around what lies between them.

    Parameters
    ----------
    owner, member
        Their boxes: x, y, width, height.
    right
        Whether data flow to the right; else down.
    """
    one, two = QRectF(*owner.tolist()), QRectF(*member.tolist())
    if right:
        beside = abs(one.center().y() - two.center().y()) > _BESIDE * one.height()
        above, below = (one, two) if one.top() < two.top() else (two, one)
        ends = QPointF(above.center().x(), above.bottom()), QPointF(below.center().x(), below.top())
        start, end = QPointF(one.center().x(), one.top()), QPointF(two.center().x(), two.top())
        away = QPointF(0.0, -_BULGE - 0.06 * abs(end.x() - start.x()))
    else:
        beside = abs(one.center().x() - two.center().x()) > _BESIDE * one.width()
        left, other = (one, two) if one.left() < two.left() else (two, one)
        ends = QPointF(left.right(), left.center().y()), QPointF(other.left(), other.center().y())
        start, end = QPointF(one.right(), one.center().y()), QPointF(two.right(), two.center().y())
        away = QPointF(_BULGE + 0.06 * abs(end.y() - start.y()), 0.0)
    path = QPainterPath(ends[0] if beside else start)
    gap = ends[1] - ends[0]
    if beside and (gap.y() if right else gap.x()) < _NEAR:
        inset = QPointF(0.0, _INSET) if right else QPointF(_INSET, 0.0)
        edge = QPointF(-one.width() / 2, 0.0) if right else QPointF(0.0, -one.height() / 2)
        away = QPointF(-_ARCH, 0.0) if right else QPointF(0.0, -_ARCH)
        start, end = ends[0] - inset + edge, ends[1] + inset + edge
        path = QPainterPath(start)
        path.cubicTo(start + away, end + away, end)
    elif beside:
        path.lineTo(ends[1])
    else:
        path.cubicTo(start + away, end + away, end)
    return path


def _draw_label(layer: PaintedLayer, painter: QPainter, path: QPainterPath) -> None:
    """Write what the link means beside its middle, if it is long enough."""
    measure = metrics(_TEXT)
    width, height = measure.horizontalAdvance(LABEL) + 6, measure.height()
    start, end = path.pointAtPercent(0.0), path.pointAtPercent(1.0)
    across = abs(end.x() - start.x()) > abs(end.y() - start.y())
    if path.length() < (width if across else 2 * height):
        return
    middle = path.pointAtPercent(0.5)
    area = QRectF(middle.x() + 4, middle.y() - height / 2, width, height)
    if across:
        area.moveTo(middle.x() - width / 2, middle.y() - height - 2)
    painter.setFont(font(_TEXT))
    painter.setPen(layer.look.faint)
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, LABEL)
