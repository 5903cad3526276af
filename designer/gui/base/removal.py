"""Deleting folders: into the trash, or for good where there is none."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QFile

from designer.errors import DesignerError

Check = Callable[[Path], object]
"""Raises DesignerError for a folder that must not be deleted now."""


def to_trash(paths: Sequence[Path], check: Check) -> list[Path]:
    """Move folders to the trash; return those for which there is none."""
    return [path for path in paths if _exists(path) and not _moved(path, check)]


def _moved(path: Path, check: Check) -> bool:
    check(path)
    moved = QFile.moveToTrash(str(path))
    return bool(moved[0] if isinstance(moved, tuple) else moved)


def for_good(paths: Sequence[Path], check: Check) -> None:
    """Delete folders; of a link to a folder, only the link.

    Raises
    ------
    DesignerError
        A folder is in use, or the file system refuses. The folders before it are deleted.
    """
    for path in paths:
        check(path)
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
