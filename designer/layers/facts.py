"""All that follows from a layer and the facts about its inputs, worked out once."""

from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod
from typing import NamedTuple

from designer.layers.base import FLOAT_BYTES, NOTHING, Kept, Layer, Role, Tensor


class Counts(NamedTuple):
    """The sums that grow layer by layer; what each means is said in `analysis.totals.Totals`."""

    layers: int = 0
    weights: int = 0
    biases: int = 0
    buffers: int = 0
    file_bytes: int = 0
    frozen: int = 0
    macs: int = 0
    output_values: int = 0
    buffer_values: int = 0
    widest_gradients: int = 0


@dataclass(slots=True, eq=False)
class Facts:
    """All that follows from a layer, the facts about its inputs and whether it works in place.

    Attributes
    ----------
    size
        Bytes of the output, per image.
    convolved
        The input ports that a convolution reads.
    keeps_output
        Whether it keeps its output, if not now then where its input needs a gradient: nobody may
        overwrite that. It depends on nothing frozen, so that the code does not either.
    view, view_in_eval
        Whether the output shares the first input's storage.
    peak
        Largest sum of bytes per image that it makes at once in eval mode, the output included.
    """

    output: Tensor
    size: int
    counts: Counts
    kept: Kept
    kept_in_eval: Kept
    keeps_output: bool
    convolved: tuple[int, ...]
    view: bool
    view_in_eval: bool
    peak: int


def facts(layer: Layer, inputs: tuple[Tensor, ...], frozen: bool = False) -> Facts:
    """Apply all rules of a layer to its inputs, which it does not overwrite.

    Parameters
    ----------
    frozen
        Whether its weights take no gradient, and norms go by their running figures.

    Raises
    ------
    LayerError
        The layer's parameters do not go together, or the inputs do not fit it.
    """
    layer.check()
    shape = layer.output_shape(inputs)
    weights = biases = buffers = file_bytes = 0
    for _, dimensions, role, item_bytes in layer.states(inputs):
        number = prod(dimensions)
        file_bytes += number * item_bytes
        if role is Role.WEIGHT:
            weights += number
        elif role is Role.BIAS:
            biases += number
        else:
            buffers += number
    needs_grad = weights + biases > 0 and not frozen
    for each in inputs:
        needs_grad = needs_grad or each.needs_grad
    output = Tensor(shape, needs_grad, layer.layout(inputs))
    kept = kept_in_eval = NOTHING
    if needs_grad and frozen and file_bytes:
        kept = layer.kept_frozen(inputs, shape, True)
        kept_in_eval = layer.kept_frozen(inputs, shape, False)
    elif needs_grad:
        kept = kept_in_eval = layer.kept(inputs, shape)
        if type(layer).kept_in_eval is not Layer.kept_in_eval:
            kept_in_eval = layer.kept_in_eval(inputs, shape)
    keeps_output = bool(kept.outputs)
    if not needs_grad or frozen:
        keeps_output = bool(layer.kept(inputs, shape).outputs)
    view = layer.is_view(inputs, True)
    view_in_eval = layer.is_view(inputs, False)
    parts = layer.parts(inputs, shape)
    output_values = buffer_values = 0
    for values_in, values_out, convolution in parts:
        output_values += values_out
        buffer_values += values_out + values_in if convolution else values_out
    most = 0
    if not view_in_eval:
        transients = layer.transients(inputs, shape)
        most = transients[0] if len(transients) == 1 else max(map(sum, pairwise(transients)))
    values = prod(shape)
    gradients = values if needs_grad else 0
    if not view and inputs and inputs[0].needs_grad:
        gradients += inputs[0].values
    macs = layer.macs(inputs, shape)
    widest_gradients = FLOAT_BYTES * gradients
    return Facts(
        output,
        FLOAT_BYTES * values,
        Counts(
            1,
            weights,
            biases,
            buffers,
            file_bytes,
            weights + biases if frozen else 0,
            macs,
            output_values,
            buffer_values,
            widest_gradients,
        ),
        kept,
        kept_in_eval,
        keeps_output,
        (layer.convolved,) if parts and parts[0].convolution else (),
        view,
        view_in_eval,
        FLOAT_BYTES * most,
    )


def overwriting(layer: Layer, found: Facts, inputs: tuple[Tensor, ...]) -> Facts:
    """Return the facts of a layer without weights that overwrites its input."""
    learns = found.output.needs_grad
    kept = layer.kept_in_place(inputs, found.output.shape)
    return replace(
        found,
        counts=found.counts._replace(widest_gradients=found.size if learns else 0),
        kept=kept if learns else NOTHING,
        kept_in_eval=kept if learns else NOTHING,
        keeps_output=bool(kept.outputs),
        view=True,
        view_in_eval=True,
        peak=0,
    )
