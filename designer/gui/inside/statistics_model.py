"""Which measurement the Layer statistics dock shows: one of a run, or one made in this session."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from designer.gui.base import background
from designer.gui.inside.measured_run import MeasuredRun
from designer.gui.inside.statistics_values import Shown, shown
from designer.gui.worker.trainer import Trainer
from designer.runs.folder import RunFolder
from designer.runs.layer_statistics import KINDS, Kind, Measurement

if TYPE_CHECKING:
    from designer.design.values import Design

_MOST_MEASURED = 12  # measurements of this session that can be chosen


class StatisticsModel(QObject):
    """The choices of the dock, which follow the run that is shown in Training.

    Signals
    -------
    changed()
        Another measurement or another kind of values is shown, or there are more of them.

    Attributes
    ----------
    run
        The measurements of the run that is shown in Training.
    measured
        What was measured in this session, the newest last.
    source
        The measurement that is shown; None for that of the run at `position`.
    position
        The number of the run's measurement that is shown; None for the newest, also as it grows.
    kind
        The kind of values that is shown.
    error
        Why nothing could be measured when this was last tried, "" if it could.
    """

    changed = Signal()

    def __init__(self, trainer: Trainer, parent: QObject) -> None:
        super().__init__(parent)
        self.trainer = trainer
        self.run = MeasuredRun(self)
        self.measured: list[Shown] = []
        self.source: Shown | None = None
        self.position: int | None = None
        self.kind: Kind = next(iter(KINDS))
        self.error = ""
        self._of_run: Shown | None = None  # that of the run, with its warnings
        self._design_of_run: Design | None = None
        self.run.changed.connect(self._run_grew)
        trainer.run_changed.connect(self._follow_run)
        self._follow_run()

    # What is shown

    @property
    def current(self) -> Shown | None:
        """The measurement that is shown; None if there is none."""
        return self.source if self.source is not None else self._take_from_run()

    @property
    def recorded(self) -> list[Measurement]:
        """The measurements over the steps of the run; none while another one is shown."""
        return self.run.measurements if self.source is None else []

    @property
    def sentence(self) -> str:
        """What went wrong, "" if nothing did."""
        if self.error or self.source is not None:
            return self.error
        return self.run.sentence

    @property
    def sources(self) -> list[tuple[str, Shown | None]]:
        """What can be shown, each with its title: the run (None), then the newest measurement."""
        rows: list[tuple[str, Shown | None]] = []
        if self.run.path is not None:
            rows.append((f"{self.run.path.name}, while training", None))
        return rows + [(one.title, one) for one in reversed(self.measured)]

    def show_source(self, source: Shown | None) -> None:
        """Show another measurement, or those of the run (None)."""
        self.source = source
        self.error = ""
        self.changed.emit()

    def show_kind(self, kind: Kind) -> None:
        """Show values of another kind."""
        self.kind = kind
        self.changed.emit()

    def add(self, one: Shown) -> None:
        """Show what was measured now; its title gets a number if there is one like it."""
        titles = [each.title for each in self.measured]
        number = 2
        title = one.title
        while title in titles:
            title = f"{one.title} ({number})"
            number += 1
        one = shown(title, one.measurement, design=one.design, notes=one.notes)
        self.measured = [*self.measured, one][-_MOST_MEASURED:]
        self.show_source(one)

    def show_error(self, sentence: str) -> None:
        """Show why nothing could be measured; "" takes the sentence away."""
        self.error = sentence
        self.changed.emit()

    # Steps of the run

    @property
    def at(self) -> int:
        """The number of the run's measurement that is shown."""
        last = len(self.run.measurements) - 1
        return last if self.position is None else min(self.position, last)

    def go_to(self, number: int) -> None:
        """Show a measurement of the run; the last one stays the newest as it grows."""
        last = len(self.run.measurements) - 1
        number = max(0, min(number, last))
        self.position = None if number == last else number
        self.changed.emit()

    def go_to_step(self, step: float) -> None:
        """Show the measurement of the run that is nearest to a step."""
        found = self.recorded
        if found:
            self.go_to(min(range(len(found)), key=lambda each: abs(found[each].step - step)))

    def _take_from_run(self) -> Shown | None:
        found = self.run.measurements
        if not found:
            return None
        measurement = found[self.at]
        if self._of_run is None or self._of_run.measurement is not measurement:
            name = self.run.path.name if self.run.path is not None else ""
            self._of_run = shown(
                f"{name}, step {measurement.step}", measurement, design=self._design_of_run
            )
        return self._of_run

    # Following the run

    @property
    def growing(self) -> bool:
        """Whether the run is being trained."""
        follower = self.trainer.shown
        return follower is not None and follower.going

    def watch(self, seen: bool) -> None:
        """Read the run's file as long as it grows and somebody looks; else once more."""
        self.run.watch(seen and self.growing)

    def _follow_run(self) -> None:
        """Show the statistics of the run that is shown in Training."""
        follower = self.trainer.shown
        path = follower.run.path if follower is not None else None
        if path == self.run.path:
            return
        self.position, self._of_run, self._design_of_run = None, None, None
        self.error = ""
        if path is not None:
            self.source = None
        elif self.source is None and self.measured:
            self.source = self.measured[-1]
        self.run.follow(path)
        if path is not None:
            self._read_design(path)

    def _read_design(self, path: Path) -> None:
        """Read which design the run trains, to know whether the canvas still shows it."""

        def read() -> "Design":
            from designer.design import files

            return files.read(RunFolder(path).design)

        def done(design: "Design") -> None:
            if path == self.run.path:
                self._design_of_run = design
                self._of_run = None
                self.changed.emit()

        background.run(self, read, done)

    def _run_grew(self) -> None:
        if self.position is not None and self.position >= len(self.run.measurements):
            self.position = None  # the run was cut back to a checkpoint
        self.changed.emit()
