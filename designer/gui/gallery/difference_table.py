"""The table of what differs between two designs; selecting a row shows it in both."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QTableView

from designer.folding.differences_in_words import KINDS, Difference
from designer.gui.base.plain_text import wrapped_tip
from designer.gui.base.theme import colors, theme

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_TITLES = ("Difference", "Of", "What")
_COLORS = {
    "added": "success",
    "removed": "error",
    "changed": "warning",
    "rewired": "warning",
    "renamed": "accent",
}
_ROOM = 8  # pixels between two lines
_WIDEST = 240  # pixels of a column, but for the last one


class Differences(QAbstractTableModel):
    """The rows of the table."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: Sequence[Difference] = ()

    def show_rows(self, rows: Sequence[Difference]) -> None:
        """Show other differences."""
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(_TITLES)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _TITLES[section]
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.texts(row)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return wrapped_tip(self.texts(row)[index.column()])
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == 0:
            return QColor(getattr(colors(), _COLORS[row.kind]))
        return None

    @staticmethod
    def texts(row: Difference) -> tuple[str, str, str]:
        """Return the texts of a row's columns."""
        kind = KINDS[row.kind]
        name = row.name if row.what == "node" else f"{row.what} {row.name}"
        before, after = row.graph
        place = after or before
        return f"{kind.sign} {kind.word}", f"{name} in {place}" if place else name, row.text


class DifferenceTable(QTableView):
    """Shows differences, in the order of the designs.

    Signals
    -------
    chosen(number)
        A row was selected.
    """

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__(objectName="comparison-differences")
        self.differences = Differences()
        self.setModel(self.differences)
        self.setAccessibleName("Differences between the designs")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + _ROOM)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setStretchLastSection(True)
        head.setResizeContentsPrecision(200)  # rows; of thousands it would take seconds
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.selectionModel().currentRowChanged.connect(self._row_changed)
        theme.changed.connect(self.viewport().update)

    def show_rows(self, rows: Sequence[Difference]) -> None:
        """Show other differences; the selection is lost."""
        self.differences.show_rows(rows)
        self.horizontalHeader().setVisible(bool(rows))
        for column in range(len(_TITLES) - 1):
            self.resizeColumnToContents(column)
            self.setColumnWidth(column, min(self.columnWidth(column) + 10, _WIDEST))

    def select_quietly(self, number: int) -> None:
        """Select a row without telling that it was chosen; -1 selects none."""
        blocked = self.blockSignals(True)
        if number < 0:
            self.clearSelection()
            self.setCurrentIndex(QModelIndex())
        else:
            self.selectRow(number)
        self.blockSignals(blocked)

    def _row_changed(self, now: QModelIndex, _: QModelIndex) -> None:
        if now.isValid():
            self.chosen.emit(now.row())
