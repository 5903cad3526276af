"""What a study found and how sure that is, in sentences."""

import math
from collections.abc import Iterable, Iterator, Sequence

from designer.studies.answers import compare, pareto
from designer.studies.answers.compare import Comparison, Comparisons
from designer.studies.answers.effects import effects
from designer.studies.answers.importance import importance
from designer.studies.answers.table import Row, Table
from designer.studies.answers.wording import (
    between,
    candidate,
    counted,
    distance,
    distances,
    figure,
    interval,
    listed,
    sentence,
    share_of,
    with_spread,
)
from designer.studies.fields import DESIGN, text_of
from designer.studies.goals import COSTS, GOALS
from designer.studies.samplers import SAMPLERS
from designer.studies.statistics import METHODS, Summary

_NAMED = 8  # candidates that a sentence names
_LUCKY = 10  # candidates from which on the best one is partly the luckiest
_LESS = 0.85  # of steps, time or costs, from which on a saving is told
_FEW_TRAININGS = 5
_LEAST = {"count": "fewest", "bytes": "smallest", "seconds": "shortest", "number": "lowest"}
_NOUNS = {"repeats": "seed", "folds": "fold", "bootstrap": "sample"}
"""What the trainings of a candidate are, by the protocol; of others: training."""


def answer(table: Table) -> list[str]:
    """Return what a study found, each sentence or two a paragraph of its own.

    Says how far it is, which candidate is best and by how much, which others differ from it beyond
    chance, what can be saved without losing by it, what each field does, what cannot be told, and
    what was refused, pruned or failed.
    """
    return [sentence(each) for each in _shortened(table, filter(None, _sentences(table)))]


def _shortened(table: Table, sentences: Iterable[str]) -> Iterator[str]:
    """Leave out the values of a candidate where it is named again, as its number tells it."""
    told: set[int] = set()
    for each in sentences:
        text = each
        for row in table.finished if len(table.study.varied) > 1 else ():
            name = _name(table, row)
            if name in text:
                before, _, after = text.partition(name)
                first = f"candidate {row.number}" if row.number in told else name
                text = f"{before}{first}{after.replace(name, f'candidate {row.number}')}"
                told.add(row.number)
        yield text


def _sentences(table: Table) -> Iterator[str]:
    goal = main_goal(table)
    yield _progress(table)
    if ranked := table.ranked(goal):
        found = compare.with_best(table, goal)
        yield _best(table, ranked, goal)
        yield from _differences(table, found, goal)
        yield _once(table, ranked)
        yield from _savings(table, ranked, found, goal)
        yield from _other_goals(table, ranked, goal)
        yield _front(table)
        yield from _fields(table, goal)
        yield _luck(table, ranked)
        yield _own_costs(table, ranked[0])
    elif table.finished:
        yield (
            f"No candidate has a {GOALS[goal].title}: compare another figure, such as the "
            "validation loss."
        )
    yield from _left_out(table)
    yield table.message
    yield _method(table, ranked, goal)


def main_goal(table: Table) -> str:
    """Return the figure that a study is about: its first goal that is learned and no cost.

    A goal that no candidate has, such as the accuracy where targets are numbers, comes last.
    """
    learned = [goal for goal in table.study.goals if goal not in COSTS]
    return next((goal for goal in learned if table.ranked(goal)), learned[0])


# Names


def _name(table: Table, row: Row) -> str:
    """Return how a candidate is called in the middle of a sentence."""
    words = candidate(table.study, table.titles, row.values)
    return words if len(row.values) < 2 else f"candidate {row.number} ({words})"


def _names(table: Table, rows: Sequence[Row], goal: str = "") -> str:
    """Return several candidates; with a goal, each with its figure."""
    shown: list[str] = []
    varied = table.study.varied
    for row in rows[:_NAMED]:
        words = _name(table, row)
        if shown and len(varied) == 1 and not varied[0].variants:
            words = text_of(row.values[varied[0].name])  # the field's title stands once
        shown.append(f"{words} ({_spread(row.summary(goal), goal)})" if goal else words)
    if more := len(rows) - len(shown):
        shown.append(f"{more:,} more")
    return listed(shown)


def _spread(found: Summary, goal: str) -> str:
    return with_spread(goal, found.mean, found.deviation)


def _trainings(table: Table, number: int) -> str:
    return counted(number, _NOUNS.get(table.study.protocol.name, "training"))


# How far it is, and the best


def _progress(table: Table) -> str:
    if table.progress.over:
        return ""
    has = "has" if table.progress.ended == 1 and table.progress.total is None else "have"
    words = f"{table.progress.words} {'training' if has == 'has' else 'trainings'} {has} ended"
    return f"The study is not over: {words}."


def _best(table: Table, ranked: Sequence[Row], goal: str) -> str:
    best, title = ranked[0], GOALS[goal].title
    known = (
        f"{_spread(best.summary(goal), goal)} {title}{_certainty(table, best.summary(goal), goal)}"
    )
    if len(ranked) == 1:
        return f"{_name(table, best)} has {known}."
    equal = [row for row in ranked if row.mean(goal) == best.mean(goal)]
    if len(equal) == len(ranked):
        all_ = "Both" if len(ranked) == 2 else f"All {len(ranked):,}"
        return f"{all_} candidates have the same {title}: {figure(goal, best.mean(goal))}."
    if len(equal) > 1:
        lead = f"The best of the {len(ranked):,} candidates are {_names(table, equal)}"
        ahead = ranked[len(equal)]
        word = "Next"
    else:
        lead = f"The best of the {len(ranked):,} candidates is {_name(table, best)}"
        ahead = ranked[1]
        word = "The second"
    if len(ranked) == 2 and len(table.labels) > 1:  # their difference is told by itself
        return f"{lead}, with {known}."
    gap = distance(goal, best.mean(goal) - ahead.mean(goal))
    return (
        f"{lead}, with {known}. {word} is {_name(table, ahead)} with "
        f"{_spread(ahead.summary(goal), goal)}, {gap} behind."
    )


def _certainty(table: Table, found: Summary, goal: str) -> str:
    """Return in brackets how many trainings a figure is of, and its interval."""
    if found.n < 2:
        return "" if len(table.labels) < 2 else f" (1 of {_trainings(table, len(table.labels))})"
    words = _trainings(table, found.n)
    if not math.isfinite(found.low) or found.low == found.high:
        return f" ({words})"
    return f" ({words}; {100 * found.level:g} % interval {interval(goal, found.low, found.high)})"


# Differences


def _differences(table: Table, found: Comparisons | None, goal: str) -> Iterator[str]:
    if found is None or len(table.labels) < 2:
        return
    same = [
        each
        for each in found.others
        if each.told and not each.differs and (each.found.low, each.found.high) != (0, 0)
    ]
    worse = [each for each in found.others if each.differs]
    if len(same) == 1:
        yield (
            f"No difference can be told between {_name(table, found.best)} and "
            f"{_name(table, same[0].row)}: {_spread(found.best.summary(goal), goal)} against "
            f"{_spread(same[0].row.summary(goal), goal)}{_gap(same[0], found, goal)}."
        )
    elif same:
        rows = [each.row for each in same]
        yield (
            f"No difference from {_name(table, found.best)} can be told for "
            f"{_names(table, rows, goal)}{_smallest(same)}."
        )
    if len(worse) == 1:
        yield (
            f"{_name(table, worse[0].row)} is worse than {_name(table, found.best)} by "
            f"{distance(goal, worse[0].found.difference)}{_gap(worse[0], found, goal)}: more than "
            "chance explains."
        )
    elif worse:
        rows = [each.row for each in worse]
        yield (
            f"Worse than {_name(table, found.best)}, by more than chance explains, are "
            f"{_names(table, rows, goal)}: by "
            f"{between(goal, worse[0].found.difference, worse[-1].found.difference)} "
            f"(p ≤ {_probability(max(each.p for each in worse))}{_corrected(found)})."
        )
    if untold := [each for each in found.others if not each.told]:
        rows = [each.row for each in untold]
        yield (
            f"Nothing can be told of the difference to {_names(table, rows)}. "
            f"{untold[0].found.note}"
        )
    if same and len(table.labels) < _FEW_TRAININGS:
        yield (
            f"That no difference can be told does not mean that there is none: with "
            f"{_trainings(table, len(table.labels))} of each candidate, only large ones show."
        )


def _gap(each: Comparison, found: Comparisons, goal: str) -> str:
    """Return in brackets the interval of a difference and its probability."""
    low, high = each.found.low, each.found.high
    if not GOALS[goal].larger:
        low, high = -high, -low
    ends = f"{100 * each.found.level:g} % interval of the difference {distances(goal, low, high)}, "
    return f" ({ends}p = {_probability(each.p)}{_corrected(found)})".replace("= <", "<")


def _smallest(same: Sequence[Comparison]) -> str:
    return f" (p ≥ {_probability(min(each.p for each in same))})".replace("≥ <", "<")


def _corrected(found: Comparisons) -> str:
    if found.number < 2:
        return ""
    return f" after Holm's correction for {found.number:,} comparisons"


def _probability(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.2g}"


def _once(table: Table, ranked: Sequence[Row]) -> str:
    if len(table.labels) > 1 or len(ranked) < 2:
        return ""
    return (
        "Each candidate was trained once, which says nothing about chance: another seed could turn "
        "small differences around. Train each with three or more seeds to tell."
    )


# What can be saved


def _savings(
    table: Table, ranked: Sequence[Row], found: Comparisons | None, goal: str
) -> Iterator[str]:
    """Say which candidate needs less than the best one, of those that cannot be told from it."""
    best = ranked[0]
    if found is None:
        return
    equal = [each.row for each in found.others if each.told and not each.differs]
    saved: dict[int, tuple[Row, list[str]]] = {}
    for name in ("steps", "seconds", *COSTS):
        rows = [row for row in equal if row.mean(name) > 0]
        if name == goal or not rows or not best.mean(name) > 0:
            continue
        least = min(rows, key=lambda row: row.mean(name))
        if least.mean(name) <= _LESS * best.mean(name):
            words = (
                f"{share_of(least.mean(name), best.mean(name))} the {GOALS[name].title} "
                f"({figure(name, least.mean(name))} instead of {figure(name, best.mean(name))})"
            )
            saved.setdefault(least.number, (least, []))[1].append(words)
    for row, needs in saved.values():
        yield (
            f"{_name(table, row)}, which cannot be told from {_name(table, best)} in "
            f"{GOALS[goal].title}, needs {listed(needs)}."
        )


def _other_goals(table: Table, ranked: Sequence[Row], goal: str) -> Iterator[str]:
    """Say which candidate is best in each further goal, beside the best one."""
    best = ranked[0]
    for name in table.study.goals:
        rows = [row for row in table.ranked(name) if row.summary(name).n]
        if name == goal or len(rows) < 2 or rows[0].mean(name) == rows[-1].mean(name):
            continue
        word = "highest" if GOALS[name].larger else _LEAST[GOALS[name].unit]
        own, first = best.mean(name), rows[0]
        if first.number == best.number or first.mean(name) == own:
            known = _spread(best.summary(name), name)
            yield f"{_name(table, best)} also has the {word} {GOALS[name].title}: {known}."
            continue
        beside = ""
        if math.isfinite(own):
            beside = f", {_name(table, best)} {figure(name, own)}"
            if GOALS[name].unit in ("seconds", "count", "bytes") and first.mean(name) > 0:
                beside = f", {share_of(first.mean(name), own)} what {_name(table, best)} has"
        yield (
            f"{_name(table, first)} has the {word} {GOALS[name].title}: "
            f"{_spread(first.summary(name), name)}{beside}."
        )


def _front(table: Table) -> str:
    goals = table.study.goals
    if len(goals) < 2 or len(table.finished) < 3:
        return ""
    rows = pareto.front(table, *goals[:2])
    if not rows or len(rows) == len(table.finished):
        return ""
    titles = f"{GOALS[goals[0]].title} and {GOALS[goals[1]].title}"
    verb = "is" if len(rows) == 1 else "are"
    return (
        f"Of {len(table.finished):,} candidates, {len(rows):,} {verb} beaten by no other in "
        f"{titles} together: {_names(table, rows)}."
    )


# Fields


def _fields(table: Table, goal: str) -> Iterator[str]:
    """Say what each field does on average, where several vary."""
    if len(table.study.varied) < 2:
        return
    for each in table.study.varied:
        found = effects(table, each.name, goal)
        if not 2 <= len(found) <= _NAMED:
            continue
        ranked = sorted(found, key=lambda at: at.summary.mean, reverse=GOALS[goal].larger)
        first, last = ranked[0], ranked[-1]
        if min(len(first.rows), len(last.rows)) < 2:
            continue
        title = "" if each.variants else f"{table.titles[each.name]} "
        yield (
            f"On average over the other fields, {title}{text_of(first.value)} has the best "
            f"{GOALS[goal].title}, {_spread(first.summary, goal)} "
            f"({counted(len(first.rows), 'candidate')}), and {title}{text_of(last.value)} the "
            f"worst, {_spread(last.summary, goal)}."
        )
    found_ = importance(table, goal)
    if found_.shares:
        order = sorted(found_.shares.items(), key=lambda item: -item[1])[:_NAMED]
        words = [f"{table.titles[name]} {100 * share:.0f} %" for name, share in order if share]
        yield f"{listed(words)}: {found_.sentence[:1].lower()}{found_.sentence[1:]}"


def _luck(table: Table, ranked: Sequence[Row]) -> str:
    if len(ranked) < _LUCKY:
        return ""
    return (
        f"The best of {len(ranked):,} candidates is partly the luckiest one, so that its own "
        "figure is too good on average: train it with other seeds, and judge it by the test part."
    )


def _own_costs(table: Table, best: Row) -> str:
    """Compare the costs of the best candidate with those of the study's own design."""
    varies = any(
        each.name.startswith(DESIGN)
        or any(
            one.design or any(n.startswith(DESIGN) for n in one.changes) for one in each.variants
        )
        for each in table.study.varied
    )
    if not (varies or SAMPLERS[table.study.sampler].searches):
        return ""
    words = []
    for name in ("parameters", "macs"):
        own, now = table.own_costs.get(name, 0), best.costs.get(name, 0)
        if own and now and own != now:
            words.append(
                f"{figure(name, now)} {GOALS[name].title} instead of {figure(name, own)} "
                f"({100 * now / own:.3g} %)"
            )
    if not words:
        return ""
    return f"Beside the design that the study began with, {_name(table, best)} has {listed(words)}."


# What was left out, and how it was judged


def _left_out(table: Table) -> Iterator[str]:
    refused = [row for row in table.rows if row.state == "refused"]
    budget = [row for row in refused if row.refusal == "budget"]
    invalid = [row for row in refused if row.refusal == "invalid"]
    if budget:
        was = "was" if len(budget) == 1 else "were"
        yield (
            f"{counted(len(budget), 'candidate')} {was} refused before any training, as beyond the "
            "budget."
        )
    if invalid:
        was = "was" if len(invalid) == 1 else "were"
        first = "it" if len(invalid) == 1 else "the first"
        yield (
            f"{counted(len(invalid), 'candidate')} {was} refused, as {first} cannot be trained: "
            f"{invalid[0].message}"
        )
    for state, words in (
        ("pruned", "stopped before the end, as behind the others, and is not compared"),
        ("stopped", "stopped by hand, and is not compared"),
    ):
        if rows := [row for row in table.rows if row.state == state]:
            was = "was" if len(rows) == 1 else "were"
            plural = words if len(rows) == 1 else words.replace("and is not", "and are not")
            yield f"{counted(len(rows), 'candidate')} {was} {plural}."
    failed = [row for row in table.rows if row.state == "failed"]
    if len(failed) == 1:
        yield f"{_name(table, failed[0])} failed or diverged: {failed[0].message}"
    elif failed:
        yield (
            f"{counted(len(failed), 'candidate')} failed or diverged; the first, "
            f"{_name(table, failed[0])}: {failed[0].message}"
        )
    partly = [row for row in table.finished if row.message]
    if partly:
        yield (
            f"Trainings of {_names(table, partly)} failed or diverged, and the figures are of the "
            f"others: {partly[0].message}"
        )


def _method(table: Table, ranked: Sequence[Row], goal: str) -> str:
    """Say what the numbers behind ± and of the intervals are."""
    if len(table.labels) < 2 or not ranked:
        return ""
    found = ranked[0].summary(goal)
    if found.method == "none":
        return ""
    noun = _trainings(table, 2).removeprefix("2 ")
    return (
        f"Behind ± stands the standard deviation between the {noun} of a candidate; intervals are "
        f"by {METHODS[found.method].title}."
    )
