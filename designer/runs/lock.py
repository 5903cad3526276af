"""At most one worker for a run: the worker keeps a file in its folder locked while it trains."""

from contextlib import AbstractContextManager
from pathlib import Path

from designer import file_lock, processes, system
from designer.errors import DesignerError


def held(path: Path) -> AbstractContextManager[None]:
    """Hold the lock in the file ``path`` of a run folder for this process.

    Raises
    ------
    DesignerError
        Another worker holds it, or the file cannot be written.
    """
    return file_lock.held(path, lambda path, pid: already_training(path.parent, pid))


def already_training(run: Path, pid: int | None) -> DesignerError:
    """Return the error for a run that another worker trains."""
    if pid is None:
        return DesignerError(
            f"The run {run} is being trained already, by another process: wait for its end, or end "
            "that process; its last checkpoint is kept."
        )
    if processes.is_stopped(pid):
        return DesignerError(
            f"The run {run} is being trained already, by process {pid}, which is stopped. "
            f"{system.how_to_continue(pid)} {system.how_to_end(pid)} Its last checkpoint is kept."
        )
    return DesignerError(
        f"The run {run} is being trained already, by process {pid}: wait for its end, or end that "
        "process; its last checkpoint is kept."
    )
