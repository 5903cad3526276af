"""Boxes with a value that the mouse wheel changes only while they have the focus.

Qt's own boxes take the focus and another value as soon as the wheel is turned above them, so that
scrolling a form changes it. Use these instead; a test refuses Qt's own.
"""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QPaintEvent, QPalette, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QSlider,
    QSpinBox,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QWidget,
)

if TYPE_CHECKING:
    _WidgetMixin = QWidget  # what the mixin is used with
else:
    _WidgetMixin = object  # a class cannot inherit from two classes of Qt


_BESIDE_ICON = 4  # pixels between a box's icon and its text
_MARGINS = (8, 0, 0, 0)  # pixels around a number; the style sheet's padding does not reach it


class WheelWithFocus(_WidgetMixin):
    """A mixin: without the focus, the wheel goes to what is around the box, which scrolls."""

    def __init__(self, *arguments: Any, **properties: Any) -> None:
        super().__init__(*arguments, **properties)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # not by the wheel

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Change the value if the box has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class ComboBox(WheelWithFocus, QComboBox):
    """A drop-down list; a chosen text that is wider than the box ends in an ellipsis."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box as Qt does, but for the text, which Qt cuts within a letter."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        if self.currentIndex() < 0:
            muted = option.palette.placeholderText()
            option.palette.setBrush(QPalette.ColorRole.ButtonText, muted)
            option.currentText = self.placeholderText()
        option.currentText = self.visible_text(option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def visible_text(self, option: QStyleOptionComboBox) -> str:
        """Return as much of the text of a box as it has room for."""
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox,
            option,
            QStyle.SubControl.SC_ComboBoxEditField,
            self,
        )
        icon = 0 if option.currentIcon.isNull() else option.iconSize.width() + _BESIDE_ICON
        room = field.width() - icon
        end = Qt.TextElideMode.ElideRight
        return self.fontMetrics().elidedText(option.currentText, end, room)


class SpinBox(WheelWithFocus, QSpinBox):
    """A whole number, in the digits 0 to 9 whatever the language of the system."""

    def __init__(self, *arguments: Any, **properties: Any) -> None:
        super().__init__(*arguments, **properties)
        self.setLocale(QLocale.c())
        self.lineEdit().setTextMargins(*_MARGINS)


class DoubleSpinBox(WheelWithFocus, QDoubleSpinBox):
    """A decimal number with a point; a comma may be typed instead."""

    def __init__(self, *arguments: Any, **properties: Any) -> None:
        super().__init__(*arguments, **properties)
        self.setLocale(QLocale.c())
        self.lineEdit().setTextMargins(*_MARGINS)

    def validate(self, text: str, position: int) -> object:
        return super().validate(text.replace(",", "."), position)

    def valueFromText(self, text: str) -> float:
        return super().valueFromText(text.replace(",", "."))


class Slider(WheelWithFocus, QSlider):
    """A slider."""
