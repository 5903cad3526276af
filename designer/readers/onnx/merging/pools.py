"""Adaptive average pools, of which torch's exporter writes each bin.

It picks the positions of all bins, as an axis of bins and one of positions within them for the
height and for the width, and takes means over the latter. Where bins are of several sizes, it
masks the positions behind their ends, adds up the others and divides by their number.
"""

from math import prod

import numpy as np

from designer.readers.graph import Argument, Operation, Ref
from designer.readers.onnx.merging.program import Program, like

_MOST = 1 << 10  # positions of a bin


def adaptive_average(program: Program, operation: Operation) -> Operation | None:
    """Recognize a mean over bins of equal sizes."""
    x = operation.arguments["self"]
    if len(program.shape(x)) != 6 or operation.arguments.get("keepdim"):
        return None
    if sorted(each % 6 for each in operation.arguments["dim"]) != [3, 5]:
        return None
    return _pool(program, operation, x, {}, None)


def adaptive_average_of_sums(program: Program, operation: Operation) -> Operation | None:
    """Recognize sums over bins of several sizes that are divided by these."""
    taken: set[tuple[int, int]] = set()
    count = program.stored(operation.arguments["other"])
    whole = _summed(program, operation.arguments["self"], taken)
    if whole is None or count is None:
        return None
    shape = program.shape(whole)
    if taken != {(i, j) for i in range(shape[3]) for j in range(shape[5])}:
        return None
    masks, value = {}, whole
    while (made := program.made(value, "where")) is not None:
        mask, zero = program.stored(made.arguments["condition"]), made.arguments["self"]
        if mask is None or program.number(zero) != 0:
            return None
        form = (1,) * (6 - len(mask.spec.shape)) + mask.spec.shape
        axis = next((each for each in (3, 5) if form[each] != 1), 3)
        if prod(form) != shape[axis - 1] * shape[axis] or form[axis - 1] != shape[axis - 1]:
            return None
        masks[axis] = mask.read().reshape(shape[axis - 1], shape[axis])
        value = made.arguments["other"]
    return _pool(program, operation, value, masks, count.read())


def _summed(program: Program, total: Argument, taken: set[tuple[int, int]]) -> Ref | None:
    """Return the value whose positions within the bins are added up, and note these."""
    whole: Ref | None = None
    waiting = [total]
    while waiting and len(taken) <= _MOST:
        value = waiting.pop()
        if (made := program.made(value, "add")) is not None and not made.arguments.get("alpha"):
            waiting += [made.arguments["self"], made.arguments["other"]]
            continue
        column = program.made(value, "select")
        row = program.made(column.arguments["self"], "select") if column is not None else None
        if column is None or row is None:
            return None
        x: Ref = row.arguments["self"]
        axes = row.arguments["dim"] % 6, column.arguments["dim"] % 5
        place = row.arguments["index"], column.arguments["index"]
        if len(program.shape(x)) != 6 or axes != (3, 4) or place in taken or whole not in (None, x):
            return None
        taken.add(place)
        whole = x
    return whole if not waiting else None


def _pool(
    program: Program,
    operation: Operation,
    value: Argument,
    masks: dict[int, np.ndarray],
    count: np.ndarray | None,
) -> Operation | None:
    """Return the pool that picks these positions; None if they are those of no pool."""
    moved = program.made(value, "permute")
    picked = program.made(moved.arguments["self"], "index") if moved is not None else None
    first = program.made(picked.arguments["self"], "permute") if picked is not None else None
    if moved is None or picked is None or first is None:
        return None
    if moved.arguments["dims"] != (4, 5, 0, 1, 2, 3) or first.arguments["dims"] != (2, 3, 0, 1):
        return None
    x: Ref = first.arguments["self"]
    positions = [program.stored(each) for each in picked.arguments["indices"]]
    if len(positions) != 2 or len(program.shape(x)) != 4:
        return None
    output, lengths = [], []
    for number, stored in enumerate(positions):
        if stored is None or len(stored.spec.shape) != 4:
            return None
        array, size = stored.read(), program.shape(x)[2 + number]
        bins = array[:, :, 0, 0] if number == 0 else array[0, 0]
        form = (*bins.shape, 1, 1) if number == 0 else bins.shape
        if not np.array_equal(array, np.broadcast_to(bins.reshape(form), array.shape)):
            return None
        found = _lengths(bins, size, masks.get(3 + 2 * number))
        if found is None:
            return None
        output.append(len(bins))
        lengths.append(found)
    divisors = np.outer(*lengths)
    if count is not None and not np.array_equal(np.broadcast_to(count, divisors.shape), divisors):
        return None
    return like(operation, "adaptive_avg_pool2d", self=x, output_size=tuple(output))


def _lengths(bins: np.ndarray, size: int, mask: np.ndarray | None) -> np.ndarray | None:
    """Return how many positions each bin of an axis has; None if they are no pool's bins."""
    count, longest = bins.shape
    number = np.arange(count)
    starts, ends = number * size // count, -(-(number + 1) * size // count)
    lengths = ends - starts
    within = np.arange(longest) < lengths[:, None]
    masked = np.zeros_like(within) if mask is None else mask
    if lengths.max() != longest or not np.array_equal(~within, masked):
        return None
    expected = starts[:, None] + np.arange(longest)
    return lengths if (bins == expected)[within].all() else None
