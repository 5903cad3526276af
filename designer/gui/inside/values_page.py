"""The page of the Try it dock for a network that takes no picture: a row, and what it predicts."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFormLayout,
    QFrame,
    QLabel,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base.boxes import ComboBox, SpinBox
from designer.gui.base.plain_text import tip
from designer.gui.inside.probabilities import Prediction, Probabilities
from designer.runs.inspection import Picture
from designer.runs.preprocessing import InputPreprocessing

_PARTS = {"validation": "validation part", "train": "training part", "test": "test part"}
_MOST = 10**9  # examples of a part
_SIDE_BY_SIDE = 30  # line heights of a width from which the answer is beside the form
_GAP = 14


class ValuesPage(QWidget):
    """A field for each column of a table, or the number of an example of arrays; and the answer.

    Signals
    -------
    edited()
        Another row is to be predicted from.
    """

    edited = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="try-values")
        self.inputs: Sequence[InputPreprocessing] = ()
        self.fields: list[QLineEdit | ComboBox] = []
        self.part = ComboBox(objectName="try-part")
        self.part.setAccessibleName("Part of the data")
        for value, words in _PARTS.items():
            self.part.addItem(words, value)
        self.part.activated.connect(lambda _: self.edited.emit())
        self.number = SpinBox(objectName="try-example")
        self.number.setRange(1, _MOST)
        self.number.setToolTip("The number of the example in this part of the run's data.")
        self.number.valueChanged.connect(lambda _: self.edited.emit())
        self.head = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.head.setProperty("role", "soft")
        self.area = QScrollArea(widgetResizable=True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.bars = Probabilities()
        self.words = QLabel(
            objectName="try-values-words", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.words.setProperty("role", "warning")
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        left = QVBoxLayout()
        left.setSpacing(6)
        left.addWidget(self.head)
        left.addWidget(self.area, 1)
        right = QVBoxLayout()
        right.addWidget(self.words)
        right.addWidget(self.bars, 1)
        self.across = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self.across.setContentsMargins(0, 0, 0, 0)
        self.across.setSpacing(_GAP)
        self.across.addLayout(left, 1)
        self.across.addLayout(right, 1)
        self.show_answer(())

    @property
    def columns(self) -> bool:
        """Whether the network reads the columns of a table, which can be typed."""
        return len(self.inputs) == 1 and bool(self.inputs[0].columns)

    def show_inputs(self, inputs: Sequence[InputPreprocessing]) -> bool:
        """Show fields for the inputs of a network; tell whether they are others than before.

        What was typed stays for another network of the same table.
        """
        before, self.inputs = self.inputs, inputs
        if _kind(before) == _kind(inputs):
            return False
        self.fields = []
        self.part.setParent(None)  # they outlive the form that they stand in
        self.number.setParent(None)
        form = QWidget()
        rows = QFormLayout(form)
        rows.setContentsMargins(0, 0, 4, 0)
        rows.setSpacing(6)
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        if self.columns:
            self.head.setText("Type a row, or drop a table here.")
            self._add_columns(rows, inputs[0])
        else:
            taken = " and ".join(
                f"{each.name} ({' × '.join(map(str, each.shape))})" for each in inputs
            )
            self.head.setText(f"The network takes {taken}: drop arrays (.npz) here, or look at:")
            rows.addRow("Example", self.number)
            rows.addRow("of the", self.part)
        self.area.setWidget(form)
        self.show_answer(())
        return True

    def _add_columns(self, rows: QFormLayout, of_input: InputPreprocessing) -> None:
        place = 0
        for column in of_input.columns:
            field: QLineEdit | ComboBox
            if column.categories:
                field = ComboBox()
                field.addItems(list(column.categories))
                field.currentIndexChanged.connect(lambda _: self.edited.emit())
            else:
                typical = of_input.mean[place] if of_input.mean else 0.0
                field = QLineEdit(f"{typical:.4g}")
                field.setToolTip(f"The training part has {typical:.4g} on average.")
                if not of_input.mean:
                    field.setToolTip("")
                field.textEdited.connect(lambda _: self.edited.emit())
            field.setAccessibleName(column.name)
            label = QLabel(column.name, textFormat=Qt.TextFormat.PlainText)
            label.setToolTip(tip(column.name))
            label.setBuddy(field)
            rows.addRow(label, field)
            self.fields.append(field)
            place += column.width

    def example(self) -> Picture:
        """Return the row that is typed, or the example that is chosen."""
        if not self.columns:
            return Picture(part=self.part.currentData(), index=self.number.value() - 1)
        return Picture(
            cells=tuple(
                field.text() if isinstance(field, QLineEdit) else field.currentText()
                for field in self.fields
            )
        )

    def show_answer(self, predictions: Sequence[Prediction], fault: str = "") -> None:
        """Show what the network predicts, or why it does not."""
        self.bars.show_predictions(predictions)
        self.bars.setVisible(not fault)
        self.words.setText(fault)
        self.words.setVisible(bool(fault))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the answer below the form where there is no room beside it."""
        super().resizeEvent(event)
        wide = self.width() > _SIDE_BY_SIDE * self.fontMetrics().height()
        direction = QBoxLayout.Direction
        self.across.setDirection(direction.LeftToRight if wide else direction.TopToBottom)


def _kind(inputs: Sequence[InputPreprocessing]) -> object:
    """Return what makes examples of one network such of another, too."""
    return [(each.name, each.shape, each.columns) for each in inputs]
