"""The editor of one field that varies: its values, or a range."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.design.values import Design
from designer.errors import DesignerError
from designer.gui.base import icons, numbers
from designer.gui.base.choices_button import ChoicesButton
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.plain_text import wrapped_tip
from designer.gui.base.segments import Segment, Segments
from designer.gui.studies import wording
from designer.gui.studies.page import words
from designer.recipe.recipe import Recipe
from designer.studies import fields, typed
from designer.studies.answers.wording import uncapitalized
from designer.studies.fields import VariedField
from designer.studies.spec import Choice, Range, Study, Varied

_FORMS = (
    Segment("values", "Values", "Try these values."),
    Segment("range", "Range", "Try numbers between two ends."),
)
_NUMBER, _COUNT = 62, 48  # pixels of a field for a number


class VariedRow(QFrame):
    """What of a field is tried; begins with what suits the field.

    Signals
    -------
    changed()
        Something was entered.
    removed(name)
        The field is to vary no more.
    """

    changed = Signal()
    removed = Signal(str)

    def __init__(self, field: VariedField, design: Design, recipe: Recipe) -> None:
        super().__init__(objectName=f"varied-{field.name}")
        self.setProperty("role", "card")
        self.field = field
        self._design, self._recipe = design, recipe
        self._titles: dict[str, Choice] = {}
        suggestion = field.suggestion()
        title = ElidedLabel(wording.capitalized(field.title))
        title.setToolTip(wrapped_tip(field.help, f"({field.name})"))
        self.cross = QToolButton(objectName=f"varied-{field.name}-remove")
        self.cross.setProperty("role", "close-tab")
        self.cross.setIcon(icons.icon("close"))
        self.cross.setAccessibleName(f"Do not vary {field.title}")
        self.cross.setToolTip("Do not vary this.")
        self.cross.clicked.connect(lambda: self.removed.emit(field.name))
        self.forms = Segments(f"varied-{field.name}-form", _FORMS)
        self.forms.setVisible(field.numeric)
        self.forms.chosen.connect(lambda _: self._turn())
        self.stack = QStackedWidget()
        self.stack.addWidget(self._values(suggestion))
        self.stack.addWidget(self._range(suggestion))
        if suggestion.range is not None:
            self.forms.choose("range")
        self.error = QLabel(objectName=f"varied-{field.name}-error", wordWrap=True)
        self.error.setTextFormat(Qt.TextFormat.PlainText)
        self.error.setProperty("role", "error")
        self.error.hide()
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(self.forms)
        head.addWidget(self.cross)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 6, 8)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.stack)
        column.addWidget(self.error)
        self._turn()

    # Editors

    def _line(self, name: str, title: str, text: str = "", width: int = 0) -> QLineEdit:
        line = QLineEdit(text, objectName=f"varied-{self.field.name}-{name}")
        line.setAccessibleName(f"{self.field.title}: {title}")
        if width:
            line.setFixedWidth(width)
        line.textChanged.connect(lambda _: self._check())
        return line

    def _values(self, suggestion: Varied) -> QWidget:
        """Return the editor of values: ticks where there are a few, else a line of text."""
        choices = self.field.choices or ((False, True) if self.field.kind is bool else ())
        page = QWidget()
        across = QHBoxLayout(page)
        across.setContentsMargins(0, 0, 0, 0)
        if choices:
            self._titles = {fields.text_of(each): each for each in choices}
            self.choices = ChoicesButton({text: text for text in self._titles}, "Choose values")
            self.choices.setObjectName(f"varied-{self.field.name}-choices")
            self.choices.choose([fields.text_of(each) for each in suggestion.values])
            self.choices.changed.connect(lambda _: self._check())
            across.addWidget(self.choices)
            return page
        text = ", ".join(map(_typed, suggestion.values))
        if not text:
            text = _typed(self.field.current)
        self.values = self._line("values", "values", text)
        self.values.setPlaceholderText("Values, separated by commas")
        across.addWidget(self.values)
        return page

    def _range(self, suggestion: Varied) -> QWidget:
        given = suggestion.range
        low, high = ("", "") if given is None else map(_typed, fields.ends_of(given))
        self.low = self._line("low", "lowest", low, _NUMBER)
        self.high = self._line("high", "highest", high, _NUMBER)
        self.log = QCheckBox("equal ratios", objectName=f"varied-{self.field.name}-log")
        self.log.setToolTip("Numbers at equal ratios, such as 0.001, 0.01, 0.1.")
        self.log.setChecked(given is not None and given.log)
        self.log.toggled.connect(lambda _: self._check())
        self.step = self._line("step", "step", "", _NUMBER)
        self.step.setPlaceholderText("any")
        self.step.setToolTip("The distance of neighboring values; empty for any.")
        page = QWidget()
        across = QHBoxLayout(page)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(5)
        self.points = self._line("points", "values of a grid", "", _COUNT)
        self.points.setPlaceholderText("any")
        self.points.setToolTip("How many values a grid takes; empty for what suits the range.")
        parts = ("from", self.low, "to", self.high, self.log, "step", self.step)
        for part in (*parts, "values", self.points):
            across.addWidget(words(part) if isinstance(part, str) else part)
        across.addStretch(1)
        return page

    @property
    def ranged(self) -> bool:
        """Whether a range is given."""
        return self.field.numeric and self.forms.current == "range"

    def _turn(self) -> None:
        self.stack.setCurrentIndex(int(self.ranged))
        self._check()

    def _check(self) -> None:
        if self.stack.count() == 2:  # else the editors are being made
            self.refuse(self.fault())
            self.changed.emit()

    def refuse(self, sentence: str) -> None:
        """Show what is wrong with the values; nothing for ""."""
        self.error.setText(sentence)
        self.error.setVisible(bool(sentence))

    # What is given

    def fault(self) -> str:
        """Return what is wrong with what is given, "" if it is right."""
        try:
            self.varied()
        except DesignerError as error:
            return str(error)
        return ""

    def varied(self) -> Varied:
        """Return what is given.

        Raises
        ------
        DesignerError
            It is no value, or no range, of the field.
        """
        name = self.field.name
        if self._titles:
            values = tuple(self._titles[text] for text in self.choices.chosen)
            if not values:
                raise DesignerError(f"Choose values of {uncapitalized(self.field.title)}.")
            return Varied(name=name, values=values)
        if self.ranged:
            given = Range(
                low=self._number(self.low, "lowest value"),
                high=self._number(self.high, "highest value"),
                whole=self.field.kind is int,
                log=self.log.isChecked(),
                step=self._number(self.step, "step") if self.step.text().strip() else None,
                points=self._count(self.points) if self.points.text().strip() else None,
            )
            varied = Varied(name=name, range=given)
            fields.check(Study(title=name, varied=(varied,)), {"": self._design}, self._recipe)
            return varied
        if not self.values.text().strip():
            title = uncapitalized(self.field.title)
            raise DesignerError(f"Give values of {title}, separated by commas.")
        found = typed.read(f"{name}={self.values.text()}", self._design, self._recipe)
        for value in found.values:
            fields.with_values(self._design, self._recipe, {name: value})
        return found

    def _count(self, line: QLineEdit) -> int:
        """Return how many values a grid takes of the range."""
        try:
            return int(line.text())
        except ValueError:
            raise DesignerError(
                f"How many values of {uncapitalized(self.field.title)} a grid takes is no whole "
                f"number: '{line.text()}'; give one such as 5."
            ) from None

    def _number(self, line: QLineEdit, what: str) -> float:
        """Return the number in a field of the range."""
        try:
            return numbers.typed(line.text())
        except ValueError:
            raise DesignerError(
                f"The {what} of {uncapitalized(self.field.title)} is no number: "
                f"'{line.text()}'; give one such as {_typed(self.field.current)}."
            ) from None


def _typed(value: Choice) -> str:
    """Return a value as it is typed: a list in brackets."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_typed, value))}]"
    return f"{value:g}" if isinstance(value, float) else fields.text_of(value)
