"""The work of ``netdesigner data``: what a data set holds and what is wrong with it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from designer.cli import recipes
from designer.cli.output import one_line
from designer.cli.unpacking import unpacking_shown
from designer.data import DataSet, Description, Finding, LeftOut, Split, describe, open_dataset
from designer.data import split as divide
from designer.data.balance import balance_findings, class_counts
from designer.data.checks import inspection_findings, resampling_findings
from designer.data.columns import ArrayColumn, PictureColumn
from designer.data.duplicates import duplicates
from designer.data.inspection import Inspection, inspect
from designer.data.labels import (
    absent_classes,
    absent_labels,
    begin_later,
    from_first_label,
    lowest_label,
    never_occur,
    without_image,
)
from designer.data.opening import BUILT_IN
from designer.data.options import read_options
from designer.data.resampling import Resampling, with_all_examples
from designer.errors import DesignerError
from designer.known_data import KNOWN, find
from designer.recipe.reading import changed, read_recipe
from designer.recipe.recipe import Recipe

if TYPE_CHECKING:
    from designer.known_data.progress import Progress

_ALL = 2_000  # picture files up to which all are looked at
_SAMPLE = 500  # picture files that are looked at where there are more
_TARGETS = "classes", "labels"


@dataclass(frozen=True)
class Numbers:
    """The range of one of the numbers that are to be predicted, over all examples."""

    name: str
    minimum: float
    maximum: float
    mean: float


@dataclass(frozen=True)
class Report:
    """What the command says of a data set.

    Attributes
    ----------
    format
        The name of the format that read it.
    description
        Its classes and counts.
    numbers
        The ranges of the numbers to predict; empty for classes and labels.
    settings
        What was found out while it was read, as settings of the recipe; see `DataSet`.
    grays
        The lowest and highest value of its pictures, those that become black and white of grays of
        more than 8 bits.
    inspection
        What was found by looking at its examples.
    findings
        All that is said of it.
    left_out
        All files that are not used, the broken ones among them.
    divided
        Of a text: how many tokens each part of a training has; empty for anything else.
    """

    format: str
    description: Description
    numbers: tuple[Numbers, ...]
    settings: Mapping[str, Any]
    grays: tuple[float, float]
    inspection: Inspection
    findings: tuple[Finding, ...]
    left_out: tuple[LeftOut, ...]
    divided: Mapping[str, int] = field(default_factory=dict)


def recipe_for(source: str, recipe_file: str | None, settings: Iterable[str]) -> Recipe:
    """Return the recipe by which a data set is read and divided.

    Raises
    ------
    DesignerError
        The file cannot be used, or a setting does not fit.
    """
    recipe = read_recipe(Path(recipe_file)) if recipe_file is not None else Recipe()
    return changed(recipe, {**recipes.read_settings(settings), "data.source": source})


def report(recipe: Recipe, *, every: bool = False) -> Report:
    """Read a data set and look at its examples.

    Parameters
    ----------
    recipe
        Its ``data`` group says which data set it is and how it is read and divided.
    every
        Look at all picture files, however many there are.

    Raises
    ------
    DesignerError
        The data set cannot be read.
    """
    options = read_options(recipe.data)
    with unpacking_shown():
        data = from_first_label(open_dataset(recipe.data.source, options), options.first_label)
    data = with_all_examples(data, Resampling.of(recipe))
    total = sum(len(part) for part in data.parts.values())
    if data.target.kind == "tokens":
        return _of_text(data, recipe)
    with _progress("looked at", "examples") as show:
        inspection = inspect(data, most=None if every or total <= _ALL else _SAMPLE, progress=show)
    parts, refusal = _divided(data, recipe)
    description = describe(data)
    looked_at = [
        replace(found, sentence=f"{found.sentence} With --all, all are looked at.")
        if found.code == "sample"
        else found
        for found in inspection_findings(
            inspection, duplicates(inspection, data, parts), data, options
        )
    ]
    return Report(
        data.format,
        description,
        _numbers(data),
        data.settings,
        _grays(data),
        inspection,
        (
            *data.findings,
            *_on_labels(data),
            *refusal,
            *balance_findings(data.name, data.target, _counts(data), recipe),
            *looked_at,
        ),
        (*data.left_out, *inspection.broken),
    )


def _of_text(data: DataSet, recipe: Recipe) -> Report:
    """Return the report of a text."""
    parts, refusal = _divided(data, recipe)
    return Report(
        data.format,
        describe(data),
        _numbers(data),
        data.settings,
        (0, 0),
        Inspection({}, (), sum(len(part) for part in data.parts.values())),
        (
            *data.findings,
            *_on_labels(data),
            *refusal,
            *balance_findings(data.name, data.target, _counts(data), recipe),
        ),
        data.left_out,
        {} if parts is None else _tokens(parts),
    )


def _tokens(parts: Split) -> dict[str, int]:
    """Return how many tokens each part of a text has."""
    named = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    return {
        name: len(part) * part.images.shapes()[0][0]
        for name, part in named.items()
        if part is not None
    }


def to_json(report: Report) -> str:
    """Return a report as a JSON object."""
    described = report.description
    sizes: dict[str, Any] = {}
    if not described.inputs and len(report.inspection.sizes.heights):
        heights, widths, channels = report.inspection.sizes
        sizes = {
            "heights": [int(heights.min()), int(heights.max())],
            "widths": [int(widths.min()), int(widths.max())],
            "channels": np.unique(channels).tolist(),
        }
    content = {
        "name": described.name,
        "path": str(described.path),
        "format": report.format,
        "kind": described.kind,
        "classes": [
            {
                "name": name,
                "counts": {part: row[i] for part, row in described.class_counts.items()},
            }
            for i, name in enumerate(described.target.values)
            if described.kind in _TARGETS
        ],
        "targets": report.numbers,
        "inputs": described.inputs,
        "counts": described.counts,
        "tokens": report.divided,
        "settings": report.settings,
        "sizes": sizes,
        "looked_at": report.inspection.looked_at,
        "left_out": [{"file": each.file, "reason": each.reason} for each in report.left_out],
        "notes": [found.sentence for found in report.findings],
        "findings": report.findings,
        "questions": [found for found in report.findings if found.kind == "question"],
    }
    return f"{msgspec.json.format(msgspec.json.encode(_sendable(content)), indent=1).decode()}\n"


def listing_json() -> str:
    """Return the built-in and known data sets as a JSON array."""
    rows = [
        {"name": name, "title": title, "path": None if path is None else str(path)}
        for name, title, path in known()
    ]
    return f"{msgspec.json.format(msgspec.json.encode(rows), indent=1).decode()}\n"


def known() -> Iterator[tuple[str, str, Path | None]]:
    """Yield name, title and place of each built-in and each known data set; None if not here."""
    for name, path in BUILT_IN.items():
        yield name, "built in", path
    for name, row in KNOWN.items():
        yield name, row.help, find(name)


def fetch(name: str) -> None:
    """Download a known data set, with its progress on a terminal.

    Raises
    ------
    DesignerError
        No data set of that name is known, or it cannot be downloaded.
    """
    from designer.analysis.report.formatting import decimal_bytes
    from designer.known_data.downloading import download  # with urllib, which takes 0.1 s

    with one_line() as show:

        def tell(progress: "Progress") -> None:
            rate = f", {decimal_bytes(progress.rate)}/s" if progress.rate else ""
            show(
                f"{name}: {progress.stage}, {decimal_bytes(progress.done)} of "
                f"{decimal_bytes(progress.total)}{rate}"
            )

        download(name, tell)


@contextmanager
def _progress(done_word: str, noun: str) -> "Iterator[Any]":
    with one_line() as show:
        yield lambda done, total: show(f"{done:,} of {total:,} {noun} {done_word}")


def _sendable(value: object) -> object:
    """Return a value without bytes of file names that are no text, which JSON cannot hold."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    builtin = msgspec.to_builtins(value, enc_hook=dict) if not isinstance(value, dict) else value
    if isinstance(builtin, dict):
        return {key: _sendable(each) for key, each in builtin.items()}
    if isinstance(builtin, list | tuple):
        return [_sendable(each) for each in builtin]
    return builtin


def _divided(data: DataSet, recipe: Recipe) -> tuple[Split | None, tuple[Finding, ...]]:
    """Return the parts of a training and what is said of them; None if it cannot be divided."""
    settings = recipe.data
    try:
        parts = divide(
            data,
            validation=settings.validation,
            test=settings.test,
            seed=recipe.split_seed,
            limit=settings.limit,
            stratified=settings.stratified,
            resampling=Resampling.of(recipe),
        )
    except DesignerError as error:
        return None, (Finding(code="not-divided", sentence=str(error), kind="warning"),)
    return parts, resampling_findings(data, parts, Resampling.of(recipe))


def _counts(data: DataSet) -> dict[str, Sequence[int]]:
    if data.target.kind not in _TARGETS:
        return {}
    return {name: class_counts(part, data.target).tolist() for name, part in data.parts.items()}


def _on_labels(data: DataSet) -> list[Finding]:
    """Say which classes or labels never occur, as a training does."""
    findings = []
    if lowest := lowest_label(data):
        sentence = (
            f"{begin_later(data.name, lowest)} If they are numbered from {lowest}, set "
            f"data.first_label to {lowest} (--set-recipe data.first_label={lowest})."
        )
        findings.append(Finding(code="lowest-label", sentence=sentence))
    for code, sentence in (
        ("absent-classes", never_occur(data.name, absent_classes(data))),
        ("absent-labels", without_image(data.name, absent_labels(data))),
    ):
        if sentence:
            findings.append(Finding(code=code, sentence=sentence))
    return findings


def _numbers(data: DataSet) -> tuple[Numbers, ...]:
    if data.target.kind != "numbers":
        return ()
    values = np.concatenate([part.labels for part in data.parts.values()]).astype(np.float64)
    rows = zip(
        data.target.values,
        values.min(axis=0).tolist(),
        values.max(axis=0).tolist(),
        values.mean(axis=0).tolist(),
        strict=True,
    )
    return tuple(Numbers(*row) for row in rows)


def _grays(data: DataSet) -> tuple[float, float]:
    column = next(iter(data.train.inputs.values()))
    if isinstance(column, PictureColumn):
        return (0, 255) if column.levels is None else (column.levels.low, column.levels.high)
    if isinstance(column, ArrayColumn) and column.dtype != np.uint8:
        return float(column.values.min()), float(column.values.max())
    return 0, 255
