"""What killed processes of this program left: temporary files and half-made folders.

Their names end with the number of the process, so that those of a living one are left alone.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from designer.processes import start_of

_NAMES = re.compile(
    r"\.(?:.+\.(?P<file>\d+)\.tmp|.+\.(?P<run>\d+)\.new|export-(?P<export>\d+)-\w+)"
)


def remove(folder: Path, *, all_: bool = False) -> None:
    """Remove what ended processes left in a folder, and nothing else.

    Parameters
    ----------
    folder
        It may be missing; its subfolders are not searched.
    all_
        Whether no process can be writing there now, as under the lock of a run: a process of equal
        number as one that was killed may live.
    """
    for path, pid in _found(folder):
        if all_ or pid == os.getpid() or start_of(pid) is None:
            with suppress(OSError):  # what cannot be removed does no harm
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()


def is_one(name: str) -> bool:
    """Return whether a file or folder of this name is being made, or is left of a kill."""
    return _NAMES.fullmatch(name) is not None


def _found(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield what has the name of a leftover, with the process that made it."""
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        match = _NAMES.fullmatch(name)
        if match is not None:
            number = match["file"] or match["run"] or match["export"]
            yield folder / name, int(number[:18])
