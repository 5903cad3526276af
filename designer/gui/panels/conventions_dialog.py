"""The dialog "How others count": the values of a design by the conventions of other tools."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from designer.analysis.analysis import Analysis
from designer.gui.base import screens
from designer.gui.base.theme import mono, sans
from designer.gui.panels.conventions import Convention, conventions
from designer.gui.panels.memory_totals import explained

_HEADS = ("Tool", "Name", "This design", "Rule")


class ConventionsDialog(QDialog):
    """A table of conventions with their values for the design."""

    def __init__(self, analysis: Analysis, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="conventions")
        self.setWindowTitle(f"How others count {analysis.design.name}")
        self.rows = [
            *conventions(analysis),
            *(
                Convention(
                    "Network Designer", each.name, each.value, _first_paragraph(each.meaning)
                )
                for each in explained(analysis.totals)
            ),
        ]
        page = QWidget()
        self._grid = QGridLayout(page)
        self._grid.setContentsMargins(16, 12, 16, 12)
        self._grid.setHorizontalSpacing(18)
        self._grid.setVerticalSpacing(7)
        self._grid.setColumnStretch(3, 1)
        self._fill()
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(page)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton("Copy as text", QDialogButtonBox.ButtonRole.ActionRole)
        copy.setObjectName("copy-conventions")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text()))
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 12)
        introduction = QLabel(
            "Tools mean different things by the same words. Each line shows the value that a tool "
            "prints for this design, and the rule by which it counts."
        )
        introduction.setProperty("role", "soft")
        introduction.setWordWrap(True)
        introduction.setContentsMargins(16, 14, 16, 0)
        buttons.setContentsMargins(16, 0, 16, 0)
        column.addWidget(introduction)
        column.addWidget(scroll, 1)
        column.addWidget(buttons)
        screens.resize_within(
            self, self.fontMetrics().height() * 64, self.fontMetrics().height() * 38
        )

    def text(self) -> str:
        """Return the table as lines of text."""
        return "".join(f"{' | '.join(row)}\n" for row in self.rows)

    def _fill(self) -> None:
        for column, title in enumerate(_HEADS):
            head = QLabel(title)
            head.setProperty("role", "faint")
            head.setFont(sans(0.92))
            self._grid.addWidget(head, 0, column)
        line, before = 1, ""
        for tool, name, value, rule in self.rows:
            if tool != before:
                rule_line = QFrame()
                rule_line.setProperty("role", "line")
                rule_line.setFixedHeight(1)
                self._grid.addWidget(rule_line, line, 0, 1, 4)
                self._grid.addWidget(_label(tool, bold=True), line + 1, 0)
            before = tool
            self._grid.addWidget(_label(name), line + 1, 1)
            number = _label(value)
            number.setFont(mono(relative=0.95))
            self._grid.addWidget(number, line + 1, 2)
            words = _label(rule)
            words.setWordWrap(True)
            words.setMinimumWidth(220)
            words.setProperty("role", "soft")
            self._grid.addWidget(words, line + 1, 3)
            line += 2
        self._grid.setRowStretch(line, 1)


def _label(text: str, *, bold: bool = False) -> QLabel:
    label = QLabel(text)
    label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if bold:
        label.setFont(sans(bold=True))
    return label


def _first_paragraph(meaning: str) -> str:
    """Return the first paragraph of an explanation."""
    return meaning.removeprefix("<p>").partition("</p>")[0]
