"""The Answer page: what a study found, in sentences."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from designer.gui.base import numbers
from designer.gui.base.theme import sans, theme
from designer.gui.studies.model import StudyModel
from designer.gui.studies.page import Page
from designer.studies.answers import sentences

_WIDEST = 760  # pixels of a line of text


class AnswerPage(Page):
    """The question, and below it a paragraph for each thing that was found."""

    def __init__(self, model: StudyModel) -> None:
        super().__init__(model, "study-answer")
        self.question = QLabel(objectName="study-question", wordWrap=True)
        self.question.setTextFormat(Qt.TextFormat.PlainText)
        self.text = QLabel(objectName="study-sentences", wordWrap=True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self.question, self.text):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setMaximumWidth(_WIDEST)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
        inner = QWidget()
        down = QVBoxLayout(inner)
        down.setContentsMargins(4, 6, 8, 6)
        down.setSpacing(8)
        down.addWidget(self.question)
        down.addWidget(self.text)
        down.addStretch(1)
        area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(area)
        theme.changed.connect(self._dress)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._dress()  # here, since Qt resets fonts when the page gets its parent

    def _dress(self) -> None:
        self.question.setFont(sans(1.1, bold=True))

    def refresh(self) -> None:
        if self.is_other():
            self.text.setText("Looking for the answer …")
        self.question.setText(self.table.study.question)
        self.question.setVisible(bool(self.table.study.question))
        table = self.table
        self.model.run(lambda: sentences.answer(table), self._show)

    def _show(self, found: list[str]) -> None:
        self.text.setText("\n\n".join(map(numbers.sentence, found)))
