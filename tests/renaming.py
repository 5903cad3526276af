"""Other names for the nodes of a design."""

from collections.abc import Callable
from dataclasses import replace

from designer.design.values import Design, Edge, Graph


def renamed(design: Design, name_of: Callable[[str], str]) -> Design:
    """Return a design whose own nodes have other names."""
    graph = design.graph
    nodes = {
        name_of(name): replace(node, shares=name_of(node.shares) if node.shares else "")
        for name, node in graph.nodes.items()
    }
    edges = tuple(
        Edge(name_of(one), port, name_of(two), entered) for one, port, two, entered in graph.edges
    )
    return replace(design, graph=Graph(nodes, edges))
