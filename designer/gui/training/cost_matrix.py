"""The button and the dialog in which the costs of mistakes are typed into a table."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base import numbers
from designer.gui.training.recipe_row import Row, value_text

Costs = tuple[tuple[float, ...], ...]

_MOST = 50  # classes whose costs are typed into a table; more are written into a recipe file
_ABOUT = (
    "What it costs to take an image of the class of a row for the class of a column. What is right "
    "costs 0 in most uses."
)


class CostsButton(QPushButton):
    """Opens the table for the setting of a row.

    Parameters
    ----------
    row
        The row of the setting ``loss.cost_matrix``.
    costs
        Returns the costs of the recipe.
    classes
        Returns the names of the classes of the data; none while they are not known.
    """

    def __init__(
        self, row: Row, costs: Callable[[], Costs], classes: Callable[[], Sequence[str]]
    ) -> None:
        super().__init__("Table…", row, objectName="recipe-costs")
        self.setToolTip("Type the cost of each mistake into a table of the classes.")
        self._row, self._costs, self._classes = row, costs, classes
        self.clicked.connect(self.open)

    def open(self) -> None:
        """Show the dialog; nothing is changed until it is accepted."""
        costs, classes = self._costs(), tuple(self._classes())
        if not classes:
            classes = tuple(map(str, range(len(costs) or 2)))
        if len(classes) > _MOST:
            self._row.show_error(
                f"{len(classes):,} classes are too many for a table: write the costs into a recipe "
                "file."
            )
            return
        dialog = CostsDialog(classes, costs, self.window())
        dialog.taken.connect(self._take)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _take(self, costs: object) -> None:
        self._row.show_value(costs)
        self._row.typed.emit(self._row.field.name, costs)


class CostsDialog(QDialog):
    """A table with a row for each right class, and a column for each predicted one.

    Parameters
    ----------
    classes
        Their names.
    costs
        The costs so far; of another number of classes, they are begun anew.
    window
        The window above which it opens.

    Signals
    -------
    taken(costs)
        The costs that the user accepted; empty if every mistake costs 1.
    """

    taken = Signal(object)

    def __init__(self, classes: Sequence[str], costs: Costs, window: QWidget) -> None:
        super().__init__(window, objectName="costs-dialog")
        self.setWindowTitle("Costs of mistakes")
        self._classes = tuple(classes)
        self._plain = tuple(
            tuple(float(row != column) for column in range(len(classes)))
            for row in range(len(classes))
        )
        about = QLabel(_ABOUT, self, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.table = QTableWidget(len(classes), len(classes), self, objectName="costs-table")
        self.table.setHorizontalHeaderLabels([*classes])
        self.table.setVerticalHeaderLabels([f"is {name}" for name in classes])
        self.table.setAccessibleName("Costs of mistakes")
        self.words = QLabel("", self, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.words.setProperty("role", "error")
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok
            | QDialogButtonBox.StandardButton.Cancel
            | QDialogButtonBox.StandardButton.RestoreDefaults,
            self,
        )
        ones = self.buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults)
        ones.setText("1 for every mistake")
        ones.clicked.connect(lambda: self._fill(self._plain))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(about)
        column.addWidget(self.table, 1)
        column.addWidget(self.words)
        column.addWidget(self.buttons)
        self._fill(costs if len(costs) == len(classes) else self._plain)
        self.table.itemChanged.connect(lambda _: self._check())
        self.table.resizeColumnsToContents()
        self.resize(
            min(720, 190 + self.table.horizontalHeader().length()),
            min(560, 190 + self.table.verticalHeader().length()),
        )

    def _fill(self, costs: Costs) -> None:
        for row, values in enumerate(costs):
            for column, value in enumerate(values):
                item = QTableWidgetItem(value_text(value))
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(row, column, item)

    def costs(self) -> Costs:
        """Return the costs in the table.

        Raises
        ------
        ValueError
            A cell holds no number of at least 0; the message names it.
        """
        size = self.table.rowCount()
        return tuple(
            tuple(self._cost(row, column) for column in range(size)) for row in range(size)
        )

    def _cost(self, row: int, column: int) -> float:
        item = self.table.item(row, column)
        text = "" if item is None else item.text()
        try:
            value = numbers.typed(text)
        except ValueError:
            value = -1.0
        if not 0 <= value <= 1e6:
            right, predicted = self._classes[row], self._classes[column]
            raise ValueError(
                f"The cost of {predicted} where {right} is right is '{text}': type a number from 0 "
                "to 1,000,000."
            )
        return value

    def _check(self) -> None:
        wrong = ""
        try:
            self.costs()
        except ValueError as error:
            wrong = str(error)
        self.words.setText(wrong)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not wrong)

    def accept(self) -> None:
        costs = self.costs()
        self.taken.emit(() if costs == self._plain else costs)
        super().accept()
