"""The Importance page: how much of what a goal does is due to each field."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from designer.gui.base import numbers
from designer.gui.base.theme import colors, sans, theme
from designer.gui.studies import wording
from designer.gui.studies.model import StudyModel
from designer.gui.studies.page import Choice, Page, head
from designer.studies.answers import importance

_BAR = 0.55  # of the height of a line
_LINE = 2.1  # heights of a line of text
_WIDEST = 520  # pixels of a whole bar


class ImportancePage(Page):
    """A bar for each field, and what the bars mean in a sentence."""

    def __init__(self, model: StudyModel) -> None:
        super().__init__(model, "study-importance")
        self.goal = Choice("importance-goal", "Figure")
        self.bars = ShareBars()
        self.text = QLabel(
            objectName="importance-text", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.text.setProperty("role", "soft")
        self.text.setMaximumWidth(760)
        inner = QWidget()
        down = QVBoxLayout(inner)
        down.setContentsMargins(4, 4, 8, 4)
        down.addWidget(self.bars)
        down.addWidget(self.text)
        down.addStretch(1)
        area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        area.setWidget(inner)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head(self.goal, "is due to"))
        column.addWidget(area, 1)
        self.goal.activated.connect(lambda _: self._ask())

    def refresh(self) -> None:
        if self.is_other():
            self.bars.show_shares([])  # until they are known
            self.text.clear()
        self.goal.offer([(name, wording.title(name)) for name in self.table.goals])
        self._ask()

    def _ask(self) -> None:
        table, goal = self.table, self.goal.chosen
        self.model.run(lambda: importance.importance(table, goal), self._show)

    def _show(self, found: importance.Importance) -> None:
        titles = self.table.titles
        rows = sorted(found.shares.items(), key=lambda each: -each[1])
        self.bars.show_shares(
            [(wording.capitalized(titles.get(name, name)), share) for name, share in rows]
        )
        self.text.setText(numbers.sentence(found.sentence))


class ShareBars(QWidget):
    """Horizontal bars with their names and shares."""

    def __init__(self) -> None:
        super().__init__(objectName="importance-bars")
        self.rows: Sequence[tuple[str, float]] = ()
        theme.changed.connect(self.update)

    def show_shares(self, rows: Sequence[tuple[str, float]]) -> None:
        """Show names with shares from 0 to 1."""
        self.rows = rows
        self.setAccessibleName(", ".join(f"{name} {100 * share:.0f} %" for name, share in rows))
        self.setFixedHeight(round(len(rows) * _LINE * self.fontMetrics().height()))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(300, round(len(self.rows) * _LINE * self.fontMetrics().height()))

    def paintEvent(self, event: QPaintEvent) -> None:
        c, metrics = colors(), self.fontMetrics()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(sans(1.0))
        line = _LINE * metrics.height()
        names = max((metrics.horizontalAdvance(name) for name, _ in self.rows), default=0)
        names = min(names, self.width() // 3)
        digits = metrics.horizontalAdvance("100.0 %")
        room = min(self.width() - names - digits - 24, _WIDEST)
        for number, (name, share) in enumerate(self.rows):
            top = number * line
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, names)
            painter.setPen(QColor(c.text))
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, top, names, line), flags, text)
            painter.setPen(Qt.PenStyle.NoPen)
            height = _BAR * line
            box = QRectF(names + 10, top + (line - height) / 2, room, height)
            painter.setBrush(QColor(c.field))
            painter.drawRoundedRect(box, 3, 3)
            box.setWidth(max(room * min(max(share, 0.0), 1.0), 2.0))
            painter.setBrush(QColor(c.train))
            painter.drawRoundedRect(box, 3, 3)
            painter.setPen(QColor(c.soft_text))
            painter.drawText(
                QRectF(names + 10 + room + 8, top, digits, line),
                Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
                f"{100 * share:.1f} %",
            )
