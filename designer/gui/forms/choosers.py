"""Form widgets that offer a choice: an on/off switch and a drop-down list."""

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QCheckBox, QComboBox, QMenu

from designer.gui.base.boxes import WheelWithFocus
from designer.gui.base.theme import colors, mono
from designer.gui.forms.editors import HoverSignals


class Switch(HoverSignals, QCheckBox):
    """A switch labeled on, off or various; typing `=` asks for an expression instead."""

    entered = Signal()
    expression_asked = Signal()
    menu_asked = Signal(QMenu)

    def __init__(self) -> None:
        super().__init__()
        self.setFont(mono(relative=0.95))
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        line = self.fontMetrics().height()
        return QSize(
            round(line * 1.9) + self.fontMetrics().horizontalAdvance("various") + 12, line + 10
        )

    def hitButton(self, position: QPoint) -> bool:
        """Accept clicks on the word as well as on the switch."""
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        c = colors()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        height = self.fontMetrics().height() - 1.0
        width = height * 1.8
        pill = QRectF(1.5, (self.height() - height) / 2, width, height)
        state = self.checkState()
        on = state == Qt.CheckState.Checked
        painter.setPen(QColor(c.accent if self.hasFocus() or on else c.strong_line))
        painter.setBrush(QColor(c.accent if on else c.field))
        painter.drawRoundedRect(pill, height / 2, height / 2)
        knob = height - 5
        at = {Qt.CheckState.Unchecked: 0.0, Qt.CheckState.Checked: 1.0}.get(state, 0.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(c.on_accent if on else c.soft_text))
        painter.drawEllipse(
            QRectF(pill.left() + 2.5 + at * (width - knob - 5), pill.top() + 2.5, knob, knob)
        )
        word = {0.0: "off", 1.0: "on"}.get(at, "various")
        painter.setFont(self.font())
        painter.setPen(QColor(c.text if self.isEnabled() and at != 0.5 else c.faint_text))
        rest = QRectF(self.rect()).adjusted(width + 10, 0, 0, 0)
        painter.drawText(rest, Qt.AlignmentFlag.AlignVCenter, word)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QColor(c.accent))
            painter.drawRoundedRect(pill.adjusted(-1.5, -1.5, 1.5, 1.5), height / 2, height / 2)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Enter toggle the switch as Space does, and = ask for an expression."""
        if event.text() == "=":
            self.expression_asked.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.entered.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        _show_menu(self, event)


class Options(HoverSignals, WheelWithFocus, QComboBox):
    """A drop-down list; the mouse wheel changes it only while it has the focus."""

    entered = Signal()
    expression_asked = Signal()
    menu_asked = Signal(QMenu)

    def __init__(self) -> None:
        super().__init__()
        self.setFont(mono(relative=0.95))
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(4)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text() == "=":
            self.expression_asked.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.entered.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        _show_menu(self, event)


def _show_menu(widget: Switch | Options, event: QContextMenuEvent) -> None:
    menu = QMenu(widget)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    widget.menu_asked.emit(menu)
    menu.popup(event.globalPos())
