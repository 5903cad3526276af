"""Edits: functions that return a changed design, which shares all unchanged parts with the old one.

Each edit takes the design and `block`: the name of the block whose graph is changed, or None for
the design's own graph. An impossible edit raises a `DesignerError`. An edit of a node that shares
weights holds for all nodes that share them.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import replace
from typing import TypeAlias

from designer.design.expressions import MAX_MAGNITUDE, Scalar, is_expression
from designer.design.naming import check_new_name, free_name
from designer.design.sharing import renamed, with_group, without
from designer.design.values import (
    MAX_PORT,
    BlockNode,
    Design,
    Edge,
    Graph,
    LayerNode,
    Node,
    Point,
    Value,
)
from designer.errors import DesignerError

Edit: TypeAlias = Callable[[Design], Design]


def with_graph(design: Design, block: str | None, graph: Graph) -> Design:
    """Replace the graph of a block, or of the design itself for None."""
    if block is None:
        return replace(design, graph=graph)
    changed = replace(design.blocks[block], graph=graph)
    return replace(design, blocks={**design.blocks, block: changed})


def set_argument(design: Design, name: str, value: Scalar) -> Design:
    """Set an argument of the design to a value.

    Raises
    ------
    DesignerError
        The design has no such argument, or the value is outside its range.
    """
    if name not in design.arguments:
        known = ", ".join(design.arguments) or "none"
        raise DesignerError(f"{design.name} has no argument '{name}'; its arguments are: {known}.")
    argument = design.arguments[name]
    if isinstance(argument.default, float) and type(value) is int:
        value = float(value)
    refusal = argument.refusal(value)
    if refusal:
        raise DesignerError(f"The argument '{name}' of {design.name} {refusal}.")
    value = next((each for each in argument.choices if each == value), value)
    arguments = {**design.arguments, name: replace(argument, default=value)}
    return replace(design, arguments=arguments)


def set_parameter(
    design: Design, node: str, parameter: str, value: Value, *, block: str | None = None
) -> Design:
    """Set a layer's parameter to a value or an expression."""
    graph = design.graph_of(block)
    layer = _node(graph, node)
    if not isinstance(layer, LayerNode):
        raise DesignerError(f"'{node}' is a block; set its arguments instead.")
    changed = replace(layer, parameters={**layer.parameters, parameter: value})
    nodes = {**graph.nodes, **with_group(graph.nodes, node, changed)}
    return with_graph(design, block, replace(graph, nodes=nodes))


def remove_parameter(
    design: Design, node: str, parameter: str, *, block: str | None = None
) -> Design:
    """Reset a parameter to its default, or remove one that the layer does not have."""
    graph = design.graph_of(block)
    layer = _node(graph, node)
    if isinstance(layer, BlockNode):
        arguments = {key: each for key, each in layer.arguments.items() if key != parameter}
        changed: Node = replace(layer, arguments=arguments)
    else:
        parameters = {key: each for key, each in layer.parameters.items() if key != parameter}
        changed = replace(layer, parameters=parameters)
    nodes = {**graph.nodes, **with_group(graph.nodes, node, changed)}
    return with_graph(design, block, replace(graph, nodes=nodes))


def set_block_argument(
    design: Design, node: str, argument: str, value: Scalar, *, block: str | None = None
) -> Design:
    """Set an argument of one use of a block to a value or an expression."""
    graph = design.graph_of(block)
    use = _node(graph, node)
    if not isinstance(use, BlockNode):
        raise DesignerError(f"'{node}' is a layer; set its parameters instead.")
    changed = replace(use, arguments={**use.arguments, argument: value})
    nodes = {**graph.nodes, **with_group(graph.nodes, node, changed)}
    return with_graph(design, block, replace(graph, nodes=nodes))


def add_node(design: Design, name: str, node: Node, *, block: str | None = None) -> Design:
    """Add a node under a new name.

    Raises
    ------
    DesignerError
        The name is taken or not valid.
    """
    graph = design.graph_of(block)
    check_new_name(design, name, block)
    return with_graph(design, block, replace(graph, nodes={**graph.nodes, name: node}))


def remove_node(
    design: Design, name: str, *, heal: bool = True, block: str | None = None
) -> Design:
    """Remove a node with its edges; see `remove_nodes`."""
    return remove_nodes(design, (name,), heal=heal, block=block)


def remove_nodes(
    design: Design, names: Iterable[str], *, heal: bool = True, block: str | None = None
) -> Design:
    """Remove nodes with their edges.

    Of the nodes that share weights with a removed one, the first keeps them, and the others share
    with it.

    Parameters
    ----------
    heal
        Whether readers of a removed node with one input read that input's source instead.
    """
    graph = design.graph_of(block)
    gone = set(names)
    for name in gone:
        _node(graph, name)
    nodes = without(graph.nodes, gone)
    return with_graph(design, block, Graph(nodes, _past(graph.edges, gone, heal=heal)))


def take_out(design: Design, name: str, *, block: str | None = None) -> Design:
    """Remove the edges of a node; readers of a node with one input read its source instead."""
    graph = design.graph_of(block)
    _node(graph, name)
    edges = _past(graph.edges, {name}, heal=True)
    if len(edges) == len(graph.edges):
        return design
    return with_graph(design, block, replace(graph, edges=edges))


def _past(edges: tuple[Edge, ...], gone: Set[str], *, heal: bool) -> tuple[Edge, ...]:
    """Return the edges that remain without some nodes, led around those that one edge enters."""
    entering: dict[str, list[Edge]] = {}
    for edge in edges:
        if edge.target in gone:
            entering.setdefault(edge.target, []).append(edge)
    origins: dict[str, Edge | None] = {}

    def origin(name: str) -> Edge | None:
        passed: list[str] = []
        found: Edge | None = None
        while name not in origins:
            passed.append(name)
            origins[name] = None  # ends the loop if the nodes form a cycle
            before = entering.get(name, ())
            if not heal or len(before) != 1:
                break
            found, name = before[0], before[0].source
            if name not in gone:
                break
        else:
            found = origins[name]
        if found is not None and found.source in gone:
            found = None
        origins.update(dict.fromkeys(passed, found))
        return found

    left = []
    for edge in edges:
        if edge.target in gone:
            continue
        if edge.source not in gone:
            left.append(edge)
        elif (start := origin(edge.source)) is not None:
            left.append(edge._replace(source=start.source, source_port=start.source_port))
    return tuple(left)


def rename_node(design: Design, name: str, new: str, *, block: str | None = None) -> Design:
    """Rename a node; its edges follow.

    Raises
    ------
    DesignerError
        The name is taken or not valid.
    """
    graph = design.graph_of(block)
    _node(graph, name)
    if new == name:
        return design
    check_new_name(design, new, block)
    nodes = {
        new if key == name else key: renamed(node, {name: new}) for key, node in graph.nodes.items()
    }
    edges = tuple(
        edge._replace(
            source=new if edge.source == name else edge.source,
            target=new if edge.target == name else edge.target,
        )
        for edge in graph.edges
    )
    return with_graph(design, block, Graph(nodes, edges))


def replace_node(design: Design, name: str, node: Node, *, block: str | None = None) -> Design:
    """Replace a node; its name and edges remain."""
    graph = design.graph_of(block)
    if _node(graph, name) == node:
        return design
    nodes = {**graph.nodes, **with_group(graph.nodes, name, node)}
    return with_graph(design, block, replace(graph, nodes=nodes))


def set_when(design: Design, name: str, when: Scalar, *, block: str | None = None) -> Design:
    """Set when a node exists: always (True), never (False), or by an expression."""
    node = _node(design.graph_of(block), name)
    return replace_node(design, name, replace(node, when=when), block=block)


def set_learning_rate(
    design: Design, name: str, factor: Scalar, *, block: str | None = None
) -> Design:
    """Set the factor for the learning rate of a node, or of everything in a block; 0 freezes.

    Raises
    ------
    DesignerError
        The factor is neither a number from 0 on nor an expression.
    """
    return set_learning_rates(design, (name,), factor, block=block)


def set_learning_rates(
    design: Design, names: Iterable[str], factor: Scalar, *, block: str | None = None
) -> Design:
    """Set the factor for the learning rates of several nodes; see `set_learning_rate`."""
    graph = design.graph_of(block)
    changed: dict[str, Node] = {}
    for name in names:
        allowed = is_expression(factor) or (
            isinstance(factor, int | float)
            and not isinstance(factor, bool)
            and 0 <= factor <= MAX_MAGNITUDE
        )
        if not allowed:
            raise DesignerError(
                f"The factor for the learning rate of '{name}' is a number from 0 on; received "
                f"{factor!r}."
            )
        node = _node(graph, name)
        if node.learning_rate != factor:
            changed |= with_group(graph.nodes, name, replace(node, learning_rate=factor))
    if not changed:
        return design
    return with_graph(design, block, replace(graph, nodes={**graph.nodes, **changed}))


def set_repeat(design: Design, name: str, repeat: Scalar, *, block: str | None = None) -> Design:
    """Set how many times a block runs in a row."""
    node = _node(design.graph_of(block), name)
    if not isinstance(node, BlockNode):
        raise DesignerError(f"'{name}' is a layer; only a block can be repeated. Group it first.")
    return replace_node(design, name, replace(node, repeat=repeat), block=block)


def move(
    design: Design, positions: Mapping[str, Point | None], *, block: str | None = None
) -> Design:
    """Move nodes to positions on the canvas; None leaves the position to the layout."""
    graph = design.graph_of(block)
    moved = {
        name: replace(graph.nodes[name], at=at)
        for name, at in positions.items()
        if name in graph.nodes and graph.nodes[name].at != at
    }
    if not moved:
        return design
    return with_graph(design, block, replace(graph, nodes={**graph.nodes, **moved}))


def connect(design: Design, edge: Edge, *, block: str | None = None) -> Design:
    """Add an edge.

    Raises
    ------
    DesignerError
        An end does not exist, the input port has an edge already, or the edge would close a cycle.
    """
    graph = design.graph_of(block)
    sources, targets = set(graph.nodes), set(graph.nodes)
    if block is not None:
        sources.update(design.blocks[block].inputs)
        targets.update(design.blocks[block].outputs)
    for name, known in ((edge.source, sources), (edge.target, targets)):
        if name not in known:
            raise DesignerError(
                f"No edge can go from '{edge.source}' to '{edge.target}': there is no '{name}' "
                "at that end."
            )
    for port in (edge.source_port, edge.target_port):
        if not 0 <= port < MAX_PORT:
            raise DesignerError(f"Ports are numbered from 0 to {MAX_PORT - 1}; received {port}.")
    if edge.source in reached(graph, edge.target):
        raise DesignerError(
            f"An edge from '{edge.source}' to '{edge.target}' would close a cycle; data flows "
            "one way."
        )
    for other in graph.edges:
        if other[2:] == edge[2:]:
            raise DesignerError(
                f"Input {edge.target_port} of '{edge.target}' has an edge from '{other.source}' "
                "already; remove that first."
            )
    return with_graph(design, block, replace(graph, edges=(*graph.edges, edge)))


def disconnect(design: Design, edge: Edge, *, block: str | None = None) -> Design:
    """Remove an edge."""
    graph = design.graph_of(block)
    check_drawn(graph, edge)
    edges = tuple(each for each in graph.edges if each != edge)
    return with_graph(design, block, replace(graph, edges=edges))


def reconnect(design: Design, old: Edge, new: Edge, *, block: str | None = None) -> Design:
    """Replace an edge by another.

    Raises
    ------
    DesignerError
        As `connect`.
    """
    return connect(disconnect(design, old, block=block), new, block=block)


def insert_on_edge(
    design: Design, edge: Edge, name: str, node: Node, *, block: str | None = None
) -> Design:
    """Insert a node with one input and one output into an edge.

    If `name` is taken, it gets a number.
    """
    name = free_name(design, name, block)
    graph = design.graph_of(block)
    check_drawn(graph, edge)
    edges = []
    for each in graph.edges:
        if each == edge:
            edges.append(Edge(edge.source, edge.source_port, name, 0))
            edges.append(Edge(name, 0, edge.target, edge.target_port))
        else:
            edges.append(each)
    nodes = {}
    for key, each_node in graph.nodes.items():
        if key == edge.target:
            nodes[name] = node
        nodes[key] = each_node
    nodes.setdefault(name, node)
    return with_graph(design, block, Graph(nodes, tuple(edges)))


def free_port(design: Design, name: str, block: str | None = None) -> int:
    """Return the first input port of a node that has no edge."""
    taken = {edge.target_port for edge in design.graph_of(block).edges if edge.target == name}
    return next(port for port in range(len(taken) + 1) if port not in taken)


def _node(graph: Graph, name: str) -> Node:
    if name not in graph.nodes:
        raise DesignerError(f"There is no node '{name}' here; it may have been removed.")
    return graph.nodes[name]


def check_drawn(graph: Graph, edge: Edge) -> None:
    """Refuse an edge that does not exist.

    Raises
    ------
    DesignerError
        The edge is not in the graph.
    """
    if edge not in graph.edges:
        raise DesignerError(
            f"There is no edge from '{edge.source}' to input {edge.target_port} of "
            f"'{edge.target}'; it may have been removed."
        )


def reached(graph: Graph, start: str) -> set[str]:
    """Return a node and all nodes that its data flow to."""
    onward: dict[str, list[str]] = {}
    for edge in graph.edges:
        onward.setdefault(edge.source, []).append(edge.target)
    seen = {start}
    waiting: Iterable[str] = [start]
    while waiting:
        waiting = [next_ for name in waiting for next_ in onward.get(name, ()) if next_ not in seen]
        seen.update(waiting)
    return seen
