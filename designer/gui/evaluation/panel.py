"""The Evaluation dock: how the network of the shown run did on data that it did not learn from.

What it shows is imported when an evaluation is read, since it needs numpy and pyqtgraph, which the
window's start avoids.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton, QVBoxLayout, QWidget

from designer.errors import DesignerError
from designer.gui.base.speed import idle_imports
from designer.gui.evaluation.work import Work
from designer.gui.worker.trainer import Trainer
from designer.runs.folder import RunFolder
from designer.runs.inspection import Subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from designer.gui.evaluation.contents import Contents
    from designer.gui.evaluation.other_data import Wanted
    from designer.gui.evaluation.view import EvaluationView
    from designer.gui.worker.inspection import Reply
    from designer.runs.ensembles import Ensemble

_KEY = "evaluation"


class EvaluationPanel(QWidget):
    """Reads the evaluation of the shown run once it has ended, and shows it.

    Signals
    -------
    try_wanted()
        The *Try it* dock is to be shown, with a picture that the user opened.

    Attributes
    ----------
    view
        What shows an evaluation; None before the first one was read.
    """

    try_wanted = Signal()

    def __init__(self, trainer: Trainer) -> None:
        super().__init__(objectName="evaluation")
        self.trainer = trainer
        self.view: EvaluationView | None = None
        self._shown: tuple[Path, object] | None = None
        self.message = QLabel(
            objectName="evaluation-message", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.message.setProperty("role", "faint")
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.evaluate = QPushButton("Evaluate…", objectName="evaluation-evaluate")
        self.evaluate.clicked.connect(self.ask_for_data)
        self.empty = QWidget()
        middle = QVBoxLayout(self.empty)
        middle.addStretch(1)
        middle.addWidget(self.message)
        middle.addWidget(self.evaluate, 0, Qt.AlignmentFlag.AlignCenter)
        middle.addStretch(1)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.addWidget(self.empty, 1)
        self.work = Work()
        self.work.canceled.connect(self._cancel)
        self.column.addWidget(self.work)
        trainer.run_changed.connect(self._look)
        trainer.state_changed.connect(self._look)
        trainer.ensemble_wanted.connect(self.evaluate_ensemble)  # type: ignore[call-overload]  # a signal has no types
        self._look()

    # Reading

    def _look(self) -> None:
        """Read the evaluation of the shown run, once the run has ended."""
        follower = self.trainer.shown
        if follower is None:
            self._say("The evaluation of a run is shown here once the run has ended.")
            return
        if follower.going:
            self._say(
                f"{follower.run.path.name} is evaluated on the test images when its training ends."
            )
            return
        if not follower.looked or self._shown == (follower.run.path, follower.result):
            return
        self._shown = (follower.run.path, follower.result)
        run = follower.run
        idle_imports.run(
            self,
            lambda: _read(run),
            lambda found: self._has_read(run, found),
            lambda sentence: self._cannot_read(run, sentence),
        )

    def _say(self, sentence: str) -> None:
        self._shown = None
        self.message.setText(sentence)
        self.evaluate.hide()
        self.empty.show()
        if self.view is not None:
            self.view.hide()

    def _cannot_read(self, run: RunFolder, sentence: str) -> None:
        shown = self._shown
        if shown is None or shown[0] != run.path:
            return
        self._say(sentence)
        self._shown = shown
        self.evaluate.setVisible(run.best.exists() or run.last.exists())

    def _has_read(self, run: RunFolder, found: "Contents") -> None:
        follower = self.trainer.shown
        if follower is None or follower.run.path != run.path:
            return
        self.show_contents(found)

    def show_contents(self, contents: "Contents") -> None:
        """Show an evaluation."""
        view = self._built()
        view.notice.tell("")
        view.model.show(contents)
        self.empty.hide()
        view.show()

    def _built(self) -> "EvaluationView":
        if self.view is None:
            from designer.gui.evaluation.model import EvaluationModel
            from designer.gui.evaluation.view import EvaluationView

            model = EvaluationModel(self.trainer.inspection, self)
            self.view = EvaluationView(model)
            self.view.hide()
            model.try_wanted.connect(self._try)
            self.view.other_data_wanted.connect(self.ask_for_data)
            self.view.own_wanted.connect(self.show_own)
            self.view.report_wanted.connect(self.ask_for_report)
            self.column.insertWidget(0, self.view, 1)
        return self.view

    def show_own(self) -> None:
        """Show the evaluation of the run on its own test part again."""
        self._shown = None
        self._look()

    # Other data

    def ask_for_data(self) -> None:
        """Ask on which data the network is to be evaluated, and evaluate it."""
        from designer.gui.evaluation.other_data import OtherDataDialog

        follower = self.trainer.shown
        if follower is None:
            return
        dialog = OtherDataDialog(follower.run, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        run = follower.run
        dialog.accepted.connect(lambda: self.evaluate_on(run, dialog.wanted))
        dialog.open()

    def evaluate_on(self, run: RunFolder, wanted: "Wanted") -> None:
        """Evaluate the network of a run, and show the figures."""
        self._ask(
            run,
            {
                "do": "evaluate",
                "data": wanted.source,
                "part": wanted.part,
                "settings": {"evaluation.test_time": wanted.views},
            },
            Subject(run=str(run.path), weights=wanted.weights),
            doing=f"{run.path.name} is evaluated on {wanted.source or 'its own data'} …",
        )

    def evaluate_ensemble(self, ensemble: "Ensemble") -> None:
        """Evaluate runs as one network on the test part of the first, and show the figures.

        The first run becomes the shown one, as its data are what the pages show.
        """
        first = ensemble.members[0]
        run = RunFolder(Path(first.run))
        self.trainer.show(run.path)
        self._ask(
            run,
            {"do": "ensemble", "members": ensemble.members},
            first,
            doing=f"The {ensemble.name} is evaluated …",
        )

    def _ask(
        self, run: RunFolder, request: "Mapping[str, object]", subject: Subject, *, doing: str
    ) -> None:
        """Let the worker evaluate, and show the figures if the run is still the shown one."""
        self.work.show_share(doing, 0.0)

        def show(found: "Contents") -> None:
            self.work.hide()
            if self.trainer.shown is not None and self.trainer.shown.run.path == run.path:
                self.show_contents(found)

        def done(reply: "Reply") -> None:
            idle_imports.run(self, lambda: _of_reply(run, reply), show, self._refuse)

        self.trainer.inspection.ask(
            _KEY,
            dict(request),
            done,
            failed=self._refuse,
            progress=lambda share: self.work.show_share(doing, share),
            subject=subject,
        )

    def _refuse(self, sentence: str) -> None:
        """Say why nothing was evaluated, above the pages or in their place."""
        self.work.hide()
        if self.view is None or self.view.isHidden():
            self.message.setText(sentence)
            self.evaluate.show()
        else:
            self.view.tell(sentence)

    def _cancel(self) -> None:
        self.trainer.inspection.cancel(_KEY)
        self.work.hide()

    # The report

    def ask_for_report(self) -> None:
        """Ask for a file, and write all about the shown run into it."""
        from designer.reports.writing import REPORT_FORMATS

        follower = self.trainer.shown
        if follower is None:
            return
        run = follower.run
        kinds = {f"{row.title} (*{row.suffix})": row.suffix for row in REPORT_FORMATS.values()}
        chosen, kind = QFileDialog.getSaveFileName(
            self, "Write a report", f"{run.path.name}.html", ";;".join(kinds)
        )
        if chosen:
            path = Path(chosen if Path(chosen).suffix else f"{chosen}{kinds.get(kind, '.html')}")
            self.write_report(run, path)

    def write_report(self, run: RunFolder, path: Path) -> None:
        """Write a report in a thread, and say where it is."""
        from designer.reports.writing import write_report

        view = self._built()
        self.work.show_busy(f"The report of {run.path.name} is written …")

        def done(_: object) -> None:
            self.work.hide()
            view.tell(f"The report is in {path}.", ("Open", lambda: _open(path)))

        idle_imports.run(self, lambda: write_report(run, path), done, self._refuse)

    def _try(self, picture: object) -> None:
        self.trainer.inspection.show([picture])  # type: ignore[list-item]  # a signal has no types
        self.try_wanted.emit()


def _open(path: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.absolute())))


def _read(run: RunFolder) -> "Contents":
    """Read an evaluation in a thread, and import there what shows it."""
    from designer.gui.evaluation import view  # noqa: F401
    from designer.gui.evaluation.contents import read

    return read(run)


def _of_reply(run: RunFolder, reply: "Reply") -> "Contents":
    import msgspec

    from designer.gui.evaluation import view  # noqa: F401
    from designer.gui.evaluation.contents import of_tables
    from designer.runs.evaluation_record import EvaluationRecord

    record = msgspec.convert(reply.fields["record"], EvaluationRecord)
    found = of_tables(run, reply.arrays, record)
    if found is None:
        raise DesignerError(f"What was evaluated does not fit the network of {run.path.name}.")
    return found
