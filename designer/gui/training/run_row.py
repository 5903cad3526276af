"""A row in the list of runs."""

from datetime import datetime
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTreeWidgetItem

from designer.gui.base import numbers
from designer.runs.survey import Summary

WORDS = {"early_stopped": "stopped early", "new": "not started"}
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class RunRow(QTreeWidgetItem):
    """One run: sorted by its numbers and times rather than by their texts.

    Attributes
    ----------
    run
        What the row shows.
    keys
        The values of the columns to sort by.
    """

    def __init__(self, run: Summary) -> None:
        accuracy = "" if run.accuracy is None else f"{100 * run.accuracy:.2f} %"
        loss = "" if run.loss is None else f"{run.loss:.4f}"
        super().__init__(
            [
                run.path.name,
                run.design,
                WORDS.get(run.state, run.state),
                f"{run.epochs} / {run.wanted}",
                accuracy,
                loss,
                numbers.size(run.size),
                f"{datetime.fromtimestamp(run.began):%Y-%m-%d %H:%M}",
            ]
        )
        self.keys: tuple[Any, ...] = (
            run.path.name,
            run.design,
            run.state,
            run.epochs,
            -1.0 if run.accuracy is None else run.accuracy,
            float("inf") if run.loss is None else run.loss,
            run.size,
            run.began,
        )
        self.run = run
        self.setFlags(self.flags() | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEditable)
        self.setToolTip(
            0, f"{run.path}\nTick the run to draw its curves together with those shown."
        )
        for column in range(3, 7):
            self.setTextAlignment(column, _RIGHT)

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, RunRow):
            return NotImplemented
        column = self.treeWidget().sortColumn()
        return bool(self.keys[column] < other.keys[column])
