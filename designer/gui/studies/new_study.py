"""The form of a new study: what varies, how candidates are compared, and what that takes."""

import statistics
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from designer.errors import DesignerError
from designer.gui.base import background, numbers, screens
from designer.gui.base.theme import sans
from designer.gui.documents.workspace import Workspace
from designer.gui.studies import starting, wording
from designer.gui.studies.field_tree import FieldTree
from designer.gui.studies.how_form import HowForm
from designer.gui.studies.page import put_behind
from designer.gui.studies.varied_row import VariedRow
from designer.gui.worker.trainer import Trainer
from designer.recipe.recipe import Recipe
from designer.runs.survey import Survey
from designer.runs.wording import duration
from designer.studies import fields, folder
from designer.studies.answers.wording import listed, uncapitalized
from designer.studies.candidates import costs_of
from designer.studies.folder import StudyFolder
from designer.studies.grids import grid_size
from designer.studies.protocols import replicates
from designer.studies.samplers import SAMPLERS
from designer.studies.spec import Study

_SIZE = (1020, 720)  # pixels
_SOON_MS = 150  # from the last key until the study is checked


class NewStudyDialog(QDialog):
    """A study of the current design with its recipe.

    Signals
    -------
    begun(path)
        A study was written to this folder.

    Attributes
    ----------
    rows
        The editors of the fields that vary, by name.
    """

    begun = Signal(Path)

    def __init__(
        self, workspace: Workspace, trainer: Trainer, root: Path, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, objectName="new-study")
        self.setWindowTitle("New study")
        self._root = root
        self.design = workspace.design
        self.recipe = trainer.own(workspace.recipe)
        self.fields = {each.name: each for each in fields.all_fields(self.design, self.recipe)}
        self.rows: dict[str, VariedRow] = {}
        self._seconds: float | None = None  # of a training, as earlier runs tell
        analysis = workspace.analysis
        costs = costs_of(analysis.totals, self.recipe) if analysis.valid else {}
        self.name = QLineEdit(objectName="study-name")
        self.name.setAccessibleName("Name of the study")
        self.name.setPlaceholderText("Its name, such as what is asked")
        self.tree = FieldTree(list(self.fields.values()))
        self.tree.ticked.connect(self._ticked)
        self.how = HowForm(costs, accuracy=self.recipe.data.targets not in ("numbers", "input"))
        self.how.changed.connect(self._soon)
        self.summary = QLabel(objectName="study-summary", wordWrap=True)
        self.error = QLabel(objectName="study-error", wordWrap=True)
        for label in (self.summary, self.error):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.error.setProperty("role", "error")
        self.start = QPushButton("Start", objectName="study-start")
        self.start.setProperty("primary", True)
        self.start.clicked.connect(lambda: self._begin(run=True))
        self.create_ = QPushButton("Create only", objectName="study-create")
        self.create_.setToolTip("Write the study, to be started later or elsewhere.")
        self.create_.setAutoDefault(False)
        self.create_.clicked.connect(lambda: self._begin(run=False))
        self._timer = QTimer(self, interval=_SOON_MS, singleShot=True)
        self._timer.timeout.connect(self.check)
        self.name.textChanged.connect(lambda _: self._soon())
        self._lay_out()
        self.check()
        runs, design, recipe = trainer.runs_folder, self.design.name, self.recipe
        background.run(self, lambda: _seconds_of(runs, design, recipe), self._has_read)

    def _lay_out(self) -> None:
        inner = QWidget()
        down = QVBoxLayout(inner)
        down.setContentsMargins(4, 0, 8, 4)
        down.setSpacing(6)
        heading = QLabel("What varies")
        heading.setFont(sans(1.05, bold=True))
        down.addWidget(heading)
        self.hint = QLabel(
            "Tick fields on the left. Without any, a study repeats the training by its protocol.",
            wordWrap=True,
        )
        self.hint.setProperty("role", "faint")
        down.addWidget(self.hint)
        self.varied = QVBoxLayout()
        self.varied.setSpacing(6)
        down.addLayout(self.varied)
        down.addSpacing(6)
        heading = QLabel("How")
        heading.setFont(sans(1.05, bold=True))
        down.addWidget(heading)
        down.addWidget(self.how)
        down.addStretch(1)
        self.area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        self.area.setObjectName("study-form")
        self.area.setWidget(inner)
        split = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        split.addWidget(self.tree)
        split.addWidget(self.area)
        split.setSizes([300, 690])
        split.setStretchFactor(1, 1)
        split.setHandleWidth(14)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.addButton(self.create_, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self.start, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        below = QHBoxLayout()
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.summary)
        words.addWidget(self.error)
        below.addLayout(words, 1)
        below.addWidget(buttons, 0, Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 12)
        column.setSpacing(10)
        column.addWidget(self.name)
        column.addWidget(split, 1)
        column.addLayout(below)
        screens.resize_within(self, *_SIZE)

    # What varies

    def _ticked(self, name: str, on: bool) -> None:
        if on and name not in self.rows:
            row = VariedRow(self.fields[name], self.design, self.recipe)
            row.changed.connect(self._soon)
            row.removed.connect(partial(self._ticked, on=False))
            self.rows[name] = row
            self.varied.addWidget(row)
            for each in reversed(self.rows.values()):
                put_behind(self.area, each)
        elif not on and name in self.rows:
            row = self.rows.pop(name)
            self.varied.removeWidget(row)
            row.hide()
            row.deleteLater()
            self.tree.tick(self.rows)
        self.hint.setVisible(not self.rows)
        self._soon()

    # What is given

    def study(self) -> Study:
        """Return what is given.

        Raises
        ------
        DesignerError
            Something of it makes no sense.
        """
        varied = tuple(row.varied() for row in self.rows.values())
        study = self.how.study(self.name.text().strip() or self._usual_name(), varied)
        folder.check(study, {"": self.design}, self.recipe)
        return study

    def _usual_name(self) -> str:
        titles = [uncapitalized(self.fields[name].title) for name in self.rows]
        return wording.capitalized(listed(titles[:3]) or "Repeated training")

    def _soon(self) -> None:
        self._timer.start()

    def check(self) -> None:
        """Say how many trainings the study makes, or what is wrong with it."""
        self._timer.stop()
        self.name.setPlaceholderText(self._usual_name())
        wrong = any(row.fault() for row in self.rows.values())  # which says so itself
        try:
            study = self.study()
        except DesignerError as error:
            sentence = "Correct what is marked above." if wrong else str(error)
            self.error.setText(numbers.sentence(sentence) if self._asked() else "")
            self.summary.setText("" if self._asked() else "Nothing varies yet.")
            fine = False
        else:
            self.error.setText("")
            self.summary.setText(self.sentence(study))
            fine = True
        self.error.setVisible(bool(self.error.text()))
        self.summary.setVisible(bool(self.summary.text()))
        for button in (self.start, self.create_):
            button.setEnabled(fine)

    def _asked(self) -> bool:
        """Tell whether anything was given that could be wrong."""
        return bool(self.rows) or self.how.protocol.chosen != "single"

    def sentence(self, study: Study) -> str:
        """Return how many trainings a study makes, and about how long they take."""
        each = len(replicates(study.protocol, self.recipe))
        number = study.trials
        if not SAMPLERS[study.sampler].endless:
            size = grid_size(study)
            number = size if number is None else min(number, size)
        if number is None:
            return f"Candidates with {_counted(each, 'training')} each, until the time is over."
        total = number * each
        text = f"{_counted(number, 'candidate')} × {_counted(each, 'training')}"
        text += f" = {_counted(total, 'training')}"
        epochs = self.recipe.epochs
        if self._seconds is None:
            return f"{text} of {_counted(epochs, 'epoch')}."
        seconds = total * self._seconds / max(study.parallel, 1)
        if study.seconds is not None:
            seconds = min(seconds, study.seconds)
        return f"{text}, about {duration(seconds)} by what earlier runs of this design took."

    def _has_read(self, seconds: float | None) -> None:
        self._seconds = seconds
        self.check()

    # Beginning

    def _begin(self, *, run: bool) -> None:
        self.check()
        if not self.start.isEnabled():
            return
        for button in (self.start, self.create_):
            button.setEnabled(False)
        make = partial(
            starting.begin, self._root, self.study(), {"": self.design}, self.recipe, run=run
        )
        background.run(self, make, self._has_begun, self._refused)

    def _has_begun(self, made: StudyFolder) -> None:
        self.begun.emit(made.path)
        self.accept()

    def _refused(self, sentence: str) -> None:
        self.check()
        self.error.setText(sentence)
        self.error.show()


def _counted(number: int, noun: str) -> str:
    return f"{numbers.count(number)} {noun}{'' if number == 1 else 's'}"


def _seconds_of(runs: Path, design: str, recipe: Recipe) -> float | None:
    """Return about how long a training takes, by earlier runs of the design on the same data."""
    found = [
        run.seconds / run.epochs
        for run in Survey().read(runs)
        if run.seconds
        and run.epochs
        and run.design == design
        and run.recipe is not None
        and run.recipe.data.source == recipe.data.source
        and run.recipe.data.limit == recipe.data.limit
    ]
    return statistics.median(found) * recipe.epochs if found else None
