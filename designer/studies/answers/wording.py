"""Values, goals and candidates of a study as words."""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress

from designer.analysis.report import formatting
from designer.errors import DesignerError
from designer.runs.wording import duration
from designer.studies import fields
from designer.studies.fields import text_of
from designer.studies.folder import StudyFolder
from designer.studies.goals import GOALS
from designer.studies.spec import Choice, Study

_MINUTE = 60.0
NONE = formatting.NONE
"""Stands where there is no figure."""


def figure(goal: str, value: float) -> str:
    """Return a figure as text, by the unit of its goal: ``95.82 %``, ``61,706``, ``3 min 12 s``."""
    if not math.isfinite(value):
        return NONE if math.isnan(value) else str(value)
    match GOALS[goal].unit:
        case "share":
            return f"{100 * value:.2f} %"
        case "count":
            whole = value == int(value)
            return formatting.count(int(value)) if whole else f"{value:,.1f}"
        case "bytes":
            return formatting.decimal_bytes(value)
        case "seconds":
            return duration(value) if value >= _MINUTE else f"{value:.3g} s"
        case "number":
            return f"{value:.4g}"


def with_spread(goal: str, mean: float, deviation: float) -> str:
    """Return a mean with its standard deviation: ``95.82 ± 0.41 %``; without it if that is NaN."""
    unit = GOALS[goal].unit
    if not math.isfinite(deviation) or (not deviation and unit != "share"):
        return figure(goal, mean)
    match unit:
        case "share":
            return f"{100 * mean:.2f} ± {100 * deviation:.2f} %"
        case "seconds" if mean < _MINUTE:
            return f"{mean:.3g} ± {deviation:.2g} s"
        case "number":
            return f"{mean:.4g} ± {deviation:.2g}"
        case _:
            return f"{figure(goal, mean)} ± {figure(goal, deviation)}"


def distance(goal: str, value: float) -> str:
    """Return a difference of figures, without its sign: ``0.20 percentage points``, ``0.012``."""
    value = abs(value)
    if GOALS[goal].unit != "share":
        return figure(goal, value)
    text = f"{100 * value:.2f}"
    return f"{text} percentage {'point' if text == '1.00' else 'points'}"


def interval(goal: str, low: float, high: float) -> str:
    """Return the ends of an interval of a figure: ``94.90 to 96.70 %``."""
    if GOALS[goal].unit == "share":
        return f"{100 * low:.2f} to {100 * high:.2f} %"
    return f"{figure(goal, low)} to {figure(goal, high)}"


def distances(goal: str, low: float, high: float) -> str:
    """Return the ends of an interval of differences: ``-0.80 to 1.20``, of shares in points."""
    if GOALS[goal].unit == "share":
        return f"{100 * low:.2f} to {100 * high:.2f}"
    return f"{figure(goal, low)} to {figure(goal, high)}"


def between(goal: str, least: float, most: float) -> str:
    """Return two differences without their signs: ``6.00 to 74.71 percentage points``."""
    if GOALS[goal].unit == "share":
        return f"{100 * abs(least):.2f} to {distance(goal, most)}"
    return f"{distance(goal, least)} to {distance(goal, most)}"


def candidate(study: Study, titles: Mapping[str, str], values: Mapping[str, Choice]) -> str:
    """Return the values of a candidate as words: ``batch 8, learning rate 0.01``.

    Parameters
    ----------
    study
        The study.
    titles
        The titles of its fields by their names.
    values
        The candidate's values by the names of the fields.
    """
    variants = {each.name for each in study.varied if each.variants}
    words = [
        text_of(value) if name in variants else f"{titles.get(name, name)} {text_of(value)}"
        for name, value in values.items()
    ]
    return ", ".join(words) or "the design"


def listed(words: Sequence[str], last: str = "and") -> str:
    """Return words as a list in a sentence: ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: ``1 training``, ``3 trainings``."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def share_of(part: float, whole: float) -> str:
    """Return a ratio in a short form: ``1/16 of``, ``31 % of``.

    Parameters
    ----------
    part, whole
        Above 0.
    """
    ratio = whole / part
    if ratio >= 1.9 and abs(ratio - round(ratio)) < 0.02 * ratio:
        return f"1/{round(ratio)} of"
    return f"{100 * part / whole:.0f} % of"


def sentence(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return text[:1].upper() + text[1:]


def goal_title(goal: str) -> str:
    """Return what a goal is called in the middle of a sentence."""
    return GOALS[goal].title


def titles(study: Study, folder: StudyFolder) -> dict[str, str]:
    """Return the titles of a study's varied fields by their names, for the middle of a sentence.

    A field that the design does not have any more, or of a design that cannot be read, is called
    by its name.
    """
    found = {each.name: each.name for each in study.varied}
    with suppress(DesignerError):
        designs, recipe = folder.read_designs(), folder.recipe()
        known = {each.name: each for each in fields.all_fields(designs[""], recipe)}
        for name in found:
            if name in known:
                found[name] = uncapitalized(known[name].title)
    return found


def uncapitalized(title: str) -> str:
    """Return a title for the middle of a sentence; abbreviations such as EMA stay."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]
