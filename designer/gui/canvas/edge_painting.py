"""Painting edges: wires, straight lines in the overview, and the shapes they carry.

Wires are drawn as many straight segments in one call: 800 anti-aliased curves take 5.6 ms as
sampled segments, 21 ms as one path each and 219 ms as one merged path.
"""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QTransform

from designer.gui.canvas import arrays as a
from designer.gui.canvas import marks
from designer.gui.canvas.captions import carried_shape
from designer.gui.canvas.look import FADED_OPACITY, font, metrics, static_text
from designer.gui.canvas.measures import SMALL_TEXT
from designer.gui.canvas.painted import PaintedLayer
from designer.gui.canvas.primitives import draw_lines
from designer.gui.canvas.wires import FEW

_SHAPE_TEXT = SMALL_TEXT - 2
_ROOM_FOR_SHAPE = 22.0  # length of straight wire that has room for a shape
_MOST_SMOOTH = 1500  # edges that the overview draws with anti-aliasing
_SHORT = 1.2  # pixels; shorter edges cannot be seen between their nodes


class EdgePainting:
    """Paints the exposed edges of the layer once."""

    def __init__(self, layer: PaintedLayer, painter: QPainter, exposed: QRectF) -> None:
        self.layer = layer
        self.painter = painter
        self.world: QTransform = painter.worldTransform()
        self.scale = self.world.m11()
        self.ratio = painter.device().devicePixelRatio()
        self.across = 1 if layer.arrays.flow.right else 0  # the axis that is across the flow
        spans = layer.wire_box
        self.edges = np.flatnonzero(
            (spans[:, 0] <= exposed.right() + 4)
            & (spans[:, 2] >= exposed.left() - 4)
            & (spans[:, 1] <= exposed.bottom() + 4)
            & (spans[:, 3] >= exposed.top() - 4)
        )

    def wires(self, *, smooth: bool) -> None:
        """Draw the edges as curves with their lanes."""
        painter, wire = self.painter, self.layer.wire
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, smooth)
        for edges, color, width in self._groups(self.edges):
            pen = QPen(color, self.ratio * max(1.0, width * min(self.scale, 2.5)))
            pen.setCosmetic(True)  # so its width is in pixels of the screen
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            painter.setPen(pen)
            chosen = wire[edges]
            straight = np.ptp(chosen[:, :, self.across], axis=1) < 0.05
            lines = chosen[straight][:, [0, -1]].reshape(-1, 4)
            if smooth and len(lines):
                self._sharpen(lines, pen.widthF())
            curved = chosen[~straight]
            if not smooth:
                curved = curved[:, FEW]
            draw_lines(painter, lines)
            draw_lines(
                painter, np.concatenate([curved[:, :-1], curved[:, 1:]], axis=2).reshape(-1, 4)
            )

    def _sharpen(self, lines: np.ndarray, width: float) -> None:
        """Move straight lines onto whole pixels, where they look neither wide nor pale."""
        unit, axis = self.scale * self.ratio, self.across
        half = 0.5 if round(width) % 2 else 0.0
        shift = (self.world.dy() if axis else self.world.dx()) * self.ratio
        sharp = (np.floor(lines[:, axis] * unit + shift) + half - shift) / unit
        lines[:, axis] = lines[:, axis + 2] = sharp

    def lines(self) -> None:
        """Draw each edge as a straight line, one with a lane as three lines."""
        painter, layer = self.painter, self.layer
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        spans = layer.wire_box[self.edges]
        length = np.maximum(spans[:, 2] - spans[:, 0], spans[:, 3] - spans[:, 1])
        middle = layer.wire.shape[1] // 2
        for edges, color, width in self._groups(self.edges[length * self.scale > _SHORT]):
            pen = QPen(color, self.ratio * (1.0 if width < 2 else 2.0))
            pen.setCosmetic(True)
            painter.setPen(pen)
            bends = ~np.isnan(layer.lane[edges])
            direct = layer.line[edges[~bends]]
            axis = self.across
            slanted = np.abs(direct[:, axis] - direct[:, axis + 2]) * self.scale > 1
            draw_lines(painter, direct[~slanted])
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, len(self.edges) < _MOST_SMOOTH)
            draw_lines(painter, direct[slanted])
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            bent = layer.wire[edges[bends]]
            for one, two in ((0, middle - 1), (middle - 1, middle), (middle, -1)):
                draw_lines(painter, bent[:, [one, two]].reshape(-1, 4))

    def _groups(self, edges: np.ndarray) -> list[tuple[np.ndarray, QColor, float]]:
        """Return the edges with each color and width, the most important ones last."""
        layer = self.layer
        look, arrays = layer.look, layer.arrays
        bits = arrays.wire_bits[edges]
        plain = bits == 0
        groups = [(edges[bits == marks.FADED], faint(look.wire), 1.4)]
        if layer.selected_few:
            near = layer.selected[arrays.source[edges]] | layer.selected[arrays.target[edges]]
            groups.append((edges[plain & ~near], look.wire, 1.4))
            groups.append((edges[plain & near], look.soft, 1.6))
        else:
            groups.append((edges[plain], look.wire, 1.4))
        groups.append((edges[(bits & marks.ERROR) > 0], look.error, 2.0))
        if layer.lit_edge >= 0:
            groups.append((np.array([layer.lit_edge]), look.accent, 3.0))
        return [group for group in groups if len(group[0])]

    def shapes(self) -> None:
        """Write the shapes of the tensors beside the edges that have room for it."""
        painter, layer = self.painter, self.layer
        arrays = layer.arrays
        height = metrics(_SHAPE_TEXT).height()
        painter.setFont(font(_SHAPE_TEXT))
        painter.setPen(layer.look.faint)
        readers = np.bincount(arrays.source[self.edges], minlength=len(arrays.paths))
        for edge in self.edges.tolist():
            part = self._straight_part(edge)
            source = int(arrays.source[edge])
            crowded = readers[source] > 1 and np.isnan(layer.lane[edge])
            inner_end = arrays.kind[source] == a.INPUT_END and layer.box[source, 2] == 0
            if part is None or crowded or inner_end:  # it would cover another wire or a title
                continue
            scope, (name, port, _, _) = arrays.keys[edge]
            text = carried_shape(arrays.frames[scope], name, port)
            if not text:
                continue
            (x0, y0), (x1, y1) = part
            corner = QPointF(x0 + 7, (y0 + y1 - height) / 2)
            if self.across:  # above the wire, if it is long enough
                width = metrics(_SHAPE_TEXT).horizontalAdvance(text)
                corner = QPointF((x0 + x1 - width) / 2, y0 - height - 1)
            if not self.across or width + 6 <= x1 - x0:
                painter.drawStaticText(corner, static_text(text, _SHAPE_TEXT, False))

    def _straight_part(self, edge: int) -> list[list[float]] | None:
        """Return both ends of an edge's straight part, None if that is too short for a shape."""
        points = self.layer.wire[edge]
        first, last = points[0], points[-1]
        if not np.isnan(self.layer.lane[edge]):
            half = len(points) // 2
            first, last = points[half - 1], points[half]
        elif abs(first[self.across] - last[self.across]) > 1:
            return None
        if last[1 - self.across] - first[1 - self.across] < _ROOM_FOR_SHAPE:
            return None
        return [first.tolist(), last.tolist()]


def faint(color: QColor) -> QColor:
    """Return the color for something that is absent at present."""
    result = QColor(color)
    result.setAlphaF(FADED_OPACITY)
    return result
