"""The Table page: all candidates of a study, to be sorted, copied and looked into."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTreeView, QVBoxLayout

from designer.errors import DesignerError
from designer.gui.base import csv_file
from designer.gui.base.plain_text import wrapped_tip
from designer.gui.studies.model import StudyModel
from designer.gui.studies.page import Page
from designer.gui.studies.table_model import StudyTable
from designer.runs import ensembles
from designer.runs.folder import RunFolder
from designer.studies.answers import csv
from designer.studies.answers.table import Row
from designer.studies.folder import replicate_of

_WIDEST = 260  # pixels of a column at first


class Rows(QTreeView):
    """The rows; Ctrl+C copies the selected ones."""

    def __init__(self, table: StudyTable) -> None:
        super().__init__(objectName="study-rows")
        self.setAccessibleName("Candidates")
        self.setModel(table)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header = self.header()
        header.setStretchLastSection(True)
        header.setSectionsMovable(False)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy the selected rows, or show the run of the current one."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.doubleClicked.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def copy(self) -> None:
        """Copy the selected rows, or all without a selection."""
        table = self.model()
        assert isinstance(table, StudyTable)
        chosen = sorted(index.row() for index in self.selectionModel().selectedRows())
        text = table.text(chosen or range(len(table.rows)))
        QGuiApplication.clipboard().setText(text)


class TablePage(Page):
    """A row for each candidate; a double click shows its run."""

    def __init__(self, model: StudyModel) -> None:
        super().__init__(model, "study-table")
        self.rows = StudyTable(self)
        self.list = Rows(self.rows)
        self.list.doubleClicked.connect(lambda index: self._show_run(index.row()))
        self.list.customContextMenuRequested.connect(self._popup)
        self.list.selectionModel().currentRowChanged.connect(
            lambda index, _: model.picked.emit(self.rows.rows[index.row()].number)
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list)

    def refresh(self) -> None:
        if self.rows.show_table(self.table):
            header = self.list.header()
            header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
            header.resizeSections(QHeaderView.ResizeMode.ResizeToContents)
            for number in range(header.count()):
                header.resizeSection(number, min(header.sectionSize(number) + 12, _WIDEST))

    @property
    def current(self) -> Row | None:
        """The candidate with the focus."""
        index = self.list.currentIndex()
        return self.rows.rows[index.row()] if index.isValid() else None

    def _show_run(self, place: int) -> None:
        row = self.rows.rows[place]
        if row.runs:
            self.model.run_wanted.emit(row.runs[0])
        else:
            self.model.told.emit(row.message or f"Candidate {row.number} has no training yet.")

    def _popup(self, place: QPoint) -> None:
        menu = QMenu(self, objectName="study-row-menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        row = self.current
        if row is not None:
            labels = self.table.labels
            for path in row.runs:
                label = labels[replicate_of(path)]
                words = f" ({label})" if label else ""
                act = partial(self.model.run_wanted.emit, path)
                self._add(menu, f"Show training{words}", act)
            self._add_ensemble(menu, row)
            menu.addSeparator()
            self._add(menu, "Open design", partial(self.model.design_wanted.emit, row, False))
            self._add(
                menu,
                "Compare with current design…",
                partial(self.model.design_wanted.emit, row, True),
            )
            menu.addSeparator()
        self._add(menu, "Copy", self.list.copy)
        menu.popup(self.list.viewport().mapToGlobal(place))

    def _add(self, menu: QMenu, text: str, act: Callable[[], object]) -> QAction:
        action = QAction(text, menu)
        action.triggered.connect(lambda _=False: act())
        menu.addAction(action)
        return action

    def _add_ensemble(self, menu: QMenu, row: Row) -> None:
        """Offer to evaluate what a candidate's trainings give together."""
        ended = [RunFolder(path) for path in row.runs if row.figures[replicate_of(path)]]
        found = ensembles.of_runs(ended) if ended else None
        act = partial(self.model.ensemble_wanted.emit, found)
        action = self._add(menu, "Evaluate as ensemble", act)
        action.setEnabled(found is not None and len(found.members) > 1)
        action.setToolTip(
            wrapped_tip(
                "Evaluate the mean of the probabilities of its trainings on the test part, or of "
                "the epochs whose weights a single training kept."
            )
        )

    def save_csv(self) -> None:
        """Ask for a file, and write all candidates to it."""
        assert self.model.folder is not None
        try:
            path = csv_file.save(
                self,
                title="Save the candidates",
                name=f"{self.model.folder.path.name}.csv",
                text=csv.as_csv(self.table),
            )
        except DesignerError as error:
            self.model.told.emit(str(error))
            return
        if path is not None:
            self.model.told.emit(f"The candidates are in {path}.")
