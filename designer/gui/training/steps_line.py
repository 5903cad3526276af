"""A line below the batch: the steps of an epoch, and the rate that fits another batch."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from designer.gui.base import numbers
from designer.gui.base.all_lines import reserve_lines
from designer.gui.base.theme import sans, theme
from designer.gui.training.wrapping_button import WrappingButton
from designer.recipe.recipe import Recipe


class StepsLine(QWidget):
    """Says how many steps an epoch and the whole training have.

    After the batch was changed, a button offers the learning rate by the linear scaling rule.

    Parameters
    ----------
    recipe
        Returns the recipe at hand.
    images
        Returns the number of training images, None while unknown.

    Signals
    -------
    rate_chosen(rate)
        The user takes the offered learning rate.
    """

    rate_chosen = Signal(float)

    def __init__(
        self,
        recipe: Callable[[], Recipe],
        images: Callable[[], int | None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._recipe = recipe
        self._images = images
        self.offered = 0.0  # learning rate
        self._before: Recipe | None = None  # the recipe whose rate belongs to its batch
        self.words = QLabel(objectName="steps-line", textFormat=Qt.TextFormat.PlainText)
        self.words.setWordWrap(True)
        self.words.setProperty("role", "soft")
        self.scale = WrappingButton("", "steps-scale-rate")
        self.scale.setToolTip(
            "Linear scaling rule: with a batch so many times as large, take a learning rate so "
            "many times as large (Goyal et al. 2017, Accurate, large minibatch SGD)."
        )
        self.scale.clicked.connect(lambda: self.rate_chosen.emit(self.offered))
        self.scale.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.words)
        column.addWidget(self.scale, 0, Qt.AlignmentFlag.AlignLeft)
        theme.changed.connect(self._dress)
        self._dress()
        self.start_from(recipe())

    def _dress(self) -> None:
        self.words.setFont(sans(0.88))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        reserve_lines(self.words)

    def start_from(self, recipe: Recipe) -> None:
        """Take batch and rate of a recipe, which was chosen as a whole, as they are."""
        self._before = recipe
        self.refresh()

    def refresh(self) -> None:
        """Show the steps of the recipe and the rate for its batch."""
        recipe, images = self._recipe(), self._images()
        self.words.setText(numbers.unbroken(steps_words(recipe, images)))
        reserve_lines(self.words)
        self.words.setVisible(bool(self.words.text()))
        before = self._before
        rate = recipe.optimizer.learning_rate
        if before is None or before.optimizer.learning_rate != rate:
            self._before = before = recipe  # a rate that was given counts for this batch
        self.offered = rate * _seen(recipe) / _seen(before)
        self.scale.setVisible(_seen(recipe) != _seen(before))
        self.scale.show_words(
            f"Scale the learning rate with the batch: {rate:.3g} to {self.offered:.3g}"
        )


def _seen(recipe: Recipe) -> int:
    """Return the images of a step."""
    return recipe.batch * recipe.accumulation


def steps_words(recipe: Recipe, images: int | None) -> str:
    """Return how many steps a training has, "" if that is not known.

    Parameters
    ----------
    recipe
        Says batch, accumulation and epochs.
    images
        Training images.
    """
    if not images or _seen(recipe) > images:
        return ""
    steps = images // _seen(recipe)
    batch = f"batch {numbers.count(recipe.batch)}"
    if recipe.accumulation > 1:
        batch += f" × {numbers.count(recipe.accumulation)}"
    each = "1 step" if steps == 1 else f"{numbers.count(steps)} steps"
    return (
        f"{numbers.count(images)} images / {batch} = {each} an epoch, "
        f"{numbers.count(steps * recipe.epochs)} in all."
    )
