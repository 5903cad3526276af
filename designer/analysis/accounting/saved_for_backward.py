"""What autograd saves between forward and backward for each node and layer, in train mode."""

from collections.abc import Sequence
from typing import TypeAlias

from designer.analysis.evaluation.results import GraphResult
from designer.layers.facts import Facts
from designer.layers.tensors import SavedForBackward

_Storage: TypeAlias = tuple[str, int]
"""A storage in the whole design: the path of the graph that allocates it, and its number there."""


def saved_bytes_of_node(top: GraphResult, path: str) -> int:
    """Return the bytes that autograd saves for one node, as if it stood alone.

    Parameters
    ----------
    top
        The result of the design's own graph.
    path
        The graph path of the node, such as ``layer2.0.conv1``.

    Returns
    -------
    int
        Bytes for one image; 0 where nothing is known of the node. A storage that several nodes
        save counts for each of them.
    """
    graph: GraphResult | None = top
    *scope, name = path.split(".")
    for each in scope:
        result = graph.nodes.get(each) if graph is not None else None
        graph = result.inside if result is not None else None
    result = graph.nodes.get(name) if graph is not None else None
    if graph is None or result is None or result.effect is None:
        return 0
    saved = result.effect.saved_for_backward
    position = graph.wiring.numbers.first[name] - graph.wiring.numbers.start
    storages = set(_saved_storages(graph, position, saved))
    return saved.per_image + saved.fixed + sum(graph.sizes[each] for each in storages)


def saved_bytes_by_layer(top: GraphResult) -> dict[str, int]:
    """Return what autograd saves for each layer, by path, in bytes for one image.

    A storage that several layers save counts for the first of them in forward order, so that the
    sum is the design's `saved_bytes`.
    """
    found: dict[str, int] = {}
    _collect(top, "", (), found, set())
    return found


def _saved_storages(graph: GraphResult, position: int, saved: SavedForBackward) -> list[int]:
    """Return the storages of the inputs and outputs that a node saves."""
    storage_of = graph.plan.storages.storage_of
    number = graph.wiring.numbers.start + position
    reads = graph.wiring.reads[position]
    outputs = graph.plan.storages.outputs.get(number, (number,))
    return [storage_of[reads[port]] for port in saved.inputs] + [
        storage_of[outputs[port]] for port in saved.outputs
    ]


def _collect(
    graph: GraphResult,
    prefix: str,
    inputs: Sequence[_Storage],
    found: dict[str, int],
    counted: set[_Storage],
) -> list[_Storage | None]:
    """Add the layers of a graph to `found`; return the storages of the graph's outputs.

    Parameters
    ----------
    graph, prefix
        The graph, and what precedes the names of its nodes in their paths.
    inputs
        The storages of its inputs, as the graph around it names them.
    found
        The bytes by path, which are filled in.
    counted
        The storages that a layer before counts already.
    """
    numbers, storage_of, sizes = graph.wiring.numbers, graph.plan.storages.storage_of, graph.sizes
    known = dict(enumerate(inputs, 1))  # storages that are not named by this graph

    def storage(number: int) -> _Storage:
        return known.get(storage_of[number], (prefix, storage_of[number]))

    for position, name in enumerate(graph.wiring.order):
        result = graph.nodes[name]
        number = numbers.start + position
        if result.inside is not None:
            entering = [storage(each) for each in graph.wiring.reads[position]]
            leaving = _collect(result.inside, f"{prefix}{name}.", entering, found, counted)
            outputs = graph.plan.storages.outputs.get(number, (number,))
            for output, inner in zip(outputs, leaving, strict=True):
                if storage_of[output] == output and inner is not None:
                    known.setdefault(output, inner)
        elif isinstance(result.effect, Facts):
            saved = result.effect.saved_for_backward
            total = saved.per_image + saved.fixed
            for each in _saved_storages(graph, position, saved):
                if (key := known.get(each, (prefix, each))) not in counted:
                    counted.add(key)
                    total += sizes[each]
            found[prefix + name] = total
    ends = [
        sources[0] if sources else None
        for end, sources in graph.wiring.sources.items()
        if end not in graph.wiring.graph.nodes
    ]
    return [storage(numbers.of(end)) if numbers.of(end) else None for end in ends]
