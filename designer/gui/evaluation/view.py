"""What the Evaluation dock shows once there is an evaluation: its header and its pages."""

import csv
import io
import math
from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QStackedWidget,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.errors import DesignerError
from designer.gui.base import csv_file, icons, numbers
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.notice import Notice
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import sans, theme
from designer.gui.evaluation.contents import Contents
from designer.gui.evaluation.curves_page import CurvesPage
from designer.gui.evaluation.model import ALL, EvaluationModel
from designer.gui.evaluation.page import Page, Table
from designer.gui.evaluation.pages import PAGES, PageRow
from designer.recipe.evaluation import TEST_TIMES
from designer.runs.inspection import BEST, EPOCH

_NARROW = 140  # letters side by side, below which buttons have no words


class EvaluationView(QWidget):
    """The pages of an evaluation; each is built when it is first shown.

    Signals
    -------
    other_data_wanted()
        The user wants to evaluate the network on other data.
    report_wanted()
        The user wants a report of the run.
    own_wanted()
        The user wants to see the evaluation of the run on its own test part again.

    Attributes
    ----------
    pages
        The pages that were shown, by key.
    """

    other_data_wanted = Signal()
    report_wanted = Signal()
    own_wanted = Signal()

    def __init__(self, model: EvaluationModel) -> None:
        super().__init__(objectName="evaluation-view")
        self.model = model
        self.pages: dict[str, Page] = {}
        self._rows: list[PageRow] = []
        self._stale: set[str] = set()
        self.title = ElidedLabel(name="evaluation-title")
        self.title.setProperty("role", "soft")
        self.tabs = QTabBar(objectName="evaluation-tabs", drawBase=False, expanding=False)
        self.tabs.setAccessibleName("Pages of the evaluation")
        self.tabs.currentChanged.connect(lambda _: self._turn())
        self.stack = QStackedWidget()
        self.own = self._button("own", "Own test part", "Show the run's own test part again.")
        self.other = self._button(
            "other",
            "Evaluate other data…",
            "Evaluate the network on any data set, part or weights.",
        )
        self.report = self._button(
            "report", "Write report…", "Write all about the run into one HTML or Markdown file."
        )
        self.save = self._button(
            "csv", "Save as CSV…", "Save the figures of this page as comma-separated values."
        )
        self.own.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.own.clicked.connect(self.own_wanted)
        self.other.clicked.connect(self.other_data_wanted)
        self.report.clicked.connect(self.report_wanted)
        self.save.clicked.connect(self._save)
        self.notice = Notice("evaluation-notice")
        self._lay_out()
        for step, keys in ((1, "Ctrl+PgDown"), (-1, "Ctrl+PgUp")):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda step=step: self._step(step))
        model.changed.connect(self._renew)
        model.curves_wanted.connect(self._show_curves)
        theme.changed.connect(self._dress)
        self._dress()

    def _button(self, name: str, text: str, help_: str) -> QToolButton:
        button = QToolButton(objectName=f"evaluation-{name}", text=text)
        button.setToolTip(help_)
        button.setAccessibleName(text.rstrip("…"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.tabs)
        head.addStretch(1)
        for button in (self.other, self.report, self.save):
            head.addWidget(button)
        what = QHBoxLayout()
        what.setSpacing(8)
        what.addWidget(self.title, 1)
        what.addWidget(self.own)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 2, 6, 4)
        column.setSpacing(3)
        column.addLayout(head)
        column.addLayout(what)
        column.addWidget(self.notice)
        column.addWidget(self.stack, 1)

    def tell(self, sentence: str, *answers: tuple[str, Callable[[], object]]) -> None:
        """Show a sentence with buttons until the user closes it."""
        self.notice.tell(sentence, (*answers, ("Close", lambda: self.notice.tell(""))))

    def _dress(self) -> None:
        self.title.setFont(sans(0.9))
        signs = (
            (self.own, "revert"),
            (self.other, "data"),
            (self.report, "export"),
            (self.save, "table"),
        )
        for button, icon in signs:
            button.setIcon(icons.icon(icon))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _NARROW * self.fontMetrics().averageCharWidth()
        style = Qt.ToolButtonStyle
        for button in (self.other, self.report, self.save):
            button.setToolButtonStyle(
                style.ToolButtonIconOnly if narrow else style.ToolButtonTextBesideIcon
            )

    # Pages

    @property
    def page(self) -> Page:
        """The page that is shown."""
        return self.pages[self._rows[self.tabs.currentIndex()].key]

    def show_page(self, key: str) -> Page:
        """Turn to a page, and return it."""
        self.tabs.setCurrentIndex([row.key for row in self._rows].index(key))
        return self.page

    def _step(self, by: int) -> None:
        self.tabs.setCurrentIndex((self.tabs.currentIndex() + by) % max(self.tabs.count(), 1))

    def _show_curves(self, output: int) -> None:
        page = self.show_page("curves")
        assert isinstance(page, CurvesPage)
        page.show_class(output)

    def _renew(self) -> None:
        """Show another evaluation on the page that was shown, if it has such a page."""
        contents = self.model.contents
        if contents is None:
            return
        self.title.setText(title_of(contents))
        self.title.setToolTip(tip(str(contents.run)))
        self.own.setHidden(contents.usual)
        current = self._rows[self.tabs.currentIndex()].key if self._rows else ""
        rows = [row for row in PAGES if contents.kind in row.titles]
        self._stale = {row.key for row in rows}
        blocked = self.tabs.blockSignals(True)
        if rows != self._rows:
            while self.tabs.count():
                self.tabs.removeTab(0)
            for row in rows:
                self.tabs.addTab(row.titles[contents.kind])
            self._rows = rows
        for number, row in enumerate(rows):
            self.tabs.setTabText(number, row.titles[contents.kind])
            self.tabs.setTabToolTip(number, tip(row.help))
        keys = [row.key for row in rows]
        self.tabs.setCurrentIndex(keys.index(current) if current in keys else 0)
        self.tabs.blockSignals(blocked)
        self._turn()

    def _turn(self) -> None:
        if self.model.contents is None or not self._rows:
            return
        row = self._rows[self.tabs.currentIndex()]
        if row.key not in self.pages:
            self.pages[row.key] = row.build(self.model)
            self.stack.addWidget(self.pages[row.key])
        page = self.pages[row.key]
        if row.key in self._stale:
            self._stale.discard(row.key)
            page.refresh()
        self.stack.setCurrentWidget(page)

    def _save(self) -> None:
        table = self.page.table()
        assert self.model.contents is not None
        name = f"{self.model.contents.run.name}-{table.name}.csv"
        try:
            path = csv_file.save(self, title="Save the figures", name=name, text=as_csv(table))
        except DesignerError as error:
            self.tell(str(error))
            return
        if path is not None:
            self.tell(f"The figures are in {path}.")


def as_csv(table: Table) -> str:
    """Return a table as comma-separated values; what is not defined is empty."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(table.titles)
    for row in table.rows:
        writer.writerow(["" if _undefined(value) else value for value in row])
    return file.getvalue()


def _undefined(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def title_of(contents: Contents) -> str:
    """Return which network was evaluated on which data."""
    count = numbers.count(len(contents))
    what = "examples" if contents.kind == "numbers" else contents.things
    part = "" if contents.part == ALL else f"{contents.part} part"
    data = ", ".join(filter(None, (contents.data, part))) if contents.data else f"its {part}"
    name = contents.run.name
    if contents.members:
        data = data if contents.data else f"the {part} of {name}"
        name = f"Ensemble of {len(contents.members)}"
    more = "" if contents.members or contents.weights == BEST else f", {_weights(contents.weights)}"
    if contents.views != "none" and contents.views in TEST_TIMES:
        more += f", {TEST_TIMES[contents.views].title}"
    return f"{name} on {data}: {count} {what}{more}"


def _weights(weights: str) -> str:
    if weights.startswith(EPOCH):
        return f"weights of epoch {weights.removeprefix(EPOCH)}"
    return f"{weights} weights"
