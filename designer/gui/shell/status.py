"""The status bar: problems, size, cost and memory of the design; messages for some seconds."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QElapsedTimer, QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStackedLayout,
    QStatusBar,
    QToolButton,
    QWidget,
)

from designer.analysis.problems import Problem, Severity
from designer.gui.base import icons, numbers
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.plain_text import tip
from designer.gui.base.speed import idle_imports
from designer.gui.base.theme import colors, sans, theme
from designer.gui.documents import fitting
from designer.gui.documents.training_problem import is_of_training
from designer.gui.documents.workspace import Workspace
from designer.gui.panels.memory_totals import explained, lecture_size

if TYPE_CHECKING:
    from designer.gui.training.panel import TrainingPanel

SECONDS = 6  # for which a message is shown
FRESH = 4_000  # milliseconds for which the free memory of the devices is not asked again
GAP = 22  # pixels between two values


class StatusBar(QStatusBar):
    """The values of the current design; a message replaces them for some seconds.

    Signals
    -------
    problems_clicked()
        The user clicked the number of problems.
    """

    problems_clicked = Signal()

    def __init__(self, workspace: Workspace, training: "TrainingPanel") -> None:
        super().__init__(objectName="status")
        self.workspace = workspace
        self.devices: tuple[fitting.Device, ...] = ()
        self._asked = QElapsedTimer()
        self._make_values()
        self._make_message()
        stack = QWidget()
        stack.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._stack = QStackedLayout(stack)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._stack.addWidget(self.values)
        self._stack.addWidget(self._sentence)
        self.addWidget(stack, 1)
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self.refresh)
        self._over = QTimer(self, interval=SECONDS * 1000, singleShot=True)
        self._over.timeout.connect(self._show_values)
        workspace.changed.connect(self._soon.start)
        workspace.problems_changed.connect(self._soon.start)
        workspace.reported.connect(self.show_message)
        workspace.refused.connect(lambda words: self.show_message(words, refused=True))
        training.changed.connect(self._soon.start)
        theme.changed.connect(self.redraw)
        self.redraw()

    # Assembling

    def _make_values(self) -> None:
        self.problems = QToolButton(objectName="status-problems", autoRaise=True)
        self.problems.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.problems.setIconSize(QSize(14, 14))
        self.problems.setCursor(Qt.CursorShape.PointingHandCursor)
        self.problems.clicked.connect(self.problems_clicked)
        self.size_ = _label("status-size")
        self.macs = _label("status-macs")
        self.memory = _label("status-memory")
        self.fit_ = _label("status-fit")
        # `keep` is by importance: where there is no room, the last ones are left out.
        self.values = _Line(
            (self.problems, self.size_, self.macs, self.memory, self.fit_),
            keep=(self.problems, self.size_, self.fit_, self.macs, self.memory),
        )

    def _make_message(self) -> None:
        self.sign = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.message = ElidedLabel(name="status-message")
        self.message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._sentence = QWidget()
        line = QHBoxLayout(self._sentence)
        line.setContentsMargins(10, 0, 8, 0)
        line.setSpacing(7)
        line.addWidget(self.sign)
        line.addWidget(self.message, 1)

    # What is shown

    def show_message(self, words: str, *, refused: bool = False) -> None:
        """Show a message for some seconds."""
        c = colors()
        name, color = ("problem-warning", c.warning) if refused else ("info", c.accent)
        ratio = self.devicePixelRatioF()
        self.sign.setPixmap(icons.pixmap(name, color, self.fontMetrics().height(), ratio))
        self.message.setText(words)
        self.message.setToolTip(tip(words))
        self._stack.setCurrentWidget(self._sentence)
        self._over.start()

    def _show_values(self) -> None:
        self._stack.setCurrentWidget(self.values)

    def refresh(self) -> None:
        """Show the values of the current design."""
        if self.workspace.document is None:
            self.values.hide_all()
            return
        self._show_problems()
        totals = self.workspace.analysis.totals
        short, size, count = numbers.scaled, numbers.size, numbers.count
        far = "" if self.workspace.analysis.valid else " so far"
        self.size_.setText(
            f"{short(totals.parameters)} parameters · {size(totals.file_bytes)} file{far}"
        )
        frozen = f", of which {count(totals.frozen)} are frozen" if totals.frozen else ""
        self.size_.setToolTip(
            f"<p>{count(totals.weights)} weights + {count(totals.biases)} biases = "
            f"{count(totals.parameters)} learned parameters{frozen}.</p>"
            f"<p>A file of the weights also has {count(totals.buffers)} values that are saved but "
            f"not learned. Together they are {count(totals.file_bytes)} bytes, without the file's "
            "container.</p>"
        )
        self.macs.setText(f"{short(totals.macs)} MACs{far}")
        self.macs.setToolTip(
            f"<p>One image takes {count(totals.macs)} multiply-accumulates in convolutions and "
            "matrix products. Counted as two operations each, these are "
            f"{short(totals.flops)} FLOPs.</p>"
        )
        shown = explained(totals)[:3]
        # The lecture's total as the Analysis panel writes it; the exact one is in the tooltip.
        values = (
            size(totals.output_bytes),
            lecture_size(totals.buffer_values),
            size(totals.saved_bytes()),
        )
        words = (f"{each.name} {value}" for each, value in zip(shown, values, strict=True))
        self.memory.setText(f"per image: {' · '.join(words)}" if not far else "")
        self.memory.setToolTip("".join(each.tip for each in shown))
        self._show_fit()
        self.values.choose()
        self._ask_devices()

    def redraw(self) -> None:
        """Use the fonts and colors of the theme."""
        font = sans(0.95)
        for each in (self.problems, self.size_, self.macs, self.memory, self.fit_, self.message):
            each.setFont(font)
        self._soon.start()

    def _show_problems(self) -> None:
        c = colors()
        found, unfinished = self.workspace.problems, self.workspace.unfinished
        errors = sum(each.severity is Severity.ERROR for each in found)
        if not found and unfinished:
            text, name, color = "Unfinished", "problem-warning", c.faint_text
        elif not found and self._advice():
            pieces = len(self._advice())
            text = "1 piece of advice" if pieces == 1 else f"{pieces} pieces of advice"
            name, color = "info", c.accent
        elif not found:
            text, name, color = "No problems", "check", c.success
        else:
            text = "1 problem" if len(found) == 1 else f"{numbers.count(len(found))} problems"
            if len(found) == 1 and is_of_training(found[0]):
                text = "1 problem of training"
            name, color = ("problem-error", c.error) if errors else ("problem-warning", c.warning)
            if all(each.severity is Severity.PENDING for each in found):
                text = "Code to trust" if found[0].code == "not-trusted" else "Measuring…"
                name = "clock"
        self.problems.setText(text)
        self.problems.setIcon(icons.icon(name, color))
        self.problems.setStyleSheet(
            f"#status-problems {{ padding: 2px 6px; color: {color if found else c.soft_text}; }}"
        )
        first = [*found, *unfinished, *self._advice()][:1]
        self.problems.setToolTip(
            f"<p>{escape(numbers.sentence(first[0].message))}</p><p>Click for the list.</p>"
            if first
            else "The design can be built and trained."
        )

    def _advice(self) -> list[Problem]:
        return [each for each in self.workspace.advice if each.severity is Severity.ADVICE]

    def _show_fit(self) -> None:
        recipe = self.workspace.recipe
        device = fitting.chosen(recipe, self.devices)
        if device is None or not self.workspace.analysis.valid:
            self.fit_.setText("")
            return
        size = numbers.size
        needed = fitting.needed(self.workspace.analysis.totals, recipe, device)
        most = fitting.largest_batch(self.workspace.analysis.totals, recipe, device)
        self.fit_.setText(
            f"training at batch {numbers.count(recipe.batch)} takes {size(needed)}, "
            f"{size(device.free)} free"
        )
        fits = needed <= device.free
        largest = (
            f"Batches up to {numbers.count(most)} fit."
            if most
            else "Not even one image fits: use another device or a smaller network."
        )
        self.fit_.setProperty("role", "soft" if fits else "warning" if most else "error")
        self.fit_.style().polish(self.fit_)
        batch = numbers.count(recipe.batch)
        verdict = (
            f"Training at the recipe's batch of {batch} fits"
            if fits
            else f"Training at the recipe's batch of {batch} does not fit"
        )
        self.fit_.setToolTip(
            f"<p>{verdict}: it takes about {size(needed)}; {device.name} has "
            f"{size(device.free)} free of {size(device.total)}. {largest}</p>"
            "<p>This counts parameters, gradients, the optimizer's state, what is kept for "
            "backward and the largest gradients of activations. Kernels take some more.</p>"
        )

    def _ask_devices(self) -> None:
        """Ask for the memory of the devices, in a thread, unless that was just done."""
        if self.isVisible() and (not self._asked.isValid() or self._asked.hasExpired(FRESH)):
            self._asked.start()
            idle_imports.run(self, fitting.devices, self._has_devices)

    def _has_devices(self, devices: tuple[fitting.Device, ...]) -> None:
        self.devices = devices
        if self.workspace.document is not None:
            self._show_fit()
            self.values.choose()

    def changeEvent(self, event: QEvent) -> None:
        """Use the application's font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self.isVisible():
            self.redraw()


_Words: TypeAlias = QLabel | QToolButton


class _Line(QWidget):
    """Values side by side; where there is no room, the last ones of `keep` are hidden."""

    def __init__(self, widgets: Sequence[_Words], *, keep: Sequence[_Words]) -> None:
        super().__init__()
        self.keep = keep
        self.active = False
        line = QHBoxLayout(self)
        line.setContentsMargins(4, 0, 8, 0)
        line.setSpacing(GAP)
        for widget in widgets:
            line.addWidget(widget)
        line.addStretch(1)
        line.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)

    def hide_all(self) -> None:
        """Hide all values."""
        self.active = False
        for widget in self.keep:
            widget.hide()

    def choose(self) -> None:
        """Show the values that fit, by importance."""
        self.active = True
        room = self.width() - 12
        for widget in self.keep:
            width = widget.sizeHint().width()
            empty = not widget.text()
            widget.setVisible(not empty and width <= room)
            if not empty:
                room -= width + GAP

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.active:
            self.choose()


def _label(name: str) -> QLabel:
    label = QLabel(objectName=name, textFormat=Qt.TextFormat.PlainText)
    label.setProperty("role", "soft")
    return label
