"""The table of layers on the screen: cells with heat bars, columns that fit, the line of sums."""

from collections.abc import Collection, Iterator, Sequence

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
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
from designer.gui.panels.layer_model import LayerModel
from designer.gui.panels.layer_table import COLUMNS, LayerTable
from designer.gui.panels.shared import runs

PADDING = 6  # beside a cell's words
MARK = 3  # width of a category's mark before a name
_NUMBER = {column.name: index for index, column in enumerate(COLUMNS)}
_LAYER, _TYPE = _NUMBER["layer"], _NUMBER["type"]
# Which columns lose letters or digits first where there is no room.
_DIGITS = ("values", "macs", "memory", "kept", "parameters")
_GIVE_WAY = [_NUMBER[name] for name in (*_DIGITS, "layer", "type")]
_MOVE = QItemSelectionModel.SelectionFlag


class LayerView(QTableView):
    """The table; which rows are selected follows the workspace, which `chosen` tells of clicks.

    Signals
    -------
    chosen(paths, path)
        The user selected layers; `path` is the one on which the cursor is.
    columns_changed()
        A column was moved, resized, hidden or shown, or the table was scrolled sideways.
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
        self._following = False  # the rows are being selected by the workspace, not by the user
        self._fitted = True  # no column was resized by hand
        self._fitting = False
        header = self.horizontalHeader()
        header.setObjectName("layer-columns")
        header.setSectionsMovable(True)
        header.setSortIndicatorClearable(True)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(28)
        # The style's arrow would lie on the title; the model writes one into it.
        header.setStyleSheet("QHeaderView::up-arrow, QHeaderView::down-arrow { width: 0; }")
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(
            lambda at: self.columns_menu().exec(header.mapToGlobal(at))
        )
        header.sectionResized.connect(self._resized)
        header.sectionMoved.connect(self.columns_changed)
        self.setSortingEnabled(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.horizontalScrollBar().valueChanged.connect(self.columns_changed)
        self.selectionModel().selectionChanged.connect(self._selected)
        self.layers.modelReset.connect(lambda: self.follow(self.selection, scroll=False))
        self.use_fonts()

    # What is shown

    def show_table(self, table: LayerTable, selection: Collection[str]) -> None:
        """Show another table, scrolled as before, in which these nodes are selected."""
        place = self.verticalScrollBar().value(), self.horizontalScrollBar().value()
        self.selection = selection
        self.layers.show(table)
        if self._fitted:
            self.fit_columns()
        self.verticalScrollBar().setValue(place[0])
        self.horizontalScrollBar().setValue(place[1])

    def use_fonts(self) -> None:
        """Take over the fonts and sizes of the application."""
        self.setFont(mono(relative=0.92))
        self.horizontalHeader().setFont(sans(0.92))
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        # However much the sums below take, some rows are seen.
        self.setMinimumHeight(
            self.horizontalHeader().sizeHint().height()
            + 3 * self.verticalHeader().defaultSectionSize()
        )
        self.fit_columns()
        self.viewport().update()

    def shown_columns(self) -> list[int]:
        """Return the numbers of the columns that are seen, from left to right."""
        header = self.horizontalHeader()
        logical = (header.logicalIndex(visual) for visual in range(header.count()))
        return [column for column in logical if not header.isSectionHidden(column)]

    # Selection

    def follow(self, selection: Collection[str], *, scroll: bool = True) -> None:
        """Select the rows of these nodes, those inside of blocks among them."""
        self.selection = selection
        rows = list(self._rows_of(selection))
        if rows == self.selected_rows():
            return
        chosen = QItemSelection()
        for first, last in runs(rows):
            chosen.select(self.layers.index(first, 0), self.layers.index(last, len(COLUMNS) - 1))
        self._following = True
        self.selectionModel().select(chosen, _MOVE.ClearAndSelect)
        if rows and scroll:
            first = self.layers.index(rows[0], self.shown_columns()[0])
            seen = any(self._in_sight(row) for row in rows)
            self.selectionModel().setCurrentIndex(first, _MOVE.NoUpdate)
            if not seen:
                self.scrollTo(first, QAbstractItemView.ScrollHint.PositionAtCenter)
        self._following = False

    def selected_rows(self) -> list[int]:
        """Return the rows that are selected, from the top."""
        ranges = self.selectionModel().selection()
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

    def _in_sight(self, row: int) -> bool:
        top = self.rowViewportPosition(row)
        return 0 <= top <= self.viewport().height() - self.rowHeight(row)

    def _selected(self) -> None:
        if self._following or self.layers.table is None:
            return
        paths = [self.layers.path(row) for row in self.selected_rows()]
        self.selection = paths
        # With the keyboard, the cursor moves only after the selection.
        current = self.currentIndex()
        at = self.layers.path(current.row()) if current.isValid() else ""
        self.chosen.emit(paths, paths[0] if len(paths) == 1 else at if at in paths else "")

    # Columns

    def columns_menu(self) -> QMenu:
        """Return the menu in which columns are shown and hidden."""
        menu = QMenu(self, objectName="columns-menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for number, column in enumerate(COLUMNS):
            if number == _LAYER:
                continue
            action = QAction(column.title, menu, checkable=True)
            action.setChecked(not self.isColumnHidden(number))
            action.toggled.connect(lambda on, number=number: self.show_column(number, on))
            menu.addAction(action)
        menu.addSeparator()
        menu.addAction("Columns as at first", self.reset_columns)
        return menu

    def show_column(self, column: int, shown: bool) -> None:
        """Show or hide a column."""
        self.setColumnHidden(column, not shown)
        if self._fitted:
            self.fit_columns()
        self.columns_changed.emit()

    def reset_columns(self) -> None:
        """Show all columns in their first order, as wide as fits."""
        header = self.horizontalHeader()
        for number in range(len(COLUMNS)):
            header.moveSection(header.visualIndex(number), number)
            self.setColumnHidden(number, False)
        self._fitted = True
        self.fit_columns()
        self.columns_changed.emit()

    def fit_columns(self) -> None:
        """Make columns as wide as their words; where there is no room, as the short ones."""
        shown = self.shown_columns()
        wide, narrow = self._widths(shown)
        room = self.viewport().width()
        widths = dict(wide)
        for column in (each for each in _GIVE_WAY if each in widths):
            if sum(widths.values()) <= room:
                break
            widths[column] = narrow[column]
        # Types and names get back what is left, the rest goes between the columns.
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
        self.columns_changed.emit()

    def _widths(self, shown: Sequence[int]) -> tuple[dict[int, int], dict[int, int]]:
        """Return how wide columns are with every digit, and at least."""
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
                sums = table.total(column)
                if column.bar or column.name == "field":
                    top = table.lines[table.numbers[column.name].index(table.largest[column.name])]
                    # Sizes such as 999 KB are longer than the largest, 1.2 MB.
                    least_full, least_short = (7, 6) if column.bar else (0, 0)
                    letters = max(len(column.text(top)), least_full)
                    full = max(full, letters * letter + 2 * PADDING)
                    letters = max(len(column.short(top)), least_short)
                    short = max(short, letters * letter + 2 * PADDING)
                else:
                    full = max(full, table.longest[column.name] * letter + 2 * PADDING + MARK)
                    few = min(full, 11 * letter + 2 * PADDING)
                    short = max(short, few) if column.left else full
                full = max(full, bold.horizontalAdvance(sums[0]) + 2 * PADDING)
                short = max(short, bold.horizontalAdvance(sums[1]) + 2 * PADDING)
            wide[number], narrow[number] = full, min(full, short)
        return wide, narrow

    def _resized(self) -> None:
        if not self._fitting:
            self._fitted = False
        self.columns_changed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the columns fitted to the width."""
        super().resizeEvent(event)
        if self._fitted and event.size().width() != event.oldSize().width():
            self.fit_columns()


class _Cells(QStyledItemDelegate):
    """Paints a cell: its share of the column's largest as a bar, its words on top."""

    def __init__(self, view: LayerView) -> None:
        super().__init__(view)
        self.view = view

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paint a cell."""
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

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Return the size of a cell; columns are fitted by the view."""
        return QSize(60, self.view.verticalHeader().defaultSectionSize())


class TotalRow(QWidget):
    """The sums below the table, each under its column."""

    def __init__(self, view: LayerView) -> None:
        super().__init__(objectName="layer-totals")
        self.view = view
        view.columns_changed.connect(self.update)

    def refresh(self) -> None:
        """Show the sums of the view's table."""
        table = self.view.layers.table
        texts = [table.total(column)[0] for column in COLUMNS] if table is not None else []
        self.setAccessibleName(" ".join(text for text in texts if text))
        self.setToolTip(
            ""
            if table is None or table.valid
            else "The design has problems: these are the sums of what could be worked out."
        )
        self.setFixedHeight(QFontMetrics(_bold(self.view)).height() + 8)
        self.update()

    def text(self, name: str) -> str:
        """Return the sum of a column by its name, with every digit."""
        table = self.view.layers.table
        return table.total(COLUMNS[_NUMBER[name]])[0] if table is not None else ""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the sums."""
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
    """Write a text that fits: with every digit, the short one, or its end."""
    metrics = painter.fontMetrics()
    if metrics.horizontalAdvance(text) > rect.width():
        text = short
        if metrics.horizontalAdvance(text) > rect.width():
            # The end of a name tells more than the blocks around it.
            text = metrics.elidedText(text, Qt.TextElideMode.ElideLeft, rect.width())
    side = Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignRight
    painter.drawText(rect, side | Qt.AlignmentFlag.AlignVCenter, text)
