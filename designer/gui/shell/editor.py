"""The page on which a design is worked on: the canvas with its tabs, and docks around it."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from PySide6.QtCore import QByteArray, Qt, Signal
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QVBoxLayout, QWidget

from designer.gui.base.dock_tabs import DockTabs
from designer.gui.canvas.canvas import Canvas
from designer.gui.documents.document_tabs import DocumentTabs
from designer.gui.documents.workspace import Workspace
from designer.gui.inspector.inspector import Inspector
from designer.gui.palette.palette import Palette
from designer.gui.panels.analysis import AnalysisPanel
from designer.gui.panels.code import CodePanel
from designer.gui.panels.problems import ProblemsPanel
from designer.gui.training.evaluation import EvaluationPanel
from designer.gui.training.panel import TrainingPanel
from designer.gui.training.runs import RunsPanel
from designer.gui.worker.trainer import Trainer

_AREA = Qt.DockWidgetArea
DOCKS = 8
_ACROSS, _DOWN = Qt.Orientation.Horizontal, Qt.Orientation.Vertical


class Editor(QMainWindow):
    """Docks around the canvas; the panels know the workspace and not each other.

    It is a page of the main window; Qt lets docks only be in a window of this kind.

    Signals
    -------
    export_requested(path)
        The user wants to export the model of the run in this folder.
    """

    export_requested = Signal(Path)

    def __init__(self, workspace: Workspace, trainer: Trainer) -> None:
        super().__init__(objectName="editor")
        self.setWindowFlags(Qt.WindowType.Widget)
        self.workspace = workspace
        self.canvas = Canvas(workspace)
        self.tabs = DocumentTabs(workspace)
        self.docks: dict[str, QDockWidget] = {}
        center = QWidget()
        column = QVBoxLayout(center)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs)
        column.addWidget(self.canvas, 1)
        self.setCentralWidget(center)
        self._trainer = trainer
        self._steps = self._fill()

    def build(self, steps: int | None = None) -> bool:
        """Make the next docks, or all; returns whether there are more to make.

        In steps, so that the window stays awake while this is done ahead of its first use.
        """
        for _ in islice(self._steps, steps):
            pass
        return len(self.docks) < DOCKS

    def _fill(self) -> Iterator[None]:
        option = QMainWindow.DockOption
        self.setDockOptions(
            option.AnimatedDocks
            | option.AllowNestedDocks
            | option.AllowTabbedDocks
            | option.GroupedDragging
        )
        self.setTabPosition(_AREA.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        for corner in (Qt.Corner.BottomLeftCorner, Qt.Corner.BottomRightCorner):
            self.setCorner(corner, _AREA.BottomDockWidgetArea)
        workspace, bottom = self.workspace, _AREA.BottomDockWidgetArea
        palette = self._dock("palette", "Layers", _AREA.LeftDockWidgetArea)
        palette.setWidget(Palette(workspace))
        yield
        inspector = self._dock("inspector", "Inspector", _AREA.RightDockWidgetArea)
        inspector.setWidget(Inspector(workspace))
        yield
        analysis = self._dock("analysis", "Analysis", bottom)
        analysis.setWidget(AnalysisPanel(workspace))
        yield
        training = self._dock("training", "Training", bottom)
        self.splitDockWidget(analysis, training, _ACROSS)
        yield
        self.training = TrainingPanel(workspace, self._trainer, training)
        training.setWidget(self.training)
        yield
        for name, title, make, beside in (
            ("problems", "Problems", lambda: ProblemsPanel(workspace), analysis),
            ("code", "Code", lambda: CodePanel(workspace), analysis),
            ("runs", "Runs", self._runs, training),
            ("evaluation", "Evaluation", lambda: EvaluationPanel(self._trainer), training),
        ):
            dock = self._dock(name, title, bottom)
            self.tabifyDockWidget(beside, dock)
            dock.setWidget(make())
            yield
        analysis.raise_()
        training.raise_()
        self._dock_tabs = DockTabs(self)
        self._arrange_at_first()
        workspace.changed.connect(self._count_problems)

    def _runs(self) -> RunsPanel:
        panel = RunsPanel(self.workspace, self._trainer)
        panel.export_requested.connect(self.export_requested)
        return panel

    def _arrange_at_first(self) -> None:
        docks = self.docks
        self.resize(1480, 820)
        self.resizeDocks([docks["palette"], docks["inspector"]], [216, 320], _ACROSS)
        self.resizeDocks([docks["analysis"], docks["training"]], [720, 720], _ACROSS)
        self.resizeDocks([docks["analysis"]], [300], _DOWN)
        self.layout().activate()  # else Qt forgets the sizes when it lays the docks out first
        self._first_arrangement = self.saveState()

    def _dock(self, name: str, title: str, area: _AREA) -> QDockWidget:
        dock = QDockWidget(title, self, objectName=f"dock-{name}")
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

    def show_dock(self, name: str) -> None:
        """Bring a dock to the front, opening it if it is closed."""
        self.docks[name].show()
        self.docks[name].raise_()

    def arrangement(self) -> bytes:
        """Return where the docks are, in Qt's own words."""
        return bytes(self.saveState().data())

    def arrange(self, arrangement: bytes | None = None) -> None:
        """Put the docks where they were, at first if nothing else is given."""
        self.restoreState(QByteArray(arrangement) if arrangement else self._first_arrangement)

    def _count_problems(self) -> None:
        number = len(self.workspace.analysis.problems)
        self.docks["problems"].setWindowTitle(f"Problems ({number})" if number else "Problems")
