"""Summaries of run folders for the list of runs; only folders that changed are read again."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from designer.errors import UNREADABLE, DesignerError
from designer.recipe.recipe import Recipe
from designer.runs import links
from designer.runs.disk import folder_bytes
from designer.runs.folder import RunFolder, list_runs
from designer.runs.origin import Origin
from designer.runs.rates import RateChange, RateLog
from designer.runs.result import Metrics, Result
from designer.runs.states import State

_TAIL = 1 << 15  # bytes at the end of the event log in which the last epoch is searched

Stamp = tuple[int, ...]
"""Modification times of the files that a summary is read from."""


@dataclass(frozen=True)
class Summary:
    """One run in the list; unknown values are None.

    Attributes
    ----------
    data
        Name of the data set, or of its folder or file.
    began
        When the training began, in seconds since 1970, by its own record: a copy keeps it. Before
        that, when the run was created.
    wanted
        Epochs that the recipe asks for.
    accuracy, loss
        Test accuracy of the best weights, and their validation loss.
    validation_accuracy
        Of the best epoch; during the training, of the last one.
    size
        Bytes of all files in the folder.
    seconds
        The time trained, over all resumes.
    recipe
        The recipe; None if it is damaged.
    arguments
        The arguments of the design.
    parameters
        The number of weights and biases.
    message
        Why the training failed or diverged, or what is damaged; "" otherwise.
    origin
        The run that this one continues.
    rates
        The changes of the learning rate by hand during the training.
    """

    path: Path
    design: str
    data: str
    began: float
    state: State | str
    epochs: int
    wanted: int
    accuracy: float | None
    loss: float | None
    size: int
    seconds: float | None = None
    recipe: Recipe | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    parameters: int | None = None
    message: str = ""
    origin: Origin | None = None
    rates: tuple[RateChange, ...] = ()
    validation_accuracy: float | None = None


@dataclass
class Survey:
    """Summaries of the runs in a folder, cached as long as their files are unchanged.

    The caches hold one entry for each run that the folder had when it was last read.
    """

    known: dict[Path, tuple[Stamp, Summary]] = field(default_factory=dict)
    _logs: dict[Path, RateLog] = field(default_factory=dict)  # of runs that grow

    def read(self, folder: Path) -> list[Summary]:
        """Return the runs in a folder, the newest first; call it in a background thread."""
        found: dict[Path, tuple[Stamp, Summary]] = {}
        try:
            runs = list_runs(folder)
        except OSError:  # the folder was deleted meanwhile
            runs = []
        self._logs = {run.path: self._logs.get(run.path, RateLog()) for run in runs}
        for run in runs:
            stamp = _stamp(run)
            known = self.known.get(run.path)
            if known is not None and known[0] == stamp and known[1].state != "running":
                found[run.path] = known
            else:
                found[run.path] = (stamp, summarize(run, self._logs[run.path]))
        self.known = found
        return [summary for _, summary in found.values()]


def summarize(run: RunFolder, log: RateLog | None = None) -> Summary:
    """Return the summary of a run; what cannot be read is left out.

    Parameters
    ----------
    run
        The run folder.
    log
        What an earlier reading found in its events.
    """
    found: dict[str, Any] = {"design": run.path.name, "data": "", "state": "damaged", "wanted": 0}
    result: Result | None = None
    try:
        links.refuse(run.path)
    except DesignerError as error:  # not even opened: a pipe would never end
        began = _modified(run.recipe_file)
        found.update(epochs=0, accuracy=None, loss=None, message=str(error))
        return Summary(path=run.path, began=began, size=folder_bytes(run.path), **found)
    try:
        recipe = run.recipe()
        found.update(recipe=recipe, wanted=recipe.epochs, data=Path(recipe.data.source).name)
        network = run.network()
        found.update(design=network.name, parameters=network.parameters)
        found["arguments"] = _arguments(run.design)
        if (data := run.data()) is not None:
            found["data"] = data.name
        found["origin"] = run.origin()
        state = run.state()
        result = run.result() if state != "running" else None
        found["state"] = state
    except (DesignerError, OSError) as error:
        found["message"] = str(error)
    # Only who steered a run has changed its rate; the logs of 500 others need not be searched.
    if _was_steered(run.control):
        found["rates"] = (log or RateLog()).read(run.events)
    origin: Origin | None = found.get("origin")
    began = origin.began if origin is not None else 0.0
    began = began or _first_time(run.events) or _modified(run.recipe_file)
    last = _last_epoch(run.events) if result is None else _Epoch()
    best = result.best if result is not None else None
    if result is not None:
        found.update(
            epochs=result.epochs,
            seconds=result.seconds,
            accuracy=result.test.accuracy if result.test is not None else None,
            loss=best.loss if best is not None else None,
            validation_accuracy=best.accuracy if best is not None else None,
            message=result.message or "",
        )
    else:
        found.update(
            epochs=last.epoch,
            seconds=last.seconds_in_all,
            accuracy=None,
            loss=last.validation.loss if last.validation is not None else None,
            validation_accuracy=last.validation.accuracy if last.validation is not None else None,
        )
    return Summary(path=run.path, began=began, size=folder_bytes(run.path), **found)


def _was_steered(commands: Path) -> bool:
    """Return whether the learning rate was changed by a command."""
    try:
        return b'_lr"' in commands.read_bytes()
    except OSError:
        return False


class _Arguments(msgspec.Struct):
    """The arguments in a design file, whose other parts are not read."""

    arguments: dict[str, dict[str, Any]] = {}


class _Event(msgspec.Struct):
    time: float = 0.0


class _Epoch(msgspec.Struct):
    """What the list shows of the event ``epoch``."""

    epoch: int = 0
    validation: Metrics | None = None
    seconds_in_all: float | None = None  # absent in logs of version 0.1


def _arguments(design: Path) -> dict[str, Any]:
    try:
        read = msgspec.json.decode(design.read_bytes(), type=_Arguments)
    except (OSError, *UNREADABLE):
        return {}
    return {name: each["default"] for name, each in read.arguments.items() if "default" in each}


def _first_time(events: Path) -> float:
    """Return when the first event was written, 0 if there is none."""
    try:
        with events.open("rb") as file:
            return msgspec.json.decode(file.readline(_TAIL), type=_Event).time
    except (OSError, *UNREADABLE):
        return 0.0


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _stamp(run: RunFolder) -> Stamp:
    times = []
    files = (run.recipe_file, run.events, run.result_file, run.lock)
    for path in (run.path, run.last.parent, run.evaluation, *files):
        try:
            times.append(path.stat().st_mtime_ns)
        except OSError:
            times.append(0)
    return tuple(times)


def _last_epoch(path: Path) -> _Epoch:
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL))
            lines = file.read().split(b"\n")
    except OSError:
        return _Epoch()
    for line in reversed(lines):
        if b'"event":"epoch"' in line:
            try:
                return msgspec.json.decode(line, type=_Epoch)
            except UNREADABLE:
                continue
    return _Epoch()
