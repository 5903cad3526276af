"""The choice of the weights that a training starts from, and which layers they fit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from designer.analysis.analysis import Analysis
from designer.gui.base import background
from designer.gui.base.boxes import ComboBox
from designer.gui.documents import weight_status
from designer.gui.documents.weight_status import Comparison, Origin
from designer.gui.documents.workspace import Workspace
from designer.gui.training.torchvision_list import TorchvisionList
from designer.runs.folder import list_runs

SETTLED = 150  # milliseconds after the last edit at which weights and design are compared
MOST_RUNS = 30  # runs in the list
_FILE, _TORCHVISION = object(), object()
_WEIGHTS = "Weights (*.pt *.pth *.bin *.ckpt *.safetensors);;All files (*)"

Ask = Callable[[dict[str, Any], Callable[[dict[str, Any]], object]], None]


class StartFrom(QWidget):
    """A choice between fresh weights, those of an earlier run, and those in a file.

    Which tensors fit is shown here and, through the workspace, on the canvas.

    Signals
    -------
    chosen(source)
        The user chose weights: "" for fresh ones, else the path of a run or of a file, or
        ``torchvision:NAME``.
    checked()
        `error` has changed.
    """

    chosen = Signal(str)
    checked = Signal()

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.runs_folder: Callable[[], Path] = Path
        self.ask: Ask | None = None  # sends a request to a worker, which can open torch's files
        self.source = ""
        self.error = ""
        self.origin: Origin | None = None
        self._report_wanted = False
        self._soon = QTimer(self, interval=SETTLED, singleShot=True)
        self._soon.timeout.connect(self._compare)
        self._assemble()
        workspace.changed.connect(lambda *_: self._soon.start() if self.source else None)

    def _assemble(self) -> None:
        self.name = ComboBox(objectName="start-from")
        self.name.setAccessibleName("Start from")
        self.name.setToolTip(
            "The weights that the training starts from. Tensors that do not fit start fresh."
        )
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.name.activated.connect(self._activated)
        self.words = QLabel(
            objectName="start-from-words", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.details = QPushButton("Report…", objectName="start-from-report")
        self.details.setToolTip("List which tensor is loaded from where, and which start fresh.")
        self.details.clicked.connect(self.show_report)
        self.label = QLabel("Start from")
        self.label.setBuddy(self.name)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.label)
        row.addWidget(self.name, 1)
        row.addWidget(self.details)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self.words)
        self._fill([])
        self._show_status()

    # Choosing

    def list_runs(self) -> None:
        """List the runs that have weights, the newest first."""
        folder = self.runs_folder()

        def read() -> list[Path]:
            runs = (run for run in list_runs(folder) if run.best.exists() or run.last.exists())
            return [run.path for run, _ in zip(runs, range(MOST_RUNS), strict=False)]

        background.run(self, read, self._fill)

    def choose_file(self, *, report: bool = False) -> None:
        """Ask for a file of weights.

        Parameters
        ----------
        report
            Whether to open the report once the file is compared with the design.
        """
        text, _ = QFileDialog.getOpenFileName(self, "Load weights", str(Path.home()), _WEIGHTS)
        if text:
            self.take(text, report=report)
        else:
            self._show_current()

    def choose_torchvision(self) -> None:
        """List torchvision's networks to choose from; a worker downloads the weights."""
        document = self.workspace.document
        form = TorchvisionList(
            preset=(document.preset or "") if document is not None else "",
            parameters=self.workspace.analysis.totals.parameters if document is not None else 0,
            parent=self,
        )
        if form.exec() == QDialog.DialogCode.Accepted:
            self.take(form.source, report=True)
        else:
            self._show_current()
        form.deleteLater()

    def take(self, source: str, *, report: bool = False) -> None:
        """Start from a run or a file, or from fresh weights for ""."""
        self._report_wanted = report
        self.chosen.emit(source)
        if report and source == self.source and self.workspace.comparison is not None:
            self.show_report()

    def show_source(self, source: str) -> None:
        """Show the recipe's choice, and compare it with the design if it is new."""
        if source != self.source:
            self.source, self.origin, self.error = source, None, ""
            self.workspace.compared_with(None)
            self._look(source)
        self._show_current()
        self._show_status()

    def _activated(self, index: int) -> None:
        data = self.name.itemData(index)
        if data is _FILE:
            self.choose_file()
        elif data is _TORCHVISION:
            self.choose_torchvision()
        else:
            self.take(data)

    def _fill(self, runs: list[Path]) -> None:
        self.name.clear()
        self.name.addItem("Fresh weights", "")
        for path in runs:
            self.name.addItem(path.name, str(path.absolute()))
        self.name.addItem("A file…", _FILE)
        self.name.addItem("From torchvision…", _TORCHVISION)
        self._show_current()

    def _show_current(self) -> None:
        index = next(
            (i for i in range(self.name.count()) if self.name.itemData(i) == self.source), -1
        )
        if index < 0:
            index = self.name.count() - 2
            self.name.insertItem(index, Path(self.source).name or self.source, self.source)
        self.name.setCurrentIndex(index)

    # Comparing

    def _look(self, source: str) -> None:
        """Read the names and shapes of the tensors."""
        if not source:
            return
        if Path(source).is_dir():
            background.run(
                self,
                lambda: weight_status.of_run(Path(source)),
                lambda origin: self._found(source, origin),
                lambda sentence: self._failed(source, sentence),
            )
        elif self.ask is not None:
            self.ask(
                {"do": "look", "weights": source}, lambda answer: self._answered(source, answer)
            )

    def _answered(self, source: str, answer: dict[str, Any]) -> None:
        if answer.get("ok"):
            self._found(source, weight_status.of_answer(source, answer))
        else:
            self._failed(source, str(answer.get("message", "The file cannot be read.")))

    def _found(self, source: str, origin: Origin) -> None:
        if source == self.source:
            self.origin = origin
            self._compare()

    def _failed(self, source: str, sentence: str) -> None:
        if source == self.source:
            self.error = sentence
            self._show_status()
            self.checked.emit()

    def _compare(self) -> None:
        """Compare the weights with the current design in the background."""
        analysis, origin = self.workspace.analysis, self.origin
        if origin is None or self.workspace.document is None:
            return
        background.run(
            self,
            lambda: weight_status.compare(analysis, origin),
            lambda found: self._compared(analysis, origin, found),
            self.workspace.refused.emit,
        )

    def _compared(self, analysis: Analysis, origin: Origin, found: Comparison) -> None:
        if analysis is not self.workspace.analysis or origin is not self.origin:
            return  # the design or the choice changed meanwhile; another comparison follows
        nothing = f"No tensor of {origin.name} fits this design by name or shape."
        error = "" if found.report.taken else nothing
        changed, self.error = error != self.error, error
        self.workspace.compared_with(found)
        self._show_status()
        if changed:
            self.checked.emit()
        if self._report_wanted:
            self.show_report()

    # Status

    def show_report(self) -> None:
        """Open the report on which tensor is loaded from where."""
        from designer.gui.training.weights_report import WeightsReport

        self._report_wanted = False
        if self.workspace.comparison is not None:
            WeightsReport(self.workspace.comparison, self.window()).open()

    def _show_status(self) -> None:
        found = self.workspace.comparison if self.source else None
        words, role = "", "soft"
        if self.error:
            words, role = self.error, "error"
        elif found is not None:
            words = found.report.summary
            if found.report.refused:
                words += " Some layers could not be matched with certainty: see the report."
                role = "warning"
        elif self.source:
            words = "Comparing the weights with the design…"
        self.words.setText(words)
        self.words.setVisible(bool(words))
        self.words.setProperty("role", role)
        self.words.style().unpolish(self.words)
        self.words.style().polish(self.words)
        self.details.setVisible(found is not None)
