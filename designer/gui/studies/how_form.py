"""How a study finds, trains and compares candidates, and when it ends: the settings as a form."""

import math
from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QWidget

from designer.errors import DesignerError
from designer.gui.base import numbers
from designer.gui.base.boxes import SpinBox
from designer.gui.base.choices_button import ChoicesButton
from designer.gui.base.plain_text import wrapped_tip
from designer.gui.studies import wording
from designer.gui.studies.page import Choice, words
from designer.studies.goals import COSTS, GOALS
from designer.studies.protocols import PROTOCOLS, Protocol
from designer.studies.pruning import PRUNERS
from designer.studies.samplers import SAMPLERS
from designer.studies.spec import Budget, Pruning, Study, Varied

_NUMBER = 96  # pixels of a field for a number
_LETTERS = 14  # for which a list has room at least
_FIRST = ("validation_accuracy", "macs")  # goals that are chosen at first
_MOST = 1_000_000


class HowForm(QWidget):
    """The settings of a study besides what varies.

    Parameters
    ----------
    costs
        What the present design costs, by the names of `spec.Budget`; empty if it has errors.
    accuracy
        Whether the network has an accuracy.

    Signals
    -------
    changed()
        Something was entered.
    """

    changed = Signal()

    def __init__(self, costs: Mapping[str, float], *, accuracy: bool) -> None:
        super().__init__(objectName="study-how")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnStretch(1, 1)
        self.sampler = Choice("study-sampler", "Candidates")
        self.sampler.offer([(row.name, row.title) for row in SAMPLERS.values()])
        self.sampler_help = _help()
        self.trials = _line(
            "study-trials",
            "Number of candidates",
            "How many candidates are trained at most; empty for all of a grid.",
        )
        self.time = _line(
            "study-time",
            "Time",
            "No further training begins once all of them together took this long: hours, minutes "
            "and seconds, or seconds alone.",
        )
        self.time.setPlaceholderText("h:mm:ss")
        self.protocol = Choice("study-protocol", "Trainings of each candidate")
        rows = [(row.name, wording.capitalized(row.title)) for row in PROTOCOLS.values()]
        self.protocol.offer(rows)
        self.protocol_help = _help()
        self.repeats = _spin(
            "study-repeats",
            "Repeats",
            3,
            "How often each candidate is trained; with folds, how often they are drawn.",
        )
        self.folds = _spin(
            "study-folds",
            "Folds",
            5,
            "Into how many parts the examples are divided, each of which is for validation once.",
        )
        goals = {name: wording.title(name) for name in GOALS}
        self.goals = ChoicesButton(goals, "Choose what is compared")
        self.goals.setObjectName("study-goals")
        self.goals.setAccessibleName("What is compared")
        self.goals.setToolTip("The figures that are compared; the first one is the main one.")
        first = _FIRST if accuracy else ("validation_loss", *_FIRST[1:])
        self.goals.choose(first)
        self.pruning = Choice("study-pruning", "Stop trainings that fall behind")
        self.pruning.offer([(row.name, row.title) for row in PRUNERS.values()])
        self.pruning_help = _help()
        self.parallel = _spin(
            "study-parallel",
            "Trainings at once",
            1,
            "How many trainings run at the same time, if processor, GPU and memory have room.",
        )
        self.budget = {
            name: _line(
                f"study-most-{name}",
                f"Most {GOALS[name].title}",
                "Candidates with more are refused before they are trained. Type a number such as "
                "50,000, 50k or 3M.",
            )
            for name in COSTS
        }
        self._lay_out(costs)
        for box in (self.sampler, self.protocol, self.pruning):
            box.setSizeAdjustPolicy(box.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(_LETTERS)
            box.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
            box.activated.connect(lambda _: self._told())
        for line in (self.trials, self.time, *self.budget.values()):
            line.textChanged.connect(lambda _: self.changed.emit())
        for spin in (self.repeats, self.folds, self.parallel):
            spin.valueChanged.connect(lambda _: self.changed.emit())
        self.goals.changed.connect(lambda _: self.changed.emit())
        self._told()

    def _lay_out(self, costs: Mapping[str, float]) -> None:
        self._row("Candidates", self.sampler, "at most", self.trials, "within", self.time)
        self._help(self.sampler_help)
        self._row("Each is trained", self.protocol, self.repeats, self.folds)
        self._help(self.protocol_help)
        self._row("Compared by", self.goals)
        self._row("Stopped early", self.pruning)
        self._help(self.pruning_help)
        self._row("Trainings at once", self.parallel)
        for name, line in self.budget.items():
            own = wording.figure(name, costs[name]) if name in costs else "not known"
            self._row(f"Most {GOALS[name].title}", line, words(f"this design: {own}", "soft"))

    def _row(self, title: str, *parts: str | QWidget) -> None:
        number = self._grid.rowCount()
        label = words(title)
        self._grid.addWidget(label, number, 0)
        line = QHBoxLayout()
        line.setSpacing(6)
        for part in parts:
            widget = words(part) if isinstance(part, str) else part
            line.addWidget(widget, int(isinstance(widget, ChoicesButton | Choice)))
        if not any(isinstance(part, ChoicesButton) for part in parts):
            line.addStretch(1)
        label.setBuddy(next(part for part in parts if not isinstance(part, str)))
        self._grid.addLayout(line, number, 1)

    def _help(self, label: QLabel) -> None:
        self._grid.addWidget(label, self._grid.rowCount(), 1)

    def _told(self) -> None:
        """Explain what is chosen, and show the numbers that it needs."""
        self.sampler_help.setText(SAMPLERS[self.sampler.chosen].help)
        kind = PROTOCOLS[self.protocol.chosen]
        self.protocol_help.setText(kind.help)
        self.repeats.setVisible("repeats" in kind.settings)
        self.repeats.setSuffix(" times")
        self.folds.setVisible("folds" in kind.settings)
        self.folds.setSuffix(" folds")
        self.pruning_help.setText(PRUNERS[self.pruning.chosen].help)
        self.changed.emit()

    def study(self, title: str, varied: tuple[Varied, ...]) -> Study:
        """Return a study with the settings.

        Raises
        ------
        DesignerError
            A typed text is no number or no time.
        """
        trials = _number(self.trials, "number of candidates")
        budget = {
            name: _number(line, f"most {GOALS[name].title}") for name, line in self.budget.items()
        }
        return Study(
            title=title,
            varied=varied,
            sampler=self.sampler.chosen,
            goals=self.goals.chosen,
            protocol=Protocol(
                name=self.protocol.chosen,
                repeats=self.repeats.value(),
                folds=self.folds.value(),
            ),
            budget=Budget(**budget),
            trials=None if trials is None else round(trials),
            seconds=_seconds(self.time.text()),
            pruning=Pruning(name=self.pruning.chosen),
            parallel=self.parallel.value(),
        )


def _help() -> QLabel:
    label = words(role="faint", wrap=True)
    label.setMinimumWidth(1)
    return label


def _line(name: str, title: str, help_: str) -> QLineEdit:
    line = QLineEdit(objectName=name, placeholderText="any")
    line.setToolTip(wrapped_tip(numbers.sentence(help_)))
    line.setAccessibleName(title)
    line.setFixedWidth(_NUMBER)
    return line


def _spin(name: str, title: str, value: int, help_: str) -> SpinBox:
    spin = SpinBox(objectName=name)
    spin.setToolTip(wrapped_tip(help_))
    spin.setAccessibleName(title)
    spin.setRange(1, _MOST)
    spin.setValue(value)
    spin.setFixedWidth(_NUMBER)
    return spin


def _number(line: QLineEdit, title: str) -> float | None:
    """Return the number in a field, None for an empty one; a suffix such as k or M multiplies."""
    text = line.text().strip()
    if not text:
        return None
    factors = {"k": 1e3, "M": 1e6, "G": 1e9}
    plain = "".join(text.replace(",", "").split()).removesuffix("B")
    factor = factors.get(plain[-1:], 1.0)
    try:
        found = float(plain[:-1] if factor > 1 else plain) * factor
    except ValueError:
        found = math.nan
    if not (math.isfinite(found) and found > 0):
        raise DesignerError(
            f"The {title} is no number: '{text}'; give one such as 50,000, 50k or 3M."
        )
    return found


def _seconds(text: str) -> float | None:
    """Return a time in seconds, None for an empty one."""
    if not text.strip():
        return None
    try:
        parts = [numbers.typed(part) for part in text.split(":")]
    except ValueError:
        parts = []
    if not 1 <= len(parts) <= 3 or any(part < 0 for part in parts) or not sum(parts):
        raise DesignerError(f"'{text}' is no time: give one such as 0:30:00, or seconds.")
    total = 0.0
    for part in parts:
        total = 60 * total + part
    return total
