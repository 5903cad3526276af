"""Tables whose rows are the examples themselves: columns of numbers and of texts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from designer.data.columns import ArrayColumn
from designer.data.dataset import DataSet
from designer.data.files import natural
from designer.data.findings import Finding, LeftOut
from designer.data.options import ReadOptions
from designer.data.parts import Part
from designer.data.pictures import Array
from designer.data.source import Source
from designer.data.tables.cells import Profile, is_empty, numbers, profile
from designer.data.tables.guesses import (
    Guesses,
    kind_of_labels,
    part_column,
    part_in,
    without_twins,
)
from designer.data.tables.labelled import Labelled, labelled
from designer.data.tables.rows import Table, read_table
from designer.data.tables.sheets import Sheets, has_columns
from designer.data.tables.text import TARGET_WORDS, words
from designer.errors import DesignerError
from designer.recipe.columns import ValueColumn, value_names

INPUT = "features"
"""The name of the only input of a table."""

_MOST_CATEGORIES = 50  # texts of a column that become one value each
_NUMERIC = 0.9  # share of cells that are numbers in a column of numbers; the others are missing
_MISSING = 0.5  # share of missing cells from which on a column is left out
_NO_VALUE = frozenset({"?", "-", "--", "na", "none", "missing"})
_NUMBERED = 10  # rows from which on numbers that count up are no values
_LISTED = 5  # names that a sentence lists


@dataclass
class _Findings:
    """What is said about a table."""

    source: str
    found: list[Finding] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def note(self, code: str, sentence: str) -> None:
        self.found.append(Finding(code=code, sentence=sentence))

    def warn(self, code: str, sentence: str) -> None:
        self.found.append(Finding(code=code, sentence=sentence, kind="warning"))


def holds_values(sheets: Sheets) -> bool:
    """Tell whether the rows of tables are examples, rather than names or pixels of pictures."""
    return sheets.main.pixels is None and not sheets.guesses.file and not sheets.pictures.pictures


def read_values(source: Source, sheets: Sheets, options: ReadOptions) -> DataSet:
    """Read tables whose rows are the examples.

    A column of numbers is one value of the only input; one of texts becomes a value for each
    different text. Rows in which a value is missing are left out.

    Raises
    ------
    DesignerError
        A table is damaged, has no column of labels or no other column, or no complete row.
    """
    said = _Findings(source.name)
    main = read_table(source.files, sheets.main.name)
    labels, part, twins = _chosen(main, options, said)
    columns = _columns(main, (*labels, part, *twins), options, said)
    tables = [(main, "train"), *_others(source, sheets, columns, labels, said)]
    table = _joined(tables, (*(each.name for each in columns), *labels, part))
    parts = np.array([name for each, name in tables for _ in range(len(each))])
    if part:
        parts = np.array([part_in(cell, part) for cell in table.column(part)])
        if unknown := int((parts == "").sum()):
            said.warn(
                "unknown-part",
                f"{unknown:,} rows of {main.name} name no part in the column {part} and are left "
                "out: write train, validation or test into them.",
            )
    found, guesses = _labelled(table, labels, part, options, source.name)
    found = replace(
        found, target=replace(found.target, title=labels[0] if len(labels) == 1 else "")
    )
    said.found += [*guesses.findings, *found.findings]
    values, complete = _values(table, columns, options, said)
    if unlabelled := int((~found.used).sum()):
        said.note(
            "unlabelled", f"{unlabelled:,} rows of {main.name} have no label and are left out."
        )
    keep = complete & found.used & (parts != "")
    if not keep.any():
        raise DesignerError(
            f"No row of {main.name} has a value in every column and a label: fill in what is "
            "missing, or choose fewer columns (data.input_columns)."
        )
    made = {
        name: Part(
            {INPUT: ArrayColumn(values[chosen], columns)},
            {found.target.name: found.values[chosen]},
        )
        for name in ("train", "validation", "test")
        if len(chosen := np.flatnonzero(keep & (parts == name))) or name == "train"
    }
    settings = guesses.settings(found.target.kind)
    settings["data.input_columns"] = tuple(each.name for each in columns)
    return DataSet(
        source.name,
        source.path,
        (found.target,),
        made["train"],
        made.get("validation"),
        made.get("test"),
        tuple(said.found),
        tuple(said.left_out),
        settings=settings | ({} if source.chosen else {"data.table": main.name}),
    )


# Columns


def _chosen(
    table: Table, options: ReadOptions, said: _Findings
) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """Return the columns of labels, that of parts, and those that say the same as the labels."""
    for setting in ("label_columns", "input_columns", "part_column"):
        given = getattr(options, setting)
        for name in (given,) if isinstance(given, str) else given:
            if name and name not in table.names:
                raise DesignerError(
                    f"{table.name} has no column {name}, which data.{setting} names: choose one of "
                    f"its columns ({_listed(table.names)})."
                )
    profiles = {
        name: profile(name, cells) for name, cells in zip(table.names, table.columns, strict=True)
    }
    part = options.part_column or part_column(profiles)
    usable = [each for each in profiles.values() if each.name != part and len(each.values) > 1]
    candidates = [each for each in usable if each.name not in options.input_columns]
    named = [each for each in candidates if words(each.name) & TARGET_WORDS]
    if options.label_columns:
        chosen = options.label_columns
        twins = [each.name for each in named if _same(table, each, chosen)]
        return chosen, part, tuple(set(twins) - set(chosen))
    if len(table) == 1:
        raise DesignerError(
            f"{table.name} has only one row: give at least two examples with different labels."
        )
    same = [
        each
        for each in profiles.values()
        if words(each.name) & TARGET_WORDS
        and len(each.values) == 1
        and each.name not in (part, *options.input_columns)
    ]
    if same and not named:
        (value,) = same[-1].values
        raise DesignerError(
            f"The column {same[-1].name} of {table.name} is {value[:40]} in every row, so that "
            "there is nothing to learn: add rows with another value, or choose the column that is "
            "predicted (data.label_columns)."
        )
    if not candidates or len(usable) < 2:
        raise DesignerError(
            f"{table.name} has no columns of values beside one of labels: give a table with both, "
            "or choose the columns (data.label_columns, data.input_columns)."
        )
    likely = without_twins(table, named)
    group = [each.binary for each in likely] if likely else []
    fractions = [each.numeric and not each.whole for each in likely]
    if len(likely) > 1 and (all(group) or all(fractions)):
        chosen = tuple(each.name for each in likely)
    else:
        chosen = ((likely or candidates)[-1].name,)
    twins = [each.name for each in named if each.name not in chosen]
    if not likely or len(likely) != len(chosen):
        said.note(
            "target-column",
            f"The column {chosen[0]} of {table.name} is what is predicted, as the last one: choose "
            "another if that is not meant (data.label_columns).",
        )
    return chosen, part, tuple(twins)


def _same(table: Table, column: Profile, labels: Sequence[str]) -> bool:
    """Tell whether a column only gives other names to the labels."""
    if len(labels) != 1 or column.name == labels[0]:
        return False
    label = table.column(labels[0])
    pairs = set(zip(table.column(column.name), label, strict=True))
    return len(pairs) == len(column.values) == len(set(label))


def _columns(
    table: Table, taken: Sequence[str], options: ReadOptions, said: _Findings
) -> tuple[ValueColumn, ...]:
    """Return the columns that are read: given ones, or all that can be used."""
    if options.columns:
        return options.columns
    chosen = options.input_columns or tuple(name for name in table.names if name not in taken)
    if both := [name for name in options.input_columns if name in taken]:
        raise DesignerError(
            f"The column {both[0]} of {table.name} is chosen as an input and as a label or part: "
            "choose it once (data.input_columns, data.label_columns, data.part_column)."
        )
    found = []
    for name in chosen:
        column, reason = _column(name, table.column(name), given=bool(options.input_columns))
        if column is not None:
            found.append(column)
        else:
            said.left_out.append(LeftOut(f"column {name}", reason))
            said.note(
                "unused-column", f"The column {name} of {table.name} is not used: it {reason}."
            )
    if not found:
        raise DesignerError(
            f"{table.name} has no columns of numbers or of few texts beside the labels: choose "
            "them (data.input_columns), or give a table that has some."
        )
    return tuple(found)


def _column(name: str, cells: Sequence[str], *, given: bool) -> tuple[ValueColumn | None, str]:
    """Return a column as it is read, or None and why it is not."""
    present = [cell for cell in cells if not _is_missing(cell)]
    if not given and len(present) < _MISSING * len(cells):
        return None, f"has no value in {len(cells) - len(present):,} of {len(cells):,} rows"
    if not present:
        return None, "is empty"
    about = profile(name, present)
    if not given and len(about.values) == len(cells):
        if about.whole and (words(name) & {"id", "index"} or _counts_up(present)):
            return None, "numbers the rows"
        if about.numbering and not about.numeric and _as_numbers(present) is None:
            return None, "has another text in every row"
    if _as_numbers(present) is not None:
        return ValueColumn(name=name), ""
    if len(about.values) > _MOST_CATEGORIES:
        return None, (
            f"has {len(about.values):,} different texts, more than the {_MOST_CATEGORIES} that "
            "become a value each"
        )
    return ValueColumn(name=name, categories=tuple(sorted(about.values, key=natural))), ""


def _counts_up(cells: Sequence[str]) -> bool:
    values = numbers(cells) or []
    return len(values) >= _NUMBERED and all(
        later - earlier == 1 for earlier, later in pairwise(values)
    )


def _as_numbers(present: Sequence[str]) -> list[float] | None:
    """Return the numbers of a column, NaN for the few cells that are none; None for texts."""
    if (found := numbers(present)) is not None:
        return found
    good = [cell for cell in present if numbers([cell]) is not None]
    if len(good) < _NUMERIC * len(present) or numbers(good) is None:
        return None
    return [(numbers([cell]) or [np.nan])[0] for cell in present]


def _is_missing(cell: str) -> bool:
    return is_empty(cell) or cell.lower() in _NO_VALUE


# Rows


def _others(
    source: Source,
    sheets: Sheets,
    columns: Sequence[ValueColumn],
    labels: Sequence[str],
    said: _Findings,
) -> Iterator[tuple[Table, str]]:
    """Yield the tables of validation and test rows."""
    wanted = (*(each.name for each in columns), *labels)
    for sheet in sheets.others:
        if sheet.part not in ("validation", "test"):
            said.left_out.append(LeftOut(sheet.name, f"is not used, since {sheets.main.name} is"))
        elif not has_columns(source.files, sheet.head, wanted):
            reason = f"has not all columns of {sheets.main.name}"
            said.left_out.append(LeftOut(sheet.name, reason))
            said.note("other-table", f"{sheet.name} is left out: it {reason}.")
        else:
            yield read_table(source.files, sheet.name), sheet.part


def _joined(tables: Sequence[tuple[Table, str]], names: Sequence[str]) -> Table:
    """Return some columns of several tables, one below the other."""
    (first, _), *_ = tables
    chosen = tuple(dict.fromkeys(filter(None, names)))
    if missing := [name for name in chosen if name not in first.names]:
        raise DesignerError(
            f"{first.name} has no column {missing[0]}, which the network was trained with: it has "
            f"{_listed(first.names)}."
        )
    cells = tuple(
        [
            cell
            for table, _ in tables
            for cell in (table.column(name) if name in table.names else [""] * len(table))
        ]
        for name in chosen
    )
    left_out = tuple(each for table, _ in tables for each in table.left_out)
    return replace(first, names=chosen, columns=cells, left_out=left_out, strays={})


def value_guesses(table: Table, options: ReadOptions) -> Guesses:
    """Return what the columns of a table of values are taken for, as `read_values` does.

    Raises
    ------
    DesignerError
        The options name a column that it does not have, or it has nothing to predict from.
    """
    labels, part, _ = _chosen(table, options, _Findings(table.name))
    return _guesses(table, labels, part, options)


def _guesses(table: Table, labels: Sequence[str], part: str, options: ReadOptions) -> Guesses:
    profiles = [profile(each, table.column(each)) for each in labels]
    separator, targets, findings = kind_of_labels(table, profiles, options)
    return Guesses("", 0.0, tuple(labels), part, separator, targets, tuple(findings))


def _labelled(
    table: Table, labels: Sequence[str], part: str, options: ReadOptions, name: str
) -> tuple[Labelled, Guesses]:
    asked = options if options.targets != "input" else replace(options, targets="auto")
    guesses = _guesses(table, labels, part, asked)
    cells = {each: table.column(each) for each in labels}
    return labelled(cells, guesses, asked, name), guesses


def _values(
    table: Table, columns: Sequence[ValueColumn], options: ReadOptions, said: _Findings
) -> tuple[Array, Array]:
    """Return the values of all rows, float32 (n, values), and which rows are complete."""
    pieces, complete = [], np.ones(len(table), bool)
    for column in columns:
        cells = table.column(column.name)
        missing = np.array([_is_missing(cell) for cell in cells])
        if column.categories:
            place = {category: number for number, category in enumerate(column.categories)}
            piece = np.zeros((len(cells), len(place)), np.float32)
            unknown: dict[str, int] = {}
            for row, cell in enumerate(cells):
                if cell in place:
                    piece[row, place[cell]] = 1
                elif not missing[row]:
                    unknown[cell] = unknown.get(cell, 0) + 1
            if unknown:
                said.warn(
                    "unknown-category",
                    f"{sum(unknown.values()):,} rows of {table.name} have values in the column "
                    f"{column.name} that the network was not trained with "
                    f"({_listed(list(unknown))}): they are taken as none of those that it knows.",
                )
        else:
            piece = np.full((len(cells), 1), np.nan, np.float32)
            present = [cell for cell, none in zip(cells, missing, strict=True) if not none]
            found = _as_numbers(present)
            if present and found is None:
                wrong = next(cell for cell in present if numbers([cell]) is None)
                raise DesignerError(
                    f'The column {column.name} of {table.name} holds "{wrong[:40]}", where the '
                    "network was trained with numbers: correct it."
                )
            exact = np.array(found or [], np.float64)
            with np.errstate(over="ignore"):
                piece[~missing, 0] = exact.astype(np.float32)
            _check_size(f"The column {column.name} of {table.name}", exact)
            missing = ~np.isfinite(piece[:, 0])
        if count := int(missing.sum()):
            first = int(np.flatnonzero(missing)[0]) + 1
            word = "row has" if count == 1 else "rows have"
            said.warn(
                "missing-values",
                f"{count:,} {word} no {'value' if column.categories else 'number'} in the column "
                f"{column.name} of {table.name} (the first is row {first:,}) and "
                f"{'is' if count == 1 else 'are'} left out: fill them in, or leave the column out "
                "(data.input_columns).",
            )
        complete &= ~missing
        pieces.append(piece)
    return np.concatenate(pieces, axis=1), complete


def _check_size(where: str, exact: NDArray[np.float64]) -> None:
    """Refuse numbers that 32-bit floats do not hold."""
    finite = exact[np.isfinite(exact)]
    largest = float(abs(finite).max(initial=0))
    if largest > float(np.finfo(np.float32).max):
        raise DesignerError(
            f"{where} has numbers as large as {largest:.3g}, which 32-bit floats do not hold: "
            "write them in a larger unit, or leave the column out (data.input_columns)."
        )


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {rest:,} more" if rest > 0 else "")


def described_values(columns: Sequence[ValueColumn]) -> str:
    """Return the names of the values that columns give, for a sentence."""
    return _listed(value_names(columns))
