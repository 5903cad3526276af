"""Adding layers, blocks and presets: behind a node, into an edge, at a point."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from designer import common_blocks
from designer.analysis.assist import editing
from designer.analysis.assist.lookup import graph_at, tensor_at
from designer.design import clipboard, edits, naming
from designer.design.blocks import check_use
from designer.design.values import BlockNode, Design, Edge, Graph, Node, Point
from designer.errors import DesignerError
from designer.gui.canvas.layout import ROW_GAP
from designer.gui.canvas.measures import NODE_HEIGHT
from designer.gui.documents import graph_paths
from designer.gui.documents.items import Item
from designer.gui.documents.workspace import Workspace
from designer.layers.tensors import Shape

PITCH = NODE_HEIGHT + ROW_GAP
"""From the top of a node to that of the next one below."""


@dataclass(frozen=True)
class Spot:
    """Where something is added.

    Attributes
    ----------
    scope
        The path of the graph.
    at
        Its place there; None leaves that to the layout.
    positions
        Where the other nodes are drawn now; they stay there if `at` is given.
    edge
        The edge into which it goes.
    name, port, output
        The node, or end of the block, and its output or input port that it is connected with.
    """

    scope: str
    at: Point | None = None
    positions: Mapping[str, Point] = field(default_factory=dict)
    edge: Edge | None = None
    name: str = ""
    port: int = 0
    output: bool = True


def append(workspace: Workspace, item: Item) -> None:
    """Add an item behind the selected node, wired; a join reads all selected nodes.

    With nothing selected it goes behind the one open end of the graph, if there is one.
    """
    scope, chosen = _selected(workspace)
    block = graph_paths.block_at(workspace.design, scope)

    def add(design: Design) -> tuple[Design, str]:
        after = chosen[-1] if chosen else open_end(design, block)
        shape = _shape(workspace, scope, block, after)
        made, node, wish = _made(design, item, block, shape)
        if len(chosen) > 1 and editing.input_ports(made, node) > 1:
            return _joined(made, wish, node, chosen, block)
        before = {*made.graph_of(block).edges}
        made, name = editing.add_after(made, wish, node, after, block=block)
        split = before - {*made.graph_of(block).edges}
        for edge in split:
            made = with_room(made, block, name, edge)
        return made, name

    _apply(workspace, scope, add)


def put(workspace: Workspace, item: Item, spot: Spot) -> None:
    """Add an item at a spot."""
    block = graph_paths.block_at(workspace.design, spot.scope)

    def add(design: Design) -> tuple[Design, str]:
        source = spot.edge.source if spot.edge else spot.name if spot.output else None
        shape = _shape(workspace, spot.scope, block, source or None)
        made, node, wish = _made(design, item, block, shape)
        name = naming.free_name(made, wish, block)
        takes, gives = editing.input_ports(made, node), editing.output_ports(made, node)
        if spot.edge is not None and takes and gives:
            made = edits.insert_on_edge(made, spot.edge, name, node, block=block)
            return with_room(made, block, name, spot.edge), name
        made = edits.add_node(made, name, node, block=block)
        if spot.name and spot.output and takes:
            made = edits.connect(made, Edge(spot.name, spot.port, name, 0), block=block)
        elif spot.name and not spot.output and gives:
            made = edits.connect(made, Edge(name, 0, spot.name, spot.port), block=block)
        if spot.at is not None:
            made = edits.move(made, {**spot.positions, name: spot.at}, block=block)
        return made, name

    _apply(workspace, spot.scope, add)


def replace(workspace: Workspace, path: str, item: Item) -> None:
    """Put another layer or block in a node's place, with what both have in common."""
    scope, name = graph_paths.parent(path), graph_paths.name_of(path)
    block = graph_paths.block_at(workspace.design, scope)

    def edit(design: Design) -> Design:
        graph = design.graph_of(block)
        source = next((each.source for each in graph.edges if each.target == name), None)
        shape = _shape(workspace, scope, block, source)
        made, node, _ = _made(design, item, block, shape)
        return editing.replacement(made, name, node, shape, block=block)

    workspace.edit(f"replace {name} by {item.name}", edit)


def can_insert(workspace: Workspace, item: Item) -> bool:
    """Tell whether an item has an input and an output, so that it can go into an edge."""
    if item.kind in ("common", "preset"):
        return True
    if item.kind == "block":
        return item.name in workspace.design.blocks
    node = editing.starting_node(item.name)
    design = workspace.design
    return bool(editing.input_ports(design, node) and editing.output_ports(design, node))


def open_end(design: Design, block: str | None) -> str | None:
    """Return the one node of a graph whose output nothing reads, None if there is none or more."""
    graph = design.graph_of(block)
    read = {edge.source for edge in graph.edges}
    ends = [
        name
        for name, node in graph.nodes.items()
        if name not in read and editing.output_ports(design, node)
    ]
    if block is not None and not graph.nodes:
        ends = list(design.blocks[block].inputs)
    return ends[0] if len(ends) == 1 else None


def with_room(design: Design, block: str | None, name: str, edge: Edge) -> Design:
    """Place a node that went into an edge, moving down what lies below if there is no room.

    Where the nodes have no places of their own, the layout makes room.
    """
    nodes = design.graph_of(block).nodes
    source, target = nodes.get(edge.source), nodes.get(edge.target)
    if source is None or target is None or source.at is None or target.at is None:
        return design
    moved: dict[str, Point | None] = {}
    missing = source.at.y + 2 * PITCH - target.at.y
    if missing > 0:
        for key, node in nodes.items():
            if node.at is not None and node.at.y >= target.at.y and key != edge.source:
                moved[key] = Point(node.at.x, node.at.y + missing)
    moved[name] = Point((source.at.x + target.at.x) / 2, source.at.y + PITCH)
    return edits.move(design, moved, block=block)


def wish_for(name: str) -> str:
    """Return the name that a node of a type would like to have: conv for Conv2d."""
    return clipboard.identifier(name.removesuffix("2d").removesuffix("1d"), "node").lower()


def _selected(workspace: Workspace) -> tuple[str, list[str]]:
    """Return the graph in which is selected, and the names there in the order as written."""
    paths = workspace.selection
    scopes = {graph_paths.parent(path) for path in paths}
    scope = scopes.pop() if len(scopes) == 1 else workspace.scope
    names = {graph_paths.name_of(path) for path in paths if graph_paths.parent(path) == scope}
    found = graph_paths.graph_at(workspace.design, scope)
    graph = found[1] if found is not None else Graph()
    ends: tuple[str, ...] = ()
    if found is not None and found[0] is not None:
        block = workspace.design.blocks[found[0]]
        ends = (*block.inputs, *block.outputs)
    return scope, [name for name in (*graph.nodes, *ends) if name in names]


def _shape(workspace: Workspace, scope: str, block: str | None, name: str | None) -> Shape | None:
    if name is None:
        return None
    results = graph_at(workspace.analysis, scope)
    tensor = tensor_at(results, workspace.design, block, name)
    return tensor.shape if tensor is not None else None


def _made(
    design: Design, item: Item, block: str | None, shape: Shape | None
) -> tuple[Design, Node, str]:
    """Return the design with what the item needs, the new node, and a name for it."""
    if item.kind == "layer":
        return design, editing.starting_node(item.name, shape), wish_for(item.name)
    name = item.name
    if item.kind == "preset":
        from designer import presets

        design, name = clipboard.take_in(design, presets.load(item.name))
    elif item.kind == "common":
        design, name = common_blocks.add_to(design, item.name)
    elif name not in design.blocks:
        raise DesignerError(f"This design has no block '{name}'; it may have been renamed.")
    check_use(design, name, block)
    return design, BlockNode(name), wish_for(name)


def _joined(
    design: Design, wish: str, node: Node, sources: list[str], block: str | None
) -> tuple[Design, str]:
    name = naming.free_name(design, wish, block)
    design = edits.add_node(design, name, node, block=block)
    for port, source in enumerate(sources[: editing.input_ports(design, node)]):
        design = edits.connect(design, Edge(source, 0, name, port), block=block)
    return design, name


def _apply(workspace: Workspace, scope: str, add: Callable[[Design], tuple[Design, str]]) -> None:
    if workspace.document is None:
        raise DesignerError("No design is open: open one, or begin a new one.")
    try:
        after, name = add(workspace.design)
    except DesignerError as error:
        workspace.refused.emit(str(error))
        return
    workspace.edit(f"add {name}", lambda _: after, select=[graph_paths.join(scope, name)])
