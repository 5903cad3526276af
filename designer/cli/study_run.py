"""Running a study in the terminal: a line for each training, and Ctrl+C to stop it cleanly."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from designer.cli.output import INTERRUPTED, one_line, printable, write
from designer.cli.study_folders import reference
from designer.studies.answers import wording
from designer.studies.answers.sentences import answer
from designer.studies.answers.table import read
from designer.studies.folder import StudyFolder
from designer.studies.goals import COSTS
from designer.studies.journal import Ended
from designer.studies.progress import Progress, progress
from designer.studies.running import Report, Runner

_WORDS = {"early_stopped": "stopped early", "pruned": "pruned, as it fell behind"}
"""How trainings ended of which more is to be said than their figures."""


def follow(folder: StudyFolder, *, parallel: int | None = None) -> int:
    """Run a study, or join the processes that run it, until no training is left.

    Ctrl+C stops all trainings of this process with checkpoints; a second one ends it at once, and
    the trainings stop by themselves.

    Parameters
    ----------
    folder
        The study.
    parallel
        Trainings at once; None for what the study says.

    Returns
    -------
    int
        The exit code: 0 once no training is left, 1 if all candidates failed, 130 if it was
        stopped.

    Raises
    ------
    DesignerError
        The study cannot be read or written, or every training fails.
    """
    with one_line() as show:
        printer = _Printer(folder, show)
        runner = Runner(folder, printer.report, parallel=parallel)
        printer.line(f"Study folder: {folder.path}")
        printer.line(f"Trainings that have ended: {printer.progress().words}.")
        with _on_signals(runner, printer):
            runner.run()
    name = reference(folder.path)
    if runner.stopping and not printer.progress().over:
        write(
            f"Stopped after {printer.progress().words} trainings. Go on with: netdesigner study "
            f"run {name}\n"
        )
        return INTERRUPTED
    table = read(folder)
    for each in answer(table):
        write(f"{printable(each)}\n")
    write(f"See all of it with: netdesigner study show {name}\n")
    failed = any(row.state == "failed" for row in table.rows)
    return 1 if failed and not table.finished else 0


class _Printer:
    """Prints what a runner reports."""

    def __init__(self, folder: StudyFolder, show: Callable[[str], None]) -> None:
        self._study = folder.study()
        self._titles = wording.titles(self._study, folder)
        self._labels = [each.label for each in folder.replicates()]
        self._journal = folder.journal()
        self._show = show

    def progress(self) -> Progress:
        return progress(self._study, self._journal.read(), len(self._labels))

    def line(self, text: str) -> None:
        self._show("")
        write(f"{printable(text)}\n")

    def report(self, report: Report) -> None:
        """Print a training that has ended or a refused candidate; show one that begins."""
        trial = report.trial
        words = wording.candidate(self._study, self._titles, trial.values)
        where = f"{trial.number + 1:>3}  {words}"
        if report.replicate is None:
            self.line(f"{where}: refused. {trial.refusal}")
            return
        if label := self._labels[report.replicate]:
            where = f"{where}, {label}"
        done = self.progress().words
        if report.ended is None:
            self._show(f"[{done}] {where} ...")
        else:
            self.line(f"[{done}] {where}: {self._result(report.ended)}")

    def _result(self, ended: Ended) -> str:
        if ended.outcome in ("failed", "diverged"):
            return f"{ended.outcome}. {ended.message}".strip()
        figures = [
            f"{wording.goal_title(name)} {wording.figure(name, ended.figures[name])}"
            for name in self._study.goals
            if name not in COSTS and name in ended.figures
        ]
        if "seconds" in ended.figures and "seconds" not in self._study.goals:
            figures.append(wording.figure("seconds", ended.figures["seconds"]))
        if ended.outcome in _WORDS:
            figures.append(_WORDS[ended.outcome])
        return ", ".join(figures)


@contextmanager
def _on_signals(runner: Runner, printer: _Printer) -> Iterator[None]:
    """Stop a runner at Ctrl+C and at a request to end, within the block."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = 0

    def handler(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked += 1
        if asked > 1 and number == signal.SIGINT:
            os.write(sys.stderr.fileno(), b"The trainings stop by themselves.\n")
            os._exit(INTERRUPTED)  # the workers end with a checkpoint once this process is gone
        runner.stop()
        # Not by `write`: a handler may come in the middle of printing.
        os.write(sys.stderr.fileno(), b"Stopping: waiting for the checkpoints ...\n")

    before = {each: signal.signal(each, handler) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
