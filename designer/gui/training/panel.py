"""The Training dock: what is chosen before a run, then its curves, how it gets on and ended."""

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from designer.errors import DesignerError
from designer.gui.base import icons
from designer.gui.base.speed import idle_imports
from designer.gui.base.theme import colors, theme
from designer.gui.documents.workspace import Workspace
from designer.gui.training.controls import Controls
from designer.gui.training.setup import SetUp
from designer.gui.worker.follower import Follower
from designer.gui.worker.trainer import Trainer
from designer.recipe.reading import changed
from designer.runs import control
from designer.runs.wording import summary

if TYPE_CHECKING:
    from designer.gui.training.curves import Curves

BAD = ("diverged", "failed", "interrupted", "damaged", "gone")


class TrainingPanel(QWidget):
    """Set-up and run view, of which one is shown.

    Signals
    -------
    changed()
        `refusal`, `running` or what is estimated is another.
    """

    changed = Signal()

    def __init__(
        self, workspace: Workspace, trainer: Trainer, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, objectName="training")
        self.workspace = workspace
        self.trainer = trainer
        # From the outside in: what is put into another widget is styled again with all it holds.
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        self.pages = QStackedWidget(self)
        whole.addWidget(self.pages)
        self.set_up = SetUp(workspace, self.pages)
        self.pages.addWidget(self.set_up)
        self.set_up.data.data_folder = lambda: trainer.preferences.data_folder
        self.set_up.start.runs_folder = lambda: trainer.runs_folder
        self.set_up.start.ask = trainer.ask
        trainer.runs_changed.connect(self.set_up.start.list_runs)
        self.set_up.train_requested.connect(self.start)
        self.set_up.changed.connect(self._tell)
        self.set_up.data.read.connect(self._want_curves)  # Train is near
        self.controls = Controls(trainer)
        self.curves: QWidget | None = None
        self._curves_wanted = False
        self._assemble()
        trainer.run_changed.connect(self._run_changed)
        trainer.state_changed.connect(self._state_changed)
        trainer.events_arrived.connect(lambda _: self._show_progress())
        trainer.restarted.connect(self._show_progress)
        trainer.refused.connect(workspace.refused)
        workspace.switched.connect(self._tell)
        workspace.changed.connect(lambda *_: self._tell())
        theme.changed.connect(self._dress)
        self._dress()
        self._tell()

    # What the actions need

    @property
    def running(self) -> bool:
        """Whether a training runs that this window follows."""
        return self.trainer.active is not None and self.trainer.active.going

    def refusal(self) -> str:
        """Return why Train cannot be pressed, "" if it can."""
        if self.trainer.beginning:
            return "A training is about to begin."
        if self.running:
            return f"{self.trainer.active.run.path.name} is being trained; stop it first."
        if self.workspace.document is None:
            return "No design is open."
        if not self.workspace.analysis.inputs:
            return "The design has no Input yet."
        if not self.workspace.analysis.valid:
            return "The design has problems; the Problems panel lists them."
        return self.set_up.refusal

    def start(self) -> None:
        """Train the current design as the set-up says."""
        refusal = self.refusal()
        if refusal:
            self.workspace.refused.emit(refusal)
            return
        self._want_curves()
        idle_imports.hurry()
        self.trainer.begin(self.workspace.design, self.set_up.recipe)

    def toggle_pause(self) -> None:
        """Hold the training where it is, or go on."""
        self.controls.toggle_pause()

    def stop(self) -> None:
        """End the training with a checkpoint."""
        self.trainer.steer("stop")

    def checkpoint(self) -> None:
        """Have a checkpoint written."""
        self.trainer.steer("checkpoint")

    # Assembling

    def _assemble(self) -> None:
        self.place = QLabel("The curves come as soon as there are some.")
        self.place.setProperty("role", "faint")
        self.place.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.card = QFrame(objectName="training-card")
        self.sentence = QLabel(objectName="training-sentence", wordWrap=True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.sentence.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.resume = QPushButton("Resume", objectName="training-resume")
        self.resume.clicked.connect(self._resume)
        self.slower = QPushButton("Resume at a third of the rate", objectName="training-slower")
        self.slower.setToolTip("Go on from the last checkpoint with a lower learning rate.")
        self.slower.clicked.connect(self._resume_slower)
        self.halve = QPushButton(objectName="training-halve")
        self.halve.clicked.connect(self._take_batch)
        self.back = QPushButton("Set-up", objectName="training-back")
        self.back.setToolTip("Choose data, recipe and device for the next training.")
        self.back.clicked.connect(self.show_set_up)
        row = QHBoxLayout(self.card)
        row.setContentsMargins(10, 6, 8, 6)
        row.setSpacing(8)
        row.addWidget(self.sentence, 1)
        for button in (self.halve, self.slower, self.resume, self.back):
            row.addWidget(button)
        run = QWidget()
        self.column = QVBoxLayout(run)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(0)
        self.column.addWidget(self.place, 1)
        self.column.addWidget(self.controls)
        self.column.addWidget(self.card)
        self.column.setContentsMargins(0, 2, 0, 0)
        self.run = run
        self.pages.addWidget(run)
        self.return_ = QPushButton("Back to the run", self.set_up, objectName="training-return")
        self.return_.clicked.connect(lambda: self.pages.setCurrentWidget(self.run))
        self.set_up.train.parentWidget().layout().addWidget(self.return_)
        self.return_.hide()

    def _want_curves(self) -> None:
        """Load what draws the curves, which takes half a second, and make them."""
        if self._curves_wanted:
            return
        self._curves_wanted = True
        idle_imports.run(self, _import_curves, self._make_curves)

    def _make_curves(self, curves: type["Curves"]) -> None:
        self.curves = curves(self.trainer)
        self.column.replaceWidget(self.place, self.curves)
        self.place.hide()

    def _dress(self) -> None:
        self.resume.setIcon(icons.icon("play"))
        self._show_card()

    # Following

    def show_set_up(self) -> None:
        """Show what is chosen before a run."""
        self.pages.setCurrentWidget(self.set_up)
        self.return_.setVisible(self.trainer.shown is not None)

    def _run_changed(self) -> None:
        if self.trainer.shown is None:
            self.show_set_up()
            return
        self._want_curves()
        self.pages.setCurrentWidget(self.run)
        self._state_changed()
        self._raise()

    def _raise(self) -> None:
        """Bring the dock to the front, that the run is seen wherever it was asked for."""
        dock = self.parentWidget()
        if isinstance(dock, QDockWidget):
            dock.show()
            dock.raise_()

    def _state_changed(self) -> None:
        follower = self.trainer.shown
        if follower is not None and follower.state == "starting":
            self.pages.setCurrentWidget(self.run)
        self._show_progress()
        self._show_card()
        self._tell()

    def _tell(self) -> None:
        refusal = self.refusal()
        self.set_up.set_refused(refusal)
        if not refusal and self.set_up.data.reading:
            self.trainer.expect(self.set_up.recipe, self.workspace.analysis.inputs[0].shape)
        self.changed.emit()

    def _show_progress(self) -> None:
        follower = self.trainer.shown
        if follower is not None:
            self.controls.show_progress(follower)

    def _show_card(self) -> None:
        """Show how the run ended, in place of the controls."""
        follower = self.trainer.shown
        ended = follower is not None and follower.looked and not follower.going
        self.controls.setVisible(not ended)
        self.card.setVisible(ended)
        if follower is None or not ended:
            return
        bad = follower.state in BAD or self._never_began(follower)
        c = colors()
        back, line = (c.error_panel, c.error) if bad else (c.window, c.window)
        self.card.setStyleSheet(
            f"#training-card {{ background: {back}; border: 1px solid {line}; "
            "border-radius: 6px; margin: 4px 8px; }"
        )
        self.sentence.setText(self.ending(follower))
        resumable = follower.state in ("stopped", "interrupted", "failed", "damaged", "new")
        self.resume.setVisible(resumable)
        self.resume.setText("Resume" if follower.checkpoint else "Start again")
        self.slower.setVisible(follower.state == "diverged" and follower.checkpoint)
        batch = re.search(r"try batch (\d+)", self.sentence.text())
        self.halve.setVisible(batch is not None and follower.state == "failed")
        if batch is not None:
            self.halve.setText(f"Set batch to {batch[1]}")
            self.halve.setProperty("batch", int(batch[1]))

    def _never_began(self, follower: Follower) -> bool:
        return follower.state == "new" and bool(self.trainer.ending_of(follower))

    def ending(self, follower: Follower) -> str:
        """Return how a run ended, or came to rest, in a sentence or two."""
        result, state = follower.result, follower.state
        if state == "gone":
            return (
                f"The folder {follower.run.path} is gone: it was moved, renamed or deleted. "
                "Its curves are shown as they were."
            )
        if state == "damaged":
            return follower.sentence
        if state in ("interrupted", "new"):
            words = self.trainer.ending_of(follower)
            last = follower.history.last.get("checkpoint")
            if follower.checkpoint and last:
                return f"{words} Its last checkpoint is of step {last.get('step', 0):,}."
            return f"{words} There is no checkpoint yet." if state == "interrupted" else words
        if result is None:
            return ""
        if state in ("diverged", "failed"):
            return result.message or f"The training {state}."
        return " ".join(summary(result))

    # Going on

    def _resume(self) -> None:
        if self.trainer.shown is not None:
            self.trainer.resume(self.trainer.shown.run.path)

    def _resume_slower(self) -> None:
        follower = self.trainer.shown
        if follower is None:
            return
        rate = follower.history.last.get("step", {}).get("lr")
        if rate:
            try:
                control.send(follower.run.control, "set_lr", value=rate / 3)
            except DesignerError as error:
                self.workspace.refused.emit(str(error))
                return
        self._resume()

    def _take_batch(self) -> None:
        self.set_up.take(changed(self.set_up.recipe, {"batch": self.halve.property("batch")}))
        self.show_set_up()


def _import_curves() -> type["Curves"]:
    from designer.gui.training.curves import Curves

    return Curves
