"""The part of the Analysis panel that measures times, and says how long a whole step takes."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QToolButton, QWidget

from designer.analysis.report.formatting import milliseconds
from designer.gui.base import icons
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.theme import sans, theme
from designer.gui.documents.design_differences import same_network
from designer.gui.panels.time_measurement import TimeMeasurement
from designer.runs.layer_times import WHY_SUMS_DIFFER

if TYPE_CHECKING:
    from designer.runs.layer_times import LayerTimes

MEASURE = "Measure times"
HELP = (
    "Measure how long each layer takes, forward and backward, at the recipe's batch size on its "
    "device: about 20 seconds."
)
COLORS = "View > Color nodes by > Time per layer shows the times on the canvas."


class TimesBar(QWidget):
    """A button that measures or cancels, progress meanwhile, and the time of a whole step."""

    def __init__(self, measurement: TimeMeasurement) -> None:
        super().__init__(objectName="times-bar")
        self.measurement = measurement
        self.step = ElidedLabel()
        self.step.setObjectName("step-time")
        self.progress = QProgressBar(objectName="times-progress", textVisible=False)
        self.progress.setRange(0, 1000)
        self.progress.setFixedSize(70, 6)
        self.progress.setAccessibleName("How far the measurement is")
        self.button = QToolButton(objectName="measure-times", autoRaise=True)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.clicked.connect(self._pressed)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        line.addWidget(self.step, 1)
        line.addWidget(self.progress)
        line.addWidget(self.button)
        measurement.changed.connect(self.refresh)
        theme.changed.connect(self.refresh)
        self.use_fonts()
        self.refresh()

    def use_fonts(self) -> None:
        """Use the application's font."""
        self.button.setFont(sans(0.92))
        self.step.setFont(sans(0.92))

    def refresh(self) -> None:
        """Show the state of the measurement and what was measured."""
        running = self.measurement.document is not None
        self.progress.setVisible(running)
        self.progress.setValue(round(1000 * self.measurement.share))
        self.button.setText("Cancel" if running else MEASURE)
        self.button.setIcon(icons.icon("stop" if running else "clock"))
        self.button.setToolTip("End the measurement." if running else HELP)
        self.button.setAccessibleName("Cancel the measurement of times" if running else MEASURE)
        document = self.measurement.workspace.document
        measured = document.times if document is not None else None
        self.step.setVisible(measured is not None and not running)
        if measured is None or document is None:
            return
        stale = not same_network(measured.design, document.design)
        times = measured.times
        whole = milliseconds(times.step.forward + (times.step.backward or 0.0))
        self.step.setText("Before the last edits" if stale else f"Step {whole} ms")
        self.step.setProperty("role", "warning" if stale else "soft")
        self.step.style().unpolish(self.step)
        self.step.style().polish(self.step)
        words = explanation(times)
        if stale:
            words = f"The times were measured before the last edits. {words}"
        self.step.setToolTip(f"<p>{words}</p><p>{COLORS.replace('>', '&gt;')}</p>")
        self.step.setAccessibleName(words)

    def _pressed(self) -> None:
        if self.measurement.document is not None:
            self.measurement.cancel()
        else:
            self.measurement.start()


def explanation(times: "LayerTimes") -> str:
    """Return the times of the whole step, and what the sum of the layers is beside it."""
    step = times.step
    found = [
        f"At batch {times.batch} on {times.device}, a step of the whole network takes "
        f"{milliseconds(step.forward)} ms forward and {milliseconds(step.backward)} ms backward, "
        f"and {milliseconds(step.optimizer)} ms for the optimizer's update.",
        f"The sum of the layers is {times.ratio:.2f} times forward and backward.",
        WHY_SUMS_DIFFER,
        *times.notes,
    ]
    return " ".join(found)
