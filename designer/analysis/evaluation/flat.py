"""The layers of a valid design as one list, blocks written out, each with the tensors it reads."""

from collections.abc import Mapping
from typing import NamedTuple

from designer.analysis.evaluation.results import GraphResult, NodeResult
from designer.analysis.evaluation.shared_weights import is_tied

Slot = tuple[str, int]
"""A tensor: the path of the node or block that gives it, and the number of the output port."""


class FlatNode(NamedTuple):
    """A layer, or an end of the network.

    Attributes
    ----------
    path
        The node's path, such as ``layer1.0.conv1``.
    result
        What the analysis knows of it.
    sources
        The tensors that it reads, each named by the layer that computes it.
    training_only
        Whether only auxiliary outputs need it, so that it is left out in eval mode.
    module
        The path of the layer whose module it uses: its own, unless it shares weights.
    tied
        Whether that is a layer of another type, of which it uses only the weight.
    """

    path: str
    result: NodeResult
    sources: tuple[Slot, ...]
    training_only: bool
    module: str
    tied: bool = False


class Flat:
    """The layers of a design in the order in which they are computed.

    Parameters
    ----------
    top
        The result of a design without errors.

    Attributes
    ----------
    nodes
        All layers, inputs and outputs among them.
    origins
        Which tensor is at each output of a block.
    """

    def __init__(self, top: GraphResult) -> None:
        self.nodes: list[FlatNode] = []
        self.origins: dict[Slot, Slot] = {}
        self._graph(top, "", "", {}, training_only=False)

    def _graph(
        self,
        graph: GraphResult,
        prefix: str,
        owner: str,
        given: Mapping[str, Slot],
        *,
        training_only: bool,
    ) -> None:
        """Append the nodes of a graph.

        Parameters
        ----------
        graph, prefix
            The graph, and what precedes the names of its nodes in their paths.
        owner
            What precedes them in the paths of their modules.
        given
            The tensors at the inputs of its block.
        training_only
            Whether only auxiliary outputs need it.
        """
        wiring = graph.wiring
        for name in wiring.order:
            result = graph.nodes[name]
            path = prefix + name
            holder = wiring.shared.get(name, name)
            module = owner + holder
            later = training_only or name in graph.training_only
            sources = tuple(
                [self._source(each, prefix, given) for each in wiring.sources[name] if each]
            )
            if result.inside is None:
                tied = holder != name and is_tied(graph.nodes[holder], result)
                self.nodes.append(FlatNode(path, result, sources, later, module, tied))
                continue
            inner = result.inside
            ends = [end for end in inner.wiring.targets if end not in inner.wiring.graph.nodes]
            inputs = dict(zip(ends, sources, strict=False))
            self._graph(inner, f"{path}.", f"{module}.", inputs, training_only=later)
            self._close(inner, path, inputs)

    def _source(self, source: tuple[str, int], prefix: str, given: Mapping[str, Slot]) -> Slot:
        name, port = source
        slot = given.get(name) or (prefix + name, port)
        return self.origins.get(slot, slot)

    def _close(self, inner: GraphResult, path: str, inputs: Mapping[str, Slot]) -> None:
        """Note which nodes give the outputs of a block that was just written out."""
        ends = [end for end in inner.wiring.sources if end not in inner.wiring.graph.nodes]
        for port, end in enumerate(ends):
            source = inner.wiring.sources[end][0]
            if source is None:
                continue
            self.origins[path, port] = self._source(source, f"{path}.", inputs)
