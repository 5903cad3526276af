"""Text in which the matched letters stand out."""

from collections.abc import Collection

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter


def draw(
    painter: QPainter,
    start: QPointF,
    text: str,
    matched: Collection[int],
    fonts: tuple[QFont, QFont],
    tints: tuple[str, str],
) -> float:
    """Draw a text from a point on its baseline and return the x at which it ends.

    Parameters
    ----------
    matched
        The indices of the letters that stand out.
    fonts, tints
        The font and color of the other letters, then of the matched ones.
    """
    x = start.x()
    position = 0
    while position < len(text):
        lit = position in matched
        end = position + 1
        while end < len(text) and (end in matched) == lit:
            end += 1
        part = text[position:end]
        painter.setFont(fonts[lit])
        painter.setPen(QColor(tints[lit]))
        painter.drawText(QPointF(x, start.y()), part)
        x += QFontMetricsF(fonts[lit]).horizontalAdvance(part)
        position = end
    return x
