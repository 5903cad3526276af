"""The folder of studies on the command line: finding studies by name, and listing them."""

import difflib
from pathlib import Path

from designer import system
from designer.cli import runs, trust
from designer.errors import DesignerError
from designer.studies.folder import StudyFolder, is_study, list_studies


def root(chosen: str | None) -> Path:
    """Return the folder of studies, which lies in the folder of runs; see `runs.folder`."""
    return runs.folder(chosen) / "studies"


def find(text: str, chosen: str | None = None) -> StudyFolder:
    """Return a study by its path, or by its name alone if it lies in the folder of studies.

    Raises
    ------
    DesignerError
        There is no such study.
    """
    path = Path(text).expanduser().absolute()
    folder = root(chosen)
    if not is_study(path) and runs.is_name(text) and (folder / text).is_dir():
        path = folder / text
    if not path.is_dir() and runs.is_name(text):
        close = difflib.get_close_matches(text, names(chosen), n=1)
        remedy = (
            f"did you mean {system.quoted(close[0])}?" if close else "see: netdesigner study list."
        )
        raise DesignerError(
            f"There is no study '{text}' in {folder}, and no such folder here; {remedy}"
        )
    found = StudyFolder.open(path)
    if trust.asked():
        for design in found.read_designs().values():
            trust.trust_if_asked(design)
    return found


def names(chosen: str | None = None) -> list[str]:
    """Return the names of the studies in the folder of studies, the newest first."""
    return [each.path.name for each in list_studies(root(chosen))]


def reference(path: Path) -> str:
    """Return a study as it is typed: its name in the folder of studies, elsewhere its path."""
    return system.quoted(path.name if path.parent == root(None) else str(path))
