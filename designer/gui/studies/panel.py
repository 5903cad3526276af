"""The Studies dock: the list of studies, and what the chosen one found.

What it shows is imported when the dock is first seen, which the window's start avoids.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QSize, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import (
    QAction,
    QDesktopServices,
    QHideEvent,
    QKeySequence,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QMessageBox,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.errors import DesignerError
from designer.gui.base import background, icons, numbers, removal
from designer.gui.base.button_row import ButtonRow
from designer.gui.base.plain_text import wrapped_tip
from designer.gui.base.speed import idle_imports
from designer.gui.base.theme import theme
from designer.gui.documents.workspace import Workspace
from designer.gui.studies.study_actions import STUDY_ACTIONS, StudyAction
from designer.gui.studies.study_list import StudyList
from designer.gui.worker.trainer import Trainer

if TYPE_CHECKING:
    from designer.design.values import Design
    from designer.gui.studies.listing import Entry, Listing
    from designer.gui.studies.model import StudyModel
    from designer.gui.studies.view import StudyView
    from designer.recipe.recipe import Recipe
    from designer.studies.answers.table import Row

LOOK = 1_500  # milliseconds between two looks at the studies, while the dock is visible
_INVITATION = (
    "A study varies settings of the recipe or the design, trains each candidate, and says what "
    "was found. Start a ready-made one, or ask a question of your own."
)


class _Place(NamedTuple):
    """Where the list is in a dock of at least some pixels: widths of its columns.

    `above` is its height above the pages; 0 beside them.
    """

    least: int
    name: int
    state: int
    best: int
    above: int = 0


_PLACES = (_Place(860, 150, 128, 70), _Place(620, 88, 76, 0), _Place(0, 200, 130, 70, above=150))


class StudiesPanel(QWidget):
    """The studies of the runs folder; of the chosen one, its pages.

    Signals
    -------
    training_wanted()
        The Training dock is to be shown, with a run of a study.
    comparison_wanted(one, other)
        The designs of two documents are to be compared.

    Attributes
    ----------
    entries
        The studies that are listed.
    view
        What shows a study; None before the first one was shown.
    """

    training_wanted = Signal()
    comparison_wanted = Signal(object, object)

    def __init__(self, workspace: Workspace, trainer: Trainer) -> None:
        super().__init__(objectName="studies")
        self.workspace = workspace
        self.trainer = trainer
        self.entries: list[Entry] = []
        self.model: StudyModel | None = None
        self.view: StudyView | None = None
        self._listing: Listing | None = None
        self._reading = self._loading = False
        self._place: _Place | None = None
        self._wanted: Path | None = None  # is chosen once it is listed
        self._again = QTimer(self, interval=LOOK)
        self._again.timeout.connect(self._look)
        self._soon = QTimer(self, interval=50, singleShot=True)
        self._soon.timeout.connect(self._look)
        acts: dict[str, Callable[[Entry], object]] = {
            "start": self._start,
            "stop": self._stop,
            "delete": self._delete,
            "reveal": self._reveal,
        }
        self.list = StudyList()
        self.list.currentItemChanged.connect(lambda *_: self._choose())
        self.list.customContextMenuRequested.connect(
            lambda place: self._menu().popup(self.list.viewport().mapToGlobal(place))
        )
        self.actions_ = {row.key: self._action(row, acts[row.key]) for row in STUDY_ACTIONS}
        self.templates = ButtonRow("study-templates", "Ready-made", "study-template")
        self.templates.chosen.connect(self.ask_for_template)
        self.message = QLabel(objectName="studies-message", wordWrap=True)
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setProperty("role", "error")
        self._lay_out()
        self._refresh_actions()
        theme.changed.connect(self._dress)
        self._dress()

    # Assembling

    def _action(self, row: StudyAction, act: "Callable[[Entry], object]") -> QAction:
        action = QAction(row.text, self.list, objectName=f"studies-{row.key}")
        if row.shortcut:
            action.setShortcut(QKeySequence(row.shortcut))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(lambda: self._do(act))
        self.list.addAction(action)
        return action

    def _lay_out(self) -> None:
        self.new = QToolButton(objectName="studies-new", text="New study…")
        self.new.setToolTip("Choose what varies, how candidates are found, and what is compared.")
        self.new.clicked.connect(self.ask_for_study)
        self.more = QToolButton(objectName="studies-ready", text="Ready-made ▾")
        self.more.setToolTip("Start a ready-made study of a question of textbooks.")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setMenu(QMenu(self.more))
        tools = QHBoxLayout()
        tools.setContentsMargins(4, 2, 2, 2)
        tools.setSpacing(2)
        tools.addWidget(self.new)
        tools.addWidget(self.more)
        tools.addStretch(1)
        self.buttons: dict[str, QToolButton] = {}
        acts = QHBoxLayout()
        acts.setContentsMargins(4, 0, 2, 2)
        acts.setSpacing(2)
        for row in STUDY_ACTIONS:
            button = QToolButton(objectName=f"studies-{row.key}-button")
            button.setDefaultAction(self.actions_[row.key])
            button.setIconSize(QSize(16, 16))
            button.setToolButtonStyle(
                Qt.ToolButtonStyle.ToolButtonTextBesideIcon
                if row.key in ("start", "stop")
                else Qt.ToolButtonStyle.ToolButtonIconOnly
            )
            self.buttons[row.key] = button
            acts.addWidget(button)
        acts.addStretch(1)
        left = QWidget()
        down = QVBoxLayout(left)
        down.setContentsMargins(0, 0, 0, 0)
        down.setSpacing(0)
        down.addLayout(tools)
        down.addWidget(self.list, 1)
        down.addLayout(acts)
        self.invitation = QWidget()
        text = QLabel(_INVITATION, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        text.setProperty("role", "soft")
        inviting = QVBoxLayout(self.invitation)
        inviting.setContentsMargins(16, 10, 16, 10)
        inviting.setSpacing(10)
        inviting.addStretch(1)
        inviting.addWidget(text)
        inviting.addWidget(self.templates)
        inviting.addStretch(2)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.invitation)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.message.setContentsMargins(10, 4, 10, 2)
        self.message.hide()
        column.addWidget(self.message)
        column.addWidget(self.stack, 1)
        self.split = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        self.split.addWidget(left)
        self.split.addWidget(right)
        self.split.setStretchFactor(1, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.split)

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        menu.addActions(list(self.actions_.values()))
        return menu

    def _dress(self) -> None:
        for row in STUDY_ACTIONS:
            self.actions_[row.key].setIcon(icons.icon(row.icon))

    def _do(self, act: "Callable[[Entry], object]") -> None:
        entry = self.chosen
        if entry is None:
            return
        try:
            act(entry)
        except DesignerError as error:
            self._say(str(error))
        self._soon.start()

    def _say(self, sentence: str) -> None:
        self.message.setText(numbers.sentence(sentence))
        self.message.setVisible(bool(sentence))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave room to the pages: beside a short list, or in a very narrow dock below it."""
        super().resizeEvent(event)
        width = self.width()
        place = next(row for row in _PLACES if width >= row.least)
        if place == self._place:
            return
        self._place = place
        self.list.setColumnHidden(2, not place.best)
        for column, wide in enumerate((place.name, place.state)):
            self.list.setColumnWidth(column, wide)
        self.split.setOrientation(
            Qt.Orientation.Vertical if place.above else Qt.Orientation.Horizontal
        )
        first = place.above or place.name + place.state + place.best
        whole = self.height() if place.above else width
        self.split.setSizes([first, max(whole - first, 1)])

    # Reading

    @property
    def folder(self) -> Path:
        """The folder of the studies."""
        return self.trainer.runs_folder / "studies"

    def showEvent(self, event: QShowEvent) -> None:
        """Read the studies, while the dock is seen."""
        super().showEvent(event)
        self._look()
        self._again.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._again.stop()

    def _look(self) -> None:
        if self._listing is None:
            self._load()
            return
        if self.model is not None:
            self.model.look()
        if not self._reading:
            self._reading = True
            listing, folder = self._listing, self.folder
            background.run(self, lambda: listing.read(folder), self._has_read, self._not_read)

    def _load(self) -> None:
        """Import in a thread what lists and shows studies."""
        if not self._loading:
            self._loading = True
            idle_imports.run(self, _import, self._has_loaded, self._not_read)

    def _has_loaded(self, _: object) -> None:
        from designer.gui.documents import study_templates
        from designer.gui.studies.listing import Listing

        self._listing = Listing()
        entries = study_templates.entries()
        self.templates.fill(entries)
        for key, text, help_ in entries:
            action = self.more.menu().addAction(text)
            action.setObjectName(f"ready-{key}")
            action.setToolTip(wrapped_tip(help_))
            action.triggered.connect(lambda _=False, key=key: self.ask_for_template(key))
        self.more.menu().setToolTipsVisible(True)
        self._look()

    def _not_read(self, sentence: str) -> None:
        self._reading = self._loading = False
        self._say(sentence)

    def _has_read(self, entries: "list[Entry]") -> None:
        self._reading = False
        if entries != self.entries:
            self.entries = entries
            self._fill()
        self._refresh_actions()

    def _fill(self) -> None:
        """Show the studies, and keep the chosen one chosen."""
        wanted = self.chosen_path if self._wanted is None else self._wanted
        if self.list.show_entries(self.entries, wanted):
            self._wanted = None
        self._choose()

    # The chosen study

    @property
    def chosen_path(self) -> Path | None:
        """The folder of the chosen study; None if there is none."""
        return self.list.chosen_path

    @property
    def chosen(self) -> "Entry | None":
        """The chosen study; None if there is none."""
        path = self.chosen_path
        return next((each for each in self.entries if each.path == path), None)

    def choose(self, path: Path) -> None:
        """Choose a study by its folder, now or once it is listed, and give the list the keys."""
        self._wanted = path
        self.list.setFocus()
        self._soon.start()
        if any(entry.path == path for entry in self.entries):
            self._fill()

    def _choose(self) -> None:
        self._refresh_actions()
        entry = self.chosen
        self._say(entry.fault if entry is not None else "")
        if entry is None or entry.progress is None:
            if self.model is not None:
                self.model.choose(None)
            self.invitation.setVisible(entry is None)
            self.stack.setCurrentWidget(self.invitation)
            return
        from designer.studies.folder import StudyFolder

        view = self._built()
        view.model.choose(StudyFolder(entry.path))
        self.stack.setCurrentWidget(view)

    def _built(self) -> "StudyView":
        if self.view is None:
            from designer.gui.studies.model import StudyModel
            from designer.gui.studies.view import StudyView

            self.model = StudyModel(self)
            self.model.run_wanted.connect(self._show_run)
            self.model.ensemble_wanted.connect(self.trainer.ensemble_wanted)
            # Signal(object, bool) is all that the stubs know.
            self.model.design_wanted.connect(self._open_design)  # type: ignore[call-overload]
            self.view = StudyView(self.model)
            self.stack.addWidget(self.view)
            self.view.follow_in_tab_order(self.buttons["reveal"])
        return self.view

    def _show_run(self, path: Path) -> None:
        self.trainer.show(path)
        self.training_wanted.emit()

    def _open_design(self, row: "Row", compare: bool) -> None:
        """Open the design of a candidate in a tab, or compare it with the current one."""
        from designer.gui.studies.starting import candidate_of

        assert self.model is not None
        folder, before = self.model.folder, self.workspace.document
        if folder is None:
            return

        def opened(found: "tuple[Design, Recipe]") -> None:
            design, recipe = found
            self.workspace.add(design, saved=design, recipe=recipe)
            if compare and before is not None:
                self.comparison_wanted.emit(before, self.workspace.document)

        self.model.run(partial(candidate_of, folder, row.values), opened)

    def _refresh_actions(self) -> None:
        entry = self.chosen
        for row in STUDY_ACTIONS:
            refusal = "Choose a study." if entry is None else row.refusal(entry)
            keys = f" ({row.shortcut})" if row.shortcut else ""
            self.actions_[row.key].setEnabled(not refusal)
            self.actions_[row.key].setToolTip(
                wrapped_tip(f"{row.help}{keys}", *([refusal] if refusal else []))
            )
        start = "Go on" if entry is not None and entry.stage == "stopped" else "Start"
        self.actions_["start"].setText(start)

    # What the actions do; see `study_actions`

    def _start(self, entry: "Entry") -> None:
        from designer.studies import launching
        from designer.studies.folder import StudyFolder

        launching.start(StudyFolder.open(entry.path))
        self._say("")

    def _stop(self, entry: "Entry") -> None:
        from designer.studies.journal import ask_to_stop

        ask_to_stop(entry.path)

    def _reveal(self, entry: "Entry") -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(entry.path)))

    def _delete(self, entry: "Entry") -> None:
        words = "Its table, runs and weights are moved to the trash."
        if self._confirmed(f"Delete the study {entry.title}?", words):
            self._remove(entry.path)

    def _remove(self, path: Path) -> None:
        from designer.gui.studies.starting import refuse_running

        if self.trainer.shown is not None and path in self.trainer.shown.run.path.parents:
            self.trainer.show(None)
        if self.model is not None:
            self.model.choose(None)
        background.run(
            self,
            lambda: removal.to_trash([path], refuse_running),
            self._has_trashed,
            self._say,
        )

    def _has_trashed(self, left: Sequence[Path]) -> None:
        from designer.gui.studies.starting import refuse_running

        self._soon.start()
        for path in left:
            words = "The system has no trash for this folder."
            if self._confirmed(f"Delete {path.name} for good?", words):
                background.run(
                    self,
                    partial(removal.for_good, [path], refuse_running),
                    lambda _: self._soon.start(),
                    self._say,
                )

    def _confirmed(self, text: str, more: str) -> bool:
        box = QMessageBox(self.window())
        box.setObjectName("delete-study")
        box.setIcon(QMessageBox.Icon.Question)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setWindowTitle("Studies")
        box.setText(text)
        box.setInformativeText(more)
        yes = box.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        return box.clickedButton() is yes

    # New studies

    def ask_for_study(self) -> None:
        """Open the form of a new study of the current design."""
        from designer.gui.studies.new_study import NewStudyDialog

        if self.workspace.document is None:
            return
        dialog = NewStudyDialog(self.workspace, self.trainer, self.folder, self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.begun.connect(self.choose)
        dialog.open()

    def ask_for_template(self, name: str) -> None:
        """Say what a ready-made study does, and start it if the user wants that."""
        from designer.gui.studies.starting import TemplateDialog

        dialog = TemplateDialog(name, self.folder, self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.begun.connect(self.choose)
        dialog.open()


def _import() -> None:
    """Import in a thread what the dock shows."""
    from designer.gui.studies import starting, view  # noqa: F401
