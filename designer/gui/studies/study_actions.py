"""The actions on the chosen study: one row each, shown as buttons, in menus and as keys."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from designer.gui.studies.listing import Entry

_RUNNING = "The study is running: stop it first."


@dataclass(frozen=True)
class StudyAction:
    """A row of the table.

    Attributes
    ----------
    key, text, icon, help
        Its name in the code, its text, its icon, and its tooltip without the key.
    shortcut
        Its key, while the list has the focus.
    refusal
        Returns why it does not apply to the chosen study, "" if it does.
    """

    key: str
    text: str
    icon: str
    help: str
    refusal: "Callable[[Entry], str]" = lambda _: ""
    shortcut: str = ""


def _cannot_start(entry: "Entry") -> str:
    if entry.progress is None:
        return entry.fault
    if entry.runs:
        return "The study is running already."
    return "All its trainings have ended." if entry.stage == "finished" else ""


def _cannot_stop(entry: "Entry") -> str:
    return "" if entry.runs else "The study is not running."


def _cannot_delete(entry: "Entry") -> str:
    return _RUNNING if entry.runs else ""


STUDY_ACTIONS = (
    StudyAction(
        "start",
        "Start",
        "play",
        "Run the study, or go on where it stopped. It goes on when this window is closed.",
        _cannot_start,
    ),
    StudyAction(
        "stop",
        "Stop",
        "stop",
        "Stop its trainings with a checkpoint, from which they go on later.",
        _cannot_stop,
    ),
    StudyAction(
        "delete",
        "Delete",
        "delete",
        "Move the study with all its runs to the trash.",
        _cannot_delete,
        "Delete",
    ),
    StudyAction("reveal", "Open folder", "folder", "Show its folder in the file manager."),
)
