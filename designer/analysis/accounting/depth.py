"""The depth of a network: convolutions and dense layers on the longest path to an output."""

from collections.abc import Sequence

from designer.analysis.evaluation.results import GraphResult, NodeResult
from designer.layers.category import Category

_COUNTED = frozenset((Category.CONVOLUTION, Category.DENSE, Category.SEQUENCE))


def depth(top: GraphResult) -> int:
    """Return the number of convolutions and dense layers on the longest path through a network.

    Papers count this way: 16 for VGG-16, 22 for GoogLeNet, 50 for ResNet-50. A projection on a
    shortcut lies on a shorter path; pooling, norms and activations do not count.
    """
    return max([0, *_graph(top, ())])


def _graph(graph: GraphResult, inputs: Sequence[int]) -> list[int]:
    """Return the depth at each output of a block; of the design's own graph, at every node."""
    ends = [name for name in graph.wiring.targets if name not in graph.wiring.graph.nodes]
    at = {(name, 0): depth for name, depth in zip(ends, inputs, strict=False)}
    for name in graph.wiring.order:
        result = graph.nodes[name]
        sources = [at.get(each, 0) for each in graph.wiring.sources[name] if each is not None]
        if result.inside is not None:
            for port, depth in enumerate(_graph(result.inside, sources)):
                at[name, port] = depth
        else:
            at[name, 0] = max(sources, default=0) + _counted(result)
    outputs = [
        sources
        for end, sources in graph.wiring.sources.items()
        if end not in graph.wiring.graph.nodes
    ]
    if not outputs and not inputs:
        return list(at.values())
    return [at.get(each[0], 0) if each and each[0] is not None else 0 for each in outputs]


def _counted(result: NodeResult) -> int:
    """Return how many convolutions and dense layers a layer is made of: two if separable."""
    layer = result.layer
    if layer is None or type(layer).category not in _COUNTED or not result.counts.macs:
        return 0
    given = tuple(each for each in result.inputs if each is not None)
    flow = result.outputs[0] if result.outputs else None
    if flow is None:
        return 1
    parts = layer.parts(given, flow.shape)
    return max(1, sum(part.convolution for part in parts))
