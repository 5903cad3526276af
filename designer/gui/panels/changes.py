"""A sentence on what an edit changes, for the preview of a fix."""

from designer.analysis.analysis import Analysis
from designer.design.differences import changes
from designer.gui.base import numbers

MOST = 4  # changes that are listed one by one


def preview(before: Analysis, after: Analysis) -> str:
    """Return what an edit does to the counts of a design, and which nodes it changes.

    Parameters
    ----------
    before, after
        The analyses of the design without and with the edit.
    """
    effects = [f"{_problems(len(before.problems))} → {numbers.count(len(after.problems))}"]
    for name, write in (("parameters", numbers.short), ("macs", numbers.scaled)):
        old, new = getattr(before.totals, name), getattr(after.totals, name)
        if old != new:
            title = "MACs" if name == "macs" else name
            effects.append(f"{title} {write(old)} → {write(new)}")
    found = list(changes(before.design, after.design))
    listed = found[:MOST]
    if len(found) > MOST:
        listed.append(f"and {numbers.count(len(found) - MOST)} more")
    return f"{', '.join(effects)}: {', '.join(listed)}" if listed else ", ".join(effects)


def _problems(number: int) -> str:
    return "1 problem" if number == 1 else f"{numbers.count(number)} problems"
