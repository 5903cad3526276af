"""What all pages of a study have in common."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from designer.gui.base.boxes import ComboBox
from designer.gui.studies.model import StudyModel
from designer.studies.answers.table import Table
from designer.studies.folder import StudyFolder


class Page(QWidget):
    """A page; it is refreshed when it is seen and the study has news."""

    def __init__(self, model: StudyModel, name: str) -> None:
        super().__init__(objectName=name)
        self.model = model
        self._of: StudyFolder | None = None

    def is_other(self) -> bool:
        """Tell whether another study is shown than when this was asked last."""
        before, self._of = self._of, self.model.folder
        return before != self._of

    @property
    def table(self) -> Table:
        """The candidates of the study; a page without a study is never seen."""
        assert self.model.table is not None
        return self.model.table

    def refresh(self) -> None:
        """Show what the study is now."""
        raise NotImplementedError


class Choice(ComboBox):
    """A list to choose from whose entries have names; what was chosen stays where it still is."""

    def __init__(self, name: str, title: str) -> None:
        super().__init__(objectName=name)
        self.setAccessibleName(title)
        self.setSizeAdjustPolicy(ComboBox.SizeAdjustPolicy.AdjustToContents)

    def offer(self, rows: Sequence[tuple[str, str]]) -> None:
        """Offer these names with their texts."""
        if [(self.itemData(i), self.itemText(i)) for i in range(self.count())] == list(rows):
            return
        before = self.currentData()
        self.clear()
        for name, text in rows:
            self.addItem(text, name)
        self.setCurrentIndex(max(self.findData(before), 0))

    @property
    def chosen(self) -> str:
        """The name that is chosen, "" while there is nothing to choose."""
        return str(self.currentData() or "")

    def choose(self, name: str) -> None:
        """Choose an entry by its name."""
        self.setCurrentIndex(max(self.findData(name), 0))


def words(text: str = "", role: str = "", *, wrap: bool = False) -> QLabel:
    """Return a label of plain text."""
    label = QLabel(text, wordWrap=wrap, textFormat=Qt.TextFormat.PlainText)
    if role:
        label.setProperty("role", role)
    return label


def head(*parts: str | QWidget) -> QHBoxLayout:
    """Return a line of labels and widgets above a plot."""
    line = QHBoxLayout()
    line.setSpacing(6)
    for part in parts:
        line.addWidget(words(part, "soft") if isinstance(part, str) else part)
    line.addStretch(1)
    return line


def put_behind(before: QWidget, late: QWidget) -> None:
    """Let Tab go from a widget into one that was built late, which Qt puts at the end."""
    for widget in late.findChildren(QWidget):
        here = widget.window() is before.window()  # unlike the list of a combo box
        if here and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            QWidget.setTabOrder(before, widget)
            before = widget
