"""The events of the view: the mouse drives gestures, pans and zooms, keys move the selection."""

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
from PySide6.QtWidgets import QGestureEvent, QPinchGesture, QWidget

from designer.gui.canvas import keys
from designer.gui.canvas.gestures import dropping, menus, pressing
from designer.gui.canvas.gestures.gesture import Gesture
from designer.gui.canvas.hovering import Hover
from designer.gui.canvas.navigation import wheel_pan
from designer.gui.canvas.scene_view import SceneView
from designer.gui.documents.workspace import Workspace


class InteractiveView(SceneView):
    """A view that turns events into gestures, pans, zooms and moves of the selection.

    Attributes
    ----------
    gesture
        The gesture that is driven by the pointer, None while there is none.
    """

    def __init__(self, workspace: Workspace, parent: QWidget) -> None:
        super().__init__(workspace, parent)
        self.hover = Hover(self)
        self.gesture: Gesture | None = None
        self._panning: QPoint | None = None  # where the pointer was in the viewport
        self._space = False  # the space bar is down ...
        self._space_used = False  # ... and has panned the view
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(True)
        self.viewport().setMouseTracking(True)
        self.viewport().grabGesture(Qt.GestureType.PinchGesture)

    def cancel_gesture(self) -> bool:
        """Cancel the running gesture and return whether there was one."""
        gesture, self.gesture = self.gesture, None
        if gesture is None:
            return False
        gesture.cancel()
        self._clean_up()
        return True

    def _clean_up(self) -> None:
        """Remove what a gesture showed, after it ended or was canceled."""
        self.light_edge(self.chosen_edge)
        self.light_ports({})
        self.notes.hide_tip()
        self.viewport().unsetCursor()
        if self._offset is not None:
            self.set_offset(None)

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pointer = self.scene_point(event)
        self.hover.hide()
        left = event.button() == Qt.MouseButton.LeftButton
        if event.button() == Qt.MouseButton.MiddleButton or (left and self._space):
            self._panning = event.position().toPoint()
            self._space_used = True
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        elif left and self.gesture is None and self.workspace.document is not None:
            self.gesture = gesture = pressing.begin(self, event)
            if gesture.cursor is not None:
                self.viewport().setCursor(gesture.cursor)
            gesture.start(self.pointer, event.modifiers())
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.pointer = self.scene_point(event)
        if self._panning is not None:
            position = event.position().toPoint()
            self.navigator.pan(position - self._panning)
            self._panning = position
        elif self.gesture is not None:
            self.gesture.move(self.pointer, event.modifiers())
        else:
            self.hover.move(self.pointer)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.pointer = self.scene_point(event)
        if self._panning is not None:
            self._panning = None
            self.viewport().unsetCursor()
        elif self.gesture is not None and event.button() == Qt.MouseButton.LeftButton:
            gesture, self.gesture = self.gesture, None
            gesture.end(self.pointer, event.modifiers())
            self._clean_up()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.pointer = self.scene_point(event)
        if event.button() == Qt.MouseButton.LeftButton and self.workspace.document is not None:
            pressing.double_click(self, self.pointer)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.navigator.zoom(2.0 ** (event.angleDelta().y() / 360.0), QPointF(event.position()))
        else:
            self.navigator.pan(wheel_pan(event))
        self._after_motion(QPointF(event.position()))
        event.accept()

    def _after_motion(self, position: QPointF) -> None:
        """Follow the scene, which has moved under the pointer."""
        self.hover.hide()
        self.pointer = self.navigator.to_scene(position)
        if self.gesture is not None:
            self.gesture.move(self.pointer, _NO_KEYS)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.hover.hide()
        if self.workspace.document is not None:
            by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
            point = None if by_key else self.navigator.to_scene(QPointF(event.pos()))
            menus.context_menu(self, point, event.globalPos())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        event.ignore()
        dropping.drag_moved(self, event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self.pointer = self.scene_point(event)
        event.ignore()
        dropping.drag_moved(self, event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.light_edge(None)
        self._clean_up()

    def dropEvent(self, event: QDropEvent) -> None:
        self.pointer = self.scene_point(event)
        event.ignore()
        dropping.dropped(self, event)
        self._clean_up()

    # Keys

    def event(self, event: QEvent) -> bool:
        # Space pans while it is held and Escape cancels a gesture; they are shortcuts otherwise.
        if event.type() == QEvent.Type.ShortcutOverride:
            assert isinstance(event, QKeyEvent)  # which this type of event always is
            plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
            if plain and event.key() == Qt.Key.Key_Space:
                event.accept()
                return True
            if self.gesture is not None:  # no shortcut edits what is being dragged
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
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
        if self.gesture is None and not keys.pressed(self, event):
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            tapped = self._space and not self._space_used
            self._space = False
            if tapped:
                self._trigger("layer.expand")
            return
        if self.gesture is not None and _is_modifier(event):
            self.gesture.move(self.pointer, event.modifiers() & ~_modifier(event))
            return
        super().keyReleaseEvent(event)

    def _trigger(self, key: str) -> None:
        """Run an action of the window's table."""
        if self.action_source is not None:
            self.action_source.refresh()  # what enables it may have happened just now
            self.action_source[key].trigger()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._space = False  # its release goes elsewhere
        super().focusOutEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.hover.leave()
        super().leaveEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        # Two fingers on a touchpad or screen zoom.
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self.navigator.zoom(1.0 + event.value(), QPointF(event.position()))
                return True
        elif event.type() == QEvent.Type.Gesture:
            assert isinstance(event, QGestureEvent)  # which this type of event always is
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
