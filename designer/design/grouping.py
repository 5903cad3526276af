"""Grouping: some nodes of a graph become a block."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from designer.design.arguments import arguments_of
from designer.design.blocks import block_name_sentence
from designer.design.edits import with_graph
from designer.design.naming import argument_name_refusal, first_free, node_name_refusal, taken_names
from designer.design.rewriting import (
    SIZES,
    names_read_in,
    with_names,
)
from designer.design.sharing import check_alone
from designer.design.values import (
    Argument,
    Block,
    BlockNode,
    Design,
    Edge,
    Graph,
    LayerNode,
    Node,
    Point,
)
from designer.errors import DesignerError

INPUT, OUTPUT = "Input", "Output"

_Port = tuple[str, int]


def group(
    design: Design, names: Iterable[str], name: str, node: str, *, block: str | None = None
) -> Design:
    """Make some nodes of a graph a block called `name`, and replace them by the node `node`.

    Each output outside that they read becomes an input of the block; each of their outputs that is
    read outside becomes an output of the block. Arguments that their expressions read become
    arguments of the block with the same names, to which the node passes the outer values.

    Raises
    ------
    DesignerError
        A node between them is not selected, an Input or Output is selected, a name is taken, or a
        node shares weights with one that is not selected.
    """
    graph = design.graph_of(block)
    wanted = set(names)
    chosen = {key: node for key, node in graph.nodes.items() if key in wanted}
    _check_chosen(graph, chosen)
    check_alone(graph, chosen, "moved into a block")
    refusal = block_name_sentence(design, name)
    if refusal:
        raise DesignerError(refusal)
    if node_name_refusal(node) or node in taken_names(design, block) - chosen.keys():
        raise DesignerError(f"'{node}' cannot be the name of the new node; choose another one.")
    sources, readers = _ends(graph, chosen)
    taken = {*chosen}
    inputs = _named("x", len(sources), taken)
    outputs = _named("y", len(readers), taken)
    inner = [
        *(edge for edge in graph.edges if edge.source in chosen and edge.target in chosen),
        *(
            Edge(end, 0, target, port)
            for end, targets in zip(inputs, sources.values(), strict=True)
            for target, port in targets
        ),
        *(Edge(*port, end, 0) for end, port in zip(outputs, readers, strict=True)),
    ]
    nodes, arguments, given = _with_arguments(design, block, chosen)
    made = Block(arguments, inputs, outputs, Graph(nodes, tuple(inner)))
    use = BlockNode(name, given, at=middle([each.at for each in chosen.values()]))

    input_of = {source: port for port, source in enumerate(sources)}
    output_of = {port: number for number, port in enumerate(readers)}
    entered: set[int] = set()
    edges = []
    for edge in graph.edges:
        inside, reader_inside = edge.source in chosen, edge.target in chosen
        if inside and not reader_inside:
            number = output_of[edge.source, edge.source_port]
            edges.append(edge._replace(source=node, source_port=number))
        elif reader_inside and not inside:
            port = input_of[edge.source, edge.source_port]
            if port not in entered:
                entered.add(port)
                edges.append(Edge(edge.source, edge.source_port, node, port))
        elif not inside:
            edges.append(edge)
    rest = {key: each for key, each in graph.nodes.items() if key not in chosen}
    written = inserted(rest, _insertion_index(graph, chosen), {node: use})
    design = replace(design, blocks={**design.blocks, name: made})
    return with_graph(design, block, Graph(written, tuple(edges)))


def _check_chosen(graph: Graph, chosen: Mapping[str, Node]) -> None:
    if not chosen:
        raise DesignerError("Select the nodes to be grouped first.")
    for name, node in chosen.items():
        if isinstance(node, LayerNode) and node.layer in (INPUT, OUTPUT):
            raise DesignerError(
                f"{name} is an {node.layer}, which cannot be in a block; leave it out of the "
                "selection."
            )
    onward: dict[str, list[str]] = {}
    for edge in graph.edges:
        onward.setdefault(edge.source, []).append(edge.target)
    # A path that leaves the selection and returns to it would make the block read its own output.
    first: dict[str, str] = {}
    waiting = []
    for name in chosen:
        for target in onward.get(name, ()):
            if target not in chosen and target not in first:
                first[target] = target
                waiting.append(target)
    while waiting:
        name = waiting.pop()
        for target in onward.get(name, ()):
            if target in chosen:
                raise DesignerError(
                    f"{first[name]} lies between the selected nodes, on the path to {target}; "
                    "select it, too."
                )
            if target not in first:
                first[target] = first[name]
                waiting.append(target)


def _ends(graph: Graph, chosen: Mapping[str, Node]) -> tuple[dict[_Port, list[_Port]], list[_Port]]:
    """Return the outer ports that a selection reads, with their readers, and its ports in use.

    If nothing enters or leaves, the unconnected ends do: a block has an input and an output.
    """
    sources: dict[_Port, list[_Port]] = {}
    readers: dict[_Port, None] = {}
    order = {name: index for index, name in enumerate(chosen)}
    for edge in sorted(
        (each for each in graph.edges if each.target in chosen and each.source not in chosen),
        key=lambda each: (order[each.target], each.target_port),
    ):
        port = (edge.source, edge.source_port)
        sources.setdefault(port, []).append((edge.target, edge.target_port))
    for edge in sorted(
        (each for each in graph.edges if each.source in chosen and each.target not in chosen),
        key=lambda each: (order[each.source], each.source_port),
    ):
        readers[edge.source, edge.source_port] = None
    if not sources:
        entered = {edge.target for edge in graph.edges}
        loose = [name for name in chosen if name not in entered] or list(chosen)[:1]
        sources = {
            ("", number): [(name, 0)] if name not in entered else []
            for number, name in enumerate(loose)
        }
    if not readers:
        read = {edge.source for edge in graph.edges}
        ends = [name for name in chosen if name not in read] or list(chosen)[-1:]
        readers = {(name, 0): None for name in ends}
    return sources, list(readers)


def _with_arguments(
    design: Design, block: str | None, chosen: Mapping[str, Node]
) -> tuple[dict[str, Node], dict[str, Argument], dict[str, str]]:
    """Return nodes for a block of their own, its arguments, and what its use passes to them."""
    around = arguments_of(design, block)
    read = names_read_in(chosen.values())
    arguments = {  # rules are checked where the values come from: around the block
        name: replace(each, where="", rule="") for name, each in around.items() if name in read
    }
    given = {name: f"={name}" for name in arguments}
    # Inside the new block, in_channels and other sizes would be those of its own input.
    sizes = [name for name in SIZES if block is not None and name in read]
    renamed: dict[str, str] = {}
    for size in sizes:
        name = first_free({*around, *arguments}, f"outer_{size[3:]}", argument_name_refusal)
        renamed[size], given[name] = name, f"={size}"
        arguments[name] = Argument(1, 1, help="A size of the input of the surrounding block.")
    nodes = {key: with_names(node, renamed) if renamed else node for key, node in chosen.items()}
    return nodes, arguments, given


def _named(base: str, number: int, taken: set[str]) -> tuple[str, ...]:
    names = []
    for _ in range(number):
        name = first_free(taken, base, node_name_refusal)
        taken.add(name)
        names.append(name)
    return tuple(names)


def _insertion_index(graph: Graph, chosen: Mapping[str, Node]) -> int:
    """Return how many of the other nodes come before the selection in the order of the file."""
    rest = [name for name in graph.nodes if name not in chosen]
    index = {name: number for number, name in enumerate(rest)}
    before = [
        index[edge.source] for edge in graph.edges if edge.target in chosen and edge.source in index
    ]
    names = list(graph.nodes)
    first = names.index(next(iter(chosen)))
    standing = sum(name not in chosen for name in names[:first])
    return max(standing, 1 + max(before, default=-1))


def inserted(nodes: Mapping[str, Node], index: int, new: Mapping[str, Node]) -> dict[str, Node]:
    """Return nodes with new ones inserted at an index of their order."""
    items = list(nodes.items())
    return dict([*items[:index], *new.items(), *items[index:]])


def middle(positions: Sequence[Point | None]) -> Point | None:
    """Return the position of one node that replaces several: centered, as high as the highest.

    Returns None unless all positions are known.
    """
    known = [each for each in positions if each is not None]
    if not known or len(known) < len(positions):
        return None
    return Point(sum(each.x for each in known) / len(known), min(each.y for each in known))
