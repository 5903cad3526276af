"""Heads of attention, which exporters split and join in many ways, with the images along any axis.

What such a chain of views does with each element is compared with the plain way: with the images
first, the heads are an axis of their own, before that of the tokens.
"""

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from designer.readers.graph import Operation, Ref
from designer.readers.onnx.merging.program import Program

_RESHAPES = ("reshape", "flatten", "squeeze", "unsqueeze")
_VIEWS = (*_RESHAPES, "permute", "select", "slice", "split_with_sizes")
_LARGEST = 1 << 24  # elements of a value that is compared
_TURNED = (1, 0, 2)  # tokens first, and back


def _views(program: Program, value: Ref) -> tuple[Ref, list[tuple[Operation, Ref]]]:
    """Return where a chain of views begins, and its operations with what each gives, in order."""
    found: list[tuple[Operation, Ref]] = []
    while (made := program.made(value, *_VIEWS)) is not None:
        found.append((made, value))
        value = made.arguments["self"]
    return value, found[::-1]


def _places(program: Program, start: Any, views: list[tuple[Operation, Ref]]) -> Any:
    """Return where the elements after a chain of views come from."""
    for each, result in views:
        arguments = each.arguments
        if each.kind in _RESHAPES:
            start = start.reshape(program.shape(result))
        elif each.kind == "permute":
            start = start.transpose(arguments["dims"])
        elif each.kind == "select":
            start = np.take(start, arguments["index"], arguments["dim"])
        elif each.kind == "slice":
            part = slice(arguments["start"], arguments["end"], arguments.get("step"))
            start = np.moveaxis(np.moveaxis(start, arguments["dim"], 0)[part], 0, arguments["dim"])
        else:
            ends = np.cumsum(arguments["split_sizes"])[:-1]
            parts = np.split(start, ends, arguments["dim"])
            start = parts[each.results.index(result.name)]
    return start


def split(program: Program, operation: Operation, value: Ref) -> Ref:
    """Return queries, keys or values of attention, split into heads in the plain way.

    The value itself is returned if it is no part of the result of a linear layer, or another one.
    """
    root, views = _views(program, value)
    linear, shape = program.made(root, "linear"), program.shape(root)
    if linear is None or len(program.shape(value)) != 4 or len(shape) != 3 or len(views) < 2:
        return value
    if prod(shape) > _LARGEST:
        return value
    start = np.arange(prod(shape)).reshape(shape)
    wanted = _places(program, start, views)
    batch, heads, tokens, width = wanted.shape
    before = program.made(linear.arguments["input"], "permute")
    turned = before is not None and before.arguments["dims"] == _TURNED
    plain = start.transpose(_TURNED) if turned else start
    first, size = int(wanted.flat[0]) % shape[2], heads * width
    part = plain[..., first : first + size]
    if plain.shape[:2] != (batch, tokens) or part.shape[2] != size:
        return value
    split_part = part.reshape(batch, tokens, heads, width).transpose(0, 2, 1, 3)
    if not np.array_equal(split_part, wanted):
        return value
    if turned and before is not None:
        root = program.once(
            f"turned {root.name}",
            lambda: program.before(
                linear,
                "linear",
                (batch, tokens, shape[2]),
                {**linear.arguments, "input": before.arguments["self"]},
            ),
        )
    if size != shape[2]:
        arguments = {"self": root, "dim": 2, "start": first, "end": first + size}
        root = program.before(operation, "slice", (batch, tokens, size), arguments)
    apart = (batch, tokens, heads, width)
    root = program.before(operation, "reshape", apart, {"self": root, "shape": apart})
    arguments = {"self": root, "dims": (0, 2, 1, 3)}
    return program.before(operation, "permute", (batch, heads, tokens, width), arguments)


def joined(program: Program, operation: Operation) -> Operation | None:
    """Put the images first before the linear layer after attention, and not after it."""
    linear = program.made(operation.arguments["self"], "linear")
    if linear is None or operation.arguments["dims"] != _TURNED:
        return None
    value = linear.arguments["input"]
    root, views = _views(program, value)
    shape = program.shape(root)
    if program.made(root, "scaled_dot_product_attention") is None or len(shape) != 4:
        return None
    if prod(shape) > _LARGEST:
        return None
    start = np.arange(prod(shape)).reshape(shape)
    batch, heads, tokens, width = shape
    wanted = (batch, tokens, heads * width)
    plain = start.transpose(0, 2, 1, 3).reshape(wanted)
    found = _places(program, start, views)
    if found.ndim != 3 or not np.array_equal(found.transpose(_TURNED), plain):
        return None
    arguments = {"self": root, "dims": (0, 2, 1, 3)}
    moved = program.before(operation, "permute", (batch, tokens, heads, width), arguments)
    together = program.before(operation, "reshape", wanted, {"self": moved, "shape": wanted})
    arguments = {**linear.arguments, "input": together}
    return replace(linear, arguments=arguments, results=operation.results)
