"""The Runs dock: earlier runs, to be shown again, compared, resumed, exported or deleted."""

import shutil
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QAction, QColor, QDesktopServices, QHideEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMessageBox,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from designer.design import files
from designer.errors import DesignerError
from designer.gui.base import background, numbers
from designer.gui.base.theme import colors, theme
from designer.gui.documents.workspace import Workspace
from designer.gui.training.run_row import RunRow
from designer.gui.worker.trainer import Trainer
from designer.runs.folder import RunFolder
from designer.runs.survey import Summary, Survey

COLUMNS = ("Name", "Design", "State", "Epochs", "Accuracy", "Best loss", "Size", "Started")
MEANINGS = {
    "Epochs": "Epochs trained so far, of those in the recipe.",
    "Accuracy": "Test accuracy of the weights of the best epoch.",
    "Best loss": "Validation loss of the best epoch; during the training, of the last epoch.",
}
LOOK = 3_000  # milliseconds between two readings of the folder, while the list is visible
RESUMABLE = ("stopped", "interrupted", "failed", "diverged")
WIDTHS = (
    "", "ResNet-152", "interrupted", "100 / 100",
    "100.00 %", "12.3456", "999 MB", "0000-00-00 00:00",
)  # fmt: skip
"""The longest usual text of each column; the first column takes the rest of the width."""

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class RunsPanel(QWidget):
    """The list of runs in the runs folder, and the actions on the selected run.

    Signals
    -------
    export_requested(path)
        The user wants to export the model of the run in this folder.
    """

    export_requested = Signal(Path)

    def __init__(self, workspace: Workspace, trainer: Trainer) -> None:
        super().__init__(objectName="runs")
        self.workspace = workspace
        self.trainer = trainer
        self.summaries: list[Summary] = []
        self._survey = Survey()
        self._reading = False
        self._filling = False
        self._soon = QTimer(self, interval=100, singleShot=True)
        self._soon.timeout.connect(self._read)
        self._again = QTimer(self, interval=LOOK)
        self._again.timeout.connect(self._read)
        self.list = self._made_list()
        self.count = QLabel(objectName="runs-count")
        self.count.setProperty("role", "soft")
        self.empty = QLabel(objectName="runs-empty", wordWrap=True)
        self.empty.setProperty("role", "faint")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.actions_ = self._made_actions()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._tools())
        column.addWidget(self.list, 1)
        column.addWidget(self.empty, 1)
        trainer.runs_changed.connect(self._soon.start)
        trainer.state_changed.connect(self._state_changed)
        trainer.run_changed.connect(self._mark_shown)
        theme.changed.connect(self._mark_shown)
        self._fill()

    # Assembling

    def _made_list(self) -> QTreeWidget:
        view = QTreeWidget(objectName="runs-list")
        view.setAccessibleName("Runs")
        view.setHeaderLabels(COLUMNS)
        view.setRootIsDecorated(False)
        view.setUniformRowHeights(True)
        # Names begin with a date and end with a design, so their middle can be left out.
        view.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        view.setAllColumnsShowFocus(True)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        view.setSortingEnabled(True)
        view.sortByColumn(COLUMNS.index("Started"), Qt.SortOrder.DescendingOrder)
        header = view.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(40)
        for column, longest in enumerate(WIDTHS):
            if longest:
                words = (longest, COLUMNS[column])
                widest = max(map(view.fontMetrics().horizontalAdvance, words))
                view.setColumnWidth(column, widest + 22)
        for column in range(3, 7):
            view.headerItem().setTextAlignment(column, _RIGHT)
        for name, meaning in MEANINGS.items():
            view.headerItem().setToolTip(COLUMNS.index(name), meaning)
        view.itemDoubleClicked.connect(lambda *_: self.show_run())
        view.itemChanged.connect(self._changed)
        view.itemSelectionChanged.connect(self._refresh_actions)
        return view

    def _made_actions(self) -> dict[str, QAction]:
        table: tuple[tuple[str, str, str, str, Callable[[], object]], ...] = (
            ("show", "Show", "Return", "Show the curves and the evaluation.", self.show_run),
            ("compare", "Compare", "Space", "Add the curves to those shown.", self.compare),
            ("resume", "Resume", "", "Continue from the last checkpoint.", self.resume),
            ("design", "Open design", "", "Open the design that was trained.", self.open_design),
            ("export", "Export…", "", "Write model files of the best epoch.", self.export),
            ("rename", "Rename", "F2", "Rename the folder.", self.rename),
            ("reveal", "Open folder", "", "Show the folder in the file manager.", self.reveal),
            ("delete", "Delete…", "Del", "Delete the folder after a confirmation.", self.delete),
        )  # fmt: skip
        actions = {}
        for key, text, shortcut, help_, act in table:
            action = QAction(text, self.list, objectName=f"runs-{key}")
            action.setToolTip(f"{help_} ({shortcut})" if shortcut else help_)
            if shortcut:
                action.setShortcut(QKeySequence(shortcut))
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(lambda _=False, act=act: act())
            self.list.addAction(action)
            actions[key] = action
        return actions

    def _tools(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(6, 2, 10, 2)
        row.setSpacing(2)
        for action in self.actions_.values():
            button = QToolButton(objectName=f"{action.objectName()}-button")
            button.setDefaultAction(action)
            button.setIconSize(QSize(16, 16))
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.count)
        return row

    # Reading

    def _read(self) -> None:
        if self._reading:
            return
        self._reading = True
        folder = self.trainer.runs_folder
        background.run(self, lambda: self._survey.read(folder), self._has_read, self._not_read)

    def _has_read(self, summaries: list[Summary]) -> None:
        self._reading = False
        if summaries != self.summaries:
            self.summaries = summaries
            self._fill()

    def _not_read(self, _: str) -> None:
        self._reading = False

    def _state_changed(self) -> None:
        if self.isVisible():
            self._soon.start()

    def _fill(self) -> None:
        """Show the summaries, keeping the selection."""
        if self.list.state() == QAbstractItemView.State.EditingState:
            return
        chosen = self.chosen
        self._filling = True
        self.list.setSortingEnabled(False)
        self.list.clear()
        for summary in self.summaries:
            item = RunRow(summary)
            item.setCheckState(
                0,
                Qt.CheckState.Checked
                if summary.path in self.trainer.overlays
                else Qt.CheckState.Unchecked,
            )
            self.list.addTopLevelItem(item)
            if chosen is not None and summary.path == chosen.path:
                item.setSelected(True)
                self.list.setCurrentItem(item)
        self.list.setSortingEnabled(True)
        self._filling = False
        size = numbers.size(sum(summary.size for summary in self.summaries))
        number = len(self.summaries)
        self.count.setText(f"{number} run{'s' if number != 1 else ''} · {size}" if number else "")
        self.count.setToolTip(str(self.trainer.runs_folder))
        folder = self.trainer.runs_folder
        self.empty.setText(f"No runs yet. Each training creates a folder in {folder}.")
        self.empty.setVisible(not number)
        self.list.setVisible(bool(number))
        self._mark_shown()
        self._refresh_actions()

    def _mark_shown(self) -> None:
        shown = self.trainer.shown.run.path if self.trainer.shown is not None else None
        c = colors()
        for number in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(number)
            assert isinstance(item, RunRow)
            summary = item.run
            font = item.font(0)
            font.setBold(summary.path == shown)
            self._filling = True
            item.setFont(0, font)
            state = {"running": c.success, "failed": c.error, "diverged": c.error}
            item.setForeground(2, QColor(state.get(summary.state, c.text)))
            self._filling = False

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._read()
        self._again.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._again.stop()

    # Actions on the selected run

    @property
    def chosen(self) -> Summary | None:
        """The selected run, None without a selection."""
        return next((i.run for i in self.list.selectedItems() if isinstance(i, RunRow)), None)

    def refusal(self, key: str) -> str:
        """Return why an action cannot be applied to the selected run, "" if it can."""
        run = self.chosen
        if run is None:
            return "Select a run."
        if run.state == "running" and key in ("rename", "delete", "resume"):
            return "The run is being trained: stop it first."
        if key == "resume" and run.state not in RESUMABLE:
            return "The run is complete." if run.state != "new" else "The run was never started."
        if key == "resume" and self.trainer.active is not None:
            return "Another run is being trained: stop it first."
        return ""

    def _refresh_actions(self) -> None:
        for key, action in self.actions_.items():
            action.setEnabled(not self.refusal(key))

    def _guarded(self, act: Callable[[Summary], object]) -> None:
        run = self.chosen
        if run is None:
            return
        try:
            act(run)
        except DesignerError as error:
            self.workspace.refused.emit(str(error))

    def show_run(self) -> None:
        """Show the selected run's curves and evaluation."""
        self._guarded(lambda run: self.trainer.show(RunFolder.open(run.path).path))

    def compare(self) -> None:
        """Tick the selected run for comparison, or untick it."""
        item = self.list.currentItem()
        if item is not None:
            on = item.checkState(0) == Qt.CheckState.Checked
            item.setCheckState(0, Qt.CheckState.Unchecked if on else Qt.CheckState.Checked)

    def resume(self) -> None:
        """Continue the training of the selected run."""
        self._guarded(lambda run: self.trainer.resume(run.path))

    def open_design(self) -> None:
        """Open the selected run's design with its recipe."""

        def act(run: Summary) -> None:
            folder = RunFolder.open(run.path)
            design = files.read(folder.design)
            self.workspace.add(design, saved=design, recipe=folder.recipe())

        self._guarded(act)

    def export(self) -> None:
        """Ask the shell for an export of the selected run's best weights."""
        self._guarded(lambda run: self.export_requested.emit(run.path))

    def rename(self) -> None:
        """Edit the selected run's name in the list."""
        item = self.list.currentItem()
        if item is not None and not self.refusal("rename"):
            self.list.editItem(item, 0)

    def reveal(self) -> None:
        """Show the selected run's folder in the file manager."""
        self._guarded(lambda run: QDesktopServices.openUrl(QUrl.fromLocalFile(str(run.path))))

    def delete(self) -> None:
        """Delete the selected run's folder, after a confirmation."""
        run = self.chosen
        if run is None or self.refusal("delete"):
            return
        box = QMessageBox(self.window())
        box.setObjectName("delete-run")
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Delete run")
        box.setText(f"Delete {run.path.name}?")
        box.setInformativeText(
            f"Its curves, weights and evaluation ({numbers.size(run.size)}) are deleted for good."
        )
        yes = box.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole)
        cancel = box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(cancel)
        box.exec()
        if box.clickedButton() is not yes:
            return
        self.trainer.forget(run.path)
        background.run(
            self,
            lambda: _remove(run.path),
            lambda _: self.trainer.runs_changed.emit(),
            self.workspace.refused.emit,
        )

    def _changed(self, item: QTreeWidgetItem, column: int) -> None:
        """React to a tick or a new name from the user."""
        if self._filling or column != 0 or not isinstance(item, RunRow):
            return
        run = item.run
        wanted = item.checkState(0) == Qt.CheckState.Checked
        if wanted != (run.path in self.trainer.overlays):
            self.trainer.overlay(run.path, wanted)
        name = item.text(0).strip()
        if name != run.path.name:
            self._rename(run, name)

    def _rename(self, run: Summary, name: str) -> None:
        try:
            _check_name(run.path, name)
            if RunFolder(run.path).worker() is not None:
                raise DesignerError(f"{run.path.name} is being trained: stop it first.")
            shown = self.trainer.shown is not None and self.trainer.shown.run.path == run.path
            self.trainer.forget(run.path)
            try:
                new = run.path.rename(run.path.with_name(name))
            except OSError as error:
                raise DesignerError(
                    f"{run.path.name} cannot be renamed ({error.strerror}): choose another name."
                ) from error
            if shown:
                self.trainer.show(new)
        except DesignerError as error:
            self.workspace.refused.emit(str(error))
        self.summaries = []
        self._read()


def _check_name(path: Path, name: str) -> None:
    if not name or name in (".", "..") or any(c in name for c in '/\\:*?"<>|\0'):
        raise DesignerError(f"A run cannot be called '{name}': use letters, digits, - and _.")
    if path.with_name(name).exists():
        raise DesignerError(f"A run named '{name}' exists already: choose another name.")


def _remove(path: Path) -> None:
    if RunFolder(path).worker() is not None:
        raise DesignerError(f"{path.name} is being trained: stop it first.")
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise DesignerError(
            f"{error.filename or path} cannot be deleted ({error.strerror}): "
            "close the programs that use it and try again."
        ) from error
