"""The fields of a form: a line of text that knows numbers and expressions, a switch, a list."""

from collections.abc import Iterable

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
)

from designer.gui.base.theme import colors, mono, sans
from designer.gui.forms.completion import Completion
from designer.gui.forms.field_types import FieldType

_INNER_FOCUS = (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason)


class HoverSignals:
    """Tells when the pointer comes and goes; mixed into widgets with the signal `hovered`."""

    def enterEvent(self, event: QEnterEvent) -> None:
        """Tell that the pointer is here."""
        super().enterEvent(event)
        self.hovered.emit(True)

    def leaveEvent(self, event: QEvent) -> None:
        """Tell that the pointer is gone."""
        super().leaveEvent(event)
        self.hovered.emit(False)


class RowLabel(HoverSignals, QLabel):
    """The label of a field."""

    hovered = Signal(bool)


class TextEditor(HoverSignals, QLineEdit):
    """A line of text with a soft remark at its right end.

    Signals
    -------
    entered(), left()
        It got the focus from another field, or gave it to one.
    committed()
        Enter was pressed.
    escaped()
        Escape was pressed.
    menu_asked(menu)
        The context menu is about to be shown.
    crowded(whether)
        The remark has no room, or has it again.
    """

    entered = Signal()
    left = Signal()
    committed = Signal()
    escaped = Signal()
    menu_asked = Signal(QMenu)
    crowded = Signal(bool)
    hovered = Signal(bool)

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
        """Show a few soft words behind the text: what an expression comes to, the unit."""
        if text != self._remark:
            self._remark = text
            self._make_room()

    @property
    def remark(self) -> str:
        """The soft words."""
        return self._remark

    def set_wrong(self, wrong: bool) -> None:
        """Draw the border in red, or not."""
        if bool(self.property("wrong")) != wrong:
            self.setProperty("wrong", wrong)
            self.style().unpolish(self)
            self.style().polish(self)

    def complete(self, names: Iterable[str]) -> None:
        """Offer these names while an expression is typed."""
        self.names = tuple(names)

    def _make_room(self) -> None:
        """Keep the text away from the remark where both have room; else drop the remark."""
        width = QFontMetricsF(sans(0.88)).horizontalAdvance(self._remark)
        needed = QFontMetricsF(self.font()).horizontalAdvance(self.text() or self.placeholderText())
        self._fits = bool(self._remark) and needed + width + 25 <= self.width()
        left = self.textMargins().left()
        self.setTextMargins(left, 0, round(width) + 8 if self._fits else 0, 0)
        self.crowded.emit(bool(self._remark) and not self._fits)
        self.update()

    def show_text(self, text: str) -> None:
        """Show a text that was not typed, from its beginning."""
        if text != self.text():
            self.setText(text)
            self.setCursorPosition(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Look again whether the remark has room."""
        super().resizeEvent(event)
        self._make_room()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the remark at the right."""
        super().paintEvent(event)
        if not self._remark or not self._fits:
            return
        painter = QPainter(self)
        painter.setFont(sans(0.88))
        is_value = self._remark.startswith("=")
        painter.setPen(QColor(colors().accent if is_value else colors().faint_text))
        place = QRectF(self.rect()).adjusted(0, 0, -9, 0)
        painter.drawText(
            place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._remark
        )

    # Events

    def event(self, event: QEvent) -> bool:
        """Leave undo and redo to the window, since edits are made while typing.

        Tab takes an offered name before it moves the focus.
        """
        is_tab = event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Tab
        if is_tab and self._completion is not None and self._completion.takes(event):
            return True
        if event.type() == QEvent.Type.ShortcutOverride and _is_undo(event):
            event.ignore()
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow keys step numbers; Enter commits; Escape restores."""
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
        """Step the number at the cursor; returns whether there is one."""
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
        """Step the number of the focused field; elsewhere the form scrolls."""
        steps = round(event.angleDelta().y() / 120)
        if self.hasFocus() and steps and self.step(steps):
            event.accept()
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Tell that it got the focus, and select the text for a new one."""
        super().focusInEvent(event)
        if event.reason() not in _INNER_FOCUS:
            self.entered.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Tell that another field got the focus."""
        super().focusOutEvent(event)
        self._hide_offer()
        if event.reason() not in _INNER_FOCUS:
            self.left.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Show the usual menu and what the field adds."""
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

    textEdited = Signal(str)  # noqa: N815 - as that of a QLineEdit
    hovered = Signal(bool)
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
        """Return the text as one line."""
        return " ".join(self.toPlainText().split())

    def show_text(self, text: str) -> None:
        """Show a text that was not typed."""
        if text != self.text():
            self._showing = True
            self.setPlainText(text)
            self._showing = False

    def set_remark(self, text: str) -> None:
        """There is no room for remarks."""

    def set_wrong(self, wrong: bool) -> None:
        """Every text is right."""

    def complete(self, names: Iterable[str]) -> None:
        """There are no names in plain text."""

    def _edited(self) -> None:
        self._fit()
        if not self._showing:
            self.textEdited.emit(self.text())

    def _fit(self) -> None:
        """Be as high as the text, up to eight lines."""
        lines = round(self.document().size().height())  # as it is laid out now
        self.setFixedHeight(min(max(lines, 2), 8) * self.fontMetrics().lineSpacing() + 19)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Be as high as the text then is."""
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        """Leave undo and redo to the window."""
        if event.type() == QEvent.Type.ShortcutOverride and _is_undo(event):
            event.ignore()
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter commits, Escape restores."""
        if _is_undo(event):
            event.ignore()
        elif event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.committed.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Tell that it got the focus."""
        super().focusInEvent(event)
        if event.reason() not in _INNER_FOCUS:
            self.entered.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Tell that another field got the focus."""
        super().focusOutEvent(event)
        if event.reason() not in _INNER_FOCUS:
            self.left.emit()


def _is_undo(event: QKeyEvent) -> bool:
    keys = QKeySequence.StandardKey
    return bool(event.matches(keys.Undo) or event.matches(keys.Redo))
