"""Deleting run folders: into the trash, or for good where there is none."""

from collections.abc import Sequence
from pathlib import Path

from designer.errors import DesignerError
from designer.gui.base import removal
from designer.processes import is_stopped
from designer.runs.folder import RunFolder
from designer.runs.lock import already_training


def to_trash(paths: Sequence[Path]) -> list[Path]:
    """Move run folders to the trash; return those for which there is none."""
    return removal.to_trash(paths, _check)


def for_good(paths: Sequence[Path]) -> None:
    """Delete run folders; see `removal.for_good`."""
    removal.for_good(paths, _check)


def _check(path: Path) -> None:
    pid = RunFolder(path).worker()
    if pid is not None and is_stopped(pid):  # it obeys no command
        raise already_training(path, pid)
    if pid is not None:
        raise DesignerError(f"{path.name} is being trained: stop it first.")
