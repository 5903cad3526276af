"""Disk space of runs: the size of a folder, and pruning what an ended run no longer needs."""

import os
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from designer.errors import UNREADABLE, DesignerError
from designer.runs import lock
from designer.runs.folder import RunFolder
from designer.runs.states import ENDED
from designer.storage import unwritable, write_atomically


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """``pruned.json`` of a run.

    Attributes
    ----------
    time
        When the state was deleted, in seconds since 1970.
    size
        The bytes that this freed.
    """

    time: float
    size: int


def folder_bytes(path: Path) -> int:
    """Return the bytes of all files in a folder and its subfolders; links are not followed."""
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


def prunable_bytes(run: RunFolder) -> int:
    """Return the bytes that `prune` would free, 0 if the run cannot be pruned."""
    return 0 if refusal(run) else sum(path.lstat().st_size for path in _prunable(run))


def _prunable(run: RunFolder) -> list[Path]:
    """Return what `prune` deletes; the state comes last, by which it is seen to be done."""
    return [*map(run.kept, run.kept_epochs()), run.last]


def refusal(run: RunFolder) -> str:
    """Return why a run cannot be pruned, as a sentence; "" if it can.

    Its state is ``checkpoints/last.pt``, from which the run is resumed or trained on, and the
    weights that were kept of other epochs go with it. The weights of the best epoch,
    ``checkpoints/best.pt``, remain for the export, so there must be some.
    """
    name = run.path.name
    if run.worker() is not None:
        return f"{name} is being trained: stop it, or wait for its end."
    if not run.last.is_file():
        return f"{name} has no state to prune."
    if not run.best.is_file():
        return (
            f"{name} has no weights of a best epoch, so its last checkpoint is all that it has "
            "learned: delete the whole run instead if you do not need it."
        )
    return ""


def candidates(
    runs: Iterable[RunFolder], *, older_than_days: float = 0, now: float | None = None
) -> list[RunFolder]:
    """Return the runs that ended by themselves, can be pruned and ended so many days ago.

    Stopped and interrupted runs are left out, since they wait to be resumed.
    """
    latest = (time.time() if now is None else now) - older_than_days * 86_400
    found = []
    for run in runs:
        try:
            if run.state() in ENDED and not refusal(run) and run.last.stat().st_mtime <= latest:
                found.append(run)
        except (DesignerError, OSError):  # damaged: the list of runs says so
            continue
    return found


def prune(run: RunFolder) -> int:
    """Delete the state from which an ended run could be continued; return the bytes freed.

    The weights that were kept of single epochs are deleted, too. Curves, evaluation and the weights
    of the best epoch remain.

    Raises
    ------
    DesignerError
        The run is being trained, has no state or no weights besides it, or cannot be written.
    """
    if sentence := refusal(run):
        raise DesignerError(sentence)
    with lock.held(run.lock):  # no worker can start meanwhile
        try:
            paths = _prunable(run)
            size = sum(path.lstat().st_size for path in paths)
            record = Pruned(time=time.time(), size=size)
            write_atomically(_record(run), msgspec.json.encode(record) + b"\n")
            for path in paths:
                path.unlink()
        except OSError as error:
            raise unwritable(run.last, error) from error
    return size


def pruned(run: RunFolder) -> Pruned | None:
    """Return when the state of a run was deleted, None if it never was."""
    if run.last.exists():
        return None
    try:
        return msgspec.json.decode(_record(run).read_bytes(), type=Pruned)
    except (OSError, *UNREADABLE):
        return None


def require_state(run: RunFolder) -> None:
    """Do nothing if a run still has its state.

    Raises
    ------
    DesignerError
        The state was pruned; the sentence says when.
    """
    if (record := pruned(run)) is not None:
        day = f"{datetime.fromtimestamp(record.time):%Y-%m-%d %H:%M}"
        raise DesignerError(
            f"The run {run.path.name} cannot be continued, because its state was pruned on {day} "
            "to free disk space. Its best weights are still there: export them, or begin a new run "
            "from them with --weights or Start from."
        )


def _record(run: RunFolder) -> Path:
    return run.path / "pruned.json"
