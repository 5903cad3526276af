"""The model behind the list of runs: its rows, their order and the columns."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QBrush, QColor

from designer.gui.base.plain_text import wrapped_tip
from designer.gui.base.theme import colors, sans
from designer.gui.training.run_columns import (
    COLUMNS,
    Column,
    Row,
    continues,
    differing,
    sorted_rows,
)
from designer.runs.survey import Summary

_BAD = ("failed", "diverged", "damaged")
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_Role = Qt.ItemDataRole
_Index = QModelIndex | QPersistentModelIndex


class RunTable(QAbstractTableModel):
    """Rows of runs in the order of a column; the first cell has a tick and can be renamed.

    Attributes
    ----------
    rows, columns
        What is shown, in its order.
    shown
        The run whose curves are shown, whose name is bold.
    ticked
        Tells whether the curves of a run are drawn together with those shown.
    tick, rename
        Called when the user ticks a run, or gives it another name.
    """

    def __init__(
        self,
        ticked: Callable[[Path], bool],
        tick: Callable[[Path, bool], object],
        rename: Callable[[Summary, str], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []
        self.columns: list[Column] = list(COLUMNS)
        self.shown: Path | None = None
        self.ticked = ticked
        self.tick = tick
        self.rename = rename
        self._order = (self.column("begun"), True)

    def column(self, key: str) -> int:
        """Return the number of a column, -1 if it is not there."""
        return next((i for i, each in enumerate(self.columns) if each.key == key), -1)

    @property
    def order(self) -> tuple[str, bool]:
        """The key of the column by which rows are sorted, and whether they descend."""
        number, descending = self._order
        return self.columns[number].key, descending

    def set_rows(self, rows: Sequence[Row]) -> bool:
        """Show rows; return whether the table was built anew, which ends selections."""
        key, descending = self.order
        columns = [*COLUMNS, *differing([row.run for row in rows])]
        sorting = next((each for each in columns if each.key == key), None)
        if sorting is None:
            sorting, descending = columns[self.column("begun")], True
        ordered = sorted_rows(rows, sorting, descending=descending)
        if [each.key for each in columns] == [each.key for each in self.columns] and [
            row.run.path for row in ordered
        ] == [row.run.path for row in self.rows]:
            for number, (old, new) in enumerate(zip(self.rows, ordered, strict=True)):
                if old != new:
                    self.rows[number] = new
                    self._row_changed(number)
            return False
        self.beginResetModel()
        self.rows, self.columns = ordered, columns
        self._order = (columns.index(sorting), descending)
        self.endResetModel()
        return True

    def set_shown(self, path: Path | None) -> None:
        """Mark the run whose curves are shown."""
        self.shown = path
        self.repaint()

    def repaint(self) -> None:
        """Show names, ticks and colors anew."""
        if self.rows:
            self.dataChanged.emit(
                self.index(0, 0), self.index(len(self.rows) - 1, len(self.columns) - 1), []
            )

    def _row_changed(self, number: int) -> None:
        self.dataChanged.emit(self.index(number, 0), self.index(number, len(self.columns) - 1), [])

    def row_of(self, path: Path) -> int:
        """Return the number of a run's row, -1 if it is not shown."""
        return next((i for i, row in enumerate(self.rows) if row.run.path == path), -1)

    # What Qt asks for

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - as Qt declares it
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - as Qt declares it
        return 0 if parent.isValid() else len(self.columns)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
        if index.column() == 0:
            flags |= Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEditable
        return flags

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal or section >= len(self.columns):
            return None
        column = self.columns[section]
        if role == _Role.DisplayRole:
            return column.title
        if role == _Role.ToolTipRole:
            return wrapped_tip(column.help)
        if role == _Role.TextAlignmentRole:
            return _RIGHT if column.number else _LEFT
        return None

    def data(self, index: _Index, role: int = _Role.DisplayRole) -> Any:
        row, column = self.rows[index.row()], self.columns[index.column()]
        if role in (_Role.DisplayRole, _Role.EditRole):
            return column.text(row)
        if role == _Role.TextAlignmentRole:
            return _RIGHT if column.number else _LEFT
        if role == _Role.ToolTipRole:
            return _tip(row, column)
        if column.key == "name":
            if role == _Role.CheckStateRole:
                ticked = self.ticked(row.run.path)
                return Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
            if role == _Role.FontRole and row.run.path == self.shown:
                return sans(bold=True)
        if role == _Role.ForegroundRole and column.key == "state":
            return _brush(row)
        return None

    def setData(self, index: _Index, value: Any, role: int = _Role.EditRole) -> bool:
        run = self.rows[index.row()].run
        if role == _Role.CheckStateRole:
            self.tick(run.path, Qt.CheckState(value) == Qt.CheckState.Checked)
            return True
        if role == _Role.EditRole and str(value).strip() != run.path.name:
            self.rename(run, str(value).strip())
        return False  # the list is read again

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if not 0 <= column < len(self.columns):
            return
        self.layoutAboutToBeChanged.emit()
        self._order = (column, order == Qt.SortOrder.DescendingOrder)
        before = self.persistentIndexList()
        runs = [self.rows[index.row()].run.path for index in before]
        self.rows = sorted_rows(
            self.rows, self.columns[column], descending=order == Qt.SortOrder.DescendingOrder
        )
        numbers = {row.run.path: number for number, row in enumerate(self.rows)}
        after = [
            self.index(numbers[run], index.column())
            for run, index in zip(runs, before, strict=True)
        ]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()


def _tip(row: Row, column: Column) -> str | None:
    run = row.run
    if column.key == "name":
        words = [str(run.path)]
        if run.origin is not None:
            words.append(f"Continues {continues(run)}.")
        words.append("Tick the run to draw its curves together with those shown.")
        return wrapped_tip(*words)
    if column.key == "state" and run.message:
        return wrapped_tip(run.message)
    text = column.text(row)
    return wrapped_tip(text) if len(text) > 12 else None


def _brush(row: Row) -> QBrush:
    c = colors()
    if row.position:
        return QBrush(QColor(c.soft_text))
    if row.run.state == "running":
        return QBrush(QColor(c.success))
    return QBrush(QColor(c.error if row.run.state in _BAD else c.text))
