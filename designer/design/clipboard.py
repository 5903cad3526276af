"""Nodes of one design added to another: by copy and paste, or a whole design as a block."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from designer.design import blocks, files
from designer.design.arguments import arguments_of
from designer.design.edits import with_graph
from designer.design.expressions import Literal
from designer.design.grouping import INPUT, OUTPUT
from designer.design.identifiers import is_identifier, words
from designer.design.naming import (
    LONGEST,
    block_name_refusal,
    first_free,
    node_name_refusal,
    taken_names,
)
from designer.design.rewriting import names_read_in, with_values
from designer.design.sharing import renamed, without
from designer.design.values import Block, BlockNode, Design, Graph, LayerNode, Node, Point
from designer.errors import DesignerError

NO_NODES = (
    "The clipboard holds no nodes: copy some nodes, or the text of a design file, and paste again."
)


def copy(
    design: Design,
    block: str | None,
    names: Iterable[str],
    positions: Mapping[str, Point] | None = None,
) -> str:
    """Return nodes as the text of a design file, with their blocks and the edges between them.

    Parameters
    ----------
    positions
        Where nodes without a stored position are drawn.
    """
    graph = design.graph_of(block)
    wanted, drawn = set(names), positions or {}
    nodes = {
        name: replace(node, at=drawn[name]) if node.at is None and name in drawn else node
        for name, node in without(graph.nodes, graph.nodes.keys() - wanted).items()
    }
    edges = tuple(edge for edge in graph.edges if edge.source in nodes and edge.target in nodes)
    used = set(blocks.parts(design.blocks, nodes.values()))
    read = names_read_in(nodes.values())
    known = arguments_of(design, block)
    return files.dumps(
        Design(
            design.name,
            arguments={name: each for name, each in known.items() if name in read},
            blocks={name: each for name, each in design.blocks.items() if name in used},
            graph=Graph(nodes, edges),
            code=_code_of(design, nodes.values(), used),
        )
    )


def _code_of(design: Design, nodes: Iterable[Node], used: Iterable[str]) -> dict[str, str]:
    """Return the code of the design's own layer types that nodes and blocks have."""
    every = [*nodes]
    for name in used:
        every += design.blocks[name].graph.nodes.values()
    types = {node.layer for node in every if isinstance(node, LayerNode)}
    return {name: text for name, text in design.code.items() if name in types}


def _with_code(design: Design, code: Mapping[str, str]) -> Design:
    """Return a design with the code of further layer types.

    Raises
    ------
    DesignerError
        The design has another layer type, or a block, of the same name.
    """
    for name, text in code.items():
        if design.code.get(name, text) != text:
            raise DesignerError(
                f"{design.name} has a layer type {name} with other code; rename the class in one "
                "of the two designs."
            )
        if name in design.blocks:
            raise DesignerError(
                f"{name} is a layer type there and a block here; rename one of the two."
            )
    return replace(design, code={**design.code, **code}) if code else design


def paste(
    design: Design, block: str | None, text: str, at: Point | None = None
) -> tuple[Design, tuple[str, ...]]:
    """Add the nodes of a design file's text to a graph.

    Names that are taken get a number. Blocks that exist already are shared, others are added.
    Arguments that do not exist here are replaced by their values.

    Parameters
    ----------
    at
        Where to put the middle of the nodes, if all their positions are known.

    Returns
    -------
    tuple of Design and tuple of str
        The design, and the names of the new nodes.

    Raises
    ------
    DesignerError
        The text is not a design, has no nodes, or has nodes that do not fit into this graph.
    """
    if not text.lstrip().startswith("{") or len(text) > files.MAX_FILE_BYTES:
        raise DesignerError(NO_NODES)
    return put(design, block, files.loads(text, origin="The text on the clipboard"), at)


def put(
    design: Design, block: str | None, other: Design, at: Point | None = None
) -> tuple[Design, tuple[str, ...]]:
    """Add the nodes of another design to a graph; see `paste`."""
    if not other.graph.nodes:
        raise DesignerError(NO_NODES)
    if block is not None:
        for name, node in other.graph.nodes.items():
            if isinstance(node, LayerNode) and node.layer in (INPUT, OUTPUT):
                raise DesignerError(
                    f"{name} is an {node.layer}, which belongs in the design itself, not in a "
                    "block; copy the nodes without it."
                )
    design = _with_code(design, other.code)
    design, here = blocks.merge(design, other.blocks, other.graph.nodes.values())
    known = arguments_of(design, block)
    values = {
        name: Literal(each.default) for name, each in other.arguments.items() if name not in known
    }
    taken = taken_names(design, block)
    names: dict[str, str] = {}
    nodes: dict[str, Node] = {}
    for name, node in other.graph.nodes.items():
        names[name] = first_free(taken, name, node_name_refusal)
        taken.add(names[name])
        nodes[names[name]] = here(with_values(node, values))
    nodes = {name: renamed(node, names) for name, node in nodes.items()}
    for node in nodes.values():
        if isinstance(node, BlockNode):
            blocks.check_use(design, node.block, block)
    graph = design.graph_of(block)
    edges = tuple(
        edge._replace(source=names[edge.source], target=names[edge.target])
        for edge in other.graph.edges
    )
    graph = Graph({**graph.nodes, **_shifted(nodes, at)}, (*graph.edges, *edges))
    return with_graph(design, block, graph), tuple(names.values())


def _shifted(nodes: Mapping[str, Node], at: Point | None) -> dict[str, Node]:
    """Return the nodes, moved together so that the middle of their positions is at a point."""
    positions = [node.at for node in nodes.values() if node.at is not None]
    if at is None or len(positions) < len(nodes):
        return {name: replace(node, at=None) for name, node in nodes.items()}
    dx = at.x - (min(each.x for each in positions) + max(each.x for each in positions)) / 2
    dy = at.y - (min(each.y for each in positions) + max(each.y for each in positions)) / 2
    return {
        name: replace(node, at=Point(node.at.x + dx, node.at.y + dy) if node.at else None)
        for name, node in nodes.items()
    }


# A whole design as a block


def take_in(design: Design, other: Design) -> tuple[Design, str]:
    """Add another design as a block.

    Returns
    -------
    tuple of Design and str
        The design, and the name of the block.

    Raises
    ------
    DesignerError
        The other design has no input or no output.
    """
    made = as_block(other)
    inner = dict(other.blocks)
    name = first_free(inner, identifier(other.name, "Network"), block_name_refusal)
    node = BlockNode(name)
    design = _with_code(design, other.code)
    design, here = blocks.merge(design, {**inner, name: made}, (node,))
    found = here(node)
    assert isinstance(found, BlockNode)
    return design, found.block


def identifier(text: str, otherwise: str) -> str:
    """Return a text without the characters that names cannot have: ResNet50 for ResNet-50."""
    allowed = "_".join("".join(words(part)) for part in text.split("_"))
    while allowed and not is_identifier(allowed):  # starts with a digit or a combining sign
        allowed = allowed[1:]
    return allowed[: LONGEST - 6] or otherwise


def as_block(design: Design) -> Block:
    """Return a design as a block: its Input and Output nodes become inputs and outputs.

    Auxiliary outputs, and the nodes that only they need, are left out.

    Raises
    ------
    DesignerError
        The design has no input or no output.
    """
    graph = design.graph
    inputs = tuple(name for name, node in graph.nodes.items() if _is(node, INPUT))
    every = [name for name, node in graph.nodes.items() if _is(node, OUTPUT)]
    main = [name for name in every if _is_main(graph.nodes[name])]
    outputs = tuple(main or every)
    if not inputs or not outputs:
        raise DesignerError(f"{design.name} has no Input or no Output, so it cannot be a block.")
    needed = set(outputs)
    before: dict[str, list[str]] = {}
    for edge in graph.edges:
        before.setdefault(edge.target, []).append(edge.source)
    waiting = list(outputs)
    while waiting:
        more = [name for name in before.get(waiting.pop(), ()) if name not in needed]
        needed.update(more)
        waiting.extend(more)
    nodes = {
        name: replace(node, at=None) if node.at is not None else node
        for name, node in without(graph.nodes, graph.nodes.keys() - needed).items()
        if name not in inputs and name not in outputs
    }
    read = names_read_in(nodes.values())
    arguments = {name: each for name, each in design.arguments.items() if name in read}
    edges = tuple(edge for edge in graph.edges if edge.target in needed and edge.source in needed)
    return Block(arguments, inputs, outputs, Graph(nodes, edges))


def _is(node: Node, layer: str) -> bool:
    return isinstance(node, LayerNode) and node.layer == layer


def _is_main(node: Node) -> bool:
    return (
        isinstance(node, LayerNode)
        and node.when is True
        and node.parameters.get("auxiliary", False) is False
    )
