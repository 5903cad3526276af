"""The dialog that compares runs: their curves, results, and what differs in recipe and design."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QPushButton,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from designer.design import files
from designer.design.values import Design
from designer.gui.base import background
from designer.gui.base.plain_text import wrapped_tip
from designer.gui.base.speed import idle_imports
from designer.gui.base.theme import sans
from designer.gui.documents.design_differences import ABSENT, differences
from designer.gui.training.compared_runs import ComparedRuns
from designer.gui.training.panel import import_curves
from designer.gui.training.run_columns import COLUMNS, Column, Row, differing
from designer.runs.folder import RunFolder
from designer.runs.survey import Summary

if TYPE_CHECKING:
    from designer.gui.training.curves import Curves

_RESULTS = ("state", "accuracy", "validation_accuracy", "loss", "epochs", "time", "begun", "size")
_GROUPS = ("Result", "Recipe", "Design")
_GROUP_OF = {"parameters": "Design", "continues": "Result"}  # of the columns of no setting
_LARGEST = (1000, 800)  # pixels
_NARROWEST = 760  # pixels, for two plots side by side
_CURVES = 250  # the least height of the plots with their tools and legend, in pixels


@dataclass(frozen=True)
class Line:
    """A row of the table: its group, what it is about, and the value of each run."""

    group: str
    name: str
    help: str
    values: tuple[str, ...]


class RunComparison(QDialog):
    """The curves, and a table with a column for each run and a row for each difference.

    Signals
    -------
    refused(sentence)
        The curves could not be saved.

    Attributes
    ----------
    lines
        What the table shows; those of the design are added once the designs are read.
    curves
        The curves of the runs, the first one's as those of the shown run; None until they are
        imported.
    """

    refused = Signal(str)

    def __init__(self, runs: Sequence[Summary], parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="run-comparison")
        self.setWindowTitle("Compare runs")
        self.runs = list(runs)
        self.lines = _known(self.runs)
        self.table = QTableWidget(objectName="run-comparison-table")
        self.table.setAccessibleName("Differences between the runs")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setCornerButtonEnabled(False)
        self.table.setStyleSheet(
            "QTableCornerButton::section { background: transparent; border: 0; }"
        )
        self.table.verticalHeader().setStyleSheet("QHeaderView::section { border: 0; }")
        self.table.setWordWrap(False)
        self.table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.note = QLabel("Reading the designs …", objectName="run-comparison-note")
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setProperty("role", "soft")
        self.note.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        copy = QPushButton("Copy as text", objectName="run-comparison-copy")
        copy.setToolTip("Copy the table, for a mail or a spreadsheet.")
        copy.setAutoDefault(False)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text()))
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        self.halves = QSplitter(Qt.Orientation.Vertical)
        self.halves.setChildrenCollapsible(False)
        self.drawing = QWidget()  # as high as the curves that are put into it
        self.drawing.setMinimumHeight(_CURVES)
        self.drawn = QVBoxLayout(self.drawing)
        self.drawn.setContentsMargins(0, 0, 0, 0)
        self.halves.addWidget(self.drawing)
        self.halves.addWidget(self.table)
        self.halves.setStretchFactor(1, 1)
        self.curves: Curves | None = None
        self.followed = ComparedRuns([run.path for run in self.runs], self)
        self.followed.refused.connect(self.refused)
        column.addWidget(self.halves, 1)
        column.addWidget(self.note)
        column.addWidget(buttons)
        self._show()
        self._fit()
        designs = [RunFolder(run.path) for run in self.runs]
        background.run(self, lambda: _of_designs(designs), self._has_read, self._not_read)
        idle_imports.run(self, import_curves, self._make_curves)

    def _make_curves(self, curves: type["Curves"]) -> None:
        self.curves = curves(self.followed)
        self.drawn.addWidget(self.curves)

    def text(self) -> str:
        """Return the table as text, with tabs between the columns."""
        head = "\t".join(("", "", *(run.path.name for run in self.runs)))
        lines = ["\t".join((line.group, line.name, *line.values)) for line in self.lines]
        return "\n".join((head, *lines)) + "\n"

    def _has_read(self, lines: Sequence[Line]) -> None:
        self.lines += lines
        self._show()
        self._fit()
        found = {line.group for line in self.lines}
        words = []
        if "Recipe" not in found:
            words.append("The recipes are equal.")
        if "Design" not in found:
            words.append("The designs are equal.")
        self.note.setText(" ".join(words))
        self.note.setVisible(bool(words))

    def _not_read(self, sentence: str) -> None:
        self.note.setText(sentence)

    def _show(self) -> None:
        rows: list[Line | str] = []
        for group in _GROUPS:
            own = [line for line in self.lines if line.group == group]
            rows += [group, *own] if own else []
        # The names are in the header, which stays in sight when the table is scrolled.
        table = self.table
        table.setColumnCount(len(self.runs))
        table.setRowCount(len(rows))
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        for number, run in enumerate(self.runs):
            name = QTableWidgetItem(run.path.name)
            name.setToolTip(wrapped_tip(str(run.path)))
            name.setTextAlignment(left)
            table.setHorizontalHeaderItem(number, name)
        bold = sans(bold=True)
        for row, line in enumerate(rows):
            name = QTableWidgetItem(line if isinstance(line, str) else f"   {line.name}")
            name.setTextAlignment(left)
            table.setVerticalHeaderItem(row, name)
            if isinstance(line, str):
                name.setFont(bold)
                continue
            name.setToolTip(wrapped_tip(line.help or line.name))
            for number, value in enumerate(line.values):
                item = QTableWidgetItem(value)
                item.setToolTip(wrapped_tip(value))
                table.setItem(row, number, item)
        head = table.horizontalHeader()
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setMaximumSectionSize(320)

    def _fit(self) -> None:
        """Make the dialog as large as its table, up to a bound that fits on small screens."""
        table = self.table
        width = table.verticalHeader().sizeHint().width() + table.horizontalHeader().length() + 60
        height = table.verticalHeader().length() + table.horizontalHeader().height() + 140
        screen = self.screen().availableSize()
        self.resize(
            max(_NARROWEST, min(width, _LARGEST[0], screen.width() - 80)),
            max(_CURVES + 240, min(height + _CURVES, _LARGEST[1], screen.height() - 80)),
        )


def _known(runs: Sequence[Summary]) -> list[Line]:
    """Return the results, and the settings in which runs differ."""
    rows = [Row(run) for run in runs]

    def line(group: str, column: Column) -> Line:
        values = tuple(column.text(row) or ABSENT for row in rows)
        return Line(group, column.title, column.help, values)

    lines = [line("Result", column) for column in COLUMNS if column.key in _RESULTS]
    settings = [each for each in COLUMNS if each.key not in (*_RESULTS, "name", "design")]
    settings += [each for each in differing(runs) if not each.key.startswith("argument ")]
    for column in settings:
        found = line(_GROUP_OF.get(column.key, "Recipe"), column)
        if len(set(found.values)) > 1:
            lines.append(found)
    return lines


def _of_designs(runs: Sequence[RunFolder]) -> list[Line]:
    """Return in what the designs of runs differ; read in a thread."""
    designs: list[Design] = [files.read(run.design) for run in runs]
    names = [design.name for design in designs]
    lines = [Line("Design", "Name", "", tuple(names))] if len(set(names)) > 1 else []
    lines += [Line("Design", name, "", values) for name, values in differences(designs)]
    return lines
