"""The row below the curves: the progress of the training, and its buttons."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QToolButton,
    QWidget,
)

from designer.gui.base import icons, numbers
from designer.gui.base.theme import theme
from designer.gui.worker.follower import Follower
from designer.gui.worker.trainer import Trainer
from designer.runs.wording import duration

PARTS = 1000  # steps of the progress bar
# The least width of the row, in letters, at which the device and the speed are shown.
DEVICE_FROM, SPEED_FROM = 112, 92


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
            "The learning rate. Type another one and press Enter to use it from the next step on."
        )
        self.rate.returnPressed.connect(self._set_rate)
        self.rate.textEdited.connect(self._rate_edited)
        label = QLabel("lr")
        label.setProperty("role", "soft")
        label.setBuddy(self.rate)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 8)
        row.setSpacing(8)
        widgets = (self.pause, self.stop, self.checkpoint, self.position, self.bar, self.speed)
        for widget in (*widgets, self.device, label, self.rate):
            row.addWidget(widget)
        row.setStretchFactor(self.bar, 1)
        theme.changed.connect(self._dress)
        self._dress()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide the device first and then the throughput where there is no room for them."""
        super().resizeEvent(event)
        letters = self.width() / self.fontMetrics().averageCharWidth()
        self.device.setVisible(letters > DEVICE_FROM)
        self.speed.setVisible(letters > SPEED_FROM)

    def toggle_pause(self) -> None:
        """Pause the training, or continue it."""
        active = self.trainer.active
        if active is not None:
            self.trainer.steer("resume" if active.paused else "pause")

    def show_progress(self, follower: Follower) -> None:
        """Show the progress of a run."""
        history = follower.history
        start, step = history.start, history.last.get("step", {})
        epochs, per_epoch = int(start.get("epochs", 0)), history.steps_per_epoch
        epoch = min(history.step // per_epoch + 1, epochs)
        if not start:
            self.position.setText("reading the data" if follower.state == "running" else "starting")
        else:
            self.position.setText(f"epoch {epoch} / {epochs} · step {numbers.count(history.step)}")
        self.bar.setRange(0, PARTS if start else 0)
        self.bar.setValue(round(PARTS * history.step / max(history.total_steps, 1)))
        words = []
        if follower.paused:
            words.append("paused")
        elif step:
            words.append(f"{numbers.count(round(step.get('images_per_second', 0)))} images/s")
            if step.get("seconds_left"):
                words.append(f"{duration(step['seconds_left'])} left")
        self.speed.setText(" · ".join(words))
        self.device.setText(_device(start, step))
        self.device.setToolTip(
            "The device, the memory in use by the training, and the memory of the device."
        )
        self.pause.setText("Continue" if follower.paused else "Pause")
        self.pause.setIcon(icons.icon("play" if follower.paused else "pause"))
        for widget in (self.pause, self.stop, self.checkpoint, self.rate):
            widget.setEnabled(bool(start) and follower.going)
        rate = step.get("lr")
        if rate is not None and not self.rate.typing:
            self.rate.setText(f"{rate:.3g}")

    def _rate_edited(self, text: str) -> None:
        self.rate.typing = True
        _mark(self.rate, wrong=_rate(text) is None)

    def _set_rate(self) -> None:
        rate = _rate(self.rate.text())
        if rate is None:
            self.trainer.refused.emit(
                f"The learning rate must be a number above 0, not '{self.rate.text()}': "
                "type another."
            )
            return
        self.rate.typing = False
        self.trainer.steer("set_lr", rate)

    def _dress(self) -> None:
        self.pause.setIcon(icons.icon("pause"))
        self.stop.setIcon(icons.icon("stop"))
        self.checkpoint.setIcon(icons.icon("checkpoint"))


class RateField(QLineEdit):
    """A field that shows the current learning rate, except while the user types another.

    Escape discards what was typed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.typing = False
        self.setFixedWidth(self.fontMetrics().horizontalAdvance("0.000000") + 20)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.typing:
            self.typing = False
            _mark(self, wrong=False)
            return
        super().keyPressEvent(event)


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
    return QLabel(objectName=name)
