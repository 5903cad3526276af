"""What the user does in the view: the mouse drives gestures, pans and zooms, keys move about."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
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
    QWheelEvent,
)
from PySide6.QtWidgets import QGestureEvent, QGraphicsScene, QGraphicsView, QPinchGesture

from designer.gui.canvas import gestures, keys
from designer.gui.canvas.interface import EdgeHit, Gesture
from designer.gui.canvas.navigation import Navigator, wheel_pan
from designer.gui.documents.workspace import Workspace

if TYPE_CHECKING:
    from designer.gui.canvas.canvas import Canvas
    from designer.gui.canvas.hovering import Hover


class InteractiveView(QGraphicsView):
    """A view that turns events into gestures and motions; what it shows is its subclass's matter.

    Attributes
    ----------
    gesture
        The gesture that has the pointer, None while there is none.
    pointer
        Where the pointer was last, in the scene.
    chosen_edge
        The edge that was clicked and stays lit, None for none.
    last_path
        The node that the arrow keys reached last.
    """

    hover: "Hover"

    def __init__(self, scene: QGraphicsScene, workspace: Workspace, canvas: "Canvas") -> None:
        super().__init__(scene, canvas)
        self.workspace = workspace
        self.canvas = canvas
        self.navigator = Navigator(self)
        self.gesture: Gesture | None = None
        self.pointer = QPointF()
        self.chosen_edge: EdgeHit | None = None
        self.last_path = ""
        self._panning: QPoint | None = None
        self._space = False  # the space bar is down ...
        self._space_used = False  # ... and moved the picture
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(True)
        self.viewport().setMouseTracking(True)
        self.viewport().grabGesture(Qt.GestureType.PinchGesture)

    def scene_point(self, event: QMouseEvent | QDropEvent | QWheelEvent) -> QPointF:
        """Return where an event happened in the scene."""
        return self.navigator.to_scene(QPointF(event.position()))

    def gesture_over(self) -> None:
        """A gesture ended or was canceled: put away what was shown for it."""

    def start_gesture(self, gesture: Gesture, point: QPointF | None = None) -> None:
        """Let a gesture take the pointer until it ends or is canceled."""
        self.cancel_gesture()
        self.gesture = gesture
        self.hover.rest()
        if gesture.cursor is not None:
            self.viewport().setCursor(gesture.cursor)
        gesture.start(self.pointer if point is None else point, _NO_KEYS)

    def cancel_gesture(self) -> bool:
        """Cancel the gesture that runs; returns whether one did."""
        gesture, self.gesture = self.gesture, None
        if gesture is None:
            return False
        gesture.cancel()
        self.gesture_over()
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a gesture, or to move the picture."""
        self.pointer = self.scene_point(event)
        self.hover.rest()
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
            self.hover.over(self.pointer)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the gesture."""
        self.pointer = self.scene_point(event)
        if self._panning is not None:
            self._panning = None
            self.viewport().unsetCursor()
        elif self.gesture is not None and event.button() == Qt.MouseButton.LeftButton:
            gesture, self.gesture = self.gesture, None
            gesture.end(self.pointer, event.modifiers())
            self.gesture_over()

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
        self.hover.rest()
        self.pointer = self.navigator.to_scene(position)
        if self.gesture is not None:
            self.gesture.move(self.pointer, _NO_KEYS)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Show what can be done here."""
        self.hover.rest()
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
        self.gesture_over()

    def dropEvent(self, event: QDropEvent) -> None:
        """It is dropped."""
        self.pointer = self.scene_point(event)
        event.ignore()
        gestures.dropped(self, event)
        self.gesture_over()

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

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing lies under the pointer any more."""
        self.hover.leave()
        super().leaveEvent(event)

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


_NO_KEYS = Qt.KeyboardModifier.NoModifier
_MODIFIERS = {
    Qt.Key.Key_Shift: Qt.KeyboardModifier.ShiftModifier,
    Qt.Key.Key_Control: Qt.KeyboardModifier.ControlModifier,
    Qt.Key.Key_Alt: Qt.KeyboardModifier.AltModifier,
}


def _is_modifier(event: QKeyEvent) -> bool:
    return event.key() in _MODIFIERS


def _modifier(event: QKeyEvent) -> Qt.KeyboardModifier:
    return _MODIFIERS[Qt.Key(event.key())]
