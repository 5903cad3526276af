"""The memory totals below the table, each under its name and with what it means."""

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QSignalBlocker, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from designer.analysis.accounting.totals import PRECISIONS, Totals
from designer.analysis.report import formatting
from designer.gui.base import numbers
from designer.gui.base.theme import mono, sans
from designer.gui.documents import fitting
from designer.gui.panels.flow import FlowLayout
from designer.recipe.optimizers import ESTIMATES, Optimizer, estimate_name, state_copies
from designer.recipe.recipe import Recipe

LARGEST_BATCH = 10**6


@dataclass(frozen=True)
class Explained:
    """A figure and the words that say what it is, how it is worked out, and who counts so."""

    name: str
    figure: str
    meaning: str

    @property
    def tip(self) -> str:
        """The words for a tooltip."""
        return f"<p><b>{self.name}: {self.figure}</b></p>{self.meaning}"


def trainable(totals: Totals) -> Explained:
    """Return how many parameters learn."""
    return Explained(
        "trainable",
        f"{numbers.short(totals.trainable)} of {numbers.short(totals.parameters)}",
        f"<p>{numbers.count(totals.trainable)} parameters learn, {numbers.count(totals.frozen)} "
        "are frozen: their learning rate is multiplied by 0.</p>"
        "<p>Frozen parameters have no gradient and no optimizer's state, and what lies before the "
        "first that learns keeps nothing for backward.</p>",
    )


def memory_of_values(values: int) -> str:
    """Write 15.2M x 4 bytes = 60.95 MB, numbers as the user wants them."""
    return numbers.local(
        f"{formatting.short(values)} x 4 bytes = {formatting.decimal_bytes(4 * values, 4)}"
    )


def lecture_memory(values: int) -> str:
    """Write 24M x 4 bytes = 96 MB as the lecture does, numbers as the user wants them."""
    return numbers.local(formatting.lecture_memory(values))


def both_sizes(number: float) -> str:
    """Write 60.9 MB (58.1 MiB), numbers as the user wants them."""
    return numbers.local(formatting.size(number, 4))


def explained(totals: Totals) -> tuple[Explained, ...]:
    """Return the memory figures of one image."""
    outputs, buffers = totals.output_values, totals.buffer_values
    kept, kept_in_eval = totals.saved_bytes(), totals.saved_bytes(training=False)
    peak = totals.inference_peak_bytes
    return (
        Explained(
            "layer outputs",
            memory_of_values(outputs),
            f"<p>The input and the output of every layer, except activations, dropout and views: "
            f"the rows of the CS231n lecture's table.</p>"
            f"<p>{numbers.count(outputs)} values × 4 bytes = {both_sizes(4 * outputs)} an image."
            "</p><p>So counts convnet-burden; so sum the lecture's own rows.</p>",
        ),
        Explained(
            "in-and-out buffers",
            lecture_memory(buffers),
            f"<p>The CS231n lecture's total, reconstructed: each convolution's input and output, "
            f"and the output of every other layer that counts.</p>"
            f"<p>{numbers.count(buffers)} values × 4 bytes = {both_sizes(4 * buffers)} exactly; "
            "the lecture cuts digits off before it multiplies.</p>"
            "<p>So counts the slide that says 24M × 4 bytes ≈ 96 MB for VGG16, although its rows "
            "sum to 15.2M.</p>",
        ),
        Explained(
            "kept for backward",
            numbers.size(kept),
            f"<p>What autograd keeps between the forward and the backward pass of one image in "
            f"train mode, each tensor once, parameters left out.</p>"
            f"<p>{numbers.count(kept)} bytes = {both_sizes(kept)}; in eval mode "
            f"{both_sizes(kept_in_eval)}.</p>"
            "<p>So counts PyTorch itself, asked with saved-tensor hooks.</p>",
        ),
        Explained(
            "inference peak",
            numbers.size(peak),
            f"<p>The largest sum of tensors that are alive at once while one image is predicted; "
            f"a tensor lives until its last reader has run.</p>"
            f"<p>{numbers.count(peak)} bytes = {both_sizes(peak)}. With the parameters: "
            f"{both_sizes(totals.inference_bytes())}.</p>"
            "<p>So much a device needs beside the weights.</p>",
        ),
    )


def training(totals: Totals, optimizer: Optimizer, batch: int, precision: str) -> Explained:
    """Return the estimate of what training needs."""
    needed = totals.training_bytes(optimizer, batch, precision)
    state = state_copies(optimizer)
    weights, learning = 4 * totals.parameters, 4 * totals.trainable
    saved = totals.saved_bytes(batch)
    return Explained(
        "training",
        both_sizes(needed),
        f"<p>An estimate of what training needs at once: parameters {numbers.size(weights)}, "
        f"gradients {numbers.size(learning)}, the optimizer's state "
        f"{numbers.size(state * learning)} ({state} × the parameters that learn), kept for "
        f"backward {numbers.size(saved)} for "
        f"{numbers.count(batch)} images, and the two largest gradients of activations, "
        f"{numbers.size(batch * totals.workspace_bytes)}.</p>"
        "<p>In mixed precision, what is kept halves and a half-size copy of the parameters comes "
        "in. Kernels take scratch memory of their own.</p>"
        "<p>This figure, not the others, tells whether a training fits.</p>",
    )


class Figure(QFrame):
    """A name above a figure; explains itself on hover, and when the keyboard comes to it."""

    def __init__(self, name: str) -> None:
        super().__init__(objectName=f"total-{name.replace(' ', '-')}")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.caption = QLabel(name)
        self.caption.setProperty("role", "soft")
        self.value = QLabel()
        column.addWidget(self.caption)
        column.addWidget(self.value)
        self.use_fonts()

    def show_figure(self, figure: Explained) -> None:
        """Show another figure."""
        self.value.setText(figure.figure)
        self.setToolTip(figure.tip)
        self.setAccessibleName(f"{figure.name}: {figure.figure}")

    def use_fonts(self) -> None:
        """Take over the application's font."""
        self.caption.setFont(sans(0.88))
        self.value.setFont(mono(relative=0.95))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Explain the figure to the keyboard."""
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            at = self.mapToGlobal(QPoint(0, self.height()))
            QToolTip.showText(at, self.toolTip(), self)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Stop explaining."""
        super().focusOutEvent(event)
        QToolTip.hideText()


class MemoryTotals(QWidget):
    """All memory figures, and what training needs at a batch size that can be changed."""

    def __init__(self) -> None:
        super().__init__(objectName="memory-totals")
        self.totals: Totals | None = None
        flow = FlowLayout(self, gap=18, line_gap=5)
        flow.setContentsMargins(8, 5, 8, 6)
        self.figures = {
            name: Figure(name)
            for name in (
                "trainable",
                "layer outputs",
                "in-and-out buffers",
                "kept for backward",
                "inference peak",
                "training",
            )
        }
        self.batch = QSpinBox(objectName="batch", minimum=1, maximum=LARGEST_BATCH, value=32)
        self.batch.setAccessibleName("Batch size")
        self.batch.setToolTip("Images of a step, for the estimate of what training needs.")
        self.batch.setAccelerated(True)
        self.batch.lineEdit().setTextMargins(8, 0, 0, 0)
        self.optimizer = QComboBox(objectName="optimizer")
        self.optimizer.setAccessibleName("Optimizer")
        self.optimizer.setToolTip("Optimizers differ in the state that they keep.")
        for name, estimate in ESTIMATES.items():
            self.optimizer.addItem(estimate.title, name)
        self._settings = {name: estimate.settings for name, estimate in ESTIMATES.items()}
        self.precision = QComboBox(objectName="precision")
        self.precision.setAccessibleName("Precision")
        self.precision.setToolTip("Mixed precision keeps activations in half the memory.")
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
        for figure in self.figures.values():
            flow.addWidget(figure)
        flow.addWidget(choice)
        self.batch.valueChanged.connect(self._estimate)
        self.optimizer.currentIndexChanged.connect(self._estimate)
        self.precision.currentIndexChanged.connect(self._estimate)
        self.use_fonts()

    def show_totals(self, totals: Totals) -> None:
        """Show the figures of a design."""
        self.totals = totals
        for figure in (trainable(totals), *explained(totals)):
            self.figures[figure.name].show_figure(figure)
        self.figures["trainable"].setVisible(totals.frozen > 0)
        self._estimate()
        self.layout().invalidate()

    def suggest(self, recipe: Recipe, device: fitting.Device | None = None) -> None:
        """Estimate for the batch and optimizer of a recipe, and how the device would compute."""
        fields = (self.batch, self.optimizer, self.precision)
        blocked = [QSignalBlocker(field) for field in fields]
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
            self.figures["training"].show_figure(
                training(
                    self.totals,
                    self._settings[self.optimizer.currentData()],
                    self.batch.value(),
                    self.precision.currentData(),
                )
            )

    def use_fonts(self) -> None:
        """Take over the application's font."""
        for figure in self.figures.values():
            figure.use_fonts()
        small = sans(0.92)
        for widget in (*self.words, self.batch, self.optimizer, self.precision):
            widget.setFont(small)
