"""Gathering the examples of tables: their pictures, labels and parts, and what is left out."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from designer.data.files import Files
from designer.data.findings import Choice, Finding, LeftOut
from designer.data.options import ReadOptions
from designer.data.pictures import Array, is_unread
from designer.data.source import Source
from designer.data.tables.guesses import Guesses, guess, part_in
from designer.data.tables.labelled import Labelled, labelled
from designer.data.tables.pixels import read_pixels
from designer.data.tables.places import Places, has_class_folders
from designer.data.tables.rows import Table, read_table
from designer.data.tables.sheets import Sheet, Sheets, has_columns
from designer.data.tables.text import LABEL_WORDS, words
from designer.data.unread import CONVERT
from designer.errors import DesignerError

_LISTED = 200  # files with the same reason that are listed by name
_MISSING = 0.5  # share of missing pictures from which a table is refused
_SKIPPABLE = 100  # pictures that a choice can name one by one


@dataclass(frozen=True, eq=False)
class Examples:
    """The examples of all tables, one for each picture.

    Attributes
    ----------
    files
        Where the pictures are.
    names
        Of the pictures; empty if the tables hold the pixels.
    pixels
        The pictures themselves, (n, height, width, channels); None if they are in files.
    labelled
        The targets.
    parts
        The part of each example.
    findings, left_out, settings
        As of a `DataSet`.
    """

    files: Files
    names: tuple[str, ...]
    pixels: Array | None
    labelled: Labelled
    parts: NDArray[np.str_]
    findings: tuple[Finding, ...]
    left_out: tuple[LeftOut, ...]
    settings: Mapping[str, object]


@dataclass
class _Rows:
    """The rows of several tables, one below the other, while they are gathered."""

    names: list[str] = field(default_factory=list)
    pixels: list[Array] = field(default_factory=list)
    columns: dict[str, list[str]] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def leave_out(self, reason: str, *files: str) -> None:
        self.left_out.setdefault(reason, []).extend(files)

    def note(self, code: str, sentence: str) -> None:
        self.findings.append(Finding(code=code, sentence=sentence))


def gather(source: Source, sheets: Sheets, options: ReadOptions) -> Examples:
    """Read the tables of a source and return their examples.

    Raises
    ------
    DesignerError
        A table is damaged or names no pictures or labels, or most of its pictures are missing.
    """
    rows = _Rows()
    images, table = _read(source, sheets.main)
    guesses = guess(table, sheets.pictures, options)
    _check(source, table, images, guesses)
    rows.findings += guesses.findings
    rows.findings += sheets.findings
    rows.columns = {name: [] for name in guesses.labels}
    _add(rows, table, images, guesses, sheets, "train", options)
    for sheet in sheets.others:
        _add_other(rows, source, sheet, guesses, sheets, options)
    for each in sheets.left_out:
        rows.leave_out(each.reason, each.file)
    found = labelled(rows.columns, guesses, options, source.name)
    rows.findings += found.findings
    keep = _with_label(rows, found, table)
    pixels = np.concatenate(rows.pixels)[keep] if rows.pixels else None
    if pixels is None:
        keep = _one_for_each_picture(rows, found, keep, table, sheets.pictures)
        _unnamed(rows, sheets.pictures, options)
    found = replace(found, values=found.values[keep], used=found.used[keep])
    parts = np.array([rows.parts[index] for index in keep], np.str_)
    _unseen(rows, found, parts, source.name)
    if pixels is None and not source.chosen and options == ReadOptions():
        _folders_or_table(rows, [rows.names[index] for index in keep], found, guesses, table)
    return Examples(
        files=sheets.pictures.files,
        names=() if pixels is not None else tuple([rows.names[index] for index in keep]),
        pixels=pixels,
        labelled=found,
        parts=parts,
        findings=tuple(rows.findings),
        left_out=_listed(rows.left_out),
        settings=guesses.settings(found.target.kind)
        | ({} if source.chosen else {"data.table": table.name}),
    )


def _read(source: Source, sheet: Sheet) -> tuple[Array | None, Table]:
    if sheet.pixels is None:
        return None, read_table(source.files, sheet.name)
    return read_pixels(source.files, sheet.head, sheet.pixels)


def _check(source: Source, table: Table, images: Array | None, guesses: Guesses) -> None:
    where = source.files.where(table.name)
    if images is None and not guesses.file:
        raise DesignerError(
            f"{where} names no pictures that are there, and its rows are no pixels: put the "
            "pictures into the folder of the table, or choose the column that names them "
            "(data.file_column). Rows of other numbers are not trained on."
        )
    if not guesses.labels:
        raise DesignerError(
            f"{where} names pictures but has no column of labels with two values or more: add "
            "one, or choose it (data.label_columns)."
        )


def _add_other(
    rows: _Rows,
    source: Source,
    sheet: Sheet,
    guesses: Guesses,
    sheets: Sheets,
    options: ReadOptions,
) -> None:
    """Add the rows of another table: of another part, or of the same with the same columns."""
    main = sheets.main
    same_kind = (sheet.pixels is None) == (main.pixels is None) and (
        sheet.pixels is None or main.pixels is None or sheet.pixels.values == main.pixels.values
    )
    files = (guesses.file,) if main.pixels is None else ()
    if sheet in sheets.rivals:
        rows.leave_out(f"is not used, since {main.name} is", sheet.name)
    elif not same_kind or not has_columns(source.files, sheet.head, files):
        rows.leave_out(f"is a table with other columns than {main.name}", sheet.name)
    elif sheet.part not in ("validation", "test") and sheet.part != main.part:
        rows.leave_out(f"is not used, since {main.name} is", sheet.name)
    elif not has_columns(source.files, sheet.head, guesses.labels):
        part = sheet.part or "other"
        rows.leave_out("is a table without labels", sheet.name)
        rows.note(
            "unlabelled-part",
            f"The {part} part of {source.name} has no labels ({sheet.name}): it is left out.",
        )
    else:
        images, table = _read(source, sheet)
        part = sheet.part if sheet.part in ("validation", "test") else "train"
        _add(rows, table, images, guesses, sheets, part, options)


def _add(
    rows: _Rows,
    table: Table,
    images: Array | None,
    guesses: Guesses,
    sheets: Sheets,
    part: str,
    options: ReadOptions,
) -> None:
    """Add the rows of a table whose pictures are there, and say of which they are not."""
    pictures = sheets.pictures
    parts = [part] * len(table)
    if guesses.part in table.names:
        parts = [part_in(cell, guesses.part) for cell in table.column(guesses.part)]
    use = [bool(each) for each in parts]
    if unknown := use.count(False):
        rows.leave_out(f"name no part in the column {guesses.part}", _rows(unknown, table))
        rows.note(
            "unknown-part",
            f"{_rows(unknown, table)} name no part in the column {guesses.part} and are left out: "
            "write train, validation or test into them.",
        )
    if images is None:
        cells = table.column(guesses.file)
        names = [
            pictures.find(cell, table, part) if good else ""
            for cell, part, good in zip(cells, parts, use, strict=True)
        ]
        missing = [cells[i] for i in range(len(table)) if use[i] and not names[i]]
        _tell_missing(rows, missing, sum(use), table, guesses, pictures)
        skip = frozenset(options.skip)
        use = [bool(name) and name not in skip for name in names]
        rows.names += [name for name, good in zip(names, use, strict=True) if good]
    else:
        rows.pixels.append(images if all(use) else images[np.array(use)])
    rows.parts += [each for each, good in zip(parts, use, strict=True) if good]
    single = guesses.targets == "classes" and len(guesses.labels) == 1
    for name, cells in rows.columns.items():
        found = table.written(name) if single else table.column(name)  # " cat" is asked about
        cells += [cell for cell, good in zip(found, use, strict=True) if good]
    if table.left_out:
        rows.findings.append(
            Finding(
                code="ragged-rows",
                sentence=(
                    f"{_rows(len(table.left_out), table)} have another number of cells than the "
                    f"first row and are left out: {table.left_out[0].file} "
                    f"{table.left_out[0].reason}."
                ),
                kind="warning",
            )
        )
        for each in table.left_out:
            rows.leave_out(each.reason, each.file)


def _tell_missing(
    rows: _Rows, missing: list[str], count: int, table: Table, guesses: Guesses, pictures: Places
) -> None:
    if not missing:
        return
    where = pictures.files.where(table.name) if not pictures.base else table.name
    shown = ", ".join(repr(cell)[1:-1] for cell in missing[:3]) + ", ..." * (len(missing) > 3)
    remedy = f" {CONVERT}" if any(map(is_unread, missing)) else ""
    if len(missing) > _MISSING * count:
        raise DesignerError(
            f"{len(missing):,} of the {count:,} pictures that {where} names in the column "
            f"{guesses.file} are not there ({shown}): put them into the folder of the table, or "
            f"choose another column (data.file_column).{remedy}"
        )
    rows.leave_out(f"is named in {table.name} but is not there", *missing)
    rows.findings.append(
        Finding(
            code="missing-pictures",
            sentence=(
                f"{len(missing):,} of the {count:,} pictures that {table.name} names are not "
                f"there ({shown}): they are left out.{remedy}"
            ),
            kind="warning",
        )
    )


def _with_label(rows: _Rows, found: Labelled, table: Table) -> NDArray[np.int64]:
    """Return the indices of the rows that have a label, and say how many have none."""
    if not found.used.any():
        raise DesignerError(
            f"No row of {table.name} has both a picture that is there and a label: add labels, or "
            "choose other columns (data.label_columns)."
        )
    without = np.flatnonzero(~found.used)
    if len(without):
        rows.leave_out(
            "has no label",
            *([rows.names[i] for i in without] if rows.names else [_rows(len(without), table)]),
        )
        rows.note("unlabelled", f"{_rows(len(without), table)} have no label and are left out.")
    return np.flatnonzero(found.used)


def _one_for_each_picture(
    rows: _Rows, found: Labelled, keep: NDArray[np.int64], table: Table, pictures: Places
) -> NDArray[np.int64]:
    """Return the indices of one row for each picture, in the natural order of their names.

    Rows that say the same twice count once. Of several labels, those of all rows count. Pictures
    that have different classes or numbers are left out, with a question.
    """
    first: dict[tuple[str, str], int] = {}
    twice = 0
    contradicted: dict[str, None] = {}
    for index in keep.tolist():
        key = rows.parts[index], rows.names[index]
        before = first.setdefault(key, index)
        if before == index:
            continue
        if np.array_equal(found.values[before], found.values[index]):
            twice += 1
        elif found.target.kind == "labels":
            np.maximum(found.values[before], found.values[index], out=found.values[before])
        else:
            contradicted[rows.names[index]] = None
    if twice:
        rows.note("duplicate-rows", f"{_rows(twice, table)} repeat another row and count once.")
    if contradicted:
        _contradiction(rows, list(contradicted), len(first), found, table)
    indices = [index for (_, name), index in first.items() if name not in contradicted]
    indices.sort(key=lambda index: pictures.order(rows.names[index]))
    return np.array(indices, np.int64)


def _contradiction(
    rows: _Rows, names: list[str], count: int, found: Labelled, table: Table
) -> None:
    if len(names) == count:
        raise DesignerError(
            f"{table.name} gives every picture several rows with different labels: give one row "
            "for each picture, or read them as several labels (data.targets)."
        )
    choices = []
    if found.target.kind == "classes":
        settings: dict[str, object] = {"data.targets": "labels"}
        choices.append(Choice(label="They have several labels", settings=settings))
    if len(names) <= _SKIPPABLE:
        choices.append(Choice(label="Leave them out", settings={"data.skip": tuple(names)}))
    rows.leave_out(f"has rows with different labels in {table.name}", *names)
    shown = ", ".join(names[:3]) + ", ..." * (len(names) > 3)
    rows.findings.append(
        Finding(
            code="contradiction",
            sentence=(
                f"{len(names):,} pictures have several rows in {table.name} with different labels "
                f"({shown}): correct the table, or choose what they are. Until then they are left "
                "out."
            ),
            kind="question" if choices else "warning",
            choices=tuple(choices),
        )
    )


def _unnamed(rows: _Rows, pictures: Places, options: ReadOptions) -> None:
    """Say how many pictures no table names."""
    named = {*rows.names, *options.skip}
    unnamed = [name for name in pictures.pictures if name not in named]
    if unnamed:
        rows.leave_out("is named in no table", *unnamed)
        rows.note(
            "unnamed-pictures",
            f"{len(unnamed):,} pictures are named in no table and are left out, such as "
            f"{unnamed[0]}.",
        )


def _unseen(rows: _Rows, found: Labelled, parts: NDArray[np.str_], name: str) -> None:
    """Warn of classes that only validation or test examples have."""
    if found.target.kind != "classes":
        return
    trained = set(found.values[parts == "train"].tolist())
    unseen = sorted(set(found.values.tolist()) - trained)
    if unseen:
        classes = ", ".join(found.target.values[each] for each in unseen[:5])
        rows.findings.append(
            Finding(
                code="unseen-classes",
                sentence=(
                    f"No training example of {name} has the classes {classes}"
                    f"{', ...' if len(unseen) > 5 else ''}, which validation or test examples "
                    "have: a network cannot learn them. Correct the labels, or add examples."
                ),
                kind="warning",
            )
        )


def _folders_or_table(
    rows: _Rows, names: list[str], found: Labelled, guesses: Guesses, table: Table
) -> None:
    """Ask for the classes where a table that is not called labels says others than the folders."""
    (column, *more) = guesses.labels
    if more or found.target.kind != "classes" or words(column) & LABEL_WORDS:
        return
    folders = [posixpath.basename(posixpath.dirname(name)) for name in names]
    pairs = set(zip(folders, found.values.tolist(), strict=True))
    if not has_class_folders(names) or len(pairs) == len(set(folders)) == len(found.target.values):
        return
    rows.findings.append(
        Finding(
            code="folders-or-table",
            sentence=(
                f"The classes may be the folders of the pictures or the column {column} of "
                f"{table.name}: choose which. Until then those of the table are shown."
            ),
            kind="question",
            choices=(
                Choice(
                    label="The classes are the folders",
                    settings={"data.classes_from": "folders"},
                ),
                Choice(label=f"Labels are in {column}", settings={"data.label_columns": (column,)}),
            ),
        )
    )


def _rows(count: int, table: Table) -> str:
    return f"{count:,} rows of {table.name}"


def _listed(left_out: dict[str, list[str]]) -> tuple[LeftOut, ...]:
    """Return what is left out: the first files of each reason by name, the number of the rest."""
    found: list[LeftOut] = []
    for reason, files in left_out.items():
        found += [LeftOut(file, reason) for file in files[:_LISTED]]
        if len(files) > _LISTED:
            found.append(LeftOut(f"{len(files) - _LISTED:,} more files", reason))
    return tuple(found)
