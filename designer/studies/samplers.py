"""How candidates of a study are found: a row for each way, in order, at random, or by a search.

Each proposal follows from the study, its seed and the journal alone, so that a study that was
killed goes on as it would have.
"""

import itertools
import math
import random
from collections.abc import Callable, Mapping, Sequence

import msgspec

from designer.studies.journal import State
from designer.studies.spec import Choice, Range, Study, Varied

Values = dict[str, Choice]
Propose = Callable[[Study, State], Values | None]
"""Returns the values of the next candidate, None if there is none."""

GRID_POINTS = 5
"""Values that a grid takes of a range, unless it says how many."""
_ALL_WHOLE = 10  # of a range of so many whole numbers a grid takes all


class Sampler(msgspec.Struct, frozen=True, kw_only=True):
    """A way to find candidates.

    Attributes
    ----------
    name
        In files and on the command line.
    title
        For people.
    help
        One sentence.
    propose
        Finds the next candidate.
    endless
        Whether there is always a next one, so that the study needs a number of trials or a time.
    searches
        Whether it learns from results, for which Optuna is needed.
    source
        The paper.
    """

    name: str
    title: str
    help: str
    propose: Propose
    endless: bool = True
    searches: bool = False
    source: str = ""


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
    return list(dict.fromkeys(_typed(given, each) for each in found))


def _between(given: Range, share: float) -> float:
    """Return the number at a share of a range, from 0 at its low end to 1 at its high end."""
    if share in (0.0, 1.0):
        return given.high if share else given.low
    if given.log:
        value = given.low * (given.high / given.low) ** share
    else:
        value = given.low + share * (given.high - given.low)
    return value if given.whole else float(f"{value:.4g}")


def _typed(given: Range, value: float) -> Choice:
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


def _grid(study: Study, state: State) -> Values | None:
    names = [each.name for each in study.varied]
    every = itertools.product(*map(choices_of, study.varied))
    found = next(itertools.islice(every, len(state.trials), None), None)
    return None if found is None else dict(zip(names, found, strict=True))


def _random(study: Study, state: State) -> Values | None:
    draw = random.Random(f"{study.seed} {len(state.trials)}")
    return {each.name: _drawn(each, draw) for each in study.varied}


def _drawn(varied: Varied, draw: random.Random) -> Choice:
    given = varied.range
    if given is None:
        return draw.choice(choices_of(varied))
    if given.step is not None:
        return draw.choice(grid_of(given))
    if given.log:
        low, high = math.log(given.low), math.log(given.high)
        value = min(max(math.exp(draw.uniform(low, high)), given.low), given.high)
        return _typed(given, value)
    if given.whole:
        return draw.randint(int(given.low), int(given.high))
    return draw.uniform(given.low, given.high)


def _searched(study: Study, state: State) -> Values | None:
    from designer.studies import searching

    return searching.propose(study, state)


_ROWS = (
    Sampler(
        name="grid",
        title="Grid",
        help="Every combination of all values, in order.",
        propose=_grid,
        endless=False,
    ),
    Sampler(
        name="random",
        title="Random",
        help="Values drawn at random; of many fields only a few of which matter, it sees more "
        "values than a grid.",
        propose=_random,
        source="Bergstra and Bengio, 2012: Random search for hyper-parameter optimization",
    ),
    Sampler(
        name="tpe",
        title="Search (TPE)",
        help="Values that are more frequent among the best trials than among the others.",
        propose=_searched,
        searches=True,
        source="Bergstra et al., 2011: Algorithms for hyper-parameter optimization",
    ),
    Sampler(
        name="nsga2",
        title="Search for several goals (NSGA-II)",
        help="Generations of trials, of which those survive that no other one beats in all goals.",
        propose=_searched,
        searches=True,
        source="Deb et al., 2002: A fast and elitist multiobjective genetic algorithm: NSGA-II",
    ),
)
SAMPLERS: Mapping[str, Sampler] = {row.name: row for row in _ROWS}
"""All rows by their names."""
