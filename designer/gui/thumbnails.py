"""Small pictures of whole networks: a box for a layer, as high as its images are."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen

from designer.analysis.analysis import Analysis
from designer.analysis.results import GraphResult
from designer.design.values import BlockNode, Design
from designer.gui.theme import Colours
from designer.layers.base import Category, Shape

MOST_BOXES = 1_500  # a network with more is drawn without its last layers
_DETAILED = 40  # networks up to so many layers show activations and the like, too
_PASSED_OVER = frozenset(
    (Category.ACTIVATION, Category.NORMALISATION, Category.REGULARISATION, Category.SHAPE)
)
_WIDTHS = {
    Category.PORT: 0.7,
    Category.CONVOLUTION: 1.0,
    Category.POOLING: 0.7,
    Category.DENSE: 0.9,
    Category.JOIN: 0.55,
}
_THIN = 0.3  # of the categories that are passed over in large networks
_WIDEST = 12.0  # logical pixels of a box of width 1
_GAP = 0.45  # between two columns, of a box of width 1


class Box(NamedTuple):
    """A layer: its colour, its column, how wide it is, and how high as a part of the picture."""

    category: Category
    column: int
    width: float
    height: float


@dataclass(frozen=True)
class Sketch:
    """What a picture shows, without pixels: boxes, and which of them feed which."""

    boxes: tuple[Box, ...]
    wires: tuple[tuple[int, int], ...]


def sketch(analysis: Analysis) -> Sketch:
    """Return what the picture of a network shows. Knows nothing of Qt, for any thread."""
    return _Sketcher(analysis).sketch()


class _Sketcher:
    """Walks through a network, blocks written out, and puts every layer behind its sources."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.boxes: list[Box] = []
        self.wires: dict[tuple[int, int], None] = {}
        self.detailed = analysis.totals.layers <= _DETAILED
        shapes = [
            result.outputs[0].shape
            for _, result in analysis.top.layers()
            if result.outputs and result.outputs[0] is not None
        ]
        self.largest = max((max(each[1:]) for each in shapes if len(each) > 1), default=1)

    def sketch(self) -> Sketch:
        self._graph(self.analysis.top, {}, self.analysis.design)
        return Sketch(tuple(self.boxes), tuple(self.wires))

    def _graph(
        self, graph: GraphResult, given: Mapping[str, frozenset[int]], design: Design
    ) -> dict[str, frozenset[int]]:
        """Draw a graph; return which boxes each of its nodes, by name, hands on."""
        known = dict(given)
        for name in graph.wiring.order:
            result = graph.nodes.get(name)
            sources = graph.wiring.sources.get(name, ())
            comes = [known.get(each[0], _NONE) if each else _NONE for each in sources]
            if result is None:
                continue
            if result.inside is not None:
                known[name] = self._block(graph, name, comes, design)
            elif result.layer is not None and result.outputs and result.outputs[0] is not None:
                category = type(result.layer).category
                known[name] = self._layer(category, result.outputs[0].shape, comes)
        return known

    def _block(
        self, graph: GraphResult, name: str, comes: list[frozenset[int]], design: Design
    ) -> frozenset[int]:
        inside = graph.nodes[name].inside
        assert inside is not None
        node = graph.wiring.graph.nodes[name]
        chained = "0" in inside.nodes  # a repeated block holds its passes, from x to y
        block = design.blocks.get(node.block) if isinstance(node, BlockNode) else None
        inputs = ("x",) if chained or block is None else block.inputs
        known = self._graph(inside, dict(zip(inputs, comes, strict=False)), design)
        outputs = ("y",) if chained or block is None else block.outputs
        ends = [inside.wiring.sources.get(each, ()) for each in outputs]
        return _NONE.union(*[known.get(end[0][0], _NONE) for end in ends if end and end[0]])

    def _layer(
        self, category: Category, shape: Shape, comes: list[frozenset[int]]
    ) -> frozenset[int]:
        sources = _NONE.union(*comes)
        small = category in _PASSED_OVER and not self.detailed
        shortcut = category is Category.JOIN and len(comes) == 1  # seen as the wire that it is
        if small or shortcut or len(self.boxes) >= MOST_BOXES:
            return sources
        column = 1 + max((self.boxes[each].column for each in sources), default=-1)
        number = len(self.boxes)
        self.boxes.append(Box(category, column, _WIDTHS.get(category, _THIN), self._height(shape)))
        self.wires.update(dict.fromkeys((each, number) for each in sources))
        return frozenset((number,))

    def _height(self, shape: Shape) -> float:
        if len(shape) > 1:  # the root lets small images be seen beside large ones
            return max(0.12, (max(shape[1:]) / self.largest) ** 0.5)
        return 0.16 + 0.04 * min(12.0, log2(max(1, shape[0] if shape else 1)))


_NONE: frozenset[int] = frozenset()


def picture(what: Sketch, size: QSize, ratio: float, c: Colours) -> QImage:
    """Return a sketch drawn in the colours of a theme, for a screen's pixel ratio.

    In any thread: an image, unlike a pixmap, may be painted off the main one.
    """
    result = QImage(size * ratio, QImage.Format.Format_ARGB32_Premultiplied)
    result.setDevicePixelRatio(ratio)
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _paint(painter, QRectF(0, 0, size.width(), size.height()), what, c)
    painter.end()
    return result


def _paint(painter: QPainter, area: QRectF, what: Sketch, c: Colours) -> None:
    """Draw a sketch into an area, in its middle."""
    places = _places(what, area)
    wire = QColor(c.soft_text)
    wire.setAlphaF(0.55)
    painter.setPen(QPen(wire, 1.0))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for one, other in what.wires:
        painter.drawPath(_wire(places[one], places[other], area.top()))
    painter.setPen(Qt.PenStyle.NoPen)
    for box, place in zip(what.boxes, places, strict=True):
        painter.setBrush(c.of(box.category))
        corner = min(2.0, place.width() / 3)
        painter.drawRoundedRect(place, corner, corner)


def _places(what: Sketch, area: QRectF) -> list[QRectF]:
    """Return where each box lies: columns side by side, the boxes of one above each other."""
    columns: dict[int, list[int]] = {}
    for number, box in enumerate(what.boxes):
        columns.setdefault(box.column, []).append(number)
    widths = {
        column: max(what.boxes[each].width for each in inside) for column, inside in columns.items()
    }
    whole = sum(widths.values()) + _GAP * max(0, len(widths) - 1)
    unit = min(_WIDEST, area.width() / whole) if whole else 1.0
    x = area.center().x() - unit * whole / 2
    room = 0.78 * area.height()  # skips go above
    middle = area.bottom() - room / 2
    places: dict[int, QRectF] = {}
    for column, inside in sorted(columns.items()):
        gap = 2.5
        heights = [what.boxes[each].height * room for each in inside]
        free = room - gap * (len(inside) - 1)
        shrink = min(1.0, max(0.1, free / sum(heights)))
        y = middle - (shrink * sum(heights) + gap * (len(inside) - 1)) / 2
        for each, height in zip(inside, heights, strict=True):
            width = unit * what.boxes[each].width
            left = x + (unit * widths[column] - width) / 2
            places[each] = QRectF(left, y, width, shrink * height)
            y += shrink * height + gap
        x += unit * (widths[column] + _GAP)
    return [places[number] for number in range(len(what.boxes))]


def _wire(one: QRectF, other: QRectF, top: float) -> QPainterPath:
    """Return the way between two boxes: straight on, or above what lies between them."""
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
