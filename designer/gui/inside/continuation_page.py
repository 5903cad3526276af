"""The page of the Try it dock on which a network goes on with a text."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base.boxes import DoubleSpinBox, SpinBox
from designer.gui.base.flow_layout import FlowLayout
from designer.gui.base.theme import colors, mono, theme

_LINES = 2  # of the prompt
_LONGEST = 5_000  # tokens that are added
_SEEDS = 2**31 - 1
_BOX = 74  # pixels of a number's box


class Prompt(QPlainTextEdit):
    """Where the text is typed that the network goes on with.

    Signals
    -------
    entered()
        Ctrl+Enter was pressed.
    """

    entered = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go on with Ctrl+Enter; Enter alone begins a new line."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.entered.emit()
            return
        super().keyPressEvent(event)


class ContinuationPage(QWidget):
    """A prompt, how the tokens are drawn, and what the network adds.

    Signals
    -------
    wanted()
        The network is to go on with the prompt.
    canceled()
        It is to stop.
    """

    wanted = Signal()
    canceled = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="try-text")
        self.prompt = Prompt(objectName="try-prompt")
        self.prompt.setPlaceholderText("The text that the network goes on with")
        self.prompt.setAccessibleName("Prompt")
        self.prompt.setTabChangesFocus(True)
        self.prompt.entered.connect(self.wanted)
        self.temperature = DoubleSpinBox(objectName="try-temperature")
        self.temperature.setRange(0.0, 10.0)
        self.temperature.setSingleStep(0.1)
        self.temperature.setDecimals(2)
        self.temperature.setValue(0.8)
        self.temperature.setToolTip(
            "Below 1 the network prefers what is probable; 0 takes the most probable token each "
            "time."
        )
        self.length = SpinBox(objectName="try-length")
        self.length.setRange(1, _LONGEST)
        self.length.setValue(300)
        self.length.setToolTip("How many tokens the network adds.")
        self.seed = SpinBox(objectName="try-seed")
        self.seed.setRange(0, _SEEDS)
        self.seed.setToolTip("Seed of the draws: the same one gives the same text again.")
        self.go = QPushButton("Go on", objectName="try-go-on", default=True)
        self.go.setToolTip("Let the network go on with the prompt (Ctrl+Enter).")
        self.go.clicked.connect(self.wanted)
        self.bar = QProgressBar(objectName="try-text-progress", textVisible=False)
        self.bar.setFixedHeight(6)
        self.bar.setRange(0, 1000)
        self.stop = QPushButton("Cancel", objectName="try-text-cancel")
        self.stop.clicked.connect(self.canceled)
        self.text = QPlainTextEdit(objectName="try-continuation", readOnly=True)
        self.text.setAccessibleName("The prompt and what the network adds")
        self._shown = ("", "")
        self._arrange()
        theme.changed.connect(self._dress)
        self._dress()
        self.show_progress(None)

    def _arrange(self) -> None:
        settings = FlowLayout(gap=10, line_gap=6)
        for words, box in (
            ("Temperature", self.temperature),
            ("Tokens", self.length),
            ("Seed", self.seed),
        ):
            box.setFixedWidth(_BOX)
            label = QLabel(words, textFormat=Qt.TextFormat.PlainText)
            label.setBuddy(box)
            pair = QWidget()
            row = QHBoxLayout(pair)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(6)
            row.addWidget(label)
            row.addWidget(box)
            settings.addWidget(pair)
        settings.addWidget(self.go)
        self.going = QWidget()
        row = QHBoxLayout(self.going)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.prompt)
        column.addLayout(settings)
        column.addWidget(self.going)
        column.addWidget(self.text, 1)

    def _dress(self) -> None:
        for field in (self.prompt, self.text):
            field.setFont(mono())
        margins = self.prompt.contentsMargins()
        frame = margins.top() + margins.bottom() + 2 * int(self.prompt.document().documentMargin())
        self.prompt.setFixedHeight(_LINES * self.prompt.fontMetrics().lineSpacing() + frame + 6)
        self.show_text(*self._shown)

    def how(self) -> dict[str, Any]:
        """Return what the worker is asked: see the request ``continue``."""
        return {
            "prompt": self.prompt.toPlainText(),
            "length": self.length.value(),
            "temperature": self.temperature.value(),
            "seed": self.seed.value(),
        }

    def show_text(self, prompt: str, text: str) -> None:
        """Show a prompt, and behind it in another color what the network added."""
        self._shown = (prompt, text)
        self.text.clear()
        cursor = QTextCursor(self.text.document())
        for words, color in ((prompt, colors().soft_text), (text, colors().text)):
            form = QTextCharFormat()
            form.setForeground(QColor(color))
            cursor.insertText(words, form)
        self.text.moveCursor(QTextCursor.MoveOperation.Start)

    def show_fault(self, sentence: str) -> None:
        """Show why there is no text."""
        self.show_text(sentence, "")

    def show_progress(self, share: float | None) -> None:
        """Show how far the network is, from 0 to 1; None if it does nothing."""
        self.going.setVisible(share is not None)
        self.bar.setValue(round(1000 * (share or 0.0)))
