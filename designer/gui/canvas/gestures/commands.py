"""What the actions of the Edit and Layer menus do on the canvas; each is one step of the history."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from designer.gui.canvas.canvas import Canvas


def cut(canvas: "Canvas") -> None:
    """Move the selected nodes to the clipboard."""


def copy(canvas: "Canvas") -> None:
    """Copy the selected nodes to the clipboard."""


def paste(canvas: "Canvas") -> None:
    """Add the nodes that the clipboard holds."""


def duplicate(canvas: "Canvas") -> None:
    """Add the selected nodes once more."""


def delete(canvas: "Canvas") -> None:
    """Remove the selected nodes, or the edge under the pointer."""


def delete_refusal(canvas: "Canvas") -> str:
    """Say why nothing can be removed now, "" if something can."""
    return ""


def quick_add(canvas: "Canvas") -> None:
    """Add a layer by typing its name."""


def replace_layer(canvas: "Canvas") -> None:
    """Give the selected node another type by typing its name."""


def rename(canvas: "Canvas") -> None:
    """Rename the selected node in its place."""


def group(canvas: "Canvas") -> None:
    """Make the selection a block."""


def dissolve(canvas: "Canvas") -> None:
    """Put the nodes of the selected block in its place."""


def nudge(canvas: "Canvas", dx: float, dy: float) -> None:
    """Move the selected nodes by a step of the grid, (1, 0) being to the right."""


def connect_selected(canvas: "Canvas") -> None:
    """Draw an edge between the two selected nodes."""
