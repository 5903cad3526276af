"""The Training dock: the set-up of a run, then its curves, its progress and how it ended."""

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QDockWidget,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from designer.errors import DesignerError
from designer.gui.base import background, icons, numbers
from designer.gui.base.speed import idle_imports
from designer.gui.base.theme import colors, theme
from designer.gui.documents.workspace import Workspace
from designer.gui.training.advice_strip import AdviceStrip
from designer.gui.training.advising import Advising
from designer.gui.training.controls import Controls
from designer.gui.training.run_recipe import RunRecipe
from designer.gui.training.run_title import RunTitle
from designer.gui.training.setup import SetUp, skip_words
from designer.gui.training.train_on_dialog import TrainOnDialog
from designer.gui.worker.follower import Follower
from designer.gui.worker.trainer import Trainer
from designer.recipe.data import Data, reading_settings
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from designer.runs import control, launch
from designer.runs.begin import network_info
from designer.runs.states import TRAINED_ON
from designer.runs.wording import summary

if TYPE_CHECKING:
    from designer.gui.training.curves import Curves

_LETTERS, _LINES = 60, 11  # that have room in the least size of the panel
BAD = ("diverged", "failed", "interrupted", "damaged", "gone")


class TrainingPanel(QWidget):
    """A stack of pages: the set-up of the next run, the shown run, and the set-up of that one.

    Signals
    -------
    changed()
        `refusal`, `running` or the memory estimate has changed.
    """

    changed = Signal()

    def __init__(
        self, workspace: Workspace, trainer: Trainer, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, objectName="training")
        self.workspace = workspace
        self.trainer = trainer
        # Built from the outside in: Qt styles a widget with all its children again when it is
        # put into another.
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
        trainer.runs_changed.connect(self._has_begun)
        self.set_up.train_requested.connect(self.start)
        self.set_up.running_wanted.connect(self._show_running)
        self.set_up.rate_wanted.connect(self.find_rate)
        self.set_up.changed.connect(self._update_refusal)
        self.set_up.data.read.connect(self._want_curves)  # Train is likely to be pressed soon
        self.controls = Controls(trainer)
        self.curves: QWidget | None = None
        self._curves_wanted = False
        self._begun_with: Data | None = None  # how the newest training here reads its data
        self._starting = False  # whether Train was pressed and no run came of it yet
        self.advising = Advising(workspace, trainer, self.set_up)
        self.advice = AdviceStrip(workspace, self.set_up, self.advising)
        self._assemble()
        trainer.run_changed.connect(self._run_changed)
        trainer.state_changed.connect(self._state_changed)
        trainer.events_arrived.connect(lambda _: self._show_progress())
        trainer.overlays_changed.connect(self._show_card)
        trainer.restarted.connect(self._show_progress)
        trainer.refused.connect(workspace.refused)
        trainer.refused.connect(self._refused)
        trainer.reported.connect(workspace.reported)
        workspace.switched.connect(self._switched)
        workspace.changed.connect(lambda *_: self._update_refusal())
        theme.changed.connect(self._dress)
        self._dress()
        self._update_refusal()
        if trainer.shown is not None:  # a training that goes on since before this window
            self._run_changed()

    def minimumSizeHint(self) -> QSize:
        """Return the same size always, so that no text of a run moves the docks or the window."""
        return self.sizeHint()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(_LETTERS * metrics.averageCharWidth(), _LINES * metrics.height())

    # What the actions need

    @property
    def running(self) -> bool:
        """Whether a run that this window follows is being trained."""
        return self.trainer.steered is not None and self.trainer.steered.going

    def refusal(self) -> str:
        """Return why the design cannot be trained now, "" if it can."""
        if self.trainer.beginning:
            return "A training is being started."
        if self.workspace.document is None:
            return "No design is open."
        if not self.workspace.analysis.inputs:
            return "The design has no Input: add one."
        if not self.workspace.analysis.valid:
            return "The design has problems; the Problems panel lists them."
        return self.set_up.refusal

    def start(self) -> None:
        """Train the current design with the recipe of the set-up."""
        refusal = self.refusal()
        if refusal:
            self.workspace.refused.emit(refusal)
            return
        self._want_curves()
        idle_imports.hurry()
        self.set_up.show_failure("")
        self._starting = True
        self.set_up.adapt()
        self._begun_with = reading_settings(self.set_up.recipe.data)
        self.trainer.begin(self.workspace.design, self.set_up.recipe)

    def find_rate(self) -> None:
        """Open the dialog that looks for a learning rate for the current design."""
        if self.workspace.document is None:
            return
        if refusal := self.refusal():
            self.workspace.refused.emit(refusal)
            return
        from designer.gui.training.rate_dialog import RateDialog

        design, adaptation = self.workspace.design, self.set_up.adaptation
        design = design if adaptation is None else adaptation(design)
        dialog = RateDialog(design, self.set_up.recipe, self.trainer, self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.taken.connect(self.set_up.take_rate)
        dialog.open()

    def start_when_ready(self) -> None:
        """Train the current design once its data are read, unless another is current by then."""
        document = self.workspace.document

        def look() -> None:
            if self.workspace.document is not document or self.set_up.data.error:
                self.changed.disconnect(look)
            elif not self.refusal() and self.set_up.data.reading is not None:
                self.changed.disconnect(look)
                self.start()

        self.changed.connect(look)
        look()

    def toggle_pause(self) -> None:
        """Pause the training, or continue it."""
        self.controls.toggle_pause()

    def stop(self) -> None:
        """Write a checkpoint and stop the training."""
        self.trainer.steer("stop")

    def checkpoint(self) -> None:
        """Write a checkpoint and continue."""
        self.trainer.steer("checkpoint")

    # Assembling

    def _assemble(self) -> None:
        self.placeholder = QLabel("Curves are shown here after the first step.")
        self.placeholder.setProperty("role", "faint")
        self.placeholder.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.card = QFrame(objectName="training-card")
        self.sentence = QLabel(
            objectName="training-sentence", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.sentence.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.resume = QPushButton("Resume", objectName="training-resume")
        self.resume.clicked.connect(self._resume)
        self.find_data = QPushButton("Choose data…", objectName="training-find-data")
        self.find_data.setToolTip(
            "Say where the data of this run are now, and resume it with them. They must be those "
            "that it was trained on."
        )
        menu = QMenu(self.find_data)
        menu.addAction("Folder…").triggered.connect(self._choose_data_folder)
        menu.addAction("File…").triggered.connect(self._choose_data_file)
        self.find_data.setMenu(menu)
        self.slower = QPushButton("Resume at a third of the rate", objectName="training-slower")
        self.slower.setToolTip(
            "Continue from the last checkpoint; all later learning rates are a third of what they "
            "would be."
        )
        self.slower.clicked.connect(self._resume_slower)
        self.train_on = QPushButton("Train on…", objectName="training-train-on")
        self.train_on.setToolTip(
            "Continue for more epochs, in a new run that begins from all of this one's state."
        )
        self.train_on.clicked.connect(self._train_on)
        self.halve = QPushButton(objectName="training-halve")
        self.halve.clicked.connect(self._take_batch)
        self.skip = QPushButton(objectName="training-skip")
        self.skip.clicked.connect(self._skip_and_train)
        self.back = QPushButton("New training", objectName="training-back")
        self.back.setToolTip("Choose data, recipe and device of the next run.")
        self.back.clicked.connect(self.show_set_up)
        self.card_row = row = QHBoxLayout(self.card)
        row.addWidget(self.sentence, 1)
        # Beside the title, so that the card has the whole width and its text few lines.
        self.onward = QWidget()
        buttons = QHBoxLayout(self.onward)
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.setSpacing(8)
        remedies = (self.skip, self.find_data, self.halve, self.slower, self.resume)
        for button in (*remedies, self.train_on, self.back):
            buttons.addWidget(button)
        self.silence = QFrame(objectName="training-silence")
        self.silence_words = QLabel(
            objectName="training-silence-words", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.silence_words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.end_worker = QPushButton("End the worker", objectName="training-end-worker")
        self.end_worker.setToolTip(
            "End the process that trains. The run can then be resumed from its last checkpoint."
        )
        self.end_worker.clicked.connect(self._end_worker)
        warning = QHBoxLayout(self.silence)
        warning.setContentsMargins(10, 6, 8, 6)
        warning.addWidget(self.silence_words, 1)
        warning.addWidget(self.end_worker)
        self.silence.hide()
        run = QWidget()
        self.column = QVBoxLayout(run)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(0)
        self.title = RunTitle(self.workspace, self.trainer, self.onward)
        self.title.recipe_wanted.connect(self.show_recipe)
        self.title.next_wanted.connect(self.show_set_up)
        self.title.identified.connect(self._show_card)
        self.column.addWidget(self.title)
        self.column.addWidget(self.placeholder, 1)
        self.column.addWidget(self.advice)
        self.column.addWidget(self.silence)
        self.column.addWidget(self.controls)
        self.column.addWidget(self.card)
        self.run = run
        self.pages.addWidget(run)
        self.recipe = RunRecipe(self.pages)
        self.recipe.left.connect(lambda: self.pages.setCurrentWidget(self.run))
        self.recipe.used.connect(self._use_recipe)
        self.pages.addWidget(self.recipe)
        self.return_ = QPushButton("Back to the run", self.set_up, objectName="training-return")
        self.return_.clicked.connect(lambda: self.pages.setCurrentWidget(self.run))
        rows = self.set_up.device_rows
        rows.insertWidget(rows.indexOf(self.set_up.train) + 1, self.return_)  # in sight with it
        self.return_.hide()

    def _want_curves(self) -> None:
        """Create the curves once; importing pyqtgraph for them takes half a second."""
        if self._curves_wanted:
            return
        self._curves_wanted = True
        idle_imports.run(self, import_curves, self._make_curves)

    def _make_curves(self, curves: type["Curves"]) -> None:
        self.curves = curves(self.trainer)
        self.column.replaceWidget(self.placeholder, self.curves)
        self.placeholder.hide()

    def _dress(self) -> None:
        self.silence.setStyleSheet(_card_style("training-silence", bad=True))
        self.resume.setIcon(icons.icon("play"))
        self._show_card()

    # Following

    def show_set_up(self) -> None:
        """Show the set-up of the next run."""
        self.pages.setCurrentWidget(self.set_up)
        self.return_.setVisible(self.trainer.shown is not None)

    def show_recipe(self) -> None:
        """Show the set-up that the shown run uses, which cannot be changed."""
        follower, identity = self.trainer.shown, self.title.identity
        if follower is None or identity is None:
            return
        now = self.set_up.recipe if self.workspace.document is not None else None
        self.recipe.show_recipe(follower.run.path.name, identity.recipe, now)
        self.pages.setCurrentWidget(self.recipe)

    def _use_recipe(self, recipe: Recipe) -> None:
        self.set_up.take(recipe)
        self.show_set_up()

    def _switched(self) -> None:
        """Leave the run for the set-up when a design is shown that is not the run's."""
        follower = self.trainer.shown
        # A training in progress stays in view, and its title says of which design it is.
        ended = follower is not None and not follower.going
        shown = self.pages.currentWidget() is not self.set_up
        if ended and shown and self.title.same_design is False:
            self.show_set_up()
        self._update_refusal()

    def _refused(self, sentence: str) -> None:
        """Keep in view why a training could not be begun.

        Its folder cannot be written, or its worker refused it before the first step.
        """
        if self._starting or self.trainer.shown is None:
            self._starting = False
            same_data = self._begun_with == reading_settings(self.set_up.recipe.data)
            skip = self.trainer.skip_of_refused() if same_data else None
            self.set_up.show_failure(sentence, skip)

    def _has_begun(self) -> None:
        self._starting = False

    def _run_changed(self) -> None:
        if self.trainer.shown is None:
            self.show_set_up()
            return
        self._want_curves()
        # A training that the queue starts does not interrupt who sets up another one.
        if not self.trainer.by_itself or not self.set_up.isVisible():
            self.pages.setCurrentWidget(self.run)
        self._state_changed()
        if not self.trainer.by_itself:
            self._raise()

    def _show_running(self) -> None:
        """Show the run that is being trained."""
        if self.trainer.active is not None:
            self.trainer.show(self.trainer.active.run.path)

    def _raise(self) -> None:
        """Bring the dock to the front, whichever panel the run was chosen in."""
        dock = self.parentWidget()
        if isinstance(dock, QDockWidget):
            dock.show()
            dock.raise_()

    def _state_changed(self) -> None:
        follower = self.trainer.shown
        starting = follower is not None and follower.state == "starting"
        if starting and not self.trainer.by_itself:
            self.pages.setCurrentWidget(self.run)
        self._show_progress()
        self._show_card()
        self._update_refusal()

    def _update_refusal(self) -> None:
        refusal = self.refusal()
        self.set_up.set_refused(refusal)
        active = self.trainer.active
        going = active is not None and active.going
        self.set_up.show_running(active.run.path.name if active is not None and going else "")
        if not refusal and self.set_up.data.reading:
            self.trainer.expect(self.set_up.recipe, network_info(self.workspace.analysis))
        self.changed.emit()

    def _show_progress(self) -> None:
        follower = self.trainer.shown
        if follower is not None:
            self.title.show_run(follower)
            self.controls.show_progress(follower)
            self.silence.setVisible(bool(follower.silence) and follower.going)
            self.silence_words.setText(follower.silence)

    def _show_card(self) -> None:
        """Show how the run ended instead of the controls, once it has."""
        follower = self.trainer.shown
        own = follower.run.path if follower is not None else None
        compared = any(path != own for path in self.trainer.overlays)
        self.advice.make_room(makes_room=compared)
        ended = follower is not None and follower.looked and not follower.going
        self.controls.setVisible(not ended)
        self.card.setVisible(ended)
        self.onward.setVisible(ended)
        if follower is None or not ended:
            return
        not_resumed = bool(self._why_not_resumed(follower))
        bad = follower.state in BAD or self._failed_to_begin(follower) or not_resumed
        self.card.setStyleSheet(_card_style("training-card", bad=bad))
        self._lay_out_card(bad=bad)
        self.sentence.setText(self.ending(follower))
        well = not bad and follower.result is not None
        # The legend of compared runs tells the accuracy of each, and the curves need the height.
        self.card.setVisible(not (well and compared))
        resumable = follower.state in ("stopped", "interrupted", "failed", "damaged", "new")
        self.resume.setVisible(resumable)
        lacks_data = resumable and self.trainer.lacks_data(follower.run.path)
        self.find_data.setVisible(lacks_data)
        if lacks_data:
            self.sentence.setText(f"{self.sentence.text()} Where are the data now?")
        fresh = follower.state == "new" and not self._failed_to_begin(follower)
        again = "Start" if fresh else "Start again"
        self.resume.setText("Resume" if follower.checkpoint else again)
        self.train_on.setVisible(follower.state in TRAINED_ON and follower.checkpoint)
        self.slower.setVisible(follower.state == "diverged" and follower.checkpoint)
        batch = re.search(r"try batch (\d+)", self.sentence.text())
        self.halve.setVisible(batch is not None and follower.state == "failed")
        if batch is not None:
            self.halve.setText(f"Set batch to {batch[1]}")
            self.halve.setProperty("batch", int(batch[1]))
        self._offer_skip(follower)
        self.title.fit()

    def _offer_skip(self, follower: Follower) -> None:
        """Offer to leave out the broken pictures at which a run failed, and to train again."""
        skip = follower.result.skip if follower.result is not None else None
        identity = self.title.identity
        known = identity is not None and identity.recipe is not None and identity.design is not None
        self.skip.setVisible(skip is not None and follower.state == "failed" and known)
        if skip is not None and identity is not None and identity.recipe is not None:
            words, help_ = skip_words(skip, identity.recipe.data.skip)
            self.skip.setText(words)
            self.skip.setToolTip(help_)
            self.resume.hide()  # it would fail at the same picture

    def _lay_out_card(self, *, bad: bool) -> None:
        """Put bad news below the title, whose buttons help against them, else below the curves."""
        at = self.column.indexOf(self.title) + 1 if bad else self.column.count() - 1
        if self.column.indexOf(self.card) != at:
            self.column.removeWidget(self.card)
            self.column.insertWidget(at, self.card)
        self.card_row.setContentsMargins(*((10, 6, 8, 6) if bad else (0, 0, 0, 2)))

    def _failed_to_begin(self, follower: Follower) -> bool:
        return follower.state == "new" and self.trainer.tried(follower)

    def _why_not_resumed(self, follower: Follower) -> str:
        """Return why a worker did not continue the run, "" if it did or was not asked."""
        result = follower.result
        refused = self.trainer.refusal_of(follower.run.path)
        # A training that failed by itself has its reason in its result.
        return "" if result is None or result.message == refused else refused

    def ending(self, follower: Follower) -> str:
        """Return in one or two sentences how a run ended or was interrupted."""
        result, state = follower.result, follower.state
        if state == "gone":
            return (
                f"The folder {follower.run.path} is missing: it was moved, renamed or deleted. "
                "The curves show what was read before."
            )
        if state == "damaged":
            return follower.sentence
        if state == "new" and not self._failed_to_begin(follower):
            return "This training has not started yet."
        if state in ("interrupted", "new"):
            words = self.trainer.ending_of(follower)
            last = follower.history.last.get("checkpoint")
            if follower.checkpoint and last:
                step = numbers.count(last.get("step", 0))
                return f"{words} The last checkpoint was written at step {step}."
            return f"{words} There is no checkpoint yet." if state == "interrupted" else words
        refused = self._why_not_resumed(follower)
        if refused:
            return refused
        if result is None:
            return ""
        if state == "diverged":
            return result.message or "The training diverged."
        if state == "failed":
            return result.message or "The training failed."
        # The result of the test, if there is one, comes first.
        first, *others = summary(result)
        return numbers.unbroken(" ".join([*reversed(others), first]))

    # Resuming

    def _resume(self) -> None:
        if self.trainer.shown is not None:
            self.trainer.resume(self.trainer.shown.run.path)

    def _choose_data_folder(self) -> None:
        self._resume_with(
            QFileDialog.getExistingDirectory(
                self, "Folder of the run's data", str(self._data_folder())
            )
        )

    def _choose_data_file(self) -> None:
        from designer.data.formats import file_filter  # with numpy, which takes 0.1 s

        text, _ = QFileDialog.getOpenFileName(
            self, "File of the run's data", str(self._data_folder()), file_filter()
        )
        self._resume_with(text)

    def _data_folder(self) -> Path:
        """Return the folder that the data of the shown run were in, or one above that exists."""
        follower = self.trainer.shown
        if follower is not None:
            with suppress(DesignerError, OSError):
                before = Path(follower.run.data_source())
                if before.is_absolute():
                    return next(each for each in before.parents if each.exists())
        return Path(self.trainer.preferences.data_folder or Path.home())

    def _resume_with(self, data: str) -> None:
        if data and self.trainer.shown is not None:
            self.trainer.resume(self.trainer.shown.run.path, Path(data))

    def _resume_slower(self) -> None:
        follower = self.trainer.shown
        if follower is None:
            return
        try:
            control.send(follower.run.control, "scale_lr", value=1 / 3)
        except DesignerError as error:
            self.workspace.refused.emit(str(error))
            return
        self._resume()

    def _end_worker(self) -> None:
        """End the worker of the shown run, which is stopped or hangs."""
        follower = self.trainer.shown
        pid = follower.run.worker() if follower is not None else None
        if pid is None:
            return
        # In a thread, as the system may take seconds to end it.
        background.run(self, lambda: launch.end(pid), lambda _: None, self.workspace.refused.emit)

    def _train_on(self) -> None:
        follower = self.trainer.shown
        if follower is None:
            return
        try:
            TrainOnDialog.ask(self.trainer, follower.run.path, self.window())
        except DesignerError as error:
            self.workspace.refused.emit(str(error))

    def _skip_and_train(self) -> None:
        """Train the shown run's design again, by its recipe but without the broken pictures."""
        follower, identity = self.trainer.shown, self.title.identity
        if follower is None or follower.result is None or identity is None:
            return
        skip, recipe, design = follower.result.skip, identity.recipe, identity.design
        if skip is None or recipe is None or design is None:
            return
        if not skip:
            self.set_up.data.browse_wanted.emit()
            return
        changes = {"data.skip": skip}
        if self.workspace.document is not None and (
            reading_settings(self.set_up.recipe.data) == reading_settings(recipe.data)
        ):
            self.set_up.take(changed(self.set_up.recipe, changes))
        self.trainer.begin(design, changed(recipe, changes))

    def _take_batch(self) -> None:
        self.set_up.take(changed(self.set_up.recipe, {"batch": self.halve.property("batch")}))
        self.show_set_up()


def _card_style(name: str, *, bad: bool) -> str:
    """Return the style of a frame that reports something, which may be bad news."""
    c = colors()
    if not bad:
        return f"#{name} {{ border: 0; margin: 0 8px; }}"
    return (
        f"#{name} {{ background: {c.error_panel}; border: 1px solid {c.error}; "
        "border-radius: 6px; margin: 4px 8px; }"
    )


def import_curves() -> type["Curves"]:
    """Import pyqtgraph, which takes half a second, and return the class that uses it."""
    from designer.gui.training.curves import Curves

    return Curves
