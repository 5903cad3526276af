"""What the Studies dock shows of the chosen study: a line on its state, and its pages.

Imported when a study is first shown, since it needs numpy and pyqtgraph, which the window's start
avoids.
"""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QStackedWidget,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base import icons, numbers
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.notice import Notice
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import sans, theme
from designer.gui.studies.model import StudyModel
from designer.gui.studies.page import Page, put_behind
from designer.gui.studies.pages import PAGES
from designer.gui.studies.table_page import TablePage

_NARROW = 110  # letters side by side, below which buttons have no words


class StudyView(QWidget):
    """The pages of a study; each is built when it is first shown, and renewed while it is seen.

    Attributes
    ----------
    pages
        The pages that were shown, by key.
    """

    def __init__(self, model: StudyModel) -> None:
        super().__init__(objectName="study-view")
        self.model = model
        self.pages: dict[str, Page] = {}
        self._stale: set[str] = set()
        self.title = ElidedLabel(name="study-title")
        self.title.setProperty("role", "soft")
        self.tabs = QTabBar(objectName="study-tabs", drawBase=False, expanding=False)
        self.tabs.setAccessibleName("Pages of the study")
        self.tabs.setUsesScrollButtons(True)
        self.tabs.setElideMode(Qt.TextElideMode.ElideNone)
        for number, row in enumerate(PAGES):
            self.tabs.addTab(row.title)
            self.tabs.setTabToolTip(number, row.help)
        self.tabs.currentChanged.connect(lambda _: self._turn())
        self.stack = QStackedWidget()
        self.report = self._button(
            "report", "Report…", "Write what was found into one HTML file.", self._ask_for_report
        )
        self.csv = self._button(
            "csv", "CSV…", "Save all candidates as comma-separated values.", self._save_csv
        )
        self.notice = Notice("study-notice")
        self._lay_out()
        for step, keys in ((1, "Ctrl+PgDown"), (-1, "Ctrl+PgUp")):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda step=step: self._step(step))
        model.changed.connect(self._renew)
        model.told.connect(self.tell)
        theme.changed.connect(self._dress)
        self._dress()

    def _button(self, name: str, text: str, help_: str, act: Callable[[], object]) -> QToolButton:
        button = QToolButton(objectName=f"study-{name}", text=text)
        button.setToolTip(help_)
        button.setAccessibleName(text.rstrip("…"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda _=False: act())
        return button

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(self.tabs, 1)
        for button in (self.report, self.csv):
            line.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 2, 6, 4)
        column.setSpacing(3)
        column.addLayout(line)
        column.addWidget(self.title)
        column.addWidget(self.notice)
        column.addWidget(self.stack, 1)

    def tell(self, sentence: str, *answers: tuple[str, Callable[[], object]]) -> None:
        """Show a sentence with buttons until the user closes it; nothing for ""."""
        close = ("Close", lambda: self.notice.tell(""))
        self.notice.tell(numbers.sentence(sentence), (*answers, close) if sentence else ())

    def _dress(self) -> None:
        self.title.setFont(sans(0.9))
        self.report.setIcon(icons.icon("export"))
        self.csv.setIcon(icons.icon("table"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _NARROW * self.fontMetrics().averageCharWidth()
        style = Qt.ToolButtonStyle
        for button in (self.report, self.csv):
            button.setToolButtonStyle(
                style.ToolButtonIconOnly if narrow else style.ToolButtonTextBesideIcon
            )

    # Pages

    def follow_in_tab_order(self, before: QWidget) -> None:
        """Let Tab go from a widget to the tabs, though Qt puts what is built late at the end."""
        for widget in (self.tabs, self.report, self.csv):
            self.setTabOrder(before, widget)
            before = widget
        for page in self.pages.values():
            put_behind(self.csv, page)

    @property
    def page(self) -> Page:
        """The page that is shown."""
        return self.pages[PAGES[self.tabs.currentIndex()].key]

    def show_page(self, key: str) -> Page:
        """Turn to a page, and return it."""
        self.tabs.setCurrentIndex([row.key for row in PAGES].index(key))
        self._turn()
        return self.page

    def _step(self, by: int) -> None:
        self.tabs.setCurrentIndex((self.tabs.currentIndex() + by) % self.tabs.count())

    def _renew(self) -> None:
        """Show another study, or what is new of it."""
        table = self.model.table
        if table is None:
            self.tell("")
            return
        number, wanted = numbers.count(table.progress.ended), table.progress.total
        words = number if wanted is None else f"{number} of {numbers.count(wanted)}"
        refused = sum(row.state == "refused" for row in table.rows)
        more = f", {numbers.count(refused)} candidates refused" if refused else ""
        text = f"{table.study.title}: {words} trainings have ended{more}"
        self.title.setText(text)
        self.title.setToolTip(tip(str(self.model.folder.path) if self.model.folder else ""))
        self._stale = {row.key for row in PAGES}
        self._turn()

    def _turn(self) -> None:
        if self.model.table is None:
            return
        row = PAGES[self.tabs.currentIndex()]
        if row.key not in self.pages:
            self.pages[row.key] = row.build(self.model)
            self.stack.addWidget(self.pages[row.key])
            self._stale.add(row.key)
            put_behind(self.csv, self.pages[row.key])
        page = self.pages[row.key]
        if row.key in self._stale:
            self._stale.discard(row.key)
            page.refresh()
        self.stack.setCurrentWidget(page)

    # Files

    def _save_csv(self) -> None:
        page = self.show_page("table")
        assert isinstance(page, TablePage)
        page.save_csv()

    def _ask_for_report(self) -> None:
        folder = self.model.folder
        if folder is None:
            return
        chosen, _ = QFileDialog.getSaveFileName(
            self, "Write a report", f"{folder.path.name}.html", "HTML (*.html)"
        )
        if chosen:
            self.write_report(Path(chosen if Path(chosen).suffix else f"{chosen}.html"))

    def write_report(self, path: Path) -> None:
        """Write a report in a thread, and say where it is."""
        from designer.studies.answers.report import write_report

        folder = self.model.folder
        assert folder is not None
        open_ = ("Open", lambda: _open(path))
        self.model.run(
            lambda: write_report(folder, path),
            lambda _: self.tell(f"The report is in {path}.", open_),
        )


def _open(path: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.absolute())))
