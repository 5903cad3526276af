"""Adding to the design by name: layers, blocks of the design, presets."""

from designer.gui.items import Item
from designer.gui.workspace import Workspace


def append(workspace: Workspace, item: Item) -> None:
    """Add an item after the selected node, wired."""
