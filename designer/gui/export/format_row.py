"""A format in the export dialog, with the outcome of its file."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from designer.gui.base import icons, numbers
from designer.gui.base.theme import colors, mono, sans
from designer.gui.export.job import Outcome
from designer.runs.export_formats import ExportFormat


class FormatRow(QWidget):
    """A format with its check box, its purpose, and the outcome of its file."""

    def __init__(self, what: ExportFormat) -> None:
        super().__init__()
        self.format = what
        self.outcome: Outcome | None = None
        self.tick = QCheckBox(what.title, objectName=f"export-tick{what.suffix}")
        self.suffix = QLabel(what.suffix, textFormat=Qt.TextFormat.PlainText)
        self.suffix.setProperty("role", "soft")
        self.purpose = QLabel(what.help, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.purpose.setProperty("role", "soft")
        self.sign = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.state = QLabel(
            objectName=f"export-state{what.suffix}", textFormat=Qt.TextFormat.PlainText
        )
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.tick)
        top.addWidget(self.suffix)
        top.addStretch(1)
        top.addWidget(self.sign)
        top.addWidget(self.state)
        self.fault = QLabel(
            wordWrap=True,
            objectName=f"export-fault{what.suffix}",
            textFormat=Qt.TextFormat.PlainText,
        )
        self.fault.setProperty("role", "error")
        self.fault.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.fault.hide()
        down = QVBoxLayout(self)
        down.setContentsMargins(0, 0, 0, 0)
        down.setSpacing(1)
        down.addLayout(top)
        for label in (self.purpose, self.fault):
            label.setContentsMargins(22, 0, 0, 0)
            down.addWidget(label)

    def dress(self) -> None:
        """Use the fonts and colors of the theme."""
        self.suffix.setFont(mono(relative=0.92))
        self.tick.setFont(sans(bold=True))
        self.state.setFont(sans(0.94))
        if self.outcome is not None:
            self._mark(self.outcome)

    def wait(self, waits: bool) -> None:
        """Show that the file is waiting to be written, or clear that state if it never was."""
        if waits:
            self.outcome = None
            self.fault.hide()
            self.sign.clear()
        if waits or self.outcome is None:
            self.state.setText("waiting" if waits else "")
            self.state.setProperty("role", "faint")
            self.state.style().polish(self.state)

    def begin(self) -> None:
        """Show that the file is being written."""
        self.state.setText("writing and checking…")

    def end(self, outcome: Outcome) -> None:
        """Show the outcome of the file."""
        self.outcome = outcome
        self.fault.setText(outcome.fault or outcome.remark)
        self.fault.setVisible(bool(outcome.fault or outcome.remark))
        self.fault.setProperty("role", "error" if outcome.fault else "soft")
        self.fault.style().polish(self.fault)
        self.state.setText("not written" if outcome.fault else _words(outcome))
        self.state.setProperty("role", "error" if outcome.fault else "soft")
        self.state.style().polish(self.state)
        self._mark(outcome)

    def _mark(self, outcome: Outcome) -> None:
        c = colors()
        name, color = ("close", c.error) if outcome.fault else ("check", c.success)
        self.sign.setPixmap(icons.icon(name, color).pixmap(QSize(15, 15)))


def _words(outcome: Outcome) -> str:
    size = numbers.size(outcome.size)
    if outcome.difference is None:
        return f"{size} · compiles"
    if outcome.difference == 0:
        return f"{size} · loaded back: identical"
    difference = numbers.local(f"{outcome.difference:.1e}")
    return f"{size} · loaded back: differs by {difference} at most"
