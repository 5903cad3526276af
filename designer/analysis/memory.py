"""The memory of a graph: shared storage, what autograd keeps, what lives at once."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from designer.analysis.results import (
    BlockEffect,
    Lives,
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


def resize(
    wiring: Wiring, storages: Storages, effects: Sequence[Facts | BlockEffect | None]
) -> Storages:
    """Return the storages of a design with the sizes that they have for other tensors."""
    sizes = [0] * len(storages.sizes)
    sizes_in_eval = [*sizes]
    for number, effect in enumerate(effects, wiring.numbers.start):
        if isinstance(effect, Facts):
            sizes[number] = sizes_in_eval[number] = effect.size
        elif effect is not None:
            numbers = storages.outputs.get(number, (number,))
            for leaving in effect.outputs:
                if leaving is not None and leaving.storage.own:
                    sizes[numbers[leaving.storage.port]] = leaving.storage.size
                if leaving is not None and leaving.eval_storage.own:
                    sizes_in_eval[numbers[leaving.eval_storage.port]] = leaving.eval_storage.size
    return replace(storages, sizes=sizes, sizes_in_eval=sizes_in_eval)


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


def hold_more(kept: Sequence[Kept], storages: Collection[int]) -> Held:
    """Sum up what is kept of nodes that keep the same storages as before."""
    per_image = sum([each.per_image for each in kept])
    return Held(per_image, sum([each.fixed for each in kept]), storages)


def training_only(
    wiring: Wiring, results: Mapping[str, NodeResult], ports: Sequence[str]
) -> frozenset[str]:
    """Return the nodes that only auxiliary outputs need."""
    layers = {name: results[name].layer for name in ports if name in results}
    outputs = {name: each.auxiliary for name, each in layers.items() if isinstance(each, Output)}
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


def last_steps(
    wiring: Wiring,
    steps: Sequence[int],
    shared: Sequence[int],
    written: Collection[int],
    ends: Collection[int],
) -> list[int]:
    """Return for each storage the last step in eval mode at which it is needed.

    That is the step of its last reader; for one that has a variable in the generated forward, the
    last of that statement.

    Parameters
    ----------
    steps
        The places of those nodes that run, in order.
    shared
        The storage of each tensor in eval mode.
    written
        The tensors that are written into the statement of their reader.
    ends
        The tensors that live to the end.
    """
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
    return last


def peak(
    wiring: Wiring,
    effects: Sequence[Facts | BlockEffect | None],
    storages: Storages,
    lives: Lives,
) -> int:
    """Return the largest sum of live bytes per image while a graph runs in eval mode.

    The storages of the graph's inputs, which the caller holds, are not counted. `effects` is what
    the nodes add to the sums, in order.
    """
    shared, sizes, outputs = storages.shared_in_eval, storages.sizes_in_eval, storages.outputs
    last, start = lives.last, wiring.numbers.start
    live = most = 0
    dying = [0] * (len(lives.steps) + 1)
    for step, place in enumerate(lives.steps):
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
