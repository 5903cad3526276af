"""Beginning a study: the dialog of a ready-made one, and what a candidate of a study is."""

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPushButton, QVBoxLayout, QWidget

from designer.design.values import Design
from designer.errors import DesignerError
from designer.gui.base import background, numbers
from designer.gui.base.theme import sans
from designer.recipe.recipe import Recipe
from designer.studies import launching, templates
from designer.studies.answers.wording import counted
from designer.studies.candidates import candidate
from designer.studies.folder import StudyFolder, default_path
from designer.studies.grids import grid_size
from designer.studies.protocols import replicates
from designer.studies.running import is_running
from designer.studies.spec import Choice, Study

_WIDTH = 460  # pixels


def begin(
    root: Path, study: Study, designs: Mapping[str, Design], recipe: Recipe, *, run: bool = True
) -> StudyFolder:
    """Write a study into a new folder, and start it.

    Parameters
    ----------
    root
        The folder of the studies.
    study, designs, recipe
        As for `StudyFolder.create`.
    run
        Whether it is started, too.

    Raises
    ------
    DesignerError
        The study makes no sense, or the folder cannot be written.
    """
    folder = StudyFolder.create(default_path(study.title, root), study, designs, recipe)
    if run:
        launching.start(folder)
    return folder


def begin_template(name: str, root: Path) -> StudyFolder:
    """Write a ready-made study into a new folder, and start it; see `begin`."""
    return begin(root, *templates.find(name).build())


def candidate_of(folder: StudyFolder, values: Mapping[str, Choice]) -> tuple[Design, Recipe]:
    """Return the design and the recipe of a candidate.

    Raises
    ------
    DesignerError
        The study cannot be read, or a field refuses its value.
    """
    found = candidate(folder.study(), values, folder.read_designs(), folder.recipe())
    if found.design is None or found.recipe is None:
        raise DesignerError(found.refusal)
    return found.design, found.recipe


def refuse_running(path: Path) -> None:
    """Raise DesignerError if a process runs the study in a folder."""
    if is_running(StudyFolder(path)):
        raise DesignerError(f"The study {path.name} is running: stop it first.")


def _trainings(row: templates.Template) -> str:
    """Return how many trainings a ready-made study makes, as a sentence."""
    study, _, recipe = row.build()
    each, number = len(replicates(study.protocol, recipe)), grid_size(study)
    total = f"{counted(number * each, 'training')} of {counted(recipe.epochs, 'epoch')}."
    if number == 1:
        return total
    return f"{counted(number, 'candidate')} × {counted(each, 'training')} = {total}"


class TemplateDialog(QDialog):
    """Says what a ready-made study asks, what it trains and how long that takes; starts it.

    Signals
    -------
    begun(path)
        The study was started in this folder.
    """

    begun = Signal(Path)

    def __init__(self, name: str, root: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="template-dialog")
        row = templates.find(name)
        self._name, self._root = name, root
        self.setWindowTitle(row.title)
        question = QLabel(row.question, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        question.setFont(sans(1.15, bold=True))
        minutes = "a minute" if row.minutes == 1 else f"{row.minutes} minutes"
        text = QLabel(
            f"{numbers.sentence(row.help)}\n\n{_trainings(row)} This takes about {minutes} on a "
            "processor with two cores, needs no network connection and no GPU, and goes on when "
            "the window is closed.",
            wordWrap=True,
            textFormat=Qt.TextFormat.PlainText,
        )
        text.setProperty("role", "soft")
        self.error = QLabel(objectName="template-error", wordWrap=True)
        self.error.setTextFormat(Qt.TextFormat.PlainText)
        self.error.setProperty("role", "error")
        self.error.hide()
        self.start = QPushButton("Start", objectName="template-start")
        self.start.setProperty("primary", True)
        self.start.setDefault(True)
        self.start.clicked.connect(self._start)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.addButton(self.start, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(12)
        for widget in (question, text, self.error):
            column.addWidget(widget)
        column.addStretch(1)
        column.addWidget(buttons)
        self.setMinimumWidth(_WIDTH)

    def _start(self) -> None:
        self.start.setEnabled(False)
        name, root = self._name, self._root
        background.run(self, lambda: begin_template(name, root), self._has_begun, self._refused)

    def _has_begun(self, folder: StudyFolder) -> None:
        self.begun.emit(folder.path)
        self.accept()

    def _refused(self, sentence: str) -> None:
        self.start.setEnabled(True)
        self.error.setText(sentence)
        self.error.show()
