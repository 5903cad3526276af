"""A table of classes or labels: a bar and a count for each part, the share, and what is unusual."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QIcon, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from designer.data.balance import MOST as RARE
from designer.gui.base import icons, numbers
from designer.gui.base.plain_text import wrapped_tip
from designer.gui.base.theme import colors, theme
from designer.gui.data.contents import PART_TITLES, Contents

_ROOT = QModelIndex()
_Index = QModelIndex | QPersistentModelIndex
_FILL = Qt.ItemDataRole.UserRole  # how much of its cell a bar takes, 0 to 1
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


def part_color(part: str) -> QColor:
    """Return the color of a part's bars, the same as that of its curves."""
    c = colors()
    return QColor({"train": c.train, "validation": c.validation}.get(part, c.success))


class ClassModel(QAbstractTableModel):
    """Rows of the table: those that match the search, in the order that the user chose."""

    def __init__(self) -> None:
        super().__init__()
        self.names: NDArray[np.object_] = np.empty(0, object)
        self.parts: tuple[str, ...] = ()
        self.counts: NDArray[np.int64] = np.zeros((0, 0), np.int64)  # (parts, classes)
        self.shares: NDArray[np.float64] = np.zeros(0)  # of all pictures of the training part
        self.rows: NDArray[np.int64] = np.zeros(0, np.int64)  # the classes that are shown, in order
        self.kind = "Class"
        self._search = ""
        self._order: tuple[int, bool] = (-1, False)

    def show_contents(self, contents: Contents) -> None:
        """Show the classes or labels of a data set."""
        self.beginResetModel()
        self.kind = "Class" if contents.target.kind == "classes" else "Label"
        self.names = np.array(contents.target.values, object)
        self.parts = tuple(contents.parts)
        self.counts = np.array([contents.counts[part] for part in self.parts])
        self.shares = self.counts[0] / max(1, len(contents.parts[self.parts[0]]))
        self._arrange()
        self.endResetModel()

    def search(self, text: str) -> None:
        """Show only classes whose name has this text in it, in any case."""
        self._search = text.strip().casefold()
        self.beginResetModel()
        self._arrange()
        self.endResetModel()

    @property
    def remark_column(self) -> int:
        """The number of the last column, which says what is unusual."""
        return len(self.parts) + 2

    def is_rare(self, number: int) -> bool:
        """Tell whether the most frequent class has over ten times its training pictures."""
        return bool(self.counts[0, number] * RARE < self.counts[0].max())

    def remark(self, number: int) -> str:
        """Return what is unusual about the number of a class's pictures; "" for nothing."""
        lacking = [
            PART_TITLES[part].lower()
            for part, count in zip(self.parts, self.counts[:, number], strict=True)
            if not count
        ]
        if lacking:
            return f"none for {' and '.join(lacking)}"
        if self.is_rare(number):
            ratio = self.counts[0].max() / self.counts[0, number]
            return f"rare: 1 to {numbers.local(f'{ratio:,.0f}')}"
        return ""

    def _arrange(self) -> None:
        found = np.arange(len(self.names))
        if self._search:
            fits = [self._search in str(name).casefold() for name in self.names]
            found = found[np.array(fits, bool)]
        column, falling = self._order
        if column == 0:
            order = np.array(sorted(found, key=lambda number: str(self.names[number]).casefold()))
            found = order.astype(np.int64)
        elif 0 < column <= len(self.parts):
            found = found[np.argsort(self.counts[column - 1][found], kind="stable")]
        elif column == len(self.parts) + 1:
            found = found[np.argsort(self.shares[found], kind="stable")]
        elif column == self.remark_column:
            found = np.array(sorted(found.tolist(), key=self.remark), np.int64)
        self.rows = found[::-1] if falling else found

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        self._order = (column, order == Qt.SortOrder.DescendingOrder)
        self._arrange()
        self.layoutChanged.emit()

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() or not self.parts else len(self.parts) + 3

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        number, column = int(self.rows[index.row()]), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(number, column)
        if role == _FILL and 0 < column <= len(self.parts):
            counts = self.counts[column - 1]
            return float(counts[number] / max(1, counts.max()))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _LEFT if column in (0, self.remark_column) else _RIGHT
        if role == Qt.ItemDataRole.ToolTipRole and column in (0, self.remark_column):
            return wrapped_tip(self._text(number, column)) if self._text(number, column) else None
        if role == Qt.ItemDataRole.DecorationRole and column == self.remark_column:
            return _warning_icon() if self.remark(number) else None
        return None

    def _text(self, number: int, column: int) -> str:
        if column == 0:
            return str(self.names[number])
        if column <= len(self.parts):
            return numbers.count(int(self.counts[column - 1, number]))
        if column == len(self.parts) + 1:
            return f"{numbers.local(f'{100 * self.shares[number]:.3g}')} %"
        return self.remark(number)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return None
        parts = [PART_TITLES[part] for part in self.parts]
        if role == Qt.ItemDataRole.DisplayRole:
            return [self.kind, *parts, "Share", "Remark"][section]
        if role == Qt.ItemDataRole.ToolTipRole:
            several = self.kind == "Label"
            share = "Share of the training pictures that have the label."
            helps = [
                "What is to be predicted.",
                *(f"Pictures of the {title.lower()} part." for title in parts),
                share if several else "Share of the training pictures.",
                f"Rare is a {self.kind.lower()} if the most frequent one has more than {RARE} "
                "times as many training pictures.",
            ]
            return wrapped_tip(helps[section])
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _LEFT if section in (0, len(parts) + 2) else _RIGHT
        return None


def _warning_icon() -> QIcon:
    return icons.icon("problem-warning", colors().warning)


class _BarDelegate(QStyledItemDelegate):
    """Paints a count at the right end of its cell and a bar before it."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        fill = index.data(_FILL)
        model = index.model()
        if fill is None or not isinstance(model, ClassModel):
            super().paint(painter, option, index)
            return
        style = option.widget.style()
        style.drawPrimitive(
            QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget
        )
        room = option.rect.adjusted(8, 0, -8, 0)
        widest = option.fontMetrics.horizontalAdvance(
            numbers.count(int(model.counts.max(initial=0)))
        )
        bar = QRectF(room.adjusted(0, 0, -widest - 8, 0))
        height = round(option.fontMetrics.height() * 0.55)
        bar = QRectF(bar.x(), bar.center().y() - height / 2, bar.width(), height)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colors().hover))
        painter.drawRoundedRect(bar, 2, 2)
        if fill > 0:
            painter.setBrush(part_color(model.parts[index.column() - 1]))
            painter.drawRoundedRect(bar.adjusted(0, 0, -bar.width() * (1 - fill), 0), 2, 2)
        painter.setPen(QColor(colors().text))
        painter.drawText(QRect(room), _RIGHT, str(index.data()))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(80, option.fontMetrics.height() + 10)


class ClassTable(QTableView):
    """The table; a click on a title sorts by it.

    Signals
    -------
    opened(number)
        The user wants to see the pictures of the class with this number.
    """

    opened = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="class-table")
        self.classes = ClassModel()
        self.setModel(self.classes)
        self.setItemDelegate(_BarDelegate(self))
        self.setAccessibleName("Classes with the number of their pictures")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 11)
        self.horizontalHeader().setHighlightSections(False)
        self.setSortingEnabled(True)
        self.horizontalHeader().setSortIndicatorClearable(True)
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.activated.connect(lambda index: self.opened.emit(int(self.classes.rows[index.row()])))
        theme.changed.connect(self.viewport().update)

    def show_contents(self, contents: Contents) -> None:
        """Show the classes or labels of a data set, ordered as before."""
        before = self.classes.columnCount()
        self.classes.show_contents(contents)
        if self.classes.columnCount() != before:
            self._size_columns()

    def _size_columns(self) -> None:
        head, last = self.horizontalHeader(), self.classes.columnCount() - 1
        letter = self.fontMetrics().averageCharWidth()
        for column in range(last + 1):
            bars = 0 < column < last - 1
            head.setSectionResizeMode(
                column,
                QHeaderView.ResizeMode.Stretch if bars else QHeaderView.ResizeMode.Interactive,
            )
        self.setColumnWidth(0, _widest(self, self.classes.names) + 30)
        self.setColumnWidth(last - 1, 11 * letter)
        self.setColumnWidth(last, 25 * letter)


def _widest(view: QWidget, names: Sequence[str] | NDArray[np.object_]) -> int:
    """Return the width of the longest of some names, within reason."""
    letter = view.fontMetrics().averageCharWidth()
    longest = max(names, key=len, default="")
    return min(max(view.fontMetrics().horizontalAdvance(longest), 12 * letter), 36 * letter)
