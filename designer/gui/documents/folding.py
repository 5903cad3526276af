"""Folding repeated structure into blocks, and writing blocks out, each as one step of undo."""

from dataclasses import replace
from typing import TYPE_CHECKING

from designer.errors import DesignerError
from designer.gui.documents import graph_paths, steps

if TYPE_CHECKING:
    from designer.design.values import Design
    from designer.gui.documents.workspace import Workspace


def fold(workspace: "Workspace") -> None:
    """Make blocks of what occurs several times in the design's own graph."""
    from designer.folding.fold import fold

    design = workspace.design
    try:
        folded = fold(design, measured=workspace.analysis.measured).design
    except DesignerError as error:
        workspace.refused.emit(str(error))
        return
    if folded is design:
        workspace.refused.emit(f"Nothing repeats in {design.name}, so there is nothing to fold.")
        return
    workspace.edit(steps.step("fold"), lambda _: _unplaced(folded), select=[])


def unfold(workspace: "Workspace") -> None:
    """Put the layers inside of blocks in their places: of the selected blocks, or of all."""
    from designer.folding.unfold import unfold

    design = workspace.design
    names = selected_blocks(workspace)
    try:
        unfolded = unfold(design, names or None, workspace.analysis.measured).design
    except DesignerError as error:
        workspace.refused.emit(str(error))
        return
    new = [name for name in unfolded.graph.nodes if name not in design.graph.nodes]
    words = steps.step_of("unfold", names) if names else steps.step("unfold_all")
    workspace.edit(words, lambda _: _unplaced(unfolded), select=new if names else [])


def unfold_refusal(workspace: "Workspace") -> str:
    """Return why nothing can be unfolded; "" if something can."""
    from designer.design.values import BlockNode

    nodes = workspace.design.graph.nodes.values()
    if not any(isinstance(node, BlockNode) for node in nodes):
        return "The design uses no blocks."
    if workspace.selection and not selected_blocks(workspace):
        return "Select blocks of the design's own graph, or nothing to unfold all of them."
    return ""


def selected_blocks(workspace: "Workspace") -> list[str]:
    """Return the selected uses of blocks in the design's own graph."""
    from designer.design.values import BlockNode

    nodes = workspace.design.graph.nodes
    return [
        path
        for path in sorted(workspace.selection)
        if not graph_paths.parent(path) and isinstance(nodes.get(path), BlockNode)
    ]


def _unplaced(design: "Design") -> "Design":
    """Return a design whose own graph is laid out anew."""
    nodes = {name: replace(node, at=None) for name, node in design.graph.nodes.items()}
    return replace(design, graph=replace(design.graph, nodes=nodes))
