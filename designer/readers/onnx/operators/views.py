"""Operators that move, pick and repeat elements."""

from math import prod

import numpy as np

from designer.readers.graph import Ref
from designer.readers.onnx import constants as folding
from designer.readers.onnx.call import Call, NotExpressedError, operator


@operator("Reshape")
def _reshape(call: Call) -> Ref:
    shape, wanted = call.shape(), call.outputs[0].shape
    if len(shape) > 2 and wanted == (shape[0], prod(shape[1:])):
        return call.emit("flatten", self=call.ref(0), start_dim=1)
    return call.reshaped(call.ref(0), call.outputs[0].shape)


@operator("Flatten")
def _flatten(call: Call) -> Ref:
    call.attribute("axis")  # the shape of the output says it
    return _reshape(call)


@operator("Transpose")
def _transpose(call: Call) -> Ref:
    order = call.ints("perm") or tuple(reversed(range(call.rank())))
    return call.permuted(call.ref(0), order)


@operator("Squeeze")
def _squeeze(call: Call) -> Ref:
    axes = call.integers(1, "axes")
    if axes is None:
        axes = tuple(number for number, size in enumerate(call.shape()) if size == 1)
    if not axes:
        return call.ref(0)
    return call.emit("squeeze", self=call.ref(0), dim=axes)


@operator("Unsqueeze")
def _unsqueeze(call: Call) -> Ref:
    axes = call.integers(1, "axes") or ()
    if len(axes) == 1:
        return call.emit("unsqueeze", self=call.ref(0), dim=axes[0])
    return _reshape(call)


@operator("Concat")
def _concat(call: Call) -> Ref:
    count, axis = len(call.node.inputs), call.attribute("axis", 1)
    if count == 1:
        return call.ref(0)
    tensors = tuple(call.ref(position) for position in range(count))
    return call.emit("cat", tensors=tensors, dim=axis)


@operator("Split")
def _split(call: Call) -> tuple[Ref, ...]:
    axis = call.attribute("axis", 0)
    given = call.array(1) if call.has(1) else None
    sizes = folding.split_sizes(call.node, given, call.shape()[axis])
    return call.emits(
        "split_with_sizes", call.outputs, self=call.ref(0), split_sizes=tuple(sizes), dim=axis
    )


@operator("Slice")
def _slices(call: Call) -> Ref:
    arrays = [None] + [
        call.array(position) if call.has(position) else None
        for position in range(1, len(call.node.inputs))
    ]
    found = call.ref(0)
    for axis, (start, end, step) in enumerate(folding.slices(call.node, arrays, call.shape())):
        shape = call.spec_of(found).shape
        size = shape[axis]
        taken = range(size)[slice(start, end, step)]
        if taken == range(size):
            continue
        if step < 0:
            found = call.emit("flip", shape, self=found, dims=(axis,))
            first = size - 1 - (taken[0] if taken else 0)
            last = size - (taken[-1] if taken else size)
        else:
            first, last = (taken[0], taken[-1] + 1) if taken else (0, 0)
        if first == 0 and last == size and step == -1:
            continue
        found = call.emit(
            "slice",
            (*shape[:axis], len(taken), *shape[axis + 1 :]),
            self=found,
            dim=axis,
            start=first,
            end=last,
            step=abs(step) if abs(step) != 1 else None,
        )
    return found


@operator("Gather")
def _gather(call: Call) -> Ref:
    axis = call.attribute("axis", 0) % call.rank()
    indices, weight = call.constant(1), call.constant(0)
    if indices is not None:
        array = indices.array().astype(np.int64)
        size = call.shape()[axis]
        if array.size and (array.min() < -size or array.max() >= size):
            raise NotExpressedError("an index outside of the axis")
        array = np.where(array < 0, array + size, array)
        if array.ndim == 0:
            return call.emit("select", self=call.ref(0), dim=axis, index=int(array))
        if np.array_equal(array, np.arange(size)):
            return call.ref(0)
        if call.rank() == 1 and array.ndim > 1:
            return _strided(call, array, size)
        shape = (*call.shape()[:axis], array.size, *call.shape()[axis + 1 :])
        flat = call.fixed(array.reshape(-1), "indices")
        found = call.emit("index_select", shape, self=call.ref(0), dim=axis, index=flat)
        return call.reshaped(found, call.outputs[0].shape)
    if axis == 0 and weight is not None and call.rank() == 2:
        return call.emit("embedding", weight=call.weight(0), indices=call.ref(1))
    return call.emit("index", self=call.ref(0), indices=(*(None,) * axis, call.ref(1)))


def _strided(call: Call, positions: np.ndarray, size: int) -> Ref:
    """Pick elements of all axes at once, which is how exporters write ``as_strided``.

    Where the rows take the same places of equal parts, a part is a row, so that images stay apart.
    """
    shape, rows = call.outputs[0].shape, positions.reshape(len(positions), -1)
    if np.array_equal(positions.reshape(-1), np.arange(size)):
        return call.reshaped(call.ref(0), shape)
    count = len(rows)
    part = size // count
    apart = rows - np.arange(count)[:, None] * part
    if size % count == 0 and (apart == apart[0]).all() and apart.min() >= 0 and apart.max() < part:
        x = call.reshaped(call.ref(0), (count, part))
        flat, axis = apart[0], 1
    else:
        x, flat, axis = call.ref(0), positions.reshape(-1), 0
    picked = (count, len(flat)) if axis else (len(flat),)
    index = call.fixed(flat, "indices")
    return call.reshaped(call.emit("index_select", picked, self=x, dim=axis, index=index), shape)


@operator("GatherElements")
def _gather_elements(call: Call) -> Ref:
    axis = call.attribute("axis", 0)
    index = call.ref(1)
    if (known := call.constant(1)) is not None:
        array = known.array().astype(np.int64)
        index = call.fixed(np.where(array < 0, array + call.shape()[axis], array), "indices")
    return call.emit("gather", self=call.ref(0), dim=axis, index=index)


@operator("GatherND")
def _gather_nd(call: Call) -> Ref:
    array = call.array(1).astype(np.int64)
    if call.attribute("batch_dims", 0):
        raise NotExpressedError("positions for each of several axes")
    indices = []
    for axis, size in enumerate(call.shape()[: array.shape[-1]]):
        one = array[..., axis]
        indices.append(call.fixed(np.where(one < 0, one + size, one), f"indices {axis}"))
    return call.emit("index", self=call.ref(0), indices=tuple(indices))


@operator("Expand")
def _expand(call: Call) -> Ref:
    size = call.outputs[0].shape
    if size == call.shape():
        return call.ref(0)
    return call.emit("expand", self=call.ref(0), size=size)


@operator("Tile")
def _tile(call: Call) -> Ref:
    repeats = call.integers(1) or ()
    if all(each == 1 for each in repeats):
        return call.ref(0)
    return call.emit("repeat", self=call.ref(0), repeats=repeats)


_MODES = {"constant": None, "reflect": "reflect", "edge": "replicate", "wrap": "circular"}


@operator("Pad")
def _pad(call: Call) -> Ref:
    pads = call.integers(1, "pads") or ()
    axes = call.integers(3) if call.has(3) else tuple(range(call.rank()))
    sides = [(0, 0)] * call.rank()
    for number, axis in enumerate(axes or ()):
        sides[axis] = (pads[number], pads[number + len(pads) // 2])
    while sides and sides[0] == (0, 0):
        del sides[0]
    mode = call.attribute("mode", "constant")
    if not sides:
        return call.ref(0)
    if mode not in _MODES:
        raise NotExpressedError(f"padding of the mode {mode}")
    value = call.number(2) if call.has(2) else call.attribute("value", 0.0)
    if mode == "constant" and value is None:
        raise NotExpressedError("padding with a value that is computed")
    return call.emit(
        "pad",
        self=call.ref(0),
        pad=tuple(each for side in reversed(sides) for each in side),
        mode=_MODES[mode],
        value=float(value or 0) if mode == "constant" and value else None,
    )


@operator("DepthToSpace")
def _depth_to_space(call: Call) -> Ref:
    batch, channels, height, width = call.shape()
    block = call.attribute("blocksize")
    if call.attribute("mode", "DCR") == "CRD":
        return call.emit("pixel_shuffle", self=call.ref(0), upscale_factor=block)
    apart = (batch, block, block, channels // block**2, height, width)
    found = call.reshaped(call.ref(0), apart)
    return call.reshaped(call.permuted(found, (0, 3, 4, 1, 5, 2)), call.outputs[0].shape)


@operator("SpaceToDepth")
def _space_to_depth(call: Call) -> Ref:
    batch, channels, height, width = call.shape()
    block = call.attribute("blocksize")
    if call.attribute("mode", "DCR") == "CRD":
        return call.emit("pixel_unshuffle", self=call.ref(0), downscale_factor=block)
    apart = (batch, channels, height // block, block, width // block, block)
    found = call.reshaped(call.ref(0), apart)
    return call.reshaped(call.permuted(found, (0, 3, 5, 1, 2, 4)), call.outputs[0].shape)


@operator("Trilu")
def _trilu(call: Call) -> Ref:
    diagonal = int(call.array(1).reshape(())) if call.has(1) else 0
    kind = "triu" if call.attribute("upper", 1) else "tril"
    return call.emit(kind, self=call.ref(0), diagonal=diagonal or None)


@operator("GridSample")
def _grid_sample(call: Call) -> Ref:
    modes = {"bilinear": 0, "linear": 0, "nearest": 1, "bicubic": 2, "cubic": 2}
    paddings = {"zeros": 0, "border": 1, "reflection": 2}
    return call.emit(
        "grid_sampler",
        input=call.ref(0),
        grid=call.ref(1),
        interpolation_mode=modes[call.attribute("mode", "linear")],
        padding_mode=paddings[call.attribute("padding_mode", "zeros")],
        align_corners=bool(call.attribute("align_corners", 0)),
    )
