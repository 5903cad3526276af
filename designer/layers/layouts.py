"""How tensors lie in memory: the steps that torch calls strides, by torch's own rules.

torch copies a tensor whose layout an operation cannot work with. Flatten, for example, returns a
view of a contiguous tensor, but a copy of a permuted one. The rules here are those of torch's C++
sources, for a batch of more than one image; each names its source.
"""

from collections.abc import Sequence
from itertools import accumulate
from operator import mul

from designer.layers.tensors import CONTIGUOUS, Layout, Shape, Tensor

_BATCH = 2
"""The batch for which rules are worked out; they are the same for any larger one."""


def _whole(tensor: Tensor) -> Shape:
    """Return the shape with the batch axis, whose size is 1 for a tensor that is broadcast."""
    return (_BATCH if tensor.batched else 1, *tensor.shape)


_Steps = tuple[int, ...]


def _contiguous(shape: Sequence[int]) -> _Steps:
    """Return the steps of a new tensor of this shape, batch included."""
    return (*accumulate(reversed(shape[1:]), mul, initial=1),)[::-1]


def _channels_last(shape: Shape) -> _Steps:
    channels, *sizes = shape
    batch, *each = _contiguous((_BATCH, *sizes, channels))
    return batch, 1, *each[:-1]


def steps(tensor: Tensor) -> _Steps:
    """Return the steps along the batch axis and each other axis, in values."""
    return tensor.layout or _contiguous(_whole(tensor))


def layout_of(shape: Shape, steps: _Steps) -> Layout:
    """Return the layout of a tensor with these steps, the first of which is the batch's."""
    return CONTIGUOUS if steps == _contiguous((_BATCH, *shape)) else steps


def channels_last_layout(shape: Shape) -> Layout:
    """Return the layout of a new image, sequence or volume whose channels lie last in memory."""
    return layout_of(shape, _channels_last(shape))


def _fills(shape: Sequence[int], steps: _Steps, axes: Sequence[int]) -> bool:
    """Tell whether values follow each other without gaps, these axes counted from the last."""
    expected = 1
    for axis in axes:
        if shape[axis] != 1:
            if steps[axis] != expected:
                return False
            expected *= shape[axis]
    return True


def is_contiguous(tensor: Tensor) -> bool:
    """Return whether torch calls a batch of the tensor contiguous."""
    shape = _whole(tensor)
    return not tensor.layout or _fills(shape, tensor.layout, range(len(shape))[::-1])


def is_sequence_first(tensor: Tensor) -> bool:
    """Tell whether a batch of sequences, its steps before the batch, is contiguous."""
    shape, each = _whole(tensor), steps(tensor)
    axes = (1, 0, 2)
    return _fills([shape[axis] for axis in axes], tuple([each[axis] for axis in axes]), (2, 1, 0))


def step_rows_are_even(tensor: Tensor) -> bool:
    """Tell whether the rows of a batch of sequences lie at even distances, steps before batch."""
    (batch, length, features), (between, step, last) = _whole(tensor), steps(tensor)
    rows = (length * batch, features)
    return _view((length, batch, features), (step, between, last), rows) is not None


def fills_channels_last(tensor: Tensor) -> bool:
    """Tell whether values of images or volumes follow each other channels last, without gaps."""
    shape = _whole(tensor)
    return len(shape) in (4, 5) and _fills(shape, steps(tensor), _INNERMOST_FIRST[len(shape)])


_INNERMOST_FIRST = {3: (1, 2, 0), 4: (1, 3, 2, 0), 5: (1, 4, 3, 2, 0)}
"""The axes of a batch whose channels lie last in memory, from the smallest step to the largest."""


def is_channels_last(tensor: Tensor, *, sequences: bool = False) -> bool:
    """Return whether torch computes a convolution of the image with its channels last.

    It does if the steps could be those of such an image (``is_channels_last_strides_2d`` in
    ``c10/core/MemoryFormat.h``), even if the image is a slice of another, or contiguous too. So
    with volumes. A pool of `sequences` takes them for images of height 1.
    """
    if not tensor.layout:
        return False
    rank = len(tensor.shape)
    if rank not in (3, 4) and not (sequences and rank == 2):
        return False
    shape, least = _whole(tensor), 0
    for axis in _INNERMOST_FIRST[len(shape)]:
        step = tensor.layout[axis]
        if step < least or (axis == 0 and least == tensor.layout[1]):
            return False
        least = step * shape[axis]
    return True


def sequence_convolution_layout(tensor: Tensor, shape: Shape) -> Layout:
    """Return the layout of the output of a convolution of sequences.

    torch makes the input contiguous first (``_convolution`` in
    ``aten/src/ATen/native/Convolution.cpp``). One with an axis of size 1 stays as it is then, and
    its steps may be those of channels last.
    """
    last = is_contiguous(tensor) and is_channels_last(tensor, sequences=True)
    return channels_last_layout(shape) if last else CONTIGUOUS


def batch_norm_layout(tensor: Tensor) -> Layout:
    """Return the layout of the output of a BatchNorm2d or BatchNorm3d."""
    last = fills_channels_last(tensor) or is_channels_last(tensor)
    return channels_last_layout(tensor.shape) if last and not is_contiguous(tensor) else CONTIGUOUS


def view(tensor: Tensor, shape: Shape) -> Layout | None:
    """Return the layout of the same values under other axes; None if torch has to copy them."""
    whole = _whole(tensor)
    return _view(whole, steps(tensor), (whole[0], *shape))


def rows_are_even(tensor: Tensor) -> bool:
    """Tell whether the rows of a whole batch, along the last axis, lie at even distances."""
    shape = _whole(tensor)
    rows = 1
    for size in shape[:-1]:
        rows *= size
    return _view(shape, steps(tensor), (rows, shape[-1])) is not None


def is_list_of_matrices(tensor: Tensor, leading: Shape, batched: bool) -> bool:
    """Tell whether torch multiplies the last two axes as matrices without a copy of the tensor.

    ``torch.matmul`` broadcasts all axes before these and makes them one (`_matmul_impl` in
    ``aten/src/ATen/native/LinearAlgebra.cpp``).

    Parameters
    ----------
    leading
        The axes before the last two, after broadcasting, without the batch axis.
    batched
        Whether the product has a value for each image.
    """
    whole = (_BATCH if batched else 1, *leading, *tensor.shape[-2:])
    spread = [
        0 if own == 1 != size else step
        for own, size, step in zip(_whole(tensor), whole, steps(tensor), strict=True)
    ]
    number = 1
    for size in whole[:-2]:
        number *= size
    return _view(whole, tuple(spread), (number, *whole[-2:])) is not None


def swapped(tensor: Tensor) -> Tensor:
    """Return a tensor with its last two axes exchanged, a view."""
    (*others, one, two), (*most, step, last) = tensor.shape, steps(tensor)
    shape = (*others, two, one)
    return tensor._replace(shape=shape, layout=layout_of(shape, (*most, last, step)))


def _view(old: Sequence[int], steps: _Steps, new: Sequence[int]) -> Layout | None:
    """Find the steps of a view (``computeStride_impl`` in ``aten/src/ATen/TensorUtils.cpp``)."""
    found = [0] * len(new)
    axis = len(new) - 1
    base, values, viewed = steps[-1], 1, 1
    for number in reversed(range(len(old))):
        values *= old[number]
        if number and (old[number - 1] == 1 or steps[number - 1] == values * base):
            continue
        while axis >= 0 and (viewed < values or new[axis] == 1):
            found[axis] = viewed * base
            viewed *= new[axis]
            axis -= 1
        if viewed != values:
            return None
        if number:
            base, values, viewed = steps[number - 1], 1, 1
    return layout_of(tuple(new[1:]), tuple(found))


def elementwise_layout(inputs: Sequence[Tensor], shape: Shape) -> Layout:
    """Return the layout of an elementwise operation's output, which is a new tensor.

    The order of the axes in memory is that of the first input, if it is not broadcast along these
    (``aten/src/ATen/TensorIterator.cpp``).
    """
    if not any(each.layout for each in inputs):
        return CONTIGUOUS
    batched = any(each.batched for each in inputs)
    if all(each.shape == shape and each.batched is batched for each in inputs):
        if all(map(is_contiguous, inputs)):
            return CONTIGUOUS
        if len(shape) == 3 and all(map(fills_channels_last, inputs)):  # not so with volumes
            return channels_last_layout(shape)
        first = steps(inputs[0])
        if all(steps(each) == first for each in inputs) and _is_dense(inputs[0]):
            return inputs[0].layout
    whole = (_BATCH if batched else 1, *shape)
    operands = [
        [
            0 if own == 1 != size else step
            for own, size, step in zip(_whole(each), whole, steps(each), strict=True)
        ]
        for each in inputs
    ]
    order = _memory_order(whole, operands)
    if order == [*range(len(whole))][::-1]:
        return CONTIGUOUS
    found, step = [0] * len(whole), 1
    for axis in order:
        found[axis] = step
        step *= whole[axis]
    return layout_of(shape, tuple(found))


def layout_like(tensor: Tensor) -> Layout:
    """Return the layout of a new tensor that torch makes with ``empty_like``.

    It has the very steps of a tensor without gaps, even those along axes of size 1, and so has the
    product with a number or with a factor for each channel. An elementwise function of nothing but
    the tensor has usual steps there.
    """
    return tensor.layout if _is_dense(tensor) else elementwise_layout((tensor,), tensor.shape)


def _is_dense(tensor: Tensor) -> bool:
    """Tell whether the values fill their memory without gaps, in any order of the axes."""
    shape = _whole(tensor)
    axes = [axis for axis in range(len(shape)) if shape[axis] > 1]
    return _fills(shape, steps(tensor), sorted(axes, key=lambda axis: steps(tensor)[axis]))


def _memory_order(shape: Sequence[int], operands: Sequence[Sequence[int]]) -> list[int]:
    """Return the axes from the smallest step to the largest (``reorder_dimensions``)."""
    order = [*range(len(shape))][::-1]
    for at in range(1, len(order)):
        moving = at
        for before in reversed(range(at)):
            comparison = _compare(shape, operands, order[before], order[moving])
            if comparison > 0:
                order[before], order[moving] = order[moving], order[before]
                moving = before
            elif comparison < 0:
                break
    return order


def _compare(shape: Sequence[int], operands: Sequence[Sequence[int]], one: int, other: int) -> int:
    """Compare the steps of two axes: positive if the first should come behind the other."""
    for each in operands:
        if 0 in (each[one], each[other]):  # broadcast
            continue
        if each[one] != each[other]:
            return 1 if each[one] > each[other] else -1
        if shape[one] > shape[other]:
            return 1
    return 0
