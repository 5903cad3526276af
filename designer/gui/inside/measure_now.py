"""Measure now: asks for the statistics of the layers of a network without training it."""

from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QMenu,
    QProgressBar,
    QPushButton,
    QToolButton,
    QWidget,
)

from designer.gui.documents.workspace import Workspace
from designer.gui.inside.statistics_values import shown
from designer.gui.inside.subject_words import weights_words
from designer.gui.worker.inspection import Reply
from designer.gui.worker.trainer import Trainer
from designer.runs.folder import RunFolder
from designer.runs.inspection import BEST, LAST, Subject
from designer.runs.layer_statistics import Measurement

KEY = "statistics"
_SLOW = 400  # milliseconds after which it is shown how far the work is
_FRESH, _OTHER = "fresh", "other"
_STYLE = """QToolButton { padding-right: 22px; }
QToolButton::menu-button { border: 0; width: 18px; }"""
_MOST_SEED = 2**31 - 1


class MeasureNow(QToolButton):
    """The button, with a menu of the weights; `progress` is laid out by the panel.

    Signals
    -------
    measured(one)
        A `Shown` was measured.
    refused(sentence)
        Nothing can be measured, for the reason in the sentence.
    busy_changed()
        A measurement began or ended.

    Attributes
    ----------
    weights
        ``fresh``, those of the shown run (``best`` or ``last``), or ``other``: those of the design
        that are looked into, such as pretrained ones.
    seed
        From which fresh weights are drawn.
    """

    measured = Signal(object)
    refused = Signal(str)
    busy_changed = Signal()

    def __init__(self, workspace: Workspace, trainer: Trainer) -> None:
        super().__init__(objectName="statistics-measure", text="Measure now")
        self.workspace = workspace
        self.trainer = trainer
        self.inspection = trainer.inspection
        self.weights, self.seed = _FRESH, 0
        self.busy = False
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(QSize(16, 16))
        self.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.setStyleSheet(_STYLE)
        self.setToolTip(
            "Send a batch of the data through the network and back, without training: what its "
            "layers give, and their gradients."
        )
        self.clicked.connect(self.measure)
        menu = QMenu(self)
        menu.aboutToShow.connect(self._fill)
        self.setMenu(menu)
        self.bar = QProgressBar(objectName="statistics-progress", textVisible=False)
        self.bar.setFixedHeight(6)
        self.bar.setRange(0, 100)
        self.stop = QPushButton("Cancel", objectName="statistics-cancel")
        self.stop.clicked.connect(self.cancel)
        self.progress = QWidget()
        row = QHBoxLayout(self.progress)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop)
        self.progress.hide()
        self._slow = QTimer(self, interval=_SLOW, singleShot=True)
        self._slow.timeout.connect(self.progress.show)

    def _fill(self) -> None:
        """Write the menu: which weights are measured."""
        menu = self.menu()
        menu.clear()
        group = QActionGroup(menu)
        run = self._run
        rows = [(_FRESH, f"Fresh weights, seed {self.seed}", True)]
        if run is not None:
            rows += [
                (weights, f"{weights_words(of_run).capitalize()} of {run.path.name}", path.exists())
                for weights, path in ((BEST, run.best), (LAST, run.last))
                if (of_run := Subject(run=str(run.path), weights=weights))
            ]
        if self._other is not None:
            rows.append((_OTHER, f"{self._title_of_other()} (chosen in Try it)", True))
        for weights, words, possible in rows:
            action = QAction(words, menu, checkable=True)
            action.setChecked(weights == self.weights)
            action.setEnabled(possible)
            action.triggered.connect(lambda _=False, weights=weights: self.measure_with(weights))
            group.addAction(action)
            menu.addAction(action)
        menu.addSeparator()
        menu.addAction("Fresh weights of another &seed…", self.ask_for_seed)

    @property
    def _run(self) -> RunFolder | None:
        return self.trainer.shown.run if self.trainer.shown is not None else None

    @property
    def _other(self) -> Subject | None:
        """What is looked into, if that is a design with weights from elsewhere."""
        subject = self.inspection.subject
        return subject if subject is not None and subject.design and subject.weights else None

    def _title_of_other(self) -> str:
        weights = self._other.weights if self._other is not None else ""
        return f"Weights of {weights if ':' in weights else Path(weights).name}"

    # Asking

    def measure_with(self, weights: str) -> None:
        """Measure with fresh weights, or with those of the shown run."""
        self.weights = weights
        self.measure()

    def ask_for_seed(self) -> None:
        """Ask for a seed, and measure with the weights that are drawn from it."""
        seed, wanted = QInputDialog.getInt(
            self, "Fresh weights", "Seed of the weights:", self.seed + 1, 0, _MOST_SEED
        )
        if wanted:
            self.seed = seed
            self.measure_with(_FRESH)

    def measure(self) -> None:
        """Measure the layers; the answer comes by `measured`."""
        run = self._run
        design: Any = None
        if self.weights == _OTHER and self._other is not None:
            subject, title = self._other, self._title_of_other()
        elif self.weights in (BEST, LAST) and run is not None:
            subject = Subject(run=str(run.path.absolute()), weights=self.weights)
            title = f"{run.path.name}, {weights_words(subject)}"
        else:
            self.weights = _FRESH
            if self.workspace.document is None:
                self.refused.emit("Open a design or show a run: its layers are measured.")
                return
            if not self.workspace.analysis.valid:
                self.refused.emit(
                    "The design has errors, so that it computes nothing: see Problems."
                )
                return
            from designer.design import files

            design = self.workspace.design
            subject = Subject(
                design=files.dumps(design),
                weights="",
                seed=self.seed,
                recipe=msgspec.to_builtins(self.workspace.recipe),
            )
            title = f"{design.name or 'Design'}, fresh weights, seed {self.seed}"
        self.busy = True
        self.bar.setValue(0)
        self._slow.start()
        self.busy_changed.emit()
        self.inspection.ask(
            KEY,
            {"do": "measure"},
            lambda reply: self._answered(title, design, reply),
            failed=self._failed,
            progress=lambda share: self.bar.setValue(round(100 * share)),
            subject=subject,
        )

    def cancel(self) -> None:
        """Give up the measurement."""
        self.inspection.cancel(KEY)
        self._end()

    def _answered(self, title: str, design: Any, reply: Reply) -> None:
        self._end()
        measurement = msgspec.convert(reply.fields["measurement"], Measurement)
        notes = tuple(map(str, reply.fields["notes"]))
        self.measured.emit(shown(title, measurement, design=design, notes=notes))

    def _failed(self, sentence: str) -> None:
        self._end()
        self.refused.emit(sentence)

    def _end(self) -> None:
        self.busy = False
        self._slow.stop()
        self.progress.hide()
        self.busy_changed.emit()
