"""The view of a graph: shows the workspace's design and says where everything is.

Scene units are those of the design: `at` of a node is the x of its middle and the y of its top.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QFrame, QGraphicsScene, QGraphicsView

from designer.design.values import Design, Point
from designer.gui.base.theme import theme
from designer.gui.canvas import hits
from designer.gui.canvas.frames import build
from designer.gui.canvas.gliding import Gliding
from designer.gui.canvas.hovering import Hover
from designer.gui.canvas.interaction import InteractiveView
from designer.gui.canvas.interface import EdgeHit, Light, PortHit
from designer.gui.canvas.layer import WORLD, GraphLayer
from designer.gui.canvas.navigation import STEP
from designer.gui.canvas.notes import Notes
from designer.gui.canvas.painting import in_rect, paint_grid
from designer.gui.canvas.placing import Placer
from designer.gui.documents.graph_paths import graph_at
from designer.gui.documents.workspace import Document, Workspace

if TYPE_CHECKING:
    from designer.gui.canvas.canvas import Canvas

PORT_REACH = 11.0  # pixels
EMPTY = "Drag a layer here, or press Tab and type its name."


class _Memory:
    """What the view remembers of a document: where it looked, and which blocks are expanded."""

    def __init__(self) -> None:
        self.looks: dict[str, tuple[QPointF, float]] = {}
        self.expanded: frozenset[str] = frozenset()
        self.placer = Placer()


class GraphView(InteractiveView):
    """Shows the graph that is looked into.

    Signals
    -------
    looked()
        The view shows another part, or other things lie in it.
    """

    looked = Signal()

    def __init__(self, workspace: Workspace, canvas: "Canvas") -> None:
        scene = QGraphicsScene()
        super().__init__(scene, workspace, canvas)
        self.setObjectName("graph")
        self.setAccessibleName("Graph of the network")
        scene.setParent(self)
        self.layer = GraphLayer()
        self.notes = Notes(self)
        self.hover = Hover(self)
        self.gliding = Gliding(self)
        self._documents: WeakKeyDictionary[Document, _Memory] = WeakKeyDictionary()
        self._memory = _Memory()
        self._shown: tuple[Document | None, str] = (None, "")
        self._fresh = True  # nothing of the graph has been seen yet
        self._unseen = False  # the first look was taken before the view had its size
        self._offset: tuple[Collection[str], np.ndarray] | None = None
        self._set_up(scene)
        workspace.changed.connect(self._changed)
        workspace.switched.connect(self.refresh)
        workspace.scope_changed.connect(self.refresh)
        workspace.selection_changed.connect(self._select)
        workspace.revealed.connect(self.reveal)
        self.navigator.moved.connect(self._moved)
        self.navigator.rested.connect(lambda: self.layer.set_moving(False))
        theme.changed.connect(self._restyle)
        QApplication.instance().fontChanged.connect(self.navigator.follow_font)

    def _set_up(self, scene: QGraphicsScene) -> None:
        scene.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        scene.setSceneRect(WORLD)
        scene.addItem(self.layer)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        flags = QGraphicsView.OptimizationFlag
        self.setOptimizationFlag(flags.DontSavePainterState)
        self.setOptimizationFlag(flags.DontAdjustForAntialiasing)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # All of it is painted, so Qt need not fill it before.
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.viewport().grabGesture(Qt.GestureType.PinchGesture)

    # What is shown

    @property
    def expanded(self) -> frozenset[str]:
        """The paths of the blocks that are expanded in place."""
        return self._memory.expanded

    def refresh(self) -> None:
        """Show the workspace's design as it is now, changing only what differs."""
        workspace = self.workspace
        shown = (workspace.document, workspace.scope)
        if shown != self._shown:
            self._turn_to(*shown)
        self._offset = None
        self.gliding.stop()
        root = None
        if workspace.document is not None:
            root = build(
                workspace.design, workspace.analysis, workspace.scope, self.expanded, self._placer
            )
        compared = workspace.comparison if self.canvas.fates_shown else None
        weight_status = compared.weight_status if compared is not None else None
        self.layer.take(root, workspace.analysis.problems, workspace.design.blocks, weight_status)
        self.light_edge(self.chosen_edge)
        self._hint()
        if self._fresh and len(self.layer.arrays.paths):
            self._first_look()
        self._looked()

    @property
    def _placer(self) -> Placer:
        return self._memory.placer

    def _turn_to(self, document: Document | None, scope: str) -> None:
        """Go to another document or graph, where it was left."""
        old, old_scope = self._shown
        self.cancel_gesture()
        self.notes.hide_tip()
        if not self._fresh:
            self._memory.looks[old_scope] = self.navigator.center, self.navigator.scale
        if document is not old:
            memory = self._documents.get(document) if document is not None else None
            if memory is None:
                memory = _Memory()
                memory.placer.ready.connect(self.refresh)
                if document is not None:
                    self._documents[document] = memory
            self._memory = memory
        self.layer.start_afresh()
        self.chosen_edge = None
        self._shown = document, scope
        self._fresh = True

    def _first_look(self) -> None:
        self._fresh = False
        look = self._memory.looks.get(self._shown[1])
        if look is not None:
            self.navigator.look_at(*look)
        else:
            self.navigator.begin(self.layer.bounds())
        self._unseen = not self.isVisible()

    def _hint(self) -> None:
        """Say what to do where there is nothing to be seen."""
        text = ""
        if self.workspace.document is not None and not self.layer.arrays.paths:
            found = graph_at(self.workspace.design, self.workspace.scope)
            count = len(found[1].nodes) if found is not None else 0
            text = f"Arranging {count:,} nodes …" if count else EMPTY
        self.notes.show_hint(text)

    def _changed(self, before: Design, after: Design) -> None:
        self.refresh()

    def _select(self) -> None:
        if self.workspace.selection:
            self.chosen_edge = None
            self.light_edge(None)
        self.layer.select(self.workspace.selection)
        self.looked.emit()

    def _moved(self) -> None:
        self._unseen = False
        self._looked()

    def _looked(self) -> None:
        """Choose the level of detail for what is seen now."""
        layer = self.layer
        layer.set_moving(self.navigator.moving)
        count = int(np.count_nonzero(in_rect(layer.box, self.navigator.visible(), 0.0)))
        layer.choose_level(self.navigator.scale, count)
        self.looked.emit()

    def _restyle(self) -> None:
        self.layer.restyle()
        self.viewport().update()

    def toggle_expanded(self, path: str) -> None:
        """Show or hide a block's inside within the graph around it."""
        before = self.places_now()
        expanded = self.expanded
        if path in expanded:
            self._memory.expanded = frozenset(
                each for each in expanded if each != path and not each.startswith(f"{path}.")
            )
        else:
            self._memory.expanded = expanded | {path}
        self.refresh()
        self.glide_from(before)

    # Where things are

    def node_at(self, point: QPointF) -> str | None:
        """Return the path of the node at a scene point; an expanded block counts by its title."""
        return hits.node_at(self.layer, point)

    def port_at(self, point: QPointF) -> PortHit | None:
        """Return the port at a scene point; a block's own inputs and outputs have ports too."""
        return hits.port_at(self.layer, point, PORT_REACH / max(self.navigator.scale, 0.2))

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
        """Return the nodes that touch a rectangle of the scene."""
        return hits.paths_in(self.layer, rect)

    def scope_at(self, point: QPointF) -> str:
        """Return the path of the graph at a scene point: of an expanded block, or the current."""
        return hits.scope_at(self.layer, point, self.workspace.scope)

    def place_in_scope(self, scope: str, point: QPointF) -> Point:
        """Return a scene point in the coordinates of a graph, as `at` holds them."""
        return hits.place_in_scope(self.layer, scope, point)

    def positions(self, scope: str) -> dict[str, Point]:
        """Return the place of every node of a drawn graph, as `at` would hold it."""
        frame = self.layer.arrays.frames.get(scope)
        if frame is None:
            return {}
        nodes = frame.graph.nodes
        return {name: Point(*at) for name, at in frame.places.at().items() if name in nodes}

    # What is shown for a moment

    def set_offset(self, paths: Collection[str] | None, dx: float = 0.0, dy: float = 0.0) -> None:
        """Show nodes away from their places without an edit; None puts them back."""
        if paths is None:
            self._offset = None
            self.layer.drop()
            self.looked.emit()
            return
        if self._offset is None or self._offset[0] is not paths:
            self.gliding.stop()
            self.layer.drop()
            self._offset = paths, self._rows_of(paths)
        self.navigator.touch()
        self.layer.set_moving(True)
        self.layer.move(self._offset[1], dx, dy)
        self.looked.emit()

    def _rows_of(self, paths: Collection[str]) -> np.ndarray:
        """Return the rows of nodes and of all that is drawn inside them."""
        row = self.layer.arrays.row
        rows = [row[path] for path in paths if path in row]
        for path in paths:
            if path in self.expanded:
                inner = f"{path}."
                rows += [row[each] for each in row if each.startswith(inner)]
        return np.unique(np.array(rows, dtype=np.int64))

    def light_edge(self, hit: EdgeHit | None) -> None:
        """Light up an edge, or none."""
        row = self.layer.arrays.edge_row.get((hit.scope, hit.edge), -1) if hit is not None else -1
        if row != self.layer.lit_edge:
            self.layer.lit_edge = row
            self.layer.update()

    def light_ports(self, lights: Mapping[PortHit, Light]) -> None:
        """Let ports show whether an edge may end there; an empty mapping puts them out."""
        if lights or self.layer.lit_ports:
            self.layer.lit_ports = dict(lights)
            self.layer.update()

    def tip(self, point: QPointF | None, sentence: str, kind: str = "note") -> None:
        """Show a small card at a scene point, "" hides it.

        Its kind is "note", "fits", "problem" or "refused".
        """
        if point is None or not sentence:
            self.notes.hide_tip()
        else:
            self.notes.show_tip(self.mapFromScene(point), sentence, kind)

    def glide_from(self, before: Mapping[str, tuple[float, float]]) -> None:
        """Let nodes move from earlier corners, those of `places_now`, to where they are now."""
        self.gliding.begin(before)

    def places_now(self) -> dict[str, tuple[float, float]]:
        """Return the corner of every drawn node."""
        corners = self.layer.box[:, :2].tolist()
        return {path: (x, y) for path, (x, y) in zip(self.layer.arrays.paths, corners, strict=True)}

    # Looking

    def fit(self) -> None:
        """Show everything."""
        self.navigator.fit(self.layer.bounds())

    def fit_if_outside(self) -> None:
        """Show everything if nothing of it is seen."""
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
        """Show nodes in their own size, about the middle."""
        self.navigator.zoom(self.navigator.unit / self.navigator.scale)

    def zoom_by(self, steps: float) -> None:
        """Zoom in or out about the middle."""
        self.navigator.zoom(STEP**steps)

    def reveal(self, path: str) -> None:
        """Bring a node into sight."""
        rect = self.rect_of(path)
        if not rect.isEmpty():
            self.navigator.show(rect)

    def gesture_over(self) -> None:
        """Put away what was shown for a gesture."""
        self.light_edge(self.chosen_edge)
        self.light_ports({})
        self.notes.hide_tip()
        self.viewport().unsetCursor()
        if self._offset is not None:
            self.set_offset(None)

    # Qt's own

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what is exposed; the strips of a scrolled view alone, not the rectangle around."""
        strips = list(event.region())
        around = event.rect()
        area = sum(strip.width() * strip.height() for strip in strips)
        if len(strips) > 1 and 2 * area < around.width() * around.height():
            for strip in strips:
                super().paintEvent(QPaintEvent(strip))
        else:
            super().paintEvent(event)

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        """Draw the ground and its dots."""
        painter.setClipRect(rect)
        painter.fillRect(rect, self.layer.look.canvas)
        paint_grid(painter, rect, self.navigator.scale, self.layer.look.dot)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the middle in the middle."""
        super().resizeEvent(event)
        old = event.oldSize()
        if self._unseen:
            self._first_look()
        elif old.isValid() and old.width() > 0 and not self._fresh:
            middle = self.navigator.to_scene(QPointF(old.width() / 2, old.height() / 2))
            self.navigator.look_at(middle, self.navigator.scale)
        self.notes.place()
        self._looked()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Scroll, keeping what does not scroll in place."""
        super().scrollContentsBy(dx, dy)
        self.notes.hide_card()
