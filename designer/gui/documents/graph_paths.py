"""Graph paths: the names of nodes inside blocks, and the graph that a path leads to.

A path joins the names of the blocks and the node by dots, with the index of the repetition behind a
repeated block, as in ``layer2.0.conv1``; the analysis uses the same names. The path of a graph is
that of the block around it, and "" for the top-level graph.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from designer.analysis.analysis import Analysis
    from designer.analysis.evaluation.results import GraphResult
    from designer.design.values import Design, Graph, Node


def join(scope: str, name: str) -> str:
    """Return the path of a node in the graph at `scope`."""
    return f"{scope}.{name}" if scope else name


def parent(path: str) -> str:
    """Return the path of the graph in which a node is drawn."""
    return path.rpartition(".")[0]


def name_of(path: str) -> str:
    """Return a node's own name."""
    return path.rpartition(".")[2]


def graph_at(design: "Design", scope: str) -> "tuple[str | None, Graph] | None":
    """Return the graph at a path and the name of its block (None at the top level).

    The result is None if there is no such graph.
    """
    from designer.design.values import BlockNode

    block: str | None = None
    graph = design.graph
    for part in scope.split(".") if scope else ():
        if part.isdecimal():  # the index of a repetition, since names begin with a letter
            continue
        node = graph.nodes.get(part)
        if not isinstance(node, BlockNode) or node.block not in design.blocks:
            return None
        block = node.block
        graph = design.blocks[block].graph
    return block, graph


def node_at(design: "Design", path: str) -> "Node | None":
    """Return the node at a path, or None if there is none."""
    found = graph_at(design, parent(path))
    return found[1].nodes.get(name_of(path)) if found else None


def is_drawn(design: "Design", path: str) -> bool:
    """Tell whether a node, or an input or output of the block around it, has this path."""
    found = graph_at(design, parent(path))
    if found is None:
        return False
    block, graph = found
    inputs, outputs = ends_of(design, block)
    return name_of(path) in (*graph.nodes, *inputs, *outputs)


def ends_of(design: "Design", block: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the inputs and outputs of a block; the design itself (None) has none."""
    if block is None:
        return (), ()
    return design.blocks[block].inputs, design.blocks[block].outputs


def block_at(design: "Design", scope: str) -> str | None:
    """Return the name of the block whose graph is at `scope`; None for the top level."""
    found = graph_at(design, scope)
    return found[0] if found else None


def inside(analysis: "Analysis", path: str) -> str:
    """Return the path of the graph inside a block: of a repeated one, that of its first pass."""
    result = analysis.node(path)
    names = result.inside.nodes if result is not None and result.inside is not None else {}
    return f"{path}.0" if "0" in names else path


def scopes(scope: str) -> list[tuple[str, str]]:
    """Return the steps from the top level to a scope as (text, path), for a breadcrumb."""
    steps: list[tuple[str, str]] = []
    path = ""
    for part in scope.split(".") if scope else ():
        path = join(path, part)
        if part.isdecimal() and steps:
            words, _ = steps[-1]
            steps[-1] = (f"{words} [{part}]", path)
        else:
            steps.append((part, path))
    return steps


def output_path(graph: "GraphResult", path: str) -> str:
    """Return the path of the layer that computes a block's first output, "" if there is none."""
    for name, sources in graph.wiring.sources.items():
        if name in graph.nodes or not sources or sources[0] is None:
            continue
        source = sources[0][0]
        result = graph.nodes.get(source)
        if result is None:
            return ""
        inner = f"{path}.{source}"
        return output_path(result.inside, inner) if result.inside is not None else inner
    return ""
