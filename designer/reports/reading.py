"""What a run's folder says, read once for a report; nothing of it needs torch."""

import io
import os
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from designer.analysis.analysis import Analysis
from designer.design import files
from designer.errors import UNREADABLE, DesignerError
from designer.metrics.summary import Asked, all_figures, of_loss, probabilities
from designer.recipe.recipe import Recipe
from designer.runs import own_layers, trusted_code
from designer.runs.data_record import DataRecord
from designer.runs.evaluation_record import EvaluationRecord, meaning_of
from designer.runs.events import Event, read_events
from designer.runs.folder import RunFolder
from designer.runs.preprocessing import Preprocessing
from designer.runs.result import Result

Array = NDArray[Any]

DAMAGED = (
    *UNREADABLE, OSError, ValueError, KeyError, IndexError, TypeError, EOFError, OverflowError,
    MemoryError, NotImplementedError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What reading a damaged evaluation may raise."""


class Mistake(msgspec.Struct, frozen=True):
    """A wrong prediction, as ``mistakes.json`` has it."""

    predicted: str
    loss: float
    true: str = msgspec.field(name="class")
    index: int = 0
    probability: float | None = None


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a network said of a part.

    Attributes
    ----------
    record
        All figures, and how they were found.
    names
        Of the classes, labels or numbers.
    values
        Probabilities, or the predicted numbers, (n, k).
    targets, predicted
        As ``predictions.npz`` has them.
    mistakes
        The worst ones, with their pictures, uint8 (channels, height, width).
    """

    record: EvaluationRecord
    names: tuple[str, ...]
    values: Array
    targets: Array
    predicted: Array | None
    mistakes: Sequence[tuple[Mistake, Array]] = ()


@dataclass(frozen=True, eq=False)
class Report:
    """A run, as a report shows it.

    Attributes
    ----------
    run, name
        Its folder, and what the report is called.
    analysis, recipe
        Its network and how it was trained.
    result, preprocessing, data
        None while the run has not got so far.
    environment
        Versions, device and threads.
    events
        Of its log.
    evaluation
        None without one.
    """

    run: RunFolder
    name: str
    analysis: Analysis
    recipe: Recipe
    result: Result | None
    preprocessing: Preprocessing | None
    data: DataRecord | None
    environment: Mapping[str, Any]
    events: Sequence[Event]
    evaluation: Evaluation | None

    @property
    def epochs(self) -> list[Event]:
        """The events at the end of each epoch."""
        return [event for event in self.events if event["event"] == "epoch"]

    @property
    def data_name(self) -> str:
        """What the data set is called, without the folders that it is in."""
        return self.data.name if self.data is not None else shown_source(self.recipe.data.source)

    @cached_property
    def _private(self) -> list[tuple[str, str]]:
        """Paths that are not written, the longest first, and what stands in their place."""
        sources = [str(self.run.path), os.path.abspath(self.run.path), self.recipe.data.source]
        if self.data is not None:
            sources.append(self.data.source)
        found = {each: shown_source(each) for each in sources if os.sep in each}
        found.update({os.path.dirname(each): "…" for each in list(found)})
        found[str(Path.home())] = "~"
        return sorted(
            ((path, words) for path, words in found.items() if len(path) > 1),
            key=lambda each: -len(each[0]),
        )

    def public(self, text: str) -> str:
        """Return a text without the paths of the run, of its data and of the user's folder."""
        for path, words in self._private:
            text = text.replace(path, words)
        return text


def shown_source(source: str) -> str:
    """Return the name of a data set or of weights without the folders that they are in."""
    return source.replace("\\", "/").rstrip("/").rpartition("/")[2] or source


def read(run: RunFolder) -> Report:
    """Read a run.

    Raises
    ------
    DesignerError
        A file that every run has is damaged.
    """
    design = files.read(run.design)
    trusted_code.require(design)
    analysis = own_layers.analyzed(design)
    if not analysis.valid:
        raise DesignerError(f"The design of {run.path.name} has errors: restore {run.design}.")
    recipe = run.recipe()
    started = run.preprocessing_file.exists()
    preprocessing = run.preprocessing() if started else None
    result = run.result()
    return Report(
        run=run,
        name=run.path.name,
        analysis=analysis,
        recipe=recipe,
        result=result,
        preprocessing=preprocessing,
        data=run.data(),
        environment=_environment(run),
        events=read_events(run.events),
        evaluation=(
            None
            if preprocessing is None
            else _evaluation(run, analysis, recipe, preprocessing, result)
        ),
    )


def _environment(run: RunFolder) -> Mapping[str, Any]:
    try:
        return msgspec.json.decode(run.environment.read_bytes(), type=dict[str, Any])
    except (*UNREADABLE, OSError, ValueError):
        return {}


def _evaluation(
    run: RunFolder,
    analysis: Analysis,
    recipe: Recipe,
    preprocessing: Preprocessing,
    result: Result | None,
) -> Evaluation | None:
    """Return the evaluation in a run's folder, also one of an earlier version."""
    path = run.evaluation / "predictions.npz"
    if not path.is_file():
        return None
    targets = preprocessing.targets
    try:
        arrays = read_arrays(path)
        outputs, wanted = arrays["outputs"], arrays["targets"]
        names = preprocessing.classes or preprocessing.labels or preprocessing.numbers
        if targets == "input":
            names = ("input",)
        names = names or tuple(map(str, range(outputs.shape[1])))
        meaning = meaning_of(analysis, recipe, preprocessing)
        predicted = arrays.get("predicted")
        if predicted is None and targets == "classes":
            predicted = outputs.argmax(1)
        record = read_record(run) or EvaluationRecord(outputs=meaning)
        values = probabilities(outputs, record.outputs, targets)
        asked = Asked(targets, names, recipe.loss.threshold, recipe.loss.cost_matrix)
        loss = record.figures.get("loss")
        if not isinstance(loss, float):
            loss = None if result is None or result.test is None else result.test.loss
        first = {"part": record.part, "images": len(wanted), "loss": loss}
        if targets == "tokens" and loss is not None:
            first |= of_loss(loss)
        # Computed anew, since the folder may come from anybody.
        figures = {**first, **all_figures(values, predicted, wanted, asked)}
        record = msgspec.structs.replace(record, figures=figures)
        mistakes = read_mistakes(run) if targets == "classes" else ()
        return Evaluation(record, names, values, wanted, predicted, mistakes)
    except DAMAGED as error:
        raise DesignerError(
            f"The evaluation of {run.path.name} is damaged ({error}): write it anew with: "
            "netdesigner evaluate"
        ) from error


def read_arrays(path: Path) -> dict[str, Array]:
    """Return the arrays of an ``.npz`` file; raise one of `DAMAGED` if it is damaged."""
    content = io.BytesIO(path.read_bytes())  # numpy leaves a damaged file open
    if not zipfile.is_zipfile(content):  # numpy would advise to read it unsafely
        raise ValueError(f"{path.name} is no archive of arrays")
    content.seek(0)
    with np.load(content, allow_pickle=False) as tables:
        return {name: tables[name] for name in tables.files}


def read_record(run: RunFolder) -> EvaluationRecord | None:
    """Return how a run was evaluated; None for one of an earlier version."""
    path = run.evaluation / "evaluation.json"
    if not path.is_file():
        return None
    return msgspec.json.decode(path.read_bytes(), type=EvaluationRecord)


def read_mistakes(run: RunFolder) -> list[tuple[Mistake, Array]]:
    """Return the worst mistakes with their pictures; none if these files are missing."""
    try:
        rows = msgspec.json.decode(
            (run.evaluation / "mistakes.json").read_bytes(), type=list[Mistake]
        )
        pictures = read_arrays(run.evaluation / "mistakes.npz")["images"]
    except FileNotFoundError:
        return []
    if pictures.dtype != np.uint8 or pictures.ndim != 4:
        raise ValueError("its pictures are of another kind")
    return list(zip(rows, pictures, strict=False))
