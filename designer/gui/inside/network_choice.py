"""The choice of the network that is looked into, and of its weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QSizePolicy, QWidget

from designer.analysis.assist.inputs import text_length
from designer.errors import DesignerError
from designer.gui.base import background
from designer.gui.base.boxes import ComboBox
from designer.gui.base.plain_text import tip
from designer.gui.documents.design_differences import same_network
from designer.gui.documents.workspace import Workspace
from designer.gui.inside.subject_words import weights_words
from designer.gui.worker.trainer import Trainer
from designer.runs.folder import RunFolder
from designer.runs.inspection import BEST, EPOCH, LAST, Subject
from designer.runs.preprocessing import InputPreprocessing

if TYPE_CHECKING:
    from designer.design.values import Design

SETTLED = 300  # milliseconds after the last edit at which the network follows the design
MOST_RUNS = 20  # earlier runs in the list
_FILES = "Weights (*.pt *.pth *.bin *.ckpt *.safetensors);;All files (*)"
_FRESH = ""  # the weights of a design that was not trained


@dataclass(frozen=True)
class Choice:
    """A row of the list: a run, or this design with weights.

    Attributes
    ----------
    run
        The folder of the run; "" for this design.
    weights
        Of this design: a file, a run, or ``torchvision:NAME``; "" for fresh ones.
    """

    run: str = ""
    weights: str = _FRESH


_ASK_FOR_FILE = object()
THIS_DESIGN = Choice()


class NetworkChoice(QWidget):
    """Chooses what `Inspection` looks into: by default the run that the Training panel shows.

    Signals
    -------
    noted(sentence)
        What the user must know of the choice, "" for nothing: that the design was edited since.
    """

    noted = Signal(str)

    def __init__(self, workspace: Workspace, trainer: Trainer) -> None:
        super().__init__(objectName="network-choice")
        self.workspace = workspace
        self.trainer = trainer
        self.inspection = trainer.inspection
        self.choice = THIS_DESIGN
        self.weights = ""  # of the run that is chosen; "" while the user chose none
        self._version = 0  # of the weights when they were listed
        self.error = ""  # why nothing can be looked into
        self._runs: Sequence[Path] = ()
        self._pretrained: Sequence[tuple[str, str]] = ()  # title and source
        self._design_of: tuple[str, Design | None] = ("", None)
        self._read_text = ("", False)  # a run, and whether it goes on with texts
        self._values: tuple[str, Sequence[InputPreprocessing]] = ("", ())  # a run, what it reads
        self._assemble()
        self._soon = QTimer(self, interval=SETTLED, singleShot=True)
        self._soon.timeout.connect(self._design_changed)
        self._stale = True  # what is looked into is not the present choice
        self._unlisted = True  # runs may have come since they were listed
        workspace.changed.connect(lambda *_: self._soon.start())
        workspace.switched.connect(self._switched)
        trainer.run_changed.connect(self._run_shown)
        trainer.state_changed.connect(self._state_changed)
        trainer.runs_changed.connect(self._list_soon)
        self.inspection.changed.connect(self._follow)
        self._run_shown()

    def _assemble(self) -> None:
        self.network = ComboBox(objectName="try-network")
        self.network.setAccessibleName("Network")
        self.network.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.network.setMinimumContentsLength(10)
        self.network.activated.connect(self._network_chosen)
        self.checkpoint = ComboBox(objectName="try-weights")
        self.checkpoint.setAccessibleName("Weights")
        self.checkpoint.setToolTip("Which checkpoint of the run the weights are from.")
        self.checkpoint.activated.connect(self._weights_chosen)
        self.label = QLabel("Network")
        self.label.setBuddy(self.network)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.label)
        row.addWidget(self.network, 1)
        row.addWidget(self.checkpoint)

    def showEvent(self, event: QShowEvent) -> None:
        """Do what was put off while nobody looked."""
        super().showEvent(event)
        if self._stale:
            self._look_into()
        if self._unlisted:
            self.list_runs()

    # What can be chosen

    def _list_soon(self) -> None:
        self._unlisted = True
        if self.isVisible():
            self.list_runs()

    def list_runs(self) -> None:
        """List the runs whose weights fit the design, and the pretrained weights that do."""
        self._unlisted = False
        document = self.workspace.document
        analysis, folder = self.workspace.analysis, self.trainer.runs_folder
        preset = (document.preset or "") if document is not None else ""
        if document is None:
            self._listed(([], []))
            return

        def read() -> tuple[list[Path], list[tuple[str, str]]]:
            from designer.runs import fitting, pretrained

            if not analysis.valid:
                return [], []
            runs = [each.run.path.absolute() for each in fitting.find(folder, analysis)]
            parameters = analysis.totals.parameters
            known = [
                (f"torchvision: {each.network}, {each.weights}", each.source)
                for each in pretrained.table()
                if each.parameters == parameters
                and pretrained.fits(each, preset=preset, parameters=parameters)
            ]
            return runs[:MOST_RUNS], known

        background.run(self, read, self._listed, lambda _: None)

    def _listed(self, found: "tuple[list[Path], list[tuple[str, str]]]") -> None:
        self._runs, self._pretrained = found
        self._fill()

    def _fill(self) -> None:
        """Write the rows of both lists, and select what is chosen."""
        title = self.workspace.design.name or "This design"
        shown = self.trainer.shown
        first = [shown.run.path.absolute()] if shown is not None else []
        chosen = [Path(self.choice.run)] if self.choice.run else []
        self.network.clear()
        for path in dict.fromkeys([*first, *chosen, *self._runs]):
            words = f"{path.name} (shown in Training)" if path in first else path.name
            self.network.addItem(words, Choice(run=str(path)))
        if self.workspace.document is not None:
            self.network.addItem(f"{title}, fresh weights", THIS_DESIGN)
            for words, source in self._pretrained:
                self.network.addItem(f"{title}, {words}", Choice(weights=source))
            known = {THIS_DESIGN.weights, *(source for _, source in self._pretrained)}
            if self.choice.weights not in known:
                words = f"{title}, weights of {Path(self.choice.weights).name}"
                self.network.addItem(words, self.choice)
            self.network.addItem(f"{title}, weights of a file…", _ASK_FOR_FILE)
        rows = [self.network.itemData(row) for row in range(self.network.count())]
        self.network.setCurrentIndex(rows.index(self.choice) if self.choice in rows else -1)
        self.network.setToolTip(tip(self.choice.run or self.network.currentText()))
        self._fill_weights()

    def _fill_weights(self) -> None:
        self.checkpoint.clear()
        self.checkpoint.setVisible(bool(self.choice.run))
        if not self.choice.run:
            return
        epochs = RunFolder(Path(self.choice.run)).kept_epochs()
        values = [BEST, LAST, *(f"{EPOCH}{epoch}" for epoch in epochs)]
        for value in values:
            words = weights_words(Subject(run=self.choice.run, weights=value))
            self.checkpoint.addItem(words, value)
        used = self._used_weights()
        self.checkpoint.setCurrentIndex(values.index(used) if used in values else -1)

    def _used_weights(self) -> str:
        """Return the weights of a run: while it is trained the newest ones, then the best."""
        if self.weights:
            return self.weights
        active = self.trainer.active
        going = active is not None and active.going
        trained = (
            going and active is not None and active.run.path.absolute() == Path(self.choice.run)
        )
        return LAST if trained else BEST

    # What is chosen

    def _network_chosen(self, row: int) -> None:
        chosen = self.network.itemData(row)
        if chosen is _ASK_FOR_FILE:
            text, _ = QFileDialog.getOpenFileName(self, "Load weights", str(Path.home()), _FILES)
            if not text:
                self._fill()
                return
            chosen = Choice(weights=text)
        self.weights = ""
        self.choose(chosen)

    def choose(self, choice: Choice) -> None:
        """Look into another network."""
        self.choice = choice
        self._look_into()
        self._fill()

    def _weights_chosen(self, row: int) -> None:
        self.weights = self.checkpoint.itemData(row)
        self._look_into()

    def _look_into(self) -> None:
        """Look into what is chosen, if anybody asks: to write a large design out takes a while."""
        self._stale = not (self.choice.run or self.isVisible() or self.inspection.pictures)
        if self._stale:
            return
        self.error = ""
        if self.choice.run:
            self.inspection.look_into(Subject(run=self.choice.run, weights=self._used_weights()))
            self._compare()
            return
        self.noted.emit("")
        document = self.workspace.document
        if document is None:
            self.error = "Open a design or show a run: it says what it sees in your pictures."
        elif not self.workspace.analysis.valid:
            self.error = "The design has errors, so that it computes nothing: see Problems."
        if self.error:
            if self.inspection.subject is None:
                self.inspection.changed.emit()  # the reason is another one
            self.inspection.look_into(None)
            return
        from designer.design import files

        self.inspection.look_into(
            Subject(
                design=files.dumps(self.workspace.design),
                weights=self.choice.weights,
                recipe=msgspec.to_builtins(self.workspace.recipe),
            )
        )

    def reads_text(self) -> bool:
        """Tell whether the network that is looked into goes on with texts."""
        if not self.choice.run:
            analysis = self.workspace.analysis
            return analysis.valid and bool(text_length(analysis))
        if self._read_text[0] != self.choice.run:
            self._read_text = (self.choice.run, self._run_reads_text())
        return self._read_text[1]

    def _run_reads_text(self) -> bool:
        try:
            inputs = RunFolder(Path(self.choice.run)).network().inputs
        except (DesignerError, OSError):
            return False  # which the prediction reports
        return len(inputs) == 1 and inputs[0].integer and len(inputs[0].shape) == 1

    def reads_values(self) -> Sequence[InputPreprocessing]:
        """Return the inputs of a run that takes no picture and no text; none for other networks."""
        if not self.choice.run or self.reads_text():
            return ()
        if self._values[0] != self.choice.run or not self._values[1]:  # it may not be written yet
            self._values = (self.choice.run, self._inputs_of_run())
        return self._values[1]

    def _inputs_of_run(self) -> Sequence[InputPreprocessing]:
        try:
            return RunFolder(Path(self.choice.run)).preprocessing().inputs
        except (DesignerError, OSError):
            return ()  # which the prediction reports

    def wants_training(self) -> bool:
        """Tell whether it is a design that takes no picture, whose values only a run knows."""
        analysis = self.workspace.analysis
        if self.choice.run or self.workspace.document is None or not analysis.valid:
            return False
        (shape, *more) = [each.shape for each in analysis.inputs]
        return bool(more) or len(shape) != 3

    # What changes around it

    def _run_shown(self) -> None:
        """Follow the Training panel to another run."""
        shown = self.trainer.shown
        if shown is None:
            self.choose(self.choice if self.choice.run == "" else THIS_DESIGN)
            return
        run = str(shown.run.path.absolute())
        if run != self.choice.run:  # else the user may have chosen weights of it
            self.weights = ""
        self.choose(Choice(run=run))

    def _state_changed(self) -> None:
        """Take the best weights once a training has ended."""
        subject = self.inspection.subject
        if subject is None or not self.choice.run or subject.run != self.choice.run:
            return
        if subject.weights != self._used_weights():
            self._look_into()
            self._fill_weights()

    def _design_changed(self) -> None:
        """Look into the design as it is now, or say that it is not that of the run."""
        self._soon.stop()
        if self.choice.run:
            self._compare()
        else:
            self._look_into()

    def _switched(self) -> None:
        self._design_changed()
        self._fill()
        self._list_soon()

    def _follow(self) -> None:
        """Show what another panel chose, such as an epoch of a run."""
        subject = self.inspection.subject
        if subject is None:
            return
        if subject.design:
            if self.choice != Choice(weights=subject.weights):
                self.choice, self.weights = Choice(weights=subject.weights), ""
                self._fill()
                self.noted.emit("")
            return
        version = self.inspection.version(subject)
        if self._version != version:
            self._version = version
            self._fill_weights()  # the training may have kept another epoch
        if subject.run != self.choice.run or subject.weights != self._used_weights():
            self.choice, self.weights = Choice(run=subject.run), subject.weights
            self._fill()
            self._compare()

    def _compare(self) -> None:
        """Say that the canvas does not show the network of the run."""
        run = self.choice.run
        if self._design_of[0] == run:
            self._say(run, self._design_of[1])
            return

        def read() -> "Design | None":
            from designer.design import files

            try:
                return files.read(RunFolder(Path(run)).design)
            except (DesignerError, OSError):
                return None  # which the prediction reports

        background.run(self, read, lambda design: self._say(run, design), lambda _: None)

    def _say(self, run: str, design: "Design | None") -> None:
        self._design_of = (run, design)
        if run != self.choice.run:
            return
        mine = self.workspace.design
        if design is None or self.workspace.document is None or same_network(design, mine):
            self.noted.emit("")
        elif design.name == mine.name:
            self.noted.emit(
                f"These are predictions of the run {Path(run).name}: the design on the canvas was "
                "edited since."
            )
        else:
            self.noted.emit(
                f"These are predictions of the run {Path(run).name}, which trained {design.name}: "
                "the canvas shows another design."
            )
