"""Summaries of run folders for the list of runs; only folders that changed are read again."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from designer.errors import DesignerError
from designer.runs.disk import folder_bytes
from designer.runs.folder import RunFolder, State, list_runs

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
        When the run was created, in seconds since 1970.
    wanted
        Epochs that the recipe asks for.
    accuracy, loss
        Test accuracy of the best weights, and their validation loss.
    size
        Bytes of all files in the folder.
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


@dataclass
class Survey:
    """Summaries of the runs in a folder, cached as long as their files are unchanged.

    The cache holds one entry for each run that the folder had when it was last read.
    """

    known: dict[Path, tuple[Stamp, Summary]] = field(default_factory=dict)

    def read(self, folder: Path) -> list[Summary]:
        """Return the runs in a folder, the newest first; call it in a background thread."""
        found: dict[Path, tuple[Stamp, Summary]] = {}
        try:
            runs = list_runs(folder)
        except OSError:  # the folder was deleted meanwhile
            runs = []
        for run in runs:
            stamp = _stamp(run)
            known = self.known.get(run.path)
            if known is not None and known[0] == stamp and known[1].state != "running":
                found[run.path] = known
            else:
                found[run.path] = (stamp, summarize(run))
        self.known = found
        return [summary for _, summary in found.values()]


def summarize(run: RunFolder) -> Summary:
    """Return the summary of a run; what cannot be read is left out."""
    result, state = None, "damaged"
    design, data, wanted, began = run.path.name, "", 0, 0.0
    try:
        began = run.recipe_file.stat().st_mtime
        recipe = run.recipe()
        wanted, data = recipe.epochs, Path(recipe.data.source).name
        design = run.network().name
        state = run.state()
        result = run.result() if state != "running" else None
    except (DesignerError, OSError):
        pass
    last = _last_epoch(run.events) if result is None else {}
    best = result.best if result is not None else None
    return Summary(
        path=run.path,
        design=design,
        data=data,
        began=began,
        state=state,
        epochs=result.epochs if result is not None else int(last.get("epoch", 0)),
        wanted=wanted,
        accuracy=result.test.accuracy if result is not None and result.test else None,
        loss=best.loss if best is not None else (last.get("validation") or {}).get("loss"),
        size=folder_bytes(run.path),
    )


def _stamp(run: RunFolder) -> Stamp:
    times = []
    for path in (run.path, run.events, run.result_file, run.lock, run.last.parent, run.evaluation):
        try:
            times.append(path.stat().st_mtime_ns)
        except OSError:
            times.append(0)
    return tuple(times)


def _last_epoch(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL))
            lines = file.read().split(b"\n")
    except OSError:
        return {}
    for line in reversed(lines):
        if b'"event":"epoch"' in line:
            try:
                return msgspec.json.decode(line, type=dict[str, Any])
            except msgspec.MsgspecError:
                continue
    return {}
