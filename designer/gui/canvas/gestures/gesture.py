"""The base class of gestures: one object for each, one step of the history at its end."""

from PySide6.QtCore import QPointF, Qt

from designer.gui.canvas.scene_view import SceneView


class Gesture:
    """What the mouse does from the press of a button to its release.

    The view calls `start` once, `move` at every motion, and then either `end` or, at Escape,
    `cancel`. Only `end` makes an edit, so one gesture is one step of the history. Points are in
    the scene.

    Attributes
    ----------
    cursor
        The shape of the pointer during the gesture, None for the usual one.
    """

    cursor: Qt.CursorShape | None = None

    def __init__(self, view: SceneView) -> None:
        self.view = view

    def start(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Begin at the point where the button was pressed."""

    def move(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Follow the pointer, or a change of the modifier keys."""

    def end(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Make the edit: the button was released."""

    def cancel(self) -> None:
        """Undo what the gesture has shown and selected."""
