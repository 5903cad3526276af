"""Drawing what differs: an outline in a color and a sign in the corner of each marked node."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from designer.folding.differences_in_words import KINDS
from designer.gui.base.theme import colors
from designer.gui.canvas.look import font
from designer.gui.canvas.measures import RADIUS
from designer.gui.canvas.painting import draw_in_colors, in_rect
from designer.gui.canvas.partners import INSIDE

_TINT = 44  # of 255: the color over a node, through which its text can be read
_SIGN = 17.0  # the height of a sign, in scene units
_LEAST_SIGN = 13.0  # the same in pixels, where nodes are drawn small
_SIGNS_UP_TO = 400  # marked nodes in sight; of more, each is a few pixels in its color
_REACH = 12.0  # how far a sign and an outline reach beyond a node


class MarkStyle(NamedTuple):
    """How a kind of difference is marked.

    Attributes
    ----------
    color
        The name of its color in the theme.
    sign, words
        Its character, and what the legend says.
    """

    color: str
    sign: str
    words: str


STYLES = {
    "added": MarkStyle("success", KINDS["added"].sign, "added"),
    "removed": MarkStyle("error", KINDS["removed"].sign, "removed"),
    "changed": MarkStyle("warning", KINDS["changed"].sign, "changed"),
    "renamed": MarkStyle("accent", KINDS["renamed"].sign, "renamed"),
    "rewired": MarkStyle("warning", KINDS["rewired"].sign, "fed by another node"),
    INSIDE: MarkStyle("warning", "⋯", "differs inside"),
}
"""The marks of nodes, in the order of the legend."""


def draw_marks(
    painter: QPainter,
    boxes: np.ndarray,
    kinds: Sequence[str],
    exposed: QRectF,
    scale: float,
) -> None:
    """Draw the marks of nodes.

    Parameters
    ----------
    boxes
        The nodes as x, y, width and height, (n, 4).
    kinds
        The mark of each, a key of `STYLES`.
    exposed
        The part of the scene that is painted.
    scale
        Pixels per scene unit.
    """
    if not len(boxes):
        return
    size = max(_SIGN, _LEAST_SIGN / scale)
    rows = np.flatnonzero(in_rect(boxes, exposed, _REACH + size))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if len(rows) > _SIGNS_UP_TO:
        names = list(STYLES)
        numbers = np.array([names.index(kinds[row]) for row in rows.tolist()])
        paints = [QColor(getattr(colors(), style.color)) for style in STYLES.values()]
        painter.setPen(Qt.PenStyle.NoPen)
        draw_in_colors(painter, boxes[rows], numbers, paints)
        return
    for row in rows.tolist():
        _draw_outline(painter, QRectF(*boxes[row].tolist()), kinds[row])
    for row in rows.tolist():
        x, y, *_ = boxes[row].tolist()
        draw_sign(painter, QPointF(x, y), size, kinds[row])


def _draw_outline(painter: QPainter, box: QRectF, kind: str) -> None:
    color = QColor(getattr(colors(), STYLES[kind].color))
    pen = QPen(color, 2.2)
    pen.setCosmetic(True)
    if kind == INSIDE:
        pen.setStyle(Qt.PenStyle.DashLine)
    painter.setPen(pen)
    color.setAlpha(_TINT)
    painter.setBrush(color)
    painter.drawRoundedRect(box, RADIUS, RADIUS)


def draw_selection(painter: QPainter, boxes: np.ndarray) -> None:
    """Draw an outline around selected nodes, (n, 4), which the marks would hide otherwise."""
    theme = colors()
    pen = QPen(QColor("#ffffff" if theme.dark else theme.text), 2.4)
    pen.setCosmetic(True)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for x, y, width, height in boxes.tolist():
        outside = QRectF(x, y, width, height).adjusted(-5, -5, 5, 5)
        painter.drawRoundedRect(outside, RADIUS + 4, RADIUS + 4)


def draw_sign(painter: QPainter, center: QPointF, size: float, kind: str) -> None:
    """Draw the sign of a kind of difference as a disk of its color with the character in it."""
    style, theme = STYLES[kind], colors()
    color = QColor(getattr(theme, style.color))
    rect = QRectF(center.x() - size / 2, center.y() - size / 2, size, size)
    edge = QPen(QColor(theme.canvas), size / 12)
    painter.setPen(edge)
    painter.setBrush(color)
    painter.drawEllipse(rect)
    painter.setPen(QColor(theme.canvas))
    painter.save()
    painter.translate(rect.center())
    painter.scale(size / 100, size / 100)  # a font has whole pixels
    painter.setFont(font(80, bold=True))
    painter.drawText(QRectF(-50, -50, 100, 100), Qt.AlignmentFlag.AlignCenter, style.sign)
    painter.restore()
