"""The dialog that looks for a learning rate: the range test, its plot, and the rate to take."""

import math
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from designer.design.values import Design
from designer.errors import DesignerError
from designer.gui.base import numbers
from designer.gui.base.boxes import SpinBox
from designer.gui.worker.inspection import Reply
from designer.gui.worker.trainer import Trainer
from designer.recipe.recipe import Recipe
from designer.runs.inspection import Subject
from designer.runs.rate_range import FEWEST, MOST, RateRange, bounds

if TYPE_CHECKING:
    from designer.gui.training.rate_plot import RatePlot

KEY = "rate-range"
_ABOUT = (
    "A copy of the network is trained for some steps while the learning rate grows by the same "
    "factor at each (Smith 2017). Data, batch, optimizer, loss and initialization are those of the "
    "recipe; nothing is changed but the rate that you take at the end."
)
_BESIDE = (
    "A training is in progress: beside it, the test takes one thread of the processor, so that it "
    "is slower than usual."
)


class RateDialog(QDialog):
    """Makes the test, shows its losses, and lets the user take a rate.

    Parameters
    ----------
    design, recipe
        What would be trained.
    trainer
        Whose worker makes the test.
    window
        The window above which it opens.

    Signals
    -------
    taken(rate)
        The user takes this learning rate.
    """

    taken = Signal(float)

    def __init__(
        self, design: Design, recipe: Recipe, trainer: Trainer, window: QWidget | None = None
    ) -> None:
        super().__init__(window, objectName="rate-dialog")
        self.setWindowTitle("Find a learning rate")
        self.design = design
        self.recipe = trainer.own(recipe)
        self.trainer = trainer
        self.found: RateRange | None = None
        self.plot: RatePlot | None = None
        usual = bounds(self.recipe)
        self.low = _line("rate-low", f"{usual.low:.3g}", "Lowest rate")
        self.high = _line("rate-high", f"{usual.high:.3g}", "Highest rate")
        self.steps = SpinBox(objectName="rate-steps")
        self.steps.setRange(FEWEST, MOST)
        self.steps.setValue(usual.steps)
        self.steps.setAccessibleName("Steps")
        self.again = QPushButton("Try again", objectName="rate-again")
        self.again.setToolTip("Make the test with these bounds.")
        self.again.clicked.connect(self.start)
        self.bar = QProgressBar(objectName="rate-progress", textVisible=False)
        self.bar.setFixedHeight(6)
        self.bar.setRange(0, 100)
        self.stop = QPushButton("Cancel", objectName="rate-cancel")
        self.stop.setToolTip("End the test; nothing was changed.")
        self.stop.clicked.connect(self.cancel)
        self.words = _label("rate-words", "")
        self.rate = _line("rate-taken", "", "Learning rate")
        self.rate.setToolTip("The learning rate that is taken: that of the marker, or another.")
        self.rate.textEdited.connect(self._typed)
        self.apply = QPushButton("Use this rate", objectName="rate-apply")
        self.apply.setProperty("primary", True)
        self.apply.setDefault(True)
        self.apply.clicked.connect(self._take)
        self._assemble()
        self.start()

    def _assemble(self) -> None:
        about = _label("rate-about", _ABOUT, role="soft")
        self.beside = _label("rate-beside", _BESIDE, role="soft")
        self.beside.setVisible(self.trainer.occupied)
        row = QHBoxLayout()
        for title, field, width in (
            ("From", self.low, 9),
            ("to", self.high, 9),
            ("in steps", self.steps, 10),
        ):
            label = QLabel(title, textFormat=Qt.TextFormat.PlainText)
            label.setBuddy(field)
            field.setFixedWidth(width * self.fontMetrics().averageCharWidth() + 24)
            row.addWidget(label)
            row.addWidget(field)
        row.addWidget(self.again)
        row.addStretch(1)
        working = QHBoxLayout()
        working.addWidget(self.bar, 1)
        working.addWidget(self.stop)
        self.working = QWidget()
        self.working.setLayout(working)
        working.setContentsMargins(0, 0, 0, 0)
        self.space = QStackedWidget()
        self.space.setMinimumHeight(220)
        self.space.addWidget(QWidget())
        taking = QHBoxLayout()
        label = QLabel("Learning rate")
        label.setBuddy(self.rate)
        taking.addWidget(label)
        self.rate.setFixedWidth(12 * self.fontMetrics().averageCharWidth() + 24)
        taking.addWidget(self.rate)
        taking.addStretch(1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.apply, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.rejected.connect(self.reject)
        taking.addWidget(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        column.addWidget(about)
        column.addWidget(self.beside)
        column.addLayout(row)
        column.addWidget(self.working)
        column.addWidget(self.words)
        column.addWidget(self.space, 1)
        column.addLayout(taking)
        width = 84 * self.fontMetrics().averageCharWidth()
        self.resize(width, max(560, self.sizeHint().height()))

    # The test

    def start(self) -> None:
        """Make the test with the bounds that are typed."""
        try:
            within = bounds(
                self.recipe,
                low=_number(self.low, "The lowest rate"),
                high=_number(self.high, "The highest rate"),
                steps=self.steps.value(),
            )
        except DesignerError as error:
            self._say(str(error), wrong=True)
            return
        from designer.design import files

        self.found = None
        self._say("Preparing data and network …")
        self.bar.setValue(0)
        self._show_state(working=True)
        self.trainer.inspection.ask(
            KEY,
            {"do": "rate_range", "low": within.low, "high": within.high, "steps": within.steps},
            self._answered,
            failed=self._failed,
            progress=self._progressed,
            subject=Subject(
                design=files.dumps(self.design),
                weights="",
                seed=self.recipe.seed,
                recipe=msgspec.to_builtins(self.recipe),
            ),
        )

    def _progressed(self, share: float) -> None:
        self.bar.setValue(round(100 * share))
        if share > 0:
            self._say(f"Step {numbers.count(round(share * self.steps.value()))}")

    def cancel(self) -> None:
        """End the test."""
        self.trainer.inspection.cancel(KEY)
        self._show_state(working=False)
        self._say("The test was canceled; nothing was changed.")

    def _answered(self, reply: Reply) -> None:
        self.found = found = msgspec.convert(reply.fields["range"], RateRange)
        if self.plot is None:
            from designer.gui.training.rate_plot import RatePlot

            self.plot = RatePlot()
            self.plot.moved.connect(self._moved)
            self.space.setCurrentIndex(self.space.addWidget(self.plot))
        self.plot.show_range(found)
        self.rate.setText("" if found.suggestion is None else f"{found.suggestion:g}")
        self._say(found.sentence, wrong=found.suggestion is None)
        self._show_state(working=False)

    def _failed(self, sentence: str) -> None:
        self._show_state(working=False)
        self._say(sentence, wrong=True)

    # The rate

    def _moved(self, rate: float) -> None:
        self.rate.setText(f"{rate:.2g}")
        self._show_state(working=False)

    def _typed(self) -> None:
        rate = self._typed_rate()
        if rate is not None and self.plot is not None and self.found is not None:
            self.plot.move_to(rate)
        self._show_state(working=False)

    def _typed_rate(self) -> float | None:
        try:
            rate = numbers.typed(self.rate.text())
        except ValueError:
            return None
        return rate if rate > 0 and math.isfinite(rate) else None

    def _take(self) -> None:
        rate = self._typed_rate()
        if rate is not None:
            self.taken.emit(rate)
            self.accept()

    # What is shown

    def _show_state(self, *, working: bool) -> None:
        self.working.setVisible(working)
        self.again.setEnabled(not working)
        self.rate.setEnabled(not working)
        rate = self._typed_rate()
        self.apply.setEnabled(not working and rate is not None)
        self.apply.setText("Use this rate" if rate is None else f"Use {rate:g}")

    def _say(self, sentence: str, *, wrong: bool = False) -> None:
        self.words.setText(sentence)
        self.words.setProperty("role", "warning" if wrong else "")
        self.words.style().unpolish(self.words)
        self.words.style().polish(self.words)

    def done(self, result: int) -> None:
        """End a test that goes on when the dialog is closed."""
        self.trainer.inspection.cancel(KEY)
        super().done(result)


def _label(name: str, text: str, *, role: str = "") -> QLabel:
    label = QLabel(text, objectName=name, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
    label.setProperty("role", role)
    return label


def _line(name: str, text: str, title: str) -> QLineEdit:
    line = QLineEdit(text, objectName=name)
    line.setAccessibleName(title)
    return line


def _number(line: QLineEdit, words: str) -> float:
    try:
        return numbers.typed(line.text())
    except ValueError:
        raise DesignerError(f"{words} must be a number; received '{line.text()}'.") from None
