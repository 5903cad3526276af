"""The export dialog: formats, weights, name and folder of the files, and the outcome of each."""

from datetime import datetime
from pathlib import Path
from typing import Any

import shiboken6
from platformdirs import user_documents_path
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from designer.analysis.analysis import Analysis, analyze
from designer.analysis.problems import Severity
from designer.design import files, identifiers
from designer.gui.base import background, icons, numbers
from designer.gui.base.boxes import ComboBox
from designer.gui.base.plain_text import tip
from designer.gui.base.screens import resize_within
from designer.gui.base.theme import sans, theme
from designer.gui.documents import opaque, weight_status
from designer.gui.documents.workspace import Workspace
from designer.gui.export.format_row import FormatRow
from designer.gui.export.job import ExportJob, Outcome
from designer.gui.forms.folder_field import FolderField
from designer.gui.worker.trainer import Trainer
from designer.runs import fitting, library_names, own_layers
from designer.runs.ensembles import Ensemble
from designer.runs.export_formats import (
    EXPORT_FORMATS,
    LIBRARIES,
    NEWEST_OPSET,
    OLDEST_OPSET,
    ExportOptions,
)
from designer.runs.fitting import Fitting
from designer.runs.folder import RunFolder
from designer.runs.inspection import member_name
from designer.runs.library_names import Naming
from designer.runs.weights_report import Report

_FIRST = (".py", ".safetensors")  # ticked when the dialog opens
_FRESH = "Fresh weights, not trained"
_FORBIDDEN = '\\/:*?"<>|'  # characters that some system forbids in file names

_WIDTH = 592  # of the contents, in pixels


class ExportDialog(QDialog):
    """Asks which files to write and shows the outcome of each; stays open for the next export.

    Parameters
    ----------
    source
        The folder of a run to export, or an ensemble of runs; None for the current design, with the
        weights of a run that fit it, or fresh ones.
    """

    def __init__(
        self,
        workspace: Workspace,
        trainer: Trainer,
        parent: QWidget | None = None,
        source: Path | Ensemble | None = None,
    ) -> None:
        super().__init__(parent, objectName="export")
        self.workspace = workspace
        self.trainer = trainer
        self.design = workspace.design
        self.job = ExportJob(trainer, self)
        self.job.began.connect(self._file_began)
        self.job.ended.connect(self._file_ended)
        self.job.finished.connect(self._finished)
        self._agreed: frozenset[Path] = frozenset()  # files that the user agreed to overwrite
        self._source = source
        self._canceled = False
        self._searching = source is None  # for runs that fit
        self._fault = ""  # why this search failed
        self.setWindowTitle(f"Export {source.name if source else self.design.name}")
        self._assemble()
        self._dress()
        theme.changed.connect(self._dress)
        self._changed()
        if source is None:
            folder, analysis = trainer.runs_folder, workspace.analysis
            background.run(
                self, lambda: fitting.find(folder, analysis), self._runs_found, self._not_found
            )
            background.run(self, lambda: _namings(analysis), self._namings_found, lambda _: None)
        elif isinstance(source, Path):
            background.run(self, lambda: _namings_of(source), self._namings_found, lambda _: None)

    # Assembling

    def _assemble(self) -> None:
        down = QVBoxLayout(self)
        down.setContentsMargins(24, 18, 24, 18)
        down.setSpacing(10)
        down.addStrut(_WIDTH)
        self._titles = [QLabel("Files")]
        down.addWidget(self._titles[0])
        card = QFrame()
        card.setProperty("role", "card")
        rows = QVBoxLayout(card)
        rows.setContentsMargins(14, 10, 14, 10)
        rows.setSpacing(9)
        self.rows = {each.suffix: FormatRow(each) for each in EXPORT_FORMATS.values()}
        for row in self.rows.values():
            row.tick.setChecked(row.format.suffix in _FIRST)
            row.tick.toggled.connect(self._changed)
            rows.addWidget(row)
        down.addWidget(card)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        self.weights = ComboBox(objectName="export-weights")
        self.weights.setSizeAdjustPolicy(
            ComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        if self._source is None:
            self.weights.addItem(_FRESH)
        else:
            words = f"{self._source.name}, its best epoch"
            if isinstance(self._source, Ensemble):
                words = ", ".join(map(member_name, self._source.members))
            self.weights.addItem(words)
        self.weights.currentIndexChanged.connect(self._changed)
        self.name = QLineEdit(objectName="export-name")
        self.name.setText(_base_name(self._source.name if self._source else self.design.name))
        self.name.setAccessibleName("Name of the files, without ending")
        self.name.textChanged.connect(self._changed)
        document = self.workspace.document
        self.folder = FolderField("export-folder", "Folder for the files", required=True)
        at = document.path.parent if document and document.path else user_documents_path()
        self.folder.set_text(str(at))
        self.folder.edit.textChanged.connect(self._changed)
        self.names = ComboBox(objectName="export-names")
        self.names.addItem("The design's own", "")
        self.names.setToolTip(
            tip(
                "Names of the tensors in state dicts. With those of a library, its network loads "
                "the file strictly."
            )
        )
        self.opset = ComboBox(objectName="export-opset")
        self.opset.addItem("Chosen by the exporter", None)
        for number in range(NEWEST_OPSET, OLDEST_OPSET - 1, -1):
            self.opset.addItem(str(number), number)
        self.opset.setToolTip(tip("The version of ONNX's operators, for an older runtime."))
        fields: tuple[tuple[str, QWidget], ...] = (
            ("Weights", self.weights),
            ("Tensor names", self.names),
            ("ONNX opset", self.opset),
            ("Name", self.name),
            ("Folder", self.folder),
        )
        self._labels: dict[QWidget, QLabel] = {}
        for number, (words, field) in enumerate(fields):
            label = QLabel(words, textFormat=Qt.TextFormat.PlainText)
            label.setBuddy(field)
            label.setMinimumHeight(self.name.sizeHint().height())
            grid.addWidget(label, number, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(field, number, 1)
            self._labels[field] = label
        down.addLayout(grid)
        self.message = QLabel(
            wordWrap=True, objectName="export-message", textFormat=Qt.TextFormat.PlainText
        )
        down.addWidget(self.message)
        self.progress = QProgressBar(objectName="export-progress", textVisible=False)
        down.addWidget(self.progress)
        down.addStretch(1)
        down.addLayout(self._buttons())

    def _buttons(self) -> QHBoxLayout:
        self.show_folder = QPushButton("Open folder", objectName="export-open-folder")
        self.show_folder.setAutoDefault(False)
        self.show_folder.clicked.connect(self._open_folder)
        self.show_folder.hide()
        self.leave = QPushButton("Close", objectName="export-close")
        self.leave.setAutoDefault(False)
        self.leave.clicked.connect(self._leave)
        self.go = QPushButton("Export", objectName="export-go", default=True)
        self.go.setProperty("primary", True)
        self.go.clicked.connect(self._go)
        across = QHBoxLayout()
        across.addWidget(self.show_folder)
        across.addStretch(1)
        across.addWidget(self.go)
        across.addWidget(self.leave)
        return across

    def _dress(self) -> None:
        for title in self._titles:
            title.setFont(sans(1.1, bold=True))
        self.show_folder.setIcon(icons.icon("folder"))
        for row in self.rows.values():
            row.dress()

    # The choice

    @property
    def chosen(self) -> Fitting | None:
        """The run whose weights are exported with the current design; None for others."""
        chosen = self.weights.currentData()
        return chosen if isinstance(chosen, Fitting) else None

    @property
    def chosen_file(self) -> Path | None:
        """The file whose weights are exported with the current design; None for others."""
        chosen = self.weights.currentData()
        return Path(chosen) if isinstance(chosen, str) else None

    def paths(self) -> list[Path]:
        """Return the paths of the files to write."""
        folder = Path(self.folder.edit.text().strip()).expanduser()
        name = self.name.text().strip()
        return [folder / f"{name}{key}" for key, row in self.rows.items() if row.tick.isChecked()]

    def refusal(self) -> str:
        """Return why the choice cannot be exported, "" if it can."""
        name = self.name.text().strip()
        if self._source is None:
            errors = [
                numbers.sentence(problem.message)
                for problem in self.workspace.analysis.problems
                if problem.severity is Severity.ERROR
            ]
            if errors:
                if len(errors) == 1:
                    return f"{self.design.name} cannot be built. Fix this: {errors[0]}."
                return (
                    f"{self.design.name} cannot be built. Fix {len(errors)} problems, first this "
                    f"one: {errors[0]}."
                )
            if sentence := opaque.refusal(self.workspace.analysis):
                return sentence
            pending = [
                numbers.sentence(problem.message)
                for problem in self.workspace.analysis.problems
                if problem.severity is Severity.PENDING
            ]
            if pending:
                return f"{self.design.name} cannot be built yet: {pending[0]}."
        if not self.paths():
            return "Tick at least one file format."
        if not name or any(letter in _FORBIDDEN for letter in name):
            return 'Give the files a name without any of / \\ : * ? " < > |.'
        if self.folder.fault.text():
            return self.folder.fault.text()
        return ""

    @property
    def options(self) -> ExportOptions:
        """The chosen opset and tensor names, as far as one of the chosen formats uses them."""
        chosen = [row.format for row in self.rows.values() if row.tick.isChecked()]
        return ExportOptions(
            opset=self.opset.currentData() if self.rows[".onnx"].tick.isChecked() else None,
            names=self.names.currentData() if any(each.state_dict for each in chosen) else "",
        )

    def _show_options(self) -> None:
        """Show the fields that matter for the chosen formats."""
        chosen = [row.format for row in self.rows.values() if row.tick.isChecked()]
        named = any(each.state_dict for each in chosen) and self.names.count() > 1
        for field, shown in (
            (self.names, named),
            (self.opset, self.rows[".onnx"].tick.isChecked()),
        ):
            field.setVisible(shown)
            self._labels[field].setVisible(shown)

    def _changed(self) -> None:
        """Show why the choice cannot be exported, or a remark on it."""
        if self.job.running:
            return
        self._show_options()
        self._agreed = frozenset()
        self.go.setText("Export")
        refusal = self.refusal()
        self.go.setEnabled(not refusal and not self._searching)
        if refusal and refusal == self.folder.fault.text():
            refusal = ""  # shown below the field
        if refusal:
            self._say(refusal, "error")
        else:
            self._say(*self._about_weights())
        self.progress.setVisible(False)

    def _about_weights(self) -> tuple[str, str]:
        """Return what the user should know of the chosen weights, and its role."""
        checked = "Every file is loaded back and compared before it is reported as written."
        chosen = self.chosen
        if self._searching:
            return "Looking for weights that fit…", "soft"
        if self._fault:
            return f"The runs cannot be read, so the weights are fresh. {self._fault}", "warning"
        if self.chosen_file is not None:
            return f"These are the weights that a training starts from. {checked}", "soft"
        if chosen is None and self._source is None:
            if self.weights.count() > 1:
                return f"The weights are fresh: nothing in them is trained. {checked}", "warning"
            return f"No run fits the present design, so the weights are fresh. {checked}", "soft"
        if chosen is not None and not chosen.same:
            return (
                "The run has the layers and shapes of the present design, but was trained with "
                "other settings of its layers: check the results.",
                "warning",
            )
        if chosen is not None and not chosen.finished:
            return (
                f"This run is not finished ({chosen.state}): these are its best weights so far.",
                "warning",
            )
        return checked, "soft"

    def _runs_found(self, found: list[Fitting]) -> None:
        """List the runs that fit, the latest first, and choose the latest finished one."""
        latest = fitting.latest(found)
        self.weights.blockSignals(True)
        for number, each in enumerate(found):
            self.weights.insertItem(number, _words(each), each)
            self.weights.setItemData(number, tip(str(each.run.path)), Qt.ItemDataRole.ToolTipRole)
        self.weights.setCurrentIndex(len(found) if latest is None else found.index(latest))
        self.weights.blockSignals(False)
        self._look_into_file(first=latest is None)

    def _not_found(self, sentence: str) -> None:
        self._fault = sentence
        self._look_into_file(first=True)

    def _look_into_file(self, *, first: bool) -> None:
        """Offer the file that a training of the design starts from, if all tensors are in it.

        Parameters
        ----------
        first
            Whether it is then chosen, as no finished run fits.
        """
        source = self.workspace.recipe.initial_weights
        if not Path(source).is_file():
            self._search_ended()
            return
        analysis = self.workspace.analysis

        def answered(answer: dict[str, Any]) -> None:
            # The dialog may be closed by now. The stubs of shiboken6 have no type for isValid.
            if not shiboken6.isValid(self):  # type: ignore[no-untyped-call]
                return
            if not answer.get("ok"):
                self._search_ended()
                return
            origin = weight_status.of_answer(source, answer)
            background.run(
                self,
                lambda: weight_status.compare(analysis, origin),
                lambda found: self._compared(source, found.report, first=first),
                lambda _: self._search_ended(),
            )

        self.trainer.ask({"do": "look", "weights": source}, answered)

    def _compared(self, source: str, report: Report, *, first: bool) -> None:
        if not (report.fresh or report.differing or report.refused):
            self._fault = ""
            number = self.weights.count() - 1  # before the fresh weights
            self.weights.insertItem(
                number, f"{Path(source).name}, which a training starts from", source
            )
            self.weights.setItemData(number, tip(source), Qt.ItemDataRole.ToolTipRole)
            if first:
                self.weights.setCurrentIndex(number)
        self._search_ended()

    def _search_ended(self) -> None:
        self._searching = False
        self._changed()

    def _namings_found(self, found: list[Naming]) -> None:
        """Offer the names of the libraries that have this network."""
        for naming in found:
            self.names.addItem(f"{naming.library}: {naming.network}", naming.library)
        self._changed()

    # Exporting

    def _go(self) -> None:
        if self.refusal() or self._searching:
            return
        paths = self.paths()
        there = [path for path in paths if path.exists()]
        if there and not self._agreed.issuperset(there):
            self._agreed = frozenset(there)
            names = ", ".join(path.name for path in there)
            self._say(f"Already in {there[0].parent}: {names}. Overwrite?", "warning")
            self.go.setText("Overwrite")
            return
        for row in self.rows.values():
            row.wait(row.tick.isChecked())
        self._canceled = False
        self._busy(True)
        self.progress.setRange(0, 2 * len(paths))  # a step when a file begins, one at its end
        self.progress.setValue(0)
        self._say("Starting the worker…", "soft")
        run = self.chosen
        weights = self.chosen_file if run is None else run.run.path
        self.job.start(self._source or self.design, paths, weights, self.options)

    def _busy(self, busy: bool) -> None:
        fields = (self.weights, self.names, self.opset, self.name, self.folder)
        for widget in (self.go, *fields):
            widget.setEnabled(not busy)
        for row in self.rows.values():
            row.tick.setEnabled(not busy)
        self.leave.setText("Cancel" if busy else "Close")
        self.progress.setVisible(busy)

    def _file_began(self, path: Path) -> None:
        self._say(f"Writing {path.name} and loading it back…", "soft")
        self.rows[path.suffix].begin()
        self.progress.setValue(self.progress.value() + 1)

    def _file_ended(self, outcome: Outcome) -> None:
        self.rows[outcome.path.suffix].end(outcome)
        self.progress.setValue(self.progress.value() + 1)

    def _finished(self) -> None:
        self._busy(False)
        self.go.setText("Export")
        self._agreed = frozenset()
        done = [row for row in self.rows.values() if row.outcome and not row.outcome.fault]
        failed = [row for row in self.rows.values() if row.outcome and row.outcome.fault]
        for row in self.rows.values():
            row.wait(False)
        if failed:
            written = f"{len(done)} of {len(done) + len(failed)} files written"
            self._say(f"{written}. The reason is shown below each of the others.", "error")
        elif done:
            number = "1 file" if len(done) == 1 else f"{len(done)} files"
            self._say(f"{number} written in {self.paths()[0].parent}.", "soft")
        else:
            self._say("Canceled: nothing was written.", "soft")
        self.show_folder.setVisible(bool(done))

    def _say(self, sentence: str, role: str) -> None:
        self.message.setText(sentence)
        self.message.setProperty("role", role)
        self.message.style().polish(self.message)
        # The labels wrap, which a dialog's least size does not take into account.
        layout = self.layout()
        needed = layout.totalHeightForWidth(self.width()) if layout is not None else 0
        if self.isVisible() and needed > self.height():
            resize_within(self, self.width(), needed)

    def _open_folder(self) -> None:
        folder = Path(self.folder.edit.text().strip()).expanduser()
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def _leave(self) -> None:
        if self.job.running and not self._canceled:
            self._canceled = True
            self.job.cancel()
            self._say("Canceled. The worker finishes the current file.", "soft")
            self.leave.setText("Close")
        else:
            self.reject()

    def done(self, result: int) -> None:
        """Cancel the remaining files and close the dialog."""
        self.job.cancel()
        super().done(result)
        self.deleteLater()


def _namings(analysis: Analysis) -> list[Naming]:
    """Return the names that libraries have for the tensors of a design."""
    found = (library_names.find(analysis, library) for library in LIBRARIES)
    return [naming for naming in found if naming is not None]


def _namings_of(run: Path) -> list[Naming]:
    design = files.read(RunFolder.open(run).design)
    return _namings(analyze(design, measured=own_layers.known(design)))


def _words(fit: Fitting) -> str:
    """Return a run's name, its accuracy or loss, its state if unusual, and when it was trained."""
    words = [fit.run.path.name]
    result = fit.result
    metrics = None if result is None else result.test or result.best
    if metrics is not None:
        part = "test" if result is not None and result.test is not None else "validation"
        if metrics.accuracy is not None:
            words.append(f"{part} accuracy {numbers.local(f'{100 * metrics.accuracy:.2f}')} %")
        else:
            words.append(f"{part} loss {numbers.local(f'{metrics.loss:.4f}')}")
    if not fit.finished:
        words.append(fit.state)
    words.append(f"{datetime.fromtimestamp(fit.ended):%Y-%m-%d %H:%M}")
    return "  ·  ".join(words)


def _base_name(name: str) -> str:
    """Return a file name that Python can import as a module."""
    return "_".join(identifiers.words(name.lower())) or "network"
