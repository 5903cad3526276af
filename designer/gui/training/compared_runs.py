"""Runs whose curves a dialog draws, apart from those that the training panel shows."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from designer.gui.worker.follower import Follower


class ComparedRuns(QObject):
    """Several runs for `Curves`: the first as the shown run, the others as its overlays.

    Signals
    -------
    run_changed()
        Never emitted: the first run stays the same.
    events_arrived(events), restarted()
        Those of the followed runs.
    overlays_changed()
        The state of a run has changed.
    refused(sentence)
        Curves could not be saved.
    """

    run_changed = Signal()
    overlays_changed = Signal()
    events_arrived = Signal(list)
    restarted = Signal()
    refused = Signal(str)

    def __init__(self, paths: Sequence[Path], parent: QObject) -> None:
        super().__init__(parent)
        followers = [Follower(path, self) for path in paths]
        self.shown: Follower | None = followers[0]
        self.overlays = {each.run.path: each for each in followers[1:]}
        for follower in followers:
            follower.arrived.connect(self.events_arrived)
            follower.restarted.connect(self.restarted)
            follower.changed.connect(self.overlays_changed)
