"""The main window: assembles pages, menus and toolbar around one workspace."""

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6 import QtWidgets
from PySide6.QtCore import QByteArray, Qt, QTimer
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QDialog,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from designer import preferences
from designer.errors import DesignerError
from designer.gui.base import numbers, screens
from designer.gui.base.dragged import local_paths
from designer.gui.base.notice import Notice
from designer.gui.base.speed import idle_imports
from designer.gui.base.theme import theme
from designer.gui.commands.actions import MENUS, Actions
from designer.gui.documents.autosave import Autosave
from designer.gui.documents.workspace import Workspace
from designer.gui.gallery.welcome import Welcome
from designer.gui.opening.foreign import ForeignNetworks
from designer.gui.shell.document_files import Documents, finish_typing
from designer.gui.shell.drop_overlay import DropOverlay
from designer.gui.shell.drops import Drops, clipboard_paths
from designer.gui.shell.toolbar import Toolbar
from designer.gui.worker.trainer import Trainer

if TYPE_CHECKING:
    from PySide6.QtWidgets import QDockWidget

    from designer.gui.canvas.canvas import Canvas
    from designer.gui.data.window import DataWindow
    from designer.gui.documents.document import Document
    from designer.gui.documents.document_tabs import DocumentTabs
    from designer.gui.gallery.preview import Choice
    from designer.gui.inside.map_overlay import MapOverlay
    from designer.gui.panels.time_measurement import TimeMeasurement
    from designer.gui.shell.editor import Editor
    from designer.gui.training.panel import TrainingPanel
    from designer.runs.ensembles import Ensemble

_PRELOAD_MS = 150  # after the window was shown, until the editor is loaded before its first use
_PAUSE_MS = 20  # between two docks that are built before their first use, for events


class MainWindow(QMainWindow):
    """Menus, toolbar and status bar around two pages: the welcome page and the editor."""

    documents: Documents

    def __init__(self, remembered: preferences.Preferences) -> None:
        super().__init__(objectName="main-window")
        self.preferences = remembered
        self.workspace = Workspace(self)
        self.trainer = Trainer(remembered, self)
        self._editor: Editor | None = None
        self._data_window: DataWindow | None = None
        self._built = False  # all docks of the editor
        self.actions_ = Actions(self)
        self.welcome = Welcome(self.workspace, remembered)
        self.welcome.open_requested.connect(self.actions_["file.open"].trigger)
        self.welcome.new_requested.connect(self.actions_["file.new"].trigger)
        # Signal(object) is all that the stubs know of the next two.
        self.welcome.preset_requested.connect(self._open_preset)  # type: ignore[call-overload]
        self.welcome.back_requested.connect(self.workspace.show)  # type: ignore[call-overload]
        self.welcome.compare_requested.connect(self.compare)
        self.welcome.tour_requested.connect(self.tour)
        self.welcome.demo_requested.connect(self.train_demo)
        self.welcome.run_requested.connect(self.show_training)
        self.welcome.lesson_requested.connect(self.open_lesson)
        self.welcome.study_requested.connect(self.ask_for_study)
        self._seen = False
        self._assemble()
        self.autosave = Autosave(self.workspace, remembered, self)
        self.autosave.failed.connect(self._show_backup_fault)
        self.foreign = ForeignNetworks(self)
        self.documents = Documents(self, self.autosave, self.foreign)
        self.welcome.file_requested.connect(self.documents.open_file)
        self.workspace.documents_changed.connect(self._name_window)
        self.workspace.switched.connect(self._switched)
        self.drops = Drops(self)
        self.top_notices.addWidget(self.drops.notice)
        self.top_notices.addWidget(self.foreign.strip)
        for signal in (self.trainer.run_changed, self.trainer.state_changed):
            signal.connect(self._tell_of_training)
        self.setAcceptDrops(True)
        self.drop_overlay = DropOverlay(self, self.drops.promise)
        self._restore()
        self._name_window()
        self._switched()
        self.actions_.refresh()

    # Assembling

    def _assemble(self) -> None:
        self.pages = QStackedWidget()
        self.pages.addWidget(self.welcome)
        self.backup_notice = Notice("backup-notice")
        center = QWidget()
        column = QVBoxLayout(center)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.backup_notice)
        self.top_notices: QVBoxLayout = QVBoxLayout()
        column.addLayout(self.top_notices)
        column.addWidget(self.pages, 1)
        self.setCentralWidget(center)
        self._menus()
        self.toolbar = Toolbar(self.actions_, self)
        self.addToolBar(self.toolbar)

    @property
    def frame(self) -> QMainWindow:
        """The window itself, as the parent of dialogs; see `commands.window.Window`."""
        return self

    # The editor takes longer to build than the welcome page: it is built when a design is opened,
    # or before that, dock by dock, while the window has nothing else to do.

    def build_editor(self) -> "Editor":
        """Return the page on which designs are edited, building what is not built yet."""
        editor = self._begin_editor()
        if not self._built:
            self._built = True
            idle_imports.hurry()
            editor.build()
            self._connect_editor(editor)
        return editor

    def build_docks(self) -> "dict[str, QDockWidget]":
        """Return the docks of the editor by key, building what is not built yet."""
        return self.build_editor().docks

    @property
    def editor(self) -> "Editor":
        """The page on which designs are edited.

        Raises
        ------
        RuntimeError
            No design was opened yet, nor `build_editor` called.
        """
        if self._editor is None:
            raise RuntimeError("The editor is not built: call build_editor first.")
        return self._editor

    @property
    def canvas(self) -> "Canvas":
        """The canvas of the editor."""
        return self.editor.canvas

    @property
    def maps(self) -> "MapOverlay":
        """The feature maps on the canvas."""
        return self.editor.maps

    @property
    def training(self) -> "TrainingPanel":
        """The panel of the Training dock."""
        return self.editor.training

    @property
    def docks(self) -> "dict[str, QDockWidget]":
        """The docks of the editor by key."""
        return self.editor.docks

    @property
    def tabs(self) -> "DocumentTabs":
        """The tabs of the open designs."""
        return self.editor.tabs

    def _begin_editor(self) -> "Editor":
        if self._editor is None:
            from designer.gui.shell.editor import Editor

            self._editor = Editor(self.workspace, self.trainer)
            self._editor.canvas.set_flow(right=self.preferences.direction == "right")
            # Before it has docks: Qt styles a widget again, with all it holds, when it is moved.
            self.pages.addWidget(self._editor)
        return self._editor

    def _preload(self) -> None:
        """Load and build the editor while the user looks at the welcome page."""
        if not self._built:
            idle_imports.run(self, _import_editor, lambda _: self._build_next_dock())

    def _build_next_dock(self) -> None:
        if self._built:
            return
        if self._begin_editor().build_next():
            QTimer.singleShot(_PAUSE_MS, self._build_next_dock)
        else:
            self.build_editor()
            idle_imports.run(self, _import_training, lambda _: None)

    def _connect_editor(self, editor: "Editor") -> None:
        from designer.gui.panels.problems import ProblemsPanel
        from designer.gui.shell.missing_fonts import MissingFonts
        from designer.gui.shell.status import StatusBar

        self.actions_.attach(editor.canvas)
        editor.canvas.set_actions(self.actions_)
        editor.training.changed.connect(self.actions_.refresh_soon)
        editor.maps.changed.connect(self.actions_.refresh_soon)
        editor.export_requested.connect(self.export)
        # Signal(object, object) is all that the stubs know.
        editor.comparison_requested.connect(self.compare_documents)  # type: ignore[call-overload]
        editor.training.set_up.data.browse_wanted.connect(self.show_data)
        editor.training.set_up.preview_wanted.connect(self._show_augmentation)
        editor.training.set_up.data.columns_wanted.connect(self.choose_columns)
        editor.training.set_up.data.dropped.connect(self.show_data)
        self.drop_overlay.watch(editor.training.set_up.data)
        editor.tabs.close_wanted.connect(self.documents.close)
        editor.disk_notice.save_requested.connect(self.documents.save)
        editor.disk_notice.save_as_requested.connect(self.documents.save_as)
        editor.disk_notice.reload_requested.connect(lambda: self.guarded(self.documents.reload))
        self.workspace.refused.connect(editor.canvas.show_refusal)
        self.workspace.code_requested.connect(self.show_own_layers)
        self.workspace.reported.connect(editor.canvas.show_message)
        MissingFonts(self.workspace)
        status = StatusBar(self.workspace, editor.training)
        status.problems_clicked.connect(lambda: self.show_dock("problems"))
        problems = editor.docks["problems"].widget()
        if isinstance(problems, ProblemsPanel):
            problems.training_chosen.connect(self._show_set_up)
        for signal in (self.workspace.problems_changed, self.workspace.changed):
            signal.connect(self._show_training_problem)
        self.workspace.switched.connect(self._show_training_problem)
        self.setStatusBar(status)
        self._window_menu.addSeparator()
        for dock in editor.docks.values():
            self._window_menu.addAction(dock.toggleViewAction())
            dock.visibilityChanged.connect(self.actions_.refresh_soon)
        self._window_menu.addSeparator()
        self._window_menu.addAction("&Reset arrangement", editor.arrange)
        if self.preferences.arrangement:
            arrangement = base64.b64decode(self.preferences.arrangement)
            editor.arrange(arrangement, self.preferences.docks)
        editor.fit(self.pages.width(), self.pages.height())

    def _menus(self) -> None:
        for name in MENUS:
            menu = self.menuBar().addMenu(f"&{name}")
            menu.setToolTipsVisible(True)
            submenus: dict[str, QMenu] = {}
            for key, row in self.actions_.rows.items():
                if row.menu == name:
                    if row.separated:
                        menu.addSeparator()
                    if row.submenu and row.submenu not in submenus:
                        submenus[row.submenu] = menu.addMenu(row.submenu)
                        submenus[row.submenu].setToolTipsVisible(True)
                    submenus.get(row.submenu, menu).addAction(self.actions_[key])
            if name == "File":
                self._recent = QMenu("Open &recent", menu)
                menu.insertMenu(self.actions_["file.welcome"], self._recent)
                self._recent.aboutToShow.connect(self._fill_recent)
            elif name == "Window":
                self._window_menu = menu
                menu.aboutToShow.connect(self.build_editor)  # which fills the menu

    # Actions that concern more than one panel

    def train(self) -> None:
        """Train the current design."""
        self.workspace.end_turn()
        self.show_dock("training")
        self.training.start()

    def train_demo(self) -> None:
        """Open the demo and train it, unless another training is in progress."""
        if self.guarded(self.documents.open_demo) and not self.trainer.occupied:
            self.training.start_when_ready()

    def _show_set_up(self) -> None:
        self.show_dock("training")
        self.training.show_set_up()

    def _show_training_problem(self) -> None:
        problem = self.workspace.training_problem
        sound = self.workspace.document is not None and self.workspace.analysis.valid
        refused = problem is not None and sound and problem.severity.value == "error"
        self.toolbar.show_refusal(problem.message if problem is not None and refused else "")

    def show_data(self) -> "DataWindow":
        """Show the data set of the current design in a window of its own, and return that."""
        if self._data_window is None:
            from designer.gui.data.window import DataWindow

            self._data_window = DataWindow(self.workspace, self.preferences, self)
            self._data_window.model.preview = self.trainer.preview
        self._data_window.appear()
        return self._data_window

    def _show_augmentation(self) -> None:
        self.show_data().show_page("augmentation")

    def measure_times(self) -> None:
        """Measure how long each layer of the current design takes, and show the table."""
        self.show_dock("analysis")
        self._measurement.start()

    def times_refusal(self) -> str:
        """Return why that cannot be done now; "" if it can."""
        return self._measurement.refusal()

    @property
    def _measurement(self) -> "TimeMeasurement":
        from designer.gui.panels.analysis import AnalysisPanel

        panel = self.build_docks()["analysis"].widget()
        assert isinstance(panel, AnalysisPanel)
        return panel.measurement

    def load_weights(self) -> None:
        """Ask for a file of weights to start from, and show which layers they fit."""
        self._show_set_up()
        self.training.set_up.start.choose_file(report=True)

    def choose_columns(self) -> None:
        """Open the dialog on the columns of the table that the current design is trained with."""
        from designer.gui.data.columns_dialog import ColumnsDialog

        data = self._data_window
        above = data if data is not None and data.isVisible() else self
        _open(ColumnsDialog(self.workspace, above))

    def open_design(self, path: Path) -> None:
        """Open the file of a design or of another network."""
        self.documents.open_file(path)

    def use_data(self, path: Path) -> None:
        """Train the current design on a data set, and show the data."""
        self._show_set_up()
        self.training.set_up.take_data(str(path))
        self.show_data()

    def use_weights(self, path: Path) -> None:
        """Let the training of the current design start from weights."""
        self._show_set_up()
        self.training.set_up.start.take(str(path), report=True)

    def try_pictures(self, paths: Sequence[Path]) -> None:
        """Show the network pictures."""
        self.show_dock("try")
        self.editor.try_it.show_paths(paths)

    def paste_files(self) -> bool:
        """Take what the clipboard holds as if it were dropped: files, a path, or a picture.

        Returns whether it held any of these.
        """
        clipboard = QGuiApplication.clipboard()
        paths = clipboard_paths(clipboard.mimeData())
        self.drops.take(paths)
        if not paths and clipboard.mimeData().hasImage() and self.workspace.document is not None:
            self.show_dock("try")
            self.editor.try_it.show_image(clipboard.image())
            return True
        return bool(paths)

    def export(self, run: "Path | Ensemble | None" = None) -> None:
        """Open the export dialog for the current design, a run's best weights, or an ensemble."""
        from designer.gui.export.dialog import ExportDialog

        self.workspace.end_turn()
        _open(ExportDialog(self.workspace, self.trainer, self, source=run))

    def _open_preset(self, choice: "Choice") -> None:
        analysis = self.welcome.gallery.preview.analysis_of(choice)
        self.guarded(
            lambda: self.workspace.open_preset(choice.name, choice.arguments, analysis=analysis)
        )

    def compare(self, choice: "Choice | None" = None) -> None:
        """Open a comparison: of the last edited design with another one, or of two presets."""
        from designer.gui.canvas.side_by_side import SideBySide
        from designer.gui.gallery import comparison

        mine = self.workspace.document or self.welcome.mine
        _open(comparison.dialog(self.workspace, mine, choice, SideBySide, self))

    def compare_documents(self, one: "Document", other: "Document") -> None:
        """Open a comparison of two open designs."""
        from designer.gui.canvas.side_by_side import SideBySide
        from designer.gui.gallery import comparison

        _open(comparison.dialog(self.workspace, one, None, SideBySide, self, other=other))

    def show_own_layers(self, name: str = "") -> None:
        """Open the dialog of the design's own layer types, with one of them chosen."""
        from designer.gui.panels.own_layers_dialog import OwnLayersDialog

        if self.workspace.document is not None:
            _open(OwnLayersDialog(self.workspace, self, name))

    def settings(self) -> None:
        """Open the settings, whose changes take effect at once."""
        from designer.gui.shell.settings import SettingsDialog

        _open(SettingsDialog(self.preferences, self.apply_preferences, self))

    def apply_preferences(self) -> None:
        """Use the preferences as they are now."""
        from PySide6.QtWidgets import QApplication

        numbers.use(self.preferences.numbers)
        application = QApplication.instance()
        if isinstance(application, QApplication) and theme.requested != self.preferences.theme:
            theme.follow(application, self.preferences.theme)
        self.trainer.preferences_changed()
        self.guarded(lambda: preferences.store(self.preferences))
        self.workspace.changed.emit(self.workspace.design, self.workspace.design)

    def find_node(self) -> None:
        """Open the command palette for the nodes of the design."""
        self.command_palette("@")

    def command_palette(self, text: str = "") -> None:
        """Open the command palette with a text in its field."""
        from designer.gui.commands.palette import CommandPalette

        CommandPalette(self, self.actions_, text).popup()

    def tour(self) -> None:
        """Start the tour; without an open design, open the demo first."""
        from designer.gui.commands.tour import Tour

        if self.workspace.document is None:
            self.documents.open_demo()
        Tour(self).begin()

    def open_lesson(self, key: str) -> None:
        """Open the designs of a lesson, those that are open already excepted, and its text."""
        self.guarded(lambda: self._open_lesson(key))

    def _open_lesson(self, key: str) -> None:
        from designer import lessons

        lesson, card = lessons.find(key), self.build_editor().lesson_card
        designs = {
            each.key: lessons.load(each) for each in lesson.designs
        }  # all, or none is opened
        documents = card.opened(lesson)
        for each in lesson.designs:
            if each.key not in documents:
                design, recipe = designs[each.key], lessons.recipe(lesson, each)
                documents[each.key] = self.workspace.add(design, saved=design, recipe=recipe)
        card.begin(lesson, documents)
        self.workspace.show(documents[lesson.designs[0].key])
        self.show_dock(lesson.dock)

    def new_study(self) -> None:
        """Open the form of a new study of the current design."""
        self.show_dock("studies")
        self.editor.studies.ask_for_study()

    def ask_for_study(self, template: str) -> None:
        """Say what a ready-made study does, and start it with its design open if that is wanted."""
        from designer.gui.studies.starting import TemplateDialog

        dialog = TemplateDialog(template, self.trainer.runs_folder / "studies", self)
        dialog.begun.connect(lambda path: self.guarded(lambda: self._show_study(path)))
        _open(dialog)

    def _show_study(self, path: Path) -> None:
        from designer.studies.folder import StudyFolder

        folder = StudyFolder(path)
        design = folder.read_designs()[""]
        opened = [each for each in self.workspace.documents if each.design == design]
        if opened:
            self.workspace.show(opened[-1])
        else:
            self.workspace.add(design, saved=design, recipe=folder.recipe())
        self.show_dock("studies")
        self.editor.studies.choose(path)

    def show_shortcuts(self) -> None:
        """Show all shortcuts."""
        from designer.gui.commands.help import ShortcutsDialog

        _open(ShortcutsDialog(self.actions_, self))

    def about(self) -> None:
        """Show version, license and folders."""
        from designer.gui.commands.help import about

        about(self)

    def show_dock(self, name: str) -> None:
        """Bring a dock to the front, opening it if it is closed."""
        self.build_editor().show_dock(name)

    @property
    def panels_hidden(self) -> bool:
        """Whether the editor shows no panel."""
        return self._built and self.editor.panels_hidden

    def toggle_panels(self) -> None:
        """Hide all panels of the editor, or show again those that were hidden together."""
        self.build_editor().toggle_panels()

    def toggle_full_screen(self) -> None:
        """Use the whole screen, or go back to the window as it was."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def focus_panel(self, step: int) -> None:
        """Send the keys to the next shown panel, or with -1 to the one before."""
        self.build_editor().focus_panel(step)

    def guarded(self, work: Callable[[], object]) -> bool:
        """Do something, show what it refuses, and return whether it was done."""
        try:
            work()
        except DesignerError as error:
            self.show_error(str(error))
            return False
        return True

    def show_error(self, sentence: str) -> None:
        """Show what went wrong: on the canvas, or in a box where there is none."""
        if self.workspace.document is not None:
            self.workspace.refused.emit(sentence)
        else:
            box = QtWidgets.QMessageBox(self)
            box.setIcon(QtWidgets.QMessageBox.Icon.Warning)
            box.setWindowTitle("Network Designer")
            box.setTextFormat(Qt.TextFormat.PlainText)
            box.setText(sentence)
            box.exec()

    def _show_backup_fault(self, sentence: str) -> None:
        notice = self.backup_notice
        notice.tell(sentence, [("OK", notice.hide)])

    # Views of the workspace

    def _name_window(self) -> None:
        document = self.workspace.document
        title = f"{document.title}[*] — Network Designer" if document else "Network Designer"
        self.setWindowTitle(title)
        self.setWindowModified(bool(document and document.modified))

    def _switched(self) -> None:
        if self.workspace.document is None:
            self.pages.setCurrentWidget(self.welcome)
            self.welcome.refresh()
            self._tell_of_training()
        elif not self._built:
            self.build_editor()
            self.workspace.switched.emit()  # again, for the panels that were not built before
        else:
            self.pages.setCurrentWidget(self.editor)
            self.canvas.setFocus()

    def _tell_of_training(self) -> None:
        """Say on the welcome page that a run is being trained, which the editor shows."""
        active = self.trainer.active
        self.welcome.show_running(active.run.path if active is not None else None)

    def show_training(self, run: Path) -> None:
        """Show the design of a run, opened unless it is open already, and the run's curves."""

        def show() -> None:
            from designer.design import files
            from designer.runs.folder import RunFolder

            folder = RunFolder.open(run)
            design = files.read(folder.design)
            opened = [each for each in self.workspace.documents if each.design == design]
            if opened:
                self.workspace.show(opened[-1])
            else:
                self.workspace.add(design, saved=design, recipe=folder.recipe())
            self.show_dock("training")
            self.trainer.show(folder.path)

        self.guarded(show)

    def _fill_recent(self) -> None:
        self._recent.clear()
        for text in self.preferences.recent:
            action = QAction(text.replace("&", "&&"), self._recent)
            action.triggered.connect(
                lambda _=False, path=Path(text): self.documents.open_file(path)
            )
            self._recent.addAction(action)
        if not self.preferences.recent:
            self._recent.addAction("No recent designs").setEnabled(False)

    # Arrangement

    def _restore(self) -> None:
        screens.place_first(self)
        if self.preferences.geometry:
            self.restoreGeometry(QByteArray(base64.b64decode(self.preferences.geometry)))
            screens.keep_on_screen(self)

    def _remember(self) -> None:
        self.preferences.geometry = base64.b64encode(self.saveGeometry().data()).decode()
        if self._built:
            self.preferences.arrangement = base64.b64encode(self.editor.arrangement()).decode()
            self.preferences.docks = self.editor.sizes()
        try:
            preferences.store(self.preferences)
        except DesignerError as error:
            self.statusBar().showMessage(str(error))

    # Events

    def showEvent(self, event: QShowEvent) -> None:
        """Start what can wait until the window is visible."""
        super().showEvent(event)
        if self._seen:
            return
        self._seen = True
        QTimer.singleShot(0, self.trainer.window_shown)
        QTimer.singleShot(_PRELOAD_MS, self._preload)
        QTimer.singleShot(0, lambda: self.guarded(self.autosave.recover))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about unsaved designs; a training continues without the window."""
        finish_typing()
        for document in list(self.workspace.documents):
            if document.modified and not self.documents.may_lose(document):
                event.ignore()
                return
        if not self.trainer.may_close(self):
            event.ignore()
            return
        if self._data_window is not None:
            self._data_window.close()
        self._remember()
        self.foreign.close()
        self.autosave.finish()
        for document in self.workspace.documents:
            self.documents.forget_weights(document)
        self.trainer.close()
        super().closeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept files anywhere on the window."""
        if local_paths(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the dropped designs, and train on the dropped data."""
        event.acceptProposedAction()
        paths = local_paths(event.mimeData())
        self.drops.take(paths)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Paste files where nothing else takes the keys, such as on the welcome page."""
        if not (event.matches(QKeySequence.StandardKey.Paste) and self.paste_files()):
            super().keyPressEvent(event)


def _open(dialog: QDialog) -> None:
    """Show a dialog above its window, and delete it when it is closed."""
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()


def _import_editor() -> None:
    """Import the modules of the editor, in a thread."""
    import designer.gui.shell.editor
    import designer.gui.shell.status  # noqa: F401


def _import_training() -> None:
    """Import what an opened design needs next: data sets and curves; ask for the devices."""
    import designer.data
    import designer.gui.training.curves  # noqa: F401
    from designer.gui.documents import fitting

    fitting.devices()
