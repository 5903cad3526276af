"""The one graphics item that draws the whole graph from arrays.

A frame of 10,000 nodes takes 70 to 900 ms with an item for each node, 6 ms with this single one.
"""

from collections.abc import Mapping, Sequence
from time import perf_counter

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from designer.analysis.problems import Problem
from designer.design.values import Block, Design
from designer.gui.canvas import wires
from designer.gui.canvas.arrays import CONTAINER, Arrays
from designer.gui.canvas.captions import Captions
from designer.gui.canvas.frames import Frame
from designer.gui.canvas.look import Look
from designer.gui.canvas.node_colors import NodeColors
from designer.gui.canvas.node_pictures import NONE, Atlas
from designer.gui.canvas.painting import DETAIL, MAP, OVERVIEW, Painting
from designer.gui.canvas.sprites import Sprites
from designer.gui.canvas.targets import Light, PortHit
from designer.gui.documents.node_values import NodePictures, Overlay
from designer.gui.documents.same_computation import SameComputation

WORLD = QRectF(-2e6, -2e6, 4e6, 4e6)
"""The scene's rectangle, larger than any graph, so that it never changes."""

SLOW = 0.012
"""Seconds of painting beyond which a moving view is drawn at the next coarser level."""
# Smallest scale and largest number of visible nodes of a level, and the dead band around both.
_SCALES = {DETAIL: 0.58, MAP: 0.25}
_COUNTS = {DETAIL: 700, MAP: 2600}
_BAND = 0.08
_MOST_ALONE = 40  # changed nodes and edges that are repainted one by one


class GraphLayer(QGraphicsItem):
    """Draws the nodes and edges of the graph that is shown.

    Attributes
    ----------
    arrays
        The drawn design.
    box, anchor, wire, lane
        What is painted: those of `arrays`, or copies in which dragged or gliding nodes are moved.
    wire_box
        Left, top, right and bottom of each wire, (n, 4).
    line
        Each wire as a straight line: x0, y0, x1, y1, (n, 4).
    lifted
        Which nodes are moved, (n,) bool; None for none.
    selected, selected_few
        Which nodes are selected, and whether they are so few that their edges stand out.
    hovered, lit_edge
        The row of the node under the pointer and of the edge that is lit, or -1.
    lit_ports
        The ports that are lit while an edge is dragged.
    node_colors
        The scale by which nodes are colored; None for their usual look.
    step, suspicious
        The step of each node's color, and which nodes are suspicious, (n,); used only with
        `node_colors`.
    atlas, picture
        The pictures that are drawn on nodes, None for none, and the number in it of each node's,
        (n,).
    level, coarser
        The level of detail, and how many levels coarser it is painted while the view moves.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self.arrays = Arrays()
        self.captions = Captions()
        self.level = DETAIL
        self.coarser = 0
        self.moving = False
        self.hovered = -1
        self.lit_edge = -1
        self.lit_ports: Mapping[PortHit, Light] = {}
        self.node_colors: NodeColors | None = None
        self.step, self.suspicious = np.zeros(0, dtype=np.uint8), np.zeros(0, dtype=bool)
        self._colored: dict[str, int] | None = None  # the rows that have these colors
        self.atlas: Atlas | None = None
        self.picture = np.zeros(0, np.int64)
        self._selection: frozenset[str] = frozenset()
        self._affected: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
        self.restyle()
        self._show_arrays()

    def restyle(self) -> None:
        """Use the colors of the present theme."""
        self.look = Look()
        self.sprites = Sprites(self.look)
        self.update()

    # What is shown

    def show_design(
        self,
        root: Frame | None,
        problems: Sequence[Problem],
        blocks: Mapping[str, Block],
        weight_status: Mapping[str, str] | None = None,
        code: Mapping[str, str] | None = None,
    ) -> None:
        """Show another value of the design and repaint what differs; see `Arrays.update`."""
        change = self.arrays.update(root, problems, blocks, weight_status, code)
        self._color_rows()
        if change.moved or self.lifted is not None:
            self._show_arrays()
            self.update()
        elif len(change.rows) + len(change.edges) > _MOST_ALONE:
            self.update()
        else:
            for row in change.rows.tolist():
                self.update(self._bounds(np.array([row]), change.edges[:0]))
            for edge in change.edges.tolist():
                self.update(self._bounds(change.rows[:0], np.array([edge])))

    def show_overlay(self, overlay: Overlay | None) -> None:
        """Color nodes by their values, or as usual for None."""
        shown = self.node_colors.overlay if self.node_colors is not None else None
        if overlay is not shown:
            self.node_colors = NodeColors(overlay) if overlay is not None else None
            self._colored = None
            self._color_rows()
            self.update()

    def _color_rows(self) -> None:
        """Find the colors of all rows, unless they have them already."""
        if self.node_colors is not None and self._colored is not self.arrays.row:
            self._colored = self.arrays.row
            self.step, self.suspicious = self.node_colors.of(self.arrays.paths)

    def show_pictures(self, pictures: NodePictures | None, design: Design) -> None:
        """Draw pictures on the nodes that still compute what they did; None for none.

        Called after each change of what is drawn.
        """
        arrays, before = self.arrays, self.picture
        if pictures is None:
            changed, self.atlas = self.atlas is not None, None
            self.picture = np.full(len(arrays.paths), NONE)
        else:
            changed = self.atlas is None or self.atlas.pictures is not pictures
            if self.atlas is None or changed:
                self.atlas = Atlas(pictures)
            self.picture = self.atlas.numbers_of(arrays.paths)
            self.picture[arrays.kind == CONTAINER] = NONE
            if pictures.design is not design:
                same = SameComputation(pictures.design, design)
                for row in np.flatnonzero(self.picture != NONE).tolist():
                    if not same.node(arrays.paths[row]):
                        self.picture[row] = NONE
        if changed or not np.array_equal(before, self.picture):
            arrays.version += 1  # for the minimap
            self.update()

    def clear(self) -> None:
        """Drop all arrays and captions, before another graph is shown."""
        self.picture = np.zeros(0, np.int64)
        self.arrays = Arrays()
        self._color_rows()
        self.captions = Captions()
        self._show_arrays()

    def _show_arrays(self) -> None:
        """Show every node at its own position."""
        arrays = self.arrays
        self.box, self.anchor = arrays.box, arrays.anchor
        self.wire, self.lane = arrays.wire, arrays.lane
        self.wire_box = self._spans(self.wire, self.lane)
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
        """Show nodes away from their own positions, without an edit.

        The first call copies the arrays; further calls with the same object `rows` only move.

        Parameters
        ----------
        rows
            The rows of the nodes, (n,).
        dx, dy
            How far they are moved: one distance for all, or one for each, (n,).
        """
        affected = self._affected
        if affected is None or affected[0] is not rows:
            affected = self._affected = self._lift(rows)
        _, edges, both = affected
        arrays = self.arrays
        before = self._bounds(rows, edges)
        self.box[rows, 0] = arrays.box[rows, 0] + dx
        self.box[rows, 1] = arrays.box[rows, 1] + dy
        across = dy if arrays.flow.right else dx
        self.anchor[rows] = arrays.anchor[rows] + across
        start, end = arrays.wire_ends(edges, self.box, self.anchor)
        lane = arrays.lane[edges]
        if isinstance(dx, np.ndarray):
            lane = np.full(len(edges), np.nan)
        else:
            lane = lane + np.where(both, across, 0.0)
        lane[end[:, 1] - start[:, 1] < wires.LONG / 2] = np.nan
        self.lane[edges] = lane
        self.wire[edges] = arrays.flow.turned(wires.sample(start, end, lane))
        self.wire_box[edges] = self._spans(self.wire[edges], lane)
        self.line[edges] = _lines(self.wire[edges])
        if self.lifted is not None and self.lifted[arrays.links].any():
            self.update()  # the links reach beyond the nodes
            return
        self.update(before.united(self._bounds(rows, edges)))

    def _lift(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Copy the arrays so that nodes can be moved.

        Returns the rows, their edges, and which of the edges have both nodes among the rows.
        """
        arrays = self.arrays
        self.box, self.anchor = arrays.box.copy(), arrays.anchor.copy()
        self.wire, self.lane = arrays.wire.copy(), arrays.lane.copy()
        self.wire_box, self.line = self.wire_box.copy(), self.line.copy()
        self.lifted = np.zeros(len(arrays.paths), bool)
        self.lifted[rows] = True
        at_source, at_target = self.lifted[arrays.source], self.lifted[arrays.target]
        edges = np.flatnonzero(at_source | at_target)
        self.update()
        return rows, edges, at_source[edges] & at_target[edges]

    def drop(self) -> None:
        """Show every node at its own position again."""
        if self.lifted is not None:
            hovered = self.hovered
            self._show_arrays()
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

    # Positions

    def bounds(self) -> QRectF:
        """Return the rectangle around all nodes and edges at their own positions."""
        arrays = self.arrays
        if not len(arrays.box):
            return QRectF()
        box, spans = arrays.box, self._spans(arrays.wire, arrays.lane)
        low = np.concatenate([box[:, :2], spans[:, :2]]).min(axis=0)
        high = np.concatenate([box[:, :2] + box[:, 2:], spans[:, 2:]]).max(axis=0)
        return QRectF(QPointF(*low.tolist()), QPointF(*high.tolist()))

    def port_position(self, hit: PortHit) -> QPointF | None:
        """Return the center of a port, None if it is not drawn."""
        row = self.arrays.row.get(hit.path)
        if row is None:
            return None
        arrays = self.arrays
        rows, ports = np.array([row]), np.array([hit.port])
        points = arrays.ports_at(rows, ports, self.box, self.anchor, output=hit.output)
        return arrays.flow.point(*points[0].tolist())

    def _spans(self, wire: np.ndarray, lane: np.ndarray) -> np.ndarray:
        """Return left, top, right and bottom of wires, (n, 4)."""
        turned = self.arrays.flow.turned
        return turned(wires.spans(turned(wire[:, 0]), turned(wire[:, -1]), lane))

    # Painting

    def choose_level(self, scale: float, count: int) -> None:
        """Choose the level of detail; near the limits, in the dead band, the present one stays."""

        def holds(level: int) -> bool:
            slack = 1.0 + (_BAND if self.level >= level else -_BAND)
            return scale * slack >= _SCALES[level] and count <= _COUNTS[level] * slack

        level = DETAIL if holds(DETAIL) else MAP if holds(MAP) else OVERVIEW
        if level != self.level:
            self.level = level
            self.update()

    def set_moving(self, moving: bool) -> None:
        """Note whether the view moves; when it stops, it is painted in full detail again."""
        self.moving = moving
        if not moving and self.coarser:
            self.coarser = 0
            self.update()

    def boundingRect(self) -> QRectF:
        return WORLD  # a rectangle that changed would make the scene search for its items

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        began = perf_counter()
        Painting(self, painter, option.exposedRect).paint(max(OVERVIEW, self.level - self.coarser))
        took = perf_counter() - began
        if self.moving and took > SLOW and self.level - self.coarser > OVERVIEW:
            self.coarser += 1


def _lines(wire: np.ndarray) -> np.ndarray:
    """Return wires as straight lines x0, y0, x1, y1, (n, 4)."""
    return wire[:, [0, -1]].reshape(-1, 4)
