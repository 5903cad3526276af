"""Activations that files hold as several operations."""

from designer.readers.graph import Argument, Operation, Ref
from designer.readers.onnx.merging.program import Program, like, pair

_NEAR = 1e-3
"""How far a number may be from the exact one, which files round."""


def _near(value: float | None, wanted: float) -> bool:
    return value is not None and abs(value - wanted) <= _NEAR * abs(wanted)


def _times(program: Program, value: Argument, factor: float) -> Ref | None:
    """Return what was multiplied by a factor, or divided by its inverse; else None."""
    if (made := program.made(value, "mul")) is not None:
        for x, other in pair(made):
            if isinstance(x, Ref) and _near(program.number(other), factor):
                return x
    if (made := program.made(value, "div")) is not None and "rounding_mode" not in made.arguments:
        x, other = made.arguments["self"], made.arguments["other"]
        if isinstance(x, Ref) and _near(program.number(other), 1 / factor):
            return x
    return None


def gated(program: Program, operation: Operation) -> Operation | None:
    """Recognize x · sigmoid(x), x · hardsigmoid(x) and x · tanh(softplus(x))."""
    for x, gate in pair(operation):
        if (made := program.made(gate, "sigmoid", "hardsigmoid")) is not None:
            if made.arguments["self"] == x:
                return like(operation, "silu" if made.kind == "sigmoid" else "hardswish", self=x)
        elif (made := program.made(gate, "tanh")) is not None:
            inner = program.made(made.arguments["self"], "softplus")
            if inner is not None and inner.arguments == {"self": x}:
                return like(operation, "mish", self=x)
    return None


def hard_sigmoid(program: Program, operation: Operation) -> Operation | None:
    """Recognize hardtanh(x + 3, 0, 6) / 6, also as a product."""
    for clipped, sixth in pair(operation):
        if not _near(program.number(sixth), 1 / 6 if operation.kind == "mul" else 6):
            continue
        clip = program.made(clipped, "hardtanh", "clamp")
        if clip is None:
            continue
        names = ("min_val", "max_val") if clip.kind == "hardtanh" else ("min", "max")
        if tuple(clip.arguments.get(each) for each in names) != (0, 6):
            continue
        raised = program.made(clip.arguments["self"], "add")
        for x, three in pair(raised) if raised is not None else ():
            if program.number(three) == 3:
                return like(operation, "hardsigmoid", self=x)
        if operation.kind == "div":
            break  # only the first order is a quotient
    return None


def gelu(program: Program, operation: Operation) -> Operation | None:
    """Recognize x · (1 + erf(x / √2)) / 2 and its approximation by tanh, in any order."""
    half = _times_half(program, operation)
    if half is not None:
        made = program.made(half, "mul")
        for x, gate in pair(made) if made is not None else ():
            kind = _gate(program, gate, x)
            if kind is not None:
                return like(operation, "gelu", self=x, approximate=kind or None)
    for first, second in pair(operation):
        inner = _times(program, second, 0.5)
        kind = _gate(program, inner, first) if inner is not None else None
        if kind is not None:
            return like(operation, "gelu", self=first, approximate=kind or None)
        x = _times(program, first, 0.5)
        kind = _gate(program, second, x) if x is not None else None
        if kind is not None:
            return like(operation, "gelu", self=x, approximate=kind or None)
    return None


def _times_half(program: Program, operation: Operation) -> Ref | None:
    for x, other in pair(operation):
        if isinstance(x, Ref) and program.number(other) == 0.5:
            return x
    return None


def _gate(program: Program, gate: Argument, x: Argument) -> str | None:
    """Return how 1 + erf(x / √2) is computed: "" exactly, "tanh" nearly; None if it is not that."""
    total = program.made(gate, "add")
    for part, one in pair(total) if total is not None else ():
        if program.number(one) != 1:
            continue
        if (made := program.made(part, "erf")) is not None:
            return "" if _times(program, made.arguments["self"], 0.5**0.5) == x else None
        if (made := program.made(part, "tanh")) is not None:
            inner = _times(program, made.arguments["self"], 0.7978846)
            total = program.made(inner, "add")
            for y, cube in pair(total) if total is not None else ():
                if y == x and _cube(program, _times(program, cube, 0.044715)) == x:
                    return "tanh"
    return None


def _cube(program: Program, value: Argument) -> Argument:
    """Return what a value is the third power of; None if it is none."""
    if (made := program.made(value, "pow")) is not None:
        return made.arguments["self"] if program.number(made.arguments["exponent"]) == 3 else None
    made = program.made(value, "mul")
    for x, square in pair(made) if made is not None else ():
        inner = program.made(square, "mul", "pow")
        if inner is None:
            continue
        if inner.kind == "pow":
            if inner.arguments["self"] == x and program.number(inner.arguments["exponent"]) == 2:
                return x
        elif inner.arguments["self"] == inner.arguments["other"] == x:
            return x
    return None
