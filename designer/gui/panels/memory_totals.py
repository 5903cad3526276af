"""The memory totals below the table, each with its name and an explanation."""

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QSignalBlocker, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from designer.analysis.accounting.totals import PRECISIONS, Totals
from designer.analysis.report import formatting
from designer.gui.base import numbers
from designer.gui.base.boxes import ComboBox, SpinBox
from designer.gui.base.flow_layout import FlowLayout
from designer.gui.base.theme import mono, sans, strong
from designer.gui.documents import fitting
from designer.recipe.optimizers import ESTIMATES, Optimizer, estimate_name, state_copies
from designer.recipe.recipe import Recipe

LARGEST_BATCH = 10**6


@dataclass(frozen=True)
class Explained:
    """A value with its explanation.

    Attributes
    ----------
    value
        The value as text, with its unit.
    meaning
        What it is, how it is computed, and which tools count it the same way; HTML paragraphs.
    """

    name: str
    value: str
    meaning: str

    @property
    def tip(self) -> str:
        """The HTML of the tooltip."""
        return f"<p>{strong(f'{self.name}: {self.value}')}</p>{self.meaning}"


def trainable(totals: Totals) -> Explained:
    """Return the number of trainable parameters, of all parameters."""
    return Explained(
        "trainable",
        f"{numbers.short(totals.trainable)} of {numbers.short(totals.parameters)}",
        f"<p>{numbers.count(totals.trainable)} parameters are trainable, "
        f"{numbers.count(totals.frozen)} are frozen: their learning rate is multiplied by 0.</p>"
        "<p>Frozen parameters have no gradient and no optimizer state. Layers before the first "
        "trainable one save nothing for backward.</p>",
    )


def memory_of_values(values: int) -> str:
    """Return a text such as 15.2M x 4 bytes = 60.95 MB, in the user's number format."""
    return numbers.local(
        f"{formatting.short(values)} x 4 bytes = {formatting.decimal_bytes(4 * values, 4)}"
    )


def lecture_memory(values: int) -> str:
    """Return a text such as 24M x 4 bytes = 96 MB, truncated as in the CS231n lecture."""
    return numbers.local(formatting.lecture_memory(values))


def lecture_size(values: int) -> str:
    """Return a text such as 96 MB, the product of `lecture_memory` alone."""
    return numbers.local(formatting.lecture_size(values))


def both_sizes(number: float) -> str:
    """Return a number of bytes as in 60.9 MB (58.1 MiB), in the user's number format."""
    return numbers.local(formatting.size(number, 4))


def explained(totals: Totals) -> tuple[Explained, ...]:
    """Return the memory totals for one image."""
    outputs, buffers = totals.output_values, totals.buffer_values
    saved, saved_in_eval = totals.saved_bytes(), totals.saved_bytes(training=False)
    peak = totals.inference_peak_bytes
    return (
        Explained(
            "layer outputs",
            memory_of_values(outputs),
            "<p>The network's input and the output of every layer, except activations, dropout and "
            "views: the rows of the CS231n lecture's table.</p>"
            f"<p>{numbers.count(outputs)} values × 4 bytes = {both_sizes(4 * outputs)} per image."
            "</p><p>convnet-burden counts this way, and the lecture's rows have this sum.</p>",
        ),
        Explained(
            "in-and-out buffers",
            lecture_memory(buffers),
            "<p>The total of the CS231n lecture, reconstructed: the input and output of each "
            "convolution, and the output of every other layer with a row in its table.</p>"
            f"<p>{numbers.count(buffers)} values × 4 bytes = {both_sizes(4 * buffers)} exactly; "
            "the lecture truncates before it multiplies.</p>"
            "<p>The lecture's slide counts this way: 24M × 4 bytes ≈ 96 MB for VGG16, although its "
            "rows sum to 15.2M.</p>",
        ),
        Explained(
            "kept for backward",
            numbers.size(saved),
            "<p>The tensors that autograd keeps between the forward and the backward pass of one "
            "image in train mode, each tensor once, without parameters.</p>"
            f"<p>{numbers.count(saved)} bytes = {both_sizes(saved)}; in eval mode "
            f"{both_sizes(saved_in_eval)}.</p>"
            "<p>PyTorch's saved-tensor hooks report the same.</p>",
        ),
        Explained(
            "inference peak",
            numbers.size(peak),
            "<p>The largest sum of the tensors that are in memory at once during inference on one "
            "image; a tensor is freed after the last layer that reads it.</p>"
            f"<p>{numbers.count(peak)} bytes = {both_sizes(peak)}. With the parameters: "
            f"{both_sizes(totals.inference_bytes())}.</p>"
            "<p>A device needs this much besides the parameters.</p>",
        ),
    )


def training(
    totals: Totals, optimizer: Optimizer, batch: int, precision: str, recipe: Recipe
) -> Explained:
    """Return the estimate of the memory that training needs, with averages of the recipe."""
    averages = recipe.averaging.copies
    needed = totals.training_bytes(
        optimizer,
        batch,
        precision,
        copies=averages,
        accumulates=recipe.batches_are_accumulated,
    )
    average = f"the average of the weights {numbers.size(averages * totals.file_bytes)}; "
    copies = state_copies(optimizer)
    parameters, gradients = 4 * totals.parameters, 4 * totals.trainable
    saved = totals.saved_bytes(batch)
    return Explained(
        "training",
        both_sizes(needed),
        "<p>The most memory that a step of training needs at once, estimated: parameters "
        f"{numbers.size(parameters)}; optimizer state {numbers.size(copies * gradients)} ({copies} "
        f"× the trainable parameters); {average if averages else ''}and what is alive at the "
        "fullest moment of the backward pass. There, what is kept for backward "
        f"({numbers.size(saved)} for a batch of {numbers.count(batch)} images) shrinks from layer "
        f"to layer while the gradients of the parameters ({numbers.size(gradients)} in the end) "
        "grow.</p>"
        "<p>Mixed precision halves what is kept for backward and adds a half-size copy of the "
        "parameters. Kernels need scratch memory besides.</p>"
        "<p>Compare this value, not the others, with the memory of a device.</p>",
    )


class NamedValue(QFrame):
    """A name above a value, explained in a tooltip on hover and on keyboard focus."""

    def __init__(self, name: str) -> None:
        super().__init__(objectName=f"total-{name.replace(' ', '-')}")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.caption = QLabel(name, textFormat=Qt.TextFormat.PlainText)
        self.caption.setProperty("role", "soft")
        self.value = QLabel(textFormat=Qt.TextFormat.PlainText)
        column.addWidget(self.caption)
        column.addWidget(self.value)
        self.use_fonts()

    def show_value(self, explained: Explained) -> None:
        """Show another value with its explanation."""
        self.value.setText(explained.value)
        self.setToolTip(explained.tip)
        self.setAccessibleName(f"{explained.name}: {explained.value}")

    def use_fonts(self) -> None:
        """Use the application's font."""
        self.caption.setFont(sans(0.88))
        self.value.setFont(mono(relative=0.95))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the tooltip when the focus comes by Tab."""
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            at = self.mapToGlobal(QPoint(0, self.height()))
            QToolTip.showText(at, self.toolTip(), self)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        QToolTip.hideText()


class MemoryTotals(QWidget):
    """All memory totals, and the estimate for training at a chosen batch size."""

    def __init__(self) -> None:
        super().__init__(objectName="memory-totals")
        self.totals: Totals | None = None
        self._flow = flow = FlowLayout(self, gap=18, line_gap=5)
        flow.setContentsMargins(8, 5, 8, 6)
        self.values = {
            name: NamedValue(name)
            for name in (
                "trainable",
                "layer outputs",
                "in-and-out buffers",
                "kept for backward",
                "inference peak",
                "training",
            )
        }
        self.batch = SpinBox(objectName="batch", minimum=1, maximum=LARGEST_BATCH, value=32)
        self.batch.setAccessibleName("Batch size")
        self.batch.setToolTip(
            "Images per step, for the estimate of the memory that training needs."
        )
        self.batch.setAccelerated(True)
        self.optimizer = ComboBox(objectName="optimizer")
        self.optimizer.setAccessibleName("Optimizer")
        self.optimizer.setToolTip(
            "The optimizer, for the estimate: optimizers keep different amounts of state."
        )
        for name, estimate in ESTIMATES.items():
            self.optimizer.addItem(estimate.title, name)
        self._recipe = Recipe()
        self._settings = {name: estimate.settings for name, estimate in ESTIMATES.items()}
        self.precision = ComboBox(objectName="precision")
        self.precision.setAccessibleName("Precision")
        self.precision.setToolTip(
            "The precision, for the estimate: mixed precision halves the memory of activations."
        )
        for name in PRECISIONS:
            self.precision.addItem(name, name)
        choice = QWidget()
        line = QHBoxLayout(choice)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        self.words = [QLabel("at batch"), QLabel("with"), QLabel("in")]
        for label, field in zip(
            self.words, (self.batch, self.optimizer, self.precision), strict=True
        ):
            label.setProperty("role", "soft")
            line.addWidget(label)
            line.addWidget(field)
        for value in self.values.values():
            flow.addWidget(value)
        flow.addWidget(choice)
        self.batch.valueChanged.connect(self._estimate)
        self.optimizer.currentIndexChanged.connect(self._estimate)
        self.precision.currentIndexChanged.connect(self._estimate)
        self.use_fonts()

    def show_totals(self, totals: Totals) -> None:
        """Show the totals of a design."""
        self.totals = totals
        for each in (trainable(totals), *explained(totals)):
            self.values[each.name].show_value(each)
        self.values["trainable"].setVisible(totals.frozen > 0)
        self._estimate()
        self._flow.invalidate()

    def suggest(self, recipe: Recipe, device: fitting.Device | None = None) -> None:
        """Set the estimate to a recipe's batch size, optimizer and precision.

        Parameters
        ----------
        recipe
            The recipe of the current document.
        device
            The device that the recipe selects, which decides on lower precision; None if unknown.
        """
        fields = (self.batch, self.optimizer, self.precision)
        blocked = [QSignalBlocker(field) for field in fields]
        self._recipe = recipe
        self.batch.setValue(min(recipe.batch, LARGEST_BATCH))
        name = estimate_name(recipe.optimizer)
        self._settings[name] = recipe.optimizer  # its state depends on the settings
        self.optimizer.setCurrentIndex(self.optimizer.findData(name))
        precision = fitting.precision_of(recipe, device)
        self.precision.setCurrentIndex(self.precision.findData(precision))
        del blocked
        self._estimate()

    def _estimate(self) -> None:
        if self.totals is not None:
            self.values["training"].show_value(
                training(
                    self.totals,
                    self._settings[self.optimizer.currentData()],
                    self.batch.value(),
                    self.precision.currentData(),
                    self._recipe,
                )
            )

    def use_fonts(self) -> None:
        """Use the application's font."""
        for value in self.values.values():
            value.use_fonts()
        small = sans(0.92)
        for widget in (*self.words, self.batch, self.optimizer, self.precision):
            widget.setFont(small)
