"""The dialog that asks on which data, with which weights, a network is to be evaluated."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base.boxes import ComboBox
from designer.known_data import KNOWN, find
from designer.known_data.titles import BUILT_IN
from designer.recipe.evaluation import TEST_TIMES
from designer.runs.folder import RunFolder
from designer.runs.inspection import BEST, EPOCH, LAST

_WIDTH = 440  # pixels
OWN = "The run's own data"
_PARTS = (
    ("Test part", "", "The test part; of another data set without parts, all its images."),
    ("Validation part", "validation", "The part that chose the best epoch."),
    ("Training part", "train", "What the network learned from: the figures flatter it."),
)


@dataclass(frozen=True)
class Wanted:
    """What is to be evaluated.

    Attributes
    ----------
    source
        The path or name of a data set; "" for the data of the run.
    part
        ``train`` or ``validation``; "" for the test part, or all images without parts.
    weights
        ``best``, ``last`` or ``epoch:`` and a number.
    views
        The test-time views; see `designer.recipe.evaluation`.
    """

    source: str
    part: str
    weights: str
    views: str


class OtherDataDialog(QDialog):
    """Asks for data, part, weights and test-time views."""

    def __init__(self, run: RunFolder, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="evaluate")
        self.run = run
        self.setWindowTitle(f"Evaluate {run.path.name}")
        words = QLabel(
            "The network of the run predicts every image of the data, and the pages show the "
            "figures. Classes of another data set are matched by their names; its pictures are "
            "brought to the size of the network as those of the run were.",
            wordWrap=True,
        )
        words.setProperty("role", "soft")
        words.setMinimumWidth(_WIDTH)
        self.data = _box("evaluate-data", "Data set", _data_sets())
        self.data.setEditable(True)
        self.data.setInsertPolicy(ComboBox.InsertPolicy.NoInsert)
        self.data.setToolTip("A name from the list, or the path of a folder, an archive or a file.")
        self.folder = QPushButton("Folder…", objectName="evaluate-folder")
        self.file = QPushButton("File…", objectName="evaluate-file")
        self.folder.clicked.connect(self._choose_folder)
        self.file.clicked.connect(self._choose_file)
        self.part = _box("evaluate-part", "Part", [(name, key) for name, key, _ in _PARTS])
        for number, (_, _, help_) in enumerate(_PARTS):
            self.part.setItemData(number, help_, Qt.ItemDataRole.ToolTipRole)
        self.weights = _box("evaluate-weights", "Weights", _weights(run))
        views = [(row.title, name) for name, row in TEST_TIMES.items()]
        self.views = _box("evaluate-views", "Test-time views", views)
        for number, row in enumerate(TEST_TIMES.values()):
            self.views.setItemData(number, row.help, Qt.ItemDataRole.ToolTipRole)
        self._lay_out(words)
        edit = self.data.lineEdit()
        if edit is not None:
            edit.selectAll()  # so that a path that is typed or pasted at once takes its place

    def _lay_out(self, words: QLabel) -> None:
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addWidget(self.data, 1)
        line.addWidget(self.folder)
        line.addWidget(self.file)
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        for title, field in (
            ("&Data set", line),
            ("&Part", self.part),
            ("&Weights", self.weights),
            ("Test-time &views", self.views),
        ):
            form.addRow(title, field)
        label = form.labelForField(line)
        if isinstance(label, QLabel):
            label.setBuddy(self.data)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.start = buttons.addButton("Evaluate", QDialogButtonBox.ButtonRole.AcceptRole)
        self.start.setObjectName("evaluate-start")
        self.start.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 14)
        column.setSpacing(12)
        column.addWidget(words)
        column.addLayout(form)
        column.addWidget(buttons)

    @property
    def wanted(self) -> Wanted:
        """What the user chose."""
        text = self.data.currentText().strip()
        known = self.data.findText(text)
        source = self.data.itemData(known) if known >= 0 else text
        return Wanted(
            source=source,
            part=self.part.currentData(),
            weights=self.weights.currentData(),
            views=self.views.currentData(),
        )

    def _choose_folder(self) -> None:
        text = QFileDialog.getExistingDirectory(self, "Folder of the data set", str(Path.home()))
        if text:
            self.data.setCurrentText(text)

    def _choose_file(self) -> None:
        from designer.data.formats import file_filter

        text, _ = QFileDialog.getOpenFileName(
            self, "File of the data set", str(Path.home()), file_filter()
        )
        if text:
            self.data.setCurrentText(text)


def _box(name: str, title: str, items: Sequence[tuple[str, str]]) -> ComboBox:
    box = ComboBox(objectName=name)
    box.setAccessibleName(title)
    for text, key in items:
        box.addItem(text, key)
    return box


def _data_sets() -> list[tuple[str, str]]:
    here = [(kind.title, name) for name, kind in KNOWN.items() if find(name) is not None]
    return [(OWN, ""), *((kind.title, name) for name, kind in BUILT_IN.items()), *here]


def _weights(run: RunFolder) -> list[tuple[str, str]]:
    kept = [(f"Epoch {number}", f"{EPOCH}{number}") for number in run.kept_epochs()]
    return [("Best epoch", BEST), ("Last checkpoint", LAST), *kept]
