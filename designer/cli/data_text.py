"""The text that ``netdesigner data`` prints, line by line."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from designer import system
from designer.analysis.report.formatting import decimal_bytes, number_text, padded
from designer.analysis.report.line import Line, Style
from designer.cli.data import Report, known
from designer.cli.output import PROGRAM, printable
from designer.data.balance import PART_TITLES, balances
from designer.data.findings import Choice, Finding
from designer.data.formats import formats
from designer.known_data import KNOWN
from designer.recipe.command_line import LONGEST, options, text_of
from designer.recipe.vocabulary import shown

if TYPE_CHECKING:
    from designer.data import Description

_WIDTH = 80
_BAR = 16  # cells of the longest bar
_NAME = 24  # cells of the longest name of a class
_CLASSES = 40  # classes that are all listed; of more, only the most and least frequent
_ENDS = 10  # classes that are listed from each end
_LEFT_OUT = 20  # files that are listed
_LINES = 12  # of a text that are shown
_NAMED = 5  # columns that are named
_COLUMNS = {
    "file_column": "files",
    "label_columns": "labels",
    "input_columns": "inputs",
    "part_column": "parts",
}
_KINDS = {
    "classes": "one class for each {thing}",
    "labels": "several labels for each {thing}",
    "numbers": "numbers to predict for each {thing}",
    "input": "each {thing} is its own target",
    "tokens": "the next token at each position is predicted",
}
_STYLES = {"note": Style.PLAIN, "warning": Style.WARNING, "question": Style.ERROR}


def lines(report: Report, width: int | None) -> Iterator[Line]:
    """Yield the lines on a data set.

    Parameters
    ----------
    report
        What is said.
    width
        The columns of the terminal; None if there is none.
    """
    width = width or _WIDTH
    described = report.description
    yield Line(described.name, Style.HEADING)
    yield Line(str(described.path), Style.FAINT)
    title = next((row.title for row in formats() if row.name == report.format), report.format)
    counts = ", ".join(f"{count:,} {PART_TITLES[part]}" for part, count in described.counts.items())
    kind = _KINDS[described.kind].format(thing=described.things[:-1])
    if described.kind == "tokens":
        yield Line(f"{title}; {kind}")
        yield from _text(report, width)
    else:
        yield Line(f"{title}; {kind}; {described.things}: {counts}")
        yield from _inputs(described) if described.inputs else [Line(_sizes(report))]
    yield from _columns(report, width)
    yield Line()
    if described.kind == "numbers":
        yield from _numbers(report)
    elif described.kind in ("classes", "labels"):
        yield from _classes(described)
    for found in report.findings:
        yield Line()
        yield from _finding(found, width)
    if report.left_out:
        yield Line()
        yield from _left_out(report, width)


def listing() -> Iterator[Line]:
    """Yield the lines on the built-in and known data sets and where they are."""
    for name, title, path in known():
        yield Line(f"{name:<14} {title}", Style.HEADING)
        if path is not None:
            yield Line(f"{'':15}{path}", Style.FAINT)
        else:
            get = system.quoted(PROGRAM, "data", name, "--download")
            size = decimal_bytes(KNOWN[name].size)
            yield Line(f"{'':15}not on this computer; {size} to download: {get}", Style.FAINT)


def _sizes(report: Report) -> str:
    heights, widths, channels = report.inspection.sizes
    low, high = report.grays
    values = f"values {number_text(low)} to {number_text(high)}"
    if not len(heights):
        return f"Sizes: none known; {values}"
    counts = Counter(channels.tolist())
    kinds = f"{max(counts)} channels" if max(counts) > 1 else "1 channel"
    if len(counts) > 1:
        kinds = " and ".join(
            f"{count:,} with {number} {'channel' if number == 1 else 'channels'}"
            for number, count in sorted(counts.items())
        )
    smallest, largest = (
        f"{heights.min()}x{widths.min()}", f"{heights.max()}x{widths.max()}"
    )  # fmt: skip
    if smallest == largest:
        return f"Size: {smallest} (height x width), {kinds}, {values}"
    middle = f"{round(np.median(heights))}x{round(np.median(widths))}"
    return f"Sizes: {smallest} to {largest}, median {middle} (height x width); {kinds}; {values}"


def _inputs(described: "Description") -> Iterator[Line]:
    """Yield the inputs of a data set without pictures, with the ranges of their values."""
    for each in described.inputs:
        shape = "x".join(map(str, each.shape))
        yield Line(f"Input {printable(each.name)}: {shape} values of type {each.dtype}")
        names = [printable(column.name or "all values") for column in each.columns]
        longest = max(map(len, (*names, "column")))
        heads = "  ".join(f"{word:>12}" for word in ("minimum", "mean", "maximum"))
        yield Line(f"  {'column':<{longest}}  {heads}", Style.HEADING)
        for column, name in zip(each.columns, names, strict=True):
            if column.categories:
                texts = [f"{text} ({count:,})" for text, count in column.categories.items()]
                yield Line(f"  {padded(name, longest)}  {printable(_listed(texts))}")
                continue
            cells = (f"{v:12.6g}" for v in (column.minimum, column.mean, column.maximum))
            yield Line(f"  {padded(name, longest)}  {'  '.join(cells)}")


def _text(report: Report, width: int) -> Iterator[Line]:
    """Yield the tokens of a text, how a training divides them, and how it begins."""
    text = report.description.inputs[0].text
    assert text is not None
    kind, size = text.vocabulary.kind, text.vocabulary.size
    yield Line(f"Tokens: {text.tokens:,} {kind}, {size:,} different ones")
    if text.vocabulary.characters:
        listed = shown(text.vocabulary.characters, 200)
        for line in _wrapped(f"Vocabulary: {listed}", width):
            yield Line(line)
    if report.divided:
        parts = ", ".join(
            f"{count:,} {PART_TITLES[part]}" for part, count in report.divided.items()
        )
        yield Line(f"A training divides them by position: {parts}")
    yield Line()
    yield Line("It begins:", Style.HEADING)
    for line in text.beginning.expandtabs(4).splitlines()[:_LINES]:
        yield Line(f"  {printable(line)[: max(20, width - 2)]}", Style.FAINT)


def _columns(report: Report, width: int) -> Iterator[Line]:
    """Yield which columns of a table were taken for what, and how others are chosen."""
    named = {title: report.settings.get(f"data.{name}") for name, title in _COLUMNS.items()}
    found = [f"{title} in {_listed(names)}" for title, names in named.items() if names]
    if found:
        table = report.settings.get("data.table")
        of_table = f" of {table}" if table else ""
        yield Line(f"Columns{of_table}: {'; '.join(found)}")
        without = "file_column" if report.description.inputs else "input_columns"
        settings = ", ".join(f"data.{name}=NAME" for name in _COLUMNS if name != without)
        for text in _wrapped(f"Others are taken with --set-recipe and {settings}", width):
            yield Line(text, Style.FAINT)


def _listed(names: str | Sequence[str]) -> str:
    """Return the name of a column, or the names of several."""
    every = [names] if isinstance(names, str) else names
    rest = len(every) - _NAMED
    return ", ".join(every[:_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")


def _numbers(report: Report) -> Iterator[Line]:
    names = [printable(row.name) for row in report.numbers]
    longest = max(map(len, (*names, "number")))
    yield Line(
        f"{'number':<{longest}}  {'minimum':>12}  {'mean':>12}  {'maximum':>12}", Style.HEADING
    )
    for name, row in zip(names, report.numbers, strict=True):
        cells = (f"{value:12.6g}" for value in (row.minimum, row.mean, row.maximum))
        yield Line(f"{padded(name, longest)}  {'  '.join(cells)}")


def _classes(described: "Description") -> Iterator[Line]:
    names, rows = described.target.values, described.class_counts
    totals = np.sum([np.array(row) for row in rows.values()], axis=0)
    shown: list[int | None] = list(range(len(names)))
    if len(names) > _CLASSES:
        order = np.argsort(-totals, kind="stable").tolist()
        shown = [*order[:_ENDS], None, *order[-_ENDS:]]
    cut = {index: _shortened(names[index]) for index in shown if index is not None}
    noun = "class" if described.kind == "classes" else "label"
    longest = max(len(noun), *map(len, cut.values()))
    highest = {part: max(row) for part, row in rows.items()}
    digits = {part: len(f"{count:,}") for part, count in highest.items()}
    heads = (f"{PART_TITLES[part]:<{_BAR + 1 + digits[part]}}" for part in rows)
    yield Line(f"{noun:<{longest}}  {'  '.join(heads)}".rstrip(), Style.HEADING)
    for index in shown:
        if index is None:
            yield Line(f"... {len(names) - 2 * _ENDS:,} more, sorted by how often they occur ...")
            continue
        cells = (
            f"{_bar(row[index], highest[part])} {row[index]:>{digits[part]},}"
            for part, row in rows.items()
        )
        yield Line(f"{padded(cut[index], longest)}  {'  '.join(cells)}")
    plural = "classes" if described.kind == "classes" else "labels"
    yield Line(f"{len(names):,} {plural}{_ratios(described, rows)}")


def _ratios(described: "Description", rows: Mapping[str, Sequence[int]]) -> str:
    found = balances(described.target, rows)
    texts = (f"{each.ratio:.3g} to 1 in {PART_TITLES[part]}" for part, each in found.items())
    return f"; the most frequent to the least: {', '.join(texts)}" if found else ""


def _bar(count: int, highest: int) -> str:
    cells = 0 if not count else max(1, round(_BAR * count / highest))
    return f"{'█' * cells:<{_BAR}}"


def _shortened(name: str) -> str:
    text = printable(name)
    return text if len(text) <= _NAME else f"{text[: _NAME - 3]}..."


def _finding(found: Finding, width: int) -> Iterator[Line]:
    style = _STYLES[found.kind]
    word = {"note": "Note", "warning": "Warning", "question": "Question"}[found.kind]
    for text in _wrapped(f"{word}: {printable(found.sentence)}", width):
        yield Line(text, style)
    for choice in found.choices:
        yield Line(f"  {printable(choice.label)}: {_settings(choice)}")


def _settings(choice: Choice) -> str:
    """Return the options that make a choice, as they are typed."""
    return " ".join(_option(name, value) for name, value in choice.settings.items())


def _option(name: str, value: Any) -> str:
    text = text_of(value)
    if len(text) > LONGEST:
        return f"--set-recipe {name}=... ({len(value):,} names, which --json lists)"
    return printable(options({name: value}))


def _left_out(report: Report, width: int) -> Iterator[Line]:
    """Yield the files that are not used, grouped by reason."""
    by_reason: dict[str, list[str]] = {}
    for each in report.left_out:
        by_reason.setdefault(each.reason, []).append(each.file)
    yield Line(f"Left out: {len(report.left_out):,}", Style.HEADING)
    shown = 0
    for reason, files in by_reason.items():
        if shown == _LEFT_OUT:
            break
        some = files[: _LEFT_OUT - shown]
        shown += len(some)
        yield from (Line(f"  {printable(file)}") for file in some)
        for text in _wrapped(printable(reason), width - 4):
            yield Line(f"    {text}", Style.FAINT)
    if rest := len(report.left_out) - shown:
        yield Line(f"  and {rest:,} more, which --json lists")


def _wrapped(text: str, width: int) -> list[str]:
    return wrap(text, max(20, width - 1), break_long_words=False, break_on_hyphens=False)
