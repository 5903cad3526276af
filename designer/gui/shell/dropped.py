"""What a dropped or pasted path is: a design, another network, a run, weights or a data set."""

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Literal

from designer.errors import DesignerError
from designer.runs.folder import RunFolder

Kind = Literal["design", "designs", "network", "run", "runs", "weights", "picture", "data"]

WEIGHTS = (".pt", ".pth", ".ckpt", ".safetensors")
_LOOKED_AT = 200  # entries of a folder, as folders of pictures have many


def kind_of(path: Path) -> Kind:
    """Return what a path seems to be, judged by its name or, for a folder, by what lies in it.

    Everything that is nothing else is taken for a data set: opening it says what it lacks.
    """
    if path.is_dir():
        return _kind_of_folder(path)
    if path.suffix.lower() == ".json":
        return "design"
    if path.suffix.lower() in WEIGHTS:
        return "weights"
    if can_be_opened(path):
        return "network"
    return "picture" if _is_picture(path) else "data"


def can_be_opened(path: Path) -> bool:
    """Tell whether a file is of a kind that is opened as a network, besides design files."""
    from designer.readers import sources  # not needed for the first sight of the window

    return path.suffix.lower() in sources.suffixes()


def _kind_of_folder(path: Path) -> Kind:
    if _is_run(path):
        return "run"
    entries = list(islice(_entries(path), _LOOKED_AT))
    folders = [entry for entry in entries if entry.is_dir()]
    if folders and all(_is_run(folder) for folder in folders):
        return "runs"
    if entries and all(entry.suffix.lower() == ".json" for entry in entries):
        return "designs"
    return "data"


def _is_run(path: Path) -> bool:
    with suppress(DesignerError, OSError):
        RunFolder.open(path)
        return True
    return False


def _entries(path: Path) -> Iterator[Path]:
    """Yield the visible entries of a folder; none of one that may not be read."""
    with suppress(OSError), os.scandir(path) as found:
        for entry in found:
            if not entry.name.startswith("."):
                yield Path(entry.path)


def _is_picture(path: Path) -> bool:
    from designer.data.pictures import SUFFIXES  # with numpy, which takes 0.1 s

    return path.suffix.lower() in SUFFIXES


def pasted_paths(text: str) -> list[Path]:
    """Return the path that a text on the clipboard consists of, none if it is no path here."""
    line = text.strip().strip("\"'").removeprefix("file://")
    if not line or "\n" in line or len(line) > 4096:
        return []
    path = Path(line).expanduser()
    with suppress(OSError, ValueError):
        if path.is_absolute() and path.exists():
            return [path]
    return []
