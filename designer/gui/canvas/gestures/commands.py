"""What the actions of the Edit and Layer menus do; each is one step of the history."""

from collections import defaultdict
from collections.abc import Iterable

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QGuiApplication

from designer.analysis.analysis import analyze
from designer.analysis.assist import editing, sharing
from designer.design import clipboard, edits
from designer.design.edits import Edit
from designer.design.values import Design, Edge, Point
from designer.errors import DesignerError
from designer.gui.canvas.gestures import quick_add as asking
from designer.gui.canvas.gestures import renaming
from designer.gui.canvas.gestures.common import (
    Home,
    all_positions,
    edge_reach,
    selected_by_graph,
    selected_in_one_graph,
)
from designer.gui.canvas.gestures.selecting import chosen_edge
from designer.gui.canvas.measures import NODE_WIDTH
from designer.gui.canvas.scene_view import SceneView
from designer.gui.canvas.targets import EdgeHit
from designer.gui.documents import graph_paths, steps
from designer.gui.documents.adding import Spot
from designer.gui.documents.spacing import NODE_HEIGHT

_GAP = 36.0  # between nodes and their copies
_STEP = 8.0  # by which an arrow key moves a node


# The clipboard


def copy(view: SceneView) -> None:
    """Copy the selected nodes to the clipboard, as text."""
    found = selected_in_one_graph(view)
    if found is None:
        return
    home, names = found
    QGuiApplication.clipboard().setText(_copied(view, home, names))
    view.workspace.reported.emit(
        f"Copied {names[0]}." if len(names) == 1 else f"Copied {len(names)} nodes."
    )


def _copied(view: SceneView, home: Home, names: list[str]) -> str:
    positions = view.positions(home.scope)
    return clipboard.copy(view.workspace.design, home.block, names, positions)


def cut(view: SceneView) -> None:
    """Move the selected nodes to the clipboard."""
    found = selected_in_one_graph(view)
    if found is None:
        return
    home, names = found
    QGuiApplication.clipboard().setText(_copied(view, home, names))
    _remove(view, "cut")


def paste(view: SceneView) -> None:
    """Add the nodes in the clipboard, at the pointer if it is over the canvas."""
    scope = view.scope_at(_point(view))
    at = view.point_in_scope(scope, _point(view))
    _put(view, QGuiApplication.clipboard().text(), scope, at, "paste")


def paste_shared(view: SceneView) -> None:
    """Add copies of the copied nodes that share their weights, beside the originals."""
    scope = view.scope_at(_point(view))
    at = view.point_in_scope(scope, _point(view))
    text = QGuiApplication.clipboard().text()
    _put(view, text, scope, at, "paste_shared", shared=True)


def duplicate(view: SceneView) -> None:
    """Add copies of the selected nodes beside them."""
    found = selected_in_one_graph(view)
    if found is None:
        return
    home, names = found
    positions = view.positions(home.scope)
    around = [positions[name] for name in names if name in positions]
    at = None
    if around:
        left, right = min(each.x for each in around), max(each.x for each in around)
        top, bottom = min(each.y for each in around), max(each.y for each in around)
        at = Point((left + right) / 2 + right - left + NODE_WIDTH + _GAP, (top + bottom) / 2)
    _put(view, _copied(view, home, names), home.scope, at, "duplicate")


def _put(
    view: SceneView, text: str, scope: str, at: Point | None, key: str, *, shared: bool = False
) -> None:
    """Add the nodes of a design's text; all others stay where they are drawn.

    Parameters
    ----------
    view, text
        The canvas and the design's text.
    scope, at
        The graph that gets the nodes, and where their middle is put.
    key
        That of the step of the history in `steps.STEPS`.
    shared
        Whether they share the weights of the nodes of the same names.
    """
    workspace = view.workspace
    block = graph_paths.block_at(workspace.design, scope)
    positions = view.positions(scope)
    try:
        paste_nodes = sharing.paste_shared if shared else clipboard.paste
        after, names = paste_nodes(workspace.design, block, text, at)
    except DesignerError as error:
        workspace.refused.emit(str(error))
        return
    nodes = after.graph_of(block).nodes
    new = {name: at for name in names if (at := nodes[name].at) is not None}
    if len(new) == len(names):
        new = _beside(new, positions.values())
        after = edits.move(after, {**positions, **new}, block=block)
    workspace.edit(
        steps.step_of(key, list(names)),
        lambda _: after,
        select=[graph_paths.join(scope, name) for name in names],
        follow=True,
    )


def _beside(new: dict[str, Point], others: Iterable[Point]) -> dict[str, Point]:
    """Return new nodes' positions, moved as far to the right that none covers another node."""
    rows: dict[float, list[Point]] = defaultdict(list)
    for each in others:
        rows[each.y // NODE_HEIGHT].append(each)
    while True:
        right = max(
            (
                other.x + NODE_WIDTH + _GAP - each.x
                for each in new.values()
                for row in (-1, 0, 1)
                for other in rows.get(each.y // NODE_HEIGHT + row, ())
                if abs(other.x - each.x) < NODE_WIDTH and abs(other.y - each.y) < NODE_HEIGHT
            ),
            default=0.0,
        )
        if not right:
            return new
        new = {name: Point(each.x + right, each.y) for name, each in new.items()}


# Removing


def delete(view: SceneView) -> None:
    """Remove the selected nodes, or else the chosen edge."""
    edge = chosen_edge(view)
    if view.workspace.selection:
        _remove(view, "delete")
    elif edge is not None:
        delete_edge(view, edge)


def delete_refusal(view: SceneView) -> str:
    """Say why nothing can be removed now, "" if something can."""
    if view.workspace.document is None:
        return "No design is open."
    if view.workspace.selection or chosen_edge(view) is not None:
        return ""
    return "Click the node or edge to remove."


def delete_edge(view: SceneView, hit: EdgeHit) -> None:
    """Remove an edge."""
    block = graph_paths.block_at(view.workspace.design, hit.scope)
    view.chosen_edge = None
    view.workspace.edit(
        steps.step("disconnect", source=hit.edge.source, target=hit.edge.target),
        lambda design: editing.disconnect(design, hit.edge, block=block),
    )


def _remove(view: SceneView, key: str) -> None:
    """Remove the selected nodes; `key` is that of the step in `steps.STEPS`."""
    workspace = view.workspace
    homes = selected_by_graph(view)
    every = [name for _, names in homes for name in names]

    def edit(design: Design) -> Design:
        analysis = workspace.analysis
        done = set()
        for home, names in homes:
            if home.block in done:  # another use of the same block is expanded, too
                continue
            done.add(home.block)
            if analysis.design is not design:
                analysis = analyze(design, analysis)
            left = [name for name in names if name in design.graph_of(home.block).nodes]
            design = editing.remove(analysis, left, block=home.block)
        return design

    if every:
        workspace.edit(steps.step_of(key, every), edit, select=())


def take_out(view: SceneView) -> None:
    """Free the selected nodes of their edges and join what they stood between."""
    found = selected_in_one_graph(view)
    if found is None:
        return
    home, names = found

    def edit(design: Design) -> Design:
        for name in names:
            design = edits.take_out(design, name, block=home.block)
        return design

    view.workspace.edit(steps.step_of("take_out", names), edit)


# Adding and replacing


def quick_add(view: SceneView) -> None:
    """Add a layer by typing its name: after the selection, else at the pointer."""
    workspace = view.workspace
    if workspace.selection:
        asking.ask_after(view, workspace.selection)
        return
    edge = chosen_edge(view)
    if edge is not None:
        asking.ask(view, _point(view), Spot(edge.scope, edge=edge.edge))
        return
    add_at(view, _point(view))


def add_at(view: SceneView, point: QPointF) -> None:
    """Let the user add something at a scene point, or into the edge there."""
    hit = view.edge_at(point, edge_reach(view))
    if hit is not None:
        asking.ask(view, point, Spot(hit.scope, edge=hit.edge))
        return
    scope = view.scope_at(point)
    at = view.point_in_scope(scope, point)
    asking.ask(view, point, Spot(scope, at=at, positions=view.positions(scope)))


def replace_layer(view: SceneView) -> None:
    """Give the selected node another type by typing its name."""
    for path in view.workspace.selection:
        view.reveal(path)
        asking.replace_node(view, path)
        return


def rename(view: SceneView) -> None:
    """Let the user rename the selected node where it is drawn."""
    for path in view.workspace.selection:
        view.reveal(path)
        renaming.rename_node(view, path)
        return


# Moving and connecting by the keyboard


def nudge(view: SceneView, dx: float, dy: float) -> None:
    """Move the selected nodes by steps, (1, 0) being one to the right.

    Steps in a row are one step of the history.
    """
    found = selected_in_one_graph(view)
    if found is None:
        return
    home, names = found
    now = view.positions(home.scope)
    dx, dy = view.layer.arrays.flow.stored(QPointF(dx, dy) * _STEP)
    moved = {name: Point(now[name].x + dx, now[name].y + dy) for name in names if name in now}
    positions = all_positions(view, home.scope, moved)
    view.workspace.edit(
        steps.step_of("move", names),
        lambda design: edits.move(design, positions, block=home.block),
        merge=("nudge", view.workspace.selection),
    )


def connect_selected(view: SceneView) -> None:
    """Draw edges from the selected nodes to the lowest of them that accepts them.

    If two nodes are selected that have an edge already, it is removed.
    """
    found = selected_in_one_graph(view)
    if found is None:
        return
    home, names = found
    workspace = view.workspace
    names.sort(key=lambda name: _top_left(view.rect_of(graph_paths.join(home.scope, name))))
    drawn = [edge for edge in home.graph.edges if edge.source in names and edge.target in names]
    if len(names) == 2 and drawn:

        def cut(design: Design) -> Design:
            for edge in drawn:
                design = edits.disconnect(design, edge, block=home.block)
            return editing.close_gaps(design, names, home.block)

        edge = drawn[0]
        workspace.edit(steps.step("disconnect", source=edge.source, target=edge.target), cut)
        return
    refusals = []
    for target in reversed(names):  # the lowest that accepts them
        sources = [name for name in names if name != target]
        try:
            after = _connected(workspace.design, home.block, sources, target)
        except DesignerError as error:
            refusals.append(str(error))
            continue
        if len(sources) == 1:
            label = steps.step("connect", source=sources[0], target=target)
        else:
            label = steps.step("connect_several", count=len(sources), target=target)
        workspace.edit(label, _always(after))
        return
    workspace.refused.emit(refusals[0])


def _always(design: Design) -> Edit:
    """Return the edit that gives this design."""
    return lambda _: design


def _connected(design: Design, block: str | None, sources: list[str], target: str) -> Design:
    """Return the design with an edge to the target from each source that has none yet.

    Raises
    ------
    DesignerError
        The target has no free input.
    """
    known = {edge.source for edge in design.graph_of(block).edges if edge.target == target}
    for source in sources:
        if source in known:
            continue
        port = editing.next_port(design, target, block)
        node = design.graph_of(block).nodes.get(target)
        if port is None and node is not None and not editing.input_ports(design, node):
            raise DesignerError(f"{target} has no inputs; choose another target.")
        # If no port is free, the refusal for the first one names the edge that occupies it.
        design = edits.connect(design, Edge(source, 0, target, port or 0), block=block)
    return design


def connect_refusal(view: SceneView) -> str:
    """Say why no edge can be drawn between the selected nodes, "" if one can."""
    paths = view.workspace.selection
    if len(paths) < 2:
        return "Select two nodes, or several and a join below them."
    if len({graph_paths.parent(path) for path in paths}) > 1:
        return "The selected nodes lie in different graphs; select nodes of one graph."
    return ""


def _top_left(rect: QRectF) -> tuple[float, float]:
    return rect.top(), rect.left()


def _point(view: SceneView) -> QPointF:
    """Return the scene point at the pointer, or in the middle if it is not over the view."""
    if view.viewport().underMouse():
        return view.pointer
    return view.mapToScene(view.viewport().rect().center()) - QPointF(0, NODE_HEIGHT / 2)
