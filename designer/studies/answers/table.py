"""The table of a study: a row for each candidate with its values, costs, state and figures."""

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from designer.errors import DesignerError
from designer.runs import own_layers
from designer.studies.answers.wording import titles
from designer.studies.candidates import costs_of, over_budget
from designer.studies.folder import StudyFolder
from designer.studies.goals import COSTS, GOALS
from designer.studies.journal import Ended, State, Trial, is_alive
from designer.studies.progress import Progress, progress
from designer.studies.protocols import Protocol
from designer.studies.spec import Choice, Study
from designer.studies.statistics import Summary, summary

RowState = Literal["waiting", "training", "finished", "pruned", "stopped", "failed", "refused"]
Refusal = Literal["", "budget", "repeated", "invalid"]
"""Why a candidate is refused: its costs, values that another one has, or it cannot be trained."""
_COUNTED = ("finished", "early_stopped", "diverged", "pruned", "stopped")
"""How trainings ended whose figures count; those of a training that failed say nothing."""


@dataclass(frozen=True)
class Row:
    """A candidate.

    Attributes
    ----------
    number
        From 1, as in the names of the folders of its runs.
    values
        The value of each varied field by its name; of variants, the title.
    costs
        What its network costs, by the names of `spec.Budget`; empty if its design is invalid.
    state
        ``waiting`` before its first training, and between two of them if no process runs the
        study; once all have ended ``pruned`` or ``stopped`` if one did not go to its end, and
        ``failed`` if none is of use.
    refusal
        Why it is refused; "" if it is not.
    message
        The reason as a sentence, of candidates that are refused and of trainings that failed.
    figures
        The figures of each training by the names of the goals; None for one that has not ended, or
        that failed.
    runs
        The folders of the trainings that have begun.
    protocol
        How often each candidate is trained, which decides how its figures are summed up.
    """

    number: int
    values: Mapping[str, Choice]
    costs: Mapping[str, float]
    state: RowState
    refusal: Refusal
    message: str
    figures: Sequence[Mapping[str, float] | None]
    runs: Sequence[Path]
    protocol: Protocol
    _summaries: dict[str, Summary] = field(default_factory=dict, compare=False, repr=False)

    @property
    def finished(self) -> bool:
        """Whether all of its trainings went to their ends, so that it can be compared."""
        return self.state == "finished"

    @property
    def words(self) -> str:
        """Its state in words."""
        return "stopped by hand" if self.state == "stopped" else self.state

    def figures_of(self, goal: str) -> dict[int, float]:
        """Return a figure of its trainings by their numbers; of a cost, one value."""
        if goal in COSTS:
            return {0: self.costs[goal]} if goal in self.costs else {}
        return {
            number: found[goal]
            for number, found in enumerate(self.figures)
            if found is not None and goal in found
        }

    def series(self, goal: str) -> list[float | None]:
        """Return a figure of its trainings in their order; None for those that do not have it."""
        found = self.figures_of(goal)
        return [found.get(number) for number in range(len(self.figures))]

    def summary(self, goal: str) -> Summary:
        """Return the mean, spread and interval of a figure over its trainings."""
        if goal not in self._summaries:
            if goal in COSTS:
                cost = self.costs.get(goal, math.nan)
                self._summaries[goal] = Summary(n=int(goal in self.costs), mean=cost)
            else:
                ended = [each for each in self.series(goal) if each is not None]
                self._summaries[goal] = summary(ended, self.protocol)
        return self._summaries[goal]

    def mean(self, goal: str) -> float:
        """Return the mean of a figure over its trainings; NaN without any."""
        return self.summary(goal).mean


@dataclass(frozen=True)
class Table:
    """All candidates of a study, and what the study is.

    Attributes
    ----------
    study
        What the study is.
    titles
        The titles of its varied fields by their names, in the middle of a sentence.
    own_costs
        What the study's own design costs before anything varies, by the names of `spec.Budget`;
        empty if it cannot be read.
    labels
        What tells the trainings of a candidate from each other: "seed 1".
    rows
        The candidates by number.
    progress
        How far it is.
    message
        Why the search ended before its time, as a sentence; "" if it did not.
    """

    study: Study
    titles: Mapping[str, str]
    own_costs: Mapping[str, float]
    labels: Sequence[str]
    rows: Sequence[Row]
    progress: Progress
    message: str = ""

    @property
    def finished(self) -> list[Row]:
        """The candidates that can be compared."""
        return [row for row in self.rows if row.finished]

    @property
    def goals(self) -> list[str]:
        """Its goals, and after them all other figures that its trainings have."""
        known = {name for row in self.rows for each in row.figures if each for name in each}
        found = [*self.study.goals, *(name for name in GOALS if name in known)]
        return list(dict.fromkeys(found))

    @property
    def running(self) -> bool:
        """Whether a training goes on."""
        return any(row.state == "training" for row in self.rows)

    def ranked(self, goal: str) -> list[Row]:
        """Return the candidates that can be compared by a goal, the best one first."""
        found = [row for row in self.finished if not math.isnan(row.mean(goal))]
        return sorted(found, key=lambda row: row.mean(goal), reverse=GOALS[goal].larger)


class Reader:
    """Reads the table of a study again and again; what has not changed is not read anew.

    Parameters
    ----------
    folder
        The study.

    Raises
    ------
    DesignerError
        The study cannot be read.
    """

    def __init__(self, folder: StudyFolder) -> None:
        self._folder = folder
        study = folder.study()
        self._labels = tuple(each.label for each in folder.replicates())
        self._journal = folder.journal()
        self._titles = titles(study, folder)
        self._own_costs = _own_costs(folder)
        self._rows: list[tuple[object, Row]] = []
        self._first: dict[bytes, int] = {}  # the candidate with these values

    def read(self) -> Table:
        """Return what the study is now.

        Raises
        ------
        DesignerError
            The study or its journal is damaged or cannot be read.
        """
        study = self._folder.study()
        state = self._journal.read()
        alive = self._alive(state)
        for trial in state.trials:
            key = [
                (each.ended is None, each.process, each.process in alive)
                for each in trial.trainings
            ]
            if trial.number == len(self._rows):
                self._rows.append((key, self._row(study, trial, alive)))
            elif self._rows[trial.number][0] != key:
                self._rows[trial.number] = (key, self._row(study, trial, alive))
        return Table(
            study=study,
            titles=self._titles,
            own_costs=self._own_costs,
            labels=self._labels,
            rows=tuple(row for _, row in self._rows),
            progress=progress(study, state, len(self._labels)),
            message=state.exhausted.message if state.exhausted else "",
        )

    def _alive(self, state: State) -> set[str]:
        """Return which of the processes live that have taken a training."""
        taken = {
            each.process
            for trial in state.accepted
            for each in trial.trainings
            if each.process and each.ended is None
        }
        folder = self._folder.path / "processes"
        return {name for name in taken if is_alive(folder / name)}

    def _row(self, study: Study, trial: Trial, alive: Iterable[str]) -> Row:
        ends = [each.ended for each in trial.trainings]
        begun = [bool(each.process) or each.ended is not None for each in trial.trainings]
        return Row(
            number=trial.number + 1,
            values={each.name: trial.values.get(each.name) for each in study.varied},
            costs=trial.costs,
            state=_state(trial, alive),
            refusal=self._refusal(study, trial),
            message=trial.refusal or _failure(ends),
            figures=[
                each.figures if each is not None and each.outcome in _COUNTED else None
                for each in ends
            ],
            runs=[
                self._folder.run(trial.number, number).path
                for number, known in enumerate(begun)
                if known
            ],
            protocol=study.protocol,
        )

    def _refusal(self, study: Study, trial: Trial) -> Refusal:
        first = self._first.setdefault(msgspec.json.encode(trial.values), trial.number)
        if not trial.refusal:
            return ""
        if first != trial.number:
            return "repeated"
        beyond = trial.costs and over_budget(study.budget, trial.costs)
        return "budget" if beyond else "invalid"


def read(folder: StudyFolder) -> Table:
    """Return the table of a study; see `Reader.read`."""
    return Reader(folder).read()


def _state(trial: Trial, alive: Iterable[str]) -> RowState:
    if trial.refusal:
        return "refused"
    if any(each.ended is None and each.process in alive for each in trial.trainings):
        return "training"
    outcomes = [each.ended.outcome for each in trial.trainings if each.ended is not None]
    if len(outcomes) < len(trial.trainings):
        return "waiting"
    if "pruned" in outcomes:
        return "pruned"
    if "stopped" in outcomes:
        return "stopped"
    return "failed" if set(outcomes) <= {"failed", "diverged"} else "finished"


def _failure(ends: Sequence[Ended | None]) -> str:
    """Return what went wrong in the first training that failed or diverged."""
    for each in ends:
        if each is not None and each.outcome in ("failed", "diverged"):
            return each.message or f"A training {each.outcome}."
    return ""


def _own_costs(folder: StudyFolder) -> dict[str, float]:
    with suppress(DesignerError):
        analysis = own_layers.analyzed(folder.read_designs()[""])
        if analysis.valid:
            return costs_of(analysis.totals, folder.recipe())
    return {}
