"""The layers of a design with all blocks written out, and who reads whom."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from designer.analysis.analysis import Analysis
from designer.analysis.evaluation.results import GraphResult, NodeResult
from designer.design.values import Edge, LayerNode
from designer.layers.base import Layer


@dataclass(eq=False)
class Place:
    """A layer and where it stands.

    Attributes
    ----------
    path
        Its graph path, such as ``layer1.0.conv1``.
    number
        Its place in the forward order.
    layer, result
        The layer and its result in the analysis.
    block, node
        The block in whose graph it stands (None for the design's own) and its name there.
    inputs
        The layers that it reads; None for an input that nothing enters.
    edge
        The edge that enters its first input, in the graph that it stands in.
    readers
        The layers that read it.
    """

    path: str
    number: int
    layer: Layer
    result: NodeResult
    block: str | None
    node: str
    inputs: "tuple[Place | None, ...]"
    edge: Edge | None
    readers: "list[Place]" = field(default_factory=list)

    @property
    def type(self) -> str:
        """The name of its layer type."""
        return type(self.layer).__name__

    @property
    def width(self) -> int:
        """Channels or features that it gives."""
        return _width(self.result, of_output=True)

    @property
    def width_before(self) -> int:
        """Channels or features that it reads."""
        return _width(self.result, of_output=False)


class Network:
    """The layers of a valid design in forward order.

    Attributes
    ----------
    places
        All layers.
    """

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.places: list[Place] = []
        self._walk(analysis.top, "", None, ())

    def _walk(
        self, graph: GraphResult, prefix: str, block: str | None, given: Sequence[Place | None]
    ) -> list[Place | None]:
        """Add the layers of a graph, and return those at its block's outputs."""
        wiring = graph.wiring
        made: dict[tuple[str, int], Place | None] = {
            (name, 0): each for name, each in zip(wiring.ends.inputs, given, strict=False)
        }
        drawn = frozenset(self.analysis.design.graph_of(block).edges)
        for name in wiring.order:
            result = graph.nodes.get(name)
            if result is None:
                continue
            sources = wiring.sources[name]
            inputs = tuple([None if each is None else made.get(each) for each in sources])
            if result.inside is not None:
                # The uses of a repeated block stand in a graph that is in no design.
                inner = getattr(wiring.graph.nodes.get(name), "block", block)
                outputs = self._walk(result.inside, f"{prefix}{name}.", inner, inputs)
                made.update({(name, port): each for port, each in enumerate(outputs)})
            elif result.layer is not None:
                first = sources[0] if sources else None
                edge = None if first is None else Edge(*first, name, 0)
                place = Place(
                    f"{prefix}{name}",
                    len(self.places),
                    result.layer,
                    result,
                    block,
                    name,
                    inputs,
                    edge if edge in drawn else None,
                )
                self.places.append(place)
                made[name, 0] = place
                for each in inputs:
                    if each is not None:
                        each.readers.append(place)
        ends = [wiring.sources[end][0] for end in wiring.ends.outputs]
        return [None if each is None else made.get(each) for each in ends]

    def of_types(self, types: frozenset[str]) -> Iterator[Place]:
        """Yield the layers of some types, in forward order."""
        return (each for each in self.places if each.type in types)

    def given(self, place: Place, parameter: str) -> object:
        """Return the value that the design gives a parameter of a layer, None if it gives none."""
        node = self.analysis.design.graph_of(place.block).nodes.get(place.node)
        return node.parameters.get(parameter) if isinstance(node, LayerNode) else None

    def narrow(self) -> set[int]:
        """Return the numbers of the layers that all paths from input to output go through."""
        furthest, found = -1, set()
        for place in self.places:
            if furthest <= place.number:
                found.add(place.number)
            readers = [each.number for each in place.readers]
            furthest = max([furthest, *readers])
        return found


def _width(result: NodeResult, *, of_output: bool) -> int:
    flow = (result.outputs if of_output else result.inputs)[0]
    assert flow is not None
    return flow.shape[0] if len(flow.shape) > 1 else flow.shape[-1]
