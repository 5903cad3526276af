"""What the view of the graph and the gestures agree on: hits under the pointer, and a gesture.

The view turns events into calls of `designer.gui.canvas.gestures`:

- ``begin(view, event) -> Gesture | None`` at a press of the left button
- ``double_click(view, scene_point, modifiers)``
- ``context_menu(view, scene_point, global_position)``; the point is None for the menu key
- ``drag_entered(view, event)``, ``drag_moved(view, event)``, ``drag_left(view)`` and
  ``dropped(view, event)``

and drives the gesture that runs: `move` at every motion, `end` at the release, `cancel` at Escape.
"""

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from PySide6.QtCore import QPointF, Qt

from designer.design.values import Edge

if TYPE_CHECKING:
    from designer.gui.canvas.view import GraphView

Light: TypeAlias = Literal["fits", "problem", "refused"]
"""What a port says to the edge that is dragged about: connect here, with a problem, or never."""


class PortHit(NamedTuple):
    """A port of a drawn node: an input by its number, or an output."""

    path: str
    port: int
    output: bool


class EdgeHit(NamedTuple):
    """A drawn edge, in the graph at `scope`."""

    scope: str
    edge: Edge


class Gesture:
    """One act of the hand, from the press of a button to its release; only `end` makes an edit."""

    cursor: Qt.CursorShape | None = None
    """The pointer's shape while it lasts."""

    def __init__(self, view: "GraphView") -> None:
        self.view = view

    def start(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """The button was pressed at a scene point."""

    def move(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """The pointer went to a scene point, or a modifier key changed."""

    def end(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """The button was released: make the edit."""

    def cancel(self) -> None:
        """Nothing shall have happened."""
