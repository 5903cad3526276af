"""A study as text, JSON, CSV or a page: its table, its answer, the importance of its fields."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from designer.analysis.report.line import Line, Style
from designer.cli.output import printable
from designer.cli.tables import aligned
from designer.errors import DesignerError
from designer.storage import save_file, unwritable
from designer.studies.answers import csv
from designer.studies.answers.importance import importance
from designer.studies.answers.sentences import answer, main_goal
from designer.studies.answers.table import Row, Table
from designer.studies.answers.wording import sentence, with_spread
from designer.studies.fields import text_of
from designer.studies.folder import StudyFolder
from designer.studies.goals import COSTS, GOALS

_MOST_REASONS = 10  # of refusals and failures
_ALSO = "seconds"  # is shown beside the goals


def sorted_rows(table: Table, goal: str | None) -> list[Row]:
    """Return the candidates by number, or by a goal: the best first, those without it last.

    Raises
    ------
    DesignerError
        There is no such goal.
    """
    if goal is None:
        return list(table.rows)
    if goal not in GOALS:
        raise DesignerError(f"There is no goal {goal!r}: take one of {', '.join(GOALS)}.")
    sign = -1 if GOALS[goal].larger else 1

    def place(row: Row) -> tuple[bool, float]:
        mean = row.mean(goal)
        return math.isnan(mean), 0.0 if math.isnan(mean) else sign * mean

    return sorted(table.rows, key=place)


def lines(table: Table, sort: str | None = None) -> Iterator[Line]:
    """Yield the lines about a study: its table, the reasons of refusals, and the answer."""
    yield Line(table.study.title, Style.HEADING)
    if table.study.question:
        yield Line(table.study.question)
    yield Line(f"Trainings that have ended: {table.progress.words}.")
    if table.rows:
        yield Line()
        yield from _table(table, sorted_rows(table, sort))
    told = [row for row in table.rows if row.message and row.refusal != "repeated"]
    for row in told[:_MOST_REASONS]:
        yield Line(f"Candidate {row.number} {row.words}: {row.message}", Style.WARNING)
    if len(told) > _MOST_REASONS:
        more = len(told) - _MOST_REASONS
        yield Line(f"Of {more:,} more, the file that --csv writes has the reason.", Style.WARNING)
    yield Line()
    for each in answer(table):
        yield Line(each)


def _table(table: Table, rows: Sequence[Row]) -> Iterator[Line]:
    varied = [each.name for each in table.study.varied]
    goals = list(table.study.goals)
    if _ALSO not in goals and any(row.summary(_ALSO).n for row in rows):
        goals.append(_ALSO)
    titles = ["no.", *(table.titles[name] for name in varied), "state"]
    titles += [GOALS[goal].title for goal in goals]
    cells = [
        [
            str(row.number),
            *(printable(text_of(row.values[name])) for name in varied),
            row.words,
            *(_figure(row, goal) for goal in goals),
        ]
        for row in rows
    ]
    yield from aligned(list(map(printable, titles)), cells, left=2 + len(varied))


def _figure(row: Row, goal: str) -> str:
    found = row.summary(goal)
    return with_spread(goal, found.mean, found.deviation) if found.n else ""


def to_json(folder: StudyFolder, table: Table, sort: str | None = None) -> str:
    """Return a study as JSON: shares from 0 to 1, bytes, seconds; null where there is no figure."""
    goal = main_goal(table)
    judged = importance(table, goal)
    whole = {
        "folder": str(folder.path),
        "title": table.study.title,
        "question": table.study.question,
        "over": table.progress.over,
        "ended": table.progress.ended,
        "total": table.progress.total,
        "answer": answer(table),
        "importance": {"goal": goal, "shares": judged.shares, "sentence": judged.sentence},
        "candidates": [_as_json(table, row) for row in sorted_rows(table, sort)],
    }
    return f"{msgspec.json.format(msgspec.json.encode(whole), indent=1).decode()}\n"


def _as_json(table: Table, row: Row) -> dict[str, Any]:
    return {
        "number": row.number,
        "values": row.values,
        "state": row.state,
        "refusal": row.refusal,
        "message": row.message,
        "costs": row.costs,
        "figures": {
            goal: msgspec.to_builtins(row.summary(goal)) | {"values": row.series(goal)}
            for goal in table.goals
            if goal not in COSTS
        },
        "runs": [str(path) for path in row.runs],
    }


def write_csv(table: Table, path: Path) -> str:
    """Write all candidates into a CSV file; return a sentence.

    Raises
    ------
    DesignerError
        It cannot be written.
    """
    try:
        save_file(path, csv.as_csv(table).encode())
    except OSError as error:
        raise unwritable(path, error) from error
    return sentence(f"the candidates are in {path}.")
