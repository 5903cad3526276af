"""The form of a recipe: a row for each setting, with its help, checked while it is typed."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.errors import DesignerError
from designer.gui.base import numbers
from designer.gui.base.boxes import ComboBox
from designer.gui.base.theme import sans, theme
from designer.gui.training.cache_line import CacheLine
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe, consequences, fields, is_used, value_of
from designer.recipe.settings import Field

if TYPE_CHECKING:
    from designer.gui.training.data_reading import Reading

# The groups of a recipe in the order of the form's two parts; "" is that of the settings in none.
_ESSENTIAL_GROUPS = ("", "optimizer", "schedule", "augmentation", "loss", "data")
_MORE_GROUPS = ("augmentation", "data", "loss", "optimizer", "schedule", "")
_NARROW = 300  # pixels of the form's width below which fields stand below their labels
_TITLES = {
    "": "Training",
    "optimizer": "Optimizer",
    "schedule": "Schedule",
    "augmentation": "Augmentation",
    "loss": "Loss",
    "data": "Data",
}
"""Headings of the groups in the form's second part."""


_APPLIES: Mapping[str, Callable[["Reading"], bool]] = {
    "data.classes_from": lambda data: data.in_files and not data.table,
    "data.spellings": lambda data: data.in_files or data.table,
    "data.sampling": lambda data: data.description.kind == "classes",
    "data.memory": lambda data: data.in_files,
    "data.cache": lambda data: data.in_files,
    "data.workers": lambda data: data.in_files,
}
"""Settings that have an effect with some data sets only, and with which."""


def _part(part: str, groups: Sequence[str]) -> list[Field]:
    """Return the settings of a part of the form, group by group."""
    found = [field for field in fields().values() if field.setting.form == part]
    return sorted(found, key=lambda field: groups.index(field.name.rpartition(".")[0]))


def essential() -> list[Field]:
    """Return the settings that are always shown."""
    return _part("essential", _ESSENTIAL_GROUPS)


def more() -> list[Field]:
    """Return the settings that are shown on request."""
    return _part("more", _MORE_GROUPS)


class RecipeForm(QWidget):
    """Shows a recipe and changes it.

    Signals
    -------
    edited(recipe)
        The user changed it to this one.
    checked()
        `refusal` changed.
    """

    edited = Signal(Recipe)
    checked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.recipe = Recipe()
        self.data: Reading | None = None  # the data set of the recipe, once it is read
        self._wrong: dict[str, str] = {}
        # By dotted names; those of the part "more" from its first showing on.
        self.rows: dict[str, Row] = {}
        self._layouts: dict[str, QFormLayout] = {}
        self._headings: dict[str, QLabel] = {}  # by group, of the part "more"
        always, self.rest = QWidget(self), QWidget(self)
        self.rest.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(always)
        self.more = QToolButton(
            objectName="recipe-more", text="More", toolTip="Show the rarer fields.", checkable=True
        )
        self.more.setArrowType(Qt.ArrowType.RightArrow)
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more.toggled.connect(self._show_more)
        column.addWidget(self.more)
        column.addWidget(self.rest)
        column.addStretch(1)
        self._fill(always, essential())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for layout in set(self._layouts.values()):
            self._wrap(layout)

    def _wrap(self, layout: QFormLayout) -> None:
        """Put fields below their labels where help beside them would take a line for each word."""
        policy = QFormLayout.RowWrapPolicy
        layout.setRowWrapPolicy(
            policy.WrapAllRows if self.width() < _NARROW else policy.DontWrapRows
        )

    def _fill(self, page: QWidget, part: Sequence[Field]) -> None:
        layout = QFormLayout(page)
        self._wrap(layout)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(5)
        layout.setHorizontalSpacing(10)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        group = ""
        for field in part:
            group, before = field.name.rpartition(".")[0], group
            if part != essential() and (group != before or layout.rowCount() == 0):
                heading = QLabel(
                    _TITLES[group],
                    page,
                    objectName=f"recipe-group-{group}",
                    textFormat=Qt.TextFormat.PlainText,
                )
                heading.setFont(sans(bold=True))
                self._headings[group] = heading
                layout.addRow(heading)
            row = self.rows[field.name] = Row(field, page)
            row.typed.connect(self._typed)
            self._layouts[field.name] = layout
            layout.addRow(row.label, row)
            if field.name == "data.cache":
                row.add(CacheLine(row))
            row.show_value(value_of(self.recipe, field.name))
        self._show_used()

    def label_width(self) -> int:
        """Return the width of the labels of the essential settings, in pixels."""
        return max(self.rows[field.name].label.sizeHint().width() for field in essential())

    @property
    def refusal(self) -> str:
        """The sentence on the first wrong value, "" if none is wrong."""
        return next(iter(self._wrong.values()), "")

    def show_recipe(self, recipe: Recipe) -> None:
        """Show a recipe; wrong values that were typed are discarded."""
        self.recipe = recipe
        self._wrong.clear()
        for row in self.rows.values():
            row.show_value(value_of(recipe, row.field.name))
            row.show_error("")
        self._show_used()

    def show_data(self, data: "Reading | None") -> None:
        """Leave out settings without effect with these data, unless they have been changed."""
        if data is not self.data:
            self.data = data
            self._show_used()

    def _is_used(self, field: Field) -> bool:
        applies = _APPLIES.get(field.name)
        if applies is not None and self.data is not None and not applies(self.data):
            return bool(value_of(self.recipe, field.name) != value_of(Recipe(), field.name))
        return is_used(self.recipe, field)

    def _typed(self, name: str, value: object) -> None:
        changes = {name: value, **consequences(self.recipe, {name: value})}
        row = self.rows[name]
        try:
            if value is WRONG:
                raise DesignerError(f"{row.title} must be {row.expected}.")
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
        for name, row in self.rows.items():
            layout, used = self._layouts[name], self._is_used(row.field)
            if layout.isRowVisible(row) != used:  # Qt lays out anew at each call
                layout.setRowVisible(row, used)
        for group, heading in self._headings.items():
            members = [each for each in more() if each.name.rpartition(".")[0] == group]
            heading.setVisible(any(map(self._is_used, members)))

    def _show_more(self, shown: bool) -> None:
        if self.rest.layout() is None:
            self._fill(self.rest, more())
        self.rest.setVisible(shown)
        self.more.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)


WRONG = object()
"""Stands for a typed text that cannot be read as a value of the setting's type."""


class Row(QWidget):
    """The editor of one setting; below it stands its help, or what is wrong.

    Signals
    -------
    typed(name, value)
        The user gave the setting of that dotted name a value, or `WRONG`.
    """

    typed = Signal(str, object)

    def __init__(self, field: Field, parent: QWidget) -> None:
        super().__init__(parent)
        self.field = field
        setting = field.setting
        self.title = setting.title
        self._wrong = ""
        tip = " ".join((setting.help, _default(field))).strip()
        self.label = QLabel(self.title, parent, textFormat=Qt.TextFormat.PlainText)
        self.label.setToolTip(tip)
        self.editor = self._made()
        self.editor.setObjectName(f"recipe-{field.name}")
        self.editor.setAccessibleName(self.title)
        self.editor.setToolTip(tip)
        self.label.setBuddy(self.editor)
        self.words = QLabel(setting.help, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.words.setObjectName(f"recipe-{field.name}-words")
        self.words.setProperty("role", "faint")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addWidget(self.editor)
        column.addWidget(self.words)
        theme.changed.connect(self._dress)
        self._dress()

    def add(self, widget: QWidget) -> None:
        """Put a widget below the editor."""
        column = self.layout()
        assert isinstance(column, QVBoxLayout)
        column.addWidget(widget)

    @property
    def expected(self) -> str:
        """What a value of this setting is, for a sentence: "a whole number of epochs"."""
        words = {int: "a whole number", float: "a number"}.get(
            self.field.kind, "two numbers, as in 0.9, 0.999"
        )
        if self.field.count is None:
            words = "numbers, as in 0.3, 0.5"
        unit = f" of {self.field.setting.unit}" if self.field.setting.unit else ""
        return f"{words}{unit}, or empty" if self._may_be_empty else f"{words}{unit}"

    @property
    def _may_be_empty(self) -> bool:
        return self.field.optional or bool(self.field.setting.empty)

    def show_value(self, value: Any) -> None:
        """Show a value; a text that already stands for it stays as it was typed."""
        with QSignalBlocker(self.editor):
            if isinstance(self.editor, QCheckBox):
                self.editor.setChecked(value)
            elif isinstance(self.editor, QComboBox):
                self.editor.setCurrentIndex(self.editor.findData(value))
            elif isinstance(self.editor, QLineEdit) and (
                self._parsed(self.editor.text()) != value or not self.editor.text()
            ):
                self.editor.setText(value_text(value))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_words()

    def _fit_words(self) -> None:
        """Reserve the height of all lines: Qt's form layout gives rows that wrap too little."""
        needed = self.words.heightForWidth(self.words.width())
        if needed != self.words.minimumHeight():
            self.words.setMinimumHeight(needed)

    def show_error(self, sentence: str) -> None:
        """Show what is wrong, or the help if nothing is."""
        if sentence == self._wrong:
            return
        self._wrong = sentence
        self.words.setText(sentence or self.field.setting.help)
        self._fit_words()
        self.words.setProperty("role", "error" if sentence else "faint")
        self.editor.setProperty("wrong", bool(sentence))
        for widget in (self.words, self.editor):
            widget.style().unpolish(widget)
            widget.style().polish(widget)

    def _dress(self) -> None:
        self.words.setFont(sans(0.88))

    def _made(self) -> QWidget:
        if self.field.kind is bool:
            box = QCheckBox()
            box.toggled.connect(lambda on: self.typed.emit(self.field.name, on))
            return box
        if (choices := self.field.setting.choices) is not None:
            combo = ComboBox()
            for name, title in choices.items():
                combo.addItem(title, name)
            combo.currentIndexChanged.connect(
                lambda _: self.typed.emit(self.field.name, combo.currentData())
            )
            return combo
        line = QLineEdit()
        line.setPlaceholderText(self.field.setting.empty)
        line.textEdited.connect(lambda text: self.typed.emit(self.field.name, self._parsed(text)))
        if self.field.setting.unit:
            _show_unit(line, self.field.setting.unit)
        return line

    def _parsed(self, text: str) -> object:
        text = text.strip()
        if not text:
            if self.field.optional:
                return None
            return self.field.kind() if self._may_be_empty else WRONG
        try:
            if self.field.kind is str:
                return text
            if self.field.kind is int:
                return int(text)
            if self.field.kind is float:
                return numbers.typed(text)
            # With semicolons between the numbers, these may have decimal commas.
            values = [numbers.typed(part) for part in text.split(";" if ";" in text else ",")]
        except ValueError:
            return WRONG
        return tuple(values) if self.field.count in (None, len(values)) else WRONG


def plain(sentence: str, field: Field) -> str:
    """Return a sentence on a setting with its title in place of its dotted name at the start."""
    rest = sentence.removeprefix(field.name)
    return sentence if rest == sentence else field.setting.title + rest


def _default(field: Field) -> str:
    """Return the sentence on the default, "" where there is no reason to give."""
    if not field.setting.reason:
        return ""
    value = value_of(Recipe(), field.name)
    shown = (field.setting.choices or {}).get(value, value_text(value))
    return f"By default {shown}: {field.setting.reason}."


def _show_unit(line: QLineEdit, unit: str) -> None:
    """Show a unit at the right end of a line edit, where no text reaches it."""
    label = QLabel(unit, objectName="unit", textFormat=Qt.TextFormat.PlainText)
    label.setProperty("role", "faint")
    label.setFont(sans(0.88))
    label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    inside = QHBoxLayout(line)
    inside.setContentsMargins(0, 0, 8, 0)
    inside.addStretch(1)
    inside.addWidget(label)
    line.setTextMargins(0, 0, label.sizeHint().width() + 8, 0)


def value_text(value: Any) -> str:
    """Return a value as the form shows it, "" for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(map(value_text, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
