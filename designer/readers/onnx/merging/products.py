"""Biases that are added after a product, and attention as products and a softmax."""

from dataclasses import replace

from designer.readers.graph import Argument, Operation, Ref
from designer.readers.onnx.merging import heads
from designer.readers.onnx.merging.program import Program, like, pair

_CONVOLUTIONS = (
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
)


def biased(program: Program, operation: Operation) -> Operation | None:
    """Take in the bias that is added to a linear layer or convolution."""
    for value, summand in pair(operation):
        made = program.made(value, "linear", *_CONVOLUTIONS)
        if made is None or "bias" in made.arguments or not program.alone(value):
            continue
        stored = program.stored(summand)
        if stored is None or not isinstance(summand, Ref):
            continue
        shape, axis = program.shape(value), -1 if made.kind == "linear" else 1
        count, found = shape[axis], stored.spec.shape
        trailing = (1,) * (0 if made.kind == "linear" else len(shape) - 2)
        wanted = (count, *trailing)
        if found[-len(wanted) :] != wanted or any(each != 1 for each in found[: -len(wanted)]):
            continue
        bias = program.parameter(stored, summand, (count,), "bias", made)
        return like(operation, made.kind, **made.arguments, bias=bias)
    return None


def of_rows(program: Program, operation: Operation) -> Operation | None:
    """Leave out reshapes to a matrix and back around a linear layer, which takes any shape."""
    made = program.made(operation.arguments["self"], "linear")
    before = (
        program.made(made.arguments["input"], "reshape", "flatten") if made is not None else None
    )
    if made is None or before is None:
        return None
    x, shape = before.arguments["self"], program.shape(Ref(operation.results[0]))
    if shape[-1] != program.shape(Ref(made.results[0]))[-1]:
        return None
    wanted = (*shape[:-1], program.shape(made.arguments["input"])[-1])
    if program.shape(x) != wanted:
        x = program.before(operation, "reshape", wanted, {"self": x, "shape": wanted})
    arguments = {**made.arguments, "input": x}
    return replace(made, arguments=arguments, results=operation.results)


def attention(program: Program, operation: Operation) -> Operation | None:
    """Recognize softmax(query · keyᵀ · scale + mask) · value."""
    chances = program.made(operation.arguments["self"], "softmax")
    value = operation.arguments["other"]
    if chances is None:
        return None
    scores, mask = chances.arguments["self"], None
    rank = len(program.shape(scores))
    if chances.arguments["dim"] not in (-1, rank - 1) or rank < 3:
        return None
    total = program.made(scores, "add")
    if total is not None:
        for part, other in pair(total):
            masks = isinstance(other, Ref) and len(program.shape(other)) > 1
            if masks and _product(program, part) is not None:
                scores, mask = part, other
                break
    found = _product(program, scores)
    if found is None:
        return None
    product, scale = found
    query, one = _unscaled(program, product.arguments["self"])
    turned, two = _unscaled(program, product.arguments["other"])
    shapes = [program.shape(each) for each in (query, turned, value)]
    if len({shape[:-2] for shape in shapes}) != 1:
        return None
    scale *= one * two
    order = (*range(rank - 2), rank - 1, rank - 2)
    shape = (*shapes[1][:-2], shapes[1][-1], shapes[1][-2])
    made = program.made(turned, "permute")
    if made is not None and made.arguments["dims"] == order:
        key = made.arguments["self"]
    else:
        key = program.before(operation, "permute", shape, {"self": turned, "dims": order})
    usual = shapes[0][-1] ** -0.5
    query, key, value = (heads.split(program, operation, each) for each in (query, key, value))
    return like(
        operation,
        "scaled_dot_product_attention",
        query=query,
        key=key,
        value=value,
        attn_mask=mask,
        scale=None if abs(scale - usual) < 1e-5 * usual else scale,
    )


def _product(program: Program, value: Argument) -> tuple[Operation, float] | None:
    """Return a product of two computed matrices and the number that it is multiplied by."""
    inner, scale = _unscaled(program, value)
    made = program.made(inner, "matmul")
    return (made, scale) if made is not None else None


def _unscaled(program: Program, value: Argument) -> tuple[Ref, float]:
    """Return a value without the number that it is multiplied by, and that number."""
    if (made := program.made(value, "mul")) is not None:
        for x, other in pair(made):
            number = program.number(other)
            if (
                number is not None
                and isinstance(x, Ref)
                and program.shape(x) == program.shape(value)
            ):
                return x, number
    if (made := program.made(value, "div")) is not None and isinstance(made.arguments["self"], Ref):
        number = program.number(made.arguments["other"])
        if number:
            return made.arguments["self"], 1 / number
    assert isinstance(value, Ref)
    return value, 1.0
