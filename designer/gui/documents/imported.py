"""What an open design was read from: its source, the report, and the weights that came along.

The weights lie in a folder of the program's own until the design is saved, which puts them beside
it. A window that was killed finds them there again, by the recipe that names them.
"""

import os
import shutil
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from designer.errors import UNREADABLE
from designer.preferences import state_folder
from designer.storage import unwritable, write_atomically

if TYPE_CHECKING:
    from designer.recipe.recipe import Recipe
    from designer.runs.import_report import ImportReport

_REPORT = "report.json"
_MOST_REPORT_BYTES = 64 * 2**20
_KEPT_DAYS = 14  # for which the weights of a window that was killed are kept


@dataclass(frozen=True)
class Imported:
    """What a design was read from.

    Attributes
    ----------
    source
        The file, or a name such as ``torchvision:resnet18``.
    report
        What was found.
    weights
        The file with its weights, by the names of the design's tensors; None if it has none.
    folder
        The program's own folder in which they were written; None if there is none.
    """

    source: str
    report: "ImportReport"
    weights: Path | None = None
    folder: Path | None = None


def new_folder() -> Path:
    """Make a folder for the weights of one network.

    Raises
    ------
    DesignerError
        The folder cannot be made.
    """
    folder = _root() / uuid.uuid4().hex
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    return folder


def keep(imported: Imported) -> None:
    """Write the report beside the weights, for a window that is opened after a crash."""
    import msgspec

    if imported.weights is not None and imported.folder is not None:
        content = msgspec.json.encode((imported.source, imported.report))
        with suppress(OSError):  # the report is shown now; only a crash would lose it
            write_atomically(imported.folder / _REPORT, content)


def of_recipe(recipe: "Recipe | None") -> Imported | None:
    """Return what was kept with the weights that a recipe starts from; None if nothing was."""
    if recipe is None or not recipe.initial_weights:
        return None
    weights = Path(recipe.initial_weights)
    if weights.parent.parent != _root():
        return None
    import msgspec

    from designer.runs.import_report import ImportReport

    try:
        with weights.with_name(_REPORT).open("rb") as file:
            content = file.read(_MOST_REPORT_BYTES)
        source, report = msgspec.json.decode(content, type=tuple[str, ImportReport])
    except (OSError, *UNREADABLE):
        return None
    return Imported(source, report, weights, weights.parent)


def put_beside(found: Imported, path: Path) -> Imported:
    """Put weights beside a design that is about to be saved, unless they lie elsewhere already.

    A link is made where the file system can, else a copy. The file in the program's own folder
    stays for trainings that were begun with it.

    Parameters
    ----------
    found
        What the design was read from.
    path
        The file that it will be saved as.

    Returns
    -------
    Imported
        The same with the new place of the weights.

    Raises
    ------
    DesignerError
        The file cannot be written.
    """
    if found.weights is None or found.weights.parent != found.folder:
        return found
    target = _free(path.absolute().with_suffix(".safetensors"), found.weights)
    if not target.exists():
        try:
            _link_or_copy(found.weights, target)
        except OSError as error:
            raise unwritable(target, error) from error
    return replace(found, weights=target)


def _free(target: Path, weights: Path) -> Path:
    """Return the first name of a target that no other file has."""
    number = 1
    found = target
    while found.exists() and not _same(found, weights):
        number += 1
        found = target.with_stem(f"{target.stem}-{number}")
    return found


def _same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def _link_or_copy(weights: Path, target: Path) -> None:
    try:
        os.link(weights, target)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, or one without links
        with weights.open("rb") as source:
            write_atomically(target, lambda file: shutil.copyfileobj(source, file, 2**20))


def discard(folder: Path | None) -> None:
    """Remove a folder that `new_folder` made, with what lies in it."""
    if folder is not None and folder.parent == _root():
        shutil.rmtree(folder, ignore_errors=True)


def remove_old() -> None:
    """Remove what windows that were killed left long ago."""
    oldest = time.time() - _KEPT_DAYS * 24 * 3600
    with suppress(OSError):
        for folder in _root().iterdir():
            with suppress(OSError):
                if folder.stat().st_mtime < oldest:
                    discard(folder)


def _root() -> Path:
    return state_folder() / "imported"
