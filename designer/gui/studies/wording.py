"""Figures of a study as the window writes them."""

from designer.gui.base import numbers
from designer.studies.answers import wording
from designer.studies.fields import text_of
from designer.studies.goals import GOALS
from designer.studies.spec import Choice


def figure(goal: str, value: float) -> str:
    """Return a figure of a goal with its unit, in the chosen grouping of digits."""
    return numbers.local(wording.figure(goal, value))


def with_spread(goal: str, mean: float, deviation: float) -> str:
    """Return a mean of a goal with its deviation: "95.81 ± 0.42 %"."""
    return numbers.local(wording.with_spread(goal, mean, deviation))


def value(of: Choice) -> str:
    """Return a value of a field as text."""
    if isinstance(of, float):
        return numbers.local(f"{of:.4g}")
    return text_of(of)


def capitalized(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return wording.sentence(text)


def title(goal: str) -> str:
    """Return the title of a goal as it begins a label."""
    return capitalized(GOALS[goal].title)


def axis(goal: str) -> str:
    """Return the title of an axis along which a goal's values lie."""
    units = {"share": ", %", "bytes": ", bytes", "seconds": ", s"}
    return title(goal) + units.get(GOALS[goal].unit, "")


def factor(goal: str) -> float:
    """Return by what values of a goal are multiplied along an axis."""
    return 100.0 if GOALS[goal].unit == "share" else 1.0
