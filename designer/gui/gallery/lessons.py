"""The lessons: their buttons on the welcome page, and the card that tells what to do in one."""

from collections.abc import Mapping
from weakref import WeakKeyDictionary

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
)

from designer.gui.base import icons
from designer.gui.base.button_row import ButtonRow, Entry
from designer.gui.base.theme import colors, sans, theme
from designer.gui.documents.document import Document
from designer.gui.documents.workspace import Workspace
from designer.lessons import LESSONS, Lesson


class LessonRow(ButtonRow):
    """A button for each lesson."""

    def __init__(self) -> None:
        rows = [Entry(each.key, each.title, each.text[0]) for each in LESSONS]
        super().__init__("lessons", "Lessons", "lesson", rows)


class LessonCard(QFrame):
    """What to press and what will be seen, above the canvas while a design of a lesson is shown.

    Closing it closes it for all designs of the lesson, until the lesson is opened again.
    """

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(objectName="lesson-card")
        self.setProperty("role", "card")
        self.workspace = workspace
        self.lesson: Lesson | None = None
        self._places: WeakKeyDictionary[Document, tuple[Lesson, str]] = WeakKeyDictionary()
        self._closed: set[str] = set()  # the keys of lessons whose text was closed
        self._sign = QLabel()
        self.title = QLabel(objectName="lesson-title", textFormat=Qt.TextFormat.PlainText)
        self.text = QLabel(objectName="lesson-text", wordWrap=True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.cross = QToolButton(objectName="lesson-close")
        self.cross.setProperty("role", "close-tab")
        self.cross.setAccessibleName("Close the text of the lesson")
        self.cross.setToolTip("Close this text; the designs stay open.")
        self.cross.clicked.connect(self.dismiss)
        down = QVBoxLayout()
        down.setSpacing(2)
        down.addWidget(self.title)
        down.addWidget(self.text)
        across = QHBoxLayout(self)
        across.setContentsMargins(12, 6, 6, 7)
        across.setSpacing(10)
        across.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        across.addLayout(down, 1)
        across.addWidget(self.cross, 0, Qt.AlignmentFlag.AlignTop)
        workspace.switched.connect(self.refresh)
        theme.changed.connect(self._apply_theme)
        self.hide()

    def opened(self, lesson: Lesson) -> dict[str, Document]:
        """Return the open documents of a lesson by the keys of its designs."""
        return {
            self._places[each][1]: each
            for each in self.workspace.documents
            if self._places.get(each, (None, ""))[0] is lesson
        }

    def begin(self, lesson: Lesson, documents: Mapping[str, Document]) -> None:
        """Show the text of a lesson whenever one of its documents is current.

        Parameters
        ----------
        lesson
            The lesson.
        documents
            Its documents, by the keys of its designs.
        """
        for key, document in documents.items():
            self._places[document] = (lesson, key)
        self._closed.discard(lesson.key)
        self.refresh()

    def refresh(self) -> None:
        """Show the text of the lesson that the current document belongs to, if any."""
        document = self.workspace.document
        place = self._places.get(document) if document is not None else None
        self.lesson = place[0] if place and place[0].key not in self._closed else None
        if self.lesson is not None:
            self.title.setText(self.lesson.title)
            self.text.setText(" ".join(self.lesson.text))
        self.setVisible(self.lesson is not None)

    def dismiss(self) -> None:
        """Close the text for all documents of the lesson."""
        if self.lesson is not None:
            self._closed.add(self.lesson.key)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._apply_theme()

    def _apply_theme(self) -> None:
        c = colors()
        self.title.setFont(sans(1.0, bold=True))
        self._sign.setPixmap(icons.icon("help", c.accent).pixmap(18, 18))
        self.cross.setIcon(icons.icon("close", c.soft_text))
