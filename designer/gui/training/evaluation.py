"""The Evaluation dock: confusion matrix and worst mistakes, or a table of labels or numbers."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from designer.errors import DesignerError
from designer.gui.base import background, numbers
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.pictures import picture_of
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import sans, theme
from designer.gui.training.matrix import ConfusionMatrix
from designer.gui.training.mistakes import Mistake, Mistakes
from designer.gui.training.score_table import ScoreTable
from designer.gui.worker.trainer import Trainer
from designer.runs.result import Result
from designer.runs.scores import LabelScore, NumberScore


class _Confusion(msgspec.Struct):
    classes: list[str]
    matrix: list[list[int]]


class _Mistake(msgspec.Struct):
    index: int
    predicted: str
    loss: float
    true: str = msgspec.field(name="class")
    probability: float | None = None


@dataclass(frozen=True)
class Evaluation:
    """The contents of a run's ``evaluation`` folder, of a network for classes.

    Attributes
    ----------
    matrix
        matrix[i][j] test images of class i were predicted as class j.
    """

    classes: list[str]
    matrix: list[list[int]]
    mistakes: list[Mistake]


@dataclass(frozen=True)
class Scores:
    """The same of a network for several labels or for numbers: figures of each; one is empty."""

    labels: list[LabelScore]
    numbers: list[NumberScore]


class EvaluationPanel(QWidget):
    """How a network did on the test images.

    For classes: the confusion matrix, the recall of each class, and the worst mistakes as pictures.
    For several labels or numbers: a table of the figures of each.
    """

    def __init__(self, trainer: Trainer) -> None:
        super().__init__(objectName="evaluation")
        self.trainer = trainer
        self._shown: tuple[Path, object] | None = None
        self.run = ElidedLabel(name="evaluation-run")
        self.run.setProperty("role", "soft")
        self.title = QLabel(objectName="evaluation-title", textFormat=Qt.TextFormat.PlainText)
        self.matrix = ConfusionMatrix()
        self.matrix.picked.connect(self._filter)
        self.mistakes = Mistakes()
        self.scores = ScoreTable()
        self.scores_title = QLabel(
            objectName="scores-title", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.caption = QLabel(objectName="mistakes-caption", textFormat=Qt.TextFormat.PlainText)
        self.key = ElidedLabel("true → predicted, with probability", name="mistakes-key")
        self.key.setProperty("role", "faint")
        self.message = QLabel(
            objectName="evaluation-message", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.message.setProperty("role", "faint")
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._assemble()
        trainer.run_changed.connect(self._look)
        trainer.state_changed.connect(self._look)
        theme.changed.connect(self._dress)
        self._dress()
        self._look()

    def _assemble(self) -> None:
        scroll = QScrollArea(widgetResizable=True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(self.mistakes)
        left = QVBoxLayout()
        left.setSpacing(4)
        left.addWidget(self.title)
        left.addWidget(self.matrix, 1)
        right = QVBoxLayout()
        right.setSpacing(4)
        right.addWidget(self.caption)
        right.addWidget(self.key)  # as high as the headings of the matrix, which it is beside
        right.addWidget(scroll, 1)
        self.content = QWidget()
        whole = QVBoxLayout(self.content)
        whole.setContentsMargins(10, 4, 4, 4)
        whole.setSpacing(2)
        whole.addWidget(self.run)
        self.by_class, self.by_output = QWidget(), QWidget()
        row = QHBoxLayout(self.by_class)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(14)
        row.addLayout(left, 11)
        row.addLayout(right, 10)
        table = QVBoxLayout(self.by_output)
        table.setContentsMargins(0, 0, 0, 0)
        table.setSpacing(4)
        table.addWidget(self.scores_title)
        table.addWidget(self.scores, 1)
        whole.addWidget(self.by_class, 1)
        whole.addWidget(self.by_output, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.content, 1)
        column.addWidget(self.message, 1)

    def _dress(self) -> None:
        for label in (self.title, self.scores_title, self.caption):
            label.setFont(sans(bold=True))
        self.key.setFont(sans(0.85))

    # Reading

    def _look(self) -> None:
        """Read the evaluation of the shown run, once the run has ended."""
        follower = self.trainer.shown
        if follower is None:
            self._say("The evaluation of a run is shown here once the run has ended.")
            return
        if follower.going:
            self._say(
                f"{follower.run.path.name} is evaluated on the test images when its training ends."
            )
            return
        if not follower.looked or self._shown == (follower.run.path, follower.result):
            return
        self._shown = (follower.run.path, follower.result)
        path = follower.run.evaluation
        background.run(
            self, lambda: read(path), lambda found: self._has_read(path, found), self._cannot_read
        )

    def _say(self, sentence: str) -> None:
        self._shown = None
        self.message.setText(sentence)
        self.message.show()
        self.content.hide()

    def _cannot_read(self, sentence: str) -> None:
        shown = self._shown
        self._say(sentence)
        self._shown = shown

    def _has_read(self, path: Path, found: Evaluation | Scores) -> None:
        follower = self.trainer.shown
        if follower is None or follower.run.evaluation != path:
            return
        self.message.hide()
        self.by_class.setVisible(isinstance(found, Evaluation))
        self.by_output.setVisible(isinstance(found, Scores))
        self.content.show()
        self.run.setText(f"Evaluation of {path.parent.name}")
        self.run.setToolTip(tip(str(path.parent)))
        if isinstance(found, Evaluation):
            self._show_classes(found)
            return
        if found.labels:
            self.scores_title.setText(_title_of_labels(follower.result, len(found.labels)))
            self.scores.show_labels(found.labels)
        else:
            self.scores_title.setText("Errors on the test images")
            self.scores.show_numbers(found.numbers)

    def _show_classes(self, found: Evaluation) -> None:
        correct = sum(row[number] for number, row in enumerate(found.matrix))
        total = sum(map(sum, found.matrix))
        share = f"{100 * correct / total:.2f} %" if total else "–"
        self.title.setText(f"Test accuracy: {share} of {numbers.count(total)} images")
        self.matrix.show_matrix(found.classes, found.matrix)
        self.mistakes.show_mistakes(found.mistakes)
        self._filter(None)

    def _filter(self, pair: object) -> None:
        """Show only the mistakes of one cell of the matrix, or all for None."""
        self.mistakes.filter(pair if isinstance(pair, tuple) else None)
        number = len(self.mistakes.shown)
        self.key.setVisible(number > 0)
        worst = "The worst mistake" if number == 1 else f"The {number} worst mistakes"
        if isinstance(pair, tuple):
            true, predicted = pair
            self.caption.setText(f"{worst}, {true} predicted as {predicted}")
        else:
            self.caption.setText(worst if number else "No mistakes")


def _title_of_labels(result: Result | None, labels: int) -> str:
    """Return the accuracies of a run with several labels as a heading."""
    test = None if result is None else result.test
    if test is None or test.accuracy is None:
        return "Figures on the test images"
    title = f"Test accuracy: {100 * test.accuracy:.2f} % of the decisions on {labels} labels"
    if test.exact_match is None:
        return title
    return f"{title}; all labels are right in {100 * test.exact_match:.2f} % of the images"


def read(folder: Path) -> Evaluation | Scores:
    """Read the evaluation of a run; call it in a background thread, as it may take long.

    Parameters
    ----------
    folder
        The ``evaluation`` folder of the run.

    Raises
    ------
    DesignerError
        The run has no evaluation, or its files are damaged.
    """
    import zipfile

    try:
        if (folder / "labels.json").is_file():
            labels = (folder / "labels.json").read_bytes()
            return Scores(msgspec.json.decode(labels, type=list[LabelScore]), [])
        if (folder / "numbers.json").is_file():
            values = (folder / "numbers.json").read_bytes()
            return Scores([], msgspec.json.decode(values, type=list[NumberScore]))
        confusion = msgspec.json.decode((folder / "confusion.json").read_bytes(), type=_Confusion)
        rows = msgspec.json.decode((folder / "mistakes.json").read_bytes(), type=list[_Mistake])
        pictures = _pictures(folder / "mistakes.npz")
    except FileNotFoundError as error:
        raise DesignerError(_absent(folder)) from error
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DesignerError(
            f"The evaluation {folder} cannot be read ({error}): train again to renew it."
        ) from error
    size = len(confusion.classes)
    if len(confusion.matrix) != size or any(len(row) != size for row in confusion.matrix):
        raise DesignerError(f"The evaluation {folder} is damaged: train again to renew it.")
    mistakes = [
        Mistake(row.true, row.predicted, row.probability, row.loss, row.index, picture)
        for row, picture in zip(rows, [*pictures, *[None] * len(rows)], strict=False)
    ]
    return Evaluation(confusion.classes, confusion.matrix, mistakes)


def _pictures(path: Path) -> list[QImage]:
    import numpy as np

    if not path.is_file():
        return []
    with np.load(path, allow_pickle=False) as tables:
        return [picture_of(image) for image in tables["images"]]


def _absent(folder: Path) -> str:
    if (folder / "predictions.npz").is_file():
        return (
            "This run predicts numbers, not classes: its folder has the predictions in "
            "evaluation/predictions.npz."
        )
    return "This run has no evaluation: it is written when a training ends."
