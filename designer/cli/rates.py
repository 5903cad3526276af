"""The work of ``netdesigner lr-range``: the learning-rate range test, and its answer as lines."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from designer import presets
from designer.analysis.report.line import Line, Style
from designer.cli import jobs
from designer.cli.output import share_shown
from designer.cli.tables import aligned
from designer.design import files
from designer.recipe.reading import changed
from designer.recipe.recipe import consequences
from designer.runs.inspection import design_of, recipe_of
from designer.runs.rate_range import RateRange, bounds

if TYPE_CHECKING:
    from designer.runs.inspection import Subject

_LINES = 25  # of the table at most: every so many steps
_BAR = 30  # cells of the longest bar


def with_data(subject: "Subject", source: str, settings: Sequence[str]) -> "Subject":
    """Return a preset with built-in data in place of its own, if these are not on the computer.

    Parameters
    ----------
    subject
        The network.
    source
        What the user calls it.
    settings
        The options ``--set``.
    """
    if subject.run or not presets.missing_data(source):
        return subject
    classes_set = any(each.partition("=")[0].strip() == "classes" for each in settings)
    design = jobs.fit_to_stand_in(design_of(subject), source, classes_set=classes_set)
    recipe = msgspec.to_builtins(jobs.recipe_for(source, None, {}))
    return msgspec.structs.replace(subject, design=files.dumps(design), recipe=recipe)


def test(
    subject: "Subject",
    changes: Mapping[str, Any],
    *,
    device: str | None,
    low: float | None,
    high: float | None,
    steps: int | None,
) -> RateRange:
    """Return what the test found.

    Parameters
    ----------
    subject
        The network; a run's design and recipe are taken, never its weights.
    changes
        Of the recipe's settings, by their dotted names.
    device
        As the recipe's setting of this name, None for what the recipe says.
    low, high, steps
        As in `bounds`.

    Raises
    ------
    DesignerError
        The test cannot be made.
    """
    from designer.engine import device as devices  # torch takes seconds to load
    from designer.engine.rate_range import rate_range

    recipe = recipe_of(subject)
    recipe = changed(recipe, {**changes, **consequences(recipe, changes)})
    if device is not None:
        recipe = changed(recipe, {"device": device})
    within = bounds(recipe, low=low, high=high, steps=steps)
    with share_shown("Trying rates") as progress, devices.enough_memory("inspect"):
        return rate_range(design_of(subject), recipe, within, progress=progress)


def to_json(found: RateRange) -> str:
    """Return what the test found as a JSON object."""
    return f"{msgspec.json.format(msgspec.json.encode(found), indent=1).decode()}\n"


def lines(found: RateRange) -> Iterator[Line]:
    """Yield a table of rates and smoothed losses with bars, and what to make of it."""
    every = -(-len(found.steps) // _LINES)
    shown = found.steps[::every]
    highest = max(each.smoothed for each in shown)
    rows = [
        [
            f"{each.learning_rate:.2e}",
            f"{each.loss:.4g}",
            f"{each.smoothed:.4g}",
            "█" * round(_BAR * max(each.smoothed, 0) / highest) if highest > 0 else "",
        ]
        for each in shown
    ]
    rows = [[*row[:3], f"{row[3]:<{_BAR}}"] for row in rows]
    yield from aligned(["rate", "loss", "smoothed", " " * _BAR], rows, left=0)
    yield Line()
    count = f"{len(found.steps):,} steps"
    if found.diverged:
        yield Line(f"{count}; then the loss grew beyond bounds.")
    else:
        yield Line(f"{count}.")
    yield Line(found.sentence, Style.PLAIN if found.suggestion is not None else Style.WARNING)
    if found.suggestion is not None:
        yield Line(f"On the command line: --lr {found.suggestion:g}")
