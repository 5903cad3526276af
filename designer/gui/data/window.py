"""The Data window: the data set of the current design's recipe, on several pages."""

import base64
from collections.abc import Sequence

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base import numbers
from designer.gui.base.plain_text import tip
from designer.gui.base.screens import keep_on_screen, resize_within
from designer.gui.data.header import Header
from designer.gui.data.left_out import entries_of
from designer.gui.data.model import DataModel
from designer.gui.data.pages import PAGES, Page
from designer.gui.documents.workspace import Workspace
from designer.preferences import Preferences

_WIDTH, _HEIGHT = 1080, 680  # of the window when it is first opened


class DataWindow(QWidget):
    """Shows the data set of the current design's recipe and follows the recipe.

    It is a window of its own beside the main one, which stays usable.

    Attributes
    ----------
    model
        What the pages show.
    pages
        The widgets of the pages that were shown, by key.
    """

    def __init__(
        self,
        workspace: Workspace,
        preferences: Preferences,
        parent: QWidget | None = None,
        rows: Sequence[Page] = PAGES,
    ) -> None:
        super().__init__(parent, Qt.WindowType.Window, objectName="data-window")
        self.model = DataModel(workspace, self)
        self.preferences = preferences
        self.rows = rows
        self.pages: dict[str, QWidget] = {}
        self.setWindowTitle("Data")
        self.setMinimumSize(560, 380)
        self._assemble()
        resize_within(self, _WIDTH, _HEIGHT)
        if preferences.data_window:
            self.restoreGeometry(QByteArray(base64.b64decode(preferences.data_window)))
            keep_on_screen(self)
        self.model.class_opened.connect(self._open_class)
        self.model.changed.connect(self._show)
        self.model.looked.connect(self._name_tabs)
        self.model.unpacking.moved.connect(self._show_unpacking)
        self._show()

    def _assemble(self) -> None:
        self.header = Header(self.model)
        self.tabs = QTabBar(objectName="data-tabs", drawBase=False, expanding=False)
        self.tabs.setAccessibleName("Pages")
        self.stack = QStackedWidget()
        for row in self.rows:
            number = self.tabs.addTab(row.title)
            self.tabs.setTabToolTip(number, tip(row.help))
            self.stack.addWidget(QWidget())
        self.tabs.currentChanged.connect(self._turn)
        self.waiting = QWidget()
        self.doing = QLabel("Reading the data set…", objectName="data-doing")
        self.doing.setProperty("role", "soft")
        self.bar = QProgressBar(objectName="data-window-bar", textVisible=False, maximum=0)
        self.cancel = QPushButton("Cancel", objectName="data-window-cancel")
        self.cancel.clicked.connect(self.model.cancel)
        across = QHBoxLayout(self.waiting)
        across.setContentsMargins(16, 10, 16, 10)
        across.setSpacing(12)
        across.addWidget(self.doing)
        across.addWidget(self.bar, 1)
        across.addWidget(self.cancel)
        self.failure = QLabel(
            objectName="data-failure", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.failure.setProperty("role", "error")
        self.failure.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.again = QPushButton("Read again", objectName="data-again")
        self.again.clicked.connect(self.model.read_again)
        self.failed = QWidget()
        column = QVBoxLayout(self.failed)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(10)
        column.addWidget(self.failure)
        column.addWidget(self.again, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        line = QFrame()
        line.setProperty("role", "line")
        line.setFixedHeight(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.header)
        whole.addWidget(self.waiting)
        tabs = QHBoxLayout()
        tabs.setContentsMargins(4, 0, 4, 0)
        tabs.addWidget(self.tabs)
        tabs.addStretch(1)
        whole.addLayout(tabs)
        whole.addWidget(line)
        whole.addWidget(self.stack, 1)
        whole.addWidget(self.failed, 1)
        self.line = line

    def show_page(self, key: str) -> QWidget:
        """Turn to a page, and return its widget."""
        number = next(number for number, row in enumerate(self.rows) if row.key == key)
        self.tabs.setCurrentIndex(number)
        self._turn(number)
        return self.pages[key]

    def appear(self) -> None:
        """Show the window in front of the others."""
        self.show()
        self.raise_()
        self.activateWindow()

    def _open_class(self, number: int) -> None:
        from designer.gui.data.pictures_page import PicturesPage

        page = self.show_page("pictures")
        if isinstance(page, PicturesPage):
            page.show_class(number)

    def _turn(self, number: int) -> None:
        row = self.rows[number]
        if row.key not in self.pages:
            page = self.pages[row.key] = row.build(self.model)
            placeholder = self.stack.widget(number)
            self.stack.insertWidget(number, page)
            if placeholder is not None:
                self.stack.removeWidget(placeholder)
                placeholder.deleteLater()
        self.stack.setCurrentIndex(number)

    def _show(self) -> None:
        model = self.model
        there = model.contents is not None
        self._show_unpacking()
        self.waiting.setVisible(model.busy)
        self.failed.setVisible(bool(model.error))
        self.failure.setText(model.error)
        self.again.setVisible(model.workspace.document is not None)
        for each in (self.header, self.tabs, self.line, self.stack):
            each.setVisible(there)
        if model.contents is not None:
            self.setWindowTitle(f"Data — {model.contents.title}")
            self._show_tabs(pictures=model.contents.data.pictures)
            self._turn(self.tabs.currentIndex())
            self._name_tabs()
        else:
            self.setWindowTitle("Data")

    def _show_tabs(self, *, pictures: bool) -> None:
        """Show the pages that are for what the data set holds."""
        fits = [row.pictures in (None, pictures) for row in self.rows]
        if not fits[self.tabs.currentIndex()]:
            self.tabs.setCurrentIndex(0)  # before Qt chooses another one
        for number, fit in enumerate(fits):
            self.tabs.setTabVisible(number, fit)

    def _show_unpacking(self) -> None:
        """Show how far an archive is uncompressed."""
        unpacking = self.model.unpacking
        self.doing.setText(unpacking.words or "Reading the data set…")
        value, maximum = unpacking.steps
        self.bar.setMaximum(maximum)
        self.bar.setValue(value)

    def _name_tabs(self) -> None:
        """Name the pages for what is to be predicted, and count what is left out."""
        contents = self.model.contents
        if contents is None:
            return
        kind = {"classes": "Classes", "labels": "Labels", "numbers": "Numbers"}
        titles = {row.key: row.title for row in self.rows}
        titles["classes"] = kind.get(contents.target.kind, "Targets")
        if left_out := entries_of(self.model):
            titles["left-out"] = f"Left out ({numbers.count(len(left_out))})"
        for number, row in enumerate(self.rows):
            self.tabs.setTabText(number, titles[row.key])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close the window with Escape, unless a page has a use for it."""
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Read the data set now that it is to be seen."""
        super().showEvent(event)
        self.model.set_active(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Remember size and position until the preferences are stored, and read nothing more."""
        super().hideEvent(event)
        self.preferences.data_window = base64.b64encode(self.saveGeometry().data()).decode()
        self.model.set_active(False)
