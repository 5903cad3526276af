"""How candidates of a study are found: a row for each way, in order, at random, or by a search.

Each proposal follows from the study, its seed and the journal alone, so that a study that was
killed goes on as it would have.
"""

import itertools
import math
import random
from collections.abc import Callable, Mapping

import msgspec

from designer.studies.grids import Values, choices_of, grid_of, typed
from designer.studies.journal import State
from designer.studies.spec import Choice, Study, Varied

Propose = Callable[[Study, State], Values | None]
"""Returns the values of the next candidate, None if there is none."""


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
        return typed(given, value)
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
