"""The table of a study as CSV, by RFC 4180, and the columns that it has everywhere."""

import csv
import io
import math
from collections.abc import Sequence
from typing import Any

from designer.studies.answers.table import Row, Table
from designer.studies.fields import text_of
from designer.studies.goals import COSTS


def as_csv(table: Table) -> str:
    """Return all candidates as CSV: a line of titles, then one for each.

    Figures have all digits, shares go from 0 to 1, and fields without a figure are empty.
    """
    text = io.StringIO()
    writer = csv.writer(text)  # ends lines with CR and LF, as RFC 4180 does
    writer.writerow(columns(table))
    writer.writerows(_fields(table, row) for row in table.rows)
    return text.getvalue()


def columns(table: Table) -> list[str]:
    """Return the titles of the columns."""
    figures = [
        f"{goal}{part}"
        for goal in table.goals
        if goal not in COSTS
        for part in ("", " deviation", " low", " high", " trainings")
    ]
    varied = [each.name for each in table.study.varied]
    return ["candidate", "state", *varied, *COSTS, *figures, "runs", "message"]


def _fields(table: Table, row: Row) -> list[str]:
    found = [str(row.number), row.state]
    found += [_value(row.values[each.name]) for each in table.study.varied]
    found += [_number(row.costs.get(name, math.nan)) for name in COSTS]
    for goal in table.goals:
        if goal not in COSTS:
            each = row.summary(goal)
            numbers: Sequence[float] = (each.mean, each.deviation, each.low, each.high)
            found += [*map(_number, numbers), str(each.n)]
    return [*found, "; ".join(map(str, row.runs)), row.message]


def _value(value: Any) -> str:
    return repr(value) if isinstance(value, float) else text_of(value)


def _number(value: float) -> str:
    if not math.isfinite(value):
        return ""
    return str(int(value)) if value == int(value) else repr(value)
