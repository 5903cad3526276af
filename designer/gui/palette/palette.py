"""The Layers dock: what can be added to a design, by typing, Enter or dragging."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelectionModel,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QDrag, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QListView, QVBoxLayout, QWidget

from designer.errors import DesignerError
from designer.gui.base import icons
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import colors, theme
from designer.gui.documents import adding, items
from designer.gui.documents.items import Item
from designer.gui.documents.palette_drawing import FITS, ROW, RowDelegate, ghost
from designer.gui.documents.palette_entries import (
    Entry,
    Header,
    PaletteRow,
    block_entries,
    common_entries,
    found,
    grouped,
    layer_entries,
    own_entries,
    preset_entry,
    unfit,
)
from designer.gui.documents.workspace import Workspace

_Index = QModelIndex | QPersistentModelIndex


class PaletteModel(QAbstractListModel):
    """The rows on show: everything under headers, or what matches the typed letters."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = layer_entries()
        self.own: list[Entry] = []
        self.blocks: list[Entry] = []
        self.common = common_entries()
        self.presets: list[Entry] = []
        self.pattern = ""
        self.closed: set[str] = set()
        self.unfit: frozenset[str] = frozenset()
        self.rows: list[PaletteRow] = []
        self.refresh()

    def refresh(self) -> None:
        """Replace the rows by what matches the typed letters, or by everything."""
        entries = [*self.layers, *self.own, *self.blocks, *self.common, *self.presets]
        rows = (
            found(entries, self.pattern) if self.pattern.strip() else grouped(entries, self.closed)
        )
        if rows != self.rows:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()

    def set_unfit(self, names: frozenset[str]) -> None:
        """Fade the layer types that do not fit."""
        if names != self.unfit:
            self.unfit = names
            if self.rows:
                self.dataChanged.emit(self.index(0), self.index(len(self.rows) - 1), [])

    def fits(self, entry: Entry) -> bool:
        """Tell whether an entry can take the output of the selected node."""
        return entry.item.kind != "layer" or entry.item.name not in self.unfit

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == ROW:
            return row
        if role == FITS:
            return isinstance(row, Entry) and self.fits(row)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return row.title if isinstance(row, Header) else row.text
        if role == Qt.ItemDataRole.ToolTipRole and isinstance(row, Entry):
            note = (
                ""
                if self.fits(row)
                else "\nIt does not fit the output of the selected node as it is."
            )
            return tip(f"{row.text}\n{row.help}{note}")
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if isinstance(self.rows[index.row()], Entry):
            flags |= Qt.ItemFlag.ItemIsDragEnabled
        return flags

    def mimeData(self, indexes: list[QModelIndex]) -> QMimeData:
        entries = [row for each in indexes if isinstance(row := self.rows[each.row()], Entry)]
        return items.to_mime(entries[0].item) if entries else QMimeData()


class PaletteView(QListView):
    """The list of rows.

    Signals
    -------
    chosen(item)
        An item is to be added.
    left_upwards()
        Up was pressed in the first row.
    typed(text)
        A letter was typed, which belongs into the search field.
    folded(title, open)
        A header was clicked that is open or closed now.
    """

    chosen = Signal(object)
    left_upwards = Signal()
    typed = Signal(str)
    folded = Signal(str, bool)

    def __init__(self, model: PaletteModel) -> None:
        super().__init__(objectName="palette-list")
        self.setModel(model)
        self.setItemDelegate(RowDelegate(self))
        self.setAccessibleName("Layers, blocks and presets")
        self.setMouseTracking(True)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)

    def row(self, index: QModelIndex) -> PaletteRow | None:
        """Return the row at an index."""
        row = index.data(ROW) if index.isValid() else None
        return row if isinstance(row, (Header, Entry)) else None

    def current(self) -> Entry | None:
        """Return the entry that Enter would add."""
        row = self.row(self.currentIndex())
        return row if isinstance(row, Entry) else None

    def go_to(self, number: int) -> None:
        """Make a row the current one."""
        index = self.model().index(number, 0)
        self.selectionModel().setCurrentIndex(
            index, QItemSelectionModel.SelectionFlag.ClearAndSelect
        )
        self.scrollTo(index)

    def startDrag(self, actions: Qt.DropAction) -> None:
        """Drag the current entry, with a picture of the node that it becomes."""
        entry = self.current()
        if entry is None:
            return
        drag = QDrag(self)
        drag.setMimeData(items.to_mime(entry.item))
        picture = ghost(entry, self.devicePixelRatioF())
        drag.setPixmap(picture)
        size = picture.deviceIndependentSize()
        drag.setHotSpot(QPoint(round(size.width() / 2), round(size.height() / 2)))
        drag.exec(Qt.DropAction.CopyAction)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Open or close a group by a click on its header."""
        super().mousePressEvent(event)
        row = self.row(self.indexAt(event.position().toPoint()))
        if isinstance(row, Header) and event.button() == Qt.MouseButton.LeftButton:
            self.folded.emit(row.title, row.open)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Add an entry by a double click."""
        row = self.row(self.indexAt(event.position().toPoint()))
        if isinstance(row, Entry):
            self.chosen.emit(row.item)
        else:
            self.mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter adds an entry or folds a group, Left and Right fold, letters go to the search."""
        row = self.row(self.currentIndex())
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if isinstance(row, Entry):
                self.chosen.emit(row.item)
            elif row is not None:
                self.folded.emit(row.title, row.open)
        elif key == Qt.Key.Key_Up and self.currentIndex().row() <= 0:
            self.left_upwards.emit()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and isinstance(row, Header):
            if row.open == (key == Qt.Key.Key_Left):
                self.folded.emit(row.title, row.open)
        elif event.text().isprintable() and event.text().strip():
            self.typed.emit(event.text())
        else:
            super().keyPressEvent(event)


class SearchField(QLineEdit):
    """The search field; Down goes to the list, and Escape clears."""

    down = Signal()
    escaped = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="palette-search")
        self.setPlaceholderText("Search layers…")
        self.setAccessibleName("Search layers, blocks and presets")
        self.setClearButtonEnabled(True)
        self._sign = self.addAction(
            icons.icon("search", colors().faint_text), QLineEdit.ActionPosition.LeadingPosition
        )
        theme.changed.connect(self._draw)

    def _draw(self) -> None:
        self._sign.setIcon(icons.icon("search", colors().faint_text))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go to the list with Down, clear with Escape."""
        if event.key() == Qt.Key.Key_Down:
            self.down.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)


class Palette(QWidget):
    """The search field above the list."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(objectName="palette")
        self.workspace = workspace
        self.model = PaletteModel()
        self.search = SearchField()
        self.list = PaletteView(self.model)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 0, 0)
        column.setSpacing(6)
        top = QVBoxLayout()
        top.setContentsMargins(0, 0, 8, 0)
        top.addWidget(self.search)
        column.addLayout(top)
        column.addWidget(self.list, 1)
        self.setMinimumWidth(150)
        self.search.textChanged.connect(self._search)
        self.search.down.connect(self._enter_list)
        self.search.returnPressed.connect(self._add_current)
        self.list.chosen.connect(self._add)
        self.list.left_upwards.connect(self.search.setFocus)
        self.list.typed.connect(self._type)
        self.list.folded.connect(self._fold)
        theme.changed.connect(self.list.viewport().update)
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self._refresh)
        for signal in (workspace.changed, workspace.selection_changed):
            signal.connect(self._soon.start)
        self._waiting: list[str] | None = None
        self._reader = QTimer(self, interval=0)
        self._reader.timeout.connect(self._read_preset)
        self._reader.start()

    # Keys

    def _search(self, text: str) -> None:
        self.model.pattern = text
        self.model.refresh()
        if text.strip() and self.model.rows:
            self.list.go_to(0)
        else:
            self.list.clearSelection()

    def _enter_list(self) -> None:
        if not self.model.rows:
            return
        searching = bool(self.search.text().strip())
        row = self.list.currentIndex().row()
        last = len(self.model.rows) - 1
        self.list.go_to(min(row + 1, last) if searching and row >= 0 else max(row, 0))
        self.list.setFocus()

    def _type(self, text: str) -> None:
        self.search.setFocus()
        self.search.selectAll()
        self.search.insert(text)

    def _add_current(self) -> None:
        entry = self.list.current()
        if entry is not None and self.search.text().strip():
            self._add(entry.item)
            self.search.selectAll()

    def _add(self, item: object) -> None:
        assert isinstance(item, Item)
        try:
            adding.append(self.workspace, item)
        except DesignerError as error:
            self.workspace.refused.emit(str(error))

    def _fold(self, title: str, is_open: bool) -> None:
        if is_open:
            self.model.closed.add(title)
        else:
            self.model.closed.discard(title)
        self.model.refresh()
        for number, row in enumerate(self.model.rows):
            if isinstance(row, Header) and row.title == title:
                self.list.go_to(number)

    # Rows

    def _refresh(self) -> None:
        """Show the layers and blocks of the current design, and fade the layers that do not fit."""
        own, blocks = own_entries(self.workspace.design), block_entries(self.workspace.design)
        if (own, blocks) != (self.model.own, self.model.blocks):
            self.model.own, self.model.blocks = own, blocks
            self._keep_current(self.model.refresh)
        selection = self.workspace.selection
        only = next(iter(selection)) if len(selection) == 1 else ""
        self.model.set_unfit(unfit(self.workspace.analysis, only) if only else frozenset())

    def _read_preset(self) -> None:
        """Read one preset at a time, while the window is idle."""
        from designer import presets

        if self._waiting is None:
            self._waiting = list(presets.names())
            return
        if not self._waiting:
            self._reader.stop()
            self._keep_current(self.model.refresh)
            return
        try:
            self.model.presets.append(preset_entry(self._waiting.pop(0)))
        except DesignerError as error:
            self.workspace.refused.emit(str(error))

    def _keep_current(self, change: Callable[[], None]) -> None:
        """Reset the model, then restore the current entry and the scroll position."""
        entry, position = self.list.current(), self.list.verticalScrollBar().value()
        change()
        for number, row in enumerate(self.model.rows):
            if entry is not None and isinstance(row, Entry) and row.item == entry.item:
                self.list.go_to(number)
        self.list.verticalScrollBar().setValue(position)
