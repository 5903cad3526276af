"""The explaining card: a node's formulas with their numbers, to be read, hovered and copied."""

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QApplication, QFrame, QGridLayout, QLabel, QSizePolicy, QToolButton

from designer.gui import icons
from designer.gui.inspector.facts import Fact
from designer.gui.theme import colours, mono, theme


class Card(QFrame):
    """Lines of facts; the labels are used again for the next node's."""

    def __init__(self) -> None:
        super().__init__(objectName="card")
        self.setProperty("role", "card")
        self.facts: list[Fact] = []
        self._lines: list[tuple[QLabel, QLabel]] = []
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(10, 9, 10, 9)
        self.grid.setHorizontalSpacing(10)
        self.grid.setVerticalSpacing(4)
        self.grid.setColumnStretch(1, 1)
        self.copy = QToolButton(self, objectName="copy-facts")
        self.copy.setToolTip("Copy all lines")
        self.copy.setAccessibleName("Copy the explanation")
        self.copy.setIconSize(QSize(14, 14))
        self.copy.clicked.connect(self._copy)
        theme.changed.connect(self._draw)
        self._draw()

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """Show these lines."""
        self.facts = list(facts)
        self.setVisible(bool(self.facts))
        while len(self._lines) < len(self.facts):
            self._add_line()
        for number, (key, value) in enumerate(self._lines):
            used = number < len(self.facts)
            key.setVisible(used)
            value.setVisible(used)
            if used:
                fact = self.facts[number]
                key.setText(fact.key)
                value.setText(_html(fact))
                for each in (key, value):
                    each.setToolTip(fact.help)

    def _add_line(self) -> None:
        number = len(self._lines)
        key, value = QLabel(self), QLabel(self, objectName=f"fact-{number}")
        key.setProperty("role", "soft")
        key.setTextFormat(Qt.TextFormat.PlainText)
        value.setTextFormat(Qt.TextFormat.RichText)
        value.setWordWrap(True)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        value.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        value.setMinimumWidth(60)
        for each in (key, value):
            each.setFont(mono(relative=0.9))
        top = Qt.AlignmentFlag.AlignTop
        self.grid.addWidget(key, number, 0, top)
        self.grid.addWidget(value, number, 1)
        self._lines.append((key, value))

    def _copy(self) -> None:
        QApplication.clipboard().setText("\n".join(fact.plain for fact in self.facts))

    def _draw(self) -> None:
        self.copy.setIcon(icons.icon("copy", colours().faint_text))
        self.show_facts(self.facts)

    def resizeEvent(self, event: object) -> None:
        """Keep the button in the corner."""
        super().resizeEvent(event)
        size = self.copy.sizeHint()
        self.copy.setGeometry(self.width() - size.width() - 3, 3, size.width(), size.height())


def _html(fact: Fact) -> str:
    c = colours()
    text = escape(fact.text)
    unbroken = escape(fact.result).replace(" ", "&nbsp;")
    result = f'<span style="color:{c.accent}">{unbroken}</span>' if unbroken else ""
    joined = " = ".join(filter(None, (text, result)))
    after = f'<span style="color:{c.soft_text}">, {escape(fact.after)}</span>' if fact.after else ""
    return joined + after
