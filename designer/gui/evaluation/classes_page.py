"""The pages Classes, Labels and Numbers: a table with the figures of each, the worst first."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout

from designer.gui.base import background, numbers
from designer.gui.evaluation.contents import Array, Contents
from designer.gui.evaluation.model import EvaluationModel
from designer.gui.evaluation.page import Page, Table
from designer.gui.evaluation.picture_wall import Pictures
from designer.gui.evaluation.score_table import ScoreColumn, ScoreTable
from designer.metrics import regression

_HINT = "Select a row to see the pictures that are wrong; press Enter for its curves."
_SORTED_BY = "F1"


class ClassesPage(Page):
    """The table, and the wrong pictures of the class or label that is selected."""

    def __init__(self, model: EvaluationModel) -> None:
        super().__init__(model, "evaluation-classes")
        self.scores = ScoreTable()
        self.pictures = Pictures(model)
        self.split = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        self.split.addWidget(self.scores)
        self.split.addWidget(self.pictures)
        self.split.setSizes([1700, 1000])  # of which Qt takes the shares
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.split)
        self.scores.chosen.connect(self._choose)
        self.scores.opened.connect(self._open)

    def refresh(self) -> None:
        contents = self.contents
        numeric = contents.kind == "numbers"
        self.pictures.setHidden(numeric)
        if numeric:
            self.scores.show_columns(_number_columns(contents))
            self.scores.sort_by("R²", Qt.SortOrder.AscendingOrder)
            return
        self.scores.show_columns(_columns(contents, None, None))
        self.scores.sort_by(_SORTED_BY, Qt.SortOrder.AscendingOrder)
        self.pictures.show_images(_HINT, ())

        def areas() -> tuple[Array, Array]:
            curves = [contents.curve(number) for number in range(len(contents.names))]
            return (
                np.array([each.average_precision for each in curves]),
                np.array([each.area for each in curves]),
            )

        background.run(self, areas, lambda found: self._show_areas(contents, *found))

    def _show_areas(self, contents: Contents, precision: Array, area: Array) -> None:
        """Show the areas below the curves, which take a moment to compute for many classes."""
        if self.model.contents is contents:
            self.scores.update_columns(_columns(contents, precision, area))

    def _choose(self, output: int) -> None:
        contents = self.contents
        if contents.kind == "numbers":
            return
        wrong = contents.wrong_of(output)
        name, counts = contents.names[output], contents.counts
        missed = numbers.count(int(counts.false_negatives[output]))
        alarms = numbers.count(int(counts.false_positives[output]))
        caption = f"{name}: {missed} missed, {alarms} wrongly predicted as it"
        key = "true → predicted, with its probability; the largest losses first"
        if contents.kind == "labels":
            key = f"the probability of {name}; the largest losses first"
        self.pictures.show_images(
            caption, wrong, output=output if contents.kind == "labels" else None, key=key
        )

    def _open(self, output: int) -> None:
        if self.contents.kind != "numbers":
            self.model.curves_wanted.emit(output)

    def table(self) -> Table:
        model = self.scores.scores
        rows = [[column.values[row] for column in model.columns] for row in model.order]
        name = {"classes": "classes", "labels": "labels", "numbers": "numbers"}
        return Table(name[self.contents.kind], [column.title for column in model.columns], rows)


def _columns(
    contents: Contents, precision: Array | None, area: Array | None
) -> Sequence[ScoreColumn]:
    """Return the columns of classes or labels; None for areas that are still computed."""
    found, counts = contents.scores, contents.counts
    classes = contents.kind == "classes"
    word = contents.word

    def share(title: str, words: str, values: Array | None) -> ScoreColumn:
        known = np.full(len(contents.names), np.nan) if values is None else values
        return ScoreColumn(title, words, known.tolist(), percent=True, pending=values is None)

    columns = [
        ScoreColumn(word.capitalize(), f"The name of the {word}.", contents.names),
        ScoreColumn("Images", f"Images that have the {word}.", found.support.tolist()),
        share(
            "Precision",
            f"Share of the images predicted as the {word} that are of it.",
            found.precision,
        ),
        share("Recall", f"Share of the images of the {word} that are predicted.", found.recall),
        share("F1", "Harmonic mean of precision and recall.", found.f1),
        share(
            "AP",
            f"Average precision, the area below the precision-recall curve: how well the {word} is "
            "told apart at all thresholds together.",
            precision,
        ),
        share(
            "AUC",
            f"The area below the ROC curve: the probability that an image of the {word} gets a "
            "higher score than another.",
            area,
        ),
        ScoreColumn(
            "False pos.",
            f"Images of others that are predicted as the {word}.",
            counts.false_positives.tolist(),
        ),
        ScoreColumn(
            "False neg.",
            f"Images of the {word} that are not predicted as it.",
            counts.false_negatives.tolist(),
        ),
    ]
    if not classes:
        threshold = ScoreColumn(
            "Threshold",
            "The probability from which on the label is predicted.",
            [float(each) for each in contents.thresholds],
        )
        columns.append(threshold)
    return columns


def _number_columns(contents: Contents) -> Sequence[ScoreColumn]:
    found = regression.errors(contents.values, contents.targets)
    left = regression.residuals(contents.values, contents.targets)
    return [
        ScoreColumn("Number", "What is predicted.", contents.names),
        ScoreColumn("Mean absolute error", "Mean of the absolute errors.", found.mae.tolist()),
        ScoreColumn("Mean squared error", "Mean of the squared errors.", found.mse.tolist()),
        ScoreColumn(
            "R²",
            "Share of the variance that is predicted: 1 is perfect, 0 no better than the mean.",
            found.r2.tolist(),
        ),
        ScoreColumn(
            "Mean residual",
            "Mean of true minus predicted: above 0, too little is predicted on average.",
            left.mean(0).tolist(),
        ),
        ScoreColumn("Largest error", "The largest absolute error.", np.abs(left).max(0).tolist()),
    ]
