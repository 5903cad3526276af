"""Makes the memory plan of a graph from its wiring and the memory signatures of its nodes.

A worked example: a convolution with a shortcut around it. The image has 16x32x32 values, which are
65,536 bytes, and so has every other tensor::

    image ─┬─ conv ── relu ── add ── scores
           └──────────────────┘

Positions in forward order are image 0, conv 1, relu 2, add 3, scores 4. The tensors are numbered
from 1: image 1, conv 2, relu 3, add 4, scores 5; 0 means no tensor. The plan then holds:

``in_place = [False, False, True, False, False]``
    relu overwrites its input: it is the only reader of conv's output, which conv does not save.
``storages.storage_of = [0, 1, 2, 2, 4, 4]``
    relu's output (tensor 3) lies in the storage of conv's output (2). scores returns add's output.
``storages.writable = [False, False, True, False, True, True]``
    Tensor 2 may be overwritten. Tensor 1 belongs to the caller; tensor 3 is saved by relu.
``storages.convolved = {1}``
    conv reads storage 1.
``saved = SavedStorages(inputs=(), outputs=(), hidden=[1, 2])``
    conv saves its input (storage 1), relu its output (storage 2): 131,072 bytes for one image. In
    a block whose input is the image, storage 1 would stand in ``inputs`` as port 0 instead, since
    the graph around the block must not count it twice.
``inlined = {"conv", "add"}``
    The generated forward reads ``y = self.relu(self.conv(x))`` and ``return y + x``.
``steps = [(0, (1,), ()), (1, (2,), ()), (3, (4,), ()), (4, (), [2])]``
    image, conv and add allocate storages 1, 2 and 4. Storage 2 is freed only after scores: the
    variable ``y`` lives to the end of its statement, which is the return. So three storages are
    alive at once, and `peak` returns 196,608.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from designer.analysis.evaluation.memory_plan import (
    MemoryPlan,
    OutputTensor,
    Peak,
    SavedStorages,
    Step,
    Storages,
)
from designer.analysis.evaluation.statements import inlined_nodes
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
"""Plans cached for one wiring. The uses of a block seldom need more than two or three."""

_NONE: frozenset[str] = frozenset()
_NOTHING: tuple[Ports, Ports] = ((), ())


def memory_plan(wiring: Wiring, signatures: tuple[MemorySignature, ...]) -> MemoryPlan:
    """Return the memory plan of a graph.

    Plans are cached with the wiring: an edit that only changes sizes finds the plan again.

    Parameters
    ----------
    wiring
        The wiring of the graph.
    signatures
        The memory signature of each node, in forward order.
    """
    plans = wiring.memory_plans
    if signatures not in plans:
        if len(plans) >= MAX_PLANS:
            plans.clear()
        plans[signatures] = _plan(wiring, signatures)
    return plans[signatures]


def _plan(wiring: Wiring, given: Sequence[MemorySignature]) -> MemoryPlan:
    storages, signatures = _share(wiring, given)
    in_place = [one is not two for one, two in zip(given, signatures, strict=True)]
    by_name = dict(zip(wiring.order, signatures, strict=True))
    training_only = _training_only(wiring, by_name) if wiring.ports else _NONE
    # The uses of a repeated block have no forward method around them.
    inlined = _NONE if wiring.ends is CHAIN else inlined_nodes(wiring, by_name, training_only)
    saved = _saved(
        wiring,
        [each.saved_for_backward for each in signatures],
        storages.storage_of,
        storages.outputs,
    )
    saved_in_eval = _saved(
        wiring,
        [
            _NOTHING if name in training_only else each.saved_in_eval
            for name, each in by_name.items()
        ],
        storages.storage_of_in_eval,
        storages.outputs,
    )
    outputs = [_output_tensor(wiring, end, by_name, storages) for end in wiring.ends.outputs]
    positions = _eval_positions(wiring, by_name, training_only)
    lasting = [each.number for each in outputs if each is not None]
    lasting += [wiring.numbers.first[name] for name in wiring.ports if name in by_name]
    last = _last_steps(wiring, positions, storages.storage_of_in_eval, inlined, lasting)
    steps = _steps(wiring, positions, signatures, storages, last)
    makes = any(signatures[position].allocates_in_eval for position in positions)
    signature, train, evaluation = _as_block(
        wiring, storages, outputs, (saved, saved_in_eval), makes
    )
    return MemoryPlan(
        storages, in_place, training_only, inlined, train, evaluation, steps, outputs, signature
    )


# Storages


def _share(
    wiring: Wiring, given: Sequence[MemorySignature]
) -> tuple[Storages, list[MemorySignature]]:
    """Find which tensors share storage and which layers overwrite their input.

    A layer with an in-place variant overwrites its input where nothing else reads, saves or shares
    that input. The returned signatures are those of the in-place variants for these layers.
    """
    count = wiring.numbers.total
    shared, shared_in_eval = [*range(count)], [*range(count)]
    writable = [False] * count
    storages = Storages(shared, shared_in_eval, writable, {}, set(), [], [])
    signatures = [*given]
    for position, reads in enumerate(wiring.reads):
        node, number = given[position], position + wiring.numbers.start
        for port in node.convolved:
            storages.convolved.add(shared[reads[port]])
        if node.new_output is not None:
            writable[number] = node.new_output.writable
            continue
        only_reader = False
        if reads and writable[reads[0]]:
            source = wiring.sources[wiring.order[position]][0]
            only_reader = source is not None and wiring.readers[source] == 1
        if only_reader and node.in_place_variant is not None:
            node = signatures[position] = node.in_place_variant
        outputs: Sequence[int] = (number,)
        if len(node.aliases) > 1:
            more = _further_outputs(wiring, position, node, storages)
            outputs = storages.outputs[number] = [number, *more]
        for each, alias in zip(outputs, node.aliases, strict=False):
            if alias is None:
                continue
            own, port, own_in_eval, port_in_eval, overwritable = alias
            shared[each] = outputs[port] if own else shared[reads[port]]
            shared_in_eval[each] = (
                outputs[port_in_eval] if own_in_eval else shared_in_eval[reads[port_in_eval]]
            )
            writable[each] = overwritable and (only_reader or (own and own_in_eval))
            if own and (node.role is BLOCK or port):
                storages.from_nodes.append((outputs[port], position, port))
            if own_in_eval and (node.role is BLOCK or port_in_eval):
                storages.from_nodes_in_eval.append((outputs[port_in_eval], position, port_in_eval))
    return storages, signatures


def _further_outputs(
    wiring: Wiring, position: int, node: MemorySignature, storages: Storages
) -> Iterator[int]:
    """Yield the tensor numbers of a node's outputs after the first.

    The wiring numbers only outputs that are read; the others get new numbers here.
    """
    for port in range(1, len(node.aliases)):
        number = wiring.numbers.others.get((wiring.order[position], port))
        if number is None:
            number = len(storages.storage_of)
            storages.storage_of.append(number)
            storages.storage_of_in_eval.append(number)
            storages.writable.append(False)
        yield number


# What autograd saves


def _saved(
    wiring: Wiring,
    saved_ports: Sequence[tuple[Ports, Ports]],
    storage_of: Sequence[int],
    outputs: Mapping[int, Sequence[int]],
) -> set[int]:
    """Return the storages saved for backward.

    Parameters
    ----------
    saved_ports
        The input and output ports whose tensors each node saves, in forward order.
    storage_of, outputs
        As in `Storages`.
    """
    storages: set[int] = set()
    nodes = zip(wiring.reads, saved_ports, strict=True)
    for number, (read, (inputs, made)) in enumerate(nodes, wiring.numbers.start):
        for port in inputs:
            storages.add(storage_of[read[port]])
        for port in made:
            storages.add(storage_of[outputs[number][port] if port else number])
    return storages


def _training_only(wiring: Wiring, signatures: Mapping[str, MemorySignature]) -> frozenset[str]:
    """Return the nodes that only auxiliary outputs need."""
    ends = {name: signatures[name].graph_port for name in wiring.ports if name in signatures}
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


# Lifetimes in eval mode


def _eval_positions(
    wiring: Wiring, signatures: Mapping[str, MemorySignature], training_only: Collection[str]
) -> Sequence[int]:
    """Return the positions of the nodes that run in eval mode, the Input nodes first.

    The caller holds every image from the start, whatever the order in which it is read.
    """
    ends = {name: signatures[name].graph_port for name in wiring.ports if name in signatures}
    images = {name for name, end in ends.items() if end and issubclass(end[0], Input)}
    positions = range(len(wiring.order))
    if not training_only and len(images) <= 1:
        return positions
    left_out = {*images, *training_only}
    first = [position for position in positions if wiring.order[position] in images]
    return first + [position for position in positions if wiring.order[position] not in left_out]


def _last_steps(
    wiring: Wiring,
    positions: Sequence[int],
    storage_of: Sequence[int],
    inlined: Collection[str],
    lasting: Collection[int],
) -> list[int]:
    """Return for each storage the last step in eval mode that needs it.

    An inlined result is freed after its reader. A variable lives on to the end of the statement
    that reads it last.

    Parameters
    ----------
    positions
        Those of the nodes that run, in order.
    storage_of
        The storage of each tensor in eval mode.
    inlined
        The nodes that are part of their reader's statement.
    lasting
        The tensors that live to the end.
    """
    last = [0] * len(storage_of)
    start, end = wiring.numbers.start, len(positions)
    inner = {wiring.numbers.first[name] for name in inlined}
    for step in reversed(range(len(positions))):
        position = positions[step]
        if position + start not in inner:
            end = step
        for number in wiring.reads[position]:
            until = step if number in inner else end
            last[storage_of[number]] = max(last[storage_of[number]], until)
    for number in lasting:
        last[storage_of[number]] = len(positions)
    return last


def _steps(
    wiring: Wiring,
    positions: Sequence[int],
    signatures: Sequence[MemorySignature],
    storages: Storages,
    last: Sequence[int],
) -> list[Step]:
    """Return the steps in eval mode that allocate or free something."""
    storage_of, start = storages.storage_of_in_eval, wiring.numbers.start
    freed: dict[int, list[int]] = {}
    steps: list[Step] = []
    for step, position in enumerate(positions):
        node, number = signatures[position], position + start
        if not node.known:
            continue
        made: Sequence[int] = ()
        if node.allocates_in_eval:
            made = (number,)
            if node.new_output is None:
                outputs = storages.outputs.get(number, made)
                made = [each for each in outputs if storage_of[each] == each]
            for each in made:
                freed.setdefault(max(last[each], step), []).append(each)
        if node.allocates_in_eval or step in freed:
            steps.append((position, made, freed.get(step, ())))
    return steps


def peak(
    steps: Sequence[Step],
    peaks: Sequence[int],
    sizes: Sequence[int],
    more: Sequence[Sequence[Peak]],
    fixed: Collection[int],
) -> tuple[Peak, ...]:
    """Return the largest sums of live bytes while a graph runs in eval mode.

    Each comes in two parts: the bytes for one image, and those that do not grow with the batch.
    There is one sum unless it depends on the batch which is the largest; the first is the largest
    for one image.

    The storages of a block's inputs are not counted; the caller holds them.

    Parameters
    ----------
    steps
        Those of the graph's memory plan.
    peaks
        The most bytes for one image that each node allocates at once, in forward order.
    more
        For each node, the sums that `peak` returned for it, if it is not a single one without a
        part that does not grow.
    sizes, fixed
        Bytes of each storage in eval mode, and the storages whose bytes do not grow with the batch.
    """
    if fixed or any(more):
        return _peaks_of_both(steps, peaks, sizes, more, fixed)
    live = most = 0
    for position, made, freed in steps:
        if peaks[position]:
            most = max(most, live + peaks[position])
        for number in made:
            live += sizes[number]
        for number in freed:
            live -= sizes[number]
    return ((most, 0),)


def _peaks_of_both(
    steps: Sequence[Step],
    peaks: Sequence[int],
    sizes: Sequence[int],
    more: Sequence[Sequence[Peak]],
    fixed: Collection[int],
) -> tuple[Peak, ...]:
    """Return what `peak` does, for a graph with storages that do not grow with the batch."""
    live = lasting = 0
    found: set[Peak] = {(0, 0)}
    for position, made, freed in steps:
        for growing, whole in more[position] or ((peaks[position], 0),):
            found.add((live + growing, lasting + whole))
        for sign, numbers in ((1, made), (-1, freed)):
            for number in numbers:
                if number in fixed:
                    lasting += sign * sizes[number]
                else:
                    live += sign * sizes[number]
    largest: list[Peak] = []  # each grows faster or slower with the batch than the others
    for growing, whole in sorted(found, reverse=True):
        if not largest or whole > largest[-1][1]:
            largest.append((growing, whole))
    return tuple(sorted(largest, key=sum, reverse=True))


# The graph as a block


def _output_tensor(
    wiring: Wiring, end: str, signatures: Mapping[str, MemorySignature], storages: Storages
) -> OutputTensor | None:
    """Return the tensor at a block's output; None if nothing is known of it."""
    sources = wiring.sources.get(end)
    source = sources[0] if sources else None
    number = wiring.numbers.of(source)
    if source is None or number == 0 or source[0] in wiring.cyclic:
        return None
    writable = False
    if number >= wiring.numbers.start:
        aliases = signatures[source[0]].aliases
        if source[1] >= len(aliases) or aliases[source[1]] is None:
            return None
        writable = wiring.readers[source] == 1 and storages.writable[number]
    storage = storages.storage_of[number]
    return OutputTensor(number, source, storage, storages.storage_of_in_eval[number], writable)


def _as_block(
    wiring: Wiring,
    storages: Storages,
    tensors: Sequence[OutputTensor | None],
    saved: tuple[Collection[int], Collection[int]],
    makes: bool,
) -> tuple[MemorySignature, SavedStorages, SavedStorages]:
    """Return the graph's signature as a block, and its saved storages in train and eval mode.

    From outside, a storage is known by the input port through which it enters or the output port
    through which it leaves. All others are hidden.
    """
    inputs = wiring.numbers.start - 1
    own: dict[int, int] = {}
    own_in_eval: dict[int, int] = {}
    aliases: list[StorageAlias | None] = []
    for port, tensor in enumerate(tensors):
        if tensor is None:
            aliases.append(None)
            continue
        is_own, alias_port = _port_of(tensor.storage, port, inputs, own)
        in_eval = _port_of(tensor.storage_in_eval, port, inputs, own_in_eval)
        aliases.append(StorageAlias(is_own, alias_port, *in_eval, tensor.writable and is_own))
    train = _seen_from_outside(saved[0], inputs, own)
    evaluation = _seen_from_outside(saved[1], inputs, own_in_eval)
    convolved = tuple([port for port in range(inputs) if port + 1 in storages.convolved])
    signature = memory_signature(
        BLOCK,
        None,
        True,
        tuple(aliases),
        (train.inputs, train.outputs),
        (evaluation.inputs, evaluation.outputs),
        convolved,
        makes,
    )
    return signature, train, evaluation


def _port_of(storage: int, port: int, inputs: int, own: dict[int, int]) -> tuple[bool, int]:
    """Return whether the block allocates a storage, and the port that stands for it outside.

    The graph around the block knows its storages only by ports: one that came in by the input
    port, one that the block allocates by the first output port at which it leaves.

    Parameters
    ----------
    storage, port
        A storage, and an output port at which it leaves.
    inputs
        The number of the block's inputs, whose storages have the numbers from 1.
    own
        The first output port of each storage that the block allocates; `storage` is added.
    """
    if storage <= inputs:
        return False, storage - 1
    return True, own.setdefault(storage, port)


def _seen_from_outside(
    saved: Collection[int], inputs: int, own: Mapping[int, int]
) -> SavedStorages:
    """Return what a block saves, by the block's input and output ports where these share it."""
    if not inputs and not own:
        return SavedStorages((), (), [*saved])
    return SavedStorages(
        tuple(sorted([each - 1 for each in saved if each <= inputs])),
        tuple(sorted([own[each] for each in saved if each in own])),
        [each for each in saved if each > inputs and each not in own],
    )
