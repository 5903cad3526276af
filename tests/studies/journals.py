"""Studies whose journals are written by hand, so that nothing has to be trained."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from designer.studies.answers.table import Table, read
from designer.studies.folder import StudyFolder
from designer.studies.journal import Ended, Outcome, Proposed
from designer.studies.protocols import Protocol
from designer.studies.spec import Study
from tests.studies.samples import create, study

Figures = Mapping[str, float]
Training = Figures | tuple[Outcome, Figures, str]
"""The figures of a training that finished; or how it ended, its figures and its message."""
COSTS = {"parameters": 61706.0, "macs": 416520.0, "training_bytes": 2e6, "file_bytes": 246824.0}


def write(
    path: Path,
    made: Study,
    *trials: tuple[Mapping[str, Any], Sequence[Training]],
    refused: Sequence[tuple[Mapping[str, Any], Mapping[str, float], str]] = (),
    costs: Sequence[Mapping[str, float]] = (),
) -> StudyFolder:
    """Create a study and write what happened: values and trainings of each candidate.

    Parameters
    ----------
    path, made
        The folder and the study.
    trials
        The values of each candidate, and its trainings as far as they have ended.
    refused
        Values, costs and reason of candidates that are refused, after the others.
    costs
        The costs of each candidate, where they are not those of LeNet-5.
    """
    folder = create(path, made)
    journal = folder.journal()
    with journal.alone():
        for number, (values, trainings) in enumerate(trials):
            own = dict(costs[number]) if costs else COSTS
            journal.append(Proposed(trial=number, values=dict(values), costs=own))
            journal.append(*(_ended(number, place, each) for place, each in enumerate(trainings)))
        for number, (values, own, reason) in enumerate(refused, start=len(trials)):
            journal.append(
                Proposed(trial=number, values=dict(values), costs=dict(own), refusal=reason)
            )
    return folder


def _ended(trial: int, replicate: int, training: Training) -> Ended:
    outcome, figures, message = (
        training if isinstance(training, tuple) else ("finished", training, "")
    )
    return Ended(
        trial=trial, replicate=replicate, outcome=outcome, figures=dict(figures), message=message
    )


def batches(
    path: Path,
    values: Mapping[int, Sequence[float | None]],
    *,
    seeds: int | None = None,
    **more: Any,
) -> Table:
    """Return the table of a study of batch sizes with validation accuracies."""
    count = seeds or max(map(len, values.values()))
    protocol = Protocol(name="repeats", repeats=count) if count > 1 else Protocol()
    made = study(f"batch={','.join(map(str, values))}", protocol=protocol, **more)
    trials = [
        ({"batch": batch}, [run(batch, value) for value in found])
        for batch, found in values.items()
    ]
    return read(write(path, made, *trials))


def run(batch: int, accuracy: float | None) -> Training:
    """Return a training with a batch and an accuracy; one without has diverged."""
    figures = {"steps": 3072 / batch, "seconds": 100 / batch + 10, "epochs": 1.0}
    if accuracy is None:
        return "diverged", figures, "The loss is not finite."
    return {"validation_accuracy": accuracy, "validation_loss": 1 - accuracy, **figures}
