"""The Layer statistics dock: histograms and figures of layers, fresh or while they learn."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.errors import DesignerError
from designer.gui.base import background, icons, numbers
from designer.gui.base.boxes import ComboBox, Slider
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.plain_text import wrapped_tip
from designer.gui.base.theme import sans, theme
from designer.gui.documents import graph_paths
from designer.gui.documents.workspace import Workspace
from designer.gui.inside import csv_file
from designer.gui.inside.histogram_view import HistogramView
from designer.gui.inside.invitation import Invitation
from designer.gui.inside.kept_measurements import KeptMeasurements
from designer.gui.inside.measure_now import MeasureNow
from designer.gui.inside.measured_run import MeasuredRun
from designer.gui.inside.node_coloring import NodeColoring
from designer.gui.inside.statistics_choice import StatisticsChoice
from designer.gui.inside.statistics_plots import DepthPage, TimePage
from designer.gui.inside.statistics_table import FigureTable, as_csv
from designer.gui.inside.statistics_values import Shown, histogram_rows, shown, words_of
from designer.gui.inside.warning_list import WarningList
from designer.gui.worker.trainer import Trainer
from designer.recipe.recipe import fields
from designer.runs.folder import RunFolder
from designer.runs.layer_statistics import KINDS, Kind

if TYPE_CHECKING:
    from designer.design.values import Design

_MOST_MEASURED = 12  # measurements in the list of sources
_LEAST_HEIGHT = 40  # pixels of the view


class StatisticsPanel(QWidget):
    """Shows what a run recorded of its layers, or what was measured now.

    Attributes
    ----------
    run
        The measurements of the run that is shown in Training.
    measured
        What was measured in this session, the newest last.
    source
        The measurement that is shown; None for that of the run at `position`.
    position
        The number of the run's measurement that is shown; None for the newest, also as it grows.
    """

    def __init__(self, workspace: Workspace, trainer: Trainer) -> None:
        super().__init__(objectName="statistics-panel")
        self.workspace = workspace
        self.trainer = trainer
        self.run = MeasuredRun(self)
        self.measured: list[Shown] = []
        self.source: Shown | None = None
        self.position: int | None = None
        self.error = ""
        self._of_run: Shown | None = None  # that of the run, with its warnings
        self.coloring = NodeColoring(workspace, self)
        self._design_of_run: Design | None = None
        self._assemble()
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self.refresh)
        self.run.changed.connect(self._run_grew)
        trainer.run_changed.connect(self._follow_run)
        trainer.state_changed.connect(self._watch)
        workspace.selection_changed.connect(self._follow_selection)
        workspace.node_values_changed.connect(self._colors_changed)
        workspace.switched.connect(self._switched)
        theme.changed.connect(self._dress)
        self._dress()
        self.choice.offer(self.kind)
        self._follow_run()

    # Assembling

    def _assemble(self) -> None:
        self.sources = ComboBox(objectName="statistics-source")
        self.sources.setAccessibleName("What is shown")
        self.sources.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.sources.activated.connect(self._source_chosen)
        self.kinds = ComboBox(objectName="statistics-kind")
        self.kinds.setAccessibleName("Kind of values")
        for kind, words in KINDS.items():
            self.kinds.addItem(words.title, kind)
            self.kinds.setItemData(self.kinds.count() - 1, words.help, Qt.ItemDataRole.ToolTipRole)
        self.kinds.currentIndexChanged.connect(self._kind_chosen)
        self.measure = MeasureNow(self.workspace, self.trainer)
        self.measure.measured.connect(self._measured)
        self.measure.refused.connect(self._refused)
        self.measure.busy_changed.connect(self._busy_changed)
        self.keep = QToolButton(objectName="statistics-keep", text="Keep")
        self.keep.setToolTip("Keep this measurement for comparison: it is drawn with others.")
        self.more = QToolButton(objectName="statistics-more")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setToolTip("Copy or save the figures.")
        self.more.setAccessibleName("Copy or save the figures")
        menu = QMenu(self.more)
        menu.addAction("&Copy the table as CSV", self.copy)
        menu.addAction("&Save all figures as CSV…", self.save)
        self.more.setMenu(menu)
        top = QHBoxLayout()
        top.setSpacing(6)
        top.addWidget(self.sources, 1)
        top.addWidget(self.kinds)
        for button in (self.measure, self.keep, self.more):
            top.addWidget(button)
        self.kept = KeptMeasurements()
        self.kept.changed.connect(self._soon_refresh)
        self.keep.clicked.connect(self._keep)
        self.choice = StatisticsChoice(self)
        self.choice.changed.connect(self.refresh)
        self.choice.color_wanted.connect(self._color_nodes)
        self.note = ElidedLabel(name="statistics-note")
        self.note.setProperty("role", "soft")
        self.slider = Slider(Qt.Orientation.Horizontal, objectName="statistics-time")
        self.slider.setAccessibleName("Step of the training")
        self.slider.setToolTip("The step that is shown; at the right end, the newest one.")
        self.slider.valueChanged.connect(self._slid)
        self.step = QLabel(objectName="statistics-step", textFormat=Qt.TextFormat.PlainText)
        self.step.setProperty("role", "soft")
        self.steps = QWidget()
        along = QHBoxLayout(self.steps)
        along.setContentsMargins(0, 0, 0, 0)
        along.setSpacing(10)
        along.addWidget(self.kept)
        along.addWidget(self.slider, 100)
        along.addStretch(1)
        along.addWidget(self.step)
        self.histograms = HistogramView()
        self.choice.same_scale.connect(self.histograms.set_same_scale)
        self.histograms.chosen.connect(lambda path: self._choose([path]))
        self.table = FigureTable()
        self.table.chosen.connect(self._choose)
        self.table.copy_wanted.connect(self.copy)
        self.warnings = WarningList()
        self.warnings.chosen.connect(self._warning_chosen)
        self.pages = QStackedWidget()
        self.pages.setMinimumHeight(_LEAST_HEIGHT)
        self.over_depth, self.over_time = DepthPage(lambda: self.workspace.selection), TimePage()
        self.over_depth.chosen.connect(lambda path: self._choose([path]))
        self.over_time.picked.connect(lambda step, _: self._go_to_step(step))
        self.over_time.moved.connect(lambda by: self._go_to(self._at() + by))
        self.views = {
            "histograms": self.histograms,
            "depth": self.over_depth,
            "time": self.over_time,
            "table": self.table,
            "warnings": self.warnings,
        }
        for view in self.views.values():
            self.pages.addWidget(view)
        self.empty = Invitation(
            "statistics-empty", (("begin", "Measure now", self.measure.measure),)
        )
        self.invitation, (self.begin,) = self.empty.words, self.empty.buttons
        self.pages.addWidget(self.empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 6)
        column.setSpacing(5)
        column.addLayout(top)
        column.addWidget(self.choice)
        column.addWidget(self.note)
        column.addWidget(self.measure.progress)
        column.addWidget(self.pages, 1)
        column.addWidget(self.steps)

    def _dress(self) -> None:
        for button, icon in ((self.measure, "chart"), (self.more, "dots")):
            button.setIcon(icons.icon(icon))
        for button in (self.measure, self.keep):
            button.setFont(sans(0.92))
        self._soon_refresh()

    # What is shown

    @property
    def kind(self) -> Kind:
        """The kind of values that is chosen."""
        found: Kind = self.kinds.currentData()
        return found

    @property
    def current(self) -> Shown | None:
        """The measurement that is shown; None if there is none."""
        return self.source if self.source is not None else self._of_run

    def show_source(self, source: Shown | None) -> None:
        """Show another measurement, or those of the run (None)."""
        self.source = source
        self.error = ""
        self.refresh()

    def _source_chosen(self, row: int) -> None:
        self.show_source(self.sources.itemData(row))

    def _fill_sources(self) -> None:
        rows: list[tuple[str, Shown | None]] = []
        if self.run.path is not None:
            rows.append((f"{self.run.path.name}, while training", None))
        rows += [(one.title, one) for one in reversed(self.measured)]
        known = [
            (self.sources.itemText(row), self.sources.itemData(row))
            for row in range(self.sources.count())
        ]
        if rows != known:
            self.sources.clear()
            for words, one in rows:
                self.sources.addItem(words, one)
        at = [one for _, one in rows]
        self.sources.setCurrentIndex(at.index(self.source) if self.source in at else -1)
        self.sources.setToolTip(wrapped_tip(self.sources.currentText()))
        self.sources.setPlaceholderText("Nothing is measured yet")

    def _kind_chosen(self) -> None:
        self.choice.offer(self.kind)
        self.refresh()

    # Runs and measurements

    def _follow_run(self) -> None:
        """Show the statistics of the run that is shown in Training."""
        follower = self.trainer.shown
        path = follower.run.path if follower is not None else None
        if path != self.run.path:
            self.position, self._of_run, self._design_of_run = None, None, None
            self.error = ""
            if path is not None:
                self.source = None
            elif self.source is None and self.measured:
                self.source = self.measured[-1]
            self.run.follow(path)
            if path is not None:
                self._read_design(path)
        self._watch()
        self._soon_refresh()

    def _read_design(self, path: Path) -> None:
        """Read which design the run trains, to know whether the canvas still shows it."""

        def read() -> "Design":
            from designer.design import files

            return files.read(RunFolder(path).design)

        def done(design: "Design") -> None:
            if path == self.run.path:
                self._design_of_run = design
                self._of_run = None
                self._soon_refresh()

        background.run(self, read, done)

    def _watch(self) -> None:
        """Read the run's file as long as it grows and somebody looks."""
        follower = self.trainer.shown
        growing = follower is not None and follower.going
        if self.isVisible() or self.coloring.active:
            self.run.watch(growing)
        elif self.run.path is not None:
            self.run.watch(False)

    def _run_grew(self) -> None:
        found = self.run.measurements
        if self.position is not None and self.position >= len(found):
            self.position = None  # the run was cut back to a checkpoint
        self._soon_refresh()

    def _measured(self, one: object) -> None:
        assert isinstance(one, Shown)
        titles = [each.title for each in self.measured]
        number = 2
        title = one.title
        while title in titles:
            title = f"{one.title} ({number})"
            number += 1
        one = shown(title, one.measurement, design=one.design, notes=one.notes)
        self.measured = [*self.measured, one][-_MOST_MEASURED:]
        self.show_source(one)

    def _busy_changed(self) -> None:
        if self.measure.busy:
            self.error = ""
        self._soon_refresh()

    def _refused(self, sentence: str) -> None:
        self.error = sentence
        self.refresh()

    def _keep(self) -> None:
        one = self.current
        if one is not None:
            self.kept.keep(one)

    # Time

    def _slid(self, value: int) -> None:
        self._go_to(value)

    def _go_to(self, number: int) -> None:
        """Show a measurement of the run; the last one stays the newest as it grows."""
        last = len(self.run.measurements) - 1
        number = max(0, min(number, last))
        self.position = None if number == last else number
        self._soon_refresh()

    def _at(self) -> int:
        """Return the number of the run's measurement that is shown."""
        last = len(self.run.measurements) - 1
        return last if self.position is None else min(self.position, last)

    def _take_from_run(self) -> None:
        """Take the measurement of the run at the slider's position."""
        found = self.run.measurements
        if not found:
            self._of_run = None
            return
        measurement = found[self._at()]
        if self._of_run is None or self._of_run.measurement is not measurement:
            name = self.run.path.name if self.run.path is not None else ""
            self._of_run = shown(
                f"{name}, step {measurement.step}", measurement, design=self._design_of_run
            )

    # Refreshing

    def showEvent(self, event: QShowEvent) -> None:
        """Show what came while nobody looked."""
        super().showEvent(event)
        self._watch()
        self._soon_refresh()

    def _soon_refresh(self) -> None:
        self._soon.start()

    def refresh(self) -> None:
        """Show the measurement that is chosen in the view that is chosen."""
        self._soon.stop()
        self._take_from_run()
        one = self.current
        if self.coloring.active and one is not None:
            self.coloring.show(one, self.kind, self.choice.figure)
        if not self.isVisible():
            return
        self._fill_sources()
        for button in (self.keep, self.more):
            button.setEnabled(one is not None)
        for starts in (self.measure, self.begin):
            starts.setEnabled(not self.measure.busy)
        self.choice.show_state(
            warnings=len(one.found) if one is not None else 0,
            anything=one is not None,
            colorable=self.workspace.document is not None,
        )
        self._show_notes(one)
        self._show_steps(one)
        self.kept.show_current(one)
        if one is None and not self.kept.kept:
            self._invite()
            return
        view = self.choice.view
        self.pages.setCurrentWidget(self.views[view])
        if view == "histograms":
            self.histograms.show_rows(histogram_rows(one, self.kept.kept, self.kind))
            self.histograms.select(self.workspace.selection)
        elif view == "table":
            self.table.figures.show(one, self.kind)
            self.table.select(self.workspace.selection)
        elif view == "warnings":
            self.warnings.show_warnings(one.found if one is not None else ())
        elif view == "depth":
            self._draw_depth()
        else:
            self._draw_time()

    def _invite(self) -> None:
        self.pages.setCurrentWidget(self.empty)
        growing = self.trainer.shown is not None and self.trainer.shown.going
        if self.run.path is not None and growing:
            words = "The run's layers are shown here as soon as its first steps are measured."
        elif self.run.path is not None and self.run.read:
            setting = fields()["statistics"].setting.title
            words = (
                "This run recorded no statistics of its layers: the recipe's setting "
                f"“{setting}” says how often a training does. You can measure them now."
            )
        else:
            words = (
                "See what the layers give, and how gradients flow back: measure the design now, "
                "without training, or train it and watch."
            )
        self.invitation.setText(words)

    def _show_notes(self, one: Shown | None) -> None:
        words = [self.error or self.run.sentence if self.source is None else self.error]
        words += one.notes if one is not None else ()
        text = " ".join(filter(None, words))
        self.note.setText(text)
        self.note.setToolTip(wrapped_tip(text) if text else "")
        self.note.setVisible(bool(text))

    def _show_steps(self, one: Shown | None) -> None:
        """Show the slider of a run with several measurements, and what was measured."""
        self.steps.setVisible(one is not None or bool(self.kept.kept))
        several = self.source is None and len(self.run.measurements) > 1
        self.slider.setVisible(several)
        if several:
            self.slider.blockSignals(True)
            self.slider.setRange(0, len(self.run.measurements) - 1)
            self.slider.setValue(self._at())
            self.slider.blockSignals(False)
        self.step.setText(words_of(one.measurement) if one is not None else "")

    # Views

    def _shown(self) -> list[Shown]:
        one = self.current
        return [*self.kept.kept, *([one] if one is not None else [])]

    def _draw_depth(self) -> None:
        self.over_depth.draw(
            self._shown(),
            self.kind,
            self.choice.figure,
            log=self.choice.log.isChecked(),
        )

    def _draw_time(self) -> None:
        self.over_time.draw(
            self.run.measurements if self.source is None else [],
            self.kind,
            self.choice.figure,
            log=self.choice.log.isChecked(),
            selection=self.workspace.selection,
            at=self._at(),
        )

    def _go_to_step(self, step: float) -> None:
        found = self.run.measurements
        if found and self.source is None:
            self._go_to(min(range(len(found)), key=lambda each: abs(found[each].step - step)))

    # Selection

    def _choose(self, paths: Sequence[str]) -> None:
        """Select layers on the canvas, if the design that is open has them."""
        if self.workspace.document is None:
            return
        design = self.workspace.design
        existing = [path for path in paths if graph_paths.node_at(design, path) is not None]
        self.workspace.select(existing)
        if len(existing) == 1:
            self.workspace.reveal(existing[0])

    def _warning_chosen(self, path: str, kind: str, figure: str) -> None:
        """Show the layer of a warning, and let the other views show the figure that it is on."""
        self.kinds.setCurrentIndex(list(KINDS).index(kind))  # type: ignore[arg-type]
        self.choice.choose(figure)
        self._choose([path])

    def _follow_selection(self) -> None:
        self.histograms.select(self.workspace.selection)
        if self.isVisible():
            self._soon_refresh()

    # Colors of the nodes

    def _color_nodes(self) -> None:
        """Color the nodes of the current design by the figure, or as usual."""
        one = self.current
        if self.choice.color.isChecked() and one is not None:
            self.coloring.show(one, self.kind, self.choice.figure)
        else:
            self.coloring.remove()

    def _colors_changed(self) -> None:
        self.choice.color.setChecked(self.coloring.active)

    def _switched(self) -> None:
        self._colors_changed()
        self._soon_refresh()

    # As text

    def copy(self) -> None:
        """Copy the rows of the selected layers as CSV, or all if at most one is selected."""
        one = self.current
        if one is None:
            return
        self.table.figures.show(one, self.kind)
        rows = self.table.chosen_rows()
        QGuiApplication.clipboard().setText(as_csv(rows))
        count = numbers.count(len(rows))
        self.workspace.reported.emit("Copied 1 row." if len(rows) == 1 else f"Copied {count} rows.")

    def save(self) -> None:
        """Ask for a file and write the figures of all kinds to it as CSV."""
        one = self.current
        if one is None:
            return
        text = as_csv(one.measurement.layers)
        try:
            path = csv_file.save(self, title="Save the figures", name="layers.csv", text=text)
        except DesignerError as error:
            self.workspace.refused.emit(str(error))
            return
        if path is not None:
            self.workspace.reported.emit(f"The figures were saved as {path}.")
