"""The form of a recipe: a row for each field, with its help, checked while it is typed."""

import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.errors import DesignerError
from designer.gui.base.theme import sans, theme
from designer.runs.recipe import USUAL_RATES, Recipe, changed

Used = Callable[[Recipe], bool]


def _always(_: Recipe) -> bool:
    return True


def _optimizer(*names: str) -> Used:
    return lambda recipe: recipe.optimizer.name in names


def _schedule(*names: str) -> Used:
    return lambda recipe: recipe.schedule.name in names


@dataclass(frozen=True)
class Field:
    """One row: the field's dotted name, its label, one sentence, and when it is of use."""

    name: str
    label: str
    help: str
    used: Used = _always


ESSENTIAL = (
    Field("epochs", "Epochs", "How many times every training image is seen."),
    Field("batch", "Batch", "Images in one step; more are steadier and take more memory."),
    Field("optimizer.name", "Optimizer", "How a gradient becomes a step."),
    Field(
        "optimizer.learning_rate", "Learning rate", "The size of a step, the most telling number."
    ),
    Field("schedule.name", "Schedule", "How the learning rate goes on during the training."),
    Field(
        "augmentation.horizontal_flip", "Mirror", "Mirrors half of the images; wrong for letters."
    ),
    Field(
        "augmentation.crop_padding", "Crop", "Shifts by cropping after so many pixels of border."
    ),
    Field("augmentation.shift", "Shift", "Moves images by up to this fraction of their size."),
    Field("augmentation.rotation", "Rotation", "Turns images by up to so many degrees."),
)

MORE = (
    Field("augmentation.vertical_flip", "Flip upside down", "Turns half of the images over."),
    Field(
        "data.validation",
        "Validation share",
        "Fraction of the images by which epochs are compared.",
    ),
    Field(
        "data.test", "Test share", "Fraction kept for the final test, if the data has no test part."
    ),
    Field(
        "data.limit", "Limit", "Takes only so many training images, for a quick try; empty for all."
    ),
    Field("data.workers", "Loaders", "Processes that read images which do not fit into memory."),
    Field("loss.name", "Loss", "What is minimized: cross-entropy for classes, else squared error."),
    Field(
        "loss.label_smoothing",
        "Label smoothing",
        "Share of the certainty that is taken from the labels.",
        lambda recipe: recipe.loss.name == "cross_entropy",
    ),
    Field(
        "optimizer.momentum",
        "Momentum",
        "Share of the last step that is kept for the next.",
        _optimizer("sgd", "rmsprop"),
    ),
    Field("optimizer.nesterov", "Nesterov", "Looks ahead along the momentum.", _optimizer("sgd")),
    Field(
        "optimizer.weight_decay", "Weight decay", "Draws weights towards zero; against overfitting."
    ),
    Field(
        "optimizer.betas",
        "Betas",
        "How long means of the gradient and of its square last.",
        _optimizer("adam", "adamw"),
    ),
    Field("optimizer.decay", "Decay", "How long the mean square lasts.", _optimizer("rmsprop")),
    Field(
        "optimizer.epsilon",
        "Epsilon",
        "Keeps the division from becoming one by zero.",
        _optimizer("rmsprop", "adagrad", "adam", "adamw"),
    ),
    Field(
        "schedule.warmup_epochs",
        "Warm-up",
        "Epochs in which the rate rises from zero.",
        _schedule("constant", "step", "cosine", "reduce_on_plateau"),
    ),
    Field(
        "schedule.step_epochs", "Step length", "Epochs between two reductions.", _schedule("step")
    ),
    Field(
        "schedule.factor",
        "Factor",
        "What the rate is multiplied by at a reduction.",
        _schedule("step", "reduce_on_plateau"),
    ),
    Field(
        "schedule.patience",
        "Patience",
        "Epochs without a better validation loss before a reduction.",
        _schedule("reduce_on_plateau"),
    ),
    Field(
        "schedule.minimum",
        "Lowest rate",
        "The rate never goes below.",
        _schedule("cosine", "reduce_on_plateau"),
    ),
    Field(
        "schedule.rise",
        "Rise",
        "Share of the training in which the rate rises.",
        _schedule("one_cycle"),
    ),
    Field(
        "early_stopping",
        "Early stopping",
        "Ends after so many epochs without a better one; 0 never.",
    ),
    Field(
        "gradient_clipping", "Gradient clipping", "Largest norm of the gradient; empty for none."
    ),
    Field(
        "precision", "Precision", "Half precision is faster and takes less memory, on CUDA only."
    ),
    Field("seed", "Seed", "Of the weights, the split and the order; the same gives the same."),
    Field("log_interval", "Log every", "Steps between two points of the curves."),
    Field("checkpoint_seconds", "Checkpoint every", "Seconds between checkpoints within an epoch."),
    Field("threads", "Threads", "Of the processor; empty for all."),
)

WORDS = {
    "sgd": "SGD",
    "rmsprop": "RMSprop",
    "adagrad": "Adagrad",
    "adam": "Adam",
    "adamw": "AdamW",
    "constant": "constant",
    "step": "in steps",
    "cosine": "cosine",
    "one_cycle": "one cycle",
    "reduce_on_plateau": "reduce on plateau",
    "cross_entropy": "cross-entropy",
    "mean_squared_error": "mean squared error",
}


class RecipeForm(QWidget):
    """Shows a recipe and changes it.

    Signals
    -------
    edited(recipe)
        The user changed it to this one.
    checked()
        `refusal` is another.
    """

    edited = Signal(object)
    checked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.recipe = Recipe()
        self._wrong: dict[str, str] = {}
        self.rows: dict[str, Row] = {}  # the rarer ones from their first sight on
        essential, self.rest = QWidget(self), QWidget(self)
        self.rest.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(essential)
        self.more = QToolButton(
            objectName="recipe-more", text="More", toolTip="Show the rarer fields.", checkable=True
        )
        self.more.setArrowType(Qt.ArrowType.RightArrow)
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more.toggled.connect(self._show_more)
        column.addWidget(self.more)
        column.addWidget(self.rest)
        column.addStretch(1)
        self._fill(essential, ESSENTIAL)

    def _fill(self, page: QWidget, fields: Sequence[Field]) -> None:
        layout = QFormLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(5)
        layout.setHorizontalSpacing(10)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for field in fields:
            row = self.rows[field.name] = Row(field, page)
            row.typed.connect(self._typed)
            layout.addRow(row.label, row)
            row.show_value(value_of(self.recipe, field.name))
        self._show_used()

    def label_width(self) -> int:
        """Return how wide the column of labels is that is always seen."""
        return max(self.rows[field.name].label.sizeHint().width() for field in ESSENTIAL)

    @property
    def refusal(self) -> str:
        """What is wrong with a field, "" if nothing is."""
        return next(iter(self._wrong.values()), "")

    def show_recipe(self, recipe: Recipe) -> None:
        """Show a recipe; what was typed and does not fit is given up."""
        self.recipe = recipe
        self._wrong.clear()
        for row in self.rows.values():
            row.show_value(value_of(recipe, row.field.name))
            row.show_error("")
        self._show_used()

    def _typed(self, name: str, value: object) -> None:
        changes = {name: value}
        if name == "optimizer.name" and value != self.recipe.optimizer.name:
            changes["optimizer.learning_rate"] = USUAL_RATES[str(value)]
        if name == "loss.name" and value != "cross_entropy":
            changes["loss.label_smoothing"] = 0.0
        row = self.rows[name]
        try:
            if value is WRONG:
                raise DesignerError(f"{row.field.label} must be {row.kind_words}.")
            recipe = changed(self.recipe, changes)
        except DesignerError as error:
            self._wrong[name] = plain(str(error), row.field)
            row.show_error(self._wrong[name])
            self.checked.emit()
            return
        was_wrong = self._wrong.pop(name, None)
        row.show_error("")
        if recipe != self.recipe:
            self.recipe = recipe
            for other in changes.keys() - {name}:
                self._wrong.pop(other, None)
                if other in self.rows:
                    self.rows[other].show_value(value_of(recipe, other))
                    self.rows[other].show_error("")
            self._show_used()
            self.edited.emit(recipe)
        if was_wrong:
            self.checked.emit()

    def _show_used(self) -> None:
        for row in self.rows.values():
            layout, used = row.parentWidget().layout(), row.field.used(self.recipe)
            if layout.isRowVisible(row) != used:  # Qt lays out anew each time it is told
                layout.setRowVisible(row, used)

    def _show_more(self, shown: bool) -> None:
        if self.rest.layout() is None:
            self._fill(self.rest, MORE)
        self.rest.setVisible(shown)
        self.more.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)


WRONG = object()
"""What a text gives that is no value of its field's kind."""


class Row(QWidget):
    """The editor of one field with its help, or what is wrong, below."""

    typed = Signal(str, object)

    def __init__(self, field: Field, parent: QWidget) -> None:
        super().__init__(parent)
        self.field = field
        self._wrong = ""
        kinds = _kinds(field.name)
        self.optional = type(None) in kinds
        self.kind = next(kind for kind in kinds if kind is not type(None))
        self.label = QLabel(field.label, parent)
        self.label.setToolTip(field.help)
        self.editor = self._made()
        self.editor.setObjectName(f"recipe-{field.name}")
        self.editor.setAccessibleName(field.label)
        self.editor.setToolTip(field.help)
        self.label.setBuddy(self.editor)
        self.words = QLabel(field.help, wordWrap=True)
        self.words.setObjectName(f"recipe-{field.name}-words")
        self.words.setProperty("role", "faint")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addWidget(self.editor)
        column.addWidget(self.words)
        theme.changed.connect(self._dress)
        self._dress()

    @property
    def kind_words(self) -> str:
        """What a value of this field is, for a sentence."""
        words = {int: "a whole number", float: "a number"}.get(self.kind, "two numbers: 0.9, 0.999")
        return f"{words}, or empty" if self.optional else words

    def show_value(self, value: Any) -> None:
        """Show a value, leaving a text that means it already as it is."""
        with QSignalBlocker(self.editor):
            if isinstance(self.editor, QCheckBox):
                self.editor.setChecked(value)
            elif isinstance(self.editor, QComboBox):
                self.editor.setCurrentIndex(self.editor.findData(value))
            elif self._parsed(self.editor.text()) != value or not self.editor.text():
                self.editor.setText(_text(value))

    def show_error(self, sentence: str) -> None:
        """Show what is wrong, or the help."""
        if sentence == self._wrong:
            return
        self._wrong = sentence
        self.words.setText(sentence or self.field.help)
        self.words.setProperty("role", "error" if sentence else "faint")
        self.editor.setProperty("wrong", bool(sentence))
        for widget in (self.words, self.editor):
            widget.style().unpolish(widget)
            widget.style().polish(widget)

    def _dress(self) -> None:
        self.words.setFont(sans(0.88))

    def _made(self) -> QWidget:
        if self.kind is bool:
            box = QCheckBox()
            box.toggled.connect(lambda on: self.typed.emit(self.field.name, on))
            return box
        if typing.get_origin(self.kind) is typing.Literal:
            combo = QComboBox()
            for choice in typing.get_args(self.kind):
                combo.addItem(WORDS.get(choice, choice), choice)
            combo.currentIndexChanged.connect(
                lambda _: self.typed.emit(self.field.name, combo.currentData())
            )
            return combo
        line = QLineEdit()
        if self.optional:
            line.setPlaceholderText("none" if self.field.name == "gradient_clipping" else "all")
        line.textEdited.connect(lambda text: self.typed.emit(self.field.name, self._parsed(text)))
        return line

    def _parsed(self, text: str) -> object:
        text = text.strip()
        if not text:
            return None if self.optional else WRONG
        try:
            if self.kind is int:
                return int(text)
            if self.kind is float:
                return float(text)
            values = [float(part) for part in text.split(",")]
        except ValueError:
            return WRONG
        return tuple(values) if len(values) == 2 else WRONG


def value_of(recipe: Recipe, name: str) -> Any:
    """Return a field by its dotted name."""
    value: Any = recipe
    for part in name.split("."):
        value = getattr(value, part)
    return value


def plain(sentence: str, field: Field) -> str:
    """Return a sentence of the recipe's with the field's label in place of its name."""
    return sentence.replace(field.name, field.label, 1).replace(" and at most 1,000,000,000", "")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(f"{part:g}" for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


_hints = cache(typing.get_type_hints)


def _kinds(name: str) -> tuple[Any, ...]:
    """Return the types that a field may have, from the recipe's own annotations."""
    owner: Any = Recipe
    *groups, last = name.split(".")
    for group in groups:
        owner = _hints(owner)[group]
    kind = _hints(owner)[last]
    return typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
