"""Freezing and unfreezing: the selected nodes' learning rate becomes 0, or what it was at first."""

from typing import TYPE_CHECKING

from designer.design import edits
from designer.design.values import BlockNode, Design, Node
from designer.gui import places
from designer.layers.base import Layer, layer_types

if TYPE_CHECKING:
    from designer.gui.workspace import Workspace


def learns(node: Node) -> bool:
    """Tell whether there may be anything in a node that learns or remembers."""
    if isinstance(node, BlockNode):
        return True
    layer = layer_types().get(node.layer)
    return layer is not None and layer.states is not Layer.states


def freeze(workspace: "Workspace", factor: int) -> None:
    """Give the selected nodes that learn a factor of the learning rate: 0 freezes, 1 unfreezes."""
    chosen = [each for each in _learning(workspace) if _is_frozen(each[2]) != (factor == 0)]

    def edit(design: Design) -> Design:
        for block, name, _ in chosen:
            design = edits.set_learning_rate(design, name, factor, block=block)
        return design

    verb = "unfreeze" if factor else "freeze"
    what = chosen[0][1] if len(chosen) == 1 else f"{len(chosen)} nodes"
    workspace.edit(f"{verb} {what}", edit)


def freeze_kept(workspace: "Workspace") -> None:
    """Freeze what keeps its weights in the training that is set up, so that the rest learns."""
    kept = _kept(workspace)

    def edit(design: Design) -> Design:
        for name in kept:
            design = edits.set_learning_rate(design, name, 0)
        return design

    workspace.edit("freeze what is kept", edit)


def freeze_kept_refusal(workspace: "Workspace") -> str:
    """Say why nothing that is kept can be frozen, "" if something can."""
    if workspace.comparison is None:
        return "Choose in the Training panel which weights to start from."
    return "" if _kept(workspace) else "Nothing keeps its weights that is not frozen already."


def _kept(workspace: "Workspace") -> list[str]:
    """Return the nodes of the design's own graph that keep all their weights and still learn."""
    found = workspace.comparison
    fates = found.fates if found is not None else {}
    nodes = workspace.design.graph.nodes.items()
    return [name for name, node in nodes if fates.get(name) == "kept" and not _is_frozen(node)]


def freeze_refusal(workspace: "Workspace") -> str:
    """Say why the selected nodes cannot be frozen, "" if they can."""
    found = _learning(workspace)
    if not found:
        return "Select a block, or a layer with weights."
    return "" if not all(_is_frozen(node) for _, _, node in found) else "It is frozen already."


def unfreeze_refusal(workspace: "Workspace") -> str:
    """Say why the selected nodes cannot be unfrozen, "" if they can."""
    found = _learning(workspace)
    if any(_is_frozen(node) for _, _, node in found):
        return ""
    counts = [
        result.counts for path in workspace.selection if (result := workspace.analysis.node(path))
    ]
    if any(each.frozen for each in counts):
        return "It is frozen by a block around it, or by something in it."
    return "Nothing that is selected is frozen."


def _is_frozen(node: Node) -> bool:
    return not isinstance(node.learning_rate, str) and node.learning_rate == 0


def _learning(workspace: "Workspace") -> list[tuple[str | None, str, Node]]:
    """Return the selected nodes that learn: their block, name and value, each once."""
    found: dict[tuple[str | None, str], Node] = {}
    for path in sorted(workspace.selection):
        node = places.node_at(workspace.design, path)
        if node is not None and learns(node):
            block = places.block_at(workspace.design, places.parent(path))
            found[block, places.name_of(path)] = node
    return [(block, name, node) for (block, name), node in found.items()]
