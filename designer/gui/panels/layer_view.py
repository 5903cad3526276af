"""The table of layers on the screen: cells with bars, fitted columns, the line of totals."""

from collections.abc import Collection, Iterator, Sequence

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QAction, QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from designer.gui.base.theme import colors, mono, sans
from designer.gui.panels.layer_model import Index, LayerModel
from designer.gui.panels.layer_table import COLUMNS, LayerTable
from designer.gui.panels.shared import runs

PADDING = 6  # left and right of a cell's text, in pixels
MARK = 3  # width of the mark in the category's color before a name, in pixels
_NUMBER = {column.name: index for index, column in enumerate(COLUMNS)}
_LAYER, _TYPE = _NUMBER["layer"], _NUMBER["type"]
# Columns in the order in which they use their short texts when there is too little room.
_SHORTENED = ("values", "macs", "memory", "saved_for_backward", "parameters", "layer", "type")
_TIMES = [number for number, column in enumerate(COLUMNS) if column.measured is not None]
_GIVE_WAY = [_NUMBER[name] for name in _SHORTENED]
_MOVE = QItemSelectionModel.SelectionFlag


class LayerView(QTableView):
    """The table; its selection follows the workspace, and `chosen` reports the user's changes.

    Signals
    -------
    chosen(paths, path)
        The user selected layers; `path` is the one with the cursor.
    columns_changed()
        A column was moved, resized, hidden or shown, or the table was scrolled horizontally.
    """

    chosen = Signal(list, str)
    columns_changed = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="layers")
        self.setAccessibleName("Layers of the design")
        self.layers = LayerModel(self)
        self.setModel(self.layers)
        self.setItemDelegate(_Cells(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setCornerButtonEnabled(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.selection: Collection[str] = ()
        self._following = False  # whether the workspace, not the user, is changing the selection
        self._fitted = True  # whether the user has resized no column
        self._moved = False  # whether the user has moved a column
        self._fitting = False
        header = self.horizontalHeader()
        header.setObjectName("layer-columns")
        header.setSectionsMovable(True)
        header.setSortIndicatorClearable(True)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(28)
        # The arrow of the style would cover the title; the model adds one to the title instead.
        header.setStyleSheet("QHeaderView::up-arrow, QHeaderView::down-arrow { width: 0; }")
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(
            lambda at: self.columns_menu().exec(header.mapToGlobal(at))
        )
        header.sectionResized.connect(self._resized)
        header.sectionMoved.connect(self._column_moved)
        self.setSortingEnabled(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.horizontalScrollBar().valueChanged.connect(self.columns_changed)
        self.selectionModel().selectionChanged.connect(self._selected)
        self.layers.modelReset.connect(lambda: self.follow(self.selection, scroll=False))
        self._show_times(False)
        self.use_fonts()

    # What is shown

    def show_table(self, table: LayerTable, selection: Collection[str]) -> None:
        """Show another table with these nodes selected, keeping the scroll position."""
        scrolled = self.verticalScrollBar().value(), self.horizontalScrollBar().value()
        self.selection = selection
        before = self.layers.table
        self.layers.show(table)
        if (before is not None and before.times is not None) != (table.times is not None):
            self._show_times(table.times is not None)
        if self._fitted:
            self.fit_columns()
        self.verticalScrollBar().setValue(scrolled[0])
        self.horizontalScrollBar().setValue(scrolled[1])

    def use_fonts(self) -> None:
        """Use the application's font and its size."""
        self.setFont(mono(relative=0.92))
        self.horizontalHeader().setFont(sans(0.92))
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        # At least three rows stay visible, however high the totals below are.
        self.setMinimumHeight(
            self.horizontalHeader().sizeHint().height()
            + 3 * self.verticalHeader().defaultSectionSize()
        )
        self.fit_columns()
        self.viewport().update()

    def shown_columns(self) -> list[int]:
        """Return the numbers of the visible columns, from left to right."""
        header = self.horizontalHeader()
        logical = (header.logicalIndex(visual) for visual in range(header.count()))
        return [column for column in logical if not header.isSectionHidden(column)]

    # Selection

    def follow(self, selection: Collection[str], *, scroll: bool = True) -> None:
        """Select the rows of these nodes, and all rows inside them if they are blocks."""
        self.selection = selection
        rows = list(self._rows_of(selection))
        if rows == self.selected_rows():
            return
        chosen = QItemSelection()
        for top, bottom in runs(rows):
            chosen.select(self.layers.index(top, 0), self.layers.index(bottom, len(COLUMNS) - 1))
        self._following = True
        self.selectionModel().select(chosen, _MOVE.ClearAndSelect)
        if rows and scroll:
            first = self.layers.index(rows[0], self.shown_columns()[0])
            visible = any(self._is_visible(row) for row in rows)
            self.selectionModel().setCurrentIndex(first, _MOVE.NoUpdate)
            if not visible:
                self.scrollTo(first, QAbstractItemView.ScrollHint.PositionAtCenter)
        self._following = False

    def selected_rows(self) -> list[int]:
        """Return the selected rows, ascending."""
        # By ranges: Qt makes an index for each of the rows otherwise.
        selection = self.selectionModel().selection()
        ranges = (selection.at(number) for number in range(selection.count()))
        return sorted({row for each in ranges for row in range(each.top(), each.bottom() + 1)})

    def _rows_of(self, selection: Collection[str]) -> Iterator[int]:
        if not selection or self.layers.table is None:
            return
        paths, order = self.layers.table.paths, self.layers.order
        blocks = tuple(f"{path}." for path in selection)
        alone = frozenset(selection)
        for row, index in enumerate(order):
            path = paths[index]
            if path in alone or path.startswith(blocks):
                yield row

    def _is_visible(self, row: int) -> bool:
        top = self.rowViewportPosition(row)
        return 0 <= top <= self.viewport().height() - self.rowHeight(row)

    def _selected(self) -> None:
        if self._following or self.layers.table is None:
            return
        paths = [self.layers.path(row) for row in self.selected_rows()]
        self.selection = paths
        # With the keyboard, Qt moves the cursor only after the selection.
        current = self.currentIndex()
        at = self.layers.path(current.row()) if current.isValid() else ""
        self.chosen.emit(paths, paths[0] if len(paths) == 1 else at if at in paths else "")

    # Columns

    def columns_menu(self) -> QMenu:
        """Return a menu that shows and hides columns."""
        menu = QMenu(self, objectName="columns-menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for number, column in enumerate(COLUMNS):
            if number == _LAYER:
                continue
            action = QAction(column.title, menu, checkable=True)
            action.setEnabled(column.measured is None or self._has_times())
            action.setChecked(not self.isColumnHidden(number))
            action.toggled.connect(lambda on, number=number: self.show_column(number, on))
            menu.addAction(action)
        menu.addSeparator()
        menu.addAction("Reset columns", self.reset_columns)
        return menu

    def _show_times(self, shown: bool) -> None:
        """Show the columns of times once there are some, and hide them when there are none."""
        for number in _TIMES:
            self._hide(number, not shown)
        self.columns_changed.emit()

    def _hide(self, number: int, hidden: bool) -> None:
        self._fitting = True  # Qt reports it as a resizing
        self.setColumnHidden(number, hidden)
        self._fitting = False

    def _has_times(self) -> bool:
        return self.layers.table is not None and self.layers.table.times is not None

    def show_column(self, column: int, shown: bool) -> None:
        """Show or hide a column."""
        self._hide(column, not shown)
        if self._fitted:
            self.fit_columns()
        self.columns_changed.emit()

    def reset_columns(self) -> None:
        """Show all columns in their original order, fitted to the width."""
        header = self.horizontalHeader()
        for number in range(len(COLUMNS)):
            header.moveSection(header.visualIndex(number), number)
            self._hide(number, number in _TIMES and not self._has_times())
        self._fitted, self._moved = True, False
        self.fit_columns()
        self.columns_changed.emit()

    def fit_columns(self) -> None:
        """Make columns as wide as their texts or, if room is short, their short texts."""
        shown = self.shown_columns()
        wide, narrow = self._widths(shown)
        room = self.viewport().width()
        widths = dict(wide)
        for column in (each for each in _GIVE_WAY if each in widths):
            if sum(widths.values()) <= room:
                break
            widths[column] = narrow[column]
        # Types and names get what is left up to their full width; all columns share the rest.
        for column in (_TYPE, _LAYER):
            spare = room - sum(widths.values())
            if column in widths and spare > 0:
                widths[column] = min(wide[column], widths[column] + spare)
        each = min((room - sum(widths.values())) // max(len(shown), 1), 40)
        if each > 0:
            widths = {column: width + each for column, width in widths.items()}
        self._fitting = True
        for column, width in widths.items():
            if self.columnWidth(column) != width:
                self.setColumnWidth(column, width)
        self._fitting = False
        self._place_times(seen=sum(widths.values()) <= room)
        self.columns_changed.emit()

    def _place_times(self, *, seen: bool) -> None:
        """Put measured times beside the MACs or, where these are not seen, beside the types.

        Columns that the user moved stay where they are.
        """
        if self._moved:
            return
        header = self.horizontalHeader()
        places = list(enumerate(_TIMES, _TIMES[0] if seen else _TYPE + 1))
        self._fitting = True
        # To the right, the last one first: each that is moved shifts those that it passes.
        for place, number in reversed(places) if seen else places:
            if header.visualIndex(number) != place:
                header.moveSection(header.visualIndex(number), place)
        self._fitting = False

    def _column_moved(self) -> None:
        if not self._fitting:
            self._moved = True
        self.columns_changed.emit()

    def _widths(self, shown: Sequence[int]) -> tuple[dict[int, int], dict[int, int]]:
        """Return the widths of columns for their full and for their short texts, in pixels."""
        letter = QFontMetrics(self.font()).horizontalAdvance("0")
        bold = QFontMetrics(_bold(self))
        title = QFontMetrics(self.horizontalHeader().font())
        table = self.layers.table
        wide, narrow = {}, {}
        for number in shown:
            column = COLUMNS[number]
            least = title.horizontalAdvance(f"{column.title} ↓") + 2 * PADDING
            full = short = least
            if table is not None and table.lines:
                totals = table.total(column)
                if column.bar:
                    top = table.lines[table.numbers[column.name].index(table.largest[column.name])]
                    # The largest need not have the longest text: 999 KB is longer than 1.2 MB.
                    letters = max(len(column.text(top)), 7)
                    full = max(full, letters * letter + 2 * PADDING)
                    letters = max(len(column.short(top)), 6)
                    short = max(short, letters * letter + 2 * PADDING)
                else:
                    full = max(full, table.longest[column.name] * letter + 2 * PADDING + MARK)
                    few = min(full, 11 * letter + 2 * PADDING)
                    short = max(short, few) if column.left else full
                full = max(full, bold.horizontalAdvance(totals[0]) + 2 * PADDING)
                short = max(short, bold.horizontalAdvance(totals[1]) + 2 * PADDING)
            wide[number], narrow[number] = full, min(full, short)
        return wide, narrow

    def _resized(self) -> None:
        if not self._fitting:
            self._fitted = False
        self.columns_changed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fitted and event.size().width() != event.oldSize().width():
            self.fit_columns()


class _Cells(QStyledItemDelegate):
    """Paints a cell: a bar for the ratio to the column's largest number, and the text."""

    def __init__(self, view: LayerView) -> None:
        super().__init__(view)
        self.view = view

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        c = colors()
        model, number, row = self.view.layers, index.column(), index.row()
        column, line = COLUMNS[number], model.line(row)
        rect = option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(rect, QColor(c.selection))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(c.hover))
        if column.bar and (share := model.share(row, number)) > 0:
            bar = QColor(c.accent)
            bar.setAlphaF(0.30 if selected else 0.20)
            width = max(round(share * (rect.width() - 4)), 2)
            painter.fillRect(
                rect.right() - 1 - width, rect.top() + 2, width, rect.height() - 4, bar
            )
        painter.fillRect(rect.left(), rect.bottom(), rect.width(), 1, QColor(c.line))
        words = rect.adjusted(PADDING, 0, -PADDING, 0)
        if number == _LAYER:
            mark = c.of(line.row.layer.category)
            painter.fillRect(rect.left(), rect.top() + 3, MARK, rect.height() - 6, mark)
        faint = number not in (_LAYER, _TYPE) and (
            column.number is not None and not column.number(line)
        )
        soft = number == _TYPE or not line.counts
        painter.setPen(QColor(c.faint_text if faint else c.soft_text if soft else c.text))
        painter.setFont(self.view.font())
        _write(painter, words, column.text(line), column.short(line), left=column.left)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(60, self.view.verticalHeader().defaultSectionSize())


class TotalRow(QWidget):
    """The line of totals below the table, each under its column."""

    def __init__(self, view: LayerView) -> None:
        super().__init__(objectName="layer-totals")
        self.view = view
        view.columns_changed.connect(self.update)

    def refresh(self) -> None:
        """Show the totals of the view's table."""
        table = self.view.layers.table
        texts = [table.total(column)[0] for column in COLUMNS] if table is not None else []
        self.setAccessibleName(" ".join(text for text in texts if text))
        self.setToolTip(
            ""
            if table is None or table.valid
            else "The design has problems: these are the totals of the analyzable layers."
        )
        self.setFixedHeight(QFontMetrics(_bold(self.view)).height() + 8)
        self.update()

    def text(self, name: str) -> str:
        """Return the total of a column by its name, with every digit."""
        table = self.view.layers.table
        return table.total(COLUMNS[_NUMBER[name]])[0] if table is not None else ""

    def paintEvent(self, event: QPaintEvent) -> None:
        c, table = colors(), self.view.layers.table
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(c.window))
        painter.fillRect(0, 0, self.width(), 1, QColor(c.strong_line))
        if table is None:
            return
        painter.setFont(_bold(self.view))
        left = self.view.viewport().x()
        for number in self.view.shown_columns():
            column = COLUMNS[number]
            x = self.view.columnViewportPosition(number) + left
            rect = QRect(x, 1, self.view.columnWidth(number), self.height() - 1)
            words = rect.adjusted(PADDING, 0, -PADDING, 0)
            wrong = number == _LAYER and not table.valid
            painter.setPen(QColor(c.warning if wrong else c.text))
            _write(painter, words, *table.total(column), left=column.left)


def _bold(view: LayerView) -> QFont:
    font = QFont(view.font())
    font.setBold(True)
    return font


def _write(painter: QPainter, rect: QRect, text: str, short: str, *, left: bool) -> None:
    """Write a text as far as it fits: the full one, else the short one, else its end."""
    metrics = painter.fontMetrics()
    if metrics.horizontalAdvance(text) > rect.width():
        text = short
        if metrics.horizontalAdvance(text) > rect.width():
            # A path ends with the name of the layer, which matters more than its blocks.
            text = metrics.elidedText(text, Qt.TextElideMode.ElideLeft, rect.width())
    side = Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignRight
    painter.drawText(rect, side | Qt.AlignmentFlag.AlignVCenter, text)
