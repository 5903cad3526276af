"""The dialog on the columns of a table: which name the files, the labels and the parts."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QColor, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base import numbers, screens
from designer.gui.base.boxes import ComboBox
from designer.gui.base.plain_text import tip
from designer.gui.base.speed import idle_imports
from designer.gui.base.theme import colors, sans
from designer.gui.documents import steps
from designer.gui.documents.workspace import Workspace
from designer.recipe.data import TARGETS, Data
from designer.recipe.reading import changed

if TYPE_CHECKING:
    from designer.data import Description
    from designer.data.tables.columns import TableInfo

_SETTLED = 150  # milliseconds after the last choice at which the table is read with it
_SEPARATORS = {"": "found by itself", "|": "|", ";": ";", ",": ",", " ": "space"}
_LETTERS = 60  # of a cell or a name that are shown
_MOST_COLUMNS = 100  # of the table that are shown
_CHECKED, _UNCHECKED = Qt.CheckState.Checked, Qt.CheckState.Unchecked


class ColumnsDialog(QDialog):
    """Shows the first rows of a table, with choices, and says at once what results from them.

    OK changes the recipe of the design that was current when the dialog was made.
    """

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="columns")
        self.workspace = workspace
        self.document = workspace.document
        self.before: Data = workspace.recipe.data
        self.info: TableInfo | None = None
        self._number = 0  # of the last reading: what an earlier one finds is obsolete
        self.setWindowTitle("Columns of the table")
        self._assemble()
        self._soon = QTimer(self, interval=_SETTLED, singleShot=True)
        self._soon.timeout.connect(self._read)
        for box in (self.file, self.part, self.targets):
            box.activated.connect(self._choice_changed)
        self.separator.currentTextChanged.connect(self._choice_changed)
        self.labels.itemChanged.connect(self._choice_changed)
        screens.resize_within(
            self, self.fontMetrics().height() * 56, self.fontMetrics().height() * 38
        )

    def _assemble(self) -> None:
        self.about = QLabel(
            "Reading the table…", objectName="columns-about", textFormat=Qt.TextFormat.PlainText
        )
        self.about.setProperty("role", "soft")
        self.file, self.part, self.targets, self.separator = (
            ComboBox(objectName=f"columns-{name}")
            for name in ("file", "part", "targets", "separator")
        )
        self.separator.setEditable(True)
        for value, title in _SEPARATORS.items():
            self.separator.addItem(title, value)
        for value, title in TARGETS.items():
            if value != "auto":
                self.targets.addItem(steps.capitalized(title), value)
        self.labels = QListWidget(objectName="columns-labels")
        self.labels.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        form = QFormLayout()
        form.setHorizontalSpacing(10)
        form.setVerticalSpacing(7)
        rows = (
            ("Files", self.file, "The column that names the picture of each row."),
            ("Targets", self.targets, "What the labels are: what the network is to predict."),
            (
                "Separator",
                self.separator,
                "What stands between several labels in one cell; any text may be typed.",
            ),
            ("Parts", self.part, "The column that says whether a row is for training or test."),
        )
        self._rows = form
        for title, box, words in rows:
            label = QLabel(title, textFormat=Qt.TextFormat.PlainText)
            label.setBuddy(box)
            for widget in (label, box):
                widget.setToolTip(words)
            box.setAccessibleName(title)
            box.setMinimumWidth(220)
            form.addRow(label, box)
        names = QVBoxLayout()
        names.setSpacing(3)
        head = QLabel("Labels: check one column or several")
        head.setBuddy(self.labels)
        names.addWidget(head)
        names.addWidget(self.labels, 1)
        across = QHBoxLayout()
        across.setSpacing(20)
        across.addLayout(form)
        across.addLayout(names, 1)
        self.table = QTableWidget(objectName="columns-table")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.verticalHeader().hide()
        self.outcome = QLabel(
            objectName="columns-result", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.outcome.setMinimumHeight(3 * self.fontMetrics().lineSpacing())
        self.outcome.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setObjectName("columns-ok")
        self.ok.setEnabled(False)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 12)
        column.setSpacing(10)
        column.addWidget(self.about)
        column.addLayout(across, 2)
        column.addWidget(self.table, 3)
        column.addWidget(self.outcome)
        column.addWidget(self.buttons)

    def showEvent(self, event: QShowEvent) -> None:
        """Look at the table now that the dialog is to be seen."""
        super().showEvent(event)
        if self.info is None:
            before = self.before
            idle_imports.run(self, lambda: _look(before), self._looked, self._not_looked)

    # The table

    def _not_looked(self, sentence: str) -> None:
        self.about.setText("The table cannot be shown.")
        self._say(sentence, "error")

    def _looked(self, info: "TableInfo | None") -> None:
        if info is None:
            self._not_looked(f"{self.before.source} holds no table of labels.")
            return
        self.info = info
        guesses = info.guesses
        count = f"{numbers.count(info.rows)} {'row' if info.rows == 1 else 'rows'}"
        self.about.setText(f"{info.file}: {count}, the first of which are shown below.")
        for box, none, chosen in (
            (self.file, "None is found", guesses.file),
            (self.part, "None is found", guesses.part),
        ):
            if not chosen:
                box.addItem(none, "")
            for name in info.names:
                box.addItem(name[:_LETTERS], name)
            box.setCurrentIndex(box.findData(chosen))
        self._rows.setRowVisible(self.file, not info.pixels)
        self.targets.setCurrentIndex(self.targets.findData(guesses.targets))
        index = self.separator.findData(guesses.separator)
        with QSignalBlocker(self.separator):
            self.separator.setCurrentIndex(index)
            if index < 0:
                self.separator.setEditText(guesses.separator)
        with QSignalBlocker(self.labels):
            for name, distinct in zip(info.names, info.distinct, strict=True):
                values = "value" if distinct == 1 else "values"
                item = QListWidgetItem(
                    f"{name[:_LETTERS]}  ({numbers.count(distinct)} {values})", self.labels
                )
                item.setData(Qt.ItemDataRole.UserRole, name)
                item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(_CHECKED if name in guesses.labels else _UNCHECKED)
        self._fill(info)
        self._show_roles()
        self._read()

    def _fill(self, info: "TableInfo") -> None:
        shown = info.names[:_MOST_COLUMNS]
        self.table.setColumnCount(len(shown))
        self.table.setRowCount(len(info.samples))
        for row, cells in enumerate(info.samples):
            for column, cell in enumerate(cells[:_MOST_COLUMNS]):
                item = QTableWidgetItem(" ".join(cell.split())[:_LETTERS])
                item.setToolTip(tip(cell[:1000]))
                self.table.setItem(row, column, item)

    def _show_roles(self) -> None:
        """Name in the heads of the columns what they are taken for, and color them."""
        if self.info is None:
            return
        chosen = self.settings()
        roles = dict.fromkeys(chosen["data.label_columns"], "labels")
        roles |= {chosen["data.part_column"]: "parts", chosen["data.file_column"]: "files"}
        for column, name in enumerate(self.info.names[:_MOST_COLUMNS]):
            role = roles.get(name, "")
            words = name[:_LETTERS].replace("\n", " ")
            head = QTableWidgetItem(f"{words}\n{role}")
            head.setFont(sans(bold=bool(role)))
            if role:
                head.setForeground(QColor(colors().accent))
            head.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            self.table.setHorizontalHeaderItem(column, head)
            for row in range(self.table.rowCount()):
                item = self.table.item(row, column)
                if item is not None:
                    item.setForeground(QColor(colors().text if role else colors().soft_text))
        self.table.resizeColumnsToContents()
        several = self.targets.currentData() == "labels"
        one = len(chosen["data.label_columns"]) == 1
        self._rows.setRowVisible(self.separator, several and one)

    # The choices

    def settings(self) -> dict[str, Any]:
        """Return the settings of the recipe that the choices stand for."""
        items = [self.labels.item(row) for row in range(self.labels.count())]
        labels = tuple(
            item.data(Qt.ItemDataRole.UserRole)
            for item in items
            if item.checkState() == Qt.CheckState.Checked
        )
        several = self.targets.currentData() == "labels" and len(labels) == 1
        return {
            "data.file_column": self.file.currentData() or "",
            "data.label_columns": labels,
            "data.input_columns": tuple(
                name for name in self.before.input_columns if name not in labels
            ),
            "data.part_column": self.part.currentData() or "",
            "data.targets": self.targets.currentData() or "auto",
            "data.separator": self._typed_separator() if several else "",
        }

    def _typed_separator(self) -> str:
        text = self.separator.currentText()
        return next((value for value, title in _SEPARATORS.items() if title == text), text)

    def _choice_changed(self, *_: object) -> None:
        self._number += 1
        self.ok.setEnabled(False)
        self._show_roles()
        self._soon.start()

    def _read(self) -> None:
        """Read the data set with the choices, and say what results."""
        self._number += 1
        number, chosen = self._number, self.settings()
        if not chosen["data.label_columns"]:
            self._say("Check at least one column that holds the labels.", "warning")
            return
        self._say("Reading the data set…", "soft")
        data = _with(self.before, chosen)
        idle_imports.run(
            self,
            lambda: _describe(data),
            lambda found: self._has_read(number, found),
            lambda sentence: self._not_read(number, sentence),
        )

    def _has_read(self, number: int, found: "Description") -> None:
        if number == self._number:
            questions = [each.sentence for each in found.findings if each.kind == "question"]
            self._say(" ".join((result(found), *questions)), "warning" if questions else "")
            self.ok.setEnabled(True)

    def _not_read(self, number: int, sentence: str) -> None:
        if number == self._number:
            self._say(sentence, "error")

    def _say(self, sentence: str, role: str) -> None:
        self.outcome.setText(sentence)
        self.outcome.setProperty("role", role)
        self.outcome.style().unpolish(self.outcome)
        self.outcome.style().polish(self.outcome)

    def accept(self) -> None:
        """Take the choices over into the recipe."""
        if self.workspace.document is self.document and self.document is not None:
            self.workspace.set_recipe(changed(self.workspace.recipe, self.settings()))
        super().accept()


def result(found: "Description") -> str:
    """Return what a data set holds: its classes, the pictures of its parts, what is left out."""
    outputs = found.target.outputs
    one, several = {
        "classes": ("class", "classes"),
        "labels": ("label", "labels"),
        "numbers": ("number to predict", "numbers to predict"),
    }.get(found.kind, ("target", "targets"))
    words = {"train": "training", "validation": "validation", "test": "test"}
    parts = [f"{numbers.count(count)} {words[part]}" for part, count in found.counts.items()]
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    names = ", ".join(name[:_LETTERS] for name in found.target.values[:6])
    more = " …" if outputs > 6 else ""
    things = "examples" if found.inputs else "pictures"
    sentence = (
        f"{numbers.count(outputs)} {one if outputs == 1 else several} ({names}{more}); "
        f"{listed} {things}."
    )
    if found.kind == "input":
        sentence = f"Each example is its own target; {listed} {things}."
    if found.left_out:
        first, count = found.left_out[0], len(found.left_out)
        files = "1 file is" if count == 1 else f"{numbers.count(count)} files are"
        if found.inputs:
            files = "1 column is" if count == 1 else f"{numbers.count(count)} columns are"
        sentence += f" {files} left out: {first.file} ({first.reason}){', …' * (count > 1)}."
    return sentence


def _with(data: Data, settings: Mapping[str, Any]) -> Data:
    values = {name.removeprefix("data."): value for name, value in settings.items()}
    return Data(**{name: getattr(data, name) for name in data.__struct_fields__} | values)


def _look(data: Data) -> "TableInfo | None":
    """Return the columns of a data set's table, those in doubt as they are found by themselves."""
    from designer.data.opening import existing
    from designer.data.options import read_options
    from designer.data.tables.columns import table_info
    from designer.errors import DesignerError

    path, options = existing(data.source), read_options(data)
    try:
        return table_info(path, options)
    except DesignerError:  # the recipe may name columns of another table
        plain = replace(options, file_column="", label_columns=(), part_column="")
        return table_info(path, plain)


def _describe(data: Data) -> "Description":
    from designer.data import describe, open_dataset
    from designer.data.options import read_options

    return describe(open_dataset(data.source, read_options(data)))
