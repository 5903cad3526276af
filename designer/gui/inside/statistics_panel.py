"""The Layer statistics dock: histograms and figures of layers, fresh or while they learn."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base import icons
from designer.gui.base.boxes import ComboBox, Slider
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.plain_text import wrapped_tip
from designer.gui.base.theme import sans, theme
from designer.gui.documents.workspace import Workspace
from designer.gui.inside.kept_measurements import KeptMeasurements
from designer.gui.inside.measure_now import MeasureNow
from designer.gui.inside.node_coloring import NodeColoring
from designer.gui.inside.statistics_choice import StatisticsChoice
from designer.gui.inside.statistics_menu import StatisticsMenu
from designer.gui.inside.statistics_model import StatisticsModel
from designer.gui.inside.statistics_pages import StatisticsPages
from designer.gui.inside.statistics_values import Shown, words_of
from designer.gui.worker.trainer import Trainer
from designer.runs.layer_statistics import KINDS

_NARROW = 55  # letters side by side, below which what is shown has a row of its own


class StatisticsPanel(QWidget):
    """Shows what a run recorded of its layers, or what was measured now.

    Attributes
    ----------
    model
        Which measurement is shown, and of which kind of values.
    pages
        The views that show it.
    """

    def __init__(self, workspace: Workspace, trainer: Trainer) -> None:
        super().__init__(objectName="statistics-panel")
        self.workspace = workspace
        self.trainer = trainer
        self.model = StatisticsModel(trainer, self)
        self.coloring = NodeColoring(workspace, self)
        self._assemble()
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self.refresh)
        self.model.changed.connect(self._soon_refresh)
        trainer.run_changed.connect(self._follow_run)
        trainer.state_changed.connect(self._watch)
        workspace.selection_changed.connect(self._follow_selection)
        workspace.node_values_changed.connect(self._colors_changed)
        workspace.switched.connect(self._switched)
        theme.changed.connect(self._dress)
        self._dress()
        self.choice.offer(self.model.kind)
        self._follow_run()

    # Assembling

    def _assemble(self) -> None:
        self.choice = StatisticsChoice(self)
        self.choice.changed.connect(self.refresh)
        self.choice.color_wanted.connect(self._color_nodes)
        self.pages = StatisticsPages(self.workspace, self.model, self.choice)
        self.pages.warnings.chosen.connect(self._warning_chosen)
        self.note = ElidedLabel(name="statistics-note")
        self.note.setProperty("role", "soft")
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 6)
        column.setSpacing(5)
        column.addLayout(self._top_row())
        column.addWidget(self.choice)
        column.addWidget(self.note)
        column.addWidget(self.measure.progress)
        column.addWidget(self.pages, 1)
        column.addWidget(self._steps_row())

    def _top_row(self) -> QBoxLayout:
        """Return the row with what is shown, and the buttons that measure, keep and copy."""
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
        self.measure.refused.connect(self.model.show_error)
        self.measure.busy_changed.connect(self._busy_changed)
        self.pages.measure_wanted.connect(self.measure.measure)
        self.keep = QToolButton(objectName="statistics-keep", text="Keep")
        self.keep.setToolTip("Keep this measurement for comparison: it is drawn with others.")
        self.keep.clicked.connect(self._keep)
        self.more = StatisticsMenu(self.workspace, self.model, self.pages.table)
        tools = QHBoxLayout()
        tools.setSpacing(6)
        for widget in (self.kinds, self.measure, self.keep, self.more):
            tools.addWidget(widget)
        self._top = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._top.setSpacing(6)
        self._top.addWidget(self.sources, 1)
        self._top.addLayout(tools)
        return self._top

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give what is shown a row of its own in a narrow panel."""
        super().resizeEvent(event)
        narrow = self.width() < _NARROW * self.fontMetrics().horizontalAdvance("m")
        direction = QBoxLayout.Direction
        self._top.setDirection(direction.TopToBottom if narrow else direction.LeftToRight)

    def _steps_row(self) -> QWidget:
        """Return the row with what is kept for comparison, and the step that is shown."""
        self.kept = KeptMeasurements()
        self.kept.changed.connect(self._soon_refresh)
        self.slider = Slider(Qt.Orientation.Horizontal, objectName="statistics-time")
        self.slider.setAccessibleName("Step of the training")
        self.slider.setToolTip("The step that is shown; at the right end, the newest one.")
        self.slider.valueChanged.connect(self.model.go_to)
        self.step = ElidedLabel(name="statistics-step")
        self.step.setProperty("role", "soft")
        self.steps = QWidget()
        row = QHBoxLayout(self.steps)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self.kept)
        row.addWidget(self.slider, 100)
        row.addStretch(1)
        row.addWidget(self.step)
        return self.steps

    def _dress(self) -> None:
        self.measure.setIcon(icons.icon("chart"))
        self.more.setIcon(icons.icon("dots"))
        for button in (self.measure, self.keep):
            button.setFont(sans(0.92))
        self._soon_refresh()

    # Choosing

    def _source_chosen(self, row: int) -> None:
        self.model.show_source(self.sources.itemData(row))

    def _kind_chosen(self) -> None:
        self.model.show_kind(self.kinds.currentData())
        self.choice.offer(self.model.kind)

    def _measured(self, one: object) -> None:
        assert isinstance(one, Shown)
        self.model.add(one)

    def _busy_changed(self) -> None:
        if self.measure.busy:
            self.model.show_error("")
        self._soon_refresh()

    def _keep(self) -> None:
        one = self.model.current
        if one is not None:
            self.kept.keep(one)

    def _warning_chosen(self, path: str, kind: str, figure: str) -> None:
        """Show the layer of a warning, and let the other views show the figure that it is on."""
        self.kinds.setCurrentIndex(list(KINDS).index(kind))  # type: ignore[arg-type]
        self.choice.choose(figure)
        self.pages.choose([path])

    def _follow_selection(self) -> None:
        self.pages.histograms.select(self.workspace.selection)
        if self.isVisible():
            self._soon_refresh()

    # Refreshing

    def showEvent(self, event: QShowEvent) -> None:
        """Show what came while nobody looked."""
        super().showEvent(event)
        self._follow_run()

    def _follow_run(self) -> None:
        self._watch()
        self._soon_refresh()

    def _watch(self) -> None:
        """Read what the run records while somebody looks, here or at the colors of the nodes."""
        self.model.watch(self.isVisible() or self.coloring.active)

    def _soon_refresh(self) -> None:
        self._soon.start()

    def refresh(self) -> None:
        """Show the measurement that is chosen in the view that is chosen."""
        self._soon.stop()
        one = self.model.current
        if self.coloring.active and one is not None:
            self.coloring.show(one, self.model.kind, self.choice.figure)
        if not self.isVisible():
            return
        self._fill_sources()
        for button in (self.keep, self.more):
            button.setEnabled(one is not None)
        for starts in (self.measure, self.pages.begin):
            starts.setEnabled(not self.measure.busy)
        self.choice.show_state(
            warnings=len(one.found) if one is not None else 0,
            anything=one is not None,
            colorable=self.workspace.document is not None,
        )
        self._show_notes(one)
        self._show_steps(one)
        self.kept.show_current(one)
        self.pages.refresh(self.kept.kept)

    def _fill_sources(self) -> None:
        rows = self.model.sources
        known = [
            (self.sources.itemText(row), self.sources.itemData(row))
            for row in range(self.sources.count())
        ]
        if rows != known:
            self.sources.clear()
            for words, one in rows:
                self.sources.addItem(words, one)
        at = [one for _, one in rows]
        self.sources.setCurrentIndex(at.index(self.model.source) if self.model.source in at else -1)
        self.sources.setToolTip(wrapped_tip(self.sources.currentText()))
        self.sources.setPlaceholderText("Nothing is measured yet")

    def _show_notes(self, one: Shown | None) -> None:
        words = [self.model.sentence, *(one.notes if one is not None else ())]
        text = " ".join(filter(None, words))
        self.note.setText(text)
        self.note.setToolTip(wrapped_tip(text) if text else "")
        self.note.setVisible(bool(text))

    def _show_steps(self, one: Shown | None) -> None:
        """Show the slider of a run with several measurements, and what was measured."""
        self.steps.setVisible(one is not None or bool(self.kept.kept))
        several = len(self.model.recorded) > 1
        self.slider.setVisible(several)
        if several:
            self.slider.blockSignals(True)
            self.slider.setRange(0, len(self.model.recorded) - 1)
            self.slider.setValue(self.model.at)
            self.slider.blockSignals(False)
        words = words_of(one.measurement) if one is not None else ""
        self.step.setText(words)
        self.step.setToolTip(wrapped_tip(words) if words else "")

    # Colors of the nodes

    def _color_nodes(self) -> None:
        """Color the nodes of the current design by the figure, or as usual."""
        one = self.model.current
        if self.choice.color.isChecked() and one is not None:
            self.coloring.show(one, self.model.kind, self.choice.figure)
        else:
            self.coloring.remove()

    def _colors_changed(self) -> None:
        self.choice.color.setChecked(self.coloring.active)

    def _switched(self) -> None:
        self._colors_changed()
        self._soon_refresh()
