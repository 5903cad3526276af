"""A form: sections of rows with their widgets, which are reused for other values."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QToolButton, QWidget

from designer.design.values import Value
from designer.gui.base import icons
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import colors, theme
from designer.gui.documents.palette_drawing import header_font
from designer.gui.forms.field import Field
from designer.gui.forms.rows import Button, Row, Section


class Form(QWidget):
    """The widgets of some sections; sections with another signature need another form.

    Signals
    -------
    changed(row, value, merge)
        A field has another value; edits with the same `merge` are one step of the history.
    restored(row, merge)
        The edits with this `merge` are to be undone.
    reset(row)
        The default is to be restored.
    explained(row)
        The row under the pointer or with the focus; None when the pointer leaves.
    """

    changed = Signal(Row, object, object)
    restored = Signal(Row, object)
    reset = Signal(Row)
    explained = Signal(object)

    _focus = 0  # counts focus changes, so that typing after each one is a step of its own

    def __init__(self, sections: Sequence[Section]) -> None:
        super().__init__(objectName="form")
        self.signature = signature(sections)
        self.fields: dict[str, Field] = {}
        self.buttons: dict[str, QPushButton | QToolButton] = {}
        self._runs: dict[str, Button] = {}
        self._order: list[QWidget] = []
        self._merges: dict[str, object] = {}
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.grid.setHorizontalSpacing(4)
        self.grid.setVerticalSpacing(3)
        self.grid.setColumnStretch(0, 9)
        self.grid.setColumnStretch(2, 11)
        self.grid.setColumnMinimumWidth(1, 16)
        beside = any(each.after and not each.text for part in sections for each in part.buttons)
        self.columns = 4 if beside else 3
        number = 0
        for section in sections:
            number = self._add_section(section, number)
        theme.changed.connect(self._draw)
        self._draw()

    def _add_section(self, section: Section, number: int) -> int:
        if section.heading:
            title = QLabel(section.heading, self, textFormat=Qt.TextFormat.PlainText)
            title.setFont(header_font())
            title.setProperty("role", "soft")
            title.setContentsMargins(0, 9 if number else 0, 0, 1)
            self.grid.addWidget(title, number, 0, 1, self.columns)
            number += 1
        beside = {each.after: each for each in section.buttons if each.after and not each.text}
        below = {each.after: each for each in section.buttons if each.after and each.text}
        for row in section.rows:
            number = self._add_row(row, number, 1 if row.key in beside else self.columns - 2)
            if row.key in beside:
                self.grid.addWidget(self._small_button(beside[row.key]), number - 2, 3)
            if row.key in below:
                self.grid.addWidget(self._button(below[row.key]), number, 2)
                number += 1
        for each in section.buttons:
            if not each.after:
                self.grid.addWidget(self._button(each), number, 0, 1, self.columns, _LEFT)
                number += 1
        return number

    def _add_row(self, row: Row, number: int, span: int) -> int:
        field = Field(row, self, self.grid, number, columns=self.columns, span=span)
        self.fields[row.key] = field
        self._order.append(field.widget)
        field.changed.connect(lambda value, merges: self._changed(field, value, merges))
        field.restored.connect(
            lambda: self.restored.emit(field.row, self._merges.get(field.row.key))
        )
        field.reset.connect(lambda: self.reset.emit(field.row))
        field.focused.connect(lambda: self._focused(field))
        field.explained.connect(self.explained)
        return number + 2

    def _changed(self, field: Field, value: Value, merges: bool) -> None:
        merge = self._merges.get(field.row.key) if merges else None
        self.changed.emit(field.row, value, merge)

    def _focused(self, field: Field) -> None:
        Form._focus += 1
        self._merges[field.row.key] = ("field", field.row.key, Form._focus)

    # Buttons

    def _button(self, button: Button) -> QPushButton:
        widget = QPushButton(button.text, self, objectName=button.key)
        widget.setProperty("flat-look", True)
        self._register(widget, button)
        return widget

    def _small_button(self, button: Button) -> QToolButton:
        widget = QToolButton(self, objectName=button.key)
        widget.setAccessibleName(button.help)
        widget.setIconSize(QSize(12, 12))
        widget.setProperty("bare", True)
        widget.setFixedSize(18, 20)
        self._register(widget, button)
        return widget

    def _register(self, widget: QPushButton | QToolButton, button: Button) -> None:
        # Other sections give the button another function, so it is looked up at the click.
        widget.setToolTip(tip(button.help))
        widget.clicked.connect(lambda _=False, key=button.key: self._runs[key].run())
        self.buttons[button.key] = widget
        self._order.append(widget)
        self._runs[button.key] = button

    # Showing

    def show_sections(self, sections: Sequence[Section], *, same: bool = False) -> None:
        """Show other sections of the same signature in the same widgets.

        Parameters
        ----------
        sections
            The sections with their current values.
        same
            Whether they belong to the same node as before, so that text being typed stays.
        """
        for section in sections:
            for row in section.rows:
                self.fields[row.key].show_row(row, same=same)
            for button in section.buttons:
                self._runs[button.key] = button

    def stand_between(self, before: QWidget, behind: QWidget) -> None:
        """Set the Tab order: from one widget through the form to another one."""
        last = before
        for widget in self._order:
            QWidget.setTabOrder(last, widget)
            last = widget
        QWidget.setTabOrder(last, behind)

    def forget(self) -> None:
        """Do not merge the next edits with earlier ones, since another node is shown."""
        self._merges.clear()
        for field in self.fields.values():
            if field.line is not None and field.line.hasFocus():
                self._focused(field)

    def _draw(self) -> None:
        for field in self.fields.values():
            field.draw()
        for key, widget in self.buttons.items():
            name = self._runs[key].icon
            if name in _CHEVRONS:
                widget.setText(_CHEVRONS[name])
            elif name:
                widget.setIcon(icons.icon(name, colors().soft_text))


_LEFT = Qt.AlignmentFlag.AlignLeft
_CHEVRONS = {"fold": "▾", "unfold": "▸"}


def signature(sections: Sequence[Section]) -> tuple[object, ...]:
    """Return a key that is equal for sections which the same form can show."""
    return tuple(section.signature for section in sections)
