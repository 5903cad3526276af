"""The work on one source: how far it is, and whether somebody still waits for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

from designer.design.values import Design
from designer.engine.canceled import Canceled
from designer.runs.import_report import ImportReport

STAGES = {
    "Running the code": 0.0,
    "Reading": 0.5,
    "Finding layers": 0.55,
    "Folding": 0.65,
    "Taking the weights": 0.7,
    "Comparing the outputs": 0.8,
}
"""What is done, one after the other, with the share that is done when it begins."""


@dataclass
class Job:
    """The work on one source.

    Attributes
    ----------
    report
        Is told what is done now, and which share is done, from 0 to 1.
    canceled
        Returns whether nobody waits any more.
    early
        Is given the design with its report before the weights are taken and the outputs compared.
    seconds
        How long each stage took.
    """

    report: Callable[[str, float], None] = lambda stage, share: None
    canceled: Callable[[], bool] = lambda: False
    early: Callable[[Design, ImportReport], None] = lambda design, report: None
    seconds: dict[str, float] = field(default_factory=dict)

    def progress(self, stage: str, share: float) -> None:
        """Say what is done; call it often.

        Raises
        ------
        Canceled
            The work is to end here.
        """
        if self.canceled():
            raise Canceled
        self.report(stage, share)

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[float], None]]:
        """Say that one of `STAGES` begins, and take its time.

        Yields
        ------
        callable
            Takes the share of the stage that is done, from 0 to 1.
        """
        begin = STAGES[name]
        end = next((each for each in STAGES.values() if each > begin), 1.0)

        def within(share: float) -> None:
            self.progress(name, begin + (end - begin) * share)

        start = perf_counter()
        within(0.0)
        yield within
        self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - start
