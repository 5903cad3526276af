"""The candidates of a study as rows: values of the fields, goals, costs and state."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QBrush, QColor

from designer.gui.base import numbers
from designer.gui.base.plain_text import wrapped_tip
from designer.gui.base.theme import colors
from designer.gui.studies import wording
from designer.studies.answers.table import Row, Table
from designer.studies.goals import COSTS, GOALS

_Index = QModelIndex | QPersistentModelIndex
_Role = Qt.ItemDataRole
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_ROOT = QModelIndex()
_ORDER = ("training", "finished", "pruned", "waiting", "failed", "refused")


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes
    ----------
    title, help
        Of its header.
    text
        Returns what a cell shows.
    value
        Returns what rows are sorted by; NaN and None come last.
    number
        Whether it is aligned to the right.
    """

    title: str
    help: str
    text: Callable[[Row], str]
    value: Callable[[Row], Any]
    number: bool = False


def columns_of(table: Table) -> list[Column]:
    """Return the columns of a study: its number, fields, goals, costs, and state."""
    found = [
        Column("#", "The number of the candidate.", _number, lambda row: row.number, number=True)
    ]
    found += [_field(varied.name, table) for varied in table.study.varied]
    goals = [name for name in table.goals if name not in COSTS]
    costs = [name for name in COSTS if any(name in row.costs for row in table.rows)]
    found += [_goal(name) for name in (*goals, *costs)]
    found.append(
        Column(
            "State",
            "How far its trainings are, or why it is not trained.",
            _state,
            lambda row: (_ORDER.index(row.state), len(row.runs)),
        )
    )
    return found


def _number(row: Row) -> str:
    return str(row.number)


def _state(row: Row) -> str:
    if row.state == "refused":
        return f"refused: {row.message}"
    ended = sum(each is not None for each in row.figures)
    if row.state in ("training", "waiting") and ended:
        return f"{row.words}, {ended} of {len(row.figures)}"
    return row.words


def _field(name: str, table: Table) -> Column:
    values = [row.values.get(name) for row in table.rows]
    number = bool(values) and all(
        isinstance(each, int | float) and not isinstance(each, bool) for each in values
    )
    return Column(
        wording.capitalized(table.titles.get(name, name)),
        f"The value of {name}.",
        lambda row: wording.value(row.values.get(name)),
        lambda row: row.values.get(name) if number else wording.value(row.values.get(name)),
        number=number,
    )


def _goal(name: str) -> Column:
    def text(row: Row) -> str:
        if name in COSTS:
            return wording.figure(name, row.costs[name]) if name in row.costs else ""
        found = row.summary(name)
        return wording.with_spread(name, found.mean, found.deviation) if found.n else ""

    return Column(
        wording.title(name), GOALS[name].help, text, lambda row: row.mean(name), number=True
    )


class StudyTable(QAbstractTableModel):
    """The rows, in the order of a column.

    Attributes
    ----------
    rows, columns
        What is shown, in its order.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []
        self.columns: list[Column] = []
        self._sorted: tuple[int, bool] | None = None

    def show_table(self, table: Table) -> bool:
        """Show candidates; return whether the columns are others than before."""
        columns = columns_of(table)
        if [each.title for each in columns] != [each.title for each in self.columns]:
            self._sorted = None
            self.beginResetModel()
            self.columns, self.rows = columns, list(table.rows)
            self.endResetModel()
            return True
        self.columns = columns
        rows = self._in_order(table.rows)
        if [row.number for row in rows] != [row.number for row in self.rows]:
            self.layoutAboutToBeChanged.emit()
            before = [(each, self.rows[each.row()].number) for each in self.persistentIndexList()]
            if len(rows) > len(self.rows):
                self.layoutChanged.emit()
                self.beginInsertRows(_ROOT, len(self.rows), len(rows) - 1)
                self.rows = rows
                self.endInsertRows()
                self.layoutAboutToBeChanged.emit()
            self.rows = rows
            places = {row.number: place for place, row in enumerate(rows)}
            for index, number in before:
                self.changePersistentIndex(index, self.index(places[number], index.column()))
            self.layoutChanged.emit()
        self.rows = rows
        if rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(columns) - 1), [])
        return False

    def _in_order(self, rows: Sequence[Row]) -> list[Row]:
        if self._sorted is None:
            return list(rows)
        column, descending = self.columns[self._sorted[0]], self._sorted[1]
        known = [row for row in rows if not _missing(column.value(row))]
        rest = [row for row in rows if _missing(column.value(row))]
        return [*sorted(known, key=column.value, reverse=descending), *rest]

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.columns)

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
        return (_RIGHT if column.number else _LEFT) if role == _Role.TextAlignmentRole else None

    def data(self, index: _Index, role: int = _Role.DisplayRole) -> Any:
        row, column = self.rows[index.row()], self.columns[index.column()]
        if role == _Role.DisplayRole:
            return column.text(row)
        if role == _Role.TextAlignmentRole:
            return _RIGHT if column.number else _LEFT
        if role == _Role.ToolTipRole:
            return wrapped_tip(numbers.sentence(row.message)) if row.message else None
        if role == _Role.ForegroundRole:
            return _brush(row, state=index.column() == len(self.columns) - 1)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if not 0 <= column < len(self.columns):
            return
        self.layoutAboutToBeChanged.emit()
        before = [(index, self.rows[index.row()].number) for index in self.persistentIndexList()]
        self._sorted = (column, order == Qt.SortOrder.DescendingOrder)
        self.rows = self._in_order(self.rows)
        places = {row.number: place for place, row in enumerate(self.rows)}
        for index, number in before:
            self.changePersistentIndex(index, self.index(places[number], index.column()))
        self.layoutChanged.emit()

    def text(self, rows: Sequence[int]) -> str:
        """Return rows as text with tabs between the columns, for a spreadsheet."""
        lines = ["\t".join(column.title for column in self.columns)]
        lines += ["\t".join(column.text(self.rows[i]) for column in self.columns) for i in rows]
        return "\n".join(lines) + "\n"


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _brush(row: Row, *, state: bool) -> QBrush | None:
    c = colors()
    if row.state == "refused":
        return QBrush(QColor(c.faint_text))
    tints = {
        "training": c.success,
        "failed": c.error,
        "pruned": c.soft_text,
        "waiting": c.soft_text,
    }
    return QBrush(QColor(tints[row.state])) if state and row.state in tints else None
