"""What users are told of a data set: findings in rows, with a button for every choice."""

from collections.abc import Iterator, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from designer.data.balance import balance_findings
from designer.data.findings import Choice, Finding
from designer.gui.base import icons, numbers
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import colors, theme
from designer.gui.data.model import DataModel
from designer.gui.documents import steps

_MOST = 0.26  # share of the window's height that the findings take before they are scrolled
_KINDS = ("question", "warning", "note")  # in the order in which they are shown
_ICONS = {"question": "help", "warning": "problem-warning", "note": "info"}
_TIP = 200  # letters of the settings in a tool tip, as a list of names may be long


def findings_of(model: DataModel) -> list[Finding]:
    """Return what users are told of the data set: questions first, then warnings, then notes."""
    contents = model.contents
    if contents is None:
        return []
    found = list(contents.data.findings)
    counts = {part: counts.tolist() for part, counts in contents.counts.items()}
    if not contents.undivided:
        found += balance_findings(contents.title, contents.target, counts, model.recipe)
    if model.look is not None:
        found += model.look.findings
    if contents.undivided:
        found.append(Finding(code="undivided", sentence=contents.undivided, kind="warning"))
    return sorted(found, key=lambda each: _KINDS.index(each.kind))


class FindingList(QScrollArea):
    """Findings below one another, each with a button for every choice; hidden if there are none."""

    def __init__(self, model: DataModel) -> None:
        super().__init__(objectName="data-findings", widgetResizable=True)
        self.model = model
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._shown: list[Finding] = []
        self.rows: list[FindingRow] = []

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Show these in place of those before."""
        if list(findings) != self._shown:
            self._shown = list(findings)
            inside = QWidget()
            column = QVBoxLayout(inside)
            column.setContentsMargins(0, 4, 0, 0)
            column.setSpacing(5)
            self.rows = [FindingRow(each, self.model) for each in findings]
            for row in self.rows:
                column.addWidget(row)
            self.setWidget(inside)
        self.setVisible(bool(findings))
        self._fit()

    def _fit(self) -> None:
        inside = self.widget()
        layout = inside.layout() if inside is not None else None
        if layout is None:
            return
        needed = layout.totalHeightForWidth(self.viewport().width())
        self.setFixedHeight(min(needed + 2, round(_MOST * self.window().height())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()


class FindingRow(QFrame):
    """A finding: an icon, its sentence, and a button for each choice."""

    def __init__(self, finding: Finding, model: DataModel) -> None:
        super().__init__(objectName=f"finding-{finding.code}")
        self.finding = finding
        important = finding.kind != "note"
        if important:
            self.setProperty("role", "warning-card")
        self.icon = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.sentence = QLabel(
            numbers.sentence(finding.sentence), wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.sentence.setMinimumWidth(1)
        if not important:
            self.sentence.setProperty("role", "soft")
        self.buttons = list(choice_buttons(finding.choices, model))
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 5 if important else 0, 8, 5 if important else 0)
        row.setSpacing(8)
        row.addWidget(self.icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.sentence, 1)
        for button in self.buttons:
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        theme.changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        kind = self.finding.kind
        color = colors().soft_text if kind == "note" else colors().warning
        pixels = self.fontMetrics().height()
        self.icon.setPixmap(icons.pixmap(_ICONS[kind], color, pixels, self.devicePixelRatioF()))
        self.icon.setAccessibleName(kind)
        self.icon.setToolTip(steps.capitalized(kind))


def choice_buttons(choices: Sequence[Choice], model: DataModel) -> Iterator[QPushButton]:
    """Make a button for each choice, which changes the recipe."""
    for choice in choices:
        button = QPushButton(steps.capitalized(choice.label))
        button.setObjectName(f"choice-{choice.label}")
        settings = ", ".join(f"{name} = {value}" for name, value in choice.settings.items())
        long = len(settings) > _TIP
        button.setToolTip(tip(f"Sets {settings[:_TIP]}{'…' if long else ''} in the recipe."))
        button.clicked.connect(lambda _=False, each=choice: model.change(each.settings))
        yield button
