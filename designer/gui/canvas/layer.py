"""The one item that is the graph: it shows the arrays, and what the hand does to them meanwhile."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from time import perf_counter

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QStaticText
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from designer.analysis.problems import Problem
from designer.design.values import Block
from designer.gui.canvas import wires
from designer.gui.canvas.arrays import Arrays
from designer.gui.canvas.captions import Caption, Captions
from designer.gui.canvas.frames import Frame
from designer.gui.canvas.interface import Light, PortHit
from designer.gui.canvas.look import Look, Words, font, words
from designer.gui.canvas.painting import DETAIL, MAP, OVERVIEW, Painting
from designer.gui.canvas.sprites import Sprites

WORLD = QRectF(-2e6, -2e6, 4e6, 4e6)

SLOW = 0.012  # seconds of painting from which on a moving view is drawn more coarsely
# Scale and number of visible nodes at which a level begins, and the dead band around them.
_SCALES = {DETAIL: 0.58, MAP: 0.27}
_COUNTS = {DETAIL: 700, MAP: 2600}
_BAND = 0.08
_MOST_ALONE = 40  # changed nodes that are painted one by one


class GraphLayer(QGraphicsItem):
    """Nodes and edges of the graph that is looked into.

    Attributes
    ----------
    arrays
        The picture of the design.
    box, anchor, wire, lane, line
        What is shown: the arrays' own, or copies in which some nodes lie elsewhere for a while.
    lifted
        Which nodes those are.
    level, coarser
        The level of detail, and how many levels it is lowered while the view moves.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self.arrays = Arrays()
        self.captions = Captions()
        self.level = DETAIL
        self.coarser = 0
        self.moving = False
        self.took = 0.0
        self.hovered = -1
        self.lit_edge = -1
        self.lit_ports: Mapping[PortHit, Light] = {}
        self._selection: frozenset[str] = frozenset()
        self._affected: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
        self.restyle()
        self._show()

    def restyle(self) -> None:
        """Take the colors of the present theme."""
        self.look = Look()
        self.sprites = Sprites(self.look)
        self.update()

    # What is shown

    def take(
        self,
        root: Frame | None,
        problems: Sequence[Problem],
        blocks: Mapping[str, Block],
        weight_status: Mapping[str, str] | None = None,
    ) -> None:
        """Show another value of the design, painting anew what differs."""
        change = self.arrays.update(root, problems, blocks, weight_status)
        if change.moved or self.lifted is not None:
            self._show()
            self.update()
        elif len(change.rows) + len(change.edges) > _MOST_ALONE:
            self.update()
        else:
            for row in change.rows.tolist():
                self.update(self._bounds(np.array([row]), change.edges[:0]))
            for edge in change.edges.tolist():
                self.update(self._bounds(change.rows[:0], np.array([edge])))

    def start_afresh(self) -> None:
        """Forget the picture of another design."""
        self.arrays = Arrays()
        self.captions = Captions()
        self._show()

    def _show(self) -> None:
        arrays = self.arrays
        self.box, self.anchor = arrays.box, arrays.anchor
        self.wire, self.lane = arrays.wire, arrays.lane
        self.wire_box = _spans(self.wire, self.lane)
        self.line = _lines(self.wire)
        self.lifted: np.ndarray | None = None
        self._affected = None
        self.hovered = self.lit_edge = -1
        self.select(self._selection)

    def select(self, paths: frozenset[str]) -> None:
        """Mark nodes as selected."""
        self._selection = paths
        self.selected = np.zeros(len(self.arrays.paths), bool)
        row = self.arrays.row
        rows = [row[path] for path in paths if path in row]
        self.selected[rows] = True
        self.selected_few = 0 < len(rows) <= 200
        self.update()

    def move(self, rows: np.ndarray, dx: float | np.ndarray, dy: float | np.ndarray) -> None:
        """Show nodes away from where they belong; calls with the same `rows` are cheap."""
        if self._affected is None or self._affected[0] is not rows:
            self._lift(rows)
        assert self._affected is not None
        _, edges, both = self._affected
        arrays = self.arrays
        before = self._bounds(rows, edges)
        self.box[rows, 0] = arrays.box[rows, 0] + dx
        self.box[rows, 1] = arrays.box[rows, 1] + dy
        self.anchor[rows] = arrays.anchor[rows] + dx
        start, end = arrays.wire_ends(edges, self.box, self.anchor)
        lane = arrays.lane[edges]
        if isinstance(dx, np.ndarray):
            lane = np.full(len(edges), np.nan)
        else:
            lane = lane + np.where(both, dx, 0.0)
        lane[end[:, 1] - start[:, 1] < wires.LONG / 2] = np.nan
        self.lane[edges] = lane
        self.wire[edges] = wires.sample(start, end, lane)
        self.wire_box[edges] = _spans(self.wire[edges], lane)
        self.line[edges] = _lines(self.wire[edges])
        self.update(before.united(self._bounds(rows, edges)))

    def _lift(self, rows: np.ndarray) -> None:
        arrays = self.arrays
        self.box, self.anchor = arrays.box.copy(), arrays.anchor.copy()
        self.wire, self.lane = arrays.wire.copy(), arrays.lane.copy()
        self.wire_box, self.line = self.wire_box.copy(), self.line.copy()
        self.lifted = np.zeros(len(arrays.paths), bool)
        self.lifted[rows] = True
        at_source, at_target = self.lifted[arrays.source], self.lifted[arrays.target]
        edges = np.flatnonzero(at_source | at_target)
        self._affected = rows, edges, at_source[edges] & at_target[edges]
        self.update()

    def drop(self) -> None:
        """Show everything where it belongs."""
        if self.lifted is not None:
            hovered = self.hovered
            self._show()
            self.hovered = hovered
            self.update()

    def _bounds(self, rows: np.ndarray, edges: np.ndarray) -> QRectF:
        rect = QRectF()
        if len(rows):
            box = self.box[rows]
            low, high = box[:, :2].min(axis=0), (box[:, :2] + box[:, 2:]).max(axis=0)
            rect = QRectF(QPointF(*low.tolist()), QPointF(*high.tolist()))
        if len(edges):
            spans = self.wire_box[edges]
            low, high = spans[:, :2].min(axis=0), spans[:, 2:].max(axis=0)
            rect = rect.united(QRectF(QPointF(*low.tolist()), QPointF(*high.tolist())))
        margin = 16.0
        return rect.adjusted(-margin, -margin, margin, margin)

    # Where things are

    def bounds(self) -> QRectF:
        """Return the rectangle around everything in its own place."""
        arrays = self.arrays
        if not len(arrays.box):
            return QRectF()
        box, spans = arrays.box, _spans(arrays.wire, arrays.lane)
        low = np.concatenate([box[:, :2], spans[:, :2]]).min(axis=0)
        high = np.concatenate([box[:, :2] + box[:, 2:], spans[:, 2:]]).max(axis=0)
        return QRectF(QPointF(*low.tolist()), QPointF(*high.tolist()))

    def port_position(self, hit: PortHit) -> QPointF | None:
        """Return the center of a port, None if it is not drawn."""
        row = self.arrays.row.get(hit.path)
        if row is None:
            return None
        arrays = self.arrays
        counts = arrays.outputs if hit.output else arrays.inputs
        rows = np.array([row])
        x = arrays.port_x(rows, np.array([hit.port]), counts, self.box, self.anchor)[0]
        y = self.box[row, 1] + (self.box[row, 3] if hit.output else 0.0)
        return QPointF(float(x), float(y))

    # Painting

    def choose_level(self, scale: float, count: int) -> None:
        """Choose the level of detail; around its borders the present one stays."""

        def holds(level: int) -> bool:
            slack = 1.0 + (_BAND if self.level >= level else -_BAND)
            return scale * slack >= _SCALES[level] and count <= _COUNTS[level] * slack

        level = DETAIL if holds(DETAIL) else MAP if holds(MAP) else OVERVIEW
        if level != self.level:
            self.level = level
            self.update()

    def set_moving(self, moving: bool) -> None:
        """The view begins or ends to move: coarse then if need be, sharp in the end."""
        self.moving = moving
        if not moving and self.coarser:
            self.coarser = 0
            self.update()

    def boundingRect(self) -> QRectF:
        """All there is; it never changes, so that the scene need not look."""
        return WORLD

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """Paint what is exposed."""
        began = perf_counter()
        Painting(self, painter, option.exposedRect).paint(max(OVERVIEW, self.level - self.coarser))
        self.took = perf_counter() - began
        if self.moving and self.took > SLOW and self.level - self.coarser > OVERVIEW:
            self.coarser += 1

    def words(self, caption: Caption, width: float, height: float, end: bool) -> list[Words]:
        """Return the texts of a node."""
        return _words(caption, width, height, end)

    def static(self, text: str, size: int, bold: bool) -> QStaticText:
        """Return a text that Qt has laid out already."""
        return _static(text, size, bold)


@lru_cache(maxsize=20_000)
def _words(caption: Caption, width: float, height: float, end: bool) -> list[Words]:
    return words(caption, width, height, end=end)


@lru_cache(maxsize=20_000)
def _static(text: str, size: int, bold: bool) -> QStaticText:
    static = QStaticText(text)
    static.setTextFormat(Qt.TextFormat.PlainText)
    static.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
    static.prepare(font=font(size, bold))
    return static


def _lines(wire: np.ndarray) -> np.ndarray:
    """Return wires as straight lines: x0, y0, x1, y1."""
    return wire[:, [0, -1]].reshape(-1, 4)


def _spans(wire: np.ndarray, lane: np.ndarray) -> np.ndarray:
    """Return left, top, right, bottom of wires."""
    return wires.spans(wire[:, 0], wire[:, -1], lane)
