"""Moving nodes with the mouse; with Alt a node is taken out of its chain, perhaps into an edge."""

from bisect import bisect_left

from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QGraphicsLineItem

from designer.analysis.assist import editing
from designer.design import edits
from designer.design.values import Design, Edge, Point
from designer.gui.base.theme import colors
from designer.gui.canvas.gestures import navigating
from designer.gui.canvas.gestures.common import (
    all_positions,
    edge_reach,
    home_of,
    is_drag,
)
from designer.gui.canvas.gestures.gesture import Gesture
from designer.gui.canvas.scene_view import SceneView
from designer.gui.canvas.targets import EdgeHit
from designer.gui.documents import graph_paths, steps
from designer.gui.documents.adding import with_room

_SNAP = 6.0  # pixels within which a node snaps to the x of another one
_MOST_IN_COLUMN = 300  # nodes of the same x up to which the guide searches the nearest
_Keys = Qt.KeyboardModifier


class MoveNodes(Gesture):
    """Moves the selected nodes of the graph in which a node was pressed."""

    def __init__(self, view: SceneView, path: str) -> None:
        super().__init__(view)
        self.path = path
        self.scope, self.name = graph_paths.parent(path), graph_paths.name_of(path)
        self.moving = False
        self.was_selected = path in view.workspace.selection
        self.distance = QPointF()
        self.edge: EdgeHit | None = None
        self.guide: QGraphicsLineItem | None = None

    def start(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.pressed = point
        if not self.was_selected:
            workspace = self.view.workspace
            more = workspace.selection if modifiers & _Keys.ShiftModifier else ()
            workspace.select({*more, self.path})

    def move(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        if not self.moving:
            if not is_drag(self.view, self.pressed, point):
                return
            self._begin()
        distance, flow = point - self.pressed, self.flow
        x = self._snapped_x(flow.stored(distance)[0])
        if x is not None:
            across = (x - self.positions[self.name].x) * flow.stretch[0]
            distance = flow.point(across, flow.along(distance.x(), distance.y()))
        self.distance = distance
        self.view.set_offset(self.paths, distance.x(), distance.y())
        if x is None:
            self._hide_guide()
        else:
            self._show_guide(x)
        self._find_edge(point, modifiers)

    def end(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self._hide_guide()
        if self.moving:
            self._find_edge(point, modifiers)
            self._put_down(modifiers)
            return
        workspace, path = self.view.workspace, self.path
        if modifiers & _Keys.ControlModifier:
            before = workspace.selection if modifiers & _Keys.ShiftModifier else frozenset()
            workspace.select({path})
            navigating.select_branch(self.view)
            workspace.select(workspace.selection | before)
        elif modifiers & _Keys.ShiftModifier:
            if self.was_selected:
                workspace.select(workspace.selection - {path})
        elif self.was_selected:
            workspace.select({path})

    def cancel(self) -> None:
        self._hide_guide()

    def _begin(self) -> None:
        self.moving = True
        view = self.view
        self.paths = sorted(
            path for path in view.workspace.selection if graph_paths.parent(path) == self.scope
        )
        self.flow = view.layer.arrays.flow
        self.positions = view.positions(self.scope)
        self.names = [graph_paths.name_of(path) for path in self.paths]
        moved = set(self.names)
        self.columns: dict[float, list[str]] = {}
        for name, at in self.positions.items():
            if name not in moved:
                self.columns.setdefault(at.x, []).append(name)
        self.xs = sorted(self.columns)
        view.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def _snapped_x(self, dx: float) -> float | None:
        """Return the x of another node that the pressed one snaps to, None if none is near."""
        at = self.positions.get(self.name)
        if at is None or not self.xs:
            return None
        x = at.x + dx
        after = bisect_left(self.xs, x)
        near = min(self.xs[max(after - 1, 0) : after + 1], key=lambda each: abs(each - x))
        pixels = abs(near - x) * self.flow.stretch[0] * self.view.navigator.scale
        return near if pixels <= _SNAP else None

    def _show_guide(self, x: float) -> None:
        """Draw a line to the nearest node with the same x."""
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
        others = [self.view.rect_of(graph_paths.join(self.scope, name)).center() for name in column]
        nearest = min(others, key=lambda other: (other - here).manhattanLength())
        across = self.flow.across(here.x(), here.y())
        end = self.flow.point(across, self.flow.along(nearest.x(), nearest.y()))
        self.guide.setLine(QLineF(here, end))

    def _hide_guide(self) -> None:
        if self.guide is not None:
            self.view.scene().removeItem(self.guide)
            self.guide = None

    # Inserting into an edge

    def _find_edge(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Light up the edge into which the node would be inserted."""
        self.edge = self._edge_at(point, modifiers)
        self.view.light_edge(self.edge)
        if modifiers & _Keys.AltModifier and len(self.names) == 1:
            name = self.names[0]
            if self.edge is None:
                self.view.tip(point, f"Take {name} out of its chain")
            else:
                source = self.edge.edge.source
                self.view.tip(point, f"Take {name} out of its chain and put it after {source}")
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
        hit = self.view.edge_at(point, 2 * edge_reach(self.view))
        if hit is None or hit.scope != self.scope or name in (hit.edge.source, hit.edge.target):
            return None
        return hit

    def _put_down(self, modifiers: Qt.KeyboardModifier) -> None:
        view, scope = self.view, self.scope
        home = home_of(view.workspace.design, scope)
        if home is None:
            return
        dx, dy = self.flow.stored(self.distance)
        moved = {
            name: Point(at.x + dx, at.y + dy)
            for name in self.names
            if (at := self.positions.get(name)) is not None
        }
        positions = all_positions(view, scope, moved)
        take_out = bool(modifiers & _Keys.AltModifier) and len(self.names) == 1
        edge = self.edge.edge if self.edge is not None else None
        names, block = self.names, home.block

        def edit(design: Design) -> Design:
            if take_out:
                design = edits.take_out(design, names[0], block=block)
            design = edits.move(design, positions, block=block)
            if edge is not None:
                design = _inserted(design, names[0], edge, block)
            return design

        if edge is not None:
            label = steps.step("insert", name=names[0])
        elif take_out:
            label = steps.step("take_out", name=names[0])
        else:
            label = steps.step_of("move", names)
        view.workspace.edit(label, edit)


def _inserted(design: Design, name: str, edge: Edge, block: str | None) -> Design:
    """Return the design with an existing node inserted into an edge."""
    design = edits.disconnect(design, edge, block=block)
    design = edits.connect(design, Edge(edge.source, edge.source_port, name, 0), block=block)
    design = edits.connect(design, Edge(name, 0, edge.target, edge.target_port), block=block)
    return with_room(design, block, name, edge)
