"""Dissolving: the nodes of a block replace one of its uses."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from designer.design.edits import with_graph
from designer.design.expressions import Binary, Literal, Tree, fold, is_expression, substitute
from designer.design.grouping import inserted, middle
from designer.design.naming import first_free, node_name_refusal, taken_names
from designer.design.rewriting import NUMBER, SIZES, names_read, tree_of, value_of, with_values
from designer.design.sharing import check_alone, renamed
from designer.design.values import Block, BlockNode, Design, Edge, Graph, Node, Point
from designer.errors import DesignerError

MAX_NODES = 400
"""The most nodes that a dissolved block may become."""

_Port = tuple[str, int]


def dissolve(
    design: Design,
    name: str,
    *,
    sizes: Sequence[Mapping[str, int]] = (),
    block: str | None = None,
) -> Design:
    """Replace one use of a block by the nodes of the block, once for each repetition.

    Parameters
    ----------
    sizes
        For each repetition, the sizes of its input that expressions may read (``in_channels``).

    Raises
    ------
    DesignerError
        The use is conditional, repeats by an expression or too often, reads unknown sizes, or
        shares its weights with another use.
    """
    graph = design.graph_of(block)
    use = graph.nodes.get(name)
    if not isinstance(use, BlockNode) or use.block not in design.blocks:
        raise DesignerError(f"'{name}' is not a block, so it cannot be dissolved.")
    used = design.blocks[use.block]
    times = _times(name, use, used)
    check_alone(graph, (name,), "dissolved")
    nodes: dict[str, Node] = {}
    taken = taken_names(design, block) - {name}
    edges: list[Edge] = []
    entering = {
        edge.target_port: (edge.source, edge.source_port)
        for edge in graph.edges
        if edge.target == name
    }
    leaving: dict[int, _Port | None] = {}
    for number in range(times):
        trees = _values(name, use, used, number, sizes)
        names = {}
        for inner, node in used.graph.nodes.items():
            more = f"{name}_{number}" if times > 1 else name
            base = inner if inner not in taken and times == 1 else f"{more}_{inner}"
            names[inner] = first_free(taken, base, node_name_refusal)
            taken.add(names[inner])
            inner_node = _with_learning_rate(with_values(node, trees), use, number)
            nodes[names[inner]] = _moved(inner_node, use, used, times)
        for made in names.values():
            nodes[made] = renamed(nodes[made], names)
        ports = {end: entering.get(port) for port, end in enumerate(used.inputs)}
        ends: dict[str, _Port | None] = {}
        for edge in used.graph.edges:
            source = (
                ports[edge.source]
                if edge.source in ports
                else (names[edge.source], edge.source_port)
            )
            if edge.target in names:
                if source is not None:
                    edges.append(Edge(*source, names[edge.target], edge.target_port))
            else:
                ends[edge.target] = source
        leaving = {port: ends.get(end) for port, end in enumerate(used.outputs)}
        entering = {port: source for port, source in leaving.items() if source is not None}
    return with_graph(design, block, _spliced(graph, name, nodes, edges, leaving))


def _times(name: str, use: BlockNode, used: Block) -> int:
    if use.when is not True:
        raise DesignerError(
            f"{name} only exists when {_words(use.when)}; its nodes would always exist. Remove the "
            "condition first."
        )
    times = use.repeat
    if type(times) is not int:
        raise DesignerError(
            f"{name} is repeated {_words(times)} times; give it a fixed number first."
        )
    if times < 1:
        raise DesignerError(f"{name} is repeated {times} times; remove it instead.")
    if times > 1 and (len(used.inputs) != 1 or len(used.outputs) != 1):
        raise DesignerError(
            f"{name} cannot be repeated, since it has several inputs or outputs; fix that first."
        )
    if times * len(used.graph.nodes) > MAX_NODES:
        raise DesignerError(
            f"{name} has {len(used.graph.nodes)} nodes, repeated {times} times; at most "
            f"{MAX_NODES} can replace it."
        )
    return times


def _words(value: object) -> str:
    return str(value).removeprefix("=") if is_expression(value) else str(value).lower()


def _values(
    name: str, use: BlockNode, used: Block, number: int, sizes: Sequence[Mapping[str, int]]
) -> dict[str, Tree]:
    """Return the value of each name in the scope of a block, for one of its repetitions."""
    known = sizes[number] if number < len(sizes) else {}
    for inner, node in used.graph.nodes.items():
        missing = names_read(node).intersection(SIZES) - known.keys()
        if missing:
            raise DesignerError(
                f"{inner} reads {min(missing)} of {name}, which is not known; connect {name} first."
            )
    trees: dict[str, Tree] = {size: Literal(value) for size, value in known.items()}
    for argument, each in used.arguments.items():
        tree = tree_of(use.arguments.get(argument, each.default))
        trees[argument] = substitute(tree, {NUMBER: Literal(number)})
    return trees


def _with_learning_rate(node: Node, use: BlockNode, number: int) -> Node:
    """Return an inner node with the factor for the learning rate that it has in the use."""
    outer = substitute(tree_of(use.learning_rate), {NUMBER: Literal(number)})
    if outer == Literal(1):
        return node
    inner = tree_of(node.learning_rate)
    product = outer if inner == Literal(1) else Binary("*", outer, inner)
    return replace(node, learning_rate=value_of(fold(product)))


def _moved(node: Node, use: BlockNode, used: Block, times: int) -> Node:
    """Return an inner node at its position relative to the use, if all positions are known."""
    center = middle([each.at for each in used.graph.nodes.values()])
    if times > 1 or use.at is None or center is None or node.at is None:
        return node if node.at is None else replace(node, at=None)
    at = Point(node.at.x + use.at.x - center.x, node.at.y + use.at.y - center.y)
    return replace(node, at=at)


def _spliced(
    graph: Graph,
    name: str,
    nodes: Mapping[str, Node],
    inner: Iterable[Edge],
    leaving: Mapping[int, _Port | None],
) -> Graph:
    """Return a graph in which nodes and their edges replace one node."""
    index = list(graph.nodes).index(name)
    rest = {key: node for key, node in graph.nodes.items() if key != name}
    edges: list[Edge] = []
    waiting = list(inner)
    for edge in graph.edges:
        if name in (edge.source, edge.target):
            edges += waiting
            waiting = []
        if edge.source == name and edge.target != name:
            source = leaving.get(edge.source_port)
            if source is not None:
                edges.append(Edge(*source, edge.target, edge.target_port))
        elif edge.target != name:
            edges.append(edge)
    return Graph(inserted(rest, index, nodes), (*edges, *waiting))
