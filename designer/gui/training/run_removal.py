"""Deleting run folders: into the trash, or for good where there is none."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QFile

from designer.errors import DesignerError
from designer.processes import is_stopped
from designer.runs.folder import RunFolder
from designer.runs.lock import already_training


def to_trash(paths: Sequence[Path]) -> list[Path]:
    """Move run folders to the trash; return those for which there is none."""
    return [path for path in paths if _exists(path) and not _moved(path)]


def _moved(path: Path) -> bool:
    _check(path)
    moved = QFile.moveToTrash(str(path))
    return bool(moved[0] if isinstance(moved, tuple) else moved)


def for_good(paths: Sequence[Path]) -> None:
    """Delete run folders; of a link to a folder, only the link.

    Raises
    ------
    DesignerError
        A run is being trained, or the file system refuses. The runs before it are deleted.
    """
    for path in paths:
        _check(path)
        try:
            if path.is_symlink():
                path.unlink()
            elif path.exists():
                shutil.rmtree(path)
        except OSError as error:
            raise DesignerError(
                f"{error.filename or path} cannot be deleted ({error.strerror}): "
                "close the programs that use it and try again."
            ) from error


def _exists(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _check(path: Path) -> None:
    pid = RunFolder(path).worker()
    if pid is not None and is_stopped(pid):  # it obeys no command
        raise already_training(path, pid)
    if pid is not None:
        raise DesignerError(f"{path.name} is being trained: stop it first.")
