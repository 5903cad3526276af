"""The main window: assembles the panels around one workspace, and asks before anything is lost."""

import base64
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QByteArray, QSize, Qt, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QMainWindow,
    QMenu,
    QMessageBox,
    QSizePolicy,
    QStackedWidget,
    QTabBar,
    QTabWidget,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.errors import DesignerError
from designer.gui import icons, numbers, preferences
from designer.gui.actions import MENUS, TOOLBAR, Actions
from designer.gui.autosave import Autosave
from designer.gui.canvas.canvas import Canvas
from designer.gui.dock_tabs import DockTabs
from designer.gui.documents import Documents
from designer.gui.inspector.inspector import Inspector
from designer.gui.palette import Palette
from designer.gui.panels.analysis import AnalysisPanel
from designer.gui.panels.code import CodePanel
from designer.gui.panels.problems import ProblemsPanel
from designer.gui.panels.status import StatusBar
from designer.gui.theme import colours, theme
from designer.gui.training.evaluation import EvaluationPanel
from designer.gui.training.panel import TrainingPanel
from designer.gui.training.runs import RunsPanel
from designer.gui.training.trainer import Trainer
from designer.gui.welcome import Welcome
from designer.gui.workspace import Workspace

_AREA = Qt.DockWidgetArea
_H = Qt.Orientation.Horizontal


class MainWindow(QMainWindow):
    """Docks around the canvas; the panels know the workspace and not each other."""

    def __init__(self, remembered: preferences.Preferences) -> None:
        super().__init__(objectName="main-window")
        self.preferences = remembered
        self.workspace = Workspace(self)
        self.trainer = Trainer(remembered, self)
        self.canvas = Canvas(self.workspace)
        self.training = TrainingPanel(self.workspace, self.trainer)
        self.runs = RunsPanel(self.workspace, self.trainer)
        self.problems = ProblemsPanel(self.workspace)
        self.actions_ = Actions(self)
        self.canvas.set_actions(self.actions_)
        self.welcome = Welcome(self.workspace, remembered)
        self.welcome.open_requested.connect(self.actions_["file.open"].trigger)
        self.welcome.new_requested.connect(self.actions_["file.new"].trigger)
        self.welcome.preset_requested.connect(
            lambda name: self.guarded(lambda: self.workspace.open_preset(name))
        )
        self.welcome.tour_requested.connect(self.tour)
        self.welcome.demo_requested.connect(lambda: self.guarded(self.documents.open_demo))
        self.docks: dict[str, QDockWidget] = {}
        self._seen = False
        self._assemble()
        self.autosave = Autosave(self.workspace, remembered, self)
        self.documents = Documents(self, self.autosave)
        self.welcome.file_requested.connect(self.documents.open_file)
        self.workspace.refused.connect(self.canvas.show_refusal)
        self.workspace.told.connect(self.canvas.show_message)
        self.workspace.documents_changed.connect(self._documents_changed)
        self.workspace.switched.connect(self._switched)
        theme.changed.connect(self._draw_tabs)
        self.setAcceptDrops(True)
        self._restore()
        self._documents_changed()
        self._switched()
        self.actions_.refresh()

    # Assembling

    def _assemble(self) -> None:
        self.tabs = QTabBar(
            objectName="documents", movable=False, tabsClosable=True, expanding=False
        )
        self.tabs.setDrawBase(False)
        self.tabs.currentChanged.connect(self._tab_chosen)
        editor = QWidget()
        column = QVBoxLayout(editor)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs)
        column.addWidget(self.canvas, 1)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.welcome)
        self.pages.addWidget(editor)
        self.editor = editor
        self.setCentralWidget(self.pages)
        self.setDockOptions(
            QMainWindow.DockOption.AnimatedDocks
            | QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
            | QMainWindow.DockOption.GroupedDragging
        )
        self.setTabPosition(_AREA.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        for corner in (Qt.Corner.BottomLeftCorner, Qt.Corner.BottomRightCorner):
            self.setCorner(corner, _AREA.BottomDockWidgetArea)
        self._dock("palette", "Layers", Palette(self.workspace), _AREA.LeftDockWidgetArea)
        self._dock("inspector", "Inspector", Inspector(self.workspace), _AREA.RightDockWidgetArea)
        bottom = _AREA.BottomDockWidgetArea
        first = self._dock("analysis", "Analysis", AnalysisPanel(self.workspace), bottom)
        second = self._dock("training", "Training", self.training, bottom)
        self.splitDockWidget(first, second, Qt.Orientation.Horizontal)
        for name, title, widget, beside in (
            ("problems", "Problems", self.problems, first),
            ("code", "Code", CodePanel(self.workspace), first),
            ("runs", "Runs", self.runs, second),
            ("evaluation", "Evaluation", EvaluationPanel(self.trainer), second),
        ):
            self.tabifyDockWidget(beside, self._dock(name, title, widget, bottom))
        first.raise_()
        second.raise_()
        self._dock_tabs = DockTabs(self)
        self._menus()
        self._toolbar()
        status = StatusBar(self.workspace, self.training)
        status.problems_clicked.connect(lambda: self.show_dock("problems"))
        self.setStatusBar(status)
        self.workspace.changed.connect(self._count_problems)

    def _dock(self, name: str, title: str, widget: QWidget, area: _AREA) -> QDockWidget:
        dock = QDockWidget(title, self, objectName=f"dock-{name}")
        dock.setWidget(widget)
        self.addDockWidget(area, dock)
        self.docks[name] = dock
        # Docks in the window are named by their tabs or by what they hold; a floating one needs
        # a frame to be moved by.
        bare = QWidget(dock)
        dock.setTitleBarWidget(bare)
        dock.topLevelChanged.connect(
            lambda floating: dock.setTitleBarWidget(None if floating else bare)
        )
        return dock

    def _menus(self) -> None:
        for name in MENUS:
            menu = self.menuBar().addMenu(f"&{name}")
            menu.setToolTipsVisible(True)
            for key, row in self.actions_.rows.items():
                if row.menu == name:
                    if row.separated:
                        menu.addSeparator()
                    menu.addAction(self.actions_[key])
            if name == "File":
                self._recent = QMenu("Open &recent", menu)
                menu.insertMenu(self.actions_["file.welcome"], self._recent)
                self._recent.aboutToShow.connect(self._fill_recent)
            elif name == "Window":
                for dock in self.docks.values():
                    menu.addAction(dock.toggleViewAction())
                menu.addSeparator()
                menu.addAction("&Arrange as at first", self.reset_arrangement)

    def _toolbar(self) -> None:
        bar = QToolBar("Toolbar", self, objectName="toolbar", movable=False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        for action in self.actions_.some(TOOLBAR):
            if action is None:
                bar.addSeparator()
                continue
            bar.addAction(action)
            button = bar.widgetForAction(action)
            if action.objectName() in ("edit.undo", "edit.redo"):
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            if action.objectName() == "train.start":
                button.setProperty("primary", True)
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        bar.addWidget(space)
        search = QToolButton(text="Search commands, layers, nodes…  Ctrl+K", objectName="search")
        search.setProperty("role", "search")
        search.setToolTip(self.actions_.rows["help.commands"].help)
        search.clicked.connect(self.actions_["help.commands"].trigger)
        bar.addWidget(search)
        self.addToolBar(bar)

    # What the actions do beyond one panel

    def train(self) -> None:
        """Train the current design."""
        self.show_dock("training")
        self.training.start()

    def export(self) -> None:
        """Ask for formats and a place, and write model files."""
        from designer.gui.export import ExportDialog

        ExportDialog(self.workspace, self.trainer, self).exec()

    def settings(self) -> None:
        """Show the settings; they count at once."""
        from designer.gui.settings import SettingsDialog

        SettingsDialog(self.preferences, self.apply_preferences, self).exec()

    def apply_preferences(self) -> None:
        """Use the preferences as they are now."""
        from PySide6.QtWidgets import QApplication

        numbers.use(self.preferences.numbers)
        application = QApplication.instance()
        if isinstance(application, QApplication) and theme.wish != self.preferences.theme:
            theme.follow(application, self.preferences.theme)
        self.trainer.preferences_changed()
        self.guarded(lambda: preferences.store(self.preferences))
        self.workspace.changed.emit(self.workspace.design, self.workspace.design)

    def find(self) -> None:
        """Go to a node by typing its name."""
        self.command_palette("@")

    def command_palette(self, text: str = "") -> None:
        """Find actions, layers, nodes, presets and files by typing."""
        from designer.gui.command_palette import CommandPalette

        CommandPalette(self, text).popup()

    def tour(self) -> None:
        """Show the first steps."""
        from designer.gui.tour import Tour

        if self.workspace.document is None:
            self.documents.open_demo()
        Tour(self).begin()

    def show_shortcuts(self) -> None:
        """Show all shortcuts."""
        from designer.gui.help import ShortcutsDialog

        ShortcutsDialog(self.actions_, self).exec()

    def about(self) -> None:
        """Show version, licence and folders."""
        from designer.gui.help import about

        about(self)

    def show_dock(self, name: str) -> None:
        """Bring a dock to the front, opening it if it is closed."""
        self.docks[name].show()
        self.docks[name].raise_()

    def guarded(self, work: Callable[[], object]) -> bool:
        """Do something; what it refuses becomes a sentence. Returns whether it was done."""
        try:
            work()
        except DesignerError as error:
            self.tell_error(str(error))
            return False
        return True

    def tell_error(self, sentence: str) -> None:
        """Say what went wrong, where the user looks."""
        if self.workspace.document is not None:
            self.workspace.refused.emit(sentence)
        else:
            QMessageBox.warning(self, "Network Designer", sentence)

    # Views of the workspace

    def _documents_changed(self) -> None:
        documents = self.workspace.documents
        self.tabs.blockSignals(True)
        while self.tabs.count() > len(documents):
            self.tabs.removeTab(self.tabs.count() - 1)
        while self.tabs.count() < len(documents):
            self._add_tab()
        for index, document in enumerate(documents):
            mark = " •" if document.modified else ""
            self.tabs.setTabText(index, f"{document.title}{mark}".replace("&", "&&"))
            self.tabs.setTabToolTip(index, str(document.path or "Not saved yet"))
        if self.workspace.document is not None:
            self.tabs.setCurrentIndex(documents.index(self.workspace.document))
        self.tabs.blockSignals(False)
        document = self.workspace.document
        title = f"{document.title}[*] — Network Designer" if document else "Network Designer"
        self.setWindowTitle(title)
        self.setWindowModified(bool(document and document.modified))

    def _add_tab(self) -> None:
        index = self.tabs.addTab("")
        button = QToolButton(self.tabs, objectName="close-tab", toolTip="Close")
        button.setProperty("role", "close-tab")
        button.setIcon(icons.icon("close", colours().soft_text))
        button.setIconSize(QSize(12, 12))
        # Tabs are added and removed at the end, so that a tab's place never changes.
        button.clicked.connect(lambda: self.documents.close(self.workspace.documents[index]))
        self.tabs.setTabButton(index, QTabBar.ButtonPosition.RightSide, button)

    def _draw_tabs(self) -> None:
        for index in range(self.tabs.count()):
            button = self.tabs.tabButton(index, QTabBar.ButtonPosition.RightSide)
            button.setIcon(icons.icon("close", colours().soft_text))

    def _tab_chosen(self, index: int) -> None:
        if 0 <= index < len(self.workspace.documents):
            self.workspace.show(self.workspace.documents[index])

    def _switched(self) -> None:
        open_ = self.workspace.document is not None
        self.pages.setCurrentWidget(self.editor if open_ else self.welcome)
        if open_:
            self.canvas.setFocus()
        else:
            self.welcome.refresh()

    def _count_problems(self) -> None:
        number = len(self.workspace.analysis.problems)
        self.docks["problems"].setWindowTitle(f"Problems ({number})" if number else "Problems")

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
        self.resize(1480, 920)
        self.resizeDocks([self.docks["palette"], self.docks["inspector"]], [216, 320], _H)
        self.resizeDocks([self.docks["analysis"], self.docks["training"]], [640, 800], _H)
        self.resizeDocks([self.docks["analysis"]], [300], Qt.Orientation.Vertical)
        self._first_arrangement = self.saveState()
        if self.preferences.geometry:
            self.restoreGeometry(QByteArray(base64.b64decode(self.preferences.geometry)))
        if self.preferences.arrangement:
            self.restoreState(QByteArray(base64.b64decode(self.preferences.arrangement)))

    def reset_arrangement(self) -> None:
        """Put every dock back where it was at first."""
        self.restoreState(self._first_arrangement)

    def _remember(self) -> None:
        self.preferences.geometry = base64.b64encode(self.saveGeometry().data()).decode()
        self.preferences.arrangement = base64.b64encode(self.saveState().data()).decode()
        try:
            preferences.store(self.preferences)
        except DesignerError as error:
            self.statusBar().showMessage(str(error))

    # Events

    def showEvent(self, event: QShowEvent) -> None:
        """Start what may wait until the window is seen."""
        super().showEvent(event)
        if self._seen:
            return
        self._seen = True
        QTimer.singleShot(0, self.trainer.window_shown)
        QTimer.singleShot(0, lambda: self.guarded(self.autosave.recover))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about unsaved designs; a training goes on without the window."""
        for document in list(self.workspace.documents):
            if document.modified and not self.documents.may_lose(document):
                event.ignore()
                return
        if not self.trainer.may_close(self):
            event.ignore()
            return
        self._remember()
        self.autosave.finish()
        self.trainer.close()
        super().closeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files that are dropped anywhere on the window."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.documents.open_file(Path(url.toLocalFile()))


_H = Qt.Orientation.Horizontal


def _file_name(name: str) -> str:
    return (
        "".join(c for c in name.lower().replace(" ", "-") if c.isalnum() or c in "-_") or "design"
    )
