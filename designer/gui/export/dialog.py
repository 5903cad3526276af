"""The export dialog: which files, with which weights, where to; and what became of each."""

import re
from dataclasses import dataclass
from pathlib import Path

import msgspec
from platformdirs import user_documents_path
from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
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

from designer.analysis.problems import Severity
from designer.design import files
from designer.design.values import Design
from designer.errors import DesignerError
from designer.gui.base import background, icons, numbers
from designer.gui.base.theme import colors, mono, sans, theme
from designer.gui.documents.workspace import Workspace
from designer.gui.export.job import ExportJob, Outcome
from designer.gui.forms.folder_field import FolderField
from designer.gui.worker.trainer import Trainer
from designer.runs.export_formats import EXPORT_FORMATS, ExportFormat
from designer.runs.folder import RunFolder, list_runs

_FIRST = (".py", ".safetensors")  # ticked when the dialog opens
_FRESH = "This design with fresh weights"
_UNNAMED = '\\/:*?"<>|'  # what no file is called on some system

_WIDTH = 592  # pixels of what the dialog holds


@dataclass(frozen=True)
class Weights:
    """A run whose weights can be exported.

    Attributes
    ----------
    same
        Whether its design is the one that is open now.
    """

    path: Path
    words: str
    same: bool


class ExportDialog(QDialog):
    """Asks for files and shows how each turned out; stays open for the next export."""

    def __init__(
        self,
        workspace: Workspace,
        trainer: Trainer,
        parent: QWidget | None = None,
        source: Path | None = None,
    ) -> None:
        super().__init__(parent, objectName="export")
        self.workspace = workspace
        self.trainer = trainer
        self.design = workspace.design
        self.job = ExportJob(trainer, self)
        self.job.began.connect(self._file_began)
        self.job.ended.connect(self._file_ended)
        self.job.finished.connect(self._finished)
        self._agreed: frozenset[Path] = frozenset()  # that these may be overwritten
        self._source = source
        self._canceled = False
        self.setWindowTitle(f"Export {source.name if source else self.design.name}")
        self._assemble()
        self._dress()
        theme.changed.connect(self._dress)
        self._changed()
        folder, design = trainer.runs_folder, self.design
        background.run(self, lambda: _find(folder, design, source), self._runs_found)

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
        self.weights = QComboBox(objectName="export-weights")
        if self._source is None:
            self.weights.addItem(_FRESH, None)
        else:
            self.weights.addItem(self._source.name, Weights(self._source, "", True))
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
        for row, (words, field) in enumerate(
            (("Weights", self.weights), ("Name", self.name), ("Folder", self.folder))
        ):
            label = QLabel(words)
            label.setBuddy(field)
            label.setMinimumHeight(self.name.sizeHint().height())
            grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(field, row, 1)
        down.addLayout(grid)
        self.message = QLabel(wordWrap=True, objectName="export-message")
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
        across.addWidget(self.leave)
        across.addWidget(self.go)
        return across

    def _dress(self) -> None:
        for title in self._titles:
            title.setFont(sans(1.1, bold=True))
        self.show_folder.setIcon(icons.icon("folder"))
        for row in self.rows.values():
            row.dress()

    # What is chosen

    @property
    def chosen(self) -> Weights | None:
        """The run whose weights are wanted; None for fresh ones."""
        return self.weights.currentData()

    def paths(self) -> list[Path]:
        """Return the files to be written."""
        folder = Path(self.folder.edit.text().strip()).expanduser()
        name = self.name.text().strip()
        return [folder / f"{name}{key}" for key, row in self.rows.items() if row.tick.isChecked()]

    def refusal(self) -> str:
        """Return why nothing can be exported as chosen, "" if it can."""
        name = self.name.text().strip()
        if self.chosen is None:
            errors = [
                problem.message
                for problem in self.workspace.analysis.problems
                if problem.severity is Severity.ERROR
            ]
            if errors:
                more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
                return f"{self.design.name} cannot be built yet: {errors[0]}{more}."
        if not self.paths():
            return "Tick at least one kind of file."
        if not name or any(letter in _UNNAMED for letter in name):
            return 'Give the files a name without any of / \\ : * ? " < > |.'
        if self.folder.fault.text():
            return self.folder.fault.text()
        return ""

    def _changed(self) -> None:
        """Say what stands in the way, or what the chosen weights are."""
        if self.job.running:
            return
        self._agreed = frozenset()
        self.go.setText("Export")
        refusal = self.refusal()
        self.go.setEnabled(not refusal)
        if refusal and refusal == self.folder.fault.text():
            refusal = ""  # said below the field
        if refusal:
            self._say(refusal, "error")
        elif self.chosen is not None and not self.chosen.same:
            self._say("The run's own design is exported; the one that is open differs.", "warning")
        else:
            self._say("Every file is loaded back and compared before it counts as written.", "soft")
        self.progress.setVisible(False)

    def _runs_found(self, found: list[Weights]) -> None:
        self.weights.blockSignals(True)
        if self._source is not None:
            self.weights.clear()
        for each in found:
            self.weights.addItem(each.words, each)
        if self.weights.count() == 0:
            self.weights.addItem(_FRESH, None)
        self.weights.blockSignals(False)
        self._changed()

    # Exporting

    def _go(self) -> None:
        if self.refusal():
            return
        paths = self.paths()
        there = [path for path in paths if path.exists()]
        if there and not self._agreed.issuperset(there):
            self._agreed = frozenset(there)
            names = ", ".join(path.name for path in there)
            verb = "exist" if len(there) > 1 else "exists"
            self._say(f"{names} {verb} already in {there[0].parent}.", "warning")
            self.go.setText("Overwrite")
            return
        for row in self.rows.values():
            row.wait(row.tick.isChecked())
        self._canceled = False
        self._busy(True)
        self.progress.setRange(0, 2 * len(paths))  # a half for beginning with a file
        self.progress.setValue(0)
        self._say("Starting the worker…", "soft")
        run = self.chosen
        self.job.start(self.design if run is None else run.path, paths)

    def _busy(self, busy: bool) -> None:
        for widget in (self.go, self.weights, self.name, self.folder):
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
        files_ = f"{len(done)} file{'s' if len(done) != 1 else ''}"
        if failed:
            self._say(f"{files_} written, {len(failed)} not: the reason is said above.", "error")
        elif done:
            self._say(f"{files_} written in {self.paths()[0].parent}.", "soft")
        else:
            self._say("Canceled: nothing was written.", "soft")
        self.show_folder.setVisible(bool(done))

    def _say(self, sentence: str, role: str) -> None:
        self.message.setText(sentence)
        self.message.setProperty("role", role)
        self.message.style().polish(self.message)

    def _open_folder(self) -> None:
        folder = Path(self.folder.edit.text().strip()).expanduser()
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def _leave(self) -> None:
        if self.job.running and not self._canceled:
            self._canceled = True
            self.job.cancel()
            self._say("Canceled; the worker finishes the file it has in hand.", "soft")
            self.leave.setText("Close")
        else:
            self.reject()

    def done(self, result: int) -> None:
        """Write nothing more than the file in hand, and go."""
        self.job.cancel()
        super().done(result)
        self.deleteLater()


class FormatRow(QWidget):
    """A format with its tick, what it is for, and what became of its file."""

    def __init__(self, what: ExportFormat) -> None:
        super().__init__()
        self.format = what
        self.outcome: Outcome | None = None
        self.tick = QCheckBox(what.title, objectName=f"export-tick{what.suffix}")
        self.suffix = QLabel(what.suffix)
        self.suffix.setProperty("role", "soft")
        self.purpose = QLabel(what.help, wordWrap=True)
        self.purpose.setProperty("role", "soft")
        self.sign = QLabel()
        self.state = QLabel(objectName=f"export-state{what.suffix}")
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.tick)
        top.addWidget(self.suffix)
        top.addStretch(1)
        top.addWidget(self.sign)
        top.addWidget(self.state)
        self.fault = QLabel(wordWrap=True, objectName=f"export-fault{what.suffix}")
        self.fault.setProperty("role", "error")
        self.fault.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.fault.hide()
        down = QVBoxLayout(self)
        down.setContentsMargins(0, 0, 0, 0)
        down.setSpacing(1)
        down.addLayout(top)
        for label in (self.purpose, self.fault):
            label.setContentsMargins(22, 0, 0, 0)
            down.addWidget(label)

    def dress(self) -> None:
        """Take the fonts and colors of the theme."""
        self.suffix.setFont(mono(relative=0.92))
        self.tick.setFont(sans(bold=True))
        self.state.setFont(sans(0.94))
        if self.outcome is not None:
            self._mark(self.outcome)

    def wait(self, waits: bool) -> None:
        """Forget what was, for another export, or what did not come about."""
        if waits:
            self.outcome = None
            self.fault.hide()
            self.sign.clear()
        if waits or self.outcome is None:
            self.state.setText("waits" if waits else "")
            self.state.setProperty("role", "faint")
            self.state.style().polish(self.state)

    def begin(self) -> None:
        """Show that it is being written."""
        self.state.setText("writing and checking…")

    def end(self, outcome: Outcome) -> None:
        """Show what became of it."""
        self.outcome = outcome
        self.fault.setText(outcome.fault)
        self.fault.setVisible(bool(outcome.fault))
        self.state.setText("not written" if outcome.fault else _words(outcome))
        self.state.setProperty("role", "error" if outcome.fault else "soft")
        self.state.style().polish(self.state)
        self._mark(outcome)

    def _mark(self, outcome: Outcome) -> None:
        c = colors()
        name, color = ("close", c.error) if outcome.fault else ("check", c.success)
        self.sign.setPixmap(icons.icon(name, color).pixmap(QSize(15, 15)))


def _words(outcome: Outcome) -> str:
    size = numbers.size(outcome.size)
    if outcome.difference is None:
        return f"{size} · compiles"
    if outcome.difference == 0:
        return f"{size} · loaded back: identical"
    return f"{size} · loaded back: differs by {numbers.local(f'{outcome.difference:.1e}')} at most"


class _Named(msgspec.Struct):
    name: str


def _find(folder: Path, design: Design, source: Path | None) -> list[Weights]:
    """Return the runs of a design that have weights, the newest first, or just the one asked for.

    Runs of other designs are passed over by their name.
    """
    runs = [RunFolder(source)] if source is not None else list_runs(folder)
    found = []
    for run in runs:
        if not (run.best.exists() or run.last.exists()):
            continue
        try:
            name = msgspec.json.decode(run.design.read_bytes(), type=_Named).name
            if source is None and name != design.name:
                continue
            result = run.result()
            same = source is not None or files.read(run.design) == design
        except (OSError, msgspec.MsgspecError, DesignerError):
            continue  # the Runs panel says what is wrong with it
        words = run.path.name
        if result is not None and result.test is not None and result.test.accuracy is not None:
            words += f"  ·  test accuracy {100 * result.test.accuracy:.2f} %"
        found.append(Weights(run.path, words, same))
    return found


def _base_name(name: str) -> str:
    """Return a name from which Python can import."""
    return re.sub(r"\W+", "_", name.lower(), flags=re.ASCII).strip("_") or "network"
