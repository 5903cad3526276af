"""Form widgets in which text is typed: one line for numbers and expressions, or prose."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QEnterEvent,
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QSizePolicy,
    QWidget,
)

from designer.gui.base.theme import colors, mono, sans
from designer.gui.forms.completion import Completion
from designer.gui.forms.field_types import FieldType

_INNER_FOCUS = (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason)


if TYPE_CHECKING:
    _WidgetMixin = QWidget  # what the mixin is used with
else:
    _WidgetMixin = object  # a class cannot inherit from two classes of Qt


class HoverSignals(_WidgetMixin):
    """A mixin for widgets.

    Signals
    -------
    hovered(inside)
        The pointer entered or left the widget.
    """

    hovered = Signal(bool)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Emit `hovered`."""
        super().enterEvent(event)
        self.hovered.emit(True)

    def leaveEvent(self, event: QEvent) -> None:
        """Emit `hovered`."""
        super().leaveEvent(event)
        self.hovered.emit(False)


class RowLabel(HoverSignals, QLabel):
    """The label of a form's row."""


class TextEditor(HoverSignals, QLineEdit):
    """A line edit that steps numbers, completes names and shows a remark at its right end.

    Signals
    -------
    entered(), left()
        It got the focus from another field, or lost it to one.
    committed()
        Enter was pressed.
    escaped()
        Escape was pressed.
    menu_asked(menu)
        The context menu is about to be shown.
    crowded(crowded)
        Whether there is a remark without room for it.
    """

    entered = Signal()
    left = Signal()
    committed = Signal()
    escaped = Signal()
    menu_asked = Signal(QMenu)
    crowded = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.field_type: FieldType | None = None
        self.names: tuple[str, ...] = ()
        self._remark = ""
        self._fits = False
        self.textChanged.connect(self._make_room)
        self._completion: Completion | None = None
        self.setFont(mono(relative=0.95))
        self.setMinimumWidth(40)

    def set_remark(self, text: str) -> None:
        """Show a few words behind the text: the value of an expression, or the unit."""
        if text != self._remark:
            self._remark = text
            self._make_room()

    @property
    def remark(self) -> str:
        """The words shown behind the text, "" for none."""
        return self._remark

    def set_wrong(self, wrong: bool) -> None:
        """Draw the border in red if the text is wrong."""
        if bool(self.property("wrong")) != wrong:
            self.setProperty("wrong", wrong)
            self.style().unpolish(self)
            self.style().polish(self)

    def complete(self, names: Iterable[str]) -> None:
        """Set the names that are offered while an expression is typed."""
        self.names = tuple(names)

    def _make_room(self) -> None:
        """Reserve space for the remark, or hide it if text and remark do not both fit."""
        width = QFontMetricsF(sans(0.88)).horizontalAdvance(self._remark)
        needed = QFontMetricsF(self.font()).horizontalAdvance(self.text() or self.placeholderText())
        self._fits = bool(self._remark) and needed + width + 25 <= self.width()
        left = self.textMargins().left()
        self.setTextMargins(left, 0, round(width) + 8 if self._fits else 0, 0)
        self.crowded.emit(bool(self._remark) and not self._fits)
        self.update()

    def show_text(self, text: str) -> None:
        """Replace the text, and scroll to its beginning."""
        if text != self.text():
            self.setText(text)
            self.setCursorPosition(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._remark or not self._fits:
            return
        painter = QPainter(self)
        painter.setFont(sans(0.88))
        is_value = self._remark.startswith("=")
        painter.setPen(QColor(colors().accent if is_value else colors().faint_text))
        area = QRectF(self.rect()).adjusted(0, 0, -9, 0)
        painter.drawText(
            area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._remark
        )

    # Events

    def event(self, event: QEvent) -> bool:
        """Leave undo and redo to the window, since every keystroke edits the design.

        Tab accepts a completion, if one is shown, before it moves the focus.
        """
        if isinstance(event, QKeyEvent):
            is_tab = event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Tab
            if is_tab and self._completion is not None and self._completion.takes(event):
                return True
            if event.type() == QEvent.Type.ShortcutOverride and _is_undo(event):
                event.ignore()
                return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step numbers with the arrow keys, commit with Enter, restore with Escape."""
        key = event.key()
        if self._completion is not None and self._completion.takes(event):
            return
        if _is_undo(event):
            event.ignore()
            return
        if key == Qt.Key.Key_Escape:
            self.escaped.emit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.committed.emit()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            size = 10 if key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown) else 1
            size *= 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            up = key in (Qt.Key.Key_Up, Qt.Key.Key_PageUp)
            if not self.step(size if up else -size):
                super().keyPressEvent(event)
        else:
            super().keyPressEvent(event)
            self._offer()

    def step(self, steps: int) -> bool:
        """Change the number at the cursor by some steps; return whether there is a number."""
        if self.field_type is None or self.isReadOnly():
            return False
        found = self.field_type.stepped(self.text(), self.cursorPosition(), steps)
        if found is None:
            return False
        text, cursor = found
        if text != self.text():
            self.setText(text)
            self.setCursorPosition(cursor)
            self.textEdited.emit(text)
        return True

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Step the number if the field has the focus; otherwise let the form scroll."""
        steps = round(event.angleDelta().y() / 120)
        if self.hasFocus() and steps and self.step(steps):
            event.accept()
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() not in _INNER_FOCUS:
            self.entered.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._hide_offer()
        if event.reason() not in _INNER_FOCUS:
            self.left.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.createStandardContextMenu()
        self.menu_asked.emit(menu)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    # Completion of names in expressions

    def _offer(self) -> None:
        if self._completion is None:
            if "=" not in self.text() or not self.names:
                return
            self._completion = Completion(self)
        self._completion.offer(self.names)

    def _hide_offer(self) -> None:
        if self._completion is not None:
            self._completion.hide()


class ProseEditor(HoverSignals, QPlainTextEdit):
    """A few lines of plain text, with the signals of a `TextEditor`."""

    textEdited = Signal(str)  # noqa: N815 - the name it has in QLineEdit
    entered = Signal()
    left = Signal()
    committed = Signal()
    escaped = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)
        self.setFont(sans(0.95))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.textChanged.connect(self._edited)
        self.field_type: FieldType | None = None
        self._showing = False

    def text(self) -> str:
        """Return the text with line breaks replaced by blanks."""
        return " ".join(self.toPlainText().split())

    def show_text(self, text: str) -> None:
        """Replace the text without emitting `textEdited`."""
        if text != self.text():
            self._showing = True
            self.setPlainText(text)
            self._showing = False

    def set_remark(self, text: str) -> None:
        """Do nothing, since prose has no remark."""

    def set_wrong(self, wrong: bool) -> None:
        """Do nothing, since any prose is valid."""

    def complete(self, names: Iterable[str]) -> None:
        """Do nothing, since prose has no names to complete."""

    def _edited(self) -> None:
        self._fit()
        if not self._showing:
            self.textEdited.emit(self.text())

    def _fit(self) -> None:
        """Make the widget as high as its text: 2 to 8 lines."""
        lines = round(
            self.document().size().height()
        )  # the document counts in lines, wrapped ones included
        self.setFixedHeight(min(max(lines, 2), 8) * self.fontMetrics().lineSpacing() + 19)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        """Leave undo and redo to the window."""
        is_override = event.type() == QEvent.Type.ShortcutOverride
        if is_override and isinstance(event, QKeyEvent) and _is_undo(event):
            event.ignore()
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Commit with Enter, restore with Escape."""
        if _is_undo(event):
            event.ignore()
        elif event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.committed.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() not in _INNER_FOCUS:
            self.entered.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in _INNER_FOCUS:
            self.left.emit()


def _is_undo(event: QKeyEvent) -> bool:
    keys = QKeySequence.StandardKey
    return bool(event.matches(keys.Undo) or event.matches(keys.Redo))
