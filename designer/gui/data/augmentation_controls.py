"""The settings of augmentation, an editor for each, beside the pictures that they change."""

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QWidget

from designer.gui.base.boxes import DoubleSpinBox, SpinBox
from designer.gui.data.model import DataModel
from designer.recipe.augmentations import Augmentation
from designer.recipe.recipe import fields
from designer.recipe.settings import Field

_ACROSS = 3  # settings in a line


class AugmentationControls(QWidget):
    """Switches and numbers, made from the fields of the recipe's group ``augmentation``."""

    def __init__(self, model: DataModel) -> None:
        super().__init__(objectName="augmentation-controls")
        self.model = model
        self.editors: dict[str, QCheckBox | SpinBox | DoubleSpinBox] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        settings = [field for field in fields().values() if field.group is Augmentation]
        for number, field in enumerate(settings):
            editor = self.editors[field.own_name] = self._editor(field)
            editor.setObjectName(f"augmentation-{field.own_name}")
            editor.setAccessibleName(field.setting.title)
            editor.setToolTip(field.setting.help)
            row, column = divmod(number, _ACROSS)
            if not isinstance(editor, QCheckBox):
                label = QLabel(field.setting.title, textFormat=Qt.TextFormat.PlainText)
                label.setToolTip(field.setting.help)
                label.setBuddy(editor)
                grid.addWidget(label, row, 3 * column)
            grid.addWidget(editor, row, 3 * column + (not isinstance(editor, QCheckBox)))
            grid.setColumnMinimumWidth(3 * column + 2, 14)
        grid.setColumnStretch(3 * _ACROSS, 1)
        self.show_settings(model.recipe.augmentation)

    def _editor(self, field: Field) -> QCheckBox | SpinBox | DoubleSpinBox:
        def change(value: object) -> None:
            self.model.change({field.name: value})

        setting = field.setting
        if field.kind is bool:
            box = QCheckBox(setting.title)
            box.toggled.connect(change)
            return box
        number: SpinBox | DoubleSpinBox
        if field.kind is int:
            number = SpinBox()
            number.setRange(int(setting.low or 0), int(setting.high or 10**6))
        else:
            number = DoubleSpinBox()
            number.setRange(setting.low or 0.0, setting.high or 1e6)
            number.setDecimals(2)
            number.setSingleStep(0.02 if number.maximum() <= 1 else 5.0)
        number.setKeyboardTracking(False)
        if setting.unit:
            number.setSuffix(f" {setting.unit}")
        number.valueChanged.connect(change)
        return number

    def show_settings(self, settings: Augmentation) -> None:
        """Show the values of a recipe."""
        for name, editor in self.editors.items():
            value = getattr(settings, name)
            with QSignalBlocker(editor):
                if isinstance(editor, QCheckBox):
                    editor.setChecked(value)
                elif editor.value() != value:
                    editor.setValue(value)
