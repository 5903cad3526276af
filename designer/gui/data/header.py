"""The head of the Data window: name, place, kind, counts, and what users are told of the data."""

from collections.abc import Iterator, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.data.findings import Choice, Finding
from designer.gui.base import icons, numbers
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import colors, sans, theme
from designer.gui.data.contents import PART_TITLES, Contents
from designer.gui.data.model import DataModel
from designer.gui.documents import steps

_MOST = 0.3  # share of the window's height that the findings take before they are scrolled
_KINDS = ("question", "warning", "note")  # in the order in which they are shown


class Header(QWidget):
    """Name, place, kind and counts of the data set, and its findings with buttons."""

    def __init__(self, model: DataModel) -> None:
        super().__init__(objectName="data-header")
        self.model = model
        self.name = QLabel(objectName="data-name", textFormat=Qt.TextFormat.PlainText)
        self.name.setFont(sans(1.35, bold=True))
        self.name.setMinimumWidth(1)
        self.place = ElidedLabel(name="data-place")
        self.place.setProperty("role", "faint")
        self.copy = QToolButton(objectName="data-copy-path", toolTip="Copy the path.")
        self.copy.setAccessibleName("Copy the path")
        self.copy.clicked.connect(lambda: QApplication.clipboard().setText(self.place.text()))
        self.facts = QLabel(
            objectName="data-summary", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.facts.setProperty("role", "soft")
        self.facts.setMinimumWidth(1)
        self.again = QToolButton(
            objectName="data-read-again", toolTip="Read the data set again from its files."
        )
        self.again.setAccessibleName("Read again")
        self.again.clicked.connect(model.read_again)
        self.findings = FindingList(model)
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(self.name)
        top.addWidget(self.place, 1)
        top.addWidget(self.copy)
        top.addWidget(self.again)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 12, 8)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self.facts)
        column.addWidget(self.findings)
        theme.changed.connect(self._dress)
        self._dress()
        model.changed.connect(self._show)
        self._show()

    def _dress(self) -> None:
        self.copy.setIcon(icons.icon("copy"))
        self.again.setIcon(icons.icon("revert"))

    def _show(self) -> None:
        contents = self.model.contents
        if contents is None:
            return
        self.name.setText(contents.title)
        self.place.setText(str(contents.data.path))
        self.place.setToolTip(tip(str(contents.data.path)))
        self.facts.setText(summary(contents))
        self.findings.show_findings(findings_of(contents))


def summary(contents: Contents) -> str:
    """Return kind and counts in a line: 10 classes · 7,204 training, 800 validation, 1,996 test."""
    names = {
        "classes": ("class", "classes"),
        "labels": ("label", "labels"),
        "numbers": ("number to predict", "numbers to predict"),
    }[contents.target.kind]
    outputs = contents.target.outputs
    kind = f"{numbers.count(outputs)} {names[outputs != 1]}"
    parts = ", ".join(
        f"{numbers.count(len(part))} {PART_TITLES[name].lower()}"
        for name, part in contents.parts.items()
    )
    whole = sum(len(part) for part in contents.parts.values())
    stored = "picture files" if contents.in_files else "pictures in arrays"
    return f"{kind}  ·  {numbers.count(whole)} {stored}: {parts}"


def findings_of(contents: Contents) -> list[Finding]:
    """Return what users are told: questions first, then warnings, then notes."""
    found = list(contents.data.findings)
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
        self._shown: Sequence[Finding] = ()
        self.rows: list[FindingRow] = []

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Show these in place of those before."""
        if list(findings) != list(self._shown):
            self._shown = list(findings)
            inside = QWidget()
            column = QVBoxLayout(inside)
            column.setContentsMargins(0, 4, 0, 0)
            column.setSpacing(6)
            self.rows = [FindingRow(each, self.model) for each in findings]
            for row in self.rows:
                column.addWidget(row)
            self.setWidget(inside)
        self.setVisible(bool(findings))
        self._fit()

    def _fit(self) -> None:
        inside = self.widget()
        if inside is None:
            return
        layout = inside.layout()
        assert layout is not None
        width = self.viewport().width()
        needed = layout.heightForWidth(width) if layout.hasHeightForWidth() else 0
        needed = max(needed, layout.minimumSize().height() if not needed else 0)
        self.setFixedHeight(min(needed + 2, round(_MOST * self.window().height())))

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit()


class FindingRow(QFrame):
    """A finding: an icon, its sentence, and a button for each choice."""

    def __init__(self, finding: Finding, model: DataModel) -> None:
        super().__init__(objectName=f"finding-{finding.code}")
        self.finding = finding
        important = finding.kind != "note"
        self.setProperty("role", "warning-card" if important else "")
        self.icon = QLabel()
        self.sentence = QLabel(
            numbers.sentence(finding.sentence), wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.sentence.setMinimumWidth(1)
        if not important:
            self.sentence.setProperty("role", "soft")
        row = QHBoxLayout(self)
        row.setContentsMargins(*((10, 6, 8, 6) if important else (10, 0, 8, 0)))
        row.setSpacing(8)
        row.addWidget(self.icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.sentence, 1)
        self.buttons = list(choice_buttons(finding.choices, model))
        for button in self.buttons:
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        theme.changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        c = colors()
        name, color, words = {
            "question": ("help", c.warning, "Question"),
            "warning": ("problem-warning", c.warning, "Warning"),
            "note": ("info", c.soft_text, "Note"),
        }[self.finding.kind]
        self.icon.setPixmap(icons.pixmap(name, color, 16, self.devicePixelRatioF()))
        self.icon.setAccessibleName(words)
        self.icon.setToolTip(words)


def choice_buttons(choices: Sequence[Choice], model: DataModel) -> Iterator[QPushButton]:
    """Make a button for each choice, which changes the recipe."""
    for choice in choices:
        button = QPushButton(steps.capitalized(choice.label))
        button.setObjectName(f"choice-{choice.label}")
        settings = ", ".join(f"{name} = {value}" for name, value in choice.settings.items())
        button.setToolTip(tip(f"Sets {settings[:200]}."))
        button.clicked.connect(lambda _=False, each=choice: model.change(each.settings))
        yield button
