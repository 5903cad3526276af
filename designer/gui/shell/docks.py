"""The docks around the canvas: one row each.

To add a dock, write its panel and add a row to `DOCKS`. The window builds the docks in the order
of the table and makes its menu, its first arrangement and the commands of the palette from it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QWidget

from designer.gui.documents.document import Document
from designer.gui.documents.workspace import Workspace
from designer.gui.evaluation.panel import EvaluationPanel
from designer.gui.inside.maps_panel import MapsPanel
from designer.gui.inside.statistics_panel import StatisticsPanel
from designer.gui.inside.try_panel import TryPanel
from designer.gui.inspector.inspector import Inspector
from designer.gui.palette.palette import Palette
from designer.gui.panels.analysis import AnalysisPanel
from designer.gui.panels.code import CodePanel
from designer.gui.panels.problems import ProblemsPanel
from designer.gui.studies.panel import StudiesPanel
from designer.gui.training.panel import TrainingPanel
from designer.gui.training.runs import RunsPanel
from designer.gui.worker.trainer import Trainer
from designer.runs.ensembles import Ensemble

LEFT = Qt.DockWidgetArea.LeftDockWidgetArea
RIGHT = Qt.DockWidgetArea.RightDockWidgetArea
BOTTOM = Qt.DockWidgetArea.BottomDockWidgetArea


@dataclass(frozen=True)
class Context:
    """What a panel may be built from.

    Attributes
    ----------
    workspace
        The open designs.
    trainer
        The trainings of this window.
    dock
        The dock that will hold the panel.
    export
        Opens the export dialog for the run in a folder, or for an ensemble of runs.
    show
        Brings the dock with this key to the front.
    compare
        Opens the comparison of the designs of two documents.
    """

    workspace: Workspace
    trainer: Trainer
    dock: QDockWidget
    export: Callable[[Path | Ensemble], object]
    show: Callable[[str], object]
    compare: Callable[[Document, Document], object]


@dataclass(frozen=True)
class Dock:
    """A row of the table.

    Attributes
    ----------
    key
        The name in the code. Stored arrangements know the dock as ``dock-`` and the key, so a key
        is never changed.
    title
        What the tab and the Window menu say.
    help
        One sentence for the tooltip in the Window menu and for the command palette.
    area
        The side of the window where it is first.
    build
        Makes its panel.
    tab_with
        The key of an earlier dock of the area, in whose group it is a tab.
    width
        The first width in pixels of a dock that is no tab.
    works_covered
        Whether the panel goes on as if it were seen while another tab covers it.
    """

    key: str
    title: str
    help: str
    area: Qt.DockWidgetArea
    build: Callable[[Context], QWidget]
    tab_with: str = ""
    width: int = 0
    works_covered: bool = False


def _runs(context: Context) -> RunsPanel:
    panel = RunsPanel(context.workspace, context.trainer)
    panel.export_requested.connect(context.export)  # type: ignore[call-overload]  # a signal has no types
    return panel


def _studies(context: Context) -> StudiesPanel:
    panel = StudiesPanel(context.workspace, context.trainer)
    panel.training_wanted.connect(lambda: context.show("training"))
    # Signal(object, object) is all that the stubs know.
    panel.comparison_wanted.connect(context.compare)  # type: ignore[call-overload]
    return panel


def _evaluation(context: Context) -> EvaluationPanel:
    panel = EvaluationPanel(context.trainer)
    panel.try_wanted.connect(lambda: context.show("try"))
    context.trainer.ensemble_wanted.connect(lambda _: context.show("evaluation"))
    return panel


DOCKS = (
    Dock(
        "palette",
        "Layers",
        "Layers, blocks and presets to add to the design.",
        LEFT,
        lambda c: Palette(c.workspace),
        width=216,
    ),
    Dock(
        "inspector",
        "Inspector",
        "Settings, shape and cost of what is selected.",
        RIGHT,
        lambda c: Inspector(c.workspace),
        width=320,
    ),
    Dock(
        "analysis",
        "Analysis",
        "A table of all layers with their shapes and costs.",
        BOTTOM,
        lambda c: AnalysisPanel(c.workspace, c.trainer),
        width=720,
    ),
    Dock(
        "training",
        "Training",
        "The set-up of a training, then its curves.",
        BOTTOM,
        # Given its dock at once: a panel that is moved into it later would be styled twice.
        lambda c: TrainingPanel(c.workspace, c.trainer, c.dock),
        width=720,
        works_covered=True,  # it reads the data, and says everywhere why they cannot be trained
    ),
    Dock(
        "problems",
        "Problems",
        "What is wrong with the design, with fixes.",
        BOTTOM,
        lambda c: ProblemsPanel(c.workspace),
        tab_with="analysis",
    ),
    Dock(
        "code",
        "Code",
        "The PyTorch source of the design.",
        BOTTOM,
        lambda c: CodePanel(c.workspace),
        tab_with="analysis",
    ),
    Dock(
        "maps",
        "Maps",
        "What the selected layer computes for a picture, its filters, and what speaks for a class.",
        BOTTOM,
        lambda c: MapsPanel(c.workspace, c.trainer, c.dock),
        tab_with="analysis",
    ),
    Dock(
        "runs",
        "Runs",
        "Earlier trainings, to compare and to continue.",
        BOTTOM,
        _runs,
        tab_with="training",
    ),
    Dock(
        "studies",
        "Studies",
        "Many trainings that answer one question: what varies, and what it does.",
        BOTTOM,
        _studies,
        tab_with="training",
    ),
    Dock(
        "evaluation",
        "Evaluation",
        "All figures of a trained network: confusion matrix, curves, calibration, mistakes.",
        BOTTOM,
        _evaluation,
        tab_with="training",
    ),
    Dock(
        "try",
        "Try it",
        "What a network says of pictures that you drop, paste or draw.",
        BOTTOM,
        lambda c: TryPanel(c.workspace, c.trainer),
        tab_with="training",
    ),
    Dock(
        "statistics",
        "Layer statistics",
        "Histograms and figures of activations, gradients and weights, layer by layer.",
        BOTTOM,
        lambda c: StatisticsPanel(c.workspace, c.trainer),
        tab_with="training",
    ),
)
