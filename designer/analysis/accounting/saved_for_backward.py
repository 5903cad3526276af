"""What autograd keeps for each layer between forward and backward, in train mode."""

from collections.abc import Sequence
from typing import TypeAlias

from designer.analysis.evaluation.results import GraphResult
from designer.layers.facts import Facts
from designer.layers.tensors import SavedForBackward

_Storage: TypeAlias = tuple[str, int]
"""A storage in the whole design: the path of the graph that made it, and its number there."""


def saved_bytes_of_node(top: GraphResult, path: str) -> int:
    """Return the bytes that a node keeps by itself, for one image; 0 where that is not known."""
    graph: GraphResult | None = top
    *scope, name = path.split(".")
    for each in scope:
        result = graph.nodes.get(each) if graph is not None else None
        graph = result.inside if result is not None else None
    result = graph.nodes.get(name) if graph is not None else None
    if graph is None or result is None or result.effect is None:
        return 0
    saved_for_backward = result.effect.saved_for_backward
    sizes = graph.sizes
    found = set(
        _storages(
            graph, graph.wiring.numbers.first[name] - graph.wiring.numbers.start, saved_for_backward
        )
    )
    return (
        saved_for_backward.per_image + saved_for_backward.fixed + sum(sizes[each] for each in found)
    )


def saved_bytes_by_layer(top: GraphResult) -> dict[str, int]:
    """Return what autograd keeps for each layer, by path, in bytes for one image.

    A storage that several layers keep counts at the first in forward order, so that the sum is
    the design's `saved_bytes`.
    """
    found: dict[str, int] = {}
    _keep(top, "", (), found, set())
    return found


def _storages(graph: GraphResult, place: int, saved_for_backward: SavedForBackward) -> list[int]:
    """Return the storages of the tensors that a node keeps."""
    shared, number = graph.plan.storages.shared, graph.wiring.numbers.start + place
    reads, outputs = graph.wiring.reads[place], graph.plan.storages.outputs.get(number, (number,))
    return [shared[reads[port]] for port in saved_for_backward.inputs] + [
        shared[outputs[port]] for port in saved_for_backward.outputs
    ]


def _keep(
    graph: GraphResult,
    prefix: str,
    given: Sequence[_Storage],
    found: dict[str, int],
    seen: set[_Storage],
) -> list[_Storage | None]:
    """Fill in a graph's layers; return the storages of its outputs.

    `given` are those of its inputs: inside a block, storages have numbers of their own.
    """
    numbers, shared, sizes = graph.wiring.numbers, graph.plan.storages.shared, graph.sizes
    known = dict(enumerate(given, 1))

    def storage(number: int) -> _Storage:
        return known.get(shared[number], (prefix, shared[number]))

    for place, name in enumerate(graph.wiring.order):
        result = graph.nodes[name]
        number = numbers.start + place
        if result.inside is not None:
            inputs = [storage(each) for each in graph.wiring.reads[place]]
            leaving = _keep(result.inside, f"{prefix}{name}.", inputs, found, seen)
            outputs = graph.plan.storages.outputs.get(number, (number,))
            for output, inner in zip(outputs, leaving, strict=True):
                if shared[output] == output and inner is not None:
                    known.setdefault(output, inner)
        elif isinstance(result.effect, Facts):
            saved_for_backward = result.effect.saved_for_backward
            total = saved_for_backward.per_image + saved_for_backward.fixed
            for each in _storages(graph, place, saved_for_backward):
                if (key := known.get(each, (prefix, each))) not in seen:
                    seen.add(key)
                    total += sizes[each]
            found[prefix + name] = total
    ends = [
        sources[0] if sources else None
        for end, sources in graph.wiring.sources.items()
        if end not in graph.wiring.graph.nodes
    ]
    return [storage(numbers.of(end)) if numbers.of(end) else None for end in ends]
