"""Starting a study as a process of its own, which goes on when this process ends."""

import subprocess

from designer.runs import launch
from designer.storage import unwritable
from designer.studies.folder import StudyFolder

_children: list["subprocess.Popen[bytes]"] = []  # referenced, so that ended processes are reaped


def start(folder: StudyFolder) -> None:
    """Run a study by ``netdesigner study run``; its errors go to ``process.log``.

    Raises
    ------
    DesignerError
        The folder cannot be written.
    """
    _children[:] = [child for child in _children if child.poll() is None]
    try:
        with folder.process_log.open("wb") as log:
            child = launch.spawn(
                "designer",
                *("study", "run", str(folder.path.absolute())),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
    except OSError as error:
        raise unwritable(folder.process_log, error) from error
    _children.append(child)


def is_starting(folder: StudyFolder) -> bool:
    """Tell whether this process started a process for a study that has not ended."""
    path = str(folder.path.absolute())
    return any(
        isinstance(child.args, list) and child.args[-1] == path and child.poll() is None
        for child in _children
    )


def failure(folder: StudyFolder) -> str:
    """Return why the last process that was started for a study failed, "" if it did not."""
    try:
        lines = folder.process_log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line for line in reversed(lines) if line.strip()), "")
