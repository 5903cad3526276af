"""The memory of a graph: shared storage, what autograd keeps, what lives at once."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from designer.analysis.results import (
    BlockEffect,
    Memory,
    NodeResult,
    Origin,
    Storages,
    layer_result,
)
from designer.analysis.wiring import Wiring
from designer.layers.base import FLOAT_BYTES, Kept, Tensor
from designer.layers.facts import Facts
from designer.layers.ports import Output

# Storages


def share(wiring: Wiring, results: dict[str, NodeResult], inputs: Sequence[Tensor]) -> Storages:
    """Find out which tensors share storage, and which layers overwrite their input.

    A layer that can do so overwrites its input where nobody else reads, keeps or shares it: in
    `results`, its result becomes that of the layer in place.
    """
    start, count = wiring.numbers.start, wiring.numbers.total
    shared, shared_in_eval = [*range(count)], [*range(count)]
    sizes, writable = [0] * count, [False] * count
    for number, tensor in enumerate(inputs, 1):
        sizes[number] = FLOAT_BYTES * tensor.values
    sizes_in_eval = [*sizes]
    convolved: set[int] = set()
    storages = Storages(shared, shared_in_eval, sizes, sizes_in_eval, {}, writable, convolved)
    for number, (name, reads) in enumerate(zip(wiring.order, wiring.reads, strict=True), start):
        result = results[name]
        effect, layer = result.effect, result.layer
        if effect is None:
            continue
        for port in effect.convolved:
            convolved.add(shared[reads[port]])
        if layer is None or isinstance(effect, BlockEffect):
            assert isinstance(effect, BlockEffect)
            outputs = [number]
            if len(effect.outputs) > 1:
                outputs += _more_numbers(wiring, name, effect, storages)
                storages.outputs[number] = outputs
            _share_block(effect, storages, outputs, reads)
            continue
        sizes[number] = sizes_in_eval[number] = effect.size
        fresh = bool(reads)  # the images are the caller's
        if layer.inplace or effect.view or effect.view_in_eval:
            first = reads[0]
            source = wiring.sources[name][0]
            alone = writable[first] and source is not None and wiring.readers[source] == 1
            if layer.inplace and alone is not result.in_place:
                result = results[name] = layer_result(layer, result.inputs, result.frozen, alone)
                effect = result.effect
                assert isinstance(effect, Facts)
            if effect.view:
                shared[number] = shared[first]
                fresh = alone
            if effect.view_in_eval:
                shared_in_eval[number] = shared_in_eval[first]
                fresh = alone
        writable[number] = fresh and not effect.keeps_output
    return storages


def _more_numbers(
    wiring: Wiring, name: str, effect: BlockEffect, storages: Storages
) -> Iterator[int]:
    """Yield the numbers of a block's outputs behind the first; those not read get new ones."""
    for port in range(1, len(effect.outputs)):
        number = wiring.numbers.others.get((name, port))
        if number is None:
            number = len(storages.shared)
            storages.shared.append(number)
            storages.shared_in_eval.append(number)
            storages.sizes.append(0)
            storages.sizes_in_eval.append(0)
            storages.writable.append(False)
        yield number


def _share_block(
    effect: BlockEffect, storages: Storages, numbers: Sequence[int], reads: Sequence[int]
) -> None:
    for number, leaving in zip(numbers, effect.outputs, strict=False):
        if leaving is None:
            continue
        _, (own, port, size), (own_in_eval, port_in_eval, size_in_eval), writable = leaving
        if own:
            storages.shared[number] = numbers[port]
            storages.sizes[numbers[port]] = size
        else:
            storages.shared[number] = storages.shared[reads[port]]
        if own_in_eval:
            storages.shared_in_eval[number] = numbers[port_in_eval]
            storages.sizes_in_eval[numbers[port_in_eval]] = size_in_eval
        else:
            storages.shared_in_eval[number] = storages.shared_in_eval[reads[port_in_eval]]
        storages.writable[number] = writable


# What autograd keeps


class Held(NamedTuple):
    """What autograd keeps of a graph in one mode: bytes of unnamed tensors, and storages."""

    per_image: int
    fixed: int
    storages: Collection[int]

    def memory(self, sizes: Sequence[int]) -> Memory:
        """Return the sums, each storage counted once."""
        return Memory(self.per_image + sum([sizes[each] for each in self.storages]), self.fixed)

    def outside(self, sizes: Sequence[int], inputs: int, own: Mapping[int, Origin]) -> Kept:
        """Return it as a block's: storages that enter or leave it are named by their ports."""
        entered, left, hidden = [], [], 0
        for storage in self.storages:
            if storage <= inputs:
                entered.append(storage - 1)
            elif storage in own:
                left.append(own[storage].port)
            else:
                hidden += sizes[storage]
        entered.sort()
        left.sort()
        return Kept(tuple(entered), tuple(left), self.per_image + hidden, self.fixed)


def hold(
    wiring: Wiring,
    kept: Sequence[Kept],
    shared: Sequence[int],
    outputs: Mapping[int, Sequence[int]],
) -> Held:
    """Sum up what is kept of the nodes in order; `shared` and `outputs` are as in `Storages`."""
    per_image = fixed = 0
    storages: set[int] = set()
    nodes = zip(wiring.reads, kept, strict=True)
    for number, (read, (inputs, made, image, whole)) in enumerate(nodes, wiring.numbers.start):
        per_image += image
        fixed += whole
        for port in inputs:
            storages.add(shared[read[port]])
        for port in made:
            storages.add(shared[outputs[number][port] if port else number])
    return Held(per_image, fixed, storages)


def training_only(wiring: Wiring, results: Mapping[str, NodeResult]) -> frozenset[str]:
    """Return the nodes that only auxiliary outputs need."""
    outputs = {
        name: result.layer.auxiliary
        for name, result in results.items()
        if isinstance(result.layer, Output)
    }
    if not any(outputs.values()) or all(outputs.values()):
        return frozenset()
    needed = {name for name, auxiliary in outputs.items() if not auxiliary}
    waiting = list(needed)
    while waiting:
        for source in wiring.sources[waiting.pop()]:
            if source is not None and source[0] not in needed:
                needed.add(source[0])
                waiting.append(source[0])
    return frozenset(name for name in wiring.order if name not in needed)


# What lives at once


def peak(
    wiring: Wiring,
    effects: Sequence[Facts | BlockEffect | None],
    steps: Sequence[int],
    storages: Storages,
    written: Collection[int],
    ends: Collection[int],
) -> int:
    """Return the largest sum of live bytes per image while a graph runs in eval mode.

    A storage lives from its making until its last reader has run; one that has a variable in the
    generated forward, to the end of that statement. Those of the graph's inputs, which the caller
    holds, are not counted.

    Parameters
    ----------
    effects
        What the nodes add to the sums, in order.
    steps
        The places of those nodes that run, in order.
    written
        The tensors that are written into the statement of their reader.
    ends
        The tensors that live to the end.
    """
    shared, sizes, outputs = storages.shared_in_eval, storages.sizes_in_eval, storages.outputs
    last = [0] * len(shared)
    start, end = wiring.numbers.start, len(steps)
    for step in reversed(range(len(steps))):
        place = steps[step]
        if place + start not in written:
            end = step
        for number in wiring.reads[place]:
            until = step if number in written else end
            last[shared[number]] = max(last[shared[number]], until)
    for number in ends:
        last[shared[number]] = len(steps)
    live = most = 0
    dying = [0] * (len(steps) + 1)
    for step, place in enumerate(steps):
        effect = effects[place]
        if effect is None:
            continue
        if effect.peak:
            most = max(most, live + effect.peak)
            number = place + start
            for made in outputs.get(number, (number,)):
                if shared[made] == made:
                    size = sizes[made]
                    live += size
                    dying[max(last[made], step)] += size
        live -= dying[step]
    return most
