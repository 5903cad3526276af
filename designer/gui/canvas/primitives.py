"""Drawing many lines, rectangles or points at once, straight from the memory of an array.

Lists of Qt objects would cost several times as much. Each array must have rows of float64 and live
as long as the call.
"""

import numpy as np
import shiboken6
from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QPainter


def _pointer(values: np.ndarray, kind: type) -> object:
    return shiboken6.wrapInstance(values.__array_interface__["data"][0], kind)


def draw_lines(painter: QPainter, lines: np.ndarray) -> None:
    """Draw lines given as x0, y0, x1, y1, (n, 4)."""
    if len(lines):
        lines = np.ascontiguousarray(lines, dtype=np.float64)
        painter.drawLines(_pointer(lines, QLineF), len(lines))


def draw_rects(painter: QPainter, rects: np.ndarray) -> None:
    """Draw rectangles given as x, y, width, height, (n, 4)."""
    if len(rects):
        rects = np.ascontiguousarray(rects, dtype=np.float64)
        painter.drawRects(_pointer(rects, QRectF), len(rects))


def draw_points(painter: QPainter, points: np.ndarray) -> None:
    """Draw points given as x, y, (n, 2); with a pen of one pixel this costs next to nothing."""
    if len(points):
        points = np.ascontiguousarray(points, dtype=np.float64)
        painter.drawPoints(_pointer(points, QPointF), len(points))
