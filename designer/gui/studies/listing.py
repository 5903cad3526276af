"""The list of studies as data: what each asks, how far it is, and what it found so far."""

import math
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from designer.errors import DesignerError
from designer.gui.base import numbers
from designer.gui.studies import wording
from designer.studies import launching
from designer.studies.folder import StudyFolder, list_studies
from designer.studies.goals import GOALS
from designer.studies.journal import Journal, State, Trial
from designer.studies.progress import Progress, progress
from designer.studies.running import is_running
from designer.studies.spec import Study

STAGES = {
    "new": "not begun",
    "running": "running",
    "stopped": "stopped",
    "finished": "finished",
}
"""The stages of a study in words."""


@dataclass(frozen=True)
class Entry:
    """A study in the list.

    Attributes
    ----------
    path
        Its folder.
    title, question
        As the study says.
    stage
        A key of `STAGES`, "" if it cannot be read.
    progress
        How far it is; None if it cannot be read.
    best
        The best value of its first goal, "" while there is none.
    fault
        Why it cannot be read, or why its process ended; "" otherwise.
    """

    path: Path
    title: str
    question: str = ""
    stage: str = ""
    progress: Progress | None = None
    best: str = ""
    fault: str = ""

    @property
    def state(self) -> str:
        """The state in words: "running, 3 of 12"."""
        if self.progress is None:
            return "unreadable"
        words = STAGES[self.stage]
        if self.stage == "new":
            return words
        if self.stage == "finished" or self.progress.total is None:
            return f"{words}, {numbers.count(self.progress.ended)} trained"
        return f"{words}, {numbers.local(self.progress.words)}"

    @property
    def runs(self) -> bool:
        """Whether a process runs it."""
        return self.stage == "running"


@dataclass
class _Known:
    """What was read of a study before; a study itself never changes but by its file."""

    stamp: tuple[int, ...]
    study: Study
    journal: Journal
    replicates: int


class Listing:
    """Reads the studies of a folder; of those that were read before, only what is new."""

    def __init__(self) -> None:
        self._known: dict[Path, _Known] = {}

    def read(self, root: Path) -> list[Entry]:
        """Return the studies, the newest first; call it in a background thread."""
        folders = list_studies(root)
        paths = {folder.path for folder in folders}
        self._known = {path: each for path, each in self._known.items() if path in paths}
        return [self._entry(folder) for folder in folders]

    def _entry(self, folder: StudyFolder) -> Entry:
        try:
            known = self._read(folder)
            state = known.journal.read()
        except DesignerError as error:
            return Entry(folder.path, folder.path.name, fault=str(error))
        found = progress(known.study, state, known.replicates)
        stage = "stopped" if state.trials else "new"
        if is_running(folder) or launching.is_starting(folder):
            stage = "running"
        elif found.over:
            stage = "finished"
        return Entry(
            folder.path,
            known.study.title,
            known.study.question,
            stage,
            found,
            best_text(known.study, state),
            launching.failure(folder) if stage in ("new", "stopped") else "",
        )

    def _read(self, folder: StudyFolder) -> _Known:
        stamp = _stamp(folder)
        known = self._known.get(folder.path)
        if known is None or known.stamp != stamp:
            study, replicates = folder.study(), len(folder.replicates())
            known = _Known(stamp, study, Journal(folder.path, replicates), replicates)
            self._known[folder.path] = known
        return known


def _stamp(folder: StudyFolder) -> tuple[int, ...]:
    found = []
    with suppress(OSError):
        found += [os.stat(each).st_mtime_ns for each in (folder.study_file, folder.base_recipe)]
        found.append(os.stat(folder.path).st_ino)  # of a folder in the place of a deleted one
    return tuple(found)


def mean(trial: Trial, goal: str) -> float:
    """Return the mean of a goal over the trainings of a trial that have it, NaN if none has."""
    if goal in trial.costs:
        return trial.costs[goal]
    ended = [each.ended.figures.get(goal, math.nan) for each in trial.trainings if each.ended]
    values = [value for value in ended if math.isfinite(value)]
    return sum(values) / len(values) if values else math.nan


def best_text(study: Study, state: State) -> str:
    """Return the best value of a study's first goal as text, "" if there is none."""
    goal = GOALS[study.goals[0]]
    values = [mean(trial, goal.name) for trial in state.accepted]
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return ""
    return wording.figure(goal.name, max(finite) if goal.larger else min(finite))
