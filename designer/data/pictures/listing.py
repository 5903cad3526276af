"""The picture files that files and folders stand for."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from designer.data.pictures.files import SUFFIXES
from designer.errors import DesignerError

_NUMBERS = re.compile(r"([0-9]{1,18})")


def picture_files(paths: Iterable[Path]) -> list[Path]:
    """Return files as they are, and of each folder the pictures in it and in all its folders.

    Parameters
    ----------
    paths
        Files of any ending, whether they exist or not, and folders.

    Returns
    -------
    list of Path
        The files in the order in which they were given, those of a folder sorted by their names
        and the numbers in them, hidden ones left out.

    Raises
    ------
    DesignerError
        There is no picture in a folder.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(_inside(path), key=_natural)
        if not inside:
            endings = ", ".join(sorted(SUFFIXES))
            raise DesignerError(f"There is no picture in the folder {path} ({endings}).")
        found += inside
    return found


def _inside(path: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if Path(name).suffix.lower() in SUFFIXES and not name.startswith("."):
                yield Path(folder) / name


def _natural(path: Path) -> list[tuple[int, str]]:
    """Return a key by which ``2.png`` comes before ``10.png``."""
    pieces = _NUMBERS.split(str(path).casefold())
    return [(int(each), "") if each.isdecimal() else (-1, each) for each in pieces]
