"""Looking into blocks and out of them, and selecting more than single nodes."""

from collections.abc import Collection

from designer.design.values import BlockNode, Design
from designer.gui.canvas.scene_view import SceneView
from designer.gui.documents import graph_paths


def go_in(view: SceneView) -> None:
    """Look into the selected block."""
    workspace = view.workspace
    path = selected_block(view)
    if path is not None:
        workspace.look_into(graph_paths.inside(workspace.analysis, path))
        workspace.select(())


def go_out(view: SceneView) -> None:
    """Look at the graph around this one, and select the block that was left."""
    workspace = view.workspace
    steps = graph_paths.scopes(workspace.scope)
    if steps:
        left = workspace.scope
        workspace.look_into(steps[-2][1] if len(steps) > 1 else "")
        repeated = graph_paths.name_of(left).isdecimal()
        workspace.select({graph_paths.parent(left) if repeated else left})


def selected_block(view: SceneView) -> str | None:
    """Return the path of the first selected block, None if no block is selected."""
    for path in sorted(view.workspace.selection):
        if isinstance(graph_paths.node_at(view.workspace.design, path), BlockNode):
            return path
    return None


def select_all(view: SceneView) -> None:
    """Select every node of the graph that is shown."""
    workspace = view.workspace
    found = graph_paths.graph_at(workspace.design, workspace.scope)
    if found is not None:
        workspace.select(graph_paths.join(workspace.scope, name) for name in found[1].nodes)


def select_branch(view: SceneView) -> None:
    """Select all that the selection leads to."""
    workspace = view.workspace
    workspace.select(_reached(workspace.design, workspace.selection))


def _reached(design: Design, paths: Collection[str]) -> set[str]:
    """Return nodes and all that can be reached from them along edges, each in its own graph."""
    reached = set(paths)
    for scope in {graph_paths.parent(path) for path in paths}:
        found = graph_paths.graph_at(design, scope)
        if found is None:
            continue
        readers: dict[str, list[str]] = {}
        for edge in found[1].edges:
            readers.setdefault(edge.source, []).append(edge.target)
        waiting = [graph_paths.name_of(path) for path in paths if graph_paths.parent(path) == scope]
        while waiting:
            for name in readers.get(waiting.pop(), ()):
                path = graph_paths.join(scope, name)
                if name in found[1].nodes and path not in reached:
                    reached.add(path)
                    waiting.append(name)
    return reached
