"""Whether the nodes of a design still compute what they did in an earlier value of it.

Positions, names and learning rates do not count. That an edit elsewhere changes what a node is
given is no change of the node itself.
"""

from collections.abc import Mapping

from designer.design.values import BlockNode, Design, Graph, LayerNode, Node
from designer.gui.documents import graph_paths


class SameComputation:
    """Compares two values of a design; each block is compared once."""

    def __init__(self, before: Design, after: Design) -> None:
        self.before = before
        self.after = after
        self._blocks: dict[str, bool] = {}
        self._scopes: dict[str, bool] = {"": _values(before) == _values(after)}

    def node(self, path: str) -> bool:
        """Tell whether the node at a path is there in both and computes the same."""
        if self.before is self.after:
            return True
        one, other = (graph_paths.node_at(design, path) for design in (self.before, self.after))
        if one is None or other is None or not self._same(one, other):
            return False
        return self._same_arguments(graph_paths.parent(path)) or not _has_expressions(one)

    def _same_arguments(self, scope: str) -> bool:
        """Tell whether the blocks around a graph, and the design, have the same arguments."""
        known = self._scopes.get(scope)
        if known is None:
            around = graph_paths.parent(scope)
            one, other = (
                graph_paths.node_at(design, scope) for design in (self.before, self.after)
            )
            known = self._same_arguments(around)
            if isinstance(one, BlockNode) and isinstance(other, BlockNode):
                known = known and one.arguments == other.arguments
            self._scopes[scope] = known
        return known

    def _same_graph(self, one: Graph, other: Graph) -> bool:
        if one is other and not any(isinstance(each, BlockNode) for each in one.nodes.values()):
            return True
        return (
            one.nodes.keys() == other.nodes.keys()
            and set(one.edges) == set(other.edges)
            and all(self._same(each, other.nodes[name]) for name, each in one.nodes.items())
        )

    def _same(self, one: Node, other: Node) -> bool:
        if isinstance(one, LayerNode) and isinstance(other, LayerNode):
            return one is other or (
                one.layer == other.layer
                and one.parameters == other.parameters
                and one.when == other.when
                and one.shares == other.shares
            )
        if isinstance(one, BlockNode) and isinstance(other, BlockNode):
            return (
                one.block == other.block
                and one.arguments == other.arguments
                and one.repeat == other.repeat
                and one.when == other.when
                and one.shares == other.shares
                and self._same_block(one.block)
            )
        return False

    def _same_block(self, name: str) -> bool:
        known = self._blocks.get(name)
        if known is None:
            one, other = self.before.blocks.get(name), self.after.blocks.get(name)
            self._blocks[name] = True  # a block that is used in itself is an error, no endless loop
            known = one is not None and other is not None
            if one is not None and other is not None:
                known = (
                    (one.inputs, one.outputs) == (other.inputs, other.outputs)
                    and one.arguments == other.arguments
                    and self._same_graph(one.graph, other.graph)
                )
            self._blocks[name] = known
        return known


def _values(design: Design) -> Mapping[str, object]:
    return {name: each.default for name, each in design.arguments.items()}


def _has_expressions(node: Node) -> bool:
    given = node.parameters if isinstance(node, LayerNode) else node.arguments
    extra = (node.when,) if isinstance(node, LayerNode) else (node.when, node.repeat)
    flat = [
        each
        for value in (*given.values(), *extra)
        for each in (value if isinstance(value, tuple) else (value,))
    ]
    return any(isinstance(each, str) and each.startswith("=") for each in flat)
