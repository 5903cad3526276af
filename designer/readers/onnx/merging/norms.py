"""Normalizations that files hold as means, differences and roots."""

from math import prod

import numpy as np

from designer.readers.graph import Argument, Operation, Ref
from designer.readers.onnx.merging.program import Program, like, pair


def _squared(program: Program, value: Argument) -> Argument:
    """Return what a value is the square of; None if it is none."""
    made = program.made(value, "pow", "mul")
    if made is None:
        return None
    if made.kind == "pow":
        return made.arguments["self"] if program.number(made.arguments["exponent"]) == 2 else None
    a, b = made.arguments["self"], made.arguments["other"]
    return a if a == b or _same(program, a, b) else None


def _same(program: Program, a: Argument, b: Argument) -> bool:
    """Tell whether two values are one, or are computed in the same way from the same ones."""
    if a == b:
        return True
    one, other = program.made(a, "sub", "mean"), program.made(b, "sub", "mean")
    if one is None or other is None or one.kind != other.kind:
        return False
    if one.kind == "mean":
        return one.arguments == other.arguments
    return one.arguments["self"] == other.arguments["self"] and _same(
        program, one.arguments["other"], other.arguments["other"]
    )


def _root_of_mean(
    program: Program, value: Argument, inverse: bool
) -> tuple[Argument, float, tuple[int, ...]] | None:
    """Return x, eps and axes of √(mean(x²) + eps), or of its inverse; None if it is not that."""
    if inverse:
        made = program.made(value, "reciprocal", "rsqrt")
        if made is None:
            return None
        if made.kind == "reciprocal":
            return _root_of_mean(program, made.arguments["self"], inverse=False)
    else:
        made = program.made(value, "sqrt")
        if made is None:
            return None
    total = program.made(made.arguments["self"], "add")
    for mean, small in pair(total) if total is not None else ():
        eps, averaged = program.number(small), program.made(mean, "mean")
        if eps is None or averaged is None or not averaged.arguments.get("keepdim"):
            continue
        x = _squared(program, averaged.arguments["self"])
        if isinstance(x, Ref):
            rank = len(program.shape(x))
            axes = tuple(sorted(each % rank for each in averaged.arguments["dim"]))
            return x, eps, axes
    return None


def _last(axes: tuple[int, ...], rank: int) -> bool:
    return axes == tuple(range(rank - len(axes), rank))


def normalized(program: Program, operation: Operation) -> Operation | None:
    """Recognize x − mean divided by its root mean square, and x divided by its own (RMSNorm)."""
    orders = pair(operation) if operation.kind == "mul" else [
        (operation.arguments["self"], operation.arguments["other"])
    ]  # fmt: skip
    for x, scale in orders:
        found = _root_of_mean(program, scale, inverse=operation.kind == "mul")
        if found is None or not isinstance(x, Ref):
            continue
        centered, eps, axes = found
        shape = program.shape(x)
        if not _same(program, x, centered) or not _last(axes, len(shape)):
            continue
        sizes = shape[len(shape) - len(axes) :]
        made = program.made(x, "sub")
        mean = program.made(made.arguments["other"], "mean") if made is not None else None
        if made is not None and mean is not None:
            dims = tuple(sorted(each % len(shape) for each in mean.arguments["dim"]))
            if mean.arguments["self"] == made.arguments["self"] and dims == axes:
                return like(
                    operation, "layer_norm", input=made.arguments["self"], normalized_shape=sizes,
                    eps=eps,
                )  # fmt: skip
        return like(operation, "rms_norm", input=x, normalized_shape=sizes, eps=eps)
    return None


def scaled(program: Program, operation: Operation) -> Operation | None:
    """Take in the factors after a normalization that has none."""
    for value, factor in pair(operation):
        made = program.made(value, "layer_norm", "rms_norm", "group_norm")
        stored = program.stored(factor)
        if made is None or "weight" in made.arguments or stored is None:
            continue
        sizes = _sizes(program, made)
        if _fits(program, factor, made):
            weight = program.parameter(stored, factor, sizes, "weight", operation)
            return like(operation, made.kind, **made.arguments, weight=weight)
    return None


def shifted(program: Program, operation: Operation) -> Operation | None:
    """Take in the summands after a normalization that has factors and no summands."""
    for value, summand in pair(operation):
        made = program.made(value, "layer_norm", "group_norm")
        stored = program.stored(summand)
        if made is None or "bias" in made.arguments or stored is None:
            continue
        sizes = _sizes(program, made)
        if "weight" in made.arguments and _fits(program, summand, made):
            bias = program.parameter(stored, summand, sizes, "bias", operation)
            return like(operation, made.kind, **made.arguments, bias=bias)
    return None


def _sizes(program: Program, norm: Operation) -> tuple[int, ...]:
    """Return the shape of the factors that a normalization takes."""
    if norm.kind == "group_norm":
        return (program.shape(norm.arguments["input"])[1],)
    found: tuple[int, ...] = norm.arguments["normalized_shape"]
    return found


def _fits(program: Program, value: Argument, norm: Operation) -> bool:
    """Tell whether a tensor has a number for each factor of a norm, along the same axes."""
    if not isinstance(value, Ref):
        return False
    sizes, shape = _sizes(program, norm), program.shape(value)
    trailing = len(program.shape(norm.arguments["input"])) - 2 if norm.kind == "group_norm" else 0
    wanted = (*sizes, *(1,) * trailing)
    return shape[-len(wanted) :] == wanted and prod(shape) == prod(sizes)


def grouped(program: Program, operation: Operation) -> Operation | None:
    """Recognize groups that were reshaped to be the channels of an InstanceNorm."""
    made = program.made(operation.arguments["self"], "instance_norm")
    if made is None:
        return None
    before = program.made(made.arguments["input"], "reshape")
    if before is None:
        return None
    x = before.arguments["self"]
    shape, apart = program.shape(x), program.shape(made.arguments["input"])
    if program.shape(Ref(operation.results[0])) != shape or len(apart) < 3 or apart[0] != shape[0]:
        return None
    if shape[1] % apart[1]:
        return None
    for role, value in (("weight", 1), ("bias", 0)):
        given = made.arguments.get(role)
        stored = program.stored(given)
        # A norm that learns nothing has neither.
        if given is not None and (stored is None or not np.all(stored.read() == value)):
            return None
    return like(operation, "group_norm", input=x, num_groups=apart[1], eps=made.arguments["eps"])
