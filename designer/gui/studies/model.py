"""The chosen study of the Studies dock, read again and again while its processes write."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from designer.gui.base import background
from designer.studies.answers.table import Reader, Row, Table
from designer.studies.folder import StudyFolder


class StudyModel(QObject):
    """What all pages show.

    Signals
    -------
    changed()
        Another study is shown, or the shown one has news.
    went_on()
        Trainings of the study go on, but none has begun or ended.
    run_wanted(path)
        The user wants to see the training in this folder.
    design_wanted(row, compare)
        The user wants to open the design of a candidate, or to compare it with the current one.
    ensemble_wanted(ensemble)
        The trainings of a candidate are to be evaluated together: a
        `designer.runs.ensembles.Ensemble`.
    picked(number)
        The user chose the candidate of this number on a page.
    told(sentence)
        Something went wrong, or was done.

    Attributes
    ----------
    folder
        The chosen study; None for none.
    table
        Its candidates; None before they are read.
    """

    changed = Signal()
    went_on = Signal()
    run_wanted = Signal(Path)
    design_wanted = Signal(object, bool)
    ensemble_wanted = Signal(object)
    picked = Signal(int)
    told = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder: StudyFolder | None = None
        self.table: Table | None = None
        self._reader: Reader | None = None
        self._reading = False

    def choose(self, folder: StudyFolder | None) -> None:
        """Show another study; None for none."""
        if folder == self.folder:
            self.look()
            return
        self.folder, self.table, self._reader = folder, None, None
        self._reading = False
        self.changed.emit()
        self.look()

    def look(self) -> None:
        """Read what is new of the study, in a thread."""
        folder = self.folder
        if self._reading or folder is None:
            return
        self._reading = True

        def read() -> tuple[Reader, Table]:
            reader = self._reader or Reader(folder)
            return reader, reader.read()

        background.run(
            self,
            read,
            lambda found: self._has_read(folder, *found),
            lambda sentence: self._not_read(folder, sentence),
        )

    def _has_read(self, folder: StudyFolder, reader: Reader, table: Table) -> None:
        if folder != self.folder:
            return
        self._reading, self._reader = False, reader
        if self.table is None or table != self.table:
            self.table = table
            self.changed.emit()
        elif table.running:
            self.went_on.emit()

    def _not_read(self, folder: StudyFolder, sentence: str) -> None:
        if folder == self.folder:
            self._reading = False
            self.told.emit(sentence)

    def run(self, work: Callable[[], Any], done: Callable[[Any], object]) -> None:
        """Do work in a thread; its result is given to `done` while the study is still shown."""
        folder = self.folder
        background.run(
            self,
            work,
            lambda found: done(found) if folder == self.folder else None,
            self.told.emit,
        )

    def row(self, number: int) -> Row | None:
        """Return the candidate of a number."""
        rows: Sequence[Row] = self.table.rows if self.table is not None else ()
        return next((row for row in rows if row.number == number), None)
