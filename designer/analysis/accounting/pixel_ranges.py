"""Which rows, columns or other lines of the input each position of a tensor depends on.

The ranges of all positions along one axis of a tensor are kept, and each layer picks among them by
whole positions. So padding, slices, uneven windows and the pixels that a stride leaves out are
exact. What is not followed position by position is named at `PixelRanges`.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from math import ceil, prod
from operator import sub
from typing import NamedTuple, TypeAlias

from designer.analysis.accounting.taps import NO_HIGH, NO_LOW, taps
from designer.layers.tensors import (
    ADAPTIVE,
    INTERPOLATED,
    TRANSPOSED,
    AllPositions,
    Picked,
    Reads,
    Reduced,
    Regrouped,
    Reordered,
    Rolled,
    Shape,
    Sliced,
    Stacked,
    Stages,
    Window,
    Windowed,
)

LIMIT = 4_096  # positions of an axis that are followed one by one, which takes 0.3 ms a layer


class Local(NamedTuple):
    """The receptive field along one axis without global branches, by the usual rule.

    Attributes
    ----------
    size
        Pixels that one value depends on, those in the padding included.
    jump
        Step between the receptive fields of neighboring values.
    start
        Center of the first value's receptive field; the center of the first pixel is 0.5.
    """

    size: float
    jump: float
    start: float


class PixelRanges(NamedTuple):
    """The rows (columns, ...) of the input that the positions along an axis of a tensor depend on.

    Attributes
    ----------
    low, high
        The first pixel, and the one behind the last, of each position. A single range if all
        positions depend on the same pixels.
    positions
        Their number.
    inner
        How many steps along the tensor's axis one position takes; the positions may repeat. It is
        1, and they do not repeat, unless a Reshape or Flatten joined axes.
    ordered
        Whether low and high never decrease.
    coarse
        Whether there are more than `LIMIT` positions. The range is then that of all positions
        together, and `local` tells what one depends on.
    local
        The receptive field without global branches; None where all paths are global.
    side
        Pixels of the whole input along this axis.
    """

    low: tuple[int, ...]
    high: tuple[int, ...]
    positions: int
    inner: int
    ordered: bool
    coarse: bool
    local: Local | None
    side: int

    def extent(self) -> tuple[int, int]:
        """Return the first pixel that any position depends on, and the one behind the last."""
        if self.ordered:
            return self.low[0], self.high[-1]
        return min(self.low), max(self.high)

    def everywhere(self, local: Local | None) -> "PixelRanges":
        """Return the ranges where each position depends on what all of these depend on."""
        low, high = self.extent()
        return PixelRanges(
            (low,), (high,), self.positions, self.inner, True, False, local, self.side
        )

    def empty(self) -> bool:
        """Tell whether no position depends on any pixel."""
        return self.low[0] == NO_LOW and len({*self.low}) == 1

    def size(self) -> int:
        """Return how many pixels the middle position depends on; if on none, the most of any."""
        if self.coarse and self.local is not None:
            return min(ceil(self.local.size), self.high[0] - self.low[0])
        middle = len(self.low) // 2
        found = self.high[middle] - self.low[middle]
        return found if found > 0 else max(0, *map(sub, self.high, self.low))


Along: TypeAlias = tuple[PixelRanges, int]
"""Ranges, and the tensor's axis (from 0) along which they lie; -1 where they lie along none."""


@lru_cache(maxsize=256)  # the sides of the images of a design, and of those opened before
def of_input(side: int) -> PixelRanges:
    """Return the ranges of the lines along one axis of an input: each depends on itself."""
    local = Local(1, 1, 0.5)
    if side > LIMIT:
        return PixelRanges((0,), (side,), side, 1, True, True, local, side)
    pixels = range(side + 1)
    return PixelRanges(tuple(pixels[:-1]), tuple(pixels[1:]), side, 1, True, False, local, side)


def through(
    inputs: Sequence[Along], reads: Reads | None, shapes: Sequence[Shape], output: Shape
) -> Along:
    """Return the ranges of a layer's output.

    Parameters
    ----------
    inputs
        The ranges of its inputs.
    reads
        Which inputs an output depends on; None for all.
    shapes, output
        The shapes of its inputs, and of the output, without the batch axis.
    """
    if len(inputs) == 1:
        ranges, axis = inputs[0]
    elif isinstance(reads, Stacked):
        return _stacked(inputs, reads.axis, shapes, output)
    else:
        whole = tuple(map(max, *shapes)) if isinstance(reads, Reduced) else output
        ranges, axis = union(inputs, shapes, whole)
    if isinstance(reads, Stages):
        along, shape = (ranges, axis), shapes[0]
        for each, after in reads.stages:
            along, shape = through([along], each, [shape], after), after
        return along
    if isinstance(reads, Window):
        if 0 < axis <= len(reads.size) == len(output) - 1:
            return _window(ranges, reads, axis - 1, shapes[0][axis], output[axis]), axis
        mixed = axis == 0 and reads.channels
        return (ranges.everywhere(None), -1) if mixed else (ranges, axis)
    if reads is None:
        return ranges.everywhere(None), -1
    if axis < 0:
        return ranges, axis
    if isinstance(reads, AllPositions) and axis in reads.axes:
        if reads.directly:
            return ranges.everywhere(ranges.local), axis
        return ranges.everywhere(None), -1
    if isinstance(reads, Sliced) and axis == reads.axis:
        return _sliced(ranges, reads, shapes[0][axis]), axis
    if isinstance(reads, Reordered):
        return ranges, reads.order.index(axis)
    if isinstance(reads, Reduced):
        if axis in reads.axes:
            return ranges.everywhere(None), -1
        return ranges, axis - sum(each < axis for each in reads.axes)
    if isinstance(reads, Picked) and axis == reads.axis:
        return _picked(ranges, reads.positions, shapes[0][axis]), axis
    if isinstance(reads, Rolled):
        return _rolled(ranges, reads, axis, shapes[0][axis]), axis
    if isinstance(reads, Windowed):
        return (_merged if reads.merges else _in_windows)(ranges, reads, axis)
    if isinstance(reads, Regrouped):
        return _regrouped(ranges, axis, shapes[0], output)
    return ranges, axis


# Several inputs


def union(inputs: Sequence[Along], shapes: Sequence[Shape], output: Shape) -> Along:
    """Return, for each position, the smallest range that contains those of all inputs."""
    local, first = _union_of_locals(inputs, shapes, output)
    one, at = inputs[0]
    for each, axis in inputs:
        if each.low is not one.low or each.high is not one.high or each.coarse:
            break
        if axis != at or each.positions != one.positions or each.inner != one.inner:
            break
    else:  # they differ in nothing but `local`, as in the deep half of a residual network
        for each, _ in inputs:
            if each.local == local:
                return each, at
        return one._replace(local=local), at
    all_ranges = [ranges for ranges, _ in inputs]
    extents = [each.extent() for each in all_ranges]
    low, high = min([low for low, _ in extents]), max([high for _, high in extents])
    varied = [each for each in inputs if len(each[0].low) > 1]
    ranges, axis = (varied or (first and [first]) or inputs)[0]
    side = max([each.side for each in all_ranges])
    coarse, whole = False, not varied
    for each, extent in zip(all_ranges, extents, strict=True):
        coarse = coarse or each.coarse
        whole = whole or (len(each.low) == 1 and not each.coarse and extent == (low, high))
    if whole or coarse or len({(at, each.positions, each.inner) for each, at in varied}) > 1:
        coarse = coarse and not any(
            not each.coarse and len(each.low) == 1 and extent == (low, high)
            for each, extent in zip(all_ranges, extents, strict=True)
        )
        made = PixelRanges(
            (low,), (high,), ranges.positions, ranges.inner, True, coarse, local, side
        )
        return (ranges if made == ranges else made), axis
    length = len(ranges.low)
    lows = [each.low if len(each.low) > 1 else each.low * length for each in all_ranges]
    highs = [each.high if len(each.high) > 1 else each.high * length for each in all_ranges]
    ordered = all(each.ordered for each in all_ranges)
    made = PixelRanges(
        lows[0] if lows.count(lows[0]) == len(lows) else tuple(map(min, *lows)),
        highs[0] if highs.count(highs[0]) == len(highs) else tuple(map(max, *highs)),
        ranges.positions,
        ranges.inner,
        ordered,
        False,
        local,
        side,
    )
    return made, axis


def _union_of_locals(
    inputs: Sequence[Along], shapes: Sequence[Shape], output: Shape
) -> tuple[Local | None, Along | None]:
    """Return the smallest field that contains all, with the largest jump, and the first input.

    An input is a global branch, and left out, where its only position is spread over several.
    """
    known = []
    first = None
    for each, shape in zip(inputs, shapes, strict=True):
        local, axis = each[0].local, each[1]
        if local is None or (0 <= axis < len(shape) and shape[axis] == 1 < output[axis]):
            continue
        first = first or each
        if axis == first[1]:
            known.append(local)
    if len(known) <= 1 or known.count(known[0]) == len(known):
        return known[0] if known else None, first
    low = min([each.start - each.size / 2 for each in known])
    high = max([each.start + each.size / 2 for each in known])
    return Local(high - low, max([each.jump for each in known]), (low + high) / 2), first


def _stacked(inputs: Sequence[Along], axis: int, shapes: Sequence[Shape], output: Shape) -> Along:
    """Return the ranges of inputs that stand one behind the other along an axis."""
    if all(at != axis for _, at in inputs):
        return union(inputs, shapes, output)
    every = [ranges.everywhere(ranges.local) for ranges, _ in inputs]
    joined, _ = union([(each, axis) for each in every], [output] * len(every), output)
    known = [each.local for each in every if each.local is not None]
    local = Local(max([e.size for e in known]), known[0].jump, known[0].start) if known else None
    count = output[axis]
    if count > LIMIT or any(each.coarse or at not in (axis, -1) for each, at in inputs):
        coarse = any(each.coarse for each, _ in inputs) and local is not None
        return joined._replace(positions=count, inner=1, coarse=coarse, local=local), axis
    spread = [
        _spread(ranges, shape[axis]) for (ranges, _), shape in zip(inputs, shapes, strict=True)
    ]
    low = tuple(chain.from_iterable([each.low for each in spread]))
    high = tuple(chain.from_iterable([each.high for each in spread]))
    return PixelRanges(low, high, count, 1, False, False, local, joined.side), axis


def _spread(ranges: PixelRanges, size: int) -> PixelRanges:
    """Return the ranges with one for each step along an axis of a size."""
    if len(ranges.low) == 1:
        return ranges._replace(
            low=ranges.low * size, high=ranges.high * size, positions=size, inner=1
        )
    if ranges.positions == size:
        return ranges
    at = [index // ranges.inner % ranges.positions for index in range(size)]
    low, high = tuple([ranges.low[i] for i in at]), tuple([ranges.high[i] for i in at])
    return ranges._replace(low=low, high=high, positions=size, inner=1, ordered=False)


# One input


def _window(
    ranges: PixelRanges, window: Window, number: int, before: int, after: int
) -> PixelRanges:
    """Return the ranges behind a window along one spatial axis, from 0."""
    size, stride, offset = window.size[number], window.stride[number], window.offset[number]
    if size == 1 and stride == 1 and offset == 0 and before == after:
        return ranges
    low, high, _, _, ordered, coarse, local, side = ranges
    if local is not None:
        spread = window.taps is INTERPOLATED and before == 1 < after
        gathered = window.taps is ADAPTIVE and after == 1 < before
        whole = ceil(size) if window.taps is TRANSPOSED else size
        jump = local.jump
        local = (
            None  # one position for all outputs, or all for one output: a global branch
            if spread or gathered
            else Local(local.size + (whole - 1) * jump, jump * stride, local.start + offset * jump)
        )
    if coarse or len(low) == 1 < before:
        return PixelRanges(low, high, after, 1, True, coarse, local, side)
    if after > LIMIT or before > LIMIT:
        found = ranges.everywhere(local)
        return found._replace(positions=after, inner=1, coarse=local is not None)
    if ranges.positions != before:
        low, high, _, _, ordered, *_ = _spread(ranges, before)
    picks = taps(
        size,
        stride,
        offset,
        window.dilation[number] if window.dilation else 1,
        window.taps,
        window.fill,
        before,
        after,
    )
    if not ordered:
        low, high = picks.least(low), picks.most(high)
    elif picks.gaps:
        low, high = picks.firsts((*low, NO_LOW)), picks.lasts((*high, NO_HIGH))
    else:
        low, high = picks.firsts(low), picks.lasts(high)
    ordered = ordered and picks.ordered
    if ordered and low[0] == low[-1] and high[0] == high[-1]:
        low, high = low[:1], high[:1]  # from here on the field costs no more than a few numbers
    return PixelRanges(low, high, after, 1, ordered, False, local, side)


def _sliced(ranges: PixelRanges, part: Sliced, size: int) -> PixelRanges:
    local = ranges.local
    if local is not None:
        start = local.start + part.start * local.jump
        local = Local(local.size, local.jump * part.step, start)
    kept = slice(part.start, part.stop, part.step)
    count = len(range(size)[kept])
    if len(ranges.low) == 1:
        return ranges._replace(local=local, positions=count, inner=1)
    found = _spread(ranges, size)
    return found._replace(low=found.low[kept], high=found.high[kept], local=local, positions=count)


def _picked(ranges: PixelRanges, positions: Sequence[int], size: int) -> PixelRanges:
    if len(ranges.low) == 1:
        return ranges._replace(positions=len(positions), inner=1)
    low, high, *_ = _spread(ranges, size)
    return PixelRanges(
        tuple([low[at] for at in positions]),
        tuple([high[at] for at in positions]),
        *(len(positions), 1, False, False, ranges.local, ranges.side),
    )


def _rolled(ranges: PixelRanges, roll: Rolled, axis: int, size: int) -> PixelRanges:
    shift = sum(each for at, each in zip(roll.axes, roll.shifts, strict=True) if at == axis) % size
    if shift == 0 or len(ranges.low) == 1:
        return ranges
    low, high, *_ = _spread(ranges, size)
    return PixelRanges(
        low[-shift:] + low[:-shift],
        high[-shift:] + high[:-shift],
        *(size, 1, False, False, ranges.local, ranges.side),
    )


def _in_windows(ranges: PixelRanges, windows: Windowed, axis: int) -> Along:
    """Return the ranges of windows: each depends on what any of its rows, or columns, does.

    This is exact as soon as a layer mixes the pixels of each window.
    """
    if axis not in windows.axes:
        return ranges.everywhere(None), -1
    number = windows.axes.index(axis)
    size, count = windows.size[number], windows.counts[number]
    inner = windows.counts[1] if number == 0 else 1
    local = ranges.local
    if local is not None:
        wider = (size - 1) * local.jump
        local = Local(local.size + wider, local.jump * size, local.start + wider / 2)
    if len(ranges.low) == 1:
        return ranges._replace(positions=count, inner=inner, local=local), 0
    found = _spread(ranges, size * count)
    starts = range(0, size * count, size)
    low = tuple([min(found.low[at : at + size]) for at in starts])
    high = tuple([max(found.high[at : at + size]) for at in starts])
    ordered = found.ordered and (inner == 1 == windows.counts[0] or number == 0)
    return PixelRanges(low, high, count, inner, ordered, False, local, ranges.side), 0


def _merged(ranges: PixelRanges, windows: Windowed, axis: int) -> Along:
    """Return the ranges of rows, or columns, of an image that windows become."""
    rows, columns = windows.counts
    if axis != 0 or (ranges.positions, ranges.inner) not in ((rows, columns), (columns, 1)):
        return ranges.everywhere(None), -1
    number = 0 if (ranges.positions, ranges.inner) == (rows, columns) else 1
    size, at = windows.size[number], windows.axes[number]
    local = ranges.local
    if local is not None:
        jump = local.jump / size
        local = Local(local.size, jump, local.start - (size - 1) * jump / 2)
    count = size * windows.counts[number]
    if len(ranges.low) == 1:
        return ranges._replace(positions=count, inner=1, local=local), at
    low = tuple([each for each in ranges.low for _ in range(size)])
    high = tuple([each for each in ranges.high for _ in range(size)])
    ordered = all(low[i] <= low[i + 1] and high[i] <= high[i + 1] for i in range(count - 1))
    return PixelRanges(low, high, count, 1, ordered, False, local, ranges.side), at


def _regrouped(ranges: PixelRanges, axis: int, before: Shape, after: Shape) -> Along:
    """Return the ranges under other axes; those of all positions, if several axes decide now."""
    if before == after:
        return ranges, axis
    # Value j in the order of memory has position j // step % count.
    count, step = ranges.positions, ranges.inner * prod(before[axis + 1 :])
    for new, size in enumerate(after):
        inner = prod(after[new + 1 :])
        if step % inner == 0 and size * inner % (count * step) == 0:
            return ranges._replace(inner=step // inner), new
    return ranges.everywhere(None), -1
