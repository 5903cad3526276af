"""The dialog that deletes checkpoints of ended runs, and shows what that frees."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from designer.errors import DesignerError
from designer.gui.base import background, numbers
from designer.gui.base.boxes import SpinBox
from designer.gui.worker.trainer import Trainer
from designer.runs import disk
from designer.runs.folder import RunFolder, list_runs

_DAYS = 100_000
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True)
class Candidate:
    """A run whose checkpoint can be deleted, and the bytes of it and of the whole run."""

    path: Path
    freed: int
    size: int


class DiskDialog(QDialog):
    """A list of ended runs with ticks; their checkpoints will be deleted, all else remains."""

    def __init__(self, trainer: Trainer, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="disk")
        self.setWindowTitle("Free disk space")
        self.trainer = trainer
        words = QLabel(
            "A checkpoint holds the whole state of a training: a run without it can be shown, "
            "compared and exported, but neither resumed nor trained on. Weights that were kept of "
            "other epochs than the best are deleted with it. Runs that were stopped or "
            "interrupted are not listed, since they wait to be resumed.",
            wordWrap=True,
        )
        self.days = SpinBox(objectName="disk-days")
        self.days.setRange(0, _DAYS)
        self.days.setSuffix(" days")
        self.days.setAccessibleName("Ended more than so many days ago")
        self.days.valueChanged.connect(self._read)
        line = QHBoxLayout()
        label = QLabel("Runs that ended more than")
        label.setBuddy(self.days)
        line.addWidget(label)
        line.addWidget(self.days)
        line.addWidget(QLabel("ago"))
        line.addStretch(1)
        self.list = QTreeWidget(objectName="disk-list")
        self.list.setAccessibleName("Runs whose checkpoint can be deleted")
        self.list.setHeaderLabels(("Run", "Checkpoint", "Whole run"))
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for number in (1, 2):
            self.list.headerItem().setTextAlignment(number, _RIGHT)
        self.list.itemChanged.connect(self._show_sum)
        self.sum = QLabel("Measuring the runs …", objectName="disk-sum", wordWrap=True)
        self.sum.setTextFormat(Qt.TextFormat.PlainText)
        self.delete = QPushButton("Delete checkpoints", objectName="disk-delete")
        self.delete.setEnabled(False)
        self.delete.setAutoDefault(False)
        self.delete.clicked.connect(self._delete)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.delete, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        column.addWidget(words)
        column.addLayout(line)
        column.addWidget(self.list, 1)
        column.addWidget(self.sum)
        column.addWidget(buttons)
        self.resize(620, 440)
        self._read()

    def chosen(self) -> list[Candidate]:
        """Return the runs with a tick."""
        items = (self.list.topLevelItem(i) for i in range(self.list.topLevelItemCount()))
        return [
            item.data(0, Qt.ItemDataRole.UserRole)
            for item in items
            if item is not None and item.checkState(0) == Qt.CheckState.Checked
        ]

    def _read(self) -> None:
        folder, days = self.trainer.runs_folder, self.days.value()
        waiting = set(self.trainer.queue.runs)
        background.run(
            self,
            lambda: [each for each in _candidates(folder, days) if each.path not in waiting],
            lambda found: self._has_read(days, found),
            self.sum.setText,
        )

    def _has_read(self, days: int, found: Sequence[Candidate]) -> None:
        if days != self.days.value():
            return  # another number was typed meanwhile
        self.list.blockSignals(True)
        self.list.clear()
        for each in sorted(found, key=lambda each: each.freed, reverse=True):
            texts = [each.path.name, numbers.size(each.freed), numbers.size(each.size)]
            item = QTreeWidgetItem(texts)
            item.setData(0, Qt.ItemDataRole.UserRole, each)
            item.setCheckState(0, Qt.CheckState.Checked)
            item.setTextAlignment(1, _RIGHT)
            item.setTextAlignment(2, _RIGHT)
            self.list.addTopLevelItem(item)
        self.list.blockSignals(False)
        self._show_sum()

    def _show_sum(self) -> None:
        chosen = self.chosen()
        size = numbers.size(sum(each.freed for each in chosen))
        if not self.list.topLevelItemCount():
            text = "There is no checkpoint to delete."
        elif len(chosen) == 1:
            text = f"1 checkpoint will be deleted for good; this frees {size}."
        else:
            count = numbers.count(len(chosen))
            text = f"{count} checkpoints will be deleted for good; this frees {size}."
        self.sum.setText(text)
        self.delete.setEnabled(bool(chosen))

    def _delete(self) -> None:
        self.delete.setEnabled(False)
        runs = [RunFolder(each.path) for each in self.chosen()]
        background.run(self, lambda: _prune(runs), self._has_deleted, self.sum.setText)

    def _has_deleted(self, found: tuple[int, list[str]]) -> None:
        freed, problems = found
        self.trainer.runs_changed.emit()
        self.trainer.reported.emit(f"{numbers.size(freed)} were freed.")
        if problems:
            self.trainer.refused.emit(" ".join(problems))
        self.accept()


def _candidates(folder: Path, days: int) -> list[Candidate]:
    runs = disk.candidates(list_runs(folder), older_than_days=days)
    return [
        Candidate(run.path, disk.prunable_bytes(run), disk.folder_bytes(run.path)) for run in runs
    ]


def _prune(runs: Sequence[RunFolder]) -> tuple[int, list[str]]:
    """Delete checkpoints; return the bytes freed, and why some could not be deleted."""
    freed, problems = 0, []
    for run in runs:
        try:
            freed += disk.prune(run)
        except DesignerError as error:
            problems.append(str(error))
    return freed, problems
