"""What the networks that are looked into, and their weights, are called in the window."""

from pathlib import Path

import msgspec

from designer.runs.folder import RunFolder
from designer.runs.inspection import BEST, EPOCH, LAST, Subject


def weights_of(subject: Subject) -> list[str]:
    """Return the weights that a run has, as `Subject.weights`: kept epochs, the last, the best.

    Of a design there is no choice.
    """
    if not subject.run:
        return []
    run = RunFolder(Path(subject.run))
    kept = [f"{EPOCH}{number}" for number in run.kept_epochs()]
    found = [*kept, *([LAST] if run.last.exists() else []), *([BEST] if run.best.exists() else [])]
    return found or [BEST]


def weights_words(subject: Subject) -> str:
    """Return what weights a network has, in a few words."""
    if subject.run:
        if subject.weights.startswith(EPOCH):
            number = subject.weights.removeprefix(EPOCH)
            return "before training" if number == "0" else f"epoch {number}"
        return {BEST: "best epoch", LAST: "last checkpoint"}.get(subject.weights, subject.weights)
    return Path(subject.weights).name if subject.weights else "fresh weights"


def network_words(subject: Subject) -> str:
    """Return what a network is called: its run, or its design."""
    if subject.run:
        return Path(subject.run).name
    return str(msgspec.json.decode(subject.design, type=_Named).name)


class _Named(msgspec.Struct):
    name: str = "This design"
