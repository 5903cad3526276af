"""The settings of augmentation, an editor for each, beside the pictures that they change."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QWidget

from designer.gui.base.boxes import DoubleSpinBox, SpinBox
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import sans
from designer.gui.data.model import DataModel
from designer.recipe.augmentations import AUGMENTATIONS, Augmentation, has_effect
from designer.recipe.recipe import fields
from designer.recipe.settings import Field, Setting

_STEPS = {"degrees": 5.0, "pixels": 0.5}  # of the arrows of a number, by its unit


class AugmentationControls(QWidget):
    """Switches and numbers, made from the rows of the table of augmentations.

    Signals
    -------
    looked_at(setting)
        The pointer or the keyboard came to the editor of a `Setting`, or left all of them: None.
    """

    looked_at = Signal(object)

    def __init__(self, model: DataModel) -> None:
        super().__init__(objectName="augmentation-controls")
        self.model = model
        self.editors: dict[str, QWidget] = {}
        self._labels: dict[str, QLabel] = {}
        self._settings: dict[QObject, Setting] = {}  # by the widgets that stand for them
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 4, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnStretch(1, 1)
        section = ""
        for row in AUGMENTATIONS.values():
            if row.section != section:
                section = row.section
                self._add_heading(section)
            for name in row.settings:
                self._add(fields()[Augmentation.prefix + name])
        self._grid.setRowStretch(self._grid.rowCount(), 1)
        self.show_settings(model.recipe.augmentation)

    def _add_heading(self, title: str) -> None:
        heading = QLabel(title, textFormat=Qt.TextFormat.PlainText)
        heading.setFont(sans(bold=True))
        heading.setContentsMargins(0, 6 if self._grid.count() else 0, 0, 0)
        self._grid.addWidget(heading, self._grid.rowCount(), 0, 1, 2)

    def _add(self, field: Field) -> None:
        setting, row = field.setting, self._grid.rowCount()
        editor = self.editors[field.own_name] = self._editor(field)
        editor.setObjectName(f"augmentation-{field.own_name}")
        editor.setAccessibleName(setting.title)
        shown: list[QWidget] = [editor, *editor.findChildren(QWidget)]
        if isinstance(editor, QCheckBox):
            self._grid.addWidget(editor, row, 0, 1, 2)
        else:
            label = QLabel(setting.title, textFormat=Qt.TextFormat.PlainText)
            label.setBuddy(editor)
            self._labels[field.own_name] = label
            self._grid.addWidget(label, row, 0)
            self._grid.addWidget(editor, row, 1)
            shown.append(label)
        words = "\n".join(filter(None, (setting.help, setting.formula, setting.source)))
        for widget in shown:
            widget.setToolTip(tip(words))
            self._settings[widget] = setting
            widget.installEventFilter(self)

    def _editor(self, field: Field) -> QWidget:
        def change(value: object) -> None:
            self.model.change({field.name: value})

        if field.kind is bool:
            box = QCheckBox(field.setting.title)
            box.toggled.connect(change)
            return box
        if field.several is not None:
            return Bounds(field, change)
        number = _number(field)
        number.valueChanged.connect(change)
        return number

    def show_settings(self, settings: Augmentation) -> None:
        """Show the values of a recipe, and those settings that have an effect."""
        for name, editor in self.editors.items():
            value = getattr(settings, name)
            with QSignalBlocker(editor):
                if isinstance(editor, QCheckBox):
                    editor.setChecked(value)
                elif isinstance(editor, Bounds):
                    editor.show_value(value)
                elif isinstance(editor, SpinBox | DoubleSpinBox) and editor.value() != value:
                    editor.setValue(value)
            effective = has_effect(settings, name)
            editor.setVisible(effective)
            if name in self._labels:
                self._labels[name].setVisible(effective)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind in (QEvent.Type.Enter, QEvent.Type.FocusIn):
            self.looked_at.emit(self._settings[watched])
        elif kind == QEvent.Type.Leave:
            focused = self.focusWidget()
            with_focus = focused is not None and focused.hasFocus()
            self.looked_at.emit(self._settings.get(focused) if with_focus else None)
        return False


class Bounds(QWidget):
    """Two numbers, the smaller one first: the other follows where one would pass it."""

    def __init__(self, field: Field, change: Callable[[object], None]) -> None:
        super().__init__()
        self._change = change
        self.boxes = (_decimal(field.setting), _decimal(field.setting))
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(4)
        for box, end in zip(self.boxes, ("low", "high"), strict=True):
            box.setObjectName(f"augmentation-{field.own_name}-{end}")
            box.setAccessibleName(f"{field.setting.title}, {end}")
            across.addWidget(box, 1)
        low, high = self.boxes
        low.valueChanged.connect(lambda value: self._changed(value, max(value, high.value())))
        high.valueChanged.connect(lambda value: self._changed(min(value, low.value()), value))
        self.setFocusProxy(low)

    def _changed(self, low: Any, high: Any) -> None:
        self.show_value((low, high))
        self._change((float(low), float(high)))

    def show_value(self, value: tuple[float, float]) -> None:
        """Show two numbers, without telling of a change."""
        for box, number in zip(self.boxes, value, strict=True):
            with QSignalBlocker(box):
                if round(box.value(), box.decimals()) != round(number, box.decimals()):
                    box.setValue(number)


def _number(field: Field) -> SpinBox | DoubleSpinBox:
    """Return a box for a number."""
    if field.kind is float:
        return _decimal(field.setting)
    number, setting = SpinBox(), field.setting
    number.setRange(int(setting.low or 0), int(setting.high or 10**6))
    _dress(number, setting)
    return number


def _decimal(setting: Setting) -> DoubleSpinBox:
    """Return a box for a decimal number, or for each of two."""
    number = DoubleSpinBox()
    number.setDecimals(2)
    number.setRange((setting.low or 0.0) + 0.01 * setting.open_low, setting.high or 1e6)
    small = 0.05 if number.maximum() <= 1 else 0.1
    number.setSingleStep(_STEPS.get(setting.unit, small))
    _dress(number, setting)
    return number


def _dress(number: SpinBox | DoubleSpinBox, setting: Setting) -> None:
    number.setKeyboardTracking(False)
    number.setMinimumWidth(1)
    if setting.unit:
        number.setSuffix(f" {setting.unit}")
