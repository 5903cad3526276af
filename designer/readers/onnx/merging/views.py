"""Axes that are moved and moved back, and averages over all positions."""

from designer.readers.graph import Operation, Ref
from designer.readers.onnx.merging.program import Program, like

_SHAPES = ("reshape", "squeeze", "unsqueeze", "flatten")


def permuted_twice(program: Program, operation: Operation) -> Operation | Ref | None:
    """Join two permutations, or leave out both."""
    order = operation.arguments["dims"]
    made = program.made(operation.arguments["self"], "permute")
    if made is None:
        return _leading(program, operation)
    both = tuple(made.arguments["dims"][each] for each in order)
    x: Ref = made.arguments["self"]
    if both == tuple(range(len(both))):
        return x
    return like(operation, "permute", self=x, dims=both)


def _leading(program: Program, operation: Operation) -> Operation | None:
    """Leave out two exchanges of the last two axes around a reshape of the others."""
    middle = program.made(operation.arguments["self"], "reshape")
    first = program.made(middle.arguments["self"], "permute") if middle is not None else None
    if middle is None or first is None:
        return None
    before, after = program.shape(middle.arguments["self"]), program.shape(Ref(middle.results[0]))
    if before[-2:] != after[-2:]:
        return None
    orders = ((first, len(before)), (operation, len(after)))
    if any(each.arguments["dims"] != (*range(n - 2), n - 1, n - 2) for each, n in orders):
        return None
    shape = program.shape(Ref(operation.results[0]))
    return like(operation, "reshape", self=first.arguments["self"], shape=shape)


def same_shape(program: Program, operation: Operation) -> Ref | None:
    """Leave out reshapes, and moves of axes of size 1, after which a shape is as before."""
    wanted = program.shape(Ref(operation.results[0]))
    each: Operation | None = operation
    while each is not None and (each.kind in _SHAPES or _moves_nothing(program, each)):
        value: Ref = each.arguments["self"]
        if program.shape(value) == wanted:
            return value
        each = program.made(value)
    return None


def _moves_nothing(program: Program, operation: Operation) -> bool:
    """Tell whether an operation is a permutation that moves only axes of size 1."""
    if operation.kind != "permute":
        return False
    shape = program.shape(operation.arguments["self"])
    moved = [each for each in operation.arguments["dims"] if shape[each] != 1]
    return moved == sorted(moved)


def global_average(program: Program, operation: Operation) -> Operation | None:
    """Recognize the mean that torch's exporter makes of AdaptiveAvgPool2d."""
    x = operation.arguments["self"]
    rank = len(program.shape(x))
    axes = sorted(each % rank for each in operation.arguments["dim"])
    if rank != 4 or axes != [2, 3] or not operation.arguments.get("keepdim"):
        return None
    return like(operation, "adaptive_avg_pool2d", self=x, output_size=(1, 1))
