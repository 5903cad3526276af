"""All that follows from a layer and the facts about its inputs, worked out once."""

from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import NamedTuple

from designer.layers.base import (
    BIAS,
    CONTIGUOUS,
    FLOAT_BYTES,
    NOTHING,
    WEIGHT,
    Category,
    Layer,
    SavedForBackward,
    Tensor,
)
from designer.layers.memory_signature import MemorySignature, Ports, end_of, layer_form, role_of


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
    peak
        Largest sum of bytes per image that it makes at once in eval mode, the output included.
    form
        What it means for the memory around it, sizes apart.
    overwriting
        The facts if it overwrote its input, of a layer that can and does not.
    """

    output: Tensor
    size: int
    counts: Counts
    saved_for_backward: SavedForBackward
    saved_in_eval: SavedForBackward
    peak: int
    memory_signature: MemorySignature
    overwriting: "Facts | None" = None


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
    kind = type(layer)  # a rule that a type leaves as it is need not be asked
    if kind.check is not Layer.check:
        layer.check()
    shape = layer.output_shape(inputs)
    weights = biases = buffers = file_bytes = 0
    states = layer.states(inputs) if kind.states is not Layer.states else ()
    for _, dimensions, role, item_bytes in states:
        number = prod(dimensions)
        file_bytes += number * item_bytes
        if role is WEIGHT:
            weights += number
        elif role is BIAS:
            biases += number
        else:
            buffers += number
    needs_grad = weights + biases > 0 and not frozen
    for each in inputs:
        needs_grad = needs_grad or each.needs_grad
    layout = layer.layout(inputs) if kind.layout is not Layer.layout else CONTIGUOUS
    output = Tensor(shape, needs_grad, layout)
    saved_for_backward = saved_in_eval = NOTHING
    if needs_grad and frozen and file_bytes:
        saved_for_backward = layer.kept_frozen(inputs, shape, True)
        saved_in_eval = layer.kept_frozen(inputs, shape, False)
    elif needs_grad:
        saved_for_backward = saved_in_eval = layer.saved_for_backward(inputs, shape)
        if kind.saved_in_eval is not Layer.saved_in_eval:
            saved_in_eval = layer.saved_in_eval(inputs, shape)
    keeps_output = bool(saved_for_backward.outputs)
    if not needs_grad or frozen:
        keeps_output = bool(layer.saved_for_backward(inputs, shape).outputs)
    view = view_in_eval = False
    if kind.is_view is not Layer.is_view:
        view = layer.is_view(inputs, True)
        view_in_eval = layer.is_view(inputs, False)
    values, entering = prod(shape), prod(inputs[0].shape) if inputs else 0
    if kind.parts is Layer.parts:  # itself alone
        convolution = layer.convolution
        output_values = values if layer.counts else 0
        buffer_values = output_values + entering if convolution else output_values
    else:
        parts = layer.parts(inputs, shape)
        convolution = bool(parts) and parts[0].convolution
        output_values = sum([part.values_out for part in parts])
        buffer_values = output_values + sum([part.values_in for part in parts if part.convolution])
    most = 0 if view_in_eval else values
    if not view_in_eval and kind.transients is not Layer.transients:
        transients = layer.transients(inputs, shape)
        most = transients[0] if len(transients) == 1 else max(map(sum, pairwise(transients)))
    gradients = values if needs_grad else 0
    if not view and inputs and inputs[0].needs_grad:
        gradients += entering
    macs = layer.macs(inputs, shape) if kind.macs is not Layer.macs else 0
    counts = Counts(
        1,
        weights,
        biases,
        buffers,
        file_bytes,
        weights + biases if frozen else 0,
        macs,
        output_values,
        buffer_values,
        FLOAT_BYTES * gradients,
    )
    convolved = (layer.convolved,) if convolution else ()
    in_place_variant = (
        _overwriting(layer, inputs, output, counts, convolved) if layer.inplace else None
    )
    memory_signature = layer_form(
        role_of(kind),
        end_of(layer) if kind.category is Category.PORT else None,
        view,
        view_in_eval,
        bool(inputs) and not keeps_output,  # the images are the caller's
        saved_for_backward[:2],
        saved_in_eval[:2],
        convolved,
        most > 0,
        in_place_variant and in_place_variant.memory_signature,
    )
    size = FLOAT_BYTES * values
    return Facts(
        output,
        size,
        counts,
        saved_for_backward,
        saved_in_eval,
        FLOAT_BYTES * most,
        memory_signature,
        in_place_variant,
    )


def _overwriting(
    layer: Layer, inputs: tuple[Tensor, ...], output: Tensor, counts: Counts, convolved: Ports
) -> Facts:
    """Return the facts of a layer without weights that overwrites its input."""
    size, learns = FLOAT_BYTES * output.values, output.needs_grad
    saved_for_backward = layer.kept_in_place(inputs, output.shape)
    writable = not saved_for_backward.outputs
    if not learns:
        saved_for_backward = NOTHING
    memory_signature = layer_form(
        role_of(type(layer)),
        None,
        True,
        True,
        writable,
        saved_for_backward[:2],
        saved_for_backward[:2],
        convolved,
        False,
        None,
    )
    counts = Counts(*counts[:-1], size if learns else 0)
    return Facts(output, size, counts, saved_for_backward, saved_for_backward, 0, memory_signature)
