"""What gestures may use of the view: where things are drawn, and what is shown for a moment.

It knows neither events nor gestures; `InteractiveView` adds these, and `GraphView` the documents.
Scene units are those of the design: `at` of a node is the x of its middle and the y of its top.
"""

from collections.abc import Collection, Mapping

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QDropEvent,
    QGuiApplication,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView, QWidget

from designer.design.values import Point
from designer.gui.base.action_source import ActionSource
from designer.gui.base.theme import theme
from designer.gui.canvas import arrays as a
from designer.gui.canvas import hits
from designer.gui.canvas.gliding import Gliding
from designer.gui.canvas.layer import WORLD, GraphLayer
from designer.gui.canvas.navigation import STEP, Navigator
from designer.gui.canvas.notes import Notes
from designer.gui.canvas.painting import paint_grid
from designer.gui.canvas.targets import EdgeHit, Light, PortHit
from designer.gui.documents.workspace import Workspace

PORT_REACH = 11.0
"""How near to a port the pointer hits it, in pixels."""


class SceneView(QGraphicsView):
    """Shows the layer and answers what lies where.

    Attributes
    ----------
    action_source
        The window's actions, for context menus and for keys with two meanings; None in tests.
    pointer
        Where the pointer was last, in the scene.
    chosen_edge
        The edge that was clicked and stays lit, None for none.
    last_path
        The node that the arrow keys reached last.

    Signals
    -------
    view_changed()
        The view shows another part of the scene, or other things lie in it.
    """

    view_changed = Signal()

    def __init__(self, workspace: Workspace, parent: QWidget) -> None:
        scene = QGraphicsScene()
        super().__init__(scene, parent)
        scene.setParent(self)
        self.workspace = workspace
        self.action_source: ActionSource | None = None
        self.navigator = Navigator(self)
        self.layer = GraphLayer()
        self.notes = Notes(self)
        self.gliding = Gliding(self, self.layer)
        self.pointer = QPointF()
        self.chosen_edge: EdgeHit | None = None
        self.last_path = ""
        self._offset: tuple[Collection[str], np.ndarray] | None = None
        self._set_up(scene)
        self.gliding.finished.connect(self.view_changed)
        theme.changed.connect(self._restyle)
        QGuiApplication.instance().fontChanged.connect(self.navigator.follow_font)

    def _set_up(self, scene: QGraphicsScene) -> None:
        """Switch off all of Qt's bookkeeping that one item with a fixed rectangle does not need."""
        scene.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        scene.setSceneRect(WORLD)
        scene.addItem(self.layer)
        self.setFrameShape(QFrame.Shape.NoFrame)
        # Panning then repaints only the strips that come into sight: 0.4 ms instead of 2.3.
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        flags = QGraphicsView.OptimizationFlag
        self.setOptimizationFlag(flags.DontSavePainterState)
        self.setOptimizationFlag(flags.DontAdjustForAntialiasing)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # `drawBackground` paints every pixel, so Qt need not fill the window before.
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def _restyle(self) -> None:
        self.layer.restyle()
        self.viewport().update()

    # Where things are

    def scene_point(self, event: QMouseEvent | QDropEvent | QWheelEvent) -> QPointF:
        """Return where an event happened in the scene."""
        return self.navigator.to_scene(QPointF(event.position()))

    def node_at(self, point: QPointF) -> str | None:
        """Return the path of the node at a scene point; an expanded block is hit by its title."""
        return hits.node_at(self.layer, point)

    def port_at(self, point: QPointF, *, beside_body: bool = False) -> PortHit | None:
        """Return the port at a scene point; a block's own inputs and outputs have ports, too.

        With `beside_body`, the middle of a node is never a port; see `hits.port_at`.
        """
        reach = PORT_REACH / max(self.navigator.scale, 0.2)
        return hits.port_at(self.layer, point, reach, beside_body=beside_body)

    def port_position(self, hit: PortHit) -> QPointF | None:
        """Return the center of a port, None if it is not drawn."""
        return self.layer.port_position(hit)

    def edge_at(self, point: QPointF, tolerance: float = 8.0) -> EdgeHit | None:
        """Return the edge within `tolerance` scene units of a point."""
        return hits.edge_at(self.layer, point, tolerance)

    def rect_of(self, path: str) -> QRectF:
        """Return where a node is drawn; an empty rectangle if it is not."""
        row = self.layer.arrays.row.get(path)
        return QRectF(*self.layer.box[row].tolist()) if row is not None else QRectF()

    def paths_in(self, rect: QRectF) -> list[str]:
        """Return the paths of the nodes that touch a rectangle of the scene."""
        return hits.paths_in(self.layer, rect)

    def scope_at(self, point: QPointF) -> str:
        """Return the path of the graph at a scene point: of an expanded block, or the one shown."""
        return hits.scope_at(self.layer, point, self.workspace.scope)

    def point_in_scope(self, scope: str, point: QPointF) -> Point:
        """Return a scene point in the coordinates of a graph, as `at` of its nodes holds them."""
        return hits.point_in_scope(self.layer, scope, point)

    def positions(self, scope: str) -> dict[str, Point]:
        """Return the position of every node of a drawn graph, as its `at` would hold it."""
        frame = self.layer.arrays.frames.get(scope)
        if frame is None:
            return {}
        nodes = frame.graph.nodes
        positions = frame.positions.by_name()
        return {name: Point(*at) for name, at in positions.items() if name in nodes}

    # What is shown for a moment

    def set_offset(self, paths: Collection[str] | None, dx: float = 0.0, dy: float = 0.0) -> None:
        """Show nodes away from their positions without an edit; None puts them back.

        Calls with the same object `paths` are cheap, so a drag passes one list all along.
        """
        if paths is None:
            self._offset = None
            self.layer.drop()
            self.view_changed.emit()
            return
        offset = self._offset
        if offset is None or offset[0] is not paths:
            self.gliding.stop()
            self.layer.drop()
            offset = self._offset = paths, self._rows_of(paths)
        self.navigator.touch()
        self.layer.set_moving(True)
        self.layer.move(offset[1], dx, dy)
        self.view_changed.emit()

    def _rows_of(self, paths: Collection[str]) -> np.ndarray:
        """Return the rows of nodes and of all that is drawn inside the expanded ones."""
        row, kind = self.layer.arrays.row, self.layer.arrays.kind
        rows = [row[path] for path in paths if path in row]
        for path in paths:
            if path in row and kind[row[path]] == a.CONTAINER:
                inner = f"{path}."
                rows += [row[each] for each in row if each.startswith(inner)]
        return np.unique(np.array(rows, dtype=np.int64))

    def light_edge(self, hit: EdgeHit | None) -> None:
        """Light up an edge, or none."""
        row = hits.row_of_edge(self.layer, hit)
        if row != self.layer.lit_edge:
            self.layer.lit_edge = row
            self.layer.update()

    def light_ports(self, lights: Mapping[PortHit, Light]) -> None:
        """Show at ports whether an edge may end there; an empty mapping ends that."""
        if lights or self.layer.lit_ports:
            self.layer.lit_ports = dict(lights)
            self.layer.update()

    def tip(self, point: QPointF | None, sentence: str, kind: str = "note") -> None:
        """Show a small card at a scene point; without a point or sentence, hide it.

        Its kind is "note", "fits", "problem" or "refused".
        """
        if point is None or not sentence:
            self.notes.hide_tip()
        else:
            self.notes.show_tip(self.mapFromScene(point), sentence, kind)

    def glide_from(self, before: Mapping[str, tuple[float, float]]) -> None:
        """Animate nodes from earlier corners, as `corners` returned them, to their present ones."""
        self.gliding.begin(before)

    def corners(self) -> dict[str, tuple[float, float]]:
        """Return the top left corner of every drawn node."""
        corners = self.layer.box[:, :2].tolist()
        return {path: (x, y) for path, (x, y) in zip(self.layer.arrays.paths, corners, strict=True)}

    # Looking

    def fit(self) -> None:
        """Show everything."""
        self.navigator.fit(self.layer.bounds())

    def fit_if_outside(self) -> None:
        """Show everything if nothing of it is in sight."""
        if not self.layer.bounds().intersects(self.navigator.visible()):
            self.fit()

    def fit_selection(self) -> None:
        """Show what is selected."""
        rect = QRectF()
        for path in self.workspace.selection:
            rect = rect.united(self.rect_of(path))
        if not rect.isEmpty():
            self.navigator.fit(rect)

    def actual_size(self) -> None:
        """Show nodes at 100 %, about the middle of the view."""
        self.navigator.zoom(self.navigator.unit / self.navigator.scale)

    def zoom_by(self, steps: float) -> None:
        """Zoom in, or out by negative steps, about the middle of the view."""
        self.navigator.zoom(STEP**steps)

    def reveal(self, path: str) -> None:
        """Bring a node into sight."""
        rect = self.rect_of(path)
        if not rect.isEmpty():
            self.navigator.show(rect)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        # A scrolled view exposes two thin strips. Painting the rectangle around both, as Qt does,
        # would paint nearly the whole view.
        strips: list[QRect] = list(event.region())  # type: ignore[call-overload]  # iterable, but not in the stub
        around = event.rect()
        area = sum(strip.width() * strip.height() for strip in strips)
        if len(strips) > 1 and 2 * area < around.width() * around.height():
            for strip in strips:
                super().paintEvent(QPaintEvent(strip))
        else:
            super().paintEvent(event)

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:  # type: ignore[override]  # Qt passes no QRect
        painter.setClipRect(rect)
        painter.fillRect(rect, self.layer.look.canvas)
        paint_grid(painter, rect, self.navigator.scale, self.layer.look.dot)
