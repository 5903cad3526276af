"""Edits that let nodes share weights; they know which layers have some, and make nodes fit."""

from collections.abc import Sequence
from dataclasses import replace

from designer.analysis.evaluation.shared_weights import fitted
from designer.design import blocks, clipboard, edits, files, sharing
from designer.design.values import BlockNode, Design, Graph, LayerNode, Node, Point
from designer.errors import DesignerError
from designer.layers.base import Layer
from designer.layers.catalogue import layer_types


def has_weights(design: Design, node: Node) -> bool:
    """Tell whether a node may have weights or buffers that another one can use."""
    every = [node]
    if isinstance(node, BlockNode):
        inner = blocks.parts(design.blocks, (node,))
        every = [each for name in inner for each in design.blocks[name].graph.nodes.values()]
    known = layer_types()
    return any(
        # A type that is not built in is of the design's own code, which may have anything.
        isinstance(each, LayerNode)
        and (each.layer not in known or known[each.layer].states is not Layer.states)
        for each in every
    )


def share(design: Design, names: Sequence[str], *, block: str | None = None) -> Design:
    """Let nodes share the weights of one of them, and make the others fit it.

    The owner is the first that another of them can use: an Embedding and a Linear share the weight
    of the Embedding, nodes of one type that of the first.

    Raises
    ------
    DesignerError
        One of them has no weights, or they are of types that share no weights.
    """
    graph = design.graph_of(block)
    for name in names:
        if not has_weights(design, graph.nodes[name]):
            raise DesignerError(f"{name} has no weights to share; leave it out of the selection.")
    roots = list(dict.fromkeys(sharing.owner_of(graph.nodes, name) for name in names))
    for owner in roots:
        found = {
            name: fitted(graph.nodes[name], graph.nodes[owner]) for name in roots if name != owner
        }
        if any(node is None for node in found.values()):
            continue
        nodes = dict(graph.nodes)
        for name, node in found.items():
            if node is not None:
                nodes.update(sharing.with_group(nodes, name, node))
        graph = replace(graph, nodes=nodes)
        for name in found:
            graph = sharing.share(graph, name, owner)
        return edits.with_graph(design, block, graph)
    raise DesignerError(
        f"{' and '.join(roots[:2])} are of different types; nodes of one type can share weights, "
        "and a Linear can use those of an Embedding."
    )


def stop_sharing(design: Design, names: Sequence[str], *, block: str | None = None) -> Design:
    """Give nodes weights of their own."""
    graph = design.graph_of(block)
    for name in names:
        graph = sharing.stop_sharing(graph, name)
    return edits.with_graph(design, block, graph)


def paste_shared(
    design: Design, block: str | None, text: str, at: Point | None = None
) -> tuple[Design, tuple[str, ...]]:
    """Paste copies of nodes of this graph, which share the weights of those that were copied.

    Returns
    -------
    tuple of Design and tuple of str
        The design, and the names of the new nodes.

    Raises
    ------
    DesignerError
        As `clipboard.paste`; or the nodes are not those of this graph, or none has weights.
    """
    pasted, names = clipboard.paste(design, block, text, at)
    copied = files.loads(text).graph.nodes
    before, graph = design.graph_of(block).nodes, pasted.graph_of(block)
    nodes: dict[str, Node] = dict(graph.nodes)
    found = False
    for original, name in zip(copied, names, strict=True):
        node = nodes[name]
        if not has_weights(pasted, node):
            continue
        if original not in before or fitted(node, before[original]) is None:
            raise DesignerError(
                f"{original} is no node of this graph; only copies of its own nodes can share "
                "their weights. Paste it as a node with weights of its own."
            )
        owner = sharing.owner_of(before, original)
        nodes[name] = replace(before[original], when=node.when, at=node.at, shares=owner)
        found = True
    if not found:
        raise DesignerError("None of the copied nodes has weights to share; paste them instead.")
    return edits.with_graph(pasted, block, Graph(nodes, graph.edges)), names
