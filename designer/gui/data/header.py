"""The head of the Data window: name, place, kind, counts, and what users are told of the data."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base import icons, numbers
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import sans, theme
from designer.gui.data.contents import PART_TITLES, Contents
from designer.gui.data.findings import FindingList, findings_of
from designer.gui.data.model import DataModel


class Header(QWidget):
    """Name, place, kind and counts of the data set, and its findings with buttons."""

    def __init__(self, model: DataModel) -> None:
        super().__init__(objectName="data-header")
        self.model = model
        self.name = QLabel(objectName="data-name", textFormat=Qt.TextFormat.PlainText)
        self.name.setFont(sans(1.35, bold=True))
        self.name.setMinimumWidth(1)
        self.place = ElidedLabel(name="data-place")
        self.place.setProperty("role", "faint")
        self.copy = QToolButton(objectName="data-copy-path", toolTip="Copy the path.")
        self.copy.setAccessibleName("Copy the path")
        self.copy.clicked.connect(lambda: QApplication.clipboard().setText(self.place.text()))
        self.facts = QLabel(
            objectName="data-summary", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.facts.setProperty("role", "soft")
        self.facts.setMinimumWidth(1)
        self.again = QToolButton(
            objectName="data-read-again", toolTip="Read the data set again from its files."
        )
        self.again.setAccessibleName("Read again")
        self.again.clicked.connect(model.read_again)
        self.notes = QToolButton(objectName="data-notes", checkable=True)
        self.notes.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.notes.setToolTip("Show or hide what is only for information.")
        self.notes.toggled.connect(self._show)
        self.columns = QPushButton("Columns…", objectName="data-window-columns")
        self.columns.setToolTip("Choose which columns of the table name files, labels and parts.")
        self.columns.clicked.connect(self._choose_columns)
        self.findings = FindingList(model)
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(self.name)
        top.addWidget(self.place, 1)
        top.addWidget(self.columns)
        top.addWidget(self.copy)
        top.addWidget(self.again)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 12, 8)
        column.setSpacing(4)
        column.addLayout(top)
        second = QHBoxLayout()
        second.addWidget(self.facts, 1)
        second.addWidget(self.notes)
        column.addLayout(second)
        column.addWidget(self.findings)
        theme.changed.connect(self._dress)
        self._dress()
        for signal in (model.changed, model.looked, model.form_changed):
            signal.connect(self._show)
        self._show()

    def _dress(self) -> None:
        self.copy.setIcon(icons.icon("copy"))
        self.again.setIcon(icons.icon("revert"))
        self.notes.setIcon(icons.icon("info"))

    def _show(self, *_: object) -> None:
        contents = self.model.contents
        if contents is None:
            return
        self.name.setText(contents.title)
        self.place.setText(str(contents.data.path))
        self.place.setToolTip(tip(str(contents.data.path)))
        self.facts.setText(summary(contents))
        self.columns.setVisible(contents.table)
        findings = findings_of(self.model)
        notes = sum(finding.kind == "note" for finding in findings)
        self.notes.setText(f"{notes} note{'s' if notes != 1 else ''}")
        self.notes.setVisible(bool(notes))
        every = self.notes.isChecked()
        self.findings.show_findings(
            [finding for finding in findings if every or finding.kind != "note"]
        )

    def _choose_columns(self) -> None:
        from designer.gui.data.columns_dialog import ColumnsDialog

        dialog = ColumnsDialog(self.model.workspace, self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()


def summary(contents: Contents) -> str:
    """Return kind and counts in a line: 10 classes · 7,204 training, 800 validation, 1,996 test."""
    names = {
        "classes": ("class", "classes"),
        "labels": ("label", "labels"),
        "numbers": ("number to predict", "numbers to predict"),
        "input": ("target", "each is its own target"),
        "tokens": ("token", "tokens"),
    }[contents.target.kind]
    outputs = contents.target.outputs
    kind = f"{numbers.count(outputs)} {names[outputs != 1]}" if outputs else names[1]
    parts = ", ".join(
        f"{numbers.count(len(part))} {PART_TITLES[name].lower()}"
        for name, part in contents.parts.items()
    )
    whole = sum(len(part) for part in contents.parts.values())
    stored = "picture files" if contents.in_files else "pictures in arrays"
    if not contents.data.pictures:
        stored = contents.data.things
    return f"{kind}  ·  {numbers.count(whole)} {stored}: {parts}"
