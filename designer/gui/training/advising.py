"""What the doctor says of the current design and of the shown run, examined in the background."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from designer import preferences
from designer.errors import DesignerError
from designer.gui.base import background
from designer.gui.documents import fitting
from designer.gui.documents.training_problem import advice_problem
from designer.gui.documents.workspace import Workspace
from designer.gui.training.matching import BALANCE_SAID, LOSS_SAID
from designer.gui.training.setup import SetUp
from designer.gui.worker.trainer import Trainer

if TYPE_CHECKING:
    from designer.doctor.advice import Advice
    from designer.doctor.reading import RunReader

SETTLED = 300  # milliseconds after the last comparison of design and data
EVERY = 2_000  # milliseconds between two looks at a run that goes on


class Advising(QObject):
    """Examines the current design after each edit, and the shown run while it goes on.

    Signals
    -------
    run_advice_changed()
        `of_run` has changed.

    Attributes
    ----------
    of_run
        What is said of the shown run, the newest first.
    """

    run_advice_changed = Signal()

    def __init__(self, workspace: Workspace, trainer: Trainer, set_up: SetUp) -> None:
        super().__init__(set_up)
        self._workspace, self._trainer, self._set_up = workspace, trainer, set_up
        self.of_run: list[Advice] = []
        self._said: list[str] = []  # keys in the order in which they were first seen
        self._reader: tuple[Path, RunReader] | None = None
        self._looking = False
        self._again = False
        self._soon = QTimer(self, interval=SETTLED, singleShot=True)
        self._soon.timeout.connect(self._examine_design)
        self._run_soon = QTimer(self, interval=EVERY, singleShot=True)
        self._run_soon.timeout.connect(self._examine_run)
        set_up.silenced = lambda: self.silenced
        set_up.compared.connect(self._soon.start)
        workspace.switched.connect(self._switched)
        workspace.recipe_changed.connect(self._soon.start)
        workspace.advice_silenced.connect(self._silence)
        trainer.events_arrived.connect(lambda _: self._wait())
        trainer.run_changed.connect(self._run_changed)
        trainer.restarted.connect(self._run_changed)
        trainer.state_changed.connect(self._wait)

    @property
    def silenced(self) -> frozenset[str]:
        """The keys of conditions of which nothing is said."""
        return frozenset(self._trainer.preferences.silenced)

    def _silence(self, key: str) -> None:
        stored = self._trainer.preferences
        if key not in stored.silenced:
            stored.silenced = [*stored.silenced, key]
            try:
                preferences.store(stored)
            except DesignerError as error:
                self._workspace.refused.emit(str(error))
            else:
                self._workspace.reported.emit(
                    "Nothing more is said of this. The settings can bring it back."
                )
        self._examine_design()
        self._show([each for each in self.of_run if each.key != key])

    # The design

    def _switched(self) -> None:
        self._workspace.report_advice(())
        self._soon.start()

    def _examine_design(self) -> None:
        workspace = self._workspace
        analysis, recipe = workspace.analysis, workspace.recipe
        if workspace.document is None or not analysis.valid:
            workspace.report_advice(())
            return
        silenced = set(self.silenced)
        if self._set_up.match.warning or self._set_up.match.refusal:
            silenced |= {LOSS_SAID, BALANCE_SAID}  # the set-up of the training says these
        device = self._set_up.device

        def work() -> "tuple[Advice, ...]":
            from designer.doctor.case import Case
            from designer.doctor.rules import BEFORE, examine

            facts = None if device is None else fitting.facts(analysis.totals, recipe, device)
            case = Case(analysis=analysis, recipe=recipe, device=facts)
            return examine(case, when=BEFORE, silenced=silenced)

        def done(found: "tuple[Advice, ...]") -> None:
            if workspace.analysis is analysis and workspace.recipe == recipe:
                workspace.report_advice(tuple([advice_problem(each) for each in found]))

        background.run(self, work, done)

    # The run

    def _run_changed(self) -> None:
        self._reader, self._said = None, []
        self._show([])
        self._examine_run()

    def _wait(self) -> None:
        """Look at the run soon, at the same pace however many events arrive."""
        if not self._run_soon.isActive():
            self._run_soon.start()

    def _examine_run(self) -> None:
        follower = self._trainer.shown
        if follower is None or follower.state == "gone":
            return
        if self._looking:  # a reader is for one thread at a time
            self._again = True
            return
        self._looking, self._again = True, False
        run, known, silenced = follower.run, self._reader, self.silenced

        def work() -> "tuple[Path, RunReader, tuple[Advice, ...]]":
            from designer.doctor.reading import RunReader
            from designer.doctor.rules import examine

            reader = known[1] if known is not None and known[0] == run.path else RunReader(run)
            found = examine(reader.poll(), silenced=silenced)
            return run.path, reader, found

        background.run(self, work, self._examined, self._not_examined)

    def _examined(self, answer: "tuple[Path, RunReader, tuple[Advice, ...]]") -> None:
        self._looking = False
        path, reader, found = answer
        follower = self._trainer.shown
        if follower is None or follower.run.path != path:
            self._look_again()
            return
        self._reader = path, reader
        seen = [each for each in found if each.when != "before" and each.key not in self.silenced]
        self._said += [each.key for each in seen if each.key not in self._said]
        order = {key: number for number, key in enumerate(self._said)}
        alarm = sorted(
            seen, key=lambda each: (each.severity == "explanation", -order[each.key])
        )  # the newest first, explanations last
        self._show(alarm)
        if self._again:
            self._look_again()

    def _not_examined(self, _: str) -> None:
        self._looking = False  # the panel says what is wrong with the folder

    def _look_again(self) -> None:
        self._again = False
        self._wait()

    def _show(self, found: "list[Advice]") -> None:
        if [each.text for each in found] != [each.text for each in self.of_run]:
            self.of_run = found
            self.run_advice_changed.emit()
