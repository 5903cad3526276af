"""Painting the arrays at one of three levels of detail.

The overview shows colored rectangles and straight lines, the map bodies and titles, the detail
everything. Bodies, ports and badges are copied from sprites at whole pixels, which takes a seventh
of the time of drawing them (1.3 instead of 9.7 ms for 700 nodes); text and wires are drawn.
"""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPixmap, QTransform

from designer.gui.canvas import arrays as a
from designer.gui.canvas import marks
from designer.gui.canvas.captions import container_title
from designer.gui.canvas.containers import draw_container, draw_container_title
from designer.gui.canvas.edge_painting import EdgePainting, faint
from designer.gui.canvas.links import draw_links
from designer.gui.canvas.look import (
    FADED_OPACITY,
    Style,
    elided,
    font,
    metrics,
    mixed,
    node_texts,
    static_text,
)
from designer.gui.canvas.measures import (
    EDGE_BAR,
    HEADER,
    ICON_LEFT,
    PICTURE_GAP,
    TEXT_LEFT,
)
from designer.gui.canvas.node_colors import NO_VALUE
from designer.gui.canvas.node_pictures import NONE, place, strip_areas
from designer.gui.canvas.node_pictures import draw as draw_tiles
from designer.gui.canvas.painted import PaintedLayer
from designer.gui.canvas.primitives import draw_points, draw_rects
from designer.gui.canvas.sprites import MARGIN
from designer.gui.documents.graph_paths import name_of, parent

OVERVIEW, MAP, DETAIL = range(3)
"""The levels of detail, the coarsest first."""

GRID = 24.0  # between the dots of the background
_DOT = 1.6  # pixels
_SHAPES_FROM = 1.15  # scale from which on edges carry shapes
_TITLES_FROM = 60.0  # pixels of a node's width from which on it has a title on the map
_NARROW_TITLES_FROM = 44.0  # the same for the narrower nodes of the flow to the right
_END_TITLES_FROM = 24.0  # the same for a block's inputs and outputs: names of a letter or two
_LARGER_TITLES_FROM = 0.36  # scale
_ICONS_FROM = 0.45  # scale
_NAMES_FROM = 0.3  # scale from which on expanded blocks have room for a name
_MOST_SMOOTH = 1500  # wires that the map draws with anti-aliasing


def paint_grid(painter: QPainter, exposed: QRectF, scale: float, color: QColor) -> None:
    """Draw the dots of the background, fewer of them the smaller the scale is."""
    if scale < 0.25:
        return
    step = GRID if scale >= 0.75 else GRID * 2 if scale >= 0.45 else GRID * 4
    xs = np.arange(np.floor(exposed.left() / step), exposed.right() / step + 1) * step
    ys = np.arange(np.floor(exposed.top() / step), exposed.bottom() / step + 1) * step
    points = np.empty((len(ys), len(xs), 2))
    points[:, :, 0] = xs
    points[:, :, 1] = ys[:, None]
    ratio = painter.device().devicePixelRatio()
    pen = QPen(color, 1.0 / ratio)
    pen.setCosmetic(True)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(pen)
    # Qt draws points of one pixel fifteen times as fast as larger ones, so a dot is a few points.
    side = round(_DOT * ratio)
    for x in range(side):
        for y in range(side):
            draw_points(painter, points.reshape(-1, 2) + np.array([x, y]) / (scale * ratio))


def in_rect(box: np.ndarray, rect: QRectF, margin: float) -> np.ndarray:
    """Return which boxes touch a rectangle, (n,) bool.

    Parameters
    ----------
    box
        Boxes as x, y, width, height, (n, 4).
    rect, margin
        The rectangle, and by how much it is larger on each side.
    """
    touches: np.ndarray = (
        (box[:, 0] <= rect.right() + margin)
        & (box[:, 0] + box[:, 2] >= rect.left() - margin)
        & (box[:, 1] <= rect.bottom() + margin)
        & (box[:, 1] + box[:, 3] >= rect.top() - margin)
    )
    return touches


def block_colors(layer: PaintedLayer) -> tuple[np.ndarray, Sequence[QColor]]:
    """Return the number of each node's color where it is but a rectangle, (n,), and the colors.

    It is that of its category, or of its value if nodes are colored by values.
    """
    if layer.node_colors is None:
        return layer.arrays.category, layer.look.blocks
    return layer.step, layer.look.steps


def draw_in_colors(
    painter: QPainter, rects: np.ndarray, numbers: np.ndarray, colors: Sequence[QColor]
) -> None:
    """Draw rectangles, (n, 4), each filled with the color of its number, (n,)."""
    order = np.argsort(numbers, kind="stable")
    rects = rects[order]
    ends = np.searchsorted(numbers[order], np.arange(len(colors)), side="right").tolist()
    start = 0
    for color, end in zip(colors, ends, strict=True):
        if end > start:
            painter.setBrush(QBrush(color))
            draw_rects(painter, rects[start:end])
        start = end


class Painting:
    """Paints the exposed part of the layer once."""

    def __init__(self, layer: PaintedLayer, painter: QPainter, exposed: QRectF) -> None:
        self.layer = layer
        self.look = layer.look
        self.arrays = layer.arrays
        self.painter = painter
        self.exposed = exposed
        self.world = painter.worldTransform()
        self.scale = self.world.m11()
        self.ratio = painter.device().devicePixelRatio()
        self.edges = EdgePainting(layer, painter, exposed)
        self.rows = np.flatnonzero(in_rect(layer.box, exposed, 24.0 + 2.0 / self.scale))

    def paint(self, level: int) -> None:
        """Paint at a level of detail."""
        kinds = self.arrays.kind[self.rows]
        containers = self.rows[kinds == a.CONTAINER]
        nodes = self.rows[(kinds != a.CONTAINER) & (self.layer.box[self.rows, 2] > 0)]
        self._containers(containers, level)
        draw_links(self.layer, self.painter, self.exposed, named=level == DETAIL)
        if level == OVERVIEW:
            self.edges.lines()
            self._blocks(nodes)
            self._pictures(nodes, level)
            return
        self.edges.wires(smooth=level == DETAIL or len(self.edges.edges) < _MOST_SMOOTH)
        lifted = self.layer.lifted
        passes = [nodes]
        if lifted is not None:  # dragged nodes lie above the others
            passes = [nodes[~lifted[nodes]], nodes[lifted[nodes]]]
        for some in passes:
            self._bodies(some, level)
            self._pictures(some, level)
            if level == DETAIL:
                self._captions(some)
                self._ports(some)
            else:
                self._titles(some)
            self._badges(some)
        if level == DETAIL:
            self._ports(containers)
            if self.scale >= _SHAPES_FROM:
                self.edges.shapes()
        self._titles_of_containers(containers, level)
        self._badges(containers)
        self._lights()

    # Nodes

    def _blocks(self, nodes: np.ndarray) -> None:
        """Draw nodes as rectangles in the color of their category, or of their value."""
        painter, look, layer = self.painter, self.look, self.layer
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        rects = layer.box[nodes].copy()
        least = 1.6 / self.scale  # a lower rectangle could hardly be seen
        grow = np.maximum(least - rects[:, 3], 0.0)
        rects[:, 1] -= grow / 2
        rects[:, 3] += grow
        numbers, colors = block_colors(layer)
        numbers = numbers[nodes]
        bits = self.arrays.bits[nodes]
        faded = (bits & marks.FADED) > 0
        draw_in_colors(painter, rects[~faded], numbers[~faded], colors)
        for status, color in look.weight_status.items():
            some = ((bits & marks.ANY_WEIGHT_STATUS) == status) & ~faded
            if np.any(some):
                painter.setBrush(QBrush(mixed(color, look.canvas, 0.22)))
                draw_rects(painter, rects[some])
        painter.setBrush(QBrush(look.outline))
        draw_rects(painter, rects[faded])
        wrong = (bits & marks.ERROR) > 0
        if layer.node_colors is not None:
            wrong |= layer.suspicious[nodes]
        for some, color in (
            ((bits & marks.WARNING) > 0, look.warning),
            (wrong, look.error),
            (layer.selected[nodes], look.selected),
        ):
            if np.any(some):
                painter.setBrush(QBrush(color))
                wide = rects[some]
                wide[:, :2] -= 2.0 / self.scale
                wide[:, 2:] += 4.0 / self.scale
                draw_rects(painter, wide)
                draw_in_colors(painter, rects[some], numbers[some], colors)

    def _corners(self, rows: np.ndarray) -> np.ndarray:
        """Return the top left corners of nodes in the window, at whole pixels of the screen."""
        corners = self.layer.box[rows, :2] * self.scale + (self.world.dx(), self.world.dy())
        return np.round(corners * self.ratio) / self.ratio

    def _bodies(self, nodes: np.ndarray, level: int) -> None:
        painter, layer = self.painter, self.layer
        arrays, sprites = self.arrays, layer.sprites
        painter.setTransform(QTransform())
        corners = self._corners(nodes) - MARGIN * self.scale
        icon = level == DETAIL or self.scale > _ICONS_FROM
        hovered = layer.hovered
        # Keyed by a plain tuple, which is made several times as fast as a Style for every node.
        found: dict[tuple[int, bool, int, bool, bool, bool, int, bool], QPixmap] = {}
        steps, suspicious = [NO_VALUE] * len(nodes), [False] * len(nodes)
        if layer.node_colors is not None:
            steps, suspicious = layer.step[nodes].tolist(), layer.suspicious[nodes].tolist()
        for row, (x, y), category, kind, bits, selected, step, bad in zip(
            nodes.tolist(),
            corners.tolist(),
            arrays.category[nodes].tolist(),
            arrays.kind[nodes].tolist(),
            arrays.bits[nodes].tolist(),
            layer.selected[nodes].tolist(),
            steps,
            suspicious,
            strict=True,
        ):
            end = kind >= a.INPUT_END
            key = (category, end, bits, selected, row == hovered, icon, step, bad)
            sprite = found.get(key)
            if sprite is None:
                sprite = found[key] = sprites.body(Style(*key), arrays.flow, self.scale, self.ratio)
            painter.drawPixmap(QPointF(x, y), sprite)
        painter.setTransform(self.world)

    def _pictures(self, nodes: np.ndarray, level: int) -> None:
        """Draw the pictures of nodes, below their texts; in the overview they are all of a node."""
        layer, scale = self.layer, self.scale
        atlas = layer.atlas
        nodes = nodes[layer.picture[nodes] != NONE] if atlas is not None else nodes[:0]
        if atlas is None or not len(nodes) or (level == OVERVIEW and layer.node_colors is not None):
            return
        unit = 1.0 / self.ratio
        areas = layer.box[nodes] * scale
        areas[:, :2] = self._corners(nodes)
        text = (layer.box[nodes, 3] - self.arrays.flow.strip) * scale
        bar = max(EDGE_BAR * scale, unit)
        if level == OVERVIEW:
            areas[:, 0] += bar
            areas[:, 2] -= bar
            gap = 0.0
        else:
            title = metrics(self._title_size(), True).height() if level == MAP else 0.0
            top = np.maximum(text, title) if level == MAP else text
            areas = strip_areas(areas, top, scale)
            gap = max(round(PICTURE_GAP * scale / unit) * unit, unit)
        numbers = layer.picture[nodes]
        placed = place(areas, atlas.size[numbers], atlas.count[numbers], gap=gap, unit=unit)
        self.painter.setTransform(QTransform())
        draw_tiles(self.painter, atlas, numbers, placed, unit=unit)
        self.painter.setTransform(self.world)

    def _title_size(self) -> int:
        """Return the font size of titles on the map, in pixels."""
        return 11 if self.scale > _LARGER_TITLES_FROM else 10

    def _captions(self, nodes: np.ndarray) -> None:
        painter, layer, arrays = self.painter, self.layer, self.arrays
        corners = (self._corners(nodes) - (self.world.dx(), self.world.dy())) / self.scale
        roles: dict[tuple[int, bool, bool, bool, int], list[tuple[float, float, str]]] = {}
        strip = arrays.flow.strip
        inks = self._inks(nodes)
        for row, (left, top), ink in zip(nodes.tolist(), corners.tolist(), inks, strict=True):
            path = arrays.paths[row]
            frame = arrays.frames[parent(path)]
            caption = layer.captions.of(frame, name_of(path), path)
            _, _, width, height = layer.box[row].tolist()
            end = arrays.kind[row] >= a.INPUT_END
            faded = bool(arrays.bits[row] & marks.FADED)
            for each in node_texts(caption, width, height - (0 if end else strip), bool(end)):
                role = (each.size, each.bold, each.soft, faded, ink)
                roles.setdefault(role, []).append((left + each.x, top + each.y, each.text))
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing, True)
        for (size, bold, soft, faded, ink), texts in roles.items():
            ascent = metrics(size, bold).ascent()
            painter.setFont(font(size, bold))
            painter.setPen(self.look.inks[ink][soft])
            painter.setOpacity(FADED_OPACITY + 0.2 if faded else 1.0)
            for x, y, text in texts:
                painter.drawStaticText(QPointF(x, y - ascent), static_text(text, size, bold))
        painter.setOpacity(1.0)

    def _inks(self, nodes: np.ndarray) -> list[int]:
        """Return the number of each node's text colors in `Look.inks`."""
        if self.layer.node_colors is None:
            return [0] * len(nodes)
        ink_of_step = self.look.ink_of_step
        return [ink_of_step[step] for step in self.layer.step[nodes].tolist()]

    def _titles(self, nodes: np.ndarray) -> None:
        """Write the names of nodes, shortened to their width."""
        painter, layer, arrays = self.painter, self.layer, self.arrays
        ends = arrays.kind[nodes] >= a.INPUT_END
        usual = _NARROW_TITLES_FROM if arrays.flow.right else _TITLES_FROM
        least = np.where(ends, _END_TITLES_FROM, usual)
        nodes = nodes[layer.box[nodes, 2] * self.scale >= least]
        if not len(nodes):
            return
        size = self._title_size()
        height = metrics(size, True).height()
        strip = arrays.flow.strip * self.scale
        start = (TEXT_LEFT if self.scale > _ICONS_FROM else ICON_LEFT) * self.scale + 2
        painter.setTransform(QTransform())
        painter.setFont(font(size, True))
        for row, (x, y), ink in zip(
            nodes.tolist(), self._corners(nodes).tolist(), self._inks(nodes), strict=True
        ):
            painter.setPen(self.look.inks[ink][0])
            _, _, wide, tall = (layer.box[row] * self.scale).tolist()
            end = arrays.kind[row] >= a.INPUT_END
            room = wide - 8 if end else wide - start - 4
            text, advance = elided(name_of(arrays.paths[row]), round(room), size, True)
            left = (wide - advance) / 2 if end else start
            middle = (tall - height) / 2 if end else max(0.0, (tall - strip - height) / 2)
            painter.drawStaticText(QPointF(x + left, y + middle), static_text(text, size, True))
        painter.setTransform(self.world)

    def _ports(self, rows: np.ndarray) -> None:
        painter, layer, arrays = self.painter, self.layer, self.arrays
        sprites = layer.sprites
        painter.setTransform(QTransform())
        for counts, output in ((arrays.inputs, False), (arrays.outputs, True)):
            owners = np.repeat(rows, counts[rows])
            if not len(owners):
                continue
            firsts = np.cumsum(counts[rows]) - counts[rows]
            ports = np.arange(len(owners)) - np.repeat(firsts, counts[rows])
            points = arrays.ports_at(owners, ports, layer.box, layer.anchor, output=output)
            points = arrays.flow.turned(points) * self.scale + (self.world.dx(), self.world.dy())
            for row, (px, py) in zip(owners.tolist(), points.tolist(), strict=True):
                color = self.look.categories[arrays.category[row]]
                if arrays.bits[row] & marks.FADED:
                    color = faint(color)
                sprite = sprites.port(color, False, self.scale, self.ratio)
                half = sprite.width() / self.ratio / 2
                painter.drawPixmap(QPointF(px - half, py - half), sprite)
        painter.setTransform(self.world)

    def _badges(self, rows: np.ndarray) -> None:
        bits = self.arrays.bits[rows]
        rows = rows[(bits & (marks.ERROR | marks.WARNING)) > 0]
        if not len(rows):
            return
        painter, box = self.painter, self.layer.box
        painter.setTransform(QTransform())
        size = max(self.scale, 0.55)  # large enough to be visible at a small scale, too
        for row in rows.tolist():
            bit = int(self.arrays.bits[row]) & (marks.ERROR | marks.WARNING)
            sprite = self.layer.sprites.badge(bit, size, self.ratio)
            half = sprite.width() / self.ratio / 2
            x = (box[row, 0] + box[row, 2] - 4) * self.scale + self.world.dx() - half
            y = (box[row, 1] + 2) * self.scale + self.world.dy() - half
            painter.drawPixmap(QPointF(x, y), sprite)
        painter.setTransform(self.world)

    # Expanded blocks

    def _containers(self, rows: np.ndarray, level: int) -> None:
        painter, look, layer, arrays = self.painter, self.look, self.layer, self.arrays
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, level != OVERVIEW)
        for row in sorted(rows.tolist(), key=lambda each: int(arrays.depth[each])):
            draw_container(
                painter,
                look,
                QRectF(*layer.box[row].tolist()),
                int(arrays.bits[row]),
                selected=bool(layer.selected[row]),
                hovered=row == layer.hovered,
                suspicious=layer.node_colors is not None and bool(layer.suspicious[row]),
                scale=self.scale,
            )

    def _titles_of_containers(self, rows: np.ndarray, level: int) -> None:
        if level == MAP:
            self._names_of_containers(rows)
            return
        for row in rows.tolist():
            path = self.arrays.paths[row]
            rect = QRectF(*self.layer.box[row].tolist())
            hovered = row == self.layer.hovered
            texts = container_title(self.arrays.frames[parent(path)], name_of(path))
            draw_container_title(self.painter, self.look, rect, *texts, hovered=hovered)

    def _names_of_containers(self, rows: np.ndarray) -> None:
        """Write the names of expanded blocks in letters of a fixed size that can be read."""
        if self.scale < _NAMES_FROM:
            return
        painter = self.painter
        size = self._title_size()
        painter.setTransform(QTransform())
        painter.setFont(font(size, True))
        painter.setPen(self.look.block_name)
        for row, (x, y) in zip(rows.tolist(), self._corners(rows).tolist(), strict=True):
            room = float(self.layer.box[row, 2]) * self.scale - 20
            text, _ = elided(name_of(self.arrays.paths[row]), round(room), size, True)
            free = HEADER * self.scale - metrics(size, True).height()
            corner = QPointF(x + 5, y + max(1.0, free / 2))
            painter.drawStaticText(corner, static_text(text, size, True))
        painter.setTransform(self.world)

    def _lights(self) -> None:
        """Draw the ports that are lit while an edge is dragged."""
        layer, look = self.layer, self.look
        if not layer.lit_ports:
            return
        colors = {"fits": look.success, "problem": look.warning, "refused": look.error}
        painter = self.painter
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        for hit, light in layer.lit_ports.items():
            center = layer.port_position(hit)
            if center is None:
                continue
            color = colors[light]
            painter.setPen(Qt.PenStyle.NoPen)
            halo = QColor(color)
            halo.setAlphaF(0.28)
            painter.setBrush(QBrush(halo))
            painter.drawEllipse(center, 8.5, 8.5)
            painter.setPen(QPen(color, 1.6))
            painter.setBrush(QBrush(look.canvas if light == "refused" else color))
            painter.drawEllipse(center, 4.2, 4.2)
            if light == "refused":
                painter.drawLine(center + QPointF(-2.4, 2.4), center + QPointF(2.4, -2.4))
