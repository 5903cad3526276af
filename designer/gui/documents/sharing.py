"""Sharing weights among the selected nodes, and ending it."""

from typing import TYPE_CHECKING

from designer.gui.documents import graph_paths, steps
from designer.gui.documents.freezing import learns

if TYPE_CHECKING:
    from designer.design.values import Design, Graph
    from designer.gui.documents.workspace import Workspace


def share(workspace: "Workspace") -> None:
    """Let the selected nodes share the weights of the first of them."""
    block, graph, names = _selected(workspace)
    ordered = [name for name in graph.nodes if name in names]

    def edit(design: "Design") -> "Design":
        from designer.analysis.assist import sharing

        return sharing.share(design, ordered, block=block)

    workspace.edit(steps.step_of("share", ordered), edit)


def share_refusal(workspace: "Workspace") -> str:
    """Return why the selected nodes cannot share weights; "" if they may."""
    _, graph, names = _selected(workspace)
    if len(names) < 2:
        return "Select two or more nodes of the same graph."
    nodes = [graph.nodes[name] for name in names]
    if not all(map(learns, nodes)):
        return "Select only blocks and layers with weights."
    if len({node.shares or name for name, node in zip(names, nodes, strict=True)}) == 1:
        return "The selected nodes share their weights already."
    return ""


def stop(workspace: "Workspace") -> None:
    """Give the selected nodes weights of their own."""
    block, graph, names = _selected(workspace)
    shared = [name for name in names if _is_shared(graph, name)]

    def edit(design: "Design") -> "Design":
        from designer.analysis.assist import sharing

        return sharing.stop_sharing(design, shared, block=block)

    workspace.edit(steps.step_of("stop_sharing", shared), edit)


def stop_refusal(workspace: "Workspace") -> str:
    """Return why no selected node can stop to share weights; "" if one can."""
    _, graph, names = _selected(workspace)
    if any(_is_shared(graph, name) for name in names):
        return ""
    return "No selected node shares its weights."


def _is_shared(graph: "Graph", name: str) -> bool:
    shared = graph.nodes[name].shares
    return bool(shared) or any(node.shares == name for node in graph.nodes.values())


def _selected(workspace: "Workspace") -> "tuple[str | None, Graph, list[str]]":
    """Return the block and graph of the selected nodes with their names; no names for several."""
    from designer.design.values import Graph

    scopes = {graph_paths.parent(path) for path in workspace.selection}
    found = graph_paths.graph_at(workspace.design, scopes.pop()) if len(scopes) == 1 else None
    if found is None:
        return None, Graph(), []
    block, graph = found
    names = [graph_paths.name_of(path) for path in workspace.selection]
    return block, graph, [name for name in names if name in graph.nodes]
