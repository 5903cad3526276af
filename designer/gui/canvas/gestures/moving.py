"""Moving nodes by hand; with Alt a node is taken out of its chain, into an edge or nowhere."""

from bisect import bisect_left
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QGraphicsLineItem

from designer.analysis.assist import editing
from designer.design import edits
from designer.design.values import Design, Edge, Point
from designer.gui.base.theme import colors
from designer.gui.canvas.gestures.common import (
    home_of,
    is_drag,
    number_of,
    reach,
    settled,
)
from designer.gui.canvas.interface import EdgeHit, Gesture
from designer.gui.documents import graph_paths
from designer.gui.documents.adding import with_room

if TYPE_CHECKING:
    from designer.gui.canvas.view import GraphView

_SNAP = 6.0  # pixels within which a node comes to lie under or over another one
_MOST_IN_COLUMN = 300  # nodes among which the nearest is looked for
_Keys = Qt.KeyboardModifier


class MoveNodes(Gesture):
    """Moves the selected nodes of one graph."""

    def __init__(self, view: "GraphView", path: str) -> None:
        super().__init__(view)
        self.path = path
        self.scope, self.name = graph_paths.parent(path), graph_paths.name_of(path)
        self.moving = False
        self.was_selected = path in view.workspace.selection
        self.way = QPointF()
        self.edge: EdgeHit | None = None
        self.guide: QGraphicsLineItem | None = None

    def start(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Select the node unless it is already."""
        self.pressed = point
        if not self.was_selected:
            workspace = self.view.workspace
            more = workspace.selection if modifiers & _Keys.ShiftModifier else ()
            workspace.select({*more, self.path})

    def move(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Show the nodes where they would lie."""
        if not self.moving:
            if not is_drag(self.view, self.pressed, point):
                return
            self._begin()
        way = point - self.pressed
        x = self._column(way.x())
        if x is not None:
            way = QPointF(x - self.places[self.name].x, way.y())
        self.way = way
        self.view.set_offset(self.paths, way.x(), way.y())
        if x is None:
            self._hide_guide()
        else:
            self._show_guide(x)
        self._find_edge(point, modifiers)

    def end(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Put the nodes down; a mere click selects."""
        self._hide_guide()
        if self.moving:
            self._find_edge(point, modifiers)
            self._put_down(modifiers)
            return
        workspace, path = self.view.workspace, self.path
        if modifiers & _Keys.ControlModifier:
            before = workspace.selection if modifiers & _Keys.ShiftModifier else frozenset()
            workspace.select({path})
            self.view.canvas.select_branch()
            workspace.select(workspace.selection | before)
        elif modifiers & _Keys.ShiftModifier:
            if self.was_selected:
                workspace.select(workspace.selection - {path})
        elif self.was_selected:
            workspace.select({path})

    def cancel(self) -> None:
        """Leave everything where it was."""
        self._hide_guide()

    def _begin(self) -> None:
        self.moving = True
        view = self.view
        self.paths = sorted(
            path for path in view.workspace.selection if graph_paths.parent(path) == self.scope
        )
        self.places = view.positions(self.scope)
        self.names = [graph_paths.name_of(path) for path in self.paths]
        moved = set(self.names)
        self.columns: dict[float, list[str]] = {}
        for name, at in self.places.items():
            if name not in moved:
                self.columns.setdefault(at.x, []).append(name)
        self.xs = sorted(self.columns)
        view.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def _column(self, dx: float) -> float | None:
        """Return the x of a near node under or over which the pressed one would come to lie."""
        at = self.places.get(self.name)
        if at is None or not self.xs:
            return None
        x = at.x + dx
        place = bisect_left(self.xs, x)
        near = min(self.xs[max(place - 1, 0) : place + 1], key=lambda each: abs(each - x))
        return near if abs(near - x) * self.view.navigator.scale <= _SNAP else None

    def _show_guide(self, x: float) -> None:
        """Draw a line to the nearest node of the same column."""
        column = self.columns.get(x, ())
        rect = self.view.rect_of(self.path)
        if not column or len(column) > _MOST_IN_COLUMN:
            self._hide_guide()
            return
        if self.guide is None:
            self.guide = QGraphicsLineItem()
            pen = QPen(QColor(colors().accent), 1.0, Qt.PenStyle.DashLine)
            pen.setCosmetic(True)
            self.guide.setPen(pen)
            self.guide.setZValue(-1)
            self.view.scene().addItem(self.guide)
        here = rect.center()
        others = [
            self.view.rect_of(graph_paths.join(self.scope, name)).center().y() for name in column
        ]
        nearest = min(others, key=lambda y: abs(y - here.y()))
        self.guide.setLine(here.x(), here.y(), here.x(), nearest)

    def _hide_guide(self) -> None:
        if self.guide is not None:
            self.view.scene().removeItem(self.guide)
            self.guide = None

    # Into an edge

    def _find_edge(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Light up the edge into which the node would go."""
        self.edge = self._edge_at(point, modifiers)
        self.view.light_edge(self.edge)
        if modifiers & _Keys.AltModifier and len(self.names) == 1:
            name = self.names[0]
            into = f" and put it after {self.edge.edge.source}" if self.edge else ""
            self.view.tip(point, f"Take {name} out{into}", "note")
        else:
            self.view.tip(None, "")

    def _edge_at(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> EdgeHit | None:
        if len(self.names) != 1:
            return None
        name = self.names[0]
        home = home_of(self.view.workspace.design, self.scope)
        if home is None or name not in home.graph.nodes:
            return None
        wired = any(name in (edge.source, edge.target) for edge in home.graph.edges)
        if wired and not modifiers & _Keys.AltModifier:
            return None
        node, design = home.graph.nodes[name], self.view.workspace.design
        if not editing.input_ports(design, node) or not editing.output_ports(design, node):
            return None
        hit = self.view.edge_at(point, 2 * reach(self.view))
        if hit is None or hit.scope != self.scope or name in (hit.edge.source, hit.edge.target):
            return None
        return hit

    def _put_down(self, modifiers: Qt.KeyboardModifier) -> None:
        view, scope = self.view, self.scope
        home = home_of(view.workspace.design, scope)
        if home is None:
            return
        moved = {
            name: Point(at.x + self.way.x(), at.y + self.way.y())
            for name in self.names
            if (at := self.places.get(name)) is not None
        }
        positions = settled(view, scope, moved)
        take_out = bool(modifiers & _Keys.AltModifier) and len(self.names) == 1
        edge = self.edge.edge if self.edge is not None else None
        names, block = self.names, home.block

        def edit(design: Design) -> Design:
            if take_out:
                design = edits.take_out(design, names[0], block=block)
            design = edits.move(design, positions, block=block)
            if edge is not None:
                design = _into(design, names[0], edge, block)
            return design

        verb = "insert" if edge is not None else "take out" if take_out else "move"
        view.workspace.edit(f"{verb} {number_of(names)}", edit)


def _into(design: Design, name: str, edge: Edge, block: str | None) -> Design:
    """Put a node that is there already into an edge."""
    design = edits.disconnect(design, edge, block=block)
    design = edits.connect(design, Edge(edge.source, edge.source_port, name, 0), block=block)
    design = edits.connect(design, Edge(name, 0, edge.target, edge.target_port), block=block)
    return with_room(design, block, name, edge)
