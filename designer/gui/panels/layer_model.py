"""The Qt model of the table of layers: the order of its lines, the texts of its cells."""

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from designer.gui.base.plain_text import tip
from designer.gui.panels.layer_table import COLUMNS, Column, LayerTable, Line

Index = QModelIndex | QPersistentModelIndex
_TOP = QModelIndex()


class LayerModel(QAbstractTableModel):
    """The lines of a table, sorted and filtered; the texts of cells are made when they are shown.

    Attributes
    ----------
    order
        The numbers of the shown lines, in the order shown.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.table: LayerTable | None = None
        self.words = ""
        self.sorted_by: Column | None = None
        self.descending = False
        self.order: list[int] = []

    def show(self, table: LayerTable) -> None:
        """Show another table."""
        before, old = self.table, self.order
        order = table.order(self.sorted_by, self.descending, self.words)
        if before is not None and before.paths == table.paths and order == old:
            self.table = table
            if order:
                last = self.index(len(order) - 1, len(COLUMNS) - 1)
                self.dataChanged.emit(self.index(0, 0), last, [])
            return
        self.beginResetModel()
        self.table, self.order = table, order
        self.endResetModel()

    def filter(self, words: str) -> None:
        """Show only layers that have all `words` in their names or types."""
        self.words = words
        self._reorder()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1 restores the order of the network."""
        self.sorted_by = COLUMNS[column] if 0 <= column < len(COLUMNS) else None
        self.descending = order == Qt.SortOrder.DescendingOrder
        self._reorder()
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS) - 1)

    def _reorder(self) -> None:
        self.beginResetModel()
        if self.table is not None:
            self.order = self.table.order(self.sorted_by, self.descending, self.words)
        self.endResetModel()

    def line(self, row: int) -> Line:
        """Return the line in a row."""
        assert self.table is not None
        return self.table.lines[self.order[row]]

    def path(self, row: int) -> str:
        """Return the path of the layer in a row."""
        return self.line(row).row.path

    def share(self, row: int, column: int) -> float:
        """Return the ratio of a cell's number to the largest of its column, from 0 to 1."""
        assert self.table is not None
        name = COLUMNS[column].name
        largest = self.table.largest[name]
        return self.table.numbers[name][self.order[row]] / largest if largest else 0.0

    # The methods that Qt calls

    def rowCount(self, parent: Index = _TOP) -> int:
        return 0 if parent.isValid() else len(self.order)

    def columnCount(self, parent: Index = _TOP) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        column = COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(self.line(index.row()))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if column.left else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            row = self.line(index.row()).row
            return tip("\n".join((f"{row.path}: {row.layer.summary()}", *row.formula)))
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            if column is not self.sorted_by:
                return column.title
            arrow = "↓" if self.descending else "↑"
            return f"{column.title} {arrow}" if column.left else f"{arrow} {column.title}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"<p>{column.help}</p>"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if column.left else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.InitialSortOrderRole:
            words = column.number is None
            return Qt.SortOrder.AscendingOrder if words else Qt.SortOrder.DescendingOrder
        return None
