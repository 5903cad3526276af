"""Adding layers, blocks and presets: after a node, into an edge, or at a point."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from designer import common_blocks
from designer.analysis.assist import editing
from designer.analysis.assist.lookup import graph_at, tensor_at
from designer.design import clipboard, edits, naming
from designer.design.blocks import check_use
from designer.design.values import BlockNode, Design, Edge, Graph, Node, Point
from designer.errors import DesignerError
from designer.gui.documents import graph_paths, steps
from designer.gui.documents.items import Item
from designer.gui.documents.spacing import ROW_PITCH
from designer.gui.documents.workspace import Workspace
from designer.layers.catalogue import layer_types
from designer.layers.tensors import Shape


@dataclass(frozen=True)
class Spot:
    """Where something is added.

    Attributes
    ----------
    scope
        The path of the graph.
    at
        Its position in the graph; None leaves that to the layout.
    positions
        Where the other nodes are drawn now; they stay there if `at` is given.
    edge
        The edge into which it is inserted, None for no edge.
    name, port, output
        The port it is connected with: the node (or input or output of the block), the port's
        number, and whether it is an output port. No port if the name is empty.
    """

    scope: str
    at: Point | None = None
    positions: Mapping[str, Point] = field(default_factory=dict)
    edge: Edge | None = None
    name: str = ""
    port: int = 0
    output: bool = True


def append(workspace: Workspace, item: Item) -> None:
    """Add an item after the selected node and connect it; a join reads all selected nodes.

    With nothing selected it is added after the one open end of the graph, if there is one.
    """
    scope, chosen = _selected_nodes(workspace)
    block = graph_paths.block_at(workspace.design, scope)

    def add(design: Design) -> tuple[Design, str]:
        after = chosen[-1] if chosen else open_end(design, block)
        shape = _output_shape(workspace, scope, block, after)
        made, node, wanted = _node_for(design, item, block, shape)
        if len(chosen) > 1 and editing.input_ports(made, node) > 1:
            return _add_join(made, wanted, node, chosen, block)
        before = {*made.graph_of(block).edges}
        made, name = editing.add_after(made, wanted, node, after, block=block)
        for edge in before - {*made.graph_of(block).edges}:  # the edges that it was inserted into
            made = with_room(made, block, name, edge)
        return made, name

    _apply(workspace, scope, add)


def put(workspace: Workspace, item: Item, spot: Spot) -> None:
    """Add an item at a spot."""
    block = graph_paths.block_at(workspace.design, spot.scope)

    def add(design: Design) -> tuple[Design, str]:
        source = spot.edge.source if spot.edge else spot.name if spot.output else None
        shape = _output_shape(workspace, spot.scope, block, source or None)
        made, node, wanted = _node_for(design, item, block, shape)
        name = naming.free_name(made, wanted, block)
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
    """Replace a node by another layer or block, keeping its edges and common parameters."""
    scope, name = graph_paths.parent(path), graph_paths.name_of(path)
    block = graph_paths.block_at(workspace.design, scope)

    def edit(design: Design) -> Design:
        graph = design.graph_of(block)
        source = next((each.source for each in graph.edges if each.target == name), None)
        shape = _output_shape(workspace, scope, block, source)
        made, node, _ = _node_for(design, item, block, shape)
        return editing.replacement(made, name, node, block=block)

    workspace.edit(steps.step("replace", name=name, kind=item.name), edit, follow=True)


def can_insert(workspace: Workspace, item: Item) -> bool:
    """Tell whether an item has an input and an output, so that it can be inserted into an edge."""
    if item.kind in ("common", "preset"):
        return True
    if item.kind == "block":
        return item.name in workspace.design.blocks
    design = workspace.design
    node = editing.starting_node(item.name, code=design.code)
    return bool(editing.input_ports(design, node) and editing.output_ports(design, node))


def open_end(design: Design, block: str | None) -> str | None:
    """Return the node of a graph whose output nothing reads; None if there are none or several."""
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
    """Position a node that was inserted into an edge, and move down what lies below if needed.

    If the ends of the edge have no stored positions, the layout makes room.
    """
    nodes = design.graph_of(block).nodes
    source, target = nodes.get(edge.source), nodes.get(edge.target)
    if source is None or target is None or source.at is None or target.at is None:
        return design
    moved: dict[str, Point | None] = {}
    missing = source.at.y + 2 * ROW_PITCH - target.at.y
    if missing > 0:
        for key, node in nodes.items():
            if node.at is not None and node.at.y >= target.at.y and key != edge.source:
                moved[key] = Point(node.at.x, node.at.y + missing)
    moved[name] = Point((source.at.x + target.at.x) / 2, source.at.y + ROW_PITCH)
    return edits.move(design, moved, block=block)


def default_name(name: str) -> str:
    """Return the name of the first node of a layer type or block: ``conv`` for Conv3d."""
    return clipboard.identifier(re.sub("[123]d$", "", name).lower(), "node")


def _selected_nodes(workspace: Workspace) -> tuple[str, list[str]]:
    """Return the path of the graph in which nodes are selected, and their names in its order."""
    paths = workspace.selection
    scopes = {graph_paths.parent(path) for path in paths}
    scope = scopes.pop() if len(scopes) == 1 else workspace.scope
    names = {graph_paths.name_of(path) for path in paths if graph_paths.parent(path) == scope}
    found = graph_paths.graph_at(workspace.design, scope)
    graph = found[1] if found is not None else Graph()
    block = found[0] if found is not None else None
    inputs, outputs = graph_paths.ends_of(workspace.design, block)
    return scope, [name for name in (*graph.nodes, *inputs, *outputs) if name in names]


def _output_shape(
    workspace: Workspace, scope: str, block: str | None, name: str | None
) -> Shape | None:
    """Return the shape of the tensor at a node's output, None if it is not known."""
    if name is None:
        return None
    results = graph_at(workspace.analysis, scope)
    tensor = tensor_at(results, workspace.design, block, name)
    return tensor.shape if tensor is not None else None


def _node_for(
    design: Design, item: Item, block: str | None, shape: Shape | None
) -> tuple[Design, Node, str]:
    """Return the design with the blocks that the item needs, its node, and a name for it.

    Raises
    ------
    DesignerError
        The design has no such block, or the block would contain itself.
    """
    if item.kind == "layer":
        if item.name not in layer_types(design.code):
            raise DesignerError(
                f"This design has no layer type '{item.name}'; it may have been renamed. Choose it "
                "again."
            )
        node = editing.starting_node(item.name, shape, design.code)
        return design, node, default_name(item.name)
    name = item.name
    if item.kind == "preset":
        from designer import presets

        design, name = clipboard.take_in(design, presets.load(item.name))
    elif item.kind == "common":
        design, name = common_blocks.add_to(design, item.name)
    elif name not in design.blocks:
        raise DesignerError(
            f"This design has no block '{name}'; it may have been renamed. Choose it again."
        )
    check_use(design, name, block)
    return design, BlockNode(name), default_name(name)


def _add_join(
    design: Design, wanted: str, node: Node, sources: list[str], block: str | None
) -> tuple[Design, str]:
    """Add a join that reads all sources, as far as it has ports."""
    name = naming.free_name(design, wanted, block)
    design = edits.add_node(design, name, node, block=block)
    for port, source in enumerate(sources[: editing.input_ports(design, node)]):
        design = edits.connect(design, Edge(source, 0, name, port), block=block)
    return design, name


def _apply(workspace: Workspace, scope: str, add: Callable[[Design], tuple[Design, str]]) -> None:
    """Do an edit that adds a node and returns its name, and select the node."""
    if workspace.document is None:
        raise DesignerError("No design is open; open one or begin a new one.")
    try:
        after, name = add(workspace.design)
    except DesignerError as error:
        workspace.refused.emit(str(error))
        return
    workspace.edit(
        steps.step("add", name=name),
        lambda _: after,
        select=[graph_paths.join(scope, name)],
        follow=True,
    )
