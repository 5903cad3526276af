"""The views of the Layer statistics dock: histograms, plots, table, warnings, an invitation."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget

from designer.gui.documents import graph_paths
from designer.gui.documents.workspace import Workspace
from designer.gui.inside.histogram_view import HistogramView
from designer.gui.inside.invitation import Invitation
from designer.gui.inside.statistics_choice import StatisticsChoice
from designer.gui.inside.statistics_model import StatisticsModel
from designer.gui.inside.statistics_plots import DepthPage, TimePage
from designer.gui.inside.statistics_table import FigureTable
from designer.gui.inside.statistics_values import Shown, histogram_rows
from designer.gui.inside.warning_list import WarningList
from designer.recipe.recipe import fields

_LEAST_HEIGHT = 40  # pixels


class StatisticsPages(QStackedWidget):
    """Shows a measurement in the view that is chosen, and selects the layers chosen there.

    Signals
    -------
    measure_wanted()
        The button of the invitation was pressed.
    """

    measure_wanted = Signal()

    def __init__(
        self, workspace: Workspace, model: StatisticsModel, choice: StatisticsChoice
    ) -> None:
        super().__init__()
        self.workspace = workspace
        self.model = model
        self.choice = choice
        self.setMinimumHeight(_LEAST_HEIGHT)
        self.histograms = HistogramView()
        choice.same_scale.connect(self.histograms.set_same_scale)
        self.histograms.chosen.connect(lambda path: self.choose([path]))
        self.table = FigureTable()
        self.table.chosen.connect(self.choose)
        self.warnings = WarningList()
        self.over_depth, self.over_time = DepthPage(lambda: workspace.selection), TimePage()
        self.over_depth.chosen.connect(lambda path: self.choose([path]))
        self.over_time.picked.connect(lambda step, _: model.go_to_step(step))
        self.over_time.moved.connect(lambda by: model.go_to(model.at + by))
        self.views = {
            "histograms": self.histograms,
            "depth": self.over_depth,
            "time": self.over_time,
            "table": self.table,
            "warnings": self.warnings,
        }
        for view in self.views.values():
            self.addWidget(view)
        self.empty = Invitation(
            "statistics-empty", (("begin", "Measure now", self.measure_wanted.emit),)
        )
        self.invitation, (self.begin,) = self.empty.words, self.empty.buttons
        self.addWidget(self.empty)

    def refresh(self, kept: Sequence[Shown]) -> None:
        """Show the current measurement beside those that are kept, or how to get one."""
        model, selection = self.model, self.workspace.selection
        one = model.current
        if one is None and not kept:
            self.setCurrentWidget(self.empty)
            self.invitation.setText(_invitation(model))
            return
        view, figure, log = self.choice.view, self.choice.figure, self.choice.log.isChecked()
        self.setCurrentWidget(self.views[view])
        if view == "histograms":
            self.histograms.show_rows(histogram_rows(one, kept, model.kind))
            self.histograms.select(selection)
        elif view == "table":
            self.table.figures.show(one, model.kind)
            self.table.select(selection)
        elif view == "warnings":
            self.warnings.show_warnings(one.found if one is not None else ())
        elif view == "depth":
            every = [*kept, *([one] if one is not None else [])]
            self.over_depth.draw(every, model.kind, figure, log=log)
        else:
            self.over_time.draw(
                model.recorded, model.kind, figure, log=log, selection=selection, at=model.at
            )

    def choose(self, paths: Sequence[str]) -> None:
        """Select layers on the canvas, if the design that is open has them."""
        if self.workspace.document is None:
            return
        design = self.workspace.design
        existing = [path for path in paths if graph_paths.node_at(design, path) is not None]
        self.workspace.select(existing)
        if len(existing) == 1:
            self.workspace.reveal(existing[0])


def _invitation(model: StatisticsModel) -> str:
    """Return why nothing is shown, and what helps."""
    if model.run.path is not None and model.growing:
        return "The run's layers are shown here as soon as its first steps are measured."
    if model.run.path is not None and model.run.read:
        setting = fields()["statistics"].setting.title
        return (
            "This run recorded no statistics of its layers: the recipe's setting "
            f"“{setting}” says how often a training does. You can measure them now."
        )
    return (
        "See what the layers give, and how gradients flow back: measure the design now, "
        "without training, or train it and watch."
    )
