"""Measuring how long each layer of the current design takes, by the worker process."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from designer.gui.documents.document import Document
from designer.gui.documents.node_values import NodeTimes
from designer.gui.documents.workspace import Workspace
from designer.gui.worker.trainer import Trainer

if TYPE_CHECKING:
    from designer.design.values import Design
    from designer.gui.worker.inspection import Reply

_KEY = "layer times"  # of its question to the worker


class TimeMeasurement(QObject):
    """Asks the worker for the times, and puts them into the document that was measured.

    Signals
    -------
    changed()
        A measurement has begun, is further, or has ended.

    Attributes
    ----------
    document
        The document that is being measured; None while none is.
    share
        How far that is, from 0 to 1.
    """

    changed = Signal()

    def __init__(self, workspace: Workspace, trainer: Trainer, parent: QObject) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.trainer = trainer
        self.document: Document | None = None
        self.share = 0.0
        trainer.state_changed.connect(self._give_way)

    def refusal(self) -> str:
        """Return why the current design cannot be measured now; "" if it can."""
        if self.workspace.document is None:
            return "No design is open."
        if not self.workspace.analysis.valid:
            return "The design has errors; see the Problems panel."
        if self.trainer.occupied:
            return (
                "A training is running, which would slow the measurement: stop it, or wait for its "
                "end."
            )
        return ""

    def start(self) -> None:
        """Measure the current design with the batch, precision and optimizer of its recipe."""
        refusal = self.refusal()
        if refusal:
            self.workspace.refused.emit(refusal)
            return
        import msgspec

        from designer.design import files
        from designer.runs.inspection import Subject

        self.cancel()
        document, design = self.workspace.document, self.workspace.design
        assert document is not None  # or it was refused
        recipe = self.workspace.recipe
        subject = Subject(
            design=files.dumps(design), weights="", recipe=msgspec.to_builtins(recipe)
        )
        device = {"device": recipe.device} if recipe.device != "auto" else {}
        self.document, self.share = document, 0.0
        self.trainer.inspection.ask(
            _KEY,
            {"do": "time", **device},
            lambda reply: self._measured(document, design, reply),
            failed=self._failed,
            progress=self._progress,
            subject=subject,
        )
        self.changed.emit()

    def cancel(self) -> None:
        """End the measurement, if there is one."""
        if self.document is not None:
            self.trainer.inspection.cancel(_KEY)
            self.document = None
            self.changed.emit()

    def _give_way(self) -> None:
        """End it when a training begins, which would wait for it."""
        if self.trainer.occupied and self.document is not None:
            self.cancel()
            self.workspace.reported.emit(
                "The measurement of times was ended, since a training has begun."
            )

    def _progress(self, share: float) -> None:
        self.share = share
        self.changed.emit()

    def _failed(self, sentence: str) -> None:
        self.document = None
        self.workspace.refused.emit(sentence)
        self.changed.emit()

    def _measured(self, document: Document, design: "Design", reply: "Reply") -> None:
        import msgspec

        from designer.runs.layer_times import LayerTimes

        self.document = None
        times = msgspec.convert(reply.fields["times"], LayerTimes)
        self.workspace.show_times(document, NodeTimes(design, times))
        self.changed.emit()
