"""The memory of a graph, sizes apart: shared storage, what autograd keeps, what lives at once.

It follows from how the nodes are wired and from their forms alone, and is worked out once for them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from designer.analysis.evaluation.memory_plan import End, MemoryPlan, SavedStorages, Step, Storages
from designer.analysis.evaluation.statements import written_into_reader
from designer.analysis.evaluation.wiring import CHAIN, Wiring
from designer.layers.memory_signature import (
    BLOCK,
    MemorySignature,
    Ports,
    StorageAlias,
    memory_signature,
)
from designer.layers.ports import Input, Output

MAX_PLANS = 100
"""For one wiring; enough for all that the uses of a block make of it."""


def memory_plan(wiring: Wiring, memory_signatures: tuple[MemorySignature, ...]) -> MemoryPlan:
    """Return what follows from the forms of a graph's nodes, which are in order."""
    plans = wiring.plans
    if memory_signatures not in plans:
        if len(plans) >= MAX_PLANS:
            plans.clear()
        plans[memory_signatures] = _plan(wiring, memory_signatures)
    return plans[memory_signatures]


def _plan(wiring: Wiring, given: Sequence[MemorySignature]) -> MemoryPlan:
    storages, memory_signatures = _share(wiring, given)
    in_place = [one is not two for one, two in zip(given, memory_signatures, strict=True)]
    by_name = dict(zip(wiring.order, memory_signatures, strict=True))
    only = _training_only(wiring, by_name) if wiring.ports else _NONE
    # Uses of a block one behind the other have no forward.
    written = _NONE if wiring.ends is CHAIN else written_into_reader(wiring, by_name, only)
    held = _held(
        wiring,
        [each.saved_for_backward for each in memory_signatures],
        storages.shared,
        storages.outputs,
    )
    saved_for_backward = [
        _NOTHING if name in only else each.saved_in_eval for name, each in by_name.items()
    ]
    held_in_eval = _held(wiring, saved_for_backward, storages.shared_in_eval, storages.outputs)
    ends = [_end(wiring, end, by_name, storages) for end in wiring.ends.outputs]
    places = _places(wiring, by_name, only)
    lasting = [end.number for end in ends if end is not None]
    lasting += [wiring.numbers.first[name] for name in wiring.ports if name in by_name]
    last = _last_steps(wiring, places, storages.shared_in_eval, written, lasting)
    steps = _steps(wiring, places, memory_signatures, storages, last)
    makes = any(memory_signatures[place].allocates_in_eval for place in places)
    whole, train, evaluation = _as_block(wiring, storages, ends, (held, held_in_eval), makes)
    return MemoryPlan(
        storages, in_place, only, written, train, evaluation, steps, last, ends, whole
    )


_NONE: frozenset[str] = frozenset()
_NOTHING: tuple[Ports, Ports] = ((), ())


# Storages


def _share(
    wiring: Wiring, given: Sequence[MemorySignature]
) -> tuple[Storages, list[MemorySignature]]:
    """Find out which tensors share storage, and which layers overwrite their input.

    A layer that can do so overwrites its input where nobody else reads, keeps or shares it; the
    forms that are returned are those of layers in place then.
    """
    count = wiring.numbers.total
    shared, shared_in_eval = [*range(count)], [*range(count)]
    writable = [False] * count
    storages = Storages(shared, shared_in_eval, writable, {}, set(), [], [])
    memory_signatures = [*given]
    for place, reads in enumerate(wiring.reads):
        node, number = given[place], place + wiring.numbers.start
        for port in node.convolved:
            storages.convolved.add(shared[reads[port]])
        if node.new_output is not None:
            writable[number] = node.new_output.writable
            continue
        alone = False
        if reads and writable[reads[0]]:
            source = wiring.sources[wiring.order[place]][0]
            alone = source is not None and wiring.readers[source] == 1
        if alone and node.in_place_variant is not None:
            node = memory_signatures[place] = node.in_place_variant
        outputs: Sequence[int] = (number,)
        if len(node.aliases) > 1:
            more = _more_numbers(wiring, place, node, storages)
            outputs = storages.outputs[number] = [number, *more]
        for each, alias in zip(outputs, node.aliases, strict=False):
            if alias is None:
                continue
            own, port, own_in_eval, port_in_eval, free = alias
            shared[each] = outputs[port] if own else shared[reads[port]]
            shared_in_eval[each] = (
                outputs[port_in_eval] if own_in_eval else shared_in_eval[reads[port_in_eval]]
            )
            writable[each] = free and (alone or (own and own_in_eval))
            if node.role is BLOCK and own:
                storages.leaving.append((outputs[port], place, port))
            if node.role is BLOCK and own_in_eval:
                storages.leaving_in_eval.append((outputs[port_in_eval], place, port_in_eval))
    return storages, memory_signatures


def _more_numbers(
    wiring: Wiring, place: int, node: MemorySignature, storages: Storages
) -> Iterator[int]:
    """Yield the numbers of a block's outputs behind the first; those not read get new ones."""
    for port in range(1, len(node.aliases)):
        number = wiring.numbers.others.get((wiring.order[place], port))
        if number is None:
            number = len(storages.shared)
            storages.shared.append(number)
            storages.shared_in_eval.append(number)
            storages.writable.append(False)
        yield number


# What autograd keeps


def _held(
    wiring: Wiring,
    saved_for_backward: Sequence[tuple[Ports, Ports]],
    shared: Sequence[int],
    outputs: Mapping[int, Sequence[int]],
) -> set[int]:
    """Return the storages that the nodes keep; `shared` and `outputs` are as in `Storages`."""
    storages: set[int] = set()
    nodes = zip(wiring.reads, saved_for_backward, strict=True)
    for number, (read, (inputs, made)) in enumerate(nodes, wiring.numbers.start):
        for port in inputs:
            storages.add(shared[read[port]])
        for port in made:
            storages.add(shared[outputs[number][port] if port else number])
    return storages


def _training_only(
    wiring: Wiring, memory_signatures: Mapping[str, MemorySignature]
) -> frozenset[str]:
    """Return the nodes that only auxiliary outputs need."""
    ends = {
        name: memory_signatures[name].graph_port
        for name in wiring.ports
        if name in memory_signatures
    }
    outputs = {name: end[1] for name, end in ends.items() if end and issubclass(end[0], Output)}
    if not any(outputs.values()) or all(outputs.values()):
        return _NONE
    needed = {name for name, auxiliary in outputs.items() if not auxiliary}
    waiting = list(needed)
    while waiting:
        for source in wiring.sources[waiting.pop()]:
            if source is not None and source[0] not in needed:
                needed.add(source[0])
                waiting.append(source[0])
    return frozenset(name for name in wiring.order if name not in needed)


# What lives at once


def _places(
    wiring: Wiring, memory_signatures: Mapping[str, MemorySignature], only: Collection[str]
) -> Sequence[int]:
    """Return the places of the nodes that run in eval mode; every image is there from the start."""
    ends = {
        name: memory_signatures[name].graph_port
        for name in wiring.ports
        if name in memory_signatures
    }
    images = {name for name, end in ends.items() if end and issubclass(end[0], Input)}
    places = range(len(wiring.order))
    if not only and len(images) <= 1:
        return places
    left_out = {*images, *only}
    first = [place for place in places if wiring.order[place] in images]
    return first + [place for place in places if wiring.order[place] not in left_out]


def _last_steps(
    wiring: Wiring,
    places: Sequence[int],
    shared: Sequence[int],
    written: Collection[str],
    ends: Collection[int],
) -> list[int]:
    """Return for each storage the last step in eval mode at which it is needed.

    That is the step of its last reader; for one that has a variable in the generated forward, the
    last of that statement.

    Parameters
    ----------
    places
        Those of the nodes that run, in order.
    shared
        The storage of each tensor in eval mode.
    written
        The nodes that are written into the statement of their reader.
    ends
        The tensors that live to the end.
    """
    last = [0] * len(shared)
    start, end = wiring.numbers.start, len(places)
    inner = {wiring.numbers.first[name] for name in written}
    for step in reversed(range(len(places))):
        place = places[step]
        if place + start not in inner:
            end = step
        for number in wiring.reads[place]:
            until = step if number in inner else end
            last[shared[number]] = max(last[shared[number]], until)
    for number in ends:
        last[shared[number]] = len(places)
    return last


def _steps(
    wiring: Wiring,
    places: Sequence[int],
    memory_signatures: Sequence[MemorySignature],
    storages: Storages,
    last: Sequence[int],
) -> list[Step]:
    """Return what each step in eval mode makes, and what goes after it."""
    shared, start = storages.shared_in_eval, wiring.numbers.start
    freed: dict[int, list[int]] = {}
    steps: list[Step] = []
    for step, place in enumerate(places):
        node, number = memory_signatures[place], place + start
        if not node.known:
            continue
        made: Sequence[int] = ()
        if node.allocates_in_eval:
            made = (number,)
            if node.new_output is None:
                outputs = storages.outputs.get(number, made)
                made = [each for each in outputs if shared[each] == each]
            for each in made:
                freed.setdefault(max(last[each], step), []).append(each)
        if node.allocates_in_eval or step in freed:
            steps.append((place, made, freed.get(step, ())))
    return steps


def peak(steps: Sequence[Step], peaks: Sequence[int], sizes: Sequence[int]) -> int:
    """Return the largest sum of live bytes per image while a graph runs in eval mode.

    The storages of the graph's inputs, which the caller holds, are not counted.

    Parameters
    ----------
    peaks
        The largest sum that each node makes at once.
    sizes
        Those of the storages in eval mode.
    """
    live = most = 0
    for place, made, freed in steps:
        if peaks[place]:
            most = max(most, live + peaks[place])
        for number in made:
            live += sizes[number]
        for number in freed:
            live -= sizes[number]
    return most


# As a block


def _end(
    wiring: Wiring, end: str, memory_signatures: Mapping[str, MemorySignature], storages: Storages
) -> End | None:
    """Return the tensor at a block's output; None if it is not known."""
    sources = wiring.sources.get(end)
    source = sources[0] if sources else None
    number = wiring.numbers.of(source)
    if source is None or number == 0 or source[0] in wiring.cyclic:
        return None
    writable = False
    if number >= wiring.numbers.start:
        aliases = memory_signatures[source[0]].aliases
        if source[1] >= len(aliases) or aliases[source[1]] is None:
            return None
        writable = wiring.readers[source] == 1 and storages.writable[number]
    return End(number, source, storages.shared[number], storages.shared_in_eval[number], writable)


def _as_block(
    wiring: Wiring,
    storages: Storages,
    ends: Sequence[End | None],
    held: tuple[Collection[int], Collection[int]],
    makes: bool,
) -> tuple[MemorySignature, SavedStorages, SavedStorages]:
    """Return what a graph is from outside, and what is kept of it in each mode.

    Storages that leave it keep their identity, as inputs' or as its own outputs'; the others are
    hidden in it.
    """
    inputs = wiring.numbers.start - 1
    own: dict[int, int] = {}
    own_in_eval: dict[int, int] = {}
    aliases: list[StorageAlias | None] = []
    for port, end in enumerate(ends):
        if end is None:
            aliases.append(None)
            continue
        is_own, whose = _whose(end.storage, port, inputs, own)
        in_eval = _whose(end.storage_in_eval, port, inputs, own_in_eval)
        aliases.append(StorageAlias(is_own, whose, *in_eval, end.writable and is_own))
    train, evaluation = _outside(held[0], inputs, own), _outside(held[1], inputs, own_in_eval)
    convolved = tuple([port for port in range(inputs) if port + 1 in storages.convolved])
    saved_for_backward, saved_in_eval = (
        (train.inputs, train.outputs),
        (evaluation.inputs, evaluation.outputs),
    )
    whole = memory_signature(
        BLOCK, None, True, tuple(aliases), saved_for_backward, saved_in_eval, convolved, makes
    )
    return whole, train, evaluation


def _whose(storage: int, port: int, inputs: int, own: dict[int, int]) -> tuple[bool, int]:
    """Tell whether a storage is a block's own, and by which port it is known."""
    if storage <= inputs:
        return False, storage - 1
    return True, own.setdefault(storage, port)


def _outside(held: Collection[int], inputs: int, own: Mapping[int, int]) -> SavedStorages:
    """Return the storages that are kept by the names that they have outside of the block."""
    if not inputs and not own:
        return SavedStorages((), (), [*held])
    return SavedStorages(
        tuple(sorted([each - 1 for each in held if each <= inputs])),
        tuple(sorted([own[each] for each in held if each in own])),
        [each for each in held if each > inputs and each not in own],
    )
