"""The page on which a design is edited: the canvas with its tabs, and docks around it."""

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QMainWindow,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base.dock_tabs import DockTabs
from designer.gui.canvas.canvas import Canvas
from designer.gui.documents.disk import DiskNotice, DiskWatch
from designer.gui.documents.document_tabs import DocumentTabs
from designer.gui.documents.workspace import Workspace
from designer.gui.gallery.lessons import LessonCard
from designer.gui.inside.map_card import MapCard
from designer.gui.inside.map_overlay import MapOverlay
from designer.gui.inside.try_panel import TryPanel
from designer.gui.shell.dock_layout import DockLayout
from designer.gui.shell.docks import BOTTOM, DOCKS, Context, Dock
from designer.gui.studies.panel import StudiesPanel
from designer.gui.training.panel import TrainingPanel
from designer.gui.worker.trainer import Trainer
from designer.preferences import DockSizes

_ACROSS, _DOWN = Qt.Orientation.Horizontal, Qt.Orientation.Vertical


_DROP_MS = 150  # until a dock that is being dragged is looked at again
_FRAMELESS = Qt.WindowType.FramelessWindowHint | Qt.WindowType.X11BypassWindowManagerHint


class Editor(QMainWindow):
    """Docks around the canvas; the panels know the workspace and not each other.

    It is a page of the main window, and a QMainWindow itself since only that can hold docks.

    Attributes
    ----------
    rows
        The docks to build, as `docks.DOCKS` describes them.
    docks
        The docks built so far, by key.
    maps
        The feature maps on the canvas.
    layout_
        Keeps their sizes in proportion to the window; None until all docks are built.

    Signals
    -------
    export_requested(source)
        The user wants to export the model of the run in this folder, or this ensemble of runs.
    comparison_requested(one, other)
        The user wants to compare the designs of two documents.
    """

    export_requested = Signal(object)
    comparison_requested = Signal(object, object)

    def __init__(
        self, workspace: Workspace, trainer: Trainer, rows: Sequence[Dock] = DOCKS
    ) -> None:
        super().__init__(objectName="editor")
        self.setWindowFlags(Qt.WindowType.Widget)
        self.workspace = workspace
        self.rows = rows
        self.canvas = Canvas(workspace)
        self.maps = MapOverlay(workspace, trainer, self)
        card = MapCard(self.maps, self.canvas.view)
        self.canvas.add_card(card, card.move_to_corner)
        self.tabs = DocumentTabs(workspace)
        self.docks: dict[str, QDockWidget] = {}
        self.layout_: DockLayout | None = None
        center = QWidget()
        column = QVBoxLayout(center)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs)
        self.disk_watch = DiskWatch(workspace, self)
        self.disk_notice = DiskNotice(workspace)
        column.addWidget(self.disk_notice)
        self.lesson_card = LessonCard(workspace)
        column.addWidget(self.lesson_card)
        column.addWidget(self.canvas, 1)
        self.setCentralWidget(center)
        self._trainer = trainer
        self._steps = self._build_in_steps()

    @property
    def training(self) -> TrainingPanel:
        """The panel of the Training dock."""
        panel = self.docks["training"].widget()
        assert isinstance(panel, TrainingPanel)
        return panel

    @property
    def try_it(self) -> TryPanel:
        """The panel of the Try it dock."""
        panel = self.docks["try"].widget()
        assert isinstance(panel, TryPanel)
        return panel

    @property
    def studies(self) -> StudiesPanel:
        """The panel of the Studies dock."""
        panel = self.docks["studies"].widget()
        assert isinstance(panel, StudiesPanel)
        return panel

    def build(self) -> None:
        """Build all docks that are not built yet."""
        for _ in self._steps:
            pass

    def build_next(self) -> bool:
        """Build the next dock and return True; return False when all are built.

        Events are handled between two calls, so the window answers while the docks are built.
        """
        return next(self._steps, False)

    def _build_in_steps(self) -> Iterator[bool]:
        option = QMainWindow.DockOption
        self.setDockOptions(
            option.AnimatedDocks
            | option.AllowNestedDocks
            | option.AllowTabbedDocks
            | option.GroupedDragging
        )
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        for corner in (Qt.Corner.BottomLeftCorner, Qt.Corner.BottomRightCorner):
            self.setCorner(corner, BOTTOM)
        for row in self.rows:
            dock = self._dock(row)
            self._put_in_place(row)
            context = Context(
                self.workspace,
                self._trainer,
                dock,
                export=self.export_requested.emit,
                show=self.show_dock,
                compare=self.comparison_requested.emit,
            )
            dock.setWidget(row.build(context))
            if not row.works_covered:
                self._hide_while_covered(dock)
            yield True
        for row in self.rows:
            if not row.tab_with:
                self.docks[row.key].raise_()
        self._dock_tabs = DockTabs(self)
        self._arrange_at_first()
        if "problems" in self.docks:
            self.workspace.changed.connect(self._count_problems)
            self.workspace.problems_changed.connect(self._count_problems)

    def _dock(self, row: Dock) -> QDockWidget:
        dock = QDockWidget(row.title, self, objectName=_object_name(row))
        self.docks[row.key] = dock
        action = dock.toggleViewAction()
        action.setToolTip(row.help)
        action.setWhatsThis(row.help)
        bare = QWidget(dock)
        dock.setTitleBarWidget(bare)
        soon = QTimer(dock, interval=0, singleShot=True)
        soon.timeout.connect(lambda: self._frame(dock, bare, soon))
        for signal in (dock.topLevelChanged, dock.visibilityChanged, dock.dockLocationChanged):
            signal.connect(soon.start)
        return dock

    def _hide_while_covered(self, dock: QDockWidget) -> None:
        """Hide the panel of a dock while another tab covers the dock.

        For Qt a covered dock is visible, and its panel would be laid out and painted nowhere.
        """
        panel = dock.widget()
        policy = panel.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        panel.setSizePolicy(policy)
        panel.hide()

        def cover(seen: bool) -> None:
            if seen or dock.isVisible():  # not where the whole page is hidden
                focus = panel.focusWidget()
                if focus is not None and not seen:
                    focus.clearFocus()  # else Qt gives it to another widget, such as the canvas
                panel.setVisible(seen or dock.isFloating())

        dock.visibilityChanged.connect(cover)

    def _frame(self, dock: QDockWidget, bare: QWidget, again: QTimer) -> None:
        """Give a floating dock title bar and frame.

        A docked panel is named by its tab or by what it shows, so its title bar is bare. With a
        bare one, Qt makes a floating dock, or a floating group of tabs, a window without frame,
        which cannot be moved. Flags are changed once the user has dropped it.
        """
        outside = dock.window() is not self.window()
        if outside == (dock.titleBarWidget() is bare):
            # None restores Qt's own title bar, which the stubs do not know.
            dock.setTitleBarWidget(None if outside else bare)  # type: ignore[arg-type]
        if not outside:
            return
        if QApplication.mouseButtons() != Qt.MouseButton.NoButton:
            again.start(_DROP_MS)
            return
        window = dock.window()
        flags = window.windowFlags() & ~_FRAMELESS
        if flags != window.windowFlags():
            window.setWindowFlags(flags)
            window.show()

    def _put_in_place(self, row: Dock) -> None:
        """Put a dock where its row says: a tab of a group, or behind the others of its area."""
        dock = self.docks[row.key]
        group = self.docks.get(row.tab_with)
        if group is not None and not group.isFloating():
            self.tabifyDockWidget(group, dock)
        else:
            self.addDockWidget(row.area, dock, _ACROSS if row.area == BOTTOM else _DOWN)

    def _arrange_at_first(self) -> None:
        self.resize(1480, 820)
        layout = self.layout()
        assert layout is not None
        layout.activate()  # else Qt forgets the sizes when it lays the docks out first
        self.layout_ = DockLayout(self, self.rows, self.docks)

    def show_dock(self, name: str) -> None:
        """Bring a dock to the front, opening it if it is closed."""
        self.docks[name].show()
        self.docks[name].raise_()

    def fit(self, width: int, height: int) -> None:
        """Take a size before the page is shown, so that the window need not grow for its docks."""
        self.resize(width, height)
        if self.layout_ is not None:
            self.layout_.fit()

    @property
    def panels_hidden(self) -> bool:
        """Whether no dock is shown."""
        return self.layout_ is not None and self.layout_.hidden

    def focus_panel(self, step: int) -> None:
        """Give the focus to the next group of docks, or with -1 to the one before.

        The canvas comes between the last and the first. A group is entered at what has the focus
        already within its front panel, else at the first widget that takes keys.
        """
        if self.layout_ is None:
            return
        stops: list[QWidget] = [self.canvas, *self.layout_.in_front()]
        focus = self.focusWidget() or self
        held = (number for number, each in enumerate(stops) if each.isAncestorOf(focus))
        focus_first(stops[(next(held, 0) + step) % len(stops)])

    def toggle_panels(self) -> None:
        """Hide all docks, or show again those that were hidden together."""
        if self.layout_ is None:
            return
        if self.layout_.hidden:
            self.layout_.show_hidden()
        else:
            self.layout_.hide_all()

    def arrangement(self) -> bytes:
        """Return where the docks are, in Qt's format."""
        return bytes(self.saveState().data())

    def sizes(self) -> DockSizes | None:
        """Return the sizes that the user gave the docks; None while they are not built."""
        return self.layout_.own if self.layout_ is not None else None

    def arrange(self, arrangement: bytes | None = None, sizes: DockSizes | None = None) -> None:
        """Restore a stored arrangement of the docks; the first one if none is given.

        A dock that is newer than the stored arrangement goes where its row says.
        """
        assert self.layout_ is not None
        self.layout_.reset()
        if not arrangement:
            self.layout_.arrange_all()
            return
        self.restoreState(QByteArray(arrangement))
        if sizes is not None:
            self.layout_.own = sizes
        for row in self.rows:
            if not _names(arrangement, row):
                self._put_in_place(row)
                self.docks[row.key].show()
                if row.tab_with:
                    self.docks[row.tab_with].raise_()
        if sizes is None:
            self.layout_.adopt()
        self.layout_.fit()

    # Events

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.layout_ is not None:
            self.layout_.fit()

    def event(self, event: QEvent) -> bool:
        """Notice when the user lets go of a line between two docks."""
        handled = super().event(event)
        if event.type() == QEvent.Type.MouseButtonRelease and self.layout_ is not None:
            self.layout_.user_resized()
        return handled

    def _count_problems(self) -> None:
        number = len(self.workspace.problems)
        self.docks["problems"].setWindowTitle(f"Problems ({number})" if number else "Problems")


def focus_first(panel: QWidget) -> None:
    """Give the focus to a panel: to the first widget in it that Tab would reach."""
    panel.activateWindow()
    inside = [panel, *panel.findChildren(QWidget)]
    for widget in inside:
        policy = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        if policy == Qt.FocusPolicy.TabFocus and widget.isVisible() and widget.isEnabled():
            widget.setFocus(Qt.FocusReason.TabFocusReason)
            return


def _object_name(row: Dock) -> str:
    """Return the name by which Qt stores where a dock is."""
    return f"dock-{row.key}"


def _names(arrangement: bytes, row: Dock) -> bool:
    """Tell whether a stored arrangement has a place for a dock.

    Qt offers no question for it: it writes each object name as UTF-16 behind its length in bytes.
    """
    name = _object_name(row).encode("utf-16-be")
    return len(name).to_bytes(4, "big") + name in arrangement
