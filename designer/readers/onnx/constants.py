"""Operators on constants, computed by numpy.

They are the chains that make the shape of a Reshape, and weights that are turned or scaled before
they are used.

A row of `FOLDED` is a function of the node and of the arrays that it reads (None for one that is
left out). It returns an array, or a tuple of one for each output. Its result has the size that
shape inference gave before, so no row needs a limit of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from designer.readers.onnx.files import TYPES, FormatError, plain, reader
from designer.readers.onnx.nodes import Node

Arrays: TypeAlias = Sequence[Any]
Folded: TypeAlias = Callable[[Node, Arrays], Any]


def _axes(node: Node, arrays: Arrays, position: int = 1) -> tuple[int, ...] | None:
    """Return the axes: an attribute in old versions of an operator, an input in new ones."""
    if len(arrays) > position and arrays[position] is not None:
        return tuple(int(each) for each in arrays[position].reshape(-1))
    return node.ints("axes")


def _of_two(function: Callable[[Any, Any], Any]) -> Folded:
    def fold(node: Node, arrays: Arrays) -> Any:
        with np.errstate(all="ignore"):
            return function(arrays[0], arrays[1])

    return fold


def _of_one(function: Callable[[Any], Any]) -> Folded:
    def fold(node: Node, arrays: Arrays) -> Any:
        with np.errstate(all="ignore"):
            return np.asarray(function(arrays[0])).astype(arrays[0].dtype, copy=False)

    return fold


def _of_several(function: Callable[[Any, Any], Any]) -> Folded:
    def fold(node: Node, arrays: Arrays) -> Any:
        found = arrays[0]
        for each in arrays[1:]:
            found = function(found, each)
        return found

    return fold


def _tested(function: Callable[[Any], Any]) -> Folded:
    return lambda node, arrays: function(arrays[0])


def _divided(a: Any, b: Any) -> Any:
    """Divide as ONNX does: whole numbers towards zero."""
    if np.issubdtype(a.dtype, np.integer):
        return (np.abs(a) // np.maximum(np.abs(b), 1) * np.sign(a) * np.sign(b)).astype(a.dtype)
    return a / b


def _mod(node: Node, arrays: Arrays) -> Any:
    with np.errstate(all="ignore"):
        return (np.fmod if node.attributes.get("fmod") else np.mod)(arrays[0], arrays[1])


def _gather(node: Node, arrays: Arrays) -> Any:
    return np.take(arrays[0], arrays[1], axis=node.attributes.get("axis", 0))


def _gather_nd(node: Node, arrays: Arrays) -> Any:
    return arrays[0][tuple(np.moveaxis(arrays[1], -1, 0))]


def _gather_elements(node: Node, arrays: Arrays) -> Any:
    return np.take_along_axis(arrays[0], arrays[1], axis=node.attributes.get("axis", 0))


def _scatter_nd(node: Node, arrays: Arrays) -> Any:
    found = arrays[0].copy()
    found[tuple(np.moveaxis(arrays[1], -1, 0))] = arrays[2]
    return found


def _concat(node: Node, arrays: Arrays) -> Any:
    return np.concatenate(arrays, axis=node.attributes["axis"])


def _slice(node: Node, arrays: Arrays) -> Any:
    found = arrays[0]
    return found[tuple(slice(*each) for each in slices(node, arrays, found.shape))]


def slices(
    node: Node, arrays: Arrays, shape: Sequence[int]
) -> list[tuple[int | None, int | None, int]]:
    """Return start, end and step of each axis that a Slice reads, as Python's slices have them.

    Parameters
    ----------
    node
        The Slice, of whichever version.
    arrays
        Its inputs; the first of them is not looked at.
    shape
        That of the first.
    """
    if len(arrays) > 1:
        starts, ends = ([int(i) for i in each] for each in arrays[1:3])
        axes = [int(i) for i in arrays[3]] if len(arrays) > 3 and arrays[3] is not None else None
        steps = [int(i) for i in arrays[4]] if len(arrays) > 4 and arrays[4] is not None else None
    else:
        starts, ends = ([*node.attributes[each]] for each in ("starts", "ends"))
        axes, steps = node.attributes.get("axes"), None
    found: list[tuple[int | None, int | None, int]] = [(None, None, 1)] * len(shape)
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        axis = number if axes is None else axes[number]
        step = 1 if steps is None else steps[number]
        size = shape[axis]
        low, high = (0, size) if step > 0 else (-1, size - 1)
        first = min(max(start + size if start < 0 else start, 0), high)
        last: int | None = min(max(end + size if end < 0 else end, low), size)
        if step < 0 and last == -1:
            last = None
        found[axis] = (first, last, step)
    return found


def _squeeze(node: Node, arrays: Arrays) -> Any:
    axes = _axes(node, arrays)
    return np.squeeze(arrays[0], axis=axes)


def _unsqueeze(node: Node, arrays: Arrays) -> Any:
    return np.expand_dims(arrays[0], _axes(node, arrays) or ())


def _reshape(node: Node, arrays: Arrays) -> Any:
    given = node.ints("shape") if len(arrays) < 2 else [int(each) for each in arrays[1]]
    return arrays[0].reshape(reshaped(arrays[0].shape, given or (), node))


def reshaped(shape: Sequence[int], given: Sequence[int], node: Node) -> tuple[int, ...]:
    """Return the shape that a Reshape gives: 0 keeps an axis, -1 takes what is left.

    Raises
    ------
    ValueError
        The number of elements does not fit.
    """
    keeps = not node.attributes.get("allowzero")
    found = [
        shape[number] if each == 0 and keeps and number < len(shape) else each
        for number, each in enumerate(given)
    ]
    if found.count(-1) == 1:
        others = prod(each for each in found if each != -1)
        found[found.index(-1)] = prod(shape) // others if others else 0
    if prod(found) != prod(shape) or any(each < 0 for each in found):
        raise ValueError(f"{list(shape)} cannot be given the shape {list(given)}")
    return tuple(found)


def _flatten(node: Node, arrays: Arrays) -> Any:
    shape, axis = arrays[0].shape, node.attributes.get("axis", 1)
    axis = axis + len(shape) if axis < 0 else axis
    return arrays[0].reshape(prod(shape[:axis]), -1)


def _transpose(node: Node, arrays: Arrays) -> Any:
    return np.transpose(arrays[0], node.ints("perm"))


def _cast(node: Node, arrays: Arrays) -> Any:
    name = TYPES.get(node.attributes["to"], "")
    with np.errstate(all="ignore"):
        return arrays[0].astype("float32" if name == "bfloat16" else name)


def _cast_like(node: Node, arrays: Arrays) -> Any:
    with np.errstate(all="ignore"):
        return arrays[0].astype(arrays[1].dtype)


def _range(node: Node, arrays: Arrays) -> Any:
    start, limit, delta = (each.reshape(()) for each in arrays)
    return np.arange(start, limit, delta, dtype=start.dtype)


def _filled(node: Node, arrays: Arrays) -> Any:
    value = node.attributes.get("value")
    shape = tuple(int(each) for each in arrays[0])
    if value is None:
        return np.zeros(shape, np.float32)
    if value.external_data:
        raise ValueError("its value lies in another file")
    return np.broadcast_to(reader(value, Path())().reshape(()), shape)


def _expand(node: Node, arrays: Arrays) -> Any:
    shape = np.broadcast_shapes(arrays[0].shape, tuple(int(each) for each in arrays[1]))
    return np.broadcast_to(arrays[0], shape)


def _tile(node: Node, arrays: Arrays) -> Any:
    return np.tile(arrays[0], [int(each) for each in arrays[1]])


def _split(node: Node, arrays: Arrays) -> tuple[Any, ...]:
    axis = node.attributes.get("axis", 0)
    sizes = split_sizes(node, arrays[1] if len(arrays) > 1 else None, arrays[0].shape[axis])
    return tuple(np.split(arrays[0], np.cumsum(sizes)[:-1], axis=axis))


def split_sizes(node: Node, given: Any, size: int) -> list[int]:
    """Return the sizes of a Split's parts, given or equal, of an axis of this size."""
    sizes = node.ints("split") if given is None else [int(each) for each in given]
    if sizes is None:
        count = node.attributes.get("num_outputs", len(node.outputs))
        part = -(-size // count)
        sizes = [part] * (count - 1) + [size - part * (count - 1)]
    return [*sizes]


def _where(node: Node, arrays: Arrays) -> Any:
    return np.where(*arrays)


def _reduction(function: Callable[..., Any]) -> Folded:
    def fold(node: Node, arrays: Arrays) -> Any:
        axes = _axes(node, arrays)
        if not axes:
            if node.attributes.get("noop_with_empty_axes"):
                return arrays[0]
            axes = None
        keep = bool(node.attributes.get("keepdims", 1))
        return np.asarray(function(arrays[0], axis=axes, keepdims=keep)).astype(arrays[0].dtype)

    return fold


def _arg(function: Callable[..., Any]) -> Folded:
    def fold(node: Node, arrays: Arrays) -> Any:
        keep = bool(node.attributes.get("keepdims", 1))
        return function(arrays[0], axis=node.attributes.get("axis", 0), keepdims=keep)

    return fold


def _trilu(node: Node, arrays: Arrays) -> Any:
    k = int(arrays[1].reshape(())) if len(arrays) > 1 and arrays[1] is not None else 0
    return (np.triu if node.attributes.get("upper", 1) else np.tril)(arrays[0], k)


def _cumsum(node: Node, arrays: Arrays) -> Any:
    axis = int(arrays[1].reshape(()))
    found = np.flip(arrays[0], axis) if node.attributes.get("reverse") else arrays[0]
    total = np.cumsum(found, axis, dtype=found.dtype)
    if node.attributes.get("exclusive"):
        total = total - found
    return np.flip(total, axis) if node.attributes.get("reverse") else total


def _dequantize(node: Node, arrays: Arrays) -> Any:
    """Return the weights that stand for whole numbers: (x - zero point) · scale."""
    x, scale = arrays[0], arrays[1]
    zero = arrays[2] if len(arrays) > 2 and arrays[2] is not None else np.zeros((), x.dtype)
    axis, block = node.attributes.get("axis", 1), node.attributes.get("block_size", 0)
    if block:
        scale, zero = (np.repeat(each, block, axis=axis) for each in (scale, zero))
    elif scale.size > 1:
        form = [1] * x.ndim
        form[axis] = -1
        scale, zero = scale.reshape(form), zero.reshape(form if zero.size > 1 else ())
    else:
        scale, zero = scale.reshape(()), zero.reshape(())
    return ((x.astype(np.float32) - zero.astype(np.float32)) * scale).astype(scale.dtype)


def _matmul(node: Node, arrays: Arrays) -> Any:
    return np.matmul(arrays[0], arrays[1])


FOLDED: Mapping[str, Folded] = {
    "Abs": _of_one(np.abs),
    "Add": _of_two(np.add),
    "And": _of_two(np.logical_and),
    "ArgMax": _arg(np.argmax),
    "ArgMin": _arg(np.argmin),
    "Cast": _cast,
    "CastLike": _cast_like,
    "Ceil": _of_one(np.ceil),
    "Concat": _concat,
    "ConstantOfShape": _filled,
    "Cos": _of_one(np.cos),
    "CumSum": _cumsum,
    "DequantizeLinear": _dequantize,
    "Div": _of_two(_divided),
    "Equal": _of_two(np.equal),
    "Exp": _of_one(np.exp),
    "Expand": _expand,
    "Flatten": _flatten,
    "Floor": _of_one(np.floor),
    "Gather": _gather,
    "GatherElements": _gather_elements,
    "GatherND": _gather_nd,
    "Greater": _of_two(np.greater),
    "GreaterOrEqual": _of_two(np.greater_equal),
    "Identity": _of_one(lambda x: x),
    "IsInf": _tested(np.isinf),
    "IsNaN": _tested(np.isnan),
    "Less": _of_two(np.less),
    "LessOrEqual": _of_two(np.less_equal),
    "Log": _of_one(np.log),
    "MatMul": _matmul,
    "Max": _of_several(np.maximum),
    "Min": _of_several(np.minimum),
    "Mod": _mod,
    "Mul": _of_two(np.multiply),
    "Neg": _of_one(np.negative),
    "Not": _tested(np.logical_not),
    "Or": _of_two(np.logical_or),
    "Pow": _of_two(lambda a, b: np.power(a, b).astype(a.dtype)),
    "Range": _range,
    "Reciprocal": _of_one(lambda x: 1 / x),
    "ReduceMax": _reduction(np.max),
    "ReduceMean": _reduction(np.mean),
    "ReduceMin": _reduction(np.min),
    "ReduceProd": _reduction(np.prod),
    "ReduceSum": _reduction(np.sum),
    "Reshape": _reshape,
    "Round": _of_one(np.round),
    "ScatterND": _scatter_nd,
    "Sigmoid": _of_one(lambda x: 1 / (1 + np.exp(-x))),
    "Sign": _of_one(np.sign),
    "Sin": _of_one(np.sin),
    "Slice": _slice,
    "Split": _split,
    "Sqrt": _of_one(np.sqrt),
    "Squeeze": _squeeze,
    "Sub": _of_two(np.subtract),
    "Sum": _of_several(np.add),
    "Tanh": _of_one(np.tanh),
    "Tile": _tile,
    "Transpose": _transpose,
    "Trilu": _trilu,
    "Unsqueeze": _unsqueeze,
    "Where": _where,
    "Xor": _of_two(np.logical_xor),
}
"""What each operator does with constants; others are left in the network."""


_NOT_FOLDED = {
    "ArgMax": "select_last_index",
    "ArgMin": "select_last_index",
    "GatherND": "batch_dims",
    "ScatterND": "reduction",
}
"""Attributes with which an operator does what its row does not."""


def is_folded(node: Node) -> bool:
    """Tell whether the outputs of a node of constants can be computed here."""
    but = _NOT_FOLDED.get(node.operator, "")
    return node.operator in FOLDED and node.attributes.get(but) in (None, 0, "none")


def constant_node(node: Node, folder: Path) -> Any:
    """Return a function that reads the value of a Constant node.

    Raises
    ------
    FormatError
        It is no tensor.
    """
    attributes = node.attributes
    if "value" in attributes:
        return reader(attributes["value"], folder)
    for name, kind in (
        ("value_int", np.int64),
        ("value_ints", np.int64),
        ("value_float", np.float32),
        ("value_floats", np.float32),
    ):
        if name in attributes:
            array = np.asarray(attributes[name], kind)
            return lambda: array
    raise FormatError(f"the constant {node.outputs[0]!r} holds no numbers, and cannot be read.")


def evaluated(node: Node, arrays: Arrays) -> tuple[Any, ...]:
    """Return the outputs of a node of constants.

    Raises
    ------
    FormatError
        They cannot be computed.
    """
    try:
        found = FOLDED[node.operator](node, arrays)
    except Exception as error:  # whatever numpy says of arrays that do not fit
        raise FormatError(f"{node.label()} does not fit what it reads ({error}).") from None
    return tuple(
        plain(np.asarray(each)) for each in (found if isinstance(found, tuple) else (found,))
    )
