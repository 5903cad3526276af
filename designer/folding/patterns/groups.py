"""Known groups of operations that are one layer of the catalogue.

Each row of `GROUPS` looks at an operation and those that read it, one after the other, and says
which layer they are. They become one node only if nobody else reads what lies between.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from designer.folding.patterns.converter import Converter
from designer.folding.patterns.values import Symbol, UnsupportedError
from designer.readers.graph import Operation, Shape

_RESHAPES = ("view", "reshape", "_unsafe_view")
_COPIES = ("contiguous", "clone")


class Group(NamedTuple):
    """A layer that takes the place of several operations of the program.

    Attributes
    ----------
    layer, parameters
        The layer.
    input
        What it reads.
    result
        What it gives.
    shape
        The shape of the result in the design.
    operations
        The operations, in their order.
    state
        Its tensors by their names in the layer.
    axis
        The axis along which it computes, for a layer that has it as its parameter `dim` and takes
        several pieces of an image, too.
    """

    layer: str
    parameters: dict[str, Any]
    input: Symbol
    result: Symbol
    shape: Shape
    operations: Sequence[Operation]
    state: Mapping[str, Symbol | None] = MappingProxyType({})
    axis: int | None = None


Matcher: TypeAlias = Callable[[Converter, Operation], Group | None]


def grouped(c: Converter, operation: Operation) -> bool:
    """Make one node of a known group that begins with an operation; tell whether there is one."""
    for match in GROUPS.get(operation.kind, ()):
        found = match(c, operation)
        if found is None:
            continue
        try:
            with c.attempt():
                _emit(c, found)
        except UnsupportedError:
            continue
        c.skipped.update([id(each) for each in found.operations])
        return True
    return False


def _emit(c: Converter, found: Group) -> None:
    if found.axis is not None:
        parameters = {**found.parameters, "dim": c.axis(found.input, found.axis)}
        c.emit(found.result, found.layer, parameters, [found.input], found.state)
        return
    value = c.plain(found.input)
    if value.batch != 0:
        raise UnsupportedError("a group over what has no batch")
    text = _path(found.operations) if found.state else ""
    name = c.add(found.layer, found.parameters, (value,), found.state, text=text)
    c.know(found.result, value._replace(node=name, shape=found.shape, port=0))


def _path(operations: Sequence[Operation]) -> str:
    """Return the path of the module that runs all operations and nothing else."""
    paths = {each.modules[-1].path if each.modules else "" for each in operations}
    return paths.pop() if len(paths) == 1 else ""


def _next(c: Converter, operation: Operation) -> Operation | None:
    """Return the only operation that reads a result, if nobody else does."""
    readers = c.readers.get(operation.results[0], [])
    if len(operation.results) != 1 or len(readers) != 1:
        return None
    return None if operation.results[0] in c.graph_outputs else readers[0]


def _regrouping(
    c: Converter, first: Operation
) -> tuple[Shape, tuple[int, ...], list[Operation]] | None:
    """Return the axes, their new order and the operations of a view, a permutation and a view."""
    second = _next(c, first)
    if second is None or second.kind not in ("permute", "transpose"):
        return None
    axes = c.symbol(first.results[0]).shape
    if second.kind == "permute":
        order = [each % len(axes) for each in second.arguments["dims"]]
    else:
        order = [*range(len(axes))]
        one, other = (second.arguments[each] % len(axes) for each in ("dim0", "dim1"))
        order[one], order[other] = other, one
    operations = [first, second]
    last = _next(c, second)
    while last is not None and last.kind in _COPIES:
        operations.append(last)
        last = _next(c, last)
    if last is None or last.kind not in (*_RESHAPES, "flatten"):
        return None
    return axes, tuple(order), [*operations, last]


def channel_shuffle(c: Converter, first: Operation) -> Group | None:
    """Find channels in groups whose order is changed, as ShuffleNet does."""
    found = _regrouping(c, first)
    if found is None:
        return None
    axes, order, operations = found
    x, result = c.plain_call(first)["self"], c.symbol(operations[-1].results[0])
    if x.dim() != 4 or result.shape != x.shape or order != (0, 2, 1, 3, 4):
        return None
    if (axes[0], *axes[3:]) != (x.shape[0], *x.shape[2:]):
        return None
    return Group("ChannelShuffle", {"groups": axes[1]}, x, result, x.shape[1:], operations)


def window_partition(c: Converter, first: Operation) -> Group | None:
    """Find an image that is divided into windows, its channels last or first."""
    found = _regrouping(c, first)
    if found is None:
        return None
    axes, order, operations = found
    x, result = c.plain_call(first)["self"], c.symbol(operations[-1].results[0])
    if x.dim() != 4 or len(axes) != 6 or axes[0] != x.shape[0]:
        return None
    if order == (0, 1, 3, 2, 4, 5) and axes[5] == x.shape[3] and axes[1] * axes[2] == x.shape[1]:
        (rows, height, columns, width, channels), where = axes[1:], "last"
    elif order == (0, 2, 4, 3, 5, 1) and axes[1] == x.shape[1] and axes[2] * axes[3] == x.shape[2]:
        (channels, rows, height, columns, width), where = axes[1:], "first"
    else:
        return None
    shape = (rows * columns, height * width, channels)
    if result.shape not in ((axes[0] * shape[0], *shape[1:]), (axes[0], *shape)) or shape[0] == 1:
        return None
    parameters = {"window_size": (height, width), "channels_axis": where}
    return Group("WindowPartition", parameters, x, result, shape, operations)


LAYER_NORM = ("layer_norm",)


def layer_norm_of_images(c: Converter, first: Operation) -> Group | None:
    """Find a norm of the channels of an image, which lie last only for it."""
    norm = _next(c, first)
    back = _next(c, norm) if norm is not None and norm.kind in LAYER_NORM else None
    if norm is None or back is None or back.kind != "permute":
        return None
    call, x = c.plain_call(norm), c.plain_call(first)["self"]
    orders = [tuple(each.arguments["dims"]) for each in (first, back)]
    if orders != [(0, 2, 3, 1), (0, 3, 1, 2)] or len(call["normalized_shape"]) != 1:
        return None
    weight, bias = call.get("weight"), call.get("bias")
    if (weight is None) != (bias is None):
        return None
    parameters = {"eps": call.get("eps", 1e-5), "affine": weight is not None}
    state = {"weight": weight, "bias": bias}
    result = c.symbol(back.results[0])
    return Group("LayerNorm2d", parameters, x, result, x.shape[1:], [first, norm, back], state)


def normalize(c: Converter, first: Operation) -> Group | None:
    """Find vectors that are divided by their norms, as `torch.nn.functional.normalize` does."""
    call = c.plain_call(first)
    x, dims = call["self"], call.get("dim")
    bound = _next(c, first)
    wide = _next(c, bound) if bound is not None and bound.kind in ("clamp_min", "clamp") else None
    last = _next(c, wide) if wide is not None and wide.kind in ("expand", "expand_as") else None
    if bound is None or wide is None or last is None or last.kind != "div":
        return None
    if not call.get("keepdim") or not isinstance(dims, tuple) or len(dims) != 1:
        return None
    quotient, eps = c.plain_call(last), bound.arguments.get("min")
    if (
        quotient["self"] != x
        or not isinstance(eps, float)
        or bound.arguments.get("max") is not None
    ):
        return None
    parameters = {"p": float(call.get("ord", 2)), "eps": eps}
    operations = [first, bound, wide, last]
    return Group("Normalize", parameters, x, quotient.result, (), operations, axis=dims[0])


GROUPS: dict[str, tuple[Matcher, ...]] = {
    **dict.fromkeys(_RESHAPES, (channel_shuffle, window_partition)),
    "permute": (layer_norm_of_images,),
    "linalg_vector_norm": (normalize,),
}
"""The groups by the kind of their first operation, the larger ones first."""
