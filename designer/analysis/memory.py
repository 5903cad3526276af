"""Sums over storages: what autograd keeps, and how much lives at once when predicting."""

from collections.abc import Collection, Mapping, Sequence

from designer.analysis.results import Flow, Memory, NodeResult, Storage
from designer.analysis.wiring import Wiring
from designer.layers.ports import Input, Output


def collect(
    results: Mapping[str, NodeResult], left_out: Collection[str], *, training: bool = True
) -> Memory:
    """Return what a graph keeps: sums, and each storage once."""
    per_image = fixed = 0
    storages: set[Storage] = set()
    for name, result in results.items():
        if name in left_out:
            continue
        kept = result.kept if training else result.kept_in_eval
        per_image += kept.per_image
        fixed += kept.fixed
        if kept.storages:
            storages.update(kept.storages)
    return Memory(per_image, fixed, frozenset(storages))


def training_only(
    wiring: Wiring, results: Mapping[str, NodeResult], has_outputs: bool
) -> frozenset[str]:
    """Return the nodes that only auxiliary outputs need."""
    outputs = {
        name: result.layer.auxiliary
        for name, result in results.items()
        if isinstance(result.layer, Output)
    }
    if has_outputs or not any(outputs.values()) or all(outputs.values()):
        return frozenset()
    needed = {name for name, auxiliary in outputs.items() if not auxiliary}
    waiting = list(needed)
    while waiting:
        for source in wiring.sources[waiting.pop()]:
            if source is not None and source[0] not in needed:
                needed.add(source[0])
                waiting.append(source[0])
    return frozenset(name for name in wiring.order if name not in needed)


def peak(
    wiring: Wiring,
    results: Mapping[str, NodeResult],
    left_out: Collection[str],
    outputs: Sequence[Flow | None],
) -> int:
    """Return the largest sum of live bytes per image while the graph runs in eval mode.

    A storage lives from its making until its last reader has run. Those of the graph's inputs,
    which the caller holds, are not counted; the images of the design are, throughout.
    """
    last: dict[Storage, int] = {}
    order = [name for name in wiring.order if name not in left_out]
    for step, name in enumerate(order):
        for flow in results[name].inputs:
            if flow is not None:
                last[flow.eval_storage] = step
    for flow in outputs:
        if flow is not None:
            last[flow.eval_storage] = len(order)
    live = most = 0
    alive: set[Storage] = set()
    ends: dict[int, list[Storage]] = {}
    for step, name in enumerate(order):
        result = results[name]
        kept_alive = isinstance(result.layer, Input | Output)
        most = max(most, live + result.peak)
        for flow in result.outputs:
            if flow is None:
                continue
            storage = flow.eval_storage
            if isinstance(result.layer, Output):
                last[storage] = len(order)
                ends.setdefault(len(order), []).append(storage)
            if storage.owner == name and storage not in alive:
                alive.add(storage)
                live += storage.size
                end = len(order) if kept_alive else last.get(storage, step)
                ends.setdefault(end, []).append(storage)
        most = max(most, live)
        for storage in ends.get(step, ()):
            if storage in alive and last.get(storage, step) <= step:
                alive.discard(storage)
                live -= storage.size
    return most


def read_by_convolution(
    wiring: Wiring, results: Mapping[str, NodeResult], name: str, storage: Storage
) -> bool:
    """Tell whether a convolution reads a storage that begins at `name`, also through views."""
    waiting = list(wiring.targets.get(name, ()))
    seen = set(waiting)
    while waiting:
        reader = waiting.pop()
        result = results.get(reader)
        if result is None:
            continue
        for port in result.reads_by_convolution:
            flow = result.inputs[port]
            if flow is not None and flow.storage == storage:
                return True
        if any(flow is not None and flow.storage == storage for flow in result.outputs):
            fresh = [each for each in wiring.targets[reader] if each not in seen]
            seen.update(fresh)
            waiting.extend(fresh)
    return False
