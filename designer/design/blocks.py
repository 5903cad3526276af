"""Edits of blocks: their names, their inputs and outputs; and where they are used."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from designer.design.arguments import with_every_node
from designer.design.edits import with_graph
from designer.design.naming import block_name_refusal, check_new_name, first_free
from designer.design.values import Block, BlockNode, Design, Edge, Graph, Node
from designer.errors import DesignerError


def graphs(design: Design) -> Iterator[tuple[str | None, Graph]]:
    """Yield all graphs: the design's own, with None as name, then those of the blocks."""
    yield None, design.graph
    for name, block in design.blocks.items():
        yield name, block.graph


def uses(design: Design, block: str) -> list[tuple[str | None, str]]:
    """Return the uses of a block: pairs of the block around (None: the design) and the node."""
    return [
        (around, name)
        for around, graph in graphs(design)
        for name, node in graph.nodes.items()
        if isinstance(node, BlockNode) and node.block == block
    ]


def parts(blocks: Mapping[str, Block], nodes: Iterable[Node]) -> list[str]:
    """Return the blocks that nodes use, also indirectly, the innermost first."""
    found: dict[str, None] = {}
    begun: set[str] = set()
    waiting: list[tuple[str, Iterator[Node]]] = [("", iter(nodes))]
    while waiting:
        name, rest = waiting[-1]
        node = next(rest, None)
        if node is None:
            found[name] = None
            waiting.pop()
        elif isinstance(node, BlockNode) and node.block in blocks and node.block not in begun:
            begun.add(node.block)
            waiting.append((node.block, iter(blocks[node.block].graph.nodes.values())))
    return [name for name in found if name]


def check_use(design: Design, used: str, block: str | None) -> None:
    """Refuse a block within itself.

    Raises
    ------
    DesignerError
        The block `used` is, or contains, the block `block` in which it is to be used.
    """
    if block is None:
        return
    inner = parts(design.blocks, (BlockNode(used),))
    if block in inner:
        if used == block:
            raise DesignerError(f"{block} cannot contain itself; that would never end.")
        raise DesignerError(
            f"{block} cannot contain {used}, which contains {block}; that would never end."
        )


def free_block_name(design: Design, name: str) -> str:
    """Return `name` for a new block, with a number if it is taken."""
    return first_free({*design.blocks, *design.code}, name, block_name_refusal)


def block_name_sentence(design: Design, name: str) -> str | None:
    """Return a sentence that says why a new block cannot have a name, or None."""
    refusal = block_name_refusal(name)
    if refusal:
        return f"'{name}' {refusal}."
    if name in design.blocks:
        return f"The name '{name}' is taken by another block; choose another name."
    if name in design.code:
        return f"The name '{name}' is taken by a layer type of the design; choose another name."
    return None


def rename_block(design: Design, name: str, new: str) -> Design:
    """Rename a block; its uses follow.

    Raises
    ------
    DesignerError
        There is no such block, or the new name is taken or not valid.
    """
    _check_known(design, name)
    if new == name:
        return design
    refusal = block_name_sentence(design, new)
    if refusal:
        raise DesignerError(refusal)
    design = with_every_node(
        design,
        lambda node: (
            replace(node, block=new) if isinstance(node, BlockNode) and node.block == name else node
        ),
    )
    blocks = {new if key == name else key: block for key, block in design.blocks.items()}
    return replace(design, blocks=blocks)


def remove_block(design: Design, name: str) -> Design:
    """Remove a block that is not used.

    Raises
    ------
    DesignerError
        There is no such block, or it is used.
    """
    _check_known(design, name)
    found = uses(design, name)
    if found:
        around, node = found[0]
        user = f"{around}.{node}" if around else node
        if len(found) == 1:
            raise DesignerError(f"{name} is used by {user}; remove or dissolve that first.")
        raise DesignerError(
            f"{name} is used by {user} and {len(found) - 1} more; remove or dissolve those first."
        )
    return replace(design, blocks={key: each for key, each in design.blocks.items() if key != name})


def rename_end(design: Design, block: str, name: str, new: str) -> Design:
    """Rename an input or output of a block.

    Raises
    ------
    DesignerError
        There is no such input or output, or the new name is taken or not valid.
    """
    used = _block(design, block)
    _check_end(used, block, name)
    if new == name:
        return design
    check_new_name(design, new, block)
    edges = tuple(
        edge._replace(
            source=new if edge.source == name else edge.source,
            target=new if edge.target == name else edge.target,
        )
        for edge in used.graph.edges
    )
    changed = replace(
        used,
        inputs=tuple(new if each == name else each for each in used.inputs),
        outputs=tuple(new if each == name else each for each in used.outputs),
        graph=replace(used.graph, edges=edges),
    )
    return replace(design, blocks={**design.blocks, block: changed})


def add_end(design: Design, block: str, name: str, *, output: bool) -> Design:
    """Add an input or output to a block, behind the others.

    Raises
    ------
    DesignerError
        The name is taken or not valid.
    """
    used = _block(design, block)
    check_new_name(design, name, block)
    changed = (
        replace(used, outputs=(*used.outputs, name))
        if output
        else replace(used, inputs=(*used.inputs, name))
    )
    return replace(design, blocks={**design.blocks, block: changed})


def remove_end(design: Design, block: str, name: str) -> Design:
    """Remove an input or output of a block, with its edges in the block and at each use.

    Raises
    ------
    DesignerError
        There is no such input or output, or it is the last one.
    """
    used = _block(design, block)
    _check_end(used, block, name)
    output = name in used.outputs
    ends = used.outputs if output else used.inputs
    if len(ends) == 1:
        raise DesignerError(
            f"{name} is the only output of {block}; a block has at least one."
            if output
            else f"{name} is the only input of {block}; a block has at least one."
        )
    port = ends.index(name)
    inner = tuple(edge for edge in used.graph.edges if name not in (edge.source, edge.target))
    rest = tuple(each for each in ends if each != name)
    graph = replace(used.graph, edges=inner)
    changed = (
        replace(used, outputs=rest, graph=graph)
        if output
        else replace(used, inputs=rest, graph=graph)
    )
    design = replace(design, blocks={**design.blocks, block: changed})
    move_up = _without_source_port if output else _without_target_port
    for around, graph in list(graphs(design)):
        names = {
            key
            for key, node in graph.nodes.items()
            if isinstance(node, BlockNode) and node.block == block
        }
        edges = tuple(move_up(graph.edges, names, port))
        if edges != graph.edges:
            design = with_graph(design, around, replace(graph, edges=edges))
    return design


def _without_source_port(edges: Iterable[Edge], names: set[str], port: int) -> Iterator[Edge]:
    for edge in edges:
        if edge.source not in names or edge.source_port < port:
            yield edge
        elif edge.source_port > port:
            yield edge._replace(source_port=edge.source_port - 1)


def _without_target_port(edges: Iterable[Edge], names: set[str], port: int) -> Iterator[Edge]:
    for edge in edges:
        if edge.target not in names or edge.target_port < port:
            yield edge
        elif edge.target_port > port:
            yield edge._replace(target_port=edge.target_port - 1)


def merge(
    design: Design, blocks: Mapping[str, Block], nodes: Iterable[Node]
) -> tuple[Design, Callable[[Node], Node]]:
    """Add the blocks that nodes of another design use.

    A block that exists already, apart from the positions of its nodes, is shared; another one gets
    a new name if its own is taken.

    Returns
    -------
    tuple of Design and function
        The design, and a function that adapts a node of the other design to the blocks' names here.
    """
    names: dict[str, str] = {}

    def here(node: Node) -> Node:
        if isinstance(node, BlockNode) and names.get(node.block, node.block) != node.block:
            return replace(node, block=names[node.block])
        return node

    for name in parts(blocks, nodes):
        block = blocks[name]
        graph = block.graph
        inner = {key: here(node) for key, node in graph.nodes.items()}
        block = replace(block, graph=replace(graph, nodes=inner))
        names[name] = _alike(design, name, block) or free_block_name(design, name)
        if names[name] not in design.blocks:
            design = replace(design, blocks={**design.blocks, names[name]: block})
    return design, here


def _alike(design: Design, name: str, block: Block) -> str | None:
    """Return an existing block that is equal, under the same name with or without a number."""
    wanted = _unplaced(block)
    for each, known in design.blocks.items():
        number = each.removeprefix(name).removeprefix("_")
        same_name = each == name or (each.startswith(name) and number.isdecimal())
        if same_name and _unplaced(known) == wanted:
            return each
    return None


def _unplaced(block: Block) -> Block:
    graph = block.graph
    nodes = {name: replace(node, at=None) for name, node in graph.nodes.items()}
    edges = tuple(sorted(graph.edges))
    return replace(block, graph=Graph(nodes, edges))


def _check_known(design: Design, name: str) -> None:
    if name not in design.blocks:
        raise DesignerError(f"There is no block '{name}' in this design; it may have been removed.")


def _block(design: Design, name: str) -> Block:
    _check_known(design, name)
    return design.blocks[name]


def _check_end(block: Block, name: str, end: str) -> None:
    if end not in block.inputs and end not in block.outputs:
        known = ", ".join((*block.inputs, *block.outputs))
        raise DesignerError(f"{name} has no input or output '{end}'; it has {known}.")
