"""The widgets of one row of a form: label, editor, reset button, and an error message."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QGridLayout, QLabel, QMenu, QToolButton, QWidget

from designer.design.values import Value
from designer.gui.base import icons
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import colors, sans
from designer.gui.documents import labels
from designer.gui.forms import field_types
from designer.gui.forms.choosers import Options, Switch
from designer.gui.forms.editors import ProseEditor, RowLabel, TextEditor
from designer.gui.forms.rows import ABSENT, UNKNOWN, VARIOUS, Row, Scope, Sentinel

_BELOW_PROSE = 4  # extra pixels below a field of several lines


class Field(QObject):
    """The widgets of one row. The same widgets show the row's later values.

    Signals
    -------
    changed(value, merges)
        A valid value was entered; `merges` says whether it continues the edit being typed.
    restored()
        The edits made since the field got the focus are to be undone.
    reset()
        The default is to be restored.
    focused()
        The field got the focus.
    explained(row)
        The row under the pointer or with the focus; None when the pointer leaves.
    """

    changed = Signal(object, bool)
    restored = Signal()
    reset = Signal()
    focused = Signal()
    explained = Signal(object)

    def __init__(
        self, row: Row, parent: QWidget, grid: QGridLayout, number: int, *, columns: int, span: int
    ) -> None:
        super().__init__(parent)
        self.row = row
        self.page = parent
        self.grid = grid
        self.number = number
        self.columns = columns
        self.span = span  # columns of the editor; a button may stand beside it
        self.expression = False  # whether an expression is shown in place of a switch or list
        self.label = RowLabel(row.label, parent, wordWrap=True)
        self.label.hovered.connect(self._hovered)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.mark = QToolButton(parent, objectName=f"reset-{row.key}")
        self.mark.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.mark.setProperty("bare", True)
        self.mark.setIconSize(QSize(12, 12))
        self.mark.setFixedSize(16, 20)
        self.mark.setCursor(Qt.CursorShape.PointingHandCursor)
        self.mark.clicked.connect(self.reset)
        self.error = QLabel("", parent, wordWrap=True, objectName=f"error-{row.key}")
        self.error.setTextFormat(Qt.TextFormat.PlainText)
        self.error.setProperty("role", "error")
        self.error.setFont(sans(0.9))
        self.error.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.error.hide()
        self.below = QLabel(
            "",
            parent,
            wordWrap=True,
            objectName=f"value-{row.key}",
            textFormat=Qt.TextFormat.PlainText,
        )
        self.below.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.below.setProperty("role", "value")
        self.below.setFont(sans(0.88))
        self.below.hide()
        self.line: TextEditor | ProseEditor | None = None
        self.simple: Switch | Options | None = None
        if row.field_type.switch:
            self.simple = self._switch(parent)
        elif row.field_type.options:
            self.simple = self._options(parent)
        else:
            self.line = self._text_editor(parent)
        self._fill_grid()
        self.draw()
        self.show_row(row, same=False)

    # Building

    def _switch(self, parent: QWidget) -> Switch:
        switch = Switch()
        switch.setParent(parent)
        switch.clicked.connect(lambda: self.changed.emit(switch.isChecked(), False))
        self._simple_connections(switch)
        return switch

    def _options(self, parent: QWidget) -> Options:
        box = Options()
        box.setParent(parent)
        for option in self.row.field_type.options:
            box.addItem(self.row.field_type.option_text(option))
        box.activated.connect(
            lambda index: self.changed.emit(self.row.field_type.options[index], True)
        )
        self._simple_connections(box)
        return box

    def _simple_connections(self, widget: Switch | Options) -> None:
        widget.setObjectName(f"field-{self.row.key}")
        widget.setAccessibleName(self.row.label)
        widget.entered.connect(self._entered)
        widget.hovered.connect(self._hovered)
        widget.expression_asked.connect(self.begin_expression)
        widget.menu_asked.connect(self._fill_menu)

    def _text_editor(self, parent: QWidget) -> TextEditor | ProseEditor:
        line = ProseEditor() if self.row.field_type.prose else TextEditor()
        line.setParent(parent)
        name = "field" if self.simple is None else "expression"
        line.setObjectName(f"{name}-{self.row.key}")
        line.setAccessibleName(self.row.label)
        line.textEdited.connect(self._edited)
        line.entered.connect(self._entered)
        line.hovered.connect(self._hovered)
        line.left.connect(self._left)
        line.committed.connect(self._committed)
        line.escaped.connect(self._escaped)
        if isinstance(line, TextEditor):
            line.menu_asked.connect(self._fill_menu)
            line.crowded.connect(self._crowded)
        return line

    @property
    def widget(self) -> QWidget:
        """The widget that shows the value: the switch or list, or the text editor."""
        shown = self.line if self.simple is None or self.expression else self.simple
        assert shown is not None
        return shown

    def _fill_grid(self) -> None:
        """Put the widgets into two rows of the grid; the second has value or error message."""
        if self.row.field_type.prose:
            self.label.hide()
            assert self.line is not None
            self.grid.addWidget(self.line, self.number, 0, 1, self.columns)
            self.grid.setRowMinimumHeight(self.number + 1, _BELOW_PROSE)
            return
        self.label.setContentsMargins(12 if self.row.inner else 0, 0, 0, 0)
        self.grid.addWidget(self.label, self.number, 0)
        self.grid.addWidget(self.mark, self.number, 1)
        for each in (self.simple, self.line):
            if each is not None:
                self.grid.addWidget(each, self.number, 2, 1, self.span)
        self.grid.addWidget(self.below, self.number + 1, 1, 1, 1 + self.span)
        self.grid.addWidget(self.error, self.number + 1, 0, 1, self.columns)

    def draw(self) -> None:
        """Draw the icon in the colors of the theme."""
        self.mark.setIcon(icons.icon("revert", colors().faint_text))

    # Showing

    def show_row(self, row: Row, *, same: bool) -> None:
        """Show the row's current value.

        Text that is being typed stays if it stands for that value.

        Parameters
        ----------
        row
            The row with its current value.
        same
            Whether the row belongs to the same node as before.
        """
        self.row = row
        self.label.setFont(sans(bold=row.differs))
        self.label.setToolTip(tip(row.help))
        self.mark.setVisible(row.differs and row.reset is not None)
        if row.default is not ABSENT:
            self.mark.setToolTip(tip(f"Back to {_default(row)}"))
            self.mark.setAccessibleName(f"Reset {row.label}")
        typing = same and self.line is not None and self.line.hasFocus()
        if self.simple is not None:
            self._set_expression(self._holds_expression or (typing and self.expression))
            self._show_simple()
        if self.line is not None and (self.simple is None or self.expression):
            self._show_line(typing)

    def _show_simple(self) -> None:
        value = self.row.value
        if isinstance(self.simple, Switch):
            various = value is VARIOUS
            self.simple.setTristate(various)
            state = Qt.CheckState.PartiallyChecked if various else _check_state(value)
            self.simple.setCheckState(state)
            if not various:
                self.simple.setTristate(False)
        elif isinstance(self.simple, Options):
            options = self.row.field_type.options
            index = next((n for n, each in enumerate(options) if _same(each, value)), -1)
            self.simple.setCurrentIndex(index)
            self.simple.setPlaceholderText("various" if value is VARIOUS else "choose")

    def _show_line(self, typing: bool) -> None:
        line, row = self.line, self.row
        assert line is not None
        line.field_type = row.field_type
        scope = row.scopes[0] if row.scopes else Scope({})
        line.complete(sorted(scope.values.keys() | scope.unknown))
        line.setPlaceholderText(_placeholder(row))
        line.setToolTip("" if len(row.text) < 14 else tip(row.text))
        if typing:
            verdict = row.judge(line.text())
            if verdict.wrong or _same(verdict.value, row.value):
                self._remark(verdict.shown)
                return
        line.show_text(row.text)
        self._show_error(self._value_error())
        self._remark(self._evaluated())

    def _remark(self, shown: str) -> None:
        """Show the value of an expression, or the unit while the field has the focus."""
        assert self.line is not None
        if shown:
            self.line.set_remark(shown if shown == UNKNOWN else f"= {shown}")
        else:
            self.line.set_remark(self.row.unit if self.line.hasFocus() else "")

    def _crowded(self, crowded: bool) -> None:
        """Show the value of an expression below the field if it does not fit behind the text."""
        assert isinstance(self.line, TextEditor)
        wanted = crowded and self.line.remark.startswith("=") and not self.line.isHidden()
        self.below.setText(self.line.remark)
        self.below.setVisible(wanted)

    def _show_error(self, sentence: str) -> None:
        """Show an error message, or none for ""."""
        self.error.setText(sentence)
        self.error.setVisible(bool(sentence))
        if self.line is not None:
            self.line.set_wrong(bool(sentence))

    # Typing

    def _edited(self, text: str) -> None:
        verdict = self.row.judge(text)
        self._show_error(verdict.wrong)
        self._remark("" if verdict.wrong else verdict.shown)
        if verdict.wrong:
            self.restored.emit()  # of a refused 2000, the 200 accepted before was not meant
        elif self.row.live:
            self._take(verdict.value)

    def _take(self, value: Value) -> None:
        if not _same(value, self.row.value):
            self.changed.emit(value, True)

    def _committed(self) -> None:
        assert self.line is not None
        verdict = self.row.judge(self.line.text())
        # Enter accepts an expression that reads an undefined name: the analysis then reports a
        # problem and offers fixes, such as adding an argument of that name.
        if not verdict.wrong or field_types.has_expression(verdict.value):
            self._take(verdict.value)
            self.line.show_text(self.row.text)
            self.line.selectAll()
        self._show_error(verdict.wrong)

    def _entered(self) -> None:
        self.focused.emit()
        if isinstance(self.line, TextEditor) and self.line.hasFocus():
            if not self.line.remark:
                self._remark("")
            self.line.selectAll()
        self.explained.emit(self.row)

    def _hovered(self, here: bool) -> None:
        self.explained.emit(self.row if here else None)

    def _left(self) -> None:
        """Accept a valid value that was not accepted while typing; replace an invalid one."""
        assert self.line is not None
        text = self.line.text()
        verdict = self.row.judge(text)
        if not verdict.wrong and text != self.row.text:
            self._take(verdict.value)
        self._settle()

    def _settle(self) -> None:
        """Show the row's value in place of what was typed."""
        assert self.line is not None
        if self.simple is not None:
            self._set_expression(self._holds_expression)
        self.line.show_text(self.row.text)
        self._show_error(self._value_error())
        self._remark(self._evaluated())

    @property
    def _holds_expression(self) -> bool:
        return field_types.has_expression(self.row.value)

    def _evaluated(self) -> str:
        """Return the value of the row's expression as text, "" if it has none."""
        value = self.row.value
        if isinstance(value, Sentinel) or not self._holds_expression:
            return ""
        return self.row.judge_value(value).shown

    def _value_error(self) -> str:
        """Return what is wrong with the row's value, such as a rule that another argument broke."""
        value = self.row.value
        if isinstance(value, Sentinel) or self._holds_expression:
            return ""
        return self.row.judge_value(value).wrong

    def _escaped(self) -> None:
        assert self.line is not None
        self.restored.emit()
        had_focus = self.line.hasFocus()
        self._settle()
        if had_focus:
            self.widget.setFocus()
        if self.widget is self.line:
            self.line.selectAll()

    # An expression in place of a switch or list

    def begin_expression(self) -> None:
        """Replace the switch or list by a text editor for an expression."""
        if not self.row.field_type.expressions:
            return
        self._set_expression(True)
        assert isinstance(self.line, TextEditor)
        self._show_line(typing=False)
        self.line.setFocus()
        self.line.setText("=")
        self._show_error("")

    def _set_expression(self, wanted: bool) -> None:
        assert self.simple is not None
        if wanted and self.line is None:
            self.line = self._text_editor(self.page)
            self.line.field_type = self.row.field_type
            self.grid.addWidget(self.line, self.number, 2, 1, self.span)
            QWidget.setTabOrder(self.simple, self.line)
        had_focus = self.widget.hasFocus()
        self.expression = wanted
        if self.line is not None:
            self.line.setVisible(wanted)
        self.simple.setVisible(not wanted)
        if had_focus and not self.widget.hasFocus():
            self.widget.setFocus()

    # The context menu

    def _fill_menu(self, menu: QMenu) -> None:
        row = self.row
        first = menu.actions()[0] if menu.actions() else None
        added = []
        if row.reset is not None and row.differs:
            added.append(_action(menu, f"Reset to {_default(row)}", self.reset.emit))
        if self.simple is not None and row.field_type.expressions and not self.expression:
            added.append(_action(menu, "Use an expression", self.begin_expression))
        if not isinstance(row.value, Sentinel) and field_types.has_expression(row.value):
            verdict = row.judge_value(row.value)
            if verdict.shown and "," not in verdict.shown:
                added.append(
                    _action(menu, f"Replace with its value {verdict.shown}", self._use_value)
                )
        if first is not None and added:
            menu.insertActions(first, added)
            menu.insertSeparator(first)
        elif added:
            menu.addActions(added)

    def _use_value(self) -> None:
        self.changed.emit(self.row.field_type.read(self._evaluated()), False)


def _action(menu: QMenu, text: str, run: Callable[[], None]) -> QAction:
    action = QAction(text, menu)
    action.triggered.connect(lambda _=False: run())
    return action


def _same(first: object, second: object) -> bool:
    """Tell whether two values are equal: 3, (3,) and (3, 3) are, 1 and True are not."""
    if isinstance(second, tuple) and type(first) is int:
        first = (first,) * len(second)
    elif isinstance(first, tuple) and type(second) is int:
        second = (second,) * len(first)
    return type(first) is type(second) and first == second


def _check_state(value: object) -> Qt.CheckState:
    return Qt.CheckState.Checked if value is True or value == 1 else Qt.CheckState.Unchecked


def _placeholder(row: Row) -> str:
    if row.value is VARIOUS:
        return "various"
    if row.value is ABSENT:
        return "needed"
    return row.empty if row.field_type.optional or row.field_type.numbers == 0 else ""


def _default(row: Row) -> str:
    if row.field_type.options:
        return row.field_type.option_text(row.default)
    return (
        labels.value(row.default)
        if row.default is None
        else (row.field_type.write(row.default) or labels.NOTHING)
    )
