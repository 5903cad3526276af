"""A graph of the design and its wirings, one for each set of absent nodes."""

from collections import Counter
from collections.abc import Sequence

from designer.analysis.evaluation.wiring import (
    Ends,
    Wiring,
    has_read_outputs,
    past_outputs,
    wire,
    without_nodes,
)
from designer.design.values import BlockNode, Graph, Node

MAX_WIRINGS = 100
"""Wirings cached for one graph. Few blocks have more than four variants."""


class GraphVariants:
    """A graph, with everything about it that does not depend on arguments.

    Attributes
    ----------
    graph, ends
        The graph as the design has it, and the names of its block's inputs and outputs.
    conditional
        The nodes that may be absent or repeated, with their names: those with `when` or `repeat`.
    entering
        How many edges enter each node; empty without such nodes.
    """

    def __init__(self, graph: Graph, ends: Ends) -> None:
        self.graph = graph
        self.ends = ends
        self.conditional = [each for each in graph.nodes.items() if not is_unconditional(each[1])]
        edges = graph.edges if self.conditional else ()
        self.entering = Counter([edge.target for edge in edges])
        self._wirings: dict[tuple[tuple[str, ...], tuple[str, ...]], Wiring] = {}

    def wiring(self, removed: Sequence[str], bridged: Sequence[str]) -> Wiring:
        """Return the wiring without some nodes; an edge takes the place of each bridged one.

        Nodes that read an Output read its source instead, unless the graph has a cycle.
        """
        absent = tuple(removed), tuple(bridged)
        if absent not in self._wirings:
            if len(self._wirings) >= MAX_WIRINGS:
                self._wirings.clear()
            graph = self.graph
            if removed or bridged:
                graph = without_nodes(graph, removed, bridged)
            unconditional = not self.conditional
            wiring = wire(graph, self.ends, unconditional=unconditional, bridged=bridged)
            if has_read_outputs(wiring) and not wiring.cyclic:
                graph = past_outputs(wiring)
                wiring = wire(graph, self.ends, unconditional=unconditional, bridged=bridged)
            self._wirings[absent] = wiring
        return self._wirings[absent]


def is_unconditional(node: Node) -> bool:
    """Tell whether a node is there whatever the arguments are, and exactly once."""
    return node.when is True and not (isinstance(node, BlockNode) and node.repeat != 1)
