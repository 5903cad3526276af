"""A sortable table of figures: a row for each class, label or predicted number."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QTableView

from designer.gui.base import numbers
from designer.gui.base.plain_text import wrapped_tip

_Index = QModelIndex | QPersistentModelIndex
_NONE, _PENDING = "–", "…"
_ROOT = QModelIndex()
_WIDEST = 320  # pixels of a column
_ROOM = 8  # pixels between two lines


@dataclass(frozen=True)
class ScoreColumn:
    """A column.

    Attributes
    ----------
    title, help
        For people.
    values
        Of each row, in the order of the outputs: a name, a count or a figure; NaN if it is not
        defined.
    percent
        Whether a value is a share, written in percent.
    pending
        Whether the values are still computed.
    """

    title: str
    help: str
    values: Sequence[Any]
    percent: bool = False
    pending: bool = False

    def text(self, row: int) -> str:
        """Return a value as text."""
        value = self.values[row]
        if isinstance(value, str):
            return value
        if isinstance(value, float) and math.isnan(value):
            return _PENDING if self.pending else _NONE
        if self.percent:
            return f"{numbers.local(f'{100 * value:.1f}')} %"
        return numbers.count(value) if isinstance(value, int) else numbers.local(f"{value:.4g}")


class Scores(QAbstractTableModel):
    """The rows, in the order that the user chose.

    Attributes
    ----------
    columns
        The first one has the names.
    order
        The output that each row is of.
    """

    def __init__(self) -> None:
        super().__init__()
        self.columns: Sequence[ScoreColumn] = ()
        self.order: list[int] = []
        self._sorted = (-1, Qt.SortOrder.AscendingOrder)

    def show_columns(self, columns: Sequence[ScoreColumn]) -> None:
        """Show other figures, sorted as before if they have as many rows."""
        rows = len(columns[0].values) if columns else 0
        self.beginResetModel()
        self.columns = columns
        self.order = list(range(rows))
        self._arrange()
        self.endResetModel()

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.order)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        column = self.columns[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(self.order[index.row()])
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == 0:
            return wrapped_tip(column.text(self.order[index.row()]))
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        if role == Qt.ItemDataRole.ToolTipRole:
            return wrapped_tip(self.columns[section].help)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        before = [(index, self.order[index.row()]) for index in self.persistentIndexList()]
        self._sorted = (column, order)
        self._arrange()
        row_of = {output: row for row, output in enumerate(self.order)}
        for index, output in before:
            self.changePersistentIndex(index, self.index(row_of[output], index.column()))
        self.layoutChanged.emit()

    def _arrange(self) -> None:
        column, order = self._sorted
        rows = list(range(len(self.order)))
        if 0 <= column < len(self.columns):
            values = self.columns[column].values
            known = [row for row in rows if values[row] == values[row]]  # what is no NaN
            known.sort(key=values.__getitem__, reverse=order == Qt.SortOrder.DescendingOrder)
            rows = [*known, *(row for row in rows if values[row] != values[row])]
        self.order = rows


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


class ScoreTable(QTableView):
    """Shows the figures of classes, labels or numbers; a click on a title sorts by it.

    Signals
    -------
    chosen(output)
        The row of this output was selected.
    opened(output)
        It was double-clicked, or Enter was pressed on it.
    """

    chosen = Signal(int)
    opened = Signal(int)

    def __init__(self) -> None:
        super().__init__(objectName="scores")
        self.scores = Scores()
        self.setModel(self.scores)
        self.setAccessibleName("Figures of each output")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + _ROOM)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setMaximumSectionSize(_WIDEST)
        head.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self.selectionModel().currentRowChanged.connect(self._row_changed)
        self.doubleClicked.connect(lambda index: self.opened.emit(self.scores.order[index.row()]))

    def show_columns(self, columns: Sequence[ScoreColumn]) -> None:
        """Show other figures; the selection is lost."""
        self.scores.show_columns(columns)
        self.resizeColumnsToContents()

    def sort_by(self, title: str, order: Qt.SortOrder) -> None:
        """Sort by a column, as a click on its title does."""
        titles = [column.title for column in self.scores.columns]
        self.sortByColumn(titles.index(title), order)

    def update_columns(self, columns: Sequence[ScoreColumn]) -> None:
        """Show further figures of the same rows, whose selection stays."""
        current = self.currentIndex()
        output = self.scores.order[current.row()] if current.isValid() else None
        self.show_columns(columns)
        if output is not None:
            blocked = self.blockSignals(True)
            self.selectRow(self.scores.order.index(output))
            self.blockSignals(blocked)

    def _row_changed(self, now: QModelIndex, _: QModelIndex) -> None:
        if now.isValid():
            self.chosen.emit(self.scores.order[now.row()])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open the selected row with Enter."""
        current = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and current.isValid():
            self.opened.emit(self.scores.order[current.row()])
        else:
            super().keyPressEvent(event)
