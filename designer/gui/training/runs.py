"""The Runs dock: earlier runs, to be shown, compared, continued, exported or deleted."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import (
    QAction,
    QDesktopServices,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QMessageBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.design import files
from designer.errors import DesignerError
from designer.gui.base import background, numbers
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.plain_text import wrapped_tip
from designer.gui.base.theme import theme
from designer.gui.documents.workspace import Workspace
from designer.gui.training import run_removal
from designer.gui.training.run_actions import RUN_ACTIONS, RunAction
from designer.gui.training.run_columns import Row, matches
from designer.gui.training.run_list import RunList
from designer.gui.training.run_table import RunTable
from designer.gui.worker.queue import ordinal
from designer.gui.worker.trainer import Trainer
from designer.runs.folder import RunFolder
from designer.runs.survey import Summary, Survey

if TYPE_CHECKING:
    from designer.runs.ensembles import Ensemble

LOOK = 3_000  # milliseconds between two readings of the folder, while the list is visible
_NAMED = 6  # runs that a question names
_MARGINS, _GAP = 12, 2  # pixels beside the buttons, left and right together, and between two


class RunsPanel(QWidget):
    """The list of runs in the runs folder, and the actions on the selected runs.

    Signals
    -------
    export_requested(source)
        The user wants to export the model of the run in this folder, or this ensemble of runs.
    """

    export_requested = Signal(object)

    def __init__(self, workspace: Workspace, trainer: Trainer) -> None:
        super().__init__(objectName="runs")
        self.workspace = workspace
        self.trainer = trainer
        self.summaries: list[Summary] = []
        self._survey = Survey()
        self._reading = False
        self._read_once = False
        self._soon = QTimer(self, interval=100, singleShot=True)
        self._soon.timeout.connect(self._read)
        self._again = QTimer(self, interval=LOOK)
        self._again.timeout.connect(self._read)
        self.table = RunTable(
            lambda path: path in trainer.overlays, trainer.overlay, self._rename, self
        )
        self.list = RunList(self.table, trainer.preferences)
        self.list.doubleClicked.connect(lambda *_: self.show_run())
        self.list.chosen.connect(self.refresh_actions)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._popup)
        self._acts: dict[str, Callable[[], object]] = {
            "show": self.show_run,
            "compare": self.compare,
            "resume": self.resume,
            "train_on": self.train_on,
            "export": self.export,
            "delete": self.delete,
            "tick": self.tick,
            "ensemble": lambda: self.trainer.ensemble_wanted.emit(self.ensemble()),
            "export_ensemble": lambda: self.export_requested.emit(self.ensemble()),
            "design": self.open_design,
            "rename": self.rename,
            "reveal": self.reveal,
            "train_now": self.train_now,
            "sooner": lambda: self.shift(-1),
            "later": lambda: self.shift(1),
            "unqueue": self.unqueue,
            "space": self.free_space,
        }
        self.actions_ = {row.key: self._action(row) for row in RUN_ACTIONS}
        self.filter = FilterField(objectName="runs-filter", placeholderText="Filter")
        self.filter.setAccessibleName("Filter the runs")
        self.filter.setToolTip("Shows the runs with these words in any column.")
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._fill)
        self.filter.left.connect(self.list.setFocus)
        self.this_design = QToolButton(objectName="runs-this-design", text="This design")
        self.this_design.setCheckable(True)
        self.this_design.setToolTip("Shows only the runs of the design on the canvas.")
        self.this_design.toggled.connect(self._fill)
        self.count = QLabel(objectName="runs-count", textFormat=Qt.TextFormat.PlainText)
        self.count.setProperty("role", "soft")
        self.empty = QLabel(objectName="runs-empty", wordWrap=True)
        self.empty.setTextFormat(Qt.TextFormat.PlainText)
        self.empty.setProperty("role", "faint")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._tools())
        column.addWidget(self.list, 1)
        column.addWidget(self.empty, 1)
        column.addWidget(self._queue_row())  # below the list, whose rows stay where they are
        column.addLayout(self._footer())
        trainer.runs_changed.connect(self._soon.start)
        trainer.state_changed.connect(self._state_changed)
        trainer.queue.changed.connect(self._fill)
        trainer.run_changed.connect(self._mark_shown)
        trainer.overlays_changed.connect(self.table.repaint)
        trainer.overlays_changed.connect(self.refresh_actions)
        workspace.switched.connect(self._switched)
        theme.changed.connect(self.table.repaint)
        self._fill()

    # Assembling

    def _action(self, row: RunAction) -> QAction:
        action = QAction(row.text, self.list, objectName=f"runs-{row.key}")
        action.setIconText(row.text)  # of buttons; Qt would leave the dots out
        keys = f" ({row.shortcut})" if row.shortcut else ""
        action.setToolTip(f"{row.help}{keys}")
        if row.shortcut:
            action.setShortcut(QKeySequence(row.shortcut))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        act = self._acts[row.key]
        action.triggered.connect(lambda: self._do(act))
        self.list.addAction(action)
        return action

    def _do(self, act: Callable[[], object]) -> None:
        try:
            act()
        except DesignerError as error:
            self.workspace.refused.emit(str(error))

    def _tools(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setContentsMargins(_MARGINS // 2, 2, _MARGINS // 2, 2)
        line.setSpacing(_GAP)
        self.tools: dict[str, QToolButton] = {}
        for row in RUN_ACTIONS:
            if row.in_tools:
                button = QToolButton(objectName=f"runs-{row.key}-button")
                button.setDefaultAction(self.actions_[row.key])
                button.setIconSize(QSize(16, 16))
                button.setMinimumWidth(1)  # so that the panel can be too narrow for all
                self.tools[row.key] = button
                line.addWidget(button)
        self.more = QToolButton(objectName="runs-more", text="More ▾")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.more)
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(self._fill_more)
        self.more.setMenu(menu)
        self._fill_more()
        line.addWidget(self.more)
        line.addStretch(1)
        return line

    def _fill_more(self) -> None:
        """Put the actions without a visible button into the menu More."""
        menu = self.more.menu()
        menu.clear()
        for row in RUN_ACTIONS:
            button = self.tools.get(row.key)
            if row.separated:
                menu.addSeparator()
            if button is None or button.isHidden():
                menu.addAction(self.actions_[row.key])

    def _fit_tools(self) -> None:
        """Hide the last buttons where there is no room for all; the menu has their actions."""
        room = self.width() - _MARGINS - self.more.sizeHint().width()
        for button in self.tools.values():
            room -= button.sizeHint().width() + _GAP
            button.setVisible(room >= 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_tools()

    def _footer(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setContentsMargins(8, 2, 8, 4)
        line.setSpacing(6)
        self.filter.setMinimumWidth(90)
        self.filter.setMaximumWidth(260)
        line.addWidget(self.filter, 1)
        line.addWidget(self.this_design)
        columns = QToolButton(objectName="runs-columns", text="Columns ▾")
        columns.setToolTip("Shows or hides columns.")
        columns.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(columns)
        menu.aboutToShow.connect(lambda: self.list.columns_menu(menu))
        columns.setMenu(menu)
        line.addWidget(columns)
        line.addStretch(1)
        line.addWidget(self.count)
        return line

    def _queue_row(self) -> QWidget:
        self.queue = QWidget(objectName="runs-queue")
        line = QHBoxLayout(self.queue)
        line.setContentsMargins(10, 2, 6, 2)
        self.waiting = ElidedLabel(name="runs-waiting")
        self.hold = QToolButton(objectName="runs-hold", text="Hold")
        self.hold.setCheckable(True)
        self.hold.setToolTip("Starts no waiting training until it is pressed again.")
        self.hold.clicked.connect(lambda: self.trainer.queue.hold(self.hold.isChecked()))
        line.addWidget(self.waiting, 1)
        line.addWidget(self.hold)
        return self.queue

    def _popup(self, place: object) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        for row in RUN_ACTIONS:
            if row.separated:
                menu.addSeparator()
            menu.addAction(self.actions_[row.key])
        menu.popup(self.list.viewport().mapToGlobal(place))  # type: ignore[call-overload]  # a QPoint

    # Reading

    def _read(self) -> None:
        if self._reading:
            return
        self._reading = True
        folder = self.trainer.runs_folder
        background.run(self, lambda: self._survey.read(folder), self._has_read, self._not_read)

    def _has_read(self, summaries: list[Summary]) -> None:
        self._reading = False
        if summaries != self.summaries or not self._read_once:
            self._read_once = True
            self.summaries = summaries
            self._fill()

    def _not_read(self, _: str) -> None:
        self._reading = False

    def _state_changed(self) -> None:
        if self.isVisible():
            self._soon.start()

    def _switched(self) -> None:
        if self.this_design.isChecked():
            self._fill()

    def _fill(self) -> None:
        """Show the runs that the filter lets through, and what waits."""
        if self.list.state() == QAbstractItemView.State.EditingState:
            return
        queue = self.trainer.queue.state
        positions = {each.path: i for i, each in enumerate(queue.waiting, 1)}
        rows = [Row(run, positions.get(run.path, 0)) for run in self.summaries]
        words = self.filter.text().lower().split()
        if self.this_design.isChecked() and self.workspace.document is not None:
            name = self.workspace.design.name
            rows = [row for row in rows if row.run.design == name]
        rows = [row for row in rows if matches(row, words, self.table.columns)]
        self.list.show_rows(rows)
        self._show_queue([each.path.name for each in queue.waiting], held=queue.held)
        self._show_count(len(rows))
        self._mark_shown()
        self.refresh_actions()

    def _show_queue(self, names: Sequence[str], *, held: bool) -> None:
        self.hold.setChecked(held)
        self.hold.setEnabled(bool(names))
        if not names:
            self.waiting.setText("No training waits.")
            self.waiting.setToolTip("")
            # A list that is scrolled to its end would move under the pointer.
            self.queue.setVisible(not self.queue.isHidden() and self.underMouse())
            return
        self.queue.show()
        listed = ", ".join(f"{ordinal(number)} {name}" for number, name in enumerate(names, 1))
        begin = "Waiting, but held back" if held else "Waiting"
        self.waiting.setText(f"{begin}: {listed}")
        self.waiting.setToolTip(
            wrapped_tip(
                f"{begin}: {listed}.",
                "They start one after another. Select one in the list to train it now, to move it "
                "(Alt+Up, Alt+Down) or to remove it from the queue.",
            )
        )

    def _show_count(self, shown: int) -> None:
        number = len(self.summaries)
        size = numbers.size(sum(summary.size for summary in self.summaries))
        runs = "1 run" if number == 1 else f"{numbers.count(number)} runs"
        counted = runs if shown == number else f"{numbers.count(shown)} of {runs}"
        self.count.setText(f"{counted} · {size}" if number else "")
        folder = self.trainer.runs_folder
        self.count.setToolTip(wrapped_tip(f"All runs in {folder} and their size on the disk."))
        if number:
            self.empty.setText("No run has all these words, or is of this design.")
        else:
            self.empty.setText(
                f"No runs yet. Each training creates a folder in {folder}. Those of a study are in "
                "its table, in the Studies dock."
            )
        self.empty.setVisible(not shown)
        self.list.setVisible(bool(shown))

    def _mark_shown(self) -> None:
        shown = self.trainer.shown
        self.table.set_shown(shown.run.path if shown is not None else None)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._read()
        self._again.start()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.queue.setVisible(bool(self.trainer.queue.runs))

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._again.stop()

    # The selected runs

    @property
    def selected(self) -> list[Summary]:
        """The selected runs in the order of the rows."""
        return self.list.selected()

    @property
    def chosen(self) -> Summary | None:
        """The selected run with the focus, or else the first; None without a selection."""
        selected = self.selected
        current = self.list.current()
        return current if current in selected else next(iter(selected), None)

    @property
    def compared(self) -> list[Summary]:
        """The runs to compare: the selected ones, or with fewer than two those that are drawn.

        Drawn are the ticked runs and the shown one.
        """
        selected = self.selected
        if len(selected) > 1:
            return selected
        shown = self.trainer.shown
        drawn = {*self.trainer.overlays, *([shown.run.path] if shown is not None else [])}
        if not self.trainer.overlays:
            return selected
        return [row.run for row in self.table.rows if row.run.path in drawn]

    def ensemble(self) -> "Ensemble":
        """Return the selected runs with their best weights, or what a single run kept."""
        from designer.runs.ensembles import of_runs

        return of_runs([RunFolder(run.path) for run in self.selected])

    def waits(self, run: Summary) -> bool:
        """Return whether a run waits to be trained."""
        return run.path in self.trainer.queue.runs

    def refusal(self, key: str) -> str:
        """Return why an action cannot be applied to the selected runs, "" if it can."""
        row = next(row for row in RUN_ACTIONS if row.key == key)
        selected = self.compared if key == "compare" else self.selected
        if row.for_all:
            return ""
        if not selected:
            return "Select a run."
        if len(selected) > 1 and not row.several:
            return "Select a single run."
        return row.refusal(self, selected)

    def refresh_actions(self) -> None:
        """Enable the actions that apply to the selected runs."""
        for row in RUN_ACTIONS:
            action, refusal = self.actions_[row.key], self.refusal(row.key)
            action.setEnabled(not refusal)
            keys = f" ({row.shortcut})" if row.shortcut else ""
            action.setToolTip(wrapped_tip(f"{row.help}{keys}", *([refusal] if refusal else [])))
        new = bool(self.selected) and all(run.state == "new" for run in self.selected)
        self.actions_["resume"].setText("Start" if new else "Resume")

    # What the actions do; see `run_actions`

    def show_run(self) -> None:
        """Show the curves and the evaluation of the run with the focus; compare several."""
        if len(self.selected) > 1:
            self.compare()
        elif self.chosen is not None:
            self.trainer.show(RunFolder.open(self.chosen.path).path)

    def tick(self) -> None:
        """Draw the curves of the selected runs with those shown, or stop drawing all of them."""
        paths = [run.path for run in self.selected]
        wanted = any(path not in self.trainer.overlays for path in paths)
        for path in paths:
            self.trainer.overlay(path, wanted)

    def compare(self) -> None:
        """Open a dialog with the curves of the selected runs and what differs between them."""
        from designer.gui.training.run_comparison import RunComparison

        runs = self.compared
        shown = self.chosen if self.chosen in runs else next(iter(runs), None)
        if shown is None:
            return
        runs = [shown, *(run for run in runs if run is not shown)]
        dialog = RunComparison(runs, self.window())
        dialog.refused.connect(self.workspace.refused)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def resume(self) -> None:
        """Continue the training of the selected runs, one after another."""
        for run in self.selected:
            self.trainer.train(run.path, resume=run.state != "new")

    def train_on(self) -> None:
        """Ask for how many more epochs a run is trained, in a child run."""
        from designer.gui.training.train_on_dialog import TrainOnDialog

        if self.chosen is not None:
            TrainOnDialog.ask(self.trainer, self.chosen.path, self.window())

    def open_design(self) -> None:
        """Open the selected run's design with its recipe."""
        if self.chosen is not None:
            folder = RunFolder.open(self.chosen.path)
            design = files.read(folder.design)
            self.workspace.add(design, saved=design, recipe=folder.recipe())

    def export(self) -> None:
        """Ask the shell for an export of the selected run's best weights."""
        if self.chosen is not None:
            self.export_requested.emit(self.chosen.path)

    def rename(self) -> None:
        """Edit the name of the run with the focus in the list."""
        self.list.rename_current()

    def shift(self, by: int) -> None:
        """Move the selected waiting run by some positions; negative is sooner."""
        if self.chosen is not None:
            self.trainer.queue.move(self.chosen.path, by)

    def reveal(self) -> None:
        """Show the selected run's folder in the file manager."""
        if self.chosen is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.chosen.path)))

    def free_space(self) -> None:
        """Ask which checkpoints to delete, and show what that frees."""
        from designer.gui.training.disk_dialog import DiskDialog

        dialog = DiskDialog(self.trainer, self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def train_now(self) -> None:
        """Train the selected waiting run before all others."""
        run, active = self.chosen, self.trainer.active
        if run is None:
            return
        if active is not None and active.going:
            box = self._question("train-now", f"Train {run.path.name} now?")
            box.setInformativeText(
                f"{active.run.path.name} is being trained. It is stopped with a checkpoint, and is "
                "resumed after this one."
            )
            yes = box.addButton("Train now", QMessageBox.ButtonRole.AcceptRole)
            box.addButton(QMessageBox.StandardButton.Cancel)
            box.exec()
            if box.clickedButton() is not yes:
                return
        self.trainer.train_now(run.path)

    def unqueue(self) -> None:
        """Let the selected runs wait no more."""
        self.trainer.queue.remove([run.path for run in self.selected])

    # Deleting and renaming

    def _question(self, name: str, text: str) -> QMessageBox:
        box = QMessageBox(self.window())
        box.setObjectName(name)
        box.setIcon(QMessageBox.Icon.Question)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setWindowTitle("Runs")
        box.setText(text)
        return box

    def delete(self) -> None:
        """Move the selected runs' folders to the trash, after a confirmation."""
        runs = self.selected
        if not runs or self.refusal("delete"):
            return
        names = [run.path.name for run in runs]
        size = numbers.size(sum(run.size for run in runs))
        text = f"Delete {names[0]}?" if len(runs) == 1 else f"Delete {len(runs)} runs?"
        if self._confirmed(
            text,
            f"{_listed(names)}Curves, weights and evaluation ({size}) are moved to the trash.",
        ):
            self._remove(runs)

    def _confirmed(self, text: str, more: str) -> bool:
        box = self._question("delete-run", text)
        box.setInformativeText(more)
        yes = box.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        return box.clickedButton() is yes

    def _remove(self, runs: Sequence[Summary]) -> None:
        paths = [run.path for run in runs]
        for path in paths:
            self.trainer.forget(path)
        background.run(
            self, partial(run_removal.to_trash, paths), self._has_trashed, self._not_removed
        )

    def _has_trashed(self, left: Sequence[Path]) -> None:
        self.trainer.runs_changed.emit()
        if not left:
            return
        names = [path.name for path in left]
        text = f"Delete {names[0]} for good?" if len(left) == 1 else f"Delete {len(left)} for good?"
        if self._confirmed(text, f"{_listed(names)}The system has no trash for this folder."):
            background.run(
                self,
                partial(run_removal.for_good, left),
                lambda _: self.trainer.runs_changed.emit(),
                self._not_removed,
            )

    def _not_removed(self, sentence: str) -> None:
        self.trainer.runs_changed.emit()
        self.workspace.refused.emit(sentence)

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
        self._read_once = False
        self._soon.start()


class FilterField(QLineEdit):
    """A field for words; Escape empties it, and Escape, Down or Return leave it.

    Signals
    -------
    left()
        The user wants to go on in the list.
    """

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif key in (Qt.Key.Key_Escape, Qt.Key.Key_Down, Qt.Key.Key_Return):
            self.left.emit()
        else:
            super().keyPressEvent(event)


def _listed(names: Sequence[str]) -> str:
    """Return the names of several runs, each on a line; "" for a single one."""
    if len(names) == 1:
        return ""
    more = [f"and {len(names) - _NAMED} more"] if len(names) > _NAMED else []
    return "\n".join([*names[:_NAMED], *more]) + "\n\n"


def _check_name(path: Path, name: str) -> None:
    if not name or name in (".", "..") or any(c in name for c in '/\\:*?"<>|\0'):
        raise DesignerError(f"A run cannot be called '{name}': use letters, digits, - and _.")
    if path.with_name(name).exists():
        raise DesignerError(f"A run named '{name}' exists already: choose another name.")
