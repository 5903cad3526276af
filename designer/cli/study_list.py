"""The list of studies: how far each is, and its best candidate."""

from collections.abc import Iterator
from typing import Any

import msgspec

from designer.analysis.report.line import Line, Style
from designer.cli import study_folders
from designer.cli.output import printable
from designer.cli.tables import aligned
from designer.errors import DesignerError
from designer.studies.answers.sentences import main_goal
from designer.studies.answers.table import Table, read
from designer.studies.answers.wording import candidate, counted, with_spread
from designer.studies.folder import StudyFolder, list_studies
from designer.studies.goals import GOALS
from designer.studies.running import is_running


def lines(chosen: str | None) -> Iterator[Line]:
    """Yield a table of the studies in the folder of studies; see `study_folders.root`."""
    root = study_folders.root(chosen)
    found = list(_read(chosen))
    if not found:
        yield Line(
            f"There are no studies in {root}. Begin one with: netdesigner study new lenet5 --vary "
            "batch=8,32,128"
        )
        return
    rows = []
    for folder, table, _ in found:
        title, state, ended, best = "", "damaged", "", ""
        if table is not None:
            title, state = table.study.title, _state(folder, table)
            ended, best = table.progress.words, _best(table)
        rows.append([folder.path.name, printable(title), state, ended, printable(best)])
    yield from aligned(["name", "title", "state", "ended", "best"], rows, left=5)
    for folder, _, message in found:
        if message:
            yield Line(f"{folder.path.name}: {message}", Style.WARNING)
    yield Line(f"{counted(len(found), 'study', 'studies')} in {root}.", Style.HEADING)


def to_json(chosen: str | None) -> str:
    """Return the list of studies as JSON."""
    whole = {
        "folder": str(study_folders.root(chosen)),
        "studies": [_as_json(*each) for each in _read(chosen)],
    }
    return f"{msgspec.json.format(msgspec.json.encode(whole), indent=1).decode()}\n"


def _read(chosen: str | None) -> Iterator[tuple[StudyFolder, Table | None, str]]:
    """Yield each study with its table, or with what is wrong with it."""
    for folder in list_studies(study_folders.root(chosen)):
        try:
            yield folder, read(folder), ""
        except DesignerError as error:
            yield folder, None, str(error)


def _state(folder: StudyFolder, table: Table) -> str:
    if table.progress.over:
        return "finished"
    if is_running(folder):
        return "running"
    return "stopped" if table.rows else "not begun"


def _best(table: Table) -> str:
    goal = main_goal(table)
    ranked = table.ranked(goal)
    if not ranked:
        return ""
    found = ranked[0].summary(goal)
    words = candidate(table.study, table.titles, ranked[0].values)
    return f"{with_spread(goal, found.mean, found.deviation)} {GOALS[goal].title}: {words}"


def _as_json(folder: StudyFolder, table: Table | None, message: str) -> dict[str, Any]:
    found: dict[str, Any] = {"name": folder.path.name, "path": str(folder.path)}
    if table is None:
        return found | {"state": "damaged", "message": message}
    goal = main_goal(table)
    best = next(iter(table.ranked(goal)), None)
    return found | {
        "title": table.study.title,
        "question": table.study.question,
        "state": _state(folder, table),
        "ended": table.progress.ended,
        "total": table.progress.total,
        "goal": goal,
        "best": None if best is None else {"values": best.values, "mean": best.mean(goal)},
    }
