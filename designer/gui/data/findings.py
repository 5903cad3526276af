"""What users are told of a data set: findings in rows, with a button for every choice."""

from collections.abc import Iterator, Sequence
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
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

from designer.data.balance import balance_findings
from designer.data.checks import resampling_findings
from designer.data.findings import Choice, Finding
from designer.gui.base import icons, numbers
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.plain_text import tip, wrapped_tip
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
    if contents.split is not None:
        found += resampling_findings(contents.data, contents.split, contents.division.resampling)
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
        self._unfolded: set[str] = set()  # codes of findings that are shown in full

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Show these in place of those before."""
        if list(findings) != self._shown:
            self._shown = list(findings)
            inside = QWidget()
            column = QVBoxLayout(inside)
            column.setContentsMargins(0, 4, 0, 0)
            column.setSpacing(4)
            self.rows = [FindingRow(each, self.model) for each in findings]
            for row in self.rows:
                row.more.setChecked(row.finding.code in self._unfolded)
                row.more.toggled.connect(partial(self._remember, row.finding.code))
                row.unfolded.connect(self._fit)
                column.addWidget(row)
            self.setWidget(inside)
        self.setVisible(bool(findings))
        self._fit()

    def _remember(self, code: str, unfolded: bool) -> None:
        """Keep a finding unfolded while others come and go."""
        (self._unfolded.add if unfolded else self._unfolded.discard)(code)

    def _fit(self) -> None:
        inside = self.widget()
        layout = inside.layout() if inside is not None else None
        if layout is None:
            return
        needed = layout.totalSizeHint().height()  # enough if all findings are folded
        if layout.hasHeightForWidth():
            needed = layout.totalHeightForWidth(self.viewport().width())
        self.setFixedHeight(min(needed + 2, round(_MOST * self.window().height())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()


class FindingRow(QFrame):
    """A finding: an icon, its sentence, and a button for each choice.

    Notes and warnings take one line, which a button unfolds where the sentence does not fit.
    Questions, which have to be answered, are shown in full.

    Signals
    -------
    unfolded()
        The row is folded or unfolded and has another height.
    """

    unfolded = Signal()

    def __init__(self, finding: Finding, model: DataModel) -> None:
        super().__init__(objectName=f"finding-{finding.code}")
        self.finding = finding
        important = finding.kind != "note"
        if important:
            self.setProperty("role", "warning-card")
        self.icon = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.sentence = _Sentence(numbers.sentence(finding.sentence))
        if not important:
            self.sentence.setProperty("role", "soft")
        self.more = QToolButton(objectName=f"more-{finding.code}", checkable=True)
        self.more.setAccessibleName("Show the whole sentence")
        self.more.setToolTip("Show or hide the rest of the sentence.")
        self.more.toggled.connect(self._fold)
        policy = self.more.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # else its coming would take the room of the sentence
        self.more.setSizePolicy(policy)
        self.buttons = list(choice_buttons(finding.choices, model))
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 2 if important else 0, 8, 2 if important else 0)
        row.setSpacing(8)
        row.addWidget(self.icon)
        row.addWidget(self.sentence, 1)
        row.addWidget(self.more)
        for button in self.buttons:
            row.addWidget(button)
        self._fold()
        theme.changed.connect(self._dress)
        self._dress()

    @property
    def folded(self) -> bool:
        """Whether the sentence has one line only."""
        return self.finding.kind != "question" and not self.more.isChecked()

    def _fold(self) -> None:
        self.sentence.fold(self.folded)
        self._show_more()
        self.updateGeometry()  # of the row in the list, whose height is asked for at once
        self.unfolded.emit()

    def _show_more(self) -> None:
        """Offer to unfold a sentence that does not fit on its line, and to fold it again."""
        foldable = self.finding.kind != "question"
        self.more.setVisible(foldable and (not self.folded or self.sentence.is_cut))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_more()

    def _dress(self) -> None:
        kind = self.finding.kind
        color = colors().soft_text if kind == "note" else colors().warning
        pixels = self.fontMetrics().height()
        self.icon.setPixmap(icons.pixmap(_ICONS[kind], color, pixels, self.devicePixelRatioF()))
        self.icon.setAccessibleName(kind)
        self.icon.setToolTip(steps.capitalized(kind))
        self.more.setIcon(icons.icon("chevron-down"))
        self.more.setIconSize(QSize(pixels, pixels))


class _Sentence(ElidedLabel):
    """A sentence on one line, ended by dots where it does not fit, or on as many as it needs."""

    def __init__(self, text: str) -> None:
        super().__init__(text)

    @property
    def is_cut(self) -> bool:
        """Whether the text is wider than one line of the label."""
        return self.fontMetrics().horizontalAdvance(self.text()) > self.contentsRect().width()

    def fold(self, folded: bool) -> None:
        """Show one line, or all."""
        self.setWordWrap(not folded)
        selectable = Qt.TextInteractionFlag.TextSelectableByMouse
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.NoTextInteraction if folded else selectable
        )
        self.setToolTip(wrapped_tip(self.text()) if folded else "")
        self.updateGeometry()
        self.update()

    def minimumSizeHint(self) -> QSize:
        return QSize(1, QLabel.minimumSizeHint(self).height() if self.wordWrap() else self._line())

    def sizeHint(self) -> QSize:
        return super().sizeHint() if self.wordWrap() else QSize(1, self._line())

    def _line(self) -> int:
        return self.fontMetrics().height()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.wordWrap():
            QLabel.paintEvent(self, event)
        else:
            super().paintEvent(event)


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
