"""The page of files left out, with the reasons, and of pictures that are in several parts."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    QTimer,
)
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from designer.data.duplicates import Copy
from designer.gui.base import numbers
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.picture_view import Area
from designer.gui.base.plain_text import tip, wrapped_tip
from designer.gui.base.theme import sans
from designer.gui.data.contents import PART_TITLES, Contents, label_text
from designer.gui.data.findings import choice_buttons
from designer.gui.data.left_out import Entry, entries_of
from designer.gui.data.look_bar import LookBar
from designer.gui.data.looking import Look
from designer.gui.data.model import DataModel
from designer.gui.data.thumbnails import Key, Thumbnails

_ROOT = QModelIndex()
_Index = QModelIndex | QPersistentModelIndex
_OF_FILES = ("broken-pictures", "skipped-readable", "skipped-unknown")
_MOST_WRAPPED = 300  # rows up to which long reasons are broken into lines
_FILE_SHARE = 0.4  # of the table's width that the names of files take at most
_MOST_GROUPS = 60  # of equal pictures that are shown
_MOST_COPIES = 4  # of a group that are shown
_SIDE = 84  # of their pictures in pixels


class EntryModel(QAbstractTableModel):
    """Files left out as rows of file, state and reason."""

    TITLES = ("File", "State", "Why")

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = []

    def show_entries(self, entries: list[Entry]) -> None:
        """Show these files."""
        self.beginResetModel()
        self.entries = entries
        self.endResetModel()

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.entries)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.TITLES)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        text = self.entries[index.row()][index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return " ".join(text.split())
        if role == Qt.ItemDataRole.ToolTipRole:
            return wrapped_tip(text)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.TITLES[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if column >= 0:
            self.layoutAboutToBeChanged.emit()
            falling = order == Qt.SortOrder.DescendingOrder
            self.entries.sort(key=lambda entry: entry[column].casefold(), reverse=falling)
            self.layoutChanged.emit()


class EntryTable(QTableView):
    """The files left out; the reason has the rest of the width and as many lines as it needs."""

    def __init__(self, entries: EntryModel) -> None:
        super().__init__(objectName="left-out-table")
        self.setModel(entries)
        self.setAccessibleName("Files left out")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        line = self.fontMetrics().height() + 9
        self.verticalHeader().setDefaultSectionSize(line)
        self.verticalHeader().setMinimumSectionSize(line)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setStretchLastSection(True)
        head.setSortIndicatorClearable(True)
        self.setSortingEnabled(True)
        head.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        letter = self.fontMetrics().averageCharWidth()
        self.setColumnWidth(0, 30 * letter)
        self.setColumnWidth(1, 11 * letter)
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self._fit_rows)
        head.sectionResized.connect(self._soon.start)
        entries.modelReset.connect(self._soon.start)
        entries.layoutChanged.connect(self._soon.start)

    def _fit_rows(self) -> None:
        """Give each row the height of its text; of many rows, which would take long, one line."""
        few = self.model().rowCount() <= _MOST_WRAPPED
        self.setWordWrap(few)
        if few:
            self.resizeRowsToContents()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave room for the reason in a narrow window."""
        super().resizeEvent(event)
        most = round(_FILE_SHARE * self.viewport().width())
        self.setColumnWidth(0, min(self.columnWidth(0), most))


class LeftOutPage(QWidget):
    """What of the data set is not used, and what is used twice."""

    def __init__(self, model: DataModel) -> None:
        super().__init__(objectName="data-left-out")
        self.model = model
        self.bar = LookBar(model)
        self.title = _heading("Files left out")
        self.button_row = QHBoxLayout()
        self.button_row.setSpacing(8)
        self.buttons: list[QPushButton] = []
        self.none = QLabel(
            wordWrap=True, objectName="left-out-none", textFormat=Qt.TextFormat.PlainText
        )
        self.none.setProperty("role", "soft")
        self.entries = EntryModel()
        self.table = EntryTable(self.entries)
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self.table)
        copy.activated.connect(self._copy)
        left = QWidget()
        down = QVBoxLayout(left)
        down.setContentsMargins(0, 0, 8, 0)
        down.setSpacing(8)
        down.addWidget(self.title)
        down.addLayout(self.button_row)
        down.addWidget(self.none)
        down.addWidget(self.table, 1)
        down.addStretch(0)  # takes the room while the table is hidden
        self.copies = CopiesView(model)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(left)
        splitter.addWidget(self.copies)
        splitter.setChildrenCollapsible(False)
        splitter.setSizes([560, 440])
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 8, 0)
        column.setSpacing(8)
        column.addWidget(self.bar)
        column.addWidget(splitter, 1)
        for signal in (model.looked, model.changed, model.form_changed):
            signal.connect(self._show)
        self._show()

    def _show(self) -> None:
        if self.model.contents is None or self.model.looking is not None:
            return
        found = entries_of(self.model)
        if found != self.entries.entries:
            self.entries.show_entries(found)
        count = f" ({numbers.count(len(found))})" if found else ""
        self.title.setText(f"Files left out{count}")
        self.none.setVisible(not found)
        self.table.setVisible(bool(found))
        known = self.model.look is not None
        self.none.setText("Every file is used." if known else "")
        self._show_buttons()

    def _show_buttons(self) -> None:
        for button in self.buttons:
            button.hide()
            button.deleteLater()
        while self.button_row.takeAt(0) is not None:
            pass
        findings = self.model.look.findings if self.model.look is not None else ()
        self.buttons = [
            button
            for finding in findings
            if finding.code in _OF_FILES
            for button in choice_buttons(finding.choices, self.model)
        ]
        for button in self.buttons:
            self.button_row.addWidget(button)
        self.button_row.addStretch(1)

    def _copy(self) -> None:
        """Copy the selected rows as text, or all if none is selected."""
        rows = sorted({index.row() for index in self.table.selectedIndexes()})
        chosen = [self.entries.entries[row] for row in rows] or self.entries.entries
        QApplication.clipboard().setText("\n".join("\t".join(entry) for entry in chosen))


class CopiesView(QWidget):
    """Pictures of equal content that are in several parts, side by side."""

    def __init__(self, model: DataModel) -> None:
        super().__init__(objectName="data-copies")
        self.model = model
        self.thumbnails = Thumbnails(self)
        self.thumbnails.arrived.connect(self._show_arrived)
        self._areas: dict[Key, list[Area]] = {}
        self._shown: tuple[Look | None, Contents] | None = None
        self.title = _heading("Equal pictures in several parts")
        self.words = QLabel(
            objectName="copies-words", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.words.setProperty("role", "soft")
        self.words.setMinimumWidth(1)
        self.button_row = QVBoxLayout()
        self.buttons: list[QPushButton] = []
        self.rows = QScrollArea(widgetResizable=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.title)
        column.addWidget(self.words)
        column.addLayout(self.button_row)
        column.addWidget(self.rows, 1)
        column.addStretch(0)
        for signal in (model.looked, model.changed):
            signal.connect(self._show)
        self._show()

    def _show(self) -> None:
        look, contents = self.model.look, self.model.contents
        groups = look.duplicates.across if look is not None else ()
        if contents is None or (look, contents) == self._shown:
            return
        self._shown = (look, contents)
        for button in self.buttons:
            button.hide()
            button.deleteLater()
        self.buttons = []
        if look is not None:
            leaks = [finding for finding in look.findings if finding.code == "leak"]
            self.buttons = [b for leak in leaks for b in choice_buttons(leak.choices, self.model)]
            for button in self.buttons:
                self.button_row.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        self.words.setText(self._said(groups) if look is not None else "")
        self._areas = {}
        self.thumbnails.of(contents.data.parts, round(_SIDE * self.devicePixelRatioF()))
        inside = QWidget()
        down = QVBoxLayout(inside)
        down.setContentsMargins(0, 0, 8, 8)
        down.setSpacing(10)
        for group in groups[:_MOST_GROUPS]:
            down.addLayout(self._row(contents, group))
        down.addStretch(1)
        self.rows.setWidget(inside)
        self.rows.setVisible(bool(groups))
        self.thumbnails.want(list(self._areas))

    def _said(self, groups: Sequence[tuple[Copy, ...]]) -> str:
        if not groups:
            return "No picture that was looked at is in more than one part."
        one = len(groups) == 1
        words = (
            f"{numbers.count(len(groups))} {'picture is' if one else 'pictures are'} in more than "
            "one part. Scores on pictures that a network was trained with are too good."
        )
        if len(groups) > _MOST_GROUPS:
            words += f" The first {_MOST_GROUPS} are shown."
        return words

    def _row(self, contents: Contents, group: Sequence[Copy]) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(10)
        for copy in group[:_MOST_COPIES]:
            area = Area(QSize(_SIDE, _SIDE))
            key = Key(copy.stored, copy.index)
            self._areas.setdefault(key, []).append(area)
            part = QLabel(PART_TITLES[copy.part], textFormat=Qt.TextFormat.PlainText)
            file = ElidedLabel(copy.name)
            file.setProperty("role", "soft")
            file.setFixedWidth(_SIDE + 20)
            label = contents.data.parts[copy.stored].labels[copy.index]
            words = label_text(contents.target, label)
            file.setToolTip(tip(f"{copy.name}\n{words}"))
            cell = QVBoxLayout()
            cell.setSpacing(1)
            cell.addWidget(area)
            cell.addWidget(part)
            cell.addWidget(file)
            row.addLayout(cell)
        if len(group) > _MOST_COPIES:
            more = f"and {numbers.count(len(group) - _MOST_COPIES)} more"
            row.addWidget(QLabel(more, textFormat=Qt.TextFormat.PlainText))
        row.addStretch(1)
        return row

    def _show_arrived(self) -> None:
        for key, areas in self._areas.items():
            made = self.thumbnails.get(key)
            if made is not None and not isinstance(made, str):
                for area in areas:
                    area.show_picture(made)


def _heading(text: str) -> QLabel:
    label = QLabel(text, textFormat=Qt.TextFormat.PlainText)
    label.setFont(sans(bold=True))
    return label
