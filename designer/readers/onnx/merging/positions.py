"""Relative position biases of attention in windows, as Swin transformers learn them.

Exporters pick them from their table when they write the file, so that it holds them for each pair
of positions. The table is found again: it is what the network learns.
"""

from math import isqrt

import numpy as np

from designer.readers.graph import Operation, Ref, StoredTensor, TensorSpec
from designer.readers.onnx.merging.program import Program, like, pair
from designer.readers.onnx.nodes import Constant

_ROLE = "relative_position_bias_table"
_SUFFIX = ":table"


def is_table(name: str) -> bool:
    """Tell whether a tensor is a table that was found again."""
    return name.endswith(_SUFFIX)


def relative(program: Program, operation: Operation) -> Operation | None:
    """Take a sum of scores and biases of pairs of positions as one with biases from a table."""
    for scores, biases in pair(operation):
        stored = program.stored(biases)
        if stored is None or not isinstance(biases, Ref):
            continue
        found = _table(stored)
        if found is not None:
            return like(
                operation, "add", self=scores, other=_picked(program, operation, biases, *found)
            )
    return None


def _picked(
    program: Program, operation: Operation, biases: Ref, table: np.ndarray, index: np.ndarray
) -> Ref:
    """Write the operations that pick the biases from their table."""
    spec = program.spec(biases)
    constant = Constant(
        f"{biases.name}{_SUFFIX}", TensorSpec(table.shape, spec.dtype), lambda: table
    )
    learned = program.learned(constant, _ROLE, operation.modules)
    positions, heads = len(index), table.shape[1]
    rows = program.fixed(index.reshape(-1), "positions")
    made = program.before(
        operation,
        "index_select",
        (positions**2, heads),
        {"self": learned, "dim": 0, "index": rows},
    )
    apart = (positions, positions, heads)
    made = program.before(operation, "reshape", apart, {"self": made, "shape": apart})
    first = (heads, positions, positions)
    made = program.before(operation, "permute", first, {"self": made, "dims": (2, 0, 1)})
    if spec.shape == first:
        return made
    return program.before(operation, "reshape", spec.shape, {"self": made, "shape": spec.shape})


def _table(stored: StoredTensor) -> tuple[np.ndarray, np.ndarray] | None:
    """Return a table of one row for each distance, and the row of each pair of positions.

    None for a tensor whose values do not depend on the distance alone, as a mask's do not.
    """
    shape = stored.spec.shape
    side = isqrt(shape[-1]) if shape else 0
    if len(shape) not in (3, 4) or shape[-2] != shape[-1] or side**2 != shape[-1] or side < 2:
        return None
    if any(each != 1 for each in shape[:-3]) or not stored.spec.dtype.startswith("float"):
        return None
    biases = stored.read().reshape(shape[-3:])
    y, x = np.divmod(np.arange(shape[-1]), side)
    widest = 2 * side - 1
    index = (y[:, None] - y + side - 1) * widest + x[:, None] - x + side - 1
    table = np.zeros((widest**2, shape[-3]), biases.dtype)
    table[index] = np.moveaxis(biases, 0, -1)
    if (table == table[0]).all() or not np.array_equal(np.moveaxis(table[index], -1, 0), biases):
        return None
    return table, index
