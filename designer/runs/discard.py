"""Removing run folders of trainings that were refused before their first step."""

import shutil
from contextlib import suppress

from designer.errors import DesignerError
from designer.runs.events import read_events
from designer.runs.folder import RunFolder


def discard_refused(run: RunFolder, *, leave_folder: bool = False) -> bool:
    """Remove a new run that its worker refused, with a sentence, before its first step.

    Runs that took a step are left, and so are those that failed by a defect, whose log is wanted.

    Parameters
    ----------
    run
        A run that this program created for the training that was refused.
    leave_folder
        Whether the empty folder stays, because it was there before the run.

    Returns
    -------
    bool
        Whether the run was removed.
    """
    with suppress(DesignerError):
        if run.worker() is not None or _has_begun(run):
            return False
        shutil.rmtree(run.path, ignore_errors=True)
        if leave_folder:
            with suppress(OSError):
                run.path.mkdir(exist_ok=True)
        return True
    return False


def _has_begun(run: RunFolder) -> bool:
    """Return whether a run trained, or failed in a way that is to be looked into."""
    events = read_events(run.events)
    if (origin := run.origin()) is not None:  # its log begins with that of its parent
        own = (event for event in events if event.get("event") == "train_on")
        return any(event.get("parent") == origin.parent for event in own)
    if run.last.exists() or not events:
        return True
    return not (events[-1].get("event") == "failed" and events[-1].get("before_start") is True)
