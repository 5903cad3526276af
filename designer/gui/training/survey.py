"""What a list of runs shows of each folder; read in the background, and only what has changed."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from designer.errors import DesignerError
from designer.runs.folder import RunFolder, State, list_runs

_TAIL = 1 << 15  # bytes at the end of the log in which the last epoch is looked for

Stamp = tuple[int, ...]


@dataclass(frozen=True)
class Summary:
    """One run in the list; what is not known is None."""

    path: Path
    design: str
    began: float
    state: State | str
    epochs: int
    wanted: int
    accuracy: float | None
    loss: float | None
    size: int


@dataclass
class Survey:
    """Summaries of the runs in a folder, kept for as long as their files stay as they are."""

    known: dict[Path, tuple[Stamp, Summary]] = field(default_factory=dict)

    def read(self, folder: Path) -> list[Summary]:
        """Return what is in a folder, the newest first; takes long, so not on the main thread."""
        found: dict[Path, tuple[Stamp, Summary]] = {}
        try:
            runs = list_runs(folder)
        except OSError:  # the folder went away meanwhile
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
    """Read what the list shows of a run; what is damaged is left out."""
    result, state = None, "damaged"
    design, wanted, began = run.path.name, 0, 0.0
    try:
        began = run.recipe_file.stat().st_mtime
        wanted = run.recipe().epochs
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
        began=began,
        state=state,
        epochs=result.epochs if result is not None else int(last.get("epoch", 0)),
        wanted=wanted,
        accuracy=result.test.accuracy if result is not None and result.test else None,
        loss=best.loss if best is not None else (last.get("validation") or {}).get("loss"),
        size=folder_bytes(run.path),
    )


def folder_bytes(path: Path) -> int:
    """Return what the files in a folder take on the disk."""
    total = 0
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    total += folder_bytes(Path(entry.path))
                else:
                    total += entry.stat(follow_symlinks=False).st_size
    except OSError:
        return total
    return total


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
