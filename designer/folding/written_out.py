"""A design without blocks, as it is evaluated: every layer by its path, with numbers for settings.

This is what two designs have in common whose blocks were cut differently. It serves to compare;
`designer.folding.unfold` makes a design that can be edited.
"""

from collections.abc import Iterator
from dataclasses import replace

from designer.analysis.analysis import Analysis
from designer.analysis.evaluation.results import GraphResult, NodeResult
from designer.design.expressions import ExpressionError
from designer.design.values import Design, Edge, Graph, LayerNode, Node
from designer.layers.catalogue import computed

_Port = tuple[str, int]


def written_out(analysis: Analysis) -> Design | None:
    """Return a design whose nodes are named by the paths of the layers: ``layer1.0.conv1``.

    Returns
    -------
    Design or None
        None if a part of the design cannot be evaluated.
    """
    nodes: dict[str, Node] = {}
    edges: list[Edge] = []
    try:
        _Writer(nodes, edges).graph(analysis.top, (), "")
    except _UnknownError:
        return None
    design = analysis.design
    return replace(design, arguments={}, blocks={}, graph=Graph(nodes, tuple(edges)))


class _UnknownError(Exception):
    """A node of which nothing is known, since the design has a problem."""


class _Writer:
    def __init__(self, nodes: dict[str, Node], edges: list[Edge]) -> None:
        self.nodes = nodes
        self.edges = edges

    def graph(
        self,
        result: GraphResult,
        given: tuple[_Port | None, ...],
        prefix: str,
        owner: str = "",
        factor: float = 1,
    ) -> list[_Port | None]:
        """Write the layers of a graph and return what comes out of it.

        Parameters
        ----------
        result
            The graph as it was evaluated.
        given
            The sources of the block's inputs.
        prefix
            What precedes the names of its nodes.
        owner
            The prefix of the block whose weights this one uses, if it shares those of another.
        factor
            The factor for the learning rates of everything in it.
        """
        wiring = result.wiring
        if wiring.cyclic:
            raise _UnknownError
        made: dict[_Port, _Port | None] = {
            (end, 0): source for end, source in zip(wiring.ends.inputs, given, strict=False)
        }
        for name in wiring.order:
            sources = [None if each is None else made.get(each) for each in wiring.sources[name]]
            path, found = prefix + name, result.nodes[name]
            module = (owner or prefix) + wiring.shared.get(name, name)
            shares = "" if module == path else module
            rate = factor * _factor(wiring.graph.nodes[name], result)
            if found.inside is not None:
                shared = f"{shares}." if shares else ""
                inner = self.graph(found.inside, tuple(sources), f"{path}.", shared, rate)
                made.update({(name, port): each for port, each in enumerate(inner)})
                continue
            self.nodes[path] = _layer(found, shares, rate)
            self.edges += _entering(sources, path)
            count = max(1, len(found.outputs))
            made.update({(name, port): (path, port) for port in range(count)})
        return [
            made.get(wiring.sources[end][0]) if wiring.sources[end] else None  # type: ignore[arg-type]
            for end in wiring.ends.outputs
        ]


def _layer(found: NodeResult, shares: str, rate: float) -> LayerNode:
    layer = found.layer
    if layer is None:
        raise _UnknownError
    if not layer.states([each for each in found.inputs if each is not None]):
        shares = ""  # nothing to share
    kind = type(layer)
    parameters = {
        key: layer.parameter_value(key)
        for key, each in kind.parameters.items()
        if each.required or layer.parameter_value(key) != each.default
    }
    return LayerNode(kind.__name__, parameters, learning_rate=rate, shares=shares)


def _factor(node: Node, result: GraphResult) -> float:
    """Return a node's factor for the learning rate; 1 if it depends on the repetition."""
    try:
        factor = computed(node.learning_rate, result.scope)
    except ExpressionError:
        return 1
    return factor if isinstance(factor, int | float) else 1


def _entering(sources: list[_Port | None], path: str) -> Iterator[Edge]:
    for port, source in enumerate(sources):
        if source is not None:
            yield Edge(*source, path, port)
