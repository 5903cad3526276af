"""The table of the figures of all layers, sortable, with suspicious values marked."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QTableView

from designer.gui.base import icons, numbers
from designer.gui.base.plain_text import wrapped_tip
from designer.gui.base.theme import colors, theme
from designer.gui.inside.statistics_values import Shown, figures_of, value_of
from designer.runs.layer_statistics import FIGURES, KINDS, Kind, LayerFigures
from designer.runs.layer_warnings import LayerWarning, written

_ROOT = QModelIndex()
_Index = QModelIndex | QPersistentModelIndex
_FIRST = ("layer", "count")


class FigureModel(QAbstractTableModel):
    """A row for each layer and parameter.

    Attributes
    ----------
    columns
        The fields of `LayerFigures` in the columns.
    rows
        The rows, as sorted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.columns: list[str] = list(_FIRST)
        self.rows: list[LayerFigures] = []
        self._unsorted: tuple[LayerFigures, ...] = ()
        self._sorted = (-1, False)
        self._warnings: Mapping[tuple[str, str], LayerWarning] = {}

    def show(self, one: Shown | None, kind: Kind) -> None:
        """Show the figures of a kind; rows and their selection stay where they are the same."""
        rows = one.measurement.of_kind(kind) if one is not None else ()
        columns = [*_FIRST, *figures_of(kind)]
        columns = [
            each
            for each in columns
            if each in _FIRST or any(value_of(row, each) is not None for row in rows)
        ]
        found = one.found if one is not None else ()
        self._warnings = {(each.path, each.figure): each for each in found if each.kind == kind}
        same = [(row.path, row.name) for row in rows] == [
            (row.path, row.name) for row in self._unsorted
        ]
        if columns != self.columns or not same:
            self.beginResetModel()
            self.columns, self._unsorted = columns, rows
            self._arrange()
            self.endResetModel()
            return
        self._change(lambda: setattr(self, "_unsorted", rows))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._change(
            lambda: setattr(self, "_sorted", (column, order == Qt.SortOrder.DescendingOrder))
        )

    def _change(self, change: Any) -> None:
        """Let the selection stay with its layers when rows get another order."""
        self.layoutAboutToBeChanged.emit()
        before = [
            (index, self.rows[index.row()].path, self.rows[index.row()].name)
            for index in self.persistentIndexList()
        ]
        change()
        self._arrange()
        row_of = {(row.path, row.name): number for number, row in enumerate(self.rows)}
        for index, path, name in before:
            self.changePersistentIndex(index, self.index(row_of[path, name], index.column()))
        self.layoutChanged.emit()

    def _arrange(self) -> None:
        column, falling = self._sorted
        rows = list(self._unsorted)
        if 0 <= column < len(self.columns):
            name = self.columns[column]
            if name == "layer":
                rows.sort(key=lambda row: _natural(_title(row)), reverse=falling)
            else:
                known = [row for row in rows if getattr(row, name) is not None]
                known.sort(key=lambda row: float(getattr(row, name)), reverse=falling)
                rows = known + [row for row in rows if getattr(row, name) is None]
        self.rows = rows

    # Qt

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, name = self.rows[index.row()], self.columns[index.column()]
        warning = self._warnings.get((row.path, name)) if self._is_main(row) else None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(row, name)
        if role == Qt.ItemDataRole.TextAlignmentRole and name != "layer":
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if warning is not None and role == Qt.ItemDataRole.ForegroundRole:
            return QColor(colors().warning)
        if warning is not None and role == Qt.ItemDataRole.DecorationRole:
            return icons.icon("problem-warning", colors().warning)
        if warning is not None and role == Qt.ItemDataRole.ToolTipRole:
            return wrapped_tip(warning.sentence, warning.remedy)
        return None

    def _is_main(self, row: LayerFigures) -> bool:
        return row.name in ("", "weight")

    @staticmethod
    def text(row: LayerFigures, name: str) -> str:
        """Return what a cell says."""
        if name == "layer":
            return _title(row)
        if name == "count":
            return numbers.count(row.count)
        value = value_of(row, name)
        return written(name, value) if value is not None else ""

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        name = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return FIGURES[name].title if name in FIGURES else _TITLES[name]
        if role == Qt.ItemDataRole.ToolTipRole:
            return wrapped_tip(FIGURES[name].help if name in FIGURES else _HELP[name])
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if section == 0 else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        return None


_TITLES = {"layer": "Layer", "count": "Values"}
_HELP = {
    "layer": "The layer, and which of its parameters.",
    "count": "How many values there are, of all images of the batch together.",
}


class FigureTable(QTableView):
    """The table; a click on a title sorts by it.

    Signals
    -------
    chosen(paths)
        The user selected layers.
    copy_wanted()
        The rows are to be copied.
    """

    chosen = Signal(list)
    copy_wanted = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="statistics-table")
        self.figures = FigureModel()
        self.setModel(self.figures)
        self.setAccessibleName("Figures of all layers")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        self.setSortingEnabled(True)
        head.setSortIndicatorClearable(True)
        head.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self._quiet = False
        self.selectionModel().selectionChanged.connect(self._selection_changed)
        self.figures.modelReset.connect(self._fit)
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy_wanted)
        theme.changed.connect(self._dress)
        self._dress()

    def select(self, paths: frozenset[str]) -> None:
        """Select the rows of layers; no signal is sent."""
        if self._selected() == paths & {row.path for row in self.figures.rows}:
            return
        found = QItemSelection()
        last = len(self.figures.columns) - 1
        rows = [number for number, row in enumerate(self.figures.rows) if row.path in paths]
        for number in rows:
            found.select(self.figures.index(number, 0), self.figures.index(number, last))
        self._quiet = True
        self.selectionModel().select(found, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._quiet = False
        if rows:
            self.scrollTo(self.figures.index(rows[0], 0))

    def _selected(self) -> frozenset[str]:
        rows = self.selectionModel().selectedRows()
        return frozenset(self.figures.rows[index.row()].path for index in rows)

    def _selection_changed(self) -> None:
        if not self._quiet:
            self.chosen.emit(sorted(self._selected()))

    def _dress(self) -> None:
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        self.viewport().update()

    def _fit(self) -> None:
        self.resizeColumnsToContents()
        width = self.fontMetrics().horizontalAdvance("0.0000e-00") + 34
        for column, name in enumerate(self.figures.columns):
            if name in FIGURES:
                self.setColumnWidth(column, max(width, self.columnWidth(column)))

    def chosen_rows(self) -> list[LayerFigures]:
        """Return the rows of the selected layers if they are several, else all, as sorted."""
        paths = self._selected()
        if len(paths) < 2:
            return self.figures.rows
        return [row for row in self.figures.rows if row.path in paths]


def as_csv(rows: Sequence[LayerFigures]) -> str:
    """Return figures as a table whose values are separated by commas, with a line of titles."""
    names = [name for name in FIGURES if any(value_of(row, name) is not None for row in rows)]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["layer", "parameter", "kind", "values", *names])
    for row in rows:
        values = [value_of(row, name) for name in names]
        writer.writerow(
            [row.path, row.name, KINDS[row.kind].title.lower(), row.count]
            + ["" if value is None else repr(value) for value in values]
        )
    return file.getvalue()


def _title(row: LayerFigures) -> str:
    return f"{row.path}.{row.name}" if row.name not in ("", "weight") else row.path


def _natural(text: str) -> list[tuple[int, str]]:
    """Return a sort key that puts conv2 before conv10."""
    return [
        (int(part), "") if part.isdigit() else (0, part)
        for part in re.split(r"(\d+)", text.casefold())
    ]
