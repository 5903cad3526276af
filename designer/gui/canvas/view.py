"""The view of a graph: shows the workspace's design and turns events into gestures.

Scene units are those of the design: `at` of a node is the x of its middle and the y of its top.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QTimer, QVariantAnimation, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGestureEvent, QGraphicsScene, QGraphicsView, QPinchGesture

from designer.design.values import Design, Point
from designer.gui.canvas import gestures, hits, keys
from designer.gui.canvas.frames import build
from designer.gui.canvas.interface import EdgeHit, Gesture, Light, PortHit
from designer.gui.canvas.layer import WORLD, GraphLayer
from designer.gui.canvas.navigation import STEP, Navigator, wheel_pan
from designer.gui.canvas.notes import Notes
from designer.gui.canvas.painting import in_rect, paint_grid
from designer.gui.canvas.placing import Placer
from designer.gui.theme import theme
from designer.gui.workspace import Document, Workspace

if TYPE_CHECKING:
    from designer.gui.canvas.canvas import Canvas

PORT_REACH = 11.0  # pixels
GLIDE = 250  # milliseconds that nodes take to their new places
_MOST_GLIDING = 2000  # nodes
_CARD_DELAY = 350


class _Memory:
    """What the view remembers of a document: where it looked, and which blocks are expanded."""

    def __init__(self) -> None:
        self.looks: dict[str, tuple[QPointF, float]] = {}
        self.expanded: frozenset[str] = frozenset()
        self.placer = Placer()


class GraphView(QGraphicsView):
    """Shows the graph that is looked into.

    Signals
    -------
    looked()
        The view shows another part, or other things lie in it.
    """

    looked = Signal()

    def __init__(self, workspace: Workspace, canvas: "Canvas") -> None:
        self._scene = QGraphicsScene()
        super().__init__(self._scene, canvas)
        self.setObjectName("graph")
        self.setAccessibleName("Graph of the network")
        self.workspace = workspace
        self.canvas = canvas
        self.layer = GraphLayer()
        self.navigator = Navigator(self)
        self.notes = Notes(self)
        self.gesture: Gesture | None = None
        self.pointer = QPointF()  # where the pointer was last, in the scene
        self.last_path = ""  # the node that the arrow keys reached last
        self._documents: WeakKeyDictionary[Document, _Memory] = WeakKeyDictionary()
        self._memory = _Memory()
        self._shown: tuple[Document | None, str] = (None, "")
        self._fresh = True  # nothing of the graph has been seen yet
        self._panning: QPoint | None = None
        self._space = False  # the space bar is down ...
        self._space_used = False  # ... and moved the picture
        self._offset: tuple[Collection[str], np.ndarray] | None = None
        self._glide: QVariantAnimation | None = None
        self._card = QTimer(self, interval=_CARD_DELAY, singleShot=True)
        self._card.timeout.connect(self._show_card)
        self._set_up()
        workspace.changed.connect(self._changed)
        workspace.switched.connect(self.refresh)
        workspace.scope_changed.connect(self.refresh)
        workspace.selection_changed.connect(self._select)
        workspace.revealed.connect(self.reveal)
        self.navigator.moved.connect(self._looked)
        self.navigator.rested.connect(lambda: self.layer.set_moving(False))
        theme.changed.connect(self._restyle)

    def _set_up(self) -> None:
        self._scene.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self._scene.setSceneRect(WORLD)
        self._scene.addItem(self.layer)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        flags = QGraphicsView.OptimizationFlag
        self.setOptimizationFlag(flags.DontSavePainterState)
        self.setOptimizationFlag(flags.DontAdjustForAntialiasing)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(True)
        self.viewport().setMouseTracking(True)
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
        self._stop_glide()
        root = None
        if workspace.document is not None:
            root = build(
                workspace.design, workspace.analysis, workspace.scope, self.expanded, self._placer
            )
        self.layer.take(root, workspace.analysis.problems, workspace.design.blocks)
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
            self._memory.looks[old_scope] = self.navigator.centre, self.navigator.scale
        if document is not old:
            memory = self._documents.get(document) if document is not None else None
            if memory is None:
                memory = _Memory()
                memory.placer.ready.connect(self.refresh)
                if document is not None:
                    self._documents[document] = memory
            self._memory = memory
        self.layer.start_afresh()
        self._shown = document, scope
        self._fresh = True

    def _first_look(self) -> None:
        self._fresh = False
        look = self._memory.looks.get(self._shown[1])
        if look is not None:
            self.navigator.look_at(*look)
        else:
            self.navigator.begin(self.layer.bounds())

    def _changed(self, before: Design, after: Design) -> None:
        self.refresh()

    def _select(self) -> None:
        self.layer.select(self.workspace.selection)
        self.looked.emit()

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
        """Return the centre of a port, None if it is not drawn."""
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

    def scene_point(self, event: QMouseEvent | QDropEvent | QWheelEvent) -> QPointF:
        """Return where an event happened in the scene."""
        return self.navigator.to_scene(QPointF(event.position()))

    # What is shown for a moment

    def set_offset(self, paths: Collection[str] | None, dx: float = 0.0, dy: float = 0.0) -> None:
        """Show nodes away from their places without an edit; None puts them back."""
        if paths is None:
            self._offset = None
            self.layer.drop()
            return
        if self._offset is None or self._offset[0] is not paths:
            self._stop_glide()
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
        """Show a small card at a scene point ("note", "fits", "problem", "refused"); "" hides it."""
        if point is None or not sentence:
            self.notes.hide_tip()
        else:
            self.notes.show_tip(self.mapFromScene(point), sentence, kind)

    # Gliding to new places

    def places_now(self) -> dict[str, tuple[float, float]]:
        """Return the corner of every drawn node, for `glide_from`."""
        corners = self.layer.box[:, :2].tolist()
        return {path: (x, y) for path, (x, y) in zip(self.layer.arrays.paths, corners, strict=True)}

    def glide_from(self, before: Mapping[str, tuple[float, float]]) -> None:
        """Let nodes move from earlier corners to where they are now."""
        arrays = self.layer.arrays
        if len(arrays.paths) > _MOST_GLIDING or not self.isVisible():
            return
        rows, way = [], []
        for path, (x, y) in before.items():
            row = arrays.row.get(path)
            if row is not None:
                dx, dy = x - arrays.box[row, 0], y - arrays.box[row, 1]
                if abs(dx) + abs(dy) > 0.5 and arrays.box[row, 2] > 0:
                    rows.append(row)
                    way.append((dx, dy))
        if not rows:
            return
        moved, ways = np.array(rows), np.array(way)
        self._stop_glide()
        glide = QVariantAnimation(self)
        glide.setDuration(GLIDE)
        glide.setStartValue(1.0)
        glide.setEndValue(0.0)
        glide.setEasingCurve(glide.easingCurve().Type.OutCubic)
        glide.valueChanged.connect(
            lambda part: self.layer.move(moved, ways[:, 0] * part, ways[:, 1] * part)
        )
        glide.finished.connect(self._stop_glide)
        self._glide = glide
        self.layer.move(moved, ways[:, 0], ways[:, 1])
        glide.start()

    @property
    def gliding(self) -> bool:
        """Whether nodes are on their way to new places."""
        return self._glide is not None

    def _stop_glide(self) -> None:
        if self._glide is not None:
            glide, self._glide = self._glide, None
            glide.stop()
            glide.deleteLater()
            self.layer.drop()

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

    # Gestures

    def start_gesture(self, gesture: Gesture, point: QPointF | None = None) -> None:
        """Let a gesture take the pointer until it ends or is cancelled."""
        self.cancel_gesture()
        self.gesture = gesture
        self._hide_card()
        if gesture.cursor is not None:
            self.viewport().setCursor(gesture.cursor)
        gesture.start(self.pointer if point is None else point, _no_keys())

    def cancel_gesture(self) -> bool:
        """Cancel the gesture that runs; returns whether one did."""
        gesture, self.gesture = self.gesture, None
        if gesture is None:
            return False
        gesture.cancel()
        self._after_gesture()
        return True

    def _after_gesture(self) -> None:
        self.light_edge(None)
        self.light_ports({})
        self.notes.hide_tip()
        self.viewport().unsetCursor()
        if self._offset is not None:
            self.set_offset(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a gesture, or to move the picture."""
        self.pointer = self.scene_point(event)
        self._hide_card()
        left = event.button() == Qt.MouseButton.LeftButton
        if event.button() == Qt.MouseButton.MiddleButton or (left and self._space):
            self._panning = event.position().toPoint()
            self._space_used = True
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        elif left and self.gesture is None and self.workspace.document is not None:
            gesture = gestures.begin(self, event)
            if gesture is not None:
                self.cancel_gesture()
                self.gesture = gesture
                if gesture.cursor is not None:
                    self.viewport().setCursor(gesture.cursor)
                gesture.start(self.pointer, event.modifiers())
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drive the gesture, move the picture, or show what lies under the pointer."""
        self.pointer = self.scene_point(event)
        if self._panning is not None:
            position = event.position().toPoint()
            self.navigator.pan(position - self._panning)
            self._panning = position
        elif self.gesture is not None:
            self.gesture.move(self.pointer, event.modifiers())
        else:
            self._hover()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the gesture."""
        self.pointer = self.scene_point(event)
        if self._panning is not None:
            self._panning = None
            self.viewport().unsetCursor()
        elif self.gesture is not None and event.button() == Qt.MouseButton.LeftButton:
            gesture, self.gesture = self.gesture, None
            gesture.end(self.pointer, event.modifiers())
            self._after_gesture()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Go into a block, or add a layer."""
        self.pointer = self.scene_point(event)
        if event.button() == Qt.MouseButton.LeftButton and self.workspace.document is not None:
            gestures.double_click(self, self.pointer, event.modifiers())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Move the picture; with Ctrl, zoom about the pointer."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.navigator.zoom(2.0 ** (event.angleDelta().y() / 360.0), QPointF(event.position()))
        else:
            self.navigator.pan(wheel_pan(event))
        self._after_motion(QPointF(event.position()))
        event.accept()

    def _after_motion(self, position: QPointF) -> None:
        """The scene moved under the pointer."""
        self._hide_card()
        self.pointer = self.navigator.to_scene(position)
        if self.gesture is not None:
            self.gesture.move(self.pointer, _no_keys())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Show what can be done here."""
        self._hide_card()
        if self.workspace.document is not None:
            by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
            point = None if by_key else self.navigator.to_scene(QPointF(event.pos()))
            gestures.context_menu(self, point, event.globalPos())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Something is dragged in."""
        event.ignore()
        gestures.drag_entered(self, event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """It is dragged about."""
        self.pointer = self.scene_point(event)
        event.ignore()
        gestures.drag_moved(self, event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """It left."""
        gestures.drag_left(self)
        self._after_gesture()

    def dropEvent(self, event: QDropEvent) -> None:
        """It is dropped."""
        self.pointer = self.scene_point(event)
        event.ignore()
        gestures.dropped(self, event)
        self._after_gesture()

    # Keys

    def event(self, event: QEvent) -> bool:
        """Keep Space and Escape from being shortcuts where they mean more."""
        if event.type() == QEvent.Type.ShortcutOverride:
            assert isinstance(event, QKeyEvent)
            plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
            if plain and event.key() == Qt.Key.Key_Space:
                event.accept()
                return True
            if event.key() == Qt.Key.Key_Escape and self.gesture is not None:
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move along edges, nudge, hold the picture, cancel."""
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space, self._space_used = True, False
            return
        if event.key() == Qt.Key.Key_Escape:
            if not self.cancel_gesture():
                self.workspace.select(())
            return
        if self.gesture is not None and _is_modifier(event):
            self.gesture.move(self.pointer, event.modifiers() | _modifier(event))
            return
        if not keys.pressed(self, event):
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """A tap on Space expands the selected block."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            tapped = self._space and not self._space_used
            self._space = False
            if tapped:
                self.canvas.trigger("layer.expand")
            return
        if self.gesture is not None and _is_modifier(event):
            self.gesture.move(self.pointer, event.modifiers() & ~_modifier(event))
            return
        super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Keys that were down are no longer ours."""
        self._space = False
        super().focusOutEvent(event)

    # Hovering

    def _hover(self) -> None:
        row = hits.row_at(self.layer, self.pointer)
        port = self.port_at(self.pointer)
        if port is not None:
            self.viewport().setCursor(Qt.CursorShape.CrossCursor)
        elif not self._space:
            self.viewport().unsetCursor()
        if row != self.layer.hovered:
            self._hide_card()
            for each in (self.layer.hovered, row):
                if each >= 0:
                    box = QRectF(*self.layer.box[each].tolist())
                    self.layer.update(box.adjusted(-12, -12, 20, 20))
            self.layer.hovered = row
            if row >= 0:
                self._card.start()

    def _show_card(self) -> None:
        """Tell what is wrong with the node under the pointer."""
        row = self.layer.hovered
        if 0 <= row < len(self.layer.arrays.paths) and self.gesture is None:
            path = self.layer.arrays.paths[row]
            problems = [
                problem
                for problem in self.workspace.analysis.problems
                if problem.path == path or problem.path.startswith(f"{path}.")
            ]
            if problems:
                box = QRectF(*self.layer.box[row].tolist())
                corner = QPointF(box.right(), min(box.bottom(), box.top() + 44.0))
                self.notes.show_problems(self.mapFromScene(corner), problems)

    def _hide_card(self) -> None:
        self._card.stop()
        self.notes.hide_card()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing lies under the pointer any more."""
        if self.layer.hovered >= 0:
            self.layer.hovered = -1
            self.layer.update()
        self._hide_card()
        super().leaveEvent(event)

    # Qt's own

    def viewportEvent(self, event: QEvent) -> bool:
        """Zoom by pinching."""
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self.navigator.zoom(1.0 + event.value(), QPointF(event.position()))
                return True
        elif event.type() == QEvent.Type.Gesture:
            assert isinstance(event, QGestureEvent)
            pinch = event.gesture(Qt.GestureType.PinchGesture)
            if isinstance(pinch, QPinchGesture):
                at = self.viewport().mapFromGlobal(pinch.centerPoint().toPoint())
                self.navigator.zoom(pinch.scaleFactor(), QPointF(at))
                return True
        return super().viewportEvent(event)

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        """Draw the ground and its dots."""
        painter.fillRect(rect, self.layer.look.canvas)
        paint_grid(painter, rect, self.navigator.scale, self.layer.look.dot)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the middle in the middle."""
        super().resizeEvent(event)
        old = event.oldSize()
        if old.isValid() and old.width() > 0 and not self._fresh:
            middle = self.navigator.to_scene(QPointF(old.width() / 2, old.height() / 2))
            self.navigator.look_at(middle, self.navigator.scale)
        self.notes.place()
        self._looked()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the size of the font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.ApplicationFontChange):
            self.notes.place()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Scroll, keeping what does not scroll in place."""
        super().scrollContentsBy(dx, dy)
        self.notes.hide_card()


def _no_keys() -> Qt.KeyboardModifier:
    return Qt.KeyboardModifier.NoModifier


_MODIFIERS = {
    Qt.Key.Key_Shift: Qt.KeyboardModifier.ShiftModifier,
    Qt.Key.Key_Control: Qt.KeyboardModifier.ControlModifier,
    Qt.Key.Key_Alt: Qt.KeyboardModifier.AltModifier,
}


def _is_modifier(event: QKeyEvent) -> bool:
    return event.key() in _MODIFIERS


def _modifier(event: QKeyEvent) -> Qt.KeyboardModifier:
    return _MODIFIERS[Qt.Key(event.key())]
