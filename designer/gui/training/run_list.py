"""The view of the list of runs: columns that are hidden, sized and sorted as the user left them."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from designer import preferences
from designer.errors import DesignerError
from designer.gui.base.plain_text import wrapped_tip
from designer.gui.training.frozen_column import FrozenColumnView, Index
from designer.gui.training.run_columns import Row
from designer.gui.training.run_table import RunTable
from designer.preferences import Preferences
from designer.runs.survey import Summary

_PADDING = 22  # pixels of a cell beside its text
_TICK = 30  # pixels of the tick before a name
_STORE_MS = 500  # from a change of the columns until it is stored, for widths being dragged


class _Cells(QStyledItemDelegate):
    """Draws cells; of numbers without room the first digits are shown, of names both ends."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        table = index.model()
        if isinstance(table, RunTable) and table.columns[index.column()].number:
            option.textElideMode = Qt.TextElideMode.ElideRight

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        # Qt writes a cell's text into its editor whenever the cell changes, as by a tick.
        if not (isinstance(editor, QLineEdit) and editor.isModified()):
            super().setEditorData(editor, index)


class RunList(FrozenColumnView):
    """A table of runs; several rows can be selected.

    Signals
    -------
    chosen()
        The selection has changed.
    """

    chosen = Signal()

    def __init__(self, table: RunTable, remembered: Preferences) -> None:
        super().__init__("runs-list")
        self.table = table
        self.remembered = remembered
        self._own = False  # whether the program itself changes widths or the selection
        self._storing = QTimer(self, interval=_STORE_MS, singleShot=True)
        self._storing.timeout.connect(self._store)
        self.setAccessibleName("Runs")
        self.setModel(table)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        # Names begin with a date and end with a design, so their middle can be left out.
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setAllColumnsShowFocus(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setItemDelegate(_Cells(self))
        header = self.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(40)
        header.setSectionsMovable(False)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._header_menu)
        header.sectionResized.connect(self._resized)
        header.sortIndicatorChanged.connect(self._sorted)
        self.setSortingEnabled(True)
        self._show_order()
        self._lay_out()
        self.selectionModel().selectionChanged.connect(self._selection_changed)

    # Rows

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show rows, keeping the selection, the current row and what is scrolled to."""
        selected = [run.path for run in self.selected()]
        current = self.current()
        across, down = self.horizontalScrollBar().value(), self.verticalScrollBar().value()
        with self._silently():
            if not self.table.set_rows(rows):
                return
            self._show_order()
            self._lay_out()
            self.select(selected, current.path if current is not None else None)
            self.horizontalScrollBar().setValue(across)
            self.verticalScrollBar().setValue(down)
        self.chosen.emit()

    def selected(self) -> list[Summary]:
        """Return the selected runs in the order of the rows."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self.table.rows[row].run for row in rows]

    def current(self) -> Summary | None:
        """Return the run with the focus, None if there is none."""
        index = self.currentIndex()
        return self.table.rows[index.row()].run if index.isValid() else None

    def _selection_changed(self, *_: object) -> None:
        if not self._own:
            self.chosen.emit()

    def select(self, paths: Sequence[Path], current: Path | None = None) -> None:
        """Select the rows of some runs; those that are not shown are skipped."""
        selection = QItemSelection()
        last = len(self.table.columns) - 1
        for path in paths:
            row = self.table.row_of(path)
            if row >= 0:
                selection.select(self.table.index(row, 0), self.table.index(row, last))
        model = self.selectionModel()
        row = self.table.row_of(current) if current is not None else -1
        if row >= 0:
            model.setCurrentIndex(
                self.table.index(row, 0), QItemSelectionModel.SelectionFlag.NoUpdate
            )
        model.select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def rename_current(self) -> None:
        """Let the user edit the name of the current run."""
        index = self.currentIndex()
        if index.isValid():
            name = self.table.index(index.row(), 0)
            self.scrollTo(name)
            self.edit(name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Space is an action of the panel: the view itself would also tick the current row.
        if event.key() == Qt.Key.Key_Space:
            event.ignore()
            return
        super().keyPressEvent(event)

    # Columns

    def columns_menu(self, menu: QMenu) -> None:
        """Fill a menu with a tick for each column, all but the name."""
        menu.clear()
        hidden = self.remembered.runs.hidden
        for column in self.table.columns[1:]:
            action = QAction(column.title.replace("&", "&&"), menu, checkable=True)
            action.setObjectName(f"runs-column-{column.key}")
            action.setToolTip(wrapped_tip(column.help))
            action.setChecked(column.key not in hidden)
            action.toggled.connect(lambda on, key=column.key: self.set_shown(key, on))
            menu.addAction(action)
        menu.addSeparator()
        menu.addAction("Show all, in their first widths", self.reset_columns)
        menu.setToolTipsVisible(True)

    def set_shown(self, key: str, shown: bool) -> None:
        """Show or hide a column."""
        hidden = [each for each in self.remembered.runs.hidden if each != key]
        self._remember(hidden=tuple(hidden if shown else [*hidden, key]))
        self._lay_out()

    def reset_columns(self) -> None:
        """Show all columns in their first widths."""
        self._remember(hidden=(), widths={})
        self._lay_out()

    def _header_menu(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.columns_menu(menu)
        menu.popup(self.header().mapToGlobal(place))

    def _show_order(self) -> None:
        """Show by which column the rows are sorted, or sort them as remembered at first."""
        key, descending = self.table.order
        if not self.table.rows:
            view = self.remembered.runs
            if self.table.column(view.sort) >= 0:
                key, descending = view.sort, view.descending
        order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        with self._silently():
            self.sortByColumn(self.table.column(key), order)

    def _lay_out(self) -> None:
        """Apply what is hidden and how wide the columns are."""
        view, metrics = self.remembered.runs, self.fontMetrics()
        with self._silently():
            header = self.header()
            for number, column in enumerate(self.table.columns):
                header.setSectionResizeMode(number, QHeaderView.ResizeMode.Interactive)
                self.setColumnHidden(number, number > 0 and column.key in view.hidden)
                words = (column.title + "   ", column.widest)
                widest = max(map(metrics.horizontalAdvance, words)) + _PADDING
                self.setColumnWidth(number, view.widths.get(column.key, widest))
            self._fit_name()

    def _fit_name(self) -> None:
        """Give the first column the rest of the width, unless the user chose one."""
        if "name" in self.remembered.runs.widths:
            return
        others = sum(self.columnWidth(n) for n in range(1, len(self.table.columns)))
        with self._silently():
            least = self.fontMetrics().horizontalAdvance(self.table.columns[0].widest)
            width = max(least + _TICK + _PADDING, self.viewport().width() - others)
            self.setColumnWidth(0, width)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_name()

    @contextlib.contextmanager
    def _silently(self) -> Iterator[None]:
        before, self._own = self._own, True
        try:
            yield
        finally:
            self._own = before

    def _resized(self, number: int, _: int, width: int) -> None:
        if not self._own and width:
            key = self.table.columns[number].key
            self._remember(widths={**self.remembered.runs.widths, key: width})

    def _sorted(self, number: int, order: Qt.SortOrder) -> None:
        if not self._own and 0 <= number < len(self.table.columns):
            descending = order == Qt.SortOrder.DescendingOrder
            self._remember(sort=self.table.columns[number].key, descending=descending)

    def _remember(self, **changes: object) -> None:
        self.remembered.runs = msgspec.structs.replace(self.remembered.runs, **changes)
        self._storing.start()

    def _store(self) -> None:
        # The window stores them again, and says so if it cannot, when it closes.
        with contextlib.suppress(DesignerError):
            preferences.store(self.remembered)
