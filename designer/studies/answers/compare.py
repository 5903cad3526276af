"""Which candidates differ: the best one against all others."""

from dataclasses import dataclass
from itertools import combinations

from designer.studies.answers.table import Row, Table
from designer.studies.statistics import Difference, difference, holm

SIGNIFICANT = 0.05
"""A probability below which a difference counts as more than chance."""
_ALL_PAIRS = 40  # candidates; of more, only the best is compared


@dataclass(frozen=True)
class Comparison:
    """The best candidate against another one.

    Attributes
    ----------
    row
        The other one.
    found
        The difference: the figure of the best less that of the other.
    p
        Its probability after Holm's correction; NaN if nothing can be told.
    """

    row: Row
    found: Difference
    p: float

    @property
    def differs(self) -> bool:
        """Whether the difference is more than chance."""
        return self.p < SIGNIFICANT

    @property
    def told(self) -> bool:
        """Whether anything can be told."""
        return self.p == self.p


@dataclass(frozen=True)
class Comparisons:
    """All comparisons of a study.

    Attributes
    ----------
    best
        The best candidate by the mean.
    others
        The others in the order of their means, the best of them first.
    number
        For how many comparisons the probabilities are corrected.
    """

    best: Row
    others: tuple[Comparison, ...]
    number: int


def with_best(table: Table, goal: str) -> Comparisons | None:
    """Compare the best candidate with all others; None if fewer than two can be compared.

    Which one is best is seen from the same values. So the correction counts the comparisons of all
    pairs, any of which could have been the ones looked at; of very many candidates, only those with
    the best.

    Parameters
    ----------
    table
        The study's table.
    goal
        The name of the figure.
    """
    ranked = table.ranked(goal)
    if len(ranked) < 2:
        return None
    values = [row.series(goal) for row in ranked]
    pairs = list(combinations(range(len(ranked)), 2))
    if len(ranked) > _ALL_PAIRS:
        pairs = [(0, place) for place in range(1, len(ranked))]
    protocol = table.study.protocol
    found = [difference(values[one], values[other], protocol) for one, other in pairs]
    corrected = holm([each.p for each in found])
    others = [
        Comparison(ranked[other], each, p)
        for (one, other), each, p in zip(pairs, found, corrected, strict=True)
        if one == 0
    ]
    number = sum(each.p == each.p for each in found)
    return Comparisons(ranked[0], tuple(others), number)
