"""What the Edit and Layer menus do on the canvas; each is one step of the history."""

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QGuiApplication

from designer.analysis.analysis import analyze
from designer.analysis.assist import editing
from designer.design import blocks, clipboard, edits, grouping, naming
from designer.design.values import Design, Edge, Point
from designer.errors import DesignerError
from designer.gui.canvas.gestures import quick_add as asking
from designer.gui.canvas.gestures import renaming
from designer.gui.canvas.gestures.common import Home, home_of, number_of, reach, settled
from designer.gui.canvas.gestures.selecting import chosen_edge
from designer.gui.canvas.interface import EdgeHit
from designer.gui.canvas.measures import NODE_HEIGHT, NODE_WIDTH
from designer.gui.documents import graph_paths
from designer.gui.documents.adding import Spot

if TYPE_CHECKING:
    from designer.gui.canvas.canvas import Canvas
    from designer.gui.canvas.view import GraphView

_GAP = 36.0  # between nodes and their copies
_STEP = 8.0  # of a node that is nudged


# The clipboard


def copy(canvas: "Canvas") -> None:
    """Copy the selected nodes to the clipboard, as text."""
    found = _selected_in_one(canvas)
    if found is None:
        return
    home, names = found
    QGuiApplication.clipboard().setText(_copied(canvas, home, names))
    canvas.workspace.told.emit(f"Copied {number_of(names)}.")


def _copied(canvas: "Canvas", home: Home, names: list[str]) -> str:
    positions = canvas.view.positions(home.scope)
    return clipboard.copy(canvas.workspace.design, home.block, names, positions)


def cut(canvas: "Canvas") -> None:
    """Move the selected nodes to the clipboard."""
    found = _selected_in_one(canvas)
    if found is None:
        return
    home, names = found
    QGuiApplication.clipboard().setText(_copied(canvas, home, names))
    _remove(canvas, "cut")


def paste(canvas: "Canvas") -> None:
    """Add the nodes that the clipboard holds, at the pointer if it is over the canvas."""
    view = canvas.view
    scope = view.scope_at(_point(view))
    at = view.place_in_scope(scope, _point(view))
    _put(canvas, QGuiApplication.clipboard().text(), scope, at, "paste")


def duplicate(canvas: "Canvas") -> None:
    """Add the selected nodes once more, beside them."""
    found = _selected_in_one(canvas)
    if found is None:
        return
    home, names = found
    positions = canvas.view.positions(home.scope)
    around = [positions[name] for name in names if name in positions]
    at = None
    if around:
        left, right = min(each.x for each in around), max(each.x for each in around)
        top, bottom = min(each.y for each in around), max(each.y for each in around)
        at = Point((left + right) / 2 + right - left + NODE_WIDTH + _GAP, (top + bottom) / 2)
    _put(canvas, _copied(canvas, home, names), home.scope, at, "duplicate")


def _put(canvas: "Canvas", text: str, scope: str, at: Point | None, verb: str) -> None:
    """Add the nodes of a design's text, the others staying where they are drawn."""
    workspace = canvas.workspace
    block = graph_paths.block_at(workspace.design, scope)
    positions = canvas.view.positions(scope)
    try:
        after, names = clipboard.paste(workspace.design, block, text, at)
    except DesignerError as error:
        workspace.refused.emit(str(error))
        return
    nodes = after.graph_of(block).nodes
    new = {name: place for name in names if (place := nodes[name].at) is not None}
    if len(new) == len(names):
        taken = set(positions.values())
        while taken & set(new.values()):  # nothing shall lie upon another
            new = {name: Point(each.x + _GAP, each.y + _GAP) for name, each in new.items()}
        after = edits.move(after, {**positions, **new}, block=block)
    workspace.edit(
        f"{verb} {number_of(list(names))}",
        lambda _: after,
        select=[graph_paths.join(scope, name) for name in names],
    )


# Removing


def delete(canvas: "Canvas") -> None:
    """Remove the selected nodes, or the edge that was chosen."""
    edge = chosen_edge(canvas.view)
    if canvas.workspace.selection:
        _remove(canvas, "delete")
    elif edge is not None:
        delete_edge(canvas.view, edge)


def delete_refusal(canvas: "Canvas") -> str:
    """Say why nothing can be removed now, "" if something can."""
    if canvas.workspace.document is None:
        return "No design is open."
    if canvas.workspace.selection or chosen_edge(canvas.view) is not None:
        return ""
    return "Click the node or edge that shall go."


def delete_edge(view: "GraphView", hit: EdgeHit) -> None:
    """Remove an edge."""
    block = graph_paths.block_at(view.workspace.design, hit.scope)
    view.chosen_edge = None
    view.workspace.edit(
        f"disconnect {hit.edge.source} from {hit.edge.target}",
        lambda design: editing.disconnect(design, hit.edge, block=block),
    )


def _remove(canvas: "Canvas", verb: str) -> None:
    workspace = canvas.workspace
    homes = _selected(canvas)
    every = [name for _, names in homes for name in names]

    def edit(design: Design) -> Design:
        analysis = workspace.analysis
        seen = set()
        for home, names in homes:
            if home.block in seen:  # the same block, expanded twice
                continue
            seen.add(home.block)
            if analysis.design is not design:
                analysis = analyze(design, analysis)
            there = [name for name in names if name in design.graph_of(home.block).nodes]
            design = editing.remove(analysis, there, block=home.block)
        return design

    if every:
        workspace.edit(f"{verb} {number_of(every)}", edit, select=())


def take_out(canvas: "Canvas") -> None:
    """Free the selected node of its edges and join what it stood between."""
    found = _selected_in_one(canvas)
    if found is None:
        return
    home, names = found

    def edit(design: Design) -> Design:
        for name in names:
            design = edits.take_out(design, name, block=home.block)
        return design

    canvas.workspace.edit(f"take out {number_of(names)}", edit)


# Adding and replacing


def quick_add(canvas: "Canvas") -> None:
    """Add a layer by typing its name: behind the selection, else at the pointer."""
    view, workspace = canvas.view, canvas.workspace
    if workspace.selection:
        asking.ask_behind(view, workspace.selection)
        return
    edge = chosen_edge(view)
    if edge is not None:
        asking.ask(view, _point(view), Spot(edge.scope, edge=edge.edge))
        return
    add_at(view, _point(view))


def add_at(view: "GraphView", point: QPointF) -> None:
    """Ask what shall be added at a scene point."""
    hit = view.edge_at(point, reach(view))
    if hit is not None:
        asking.ask(view, point, Spot(hit.scope, edge=hit.edge))
        return
    scope = view.scope_at(point)
    at = view.place_in_scope(scope, point)
    asking.ask(view, point, Spot(scope, at=at, positions=view.positions(scope)))


def replace_layer(canvas: "Canvas") -> None:
    """Give the selected node another type by typing its name."""
    for path in canvas.workspace.selection:
        canvas.view.reveal(path)
        asking.replace_node(canvas.view, path)
        return


def rename(canvas: "Canvas") -> None:
    """Rename the selected node in its place."""
    for path in canvas.workspace.selection:
        canvas.view.reveal(path)
        renaming.rename_node(canvas.view, path)
        return


# Blocks


def group(canvas: "Canvas") -> None:
    """Make the selection a block, and let it be named."""
    found = _selected_in_one(canvas)
    if found is None:
        return
    home, names = found
    workspace = canvas.workspace
    block = blocks.free_block_name(workspace.design, "Block")
    graph = home.graph
    rest = replace(graph, nodes={k: n for k, n in graph.nodes.items() if k not in names})
    node = naming.free_name(
        edits.with_graph(workspace.design, home.block, rest), block.lower(), home.block
    )
    path, merge = graph_paths.join(home.scope, node), object()
    done = workspace.edit(
        f"group {number_of(names)}",
        lambda design: grouping.group(design, names, block, node, block=home.block),
        select=[path],
        merge=merge,
    )
    if done:
        canvas.view.reveal(path)
        renaming.name_block(canvas.view, path, merge)


def dissolve(canvas: "Canvas") -> None:
    """Put the nodes of the selected block in its place."""
    workspace = canvas.workspace
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
        f"dissolve {name}",
        lambda _: after,
        select=[graph_paths.join(home.scope, each) for each in new],
    )


# Moving and connecting by keys


def nudge(canvas: "Canvas", dx: float, dy: float) -> None:
    """Move the selected nodes by steps of a grid, (1, 0) being to the right; all is one step."""
    found = _selected_in_one(canvas)
    if found is None:
        return
    home, names = found
    now = canvas.view.positions(home.scope)
    moved = {
        name: Point(now[name].x + dx * _STEP, now[name].y + dy * _STEP)
        for name in names
        if name in now
    }
    positions = settled(canvas.view, home.scope, moved)
    canvas.workspace.edit(
        f"move {number_of(names)}",
        lambda design: edits.move(design, positions, block=home.block),
        merge=("nudge", canvas.workspace.selection),
    )


def connect_selected(canvas: "Canvas") -> None:
    """Draw edges from the selected nodes to the lowest of them that takes them.

    Where two nodes have an edge already, it is removed.
    """
    found = _selected_in_one(canvas)
    if found is None:
        return
    home, names = found
    view, workspace = canvas.view, canvas.workspace
    names.sort(key=lambda name: _height(view.rect_of(graph_paths.join(home.scope, name))))
    drawn = [edge for edge in home.graph.edges if edge.source in names and edge.target in names]
    if len(names) == 2 and drawn:

        def cut(design: Design) -> Design:
            for edge in drawn:
                design = edits.disconnect(design, edge, block=home.block)
            return editing.close_gaps(design, names, home.block)

        edge = drawn[0]
        workspace.edit(f"disconnect {edge.source} from {edge.target}", cut)
        return
    refusals = []
    for target in reversed(names):  # the lowest that takes them
        sources = [name for name in names if name != target]
        try:
            after = _connected(workspace.design, home.block, sources, target)
        except DesignerError as error:
            refusals.append(str(error))
            continue
        label = f"connect {number_of(sources)} to {target}"
        workspace.edit(label, lambda _, after=after: after)
        return
    workspace.refused.emit(refusals[0])


def _connected(design: Design, block: str | None, sources: list[str], target: str) -> Design:
    """Return the design with an edge from each source, those that have one excepted."""
    known = {edge.source for edge in design.graph_of(block).edges if edge.target == target}
    for source in sources:
        if source in known:
            continue
        port = editing.next_port(design, target, block)
        node = design.graph_of(block).nodes.get(target)
        if port is None and node is not None and not editing.input_ports(design, node):
            raise DesignerError(f"{target} takes no inputs; data begins there.")
        # Where no port is free, the first one tells which edge is in the way.
        design = edits.connect(design, Edge(source, 0, target, port or 0), block=block)
    return design


def connect_refusal(canvas: "Canvas") -> str:
    """Say why no edge can be drawn between selected nodes, "" if one can."""
    paths = canvas.workspace.selection
    if len(paths) < 2:
        return "Select two nodes, or more and a join below them."
    if len({graph_paths.parent(path) for path in paths}) > 1:
        return "The selected nodes lie in different graphs."
    return ""


def _height(rect: QRectF) -> tuple[float, float]:
    return rect.top(), rect.left()


# What is meant


def _selected(canvas: "Canvas") -> list[tuple[Home, list[str]]]:
    """Return the selected nodes by the graphs in which they lie, in the order as written."""
    design = canvas.workspace.design
    scopes = sorted({graph_paths.parent(path) for path in canvas.workspace.selection})
    found = []
    for scope in scopes:
        home = home_of(design, scope)
        if home is not None:
            names = [
                name
                for name in home.graph.nodes
                if graph_paths.join(scope, name) in canvas.workspace.selection
            ]
            if names:
                found.append((home, names))
    return found


def _selected_in_one(canvas: "Canvas") -> tuple[Home, list[str]] | None:
    """Return the selected nodes of one graph; says so if they lie in several."""
    found = _selected(canvas)
    if len(found) > 1:
        canvas.workspace.refused.emit(
            "The selected nodes lie in different graphs; select some of one graph."
        )
    return found[0] if len(found) == 1 else None


def _point(view: "GraphView") -> QPointF:
    """Return the scene point at the pointer, or in the middle if that is elsewhere."""
    if view.viewport().underMouse():
        return view.pointer
    return view.mapToScene(view.viewport().rect().center()) - QPointF(0, NODE_HEIGHT / 2)
