"""The dialog that trains a run on: for how many more epochs, and at which learning rate."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from designer.errors import DesignerError
from designer.gui.base import background, numbers
from designer.gui.base.boxes import SpinBox
from designer.gui.worker.trainer import Trainer
from designer.recipe.recipe import Recipe
from designer.recipe.schedules import SCHEDULES, position, rate_at
from designer.runs.events import Event, read_events
from designer.runs.folder import RunFolder

_MOST = 1_000_000  # epochs


@dataclass(frozen=True)
class Parent:
    """What the dialog must know of the run to be trained on.

    Attributes
    ----------
    epochs, steps
        How many were done.
    steps_per_epoch
        Steps of an epoch; the last epoch may not have been trained to its end.
    rate
        The rate at which it continues, if that is not the schedule's alone; else None.
    factor
        By how much the rates of the schedule are multiplied, as one was typed.
    """

    recipe: Recipe
    epochs: int
    steps: int
    steps_per_epoch: int
    rate: float | None
    factor: float = 1.0

    def continued_rate(self, more: int, base: float | None = None) -> float:
        """Return the rate of the first further step.

        Parameters
        ----------
        more
            The number of further epochs.
        base
            The rate of the recipe, if it is changed; what was typed is forgotten then.
        """
        if base is None and self.rate is not None:
            return self.rate
        per_epoch = self.steps_per_epoch
        schedule = self.recipe.schedule
        at = position(
            schedule,
            base=self.recipe.optimizer.learning_rate if base is None else base,
            step=self.steps,
            epochs=self.epochs + more,
            steps_per_epoch=per_epoch,
        )
        return rate_at(schedule, at) * (self.factor if base is None else 1.0)

    def base_for(self, rate: float, more: int) -> float:
        """Return the rate of the recipe with which the first further step has a given rate.

        A schedule's rate is linear in that of the recipe.
        """
        base = self.recipe.optimizer.learning_rate
        now = self.continued_rate(more, base)
        slope = (self.continued_rate(more, 2 * base) - now) / base
        wanted = base + (rate - now) / slope if slope > 0 else rate
        return wanted if wanted > 0 else rate


def read_parent(run: RunFolder) -> Parent:
    """Read what the dialog must know of a run; in a thread, as event logs can be long.

    Raises
    ------
    DesignerError
        The run has not ended, or a file of it is damaged.
    """
    recipe, result = run.recipe(), run.result()
    if result is None:
        raise DesignerError(f"{run.path.name} has not ended: resume it instead of training on.")
    events = read_events(run.events)
    starts = [event for event in events if event.get("event") == "start"]
    per_epoch = starts[-1].get("steps_per_epoch") if starts else None
    if not isinstance(per_epoch, int) or per_epoch < 1:
        raise DesignerError(
            f"{run.events} does not say how many steps an epoch has: restore the file, or begin a "
            "new run that starts from this run's best weights."
        )
    changes = [event for event in events if event.get("event") == "lr"]
    factor = changes[-1].get("factor", 1.0) if changes else 1.0
    rate = _own_rate(recipe, events)
    return Parent(recipe, result.epochs, result.steps, per_epoch, rate, factor)


def _own_rate(recipe: Recipe, events: Sequence[Event]) -> float | None:
    """Return the rate at which a run continues if its schedule alone does not say it."""
    changes = [event for event in events if event.get("event") == "lr"]
    if changes and changes[-1].get("by_hand") is True:
        rate = changes[-1].get("lr")
    elif (changes and "by_hand" not in changes[-1]) or recipe.schedule.name == "reduce_on_plateau":
        # Version 0.1 scaled the schedule; a plateau's reductions are only in the rates of steps.
        rate = next((each.get("lr") for each in reversed(events) if each["event"] == "step"), None)
    else:
        rate = None
    return rate if isinstance(rate, float) else None


class TrainOnDialog(QDialog):
    """Asks for the further epochs of a run and its rate, and lets the trainer begin the child."""

    def __init__(self, trainer: Trainer, path: Path, window: QWidget | None = None) -> None:
        super().__init__(window, objectName="train-on")
        self.setWindowTitle("Train on")
        self.trainer = trainer
        self.run = RunFolder.open(path)
        self.parent_run: Parent | None = None
        self.sentence = _label("train-on-sentence", f"Reading {path.name} …")
        self.epochs = SpinBox(objectName="train-on-epochs")
        self.epochs.setRange(1, _MOST)
        self.epochs.setAccessibleName("More epochs")
        self.epochs.valueChanged.connect(self._show_rate)
        self.rate = QLineEdit(objectName="train-on-rate")
        self.rate.setAccessibleName("Learning rate")
        self.rate.setToolTip(
            "The learning rate of the first further step; the schedule continues from it."
        )
        self.rate.textEdited.connect(self._typed)
        self.note = _label("train-on-note", "", role="soft")
        self.wrong = _label("train-on-wrong", "", role="warning")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.begin = QPushButton("Add to the queue" if trainer.occupied else "Train on")
        self.begin.setObjectName("train-on-begin")
        self.begin.setDefault(True)
        self.begin.setProperty("primary", True)
        buttons.addButton(self.begin, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self._begin)
        buttons.rejected.connect(self.reject)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("More epochs", self.epochs)
        form.addRow("Learning rate", self.rate)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(12)
        column.addWidget(self.sentence)
        column.addLayout(form)
        column.addWidget(self.note)
        column.addWidget(self.wrong)
        column.addStretch(1)
        column.addWidget(buttons)
        self.resize(60 * self.fontMetrics().averageCharWidth(), self.sizeHint().height())
        self._check()
        run = self.run
        background.run(self, lambda: read_parent(run), self._has_read, self._not_done)

    @classmethod
    def ask(cls, trainer: Trainer, path: Path, window: QWidget) -> None:
        """Open the dialog for a run above a window; raise DesignerError if it is no run."""
        dialog = cls(trainer, path, window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _has_read(self, parent: Parent) -> None:
        self.parent_run = parent
        number = "1 epoch" if parent.epochs == 1 else f"{parent.epochs} epochs"
        self.sentence.setText(
            f"{self.run.path.name} was trained for {number}. A new run continues it from all of "
            "its state; the run itself stays as it is."
        )
        schedule = SCHEDULES[parent.recipe.schedule.name]
        self.note.setText(
            "The rate stays as it is."
            if schedule.name == "constant"
            else f"The schedule ({schedule.title}) continues as if all epochs had been planned "
            "from the beginning."
        )
        self.epochs.setValue(parent.recipe.epochs)
        self.epochs.selectAll()
        self.epochs.setFocus()
        self._show_rate()
        self._check()

    def _show_rate(self) -> None:
        if self.parent_run is not None and not self.rate.isModified():
            self.rate.setText(f"{self.parent_run.continued_rate(self.epochs.value()):.3g}")

    def _typed(self) -> None:
        if not self.rate.text().strip():
            self.rate.setModified(False)  # the rate at which it would continue comes back
        self._check()

    def _check(self) -> None:
        wrong = self.rate.isModified() and _number(self.rate.text()) is None
        self.wrong.setText("The learning rate must be a number above 0: type another.")
        self.wrong.setVisible(wrong)
        self.begin.setEnabled(self.parent_run is not None and not wrong)

    def _begin(self) -> None:
        rate, more = _number(self.rate.text()), self.epochs.value()
        changes: dict[str, Any] = {}
        if self.rate.isModified() and rate is not None and self.parent_run is not None:
            changes["optimizer.learning_rate"] = self.parent_run.base_for(rate, more)
        self.begin.setEnabled(False)
        trainer, path = self.trainer, self.run.path
        background.run(
            self, lambda: trainer.write_child(path, more, changes), self._has_begun, self._not_done
        )

    def _has_begun(self, path: Path) -> None:
        self.trainer.train(path, resume=True)
        self.trainer.runs_changed.emit()
        self.accept()

    def _not_done(self, sentence: str) -> None:
        self._check()
        self.wrong.setText(sentence)
        self.wrong.show()
        # A layout of labels that break their lines does not make its window grow by itself.
        self.resize(self.width(), max(self.height(), self.heightForWidth(self.width())))


def _label(name: str, text: str, *, role: str = "") -> QLabel:
    label = QLabel(text, objectName=name, wordWrap=True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        label.setProperty("role", role)
    return label


def _number(text: str) -> float | None:
    """Return a rate above 0 from its text, None if it is none."""
    try:
        rate = numbers.typed(text)
    except ValueError:
        return None
    return rate if 0 < rate < float("inf") else None
