"""What autograd saves between forward and backward for each node and layer, in train mode."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import NamedTuple, TypeAlias

from designer.analysis.evaluation.results import GraphResult, NodeResult
from designer.layers.facts import Facts
from designer.layers.tensors import SavedForBackward

Storage: TypeAlias = tuple[str, int]
"""A storage in the whole design: the path of the graph that allocates it, and its number there."""


def saved_bytes_of_nodes(top: GraphResult, paths: Iterable[str]) -> int:
    """Return the bytes that autograd saves for some nodes, as if they stood alone.

    Parameters
    ----------
    top
        The result of the design's own graph.
    paths
        The graph paths of the nodes, such as ``layer2.0.conv1``.

    Returns
    -------
    int
        Bytes for one image; nothing for a node of which nothing is known. A storage that several
        of the nodes save counts once.
    """
    total = 0
    storages: dict[Storage, int] = {}
    for path in paths:
        graph: GraphResult | None = top
        scope, _, name = path.rpartition(".")
        for each in scope.split(".") if scope else ():
            outer = graph.nodes.get(each) if graph is not None else None
            graph = outer.inside if outer is not None else None
        result = graph.nodes.get(name) if graph is not None else None
        if graph is None or result is None or result.effect is None:
            continue
        saved = result.effect.saved_for_backward
        total += saved.per_image + saved.fixed
        position = graph.wiring.numbers.first[name] - graph.wiring.numbers.start
        for number in _saved_storages(graph, position, saved):
            storages[scope, number] = graph.sizes[number]
    return total + sum(storages.values())


def saved_bytes_by_layer(top: GraphResult) -> dict[str, int]:
    """Return what autograd saves for each layer, by path, in bytes for one image.

    A storage that several layers save counts for the first of them in forward order, so that the
    sum is the design's `saved_bytes`.
    """
    return {
        each.path: each.own + each.fixed + sum(each.storages.values())
        for each in saving_layers(top)
    }


class SavingLayer(NamedTuple):
    """A layer of a design, blocks written out, with what autograd saves for it.

    Attributes
    ----------
    path, result
        Its graph path, and its result.
    module
        The path of the layer whose weights it uses: its own, unless it shares.
    storages
        The tensors that are saved for it and for no layer before it, with their bytes for one
        image. They are freed when its backward pass is done.
    own, fixed
        Bytes of tensors that it makes only to save them: for each image, and for a batch of any
        size.
    storage
        Where its output lies.
    inputs, output, further
        Numbers for the gradients of its inputs, its output, and the outputs after the first. A
        view's gradient is that of its input, seen differently.
    """

    path: str
    result: NodeResult
    storages: Mapping[Storage, int]
    own: int
    fixed: int
    storage: Storage
    inputs: tuple[int, ...]
    output: int
    further: tuple[int, ...] = ()
    module: str = ""


def saving_layers(top: GraphResult) -> Iterator[SavingLayer]:
    """Yield every layer of which something is known, in forward order."""
    yield from _walk(top, "", (), set(), count(1))


def _saved_storages(graph: GraphResult, position: int, saved: SavedForBackward) -> list[int]:
    """Return the storages of the inputs and outputs that a node saves."""
    storage_of = graph.plan.storages.storage_of
    number = graph.wiring.numbers.start + position
    reads = graph.wiring.reads[position]
    outputs = graph.plan.storages.outputs.get(number, (number,))
    return [storage_of[reads[port]] for port in saved.inputs] + [
        storage_of[outputs[port]] for port in saved.outputs
    ]


class _Entering(NamedTuple):
    """A tensor that enters or leaves a graph, as the graph around it knows it.

    `size` is that of its whole storage, of which the tensor may be a part.
    """

    storage: Storage
    gradient: int
    size: int


def _walk(
    graph: GraphResult,
    prefix: str,
    inputs: Sequence[_Entering],
    counted: set[Storage],
    numbers: Iterator[int],
    owner: str = "",
) -> Generator[SavingLayer, None, list[_Entering | None]]:
    """Yield the layers of a graph; return the tensors at its outputs.

    Parameters
    ----------
    graph, prefix
        The graph, and what precedes the names of its nodes in their paths.
    inputs
        The tensors at its inputs.
    counted
        The storages that a layer before counts already.
    numbers
        New numbers for gradients.
    owner
        The prefix of the block whose module this one uses, if it shares the weights of another.
    """
    wiring, storage_of, sizes = graph.wiring, graph.plan.storages.storage_of, graph.sizes
    # Storages that are not named by this graph, and the gradients of its tensors.
    known = {number: (each.storage, each.size) for number, each in enumerate(inputs, 1)}
    gradients = {number: each.gradient for number, each in enumerate(inputs, 1)}

    def entering(number: int) -> _Entering:
        if number not in gradients:
            gradients[number] = next(numbers)
        own = (prefix, storage_of[number]), sizes[storage_of[number]]
        storage, size = known.get(storage_of[number], own)
        return _Entering(storage, gradients[number], size)

    for position, name in enumerate(wiring.order):
        result = graph.nodes[name]
        number = wiring.numbers.start + position
        reads = wiring.reads[position]
        path = prefix + name
        module = (owner or prefix) + wiring.shared.get(name, name)
        if result.inside is not None:
            given = [entering(each) for each in reads]
            shared = "" if module == path else f"{module}."
            leaving = yield from _walk(result.inside, f"{path}.", given, counted, numbers, shared)
            outputs = graph.plan.storages.outputs.get(number, (number,))
            for output, inner in zip(outputs, leaving, strict=True):
                if inner is None:
                    continue
                gradients[output] = inner.gradient
                if storage_of[output] == output:
                    known.setdefault(output, (inner.storage, inner.size))
        elif isinstance(result.effect, Facts):
            saved = result.effect.saved_for_backward
            storages: dict[Storage, int] = {}
            fixed = saved.fixed
            for each in _saved_storages(graph, position, saved):
                key, size = known.get(each, ((prefix, each), sizes[each]))
                if key not in counted:
                    counted.add(key)
                    if each in graph.fixed:
                        fixed += size
                    else:
                        storages[key] = size
            given = [entering(each) for each in reads]
            if _passes_gradient(result):
                gradients[number] = given[0].gradient
            own = entering(number)
            outputs = graph.plan.storages.outputs.get(number, (number,))
            yield SavingLayer(
                path,
                result,
                storages,
                saved.per_image,
                fixed,
                own.storage,
                tuple([each.gradient for each in given]),
                own.gradient,
                tuple([entering(each).gradient for each in outputs[1:]]),
                module,
            )
    ends = [
        sources[0] if sources else None
        for end, sources in wiring.sources.items()
        if end not in wiring.graph.nodes
    ]
    of = wiring.numbers.of
    return [entering(of(end)) if of(end) else None for end in ends]


def _passes_gradient(result: NodeResult) -> bool:
    """Tell whether a layer returns its input seen differently; not a slice of it."""
    layer, given = result.layer, [each for each in result.inputs if each is not None]
    if layer is None or not given or not layer.is_view(given, True):
        return False
    output = result.outputs[0]
    return output is not None and output.values == given[0].values
