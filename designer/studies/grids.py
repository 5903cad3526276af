"""The values that a grid takes of the fields of a study."""

import math
from collections.abc import Mapping, Sequence

from designer.studies.spec import Choice, Range, Study, Varied

Values = dict[str, Choice]
"""A value of each field by its name."""

GRID_POINTS = 5
"""Values that a grid takes of a range, unless it says how many."""
_ALL_WHOLE = 10  # of a range of so many whole numbers a grid takes all


def choices_of(varied: Varied) -> Sequence[Choice]:
    """Return the values that a grid takes of a field."""
    if varied.variants:
        return [each.title for each in varied.variants]
    return grid_of(varied.range) if varied.range is not None else varied.values


def grid_of(given: Range) -> list[Choice]:
    """Return the values that a grid takes of a range, in ascending order."""
    if given.step is not None:
        steps = math.floor((given.high - given.low) / given.step + 1e-9)
        found = [given.low + each * given.step for each in range(steps + 1)]
    else:
        count = given.points or GRID_POINTS
        if given.whole and given.points is None and given.high - given.low < _ALL_WHOLE:
            count = int(given.high - given.low) + 1
        shares = [each / (count - 1) for each in range(count)]
        found = [_between(given, share) for share in shares]
    return list(dict.fromkeys(typed(given, each) for each in found))


def _between(given: Range, share: float) -> float:
    """Return the number at a share of a range, from 0 at its low end to 1 at its high end."""
    if share in (0.0, 1.0):
        return given.high if share else given.low
    if given.log:
        value = given.low * (given.high / given.low) ** share
    else:
        value = given.low + share * (given.high - given.low)
    return value if given.whole else float(f"{value:.4g}")


def typed(given: Range, value: float) -> Choice:
    """Return a number of a range as a value of its field."""
    return round(value) if given.whole else value


def grid_size(study: Study) -> int:
    """Return how many candidates a grid of a study has."""
    return math.prod(len(choices_of(each)) for each in study.varied)


def space_size(study: Study) -> int | None:
    """Return how many candidates there are in all; None if a range has any number of values."""
    sizes = []
    for each in study.varied:
        given = each.range
        if given is None or given.step is not None:
            sizes.append(len(choices_of(each)))
        elif given.whole:
            sizes.append(int(given.high - given.low) + 1)
        else:
            return None
    return math.prod(sizes)


def holds(study: Study, values: Mapping[str, Choice]) -> bool:
    """Tell whether a study names these fields and values; in a range, any number counts."""
    if set(values) != {each.name for each in study.varied}:
        return False
    return all(_holds(each, values[each.name]) for each in study.varied)


def _holds(varied: Varied, value: Choice) -> bool:
    given = varied.range
    if given is None:
        return value in choices_of(varied)
    return isinstance(value, int | float) and given.low <= value <= given.high
