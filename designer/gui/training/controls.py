"""The row below the curves: the progress of the training, and its buttons."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QIcon, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.errors import DesignerError
from designer.gui.base import icons, numbers
from designer.gui.base.theme import theme
from designer.gui.worker.follower import Follower
from designer.gui.worker.trainer import Trainer
from designer.recipe.schedules import position
from designer.runs.wording import duration

if TYPE_CHECKING:
    from designer.gui.worker.history import History
    from designer.runs.control import CommandName

PARTS = 1000  # steps of the progress bar
_LEAST = 60  # letters that fit into the least width of the row
USUAL_RATE = 10.0  # a larger learning rate is taken only after a second press of Enter


class Controls(QWidget):
    """Pause, stop, checkpoint and learning rate; epoch, throughput, time left, memory."""

    def __init__(self, trainer: Trainer) -> None:
        super().__init__()
        self.trainer = trainer
        self.pause = _push("Pause", "training-pause", "Pause the training (F8).")
        self.pause.clicked.connect(self.toggle_pause)
        self.stop = _push(
            "Stop", "training-stop", "Write a checkpoint and stop the training (Shift+F5)."
        )
        self.stop.clicked.connect(lambda: trainer.steer("stop"))
        self.checkpoint = QToolButton(
            objectName="training-checkpoint", toolTip="Write a checkpoint now and continue."
        )
        self.checkpoint.setAccessibleName("Checkpoint")
        self.checkpoint.setIconSize(QSize(18, 18))
        self.checkpoint.clicked.connect(lambda: trainer.steer("checkpoint"))
        self.position = _label("training-position")
        self.bar = QProgressBar(objectName="training-progress", maximum=PARTS, textVisible=False)
        self.bar.setAccessibleName("Progress of the training")
        self.bar.setMinimumWidth(40)
        self.speed = _label("training-speed")
        self.device = _label("training-device")
        self.rate = RateField()
        self.rate.setObjectName("training-rate")
        self.rate.setAccessibleName("Learning rate")
        self.rate.setToolTip(
            "The learning rate. Type another one and press Enter: the next step has it, and the "
            "schedule goes on scaled. What that means for later steps is said while you type."
        )
        self.rate.returnPressed.connect(self._set_rate)
        self.rate.textEdited.connect(self._rate_edited)
        self.schedule = _push(
            "Back to the schedule",
            "training-schedule",
            "The learning rate was typed. Use the schedule's own rates again from the next step.",
        )
        self.schedule.clicked.connect(lambda: trainer.steer("schedule_lr"))
        self.schedule.setAccessibleName("Back to the schedule")
        self.schedule.hide()
        self._warned = ""  # the rate above the usual ones that was warned of
        label = QLabel("lr")
        label.setProperty("role", "soft")
        label.setBuddy(self.rate)
        self.note = RateNote()
        self.note.hold.clicked.connect(self._hold_rate)
        self.rate.left.connect(self.note.hide)
        column = QVBoxLayout(self)  # the note above the row, which stays where it is
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.note)
        self.row = row = QHBoxLayout()
        column.addLayout(row)
        row.setContentsMargins(8, 2, 8, 4)
        row.setSpacing(8)
        widgets = (self.pause, self.stop, self.checkpoint, self.position, self.bar, self.speed)
        self.parts = (*widgets, self.device, label, self.rate, self.schedule)
        for widget in self.parts:
            row.addWidget(widget)
        self._short_at = -1  # the width in which the buttons got too narrow for their names
        self._words = ("", "")  # of the position: the epoch, and the step with it
        row.setStretchFactor(self.bar, 1)
        theme.changed.connect(self._dress)
        self._dress()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the row to its width."""
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        """Return a small width, so that texts that get longer never make the window grow."""
        letters = _LEAST * self.fontMetrics().averageCharWidth()
        return QSize(letters, super().minimumSizeHint().height())

    def _fit(self) -> None:
        """Leave out what matters least until the row fits; time left and throughput stay.

        The names of the buttons go last, and come back only in another width: a click is never
        meant for a button that has just moved away from under the pointer.
        """
        if self._short_at != self.width():
            self._short_at = -1
        for level in range(6):
            self.device.setVisible(level < 1)
            self._name_buttons(short=level > 4 or self._short_at >= 0)
            self._name_schedule(level)
            self.position.setText(self._words[level < 2])
            self.bar.setVisible(level < 4)
            if self.needed_width() <= self.width():
                break
        if level > 4:
            self._short_at = self.width()

    def needed_width(self) -> int:
        """Return the least width of the row in pixels; Qt's layout knows it only later.

        The button for the schedule counts even while it is hidden: nothing moves when it appears.
        """
        shown = [each for each in self.parts if not each.isHidden() or each is self.schedule]
        # A width that was set, as those of the bar and the field, is the least one.
        widths = [each.minimumWidth() or each.minimumSizeHint().width() for each in shown]
        margins = self.row.contentsMargins()
        gaps = self.row.spacing() * (len(shown) - 1) + margins.left() + margins.right()
        return sum(widths) + gaps

    def _name_buttons(self, *, short: bool) -> None:
        """Write the texts of the buttons; in a narrow row they have only their icons."""
        steered = self.trainer.steered
        paused = steered is not None and steered.paused
        self.pause.setText("" if short else "Continue" if paused else "Pause")
        self.pause.setAccessibleName("Continue" if paused else "Pause")
        self.stop.setText("" if short else "Stop")

    def _name_schedule(self, level: int) -> None:
        """Write the text of the button for the schedule, shorter in a narrow row."""
        text = "Back to the schedule" if level < 1 else "Schedule" if level < 3 else ""
        self.schedule.setText(text)
        self.schedule.setIcon(QIcon() if text else icons.icon("undo"))

    def toggle_pause(self) -> None:
        """Pause the training, or continue it."""
        steered = self.trainer.steered
        if steered is not None:
            self.trainer.steer("resume" if steered.paused else "pause")

    def show_progress(self, follower: Follower) -> None:
        """Show the progress of a run."""
        history = follower.history
        start, step = history.start, history.last.get("step", {})
        epochs, per_epoch = int(start.get("epochs", 0)), history.steps_per_epoch
        epoch = min(history.step // per_epoch + 1, epochs)
        if not start:
            words = "reading the data" if follower.state == "running" else "starting"
            self._words = (words, words)
        else:
            words = f"epoch {epoch} / {epochs}"
            self._words = (words, f"{words} · step {numbers.count(history.step)}")
        self.position.setToolTip(self._words[1])
        self.bar.setRange(0, PARTS if start else 0)
        self.bar.setValue(round(PARTS * history.step / max(history.total_steps, 1)))
        self.speed.setText(_speed(follower, step))
        self.device.setText(_device(start, step))
        self.device.setToolTip(
            "The device, the memory in use by the training, and the memory of the device."
        )
        self.pause.setIcon(icons.icon("play" if follower.paused else "pause"))
        for widget in (self.pause, self.stop, self.checkpoint, self.rate):
            widget.setEnabled(bool(start) and follower.going)
        self.schedule.setVisible(history.by_hand or history.scaled)
        self.schedule.setEnabled(follower.going)
        rate = _newest_rate(history)
        if rate is not None and not self.rate.typing:
            # A rate that is held is shown as it was typed, one of a schedule is rounded.
            self.rate.setText(f"{rate:.12g}" if history.by_hand else f"{rate:.3g}")
            self.rate.setCursorPosition(0)
        self._fit()

    def _rate_edited(self, text: str) -> None:
        self.rate.typing = True
        rate = _rate(text)
        _mark(self.rate, wrong=rate is None)
        follower = self.trainer.steered
        if rate is None or follower is None:
            self.note.hide()
        else:
            self.note.show_rate(rate, follower)

    def _set_rate(self) -> None:
        self._send_rate("set_lr", max(self.note.peak, _rate(self.rate.text()) or 0.0))

    def _hold_rate(self) -> None:
        self._send_rate("hold_lr", _rate(self.rate.text()) or 0.0)

    def _send_rate(self, command: "CommandName", highest: float) -> None:
        """Send the rate that was typed, unless it must be warned of what follows at first."""
        rate = _rate(self.rate.text())
        if rate is None:
            self.trainer.refused.emit(
                f"The learning rate must be a number above 0, not '{self.rate.text()}': "
                "type another."
            )
            return
        if highest > USUAL_RATE and self._warned != self.rate.text():
            self._warned = self.rate.text()
            self.trainer.refused.emit(
                f"A learning rate of {highest:.3g} is far above the usual ones (0.0001 to 1) and "
                "may destroy the weights: press Enter once more to use it, or type another."
            )
            return
        self._warned = ""
        self.rate.typing = False
        self.note.hide()
        self.trainer.steer(command, rate)

    def _dress(self) -> None:
        self.pause.setIcon(icons.icon("pause"))
        self.stop.setIcon(icons.icon("stop"))
        self.checkpoint.setIcon(icons.icon("checkpoint"))


class RateNote(QWidget):
    """What becomes of the schedule if the rate that is typed is used, and a button that holds it.

    Attributes
    ----------
    peak
        The highest rate that would follow, 0 while nothing is shown.
    """

    def __init__(self) -> None:
        super().__init__(objectName="training-rate-note")
        self.peak = 0.0
        self.words = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.words.setObjectName("training-rate-words")
        self.words.setProperty("role", "soft")
        self.words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.hold = _push(
            "", "training-hold", "Use this rate for all later steps, in place of the schedule."
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 2, 8, 2)
        row.addWidget(self.words, 1)
        row.addWidget(self.hold)
        self.hide()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.peak = 0.0

    def show_rate(self, rate: float, follower: Follower) -> None:
        """Show what a rate would do to the schedule of a run; nothing if its recipe is damaged."""
        from designer.recipe.typed_rates import sentence, typed_rate

        history = follower.history
        try:
            recipe = follower.run.recipe()
        except DesignerError:
            self.hide()
            return
        at = position(
            recipe.schedule,
            base=recipe.optimizer.learning_rate,
            step=history.step,
            epochs=recipe.epochs,
            steps_per_epoch=history.steps_per_epoch,
        )
        found = typed_rate(recipe.schedule, at, rate)
        self.words.setText(sentence(found, steps_per_epoch=history.steps_per_epoch))
        self.hold.setText(f"Hold {rate:g} instead")
        self.hold.setVisible(found.factor is not None)
        self.show()
        self.peak = found.peak


class RateField(QLineEdit):
    """A field that shows the current learning rate, except while the user types another.

    Escape discards what was typed.

    Signals
    -------
    left()
        What was typed was discarded.
    """

    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.typing = False
        self.setFixedWidth(self.fontMetrics().horizontalAdvance("0.000000") + 20)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.typing:
            self.typing = False
            _mark(self, wrong=False)
            self.left.emit()
            return
        super().keyPressEvent(event)


def _speed(follower: Follower, step: dict[str, object]) -> str:
    """Return throughput and time left as text."""
    if follower.silence:  # a promise of a time left would be wrong
        return "no progress"
    if follower.paused:
        return "paused"
    speed, left = step.get("images_per_second"), step.get("seconds_left")
    words = [f"{numbers.count(round(speed))} images/s"] if isinstance(speed, float | int) else []
    if isinstance(left, float | int) and left:
        words.append(f"{duration(left)} left")
    return " · ".join(words)


def _newest_rate(history: "History") -> float | None:
    """Return the learning rate of the newest step, or the one set by hand after it."""
    step, changed = history.last.get("step", {}), history.last.get("lr", {})
    newest = max(step, changed, key=lambda event: event.get("sequence", 0))
    rate = newest.get("lr")
    return rate if isinstance(rate, float | int) else None


def _rate(text: str) -> float | None:
    try:
        rate = numbers.typed(text)
    except ValueError:
        return None
    return rate if 0 < rate < float("inf") else None


def _mark(field: QLineEdit, *, wrong: bool) -> None:
    field.setProperty("wrong", wrong)
    field.style().unpolish(field)
    field.style().polish(field)


def _device(start: dict[str, object], step: dict[str, object]) -> str:
    name = str(start.get("device_name", ""))
    used, total = step.get("memory_bytes"), start.get("memory_bytes")
    if isinstance(used, int) and isinstance(total, int):
        return f"{name} {used / 1e9:.1f} / {total / 1e9:.1f} GB"
    return name


def _push(text: str, name: str, help_: str) -> QPushButton:
    return QPushButton(text, objectName=name, toolTip=help_)


def _label(name: str) -> QLabel:
    return QLabel(objectName=name, textFormat=Qt.TextFormat.PlainText)
