"""The inputs that a window covers at each of its positions along one axis."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from math import ceil, floor
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from designer.layers.tensors import ADAPTIVE, BLENDED, INTERPOLATED, SLIDING, TRANSPOSED, Taps

NO_LOW, NO_HIGH = 1 << 62, -1  # the range of a position that depends on no pixel

_Numbers: TypeAlias = tuple[int, ...]


class Positions(NamedTuple):
    """What a window's outputs pick from the ranges of its inputs.

    Attributes
    ----------
    firsts, lasts
        Return what the inputs have at the first, and at the last, input of each output.
    least, most
        Return the smallest, and the largest, number of what the inputs of each output have.
    gaps
        Whether some outputs cover no input. `firsts` and `lasts` then take one more number, for
        these.
    ordered
        Whether neither the first nor the last input ever goes back.
    """

    firsts: Callable[[_Numbers], _Numbers]
    lasts: Callable[[_Numbers], _Numbers]
    least: Callable[[_Numbers], _Numbers]
    most: Callable[[_Numbers], _Numbers]
    gaps: bool
    ordered: bool


# A network has few different windows over few different sizes. Each takes about 190 bytes a
# position, of which there are mostly less than 300; at most 128 x 4,096 positions are 100 MB.
@lru_cache(maxsize=128)
def taps(
    size: float,
    stride: float,
    offset: float,
    dilation: int,
    kind: Taps,
    fill: str,
    before: int,
    after: int,
) -> Positions:
    """Return what the outputs pick from the inputs.

    Parameters
    ----------
    size, stride, offset, dilation, kind, fill
        The window along one axis; see `Window`.
    before, after
        The number of inputs and of outputs along the axis.
    """
    covered = [
        _covered(number, size, stride, offset, dilation, kind, fill, before)
        for number in range(after)
    ]
    firsts = [each[0] if each else before for each in covered]
    lasts = [each[-1] if each else before for each in covered]
    gaps = not all(covered)
    ordered = not gaps and all(a <= b for each in (firsts, lasts) for a, b in pairwise(each))

    def least(numbers: _Numbers) -> _Numbers:
        return tuple([min([numbers[i] for i in each], default=NO_LOW) for each in covered])

    def most(numbers: _Numbers) -> _Numbers:
        return tuple([max([numbers[i] for i in each], default=NO_HIGH) for each in covered])

    return Positions(_getter(firsts), _getter(lasts), least, most, gaps, ordered)


def _getter(indices: Sequence[int]) -> Callable[[_Numbers], _Numbers]:
    """Return itemgetter, which takes a third of a list's time; of one index it makes no tuple."""
    if len(indices) > 1:
        return itemgetter(*indices)
    only = indices[0]
    return lambda numbers: (numbers[only],)


def _covered(
    number: int,
    size: float,
    stride: float,
    offset: float,
    dilation: int,
    kind: Taps,
    fill: str,
    before: int,
) -> Sequence[int]:
    """Return the inputs that output `number` depends on, in rising order."""
    center = number * stride + offset
    if kind is SLIDING:
        first = floor(center - (size - 1) / 2 + 1e-6)
        inputs = range(first, first + int(size), dilation)
        if first >= 0 and inputs[-1] < before:
            return inputs
        if fill == "zeros":
            return [each for each in inputs if 0 <= each < before]
        return sorted({_filled(each, before, fill) for each in inputs})
    if kind is ADAPTIVE:
        # The stride is the quotient of the sizes, which rounding must not change.
        after = round(before / stride)
        return range(number * before // after, -(-(number + 1) * before // after))
    if kind in (INTERPOLATED, BLENDED):
        nearest = round(center)
        if kind is INTERPOLATED and abs(center - nearest) < 1e-6:
            return (min(max(nearest, 0), before - 1),)
        return range(max(0, floor(center - size / 2) + 1), min(before, ceil(center + size / 2)))
    assert kind is TRANSPOSED
    step = round(1 / stride)
    reach = round(size * step) - 1
    top = number + round(offset * step + reach / 2)  # the position in the output without padding
    inputs = range(max(0, -((reach - top) // step)), min(before - 1, top // step) + 1)
    return [each for each in inputs if (top - each * step) % dilation == 0]


def _filled(index: int, before: int, fill: str) -> int:
    """Return the input that a padding mode puts at an index beyond the border."""
    if fill == "circular":
        return index % before
    if fill == "reflect":
        index = abs(index)
        return index if index < before else 2 * (before - 1) - index
    return min(max(index, 0), before - 1)
