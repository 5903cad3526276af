"""What a network says of several pictures: a table with a row for each."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QImage,
    QKeySequence,
    QPixmap,
    QResizeEvent,
    QShortcut,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from designer.gui.base import csv_file
from designer.gui.base.plain_text import tip, wrapped_tip
from designer.gui.base.theme import colors, theme
from designer.gui.inside.probabilities import name_of, value_of
from designer.runs.inspection import Picture

THUMBNAIL = 32  # pixels of a side
_PADDING = 26  # pixels of a column beside its title, with the arrow of the order
_MEASURED = 500  # pictures by whose predictions the width of the column is chosen
_MOST_PREDICTED = 0.45  # of the width, for predictions
_ROOT = QModelIndex()
_Index = QModelIndex | QPersistentModelIndex
_TITLES = ("Picture", "Predicted", "Probability")
_ROW = "Row"  # in the place of the first title


class Results(QAbstractTableModel):
    """The rows, in the order that the user chose.

    Attributes
    ----------
    pictures
        The pictures, in the order in which they were given.
    found
        What is said of each; empty while that is not known.
    order
        The number of the picture in each row.
    """

    def __init__(self) -> None:
        super().__init__()
        self.pictures: Sequence[Picture] = ()
        self.found: list[Mapping[str, Any]] = []
        self.order: list[int] = []
        self._small: list[QPixmap | None] = []
        self._sorted = (-1, False)

    def show_pictures(self, pictures: Sequence[Picture]) -> None:
        """Show pictures of which nothing is known yet."""
        self.beginResetModel()
        self.pictures, self.found, self._small = pictures, [], []
        self._arrange()
        self.endResetModel()

    def forget(self) -> None:
        """Forget what is said of the pictures, as another network is asked; rows stay in place."""
        self.found, self._small = [], []
        if self.order:
            last = self.index(len(self.order) - 1, len(_TITLES) - 1)
            self.dataChanged.emit(self.index(0, 0), last, [])

    def add_results(
        self, found: Sequence[Mapping[str, Any]], seen: Sequence[QImage | None]
    ) -> None:
        """Show what is said of the next pictures, and how they look in small."""
        self.layoutAboutToBeChanged.emit()
        before = [(index, self.order[index.row()]) for index in self.persistentIndexList()]
        self.found += found
        self._small += [
            None if "error" in each or image is None else QPixmap.fromImage(image)
            for each, image in zip(found, seen, strict=True)
        ]
        self._arrange()
        self._keep(before)
        self.layoutChanged.emit()

    def _keep(self, before: "Sequence[tuple[QModelIndex, int]]") -> None:
        """Let the selection stay with its pictures when rows get another order."""
        row_of = {number: row for row, number in enumerate(self.order)}
        for index, number in before:
            self.changePersistentIndex(index, self.index(row_of[number], index.column()))

    @property
    def of_numbers(self) -> bool:
        """Whether the network predicts numbers, not classes."""
        return any("value" in one for each in self.found for one in each.get("predictions", ())[:1])

    @property
    def of_rows(self) -> bool:
        """Whether these are rows of tables or arrays, no pictures."""
        return bool(self.pictures) and self.pictures[0].row is not None

    def best(self, number: int) -> Mapping[str, Any] | None:
        """Return the first prediction of a picture; None without one."""
        predictions = self.found[number].get("predictions") if number < len(self.found) else None
        return predictions[0] if predictions else None

    def error(self, number: int) -> str:
        """Return why a picture cannot be read, "" if it can."""
        return self.found[number].get("error", "") if number < len(self.found) else ""

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        before = [(index, self.order[index.row()]) for index in self.persistentIndexList()]
        self._sorted = (column, order == Qt.SortOrder.DescendingOrder)
        self._arrange()
        self._keep(before)
        self.layoutChanged.emit()

    def _arrange(self) -> None:
        column, falling = self._sorted
        rows = list(range(len(self.pictures)))
        if column >= 0:
            rows.sort(key=lambda number: self._key(number, column), reverse=falling)
        self.order = rows

    def _key(self, number: int, column: int) -> tuple[bool, float, str]:
        """Return by what a picture is sorted; those that cannot be read come last or first."""
        best = self.best(number)
        if column == 0 or best is None:
            return best is None and column > 0, 0.0, self.pictures[number].name.casefold()
        if column == 1 and not self.of_numbers:
            return False, 0.0, name_of(best).casefold()
        return False, float(best.get("probability", best.get("value", 0.0))), ""

    # Qt

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.order)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(_TITLES)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        number, column = self.order[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(number, column)
        if role == Qt.ItemDataRole.DecorationRole and column == 0 and number < len(self._small):
            return self._small[number]
        if role == Qt.ItemDataRole.ToolTipRole:
            words = self.error(number) or (self.pictures[number].file if column == 0 else "")
            return (wrapped_tip(words) if self.error(number) else tip(words)) if words else None
        if role == Qt.ItemDataRole.ForegroundRole and column == 1 and self.error(number):
            return QColor(colors().warning)
        if role == Qt.ItemDataRole.TextAlignmentRole and column == 2:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def text(self, number: int, column: int) -> str:
        """Return what a cell says of a picture."""
        if column == 0:
            return self.pictures[number].name
        best = self.best(number)
        if best is None:
            return "cannot be read" if column == 1 and self.error(number) else ""
        if not self.of_numbers:
            return name_of(best) if column == 1 else value_of(best)
        values = self.found[number]["predictions"]
        return (
            ", ".join(f"{name_of(each)} {value_of(each)}" for each in values) if column == 1 else ""
        )

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _ROW if section == 0 and self.of_rows else _TITLES[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            right = Qt.AlignmentFlag.AlignRight if section == 2 else Qt.AlignmentFlag.AlignLeft
            return right | Qt.AlignmentFlag.AlignVCenter
        return None

    def as_csv(self, rows: Sequence[int]) -> str:
        """Return rows as a table whose values are separated by commas, with a line of titles."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        if self.of_numbers:
            first = next(each["predictions"] for each in self.found if "predictions" in each)
            names = [name_of(each) for each in first]
        else:
            names = ["class", "probability"]
        place = ["row"] if self.of_rows else []
        writer.writerow(["file", *place, *names, "error"])
        for row in rows:
            number = self.order[row]
            found = self.found[number] if number < len(self.found) else {}
            values: list[Any] = [""] * len(names)
            if best := self.best(number):
                values = (
                    [each["value"] for each in found["predictions"]]
                    if self.of_numbers
                    else [name_of(best), best["probability"]]
                )
            picture = self.pictures[number]
            place = [str(picture.row + 1)] if picture.row is not None else []
            name = picture.file or picture.name
            writer.writerow([name, *place, *values, found.get("error", "")])
        return file.getvalue()


class ResultTable(QTableView):
    """The table; a click on a title sorts by it.

    Signals
    -------
    chosen(number)
        The picture with this number is to be shown.
    copy_wanted()
        The selected rows are to be copied.
    """

    chosen = Signal(int)
    copy_wanted = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="try-table")
        self.results = Results()
        self.setModel(self.results)
        self.setAccessibleName("Pictures or rows with what the network says of them")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setIconSize(QSize(THUMBNAIL, THUMBNAIL))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setMinimumWidth(280)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(THUMBNAIL + 6)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        self.setSortingEnabled(True)
        head.setSortIndicatorClearable(True)
        head.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        head.setStretchLastSection(False)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        head.setSectionResizeMode(1, QHeaderView.ResizeMode.Fixed)
        head.setSectionResizeMode(2, QHeaderView.ResizeMode.Fixed)
        self.setColumnWidth(2, self.fontMetrics().horizontalAdvance("Probability") + _PADDING)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # names of files differ in their ends
        self.results.layoutChanged.connect(self._fit)
        self.results.modelReset.connect(self._fit)
        self.selectionModel().currentRowChanged.connect(self._current_changed)
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy_wanted)
        theme.changed.connect(self.viewport().update)

    def _fit(self) -> None:
        """Give the predictions the room that they need, so that names of files have the rest."""
        metrics, found = self.fontMetrics(), range(min(len(self.results.found), _MEASURED))
        texts = {_TITLES[1], *(self.results.text(number, 1) for number in found)}
        wide = max(map(metrics.horizontalAdvance, texts)) + _PADDING
        self.setColumnWidth(1, min(wide, int(self.viewport().width() * _MOST_PREDICTED)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def choose(self, number: int) -> None:
        """Select the row of a picture; no signal is sent."""
        if number in self.results.order:
            row = self.results.order.index(number)
            if self.currentIndex().row() != row or not self.selectionModel().hasSelection():
                blocked = self.blockSignals(True)
                self.selectRow(row)
                self.blockSignals(blocked)

    def copy(self) -> str:
        """Copy the selected rows as CSV, or all if at most one is selected; say how many."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        rows = rows if len(rows) > 1 else list(range(self.results.rowCount()))
        QGuiApplication.clipboard().setText(self.results.as_csv(rows))
        return "Copied 1 row." if len(rows) == 1 else f"Copied {len(rows)} rows."

    def save(self) -> Path | None:
        """Ask for a file and write the table to it as CSV; None if the user cancels.

        Raises
        ------
        DesignerError
            The file cannot be written.
        """
        rows = range(self.results.rowCount())
        return csv_file.save(
            self,
            title="Save the table",
            name="predictions.csv",
            text=self.results.as_csv(rows),
        )

    def _current_changed(self, now: QModelIndex, _: QModelIndex) -> None:
        if now.isValid():
            self.chosen.emit(self.results.order[now.row()])
