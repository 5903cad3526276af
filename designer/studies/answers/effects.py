"""The effect of one field: a figure at each of its values, over all values of the other fields."""

from collections.abc import Hashable
from dataclasses import dataclass

import msgspec

from designer.studies.answers.table import Row, Table
from designer.studies.protocols import Protocol
from designer.studies.spec import Choice
from designer.studies.statistics import Summary, summary

_INDEPENDENT = Protocol(name="repeats")  # candidates count as independent values


@dataclass(frozen=True)
class Effect:
    """A figure at one value of a field.

    Attributes
    ----------
    value
        The value; of variants, the title.
    summary
        Of one candidate its trainings; of several, as many values as candidates: their means, which
        also differ by the other fields.
    rows
        The candidates with this value that can be compared.
    """

    value: Choice
    summary: Summary
    rows: tuple[Row, ...]


def effects(table: Table, field: str, goal: str) -> list[Effect]:
    """Return a figure at each value of a field, numbers in ascending order.

    Parameters
    ----------
    table
        The study's table.
    field
        The name of the varied field.
    goal
        The name of the figure.
    """
    groups: dict[Hashable, list[Row]] = {}
    for row in table.finished:
        if row.summary(goal).n:
            groups.setdefault(key_of(row.values[field]), []).append(row)
    found = [
        Effect(rows[0].values[field], _summary(rows, goal), tuple(rows)) for rows in groups.values()
    ]
    if all(is_number(each.value) for each in found):
        found.sort(key=lambda each: float(each.value))
    return found


def _summary(rows: list[Row], goal: str) -> Summary:
    if len(rows) == 1:
        return rows[0].summary(goal)
    return summary([row.mean(goal) for row in rows], _INDEPENDENT)


def key_of(value: Choice) -> Hashable:
    """Return what two values have in common if they are equal; lists are no keys themselves."""
    return msgspec.json.encode(value)


def is_number(value: Choice) -> bool:
    """Tell whether a value is a number that others are less or greater than."""
    return isinstance(value, int | float) and not isinstance(value, bool)
