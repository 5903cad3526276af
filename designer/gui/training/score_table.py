"""A sortable table of figures: for each label or predicted number of an evaluation."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from designer.gui.base import numbers
from designer.gui.base.plain_text import wrapped_tip
from designer.runs.scores import LabelScore, NumberScore

_Index = QModelIndex | QPersistentModelIndex
_NONE = "–"
_ROOT = QModelIndex()


class ScoreColumn(NamedTuple):
    """A column: its title, what it shows, and how a value is written.

    Attributes
    ----------
    title, help
        For people.
    field
        The field of the score.
    percent
        Whether the value is a share, written in percent.
    """

    title: str
    help: str
    field: str
    percent: bool = False

    def text(self, score: object) -> str:
        """Return the value of a score as text."""
        value = getattr(score, self.field)
        if value is None:
            return _NONE
        if isinstance(value, str):
            return value
        if self.percent:
            return f"{numbers.local(f'{100 * value:.1f}')} %"
        return numbers.count(value) if isinstance(value, int) else numbers.local(f"{value:.4g}")


LABEL_COLUMNS = (
    ScoreColumn("Label", "What may be in an image.", "name"),
    ScoreColumn("Images", "Test images that have the label.", "support"),
    ScoreColumn(
        "Precision", "Share of the predicted labels that are there.", "precision", percent=True
    ),
    ScoreColumn("Recall", "Share of the labels that are predicted.", "recall", percent=True),
    ScoreColumn("F1", "Harmonic mean of precision and recall.", "f1", percent=True),
    ScoreColumn(
        "False positives", "Images without the label for which it was predicted.", "false_positives"
    ),
    ScoreColumn(
        "False negatives", "Images with the label for which it was not.", "false_negatives"
    ),
    ScoreColumn("Threshold", "The probability from which on it is predicted.", "threshold"),
)
NUMBER_COLUMNS = (
    ScoreColumn("Number", "What is predicted.", "name"),
    ScoreColumn("Mean absolute error", "Mean of the absolute differences.", "mean_absolute_error"),
    ScoreColumn("Mean squared error", "Mean of the squared differences.", "mean_squared_error"),
    ScoreColumn(
        "R²",
        "Share of the variance that is predicted: 1 is perfect, 0 no better than the mean.",
        "r2",
    ),
)


class _Scores(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self.columns: Sequence[ScoreColumn] = LABEL_COLUMNS
        self.scores: Sequence[LabelScore | NumberScore] = []

    def show_scores(
        self, columns: Sequence[ScoreColumn], scores: Sequence[LabelScore | NumberScore]
    ) -> None:
        self.beginResetModel()
        self.columns, self.scores = columns, scores
        self.endResetModel()

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.scores)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        column = self.columns[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(self.scores[index.row()])
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == 0:
            return wrapped_tip(column.text(self.scores[index.row()]))
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        if role == Qt.ItemDataRole.ToolTipRole:
            return wrapped_tip(self.columns[section].help)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if not 0 <= column < len(self.columns):
            return
        field, falling = self.columns[column].field, order == Qt.SortOrder.DescendingOrder
        known = [each for each in self.scores if getattr(each, field) is not None]
        unknown = [each for each in self.scores if getattr(each, field) is None]
        known.sort(key=lambda each: getattr(each, field), reverse=falling)
        self.layoutAboutToBeChanged.emit()
        self.scores = [*known, *unknown]  # what has no value stays last
        self.layoutChanged.emit()


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


class ScoreTable(QTableView):
    """Shows the figures of labels or numbers; a click on a title sorts by it."""

    def __init__(self) -> None:
        super().__init__(objectName="scores")
        self.scores = _Scores()
        self.setModel(self.scores)
        self.setAccessibleName("Figures of each label or number")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setMaximumSectionSize(320)

    def show_labels(self, scores: list[LabelScore]) -> None:
        """Show the figures of labels, in the order of the outputs."""
        self._show(LABEL_COLUMNS, scores)

    def show_numbers(self, scores: list[NumberScore]) -> None:
        """Show the figures of predicted numbers, in the order of the outputs."""
        self._show(NUMBER_COLUMNS, scores)

    def _show(
        self, columns: Sequence[ScoreColumn], scores: Sequence[LabelScore | NumberScore]
    ) -> None:
        self.setSortingEnabled(False)
        self.scores.show_scores(columns, scores)
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
