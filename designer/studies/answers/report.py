"""A study as one HTML page: the answer in sentences, its plots, and all candidates."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from designer.analysis.report.formatting import short
from designer.errors import DesignerError
from designer.reports.blocks import Block, Facts, Plot, Section, Text
from designer.reports.blocks import Table as TableBlock
from designer.reports.html import page
from designer.reports.svg import Plot as Axes
from designer.reports.svg import Point, series, thinned, ticks
from designer.runs.events import read_events
from designer.runs.folder import RunFolder
from designer.storage import save_file, unwritable
from designer.studies import fields
from designer.studies.answers import pareto, sentences
from designer.studies.answers.effects import Effect, effects, is_number
from designer.studies.answers.importance import importance
from designer.studies.answers.table import Row, Table, read
from designer.studies.answers.wording import figure, sentence, with_spread
from designer.studies.folder import StudyFolder
from designer.studies.goals import COSTS, GOALS
from designer.studies.protocols import PROTOCOLS
from designer.studies.samplers import SAMPLERS
from designer.studies.spec import Budget

_NAMED_TICKS = 10  # values along an axis that are all written
_MOST_LETTERS = 46  # of ticks side by side
_MOST_CURVES = 60
_MOST_REASONS = 100
_WIDE_RATIO = 50  # of numbers, from which on they lie at equal ratios along an axis


def write_report(folder: StudyFolder, path: Path) -> None:
    """Write what a study found as one HTML page that needs no other file.

    It reads the study's folder, with the curves of its runs, and needs no torch.

    Parameters
    ----------
    folder
        The study, which may still run.
    path
        A file that ends in ``.html``.

    Raises
    ------
    DesignerError
        The file's name ends otherwise, it cannot be written, or the study cannot be read.
    """
    if path.suffix.lower() != ".html":
        raise DesignerError(
            f"The report of a study is a page that ends in .html; received {path.name}."
        )
    try:
        save_file(path, as_html(folder).encode())
    except OSError as error:
        raise unwritable(path, error) from error


def as_html(folder: StudyFolder) -> str:
    """Return what a study found as an HTML page; see `write_report`."""
    table = read(folder)
    under = table.study.question or f"The study {folder.path.name}"
    found = [
        Section("Answer", [Text(_unbroken(each)) for each in sentences.answer(table)]),
        Section("Effects", list(_effects(table))),
        Section("Trade-off", list(_trade_off(table))),
        Section("Curves", list(_curves(table))),
        Section("Candidates", [_candidates(table), *_reasons(table)]),
        Section("How it was done", [_method(folder, table)]),
    ]
    return page(
        table.study.title, table.study.title, under, [each for each in found if each.blocks]
    )


def _unbroken(text: str) -> str:
    """Return a text in which no line begins with the sign of percent."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


# Effects


def _effects(table: Table) -> Iterator[Block]:
    goals = [goal for goal in table.study.goals if goal not in COSTS]
    for varied in table.study.varied:
        for goal in goals:
            found = effects(table, varied.name, goal)
            if len(found) > 1:
                caption = f"{_bars(found)} {table.titles[varied.name]}."
                yield Plot(_effect(table, varied.name, goal, found), caption)
    if len(table.study.varied) > 1:
        judged = importance(table, goals[0])
        if judged.shares:
            order = sorted(judged.shares.items(), key=lambda item: -item[1])
            rows = [
                (sentence(table.titles[name]), f"{100 * share:.1f} %", "") for name, share in order
            ]
            yield Facts(rows)
        yield Text(judged.sentence)


def _bars(found: Sequence[Effect]) -> str:
    if not _repeated(found):
        has_bars = any(math.isfinite(each.summary.low) for each in found)
        return "Means with their 95 % intervals by" if has_bars else "Each candidate by"
    return "Means over the other fields with their 95 % intervals, and each candidate, by"


def _repeated(found: Sequence[Effect]) -> bool:
    """Tell whether values have several candidates each; of random ones, few have by chance."""
    return sum(len(each.rows) > 1 for each in found) >= len(found) / 2


def _effect(table: Table, field: str, goal: str, found: Sequence[Effect]) -> str:
    """Return the figure at each value of a field with its interval, and each candidate."""
    several = _repeated(found)
    if not several:  # each candidate by itself
        found = [
            Effect(each.value, row.summary(goal), (row,)) for each in found for row in each.rows
        ]
    places, marks = _places([each.value for each in found])
    share = GOALS[goal].unit == "share"
    low, high = _range(found, goal)
    if share:
        low, high = max(0.0, low), min(1.0, high)
    room = 0.06 * (high - low)
    plot = Axes(
        sentence(table.titles[field]),
        _axis(goal),
        x=_padded(places),
        y=(low - room, high + room),
        percent=(False, share),
        marks=marks,
    )
    for place, each in zip(places, found, strict=True):
        if len(each.rows) > 1:
            plot.points([(place, row.mean(goal)) for row in each.rows], "dot")
        if math.isfinite(each.summary.low):
            ends = (max(low - room, each.summary.low), min(high + room, each.summary.high))
            plot.line([(place, end) for end in ends], series(0))
    means = [(place, each.summary.mean) for place, each in zip(places, found, strict=True)]
    if all(is_number(each.value) for each in found) and len(found) <= _NAMED_TICKS:
        plot.line(means, series(0))
    plot.points(means, series(0))
    return plot.svg(f"{GOALS[goal].title} by {table.titles[field]}")


def _range(found: Sequence[Effect], goal: str) -> Point:
    """Return the range of an axis: all candidates, and intervals as far as they are not huge."""
    means = [row.mean(goal) for each in found for row in each.rows]
    low, high = min(means), max(means)
    span = high - low
    ends = [
        end for each in found for end in (each.summary.low, each.summary.high) if math.isfinite(end)
    ]
    if not ends:
        return low, high
    if not span:
        return min(low, *ends), max(high, *ends)
    return max(min(low, *ends), low - span), min(max(high, *ends), high + span)


def _places(values: Sequence[object]) -> tuple[list[float], list[tuple[float, str]] | None]:
    """Return where values lie along an axis, and its ticks; None for round numbers."""
    numbers = [float(each) for each in values if is_number(each)]  # type: ignore[arg-type]
    if len(numbers) < len(values):
        at = [float(place) for place in range(len(values))]
        return at, _apart(at, [fields.text_of(each)[:14] for each in values])
    wide = min(numbers) > 0 and max(numbers) >= _WIDE_RATIO * min(numbers)
    at = [math.log10(each) for each in numbers] if wide else numbers
    if len(values) <= _NAMED_TICKS:
        return at, _apart(at, [fields.text_of(each) for each in values])
    if not wide:
        return at, None
    powers = range(math.ceil(min(at)), math.floor(max(at)) + 1)
    return at, [(float(power), f"{10.0**power:g}") for power in powers]


def _apart(at: Sequence[float], texts: Sequence[str]) -> list[tuple[float, str]]:
    """Return the ticks at places, without those that would lie over the one before."""
    least = (max(at) - min(at)) / _MOST_LETTERS * max(map(len, texts))
    found: list[tuple[float, str]] = []
    for place, text in sorted(zip(at, texts, strict=True)):
        if not found or place - found[-1][0] >= least:
            found.append((place, text))
    return found


def _axis(goal: str) -> str:
    """Return the title of an axis along which a goal's values lie."""
    units = {"bytes": ", bytes", "seconds": ", s"}
    return sentence(GOALS[goal].title) + units.get(GOALS[goal].unit, "")


def _padded(places: Sequence[float]) -> Point:
    room = 0.05 * (max(places) - min(places)) or 0.5
    return min(places) - room, max(places) + room


# The Pareto front


def _trade_off(table: Table) -> Iterator[Block]:
    """Yield a plot of the first goal against the second, or else against the MACs."""
    goal = sentences.main_goal(table)
    other = next((each for each in table.study.goals if each != goal), "macs")
    rows = [
        row
        for row in table.finished
        if math.isfinite(row.mean(goal)) and math.isfinite(row.mean(other))
    ]
    across = [row.mean(other) for row in rows]
    if len(rows) < 2 or min(across) == max(across):
        return
    best = sorted(pareto.front(table, other, goal), key=lambda row: row.mean(other))
    values = [row.mean(goal) for row in rows]
    room = 0.06 * (max(values) - min(values))
    share, share_across = (GOALS[each].unit == "share" for each in (goal, other))
    low, high = _padded(across)
    marks = None
    if GOALS[other].unit in ("count", "bytes"):
        marks = [(tick, short(tick)) for tick in ticks(low, high)]
    plot = Axes(
        _axis(other),
        _axis(goal),
        x=(low, high),
        y=(min(values) - room, max(values) + room),
        percent=(share_across, share),
        marks=marks,
    )
    plot.points([(row.mean(other), row.mean(goal)) for row in rows], "dot")
    front = [(row.mean(other), row.mean(goal)) for row in best]
    plot.line(front, series(1), name="beaten by no other")
    plot.points(front, series(1))
    numbers = ", ".join(str(row.number) for row in best[:30])
    yield Plot(
        plot.svg(f"{GOALS[goal].title} against {GOALS[other].title}"),
        f"Each point is a candidate; the line joins those that no other beats in both: {numbers}.",
    )


# Curves


def _curves(table: Table) -> Iterator[Block]:
    """Yield the validation curves of the first trainings, in the colors of the first field."""
    metric = "accuracy" if "accuracy" in sentences.main_goal(table) else "loss"
    varied = table.study.varied[0] if table.study.varied else None
    curves: list[tuple[str, list[Point]]] = []
    for row in table.rows:
        for path in row.runs:
            if len(curves) == _MOST_CURVES:
                break
            if points := _curve(path, metric):
                value = "" if varied is None else fields.text_of(row.values[varied.name])
                curves.append((value, points))
    every = [point for _, points in curves for point in points]
    if not every or max(x for x, _ in every) < 2:
        return
    ys = [y for _, y in every]
    plot = Axes(
        "Epoch",
        f"Validation {metric}",
        x=(0.0, max(x for x, _ in every)),
        y=(min(ys), max(ys)),
        percent=(False, metric == "accuracy"),
        whole=True,
    )
    values = list(dict.fromkeys(value for value, _ in curves))
    named: set[str] = set()
    for value, points in curves:
        name = "" if value in named else value  # once in the legend
        named.add(value)
        plot.line(thinned(points, 120), series(values.index(value)), name=name)
    by = "" if varied is None else f", in the colors of {table.titles[varied.name]}"
    yield Plot(
        plot.svg(f"Validation {metric} by epoch"), f"Validation {metric} of each training{by}."
    )


def _curve(path: Path, metric: str) -> list[Point]:
    try:
        events = read_events(RunFolder(path).events)
    except DesignerError:
        return []
    return [
        (float(event["epoch"]), float(value))
        for event in events
        if event["event"] == "epoch"
        and (value := (event.get("validation") or {}).get(metric)) is not None
        and math.isfinite(value)
    ]


# Tables


def _candidates(table: Table) -> Block:
    goals = [*(goal for goal in table.goals if goal not in COSTS), "parameters", "macs"]
    varied = [each.name for each in table.study.varied]
    titles = [
        "Candidate",
        *(sentence(table.titles[name]) for name in varied),
        "State",
        *(sentence(GOALS[goal].title) for goal in goals),
    ]
    rows = [
        [
            str(row.number),
            *(fields.text_of(row.values[name]) for name in varied),
            row.words,
            *(_figure(row, goal) for goal in goals),
        ]
        for row in table.rows
    ]
    return TableBlock(titles, rows, left=2 + len(varied))


def _reasons(table: Table) -> Iterator[Block]:
    """Yield why candidates were refused or failed."""
    told = [row for row in table.rows if row.message and row.refusal != "repeated"]
    if told:
        yield Facts(
            [(f"Candidate {row.number}", row.words, row.message) for row in told[:_MOST_REASONS]]
        )


def _figure(row: Row, goal: str) -> str:
    found = row.summary(goal)
    return with_spread(goal, found.mean, found.deviation) if found.n else ""


def _method(folder: StudyFolder, table: Table) -> Block:
    study = table.study
    sampler, protocol = SAMPLERS[study.sampler], PROTOCOLS[study.protocol.name]
    recipe, design = folder.recipe(), folder.read_designs()[""]
    rows = [
        ("Network", design.name, ""),
        ("Data", Path(recipe.data.source).name, ""),
        ("Candidates", sampler.title, sampler.help),
        ("Trainings of each", f"{len(table.labels)}: {protocol.title}", protocol.help),
        ("Trainings that have ended", table.progress.words, ""),
    ]
    for name in Budget.__struct_fields__:
        limit = getattr(study.budget, name)
        if limit is not None:
            rows.append((f"Most {GOALS[name].title}", figure(name, limit), ""))
    return Facts(rows)
