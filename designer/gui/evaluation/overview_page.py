"""The Overview page: the figures of an evaluation, each with a sentence that says what it is."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from designer.gui.base import numbers
from designer.gui.base.theme import sans, theme
from designer.gui.evaluation.contents import Contents
from designer.gui.evaluation.model import EvaluationModel
from designer.gui.evaluation.page import Page, Table
from designer.metrics import regression, scores
from designer.metrics.summary import TOP


@dataclass(frozen=True)
class Figure:
    """A figure: its name, its value (NaN if it is not defined), and what it is.

    Attributes
    ----------
    share
        Whether the value is written in percent.
    """

    name: str
    value: float
    sentence: str
    share: bool = True

    @property
    def text(self) -> str:
        """The value as it is shown."""
        if self.value != self.value:
            return "–"
        if self.share:
            return f"{numbers.local(f'{100 * self.value:.2f}')} %"
        return numbers.local(f"{self.value:.4g}")


class OverviewPage(Page):
    """A line for each figure."""

    def __init__(self, model: EvaluationModel) -> None:
        super().__init__(model, "evaluation-overview")
        self.figures: list[Figure] = []
        self._values: list[QLabel] = []
        self.body = QWidget()
        self.grid = QGridLayout(self.body)
        self.grid.setContentsMargins(0, 4, 8, 4)
        self.grid.setHorizontalSpacing(16)
        self.grid.setVerticalSpacing(8)
        self.grid.setColumnStretch(2, 1)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(self.body)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(scroll)
        theme.changed.connect(self._dress)

    def refresh(self) -> None:
        contents = self.contents
        while (item := self.grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        first, *others = _figures(contents)
        self.figures, self._values = [first, *_of_members(contents), *others], []
        for row, figure in enumerate(self.figures):
            name = QLabel(figure.name, textFormat=Qt.TextFormat.PlainText)
            value = QLabel(
                figure.text, objectName=f"figure-{row}", textFormat=Qt.TextFormat.PlainText
            )
            value.setProperty("role", "value")
            self._values.append(value)
            self._place(row, name, value, _wrapped(figure.sentence))
        for row, note in enumerate(contents.notes, len(self.figures)):
            self.grid.addWidget(_wrapped(note), row, 0, 1, 3)
        self.grid.setRowStretch(len(self.figures) + len(contents.notes), 1)
        self._dress()

    def _place(self, row: int, *labels: QLabel) -> None:
        for column, label in enumerate(labels):
            side = Qt.AlignmentFlag.AlignRight if column == 1 else Qt.AlignmentFlag.AlignLeft
            align = side if column < 2 else Qt.AlignmentFlag(0)
            self.grid.addWidget(label, row, column, align | Qt.AlignmentFlag.AlignVCenter)

    def _dress(self) -> None:
        for value in self._values:
            value.setFont(sans(1.25, bold=True))

    def table(self) -> Table:
        return Table(
            "figures", ("figure", "value"), [(each.name, each.value) for each in self.figures]
        )


def _wrapped(text: str) -> QLabel:
    label = QLabel(text, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
    label.setProperty("role", "soft")
    label.setMinimumWidth(1)
    return label


def _figures(contents: Contents) -> Iterator[Figure]:
    if contents.kind == "numbers":
        yield from _of_numbers(contents)
        return
    if contents.kind == "input":
        yield from _of_input(contents)
        return
    if contents.kind == "tokens":
        yield from _of_tokens(contents)
        return
    count = numbers.count(len(contents))
    if contents.kind == "classes":
        yield from _of_classes(contents, count)
    else:
        labels = len(contents.names)
        yield Figure(
            "Accuracy",
            contents.accuracy,
            f"Share of right decisions: one for each of {labels} labels of {count} "
            f"{contents.things}.",
        )
        yield Figure(
            "Exact match",
            scores.exact_match(contents.predicted, contents.targets),
            f"Share of {contents.things} all of whose labels are right.",
        )
    yield from _averages(contents)
    yield _calibration(contents)
    yield Figure(
        "Loss",
        float(contents.losses.mean()),
        f"Mean loss of an {contents.things[:-1]}.",
        share=False,
    )


def _of_members(contents: Contents) -> Iterator[Figure]:
    """Yield what each member of an ensemble achieves alone."""
    for each in contents.members:
        loss = math.nan if each.loss is None else each.loss
        name = f"{each.name} alone"
        if each.accuracy is None:
            yield Figure(name, loss, "Mean loss of this member alone.", share=False)
        else:
            words = (
                f"Accuracy of this member of the ensemble, whose loss is {numbers.figure(loss)}."
            )
            yield Figure(name, each.accuracy, words)


def _of_classes(contents: Contents, count: str) -> Iterator[Figure]:
    support = contents.counts.support
    common = int(support.argmax())
    share = numbers.local(f"{100 * support[common] / max(len(contents), 1):.1f}")
    yield Figure(
        "Accuracy",
        contents.accuracy,
        f"Share of {count} {contents.things} whose class is the most probable one. To say "
        f"{contents.names[common]} of every {contents.things[:-1]} would give {share} %.",
    )
    if len(contents.names) > TOP:
        yield Figure(
            f"Top-{TOP} accuracy",
            contents.top5,
            f"Share of {contents.things} whose class is among the {TOP} most probable ones.",
        )
    if contents.cost is not None:
        yield Figure(
            "Mean cost",
            scores.mean_cost(contents.matrix, contents.cost),
            "What a decision costs on average by the cost matrix of the recipe; 0 is perfect.",
            share=False,
        )


def _averages(contents: Contents) -> Iterator[Figure]:
    macro = scores.average(contents.counts, "macro")
    word = "classes" if contents.kind == "classes" else "labels"
    first = (
        f"Mean over {numbers.count(len(contents.names))} {word}, each of which counts the same, of "
    )
    yield Figure("Macro F1", macro.f1, f"{first}F1, the harmonic mean of precision and recall.")
    yield Figure(
        "Macro precision",
        macro.precision,
        f"{first}the share of images predicted as the {contents.word} that are of it.",
    )
    yield Figure(
        "Macro recall",
        macro.recall,
        f"{first}the share of images of the {contents.word} that are predicted as it.",
    )


def _calibration(contents: Contents) -> Figure:
    return Figure(
        "Calibration error",
        contents.calibration.error,
        "How far probabilities are, on average, from the share that is right: 0 is perfect.",
    )


_OF_INPUT = {
    "error_share": (
        "Squared error",
        "As a share of that of the mean example, which tells nothing apart: 0 is perfect.",
    ),
    "squared_error": ("mean squared error", "Mean of the squared differences from the input."),
    "absolute_error": ("mean absolute error", "Mean of how far a value is from the input's."),
    "mean_example_error": (
        "squared error of the mean",
        "That of a network which gives the mean example for all.",
    ),
}
"""Name and sentence of the figures of a network that gives its input again."""


_OF_TOKENS = {
    "accuracy": ("Accuracy", "Share of the tokens that were the most probable ones."),
    "perplexity": (
        "Perplexity",
        "Among how many equally probable tokens the network is undecided on average.",
    ),
    "bits_per_token": (
        "Bits per token",
        "Storage that each token would take if the text were compressed by the probabilities.",
    ),
    "loss": ("Loss", "Mean negative logarithm of the probabilities of the right tokens."),
}


def _of_input(contents: Contents) -> Iterator[Figure]:
    for key, (name, sentence) in _OF_INPUT.items():
        value = contents.figures.get(key)
        if isinstance(value, int | float):
            yield Figure(name, float(value), sentence, share=key == "error_share")


def _of_tokens(contents: Contents) -> Iterator[Figure]:
    for key, (name, sentence) in _OF_TOKENS.items():
        value = contents.figures.get(key)
        if isinstance(value, int | float):
            yield Figure(name, float(value), sentence, share=key == "accuracy")


def _of_numbers(contents: Contents) -> Iterator[Figure]:
    found = regression.errors(contents.values, contents.targets)
    count = numbers.count(len(contents))
    for number, name in enumerate(contents.names):
        first = f"{name}: " if len(contents.names) > 1 else ""
        yield Figure(
            f"{first}mean absolute error",
            float(found.mae[number]),
            f"Mean over {count} examples of how far the prediction is off.",
            share=False,
        )
        yield Figure(
            f"{first}mean squared error",
            float(found.mse[number]),
            "Mean of the squared errors, in which large ones count more.",
            share=False,
        )
        yield Figure(
            f"{first}R²",
            float(found.r2[number]),
            "Share of the variance that is predicted: 1 is perfect, 0 no better than the mean.",
            share=False,
        )
    yield Figure("Loss", float(contents.losses.mean()), "Mean loss of an example.", share=False)
