"""What the doctor says, as lines and JSON of several commands, and how it is silenced."""

import difflib
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from designer.cli.parameters import Text, option
from designer.errors import DesignerError

if TYPE_CHECKING:
    from designer.analysis.analysis import Analysis
    from designer.analysis.problems import Problem
    from designer.analysis.report.check import AdviceReport
    from designer.analysis.report.line import Line
    from designer.doctor.advice import Advice
    from designer.doctor.case import DeviceFacts
    from designer.doctor.reading import RunReader
    from designer.recipe.recipe import Recipe
    from designer.runs.folder import RunFolder

_SAME = {"loss": "activation-before-loss"}
"""Codes of warnings that say the same as a condition of the doctor."""


NOTHING: "tuple[Advice, ...]" = ()
"""What is said of a design that has problems."""


def _keys() -> tuple[str, ...]:
    from designer.doctor.rules import RULES

    return tuple(RULES)


silence_option = option(
    "--silence",
    type=Text(_keys),
    multiple=True,
    metavar="KEY",
    help="Say nothing of a condition of the doctor, as in no-activation. May be given several "
    "times.",
)


class Watch:
    """Says once of each condition that it is seen while a run is followed in the terminal.

    Parameters
    ----------
    run
        The run.
    silenced
        Keys of conditions of which nothing is said.
    """

    def __init__(self, run: "RunFolder", *, silenced: Collection[str]) -> None:
        self._run = run
        self._silenced = silenced
        self._said: set[str] = set()
        self._reader: RunReader | None = None

    def look(self) -> "list[Line]":
        """Return the lines of what is new; none where a file cannot be read at the moment."""
        from designer.doctor.reading import RunReader
        from designer.doctor.rules import examine

        try:
            if self._reader is None:
                self._reader = RunReader(self._run)
            case = self._reader.poll()
        except DesignerError:  # half of the truth: the end of the training says what is wrong
            return []
        found = [
            each
            for each in examine(case, silenced=self._silenced)
            if each.key not in self._said and each.when != "before"
        ]
        self._said.update(each.key for each in found)
        return list(lines(found))


def silenced(keys: Sequence[str]) -> frozenset[str]:
    """Return the keys of which nothing is said, with those of the window's settings.

    Raises
    ------
    DesignerError
        There is no such key.
    """
    from designer import preferences

    known = _keys()
    for key in keys:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            remedy = f"did you mean {close[0]}?" if close else f"they are {', '.join(known)}."
            raise DesignerError(f"The doctor knows no condition {key}; {remedy}")
    return frozenset((*keys, *preferences.load().silenced))


def before(
    analysis: "Analysis", recipe: "Recipe", *, batch: int | None, silenced: Collection[str]
) -> "tuple[Advice, ...]":
    """Return what can be seen of a valid design and its recipe before a training."""
    from designer.doctor.case import Case
    from designer.doctor.rules import BEFORE, examine
    from designer.recipe.reading import changed

    if batch is not None:
        recipe = changed(recipe, {"batch": batch})
    case = Case(analysis=analysis, recipe=recipe)
    return examine(case, when=BEFORE, silenced=silenced)


def unsilenced(problems: "Iterable[Problem]", silenced: Collection[str]) -> "tuple[Problem, ...]":
    """Return the warnings that do not say the same as a silenced condition."""
    return tuple([each for each in problems if _SAME.get(each.code) not in silenced])


def unsaid(advice: "Iterable[Advice]", problems: "Iterable[Problem]") -> "tuple[Advice, ...]":
    """Return the advice that no warning has said already."""
    said = {_SAME.get(each.code) for each in problems}
    return tuple([each for each in advice if each.key not in said])


def to_report(advice: "Advice") -> "AdviceReport":
    """Return a piece of advice as the JSON of the commands has it."""
    from designer.analysis.report.check import AdviceReport, RemedyReport

    return AdviceReport(
        key=advice.key,
        severity=advice.severity,
        when=advice.when,
        path=advice.location.path,
        sentence=advice.sentence,
        evidence=advice.evidence,
        remedies=[RemedyReport(each.label, dict(each.settings)) for each in advice.remedies],
    )


def lines(found: "Iterable[Advice]") -> "Iterator[Line]":
    """Yield the lines of some advice: each with its key, its evidence and its remedies."""
    from designer.analysis.report.line import Line, Style

    for each in found:
        yield Line(f"{each.severity} [{each.key}]: {each.sentence}", Style.WARNING)
        yield Line(f"  evidence: {each.evidence}")
        for remedy in each.remedies:
            command = f" ({remedy.command})" if remedy.command else ""
            yield Line(f"  remedy: {remedy.label}{command}")


def next_of(run: "RunFolder", silenced: Collection[str]) -> str:
    """Return what would come next of a run that nothing is against; "" for nothing.

    Raises
    ------
    DesignerError
        A file of the run is damaged.
    """
    from designer.doctor.curve_rules import next_step
    from designer.doctor.reading import read_case
    from designer.doctor.rules import examine

    case = read_case(run)
    found = examine(case, silenced=silenced)
    return "" if any(each.severity == "advice" for each in found) else next_step(case)


def device_facts(analysis: "Analysis", recipe: "Recipe") -> "DeviceFacts | None":
    """Return the device that a recipe would be trained on, None if this machine lacks it."""
    from designer.gui.documents import fitting

    device = fitting.chosen(recipe, fitting.devices())
    return None if device is None else fitting.facts(analysis.totals, recipe, device)
