"""How far a study is."""

from dataclasses import dataclass

from designer.studies.grids import grid_size
from designer.studies.journal import State
from designer.studies.samplers import SAMPLERS
from designer.studies.spec import Study


@dataclass(frozen=True)
class Progress:
    """How many trainings of a study have ended.

    Attributes
    ----------
    ended
        The trainings that have ended, in whichever way.
    total
        All of its trainings as far as is known now; None if only the time ends the study.
    over
        Whether no training is left.
    """

    ended: int
    total: int | None
    over: bool

    @property
    def words(self) -> str:
        """The progress as text: ``3 of 18`` or ``3``."""
        return f"{self.ended:,}" if self.total is None else f"{self.ended:,} of {self.total:,}"


def progress(study: Study, state: State, replicates: int) -> Progress:
    """Return how far a study is.

    Candidates that are not examined yet count as if none of them were refused.

    Parameters
    ----------
    study
        What the study is.
    state
        What its journal says.
    replicates
        How many trainings a candidate has.
    """
    begun = [training for trial in state.accepted for training in trial.trainings]
    ended = sum(training.ended is not None for training in begun)
    candidates = wanted(study, state)
    spent = study.seconds is not None and seconds_spent(state) >= study.seconds
    if spent:
        candidates = len(state.accepted)
    total = None if candidates is None else candidates * replicates
    return Progress(ended, total, ended == total)


def wanted(study: Study, state: State) -> int | None:
    """Return how many candidates are trained in all; None if only the time limits them."""
    if state.exhausted is not None:
        return len(state.accepted)
    most = study.trials
    if not SAMPLERS[study.sampler].endless:
        refused = len(state.trials) - len(state.accepted)
        left = grid_size(study) - refused
        most = left if most is None else min(most, left)
    return None if most is None else max(most, len(state.accepted))


def seconds_spent(state: State) -> float:
    """Return the seconds that all trainings which have ended took."""
    return sum(
        training.ended.figures.get("seconds", 0.0)
        for trial in state.trials
        for training in trial.trainings
        if training.ended is not None
    )
