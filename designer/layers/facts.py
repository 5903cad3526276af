"""What follows from a layer and its inputs: shape, counts, memory; worked out once for each."""

from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from designer.layers.base import Layer
from designer.layers.category import Category
from designer.layers.errors import LayerError
from designer.layers.memory_signature import (
    MemorySignature,
    Ports,
    graph_port,
    layer_signature,
    statement_role,
)
from designer.layers.tensors import (
    BIAS,
    CONTIGUOUS,
    FLOAT_BYTES,
    IMAGE_AXES,
    NOTHING,
    WEIGHT,
    SavedForBackward,
    Tensor,
    in_eval_mode,
)


class Counts(NamedTuple):
    """Numbers of a layer, a block or a network, for one image.

    All are sums over the layers, except for `widest_gradients`.

    Attributes
    ----------
    layers
        Number of layers.
    weights, biases, buffers
        Number of values in weights, in biases and in buffers.
    file_bytes
        Size of the state dict.
    frozen
        Number of weights and biases that take no gradient.
    macs
        Multiply-accumulates.
    output_values
        Values of the outputs that count as layer outputs.
    buffer_values
        The same, and the input values of the convolutions.
    widest_gradients
        Largest size, in bytes, of the gradients that one layer reads and makes in the backward
        pass; a maximum.
    """

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
    """What follows from a layer, its inputs, and whether it overwrites its input.

    Attributes
    ----------
    output
        Shape, layout and need of a gradient of the output.
    size
        Bytes of the output for one image, or of the whole output if it is not `Tensor.batched`.
    counts
        The layer's contribution to the sums.
    saved_for_backward, saved_in_eval
        What autograd saves, in train and in eval mode.
    peak
        Largest number of bytes for one image that the layer allocates at once in eval mode,
        including its output.
    peaks
        That number with the bytes whatever the batch, as a pair; empty where there are none. A
        second pair is of the moment before the output is made, where a layer prepares its weights.
    memory_signature
        What the layer means for the memory of its graph, except for sizes.
    in_place_variant
        For a layer that can overwrite its input: the facts when it does so.
    warning
        What is probably a mistake though torch computes it; see `Layer.warning`.
    further
        The outputs after the first, with the bytes of each.
    """

    output: Tensor
    size: int
    counts: Counts
    saved_for_backward: SavedForBackward
    saved_in_eval: SavedForBackward
    peak: int
    memory_signature: MemorySignature
    in_place_variant: "Facts | None" = None
    warning: LayerError | None = None
    further: tuple[tuple[Tensor, int], ...] = ()
    peaks: tuple[tuple[int, int], ...] = ()

    def size_of(self, port: int) -> int:
        """Return the bytes of the output at a port."""
        return self.further[port - 1][1] if port else self.size


def facts(layer: Layer, inputs: tuple[Tensor, ...], frozen: bool = False) -> Facts:
    """Apply all rules of a layer to its inputs, which it does not overwrite.

    Parameters
    ----------
    frozen
        Whether its weights take no gradient and its norm uses the running statistics.

    Raises
    ------
    LayerError
        The layer's parameters contradict each other, or the inputs do not fit it.
    """
    # A rule that the layer type does not override gives a known result; not calling it makes the
    # analysis of an edit faster.
    kind = type(layer)
    if kind.check is not Layer.check:
        layer.check()
    if kind.takes_integers or any([each.integer for each in inputs]):  # noqa: C419  # faster
        _check_types(layer, inputs)
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
    inputs_in_eval = in_eval_mode(inputs)
    view = view_in_eval = False
    if kind.is_view is not Layer.is_view:
        view = layer.is_view(inputs, True)
        view_in_eval = layer.is_view(inputs_in_eval, False)
    # A view shows its first input only, whatever its other inputs need.
    stops = layer.ports_without_gradient(inputs)
    for port, each in enumerate(inputs[:1] if view else inputs):
        needs_grad = needs_grad or (each.needs_grad and port not in stops)
    layout = CONTIGUOUS
    if kind.layout is not Layer.layout or (inputs and inputs[0].layout is not CONTIGUOUS):
        layout = layer.layout(inputs)
    layout_in_eval = layout
    if view_in_eval and not view:  # it passes its input on in eval mode, as Dropout does
        layout_in_eval = inputs_in_eval[0].layout
    elif inputs_in_eval is not inputs:
        layout_in_eval = layer.layout(inputs_in_eval)
    if kind.layout_in_eval is not Layer.layout_in_eval:
        layout_in_eval = layer.layout_in_eval(inputs_in_eval)
    axes = layer.output_axes(inputs) if len(shape) == len(IMAGE_AXES) else IMAGE_AXES
    batched = layer.batched
    if inputs and not inputs[0].batched:
        batched = any(each.batched for each in inputs)
    integer = kind.is_integer is not Layer.is_integer or kind.keeps_type
    integer = integer and layer.is_integer(inputs)
    needs_grad = needs_grad and not integer
    output = Tensor(
        shape,
        needs_grad,
        layout,
        axes,
        None if layout_in_eval is layout else layout_in_eval,
        batched,
        integer,
    )
    further: tuple[tuple[Tensor, int], ...] = ()
    if kind.further_outputs is not Layer.further_outputs:
        further = tuple(
            [
                (each._replace(needs_grad=needs_grad and not each.integer), each.bytes)
                for each in layer.further_outputs(inputs)
            ]
        )
    saved_for_backward = saved_in_eval = NOTHING
    if needs_grad and frozen and file_bytes:
        saved_for_backward = layer.saved_when_frozen(inputs, shape, True)
        saved_in_eval = layer.saved_when_frozen(inputs_in_eval, shape, False)
    elif needs_grad:
        saved_for_backward = saved_in_eval = layer.saved_for_backward(inputs, shape)
        if kind.saved_in_eval is not Layer.saved_in_eval or inputs_in_eval is not inputs:
            saved_in_eval = layer.saved_in_eval(inputs_in_eval, shape)
    saves_output = bool(saved_for_backward.outputs)
    if not needs_grad or frozen:
        saves_output = bool(layer.saved_for_backward(inputs, shape).outputs)
    values, values_in = prod(shape), prod(inputs[0].shape) if inputs else 0
    if kind.parts is Layer.parts:
        convolution = layer.convolution
        output_values = values if layer.counts else 0
        buffer_values = output_values + values_in if convolution else output_values
    else:
        parts = layer.parts(inputs, shape)
        convolution = bool(parts) and parts[0].convolution
        output_values = sum([part.values_out for part in parts])
        buffer_values = output_values + sum([part.values_in for part in parts if part.convolution])
    size = output.item_bytes * values
    if kind.storage_bytes is not Layer.storage_bytes:
        size, *others = layer.storage_bytes(inputs, (size, *[each for _, each in further]))
        further = tuple([(each, other) for (each, _), other in zip(further, others, strict=True)])
    peak = fixed_peak = preparing = 0
    if layer.stored:
        size = 0
    elif not view_in_eval:
        peak = size
        if frozen and kind.peak_when_frozen is not Layer.peak_when_frozen:
            peak = layer.peak_when_frozen(inputs_in_eval, shape)
        elif kind.peak_bytes is not Layer.peak_bytes:
            peak = layer.peak_bytes(inputs_in_eval, shape)
        if kind.fixed_peak_bytes is not Layer.fixed_peak_bytes:
            fixed_peak = layer.fixed_peak_bytes(inputs_in_eval, shape)
        if kind.preparing_bytes is not Layer.preparing_bytes:
            preparing = layer.preparing_bytes(inputs_in_eval)
    if not batched:
        peak, fixed_peak = 0, peak + fixed_peak
        saved_for_backward = _whatever_the_batch(saved_for_backward)
        saved_in_eval = _whatever_the_batch(saved_in_eval)
    gradients = values if needs_grad and batched else 0
    if not view and inputs and inputs[0].needs_grad and inputs[0].batched:
        gradients += values_in
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
    # In place, the output has the input's layout. Where new memory has another one, as behind a
    # Slice, what later layers save depends on the choice; there the layer makes new memory.
    in_place_variant = None
    if layer.inplace and (layout, layout_in_eval) == (inputs[0].layout, inputs_in_eval[0].layout):
        in_place_variant = _in_place(layer, inputs, output, counts, convolved)
    signature = layer_signature(
        statement_role(kind),
        graph_port(layer) if kind.category is Category.PORT else None,
        view,
        view_in_eval,
        bool(inputs) and not saves_output,  # an Input's tensor belongs to the caller
        saved_for_backward[:2],
        saved_in_eval[:2],
        convolved,
        peak + fixed_peak > 0,
        in_place_variant and in_place_variant.memory_signature,
        len(further),
    )
    return Facts(
        output,
        size,
        counts,
        saved_for_backward,
        saved_in_eval,
        peak,
        signature,
        in_place_variant,
        layer.warning(inputs) if kind.warning is not Layer.warning else None,
        further,
        (*(((peak, fixed_peak),) if fixed_peak else ()), *(((0, preparing),) if preparing else ())),
    )


def _check_types(layer: Layer, inputs: tuple[Tensor, ...]) -> None:
    """Refuse whole numbers where the layer computes with fractions, and the other way round.

    Raises
    ------
    LayerError
        An input has the wrong type.
    """
    for port, each in enumerate(inputs):
        wanted = port in layer.takes_integers
        if layer.keeps_type and not wanted:
            wanted = inputs[0].integer
        if each.integer is wanted or port in layer.takes_any:
            continue
        name = type(layer).__name__
        if each.integer:
            raise LayerError(
                "integer-input",
                f"{name} computes with fractions, but its input is of whole numbers, such as "
                "tokens; an Embedding gives each of them a learned vector",
                port=port,
                received="whole numbers",
                expected="fractions",
            )
        raise LayerError(
            "integer-input",
            f"{name} takes whole numbers, such as tokens, but its input is of fractions; an Input "
            "gives whole numbers if its dtype is int64",
            port=port,
            received="fractions",
            expected="whole numbers",
        )


def _whatever_the_batch(saved: SavedForBackward) -> SavedForBackward:
    """Return what a layer saves whose tensors have no value for each image."""
    return saved._replace(per_image=0, fixed=saved.per_image + saved.fixed)


def _in_place(
    layer: Layer, inputs: tuple[Tensor, ...], output: Tensor, counts: Counts, convolved: Ports
) -> Facts:
    """Return the facts of a layer without weights that overwrites its input."""
    size, needs_grad = FLOAT_BYTES * output.values, output.needs_grad
    saved_for_backward = layer.saved_in_place(inputs, output.shape)
    writable = not saved_for_backward.outputs
    if not needs_grad:
        saved_for_backward = NOTHING
    signature = layer_signature(
        statement_role(type(layer)),
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
    counts = Counts(*counts[:-1], size if needs_grad else 0)
    return Facts(output, size, counts, saved_for_backward, saved_for_backward, 0, signature)
