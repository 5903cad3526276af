"""Running a study: candidates are proposed, examined, trained and recorded, one after another.

Any number of processes, also of several machines with the same folder, may run a study at once;
the journal divides the trainings among them. What is killed goes on where it was.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import msgspec

from designer.errors import DesignerError
from designer.recipe.reading import changed
from designer.runs import control, trusted_code
from designer.runs.begin import begin
from designer.runs.events import EventReader, read_events
from designer.runs.folder import RunFolder
from designer.runs.result import Result
from designer.studies import goals
from designer.studies.candidates import candidate
from designer.studies.folder import StudyFolder, check
from designer.studies.grids import holds, space_size
from designer.studies.journal import (
    Ended,
    Exhausted,
    Outcome,
    Presence,
    Proposed,
    Released,
    State,
    Taken,
    Trial,
)
from designer.studies.progress import seconds_spent
from designer.studies.pruning import falls_behind
from designer.studies.samplers import SAMPLERS
from designer.studies.spec import Study
from designer.studies.standby import Standby, WorkerDiedError
from designer.system import graphics_cards

_MOST_REFUSED = 500
"""Candidates in a row that are refused until the search ends."""
_AT_ONCE = 50  # candidates that are examined while other processes wait
_WAIT_SECONDS = 1.0  # between two looks at what other processes do
_ATTEMPTS = 3  # of a training whose worker dies
_HOPELESS = 3  # trainings that failed and none that did not: something is wrong with all of them

Step = tuple[int, int] | Literal["wait", "again", "over"]
"""A training to begin, by trial and replicate; or what to do instead."""


@dataclass(frozen=True)
class Report:
    """What is told of a study while it runs.

    Attributes
    ----------
    trial
        The candidate.
    replicate
        Which of its trainings; None if it was refused.
    ended
        How the training ended; None if it begins.
    """

    trial: Trial
    replicate: int | None = None
    ended: Ended | None = None


class Runner:
    """Runs a study in this process until no training is left, or it is stopped.

    Parameters
    ----------
    folder
        The study.
    report
        Is told of each training and each refused candidate; called from several threads, one at a
        time.
    parallel
        Trainings at once; None for what the study says, 0 for one on each GPU.

    Raises
    ------
    DesignerError
        The study cannot be read.
    """

    def __init__(
        self,
        folder: StudyFolder,
        report: Callable[[Report], object],
        *,
        parallel: int | None = None,
    ) -> None:
        self._folder = folder
        self._tell = report
        self._telling = threading.Lock()
        self._study = folder.study()
        self._designs = folder.read_designs()
        self._recipe = folder.recipe()
        self._replicates = folder.replicates()
        self._journal = folder.journal()
        self._stop = threading.Event()
        cards = graphics_cards()
        wanted = self._study.parallel if parallel is None else parallel
        self._slots = wanted or max(1, cards)
        self._cards = cards if self._slots > 1 and cards > 1 else 0
        self._curves: dict[tuple[int, int], list[float]] = {}  # of trainings that have ended

    def stop(self) -> None:
        """Stop all trainings with a checkpoint, from which the study goes on later."""
        self._stop.set()

    def run(self) -> State:
        """Train until nothing is left to do; return what the journal says then.

        Raises
        ------
        DesignerError
            The folder cannot be written, code of a design is not trusted, Optuna is missing, the
            study was changed so that its journal does not fit, or every training fails.
        """
        for design in self._designs.values():
            trusted_code.require(design)
        self._check_unchanged()
        with (
            Presence(self._folder.path, self.stop) as self._presence,
            ThreadPoolExecutor(self._slots) as pool,
        ):
            jobs = [pool.submit(self._work, slot) for slot in range(self._slots)]
            try:
                for job in jobs:
                    job.result()
            except BaseException:
                self.stop()
                raise
        return self._journal.read()

    def _check_unchanged(self) -> None:
        """Refuse a study whose file was edited so that it and the journal do not go together."""
        check(self._study, self._designs, self._recipe)
        for trial in self._journal.read().trials:
            if not holds(self._study, trial.values):
                raise DesignerError(
                    f"Trial {trial.number + 1} has other fields or values than "
                    f"{self._folder.study_file} names: restore that file, or begin a new study."
                )

    def _work(self, slot: int) -> None:
        log = self._folder.path / "workers.log"
        standby = Standby(log, gpu=slot % self._cards if self._cards else None)
        try:
            standby.start()
            while not self._stop.is_set():
                step = self._next()
                if step == "over":
                    return
                if step == "wait":
                    self._stop.wait(_WAIT_SECONDS)
                elif step != "again":
                    self._train(standby, *step)
        except BaseException:
            self.stop()
            raise
        finally:
            standby.close()

    # What is next

    def _next(self) -> Step:
        """Take the next training, or propose candidates until one may be trained."""
        with self._journal.alone() as state:
            taken = [
                (trial.number, number)
                for trial in state.accepted
                for number, training in enumerate(trial.trainings)
                if training.ended is None
            ]
            for trial, number in taken:
                if self._presence.is_free(state.trials[trial].trainings[number]):
                    return self._take(trial, number)
            if self._is_full(state):
                return "wait" if taken else "over"
            for _ in range(_AT_ONCE):
                found = self._propose(state)
                if found is None:
                    return "again"
                if not found.refusal:
                    return self._take(found.number, 0)
        return "again"  # lets other processes have the journal meanwhile

    def _take(self, trial: int, replicate: int) -> tuple[int, int]:
        self._journal.append(Taken(trial=trial, replicate=replicate, process=self._presence.name))
        return trial, replicate

    def _is_full(self, state: State) -> bool:
        """Tell whether no further candidate is wanted."""
        study = self._study
        if state.exhausted is not None:
            return True
        if study.trials is not None and len(state.accepted) >= study.trials:
            return True
        return study.seconds is not None and seconds_spent(state) >= study.seconds

    def _propose(self, state: State) -> Trial | None:
        """Propose and examine a candidate; None if there is none, which is recorded."""
        sampler = SAMPLERS[self._study.sampler]
        values = None
        if not _all_were_tried(self._study, state):
            values = sampler.propose(self._study, state)
        message = ""
        if values is not None and sampler.endless:
            message = _too_many_refused(state)
        if values is None or message:
            self._journal.append(Exhausted(message=message))
            return None
        same = next((each for each in state.trials if each.values == values), None)
        if same is not None:
            costs: dict[str, float] = {}
            refusal = f"Its values are those of trial {same.number + 1}."
        else:
            found = candidate(self._study, values, self._designs, self._recipe)
            costs, refusal = dict(found.costs), found.refusal
        number = len(state.trials)
        self._journal.append(Proposed(trial=number, values=values, costs=costs, refusal=refusal))
        trial = state.trials[number]
        if refusal and same is None:
            self._report(Report(trial))
        return trial

    # Training

    def _train(self, standby: Standby, number: int, replicate: int) -> None:
        """Train a run to its end and record that."""
        trial = self._journal.state.trials[number]
        run = self._folder.run(number, replicate)
        self._report(Report(trial, replicate))
        pruned = False
        try:
            self._wait_for_other_worker(run)
            result = self._prepared(run, trial, replicate)
            if result is None and not self._stop.is_set():
                result, pruned = self._trained(standby, run)
            ended = self._ended(number, replicate, result, pruned=pruned)
        except DesignerError as error:
            result = run.result() if run.path.exists() else None
            figures = {} if result is None else goals.figures(result)
            message = result.message if result and result.message else str(error)
            ended = Ended(
                trial=number,
                replicate=replicate,
                outcome="failed",
                figures=figures,
                message=message,
            )
        with self._journal.alone() as state:
            if ended is None:
                self._journal.append(Released(trial=number, replicate=replicate))
                return
            self._journal.append(ended)
            hopeless = _all_failed(state)
        self._report(Report(trial, replicate, ended))
        if hopeless:
            raise DesignerError(f"Every training of the study fails: {ended.message}")

    def _trained(self, standby: Standby, run: RunFolder) -> tuple[Result | None, bool]:
        """Train a run to its end; return its result, and whether it was pruned.

        A worker that dies is replaced by one that continues from the checkpoint. The result is None
        if it dies while the study is being stopped.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            watch, resume = _Watch(self, run), run.events.exists()
            try:
                found = standby.train(run.path, resume=resume, while_waiting=watch.look)
            except WorkerDiedError:
                if self._stop.is_set():
                    break
                if attempt == _ATTEMPTS:
                    raise
            except DesignerError:
                # The worker of a study that was killed may begin with the run at the same moment.
                other = run.worker() is not None
                self._wait_for_other_worker(run)
                result = run.result()
                if result is not None and result.status not in ("stopped", "failed"):
                    return result, False
                began = result is None and run.events.exists() != resume
                if attempt == _ATTEMPTS or not (other or began):
                    raise
            else:
                return msgspec.convert(found, Result), watch.pruned
        return None, False

    def _ended(
        self, number: int, replicate: int, result: Result | None, *, pruned: bool
    ) -> Ended | None:
        """Return how a training ended; None if the study was stopped and it can go on."""
        if result is None:
            return None
        outcome: Outcome = result.status
        if result.status == "stopped":
            if self.stopping and not pruned:
                return None
            outcome = "pruned" if pruned else "stopped"
        return Ended(
            trial=number,
            replicate=replicate,
            outcome=outcome,
            figures=goals.figures(result),
            message=result.message or "",
        )

    def _prepared(self, run: RunFolder, trial: Trial, replicate: int) -> Result | None:
        """Create the folder of a run if it is missing; return its result if it has ended."""
        if run.path.exists():
            result = run.result()
            return None if result is None or result.status == "stopped" else result
        found = candidate(self._study, trial.values, self._designs, self._recipe)
        if found.design is None or found.recipe is None or found.refusal:
            raise DesignerError(found.refusal)
        changes = dict(self._replicates[replicate].changes)
        if found.recipe.threads is None and self._slots > 1:
            changes["threads"] = max(1, (os.cpu_count() or 1) // self._slots)
        begin(run.path, found.design, changed(found.recipe, changes))
        return None

    def _wait_for_other_worker(self, run: RunFolder) -> None:
        """Wait while a worker trains the run whose study was killed: it ends by itself."""
        while run.worker() is not None and not self._stop.is_set():
            self._stop.wait(_WAIT_SECONDS / 4)

    def _report(self, report: Report) -> None:
        with self._telling:
            self._tell(report)

    # Pruning

    def falls_behind(self, curve: list[float]) -> bool:
        """Tell whether a training with these validation losses is to be stopped."""
        return falls_behind(self._study.pruning, curve, self._ended_curves())

    @property
    def prunes(self) -> bool:
        """Whether trainings are stopped that fall behind."""
        return self._study.pruning.name != "none"

    @property
    def stopping(self) -> bool:
        """Whether the study is being stopped."""
        return self._stop.is_set()

    def _ended_curves(self) -> list[list[float]]:
        for trial in self._journal.read().accepted:
            for number, training in enumerate(trial.trainings):
                key = (trial.number, number)
                if training.ended is not None and key not in self._curves:
                    self._curves[key] = _losses(self._folder.run(*key))
        return list(self._curves.values())


class _Watch:
    """Looks at a training while it goes on: stops it if it falls behind, or the study ends."""

    def __init__(self, runner: Runner, run: RunFolder) -> None:
        self.pruned = False
        self._runner = runner
        self._run = run
        self._reader = EventReader(run.events)
        self._curve: list[float] = []
        self._told = False

    def look(self) -> None:
        if self._told:
            return
        if self._runner.stopping:
            self._told = True
        elif self._runner.prunes and self._has_new_epoch():
            self._told = self.pruned = self._runner.falls_behind(self._curve)
        if self._told:
            control.send(self._run.control, "stop")

    def _has_new_epoch(self) -> bool:
        news = self._reader.poll()
        if news.restarted:
            self._curve.clear()
        found = [each["validation"]["loss"] for each in news.events if each["event"] == "epoch"]
        self._curve += found
        return bool(found)


def _losses(run: RunFolder) -> list[float]:
    """Return the validation losses of a run after each epoch."""
    try:
        events = read_events(run.events)
    except DesignerError:
        return []
    return [each["validation"]["loss"] for each in events if each["event"] == "epoch"]


def _all_were_tried(study: Study, state: State) -> bool:
    """Tell whether no candidate is left, of a study that has a limited number of them."""
    size = space_size(study)
    if size is None or len(state.trials) < size:
        return False
    return len({msgspec.json.encode(trial.values) for trial in state.trials}) >= size


def _too_many_refused(state: State) -> str:
    """Return why no further candidate is looked for, if too many in a row were refused."""
    last = state.trials[-_MOST_REFUSED:]
    if len(last) < _MOST_REFUSED or not all(trial.refusal for trial in last):
        return ""
    return (
        f"The last {_MOST_REFUSED:,} candidates were refused, so that no further one is looked "
        f"for; the last reason was: {last[-1].refusal}"
    )


def _all_failed(state: State) -> bool:
    ends = [each.ended for trial in state.trials for each in trial.trainings if each.ended]
    return len(ends) >= _HOPELESS and all(each.outcome == "failed" for each in ends)


def is_running(folder: StudyFolder) -> bool:
    """Tell whether a process runs a study now."""
    from designer.studies.journal import is_alive

    try:
        names = os.listdir(folder.path / "processes")
    except OSError:
        return False
    return any(is_alive(folder.path / "processes" / name) for name in names)
