"""Sums over a graph's nodes: counts, what autograd keeps, what lives at once when predicting."""

from collections.abc import Collection, Mapping, Sequence

from designer.analysis.results import Flow, Memory, NodeResult, Storage
from designer.analysis.wiring import Wiring
from designer.layers.facts import Counts
from designer.layers.ports import Input, Output


def sum_counts(results: Mapping[str, NodeResult]) -> Counts:
    """Add up the nodes' counts; of the gradients alive at once, the largest counts."""
    rows = [result.effect.counts for result in results.values() if result.effect is not None]
    if not rows:
        return Counts()
    *sums, widest = zip(*rows, strict=True)
    return Counts._make([*map(sum, sums), max(widest)])


def collect(results: Mapping[str, NodeResult], left_out: Collection[str]) -> tuple[Memory, Memory]:
    """Return what autograd keeps of a graph in train and in eval mode, each storage once.

    The nodes `left_out` do not run in eval mode.
    """
    per_image = fixed = per_image_in_eval = fixed_in_eval = 0
    storages: set[Storage] = set()
    eval_storages: set[Storage] = set()
    for name, result in results.items():
        effect = result.effect
        if effect is None:
            continue
        inputs, outputs = result.inputs, result.outputs
        kept = effect.kept
        per_image += kept.per_image
        fixed += kept.fixed
        # Ports that are kept have a tensor; a checker cannot know.
        for port in kept.inputs:
            storages.add(inputs[port].storage)  # type: ignore[union-attr]
        for port in kept.outputs:
            storages.add(outputs[port].storage)  # type: ignore[union-attr]
        if name in left_out:
            continue
        kept = effect.kept_in_eval
        per_image_in_eval += kept.per_image
        fixed_in_eval += kept.fixed
        for port in kept.inputs:
            eval_storages.add(inputs[port].eval_storage)  # type: ignore[union-attr]
        for port in kept.outputs:
            eval_storages.add(outputs[port].eval_storage)  # type: ignore[union-attr]
    return (
        Memory(per_image, fixed, frozenset(storages)),
        Memory(per_image_in_eval, fixed_in_eval, frozenset(eval_storages)),
    )


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


def peak(
    wiring: Wiring,
    results: Mapping[str, NodeResult],
    left_out: Collection[str],
    outputs: Sequence[Flow | None],
    ports: Sequence[str],
) -> int:
    """Return the largest sum of live bytes per image while the graph runs in eval mode.

    A storage lives from its making until its last reader has run. Those of the graph's inputs,
    which the caller holds, are not counted; the images of the design are, throughout. `ports` are
    its Input and Output nodes.
    """
    ports = [name for name in ports if name in results]
    images = {name: None for name in ports if isinstance(results[name].layer, Input)}
    order = wiring.order
    if left_out or len(images) > 1:  # the caller holds every image from the start
        others = (name for name in order if name not in left_out and name not in images)
        order = (*images, *others)
    ended = len(order)
    last: dict[Storage, int] = {}
    for step, name in enumerate(order):
        for flow in results[name].inputs:
            if flow is not None:
                last[flow.eval_storage] = step
    for name in ports:  # also what only training returns has a variable to the end
        last.update((flow.eval_storage, ended) for flow in results[name].outputs if flow)
    for end in outputs:
        if end is not None:
            last[end.eval_storage] = ended
    live = most = 0
    dying = [0] * (ended + 1)
    for step, name in enumerate(order):
        result = results[name]
        effect = result.effect
        if effect is None:
            continue
        if effect.peak:
            most = max(most, live + effect.peak)
            for port, flow in enumerate(result.outputs):
                if flow is None:
                    continue
                storage = flow.eval_storage
                if storage.owner == name and storage.port == port:  # one may leave twice
                    live += storage.size
                    dying[last.get(storage, step)] += storage.size
        live -= dying[step]
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
        for port in result.effect.convolved if result.effect is not None else ():
            flow = result.inputs[port]
            if flow is not None and flow.storage == storage:
                return True
        if any(flow is not None and flow.storage == storage for flow in result.outputs):
            fresh = [each for each in wiring.targets[reader] if each not in seen]
            seen.update(fresh)
            waiting.extend(fresh)
    return False
