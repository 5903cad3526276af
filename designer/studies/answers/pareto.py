"""The candidates that no other one beats in two figures at once."""

import math

from designer.studies.answers.table import Row, Table
from designer.studies.goals import GOALS


def front(table: Table, one: str, other: str) -> list[Row]:
    """Return the candidates of the Pareto front of two figures, by number.

    A candidate is left out if another one is at least as good in both figures and better in one.
    Candidates with the same figures stay together; those without one of the figures are left out.

    Parameters
    ----------
    table
        The study's table.
    one, other
        The names of the figures.
    """
    signs = [1.0 if GOALS[goal].larger else -1.0 for goal in (one, other)]
    points = []
    for row in table.finished:
        first, second = signs[0] * row.mean(one), signs[1] * row.mean(other)
        if math.isfinite(first) and math.isfinite(second):
            points.append((first, second, row))
    # From the best first figure on, each must reach a second figure that none before it had.
    points.sort(key=lambda each: (-each[0], -each[1]))
    found: list[Row] = []
    highest, at = -math.inf, math.nan
    for first, second, row in points:
        if second > highest or (second == highest and first == at):
            found.append(row)
            highest, at = second, first
    return sorted(found, key=lambda row: row.number)
