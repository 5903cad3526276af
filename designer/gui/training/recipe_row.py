"""A row of the recipe's form: the editor of one setting, its help, and what a value is as text."""

from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base import numbers
from designer.gui.base.all_lines import reserve_lines
from designer.gui.base.boxes import ComboBox
from designer.gui.base.choices_button import ChoicesButton
from designer.gui.base.theme import sans, theme
from designer.recipe.recipe import Recipe, value_of
from designer.recipe.settings import Field

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
        self._value: Any = None  # that is shown
        tip = _tip(field)
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

    def add_beside(self, widget: QWidget) -> None:
        """Put a widget at the right of the editor."""
        column = self.layout()
        assert isinstance(column, QVBoxLayout)
        column.removeWidget(self.editor)
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addWidget(self.editor, 1)
        line.addWidget(widget)
        column.insertLayout(0, line)

    @property
    def expected(self) -> str:
        """What a value of this setting is, for a sentence: "a whole number of epochs"."""
        words = {int: "a whole number", float: "a number"}.get(
            self.field.kind, "two numbers, as in 0.9, 0.999"
        )
        if self.field.count is None:
            words = "numbers, as in 0.3, 0.5"
        if self.field.is_table:
            words = "rows of numbers, as in 0, 1; 5, 0"
        unit = f" of {self.field.setting.unit}" if self.field.setting.unit else ""
        return f"{words}{unit}, or empty" if self._may_be_empty else f"{words}{unit}"

    @property
    def _may_be_empty(self) -> bool:
        return self.field.optional or bool(self.field.setting.empty)

    def show_value(self, value: Any) -> None:
        """Show a value; a text that already stands for it stays as it was typed."""
        self._value = value
        if not self._wrong:
            self.words.setText(self._help())
            reserve_lines(self.words)
        with QSignalBlocker(self.editor):
            if isinstance(self.editor, QCheckBox):
                self.editor.setChecked(value)
            elif isinstance(self.editor, ChoicesButton):
                self.editor.choose(value)
            elif isinstance(self.editor, QComboBox):
                self.editor.setCurrentIndex(self.editor.findData(value))
            elif isinstance(self.editor, QLineEdit) and (
                self._parsed(self.editor.text()) != value or not self.editor.text()
            ):
                self.editor.setText(value_text(value))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        reserve_lines(self.words)

    def show_error(self, sentence: str) -> None:
        """Show what is wrong, or the help if nothing is."""
        if sentence == self._wrong:
            return
        self._wrong = sentence
        self.words.setText(sentence or self._help())
        reserve_lines(self.words)
        self.words.setProperty("role", "error" if sentence else "faint")
        self.editor.setProperty("wrong", bool(sentence))
        for widget in (self.words, self.editor):
            widget.style().unpolish(widget)
            widget.style().polish(widget)

    def _help(self) -> str:
        """Return the help, and for the row of a table what it does, its formula and source."""
        setting, kind = self.field.setting, self.field.group.kinds.get(str(self._value))
        if self.field.own_name != self.field.group.chooser or kind is None:
            return "\n".join(filter(None, (setting.help, setting.formula)))
        own = (getattr(kind, name, "") for name in ("help", "formula"))
        source = getattr(kind, "source", "")
        return "\n".join(filter(None, (*own, source and f"Source: {source}.")))

    def _dress(self) -> None:
        self.words.setFont(sans(0.88))

    def _made(self) -> QWidget:
        if self.field.kind is bool:
            box = QCheckBox()
            box.toggled.connect(lambda on: self.typed.emit(self.field.name, on))
            return box
        choices = self.field.setting.choices
        if choices is not None and self.field.several is not None:
            button = ChoicesButton(choices, self.field.setting.empty)
            button.changed.connect(lambda names: self.typed.emit(self.field.name, names))
            return button
        if choices is not None:
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
            if self.field.is_table:
                return _table(text)
            # With semicolons between the numbers, these may have decimal commas.
            values = [numbers.typed(part) for part in text.split(";" if ";" in text else ",")]
        except ValueError:
            return WRONG
        return tuple(values) if self.field.count in (None, len(values)) else WRONG


def _table(text: str) -> tuple[tuple[float, ...], ...]:
    """Read rows of numbers, divided by semicolons, the numbers by commas or spaces.

    Raises
    ------
    ValueError
        Something is no number.
    """
    rows = [row.replace(",", " ").split() for row in text.strip("; ").split(";")]
    return tuple(tuple(map(numbers.typed, row)) for row in rows)


def plain(sentence: str, field: Field) -> str:
    """Return a sentence on a setting with its title in place of its dotted name at the start."""
    rest = sentence.removeprefix(field.name)
    return sentence if rest == sentence else field.setting.title + rest


def _tip(field: Field) -> str:
    """Return the tool tip of a setting: help, formula, default with its reason, and source."""
    setting = field.setting
    source = f"Source: {setting.source}." if setting.source else ""
    return "\n".join(filter(None, (setting.help, setting.formula, _default(field), source)))


def _default(field: Field) -> str:
    """Return the sentence on the default, with its reason if there is one to give."""
    value = value_of(Recipe(), field.name)
    shown = field.setting.chosen(value) or value_text(value) or field.setting.empty or "empty"
    reason = f": {field.setting.reason}" if field.setting.reason else ""
    return f"By default {shown}{reason}."


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
        between = "; " if value and isinstance(value[0], tuple) else ", "
        return between.join(map(value_text, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
