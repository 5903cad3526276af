"""The actions on the selected runs: one row each, shown as buttons, in menus and as keys."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from designer.runs.folder import RunFolder
from designer.runs.states import RESUMABLE, TRAINED_ON
from designer.runs.survey import Summary

_RUNNING = "The run is being trained: stop it first."
_WAITING = "The run waits to be trained: remove it from the queue first."


class Panel(Protocol):
    """What the rows need of the panel with the list."""

    def waits(self, run: Summary) -> bool:
        """Return whether a run waits to be trained."""
        ...


def _none(_: Panel, __: Sequence[Summary]) -> str:
    """Refuse nothing."""
    return ""


@dataclass(frozen=True)
class RunAction:
    """A row of the table.

    Attributes
    ----------
    key, text, help
        Its name in the code, its text, and its tooltip without the key.
    shortcut
        Its key, while the list has the focus.
    refusal
        Returns why it does not apply to the selected runs, "" if it does.
    several
        Whether it applies to several runs at once.
    for_all
        Whether it does not concern the selected runs.
    in_tools
        Whether it is a button; the others are in the menu More.
    separated
        Whether a line is drawn before it in menus.
    """

    key: str
    text: str
    help: str
    shortcut: str = ""
    refusal: Callable[[Panel, Sequence[Summary]], str] = _none
    several: bool = False
    for_all: bool = False
    in_tools: bool = False
    separated: bool = False


def _cannot_compare(_: Panel, runs: Sequence[Summary]) -> str:
    return "" if len(runs) > 1 else "Tick two runs or more, or select them with Ctrl or Shift."


def snapshots(run: Summary) -> list[int]:
    """Return the epochs whose weights a run kept, without those before the first step."""
    return [epoch for epoch in RunFolder(run.path).kept_epochs() if epoch]


def _no_ensemble(panel: Panel, runs: Sequence[Summary]) -> str:
    if len(runs) == 1 and len(snapshots(runs[0])) < 2:
        return (
            "Select two runs or more with Ctrl or Shift, or a run that kept the weights of several "
            "epochs (the setting Keep weights every)."
        )
    begun = [run for run in runs if run.state == "new" or panel.waits(run)]
    return f"{begun[0].path.name} is not trained yet." if begun else ""


def _cannot_resume(panel: Panel, runs: Sequence[Summary]) -> str:
    for run in runs:
        if run.state == "running":
            return _RUNNING
        if panel.waits(run):
            return "The run waits already: it starts when its turn comes."
        if run.state not in RESUMABLE:
            return "The run is complete: train it on for more epochs."
    return ""


def _cannot_train_on(panel: Panel, runs: Sequence[Summary]) -> str:
    run = runs[0]
    if run.state == "running":
        return _RUNNING
    if panel.waits(run):
        return _WAITING
    if run.state in TRAINED_ON and not RunFolder(run.path).last.exists():
        return "Its last checkpoint was deleted to free disk space: begin a new training."
    if run.state in TRAINED_ON:
        return ""
    if run.state == "diverged":
        return "The run diverged: begin a new one with a lower learning rate."
    return "The run has not ended: resume it instead."


def _cannot_move_folder(panel: Panel, runs: Sequence[Summary]) -> str:
    if any(run.state == "running" for run in runs):
        return _RUNNING
    return _WAITING if any(map(panel.waits, runs)) else ""


def _not_waiting(panel: Panel, runs: Sequence[Summary]) -> str:
    return "" if all(map(panel.waits, runs)) else "The run does not wait in the queue."


RUN_ACTIONS = (
    RunAction(
        "show", "Show", "Show the curves and the evaluation.", "Return", several=True, in_tools=True
    ),
    RunAction(
        "compare",
        "Compare",
        "Draw the curves of the selected runs, or of those ticked and shown, together, and list "
        "what differs.",
        "C",
        _cannot_compare,
        several=True,
        in_tools=True,
    ),
    RunAction(
        "resume",
        "Resume",
        "Continue from the last checkpoint.",
        refusal=_cannot_resume,
        several=True,
        in_tools=True,
    ),
    RunAction(
        "train_on",
        "Train on…",
        "Continue for more epochs, in a new run that begins from all of this one's state.",
        refusal=_cannot_train_on,
        in_tools=True,
    ),
    RunAction("export", "Export…", "Write model files of the best epoch.", in_tools=True),
    RunAction(
        "delete",
        "Delete…",
        "Move the folders to the trash, after a confirmation.",
        "Del",
        _cannot_move_folder,
        several=True,
        in_tools=True,
    ),
    RunAction(
        "tick",
        "Draw together",
        "Draw the curves together with those shown, or stop that.",
        "Space",
        several=True,
        separated=True,
    ),
    RunAction(
        "ensemble",
        "Evaluate as ensemble",
        "Evaluate the mean of the probabilities of the selected runs on the test part of the first "
        "one; of a single run, that of the epochs whose weights it kept.",
        refusal=_no_ensemble,
        several=True,
    ),
    RunAction(
        "export_ensemble",
        "Export ensemble…",
        "Write model files of one network that gives the mean of the probabilities of the selected "
        "runs, or of the epochs whose weights a single run kept.",
        refusal=_no_ensemble,
        several=True,
    ),
    RunAction("design", "Open design", "Open the design that was trained, with its recipe."),
    RunAction("rename", "Rename", "Rename the folder.", "F2", _cannot_move_folder),
    RunAction("reveal", "Open folder", "Show the folder in the file manager."),
    RunAction(
        "train_now",
        "Train now",
        "Start this waiting training before all others.",
        refusal=_not_waiting,
        separated=True,
    ),
    RunAction(
        "sooner",
        "Sooner",
        "Move this waiting training before the previous one.",
        "Alt+Up",
        _not_waiting,
    ),
    RunAction(
        "later",
        "Later",
        "Move this waiting training behind the next one.",
        "Alt+Down",
        _not_waiting,
    ),
    RunAction(
        "unqueue",
        "Remove from queue",
        "Let these trainings wait no more; their folders stay.",
        refusal=_not_waiting,
        several=True,
    ),
    RunAction(
        "space",
        "Free disk space…",
        "Delete checkpoints of ended runs, and show what that frees.",
        for_all=True,
        separated=True,
    ),
)
