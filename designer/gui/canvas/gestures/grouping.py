"""Making the selection a block, and replacing a block by the nodes inside it."""

from dataclasses import replace

from designer.analysis.assist import editing
from designer.design import blocks, edits, grouping, naming
from designer.errors import DesignerError
from designer.gui.canvas.gestures import renaming
from designer.gui.canvas.gestures.common import home_of, selected_in_one_graph
from designer.gui.canvas.scene_view import SceneView
from designer.gui.documents import graph_paths, steps


def group(view: SceneView) -> None:
    """Make the selection a block, and let the user name it."""
    found = selected_in_one_graph(view)
    if found is None:
        return
    home, names = found
    workspace = view.workspace
    block = blocks.free_block_name(workspace.design, "Block")
    graph = home.graph
    rest = replace(graph, nodes={k: n for k, n in graph.nodes.items() if k not in names})
    node = naming.free_name(
        edits.with_graph(workspace.design, home.block, rest), block.lower(), home.block
    )
    path, merge = graph_paths.join(home.scope, node), object()
    done = workspace.edit(
        steps.step_of("group", names),
        lambda design: grouping.group(design, names, block, node, block=home.block),
        select=[path],
        merge=merge,
    )
    if done:
        view.reveal(path)
        renaming.name_block(view, path, merge)


def dissolve(view: SceneView) -> None:
    """Replace the selected block by the nodes inside it."""
    workspace = view.workspace
    path = min(workspace.selection, default="")
    home = home_of(workspace.design, graph_paths.parent(path))
    if home is None or not path:
        return
    name = graph_paths.name_of(path)
    try:
        after = editing.dissolve(workspace.analysis, name, block=home.block)
    except DesignerError as error:
        workspace.refused.emit(str(error))
        return
    new = [each for each in after.graph_of(home.block).nodes if each not in home.graph.nodes]
    workspace.edit(
        steps.step("dissolve", name=name),
        lambda _: after,
        select=[graph_paths.join(home.scope, each) for each in new],
    )
