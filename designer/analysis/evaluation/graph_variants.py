"""A graph as the design has it, and how it is wired without the nodes that are not there."""

from collections import Counter
from collections.abc import Sequence

from designer.analysis.evaluation.wiring import Ends, Wiring, wire, without
from designer.design.values import BlockNode, Graph, Node


class GraphVariants:
    """A graph of the design with what does not depend on its arguments, worked out once.

    Attributes
    ----------
    optional
        The nodes that may be gone: with a `when` or a `repeat`.
    entered
        How many edges enter each node, if there are such.
    """

    def __init__(self, graph: Graph, ends: Ends) -> None:
        self.graph = graph
        self.ends = ends
        self.optional = [each for each in graph.nodes.items() if not is_plain(each[1])]
        edges = graph.edges if self.optional else ()
        self.entered = Counter([edge.target for edge in edges])
        self._wirings: dict[tuple[tuple[str, ...], tuple[str, ...]], Wiring] = {}

    def wiring(self, gone: Sequence[str], passed: Sequence[str]) -> Wiring:
        """Return the wiring without some nodes; in place of those that are `passed` is a wire."""
        absent = tuple(gone), tuple(passed)
        if absent not in self._wirings:
            there = without(self.graph, gone, passed) if gone or passed else self.graph
            self._wirings[absent] = wire(there, self.ends, plain=not self.optional)
        return self._wirings[absent]


def is_plain(node: Node) -> bool:
    """Tell whether a node is there in any case, and once."""
    return node.when is True and not (isinstance(node, BlockNode) and node.repeat != 1)
