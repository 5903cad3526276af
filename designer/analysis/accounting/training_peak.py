"""The most memory that a training step needs at once, by following its backward pass.

In the backward pass memory is freed and allocated layer by layer, from the last to the first: what
autograd saved for a layer is freed when its gradients are computed, and gradients of weights stay
until the optimizer has used them. Their sums would count the first and the last moment at once,
which in 14 presets is 1 to 31 % more than torch allocates.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from designer.analysis.accounting.saved_for_backward import SavingLayer, Storage, saving_layers
from designer.analysis.evaluation.results import GraphResult
from designer.layers.ports import Input, Output
from designer.layers.tensors import FLOAT_BYTES


class Moment(NamedTuple):
    """What is alive while the gradients of one layer are computed, without weights, in bytes.

    Attributes
    ----------
    gradients
        Gradients of weights and biases.
    fixed, per_image
        The network's inputs and outputs, what autograd saved and the gradients of activations: for
        a batch of any size, and for each of its images.
    """

    gradients: int
    fixed: int
    per_image: int


@lru_cache(maxsize=4)  # of the open designs that change; each holds its result in memory
def moments(top: GraphResult) -> tuple[Moment, ...]:
    """Return what is alive at each layer of the backward pass, in its order."""
    return tuple(_moments([*saving_layers(top)]))


def _moments(layers: list[SavingLayer]) -> Iterator[Moment]:
    fixed = sum(each.fixed for each in layers)
    held = _held(layers)
    saved = [
        each.own + sum(size for key, size in each.storages.items() if key not in held)
        for each in layers
    ]
    per_image = sum(held.values()) + sum(saved)
    first = {each.output: index for index, each in reversed([*enumerate(layers)])}
    sizes = Counter[int]()  # of the gradients of activations that are alive
    learned = _gradients_of_weights(layers)
    begun: set[str] = set()  # modules with a gradient already
    weights = 0
    for index in reversed(range(len(layers))):
        layer = layers[index]
        output = layer.result.outputs[0]
        if output is not None and output.needs_grad and output.batched:
            sizes[layer.output] = FLOAT_BYTES * output.values
        again = 0  # second gradients of inputs that several layers read
        for number, tensor in zip(layer.inputs, layer.result.inputs, strict=True):
            if tensor is None or not tensor.needs_grad or number == layer.output:
                continue
            if not tensor.batched:
                continue
            size = FLOAT_BYTES * tensor.values
            again += size if sizes[number] else 0
            sizes[number] = max(size, sizes[number])
        more = learned.get(layer.module, 0)
        weights += more if layer.module not in begun else 0
        # They are added to the first ones, into new tensors, when the output's gradient is freed.
        alive = sizes.total() + max(again, 2 * again - sizes[layer.output])
        whole = fixed + (more if layer.module in begun else 0)  # of shared weights a second one
        begun.add(layer.module)
        if layer.result.layer is not None:
            given = tuple([each for each in layer.result.inputs if each is not None])
            alive += FLOAT_BYTES * layer.result.layer.backward_scratch(given)
        yield Moment(weights, whole, per_image + alive)
        fixed -= layer.fixed
        per_image -= saved[index]
        if first[layer.output] == index:
            for each in (layer.output, *layer.further):
                del sizes[each]
    # The optimizer's step, during which inputs and outputs are still there.
    yield Moment(weights, 0, per_image)


def _gradients_of_weights(layers: Iterable[SavingLayer]) -> dict[str, int]:
    """Return the bytes of the gradients of weights and biases, by the layer that has these."""
    return {
        each.path: FLOAT_BYTES * (counts.weights + counts.biases - counts.frozen)
        for each in layers
        for counts in (each.result.counts,)
        if each.path == each.module
    }


def _held(layers: Iterable[SavingLayer]) -> dict[Storage, int]:
    """Return the bytes of the network's inputs and outputs for one image, by storage."""
    return {
        each.storage: tensor.bytes
        for each in layers
        if isinstance(each.result.layer, Input | Output)
        for tensor in each.result.outputs
        if tensor is not None
    }
