"""The result of a graph from those of its nodes: sums, and what it is as a block from outside."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from designer.analysis import memory
from designer.analysis.changes import is_plain
from designer.analysis.loose import graph_problems
from designer.analysis.problems import Problem
from designer.analysis.results import (
    BlockEffect,
    GraphResult,
    Leaving,
    Lives,
    NodeResult,
    Origin,
    Storages,
)
from designer.analysis.statements import written_into_reader
from designer.analysis.wiring import Ends, Wiring
from designer.design.expressions import Scalar
from designer.design.values import Graph, LayerNode
from designer.layers.base import NOTHING, Kept, Tensor
from designer.layers.facts import Counts, Facts
from designer.layers.ports import Input, Output

_PORTS = (Input.__name__, Output.__name__)


def summed(
    wiring: Wiring,
    scope: Mapping[str, Scalar],
    inputs: tuple[Tensor, ...],
    results: dict[str, NodeResult],
    block: str | None,
    ends: Ends,
    faults: Collection[Problem],
    *,
    drawn: Graph | None = None,
) -> GraphResult:
    """Return the result of a graph; `results` of layers become those in place where that is right.

    Parameters
    ----------
    drawn
        The graph as the design has it; None if this one is not drawn.
    """
    storages = memory.share(wiring, results, inputs)
    effects = [results[name].effect for name in wiring.order]
    nodes = wiring.graph.nodes.items() if drawn is not None else ()  # uses in a row have no ports
    ports = tuple([n for n, node in nodes if isinstance(node, LayerNode) and node.layer in _PORTS])
    only = memory.training_only(wiring, results, ports) if ports else frozenset()
    held, held_in_eval = _held(wiring, storages, effects, only)
    left = [_end(wiring, end, results, inputs) for end in ends.outputs]
    lasting = [wiring.numbers.first[name] for name in ports if name in results]
    lasting += [end.number for end in left if end is not None]
    written: frozenset[str] = frozenset()
    if drawn is not None:  # uses one behind the other have no forward
        written = written_into_reader(wiring, results, only)
    inner = {wiring.numbers.first[name] for name in written}
    steps = _steps(wiring, results, ports, only)
    last = memory.last_steps(wiring, steps, storages.shared_in_eval, inner, lasting)
    lives = Lives(held.storages, held_in_eval.storages, steps, last)
    peak = memory.peak(wiring, effects, storages, lives)
    counts = sum_counts(results)
    effect = _NO_EFFECT
    if left:
        effect = _effect(wiring, storages, left, counts, (held, held_in_eval), peak)
    return GraphResult(
        wiring=wiring,
        plain=wiring.graph is drawn and all(map(is_plain, drawn.nodes.values())),
        scope=scope,
        inputs=inputs,
        nodes=results,
        ports=ports,
        training_only=only,
        written=written,
        counts=counts,
        kept=held.memory(storages.sizes),
        kept_in_eval=held_in_eval.memory(storages.sizes_in_eval),
        peak=peak,
        storages=storages,
        lives=lives,
        effect=effect,
        problems=(*faults, *graph_problems(wiring, results, block, ends)),
    )


def resized(before: GraphResult, wiring: Wiring, results: Mapping[str, NodeResult]) -> GraphResult:
    """Return the result of a design's graph whose nodes differ from before in nothing but sizes."""
    effects = [results[name].effect for name in wiring.order]
    storages, lives = memory.resize(wiring, before.storages, effects), before.lives
    kept = [NOTHING if each is None else each.kept for each in effects]
    held = memory.hold_more(kept, lives.kept)
    kept = _kept_in_eval(wiring, effects, before.training_only)
    held_in_eval = memory.hold_more(kept, lives.kept_in_eval)
    return replace(
        before,
        wiring=wiring,
        nodes=results,
        counts=sum_counts(results),
        kept=held.memory(storages.sizes),
        kept_in_eval=held_in_eval.memory(storages.sizes_in_eval),
        peak=memory.peak(wiring, effects, storages, lives),
        storages=storages,
    )


def _held(
    wiring: Wiring,
    storages: Storages,
    effects: Sequence[Facts | BlockEffect | None],
    only: Collection[str],
) -> tuple[memory.Held, memory.Held]:
    """Return what autograd keeps in train and in eval mode."""
    kept = [NOTHING if each is None else each.kept for each in effects]
    kept_in_eval = _kept_in_eval(wiring, effects, only)
    return (
        memory.hold(wiring, kept, storages.shared, storages.outputs),
        memory.hold(wiring, kept_in_eval, storages.shared_in_eval, storages.outputs),
    )


def _kept_in_eval(
    wiring: Wiring, effects: Sequence[Facts | BlockEffect | None], only: Collection[str]
) -> list[Kept]:
    kept = [NOTHING if each is None else each.kept_in_eval for each in effects]
    for place in [place for place, name in enumerate(wiring.order) if name in only] if only else ():
        kept[place] = NOTHING
    return kept


def sum_counts(results: Mapping[str, NodeResult]) -> Counts:
    """Add up the nodes' counts; of the gradients alive at once, the largest counts."""
    rows = [result.effect.counts for result in results.values() if result.effect is not None]
    if not rows:
        return Counts()
    *sums, widest = zip(*rows, strict=True)
    return Counts._make([*map(sum, sums), max(widest)])


def _steps(
    wiring: Wiring, results: Mapping[str, NodeResult], ports: Sequence[str], only: Collection[str]
) -> Sequence[int]:
    """Return the places of the nodes that run in eval mode; every image is there from the start."""
    images = {name for name in ports if name in results and isinstance(results[name].layer, Input)}
    places = range(len(wiring.order))
    if not only and len(images) <= 1:
        return places
    left_out = {*images, *only}
    first = [place for place in places if wiring.order[place] in images]
    return first + [place for place in places if wiring.order[place] not in left_out]


# As a block


_NO_EFFECT = BlockEffect((), Counts(), NOTHING, NOTHING, (), 0)


class _End(NamedTuple):
    """The tensor at a block's output: its number, and whether nobody else reads it."""

    tensor: Tensor
    number: int
    alone: bool


def _end(
    wiring: Wiring, end: str, results: Mapping[str, NodeResult], inputs: Sequence[Tensor]
) -> _End | None:
    """Return the tensor at a block's output; None if it is not known."""
    sources = wiring.sources.get(end)
    source = sources[0] if sources else None
    number = wiring.numbers.of(source)
    if source is None or number == 0:
        return None
    if number < wiring.numbers.start:
        return _End(inputs[number - 1], number, False)
    outputs = results[source[0]].outputs
    tensor = outputs[source[1]] if source[1] < len(outputs) else None
    return None if tensor is None else _End(tensor, number, wiring.readers[source] == 1)


def _effect(
    wiring: Wiring,
    storages: Storages,
    ends: Sequence[_End | None],
    counts: Counts,
    held: tuple[memory.Held, memory.Held],
    peak: int,
) -> BlockEffect:
    """Return what a graph adds to the sums around it.

    Storages that leave it keep their identity, as inputs' or as its own outputs'; the others are
    summed up.
    """
    inputs = wiring.numbers.start - 1
    own: dict[int, Origin] = {}
    own_in_eval: dict[int, Origin] = {}
    outputs: list[Leaving | None] = []
    for port, end in enumerate(ends):
        if end is None:
            outputs.append(None)
            continue
        tensor, number, alone = end
        origin = _origin(storages.shared[number], port, inputs, storages.sizes, own)
        in_eval = _origin(
            storages.shared_in_eval[number], port, inputs, storages.sizes_in_eval, own_in_eval
        )
        writable = alone and storages.writable[number] and origin.own
        outputs.append(Leaving(tensor, origin, in_eval, writable))
    return BlockEffect(
        tuple(outputs),
        counts,
        held[0].outside(storages.sizes, inputs, own),
        held[1].outside(storages.sizes_in_eval, inputs, own_in_eval),
        tuple([port for port in range(inputs) if port + 1 in storages.convolved]),
        peak,
    )


def _origin(
    storage: int, port: int, inputs: int, sizes: Sequence[int], own: dict[int, Origin]
) -> Origin:
    if storage <= inputs:
        return Origin(False, storage - 1, sizes[storage])
    return own.setdefault(storage, Origin(True, port, sizes[storage]))
