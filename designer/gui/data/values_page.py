"""The inputs of a data set without pictures: shapes, columns with their ranges, first examples."""

from collections.abc import Iterator, Sequence

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QScrollArea,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from designer.data.columns import ArrayColumn, Column
from designer.data.summary import ColumnRange, InputDescription, described_inputs
from designer.gui.base import numbers
from designer.gui.data.contents import Contents
from designer.gui.data.model import DataModel
from designer.recipe.columns import value_names

_EXAMPLES = 50  # rows that are shown
_MOST_VALUES = 200  # columns of the table of examples
_TEXTS = 6  # categories that a cell names
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ValuesPage(QScrollArea):
    """Says of each input what values it has, and shows the first rows of a table."""

    def __init__(self, model: DataModel) -> None:
        super().__init__(objectName="data-values", widgetResizable=True)
        self.model = model
        self._shown: Contents | None = None
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        model.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        contents = self.model.contents
        if contents is None or contents is self._shown:
            return
        self._shown = contents
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(10)
        part = contents.parts["train"]
        for described in described_inputs(contents.data):
            column.addWidget(_heading(described))
            if described.text is not None:
                column.addWidget(_soft("The text begins:"))
                column.addWidget(_beginning(described.text.beginning))
                continue
            if described.columns[0].name:
                column.addWidget(_table(*_ranges(described), name="data-columns"))
            given = part.inputs[described.name]
            if len(described.shape) == 1:
                column.addWidget(_soft("The first examples of the training part:"))
                column.addWidget(_table(*_examples(contents, given), name="data-examples"))
        column.addStretch(1)
        self.setWidget(inside)


def _heading(described: InputDescription) -> QLabel:
    shape = "×".join(map(str, described.shape))
    text = f"{described.name}: {shape} values of type {described.dtype}"
    if described.text is not None:
        count, known = described.text.tokens, described.text.vocabulary.size
        text = f"{numbers.count(count)} tokens, {numbers.count(known)} different ones"
    elif not described.columns[0].name:
        (every,) = described.columns
        text = f"{text}, from {every.minimum:.6g} to {every.maximum:.6g}, mean {every.mean:.6g}"
    label = QLabel(text, textFormat=Qt.TextFormat.PlainText, wordWrap=True)
    label.setProperty("role", "heading")
    return label


def _beginning(text: str) -> QPlainTextEdit:
    shown = QPlainTextEdit(text, objectName="data-text", readOnly=True)
    shown.setAccessibleName("The beginning of the text")
    shown.setMinimumHeight(12 * shown.fontMetrics().height())
    return shown


def _soft(text: str) -> QLabel:
    label = QLabel(text, textFormat=Qt.TextFormat.PlainText)
    label.setProperty("role", "soft")
    return label


def _ranges(described: InputDescription) -> tuple[list[str], list[list[str]]]:
    """Return titles and rows of the table of columns."""
    titles = ["Column", "Minimum", "Mean", "Maximum"]
    rows = [[each.name, *_figures(each)] for each in described.columns]
    if any(each.categories for each in described.columns):
        titles.append("Texts")
        rows = [[*row, _texts(each)] for row, each in zip(rows, described.columns, strict=True)]
    return titles, rows


def _figures(of: ColumnRange) -> Sequence[str]:
    if of.categories:
        return "", "", ""
    return tuple(f"{value:.6g}" for value in (of.minimum, of.mean, of.maximum))


def _texts(of: ColumnRange) -> str:
    named = [f"{text} ({numbers.count(count)})" for text, count in of.categories.items()]
    rest = len(named) - _TEXTS
    return ", ".join(named[:_TEXTS]) + (f" and {rest} more" if rest > 0 else "")


def _examples(contents: Contents, column: Column) -> tuple[list[str], list[list[str]]]:
    """Return titles and rows of the table of the first examples, each with its target."""
    part = contents.parts["train"]
    count = min(_EXAMPLES, len(part))
    values = column.read(np.arange(count)).reshape(count, -1)[:, :_MOST_VALUES]
    names = list(_names(column, values.shape[1]))
    target = {"classes": ["Class"], "labels": ["Labels"], "numbers": ["Numbers"]}
    titles = [*names, *target.get(contents.target.kind, [])]
    rows = []
    for number, row in enumerate(values):
        label = contents.caption("train", number)
        rows.append([*(f"{value:.6g}" for value in row), *([label] if label else [])])
    return titles, rows


def _names(column: Column, count: int) -> Iterator[str]:
    while not isinstance(column, ArrayColumn) and hasattr(column, "column"):
        column = column.column
    known = value_names(column.columns)[:count] if isinstance(column, ArrayColumn) else ()
    yield from known or map(str, range(1, count + 1))


def _table(titles: list[str], rows: list[list[str]], *, name: str) -> QTableWidget:
    table = QTableWidget(len(rows), len(titles), objectName=name)
    table.setHorizontalHeaderLabels(titles)
    table.setAccessibleName(titles[0])
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
    table.verticalHeader().hide()
    for i, row in enumerate(rows):
        for j, text in enumerate(row):
            item = QTableWidgetItem(text)
            if text[:1].isdigit() or text[:1] == "-":
                item.setTextAlignment(_RIGHT)
            table.setItem(i, j, item)
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setStretchLastSection(titles[-1] == "Texts")
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    shown = min(len(rows), 14)
    table.setFixedHeight(header.sizeHint().height() + shown * table.rowHeight(0) + 20)
    return table
