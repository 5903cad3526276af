"""The explanation card: facts about a node as lines that can be pointed at and copied."""

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import QEvent, QPoint, QSize, Qt
from PySide6.QtGui import QHelpEvent, QResizeEvent, QTextTable, QWheelEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QSizePolicy,
    QTextEdit,
    QToolButton,
    QToolTip,
    QVBoxLayout,
)

from designer.gui.base import icons
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import colors, mono, theme
from designer.gui.inspector.facts import Fact


class FactText(QTextEdit):
    """The lines as one text document, so that any part can be selected; as high as the text."""

    def __init__(self) -> None:
        super().__init__(objectName="facts")
        self.facts: Sequence[Fact] = ()
        self.setReadOnly(True)
        self.setAccessibleName("Explanation")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFont(mono(relative=0.9))
        self.setTabChangesFocus(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(0)

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """Show these lines."""
        self.facts = facts
        rows = "".join(map(_html, facts))
        self.setHtml(f'<table cellspacing="0" cellpadding="0">{rows}</table>')
        self._fit()

    def fact_at(self, position: QPoint) -> Fact | None:
        """Return the line at a position of the viewport."""
        cursor = self.cursorForPosition(position)
        table = cursor.currentTable()
        if not isinstance(table, QTextTable):
            return None
        row = table.cellAt(cursor).row()
        return self.facts[row] if 0 <= row < len(self.facts) else None

    def _fit(self) -> None:
        """Make the widget as high as its text."""
        self.document().setTextWidth(self.viewport().width())
        self.setFixedHeight(round(self.document().size().height()) + 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            fact = self.fact_at(event.pos())
            QToolTip.showText(event.globalPos(), tip(fact.help) if fact is not None else "", self)
            return True
        return super().viewportEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Let the inspector scroll instead."""
        event.ignore()


class FactCard(QFrame):
    """The facts in a frame, with a button to copy them."""

    def __init__(self) -> None:
        super().__init__(objectName="card")
        self.setProperty("role", "card")
        self.facts: list[Fact] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 8, 8)
        self.text = FactText()
        column.addWidget(self.text)
        self.copy = QToolButton(self, objectName="copy-facts")
        self.copy.setToolTip("Copy all lines")
        self.copy.setAccessibleName("Copy the explanation")
        self.copy.setIconSize(QSize(14, 14))
        self.copy.clicked.connect(self._copy)
        theme.changed.connect(self._draw)
        self._draw()

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """Show these lines, and hide if there are none."""
        if list(facts) != self.facts:
            self.facts = list(facts)
            self.text.show_facts(self.facts)
        self.setVisible(bool(self.facts))

    def _copy(self) -> None:
        QApplication.clipboard().setText("\n".join(fact.plain for fact in self.facts))

    def _draw(self) -> None:
        self.copy.setIcon(icons.icon("copy", colors().faint_text))
        self.text.show_facts(self.facts)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Move the button to the corner."""
        super().resizeEvent(event)
        size = self.copy.sizeHint()
        self.copy.setGeometry(self.width() - size.width() - 3, 3, size.width(), size.height())


def _html(fact: Fact) -> str:
    c = colors()
    result = escape(fact.result).replace(" ", "&nbsp;")
    result = f'<span style="color:{c.accent}">{result}</span>' if result else ""
    joined = " = ".join(filter(None, (escape(fact.text), result)))
    after = f'<span style="color:{c.soft_text}">, {escape(fact.after)}</span>' if fact.after else ""
    key = f'<td style="color:{c.soft_text}; white-space:pre">{escape(fact.key)}  </td>'
    return f'<tr>{key}<td style="padding-bottom:4px">{joined}{after}</td></tr>'
