"""Freezing and unfreezing nodes: their factor of the learning rate becomes 0 or 1."""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from designer.gui.documents import graph_paths, steps

if TYPE_CHECKING:
    from designer.design.values import Design, Graph, Node
    from designer.gui.documents.workspace import Workspace


def learns(node: "Node") -> bool:
    """Tell whether a node may have weights or buffers."""
    from designer.design.values import BlockNode

    return isinstance(node, BlockNode) or _has_states(node.layer)


@cache  # one entry for each layer type
def _has_states(layer: str) -> bool:
    from designer.layers.base import Layer
    from designer.layers.catalogue import layer_types

    kind = layer_types().get(layer)
    # A type that is not built in is of the design's own code, which may have anything.
    return kind is None or (kind.states is not Layer.states and not kind.fixed)


def freeze(workspace: "Workspace", factor: int) -> None:
    """Set the learning-rate factor of the selected nodes that learn: 0 freezes, 1 unfreezes."""
    chosen: dict[str | None, dict[str, None]] = {}  # names in each block, each once
    for block, name, node in _learning(workspace):
        if _is_frozen(node) != (factor == 0):
            chosen.setdefault(block, {})[name] = None

    def edit(design: "Design") -> "Design":
        from designer.design import edits

        for block, names in chosen.items():
            design = edits.set_learning_rates(design, names, factor, block=block)
        return design

    every = [name for names in chosen.values() for name in names]
    workspace.edit(steps.step_of("unfreeze" if factor else "freeze", every), edit)


def freeze_kept(workspace: "Workspace") -> None:
    """Freeze the nodes that start from loaded weights, so that only the others learn."""
    from designer.design import edits

    names = _still_learning(workspace)
    workspace.edit(
        steps.step("freeze_loaded"), lambda design: edits.set_learning_rates(design, names, 0)
    )


def freeze_kept_refusal(workspace: "Workspace") -> str:
    """Return why no node that starts from loaded weights can be frozen; "" if one can."""
    if workspace.comparison is None:
        return "Choose in the Training panel which weights to start from."
    return (
        ""
        if _still_learning(workspace)
        else "Every node that keeps its weights is frozen already, or there is none."
    )


def _still_learning(workspace: "Workspace") -> list[str]:
    """Return the nodes of the top-level graph that keep all their weights and still learn."""
    found = workspace.comparison
    weight_status = found.weight_status if found is not None else {}
    nodes = workspace.design.graph.nodes.items()
    return [
        name for name, node in nodes if weight_status.get(name) == "kept" and not _is_frozen(node)
    ]


def freeze_refusal(workspace: "Workspace") -> str:
    """Return why the selected nodes cannot be frozen; "" if they can."""
    frozen = False
    for _, _, node in _learning(workspace):
        if not _is_frozen(node):
            return ""
        frozen = True
    return (
        "The selection is frozen already." if frozen else "Select a block, or a layer with weights."
    )


def unfreeze_refusal(workspace: "Workspace") -> str:
    """Return why the selected nodes cannot be unfrozen; "" if they can."""
    if any(_is_frozen(node) for _, _, node in _learning(workspace)):
        return ""
    if workspace.analysis.top.counts.frozen:
        found = (workspace.analysis.node(path) for path in workspace.selection)
        if any(result is not None and result.counts.frozen for result in found):
            return (
                "The selection is frozen by a block around it, or by a node inside it. Select that."
            )
    return "No selected node is frozen."


def _is_frozen(node: "Node") -> bool:
    return not isinstance(node.learning_rate, str) and node.learning_rate == 0


def _learning(workspace: "Workspace") -> "Iterator[tuple[str | None, str, Node]]":
    """Yield the block, name and value of each selected node that learns."""
    graphs: dict[str, tuple[str | None, Graph] | None] = {}
    for path in workspace.selection:
        scope, _, name = path.rpartition(".")
        if scope not in graphs:
            graphs[scope] = graph_paths.graph_at(workspace.design, scope)
        found = graphs[scope]
        node = found[1].nodes.get(name) if found is not None else None
        if found is not None and node is not None and learns(node):
            yield found[0], name, node
